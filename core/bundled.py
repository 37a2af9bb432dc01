"""The model that the plugin brings along, and its card. Standard library only, because QGIS imports it too."""

from __future__ import annotations

from pathlib import Path

from botaclip.core.errors import ModelFileError

WORD = "bundled"
MODELS = Path(__file__).resolve().parents[1] / "resources" / "models"
BUNDLED = MODELS / "neon.botaclip"


def bundled_model() -> Path:
    """Return the path of the bundled model.

    Raises
    ------
    ModelFileError
        It is not there.
    """
    if not BUNDLED.is_file():
        raise ModelFileError("there is no bundled model", where=str(BUNDLED), remedy="name a model file of your own")
    return BUNDLED
