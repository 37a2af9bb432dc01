"""Writes a QGIS project that shows the demo's layers, styled, with the map click ready to use."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from qgis.core import (
    Qgis,
    QgsColorRampShader,
    QgsContrastEnhancement,
    QgsCoordinateReferenceSystem,
    QgsMapLayer,
    QgsMarkerSymbol,
    QgsMultiBandColorRenderer,
    QgsProject,
    QgsRasterBandStats,
    QgsRasterLayer,
    QgsRasterShader,
    QgsReferencedRectangle,
    QgsRelation,
    QgsSingleBandPseudoColorRenderer,
    QgsSingleSymbolRenderer,
    QgsStyle,
    QgsVectorLayer,
)

from botaclip.botaclip_qgis.project_entries import PROJECT_MODEL, PROJECT_RASTER, PROJECT_SCOPE
from botaclip.core.errors import OutputError, RasterError

# Pixels looked at for a stretch or to find the species with the liveliest map.
_SAMPLE = 250_000


def write_demo_project(folder: Path, landscape: Path) -> Path:
    """Write ``demo.qgz`` into ``folder`` and return its path; paths in it are relative.

    Parameters
    ----------
    folder
        Has ``model.botaclip``, ``embedding.tif`` and ``suitability.tif``.
    landscape
        What ``demo-data`` wrote: tiles, ``plots.csv``, ``releves.csv``, and ``botaclip.json``, which says how
        they are read.

    Raises
    ------
    RasterError
        A layer cannot be opened.
    OutputError
        The project cannot be written.
    """
    options = _landscape_options(landscape)
    project = QgsProject.instance()
    project.clear()
    path = folder / "demo.qgz"
    project.setFileName(str(path))
    project.setFilePathStorage(Qgis.FilePathType.Relative)
    project.setTitle("BotaCLIP demo landscape (synthetic)")

    image = _image_folder(landscape, options)
    tiles = _tile_layers(image)
    suitability = _suitability_layer(folder / "suitability.tif")
    embedding = _embedding_layer(folder / "embedding.tif")
    crs = suitability.crs()
    project.setCrs(crs)

    root = project.layerTreeRoot()
    plots = _plots_layer(landscape, options, tiles[0].crs() if tiles else crs)
    if plots is not None:
        project.addMapLayer(plots, False)
        root.addLayer(plots)
        _add_releves(project, landscape, options, plots)
    for layer, shown in ((suitability, True), (embedding, False)):
        project.addMapLayer(layer, False)
        node = root.addLayer(layer)
        node.setItemVisibilityChecked(shown)
        node.setExpanded(False)
    if tiles:
        group = root.addGroup("Aerial photograph (synthetic)")
        group.setExpanded(False)
        for layer in tiles:
            project.addMapLayer(layer, False)
            group.addLayer(layer).setExpanded(False)
        project.writeEntry(PROJECT_SCOPE, PROJECT_RASTER, project.writePath(str(image)))
    project.writeEntry(PROJECT_SCOPE, PROJECT_MODEL, project.writePath(str(folder / "model.botaclip")))
    project.viewSettings().setDefaultViewExtent(QgsReferencedRectangle(suitability.extent(), crs))
    if not project.write():
        raise OutputError(f"the project cannot be written ({project.error()})", where=str(path))
    return path


def _landscape_options(landscape: Path) -> dict[str, Any]:
    path = landscape / "botaclip.json"
    return dict(json.loads(path.read_text(encoding="utf-8"))) if path.is_file() else {}


def _image_folder(landscape: Path, options: dict[str, Any]) -> Path:
    names = [str(options["raster"])] if options.get("raster") else ["tiles", "image"]
    return next((landscape / name for name in names if (landscape / name).exists()), landscape / names[0])


def _raster(path: Path, name: str) -> QgsRasterLayer:
    layer = QgsRasterLayer(str(path), name)
    if not layer.isValid():
        raise RasterError("QGIS cannot open it", where=str(path))
    return layer


def _tile_layers(image: Path) -> list[QgsRasterLayer]:
    paths = sorted(image.glob("*.tif")) if image.is_dir() else [image] if image.is_file() else []
    layers = [_raster(path, path.stem) for path in paths]
    if layers:
        # One stretch for all tiles: the first one's, so that their borders do not show.
        ranges = [_stretch(layers[0], band) for band in (1, 2, 3)]
        for layer in layers:
            layer.setRenderer(_rgb_renderer(layer, ranges))
    return layers


def _stretch(layer: QgsRasterLayer, band: int) -> tuple[float, float]:
    low, high = layer.dataProvider().cumulativeCut(band, 0.02, 0.98, layer.extent(), _SAMPLE)
    return float(low), float(high)


def _rgb_renderer(layer: QgsRasterLayer, ranges: list[tuple[float, float]]) -> QgsMultiBandColorRenderer:
    provider = layer.dataProvider()
    renderer = QgsMultiBandColorRenderer(provider, 1, 2, 3)
    setters = (
        renderer.setRedContrastEnhancement,
        renderer.setGreenContrastEnhancement,
        renderer.setBlueContrastEnhancement,
    )
    for band, (setter, (low, high)) in enumerate(zip(setters, ranges, strict=True), start=1):
        stretch = QgsContrastEnhancement(provider.dataType(band))
        stretch.setContrastEnhancementAlgorithm(
            QgsContrastEnhancement.ContrastEnhancementAlgorithm.StretchToMinimumMaximum
        )
        stretch.setMinimumValue(low)
        stretch.setMaximumValue(high)
        setter(stretch)
    return renderer


def _embedding_layer(path: Path) -> QgsRasterLayer:
    layer = _raster(path, "Embedding (first three components)")
    if not path.with_suffix(".qml").is_file() and layer.bandCount() >= 3:
        layer.setRenderer(_rgb_renderer(layer, [_stretch(layer, band) for band in (1, 2, 3)]))
    return layer


def _suitability_layer(path: Path) -> QgsRasterLayer:
    """Show the species whose map varies most, from 0 to 1."""
    layer = _raster(path, "Suitability")
    provider = layer.dataProvider()
    spread = {
        band: provider.bandStatistics(
            band, QgsRasterBandStats.Stats.StdDev, layer.extent(), _SAMPLE // max(1, layer.bandCount())
        ).stdDev
        for band in range(1, layer.bandCount() + 1)
    }
    band = max(spread, key=lambda one: spread[one])
    function = QgsColorRampShader(0.0, 1.0, QgsStyle.defaultStyle().colorRamp("Viridis"))
    function.setColorRampType(QgsColorRampShader.Type.Interpolated)
    function.classifyColorRamp(5, band, layer.extent(), provider)
    shader = QgsRasterShader(0.0, 1.0)
    shader.setRasterShaderFunction(function)
    renderer = QgsSingleBandPseudoColorRenderer(provider, band, shader)
    renderer.setClassificationMin(0.0)
    renderer.setClassificationMax(1.0)
    layer.setRenderer(renderer)
    layer.setOpacity(0.8)
    # "Band 3: Quercus viridis" -> the species.
    layer.setName(f"Suitability: {layer.bandName(band).partition(': ')[2] or layer.bandName(band)}")
    return layer


def _plots_layer(
    landscape: Path, options: dict[str, Any], crs: QgsCoordinateReferenceSystem
) -> QgsVectorLayer | None:
    path = landscape / str(options.get("plots", "plots.csv"))
    if not path.is_file():
        return None
    query = urlencode(
        {
            "type": "csv",
            "xField": options.get("x-field", "x"),
            "yField": options.get("y-field", "y"),
            "crs": options.get("crs") or crs.authid(),
            "detectTypes": "yes",
        },
        quote_via=quote,
        safe=":",  # QGIS takes the CRS as it stands
    )
    layer = QgsVectorLayer(f"file://{quote(str(path))}?{query}", "Plots", "delimitedtext")
    if not layer.isValid() or not layer.crs().isValid():
        raise RasterError("QGIS cannot read the plots from it", where=str(path))
    symbol = QgsMarkerSymbol.createSimple(
        {"name": "circle", "color": "255,255,255,220", "outline_color": "35,35,35", "size": "1.6"}
    )
    layer.setRenderer(QgsSingleSymbolRenderer(symbol))
    return layer


def _add_releves(project: QgsProject, landscape: Path, options: dict[str, Any], plots: QgsMapLayer) -> None:
    """Add the table of species and relate it to the plots, so that identifying a plot lists its species."""
    path = landscape / str(options.get("releves", "releves.csv"))
    table = QgsVectorLayer(str(path), "Relevés", "ogr")
    if not path.is_file() or not table.isValid():
        return
    project.addMapLayer(table, False)
    project.layerTreeRoot().addLayer(table)
    relation = QgsRelation()
    relation.setId("botaclip_releves")
    relation.setName("Species of the relevé")
    relation.setReferencedLayer(plots.id())
    relation.setReferencingLayer(table.id())
    field = str(options.get("plot-field", "plot_id"))
    relation.addFieldPair(field, field)
    project.relationManager().addRelation(relation)
