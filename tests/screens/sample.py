"""A scene: the sample project from nothing to its first suitability map and a click; any project, it is closed."""

import os
import sys
import tempfile
import time
import traceback
from pathlib import Path

from qgis.core import QgsProject
from qgis.PyQt.QtCore import QTimer
from qgis.PyQt.QtWidgets import QApplication
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


def keep(widget, name):
    """Save a picture of a widget."""
    pause(0.5)
    widget.grab().save(str(SCREENS / f"{name}.png"))


def play():
    """The scene."""
    import processing

    from botaclip.botaclip_qgis.sample_project import load_sample, sample_view

    window = iface.mainWindow()
    window.resize(1500, 950)
    iface.messageBar().clearWidgets()
    QgsProject.instance().clear()
    canvas = iface.mapCanvas()
    folder = Path(tempfile.mkdtemp(prefix="botaclip-sample-")) / "BotaCLIP sample"
    began = time.monotonic()
    processing.run("botaclip:sample", {"OUTPUT": str(folder)})
    copied = time.monotonic()
    layers = load_sample(folder)
    loaded = time.monotonic()
    canvas.setReferencedExtent(sample_view(layers))
    canvas.refresh()
    pause(1)
    pause(10, lambda: not canvas.isDrawing())
    print(f"copied {copied - began:.2f} s, loaded {loaded - copied:.2f} s")
    keep(window, "sample_loaded")
    canvas.zoomByFactor(0.3)
    pause(1)
    pause(10, lambda: not canvas.isDrawing())
    keep(window, "sample_near")
    canvas.setReferencedExtent(sample_view(layers))

    output = str(folder / "suitability.tif")
    given = {"RASTER": layers[0], "MODEL": str(folder / "model.botaclip"), "OUTPUT": output}
    began = time.monotonic()
    processing.runAndLoadResults("botaclip:suitability", given)
    print(f"suitability {time.monotonic() - began:.2f} s")
    pause(2)
    keep(window, "sample_map")

    control = plugins["botaclip"].click
    control.dock.read_project()
    control.action.trigger()
    pause(1)
    pause(10, lambda: not canvas.isDrawing())
    control.tool.click(canvas.extent().center())
    pause(60, lambda: control.dock.table.rowCount() > 0)
    pause(3)
    print("click:", control.dock.status.text())
    keep(window, "sample_click")


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
