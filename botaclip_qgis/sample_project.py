"""Loads the sample project, which the command ``sample`` has copied, into the project that is open."""

from __future__ import annotations

from pathlib import Path

from qgis.core import (
    Qgis,
    QgsApplication,
    QgsMapLayer,
    QgsPalLayerSettings,
    QgsProject,
    QgsReferencedRectangle,
    QgsTextBufferSettings,
    QgsTextFormat,
    QgsVectorLayer,
    QgsVectorLayerSimpleLabeling,
)
from qgis.PyQt.QtCore import QStandardPaths
from qgis.PyQt.QtGui import QColor

from botaclip.botaclip_qgis import demo_layers
from botaclip.botaclip_qgis.demo_project import add_releves
from botaclip.botaclip_qgis.i18n import tr
from botaclip.botaclip_qgis.project_entries import PROJECT_MODEL, PROJECT_RASTER, PROJECT_SCOPE, model_entry
from botaclip.core.data_folder import read_data_folder
from botaclip.core.sample import MODEL, is_sample

RELATION = "botaclip_sample_releves"
# On each layer: the folder it came from, so that a second click does not load it twice.
_PROPERTY = "botaclip/sample"
# Plots are named from here on; two hundred names on the whole sample are a thicket.
_LABELS_FROM_SCALE = 6_000
_MOST_NUMBERED = 1000


def sample_folder() -> Path:
    """Return where the sample is proposed to go: a folder of the user's documents, numbered where one is in the way.

    A folder that holds the sample as it came is taken again.
    """
    documents = QStandardPaths.writableLocation(QStandardPaths.StandardLocation.DocumentsLocation)
    home = Path(documents or QgsApplication.qgisSettingsDirPath())
    # A folder's name, the same in every language: a second QGIS in another one finds it again.
    first = home / "BotaCLIP sample"
    numbered = [first, *(first.with_name(f"{first.name} {number}") for number in range(2, _MOST_NUMBERED))]
    return next((one for one in numbered if not one.exists() or is_sample(one)), numbered[-1])


def load_sample(folder: Path) -> list[QgsMapLayer]:
    """Add the sample's layers to the open project, and let map clicks and dialogs begin with its image and model.

    A project without layers also takes the sample's CRS, title and first view. Loaded before, the layers are returned
    as they are.

    Parameters
    ----------
    folder
        What the command ``sample`` wrote.

    Returns
    -------
    list of QgsMapLayer
        Image, plots, table of relevés; where to look: :func:`sample_view`.

    Raises
    ------
    OptionError
        The folder is not what it should be.
    RasterError
        QGIS cannot open the image or the plots.
    """
    project = QgsProject.instance()
    options = read_data_folder(folder)
    layers = _loaded_before(project, folder)
    if not layers:
        empty = not project.mapLayers()
        # All are opened before any is added: a folder that is not whole leaves the project as it was.
        image, *_ = demo_layers.image_layers(Path(options["raster"]), folder, each_tile=False, natural=True)
        image.setName(tr("Aerial photograph (invented)"))
        plots, *_ = demo_layers.plot_layers(options, image.crs())
        plots.setName(tr("Relevé plots (invented)"))
        _label(plots, options["plot-field"])
        group = project.layerTreeRoot().insertGroup(0, tr("BotaCLIP sample (nothing in it is real)"))
        for layer in (plots, image):
            project.addMapLayer(layer, False)
            group.addLayer(layer).setExpanded(False)
        layers = [image, plots]
        table = add_releves(project, group, options, [plots], relation_id=RELATION)
        if table is not None:
            layers.append(table)
        for layer in layers:
            layer.setCustomProperty(_PROPERTY, str(folder))
        if empty:
            project.setCrs(image.crs())
            project.setTitle(tr("BotaCLIP sample project"))
            project.viewSettings().setDefaultViewExtent(sample_view(layers))
    project.writeEntry(PROJECT_SCOPE, PROJECT_MODEL, model_entry(str(folder / MODEL)))
    project.writeEntry(PROJECT_SCOPE, PROJECT_RASTER, layers[0].id())
    return layers


def sample_view(layers: list[QgsMapLayer]) -> QgsReferencedRectangle:
    """Return what the map canvas is to show (``setReferencedExtent``): the whole image and a little around it."""
    box = layers[0].extent()
    box.scale(1.04)
    return QgsReferencedRectangle(box, layers[0].crs())


def _loaded_before(project: QgsProject, folder: Path) -> list[QgsMapLayer]:
    """Return image, plots and table where all of them are in the project already."""
    found = [layer for layer in project.mapLayers().values() if layer.customProperty(_PROPERTY) == str(folder)]
    # The order of load_sample: the image, what has a place, the table.
    order = sorted(found, key=lambda layer: (isinstance(layer, QgsVectorLayer), not layer.isSpatial()))
    return order if len(order) == 3 and all(layer.isValid() for layer in order) else []


def _label(plots: QgsVectorLayer, field: str) -> None:
    """Show the plots' names, small, where the map is near enough."""
    words = QgsTextFormat()
    words.setSize(7)
    words.setSizeUnit(Qgis.RenderUnit.Points)
    words.setColor(QColor("#202a30"))
    halo = QgsTextBufferSettings()
    halo.setEnabled(True)
    halo.setSize(0.6)
    halo.setColor(QColor("#ffffff"))
    words.setBuffer(halo)
    settings = QgsPalLayerSettings()
    settings.fieldName = field
    settings.setFormat(words)
    settings.scaleVisibility = True
    settings.minimumScale = _LABELS_FROM_SCALE
    plots.setLabeling(QgsVectorLayerSimpleLabeling(settings))
    plots.setLabelsEnabled(True)
