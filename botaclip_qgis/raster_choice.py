"""The widget that chooses a raster layer, file or folder of tiles; for dialogs and the click dock."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from qgis.core import Qgis, QgsMapLayer, QgsProject, QgsRasterLayer
from qgis.gui import QgsMapLayerComboBox
from qgis.PyQt.QtCore import pyqtSignal
from qgis.PyQt.QtWidgets import QFileDialog, QHBoxLayout, QMenu, QToolButton, QWidget

from botaclip.botaclip_qgis.i18n import tr


class RasterChoice(QWidget):
    """A combo box of the project's raster layers, and a button for a file or a folder of tiles."""

    changed = pyqtSignal()

    def __init__(self, parent: QWidget | None = None, *, optional: bool = False) -> None:
        super().__init__(parent)
        self.setObjectName("botaclip_raster")
        self._layers = QgsMapLayerComboBox(self)
        self._layers.setObjectName("botaclip_raster_layer")
        self._layers.setAccessibleName(tr("Raster layer, file or folder of tiles"))
        self._layers.setFilters(Qgis.LayerFilter.RasterLayer)
        self._layers.setAllowEmptyLayer(optional)
        self._layers.currentIndexChanged.connect(lambda _index: self.changed.emit())
        button = QToolButton(self)
        button.setObjectName("botaclip_raster_browse")
        button.setAccessibleName(tr("Choose a raster file or a folder of tiles"))
        button.setText("…")
        button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        menu = QMenu(button)
        menu.addAction(tr("Raster file…"), self._choose_file)
        menu.addAction(tr("Folder of tiles…"), self._choose_folder)
        button.setMenu(menu)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._layers, 1)
        layout.addWidget(button)

    def layer(self) -> QgsRasterLayer | None:
        """Return the chosen layer, None when a path is chosen or nothing."""
        layer = self._layers.currentLayer()
        return layer if isinstance(layer, QgsRasterLayer) else None

    def value(self) -> str | None:
        """Return the chosen layer's id or the chosen path."""
        layer = self.layer()
        if layer is not None:
            return str(layer.id())
        return self._layers.currentText().strip() or None

    def set_value(self, value: Any) -> None:
        """Choose a layer (or its id, or its source) or a path."""
        layer = value if isinstance(value, QgsMapLayer) else None
        if layer is None and value:
            text = str(value)
            project = QgsProject.instance()
            layer = project.mapLayer(text)
            if layer is None:
                layer = next((one for one in project.mapLayers().values() if one.source() == text), None)
        if isinstance(layer, QgsRasterLayer):
            self._layers.setLayer(layer)
        elif value:
            self._set_path(str(value))
        else:
            self._layers.setLayer(None)

    def _set_path(self, path: str) -> None:
        items = list(self._layers.additionalItems())
        if path not in items:
            self._layers.setAdditionalItems([*items, path])
        self._layers.setCurrentIndex(self._layers.findText(path))
        self._layers.setToolTip(path)

    def _start_folder(self) -> str:
        layer = self.layer()
        path = Path(layer.source() if layer is not None else self.value() or QgsProject.instance().homePath())
        return str(path.parent)

    def _choose_file(self) -> None:
        path, _ = QFileDialog.getOpenFileName(
            self, tr("Raster"), self._start_folder(), tr("Rasters (*.tif *.tiff *.vrt *.jp2);;All files (*)")
        )
        if path:
            self._set_path(path)

    def _choose_folder(self) -> None:
        path = QFileDialog.getExistingDirectory(self, tr("Folder of tiles"), self._start_folder())
        if path:
            self._set_path(path)
