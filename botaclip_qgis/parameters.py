"""Makes typed Processing parameters from the one table of options.

The parameters' widgets are named by dotted path and looked up by Processing only when a dialog opens, so that
nothing here loads ``qgis.gui`` under ``qgis_process``.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from qgis.core import (
    QgsProcessing,
    QgsProcessingContext,
    QgsProcessingParameterBoolean,
    QgsProcessingParameterCrs,
    QgsProcessingParameterDefinition,
    QgsProcessingParameterEnum,
    QgsProcessingParameterExtent,
    QgsProcessingParameterFeatureSource,
    QgsProcessingParameterField,
    QgsProcessingParameterFile,
    QgsProcessingParameterFileDestination,
    QgsProcessingParameterFolderDestination,
    QgsProcessingParameterMultipleLayers,
    QgsProcessingParameterNumber,
    QgsProcessingParameterRasterDestination,
    QgsProcessingParameterRasterLayer,
    QgsProcessingParameterString,
    QgsProcessingParameterVectorDestination,
)

from botaclip.botaclip_qgis import option_words
from botaclip.botaclip_qgis.i18n import tr
from botaclip.core.options import Command, Kind, Option

# Translated once: this module is imported after the plugin has loaded its translation.
MODEL_FILTER = tr("BotaCLIP model (*.botaclip)")

# Options without a say in Processing: destinations chosen there are expected to be replaced.
HIDDEN = frozenset({"overwrite"})
# Optional outputs that the dialog writes to a temporary file unless told otherwise.
WRITTEN_BY_DEFAULT = frozenset({"report"})

_VECTOR_TYPES = {
    Kind.TABLE: QgsProcessing.SourceType.TypeVector,
    Kind.TABLES: QgsProcessing.SourceType.TypeVector,
    Kind.POINTS: QgsProcessing.SourceType.TypeVector,
    Kind.MASK: QgsProcessing.SourceType.TypeVectorPolygon,
}


class RasterOrFolderParameter(QgsProcessingParameterRasterLayer):
    """A raster layer, a raster file, or a folder of tiles; also several of them, as a list or between semicolons.

    QGIS's own raster parameter refuses a folder before the algorithm sees it. Any text passes here; the
    worker opens it and says in words what is wrong with it.
    """

    def checkValueIsAcceptable(  # noqa: D102 - the name is QGIS's
        self, value: Any, context: QgsProcessingContext | None = None
    ) -> bool:
        if isinstance(value, str) and value.strip():
            return True
        if isinstance(value, (list, tuple)):
            return bool(value) and all(self.checkValueIsAcceptable(one, context) for one in value)
        return bool(super().checkValueIsAcceptable(value, context))


class FileOrFolderParameter(QgsProcessingParameterFile):
    """A file, picked in the dialog, or a folder, written in; whether it is there is looked at later, and said."""

    def checkValueIsAcceptable(  # noqa: D102 - the name is QGIS's
        self, value: Any, context: QgsProcessingContext | None = None
    ) -> bool:
        if isinstance(value, str) and value.strip():
            return True
        return bool(super().checkValueIsAcceptable(value, context))


class LayersParameter(QgsProcessingParameterMultipleLayers):
    """Several layers or files; also one text with the files between semicolons, as the command line has it."""

    def checkValueIsAcceptable(  # noqa: D102 - the name is QGIS's
        self, value: Any, context: QgsProcessingContext | None = None
    ) -> bool:
        if isinstance(value, str) and value.strip():
            return True
        return bool(super().checkValueIsAcceptable(value, context))


class TableParameter(QgsProcessingParameterFeatureSource):
    """A layer, a table, or any file: the worker reads texts that QGIS does not take for a table (``.txt``)."""

    def checkValueIsAcceptable(  # noqa: D102 - the name is QGIS's
        self, value: Any, context: QgsProcessingContext | None = None
    ) -> bool:
        if isinstance(value, str) and Path(value).is_file():
            return True
        return bool(super().checkValueIsAcceptable(value, context))


def label(option: Option) -> str:
    """Return the option's label in the language of QGIS: its words, with the unit behind them."""
    return tr(option_words.label(option))


def short_label(option: Option) -> str:
    """Return what stands before the colon of the label; French has a space before it."""
    return label(option).partition(":")[0].strip()


