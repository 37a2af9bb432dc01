"""A scene: the list of encoders in the dialog of Train, and the log of a file taken in, refused first."""

import os
import sys
import time
import traceback
from pathlib import Path

import processing
from qgis.PyQt.QtCore import QTimer
from qgis.PyQt.QtWidgets import QApplication, QComboBox, QTabWidget
from qgis.utils import iface

SCREENS = Path(os.environ["BOTACLIP_SCREENS"])
SECONDS_AT_MOST = 90
OPENED = []  # kept alive: once, for a reason not found, a part of a later dialog was gone when it ran


def pause(seconds, until=lambda: False):
    """Let QGIS work; return whether what was waited for happened."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        QApplication.processEvents()
        time.sleep(0.02)
        if until():
            return True
    return False


def keep(name, widget=None):
    """Save a picture of a widget, else of the whole screen with whatever is open on it."""
    pause(0.5)
    picture = widget.grab() if widget is not None else QApplication.primaryScreen().grabWindow(0)
    picture.save(str(SCREENS / f"{name}.png"))


def opened(name, inputs, size=(1000, 900)):
    """Open a dialog as the toolbox does."""
    dialog = processing.createAlgorithmDialog(f"botaclip:{name}", inputs)
    OPENED.append(dialog)
    dialog.resize(*size)
    dialog.move(20, 10)
    dialog.show()
    pause(1)
    return dialog


def encoder_of(dialog):
    """The combo box of ENCODER."""
    return next(one for one in dialog.findChildren(QComboBox) if one.objectName() == "botaclip_encoder")


def log_of(name, inputs):
    """Run, and keep the log's page."""
    dialog = opened(name, inputs)
    done = []
    dialog.algorithmFinished.connect(lambda *_: done.append(True))
    dialog.runButton().click()
    print(name, inputs, "ended:", pause(SECONDS_AT_MOST, lambda: bool(done)))
    keep(f"encoders_{inputs['ACTION']}{'_accepted' if inputs.get('ACCEPT_LICENCE') else ''}", dialog)
    dialog.close()


def play():
    """The scene."""
    iface.mainWindow().resize(1500, 950)
    dialog = opened("train", {})
    combo = encoder_of(dialog)
    for area in dialog.findChildren(QTabWidget):
        area.setCurrentIndex(0)
    combo.window().activateWindow()
    parent = combo.parentWidget()
    while parent is not None and not hasattr(parent, "ensureWidgetVisible"):
        parent = parent.parentWidget()
    if parent is not None:
        parent.ensureWidgetVisible(combo)
    combo.showPopup()
    keep("encoders_train")
    combo.hidePopup()
    dialog.close()
    dialog = opened("encoders", {})
    keep("encoders_dialog", dialog)
    encoder_of(dialog).showPopup()
    keep("encoders_names")
    encoder_of(dialog).hidePopup()
    dialog.close()
    file = os.environ.get("BOTACLIP_CHECKPOINT", "")
    name = "dinov3-vits16"
    if file:
        given = {"ACTION": "import", "ENCODER": name, "FILE": file}
        log_of("encoders", given)
        log_of("encoders", {**given, "ACCEPT_LICENCE": True})
    log_of("encoders", {"ACTION": "list"})
    log_of("encoders", {"ACTION": "show", "ENCODER": name})


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


def say_what_waits():
    """Show a box that nobody answers, and close it."""
    box = QApplication.activeModalWidget()
    if box is not None:
        print("waits:", type(box).__name__, box.windowTitle(), getattr(box, "text", str)(), flush=True)
        keep("encoders_waits")
        box.close()


WATCH = QTimer()
WATCH.timeout.connect(say_what_waits)
WATCH.start(10_000)
QTimer.singleShot(3000, run)
