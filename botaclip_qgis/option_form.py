"""A form of options, made from the option table: the same names, help and bounds as every other face."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from qgis.core import Qgis, QgsCoordinateReferenceSystem, QgsSettings
from qgis.gui import (
    QgsDoubleSpinBox,
    QgsFileWidget,
    QgsMapLayerComboBox,
    QgsProjectionSelectionWidget,
    QgsSpinBox,
)
from qgis.PyQt.QtCore import QRegularExpression, pyqtSignal
from qgis.PyQt.QtGui import QRegularExpressionValidator
from qgis.PyQt.QtWidgets import QCheckBox, QComboBox, QFormLayout, QLabel, QLineEdit, QWidget

from botaclip.botaclip_qgis.encoder_choice import EncoderChoice
from botaclip.botaclip_qgis.i18n import tr
from botaclip.botaclip_qgis.parameters import MODEL_FILTER, help_text, label, short_label
from botaclip.core.options import Command, Kind, Option

# The device that the user prefers on this machine, set in QGIS's options.
DEVICE_SETTING = "botaclip/device"
_LARGEST = 1e9
_SAVED = {Kind.OUTPUT_MODEL: MODEL_FILTER, Kind.OUTPUT_HTML: "HTML (*.html)"}


class OptionForm(QWidget):
    """Shows some options of a command; :meth:`values` gives them as Processing parameters.

    What is not given is left out of the values, so that the table's default holds.

    Parameters
    ----------
    command
        The command.
    names
        Of the options to show, in this order.
    captions
        Words in place of an option's own, where the form says more of what it is for.
    """

    changed = pyqtSignal()

    def __init__(
        self, command: Command, names: Sequence[str], parent: QWidget | None = None, *,
        captions: Mapping[str, str] = {},  # noqa: B006 - never written to
    ) -> None:  # fmt: skip
        super().__init__(parent)
        options = {option.name: option for option in command.options}
        self._options = [options[name] for name in names]
        self._fields: dict[str, _Field] = {}
        layout = QFormLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        layout.setRowWrapPolicy(QFormLayout.RowWrapPolicy.WrapLongRows)
        for option in self._options:
            field = _MAKERS.get(option.kind, _text_field)(option)
            widget = field.widget
            widget.setObjectName(f"botaclip_{option.key}")
            short = captions.get(option.name) or short_label(option)
            if option.unit and "[" not in short:
                short = f"{short} [{option.unit}]"
            widget.setAccessibleName(short)
            widget.setAccessibleDescription(help_text(option))
            widget.setToolTip(help_text(option))
            field.connect(self.changed.emit)
            self._fields[option.name] = field
            if option.name == "device":
                field.set_value(_preferred(option))
            if option.kind is Kind.FLAG:
                layout.addRow(widget)
                continue
            caption = QLabel(short)
            caption.setToolTip(help_text(option))
            caption.setBuddy(widget)
            layout.addRow(caption, widget)

    def widget(self, name: str) -> QWidget:
        """Return the widget of an option."""
        return self._fields[name].widget

    def values(self) -> dict[str, Any]:
        """Return what was given, by the names of the Processing parameters."""
        found = {option.parameter: self._fields[option.name].value() for option in self._options}
        return {name: value for name, value in found.items() if value not in (None, "")}

    def set_value(self, name: str, value: Any) -> None:
        """Give an option a value; None takes it away."""
        self._fields[name].set_value(value)

    def set_values(self, values: Mapping[str, Any]) -> None:
        """Give the options the values of :meth:`values`; those that are not in it are left as they are."""
        for option in self._options:
            if option.parameter in values:
                self.set_value(option.name, values[option.parameter])

    def reset(self) -> None:
        """Give every option its default of the table; the device is the user's."""
        for option in self._options:
            self.set_value(option.name, _preferred(option))

    def set_columns(self, names: Iterable[str], columns: Sequence[str]) -> None:
        """Offer the columns of a table in the fields of these names; what is written there stays."""
        for name in names:
            combo = self._fields[name].widget if name in self._fields else None
            if isinstance(combo, QComboBox):
                text, blocked = combo.currentText(), combo.blockSignals(True)
                combo.clear()
                combo.addItems(["", *columns])
                combo.setCurrentText(text)
                combo.blockSignals(blocked)


class _Field:
    """A widget with the ways to ask it, tell it and hear of it."""

    def __init__(
        self, widget: QWidget, value: Callable[[], Any], set_value: Callable[[Any], None], *signals: Any
    ) -> None:
        self.widget, self.value, self.set_value, self._signals = widget, value, set_value, signals

    def connect(self, slot: Callable[[], None]) -> None:
        for signal in self._signals:
            signal.connect(lambda *_: slot())


