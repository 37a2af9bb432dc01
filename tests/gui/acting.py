"""What scenes act with: a mouse, a keyboard, patience and a camera. Runs inside QGIS."""

import json
import os
import time
import traceback
from pathlib import Path

from qgis.core import QgsProject
from qgis.PyQt.QtCore import QPoint, Qt, QTimer
from qgis.PyQt.QtTest import QTest
from qgis.PyQt.QtWidgets import QApplication, QWidget
from qgis.utils import iface, plugins

SCREENS = Path(os.environ["BOTACLIP_SCREENS"])
FOLDER = Path(os.environ["BOTACLIP_ANSWER"]).parent
clicks = []
answer = {}


def panel():
    """Return the plugin's panel."""
    return plugins["botaclip"].panel.panel


def pause(seconds, until=lambda: False):
    """Let QGIS work; return whether what was waited for happened."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        QApplication.processEvents()
        time.sleep(0.02)
        if until():
            return True
    return bool(until())


def wait_for(what, until, seconds=120):
    """Let QGIS work until something holds; fail with what it was, and with what the panel says."""
    assert pause(seconds, until), f"{what}: {panel().status.text()} {panel().first_run.status.text()}"


def named(name, parent=None):
    """Return the widget of an object name."""
    found = (parent or iface.mainWindow()).findChild(QWidget, name)
    assert found is not None, f"there is no widget {name}"
    return found


def press(widget):
    """Click a widget's middle with the left button, as a user would; it has to be visible and enabled."""
    if isinstance(widget, str):
        widget = named(widget)
    assert widget.isVisible() and widget.isEnabled(), f"{widget.objectName()} cannot be clicked"
    clicks.append(widget.objectName())
    # A radio button or a tick box takes clicks on its mark and text only.
    at = QPoint(12, widget.height() // 2) if widget.width() > 60 else widget.rect().center()
    QTest.mouseClick(widget, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, at)
    pause(0.3)


def press_canvas(x_share, y_share):
    """Click the map at a share of its width and height."""
    canvas = iface.mapCanvas()
    at = QPoint(round(canvas.viewport().width() * x_share), round(canvas.viewport().height() * y_share))
    clicks.append("canvas")
    QTest.mouseClick(canvas.viewport(), Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, at)
    pause(0.2)


def drawn():
    """Wait until the map is drawn."""
    pause(0.3)
    pause(20, lambda: not iface.mapCanvas().isDrawing())


def keep(name, widget=None):
    """Keep a picture of the window."""
    pause(0.4)
    (widget or iface.mainWindow()).grab().save(str(SCREENS / f"{name}.png"))


def workers():
    """Return the process numbers of this plugin's workers."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                words = (entry / "cmdline").read_bytes().split(b"\0")
            except OSError:
                continue
            if any(word.endswith(b"worker_boot.py") and str(FOLDER).encode() in word for word in words):
                found.append(int(entry.name))
    return found


def layers():
    """Return the names of the project's layers."""
    return sorted(layer.name() for layer in QgsProject.instance().mapLayers().values())


def act(play):
    """Play a scene once QGIS is up, write what it answered, and end QGIS."""

    def go():
        try:
            iface.mainWindow().resize(1500, 950)
            iface.messageBar().clearWidgets()
            play()
        except BaseException:
            answer["error"] = traceback.format_exc()
            keep("failed")
        Path(os.environ["BOTACLIP_ANSWER"]).write_text(json.dumps(answer, default=str), encoding="utf-8")
        if answer.get("quit"):
            # As a user does, while something runs.
            QTimer.singleShot(60_000, lambda: os._exit(3))
            iface.actionExit().trigger()
        else:
            os._exit(0)

    QTimer.singleShot(1500, go)
