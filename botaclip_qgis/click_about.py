"""The lines about a place that was clicked, folded away until they are wanted."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from typing import Any

from qgis.gui import QgsCollapsibleGroupBox
from qgis.PyQt.QtCore import Qt, pyqtSignal
from qgis.PyQt.QtWidgets import QFrame, QLabel, QScrollArea, QVBoxLayout, QWidget

from botaclip.botaclip_qgis.click_words import details_text, similar_text
from botaclip.botaclip_qgis.i18n import tr

# Training plots that are named.
_SHOWN_PLOTS = 3
_LEAST_HEIGHT_PX, _MOST_HEIGHT_PX = 56, 190


class AboutPlace(QgsCollapsibleGroupBox):
    """Where the patch lies, what a value means, and the training plots most like it, as links to their places."""

    # A training plot was asked for: x, y, CRS.
    plot_wanted = pyqtSignal(float, float, str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(tr("About this place"), parent)
        self._plots: list[Mapping[str, Any]] = []
        self.setObjectName("botaclip_about_place")
        self.setAccessibleName(tr("About this place"))
        # Many rows of species are worth more than these lines, which stay open for who has opened them.
        self.setCollapsed(True)
        self.setSaveCollapsedState(True)
        self.setScrollOnExpand(False)
        self.details = text_label("botaclip_details", tr("Place, model and what a value means"))
        self.similar = text_label("botaclip_similar", tr("Training plots most like this place"))
        self.similar.setTextFormat(Qt.TextFormat.RichText)
        self.similar.setTextInteractionFlags(
            Qt.TextInteractionFlag.LinksAccessibleByMouse | Qt.TextInteractionFlag.LinksAccessibleByKeyboard
        )
        self.similar.linkActivated.connect(self._on_plot_clicked)
        # In a widget of their own: the box hides what is directly in it, whatever is shown there later.
        texts = QWidget()
        inner = QVBoxLayout(texts)
        inner.setContentsMargins(0, 0, 0, 0)
        inner.addWidget(self.details)
        inner.addWidget(self.similar)
        # Where the dock is low the lines are scrolled, not cut.
        scroll = QScrollArea()
        scroll.setWidget(texts)
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setSizeAdjustPolicy(QScrollArea.SizeAdjustPolicy.AdjustToContents)
        scroll.setMinimumHeight(_LEAST_HEIGHT_PX)
        scroll.setMaximumHeight(_MOST_HEIGHT_PX)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(6, 2, 6, 4)
        outer.addWidget(scroll)
        self.forget()

    def forget(self) -> None:
        """Say nothing."""
        for one in (self.details, self.similar, self):
            one.hide()

    def tell(self, answer: Mapping[str, Any], model: str) -> None:
        """Tell of an answer, found by a model of this name."""
        similar: Sequence[Mapping[str, Any]] = answer.get("similar") or []
        self._plots = list(similar)[:_SHOWN_PLOTS]
        self.details.setText(details_text(answer, model))
        self.similar.setText(similar_text(self._plots))
        self.details.show()
        self.similar.setVisible(bool(self._plots))
        self.show()

    def _on_plot_clicked(self, number: str) -> None:
        plot = self._plots[int(number)]
        # Whoever made the model file may have written anything there.
        with contextlib.suppress(TypeError, ValueError):
            self.plot_wanted.emit(float(plot["x"]), float(plot["y"]), str(plot["crs"]))


def text_label(name: str, spoken: str) -> QLabel:
    """Return a label whose text can be taken, with its name and what a screen reader calls it."""
    label = QLabel()
    label.setObjectName(name)
    label.setAccessibleName(spoken)
    label.setWordWrap(True)
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    return label
