"""Layers deleted, project closed, worker killed, Python gone, QGIS ended: while something runs."""

import os
import signal
import sys
from pathlib import Path

sys.path.insert(0, os.environ["BOTACLIP_SCENES"])
from acting import act, answer, drawn, keep, panel, pause, press, wait_for, workers
from qgis.core import QgsProject, QgsSettings
from qgis.PyQt.QtWidgets import QMessageBox

DOCUMENTS = Path(os.environ["HOME"]) / "Documents"


def load():
    """Load the sample into an empty project."""
    QgsProject.instance().clear()
    QgsProject.instance().setDirty(False)
    press("botaclip_step_1")
    press("botaclip_sample")
    wait_for("sample", lambda: len(QgsProject.instance().mapLayers()) == 3)
    drawn()


def begin_training():
    """Begin a training that takes minutes; return its worker."""
    press("botaclip_step_2")
    press("botaclip_way_train")
    press("botaclip_train")
    wait_for("worker", lambda: bool(workers()), 60)
    wait_for("relevés", lambda: any("plots with an image patch" in line for line in panel().task.lines), 120)
    return workers()[0]


def left():
    """Return the unfinished files among the documents."""
    return sorted(path.name for path in DOCUMENTS.rglob("*.part"))


def play():
    """The scene."""
    QMessageBox.question = lambda *_: QMessageBox.StandardButton.Yes
    QgsSettings().setValue("botaclip/python", os.environ["BOTACLIP_REAL_PYTHON"])
    window = panel()
    window.look_for_environment()
    load()
    worker = begin_training()
    QgsProject.instance().removeAllMapLayers()
    pause(2)
    answer["layers_deleted"] = {"running": window.task is not None, "missing": window.data.missing()}
    window.setUserVisible(False)
    os.kill(worker, signal.SIGKILL)
    wait_for("the end of the killed worker", lambda: window.task is None, 30)
    window.setUserVisible(True)
    answer["killed"] = {"status": window.status.text(), "left": left(), "workers": workers()}
    keep("keeps_killed")

    load()
    begin_training()
    QgsProject.instance().clear()
    pause(1)
    answer["project_closed"] = {"running": window.task is not None}
    press("botaclip_cancel")
    wait_for("the cancel", lambda: window.task is None, 15)
    answer["cancelled"] = {"status": window.status.text(), "left": left(), "workers": workers()}

    load()
    # What fails while it is prepared ends as well.
    press("botaclip_step_3")
    window.run.options.set_value("environment", "/nope/dem.tif")
    press("botaclip_run")
    wait_for("the end of what cannot be prepared", lambda: window.task is None, 20)
    answer["unprepared"] = {"status": window.status.text(), "again": window.run.run_button.isEnabled()}
    window.run.options.set_value("environment", None)
    load()
    answer["second_sample"] = {
        "releves": window.data.releves.currentLayer() is not None, "plots": window.data.plots.currentLayer() is not None
    }
    QgsProject.instance().clear()
    project = QgsProject.instance()
    entries = project.entryList("botaclip", "/panel") + project.entryList("botaclip", "/click")
    answer["new_project"] = {"way": window.model.way(), "entries": entries}
    load()
    QgsSettings().setValue("botaclip/python", "/no such/python")
    press("botaclip_step_3")
    press("botaclip_run")
    wait_for("the refusal", lambda: window.task is None, 60)
    answer["no_python"] = window.status.text()
    QgsSettings().setValue("botaclip/python", os.environ["BOTACLIP_REAL_PYTHON"])
    press("botaclip_run")
    wait_for("the next run", lambda: window.task is None, 120)
    answer["next"] = {"status": window.status.text(), "layers": len(QgsProject.instance().mapLayers())}
    # A map that is made while the project goes is told of, and loaded nowhere.
    press("botaclip_step_3")
    press("botaclip_run")
    task = window.task
    QgsProject.instance().clear()
    wait_for("the run without its project", lambda: window.task is None, 120)
    answer["project_gone"] = {"layers": len(QgsProject.instance().mapLayers()), "said": task.lines[-1]}

    load()
    answer["worker"] = begin_training()
    QgsProject.instance().setDirty(False)
    answer["quit"] = True


act(play)
