"""Where result layers go in the layer tree, and how they are found again."""

from __future__ import annotations

from qgis.core import QgsLayerTree, QgsMapLayer, QgsProject, QgsRasterLayer

from botaclip.botaclip_qgis.i18n import tr

# Set on every layer that the plugin's runs have loaded: the algorithm that made it.
PROPERTY = "botaclip/result"
# Algorithms whose maps have a band for each species.
OF_SPECIES = ("botaclip:suitability", "botaclip:threshold")


def add_result_layer(project: QgsProject, layer: QgsMapLayer, group: str = "", *, kind: str = "") -> None:
    """Add a layer on top of the group of results, which is made where it is missing.

    Parameters
    ----------
    project
        The project.
    layer
        Not yet in the project.
    group
        Of several layers of one run, a group of their own among the results.
    kind
        The algorithm that made it.
    """
    layer.setCustomProperty(PROPERTY, kind or "botaclip")
    project.addMapLayer(layer, False)
    title = tr("BotaCLIP results")
    root = project.layerTreeRoot()
    parent = root.findGroup(title) or root.insertGroup(0, title)
    if group:
        parent = parent.findGroup(group) or parent.insertGroup(0, group)
    node = parent.insertLayer(0, layer)
    node.setExpanded(False)


def result_layers(project: QgsProject) -> list[QgsRasterLayer]:
    """Return the project's raster layers that runs of the plugin have made, as they lie in the layer tree."""
    found = QgsLayerTree.findLayers(project.layerTreeRoot())
    layers = [node.layer() for node in found]
    return [one for one in layers if isinstance(one, QgsRasterLayer) and bool(one.customProperty(PROPERTY, ""))]


def species_of_bands(layer: QgsRasterLayer) -> dict[str, int]:
    """Return the bands of a map of species by the species' names; empty for other maps.

    What ``suitability`` and ``threshold`` have written: their bands are tagged with the species.
    """
    provider = layer.dataProvider()
    if provider is None or layer.customProperty(PROPERTY, "") not in OF_SPECIES:
        return {}
    names: dict[str, int] = {}
    for band in range(1, layer.bandCount() + 1):
        # "Band 12: Carex nigra" or, where the file has no description, "Band 12".
        _, found, name = provider.generateBandName(band).partition(": ")
        if found and name:
            names[name] = band
    return names