def _preferred(option: Option) -> Any:
    """Return an option's default, which for the device the user's settings may say."""
    if option.name == "device":
        preferred = QgsSettings().value(DEVICE_SETTING, "", str)
        return preferred if preferred in option.choices else option.default
    return option.default


def _as_text(value: Any) -> str:
    return "" if value is None else str(value)


def _text_field(option: Option) -> _Field:
    if option.name == "encoder":
        choice = EncoderChoice(installed_only=True)
        choice.set_value(option.default)
        return _Field(choice, choice.value, choice.set_value, choice.editTextChanged)
    line = QLineEdit(_as_text(option.default))
    if option.kind in (Kind.INTEGER, Kind.NUMBER):
        # Processing takes what is no number for nothing at all.
        line.setValidator(QRegularExpressionValidator(QRegularExpression(r"-?\d*[.,]?\d*"), line))
        line.setPlaceholderText(tr("by itself"))
    return _Field(line, lambda: line.text().strip(), lambda value: line.setText(_as_text(value)), line.textChanged)


def _column_field(option: Option) -> _Field:
    combo = QComboBox()
    combo.setEditable(True)
    combo.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
    combo.setMinimumContentsLength(8)
    combo.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
    return _Field(
        combo, lambda: combo.currentText().strip(), lambda value: combo.setCurrentText(_as_text(value)),
        combo.editTextChanged,
    )  # fmt: skip


def _choice_field(option: Option) -> _Field:
    combo = QComboBox()
    combo.addItems(option.choices if option.default else ("", *option.choices))
    combo.setCurrentText(_as_text(option.default))
    combo.setMinimumContentsLength(8)
    combo.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
    return _Field(
        combo, combo.currentText, lambda value: combo.setCurrentText(_as_text(value)), combo.currentTextChanged
    )


def _number_field(option: Option) -> _Field:
    if option.default is None:
        return _text_field(option)
    low = -_LARGEST if option.minimum is None else option.minimum
    high = _LARGEST if option.maximum is None else option.maximum
    box: Any
    number: Callable[[Any], Any]
    if option.kind is Kind.INTEGER:
        box, number = QgsSpinBox(), int
        box.setRange(int(low), int(min(high, _LARGEST)))
    else:
        box, number = QgsDoubleSpinBox(), float
        box.setDecimals(2)
        box.setRange(low, min(high, _LARGEST))
    box.setClearValue(number(option.default))
    box.setValue(number(option.default))
    return _Field(
        box, box.value, lambda value: box.setValue(number(option.default if value is None else value)),
        box.valueChanged,
    )  # fmt: skip


def _flag_field(option: Option) -> _Field:
    box = QCheckBox(label(option))
    box.setChecked(bool(option.default))
    return _Field(box, box.isChecked, lambda value: box.setChecked(bool(value)), box.toggled)


def _crs_field(option: Option) -> _Field:
    widget = QgsProjectionSelectionWidget()
    widget.setOptionVisible(QgsProjectionSelectionWidget.CrsOption.CrsNotSet, True)
    widget.setCrs(QgsCoordinateReferenceSystem())

    def value() -> str:
        crs = widget.crs()
        return crs.authid() or crs.toWkt() if crs.isValid() else ""

    return _Field(
        widget, value, lambda text: widget.setCrs(QgsCoordinateReferenceSystem(_as_text(text))), widget.crsChanged
    )


def _file_field(option: Option) -> _Field:
    widget = QgsFileWidget()
    if option.kind in _SAVED:
        widget.setStorageMode(QgsFileWidget.StorageMode.SaveFile)
        widget.setConfirmOverwrite(False)
        widget.setFilter(_SAVED[option.kind])
    elif option.kind is Kind.MODEL:
        widget.setFilter(MODEL_FILTER)
    return _Field(
        widget, lambda: widget.filePath().strip(), lambda value: widget.setFilePath(_as_text(value)),
        widget.fileChanged,
    )  # fmt: skip


def _mask_field(option: Option) -> _Field:
    combo = QgsMapLayerComboBox()
    combo.setFilters(Qgis.LayerFilter.PolygonLayer)
    combo.setAllowEmptyLayer(True)
    combo.setLayer(None)

    def value() -> str:
        layer = combo.currentLayer()
        return "" if layer is None else str(layer.id())

    return _Field(combo, value, lambda _value: None, combo.layerChanged)


_MAKERS: dict[Kind, Callable[[Option], _Field]] = {
    Kind.FIELD: _column_field, Kind.CHOICE: _choice_field, Kind.INTEGER: _number_field, Kind.NUMBER: _number_field,
    Kind.FLAG: _flag_field, Kind.CRS: _crs_field, Kind.MODEL: _file_field, Kind.FILE: _file_field,
    Kind.OUTPUT_MODEL: _file_field, Kind.OUTPUT_HTML: _file_field, Kind.MASK: _mask_field,
}  # fmt: skip
