"""The layers of the demo's project: image, maps, plots and predictions, each styled."""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path
from urllib.parse import quote, urlencode

from qgis.core import (
    QgsColorRampShader,
    QgsContrastEnhancement,
    QgsCoordinateReferenceSystem,
    QgsMarkerSymbol,
    QgsMultiBandColorRenderer,
    QgsProperty,
    QgsRasterBandStats,
    QgsRasterLayer,
    QgsRasterShader,
    QgsSimpleMarkerSymbolLayer,
    QgsSingleBandPseudoColorRenderer,
    QgsSingleSymbolRenderer,
    QgsStyle,
    QgsSymbolLayer,
    QgsVectorLayer,
)

from botaclip.botaclip_qgis.i18n import tr
from botaclip.botaclip_qgis.mosaic_vrt import VrtSource, bands_of, write_vrt
from botaclip.core.errors import RasterError

# Pixels looked at for a stretch or to find the species with the liveliest map.
_SAMPLE = 250_000
# Scenes looked at for the liveliest map.
_SCENES = 30
IMAGES = (".tif", ".tiff", ".jp2", ".img", ".vrt", ".png", ".jpg", ".jpeg")


def raster(path: Path, name: str) -> QgsRasterLayer:
    """Return a raster layer.

    Raises
    ------
    RasterError
        QGIS cannot open the file.
    """
    layer = QgsRasterLayer(str(path), name)
    if not layer.isValid():
        raise RasterError(tr("QGIS cannot open it"), where=str(path))
    return layer


def image_layers(
    image: Path, folder: Path, *, each_tile: bool, natural: bool = False
) -> list[QgsRasterLayer]:
    """Return the layers that show an image.

    Parameters
    ----------
    image
        A file, or a folder of tiles.
    folder
        Where virtual mosaics of tiles are written, one for each CRS and pixel size.
    each_tile
        Show every tile as it is instead.
    natural
        Stretch red, green and blue alike, so that colours keep their hue.
    """
    if image.is_file():
        layers = [raster(image, image.stem)]
    elif image.is_dir():
        paths = sorted(path for path in image.iterdir() if path.suffix.lower() in IMAGES)
        tiles = [raster(path, path.stem) for path in paths]
        layers = tiles if each_tile or len(tiles) == 1 else mosaics(tiles, folder)
    else:
        layers = []
    stretch_alike(layers, natural=natural)
    return layers


def mosaics(tiles: Sequence[QgsRasterLayer], folder: Path) -> list[QgsRasterLayer]:
    """Write a virtual mosaic for every CRS and pixel size of the tiles; nothing fills the gaps between them."""
    groups: dict[tuple[str, str, str], list[QgsRasterLayer]] = {}
    for tile in tiles:
        size = f"{tile.rasterUnitsPerPixelX():.6g}"
        kind = ",".join(f"{band.type} {band.colour}" for band in bands_of(tile))
        groups.setdefault((tile.crs().authid() or tile.crs().toWkt(), size, kind), []).append(tile)
    layers = []
    for number, ((crs, _, _), members) in enumerate(groups.items(), start=1):
        code = crs if crs.startswith("EPSG:") else ""
        name = f"image_{code.replace(':', '_') or number}"
        if (folder / f"{name}.vrt").exists():
            name = f"{name}_{number}"
        path = folder / f"{name}.vrt"
        _write_mosaic(path, members)
        layers.append(raster(path, tr("Image {code}").format(code=code).strip()))
    return layers


def _write_mosaic(path: Path, tiles: Sequence[QgsRasterLayer]) -> None:
    first, bands = tiles[0], bands_of(tiles[0])
    width, height = first.rasterUnitsPerPixelX(), first.rasterUnitsPerPixelY()
    left = min(tile.extent().xMinimum() for tile in tiles)
    top = max(tile.extent().yMaximum() for tile in tiles)
    sources = [
        VrtSource(
            Path(tile.source()),
            round((tile.extent().xMinimum() - left) / width),
            round((top - tile.extent().yMaximum()) / height),
            tile.width(),
            tile.height(),
        )
        for tile in tiles
    ]
    known = all(band.nodata is not None or band.colour == "Alpha" for band in bands)
    alpha = not known and not any(band.colour == "Alpha" for band in bands)
    wkt = str(first.crs().toWkt(QgsCoordinateReferenceSystem.WktVariant.WKT_PREFERRED_GDAL))
    write_vrt(path, wkt, (left, top), (width, height), bands, sources, alpha=alpha)


