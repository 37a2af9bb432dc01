"""Opens a project and describes it."""

from __future__ import annotations

import sys

from in_qgis import answer, provider
from qgis.core import QgsProject

OWN = provider()
from botaclip.botaclip_qgis.click_dock import ClickDock  # noqa: E402 - needs the provider's import path

project = QgsProject.instance()
assert project.read(sys.argv[2])
dock = ClickDock()
dock.read_project()
answer(
    {
        "layers": {
            layer.name(): {"valid": layer.isValid(), "crs": layer.crs().authid(), "source": layer.source()}
            for layer in project.mapLayers().values()
        },
        "groups": [group.name() for group in project.layerTreeRoot().findGroups()],
        "crs": project.crs().authid(),
        "model": dock.model_path(),
        "raster": dock.raster.value(),
        "title": project.title(),
        "counts": {
            layer.name(): layer.featureCount() for layer in project.mapLayers().values()
            if hasattr(layer, "featureCount")
        },
        "bookmarks": [bookmark.name() for bookmark in project.bookmarkManager().bookmarks()],
        "plots": [layer.featureCount() for layer in project.mapLayersByName("Plots")],
        "relations": list(project.relationManager().relations()),
    }
)
