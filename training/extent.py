"""The extent that a model states for its plots: around them, and no more exact than their places are told."""

from __future__ import annotations

import math
from collections.abc import Sequence

from botaclip.core.places import Points
from botaclip.core.plot_locations import coarsened, parse_plot_locations

_METRES_PER_DEGREE = 110_000.0


def training_extent(points: Points, locations: str) -> list[float]:
    """Return west, south, east, north (WGS 84 degrees) around the plots, no more exact than their places are told.

    Parameters
    ----------
    points
        The plots' own places.
    locations
        ``exact``; ``coarse:M``, where the extent is made from the coarsened places only and holds their squares;
        ``none``, where it is widened to tenths of a degree.
    """
    metres = parse_plot_locations(locations)
    told = coarsened(points, metres) if metres else points
    degrees = told.to("EPSG:4326")
    west, south, east, north = (
        float(value) for value in (degrees.x.min(), degrees.y.min(), degrees.x.max(), degrees.y.max())
    )
    if metres is None:
        tenths = math.floor(west * 10), math.floor(south * 10), math.ceil(east * 10), math.ceil(north * 10)
        return [tenth / 10 for tenth in tenths]
    # Half the diagonal of a square, whichever way its CRS is turned.
    return widened((west, south, east, north), metres * math.sqrt(0.5))


def widened(extent: Sequence[float], metres: float) -> list[float]:
    """Return an extent in degrees that reaches at least ``metres`` farther on every side."""
    west, south, east, north = extent
    pad = metres / _METRES_PER_DEGREE
    wide = pad / max(0.01, math.cos(math.radians(max(abs(south - pad), abs(north + pad)))))
    return [west - wide, south - pad, east + wide, north + pad]
