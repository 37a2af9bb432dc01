"""Hands layers of all sorts over to the worker; answers with what the worker would read."""

from __future__ import annotations

import sys
from pathlib import Path

from in_qgis import answer, provider
from qgis.core import (
    QgsFeature,
    QgsField,
    QgsGeometry,
    QgsPointXY,
    QgsProcessingContext,
    QgsProcessingFeatureSourceDefinition,
    QgsProcessingFeedback,
    QgsProject,
    QgsProperty,
    QgsRasterLayer,
    QgsRasterRange,
    QgsVectorFileWriter,
    QgsVectorLayer,
    QgsVectorLayerJoinInfo,
)
from qgis.PyQt.QtCore import QMetaType

from botaclip.botaclip_qgis.values import hand_over
from botaclip.core.commands import COMMANDS
from botaclip.core.errors import BotaclipError

FOLDER = Path(sys.argv[2])
PROJECT = QgsProject.instance()
OWN = provider()


def releves() -> QgsVectorLayer:
    """A fresh layer on the relevé table."""
    layer = QgsVectorLayer(str(FOLDER / "releves.csv"), "relevés", "ogr")
    assert layer.isValid()
    PROJECT.addMapLayer(layer)
    return layer


def points() -> QgsVectorLayer:
    """A GeoPackage layer of three plots."""
    path = FOLDER / "plots.gpkg"
    if not path.exists():
        memory = QgsVectorLayer("Point?crs=EPSG:2154&field=plot_id:string&field=fid_old:integer", "m", "memory")
        for number in range(3):
            feature = QgsFeature(memory.fields())
            feature.setAttributes([f"p{number}", 7])
            feature.setGeometry(QgsGeometry.fromPointXY(QgsPointXY(700000 + number, 6600000)))
            memory.dataProvider().addFeature(feature)
        options = QgsVectorFileWriter.SaveVectorOptions()
        options.driverName, options.layerName = "GPKG", "the plots"
        QgsVectorFileWriter.writeAsVectorFormatV3(memory, str(path), PROJECT.transformContext(), options)
    layer = QgsVectorLayer(f"{path}|layername=the plots", "plots", "ogr")
    assert layer.isValid()
    PROJECT.addMapLayer(layer)
    return layer


def handed_over(name: str, **inputs) -> dict:
    """What the worker would be given for these inputs."""
    command = COMMANDS[name]
    algorithm = OWN.algorithm(command.algorithm).create()
    context, feedback = QgsProcessingContext(), QgsProcessingFeedback()
    context.setProject(PROJECT)
    if not algorithm.prepare(inputs, context, feedback):
        return {"error": feedback.textLog().strip()}
    prepared = algorithm._values
    try:
        plain = hand_over(prepared, algorithm, command, inputs, context, feedback)
    except BotaclipError as error:
        return {"error": error.sentence}
    rows = {}
    for key in ("releves", "plots", "points", "mask"):
        if plain.get(key):
            layer = QgsVectorLayer(plain[key], key, "ogr")
            names = [field.name() for field in layer.fields()]
            rows[key] = {
                "crs": layer.crs().authid(),
                "rows": [
                    {**dict(zip(names, map(str, feature.attributes()), strict=True)),
                     **({"place": feature.geometry().asWkt(0)} if feature.hasGeometry() else {})}
                    for feature in layer.getFeatures()
                ],
            }  # fmt: skip
    return {"plain": plain, "tables": rows, "log": feedback.textLog(), "warnings": prepared.warnings}


def train(layer, **rest) -> dict:
    return handed_over("train", RASTER=str(FOLDER / "tiles"), RELEVES=layer, OUTPUT=str(FOLDER / "m.botaclip"), **rest)


