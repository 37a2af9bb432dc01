"""Which model and which image the map click uses: chosen in the dock, kept in the project."""

from __future__ import annotations

from pathlib import Path

from qgis.core import QgsApplication, QgsProject
from qgis.gui import QgsFileWidget
from qgis.PyQt.QtCore import pyqtSignal
from qgis.PyQt.QtWidgets import QFormLayout, QHBoxLayout, QLabel, QToolButton, QWidget

from botaclip.botaclip_qgis.i18n import tr
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
from botaclip.core.model_card import card_of


class SourceChoice(QWidget):
    """Two rows: the model with its card, and the image."""

    changed = pyqtSignal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("botaclip_sources")
        self._reading_project = False
        self.model_file = QgsFileWidget()
        self.model_file.setObjectName("botaclip_model")
        self.model_file.setFilter(MODEL_FILTER)
        self.model_file.setDialogTitle(tr("BotaCLIP model"))
        self.model_file.lineEdit().setAccessibleName(tr("Model file"))
        self.model_file.setAccessibleName(tr("Model file"))
        self.raster = RasterChoice(optional=True)
        self.card_button = QToolButton()
        self.card_button.setObjectName("botaclip_card")
        self.card_button.setIcon(QgsApplication.getThemeIcon("mActionPropertiesWidget.svg"))
        self.card_button.setToolTip(tr("Model card: what it is good for, and where it must not be trusted"))
        self.card_button.setAccessibleName(tr("Show the model card"))
        self.card_button.setEnabled(False)
        model_row = QHBoxLayout()
        model_row.addWidget(self.model_file, 1)
        model_row.addWidget(self.card_button)
        form = QFormLayout(self)
        form.setContentsMargins(0, 0, 0, 0)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        model_label, raster_label = QLabel(tr("&Model")), QLabel(tr("&Image"))
        model_label.setBuddy(self.model_file.lineEdit())
        raster_label.setBuddy(self.raster)
        form.addRow(model_label, model_row)
        form.addRow(raster_label, self.raster)
        # What a project that goes does to the choices is nobody's choice; :meth:`read_project` ends that.
        QgsProject.instance().aboutToBeCleared.connect(self._on_project_goes)
        self.model_file.fileChanged.connect(lambda _path: self._on_changed())
        self.raster.changed.connect(self._on_changed)
        self.card_button.clicked.connect(self.show_card)

    def model_path(self) -> str:
        """Return the chosen model file, empty when none is."""
        return str(self.model_file.filePath()).strip()

    def show_card(self) -> None:
        """Show the model's card beside the dock."""
        CardDialog(card_of(self.model_path()), Path(self.model_path()).stem, self.window()).show()

    def read_project(self) -> None:
        """Take up model and image that the project names."""
        self._reading_project = True
        try:
            self.model_file.setFilePath(project_model())
            self.raster.set_value(project_raster())
        finally:
            self._reading_project = False
        self.card_button.setEnabled(bool(card_of(self.model_path())))

    def _on_changed(self) -> None:
        self.card_button.setEnabled(bool(card_of(self.model_path())))
        if not self._reading_project:
            self._write_project()
        self.changed.emit()

    def _on_project_goes(self) -> None:
        self._reading_project = True

    def _write_project(self) -> None:
        project = QgsProject.instance()
        project.writeEntry(PROJECT_SCOPE, PROJECT_MODEL, model_entry(self.model_path()))
        layer = self.raster.layer()
        raster = layer.id() if layer is not None else project.writePath(self.raster.value() or "")
        project.writeEntry(PROJECT_SCOPE, PROJECT_RASTER, raster)
