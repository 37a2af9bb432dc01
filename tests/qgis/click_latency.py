"""The whole road of a click in QGIS, timed: tool, thread, worker, dock filled and painted. For benchmarks only.

Arguments: the answer's file, ``warm`` or ``cold``, and a JSON file with ``raster``, ``crs`` and ``places``.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

from in_qgis import APPLICATION, answer, provider
from qgis.core import QgsCoordinateReferenceSystem, QgsPointXY
from stub_interface import Interface

OWN = provider()

from botaclip.botaclip_qgis.click_control import ClickControl  # noqa: E402

GIVEN = json.loads(Path(sys.argv[3]).read_text(encoding="utf-8"))
SECONDS = 60.0


def timed(control: ClickControl, x: float, y: float) -> float:
    """Click, and return the seconds until the list is filled and painted."""
    dock = control.dock
    dock.answer = None
    started = time.perf_counter()
    control.tool.click(QgsPointXY(x, y))
    while dock.answer is None:
        APPLICATION.processEvents()
        if time.perf_counter() - started > SECONDS:
            raise RuntimeError(dock.status.text())
        time.sleep(0.0005)
    dock.repaint()
    APPLICATION.processEvents()
    taken = time.perf_counter() - started
    assert dock.answer["place"]["x"] == x and dock.table.rowCount() > 0
    return taken


def opened() -> ClickControl:
    """A click with a worker of its own that has not begun, its dock shown."""
    interface = Interface()
    interface.canvas.setDestinationCrs(QgsCoordinateReferenceSystem(GIVEN["crs"]))
    control = ClickControl(interface)
    control.interface = interface  # kept alive
    interface.window.resize(1200, 800)
    interface.window.show()
    control.dock.show()
    control.dock.raster.set_value(GIVEN["raster"])
    APPLICATION.processEvents()
    return control


seconds = []
if sys.argv[2] == "cold":
    for x, y in GIVEN["places"]:
        control = opened()
        seconds.append(timed(control, x, y))
        control.close()
else:
    control = opened()
    for x, y in GIVEN["places"][:3]:
        timed(control, x, y)
    seconds = [timed(control, x, y) for x, y in GIVEN["places"]]
answer({"seconds": seconds})