answers = {}
answers["path"] = train(str(FOLDER / "releves.csv"))
answers["plain"] = train(releves())
(FOLDER / "releves.txt").write_text("plot_id\tspecies\np0\tAbies alba\n", encoding="utf-8")
answers["text"] = handed_over(
    "train", RASTER=str(FOLDER / "tiles"), RELEVES=str(FOLDER / "releves.txt"), OUTPUT=str(FOLDER / "m.botaclip")
)
shapefile = QgsVectorFileWriter.SaveVectorOptions()
shapefile.driverName = "ESRI Shapefile"
QgsVectorFileWriter.writeAsVectorFormatV3(points(), str(FOLDER / "plots.shp"), PROJECT.transformContext(), shapefile)
answers["shapefile"] = train(releves(), PLOTS=str(FOLDER / "plots.shp"))
answers["gpkg"] = train(releves(), PLOTS=points())
answers["crs given"] = train(releves(), PLOTS=points(), CRS="EPSG:4326")
answers["columns given"] = train(releves(), PLOTS=points(), X_FIELD="x", Y_FIELD="y")

filtered = releves()
filtered.setSubsetString("species = 'Abies alba'")
answers["filter"] = train(filtered)

selected = releves()
selected.selectByExpression("plot_id = 'p2'")
answers["selection"] = train(QgsProcessingFeatureSourceDefinition(selected.id(), selectedFeaturesOnly=True))
answers["selection not wanted"] = train(selected)

expression = QgsProcessingFeatureSourceDefinition(releves().id(), filterExpression="cover = 'r'")
answers["expression"] = train(expression)

joined, plots = releves(), points()
join = QgsVectorLayerJoinInfo()
join.setJoinLayer(plots)
join.setJoinFieldName("plot_id")
join.setTargetFieldName("plot_id")
join.setPrefix("plots_")
join.setUsingMemoryCache(True)
joined.addJoin(join)
answers["join"] = train(joined)

computed = releves()
computed.addExpressionField("upper(species)", QgsField("loud", QMetaType.Type.QString))
answers["computed"] = train(computed)

edited = points()
edited.startEditing()
edited.changeAttributeValue(next(edited.getFeatures()).id(), 1, "changed")
answers["edits"] = train(releves(), PLOTS=edited)
edited.rollBack()

delimited = QgsVectorLayer(
    f"file://{FOLDER}/points.txt?delimiter=;&xField=east&yField=north&crs=EPSG:2154", "delimited", "delimitedtext"
)
assert delimited.isValid()
PROJECT.addMapLayer(delimited)
answers["delimited"] = handed_over(
    "predict", RASTER=str(FOLDER / "image.tif"), MODEL="m.botaclip", POINTS=delimited, OUTPUT=str(FOLDER / "o.gpkg")
)

memory = QgsVectorLayer("Polygon?crs=EPSG:2154", "bow tie", "memory")
tie = QgsFeature()
tie.setGeometry(QgsGeometry.fromWkt("Polygon((0 0, 1 1, 1 0, 0 1, 0 0))"))  # crosses itself
memory.dataProvider().addFeature(tie)
PROJECT.addMapLayer(memory)
raster = QgsRasterLayer(str(FOLDER / "image.tif"), "image")
assert raster.isValid()
PROJECT.addMapLayer(raster)


def embed(image, **rest) -> dict:
    return handed_over("embed", RASTER=image, MODEL="m.botaclip", OUTPUT=str(FOLDER / "e.tif"), **rest)


answers["raster layer"] = embed(raster.id(), MASK=memory)
answers["vrt"] = embed(str(FOLDER / "image.vrt"))
answers["extent"] = embed(raster, EXTENT="700000,700002.5,6599998,6600000 [EPSG:2154]")
answers["extent without code"] = embed(raster, EXTENT="700000,700002.5,6599998,6600000")
answers["no extent"] = embed(raster, EXTENT="1,1,2,2")
raster.dataProvider().setUserNoDataValue(1, [QgsRasterRange(0, 0)])
answers["own nodata"] = embed(raster)
web = QgsRasterLayer("type=xyz&url=http://127.0.0.1:9/{z}/{x}/{y}.png", "the web", "wms")
PROJECT.addMapLayer(web)
answers["web"] = embed(web)
answers["choice"] = embed(raster, QUANTISE="uint8", STRIDE="12.5", DIMENSIONS="all", RANDOM_STATE="3", OVERWRITE=False)
answers["property"] = embed(QgsProperty.fromValue(raster.source()))
answer(answers)
