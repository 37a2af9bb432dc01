"""Stands in for the desktop's interface: a window and a canvas, no more."""
# ruff: noqa: D102, N802 - the names are QGIS's

from __future__ import annotations

from qgis.core import QgsCoordinateReferenceSystem
from qgis.gui import QgsMapCanvas
from qgis.PyQt.QtWidgets import QAction, QMainWindow


class Interface:
    """What the click needs of QGIS's interface."""

    def __init__(self) -> None:
        self.window, self.canvas, self.pan = QMainWindow(), QgsMapCanvas(), QAction("pan")
        self.canvas.setDestinationCrs(QgsCoordinateReferenceSystem("EPSG:2154"))
        self.added: list = []

    def mainWindow(self) -> QMainWindow:
        return self.window

    def mapCanvas(self) -> QgsMapCanvas:
        return self.canvas

    def actionPan(self) -> QAction:
        return self.pan

    def addToolBarIcon(self, action: QAction) -> None:
        self.added.append(action)

    def removeToolBarIcon(self, action: QAction) -> None:
        self.added.remove(action)

    def addPluginToRasterMenu(self, name: str, action: QAction) -> None:
        self.added.append(action)

    def removePluginRasterMenu(self, name: str, action: QAction) -> None:
        self.added.remove(action)

    def addDockWidget(self, area: object, dock: object) -> None:
        self.window.addDockWidget(area, dock)

    def setActiveLayer(self, layer: object) -> None:
        self.active = layer

    def removeDockWidget(self, dock: object) -> None:
        self.window.removeDockWidget(dock)
