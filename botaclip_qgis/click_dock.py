"""The dock beside the map click: which model and image, and the species to expect at the last place."""

from __future__ import annotations

import contextlib
import csv
import html
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from qgis.core import QgsApplication, QgsCoordinateReferenceSystem, QgsProject
from qgis.gui import QgsDockWidget, QgsFileWidget
from qgis.PyQt.QtCore import QSortFilterProxyModel, Qt, pyqtSignal
from qgis.PyQt.QtWidgets import (
    QAbstractItemView,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QLineEdit,
    QToolButton,
    QTreeView,
    QVBoxLayout,
    QWidget,
)

from botaclip.botaclip_qgis.click_table import (
    EXPECTED,
    NAME,
    NOT_EXPECTED,
    RANK,
    ROUGH,
    SUITABILITY,
    THRESHOLD,
    BarDelegate,
    SpeciesTable,
    is_rough,
)
from botaclip.botaclip_qgis.icons import icon
from botaclip.botaclip_qgis.model_card import CardDialog
from botaclip.botaclip_qgis.parameters import MODEL_FILTER
from botaclip.botaclip_qgis.project_entries import (
    PROJECT_MODEL,
    PROJECT_RASTER,
    PROJECT_SCOPE,
    model_entry,
    project_model,
    project_raster,
)
from botaclip.botaclip_qgis.raster_choice import RasterChoice
from botaclip.core.errors import BotaclipError
from botaclip.core.model_card import card_of
from botaclip.core.unfinished import unfinished

NO_MODEL = "Choose a model, then click the map. A model is made with the Processing tool Train a model."
NO_RASTER = "Choose the image to look at: a raster layer, or a folder of tiles."
NO_CRS = "The map has no CRS, so the place cannot be found in the image. Set one in the project's properties."
READY = "Click the map to see which species to expect there."
LEGEND = (
    f"<span style='color:{EXPECTED.name()}'>■</span> expected: at or above its threshold&nbsp;&nbsp; "
    f"<span style='color:{NOT_EXPECTED.name()}'>■</span> below&nbsp;&nbsp; <b>|</b> threshold"
)
LEGEND_UNKNOWN = f"<span style='color:{NOT_EXPECTED.name()}'>▨</span> threshold unknown"
LEGEND_ROUGH = f"<b>{ROUGH.strip()}</b> not calibrated by itself: a rough number"
_M2_PER_HA = 10_000
# Dark on light amber, readable on a light and on a dark theme.
# Training plots named under the list.
_SHOWN_PLOTS = 3
WARNING_STYLE = "background:#fff3cd;color:#5c4400;border:1px solid #e0c36a;border-radius:3px;padding:4px"


