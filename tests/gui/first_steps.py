"""From an empty profile: set up, sample, map, click, export, train, and away with all of it."""

import os
import sys

sys.path.insert(0, os.environ["BOTACLIP_SCENES"])
from acting import FOLDER, act, answer, clicks, drawn, keep, layers, named, panel, pause, press, press_canvas, wait_for
from qgis.core import QgsApplication, QgsProject, QgsSettings
from qgis.PyQt.QtWidgets import QMessageBox
from qgis.utils import iface, plugins


def play():
    """The scene."""
    QMessageBox.question = lambda *_: QMessageBox.StandardButton.Yes
    window = panel()
    answer["first"] = {
        "visible": window.isVisible(), "page": window.stack.currentIndex(), "steps": window.bar.isVisible(),
        "size": window.first_run.size.text(),
    }  # fmt: skip
    keep("1_first_run")
    named("botaclip_source_box").setCollapsed(False)
    named("botaclip_index_url").setText(os.environ["BOTACLIP_INDEX"])
    press("botaclip_set_up")
    keep("2_setting_up")
    wait_for("set up", lambda: window.bar.isVisible())
    keep("3_set_up")
    answer["set_up"] = {"page": window.stack.currentIndex(), "folders": os.listdir(FOLDER / "environments")}
    # What was set up holds packages in name only: the real ones are named in the options, as a user may.
    from botaclip.botaclip_qgis.options_page import OptionsPage

    page = OptionsPage()
    page.python.setFilePath(os.environ["BOTACLIP_REAL_PYTHON"])
    keep("4_options", page)
    page.apply()
    answer["python"] = QgsSettings().value("botaclip/python", "", str)

    clicks.clear()
    press("botaclip_sample")
    wait_for("sample", lambda: len(QgsProject.instance().mapLayers()) == 3 and "sample lies" in window.status.text())
    drawn()
    keep("5_sample")
    answer["sample"] = {
        "layers": layers(), "found": window.data.values(), "bands": window.data.bands.roles(),
        "model": window.model.about.text(),
    }  # fmt: skip
    press("botaclip_step_3")
    press("botaclip_run")
    answer["running"] = window.cancel_button.isVisible()
    wait_for("map", lambda: window.task is None, 300)
    drawn()
    keep("6_map")
    layer = window.results.layer()
    answer["map"] = {
        "clicks": list(clicks), "page": window.stack.currentIndex(), "source": layer.source(), "name": layer.name(),
        "bands": layer.bandCount(), "status": window.status.text(), "species": window.results.species.count(),
        "styled": layer.renderer().type(),
    }  # fmt: skip

    press("botaclip_open_click")
    dock = plugins["botaclip"].click.dock
    wait_for("dock", dock.isVisible)
    press_canvas(0.5, 0.5)
    wait_for("answer", lambda: dock.table.rowCount() > 0, 90)
    keep("7_click")
    answer["click"] = {"rows": dock.table.rowCount(), "status": dock.status.text()}
    dock.save(str(FOLDER / "list.csv"))
    answer["click"]["csv"] = (FOLDER / "list.csv").read_text(encoding="utf-8")
    dock.copy()
    answer["click"]["copied"] = QgsApplication.clipboard().text()

    window.setUserVisible(True)
    press("botaclip_step_4")
    named("botaclip_threshold_box").setCollapsed(False)
    pause(0.5)
    press("botaclip_threshold")
    wait_for("threshold", lambda: window.task is None)
    drawn()
    keep("8_threshold")
    answer["threshold"] = {"layers": layers(), "source": window.results.layer().source()}

    press("botaclip_step_2")
    press("botaclip_way_train")
    form = window.model.options
    form.set_values({"ALIGNMENT": "none", "FOLDS": 3, "MIN_PRESENCES": 120, "DEVICE": "cpu"})
    answer["proposed"] = window.model.output.values()
    press("botaclip_preview")
    wait_for("preview", lambda: window.task is None, 300)
    drawn()
    keep("9_preview")
    answer["preview"] = {"words": window.model.found.text(), "layers": layers()}
    press("botaclip_train")
    wait_for("training", lambda: window.task is None, 400)
    keep("10_trained")
    answer["trained"] = {
        "page": window.stack.currentIndex(), "model": window.model.model(), "status": window.status.text(),
        "report": window.results._report, "species": window.run.species.count.text(),
    }  # fmt: skip

    press("botaclip_set_up_page")
    press("botaclip_remove")
    wait_for("removal", lambda: window.first_run.task is None)
    keep("11_removed")
    answer["removed"] = {"there": os.path.exists(FOLDER / "environments"), "words": window.first_run.status.text()}
    iface.messageBar().clearWidgets()


act(play)
