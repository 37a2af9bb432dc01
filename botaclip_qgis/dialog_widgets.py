"""The widgets of Processing's dialogs that QGIS's own do not suffice for. Loaded when a dialog opens, never before."""

from __future__ import annotations

from typing import Any

from qgis.core import (
    QgsProcessingContext,
    QgsProcessingFeatureSourceDefinition,
    QgsProcessingParameterDefinition,
    QgsProcessingParameterFeatureSource,
    QgsProcessingParameterField,
    QgsProcessingUtils,
    QgsProject,
    QgsProperty,
    QgsVectorLayer,
)
from qgis.gui import QgsAbstractProcessingParameterWidgetWrapper, QgsFileWidget, QgsGui, QgsProcessingGui
from qgis.PyQt.QtWidgets import QComboBox, QHBoxLayout, QWidget

from botaclip.botaclip_qgis.encoder_choice import EncoderChoice
from botaclip.botaclip_qgis.i18n import tr
from botaclip.botaclip_qgis.parameters import MODEL_FILTER
from botaclip.botaclip_qgis.project_entries import project_model, project_raster
from botaclip.botaclip_qgis.raster_choice import RasterChoice


class _OwnWidget(QgsAbstractProcessingParameterWidgetWrapper):
    """Shows a widget of ours, and leaves the model designer QGIS's own, where a value may come from another step."""

    def __new__(cls, parameter: Any, dialog: Any, row: int = 0, column: int = 0) -> Any:
        """Return QGIS's own wrapper for the model designer."""
        if type(dialog).__name__ == "ModelerParametersDialog":
            own = QgsGui.processingGuiRegistry().createModelerParameterWidget(
                dialog.model, dialog.childId, parameter, dialog.context
            )
            own.setDialog(dialog)
            return own
        return super().__new__(cls, parameter)

    def __init__(
        self, parameter: QgsProcessingParameterDefinition, dialog: Any, row: int = 0, column: int = 0
    ) -> None:
        batch = type(dialog).__name__ == "BatchAlgorithmDialog"
        kinds = QgsProcessingGui.WidgetType
        super().__init__(parameter, kinds.Batch if batch else kinds.Standard)
        self.inner: Any = None

    def make(self) -> QWidget:
        """Return the widget; kinds of it return theirs."""
        return QWidget()

    def createWidget(self) -> QWidget:  # noqa: D102
        # Whatever is returned here loses its Python half on its way through QGIS (seen in 3.40), so that is a
        # plain box around the widget.
        box = QWidget()
        layout = QHBoxLayout(box)
        layout.setContentsMargins(0, 0, 0, 0)
        self.inner = self.make()
        layout.addWidget(self.inner)
        box.setFocusProxy(self.inner)
        return box

    def changed(self, *_value: Any) -> None:
        """Tell the dialog."""
        self.widgetValueHasChanged.emit(self)


class RasterWidget(_OwnWidget):
    """Shows a :class:`~botaclip.botaclip_qgis.raster_choice.RasterChoice`."""

    def make(self) -> QWidget:  # noqa: D102
        optional = bool(self.parameterDefinition().flags() & QgsProcessingParameterDefinition.Flag.FlagOptional)
        choice = RasterChoice(optional=optional)
        # What may be given is only taken when asked for.
        choice.set_value(None if optional else project_raster() or choice.value())
        choice.changed.connect(self.changed)
        return choice

    def setWidgetValue(self, value: Any, context: QgsProcessingContext) -> None:  # noqa: D102
        if value is not None:
            self.inner.set_value(value)

    def widgetValue(self) -> Any:  # noqa: D102
        return self.inner.value()


class ModelWidget(_OwnWidget):
    """A file widget that begins with the model the project's map click uses, where a model is needed."""

    def make(self) -> QWidget:  # noqa: D102
        chosen = QgsFileWidget()
        chosen.setObjectName("botaclip_model_file")
        chosen.setFilter(MODEL_FILTER)
        chosen.setDialogTitle(tr("BotaCLIP model"))
        chosen.lineEdit().setAccessibleName(self.parameterDefinition().description())
        # A model that may be given is only taken when asked for: training must not go on from one by itself.
        if not self.parameterDefinition().flags() & QgsProcessingParameterDefinition.Flag.FlagOptional:
            chosen.setFilePath(project_model())
        chosen.fileChanged.connect(self.changed)
        return chosen

    def setWidgetValue(self, value: Any, context: QgsProcessingContext) -> None:  # noqa: D102
        if value:
            self.inner.setFilePath(str(value))

    def widgetValue(self) -> Any:  # noqa: D102
        return self.inner.filePath().strip() or None


