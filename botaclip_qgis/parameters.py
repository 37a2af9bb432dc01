"""Makes typed Processing parameters from the one table of options.

The parameters' widgets are named by dotted path and looked up by Processing only when a dialog opens, so that
nothing here loads ``qgis.gui`` under ``qgis_process``.
"""

from __future__ import annotations

import re
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

from botaclip.core.options import Command, Kind, Option

MODEL_FILTER = "BotaCLIP model (*.botaclip)"
REPLACED = "A file of this name is replaced."
EXPORTED = "Layers that are no files (web maps, databases) are exported to a temporary GeoTIFF for the extent first."

# Options that Processing has its own way for: it shows progress itself.
OMITTED = frozenset({"progress"})
# Options without a say in Processing: destinations chosen there are expected to be replaced.
HIDDEN = frozenset({"overwrite"})
# Optional outputs that the dialog writes to a temporary file unless told otherwise.
WRITTEN_BY_DEFAULT = frozenset({"report"})
# Words that are written otherwise than the option's name.
_SPELLING = {
    "crs": "CRS", "x": "X", "y": "Y", "json": "JSON", "releves": "Relevés", "cog": "COG", "url": "URL", "cuda": "CUDA",
    "taxa": "Accepted names", "sha256": "SHA-256", "std": "standard deviation", "gsd": "pixel size", "onnx": "ONNX",
}  # fmt: skip
# Behind the option's own words, what a dialog has no room to explain otherwise.
_SAID_SHORT = {
    "releves": "the table of plots and species",
    "plots": "where the relevés have no coordinates",
    "crs": "of the coordinates, where the file does not say it",
    "x-field": "easting or longitude",
    "y-field": "northing or latitude",
    "bands": "red=1,green=2,…; empty: from names and colours",
    "species": "separated by commas; empty: all",
    "stride": "pixel size of the map",
    "dimensions": "number of components, or all",
    "species-list": "with cover where known: Carex nigra 40, Molinia caerulea",
    "plot": "or like a training plot, by its name",
    "place": "or like a place: x,y [EPSG:code]",
    "clusters": "number of classes",
    "ensemble": "further models; mean and spread",
    "mask": "polygons; outside is nodata",
    "patch-size": "side of the square around a plot",
    "layout": "one row per plot and species, or a matrix",
    "crs-field": "where coordinates lie in several",
    "layers": "how a species in several is combined",
    "names": "of species",
    "taxa": "table with the columns name and accepted",
    "unidentified": "names such as Carex sp.",
    "image-date": "2018, 2018-07 or 2018-07-15",
    "date-tolerance": "left out beyond it",
    "uncertainty-field": "of a plot's place, in metres",
    "area-field": "of a plot, in square metres",
    "environment": "rasters that join the image",
    "init": "model to continue from",
    "task": "tables of other things to predict",
    "task-kind": "auto, presence, presence-only, abundance",
    "protocol": "strict or paper; not with a model",
    "predictions": "plots with what unseen models say",
    "wheels": "folder to install from without internet",
    "cog": "Cloud Optimized GeoTIFF",
    "each": "a map for each raster of the folder or list",
}
# The same for options that belong to one action or some of their command; the label says to which.
_SAID_OF_AN_ACTION = {
    "file": "checkpoint, ONNX file or folder",
    "accept-licence": "I have read it and accept it",
    "licence-file": "text to keep beside the weights",
    "sha256": "that the file must have",
    "url": "instead of the known address",
    "mirror": "address that holds the encoders' files",
    "architecture": "timm:NAME, onnx, or like another encoder",
    "record": "JSON file that describes the encoder",
    "bands": "such as red,green,blue",
    "mean": "one number a band",
    "std": "one number a band",
    "value-range": "such as 0,255",
    "gsd": "finest,coarsest, in metres",
    "calibration": "raster for int8",
    "output": "ONNX file",
}
# How the help of such an option begins: "import: ...", "import, export: ...", "import under a new name: ...".
_ACTIONS = re.compile(r"((?:download|import|export|clear)\b[\w ,]{0,50}): ")

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
    """Return the option's label: its words, with the unit behind them."""
    words = [_SPELLING.get(word, word) for word in option.name.split("-")]
    text = " ".join(words)
    text = text[:1].upper() + text[1:]
    belongs = _ACTIONS.match(option.help)
    said = _SAID_OF_AN_ACTION if belongs else _SAID_SHORT
    if belongs:
        text = f"{text} ({belongs[1]})"
    if option.name in said and option.kind is not Kind.INTEGER:  # not the counts of demo-data
        text = f"{text}: {said[option.name]}"
    return f"{text} [{option.unit}]" if option.unit else text


def help_text(option: Option) -> str:
    """Return the help that the toolbox and ``qgis_process help`` show."""
    text = option.help_with_default
    if option.kind.value.startswith("output"):
        text = f"{text} {REPLACED}"
    if option.kind in (Kind.RASTER, Kind.RASTERS):
        text = f"{text} {EXPORTED}"
    return text


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
    return [option for option in command.options if option.name not in OMITTED]
