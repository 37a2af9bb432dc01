"""BotaCLIP: species to expect, read from aerial and satellite imagery with the help of relevés.

The repository root is both the QGIS plugin folder and the Python package ``botaclip``. Importing it must stay
free of cost and of dependencies: QGIS imports it at start-up, and the worker process imports it in an
environment that knows nothing of QGIS.
"""

from __future__ import annotations

from typing import Any

__version__ = "0.1.0"


def classFactory(iface: Any) -> Any:  # noqa: N802 - the name is QGIS's
    """Return the plugin object; called by QGIS, with ``iface`` None under ``qgis_process``."""
    from .botaclip_qgis.plugin import BotaclipPlugin

    return BotaclipPlugin(iface)
