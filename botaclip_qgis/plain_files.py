"""Turns QGIS layers into the plain files that the worker reads.

The worker knows nothing of QGIS, so whatever a layer shows that its file does not hold (filter, selection,
joins, computed columns, unsaved edits, another format) is written to a temporary GeoPackage first.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

from qgis.core import (
    QgsCoordinateReferenceSystem,
    QgsFeatureRequest,
    QgsFeatureSink,
    QgsFields,
    QgsProcessingFeatureSource,
    QgsProcessingFeatureSourceDefinition,
    QgsProcessingFeedback,
    QgsProject,
    QgsProviderRegistry,
    QgsRasterLayer,
    QgsVectorFileWriter,
    QgsVectorLayer,
)

from botaclip.botaclip_qgis.i18n import tr
from botaclip.core.errors import Cancelled, OptionError, OutputError

# Formats that the worker reads as they are.
READ_DIRECTLY = (".csv", ".tsv", ".gpkg", ".shp")
# Joins can repeat a source's own "fid", which GeoPackage would refuse as key.
_KEY_COLUMN = "botaclip_fid"


def crs_text(crs: QgsCoordinateReferenceSystem) -> str:
    """Return ``crs`` as ``EPSG:code`` where it has one, else as WKT; empty when it is not set."""
    if not crs.isValid():
        return ""
    if crs.authid() and not crs.authid().startswith("USER:"):
        return str(crs.authid())
    return str(crs.toWkt(QgsCoordinateReferenceSystem.WktVariant.WKT_PREFERRED))


def why_no_file(layer: QgsRasterLayer) -> str:
    """Return in words why the worker cannot read what ``layer`` shows; empty when it is a plain raster file."""
    if layer.providerType() != "gdal":
        return tr("it comes from the provider {name}, not from a raster file").format(name=repr(layer.providerType()))
    parts = QgsProviderRegistry.instance().decodeUri("gdal", layer.source())
    path = str(parts.get("path") or "")
    if path and not parts.get("vsiPrefix") and not Path(path).exists():
        return tr("its file {path} is not there any more").format(path=path)
    if parts.get("layerName") or parts.get("vsiPrefix") or parts.get("openOptions") or not Path(path).exists():
        return tr("its source {source} is not a plain raster file").format(source=repr(layer.source()))
    return ""


def raster_file(layer: QgsRasterLayer) -> str:
    """Return the file that ``layer`` shows.

    Raises
    ------
    OptionError
        The layer is a web service, part of a container or otherwise no plain raster file.
    """
    reason = why_no_file(layer)
    if reason:
        raise OptionError(
            reason, where=layer.name(), remedy=tr("export it as a GeoTIFF (Export > Save As…) and choose that")
        )
    parts = QgsProviderRegistry.instance().decodeUri("gdal", layer.source())
    return str(Path(str(parts["path"])).absolute())


def has_own_nodata(layer: QgsRasterLayer) -> bool:
    """Whether the layer's nodata was changed in QGIS, which its file does not know."""
    provider = layer.dataProvider()
    bands = range(1, provider.bandCount() + 1)
    return any(
        provider.userNoDataValues(band)
        or (provider.sourceHasNoDataValue(band) and not provider.useSourceNoDataValue(band))
        for band in bands
    )


@dataclasses.dataclass(frozen=True)
class VectorPlan:
    """How a vector layer reaches the worker.

    Parameters
    ----------
    name
        The layer's name, for messages.
    path
        The file to hand over as it is (``path`` or ``path|layername=name``); empty when a copy is needed.
    reasons
        Why a copy has to be written, in words.
    crs
        CRS of the layer's geometry as text; empty when unknown or without geometry.
    """

    name: str
    path: str
    reasons: tuple[str, ...]
    crs: str


def plan_vector(layer: QgsVectorLayer, raw: Any) -> VectorPlan:
    """Decide whether the worker can read the layer's own file.

    Parameters
    ----------
    layer
        The layer that the Processing parameter resolved to.
    raw
        The parameter's raw value; a feature source definition may ask for part of the features.
    """
    reasons = []
    if isinstance(raw, QgsProcessingFeatureSourceDefinition):
        if raw.selectedFeaturesOnly:
            reasons.append(tr("only its selected features are wanted"))
        if raw.filterExpression:
            reasons.append(tr("only part of its features is wanted"))
        if raw.featureLimit >= 0:
            reasons.append(tr("only its first {count} features are wanted").format(count=raw.featureLimit))
    if layer.subsetString():
        reasons.append(tr("it has a filter"))
    if layer.vectorJoins():
        reasons.append(tr("it has joins"))
    if layer.isEditable() and layer.isModified():
        reasons.append(tr("it has unsaved edits"))
    if any(
        layer.fields().fieldOrigin(i) == QgsFields.FieldOrigin.OriginExpression
        for i in range(layer.fields().count())
    ):
        reasons.append(tr("it has computed columns"))
    path = _plain_vector_path(layer)
    if not path:
        reasons.append(tr("its source is no plain CSV file, Shapefile or GeoPackage"))
    crs = crs_text(layer.crs()) if layer.isSpatial() else ""
    return VectorPlan(layer.name(), "" if reasons else path, tuple(reasons), crs)


def _plain_vector_path(layer: QgsVectorLayer) -> str:
    if layer.providerType() != "ogr":
        return ""
    parts = QgsProviderRegistry.instance().decodeUri("ogr", layer.source())
    path = Path(str(parts.get("path") or ""))
    if parts.get("vsiPrefix") or parts.get("openOptions") or parts.get("subset"):
        return ""
    if path.suffix.lower() not in READ_DIRECTLY or not path.is_file():
        return ""
    name = parts.get("layerName")
    if parts.get("layerId") is not None and not name:
        return ""
    return f"{path.absolute()}|layername={name}" if name else str(path.absolute())


def write_geopackage(source: QgsProcessingFeatureSource, path: Path, feedback: QgsProcessingFeedback) -> int:
    """Write the features of ``source`` to a new GeoPackage; return how many there were.

    Raises
    ------
    OutputError
        The file cannot be written.
    Cancelled
        The user asked to stop.
    """
    options = QgsVectorFileWriter.SaveVectorOptions()
    options.driverName = "GPKG"
    options.layerName = path.stem
    options.fileEncoding = "UTF-8"
    options.layerOptions = [f"FID={_KEY_COLUMN}"]
    fields = QgsFields(source.fields())
    writer = QgsVectorFileWriter.create(
        str(path),
        fields,
        source.wkbType(),
        source.sourceCrs(),
        QgsProject.instance().transformContext(),
        options,
    )
    count = 0
    # Validity is the worker's affair: an invalid mask polygon must not end the run with QGIS's own words.
    unchecked = QgsProcessingFeatureSource.Flag.FlagSkipGeometryValidityChecks
    try:
        for feature in source.getFeatures(QgsFeatureRequest(), unchecked):
            if feedback.isCanceled():
                raise Cancelled
            if not writer.addFeature(feature, QgsFeatureSink.Flag.FastInsert):
                break
            count += 1
        problem = str(writer.errorMessage())
    finally:
        del writer  # flushes and closes the file
    if problem:
        raise OutputError(tr("the temporary copy cannot be written ({reason})").format(reason=problem), where=str(path))
    return count
