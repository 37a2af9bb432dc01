"""The ranked list of species, its bars, and its text for the clipboard."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from qgis.PyQt.QtCore import QAbstractTableModel, QModelIndex, QObject, QRectF, QSize, Qt
from qgis.PyQt.QtGui import QBrush, QColor, QPainter, QPen
from qgis.PyQt.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

RANK, NAME, SUITABILITY, THRESHOLD = range(4)
# Tells apart by lightness as well as by hue, on a light and on a dark ground.
EXPECTED = QColor("#2a9d8f")
NOT_EXPECTED = QColor("#a3adb5")
# Before the value of a species that had too few presences to calibrate it by itself.
ROUGH = "≈ "
UNKNOWN = "unknown"


def is_rough(one: Mapping[str, Any]) -> bool:
    """Whether a species' value was not calibrated on its own presences, but on all species together or not at all."""
    return one.get("calibrated") is False or one.get("calibration") in ("pooled", "none")


class SpeciesTable(QAbstractTableModel):
    """The species at one place, the most suitable first.

    A presence-only model gives relative suitability, which is no probability: it is shown as a number, never
    in per cent.
    """

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._species: list[dict[str, Any]] = []
        self.relative = False
        # Training plots that were looked at for what speaks for a species.
        self.similar = 0

    def show_species(self, species: Sequence[Mapping[str, Any]], *, relative: bool, similar: int = 0) -> None:
        """Show ``species`` (``name``, ``suitability``, ``threshold``, ``above``, ``speaking``), ranked."""
        self.beginResetModel()
        known = [dict(one) for one in species if one.get("suitability") is not None]
        self._species = sorted(known, key=lambda one: (-one["suitability"], one["name"]))
        self.relative, self.similar = relative, similar
        self.endResetModel()
        self.headerDataChanged.emit(Qt.Orientation.Horizontal, RANK, THRESHOLD)

    def species(self, row: int) -> dict[str, Any]:
        """Return the species of a row."""
        return self._species[row]

    def rowCount(self, parent: QModelIndex | None = None) -> int:  # noqa: D102
        return 0 if parent is not None and parent.isValid() else len(self._species)

    def columnCount(self, parent: QModelIndex | None = None) -> int:  # noqa: D102
        return 0 if parent is not None and parent.isValid() else 4

    @property
    def headings(self) -> tuple[str, str, str, str]:
        """The columns' headings."""
        return ("", "Species", "Relative suitability" if self.relative else "Probability", "Threshold")

    def headerData(  # noqa: D102
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        if orientation == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return self.headings[section]
        return None

    def number(self, value: float | None) -> str:
        """Return a suitability or threshold as shown."""
        if value is None:
            return ""
        return f"{value:.2f}" if self.relative else f"{100 * value:.0f} %"

    def value_text(self, one: Mapping[str, Any]) -> str:
        """Return a species' suitability as shown: ``≈`` before one that was not calibrated by itself."""
        return f"{ROUGH if is_rough(one) and not self.relative else ''}{self.number(one['suitability'])}"

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:  # noqa: D102
        if not index.isValid():
            return None
        one = self._species[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            threshold = self.number(one.get("threshold")) or UNKNOWN
            return (str(index.row() + 1), one["name"], self.value_text(one), threshold)[index.column()]
        if role == Qt.ItemDataRole.TextAlignmentRole and index.column() in (RANK, THRESHOLD):
            return Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        if role in (Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.AccessibleTextRole):
            return self.sentence(one)
        return None

    def sentence(self, one: Mapping[str, Any]) -> str:
        """Return what a row says, in words."""
        what = "relative suitability" if self.relative else "probability"
        text = f"{one['name']}: {what} {self.number(one['suitability'])}"
        if one.get("threshold") is not None:
            side = "expected" if one.get("above") else "not expected"
            text += f", {side} (threshold {self.number(one['threshold'])})"
        else:
            text += ", threshold unknown: whether it is to be expected is not said"
        if is_rough(one) and not self.relative:
            text += "; too few presences to calibrate it by itself, so the number is rough"
        return text + _speaking(one.get("speaking"), self.similar)

    def as_tsv(self) -> str:
        """Return the table as tab-separated text with full numbers, for a spreadsheet."""
        measure = "relative_suitability" if self.relative else "probability"
        lines = ["\t".join(("species", measure, "threshold", "expected", "calibrated"))]
        for one in self._species:
            threshold = "" if one.get("threshold") is None else f"{one['threshold']:.4f}"
            expected = "" if one.get("threshold") is None else ("yes" if one.get("above") else "no")
            name = " ".join(str(one["name"]).split())
            calibrated = "no" if is_rough(one) else "yes"
            lines.append("\t".join((name, f"{one['suitability']:.4f}", threshold, expected, calibrated)))
        return "\n".join(lines) + "\n"


def _speaking(plots: Sequence[str] | None, similar: int) -> str:
    """Say which of the training plots most like the place hold the species; nothing where it is not known."""
    if plots is None or not similar:
        return ""
    names = ": " + ", ".join(str(name) for name in plots) if plots else ""
    count = f"{len(plots)} {'holds' if len(plots) == 1 else 'hold'}" if plots else "none holds"
    return f"; of the {similar} training plots most like this place {count} it{names}"


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
        if option.state & QStyle.StateFlag.State_Selected:
            painter.fillRect(option.rect, option.palette.highlight())
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
        if one.get("threshold") is not None:
            x = box.left() + box.width() * min(1.0, max(0.0, one["threshold"]))
            painter.setPen(QPen(option.palette.text().color(), 2))
            painter.drawLine(int(x), int(box.top()) - 2, int(x), int(box.bottom()) + 2)
        selected = option.state & QStyle.StateFlag.State_Selected
        pen = option.palette.highlightedText() if selected else option.palette.text()
        painter.setPen(pen.color())
        right = QRectF(option.rect).adjusted(0, 0, -3, 0)
        align = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        painter.drawText(
            right, int(align.value if hasattr(align, "value") else align), model.value_text(one)
        )
        painter.restore()
