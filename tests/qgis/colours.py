"""Paints the same rectangle of two rasters, each with the style beside it; tells red, green and blue of each pixel."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from in_qgis import answer
from qgis.core import QgsMapRendererSequentialJob, QgsMapSettings, QgsRasterLayer, QgsRectangle
from qgis.PyQt.QtCore import QSize

*FILES, BOX = json.loads(Path(sys.argv[2]).read_text(encoding="utf-8"))


def painted(path: str) -> list[list[tuple[int, int, int]]]:
    """Return the colours row by row, a pixel of the image for each of the map."""
    layer = QgsRasterLayer(path, "layer")
    settings = QgsMapSettings()
    settings.setLayers([layer])
    settings.setDestinationCrs(layer.crs())
    settings.setExtent(QgsRectangle(*BOX))
    settings.setOutputSize(QSize(round((BOX[2] - BOX[0]) / 10), round((BOX[3] - BOX[1]) / 10)))
    job = QgsMapRendererSequentialJob(settings)
    job.start()
    job.waitForFinished()
    image = job.renderedImage()
    colours = [[image.pixelColor(x, y) for x in range(image.width())] for y in range(image.height())]
    return [[(colour.red(), colour.green(), colour.blue()) for colour in row] for row in colours]


answer([painted(path) for path in FILES])
