"""Which part of a raster has to be exported for a job: its extent, or the surroundings of its plots."""

from __future__ import annotations

import contextlib
import json
import math
import zipfile
from collections.abc import Mapping
from typing import Any

from qgis.core import (
    QgsCoordinateReferenceSystem,
    QgsCoordinateTransform,
    QgsCoordinateTransformContext,
    QgsCsException,
    QgsFeatureRequest,
    QgsPointXY,
    QgsProcessingFeatureSource,
    QgsRectangle,
)

_METRES_PER_DEGREE = 111_320.0
# A model's description is a few kilobytes; whatever claims to be more is not read here.
_MOST_METADATA = 50_000_000
# Of cells around the patch that the encoder sees as well, more than any of ours needs.
_FIELD_PX = 64
_WGS84 = "EPSG:4326"


def patch_size_m(given: Mapping[str, Any]) -> float:
    """Return the side of the patch of a job, in metres: its option, else what its model says, else 100."""
    if given.get("patch_size"):
        return float(given["patch_size"])
    with contextlib.suppress(OSError, zipfile.BadZipFile, KeyError, ValueError, TypeError):
        with zipfile.ZipFile(str(given.get("model"))) as model:
            if model.getinfo("metadata.json").file_size <= _MOST_METADATA:
                return float(json.loads(model.read("metadata.json"))["patch"]["size_m"])
    return 100.0


def widened(
    box: QgsRectangle,
    crs: QgsCoordinateReferenceSystem,
    context: QgsCoordinateTransformContext,
    *,
    metres: float,
    pixel: tuple[float, float] | None = None,
) -> QgsRectangle:
    """Return ``box`` with at least ``metres`` of ground and some pixels more on every side."""
    centre = QgsCoordinateTransform(crs, QgsCoordinateReferenceSystem(_WGS84), context)
    try:
        latitude = centre.transform(box.center()).y()
    except QgsCsException:
        latitude = 60.0
    # Degrees of longitude shrink towards the poles, and so do metres of web maps.
    stretch = 1.0 / max(0.05, math.cos(math.radians(latitude)))
    width_px, height_px = pixel or (0.0, 0.0)
    unit = 1.0 / _METRES_PER_DEGREE if crs.isGeographic() else _units_per_metre(crs)
    x, y = metres * unit * stretch + _FIELD_PX * width_px, metres * unit * stretch + _FIELD_PX * height_px
    return QgsRectangle(box.xMinimum() - x, box.yMinimum() - y, box.xMaximum() + x, box.yMaximum() + y)


def _units_per_metre(crs: QgsCoordinateReferenceSystem) -> float:
    """Return how many units of a projected CRS make a metre."""
    text = crs.toProj()
    with contextlib.suppress(ValueError, IndexError):
        return 1.0 / float(text.split("+to_meter=")[1].split()[0])
    return 3.280833 if "+units=us-ft" in text else 3.28084 if "+units=ft" in text else 1.0


def transformed(
    box: QgsRectangle,
    crs: QgsCoordinateReferenceSystem,
    target: QgsCoordinateReferenceSystem,
    context: QgsCoordinateTransformContext,
) -> QgsRectangle:
    """Return ``box`` in another CRS; itself where one of the two is unknown."""
    if not crs.isValid() or not target.isValid() or crs == target:
        return QgsRectangle(box)
    return QgsCoordinateTransform(crs, target, context).transformBoundingBox(box)


def places_box(
    source: QgsProcessingFeatureSource,
    given: Mapping[str, Any],
    target: QgsCoordinateReferenceSystem,
    context: QgsCoordinateTransformContext,
) -> QgsRectangle:
    """Return the rectangle around the places of a table, in the CRS ``target``; null where there are none.

    Parameters
    ----------
    source
        The points or plots.
    given
        The job's options: ``x_field``, ``y_field``, ``crs_field``, ``crs`` say where the coordinates stand.
    """
    names = {field.name() for field in source.fields()}
    x, y, code = (str(given.get(key) or "") for key in ("x_field", "y_field", "crs_field"))
    box = QgsRectangle()
    box.setNull()
    if not x or not y:
        if source.sourceCrs().isValid() and not source.sourceExtent().isNull():
            return transformed(source.sourceExtent(), source.sourceCrs(), target, context)
        x, y = "x", "y"
    if not {x, y} <= names:
        return box
    own = QgsCoordinateReferenceSystem(str(given.get("crs") or ""))
    boxes: dict[str, QgsRectangle] = {}
    wanted = [name for name in (x, y, code) if name in names]
    request = QgsFeatureRequest().setSubsetOfAttributes(wanted, source.fields())
    for feature in source.getFeatures(request, QgsProcessingFeatureSource.Flag.FlagSkipGeometryValidityChecks):
        try:
            place = QgsPointXY(*(float(str(feature[name]).replace(",", ".")) for name in (x, y)))
        except ValueError:
            continue
        key = str(feature[code]).strip() if code in names else ""
        boxes.setdefault(key, QgsRectangle(place, place)).include(place)
    for key, part in boxes.items():
        digits = key.removesuffix(".0")
        crs = QgsCoordinateReferenceSystem(f"EPSG:{digits}" if digits.isdigit() else digits) if key else own
        with contextlib.suppress(QgsCsException):
            part = transformed(part, crs, target, context)
        box.combineExtentWith(part)
    return box
