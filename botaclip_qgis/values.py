"""Reads Processing's parameter values into plain ones, keyed as in the option table.

Layers and the project are only touched by :func:`read_values`, which runs on the main thread; what it returns
is plain data, plus the plans by which :func:`hand_over` writes temporary copies in the background.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from qgis.core import (
    NULL,
    QgsCoordinateReferenceSystem,
    QgsProcessingAlgorithm,
    QgsProcessingContext,
    QgsProcessingFeatureSourceDefinition,
    QgsProcessingFeedback,
    QgsProcessingUtils,
    QgsProperty,
    QgsRasterLayer,
    QgsVectorLayer,
)

from botaclip.botaclip_qgis import option_words
from botaclip.botaclip_qgis.i18n import tr
from botaclip.botaclip_qgis.parameters import HIDDEN, processing_options
from botaclip.botaclip_qgis.plain_files import (
    VectorPlan,
    crs_text,
    has_own_nodata,
    plan_vector,
    write_geopackage,
)
from botaclip.botaclip_qgis.raster_plans import PLACED_BY, RasterHandOver, RasterPlan, plan_layer, plan_path
from botaclip.core.errors import OptionError
from botaclip.core.options import OUTPUT_KINDS, Command, Kind, Option, raster_words

_VECTOR_KINDS = frozenset({Kind.TABLE, Kind.POINTS, Kind.MASK})
_SUFFIXES = {Kind.OUTPUT_FILE: "onnx", Kind.OUTPUT_TABLE: "csv", Kind.OUTPUT_JSON: "json", Kind.OUTPUT_HTML: "html"}
_BARE_NUMBERS = re.compile(r"[-+\d.eE\s]+(,[-+\d.eE\s]+){3}")


@dataclasses.dataclass
class Values:
    """What a run was asked to do, as plain data.

    Parameters
    ----------
    parameters
        Values by option key; layers as file names.
    copies
        Vector options (by key) whose layer has to be written to a temporary GeoPackage.
    rasters
        The raster options, which may have to be exported to a temporary GeoTIFF.
    warnings
        What the user should know before trusting the result.
    """

    parameters: dict[str, Any]
    copies: dict[str, VectorPlan]
    rasters: RasterHandOver
    warnings: list[str]


def is_given(raw: Any) -> bool:
    """Whether a raw parameter value says anything."""
    return raw is not None and raw != NULL and not (isinstance(raw, str) and raw.strip() == "")


def unknown_names(algorithm: QgsProcessingAlgorithm, parameters: Mapping[str, Any]) -> list[str]:
    """Return the names that the algorithm does not have; ``qgis_process`` ignores them silently."""
    known = {definition.name() for definition in algorithm.parameterDefinitions()}
    return sorted(set(parameters) - known)


def read_values(
    algorithm: QgsProcessingAlgorithm,
    command: Command,
    parameters: Mapping[str, Any],
    context: QgsProcessingContext,
) -> Values:
    """Return what ``parameters`` say. Main thread only.

    Raises
    ------
    OptionError
        A value is not allowed, or a layer is not one that the worker can read.
    """
    reader = _Reader(algorithm, parameters, context)
    values = Values({}, {}, RasterHandOver(reader.rasters), [])
    raster_crs = QgsCoordinateReferenceSystem()
    has_outputs = any(
        option.kind in OUTPUT_KINDS and is_given(parameters.get(option.parameter)) for option in command.options
    )
    for option in processing_options(command):
        raw = parameters.get(option.parameter)
        value: Any
        if option.kind in OUTPUT_KINDS:
            # Only to find out now whether it may be so; :func:`read_outputs` is what counts.
            value = output_path(algorithm, option, parameters, QgsProcessingContext())
        elif option.name in HIDDEN:
            value = bool(option.parse(raw)) if is_given(raw) else has_outputs
        elif not is_given(raw):
            value = option.default
        elif option.kind is Kind.RASTER:
            words = reader.rasters_in(raw) if reader.each else [raw]
            found = [reader.raster(option, word, values.warnings) for word in words]
            value = found[0][0] if len(found) == 1 else [path for path, _ in found]
            raster_crs = found[0][1]
        elif option.kind is Kind.RASTERS:
            value = [reader.raster(option, word, values.warnings)[0] for word in _words(raw)] or None
        elif option.kind is Kind.TABLES:
            value = [reader.table(option, word) for word in _words(raw)] or None
        elif option.kind is Kind.MODELS:
            value = [str(word).strip() for word in _words(raw) if str(word).strip()] or None
        elif option.kind in _VECTOR_KINDS:
            plan = reader.vector(option, raw)
            value = plan.path
            if not plan.path:
                values.copies[option.key] = plan
            reader.plans[option.key] = plan
        elif option.kind is Kind.EXTENT:
            value = reader.extent(option, raster_crs)
        else:
            value = reader.plain(option)
        planned = option.key in values.copies or option.key in reader.rasters
        if option.required and value in (None, "") and not planned:
            raise OptionError(
                tr("{name} is missing").format(name=option.parameter), remedy=tr(option_words.help_words(option))
            )
        values.parameters[option.key] = value
    _take_crs_of_layers(values.parameters, reader.plans)
    return values


def read_outputs(
    values: Values,
    algorithm: QgsProcessingAlgorithm,
    command: Command,
    parameters: Mapping[str, Any],
    context: QgsProcessingContext,
) -> None:
    """Take the destinations up from the context in which the algorithm runs, once.

    A task runs it in a context of its own. A destination that was read in another one is never loaded at the end.

    Raises
    ------
    OptionError
        As :func:`output_path`.
    """
    for option in processing_options(command):
        if option.kind in OUTPUT_KINDS:
            values.parameters[option.key] = output_path(algorithm, option, parameters, context)


def output_path(
    algorithm: QgsProcessingAlgorithm, option: Option, parameters: Mapping[str, Any], context: QgsProcessingContext
) -> str | None:
    """Return the file or folder of a destination, None where none is asked for.

    Raises
    ------
    OptionError
        Its name has no extension.
    """
    if not is_given(parameters.get(option.parameter)):
        return None
    arguments = (dict(parameters), option.parameter, context)
    if option.kind in (Kind.OUTPUT_RASTER, Kind.OUTPUT_VECTOR):
        path = algorithm.parameterAsOutputLayer(*arguments)
    else:
        path = algorithm.parameterAsFileOutput(*arguments)
    if not path:
        return None
    folder = option.kind is Kind.OUTPUT_FOLDER or (
        option.kind is Kind.OUTPUT_RASTER and makes_each(algorithm, parameters, context)
    )
    if Path(str(path)).suffix == "" and not folder:
        raise OptionError(
            tr("{path} has no file extension").format(path=repr(path)),
            where=option.parameter,
            remedy=tr("name a file such as {example}").format(
                example=f"result.{_SUFFIXES.get(option.kind, 'tif')}"
            ),
        )
    return str(Path(str(path)).absolute())


def makes_each(
    algorithm: QgsProcessingAlgorithm, parameters: Mapping[str, Any], context: QgsProcessingContext
) -> bool:
    """Tell whether each of several rasters gets a map of its own, in a folder."""
    return algorithm.parameterDefinition("EACH") is not None and bool(
        algorithm.parameterAsBool(dict(parameters), "EACH", context)
    )


def hand_over(
    values: Values,
    algorithm: QgsProcessingAlgorithm,
    command: Command,
    parameters: Mapping[str, Any],
    context: QgsProcessingContext,
    feedback: QgsProcessingFeedback,
) -> dict[str, Any]:
    """Return the worker's parameters, every layer being a file; writes the temporary copies.

    Raises
    ------
    OptionError, OutputError, Cancelled
        As :func:`~botaclip.botaclip_qgis.plain_files.write_geopackage` and
        :meth:`~botaclip.botaclip_qgis.raster_plans.RasterHandOver.write`.
    """
    plain = dict(values.parameters)
    asked = {**plain, **dict.fromkeys(values.copies, "a copy")}
    plain.update(values.rasters.write(asked, algorithm, parameters, context, feedback))
    for key, plan in values.copies.items():
        option = next(option for option in command.options if option.key == key)
        source = algorithm.parameterAsSource(parameters, option.parameter, context)
        if source is None:
            raise OptionError(
                tr("the layer cannot be read"), where=option.parameter, remedy=tr("choose another layer")
            )
        path = Path(QgsProcessingUtils.generateTempFilename(f"{key}.gpkg"))
        count = write_geopackage(source, path, feedback)
        feedback.pushInfo(
            tr("{name}: {count} rows of {layer} were written to {path}, because {reasons}.").format(
                name=option.parameter, count=count, layer=plan.name, path=path, reasons=", ".join(plan.reasons)
            )
        )
        plain[key] = str(path)
    return plain


def _take_crs_of_layers(parameters: dict[str, Any], plans: Mapping[str, VectorPlan]) -> None:
    """Pass on the CRS of the layer that has the coordinates, unless CRS or coordinate columns are given."""
    if "crs" not in parameters or parameters["crs"] or parameters.get("x_field"):
        return
    for key in PLACED_BY:
        if key in plans:
            parameters["crs"] = plans[key].crs or None
            return


def _words(raw: Any) -> list[Any]:
    """Return the members of a list parameter: a list, or one text with semicolons."""
    if isinstance(raw, (list, tuple)):
        return [word for word in raw if is_given(word)]
    return [word.strip() for word in str(raw).split(";") if word.strip()] if isinstance(raw, str) else [raw]


class _Reader:
    """Evaluates single parameters."""

    def __init__(
        self, algorithm: QgsProcessingAlgorithm, parameters: Mapping[str, Any], context: QgsProcessingContext
    ) -> None:
        self._algorithm = algorithm
        self._parameters = parameters
        self._context = context
        self.each = makes_each(algorithm, parameters, context)
        self.plans: dict[str, VectorPlan] = {}
        self.rasters: dict[str, list[RasterPlan]] = {}

    def plain(self, option: Option) -> Any:
        arguments = (self._parameters, option.parameter, self._context)
        algorithm = self._algorithm
        if option.kind is Kind.CRS:
            crs = algorithm.parameterAsCrs(*arguments)
            if not crs.isValid():
                raise OptionError(
                    tr("{value} is no coordinate reference system").format(
                        value=repr(self._parameters[option.parameter])
                    ),
                    where=option.parameter,
                    remedy=tr("use a code such as EPSG:2154"),
                )
            return crs_text(crs)
        if option.kind is Kind.FLAG:
            return algorithm.parameterAsBool(*arguments)
        if option.kind is Kind.CHOICE:
            return option.parse(algorithm.parameterAsEnumString(*arguments))
        if option.kind is Kind.INTEGER:
            return option.parse(algorithm.parameterAsInt(*arguments))
        if option.kind is Kind.NUMBER:
            return option.parse(algorithm.parameterAsDouble(*arguments))
        if option.kind is Kind.FILE:
            return self._file(option, str(algorithm.parameterAsString(*arguments)).strip())
        return option.parse(algorithm.parameterAsString(*arguments))

    @staticmethod
    def _file(option: Option, text: str) -> str:
        path = Path(text).expanduser().absolute()
        if not path.exists():
            raise OptionError(
                tr("there is no file or folder {path}").format(path=text),
                where=option.parameter,
                remedy=tr(option_words.help_words(option)),
            )
        return str(path)

    @staticmethod
    def rasters_in(raw: Any) -> list[Any]:
        """Return the rasters of a parameter that may name several."""
        return raster_words(raw) if isinstance(raw, str) else _words(raw)

    def raster(
        self, option: Option, raw: Any, warnings: list[str]
    ) -> tuple[str, QgsCoordinateReferenceSystem]:
        """Return file and CRS of a raster, the file empty when it has to be exported."""
        if isinstance(raw, QgsProperty):
            raw = raw.valueAsString(self._context.expressionContext(), "")[0]
        if isinstance(raw, (list, tuple)):
            if len(raw) != 1:
                raise OptionError(
                    tr("{count} rasters are named, and one is asked for").format(count=len(raw)),
                    where=option.parameter,
                    remedy=tr("choose one raster, or a folder of tiles; with EACH each gets a map of its own")
                    if self._algorithm.parameterDefinition("EACH") is not None
                    else tr("choose one raster, or a folder of tiles"),
                )  # fmt: skip
            raw = raw[0]
        path = Path(raw) if isinstance(raw, str) else None
        layer = raw if isinstance(raw, QgsRasterLayer) else None
        # A folder of tiles, or a file: the worker opens it and words what is wrong with it.
        if path is not None and path.exists():
            layer = None if path.is_dir() else self._raster_layer(raw)
            plan = plan_path(str(path.absolute()), layer)
        else:
            layer = layer or self._raster_layer(raw)
            if layer is None:
                raise OptionError(
                    tr("there is no raster layer, file or folder {name}").format(name=repr(str(raw))),
                    where=option.parameter,
                    remedy=tr("choose a GeoTIFF, a VRT or a folder of tiles"),
                )
            plan = plan_layer(layer)
            if plan.path and has_own_nodata(layer):
                warnings.append(
                    tr(
                        "{layer}: nodata values set in QGIS are not in the file and are not used; "
                        "write them into the file."
                    ).format(layer=layer.name())
                )
        self.rasters.setdefault(option.key, []).append(plan)
        return plan.path, layer.crs() if layer else QgsCoordinateReferenceSystem()

    def _raster_layer(self, raw: Any) -> QgsRasterLayer | None:
        layer = QgsProcessingUtils.mapLayerFromString(
            str(raw), self._context, True, QgsProcessingUtils.LayerHint.Raster
        )
        return layer if isinstance(layer, QgsRasterLayer) else None

    def vector(self, option: Option, raw: Any) -> VectorPlan:
        layer = self._vector_layer(option, raw)
        if layer is None and option.kind is Kind.TABLE and isinstance(raw, str) and Path(raw).is_file():
            return VectorPlan(Path(raw).name, str(Path(raw).absolute()), (), "")
        if layer is None:
            source = self._algorithm.parameterAsSource(self._parameters, option.parameter, self._context)
            if source is None:
                raise OptionError(
                    tr("the layer cannot be read"),
                    where=option.parameter,
                    remedy=tr("choose a layer or table that opens"),
                )
            return VectorPlan(
                source.sourceName(), "", (tr("it is no layer of its own"),), crs_text(source.sourceCrs())
            )
        return plan_vector(layer, raw)

    def table(self, option: Option, raw: Any) -> str:
        """Return the file of one table of several; none is copied."""
        if isinstance(raw, str) and Path(raw).is_file():
            return str(Path(raw).absolute())
        layer = raw if isinstance(raw, QgsVectorLayer) else None
        if layer is None:
            layer = QgsProcessingUtils.mapLayerFromString(
                str(raw), self._context, True, QgsProcessingUtils.LayerHint.Vector
            )
        if not isinstance(layer, QgsVectorLayer):
            raise OptionError(
                tr("there is no table or layer {name}").format(name=repr(str(raw))),
                where=option.parameter,
                remedy=tr(option_words.help_words(option)),
            )
        plan = plan_vector(layer, raw)
        if not plan.path:
            raise OptionError(
                tr("{layer} cannot be read as it stands, because {reasons}").format(
                    layer=layer.name(), reasons=", ".join(plan.reasons)
                ),
                where=option.parameter,
                remedy=tr("export it to a CSV file and choose that"),
            )
        return plan.path

    def _vector_layer(self, option: Option, raw: Any) -> QgsVectorLayer | None:
        value = raw.source if isinstance(raw, QgsProcessingFeatureSourceDefinition) else raw
        if isinstance(value, QgsProperty):
            value = value.staticValue()
        layer = self._algorithm.parameterAsVectorLayer(
            {option.parameter: value}, option.parameter, self._context
        )
        return layer if isinstance(layer, QgsVectorLayer) else None

    def extent(self, option: Option, raster_crs: QgsCoordinateReferenceSystem) -> str:
        arguments = (self._parameters, option.parameter, self._context)
        crs = QgsCoordinateReferenceSystem()
        # QGIS would look for a layer of that name, and complain, to learn the CRS of bare numbers.
        if not _BARE_NUMBERS.fullmatch(str(self._parameters[option.parameter])):
            crs = self._algorithm.parameterAsExtentCrs(*arguments)
        if crs.isValid() and not crs.authid().startswith("EPSG:") and raster_crs.isValid():
            # The option's text has room for a code only.
            box = self._algorithm.parameterAsExtent(*arguments, raster_crs)
            crs = QgsCoordinateReferenceSystem()
        else:
            box = self._algorithm.parameterAsExtent(*arguments)
        if box.isNull() or box.isEmpty():
            raise OptionError(
                tr("{value} is no extent").format(value=repr(self._parameters[option.parameter])),
                where=option.parameter,
                remedy=tr("use xmin,xmax,ymin,ymax [EPSG:code]"),
            )
        numbers = (box.xMinimum(), box.xMaximum(), box.yMinimum(), box.yMaximum())
        text = ",".join(repr(float(number)) for number in numbers)
        return f"{text} [{crs.authid()}]" if crs.isValid() and crs.authid() else text
