"""A scene: open the project, click the map, keep the screen; then the dialogs of two algorithms."""

import os
import sys
import time
import traceback
from pathlib import Path

from qgis.core import QgsProject
from qgis.PyQt.QtCore import QEvent, QPoint, QPointF, Qt, QTimer
from qgis.PyQt.QtGui import QMouseEvent
from qgis.PyQt.QtWidgets import QApplication, QComboBox
from qgis.utils import iface, plugins

SCREENS = Path(os.environ["BOTACLIP_SCREENS"])
DARK = "_dark" if os.environ.get("BOTACLIP_THEME") else ""


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
    """Save a picture of a widget."""
    pause(0.5)
    widget.grab().save(str(SCREENS / f"{name}.png"))


def click(canvas, point):
    """Press and release the left button on the canvas."""
    for kind in (QEvent.Type.MouseButtonPress, QEvent.Type.MouseButtonRelease):
        event = QMouseEvent(
            kind, QPointF(point), QPointF(canvas.viewport().mapToGlobal(point)), Qt.MouseButton.LeftButton,
            Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier,
        )  # fmt: skip
        QApplication.sendEvent(canvas.viewport(), event)


def side_by_side(control, canvas, centre):
    """Keep the place, click another, add it to the layer, and map places like it."""
    window, dock = iface.mainWindow(), control.dock
    before = dock.sizeHint().height(), dock.minimumSizeHint().height()
    dock.keep_button.click()
    click(canvas, centre - QPoint(120, 60))
    pause(20, lambda: "Looking" not in dock.status.text())
    dock.about.setCollapsed(False)
    pause(0.5)
    print("two places:", dock.status.text(), "least size", dock.widget().minimumSizeHint(), before)
    dock.add_button.click()
    print(dock.status.text())
    keep(window, f"click_two{DARK}")
    keep(dock, f"dock_two{DARK}")
    dock.like_button.menu().popup(dock.like_button.mapToGlobal(QPoint(0, 30)))
    pause(0.5)
    QApplication.primaryScreen().grabWindow(0).save(str(SCREENS / f"click_like{DARK}.png"))
    dock.like_button.menu().hide()
    dock.about.setCollapsed(True)
    dock.keep_button.click()
    if not DARK:
        dock.like_button.click()
        print(dock.status.text())
        pause(100, lambda: "being mapped" not in dock.status.text())
        print(dock.status.text(), [one.name() for one in QgsProject.instance().mapLayers().values()])
        keep(window, "click_like_map")


def play():
    """The scene."""
    window = iface.mainWindow()
    window.resize(1500, 950)
    control = plugins["botaclip"].click
    if os.environ.get("BOTACLIP_FAKE"):
        sys.path.insert(0, str(Path(os.environ["BOTACLIP_SCENES"]).parent / "qgis"))
        import fake_worker

        control.service._new_worker = fake_worker.new_worker
    canvas = iface.mapCanvas()
    iface.messageBar().clearWidgets()
    canvas.zoomToFullExtent()
    pause(4, lambda: not canvas.isDrawing())
    print("project", QgsProject.instance().fileName(), "crs", canvas.mapSettings().destinationCrs().authid())
    print("model", control.dock.model_path(), "raster", control.dock.raster.value())
    control.action.trigger()
    pause(1)
    centre = QPoint(int(canvas.width() * 0.55), int(canvas.height() * 0.5))
    click(canvas, centre)
    print("waiting:", control.dock.status.text())
    began = time.monotonic()
    answered = pause(60, lambda: control.dock.table.rowCount() > 0 or "Looking" not in control.dock.status.text())
    print("answered", answered, f"{time.monotonic() - began:.2f} s:", control.dock.status.text())
    began = time.monotonic()
    click(canvas, centre + QPoint(40, 25))
    pause(20, lambda: "Looking" not in control.dock.status.text())
    print(f"warm click {time.monotonic() - began:.2f} s:", control.dock.status.text())
    control.dock.copy()
    print(QApplication.clipboard().text())
    keep(window, f"click{DARK}")
    keep(control.dock, f"dock{DARK}")
    side_by_side(control, canvas, centre)
    if DARK:
        plugins["botaclip"].unload()
        return

    import processing

    for name in ("train", "suitability"):
        dialog = processing.createAlgorithmDialog(f"botaclip:{name}", {})
        dialog.resize(1000, 900)
        dialog.show()
        pause(1)
        keep(dialog, f"dialog_{name}")
        print(name, dialog.createProcessingParameters())
        combos = [one for one in dialog.findChildren(QComboBox) if one.objectName() == "botaclip_x_field"]
        print("columns to choose from:", [[one.itemText(i) for i in range(one.count())] for one in combos])
        dialog.close()
    plugins["botaclip"].unload()
    print("thread alive after unload:", control.service._thread.is_alive() if control.service._thread else None)


def run():
    """Play, then end QGIS whatever happened."""
    code = 0
    try:
        play()
    except BaseException:
        traceback.print_exc()
        code = 1
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


QTimer.singleShot(3000, run)
