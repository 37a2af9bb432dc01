"""A first click with the bundled model in a fresh profile: the dock names it, the worker answers, a card is shown."""

from __future__ import annotations

import sys
import time

from in_qgis import APPLICATION, answer, provider
from qgis.core import QgsProject

OWN = provider()

from botaclip.botaclip_qgis.click_dock import ClickDock  # noqa: E402
from botaclip.botaclip_qgis.click_service import ClickService  # noqa: E402
from botaclip.botaclip_qgis.environment import new_worker  # noqa: E402
from botaclip.botaclip_qgis.model_card import CardDialog  # noqa: E402

RASTER, X, Y, CRS = sys.argv[2], float(sys.argv[3]), float(sys.argv[4]), sys.argv[5]

dock = ClickDock()
dock.read_project()
answers: dict = {"model": dock.model_path(), "has_card": dock.card_button.isEnabled()}
service = ClickService(new_worker)
got: list = []
failed: list = []
service.answered.connect(got.append)
service.failed.connect(failed.append)
service.ask({"raster": RASTER, "model": dock.model_path(), "x": X, "y": Y, "crs": CRS, "species": None})
deadline = time.monotonic() + 90
while not got and not failed and time.monotonic() < deadline:
    APPLICATION.processEvents()
    time.sleep(0.01)
service.close()
answers |= {"failed": [str(one) for one in failed], "answer": got[0] if got else None}
if got:
    dock.show_answer(got[0])
    answers["status"] = dock.status.text()
dock.show_card()
answers["card"] = dock.findChild(CardDialog).text.toPlainText()
dock.raster.set_value(RASTER)  # makes the dock write into the project
answers["kept"] = QgsProject.instance().readEntry("botaclip", "/click/model", "")[0]
dialog = CardDialog('<img src="http://127.0.0.1:9/x.png"> ![x](http://127.0.0.1:9/y.png) plain', "hostile")
answers["hostile"] = [dialog.text.toHtml().count("<img"), dialog.text.toPlainText()]
answer(answers)
