"""A scene: a photograph is loaded, the map is clicked with the bundled model, the screen is kept.

``BOTACLIP_RASTER`` names the photograph. What was seen is printed as one line of JSON behind ``SEEN``.
"""

import json
import os
import sys
import time
import traceback
from pathlib import Path

from qgis.core import Qgis, QgsProject, QgsRasterLayer
from qgis.PyQt.QtCore import QT_VERSION_STR, QEvent, QPoint, QPointF, Qt, QTimer
from qgis.PyQt.QtGui import QMouseEvent
from qgis.PyQt.QtWidgets import QApplication, QToolBar
from qgis.utils import iface, plugins

SCREENS = Path(os.environ["BOTACLIP_SCREENS"])


def pause(seconds, until=lambda: False):
    """Let QGIS work; return whether what was waited for happened."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        QApplication.processEvents()
        time.sleep(0.02)
        if until():
            return True
    return False


def click(canvas, point):
    """Press and release the left button on the canvas."""
    for kind in (QEvent.Type.MouseButtonPress, QEvent.Type.MouseButtonRelease):
        event = QMouseEvent(
            kind, QPointF(point), QPointF(canvas.viewport().mapToGlobal(point)), Qt.MouseButton.LeftButton,
            Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier,
        )  # fmt: skip
        QApplication.sendEvent(canvas.viewport(), event)


def play():
    """The scene."""
    window, canvas = iface.mainWindow(), iface.mapCanvas()
    window.resize(1500, 950)
    layer = QgsRasterLayer(os.environ["BOTACLIP_RASTER"], "Photograph")
    QgsProject.instance().addMapLayer(layer)
    canvas.setDestinationCrs(layer.crs())
    canvas.setExtent(layer.extent())
    iface.messageBar().clearWidgets()
    pause(4, lambda: not canvas.isDrawing())
    control = plugins["botaclip"].click
    control.action.trigger()
    control.dock.raster.set_value(layer.source())
    pause(1)
    click(canvas, QPoint(canvas.width() // 2, canvas.height() // 2))
    pause(90, lambda: control.dock.table.rowCount() > 0)
    pause(1)
    bars = [bar for bar in window.findChildren(QToolBar) if control.action in bar.actions() and bar.isVisible()]
    seen = {
        "qgis": Qgis.QGIS_VERSION, "qt": QT_VERSION_STR, "python": sys.version.split()[0],
        "species": control.dock.table.rowCount(), "status": control.dock.status.text(),
        "toolbars": [bar.objectName() for bar in bars], "dock": control.dock.isVisible(),
    }  # fmt: skip
    window.grab().save(str(SCREENS / "start.png"))
    control.close()
    print("SEEN", json.dumps(seen))


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
