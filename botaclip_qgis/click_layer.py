"""The memory layer that collects clicked places."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any

from qgis.core import (
    QgsCoordinateReferenceSystem,
    QgsCoordinateTransform,
    QgsFeature,
    QgsGeometry,
    QgsPointXY,
    QgsProject,
    QgsVectorLayer,
)

from botaclip.botaclip_qgis.i18n import tr
from botaclip.core.errors import OutputError

NAME = "BotaCLIP clicks"
# Marks the layer as ours, whatever it is called by now.
PROPERTY = "botaclip/clicks"
# Name of each field, and its type as memory layers spell it; a length of 0 is no limit, which else were 255 letters.
FIELDS = (
    ("place", "integer"), ("x", "double"), ("y", "double"), ("crs", "string(0)"), ("date", "string(0)"),
    ("model", "string(0)"), ("raster", "string(0)"), ("expected", "integer"), ("species", "string(0)"),
    ("inside", "bool"), ("top", "string(0)"),
)  # fmt: skip
TOP = 5


def clicks_layer(project: QgsProject) -> QgsVectorLayer | None:
    """Return the project's layer of clicked places, None where there is none that can take another."""
    names = {name for name, _ in FIELDS}
    for layer in project.mapLayers().values():
        if isinstance(layer, QgsVectorLayer) and layer.customProperty(PROPERTY) and layer.isValid():
            if names <= {field.name() for field in layer.fields()} and not layer.readOnly():
                return layer
    return None


def add_click(
    project: QgsProject, answer: Mapping[str, Any], *, model: str, raster: str, now: datetime.datetime | None = None
) -> QgsVectorLayer:
    """Add the place of an answer to the project's layer of clicked places, which is made where there is none.

    Parameters
    ----------
    project
        The project; a new layer gets its CRS.
    answer
        What the worker's ``click`` said, with its ``place``.
    model, raster
        Names to note.
    now
        Date and time to note; None: now.

    Raises
    ------
    OutputError
        The place cannot be added.
    """
    place = answer["place"]
    crs = QgsCoordinateReferenceSystem(str(place["crs"]))
    layer = clicks_layer(project)
    if layer is None:
        layer = _new_layer(project.crs() if project.crs().isValid() else crs)
        project.addMapLayer(layer)
    point = QgsGeometry.fromPointXY(QgsPointXY(float(place["x"]), float(place["y"])))
    point.transform(QgsCoordinateTransform(crs, layer.crs(), project))
    species = answer.get("species") or []
    expected = [str(one["name"]) for one in species if one.get("above")]
    domain = answer.get("domain")
    values: dict[str, Any] = {
        "place": int(layer.featureCount()) + 1, "x": float(place["x"]), "y": float(place["y"]),
        "crs": crs.authid() or crs.description(),
        "date": (now or datetime.datetime.now()).isoformat(sep=" ", timespec="seconds"), "model": model,
        "raster": raster,
        # Not known where no species has a threshold.
        "expected": len(expected) if any(one.get("threshold") is not None for one in species) else None,
        "species": ", ".join(expected), "inside": None if domain is None else bool(domain.get("inside")),
        "top": "; ".join(f"{one['name']} {one['suitability']:.3f}" for one in species[:TOP]),
    }  # fmt: skip
    feature = QgsFeature(layer.fields())
    feature.setGeometry(point)
    for name, value in values.items():
        feature[name] = value
    # An open edit session keeps its right to be rolled back.
    added = layer.addFeature(feature) if layer.isEditable() else layer.dataProvider().addFeatures([feature])[0]
    if not added:
        raise OutputError(tr("the place was not added"), where=layer.name())
    layer.updateExtents()
    layer.triggerRepaint()
    return layer


def _new_layer(crs: QgsCoordinateReferenceSystem) -> QgsVectorLayer:
    fields = "&".join(f"field={name}:{kind}" for name, kind in FIELDS)
    layer = QgsVectorLayer(f"Point?{fields}", NAME, "memory")
    layer.setCrs(crs)
    layer.setCustomProperty(PROPERTY, True)
    layer.setDisplayExpression("\"place\" || ': ' || \"top\"")
    return layer
