"""What can be done with a place that was clicked: a row of small buttons."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from qgis.core import QgsApplication
from qgis.PyQt.QtGui import QIcon
from qgis.PyQt.QtWidgets import QHBoxLayout, QToolButton, QWidget

from botaclip.botaclip_qgis.click_layer import NAME as LAYER
from botaclip.botaclip_qgis.click_like import PlacesLikeButton
from botaclip.botaclip_qgis.i18n import tr


class PlaceActions(QWidget):
    """Buttons to keep a place, to find others like it, to add it to a layer, and to copy and save its list.

    Parameters
    ----------
    selected_names
        Tells which species are selected.
    """

    def __init__(self, selected_names: Callable[[], list[str]], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("botaclip_place_actions")
        theme = QgsApplication.getThemeIcon
        self.keep = _button(
            "botaclip_keep", theme("mActionPinLabels.svg"), keep_tip(kept=False),
            tr("Keep this place to compare others with"),
        )  # fmt: skip
        self.keep.setCheckable(True)
        self.keep.toggled.connect(lambda kept: self.keep.setToolTip(keep_tip(kept=kept)))
        self.like = PlacesLikeButton(selected_names)
        self.add = _button(
            "botaclip_add_to_layer", theme("mActionCapturePoint.svg"),
            tr("Add this place to the layer {layer}").format(layer=LAYER), tr("Add this place to a layer of points"),
        )  # fmt: skip
        copy_tip, save_tip = tr("Copy the list as a table"), tr("Save the list as CSV")
        self.copy = _button("botaclip_copy", theme("mActionEditCopy.svg"), copy_tip, copy_tip)
        self.save = _button("botaclip_save", theme("mActionFileSaveAs.svg"), save_tip, save_tip)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        for one in (self.keep, self.like, self.add, self.copy, self.save):
            layout.addWidget(one)
        layout.addStretch(1)

    def offer(self, answer: Mapping[str, Any] | None, similar: Sequence[Mapping[str, Any]], *, kept: bool) -> None:
        """Enable what can be done with an answer, None for no list; a kept place can be given up at any time."""
        there = bool(answer and answer.get("species"))
        for one in (self.copy, self.save, self.add):
            one.setEnabled(there)
        self.keep.setEnabled(there or kept)
        # A map holds no vectors to compare by.
        if answer and there and answer.get("source") != "map" and answer.get("place"):
            self.like.offer(answer["place"], similar)
        else:
            self.like.forget()


def keep_tip(*, kept: bool) -> str:
    """Return what the button does next."""
    return tr("Give up place A") if kept else tr("Keep this place as A, and compare the next ones with it")


def _button(name: str, picture: QIcon, tip: str, spoken: str) -> QToolButton:
    button = QToolButton()
    button.setObjectName(name)
    button.setIcon(picture)
    button.setToolTip(tip)
    button.setAccessibleName(spoken)
    button.setEnabled(False)
    return button
