"""The demo landscape: a synthetic aerial photograph, a survey of it, and the truth behind both.

Nothing in it is real. It was fixed before any adapter existed and is tuned to none; a change to it
needs a reason other than a better score.

>>> landscape = Landscape(seed=1, size_m=2000.0)
>>> landscape.render(landscape.window_around(x=653_000.0, y=5_161_000.0)).shape
(4, 100, 100)
"""

from botaclip.core.demo_landscape.files import write_demo_landscape
from botaclip.core.demo_landscape.geometry import PixelWindow
from botaclip.core.demo_landscape.landscape import Landscape
from botaclip.core.demo_landscape.survey import COVER_CODES, Survey, sample_survey

__all__ = [
    "COVER_CODES",
    "Landscape",
    "PixelWindow",
    "Survey",
    "sample_survey",
    "write_demo_landscape",
]
