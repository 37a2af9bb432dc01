"""The map tool: a click on the canvas asks for the species there."""

from __future__ import annotations

from qgis.core import QgsCoordinateReferenceSystem, QgsPointXY
from qgis.gui import QgsMapCanvas, QgsMapMouseEvent, QgsMapToolEmitPoint
from qgis.PyQt.QtCore import Qt, pyqtSignal


class ClickTool(QgsMapToolEmitPoint):
    """Says where the canvas was clicked.

    Parameters
    ----------
    canvas
        The map canvas.
    """

    # The place and the CRS it is in.
    place_clicked = pyqtSignal(QgsPointXY, QgsCoordinateReferenceSystem)

    def __init__(self, canvas: QgsMapCanvas) -> None:
        super().__init__(canvas)
        self._canvas = canvas
        self.setCursor(Qt.CursorShape.CrossCursor)

    def canvasReleaseEvent(self, event: QgsMapMouseEvent) -> None:
        """Take a click of the left button."""
        if event.button() == Qt.MouseButton.LeftButton:
            self.click(self.toMapCoordinates(event.pos()))

    def click(self, place: QgsPointXY) -> None:
        """Say that ``place`` was clicked, given in the canvas's CRS."""
        self.place_clicked.emit(place, self._canvas.mapSettings().destinationCrs())
