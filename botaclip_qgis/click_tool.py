"""The map tool: a click on the canvas asks for the species there."""

from __future__ import annotations

from qgis.core import QgsCoordinateReferenceSystem, QgsPointXY
from qgis.gui import QgsMapCanvas, QgsMapMouseEvent, QgsMapToolEmitPoint, QgsVertexMarker
from qgis.PyQt.QtCore import Qt, pyqtSignal
from qgis.PyQt.QtGui import QColor


class ClickTool(QgsMapToolEmitPoint):
    """Says where the canvas was clicked, and leaves a marker there.

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
        self._marker: QgsVertexMarker | None = None
        self.setCursor(Qt.CursorShape.CrossCursor)

    def canvasReleaseEvent(self, event: QgsMapMouseEvent) -> None:
        """Take a click of the left button."""
        if event.button() == Qt.MouseButton.LeftButton:
            self.click(self.toMapCoordinates(event.pos()))

    def click(self, place: QgsPointXY) -> None:
        """Mark ``place``, given in the canvas's CRS, and say so."""
        self._mark(place)
        self.place_clicked.emit(place, self._canvas.mapSettings().destinationCrs())

    def _mark(self, place: QgsPointXY) -> None:
        if self._marker is None:
            self._marker = QgsVertexMarker(self._canvas)
            self._marker.setIconType(QgsVertexMarker.IconType.ICON_CROSS)
            self._marker.setColor(QColor("#d1495b"))
            self._marker.setIconSize(16)
            self._marker.setPenWidth(3)
        self._marker.setCenter(place)
        self._marker.show()

    def remove_marker(self) -> None:
        """Take the marker off the canvas."""
        if self._marker is not None:
            self._canvas.scene().removeItem(self._marker)
            self._marker = None
