"""The list from which species to map are chosen: searched, sorted by how common or how well told apart, ticked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from qgis.PyQt.QtCore import QSortFilterProxyModel, Qt, pyqtSignal
from qgis.PyQt.QtGui import QStandardItem, QStandardItemModel
from qgis.PyQt.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QLineEdit,
    QToolButton,
    QTreeView,
    QVBoxLayout,
    QWidget,
)

from botaclip.botaclip_qgis.i18n import tr
from botaclip.core.model_summary import SpeciesOfModel

_NUMBER = Qt.ItemDataRole.UserRole + 1


class SpeciesChoice(QWidget):
    """Species of a model with tick boxes; all are ticked to begin with.

    Parameters
    ----------
    tickable
        Without it the list is only looked at: how common each species is and how well it is told apart.
    """

    changed = pyqtSignal()

    def __init__(self, parent: QWidget | None = None, *, tickable: bool = True) -> None:
        super().__init__(parent)
        self._tickable = tickable
        self._model = QStandardItemModel(0, 3, self)
        self._model.itemChanged.connect(self._on_changed)
        self._sorted = QSortFilterProxyModel(self)
        self._sorted.setSourceModel(self._model)
        self._sorted.setFilterCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        self._sorted.setSortRole(_NUMBER)
        self.find = QLineEdit()
        self.find.setObjectName("botaclip_species_find")
        self.find.setPlaceholderText(tr("Find species"))
        self.find.setAccessibleName(tr("Find species to map"))
        self.find.setClearButtonEnabled(True)
        self.find.textChanged.connect(self._sorted.setFilterFixedString)
        self.all_button = _button(tr("All"), tr("Tick all species that are shown"), "botaclip_species_all")
        self.none_button = _button(tr("None"), tr("Untick all species that are shown"), "botaclip_species_none")
        self.all_button.clicked.connect(lambda: self._tick_shown(True))
        self.none_button.clicked.connect(lambda: self._tick_shown(False))
        self.view = QTreeView()
        self.view.setObjectName("botaclip_species_choice")
        self.view.setAccessibleName(tr("Species to map"))
        self.view.setRootIsDecorated(False)
        self.view.setUniformRowHeights(True)
        self.view.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.view.setModel(self._sorted)
        self.view.setSortingEnabled(True)
        self.view.setMinimumHeight(140)
        self.count = QLabel()
        self.count.setObjectName("botaclip_species_count")
        bar = QHBoxLayout()
        for widget, stretch in ((self.find, 1), (self.all_button, 0), (self.none_button, 0)):
            bar.addWidget(widget, stretch)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(bar)
        layout.addWidget(self.view)
        layout.addWidget(self.count)
        for widget in (self.all_button, self.none_button, self.count):
            widget.setVisible(tickable)
        if not tickable:
            self.find.setAccessibleName(tr("Find species among the scores"))
            self.view.setAccessibleName(tr("Scores of each species"))
        self.show_species(())

    def show_species(self, species: Sequence[SpeciesOfModel]) -> None:
        """Show the species of a model, all ticked, the most common first."""
        self._model.blockSignals(True)
        self._model.setRowCount(0)
        self._model.setHorizontalHeaderLabels([tr("Species"), tr("Plots"), tr("AUC")])
        self._model.horizontalHeaderItem(1).setToolTip(tr("Training plots on which it stood"))
        self._model.horizontalHeaderItem(2).setToolTip(
            tr("How well plots that were held out were told apart: 0.5 is chance, 1 is perfect")
        )
        for kind in species:
            name = QStandardItem(kind.name)
            if self._tickable:
                name.setCheckable(True)
                name.setCheckState(Qt.CheckState.Checked)
            name.setData(kind.name.casefold(), _NUMBER)
            plots = QStandardItem(str(kind.presences))
            plots.setData(kind.presences, _NUMBER)
            auc = QStandardItem("" if kind.auc is None else f"{kind.auc:.2f}")
            auc.setData(-1.0 if kind.auc is None else kind.auc, _NUMBER)
            for item in (plots, auc):
                item.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            self._model.appendRow([name, plots, auc])
        self._model.blockSignals(False)
        self._sorted.invalidate()
        header = self.view.header()
        header.setStretchLastSection(False)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        for column in (1, 2):
            header.setSectionResizeMode(column, QHeaderView.ResizeMode.ResizeToContents)
        self.view.sortByColumn(1, Qt.SortOrder.DescendingOrder)
        self._on_changed()

    def chosen(self) -> list[str]:
        """Return the ticked species."""
        return [item.text() for item in self._names() if item.checkState() == Qt.CheckState.Checked]

    def value(self) -> str:
        """Return the option ``species``; empty where all are ticked."""
        chosen = self.chosen()
        return "" if len(chosen) == self._model.rowCount() else ",".join(chosen)

    def set_chosen(self, names: Iterable[str]) -> None:
        """Tick these species only."""
        wanted = set(names)
        ticked, free = Qt.CheckState.Checked, Qt.CheckState.Unchecked
        self._tick({row: ticked if item.text() in wanted else free for row, item in enumerate(self._names())})

    def _tick(self, states: Mapping[int, Qt.CheckState]) -> None:
        """Tick many rows and count once: floras have thousands of species."""
        blocked = self._model.blockSignals(True)
        for row, state in states.items():
            self._model.item(row, 0).setCheckState(state)
        self._model.blockSignals(blocked)
        self.view.viewport().update()
        self._on_changed()

    def _names(self) -> list[QStandardItem]:
        return [self._model.item(row, 0) for row in range(self._model.rowCount())]

    def _tick_shown(self, ticked: bool) -> None:
        state = Qt.CheckState.Checked if ticked else Qt.CheckState.Unchecked
        rows = [self._sorted.mapToSource(self._sorted.index(row, 0)).row() for row in range(self._sorted.rowCount())]
        self._tick({row: state for row in rows})

    def _on_changed(self, *_item: object) -> None:
        self.count.setText(
            tr("{chosen} of {all} species").format(chosen=len(self.chosen()), all=self._model.rowCount())
        )
        self.changed.emit()


def _button(text: str, tip: str, name: str) -> QToolButton:
    button = QToolButton()
    button.setText(text)
    button.setToolTip(tip)
    button.setAccessibleName(tip)
    button.setObjectName(name)
    return button
