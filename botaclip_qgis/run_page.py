"""Step 3 of the panel: which maps, of which species, of which part of the image."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

from qgis.core import Qgis, QgsProject, QgsReferencedRectangle
from qgis.gui import QgsCollapsibleGroupBox, QgsFileWidget, QgsMapLayerComboBox
from qgis.PyQt.QtCore import pyqtSignal
from qgis.PyQt.QtWidgets import (
    QButtonGroup,
    QCheckBox,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QRadioButton,
    QVBoxLayout,
    QWidget,
)

from botaclip.botaclip_qgis.i18n import tr
from botaclip.botaclip_qgis.option_form import OptionForm
from botaclip.botaclip_qgis.species_choice import SpeciesChoice
from botaclip.core.commands import SUITABILITY
from botaclip.core.model_summary import ModelSummary

SUITABILITY_MAP, PRESENCE_MAP = "suitability", "threshold"
AOA_MAP, RICHNESS_MAP, EMBEDDING_MAP = "aoa", "richness", "embed"
_FILES = {
    SUITABILITY_MAP: "suitability", PRESENCE_MAP: "presence", AOA_MAP: "applicability", RICHNESS_MAP: "richness",
    EMBEDDING_MAP: "embedding",
}  # fmt: skip
LAYER, CANVAS, POLYGON = "layer", "canvas", "polygon"


@dataclasses.dataclass(frozen=True)
class Run:
    """One algorithm to run: its id, parameters and a title.

    ``after_last``: its raster is what the one before it has written.
    """

    algorithm: str
    parameters: dict[str, Any]
    title: str
    after_last: bool = False


class RunPage(QWidget):
    """The maps to make; :meth:`runs` are the algorithms that make them."""

    run_wanted = pyqtSignal()
    estimate_wanted = pyqtSignal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._summary: ModelSummary | None = None
        self.titles = {
            SUITABILITY_MAP: tr("Suitability of species"), PRESENCE_MAP: tr("Presence by threshold"),
            AOA_MAP: tr("Area of applicability"),
            RICHNESS_MAP: tr("Richness"), EMBEDDING_MAP: tr("Embedding"),
        }  # fmt: skip
        tips = {
            SUITABILITY_MAP: tr("A band for each species: how suitable each place is"),
            PRESENCE_MAP: tr("The same cut at each species' threshold: expected or not"),
            AOA_MAP: tr("Where the model may be believed"),
            RICHNESS_MAP: tr("How many of the model's species to expect"),
            EMBEDDING_MAP: tr("What the model sees, as components shown in colours"),
        }
        self.maps: dict[str, QCheckBox] = {}
        layout = QVBoxLayout(self)
        layout.addWidget(QLabel(tr("Maps to make")))
        for name, title in self.titles.items():
            box = QCheckBox(title)
            box.setObjectName(f"botaclip_map_{name}")
            box.setToolTip(tips[name])
            box.setChecked(name == SUITABILITY_MAP)
            box.toggled.connect(self._on_maps)
            self.maps[name] = box
            layout.addWidget(box)
        self.species = SpeciesChoice()
        self.species_box = QgsCollapsibleGroupBox(tr("Species to map"))
        self.species_box.setObjectName("botaclip_species_box")
        QVBoxLayout(self.species_box).addWidget(self.species)
        self.species_box.setCollapsed(True)
        layout.addWidget(self.species_box)

        self._parts = QButtonGroup(self)
        self._part_buttons: dict[str, QRadioButton] = {}
        layout.addWidget(QLabel(tr("Where")))
        for part, text in (
            (LAYER, tr("Whole image")), (CANVAS, tr("What the map shows")), (POLYGON, tr("Inside polygons")),
        ):  # fmt: skip
            button = QRadioButton(text)
            button.setObjectName(f"botaclip_part_{part}")
            self._parts.addButton(button)
            self._part_buttons[part] = button
            button.toggled.connect(self._on_part)
            layout.addWidget(button)
        self.polygons = QgsMapLayerComboBox()
        self.polygons.setObjectName("botaclip_polygons")
        self.polygons.setAccessibleName(tr("Polygon layer"))
        self.polygons.setFilters(Qgis.LayerFilter.PolygonLayer)
        layout.addWidget(self.polygons)
        self._part_buttons[LAYER].setChecked(True)

        self.options = OptionForm(SUITABILITY, ("stride", "environment", "device"))
        self.folder = QgsFileWidget()
        self.folder.setObjectName("botaclip_output_folder")
        self.folder.setStorageMode(QgsFileWidget.StorageMode.GetDirectory)
        self.folder.lineEdit().setPlaceholderText(tr("Temporary: kept until QGIS is closed"))
        self.folder.lineEdit().setAccessibleName(tr("Folder for the maps"))
        caption = QLabel(tr("&Folder for the maps"))
        caption.setBuddy(self.folder)
        form = QFormLayout()
        form.setRowWrapPolicy(QFormLayout.RowWrapPolicy.WrapLongRows)
        form.addRow(caption, self.folder)
        box = QgsCollapsibleGroupBox(tr("Pixel size, device, files"))
        box.setObjectName("botaclip_run_box")
        box.setCollapsed(True)
        inner = QVBoxLayout(box)
        inner.addWidget(self.options)
        inner.addLayout(form)
        layout.addWidget(box)
        self.found = QLabel()
        self.found.setObjectName("botaclip_estimate_found")
        self.found.setWordWrap(True)
        self.found.hide()
        layout.addWidget(self.found)
        self.estimate_button = QPushButton(tr("How long will it take?"))
        self.estimate_button.setObjectName("botaclip_estimate")
        self.estimate_button.setToolTip(tr("Makes one block on each device and multiplies"))
        self.run_button = QPushButton(tr("Make the maps"))
        self.run_button.setObjectName("botaclip_run")
        row = QHBoxLayout()
        row.addWidget(self.estimate_button)
        row.addWidget(self.run_button)
        layout.addLayout(row)
        layout.addStretch(1)
        self.run_button.clicked.connect(lambda: self.run_wanted.emit())
        self.estimate_button.clicked.connect(lambda: self.estimate_wanted.emit())
        self._on_part(True)
        self.show_model(None)

    def part(self) -> str:
        """Return which part of the image is mapped."""
        return next((part for part, button in self._part_buttons.items() if button.isChecked()), LAYER)

    def set_part(self, part: str) -> None:
        """Choose the part of the image."""
        self._part_buttons[part].setChecked(True)

    def show_model(self, summary: ModelSummary | None) -> None:
        """Offer what a model can map."""
        if summary != self._summary or summary is None:
            self._summary = summary
            self.species.show_species(() if summary is None else summary.species)
        known = summary is not None
        self.maps[AOA_MAP].setEnabled(known and summary.applicability)  # type: ignore[union-attr]
        if known and not summary.applicability:  # type: ignore[union-attr]
            self.maps[AOA_MAP].setChecked(False)
        self._on_maps()

    def show_estimate(self, words: str) -> None:
        """Show how long it will take, or why that is not known."""
        self.found.setText(words)
        self.found.setVisible(bool(words))

    def missing(self) -> str:
        """Return what is still to be chosen, in words; empty when nothing is."""
        if not any(box.isChecked() for box in self.maps.values()):
            return tr("Choose a map to make.")
        if self.maps[SUITABILITY_MAP].isChecked() and self._summary is not None and not self.species.chosen():
            return tr("Choose a species to map.")
        if self.part() == POLYGON and self.polygons.currentLayer() is None:
            return tr("Choose a layer of polygons.")
        return ""

    def runs(self, raster: dict[str, Any], model: str, extent: QgsReferencedRectangle) -> list[Run]:
        """Return the algorithms to run, in order.

        Parameters
        ----------
        raster
            ``RASTER`` and, where they are not found by themselves, ``BANDS``.
        model
            The model file.
        extent
            What the canvas shows.
        """
        shared: dict[str, Any] = {**raster, "MODEL": model, **self.options.values()}
        if self.part() == CANVAS:
            shared["EXTENT"] = extent
        elif self.part() == POLYGON:
            shared["MASK"] = self.polygons.currentLayer().id()
        found = []
        for name, box in self.maps.items():
            if not box.isChecked():
                continue
            if name == PRESENCE_MAP:
                found.append(Run("botaclip:threshold", {"OUTPUT": self._output(name)}, self.titles[name], True))
                continue
            parameters = {**shared, "OUTPUT": self._output(name)}
            if name == SUITABILITY_MAP and self.species.value():
                parameters["SPECIES"] = self.species.value()
            found.append(Run(f"botaclip:{name}", parameters, self.titles[name]))
        return found

    def _output(self, name: str) -> str:
        folder = str(self.folder.filePath()).strip()
        if not folder:
            return "TEMPORARY_OUTPUT"
        path, number = Path(folder) / f"{_FILES[name]}.tif", 2
        # A map that is there is shown by some layer, perhaps: it is not replaced unasked.
        while path.exists() or path.with_suffix("").exists():
            path, number = Path(folder) / f"{_FILES[name]}_{number}.tif", number + 1
        return str(path)

    def _on_maps(self, *_checked: bool) -> None:
        suitability = self.maps[SUITABILITY_MAP].isChecked()
        self.maps[PRESENCE_MAP].setEnabled(suitability)
        if not suitability:
            self.maps[PRESENCE_MAP].setChecked(False)
        self.species_box.setVisible(self.maps[SUITABILITY_MAP].isChecked() and self._summary is not None)

    def _on_part(self, _checked: bool) -> None:
        self.polygons.setVisible(self.part() == POLYGON)


def propose_folder() -> str:
    """Return where a project's maps may lie: beside the project, where it has been saved."""
    home = QgsProject.instance().homePath()
    return str(Path(home) / "botaclip") if home and QgsProject.instance().fileName() else ""
