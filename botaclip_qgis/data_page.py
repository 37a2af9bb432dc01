"""Step 1 of the panel: which image and which relevés, how they are read, and which plots can be used."""

from __future__ import annotations

from typing import Any

from qgis.core import Qgis, QgsMapLayer, QgsProject, QgsVectorLayer
from qgis.gui import QgsCollapsibleGroupBox, QgsMapLayerComboBox
from qgis.PyQt.QtCore import pyqtSignal
from qgis.PyQt.QtWidgets import QFormLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from botaclip.botaclip_qgis.band_table import BandTable
from botaclip.botaclip_qgis.i18n import tr
from botaclip.botaclip_qgis.option_form import OptionForm
from botaclip.botaclip_qgis.raster_choice import RasterChoice
from botaclip.core.commands import PREVIEW
from botaclip.core.field_names import guess_fields

_OF_RELEVES = ("plot-field", "species-field", "cover-field")
_OF_PLOTS = ("x-field", "y-field", "crs", "date-field", "habitat-field")
_SCALES = ("cover-scale", "data-type")


class DataPage(QWidget):
    """Raster with its bands, relevés with their columns; :meth:`values` are parameters of train and preview."""

    changed = pyqtSignal()
    sample_wanted = pyqtSignal()
    check_wanted = pyqtSignal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.sample_button = QPushButton(tr("Load the sample project"))
        self.sample_button.setObjectName("botaclip_sample")
        self.sample_note = QLabel(
            tr("New here? A small invented landscape with relevés and a trained model, ready to try.")
        )
        self.sample_note.setWordWrap(True)
        self.sample_button.setToolTip(self.sample_note.text())

        self.raster = RasterChoice(optional=True)
        self.bands = BandTable()
        self.band_note = _note("botaclip_band_note")
        self.releves = _layer_combo(tr("Relevés: table of plots and species"), "botaclip_releves")
        self.plots = _layer_combo(tr("Plots: layer or table with their places"), "botaclip_plots")
        self.plots.setToolTip(tr("Only where the relevés themselves have no coordinates."))
        form = QFormLayout()
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        form.setRowWrapPolicy(QFormLayout.RowWrapPolicy.WrapLongRows)
        for text, widget in (
            (tr("&Image"), self.raster), (tr("&Relevés"), self.releves), (tr("P&lots"), self.plots),
        ):  # fmt: skip
            caption = QLabel(text)
            caption.setBuddy(widget)
            form.addRow(caption, widget)
        self.columns = OptionForm(PREVIEW, _OF_RELEVES + _OF_PLOTS + _SCALES)
        self.columns_box = QgsCollapsibleGroupBox(tr("Columns and cover scale"))
        self.columns_box.setObjectName("botaclip_columns_box")
        self.column_note = _note("botaclip_column_note")
        box = QVBoxLayout(self.columns_box)
        box.addWidget(self.column_note)
        box.addWidget(self.columns)
        self.bands_box = QgsCollapsibleGroupBox(tr("Bands of the image"))
        self.bands_box.setObjectName("botaclip_bands_box")
        box = QVBoxLayout(self.bands_box)
        box.addWidget(self.bands)
        box.addWidget(self.band_note)
        self.check_button = QPushButton(tr("Check the plots"))
        self.check_button.setObjectName("botaclip_check")
        self.check_button.setToolTip(
            tr("Shows on the map which plots can be used, why others cannot, and how they are held out.")
        )
        self.found = _note("botaclip_found")

        layout = QVBoxLayout(self)
        layout.addWidget(self.sample_note)
        layout.addWidget(self.sample_button)
        layout.addLayout(form)
        layout.addWidget(self.bands_box)
        layout.addWidget(self.columns_box)
        layout.addWidget(self.check_button)
        layout.addWidget(self.found)
        layout.addStretch(1)

        self.raster.changed.connect(self._on_raster)
        self.bands.changed.connect(self._on_bands)
        self.releves.layerChanged.connect(self._on_tables)
        self.plots.layerChanged.connect(self._on_tables)
        self.columns.changed.connect(self.changed)
        self.sample_button.clicked.connect(lambda: self.sample_wanted.emit())
        self.check_button.clicked.connect(lambda: self.check_wanted.emit())
        self._on_raster()
        self._on_tables()

    def values(self) -> dict[str, Any]:
        """Return the Processing parameters that say what is read and how."""
        found: dict[str, Any] = {"RASTER": self.raster.value(), "BANDS": self.bands.value()}
        for name, combo in (("RELEVES", self.releves), ("PLOTS", self.plots)):
            layer = combo.currentLayer()
            found[name] = None if layer is None else layer.id()
        found |= self.columns.values()
        return {name: value for name, value in found.items() if value not in (None, "")}

    def missing(self) -> str:
        """Return what is still to be chosen before plots can be looked at, in words; empty when nothing is."""
        if not self.raster.value():
            return tr("Choose the image first.")
        if self.releves.currentLayer() is None:
            return tr("Choose the table of relevés first.")
        if self.bands.doubled():
            return tr("Two bands have the role {role}.").format(role=", ".join(self.bands.doubled()))
        return self.bands.problem

    def set_values(self, values: dict[str, Any]) -> None:
        """Choose what a project kept of :meth:`values`; layers that are gone are left out."""
        project = QgsProject.instance()
        if values.get("RASTER"):
            self.raster.set_value(values["RASTER"])
        for name, combo in (("RELEVES", self.releves), ("PLOTS", self.plots)):
            layer = project.mapLayer(str(values.get(name) or ""))
            if layer is not None:
                combo.setLayer(layer)
        self.bands.set_value(str(values.get("BANDS") or ""))
        self.columns.set_values(values)

    def guess(self) -> None:
        """Choose relevés and plots among the project's layers by the names of their columns."""
        layers = [one for one in QgsProject.instance().mapLayers().values() if isinstance(one, QgsVectorLayer)]
        known = {layer.id(): guess_fields(_columns_of(layer)) for layer in layers}
        lists = [layer for layer in layers if {"plot-field", "species-field"} <= set(known[layer.id()])]
        self.releves.setLayer(lists[0] if len(lists) == 1 else None)
        others = [
            layer for layer in layers
            if layer not in lists and "plot-field" in known[layer.id()]
            and (layer.geometryType() == Qgis.GeometryType.Point or "x-field" in known[layer.id()])
        ]  # fmt: skip
        self.plots.setLayer(others[0] if len(lists) == 1 and len(others) == 1 else None)

    def _on_raster(self) -> None:
        self.bands.show_layer(self.raster.layer())
        self.bands_box.setVisible(self.bands.rowCount() > 0)
        self._on_bands()

    def _on_bands(self) -> None:
        roles = self.bands.roles()
        doubled = self.bands.doubled()
        if self.bands.problem and not roles:
            self.band_note.setText(self.bands.problem)
        elif doubled:
            self.band_note.setText(tr("Two bands have the role {role}.").format(role=", ".join(doubled)))
        elif self.bands.rowCount() and not roles:
            self.band_note.setText(tr("Nothing says which band is which colour: choose their roles."))
        else:
            self.band_note.setText("")
        self.band_note.setVisible(bool(self.band_note.text()))
        told = ", ".join(f"{role} {band}" for role, band in roles.items())
        self.bands_box.setTitle(tr("Bands: {roles}").format(roles=told) if told else tr("Bands of the image"))
        self.bands_box.setCollapsed(bool(told) and not self.band_note.text())
        self.changed.emit()

    def _on_tables(self, *_layer: QgsMapLayer) -> None:
        releves, plots = self.releves.currentLayer(), self.plots.currentLayer()
        of_releves, of_plots = _columns_of(releves), _columns_of(plots)
        self.columns.set_columns(_OF_RELEVES, of_releves)
        self.columns.set_columns(_OF_PLOTS, of_plots or of_releves)
        told = guess_fields(of_releves)
        placed = guess_fields(of_plots) if plots is not None else told
        for name in _OF_RELEVES:
            self.columns.set_value(name, told.get(name))
        for name in ("date-field", "habitat-field"):
            self.columns.set_value(name, placed.get(name) or told.get(name))
        layer = plots if plots is not None else releves
        has_places = isinstance(layer, QgsVectorLayer) and layer.isSpatial()
        for name in ("x-field", "y-field"):
            self.columns.set_value(name, None if has_places else placed.get(name))
        crs = layer.crs().authid() if has_places and layer is not None else ""
        # A table without places in a project: its coordinates are most often those of the project.
        project = QgsProject.instance().crs().authid() if layer is not None else ""
        self.columns.set_value("crs", crs or project)
        missing = [one for one in ("plot-field", "species-field") if releves is not None and one not in told]
        words = {"plot-field": tr("the plot"), "species-field": tr("the species")}
        self.column_note.setText(
            tr("No column's name says that it holds {what}: choose it.").format(
                what=" / ".join(words[one] for one in missing)
            )
            if missing else ""
        )  # fmt: skip
        self.column_note.setVisible(bool(missing))
        self.columns_box.setVisible(releves is not None)
        self.columns_box.setCollapsed(not missing)
        self.check_button.setEnabled(releves is not None)
        self.changed.emit()


def _note(name: str) -> QLabel:
    note = QLabel()
    note.setObjectName(name)
    note.setWordWrap(True)
    note.hide()
    return note


def _layer_combo(title: str, name: str) -> QgsMapLayerComboBox:
    combo = QgsMapLayerComboBox()
    combo.setObjectName(name)
    combo.setAccessibleName(title)
    combo.setFilters(Qgis.LayerFilter.VectorLayer)
    combo.setAllowEmptyLayer(True)
    combo.setLayer(None)
    return combo


def _columns_of(layer: Any) -> list[str]:
    return [field.name() for field in layer.fields()] if isinstance(layer, QgsVectorLayer) else []
