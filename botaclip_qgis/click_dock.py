"""The dock beside the map click: which model and image, and the species to expect at the last place."""

from __future__ import annotations

import csv
import datetime
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from qgis.core import QgsApplication, QgsProject
from qgis.gui import QgsDockWidget
from qgis.PyQt.QtCore import Qt, QTimer, pyqtSignal
from qgis.PyQt.QtWidgets import QFileDialog, QHBoxLayout, QLineEdit, QToolButton, QVBoxLayout, QWidget

from botaclip.botaclip_qgis import click_words as words
from botaclip.botaclip_qgis.click_about import AboutPlace, text_label
from botaclip.botaclip_qgis.click_actions import PlaceActions
from botaclip.botaclip_qgis.click_layer import add_click
from botaclip.botaclip_qgis.click_picture import PatchPicture
from botaclip.botaclip_qgis.click_sources import SourceChoice
from botaclip.botaclip_qgis.click_table import SpeciesTable
from botaclip.botaclip_qgis.click_view import SpeciesView
from botaclip.botaclip_qgis.i18n import tr
from botaclip.botaclip_qgis.icons import icon
from botaclip.core.errors import BotaclipError
from botaclip.core.unfinished import unfinished

# Names of species can be read, and beside the dock a map is left on a small screen.
LEAST_WIDTH_PX = 360
# How long a message stands where something else was said.
_PASSING_MS = 6000
# Dark on light amber, readable on a light and on a dark theme.
WARNING_STYLE = "background:#fff3cd;color:#5c4400;border:1px solid #e0c36a;border-radius:3px;padding:4px"


