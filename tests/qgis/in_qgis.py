"""Starts QGIS in a script of the tests, with the plugin's folder importable and its provider added."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

from qgis.core import QgsApplication

sys.path.insert(0, os.environ["QGIS_PLUGINPATH"])
APPLICATION = QgsApplication([], True)
APPLICATION.initQgis()


def provider() -> Any:
    """Return our provider, added to Processing as the plugin does it."""
    import botaclip

    plugin = botaclip.classFactory(None)
    plugin.initProcessing()
    APPLICATION.botaclip_plugin = plugin  # kept alive
    return plugin.provider


def answer(value: Any) -> None:
    """Write the script's answer where the test expects it, and end at once, without QGIS's own tidying up."""
    Path(sys.argv[1]).write_text(json.dumps(value), encoding="utf-8")
    sys.stdout.flush()
    os._exit(0)
