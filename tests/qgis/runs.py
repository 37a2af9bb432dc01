"""Runs algorithms in a Processing task, as the toolbox does; cancels some."""

from __future__ import annotations

import os
import sys
import threading
import time
from pathlib import Path

from in_qgis import APPLICATION, answer, provider
from qgis.core import (
    QgsApplication,
    QgsProcessingAlgRunnerTask,
    QgsProcessingContext,
    QgsProcessingFeedback,
    QgsProcessingOutputLayerDefinition,
    QgsProject,
    QgsVectorLayer,
)

OWN = provider()
import fake_worker  # noqa: E402, F401 - needs the provider's import path

FOLDER = Path(sys.argv[2])


class Recorder(QgsProcessingFeedback):
    """Keeps what is said."""

    def __init__(self) -> None:
        super().__init__(False)
        self.texts, self.bars = [], []
        self.progressChanged.connect(self.bars.append)

    def setProgressText(self, text: str) -> None:  # noqa: N802
        self.texts.append(text)


def alive(pid: int) -> bool:
    """Whether the process runs (a zombie does not)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().split(")")[1].split()[0] != "Z"
    except OSError:
        return False


def run(name: str, inputs: dict, *, cancel_when: Path | None = None) -> dict:
    """Run in a task; cancel once the file is there."""
    feedback, context = Recorder(), QgsProcessingContext()
    context.setProject(QgsProject.instance())
    done = {}
    task = QgsProcessingAlgRunnerTask(OWN.algorithm(name).create(), inputs, context, feedback)
    task.executed.connect(lambda ok, results: done.update(ok=ok, results=results, at=time.monotonic()))
    QgsApplication.taskManager().addTask(task)
    cancelled_at = slowest = 0.0
    deadline = last = time.monotonic()
    while not done and time.monotonic() < deadline + 40:
        APPLICATION.processEvents()
        time.sleep(0.01)
        now = time.monotonic()
        slowest, last = max(slowest, now - last), now
        if cancel_when is not None and not cancelled_at and cancel_when.exists():
            time.sleep(0.3)
            cancelled_at = last = time.monotonic()
            feedback.cancel()
    pid = int(cancel_when.read_text()) if cancel_when is not None else 0
    time.sleep(0.1)
    return {
        "ok": done.get("ok"),
        "results": done.get("results"),
        "seconds_to_cancel": done.get("at", float("inf")) - cancelled_at,
        "worker_alive": alive(pid) if pid else None,
        "left": sorted(path.name for path in FOLDER.iterdir() if ".part" in path.name or path.suffix == ".tif"),
        "log": feedback.textLog(),
        "texts": feedback.texts,
        "bars": feedback.bars,
        "slowest_gui": slowest,
        "main_thread": threading.current_thread() is threading.main_thread(),
    }


(FOLDER / "image.tif").touch()
(FOLDER / "image.tif").rename(FOLDER / "image.tiff")
raster = str(FOLDER / "image.tiff")
answers = {"pid": os.getpid()}
for kind in ("heedful", "deaf"):
    model = FOLDER / f"{kind}.botaclip"
    inputs = {"RASTER": raster, "MODEL": str(model), "OUTPUT": str(FOLDER / f"{kind}.tif")}
    answers[kind] = run("embed", inputs, cancel_when=model.with_suffix(".pid"))
answers["verify"] = run("verify", {"MODEL": str(FOLDER / "m.botaclip"), "MODLE": 3})
answers["broken"] = run("info", {"MODEL": str(FOLDER / "m.botaclip")})

# Imagery in two zones: the one destination becomes a folder of maps, loaded as a group.
sys.path.append(f"{QgsApplication.pkgDataPath()}/python/plugins")
from processing.gui.Postprocessing import handleAlgorithmResults  # noqa: E402

PROJECT = QgsProject.instance()
for name in ("m", "lost"):
    inputs = {
        "RASTER": raster, "MODEL": str(FOLDER / f"{name}.botaclip"),
        "OUTPUT": QgsProcessingOutputLayerDefinition(str(FOLDER / f"zones_{name}.tif"), PROJECT),
    }  # fmt: skip
    context, feedback = QgsProcessingContext(), QgsProcessingFeedback()
    context.setProject(PROJECT)
    algorithm = OWN.algorithm("suitability").create()
    results, ok = algorithm.run(inputs, context, feedback)
    answers[f"zones_{name}"] = {"ok": ok, "results": results, "log": feedback.textLog()}
    if ok:
        handleAlgorithmResults(algorithm, context, feedback, inputs)
        answers[f"zones_{name}"] |= {
            "groups": {
                group.name(): sorted(
                    [one.name(), one.layer().crs().authid(), one.layer().renderer().type()]
                    for one in group.findLayers()
                )
                for group in PROJECT.layerTreeRoot().findGroups()
            },
            "loaded": len(PROJECT.mapLayers()),
        }  # fmt: skip

(FOLDER / "releves.csv").write_text("plot_id,species\np1,Abies alba\n")
inputs = {
    "RASTER": raster, "RELEVES": str(FOLDER / "releves.csv"), "OUTPUT": str(FOLDER / "oaks.botaclip"),
    "PREDICTIONS": QgsProcessingOutputLayerDefinition(str(FOLDER / "plots.csv"), PROJECT),
}  # fmt: skip
context, feedback = QgsProcessingContext(), QgsProcessingFeedback()
context.setProject(PROJECT)
algorithm = OWN.algorithm("train").create()
results, ok = algorithm.run(inputs, context, feedback)
handleAlgorithmResults(algorithm, context, feedback, inputs)
answers["predictions"] = {
    "ok": ok, "results": results, "log": feedback.textLog(),
    "layers": [layer.name() for layer in PROJECT.mapLayers().values() if isinstance(layer, QgsVectorLayer)],
}  # fmt: skip
answer(answers)
