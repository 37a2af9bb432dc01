"""Writes a QGIS project that shows the demo's layers, styled, with the map click ready to use."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from qgis.core import (
    Qgis,
    QgsBookmark,
    QgsCoordinateReferenceSystem,
    QgsCoordinateTransform,
    QgsLayerTreeGroup,
    QgsMapLayer,
    QgsProject,
    QgsRasterLayer,
    QgsRectangle,
    QgsReferencedRectangle,
    QgsRelation,
    QgsVectorLayer,
)

from botaclip.botaclip_qgis import demo_layers
from botaclip.botaclip_qgis.i18n import tr
from botaclip.botaclip_qgis.project_entries import PROJECT_MODEL, PROJECT_RASTER, PROJECT_SCOPE
from botaclip.core.data_folder import FILE, read_data_folder
from botaclip.core.errors import OutputError

# What more there are of, nobody goes through one by one.
_MOST_BOOKMARKS = 300
_WORLD = "EPSG:3857"


def write_demo_project(folder: Path, landscape: Path) -> Path:
    """Write ``demo.qgz`` into ``folder`` and return its path; paths in it are relative.

    Parameters
    ----------
    folder
        Has ``model.botaclip``, ``embedding.tif`` and ``suitability.tif`` (or folders of these names, where the image
        lies in several places), and perhaps ``predictions.gpkg``.
    landscape
        The folder of data: what ``demo-data`` wrote, or one of real data; its ``botaclip.json`` says how it is read.

    Raises
    ------
    RasterError
        A layer cannot be opened.
    OptionError
        ``botaclip.json`` is not what it should be.
    OutputError
        The project cannot be written.
    """
    options = read_data_folder(landscape) if (landscape / FILE).is_file() else {}
    synthetic = (landscape / "landscape.json").is_file() or landscape == folder / "landscape"
    project = QgsProject.instance()
    project.clear()
    path = folder / "demo.qgz"
    project.setFileName(str(path))
    project.setFilePathStorage(Qgis.FilePathType.Relative)
    project.setTitle(tr("BotaCLIP demo landscape (synthetic)") if synthetic else f"BotaCLIP: {landscape.name}")

    suitability, species = demo_layers.suitability_layers(folder)
    embedding = demo_layers.embedding_layers(folder)
    image = Path(options["raster"]) if options else landscape / "tiles"
    images = demo_layers.image_layers(image, folder, each_tile=synthetic)
    crs = _common_crs([*suitability, *images])
    project.setCrs(crs)

    predictions = demo_layers.prediction_layer(folder / "predictions.gpkg", species)
    if predictions is not None:
        _add(project, "", [predictions], shown=not synthetic)
    plots = demo_layers.plot_layers(options, (images or suitability)[0].crs())
    _add(project, tr("Plots"), plots, shown=True)
    add_releves(project, project.layerTreeRoot(), options, plots)
    _add(project, tr("Suitability: {species}").format(species=species), suitability, shown=True)
    _add(project, tr("Embedding"), embedding, shown=False)
    title = tr("Aerial photograph (synthetic)") if synthetic else tr("Image")
    if images:
        _add(project, title, images, shown=True, always_group=True)
        project.writeEntry(PROJECT_SCOPE, PROJECT_RASTER, project.writePath(str(image)))
    project.writeEntry(PROJECT_SCOPE, PROJECT_MODEL, project.writePath(str(folder / "model.botaclip")))
    _, scenes = demo_layers.map_files(folder, "suitability")
    project.viewSettings().setDefaultViewExtent(QgsReferencedRectangle(_view(suitability, scenes, crs, project), crs))
    if len(scenes) > 1:
        _add_bookmarks(project, scenes)
    if not project.write():
        raise OutputError(
            tr("the project cannot be written ({reason})").format(reason=project.error()), where=str(path)
        )
    return path


def _common_crs(layers: Sequence[QgsMapLayer]) -> QgsCoordinateReferenceSystem:
    """Return the CRS that all layers have, else one that keeps shapes everywhere."""
    first = layers[0].crs()
    return first if all(layer.crs() == first for layer in layers) else QgsCoordinateReferenceSystem(_WORLD)


def _add(
    project: QgsProject, title: str, layers: Sequence[QgsMapLayer], *, shown: bool, always_group: bool = False
) -> None:
    """Add layers, several of them as a group."""
    parent = project.layerTreeRoot()
    if layers and (len(layers) > 1 or always_group):
        group: QgsLayerTreeGroup = parent.addGroup(title)
        group.setExpanded(False)
        group.setItemVisibilityChecked(shown)
        parent = group
    for layer in layers:
        project.addMapLayer(layer, False)
        node = parent.addLayer(layer)
        node.setExpanded(False)
        if parent is project.layerTreeRoot() or len(layers) == 1:
            node.setItemVisibilityChecked(shown)


def _view(
    maps: Sequence[QgsRasterLayer],
    scenes: Sequence[Path],
    crs: QgsCoordinateReferenceSystem,
    project: QgsProject,
) -> QgsRectangle:
    """Return where the project opens: the whole map; of many far apart the first, which is otherwise a speck."""
    layer = maps[0] if len(scenes) == 1 else demo_layers.raster(scenes[0], scenes[0].stem)
    box = QgsCoordinateTransform(layer.crs(), crs, project.transformContext()).transformBoundingBox(layer.extent())
    if len(scenes) > 1:
        box.scale(1.5)
    return box


def _add_bookmarks(project: QgsProject, scenes: Sequence[Path]) -> None:
    """Add a bookmark for every scene, so that crops far apart are found."""
    for path in scenes[:_MOST_BOOKMARKS]:
        layer = QgsRasterLayer(str(path), path.stem)
        bookmark = QgsBookmark()
        bookmark.setId(path.stem)
        bookmark.setName(path.stem)
        bookmark.setGroup(layer.crs().authid())
        box = layer.extent()
        box.scale(1.2)
        bookmark.setExtent(QgsReferencedRectangle(box, layer.crs()))
        project.bookmarkManager().addBookmark(bookmark)


def add_releves(
    project: QgsProject,
    parent: QgsLayerTreeGroup,
    options: Mapping[str, str],
    plots: Sequence[QgsMapLayer],
    *,
    relation_id: str = "botaclip_releves",
) -> QgsVectorLayer | None:
    """Add the table of species and relate it to the plots, so that identifying a plot lists its species.

    Parameters
    ----------
    project
        Holds the plots already.
    parent
        Group that the table comes under.
    options
        As ``botaclip.json`` has them, file names absolute.
    plots
        Layers of the plots; each gets a relation.
    relation_id
        Identifier of the first relation; further ones are numbered.

    Returns
    -------
    QgsVectorLayer or None
        The table; None where there is none, or no plots.
    """
    source = options.get("releves", "")
    table = QgsVectorLayer(source, tr("Relevés"), "ogr")
    if not plots or not Path(source.partition("|")[0]).is_file() or not table.isValid():
        return None
    project.addMapLayer(table, False)
    parent.addLayer(table)
    field = options.get("plot-field", "plot_id")
    for number, layer in enumerate(plots, start=1):
        relation = QgsRelation()
        relation.setId(relation_id if number == 1 else f"{relation_id}_{number}")
        relation.setName(tr("Species of the relevé"))
        relation.setReferencedLayer(layer.id())
        relation.setReferencingLayer(table.id())
        relation.addFieldPair(field, field)
        project.relationManager().addRelation(relation)
    return table
