"""The table that says which band of a raster is red, green, blue or near infrared: detected, and to be changed."""

from __future__ import annotations

from qgis.core import QgsRasterLayer
from qgis.PyQt.QtCore import Qt, pyqtSignal
from qgis.PyQt.QtWidgets import QComboBox, QHeaderView, QTableWidget, QTableWidgetItem, QWidget

from botaclip.botaclip_qgis.i18n import tr
from botaclip.core.band_names import NAMED_ROLES, ROLES, Band, roles_of
from botaclip.core.errors import BotaclipError

_MOST_BANDS = 60
_MOST_SHOWN = 6


class BandTable(QTableWidget):
    """A row for each band with its role; :meth:`value` is the option ``bands``."""

    changed = pyqtSignal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(0, 2, parent)
        self.setObjectName("botaclip_bands")
        self.setAccessibleName(tr("Bands of the raster and their roles"))
        self.setHorizontalHeaderLabels([tr("Band"), tr("Role")])
        self.verticalHeader().hide()
        self.horizontalHeader().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        self.horizontalHeader().setSectionResizeMode(1, QHeaderView.ResizeMode.ResizeToContents)
        self.setSelectionMode(QTableWidget.SelectionMode.NoSelection)
        self._detected: dict[str, int] = {}
        self.problem = ""

    def show_layer(self, layer: QgsRasterLayer | None) -> None:
        """Show a layer's bands with the roles that their names and colours tell."""
        self.problem = ""
        self._detected = {}
        bands = [] if layer is None or not layer.isValid() else bands_of_layer(layer)
        if bands:
            try:
                self._detected = roles_of([Band(name, colour) for name, colour in bands], layer.source())  # type: ignore[union-attr]
            except BotaclipError as error:
                self.problem = error.sentence
        self.setRowCount(len(bands))
        at = {band: role for role, band in self._detected.items()}
        for row, (name, colour) in enumerate(bands):
            item = QTableWidgetItem(f"{row + 1}: {name or colour}")
            item.setFlags(Qt.ItemFlag.ItemIsEnabled)
            self.setItem(row, 0, item)
            role = QComboBox()
            role.setAccessibleName(tr("Role of band {number}").format(number=row + 1))
            role.addItems(["", *ROLES, *NAMED_ROLES])
            role.setCurrentText(at.get(row + 1, ""))
            role.currentTextChanged.connect(lambda _text: self.changed.emit())
            self.setCellWidget(row, 1, role)
        self.resizeRowsToContents()
        shown = min(len(bands), _MOST_SHOWN)
        height = self.horizontalHeader().sizeHint().height() + sum(self.rowHeight(row) for row in range(shown)) + 4
        self.setFixedHeight(height)
        self.setVisible(bool(bands))

    def roles(self) -> dict[str, int]:
        """Return the band of each role, as chosen; of a role that is chosen twice the first."""
        found: dict[str, int] = {}
        for row in range(self.rowCount()):
            role = self.cellWidget(row, 1).currentText()
            if role:
                found.setdefault(role, row + 1)
        return found

    def doubled(self) -> list[str]:
        """Return the roles that more than one band has."""
        roles = [self.cellWidget(row, 1).currentText() for row in range(self.rowCount())]
        return sorted({role for role in roles if role and roles.count(role) > 1})

    def value(self) -> str:
        """Return the option ``bands``; empty where the roles are those that are found anyway."""
        roles = self.roles()
        if roles == self._detected:
            return ""
        return ",".join(f"{role}={band}" for role, band in roles.items())

    def set_value(self, text: str) -> None:
        """Choose the roles of an option's text, ``red=1,green=2``."""
        if not text:
            return
        wanted = dict(part.split("=", 1) for part in text.split(",") if "=" in part)
        at = {band.strip(): role.strip() for role, band in wanted.items()}
        for row in range(self.rowCount()):
            self.cellWidget(row, 1).setCurrentText(at.get(str(row + 1), ""))


def bands_of_layer(layer: QgsRasterLayer) -> list[tuple[str, str]]:
    """Return name and colour of each band, as GDAL words them; at most sixty."""
    provider = layer.dataProvider()
    found = []
    for band in range(1, min(layer.bandCount(), _MOST_BANDS) + 1):
        # "Band 1: red", or "Band 1" and "Band 1 (Red)" for bands without a description.
        _, _, name = provider.generateBandName(band).partition(": ")
        colour = str(provider.colorInterpretationName(band)).lower()
        found.append((name, colour or "undefined"))
    return found
