"""Cancels real jobs in mid-run through the feedback, as the Cancel button of a dialog does."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

from in_qgis import APPLICATION, answer, provider
from qgis.core import (
    QgsApplication,
    QgsProcessingAlgRunnerTask,
    QgsProcessingContext,
    QgsProcessingFeedback,
    QgsProject,
)

OWN = provider()
# algorithm -> {"inputs": Processing parameters, "folder": where the outputs go, "at": per cent at which to cancel}
RUNS = json.loads(Path(sys.argv[2]).read_text(encoding="utf-8"))


def workers() -> list[int]:
    """Return the process numbers of this process's workers."""
    task = Path("/proc/self/task")
    children = " ".join((one / "children").read_text() for one in task.iterdir() if (one / "children").exists())
    return [int(pid) for pid in children.split()]


def alive(pid: int) -> bool:
    """Whether the process runs (a zombie does not)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def parts(folder: Path) -> list[str]:
    """Return the unfinished files."""
    return sorted(path.name for path in folder.iterdir() if ".part" in path.name)


def run(name: str, inputs: dict, folder: Path, at: float) -> dict:
    """Run in a task and cancel once it is so far and, for a map, its file begun."""
    feedback, context = QgsProcessingFeedback(False), QgsProcessingContext()
    context.setProject(QgsProject.instance())
    done: dict = {}
    task = QgsProcessingAlgRunnerTask(OWN.algorithm(name).create(), inputs, context, feedback)
    task.executed.connect(lambda ok, results: done.update(ok=ok, at=time.monotonic()))
    QgsApplication.taskManager().addTask(task)
    cancelled_at, pids, begun = 0.0, [], []
    deadline = time.monotonic() + 180
    while not done and time.monotonic() < deadline:
        APPLICATION.processEvents()
        time.sleep(0.01)
        if not cancelled_at and feedback.progress() >= at and (name == "train" or parts(folder)):
            pids, begun, cancelled_at = workers(), parts(folder), time.monotonic()
            feedback.cancel()
    return {
        "ok": done.get("ok"), "seconds": done.get("at", float("inf")) - cancelled_at, "workers": len(pids),
        "alive": [pid for pid in pids if alive(pid)], "begun": begun,
        "left": sorted(path.name for path in folder.iterdir()), "log": feedback.textLog(),
    }  # fmt: skip


answer({name: run(name, one["inputs"], Path(one["folder"]), one["at"]) for name, one in RUNS.items()})
