"""A first click with the bundled model in a fresh profile: the dock names it, the worker answers, a card is shown."""

from __future__ import annotations

import sys
import time
from pathlib import Path

from in_qgis import APPLICATION, answer, provider
from qgis.core import QgsProject
from qgis.PyQt.QtCore import QUrl
from qgis.PyQt.QtGui import QImage

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
secret = Path(RASTER).with_name("secret.png")
image = QImage(7, 7, QImage.Format.Format_RGB32)
image.fill(0)
image.save(str(secret))
hostile = f'<img src="{secret}"> ![x]({secret}) !![x]({secret}) ![y](file://host/share/y.png) `a<b` plain'
dialog = CardDialog(hostile, "hostile")
dialog.show()
dialog.grab()
shown = dialog.text.document()
sizes = [
    shown.resource(2, url).width() for url in (QUrl.fromLocalFile(str(secret)), QUrl(str(secret)), QUrl("file://host/y"))
]
answers["hostile"] = [sizes, dialog.text.toPlainText()]
answer(answers)
