"""Runs algorithms over several rasters and loads what they made, as the toolbox does; tells of groups and pages."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from in_qgis import answer, provider
from qgis.core import (
    QgsApplication,
    QgsProcessingContext,
    QgsProcessingException,
    QgsProcessingFeedback,
    QgsProject,
    QgsRasterLayer,
)

OWN = provider()
sys.path.append(f"{QgsApplication.pkgDataPath()}/python/plugins")
from processing.gui.Postprocessing import handleAlgorithmResults  # noqa: E402 - needs the path to it

PROJECT = QgsProject.instance()


def run(inputs: dict) -> dict:
    """Run ``suitability`` and load the results."""
    PROJECT.clear()
    feedback, context = QgsProcessingFeedback(False), QgsProcessingContext()
    context.setProject(PROJECT)
    layers = [QgsRasterLayer(path, f"layer {i}") for i, path in enumerate(inputs.pop("LAYERS", []))]
    PROJECT.addMapLayers(layers, False)
    if layers:
        inputs["RASTER"] = [layers[0], *(layer.id() for layer in layers[1:])]
    algorithm = OWN.algorithm("suitability").create()
    try:
        output = inputs["OUTPUT"]
        details = QgsProcessingContext.LayerDetails("out", PROJECT, "OUTPUT")
        context.addLayerToLoadOnCompletion(output, details)
        ok, words = algorithm.checkParameterValues(inputs, context)
        if not ok:
            return {"ok": False, "log": words}
        results, ok = algorithm.run(inputs, context, feedback, catchExceptions=False)
    except QgsProcessingException as error:
        return {"ok": False, "error": str(error), "log": feedback.textLog()}
    handleAlgorithmResults(algorithm, context, feedback)
    groups = {
        group.name(): {
            node.name(): [node.layer().metadata().title(), node.layer().metadata().abstract()]
            for node in group.findLayers()
        }
        for group in PROJECT.layerTreeRoot().findGroups()
    }
    return {"ok": ok, "results": results, "groups": groups, "log": feedback.textLog()}


answer([run(inputs) for inputs in json.loads(Path(sys.argv[2]).read_text(encoding="utf-8"))])