def stretch_alike(layers: Sequence[QgsRasterLayer], *, natural: bool = False) -> None:
    """Stretch all layers as the first one, so that their borders do not show; bytes of photographs stay as they are."""
    if not layers or layers[0].bandCount() < 3:
        return
    ranges = [_stretch(layers[0], band) for band in (1, 2, 3)]
    if any(high <= low for low, high in ranges):
        ranges = [(0.0, 255.0)] * 3
    elif natural:
        ranges = [(min(low for low, _ in ranges), max(high for _, high in ranges))] * 3
    for layer in layers:
        layer.setRenderer(_rgb_renderer(layer, ranges))


def _stretch(layer: QgsRasterLayer, band: int) -> tuple[float, float]:
    low, high = layer.dataProvider().cumulativeCut(band, 0.02, 0.98, layer.extent(), _SAMPLE)
    return float(low), float(high)


def _rgb_renderer(layer: QgsRasterLayer, ranges: Sequence[tuple[float, float]]) -> QgsMultiBandColorRenderer:
    provider = layer.dataProvider()
    renderer = QgsMultiBandColorRenderer(provider, 1, 2, 3)
    colours = [provider.colorInterpretationName(band) for band in range(1, layer.bandCount() + 1)]
    if "Alpha" in colours:
        renderer.setAlphaBand(colours.index("Alpha") + 1)
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


def map_files(folder: Path, name: str) -> tuple[list[Path], list[Path]]:
    """Return the files that show a map, and the single rasters it consists of.

    That is ``<name>.tif``; or, where the image lies in several places, the virtual mosaics in the folder ``<name>``
    and the rasters beside them.
    """
    several = folder / name
    if not (folder / f"{name}.tif").exists() and several.is_dir():
        scenes = sorted(several.glob("*.tif"))
        return sorted(several.glob("*.vrt")) or scenes, scenes
    return [folder / f"{name}.tif"], [folder / f"{name}.tif"]


def embedding_layers(folder: Path) -> list[QgsRasterLayer]:
    """Return the layers of the embedding, its first three components as colours."""
    paths, _ = map_files(folder, "embedding")
    layers = []
    for path in paths:
        layer = raster(path, _titled(tr("Embedding (first three components)"), path, len(paths)))
        if not path.with_suffix(".qml").is_file() and layer.bandCount() >= 3:
            layer.setRenderer(_rgb_renderer(layer, [_stretch(layer, band) for band in (1, 2, 3)]))
        layers.append(layer)
    return layers


def _titled(title: str, path: Path, count: int) -> str:
    """Return a layer's name, with its CRS where there are several."""
    code = QgsRasterLayer(str(path), "").crs().authid() if count > 1 else ""
    return f"{title}, {code}" if code else title


