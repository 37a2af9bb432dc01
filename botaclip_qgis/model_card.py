"""A window with the card of a model: what it is good for, and where it must not be trusted."""

from __future__ import annotations

from qgis.PyQt.QtCore import Qt, QUrl
from qgis.PyQt.QtGui import QImage, QTextDocument
from qgis.PyQt.QtWidgets import QDialog, QDialogButtonBox, QTextBrowser, QVBoxLayout, QWidget

from botaclip.botaclip_qgis.i18n import tr


class _PlainBrowser(QTextBrowser):
    """Shows text and fetches nothing: no image, from no disk and no network, whatever a text names."""

    def loadResource(self, kind: int, name: QUrl) -> QImage:  # noqa: D102
        # One clear pixel: where nothing is given, Qt reads the file itself.
        nothing = QImage(1, 1, QImage.Format.Format_ARGB32)
        nothing.fill(0)
        return nothing


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
        self.setWindowTitle(tr("Model card: {name}").format(name=name))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.text = _PlainBrowser()
        self.text.setAccessibleName(tr("Model card"))
        self.text.setOpenLinks(False)
        self.text.document().setMarkdown(card, QTextDocument.MarkdownFeature.MarkdownNoHTML)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.addWidget(self.text)
        layout.addWidget(buttons)
        self.resize(640, 560)
