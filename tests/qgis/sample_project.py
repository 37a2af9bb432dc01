"""Copies the sample with the algorithm, loads it twice, identifies a plot, and describes the project."""

from __future__ import annotations

import sys
import time
from pathlib import Path

from in_qgis import answer, provider
from qgis.core import (
    QgsFeatureRequest,
    QgsMapRendererSequentialJob,
    QgsMapSettings,
    QgsProcessingContext,
    QgsProcessingFeedback,
    QgsProject,
    QgsVectorLayer,
)
from qgis.PyQt.QtCore import QSize, QStandardPaths

OWN = provider()
from botaclip.botaclip_qgis import sample_project  # noqa: E402 - needs the provider's import path
from botaclip.botaclip_qgis.click_dock import ClickDock  # noqa: E402

FOLDER = Path(sys.argv[2])
project = QgsProject.instance()

# Where a test may look: not the documents of the one who runs it.
QStandardPaths.setTestModeEnabled(True)
QStandardPaths.writableLocation = staticmethod(lambda _place: str(FOLDER / "documents"))
proposed = [sample_project.sample_folder()]
proposed[0].mkdir(parents=True)
(proposed[0] / "letter.txt").write_text("someone's own")
proposed.append(sample_project.sample_folder())

copy = OWN.algorithm("sample").create()
began = time.monotonic()
results, done = copy.run({"OUTPUT": str(proposed[1])}, QgsProcessingContext(), QgsProcessingFeedback())
copied = time.monotonic() - began
proposed.append(sample_project.sample_folder())

began = time.monotonic()
layers = sample_project.load_sample(proposed[1])
loaded = time.monotonic() - began
again = sample_project.load_sample(proposed[1])
image, plots, table = layers
view = sample_project.sample_view(layers)
relation = project.relationManager().relation(sample_project.RELATION)
first = next(plots.getFeatures(QgsFeatureRequest().setFilterExpression("\"plot_id\" = 'P0001'")), None)
first = first or next(plots.getFeatures())
species = sorted(row["species"] for row in relation.getRelatedFeatures(first))

settings = QgsMapSettings()
settings.setLayers([plots, image])
settings.setDestinationCrs(project.crs())
settings.setExtent(view)
settings.setOutputSize(QSize(600, 600))
drawing = QgsMapRendererSequentialJob(settings)
drawing.start()
drawing.waitForFinished()
drawing.renderedImage().save(str(FOLDER / "drawn.png"))

dock = ClickDock()
dock.read_project()
title, crs = project.title(), project.crs().authid()
default = project.viewSettings().defaultViewExtent()
tree = project.layerTreeRoot()
labels = plots.labeling().settings()
colours = image.renderer()
stretches = [
    colours.redContrastEnhancement(), colours.greenContrastEnhancement(), colours.blueContrastEnhancement(),
]  # fmt: skip
described = {
    "done": done, "summary": results["SUMMARY"], "output": results["OUTPUT"],
    "proposed": [str(one) for one in proposed],
    "seconds": [copied, loaded],
    "names": [layer.name() for layer in layers], "valid": [layer.isValid() for layer in layers],
    "again": [one.id() for one in again] == [one.id() for one in layers],
    "count": len(project.mapLayers()),
    "groups": [group.name() for group in tree.findGroups()],
    "order": [node.name() for node in tree.findLayers()],
    "size": [image.width(), image.height(), image.bandCount()], "renderer": image.renderer().type(),
    "plots": plots.featureCount(), "releves": table.featureCount(), "plot": first["plot_id"], "species": species,
    "labels": [plots.labelsEnabled(), labels.fieldName, labels.format().size(), labels.minimumScale],
    "stretch": [[one.minimumValue(), one.maximumValue()] for one in stretches],
    "title": title, "crs": crs, "view": [view.xMinimum(), view.yMinimum(), view.xMaximum(), view.yMaximum()],
    "default": default == view, "model": dock.model_path(), "raster": dock.raster.layer() is image,
}  # fmt: skip

# A project of one's own keeps its CRS and title.
project.clear()
own = QgsVectorLayer("Point?crs=EPSG:4326", "mine", "memory")
project.addMapLayer(own)
project.setCrs(own.crs())
project.setTitle("My project")
sample_project.load_sample(proposed[1])
order = [node.name() for node in project.layerTreeRoot().findLayers()]
described["own"] = [project.crs().authid(), project.title(), order]
answer(described)