def help_text(option: Option) -> str:
    """Return the help that the toolbox and ``qgis_process help`` show, in the language of QGIS."""
    parts = [tr(option_words.help_words(option))]
    if option.unit:
        parts.append(tr("Unit: {unit}.").format(unit=tr(option_words.unit(option))))
    if option.default not in (None, "", False):
        parts.append(tr("Default: {value}.").format(value=option.default))
    if option.kind.value.startswith("output"):
        parts.append(tr("A file of this name is replaced."))
    if option.kind in (Kind.RASTER, Kind.RASTERS):
        parts.append(
            tr(
                "Layers that are no files (web maps, databases) are exported to a temporary GeoTIFF for the extent "
                "first."
            )
        )
    return " ".join(parts)


def _optional(option: Option) -> bool:
    # What has a default is never empty; "optional" beside every field would only hide which ones may be.
    return not option.required and option.default in (None, "")


def _raster(option: Option) -> QgsProcessingParameterDefinition:
    parameter = RasterOrFolderParameter(option.parameter, label(option), optional=_optional(option))
    _set_widget(parameter, "botaclip.botaclip_qgis.dialog_widgets.RasterWidget")
    return parameter


def _rasters(option: Option) -> QgsProcessingParameterDefinition:
    return LayersParameter(
        option.parameter, label(option), QgsProcessing.SourceType.TypeRaster, optional=_optional(option)
    )


def _tables(option: Option) -> QgsProcessingParameterDefinition:
    return LayersParameter(option.parameter, label(option), _VECTOR_TYPES[option.kind], optional=_optional(option))


def _models(option: Option) -> QgsProcessingParameterDefinition:
    return QgsProcessingParameterMultipleLayers(
        option.parameter, label(option), QgsProcessing.SourceType.TypeFile, optional=_optional(option)
    )


def _folder(option: Option) -> QgsProcessingParameterDefinition:
    return QgsProcessingParameterFile(
        option.parameter,
        label(option),
        behavior=QgsProcessingParameterFile.Behavior.Folder,
        optional=_optional(option),
    )


def _file(option: Option) -> QgsProcessingParameterDefinition:
    return FileOrFolderParameter(option.parameter, label(option), optional=_optional(option))


def _vector(option: Option) -> QgsProcessingParameterDefinition:
    kind = TableParameter if option.kind is Kind.TABLE else QgsProcessingParameterFeatureSource
    return kind(option.parameter, label(option), [_VECTOR_TYPES[option.kind]], optional=_optional(option))


def _field(option: Option) -> QgsProcessingParameterDefinition:
    parameter = QgsProcessingParameterField(
        option.parameter,
        label(option),
        defaultValue=option.default,
        parentLayerParameterName=option.parent.replace("-", "_").upper(),
        optional=_optional(option),
    )
    _set_widget(parameter, "botaclip.botaclip_qgis.dialog_widgets.FieldWidget")
    return parameter


def _number(option: Option) -> QgsProcessingParameterDefinition:
    kinds = QgsProcessingParameterNumber.Type
    bounds: dict[str, float] = {}
    if option.minimum is not None:
        bounds["minValue"] = option.minimum
    if option.maximum is not None:
        bounds["maxValue"] = option.maximum
    parameter = QgsProcessingParameterNumber(
        option.parameter,
        label(option),
        kinds.Integer if option.kind is Kind.INTEGER else kinds.Double,
        option.default,
        optional=_optional(option),
        **bounds,
    )
    if option.kind is Kind.NUMBER:
        parameter.setMetadata({"widget_wrapper": {"decimals": 2}})
    return parameter


def _choice(option: Option) -> QgsProcessingParameterDefinition:
    return QgsProcessingParameterEnum(
        option.parameter,
        label(option),
        list(option.choices),
        defaultValue=option.default,
        optional=_optional(option),
        usesStaticStrings=True,
    )


def _flag(option: Option) -> QgsProcessingParameterDefinition:
    return QgsProcessingParameterBoolean(
        option.parameter, label(option), bool(option.default), optional=_optional(option)
    )


