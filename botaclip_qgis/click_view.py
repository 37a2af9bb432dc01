"""The list of species as seen in the dock: searched, drawn with bars, copied by keyboard."""

from __future__ import annotations

from qgis.PyQt.QtCore import QSortFilterProxyModel, Qt, pyqtSignal
from qgis.PyQt.QtGui import QKeyEvent, QKeySequence, QResizeEvent
from qgis.PyQt.QtWidgets import QAbstractItemView, QHeaderView, QTreeView, QWidget

from botaclip.botaclip_qgis.click_bar import BarDelegate
from botaclip.botaclip_qgis.click_table import (
    DIFFERENCE,
    KEPT,
    NAME,
    NEARBY,
    RANK,
    SUITABILITY,
    THRESHOLD,
    SpeciesTable,
)
from botaclip.botaclip_qgis.i18n import tr

# Width of the bars: a share of the list's, between these.
_BAR_SHARE, _LEAST_BAR_PX, _MOST_BAR_PX = 0.35, 96, 150
_CELL_MARGIN_PX = 12
# What names are worth more than, where the list is narrower: the threshold is seen on the bars too.
_WIDTH_FOR_THRESHOLD_PX, _WIDTH_FOR_RANK_PX = 430, 330


class SpeciesView(QTreeView):
    """Shows a :class:`~botaclip.botaclip_qgis.click_table.SpeciesTable`.

    Parameters
    ----------
    table
        The species.
    """

    copy_wanted = pyqtSignal()

    def __init__(self, table: SpeciesTable, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._table = table
        self._found = QSortFilterProxyModel(self)
        self._found.setSourceModel(table)
        self._found.setFilterKeyColumn(NAME)
        self._found.setFilterCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        self.setObjectName("botaclip_species")
        self.setAccessibleName(tr("Species to expect, the most suitable first"))
        self.setRootIsDecorated(False)
        self.setUniformRowHeights(True)
        self.setAlternatingRowColors(True)
        self.setAllColumnsShowFocus(True)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setModel(self._found)
        self.setItemDelegateForColumn(SUITABILITY, BarDelegate(self))
        self.setMinimumHeight(110)
        header = self.header()
        header.setStretchLastSection(False)
        header.setMinimumSectionSize(18)
        header.setSectionResizeMode(NAME, QHeaderView.ResizeMode.Stretch)
        table.modelReset.connect(self.show_columns)
        self.show_columns()

    def show_columns(self) -> None:
        """Show the columns that say something now, and for which there is room."""
        shown, width = self._table.shown_columns(), self.viewport().width()
        narrow = {THRESHOLD: width < _WIDTH_FOR_THRESHOLD_PX, RANK: width < _WIDTH_FOR_RANK_PX}
        for column in range(self._table.columnCount()):
            self.setColumnHidden(column, column not in shown or narrow.get(column, False))
        # By the longest text that there can be: looking at every row took longer than all else that shows an answer.
        self._resize(RANK, "0000")
        self._resize(KEPT, "100 %")
        self._resize(DIFFERENCE, "−100", self._table.headings[DIFFERENCE])
        self._resize(NEARBY, "● 000")
        self._resize(THRESHOLD, "100 %", tr("unknown"), self._table.headings[THRESHOLD])
        self.header().resizeSection(SUITABILITY, min(_MOST_BAR_PX, max(_LEAST_BAR_PX, int(_BAR_SHARE * width))))

    def _resize(self, column: int, *texts: str) -> None:
        wide = max(self.fontMetrics().horizontalAdvance(text) for text in texts)
        self.header().resizeSection(column, wide + _CELL_MARGIN_PX)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Make room for the names."""
        super().resizeEvent(event)
        if event.oldSize().width() != event.size().width():
            self.show_columns()

    def find(self, text: str) -> None:
        """Show only species whose names hold a text."""
        self._found.setFilterFixedString(text)

    def selected_names(self) -> list[str]:
        """Return the names of the selected species, in the order of the list."""
        rows = sorted(index.row() for index in self.selectionModel().selectedRows(NAME))
        return [str(self._found.index(row, NAME).data()) for row in rows]

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Copy the whole list, numbers and all, where Qt would copy one cell."""
        if event.matches(QKeySequence.StandardKey.Copy):
            self.copy_wanted.emit()
            return
        super().keyPressEvent(event)
