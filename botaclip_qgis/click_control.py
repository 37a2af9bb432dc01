"""Ties the map click's parts together: action, tool, dock and worker."""

from __future__ import annotations

from typing import Any

from qgis.core import (
    QgsCoordinateReferenceSystem,
    QgsCoordinateTransform,
    QgsCsException,
    QgsGeometry,
    QgsPointXY,
    QgsProject,
)
from qgis.PyQt.QtCore import QObject, Qt
from qgis.PyQt.QtWidgets import QAction

from botaclip.botaclip_qgis.click_dock import NO_CRS, NO_MODEL, NO_RASTER, ClickDock
from botaclip.botaclip_qgis.click_service import ClickService
from botaclip.botaclip_qgis.click_tool import ClickTool
from botaclip.botaclip_qgis.environment import new_worker
from botaclip.botaclip_qgis.icons import icon
from botaclip.botaclip_qgis.plain_files import crs_text, raster_file
from botaclip.core.errors import BotaclipError

MENU = "BotaCLIP"


class ClickControl(QObject):
    """The map click in the desktop.

    Parameters
    ----------
    iface
        QGIS's interface.
    """

    def __init__(self, iface: Any) -> None:
        super().__init__(iface.mainWindow())
        self._iface = iface
        self.service = ClickService(new_worker, self)
        self.tool = ClickTool(iface.mapCanvas())
        self.dock = ClickDock(iface.mainWindow())
        self.action = QAction(icon("click"), "Species to expect", iface.mainWindow())
        self.action.setObjectName("botaclip_click_action")
        self.action.setToolTip("Click the map to see which species to expect there")
        self.action.setCheckable(True)
        self.tool.setAction(self.action)
        iface.addToolBarIcon(self.action)
        iface.addPluginToRasterMenu(MENU, self.action)
        iface.addDockWidget(Qt.DockWidgetArea.RightDockWidgetArea, self.dock)
        self.dock.hide()

        self.action.triggered.connect(self.use_tool)
        self.tool.activated.connect(lambda: self.dock.tool_button.setChecked(True))
        self.tool.deactivated.connect(lambda: self.dock.tool_button.setChecked(False))
        self.dock.tool_wanted.connect(self.use_tool)
        self.dock.sources_changed.connect(self._on_sources_changed)
        self.dock.plot_wanted.connect(self.show_plot)
        self.tool.place_clicked.connect(self._on_place_clicked)
        self.service.answered.connect(self.dock.show_answer)
        self.service.failed.connect(self.dock.show_message)
        self.service.waiting.connect(self._on_waiting)
        project = QgsProject.instance()
        project.readProject.connect(self._on_project_read)
        project.cleared.connect(self._on_project_read)
        self.dock.read_project()

    def use_tool(self, wanted: bool) -> None:
        """Take the map tool up, or put it down."""
        canvas = self._iface.mapCanvas()
        if wanted:
            self.dock.setUserVisible(True)
            if canvas.mapTool() is not self.tool:
                canvas.setMapTool(self.tool)
        elif canvas.mapTool() is self.tool:
            canvas.unsetMapTool(self.tool)
            self._iface.actionPan().trigger()

    def show_plot(self, x: float, y: float, crs: str) -> None:
        """Move the map to a training plot and flash it; say so where it has no place on this map."""
        canvas = self._iface.mapCanvas()
        try:
            move = QgsCoordinateTransform(
                QgsCoordinateReferenceSystem(crs), canvas.mapSettings().destinationCrs(), QgsProject.instance()
            )
            place = move.transform(QgsPointXY(x, y))
        except QgsCsException:
            self.dock.status.setText("This training plot has no place on the map's CRS.")
            return
        canvas.setCenter(place)
        canvas.refresh()
        canvas.flashGeometries([QgsGeometry.fromPointXY(place)])

    def close(self) -> None:
        """Remove all that was added, and end the worker."""
        project = QgsProject.instance()
        project.readProject.disconnect(self._on_project_read)
        project.cleared.disconnect(self._on_project_read)
        self.service.close()
        self._iface.mapCanvas().unsetMapTool(self.tool)
        self.tool.remove_marker()
        self._iface.removeToolBarIcon(self.action)
        self._iface.removePluginRasterMenu(MENU, self.action)
        self._iface.removeDockWidget(self.dock)
        self.dock.deleteLater()
        self.action.deleteLater()
        self.tool.deleteLater()
        self.deleteLater()

    def _on_project_read(self, *_arguments: Any) -> None:
        self.service.forget()
        self.tool.remove_marker()
        self.dock.read_project()

    def _on_sources_changed(self) -> None:
        self.service.forget()
        self.tool.remove_marker()

    def _on_waiting(self, waiting: bool) -> None:
        self.dock.view.setEnabled(not waiting)
        if waiting:
            self.dock.status.setText("Looking at the patch around this place…")

    def _on_place_clicked(self, place: QgsPointXY, crs: QgsCoordinateReferenceSystem) -> None:
        model = self.dock.model_path()
        if not model:
            self.dock.show_message(NO_MODEL)
            return
        try:
            layer = self.dock.raster.layer()
            raster = raster_file(layer) if layer is not None else self.dock.raster.value()
        except BotaclipError as error:
            self.dock.show_message(error.sentence)
            return
        if not raster:
            self.dock.show_message(NO_RASTER)
            return
        if not crs.isValid():
            self.dock.show_message(NO_CRS)
            return
        self.service.ask(
            {
                "raster": raster,
                "model": model,
                "x": place.x(),
                "y": place.y(),
                "crs": crs_text(crs),
                "species": None,
            }
        )
