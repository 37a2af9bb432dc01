"""The plugin's own icons."""

from __future__ import annotations

from pathlib import Path

from qgis.PyQt.QtGui import QIcon

FOLDER = Path(__file__).resolve().parents[1] / "resources" / "icons"


def icon_path(name: str) -> str:
    """Return the SVG of that name; the plugin's own where there is none."""
    path = FOLDER / f"{name}.svg"
    return str(path if path.is_file() else FOLDER / "botaclip.svg")


def icon(name: str) -> QIcon:
    """Return the icon of that name."""
    return QIcon(icon_path(name))
