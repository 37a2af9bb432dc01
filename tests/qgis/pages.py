"""Opens rasters by their paths, as the desktop does, and tells what their metadata pages say."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from in_qgis import answer
from qgis.core import QgsRasterLayer


def shown(path: str) -> dict:
    """Return what QGIS takes up from the page beside a raster."""
    layer = QgsRasterLayer(path, "layer")
    _, loaded = layer.loadDefaultMetadata()
    page, box = layer.metadata(), layer.extent()
    (place,) = page.extent().spatialExtents()
    sides = place.bounds
    return {
        "loaded": loaded, "title": page.title(), "abstract": page.abstract(), "licences": page.licenses(),
        "history": page.history(), "keywords": page.keywords(), "crs": page.crs().authid(),
        "layer_crs": layer.crs().authid(),
        "extent": [sides.xMinimum(), sides.yMinimum(), sides.xMaximum(), sides.yMaximum()],
        "layer_extent": [box.xMinimum(), box.yMinimum(), box.xMaximum(), box.yMaximum()],
    }


answer([shown(path) for path in json.loads(Path(sys.argv[2]).read_text(encoding="utf-8"))])
