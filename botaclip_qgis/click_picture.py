"""The picture of the patch that the model looked at."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

from qgis.PyQt.QtCore import QSize, Qt
from qgis.PyQt.QtGui import QPainter, QPixmap
from qgis.PyQt.QtWidgets import QLabel, QSizePolicy, QVBoxLayout, QWidget

from botaclip.botaclip_qgis.click_words import picture_text
from botaclip.botaclip_qgis.i18n import tr

# As tall as the lines and buttons beside it.
SIDE_PX = 88
_LARGE_PX = 320


class PatchPicture(QWidget):
    """A picture with the patch's size below; larger in its tool tip."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("botaclip_patch")
        self.picture = QLabel()
        self.picture.setObjectName("botaclip_patch_picture")
        self.picture.setFixedSize(QSize(SIDE_PX, SIDE_PX))
        self.picture.setScaledContents(True)
        self.picture.setAccessibleName(tr("Picture of the patch that the model looked at"))
        self.caption = QLabel()
        self.caption.setObjectName("botaclip_patch_caption")
        self.caption.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        font = self.caption.font()
        font.setPointSizeF(max(6.0, 0.85 * font.pointSizeF()))
        self.caption.setFont(font)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(1)
        layout.addWidget(self.picture)
        layout.addWidget(self.caption)
        layout.addStretch(1)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Preferred)
        self.hide()

    def show_patch(self, answer: Mapping[str, Any]) -> None:
        """Show the picture of an answer; nothing where it has none."""
        image, patch = answer.get("image") or {}, answer.get("patch") or {}
        seen = QPixmap()
        if not image.get("png") or not seen.loadFromData(base64.b64decode(image["png"]), "PNG"):
            self.hide()
            return
        self.picture.setPixmap(_chequered(seen))
        self.caption.setText(tr("{size} m × {size} m").format(size=f"{patch.get('size_m', 0):g}"))
        words = picture_text(answer)
        self.picture.setAccessibleDescription(words)
        # From the answer itself: no file is read.
        self.setToolTip(
            f"<p>{words}</p><img src='data:image/png;base64,{image['png']}' width='{_LARGE_PX}' height='{_LARGE_PX}'>"
        )
        self.show()


def _chequered(picture: QPixmap) -> QPixmap:
    """Return a picture on small grey squares, so that what is transparent is seen to be."""
    ground = QPixmap(picture.size())
    ground.fill(Qt.GlobalColor.white)
    painter = QPainter(ground)
    painter.fillRect(ground.rect(), Qt.BrushStyle.Dense6Pattern)
    painter.drawPixmap(0, 0, picture)
    painter.end()
    return ground
