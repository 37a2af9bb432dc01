"""Step 4 of the panel: the maps that were made, how good the model is, and presence by threshold."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from qgis.core import QgsMapLayer, QgsProject, QgsRasterLayer
from qgis.gui import QgsCollapsibleGroupBox
from qgis.PyQt.QtCore import Qt, QUrl, pyqtSignal
from qgis.PyQt.QtGui import QDesktopServices
from qgis.PyQt.QtWidgets import (
    QComboBox,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from botaclip.botaclip_qgis.i18n import tr
from botaclip.botaclip_qgis.option_form import OptionForm
from botaclip.botaclip_qgis.result_layers import result_layers, species_of_bands
from botaclip.botaclip_qgis.species_bands import show_band
from botaclip.botaclip_qgis.species_choice import SpeciesChoice
from botaclip.core.commands import THRESHOLD
from botaclip.core.model_summary import ModelSummary

_ID = Qt.ItemDataRole.UserRole


class ResultsPage(QWidget):
    """Lists result layers; shows one species of a map; cuts maps at thresholds; opens the report."""

    threshold_wanted = pyqtSignal(dict)
    click_wanted = pyqtSignal()
    layer_wanted = pyqtSignal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._report = ""
        self.note = QLabel()
        self.note.setObjectName("botaclip_results_note")
        self.note.setWordWrap(True)
        self.layers = QListWidget()
        self.layers.setObjectName("botaclip_results")
        self.layers.setAccessibleName(tr("Maps that were made"))
        self.layers.setMaximumHeight(130)
        self.species = QComboBox()
        self.species.setObjectName("botaclip_shown_species")
        self.species.setAccessibleName(tr("Species that the map shows"))
        self.species.setEditable(True)
        self.species.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        completer = self.species.completer()
        if completer is not None:
            completer.setFilterMode(Qt.MatchFlag.MatchContains)
        self.species_row = QWidget()
        form = QFormLayout(self.species_row)
        form.setContentsMargins(0, 0, 0, 0)
        caption = QLabel(tr("&Species shown"))
        caption.setBuddy(self.species)
        form.addRow(caption, self.species)
        self.rule = OptionForm(THRESHOLD, ("rule", "value"))
        self.threshold_button = QPushButton(tr("Cut the map"))
        self.threshold_button.setObjectName("botaclip_threshold")
        self.threshold_button.setToolTip(tr("Cuts the map at each species' threshold; nothing is computed again."))
        self.threshold_box = QgsCollapsibleGroupBox(tr("Presence by threshold"))
        self.threshold_box.setObjectName("botaclip_threshold_box")
        self.threshold_box.setCollapsed(True)
        box = QVBoxLayout(self.threshold_box)
        box.addWidget(self.rule)
        box.addWidget(self.threshold_button)
        self.scores = SpeciesChoice(tickable=False)
        self.scores_box = QgsCollapsibleGroupBox(tr("Scores of each species"))
        self.scores_box.setObjectName("botaclip_scores_box")
        self.scores_box.setCollapsed(True)
        QVBoxLayout(self.scores_box).addWidget(self.scores)
        self.report_button = QPushButton(tr("Open the report"))
        self.report_button.setObjectName("botaclip_open_report")
        self.click_button = QPushButton(tr("Click the map for species"))
        self.click_button.setObjectName("botaclip_open_click")
        row = QHBoxLayout()
        row.addWidget(self.click_button)
        row.addWidget(self.report_button)
        layout = QVBoxLayout(self)
        for widget in (self.note, self.layers, self.species_row, self.threshold_box, self.scores_box):
            layout.addWidget(widget)
        layout.addLayout(row)
        layout.addStretch(1)
        self.layers.currentItemChanged.connect(lambda *_: self._on_layer())
        self.layers.itemClicked.connect(lambda *_: self.layer_wanted.emit(self.layer()))
        self.species.activated.connect(self._on_species)
        self.rule.changed.connect(self._on_rule)
        self.threshold_button.clicked.connect(self._on_threshold)
        self.report_button.clicked.connect(self.open_report)
        self.click_button.clicked.connect(lambda: self.click_wanted.emit())
        self._on_rule()
        self.show_model(None)
        self.refresh()

    def refresh(self) -> None:
        """List the project's result layers anew; the one that was chosen stays so."""
        chosen = self.layer()
        self.layers.blockSignals(True)
        self.layers.clear()
        for layer in result_layers(QgsProject.instance()):
            item = QListWidgetItem(layer.name())
            item.setData(_ID, layer.id())
            item.setToolTip(layer.source())
            self.layers.addItem(item)
            if chosen is not None and layer.id() == chosen.id():
                self.layers.setCurrentItem(item)
        if self.layers.currentItem() is None and self.layers.count():
            self.layers.setCurrentRow(0)
        self.layers.blockSignals(False)
        self.note.setText(
            tr("Maps made here; they lie in the group BotaCLIP results.") if self.layers.count()
            else tr("No map yet: step 3 makes them.")
        )  # fmt: skip
        self.layers.setVisible(self.layers.count() > 0)
        self.report_button.setVisible(bool(self._report))
        self._on_layer()

    def show_model(self, summary: ModelSummary | None) -> None:
        """Show how well the model's species were told apart on plots that were held out."""
        known = summary is not None and any(one.auc is not None for one in summary.species)
        self.scores.show_species(summary.species if known and summary is not None else ())
        self.scores_box.setVisible(known)

    def choose(self, layer: QgsMapLayer) -> None:
        """Choose a result layer in the list."""
        for row in range(self.layers.count()):
            if self.layers.item(row).data(_ID) == layer.id():
                self.layers.setCurrentRow(row)

    def set_report(self, path: str) -> None:
        """Offer a report to open."""
        self._report = path
        self.report_button.setVisible(bool(path))

    def open_report(self) -> None:
        """Open the report in the browser."""
        if self._report and Path(self._report).is_file():
            QDesktopServices.openUrl(QUrl.fromLocalFile(self._report))

    def layer(self) -> QgsRasterLayer | None:
        """Return the result layer that is chosen."""
        item = self.layers.currentItem()
        found = None if item is None else QgsProject.instance().mapLayer(str(item.data(_ID)))
        return found if isinstance(found, QgsRasterLayer) else None

    def _on_layer(self) -> None:
        layer = self.layer()
        bands = {} if layer is None else species_of_bands(layer)
        self.species.blockSignals(True)
        self.species.clear()
        self.species.addItems(sorted(bands, key=str.casefold))
        shown = _shown_band(layer)
        self.species.setCurrentText(next((name for name, band in bands.items() if band == shown), ""))
        self.species.blockSignals(False)
        self.species_row.setVisible(len(bands) > 1)
        self.threshold_box.setVisible(bool(bands))

    def _on_species(self, _index: int) -> None:
        layer = self.layer()
        band = {} if layer is None else species_of_bands(layer)
        name = self.species.currentText()
        if layer is not None and name in band:
            show_band(layer, band[name], name)

    def _on_rule(self) -> None:
        self.rule.widget("value").setEnabled(self.rule.values().get("RULE") == "value")

    def _on_threshold(self) -> None:
        layer = self.layer()
        if layer is None:
            return
        given: dict[str, Any] = self.rule.values()
        if given.get("RULE") != "value":
            given.pop("VALUE", None)
        self.threshold_wanted.emit({"RASTER": layer.id(), "OUTPUT": "TEMPORARY_OUTPUT", **given})


def _shown_band(layer: QgsMapLayer | None) -> int:
    renderer = layer.renderer() if isinstance(layer, QgsRasterLayer) else None
    bands = renderer.usesBands() if renderer is not None else []
    return int(bands[0]) if bands else 0