def _text(option: Option) -> QgsProcessingParameterDefinition:
    parameter = QgsProcessingParameterString(
        option.parameter, label(option), option.default, optional=_optional(option)
    )
    if option.name == "encoder":
        # One to work with has a default; one to fetch, show or take in has none.
        kind = "InstalledEncoderWidget" if option.default else "EncoderWidget"
        _set_widget(parameter, f"botaclip.botaclip_qgis.dialog_widgets.{kind}")
    return parameter


def _model(option: Option) -> QgsProcessingParameterDefinition:
    parameter = QgsProcessingParameterFile(
        option.parameter, label(option), optional=_optional(option), fileFilter=MODEL_FILTER
    )
    _set_widget(parameter, "botaclip.botaclip_qgis.dialog_widgets.ModelWidget")
    return parameter


def _crs(option: Option) -> QgsProcessingParameterDefinition:
    return QgsProcessingParameterCrs(
        option.parameter, label(option), option.default, optional=_optional(option)
    )


def _extent(option: Option) -> QgsProcessingParameterDefinition:
    return QgsProcessingParameterExtent(
        option.parameter, label(option), option.default, optional=_optional(option)
    )


def _file_destination(file_filter: str) -> Callable[[Option], QgsProcessingParameterDefinition]:
    def make(option: Option) -> QgsProcessingParameterDefinition:
        return QgsProcessingParameterFileDestination(
            option.parameter,
            label(option),
            file_filter,
            optional=_optional(option),
            createByDefault=option.required or option.name in WRITTEN_BY_DEFAULT,
        )

    return make


def _raster_destination(option: Option) -> QgsProcessingParameterDefinition:
    return QgsProcessingParameterRasterDestination(
        option.parameter, label(option), optional=_optional(option), createByDefault=option.required
    )


def _vector_destination(option: Option) -> QgsProcessingParameterDefinition:
    return QgsProcessingParameterVectorDestination(
        option.parameter, label(option), optional=_optional(option), createByDefault=option.required
    )


def _folder_destination(option: Option) -> QgsProcessingParameterDefinition:
    return QgsProcessingParameterFolderDestination(
        option.parameter, label(option), optional=_optional(option), createByDefault=option.required
    )


_MAKERS: dict[Kind, Callable[[Option], QgsProcessingParameterDefinition]] = {
    Kind.RASTER: _raster,
    Kind.RASTERS: _rasters,
    Kind.FOLDER: _folder,
    Kind.FILE: _file,
    Kind.TABLE: _vector,
    Kind.TABLES: _tables,
    Kind.MODELS: _models,
    Kind.POINTS: _vector,
    Kind.MASK: _vector,
    Kind.MODEL: _model,
    Kind.FIELD: _field,
    Kind.CRS: _crs,
    Kind.EXTENT: _extent,
    Kind.TEXT: _text,
    Kind.LIST: _text,
    Kind.INTEGER: _number,
    Kind.NUMBER: _number,
    Kind.CHOICE: _choice,
    Kind.FLAG: _flag,
    Kind.OUTPUT_FOLDER: _folder_destination,
    Kind.OUTPUT_RASTER: _raster_destination,
    Kind.OUTPUT_VECTOR: _vector_destination,
    Kind.OUTPUT_MODEL: _file_destination(MODEL_FILTER),
    Kind.OUTPUT_HTML: _file_destination("HTML (*.html)"),
    Kind.OUTPUT_JSON: _file_destination("JSON (*.json)"),
    Kind.OUTPUT_FILE: _file_destination("ONNX (*.onnx)"),
    Kind.OUTPUT_TABLE: _file_destination("CSV (*.csv)"),
}


def _set_widget(parameter: QgsProcessingParameterDefinition, path: str) -> None:
    parameter.setMetadata({"widget_wrapper": {"class": path}})


def processing_parameter(option: Option) -> QgsProcessingParameterDefinition:
    """Return the Processing parameter of ``option``, with its help, unit, bounds and flags."""
    parameter = _MAKERS[option.kind](option)
    parameter.setHelp(help_text(option))
    flags = parameter.flags()
    if option.advanced:
        flags |= QgsProcessingParameterDefinition.Flag.FlagAdvanced
    if option.name in HIDDEN:
        flags |= QgsProcessingParameterDefinition.Flag.FlagHidden
    parameter.setFlags(flags)
    return parameter


def processing_options(command: Command) -> list[Option]:
    """Return the options of ``command`` that Processing shows."""
    return option_words.shown_options(command)
