"""The button that asks for places like the one clicked, like a training plot, or like a list of species."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from qgis.PyQt.QtCore import pyqtSignal
from qgis.PyQt.QtWidgets import QMenu, QToolButton, QWidget

from botaclip.botaclip_qgis.i18n import tr
from botaclip.botaclip_qgis.icons import icon

_SHOWN_NAMES = 3


class PlacesLikeButton(QToolButton):
    """Emits what the algorithm ``botaclip:similarity`` is to look for, as its parameters.

    Parameters
    ----------
    selected_names
        Tells which species are selected when the menu opens.
    """

    # One of PLACE, PLOT and SPECIES_LIST.
    wanted = pyqtSignal(dict)

    def __init__(self, selected_names: Callable[[], list[str]], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._selected_names = selected_names
        self._place = ""
        self._plots: list[str] = []
        self.setObjectName("botaclip_places_like")
        self.setIcon(icon("similarity"))
        self.setToolTip(tr("Map places like this one, like a training plot, or like the selected species"))
        self.setAccessibleName(tr("Find places like this"))
        self.setPopupMode(QToolButton.ToolButtonPopupMode.MenuButtonPopup)
        menu = QMenu(self)
        menu.setObjectName("botaclip_places_like_menu")
        self.like_this = menu.addAction(tr("Like this &place"))
        self.like_plot = QMenu(tr("Like a training p&lot"), menu)
        menu.addMenu(self.like_plot)
        self.like_species = menu.addAction(tr("Like the selected &species"))
        menu.aboutToShow.connect(self.fill)
        self.setMenu(menu)
        self.like_this.triggered.connect(self._on_place)
        self.like_species.triggered.connect(self._on_species)
        self.clicked.connect(self._on_place)
        self.forget()

    def forget(self) -> None:
        """Offer nothing: there is no place, or no model to compare by."""
        self._place, self._plots = "", []
        self.setEnabled(False)

    def offer(self, place: Mapping[str, Any], similar: Sequence[Mapping[str, Any]]) -> None:
        """Offer a place (``x``, ``y``, ``crs``) and the training plots most like it."""
        self._place = f"{place['x']!r},{place['y']!r} [{place['crs']}]"
        self._plots = [str(one["id"]) for one in similar if one.get("id")]
        self.setEnabled(True)

    def fill(self) -> None:
        """Make the menu say what it would look for now."""
        self.like_plot.clear()
        for name in self._plots:
            action = self.like_plot.addAction(name.replace("&", "&&"))
            action.triggered.connect(lambda _checked=False, plot=name: self.wanted.emit({"PLOT": plot}))
        self.like_plot.setEnabled(bool(self._plots))
        names = self._selected_names()
        self.like_species.setEnabled(bool(names))
        shown = ", ".join(names[:_SHOWN_NAMES]) + (", …" if len(names) > _SHOWN_NAMES else "")
        self.like_species.setText(
            tr("Like the selected &species: {names}").format(names=shown.replace("&", "&&"))
            if names
            else tr("Like the selected &species (select some in the list)")
        )

    def _on_place(self, *_checked: bool) -> None:
        if self._place:
            self.wanted.emit({"PLACE": self._place})

    def _on_species(self, *_checked: bool) -> None:
        names = self._selected_names()
        if names:
            self.wanted.emit({"SPECIES_LIST": ", ".join(names)})
