"""The bars in the list of species."""

from __future__ import annotations

from qgis.PyQt.QtCore import QModelIndex, QRectF, QSize, Qt
from qgis.PyQt.QtGui import QBrush, QColor, QPainter, QPen
from qgis.PyQt.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

# Tells apart by lightness as well as by hue, on a light and on a dark ground.
EXPECTED = QColor("#2a9d8f")
NOT_EXPECTED = QColor("#a3adb5")
# Before the value of a species that had too few presences to calibrate it by itself.
ROUGH = "≈ "


class BarDelegate(QStyledItemDelegate):
    """Draws suitability as a bar from 0 to 1 with a tick at the threshold, the number at its right."""

    ROW_PX = 22

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex) -> QSize:  # noqa: D102
        size = super().sizeHint(option, index)
        return QSize(size.width(), max(size.height(), self.ROW_PX))

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex) -> None:  # noqa: D102
        model = index.model()
        if hasattr(model, "mapToSource"):
            index, model = model.mapToSource(index), model.sourceModel()
        one = model.species(index.row())
        selected = option.state & QStyle.StateFlag.State_Selected
        if selected:
            painter.fillRect(option.rect, option.palette.highlight())
        if one["suitability"] is None:
            return
        number_width = option.fontMetrics.horizontalAdvance(f"{ROUGH}100 % ")
        box = QRectF(option.rect).adjusted(3, 6, -number_width - 3, -6)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        ground = QColor(option.palette.text().color())
        ground.setAlpha(28)
        painter.setBrush(ground)
        painter.drawRoundedRect(box, 2, 2)
        share = min(1.0, max(0.0, one["suitability"]))
        unknown = one.get("threshold") is None
        # Hatched: neither expected nor not.
        hatched = QBrush(NOT_EXPECTED, Qt.BrushStyle.BDiagPattern)
        painter.setBrush(hatched if unknown else EXPECTED if one.get("above") else NOT_EXPECTED)
        painter.drawRoundedRect(QRectF(box.left(), box.top(), box.width() * share, box.height()), 2, 2)
        if not unknown:
            x = box.left() + box.width() * min(1.0, max(0.0, one["threshold"]))
            painter.setPen(QPen(option.palette.text().color(), 2))
            painter.drawLine(int(x), int(box.top()) - 2, int(x), int(box.bottom()) + 2)
        pen = option.palette.highlightedText() if selected else option.palette.text()
        painter.setPen(pen.color())
        right = QRectF(option.rect).adjusted(0, 0, -3, 0)
        align = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        painter.drawText(
            right, int(align.value if hasattr(align, "value") else align), model.value_text(one)
        )
        painter.restore()
