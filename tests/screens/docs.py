"""A scene: the pictures of the help pages. The sample project, the four steps of the panel, a map, a click, a dialog.

``scripts/screenshots.py`` plays it; variable ``BOTACLIP_FOLDER`` is an empty folder to work in.
"""

import os
import sys
import time
import traceback
from pathlib import Path

from qgis.core import QgsProject
from qgis.PyQt.QtCore import QEvent, QPoint, QPointF, Qt, QTimer
from qgis.PyQt.QtGui import QMouseEvent
from qgis.PyQt.QtWidgets import QApplication, QDockWidget
from qgis.utils import iface, plugins

SCREENS = Path(os.environ["BOTACLIP_SCREENS"])
FOLDER = Path(os.environ["BOTACLIP_FOLDER"])
SPECIES = "Nardosa alpicola"


def pause(seconds, until=lambda: False):
    """Let QGIS work; return whether what was waited for happened."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        QApplication.processEvents()
        time.sleep(0.02)
        if until():
            return True
    return False


def keep(widget, name):
    """Save a picture of a widget, when the map is drawn."""
    iface.messageBar().clearWidgets()
    pause(0.5)
    pause(20, lambda: not iface.mapCanvas().isDrawing())
    pause(0.5)
    widget.grab().save(str(SCREENS / f"{name}.png"))
    print("kept", name)


def ended(panel, seconds):
    """Wait for what the panel runs."""
    pause(1)
    assert pause(seconds, lambda: panel.task is None and not panel._waiting), "it runs on"
    pause(1)
    print("said:", panel.status.text())


def click(canvas, point):
    """Press and release the left button on the canvas."""
    for kind in (QEvent.Type.MouseButtonPress, QEvent.Type.MouseButtonRelease):
        event = QMouseEvent(
            kind, QPointF(point), QPointF(canvas.viewport().mapToGlobal(point)), Qt.MouseButton.LeftButton,
            Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier,
        )  # fmt: skip
        QApplication.sendEvent(canvas.viewport(), event)


def zoom_to_image(canvas):
    """Show the whole image, with as little around it as can be."""
    image = next(layer for layer in QgsProject.instance().mapLayers().values() if layer.type().name == "Raster")
    canvas.setExtent(canvas.mapSettings().layerExtentToOutputExtent(image, image.extent()))
    canvas.refresh()


def play():
    """The scene."""
    window = iface.mainWindow()
    window.resize(1180, 720)
    for dock in window.findChildren(QDockWidget):
        # The browser and whatever else QGIS opens by itself.
        if dock.isVisible() and dock.objectName() not in ("Layers", "botaclip_panel"):
            dock.hide()
    control = plugins["botaclip"].panel
    panel, canvas = control.panel, iface.mapCanvas()
    panel.setUserVisible(True)
    window.resizeDocks([panel, window.findChild(QDockWidget, "Layers")], [400, 190], Qt.Orientation.Horizontal)
    pause(2)

    control.load_sample()
    assert pause(60, lambda: QgsProject.instance().count() >= 2), "the sample was not loaded"
    pause(2)
    zoom_to_image(canvas)
    keep(window, "sample")

    panel.show_step(0)
    panel.data.check_button.click()
    ended(panel, 120)
    zoom_to_image(canvas)
    keep(window, "panel-data")
    for layer in list(QgsProject.instance().mapLayers().values()):
        if "usable" in layer.name() or "Blocks" in layer.name():
            QgsProject.instance().removeMapLayer(layer.id())
    panel.show_step(1)
    keep(panel, "panel-model")
    panel.show_step(2)
    panel.run.maps["aoa"].setChecked(True)
    keep(panel, "panel-run")
    panel.run.run_button.click()
    ended(panel, 120)
    panel.show_step(3)
    for row in range(panel.results.layers.count()):
        if "uitability" in panel.results.layers.item(row).text():
            panel.results.layers.setCurrentRow(row)
    index = panel.results.species.findText(SPECIES)
    panel.results.species.setCurrentIndex(index)
    panel.results._on_species(index)
    for node in QgsProject.instance().layerTreeRoot().findLayers():
        if "pplicab" in node.name() or "plots" in node.name():
            node.setItemVisibilityChecked(False)
    zoom_to_image(canvas)
    keep(window, "suitability")

    for node in QgsProject.instance().layerTreeRoot().findLayers():
        if "uitability" in node.name():
            node.setItemVisibilityChecked(False)
    panel.setUserVisible(False)
    map_click = plugins["botaclip"].click
    map_click.action.trigger()
    pause(1)
    window.resizeDocks([map_click.dock], [440], Qt.Orientation.Horizontal)
    pause(1)
    zoom_to_image(canvas)
    pause(2)
    click(canvas, QPoint(int(canvas.width() * 0.6), int(canvas.height() * 0.45)))
    assert pause(60, lambda: map_click.dock.table.rowCount() > 0), map_click.dock.status.text()
    keep(window, "click")

    import processing

    dialog = processing.createAlgorithmDialog("botaclip:train", {})
    dialog.resize(1000, 760)
    dialog.show()
    keep(dialog, "train")
    dialog.close()


def run():
    """Play, then end QGIS whatever happened."""
    code = 0
    try:
        play()
    except BaseException:
        traceback.print_exc()
        iface.mainWindow().grab().save(str(SCREENS / "failed.png"))
        code = 1
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


QTimer.singleShot(3000, run)