def suitability_layers(folder: Path) -> tuple[list[QgsRasterLayer], str]:
    """Return the layers of the suitability map and the species that they show, the one whose map varies most."""
    paths, scenes = map_files(folder, "suitability")
    # A mosaic of crops far apart is mostly gaps, so its own statistics would see nothing.
    step = max(1, len(scenes) // _SCENES)
    looked_at = [raster(path, path.stem) for path in scenes[::step]]
    if not looked_at:
        raise RasterError(tr("it holds no map"), where=str(folder / "suitability"))
    band = _liveliest(looked_at)
    # "Band 3: Quercus viridis" -> the species.
    species = looked_at[0].bandName(band).partition(": ")[2] or looked_at[0].bandName(band)
    layers = []
    for path in paths:
        layer = raster(path, _titled(tr("Suitability: {species}").format(species=species), path, len(paths)))
        layer.setRenderer(_suitability_renderer(layer, band))
        layer.setOpacity(0.8)
        layers.append(layer)
    return layers, species


def _liveliest(layers: Sequence[QgsRasterLayer]) -> int:
    """Return the band whose values differ most, within scenes and between them.

    The lowest and highest twentieth do not count: a few clouds must not choose the species.
    """
    spread = {}
    count = layers[0].bandCount()
    for band in range(1, count + 1):
        cuts = [_middle(layer, band, _SAMPLE // max(1, count)) for layer in layers]
        within = statistics.fmean(high - low for low, high in cuts)
        spread[band] = within + statistics.pstdev((high + low) / 2 for low, high in cuts)
    return max(spread, key=lambda one: spread[one])


def _middle(layer: QgsRasterLayer, band: int, sample: int) -> tuple[float, float]:
    """Return between which values nine tenths of a band lie; (0, 0) where there are none."""
    kinds = QgsRasterBandStats.Stats
    found = layer.dataProvider().bandStatistics(band, kinds.Min | kinds.Max, layer.extent(), sample)
    low, high = float(found.minimumValue), float(found.maximumValue)
    if not (math.isfinite(low) and math.isfinite(high)) or abs(low) > 1e30:
        return 0.0, 0.0
    if high > low:
        low, high = map(float, layer.dataProvider().cumulativeCut(band, 0.05, 0.95, layer.extent(), sample))
    return low, high


def _suitability_renderer(layer: QgsRasterLayer, band: int) -> QgsSingleBandPseudoColorRenderer:
    """Show a band from 0 to 1."""
    provider = layer.dataProvider()
    function = QgsColorRampShader(0.0, 1.0, QgsStyle.defaultStyle().colorRamp("Viridis"))
    function.setColorRampType(QgsColorRampShader.Type.Interpolated)
    function.classifyColorRamp(5, band, layer.extent(), provider)
    shader = QgsRasterShader(0.0, 1.0)
    shader.setRasterShaderFunction(function)
    renderer = QgsSingleBandPseudoColorRenderer(provider, band, shader)
    renderer.setClassificationMin(0.0)
    renderer.setClassificationMax(1.0)
    return renderer


def prediction_layer(path: Path, species: str) -> QgsVectorLayer | None:
    """Return the plots with what the models that never saw them predict of a species; None where there is no file.

    The fill is the suitability, the ring says whether the species was found.
    """
    name = tr("Held-out predictions: {species} (ringed: found)").format(species=species)
    layer = QgsVectorLayer(str(path), name, "ogr")
    if not path.is_file() or not layer.isValid() or not layer.isSpatial():
        return None
    symbol = QgsMarkerSymbol.createSimple({"name": "circle", "size": "2.6", "outline_width": "0.3"})
    suitability, found = f'"{species} suitability"', f'"{species} found"'
    names = {field.name() for field in layer.fields()}
    marker = symbol.symbolLayer(0)
    if isinstance(marker, QgsSimpleMarkerSymbolLayer) and suitability.strip('"') in names:
        kinds = QgsSymbolLayer.Property
        for kind, expression in (
            (kinds.FillColor, f"coalesce(ramp_color('Viridis', {suitability}), '#ffffff')"),
            (kinds.StrokeColor, f"if({found} = 1, '#e4572e', '#55606a')"),
            (kinds.StrokeWidth, f"if({found} = 1, 0.6, 0.2)"),
        ):
            marker.setDataDefinedProperty(kind, QgsProperty.fromExpression(expression))
    layer.setRenderer(QgsSingleSymbolRenderer(symbol))
    return layer


def plot_layers(options: Mapping[str, str], crs: QgsCoordinateReferenceSystem) -> list[QgsVectorLayer]:
    """Return the plots as layers, one for each CRS of their coordinates.

    Parameters
    ----------
    options
        As ``botaclip.json`` has them, file names absolute.
    crs
        Of the coordinates where the options do not say it.

    Raises
    ------
    RasterError
        The table cannot be read as points.
    """
    path = Path(options.get("plots", "").partition("|")[0])
    if not path.is_file():
        return []
    if path.suffix.lower() not in (".csv", ".tsv", ".txt"):
        layer = QgsVectorLayer(options["plots"], tr("Plots"), "ogr")
        return [_with_dots(layer)] if layer.isValid() and layer.isSpatial() else []
    column = options.get("crs-field", "")
    codes = [""]
    if column:
        table = QgsVectorLayer(_delimited(path, {"geomType": "none"}), "plots", "delimitedtext")
        index = table.fields().indexFromName(column)
        codes = sorted({str(value) for value in table.uniqueValues(index)}) if index >= 0 else [""]
    layers = []
    for code in codes:
        given = f"EPSG:{code}" if code.isdigit() else code or options.get("crs") or crs.authid()
        place = {"xField": options.get("x-field", "x"), "yField": options.get("y-field", "y"), "crs": given}
        subset = {"subset": f"\"{column}\" = '{code}'"} if len(codes) > 1 else {}
        source = _delimited(path, place | subset)
        name = f"{tr('Plots')}, {given}" if len(codes) > 1 else tr("Plots")
        layer = QgsVectorLayer(source, name, "delimitedtext")
        if not layer.isValid() or not layer.crs().isValid():
            raise RasterError(tr("QGIS cannot read the plots from it"), where=str(path))
        layers.append(_with_dots(layer))
    return layers


def _delimited(path: Path, query: Mapping[str, str]) -> str:
    kind = {"type": "csv"} if path.suffix.lower() == ".csv" else {"delimiter": r"\t"}
    # safe: QGIS takes the CRS as it stands.
    words = urlencode({**kind, "detectTypes": "yes", **query}, quote_via=quote, safe=":\\")
    return f"file://{quote(str(path))}?{words}"


def _with_dots(layer: QgsVectorLayer) -> QgsVectorLayer:
    symbol = QgsMarkerSymbol.createSimple(
        {"name": "circle", "color": "255,255,255,220", "outline_color": "35,35,35", "size": "1.6"}
    )
    layer.setRenderer(QgsSingleSymbolRenderer(symbol))
    return layer