class EncoderWidget(_OwnWidget):
    """Shows an :class:`~botaclip.botaclip_qgis.encoder_choice.EncoderChoice` of all encoders that are known."""

    installed_only = False

    def make(self) -> QWidget:  # noqa: D102
        choice = EncoderChoice(installed_only=self.installed_only)
        choice.setAccessibleName(self.parameterDefinition().description())
        choice.editTextChanged.connect(self.changed)
        return choice

    def setWidgetValue(self, value: Any, context: QgsProcessingContext) -> None:  # noqa: D102
        self.inner.set_value(value)

    def widgetValue(self) -> Any:  # noqa: D102
        return self.inner.value()


class InstalledEncoderWidget(EncoderWidget):
    """The same where the encoder is to work at once: what is not installed is shown and cannot be chosen."""

    installed_only = True


class FieldWidget(_OwnWidget):
    """An editable combo box with the columns of all tables of the dialog, those of the parent table first.

    QGIS's own widget offers the parent's columns only, but coordinates may stand in the relevés as well as in
    the plots; and it silently takes the first column where the default is not there.
    """

    def make(self) -> QWidget:  # noqa: D102
        self._tables: list[QgsAbstractProcessingParameterWidgetWrapper] = []
        combo = QComboBox()
        combo.setEditable(True)
        combo.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        combo.setAccessibleName(self.parameterDefinition().description())
        combo.setObjectName(f"botaclip_{self.parameterDefinition().name().lower()}")
        combo.editTextChanged.connect(self.changed)
        return combo

    def postInitialize(self, wrappers: list[QgsAbstractProcessingParameterWidgetWrapper]) -> None:  # noqa: D102
        super().postInitialize(wrappers)
        parent = self.parameterDefinition().parentLayerParameterName()
        # Tables that some option names a column of; the table of accepted names is none.
        definitions = [one.parameterDefinition() for one in wrappers]
        fields = [one for one in definitions if one.type() == QgsProcessingParameterField.typeName()]
        parents = {one.parentLayerParameterName() for one in fields}
        self._tables = [
            wrapper
            for wrapper in wrappers
            if wrapper.parameterDefinition().type() == QgsProcessingParameterFeatureSource.typeName()
            and wrapper.parameterDefinition().name() in parents
        ]
        self._tables.sort(key=lambda wrapper: wrapper.parameterDefinition().name() != parent)
        for wrapper in self._tables:
            wrapper.widgetValueHasChanged.connect(self._fill)
        self._fill()
        if self.parameterDefinition().name() == "SPECIES_FIELD":
            _choose_releves(self._tables)

    def _fill(self, *_changed: Any) -> None:
        columns: dict[str, None] = {}
        for wrapper in self._tables:
            columns.update(dict.fromkeys(_columns_of(wrapper.parameterValue())))
        text = self.inner.currentText()
        self.inner.blockSignals(True)
        self.inner.clear()
        self.inner.addItems(["", *columns])
        self.inner.setEditText(text)
        self.inner.blockSignals(False)

    def setWidgetValue(self, value: Any, context: QgsProcessingContext) -> None:  # noqa: D102
        self.inner.setEditText("" if value is None else str(value))

    def widgetValue(self) -> Any:  # noqa: D102
        return self.inner.currentText().strip() or None


def _choose_releves(tables: list[QgsAbstractProcessingParameterWidgetWrapper]) -> None:
    """Begin with the project's table that has a column of species, where the first of its layers has none.

    QGIS begins with the first layer by name, which is as likely the plots; those then go where they belong.
    """
    named = {wrapper.parameterDefinition().name(): wrapper for wrapper in tables}
    if not {"RELEVES", "PLOTS"} <= set(named):
        return
    first = named["RELEVES"].parameterValue()
    columns = _columns_of(first)
    layers = [one for one in QgsProject.instance().mapLayers().values() if isinstance(one, QgsVectorLayer)]
    better = [one for one in layers if {"plot_id", "species"} <= {field.name() for field in one.fields()}]
    if "species" in columns or len(better) != 1:
        return
    context = QgsProcessingContext()
    context.setProject(QgsProject.instance())
    named["RELEVES"].setParameterValue(better[0].id(), context)
    if "plot_id" in columns:
        named["PLOTS"].setParameterValue(first, context)


def _columns_of(value: Any) -> list[str]:
    """Return the column names of the layer behind a feature source parameter's value."""
    if isinstance(value, QgsProcessingFeatureSourceDefinition):
        value = value.source
    if isinstance(value, QgsProperty):
        value = value.staticValue()
    # A file that is not in the project is opened for its column names only; the context takes it away again.
    context = QgsProcessingContext()
    context.setProject(QgsProject.instance())
    layer = value if not value or isinstance(value, QgsVectorLayer) else None
    if layer is None and value:
        layer = QgsProcessingUtils.mapLayerFromString(str(value), context)
    return [field.name() for field in layer.fields()] if isinstance(layer, QgsVectorLayer) else []
