"""A run as a task, on a context of its own thread, loads what it made: as dialogs, the panel and the click begin it."""

from __future__ import annotations

import sys
import time
from pathlib import Path

from in_qgis import APPLICATION, answer, provider

OWN = provider()
import fake_worker  # noqa: E402, F401 - puts the small jobs in place
from qgis.core import (  # noqa: E402
    QgsApplication,
    QgsProcessingAlgRunnerTask,
    QgsProcessingContext,
    QgsProcessingFeedback,
    QgsProcessingOutputLayerDefinition,
    QgsProject,
)

FOLDER = Path(sys.argv[2])
project = QgsProject.instance()
context, feedback = QgsProcessingContext(), QgsProcessingFeedback()
context.setProject(project)
algorithm = QgsApplication.processingRegistry().createAlgorithmById("botaclip:suitability")
(FOLDER / "m.botaclip").write_bytes(b"model")
inputs = {
    "RASTER": str(FOLDER / "image.tif"), "MODEL": str(FOLDER / "m.botaclip"),
    "OUTPUT": QgsProcessingOutputLayerDefinition("TEMPORARY_OUTPUT", project),
}  # fmt: skip
done: list = []
task = QgsProcessingAlgRunnerTask(algorithm, inputs, context, feedback)
task.executed.connect(lambda fine, results: done.append(fine))
QgsApplication.taskManager().addTask(task)
deadline = time.monotonic() + 60
while not done and time.monotonic() < deadline:
    APPLICATION.processEvents()
    time.sleep(0.01)
loads = context.layersToLoadOnCompletion()
answer({
    "fine": done, "log": feedback.textLog(),
    "loads": sorted([Path(path).name, details.name, details.groupName] for path, details in loads.items()),
})  # fmt: skip
