"""A window with the card of a model: what it is good for, and where it must not be trusted."""

from __future__ import annotations

from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtWidgets import QDialog, QDialogButtonBox, QTextBrowser, QVBoxLayout, QWidget


class CardDialog(QDialog):
    """Shows a text; links in it are not opened, for whoever made a model file may have written anything.

    Parameters
    ----------
    card
        The text, Markdown.
    name
        Name of the model.
    parent
        The widget it belongs to.
    """

    def __init__(self, card: str, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("botaclip_card_dialog")
        self.setWindowTitle(f"Model card: {name}")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.text = QTextBrowser()
        self.text.setAccessibleName("Model card")
        self.text.setOpenLinks(False)
        # Raw HTML in Markdown could name images elsewhere: what is shown has none.
        self.text.setMarkdown(card.replace("<", "&lt;").replace("![", "["))
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.addWidget(self.text)
        layout.addWidget(buttons)
        self.resize(640, 560)