class ClickDock(QgsDockWidget):
    """Shows the species to expect; knows nothing of the worker."""

    # Model or image were changed.
    sources_changed = pyqtSignal()
    tool_wanted = pyqtSignal(bool)
    # A training plot was asked for: x, y, CRS.
    plot_wanted = pyqtSignal(float, float, str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("BotaCLIP: species to expect", parent)
        self.setObjectName("botaclip_click_dock")
        self.setWindowIcon(icon("click"))
        self._reading_project = False

        self.model_file = QgsFileWidget()
        self.model_file.setObjectName("botaclip_model")
        self.model_file.setFilter(MODEL_FILTER)
        self.model_file.setDialogTitle("BotaCLIP model")
        self.model_file.lineEdit().setAccessibleName("Model file")
        self.raster = RasterChoice(optional=True)
        form = QFormLayout()
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        self.card_button = QToolButton()
        self.card_button.setObjectName("botaclip_card")
        self.card_button.setIcon(QgsApplication.getThemeIcon("mActionPropertiesWidget.svg"))
        self.card_button.setToolTip("Model card: what it is good for, and where it must not be trusted")
        self.card_button.setAccessibleName("Show the model card")
        self.card_button.setEnabled(False)
        model_row = QHBoxLayout()
        model_row.addWidget(self.model_file, 1)
        model_row.addWidget(self.card_button)
        model_label = QLabel("&Model")
        model_label.setBuddy(self.model_file)
        form.addRow(model_label, model_row)
        form.addRow("&Image", self.raster)

        self.tool_button = QToolButton()
        self.tool_button.setObjectName("botaclip_click_tool")
        self.tool_button.setIcon(icon("click"))
        self.tool_button.setText("Click the map")
        self.tool_button.setAccessibleName("Click the map for the species to expect")
        self.tool_button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.tool_button.setCheckable(True)
        self.find = QLineEdit()
        self.find.setObjectName("botaclip_find_species")
        self.find.setPlaceholderText("Find species")
        self.find.setAccessibleName("Find species in the list")
        self.find.setClearButtonEnabled(True)
        self.copy_button = QToolButton()
        self.copy_button.setObjectName("botaclip_copy")
        self.copy_button.setIcon(QgsApplication.getThemeIcon("mActionEditCopy.svg"))
        self.copy_button.setToolTip("Copy the list as a table")
        self.copy_button.setAccessibleName("Copy the list as a table")
        self.copy_button.setEnabled(False)
        self.save_button = QToolButton()
        self.save_button.setObjectName("botaclip_save")
        self.save_button.setIcon(QgsApplication.getThemeIcon("mActionFileSaveAs.svg"))
        self.save_button.setToolTip("Save the list as CSV")
        self.save_button.setAccessibleName("Save the list as CSV")
        self.save_button.setEnabled(False)
        bar = QHBoxLayout()
        bar.addWidget(self.tool_button)
        bar.addWidget(self.find, 1)
        bar.addWidget(self.copy_button)
        bar.addWidget(self.save_button)

        self.status = QLabel(NO_MODEL)
        self.status.setObjectName("botaclip_status")
        self.status.setAccessibleName("Status")
        self.status.setWordWrap(True)
        self.status.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)

        self.details = QLabel()
        self.details.setObjectName("botaclip_details")
        self.details.setAccessibleName("Place, model and what a value means")
        self.details.setWordWrap(True)
        self.details.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.domain = QLabel()
        self.domain.setObjectName("botaclip_domain")
        self.domain.setAccessibleName("Whether the model may be believed here")
        self.domain.setWordWrap(True)
        self.domain.setStyleSheet(WARNING_STYLE)
        self.domain.hide()
        self.similar = QLabel()
        self.similar.setObjectName("botaclip_similar")
        self.similar.setAccessibleName("Training plots most like this place")
        self.similar.setWordWrap(True)
        self.similar.setTextFormat(Qt.TextFormat.RichText)
        self.similar.hide()
        self._similar: list[Mapping[str, Any]] = []
        self.legend = QLabel(LEGEND)
        self.legend.setObjectName("botaclip_legend")
        self.legend.setWordWrap(True)
        self.legend.setAccessibleName("What the colours of the list mean")

        self.table = SpeciesTable(self)
        self._sorted = QSortFilterProxyModel(self)
        self._sorted.setSourceModel(self.table)
        self._sorted.setFilterCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        self.view = QTreeView()
        self.view.setObjectName("botaclip_species")
        self.view.setAccessibleName("Species to expect, the most suitable first")
        self.view.setRootIsDecorated(False)
        self.view.setUniformRowHeights(True)
        self.view.setAlternatingRowColors(True)
        self.view.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.view.setModel(self._sorted)
        self.view.setItemDelegateForColumn(SUITABILITY, BarDelegate(self.view))
        header = self.view.header()
        header.setStretchLastSection(False)
        header.setSectionResizeMode(RANK, QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(NAME, QHeaderView.ResizeMode.Stretch)
        header.setSectionResizeMode(SUITABILITY, QHeaderView.ResizeMode.Interactive)
        header.setSectionResizeMode(THRESHOLD, QHeaderView.ResizeMode.ResizeToContents)
        header.resizeSection(SUITABILITY, 130)

        body = QWidget(self)
        layout = QVBoxLayout(body)
        layout.addLayout(form)
        layout.addLayout(bar)
        layout.addWidget(self.status)
        layout.addWidget(self.domain)
        layout.addWidget(self.details)
        layout.addWidget(self.similar)
        layout.addWidget(self.view, 1)
        layout.addWidget(self.legend)
        body.setMinimumWidth(400)
        self.setWidget(body)

        self.model_file.fileChanged.connect(lambda _path: self._on_sources_changed())
        self.raster.changed.connect(self._on_sources_changed)
        self.tool_button.toggled.connect(self.tool_wanted)
        self.find.textChanged.connect(self._sorted.setFilterFixedString)
        self.copy_button.clicked.connect(self.copy)
        self.card_button.clicked.connect(self.show_card)
        self.save_button.clicked.connect(self._choose_and_save)
        self.similar.linkActivated.connect(self._on_plot_clicked)

    def model_path(self) -> str:
        """Return the chosen model file, empty when none is."""
        return str(self.model_file.filePath()).strip()

    def show_card(self) -> None:
        """Show the model's card beside the dock."""
        card = CardDialog(card_of(self.model_path()), Path(self.model_path()).stem, self)
        card.show()

    def _on_sources_changed(self) -> None:
        self.card_button.setEnabled(bool(card_of(self.model_path())))
        self.show_message("")
        if not self._reading_project:
            self._write_project()
        self.sources_changed.emit()

    def _write_project(self) -> None:
        project = QgsProject.instance()
        project.writeEntry(PROJECT_SCOPE, PROJECT_MODEL, model_entry(self.model_path()))
        layer = self.raster.layer()
        raster = layer.id() if layer is not None else project.writePath(self.raster.value() or "")
        project.writeEntry(PROJECT_SCOPE, PROJECT_RASTER, raster)

    def read_project(self) -> None:
        """Take up model and image that the project names."""
        self._reading_project = True
        try:
            self.model_file.setFilePath(project_model())
            self.raster.set_value(project_raster())
        finally:
            self._reading_project = False
        self.card_button.setEnabled(bool(card_of(self.model_path())))
        self.show_message("")

    def show_message(self, message: str) -> None:
        """Show ``message``, or what to do next, and no species."""
        self.table.show_species([], relative=False)
        self.copy_button.setEnabled(False)
        self.save_button.setEnabled(False)
        self.details.hide()
        self.similar.hide()
        self.domain.hide()
        self.legend.hide()
        self._embolden(False)
        if not message:
            message = NO_MODEL if not self.model_path() else NO_RASTER if not self.raster.value() else READY
        self.status.setText(message)

    def show_answer(self, answer: Mapping[str, Any]) -> None:
        """Show what the worker's ``click`` answered."""
        if answer.get("status") != "ok":
            self.show_message(str(answer.get("message") or "There is nothing to say about this place."))
            return
        species = answer.get("species") or []
        self.table.show_species(
            species, relative=bool(answer.get("relative")), similar=len(answer.get("similar") or [])
        )
        self.copy_button.setEnabled(bool(species))
        self.save_button.setEnabled(bool(species))
        self.status.setText(_place_text(answer))
        self._embolden(True)
        self.details.setText(_details_text(answer, Path(self.model_path()).stem))
        self.details.show()
        self._similar = list(answer.get("similar") or [])[:_SHOWN_PLOTS]
        self.similar.setText(_similar_text(self._similar))
        self.similar.setVisible(bool(self._similar))
        self.domain.setText(_domain_text(answer))
        self.domain.setVisible(bool(self.domain.text()))
        self.legend.setText(_legend(species, relative=bool(answer.get("relative"))))
        self.legend.setVisible(bool(self.legend.text()))
        self.view.scrollToTop()

    def _embolden(self, bold: bool) -> None:
        font = self.status.font()
        font.setBold(bold)
        self.status.setFont(font)

    def _on_plot_clicked(self, number: str) -> None:
        plot = self._similar[int(number)]
        # Whoever made the model file may have written anything there.
        with contextlib.suppress(TypeError, ValueError):
            self.plot_wanted.emit(float(plot["x"]), float(plot["y"]), str(plot["crs"]))

    def _choose_and_save(self) -> None:
        path, _ = QFileDialog.getSaveFileName(self, "Save the list as CSV", "", "CSV (*.csv)")
        if path:
            self.save(path if path.lower().endswith(".csv") else f"{path}.csv")

    def save(self, path: str) -> None:
        """Write the list as CSV, aside first; where that fails, say so and leave what was there."""
        try:
            with unfinished(Path(path), overwrite=True) as part, open(part, "w", newline="", encoding="utf-8") as file:
                csv.writer(file).writerows(line.split("\t") for line in self.table.as_tsv().splitlines())
        except BotaclipError as error:
            self.status.setText(f"The list was not saved: {error.sentence}")

    def copy(self) -> None:
        """Put the list on the clipboard as tab-separated text."""
        QgsApplication.clipboard().setText(self.table.as_tsv())


def _legend(species: Sequence[Mapping[str, Any]], *, relative: bool) -> str:
    """Return what the marks in the list mean, those that are there."""
    thresholds = [one.get("threshold") is not None for one in species]
    marks = [(any(thresholds), LEGEND), (not all(thresholds), LEGEND_UNKNOWN)]
    marks.append((any(is_rough(one) for one in species) and not relative, LEGEND_ROUGH))
    return "&nbsp;&nbsp; ".join(text for shown, text in marks if shown)


def _place_text(answer: Mapping[str, Any]) -> str:
    """Return how many species are expected, and of how many that is not known."""
    species = answer.get("species") or []
    expected = sum(bool(one.get("above")) for one in species)
    unknown = sum(one.get("threshold") is None for one in species)
    if species and unknown == len(species):
        return f"{len(species)} species, none with a threshold: ranked by suitability."
    known = f"{expected} of {len(species) - unknown} species expected here."
    return f"{known} {unknown} more without a threshold." if unknown else known


def _details_text(answer: Mapping[str, Any], model: str) -> str:
    """Return where and by which model that was found, and what a value means; a line each."""
    patch = answer.get("patch") or {}
    lines = []
    if patch.get("crs"):
        crs = QgsCoordinateReferenceSystem(str(patch["crs"]))
        digits = 5 if crs.isGeographic() else 0
        lines.append(
            f"{patch['size_m']:g} m patch centred at {patch['x']:.{digits}f}, {patch['y']:.{digits}f} "
            f"({crs.authid() or crs.description()}), {patch['offset_m']:.0f} m from the click; model: {model}."
        )
    plot = f" on a plot of {_area_text(answer['plot_m2'])} here" if answer.get("plot_m2") else " here"
    if answer.get("relative"):
        lines.append(
            "Relative suitability, no probability: the relevés say nothing about absences. It compares places for "
            "one species, not one species with another."
        )
    else:
        lines.append(f"Probability of the species occurring{plot}, as far as the image tells.")
    lines += [_list_text(answer), str(answer.get("message") or "")]
    return "\n".join(filter(None, lines))


def _domain_text(answer: Mapping[str, Any]) -> str:
    """Return a warning where the place is unlike all training plots; nothing where it is not."""
    domain = answer.get("domain")
    if not domain or domain.get("inside"):
        return ""
    times = domain["dissimilarity"] / domain["threshold"] if domain.get("threshold") else float("nan")
    return (
        f"Outside the area of applicability: no training plot looks like this place ({times:.1f} times the limit). "
        "What was measured of the model says nothing about it."
    )


def _list_text(answer: Mapping[str, Any]) -> str:
    """Return how long the list is that holds a stated share of what grows here."""
    share, species = answer.get("list_share"), answer.get("species") or []
    count = sum(bool(one.get("listed")) for one in species)
    if share is None or not species:
        return ""
    names = [one["name"] for one in species if one.get("listed") and not one.get("above")][:3]
    also = f", {', '.join(names)} among those not expected" if names else ""
    return f"To hold {share:.0%} of the species present the list takes {count}{also}."


def _similar_text(similar: Sequence[Mapping[str, Any]]) -> str:
    """Return the training plots that look most like the place, as links where the model holds their places."""
    named = []
    for number, one in enumerate(similar):
        name = html.escape(str(one["id"]) or f"plot {one.get('index', number) + 1}")
        if one.get("crs") and one.get("x") is not None:
            name = f'<a href="{number}">{name}</a>'
        named.append(f"{name} ({one['cosine']:.2f})")
    return f"Training plots most like it: {', '.join(named)}."


def _area_text(square_metres: float) -> str:
    """Return an area as ecologists write it."""
    if square_metres >= _M2_PER_HA:
        return f"{square_metres / _M2_PER_HA:g} ha"
    return f"{square_metres:g} m²"
