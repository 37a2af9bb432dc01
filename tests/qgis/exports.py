"""Hands over rasters that are no files, or of formats the worker lacks; answers with what the worker would read."""

from __future__ import annotations

import sys
from pathlib import Path

from in_qgis import answer, provider
from qgis.core import QgsProcessingContext, QgsProcessingFeedback, QgsProject, QgsRasterLayer, QgsVectorLayer
from qgis.PyQt.QtCore import QSize
from qgis.PyQt.QtGui import QColor, QImage

FOLDER = Path(sys.argv[2])
PROJECT = QgsProject.instance()
OWN = provider()

from botaclip.botaclip_qgis.plain_files import raster_file  # noqa: E402
from botaclip.botaclip_qgis.values import hand_over  # noqa: E402 - needs the provider's import path
from botaclip.core.commands import COMMANDS  # noqa: E402
from botaclip.core.errors import BotaclipError, UnsupportedRaster  # noqa: E402


def seen(path: str) -> dict:
    """A raster as QGIS reads it: its bands, its values in whole numbers."""
    layer = QgsRasterLayer(path, "back")
    assert layer.isValid(), path
    data, extent = layer.dataProvider(), layer.extent()
    values = []
    for band in range(1, layer.bandCount() + 1):
        block = data.block(band, extent, layer.width(), layer.height())
        values.append(
            [[None if block.isNoData(row, col) else block.value(row, col) for col in range(block.width())]
             for row in range(block.height())]
        )  # fmt: skip
    return {
        "values": values,
        "names": [layer.bandName(band).partition(": ")[2] for band in range(1, layer.bandCount() + 1)],
        "colours": [data.colorInterpretationName(band) for band in range(1, layer.bandCount() + 1)],
        "extent": [extent.xMinimum(), extent.yMinimum(), extent.xMaximum(), extent.yMaximum()],
        "crs": layer.crs().authid(),
    }


def handed_over(name: str, *, unreadable: bool = False, **inputs) -> dict:
    """What the worker would be given; ``unreadable``: after it has refused the raster's format."""
    command = COMMANDS[name]
    algorithm = OWN.algorithm(command.algorithm).create()
    context, feedback = QgsProcessingContext(), QgsProcessingFeedback()
    context.setProject(PROJECT)
    if not algorithm.prepare(inputs, context, feedback):
        return {"error": feedback.textLog().strip()}
    prepared = algorithm._values
    try:
        plain = hand_over(prepared, algorithm, command, inputs, context, feedback)
        if unreadable:
            other = UnsupportedRaster("unknown format", where="another.file")
            error = UnsupportedRaster("unknown format", where=plain["raster"])
            retried = [prepared.rasters.give_up_file(one) for one in (other, error)]
            plain = hand_over(prepared, algorithm, command, inputs, context, feedback)
            retried.append(prepared.rasters.give_up_file(UnsupportedRaster(error.found, where=plain["raster"])))
    except BotaclipError as error:
        return {"error": error.sentence, "log": feedback.textLog()}
    rasters = plain.get("environment") or [plain["raster"]]
    answered = {
        "plain": plain, "log": feedback.textLog(), "seen": [seen(path) for path in rasters],
        "exported": [path for path in rasters if "processing" in path],
    }  # fmt: skip
    if unreadable:
        answered["retried"] = retried
    prepared.rasters.remove()
    answered["left"] = [path for path in answered["exported"] if list(Path(path).parent.glob(f"{Path(path).stem}*"))]
    return answered


def embed(raster, **rest) -> dict:
    return handed_over("embed", RASTER=raster, MODEL="m.botaclip", OUTPUT=str(FOLDER / "e.tif"), **rest)


def train(raster, **rest) -> dict:
    return handed_over(
        "train", RASTER=raster, RELEVES=str(FOLDER / "releves.csv"), OUTPUT=str(FOLDER / "m.botaclip"), **rest
    )


def layer(source: str, name: str, kind: str) -> QgsRasterLayer:
    made = QgsRasterLayer(source, name, kind)
    assert made.isValid(), name
    PROJECT.addMapLayer(made)
    return made


answers = {}
computed = layer(
    f"?crs=EPSG:2154&extent=700000,6599900,700100,6600000&width=100&height=100&formula=\"image@1\" * 2&"
    f"image:provider=gdal&image:uri={FOLDER}/image.tif",
    "twice, computed", "virtualraster",
)  # fmt: skip
answers["computed"] = embed(computed)
answers["computed, extent"] = embed(computed, EXTENT="700010,700012,6599950,6599951 [EPSG:2154]")
answers["elsewhere"] = embed(computed, EXTENT="800000,800010,6599950,6599960 [EPSG:2154]")
answers["zipped"] = embed(layer(f"/vsizip/{FOLDER}/image.zip/image.tif", "zipped", "gdal"))
answers["environment"] = train(str(FOLDER / "image.tif"), ENVIRONMENT=[computed, str(FOLDER / "image.tif")])
answers["environment as text"] = train(
    str(FOLDER / "image.tif"), ENVIRONMENT=f"{FOLDER}/image.tif; {FOLDER / 'other.tif'}"
)
plots = QgsVectorLayer(f"{FOLDER}/plots.csv", "plots", "ogr")
PROJECT.addMapLayer(plots)
answers["plots"] = train(computed, PLOTS=plots, X_FIELD="x", Y_FIELD="y", CRS_FIELD="epsg", PATCH_SIZE=2)
answers["unreadable"] = handed_over(
    "embed", unreadable=True, RASTER=str(FOLDER / "image.tif"), MODEL="m.botaclip", OUTPUT=str(FOLDER / "e.tif")
)

# A web map that needs no network: zoom level 2 is four by four tiles.
picture = QImage(QSize(256, 256), QImage.Format.Format_RGB32)
picture.fill(QColor(10, 20, 30))
for zoom in range(3):
    for x in range(2**zoom):
        for y in range(2**zoom):
            place = FOLDER / "web" / str(zoom) / str(x) / f"{y}.png"
            place.parent.mkdir(parents=True, exist_ok=True)
            assert picture.save(str(place))
url = f"file://{FOLDER}/web/{{z}}/{{x}}/{{y}}.png".replace("&", "%26")
web = layer(f"type=xyz&url={url}&zmin=0&zmax=2", "a web map", "wms")
answers["web"] = embed(web, EXTENT="0,400000,0,400000 [EPSG:3857]")
deep = layer(f"type=xyz&url={url}&zmin=0&zmax=18", "a deep web map", "wms")
answers["too much"] = embed(deep)
service = QgsRasterLayer("url=http://127.0.0.1:9/&layers=a&styles=&format=image/png&crs=EPSG:3857", "a dead map", "wms")
PROJECT.addMapLayer(service)
answers["dead"] = embed(service)
# What the map click says of layers that are no files.
for one in (web, computed):
    try:
        answers[f"click, {one.name()}"] = {"file": raster_file(one)}
    except BotaclipError as error:
        answers[f"click, {one.name()}"] = {"error": error.sentence}
answer(answers)