class ClickDock(QgsDockWidget):
    """Shows the species to expect; knows nothing of the worker."""

    # Model or image were changed.
    sources_changed = pyqtSignal()
    tool_wanted = pyqtSignal(bool)
    # A training plot was asked for: x, y, CRS.
    plot_wanted = pyqtSignal(float, float, str)
    # The present place is kept as place A, or A is given up.
    kept_changed = pyqtSignal(bool)
    # Parameters of botaclip:similarity, but for the output.
    places_like_wanted = pyqtSignal(dict)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(tr("BotaCLIP: species to expect"), parent)
        self.setObjectName("botaclip_click_dock")
        self.setWindowIcon(icon("click"))
        # What is shown, and the place A that it is compared with; None where there is none.
        self.answer: Mapping[str, Any] | None = None
        self.kept: Mapping[str, Any] | None = None
        self._kept_model = ""
        self._message, self._before_message = "", ""
        self._passing = QTimer(self)
        self._passing.setSingleShot(True)
        self._passing.timeout.connect(self._on_message_passed)

        self.sources = SourceChoice()
        self.model_file, self.raster = self.sources.model_file, self.sources.raster
        self.card_button = self.sources.card_button
        self.table = SpeciesTable(self)
        self.view = SpeciesView(self.table)
        self._make_bar()
        self.place_actions = PlaceActions(self.view.selected_names)
        self.keep_button, self.like_button = self.place_actions.keep, self.place_actions.like
        self.add_button = self.place_actions.add
        self.copy_button, self.save_button = self.place_actions.copy, self.place_actions.save
        self._make_texts()
        self._lay_out()

        self.sources.changed.connect(self._on_sources_changed)
        self.tool_button.toggled.connect(self.tool_wanted)
        self.find.textChanged.connect(self.view.find)
        self.view.copy_wanted.connect(self.copy)
        self.copy_button.clicked.connect(self.copy)
        self.save_button.clicked.connect(self._choose_and_save)
        self.keep_button.toggled.connect(self._on_keep)
        self.add_button.clicked.connect(self.add_to_layer)
        self.like_button.wanted.connect(self._on_places_like)
        self.about.plot_wanted.connect(self.plot_wanted)

    def _make_bar(self) -> None:
        self.tool_button = QToolButton()
        self.tool_button.setObjectName("botaclip_click_tool")
        self.tool_button.setIcon(icon("click"))
        self.tool_button.setText(tr("Click the map"))
        self.tool_button.setAccessibleName(tr("Click the map for the species to expect"))
        self.tool_button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.tool_button.setCheckable(True)
        self.find = QLineEdit()
        self.find.setObjectName("botaclip_find_species")
        self.find.setPlaceholderText(tr("Find species"))
        self.find.setAccessibleName(tr("Find species in the list"))
        self.find.setClearButtonEnabled(True)

    def _make_texts(self) -> None:
        self.picture = PatchPicture()
        self.status = text_label("botaclip_status", tr("Status"))
        self.status.setText(words.no_model())
        self.domain = text_label("botaclip_domain", tr("Whether the model may be believed here"))
        self.domain.setStyleSheet(WARNING_STYLE)
        self.domain.hide()
        self.legend = text_label("botaclip_legend", tr("What the colours of the list mean"))
        self.legend.setTextInteractionFlags(Qt.TextInteractionFlag.NoTextInteraction)
        self.legend.hide()
        self.about = AboutPlace()
        self.details, self.similar = self.about.details, self.about.similar

    def _lay_out(self) -> None:
        bar = QHBoxLayout()
        bar.addWidget(self.tool_button)
        bar.addWidget(self.find, 1)
        column = QVBoxLayout()
        column.addWidget(self.status, 1)
        column.addWidget(self.place_actions)
        place = QHBoxLayout()
        place.addWidget(self.picture)
        place.addLayout(column, 1)
        body = QWidget(self)
        layout = QVBoxLayout(body)
        layout.setContentsMargins(6, 6, 6, 6)
        layout.addWidget(self.sources)
        layout.addLayout(bar)
        layout.addLayout(place)
        layout.addWidget(self.domain)
        layout.addWidget(self.view, 1)
        layout.addWidget(self.legend)
        layout.addWidget(self.about)
        body.setMinimumWidth(LEAST_WIDTH_PX)
        self.setWidget(body)

    def model_path(self) -> str:
        """Return the chosen model file, empty when none is."""
        return self.sources.model_path()

    def show_card(self) -> None:
        """Show the model's card beside the dock."""
        self.sources.show_card()

    def read_project(self) -> None:
        """Take up model and image that the project names."""
        self.sources.read_project()
        self.show_message("")

    def _on_sources_changed(self) -> None:
        # Values of two models do not compare; those of two images by one model do.
        if self.kept is not None and self.model_path() != self._kept_model:
            self.keep_button.setChecked(False)
        self.show_message("")
        self.sources_changed.emit()

    def show_message(self, message: str) -> None:
        """Show ``message``, or what to do next, and no species."""
        self.answer = None
        self.table.show_species([], relative=False)
        self.picture.hide()
        for one in (self.domain, self.legend):
            one.hide()
        self.about.forget()
        self.place_actions.offer(None, (), kept=self.kept is not None)
        self._embolden(False)
        if not message:
            chosen = words.ready() if self.raster.value() else words.no_raster()
            message = chosen if self.model_path() else words.no_model()
        self.status.setText(message)

    def show_answer(self, answer: Mapping[str, Any]) -> None:
        """Show what the worker's ``click`` answered."""
        if answer.get("status") == "no model":
            self.show_message(words.no_model())
            return
        if answer.get("status") != "ok":
            self.show_message(str(answer.get("message") or tr("There is nothing to say about this place.")))
            # What was to be seen there may tell why.
            self.picture.show_patch(answer)
            return
        if self.kept is not None and not _comparable(self.kept, answer):
            self.keep_button.setChecked(False)
        self.answer = answer
        kept = self.kept if self.kept is not answer else None
        species, relative = answer.get("species") or [], bool(answer.get("relative"))
        similar = answer.get("similar") or []
        self.table.show_species(
            species, relative=relative, similar=len(similar),
            kept=None if kept is None else kept.get("species") or [],
        )  # fmt: skip
        self.place_actions.offer(answer, similar, kept=self.kept is not None)
        if kept is not None:
            self.status.setText(words.compared_text(kept, answer))
        elif self.kept is not None:
            self.status.setText(tr("This place is kept as A. Click another one to compare it with."))
        else:
            self.status.setText(words.place_text(answer))
        self._embolden(True)
        self.picture.show_patch(answer)
        self.about.tell(answer, Path(self.model_path()).stem)
        self.domain.setText(words.domain_text(answer))
        self.legend.setText(words.legend(species, answer.get("observed"), relative=relative))
        for one in (self.domain, self.legend):
            one.setVisible(bool(one.text()))
        self.view.scrollToTop()

    def say(self, message: str) -> None:
        """Show a message for some seconds in place of what is said of the place."""
        before = self._before_message if self._passing.isActive() else self.status.text()
        self._before_message = before
        self.status.setText(message)
        self._message = message
        self._passing.start(_PASSING_MS)

    def _on_message_passed(self) -> None:
        if self.status.text() == self._message:
            self.status.setText(self._before_message)

    def show_waiting(self, waiting: bool) -> None:
        """Say that an answer is on its way; what is shown is that of the place before."""
        self.view.setEnabled(not waiting)
        if waiting:
            self.status.setText(tr("Looking at the patch around this place…"))

    def _embolden(self, bold: bool) -> None:
        font = self.status.font()
        font.setBold(bold)
        self.status.setFont(font)

    def _on_keep(self, wanted: bool) -> None:
        self.kept = self.answer if wanted else None
        self._kept_model = self.model_path()
        if self.answer is not None:
            self.show_answer(self.answer)
        else:
            self.keep_button.setEnabled(self.kept is not None)
        self.kept_changed.emit(wanted)

    def _on_places_like(self, wanted: Mapping[str, str]) -> None:
        self.places_like_wanted.emit(
            {"RASTER": self.raster.value() or "", "MODEL": self.model_path(), **wanted}
        )

    def add_to_layer(self, now: datetime.datetime | None = None) -> None:
        """Add the place to the project's layer of clicked places; where that fails, say so."""
        if self.answer is None or not self.answer.get("place"):
            return
        layer = self.raster.layer()
        raster = layer.name() if layer is not None else Path(self.raster.value() or "").name
        model = str(self.answer.get("model") or Path(self.model_path()).name)
        when = now if isinstance(now, datetime.datetime) else None  # a button tells whether it is checked
        try:
            made = add_click(QgsProject.instance(), self.answer, model=model, raster=raster, now=when)
        except BotaclipError as error:
            self.say(error.sentence)
            return
        self.say(
            tr("Added to the layer {layer}, which now holds {count}.").format(
                layer=made.name(), count=made.featureCount()
            )
        )

    def _choose_and_save(self) -> None:
        path, _ = QFileDialog.getSaveFileName(self, tr("Save the list as CSV"), "", "CSV (*.csv)")
        if path:
            self.save(path if path.lower().endswith(".csv") else f"{path}.csv")

    def save(self, path: str) -> None:
        """Write the list as CSV, aside first; where that fails, say so and leave what was there."""
        try:
            with unfinished(Path(path), overwrite=True) as part, open(part, "w", newline="", encoding="utf-8") as file:
                csv.writer(file).writerows(line.split("\t") for line in self.table.as_tsv().splitlines())
        except BotaclipError as error:
            self.say(tr("The list was not saved: {reason}").format(reason=error.sentence))

    def copy(self) -> None:
        """Put the list on the clipboard as tab-separated text."""
        if self.table.rowCount():
            QgsApplication.clipboard().setText(self.table.as_tsv())


def _comparable(kept: Mapping[str, Any], answer: Mapping[str, Any]) -> bool:
    """Whether values at two places are of one kind."""
    return bool(kept.get("relative")) == bool(answer.get("relative")) and kept.get("source") == answer.get("source")
