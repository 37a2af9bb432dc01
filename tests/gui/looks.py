"""The sample and every page of the panel, for a look: another language, theme or screen."""

import os
import sys

sys.path.insert(0, os.environ["BOTACLIP_SCENES"])
from acting import act, answer, drawn, keep, named, panel, pause, press, wait_for
from qgis.core import QgsApplication, QgsProject, QgsSettings
from qgis.PyQt.QtWidgets import QLabel, QPushButton
from qgis.utils import iface


def play():
    """The scene."""
    name = os.environ["BOTACLIP_LOOK"]
    window = panel()
    window.show_set_up(needed=False, packages="train")
    keep(f"{name}_set_up")
    QgsSettings().setValue("botaclip/python", os.environ["BOTACLIP_REAL_PYTHON"])
    window.show_step(0)
    press("botaclip_sample")
    wait_for("sample", lambda: len(QgsProject.instance().mapLayers()) == 3)
    named("botaclip_columns_box").setCollapsed(False)
    drawn()
    keep(f"{name}_data")
    press("botaclip_step_2")
    press("botaclip_way_train")
    keep(f"{name}_model")
    press("botaclip_way_file")
    press("botaclip_step_3")
    named("botaclip_species_box").setCollapsed(False)
    keep(f"{name}_run")
    press("botaclip_run")
    wait_for("map", lambda: window.task is None)
    drawn()
    pause(0.5)
    keep(f"{name}_results")
    background = window.palette().color(window.backgroundRole())
    answer["texts"] = sorted({one.text() for kind in (QLabel, QPushButton) for one in window.findChildren(kind)})
    answer["title"] = QgsApplication.processingRegistry().algorithmById("botaclip:suitability").displayName()
    answer["lightness"] = background.lightness()
    answer["ratio"] = iface.mainWindow().devicePixelRatioF()
    answer["wide"] = window.width()
    answer["cut"] = [
        (page.objectName() or type(page).__name__, page.minimumSizeHint().width(), window.stack.width())
        for page in (window.data, window.model, window.run, window.results)
        if page.minimumSizeHint().width() > window.stack.width()
    ]


act(play)
