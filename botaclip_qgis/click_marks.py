"""What the map click leaves on the canvas: the place, the patch that was looked at, and those of a kept place."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from qgis.core import (
    Qgis,
    QgsCoordinateReferenceSystem,
    QgsCoordinateTransform,
    QgsCsException,
    QgsGeometry,
    QgsPointXY,
    QgsProject,
    QgsRectangle,
)
from qgis.gui import QgsMapCanvas, QgsRubberBand, QgsVertexMarker
from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtGui import QColor

# Told apart by colour-blind eyes, and by their shapes.
HERE, KEPT = QColor("#d1495b"), QColor("#0072b2")
# A side of the square is a curve in another CRS.
_POINTS_PER_SIDE = 8


@dataclasses.dataclass
class _Marks:
    """A marker and an outline, and what they mark."""

    marker: QgsVertexMarker
    outline: QgsRubberBand
    place: tuple[QgsPointXY, QgsCoordinateReferenceSystem] | None = None
    patch: Mapping[str, Any] | None = None


class ClickMarks:
    """The marks of the place clicked and of the one kept to compare with.

    Parameters
    ----------
    canvas
        The map canvas.
    """

    def __init__(self, canvas: QgsMapCanvas) -> None:
        self._canvas = canvas
        self._here: _Marks | None = None
        self._kept: _Marks | None = None
        canvas.destinationCrsChanged.connect(self._draw)

    def show_place(self, place: QgsPointXY, crs: QgsCoordinateReferenceSystem) -> None:
        """Mark a place; the outline of the one before goes."""
        if self._here is None:
            self._here = self._new(HERE, QgsVertexMarker.IconType.ICON_CROSS)
        self._here.place, self._here.patch = (QgsPointXY(place), crs), None
        self._draw()

    def show_patch(self, patch: Mapping[str, Any] | None) -> None:
        """Outline the patch of an answer: ``x``, ``y``, ``crs`` and ``side`` of a square."""
        if self._here is not None:
            self._here.patch = patch
            self._draw()

    def keep(self) -> None:
        """Mark the place as the kept one, in another colour."""
        self.forget_kept()
        if self._here is None:
            return
        self._kept = self._new(KEPT, QgsVertexMarker.IconType.ICON_X)
        self._kept.place, self._kept.patch = self._here.place, self._here.patch
        self.forget_here()
        self._draw()

    def release(self) -> None:
        """Give up the kept place; where no other one was clicked since, it is the place clicked again."""
        kept = self._kept
        self.forget_kept()
        if kept is not None and kept.place is not None and self._here is None:
            self.show_place(*kept.place)
            self.show_patch(kept.patch)

    def forget_here(self) -> None:
        """Take away the marks of the place clicked."""
        self._take_away(self._here)
        self._here = None

    def forget_kept(self) -> None:
        """Take away the marks of the kept place."""
        self._take_away(self._kept)
        self._kept = None

    def remove(self) -> None:
        """Take everything off the canvas, for good."""
        self.forget_here()
        self.forget_kept()
        self._canvas.destinationCrsChanged.disconnect(self._draw)

    def outlines(self) -> list[QgsGeometry]:
        """Return the outlines on the canvas, in its CRS: of the place clicked, then of the kept one."""
        return [marks.outline.asGeometry() for marks in (self._here, self._kept) if marks is not None]

    def markers(self) -> list[QgsPointXY]:
        """Return the marked places, in the canvas's CRS: the one clicked, then the kept one."""
        return [marks.marker.center() for marks in (self._here, self._kept) if marks is not None]

    def _new(self, colour: QColor, kind: QgsVertexMarker.IconType) -> _Marks:
        marker = QgsVertexMarker(self._canvas)
        marker.setIconType(kind)
        marker.setColor(colour)
        marker.setIconSize(16)
        marker.setPenWidth(3)
        outline = QgsRubberBand(self._canvas, Qgis.GeometryType.Polygon)
        outline.setStrokeColor(colour)
        outline.setFillColor(QColor(0, 0, 0, 0))
        outline.setWidth(2)
        if kind == QgsVertexMarker.IconType.ICON_X:
            outline.setLineStyle(Qt.PenStyle.DashLine)
        return _Marks(marker, outline)

    def _take_away(self, marks: _Marks | None) -> None:
        if marks is not None:
            self._canvas.scene().removeItem(marks.marker)
            self._canvas.scene().removeItem(marks.outline)

    def _draw(self) -> None:
        for marks in (self._here, self._kept):
            if marks is None or marks.place is None:
                continue
            place, crs = marks.place
            spot = self._moved(QgsGeometry.fromPointXY(place), crs)
            marks.marker.setVisible(spot is not None)
            if spot is not None:
                marks.marker.setCenter(spot.asPoint())
            square = None if marks.patch is None else self._square(marks.patch)
            marks.outline.reset(Qgis.GeometryType.Polygon)
            if square is not None:
                marks.outline.setToGeometry(square, None)

    def _square(self, patch: Mapping[str, Any]) -> QgsGeometry | None:
        half = float(patch.get("side") or 0.0) / 2
        if half <= 0:
            return None
        x, y = float(patch["x"]), float(patch["y"])
        square = QgsGeometry.fromRect(QgsRectangle(x - half, y - half, x + half, y + half))
        crs = QgsCoordinateReferenceSystem(str(patch["crs"]))
        return self._moved(square.densifyByCount(_POINTS_PER_SIDE), crs)

    def _moved(self, shape: QgsGeometry, crs: QgsCoordinateReferenceSystem) -> QgsGeometry | None:
        """Return a shape in the canvas's CRS, None where it has no place there."""
        target = self._canvas.mapSettings().destinationCrs()
        try:
            shape.transform(QgsCoordinateTransform(crs, target, QgsProject.instance()))
        except QgsCsException:
            return None
        return shape
