"""Two places side by side, the layer of clicks, places like this, the patch's picture, marks on the canvas, keys."""

from __future__ import annotations

import base64
import datetime
import sys
import time
from pathlib import Path

from in_qgis import APPLICATION, answer, provider
from qgis.core import QgsCoordinateReferenceSystem, QgsPointXY, QgsProject
from qgis.PyQt.QtCore import QBuffer, QByteArray, QEvent, QIODevice, QItemSelectionModel, Qt, QUrl
from qgis.PyQt.QtGui import QColor, QImage, QKeyEvent, QTextDocument
from qgis.PyQt.QtWidgets import QToolButton
from stub_interface import Interface

OWN = provider()
import fake_worker  # noqa: E402 - needs the provider's import path

from botaclip.botaclip_qgis import algorithm_task, click_control  # noqa: E402
from botaclip.botaclip_qgis.click_control import ClickControl  # noqa: E402
from botaclip.botaclip_qgis.click_layer import PROPERTY, clicks_layer  # noqa: E402
from botaclip.botaclip_qgis.click_marks import HERE, KEPT  # noqa: E402
from botaclip.botaclip_qgis.click_table import NAME, RANK, SUITABILITY, THRESHOLD  # noqa: E402
from botaclip.botaclip_qgis.click_view import SpeciesView  # noqa: E402

FOLDER = Path(sys.argv[2])
NOW = datetime.datetime(2026, 5, 4, 3, 2, 1)
click_control.new_worker = fake_worker.new_worker


