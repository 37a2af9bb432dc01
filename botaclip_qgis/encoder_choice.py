"""The widget that chooses an encoder by its name; for dialogs."""

from __future__ import annotations

from typing import Any

from qgis.PyQt.QtCore import QModelIndex, Qt
from qgis.PyQt.QtGui import QStandardItem, QStandardItemModel
from qgis.PyQt.QtWidgets import QComboBox, QCompleter, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from botaclip.core.encoder_actions import state_of
from botaclip.core.encoders.licences import licence_of
from botaclip.core.encoders.record import EncoderRecord
from botaclip.core.encoders.store import Store

NOT_INSTALLED = "not installed: the algorithm Encoders (botaclip:encoders) gets them"
NOT_INSTALLED_HERE = "not installed: the actions download and import get them"
_TITLE = Qt.ItemDataRole.UserRole + 1


class EncoderChoice(QComboBox):
    """An editable combo box with the names of encoders; any other text, such as ``a+b``, may be written in.

    What is built in and what is installed comes first, the others below a heading. The list is made anew whenever it
    opens, because a dialog stays open while encoders come and go.

    Parameters
    ----------
    installed_only
        Whether those that are not installed are shown, but cannot be chosen.
    """

    def __init__(self, parent: QWidget | None = None, *, installed_only: bool = False) -> None:
        super().__init__(parent)
        self._installed_only = installed_only
        self.setObjectName("botaclip_encoder")
        self.setEditable(True)
        self.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        self.setMaxVisibleItems(20)
        # The longest of two hundred names would widen any dialog; the list that opens is as wide as it needs.
        self.setMinimumContentsLength(14)
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self._words = _Words(self)  # kept: the view does not
        self.view().setItemDelegate(self._words)
        self._fill()
        # In place of the completion within the line, by which tiny would become tinyvit on leaving the field.
        completer = QCompleter(self.model(), self)
        completer.setCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        completer.setFilterMode(Qt.MatchFlag.MatchContains)
        self.setCompleter(completer)

    def value(self) -> str | None:
        """Return the name, or whatever was written; None where nothing was."""
        return self.currentText().strip() or None

    def set_value(self, value: Any) -> None:
        """Write a name, or any text."""
        text = "" if value is None else str(value)
        index = self.findText(text)
        if index >= 0:
            self.setCurrentIndex(index)
        self.setEditText(text)

    def showPopup(self) -> None:  # noqa: D102 - the name is Qt's
        self._fill()
        self.view().setMinimumWidth(self.view().sizeHintForColumn(0) + 30)
        super().showPopup()

    def _fill(self) -> None:
        text, blocked = self.currentText(), self.blockSignals(True)
        model = self.model()
        if isinstance(model, QStandardItemModel):
            model.clear()
            for item in _items(self._installed_only):
                model.appendRow(item)
        self.set_value(text)
        self.blockSignals(blocked)


class _Words(QStyledItemDelegate):
    """Shows an encoder's title behind its name; the item's own text is what is chosen, the name alone."""

    def initStyleOption(self, option: QStyleOptionViewItem, index: QModelIndex) -> None:  # noqa: D102
        super().initStyleOption(option, index)
        title = index.data(_TITLE)
        if title:
            option.text = f"{option.text}   ·   {title}"


def _items(installed_only: bool) -> list[QStandardItem]:
    store = Store()
    near: list[QStandardItem] = []
    far: list[QStandardItem] = []
    for name, record in store.records().items():
        state = state_of(record, store)
        at_hand = state.startswith(("built in", "installed"))
        item = QStandardItem(name)
        item.setData(f"{record.title}, damaged" if state.startswith("damaged") else record.title, _TITLE)
        item.setToolTip(_tool_tip(record, state))
        item.setEnabled(at_hand or not installed_only)
        (near if at_hand else far).append(item)
    if far:
        heading = QStandardItem(NOT_INSTALLED if installed_only else NOT_INSTALLED_HERE)
        heading.setEnabled(False)
        font = heading.font()
        font.setItalic(True)
        heading.setFont(font)
        near.append(heading)
    return [*near, *far]


def _tool_tip(record: EncoderRecord, state: str) -> str:
    bands = ", ".join(record.bands) or "any"
    size = f"vectors of {record.dimension}" if record.dimension else "size of the vectors by the bands"
    lines = (
        f"{record.title}: {state}", f"Modes: {', '.join(record.modes)}", f"Bands: {bands}; {size}",
        f"Licence: {licence_of(record).title}",
    )  # fmt: skip
    return "\n".join(lines)
