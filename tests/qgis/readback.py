"""Reads rasters back through QGIS's own provider, as a user would see them."""

from __future__ import annotations

import math
import sys

from in_qgis import answer
from qgis.core import QgsPointXY, QgsRasterLayer


def seen(path: str) -> dict:
    """Every pixel of every band, None where nodata; with names and style."""
    layer = QgsRasterLayer(path, "read back")
    assert layer.isValid(), path
    provider, extent = layer.dataProvider(), layer.extent()
    width, height = layer.width(), layer.height()
    values = []
    for band in range(1, layer.bandCount() + 1):
        block = provider.block(band, extent, width, height)
        values.append(
            [
                [None if block.isNoData(row, col) or math.isnan(block.value(row, col)) else block.value(row, col)
                 for col in range(width)]
                for row in range(height)
            ]
        )  # fmt: skip
    x = extent.xMinimum() + (width // 2 + 0.5) * layer.rasterUnitsPerPixelX()
    y = extent.yMaximum() - (height // 2 + 0.5) * layer.rasterUnitsPerPixelY()
    identified, valid = provider.sample(QgsPointXY(x, y), 1)
    return {
        "values": values,
        "names": [layer.bandName(band) for band in range(1, layer.bandCount() + 1)],
        "renderer": layer.renderer().type(),
        "crs": layer.crs().authid(),
        "type": str(provider.dataType(1)),
        "middle": {"x": x, "y": y, "value": identified if valid else None},
        "styled": layer.styleURI(),
    }


answer({path: seen(path) for path in sys.argv[2:]})
