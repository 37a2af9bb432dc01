"""Clicks with the worker of small jobs: quick ones after another, a dead worker, and what the dock makes of them."""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path

from in_qgis import APPLICATION, answer, provider
from qgis.core import QgsCoordinateReferenceSystem, QgsPointXY, QgsProject, QgsRasterLayer
from qgis.gui import QgsMapCanvas

OWN = provider()
import fake_worker  # noqa: E402 - needs the provider's import path

from botaclip.botaclip_qgis.click_dock import ClickDock  # noqa: E402
from botaclip.botaclip_qgis.click_service import ClickService  # noqa: E402
from botaclip.botaclip_qgis.click_table import SUITABILITY, THRESHOLD  # noqa: E402
from botaclip.botaclip_qgis.click_tool import ClickTool  # noqa: E402

FOLDER = Path(sys.argv[2])


def until(condition, seconds: float = 20.0) -> bool:
    """Let Qt work until the condition holds."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        APPLICATION.processEvents()
        if condition():
            return True
        time.sleep(0.005)
    return False


def place(x: float) -> dict:
    """A request."""
    return {"raster": "r", "model": "m", "x": x, "y": 1.0, "crs": "EPSG:2154", "species": None}


answers: dict = {}
service = ClickService(fake_worker.new_worker)
got, failed, waiting = [], [], []
service.answered.connect(got.append)
service.failed.connect(failed.append)
service.waiting.connect(waiting.append)

began = time.monotonic()
numbers = [service.ask(place(float(x))) for x in range(5)]
answers["asking_took"] = time.monotonic() - began
until(lambda: got)
until(lambda: False, 1.0)  # whatever else may come
answers["burst"] = {"numbers": numbers, "answers": list(got), "dropped": service.dropped, "waiting": list(waiting)}

got.clear()
service.ask(place(10.0))
until(lambda: False, 0.15)  # with the worker
service.ask(place(11.0))
until(lambda: got)
until(lambda: False, 0.7)
answers["overtaken"] = [one["patch"]["x"] for one in got]
pid = got[-1]["pid"]

got.clear()
service.ask(place(12.0))
until(lambda: False, 0.1)
service.forget()
until(lambda: False, 0.8)
answers["forgotten"] = len(got)

os.kill(pid, signal.SIGKILL)
until(lambda: False, 0.2)
service.ask(place(20.0))
until(lambda: got or failed)
answers["revived"] = {"x": got[-1]["patch"]["x"], "new": got[-1]["pid"] != pid, "failed": list(failed)}

got.clear()
service.ask(place(-1.0))
until(lambda: failed)
answers["dies"] = {"failed": list(failed), "answers": len(got)}
service.ask(place(21.0))
until(lambda: got)
answers["after"] = got[-1]["patch"]["x"]
last = got[-1]["pid"]

began = time.monotonic()
service.ask(place(22.0))
until(lambda: False, 0.1)
service.close()
answers["closing"] = {"seconds": time.monotonic() - began, "thread": service._thread.is_alive()}
try:
    os.kill(last, 0)
    answers["closing"]["process"] = Path(f"/proc/{last}/stat").read_text().split(")")[1].split()[0] != "Z"
except OSError:
    answers["closing"]["process"] = False

# The dock.
dock = ClickDock()
answers["no_model"] = dock.status.text()
project = QgsProject.instance()
project.setFileName(str(FOLDER / "p.qgz"))
dock.model_file.setFilePath(str(FOLDER / "m.botaclip"))
answers["no_raster"] = dock.status.text()
dock.raster.set_value(str(FOLDER / "tiles"))
answers["ready"] = dock.status.text()
answers["stored"] = [project.readEntry("botaclip", f"/click/{one}", "")[0] for one in ("model", "raster")]
dock.show_answer(got[-1])
answers["shown"] = dock.status.text()
answers["details"] = dock.details.text().splitlines()
answers["legend"] = [dock.legend.isHidden(), dock.legend.text()]
table = dock.table
answers["rows"] = [
    [table.data(table.index(row, column)) for column in table.shown_columns()] for row in range(table.rowCount())
]
answers["spoken"] = table.sentence(table.species(0))
dock.copy()
answers["copied"] = APPLICATION.clipboard().text()
dock.show_answer({**got[-1], "relative": True})
answers["relative"] = {
    "text": dock.details.text(), "head": table.headings[SUITABILITY], "cell": table.data(table.index(0, SUITABILITY)),
}  # fmt: skip
dock.show_answer({**got[-1], "species": [{"name": "a", "suitability": 0.5, "threshold": None, "above": None}]})
answers["no_threshold"] = {
    "cell": table.data(table.index(0, THRESHOLD)), "copied": table.as_tsv(), "legend": dock.legend.text(),
    "status": dock.status.text(), "spoken": table.sentence(table.species(0)),
}  # fmt: skip
dock.show_answer({**got[-1], "species": [
    {"name": "a", "suitability": 0.9, "threshold": 0.5, "above": True, "calibrated": True},
    {"name": "b", "suitability": 0.5, "threshold": 0.6, "above": False, "calibrated": False},
    {"name": "c", "suitability": 0.4, "threshold": None, "above": None},
]})  # fmt: skip
dock.resize(420, 500)
if len(sys.argv) > 3:
    dock.grab().save(sys.argv[3])
answers["rough"] = {
    "cells": [table.data(table.index(row, SUITABILITY)) for row in range(3)], "legend": dock.legend.text(),
    "status": dock.status.text(), "spoken": table.sentence(table.species(1)), "copied": table.as_tsv(),
}  # fmt: skip
dock.show_answer({
    **got[-1], "domain": {"dissimilarity": 0.9, "threshold": 0.3, "inside": False, "density": 0}, "list_share": 0.9,
    "similar": [
        {"id": "P<b>7", "cosine": 0.91, "x": 3.5, "y": 46.25, "crs": "EPSG:4326", "index": 6},
        {"id": "", "cosine": 0.5, "index": 1}, {"id": "P3", "cosine": 0.4, "x": "evil", "y": [], "crs": "EPSG:4326"},
    ],
    "species": [
        {"name": "a", "suitability": 0.9, "threshold": 0.5, "above": True, "listed": True},
        {"name": "b", "suitability": 0.3, "threshold": 0.6, "above": False, "listed": True},
        {"name": "c", "suitability": 0.1, "threshold": 0.2, "above": False, "listed": False},
    ],
})  # fmt: skip
answers["trust"] = {"domain": [dock.domain.isHidden(), dock.domain.text()], "details": dock.details.text().splitlines()}
wanted: list = []
dock.plot_wanted.connect(lambda *place: wanted.append(place))
for link in ("0", "2"):
    dock.similar.linkActivated.emit(link)
answers["similar"] = {"text": dock.similar.text(), "hidden": dock.similar.isHidden(), "wanted": wanted}
dock.save(str(FOLDER / "list é.csv"))
(FOLDER / "no folder").write_text("a file")
dock.save(str(FOLDER / "no folder" / "list.csv"))
answers["saved"] = {
    "text": (FOLDER / "list é.csv").read_text(encoding="utf-8"), "status": dock.status.text(),
    "left": [one.name for one in FOLDER.iterdir() if one.name.endswith(".part")],
}  # fmt: skip
dock.show_answer({
    **got[-1], "domain": {"dissimilarity": 0.1, "threshold": 0.3, "inside": True, "density": 4}, "similar": []
})  # fmt: skip
answers["inside"] = [dock.domain.isHidden(), dock.domain.text()]
dock.find.setText("no such")
answers["found"] = dock.view.model().rowCount()
dock.find.setText("")
dock.resize(360, 300)
dock.show_answer(got[-1])
dock.grab()  # paints the bars
dock.show_answer({"status": "outside", "message": "This place lies outside the raster."})
answers["outside"] = [dock.status.text(), table.rowCount(), dock.copy_button.isEnabled(), dock.details.isHidden()]
unnamed = [
    one.objectName()
    for one in (
        dock.model_file.lineEdit(), dock.tool_button, dock.find, dock.copy_button, dock.status, dock.details, dock.view,
        dock.save_button, dock.similar, dock.card_button, dock.domain, dock.legend, dock.keep_button, dock.add_button,
        dock.like_button, dock.about, dock.picture.picture,
    )  # fmt: skip
    if not one.accessibleName()
]
answers["unnamed"] = unnamed

other = ClickDock()
other.read_project()
answers["taken_up"] = [other.model_path(), other.raster.value()]
layer = QgsRasterLayer(str(FOLDER / "image.tif"), "image")
project.addMapLayer(layer)
other.raster.set_value(layer)
stored = project.readEntry("botaclip", "/click/raster", "")[0]
answers["layer"] = [other.raster.value() == layer.id(), stored == layer.id()]

# The tool.
canvas = QgsMapCanvas()
canvas.setDestinationCrs(QgsCoordinateReferenceSystem("EPSG:3857"))
tool = ClickTool(canvas)
clicked = []
tool.place_clicked.connect(lambda point, crs: clicked.append([point.x(), point.y(), crs.authid()]))
tool.click(QgsPointXY(5.0, 6.0))
answers["clicked"] = clicked
answer(answers)
