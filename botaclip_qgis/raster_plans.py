"""How raster layers reach the worker: as their own files, or exported where it cannot open those."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from qgis.core import (
    QgsCsException,
    QgsProcessingAlgorithm,
    QgsProcessingContext,
    QgsProcessingFeedback,
    QgsRasterLayer,
    QgsRectangle,
)

from botaclip.botaclip_qgis.export_area import patch_size_m, places_box, transformed, widened
from botaclip.botaclip_qgis.i18n import tr
from botaclip.botaclip_qgis.plain_files import raster_file, why_no_file
from botaclip.botaclip_qgis.raster_export import RasterExport, TemporaryRaster
from botaclip.core.errors import OptionError, UnsupportedRaster

# Tables that may carry the places that a job looks at; the first one given that has places counts.
PLACED_BY = ("points", "plots", "releves")


@dataclasses.dataclass
class RasterPlan:
    """How one raster reaches the worker.

    Parameters
    ----------
    path
        The file or folder to hand over; empty when it has to be exported first.
    export
        How to export it; None for a folder, or what QGIS cannot open either.
    """

    path: str
    export: RasterExport | None


def plan_layer(layer: QgsRasterLayer) -> RasterPlan:
    """Decide how a raster layer reaches the worker. Main thread only.

    Raises
    ------
    OptionError
        It is neither a file nor can be exported.
    """
    reason = why_no_file(layer)
    if reason:
        return RasterPlan("", RasterExport.of(layer, reason))
    return plan_path(raster_file(layer), layer)


def plan_path(path: str, layer: QgsRasterLayer | None) -> RasterPlan:
    """Plan to hand over a file or folder; ``layer`` (if QGIS can open it) is kept for when the worker cannot."""
    export = None
    if layer is not None and layer.isValid() and layer.crs().isValid():
        export = RasterExport.of(layer, tr("the worker's GDAL does not know its format"))
    return RasterPlan(path, export)


class RasterHandOver:
    """Writes the exports of a run and removes them again.

    Parameters
    ----------
    plans
        By option key; several for an option that takes several.
    """

    def __init__(self, plans: Mapping[str, list[RasterPlan]]) -> None:
        self.plans = plans
        self._written: list[TemporaryRaster] = []

    def write(
        self,
        given: Mapping[str, Any],
        algorithm: QgsProcessingAlgorithm,
        parameters: Mapping[str, Any],
        context: QgsProcessingContext,
        feedback: QgsProcessingFeedback,
    ) -> dict[str, Any]:
        """Return the rasters of a job as paths, by option key; exports those that are no files.

        Raises
        ------
        OptionError, OutputError, Cancelled
            As :meth:`~botaclip.botaclip_qgis.raster_export.RasterExport.write`.
        """
        ready: dict[str, Any] = {}
        for key, plans in self.plans.items():
            for plan in plans:
                if not plan.path and plan.export is not None:
                    box = _box(plan.export, given, algorithm, parameters, context)
                    made = plan.export.write(box, context.transformContext(), feedback)
                    self._written.append(made)
                    plan.path = str(made.path)
            paths = [plan.path for plan in plans]
            ready[key] = paths if isinstance(given.get(key), list) else paths[0]
        return ready

    def give_up_file(self, error: UnsupportedRaster) -> bool:
        """Plan to export the file that the worker's GDAL did not know, after ``error``; False where there is none."""
        known = [plan for plans in self.plans.values() for plan in plans if plan.path and plan.export is not None]
        for plan in known:
            # An exported one that fails again is not exported twice.
            if plan.path in error.sentence and plan.path not in {str(one.path) for one in self._written}:
                plan.path = ""
                return True
        return False

    def remove(self) -> None:
        """Remove what was exported."""
        while self._written:
            self._written.pop().remove()


def _box(
    export: RasterExport,
    given: Mapping[str, Any],
    algorithm: QgsProcessingAlgorithm,
    parameters: Mapping[str, Any],
    context: QgsProcessingContext,
) -> QgsRectangle | None:
    """Return the part of a layer that a job looks at, in the layer's CRS; None for all of it."""
    transforms = context.transformContext()
    try:
        box = _asked_for(export, given, algorithm, parameters, context)
        if box is None or box.isNull():
            return None
        return widened(box, export.crs, transforms, metres=patch_size_m(given), pixel=export.pixel)
    except QgsCsException:
        raise OptionError(
            tr("the extent of the job cannot be transformed to the layer's CRS"), where=export.name,
            remedy=tr("give an EXTENT, or export the part you need as a GeoTIFF and choose that"),
        ) from None  # fmt: skip


def _asked_for(
    export: RasterExport,
    given: Mapping[str, Any],
    algorithm: QgsProcessingAlgorithm,
    parameters: Mapping[str, Any],
    context: QgsProcessingContext,
) -> QgsRectangle | None:
    if given.get("extent"):
        name = next(one.name() for one in algorithm.parameterDefinitions() if one.type() == "extent")
        crs = algorithm.parameterAsExtentCrs(parameters, name, context)
        box = algorithm.parameterAsExtent(parameters, name, context)
        return transformed(box, crs, export.crs, context.transformContext())
    for key in PLACED_BY:
        definition = algorithm.parameterDefinition(key.upper())
        if definition is None or not given.get(key):
            continue
        source = algorithm.parameterAsSource(parameters, definition.name(), context)
        if source is not None:
            box = places_box(source, given, export.crs, context.transformContext())
            if not box.isNull():
                return box
    return None