def until(condition, seconds: float = 20.0) -> bool:
    """Let Qt work until the condition holds."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        APPLICATION.processEvents()
        if condition():
            return True
        time.sleep(0.005)
    return False


def picture() -> str:
    """A red and half transparent picture of 4 pixels a side."""
    image = QImage(4, 4, QImage.Format.Format_ARGB32)
    image.fill(QColor(255, 0, 0))
    for row in range(4):
        image.setPixelColor(0, row, QColor(0, 0, 0, 0))
    store = QByteArray()
    buffer = QBuffer(store)
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    image.save(buffer, "PNG")
    return base64.b64encode(bytes(store)).decode()


def said(x: float, values: dict, **changes: object) -> dict:
    """What the worker answers: ``values`` names suitability, threshold and plots nearby of each species."""
    place = {"x": x, "y": 6_600_000.0, "crs": "EPSG:2154"}
    species = [
        {"name": name, "suitability": value, "threshold": limit, "above": None if limit is None else value >= limit,
         "observed": None if plots is None else {"plots": plots, "names": [f"p{i}" for i in range(min(plots, 5))]}}
        for name, (value, limit, plots) in values.items()
    ]  # fmt: skip
    return {
        "status": "ok", "message": "", "source": "model", "species": species, "relative": False, "place": place,
        "patch": {**place, "size_m": 100.0, "offset_m": 1.0, "side": 100.0}, "plot_m2": 400.0, "domain": None,
        "similar": [{"id": "P&7", "cosine": 0.9, "index": 6}, {"id": "", "cosine": 0.5, "index": 1}],
        "observed": {"near_m": 1000.0, "rounded_m": 10_000.0, "within_m": 15_142.0, "plots": 7},
        "image": {"png": picture(), "side_px": 4, "bands": ["nir", "red", "green"], "stretch": [[0, 1]] * 3}, **changes,
    }  # fmt: skip


def rows(table) -> list:
    """What the list shows."""
    return [[table.data(table.index(row, one)) for one in table.shown_columns()] for row in range(table.rowCount())]


def colours(control) -> list:
    """Colours of the marks on the canvas: of the place clicked and of the kept one."""
    return [
        None if marks is None else marks.outline.strokeColor().name()
        for marks in (control.marks._here, control.marks._kept)
    ]


answers: dict = {"colours": [HERE.name(), KEPT.name()]}
project = QgsProject.instance()
project.setCrs(QgsCoordinateReferenceSystem("EPSG:2154"))
interface = Interface()
control = ClickControl(interface)
dock, table = control.dock, control.dock.table
dock.model_file.setFilePath(str(FOLDER / "m.botaclip"))
dock.raster.set_value(str(FOLDER / "tiles"))

# A click by the tool, with the fake worker: it asks for a picture, and outlines the patch.
control.tool.click(QgsPointXY(700_000.0, 6_600_000.0))
answers["waiting"] = [dock.status.text(), dock.view.isEnabled()]
until(lambda: table.rowCount())
answers["asked"] = dock.answer["given"]
answers["answered"] = [dock.status.text(), dock.view.isEnabled(), dock.picture.isHidden()]
box = control.marks.outlines()[0].boundingBox()
answers["outline"] = [box.xMinimum(), box.yMinimum(), box.xMaximum(), box.yMaximum()]
interface.canvas.setDestinationCrs(QgsCoordinateReferenceSystem("EPSG:4326"))
moved = control.marks.outlines()[0].boundingBox()
answers["outline_degrees"] = [moved.center().x(), moved.center().y(), moved.width(), moved.height()]
spot = control.marks.markers()[0]
answers["marker_degrees"] = [spot.x(), spot.y()]
interface.canvas.setDestinationCrs(QgsCoordinateReferenceSystem("EPSG:2154"))

# One place: what was observed nearby.
first = said(700_000.0, {"Abies alba": (0.8, 0.5, 7), "Betula": (0.4, 0.5, 0), "Carex": (0.3, 0.1, 1)})
dock.show_answer(first)
control.marks.show_patch(first["patch"])
answers["one"] = {
    "rows": rows(table), "spoken": [table.sentence(table.species(row)) for row in range(3)],
    "legend": dock.legend.text(), "details": dock.details.text().splitlines(), "tsv": table.as_tsv(),
}  # fmt: skip
shown = dock.picture.picture.pixmap().toImage()
answers["picture"] = {
    "caption": dock.picture.caption.text(), "hidden": dock.picture.isHidden(), "tip": dock.picture.toolTip()[:200],
    "pixel": shown.pixelColor(3, 3).name(), "clear": shown.pixelColor(0, 0).name() != "#ff0000",
    "spoken": dock.picture.picture.accessibleDescription(),
}  # fmt: skip
exact = said(700_000.0, {"Abies alba": (0.8, 0.5, 7)},
             observed={"near_m": 1000.0, "rounded_m": 0.0, "within_m": 1000.0, "plots": 7})  # fmt: skip
none = said(700_000.0, {"Abies alba": (0.8, 0.5, 0)},
            observed={"near_m": 1000.0, "rounded_m": 10_000.0, "within_m": 1000.0, "plots": 0})  # fmt: skip
answers["nearby"] = []
for one in (exact, none):
    dock.show_answer(one)
    answers["nearby"].append([dock.legend.text().rpartition("threshold")[2], dock.details.text().splitlines()[-1]])
dock.show_answer(first)

# Two places.
dock.keep_button.click()
answers["kept"] = {"status": dock.status.text(), "rows": rows(table), "colours": colours(control)}
second = said(700_500.0, {"Betula": (0.65, 0.5, 2), "Abies alba": (0.2, 0.5, 0), "Dactylis": (0.1, 0.5, 0)})
control.marks.show_place(QgsPointXY(700_500.0, 6_600_000.0), QgsCoordinateReferenceSystem("EPSG:2154"))
control._on_answered(second)
dock.copy()
dock.save(str(FOLDER / "two.csv"))
answers["two"] = {
    "status": dock.status.text(), "rows": rows(table), "copied": APPLICATION.clipboard().text(),
    "saved": (FOLDER / "two.csv").read_text(encoding="utf-8"), "colours": colours(control),
    "headings": [table.headings[one] for one in table.shown_columns()],
    "hidden": [dock.view.isColumnHidden(one) for one in range(table.columnCount())],
    "spoken": table.sentence(table.species(0)), "markers": [point.x() for point in control.marks.markers()],
}  # fmt: skip
dock.show_answer({"status": "outside", "message": "Outside."})
dock.show_answer({**first, "status": "nodata", "message": "No data.", "species": []})
answers["nodata"] = [dock.status.text(), dock.picture.isHidden(), table.rowCount()]
page = QTextDocument()
page.setHtml(dock.picture.toolTip())
image = page.resource(QTextDocument.ResourceType.ImageResource, QUrl(f"data:image/png;base64,{first['image']['png']}"))
answers["tip_image"] = [image.width(), image.height()]
answers["outside"] = [dock.keep_button.isEnabled(), dock.keep_button.isChecked(), dock.copy_button.isEnabled()]
control._on_answered(second)
dock.keep_button.click()
answers["released"] = {"rows": rows(table), "colours": colours(control), "status": dock.status.text()}
# Kept and given up without another click: the place is marked as before.
dock.keep_button.click()
dock.keep_button.click()
answers["kept_and_released"] = [colours(control), dock.kept is None]
# What cannot be compared is not: another model, other values.
dock.keep_button.click()
dock.show_answer({**second, "relative": True})
answers["other_kind"] = [dock.kept is None, table.headings[3]]
dock.show_answer(second)
dock.keep_button.click()
dock.raster.set_value(str(FOLDER / "other tiles"))
answers["other_image"] = dock.kept is not None
dock.model_file.setFilePath(str(FOLDER / "n.botaclip"))
answers["other_model"] = [dock.kept is None, dock.keep_button.isChecked(), colours(control)]

# The layer of clicks.
dock.show_answer(first)
dock.add_to_layer(NOW)
layer = clicks_layer(project)
answers["layer"] = {
    "name": layer.name(), "crs": layer.crs().authid(), "status": dock.status.text(), "provider": layer.providerType()
}
project.setCrs(QgsCoordinateReferenceSystem("EPSG:4326"))
long = {f"Species number {i:03}": (0.9 - i / 1000, 0.1, None) for i in range(100)}
dock.show_answer(said(700_500.0, long, domain={"dissimilarity": 0.9, "threshold": 0.3, "inside": False, "density": 0}))
dock.add_to_layer(NOW)
dock.show_answer(said(700_600.0, {"Abies alba": (0.8, None, None)}, source="map", model="other.botaclip"))
layer.startEditing()
dock.add_to_layer(NOW)
answers["editing"] = [layer.isModified(), layer.featureCount()]
layer.commitChanges()
answers["features"] = [
    [None if one is None or (hasattr(one, "isNull") and one.isNull()) else one for one in feature.attributes()]
    for feature in layer.getFeatures()
]
answers["points"] = [[feature.geometry().asPoint().x(), feature.geometry().asPoint().y()]
                     for feature in layer.getFeatures()]  # fmt: skip
answers["layers"] = len(project.mapLayers())
project.removeMapLayer(layer.id())
dock.show_answer(first)
dock.add_button.click()
anew = clicks_layer(project)
answers["anew"] = [anew.featureCount(), anew.crs().authid(), bool(anew.customProperty(PROPERTY))]

# Places like this.
wanted: list = []
control.dock.places_like_wanted.disconnect(control.find_places)
dock.places_like_wanted.connect(wanted.append)
dock.show_answer(first)
menu = dock.like_button
menu.menu().aboutToShow.emit()
answers["menu"] = {
    "plots": [one.text() for one in menu.like_plot.actions()], "species": menu.like_species.isEnabled(),
    "button": menu.isEnabled(),
}  # fmt: skip
menu.click()
menu.like_plot.actions()[0].trigger()
model = dock.view.model()
for row in (0, 2):
    dock.view.selectionModel().select(
        model.index(row, 1), QItemSelectionModel.SelectionFlag.Select | QItemSelectionModel.SelectionFlag.Rows
    )
menu.menu().aboutToShow.emit()
answers["menu"]["named"] = menu.like_species.text()
menu.like_species.trigger()
answers["wanted"] = wanted
dock.show_answer({**first, "source": "map"})
answers["like_of_a_map"] = menu.isEnabled()

begun: list = []


def start(algorithm_id: str, parameters: dict, *, title: str, on_finished) -> None:
    """In place of a task: begin nothing, and end twice."""
    begun.extend([[algorithm_id, parameters, title], dock.status.text()])
    for fine in (False, True):
        on_finished(fine, {})
        begun.append(dock.status.text())


algorithm_task.AlgorithmTask.start = start
control.find_places({**wanted[1], "PLOT": "P7"})
answers["begun"] = begun

# A map without model, and keys.
dock.show_answer({**first, "source": "map", "map": "s.tif", "model": "m.botaclip", "image": None, "observed": None})
answers["map"] = dock.details.text().splitlines() + [dock.picture.isHidden()]
dock.show_answer({"status": "no model", "message": "English of the worker"})
answers["no_model"] = dock.status.text()
dock.show_answer(first)
APPLICATION.clipboard().clear()
dock.view.setFocus()
for kind in (QEvent.Type.KeyPress, QEvent.Type.KeyRelease):
    APPLICATION.sendEvent(dock.view, QKeyEvent(kind, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier, "c"))
answers["key_copied"] = APPLICATION.clipboard().text() == table.as_tsv() != ""
order = (dock.tool_button, dock.find, *dock.place_actions.findChildren(QToolButton), dock.view, dock.card_button)
answers["focus"] = [bool(one.focusPolicy().value & 1 if hasattr(one.focusPolicy(), "value") else one.focusPolicy() & 1)
                    for one in order]  # fmt: skip
dock.show()
dock.show_answer(first)
APPLICATION.processEvents()
answers["collapsed"] = [dock.about.isCollapsed(), dock.details.isVisible(), dock.similar.isVisible()]
answers["columns_by_width"] = []
view = SpeciesView(table)
view.show()
for width in (300, 380, 600):
    view.resize(width, 200)
    APPLICATION.processEvents()
    answers["columns_by_width"].append([view.isColumnHidden(one) for one in (RANK, NAME, SUITABILITY, THRESHOLD)])
text = dock.status.text()
dock.say("Added")
shown = dock.status.text()
dock._passing.timeout.emit()
answers["passing"] = [shown, dock.status.text() == text]
least = dock.widget().minimumSizeHint().expandedTo(dock.widget().minimumSize())
answers["least"] = [least.width(), least.height()]

control.close()
answers["left"] = [len(interface.added), len(interface.canvas.scene().items())]
answer(answers)
