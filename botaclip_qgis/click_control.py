"""Ties the map click's parts together: action, tool, dock, marks and worker."""

from __future__ import annotations

from collections.abc import Mapping
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

from botaclip.botaclip_qgis import click_words as words
from botaclip.botaclip_qgis.click_dock import ClickDock
from botaclip.botaclip_qgis.click_marks import ClickMarks
from botaclip.botaclip_qgis.click_service import ClickService
from botaclip.botaclip_qgis.click_tool import ClickTool
from botaclip.botaclip_qgis.environment import new_worker
from botaclip.botaclip_qgis.i18n import tr
from botaclip.botaclip_qgis.icons import icon
from botaclip.botaclip_qgis.plain_files import crs_text, raster_file
from botaclip.core.errors import BotaclipError

MENU = "BotaCLIP"
# Side of the patch's picture that is asked for.
IMAGE_PX = 160


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
        self.marks = ClickMarks(iface.mapCanvas())
        self.dock = ClickDock(iface.mainWindow())
        self.action = QAction(icon("click"), tr("Species to expect"), iface.mainWindow())
        self.action.setObjectName("botaclip_click_action")
        self.action.setToolTip(tr("Click the map to see which species to expect there"))
        self.action.setCheckable(True)
        self.tool.setAction(self.action)
        iface.addToolBarIcon(self.action)
        iface.addPluginToRasterMenu(MENU, self.action)
        iface.addDockWidget(Qt.DockWidgetArea.RightDockWidgetArea, self.dock)
        self.dock.hide()

        self.action.triggered.connect(self.use_tool)
        self.tool.activated.connect(lambda: self.dock.tool_button.setChecked(True))
        self.tool.deactivated.connect(lambda: self.dock.tool_button.setChecked(False))
        self.tool.place_clicked.connect(self._on_place_clicked)
        self.dock.tool_wanted.connect(self.use_tool)
        self.dock.sources_changed.connect(self._on_sources_changed)
        self.dock.plot_wanted.connect(self.show_plot)
        self.dock.kept_changed.connect(self._on_kept_changed)
        self.dock.places_like_wanted.connect(self.find_places)
        self.service.answered.connect(self._on_answered)
        self.service.failed.connect(self.dock.show_message)
        self.service.waiting.connect(self.dock.show_waiting)
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
            self.dock.say(tr("This training plot has no place on the map's CRS."))
            return
        canvas.setCenter(place)
        canvas.refresh()
        canvas.flashGeometries([QgsGeometry.fromPointXY(place)])

    def find_places(self, wanted: Mapping[str, Any]) -> None:
        """Begin to map places like what is asked for, as a task; its layer is loaded at the end.

        Parameters
        ----------
        wanted
            Parameters of ``botaclip:similarity``, but for the output.
        """
        # Needs Processing, which the click itself does not.
        from botaclip.botaclip_qgis.algorithm_task import AlgorithmTask

        self.dock.say(tr("Places like this are being mapped: see the task manager below the map."))
        AlgorithmTask.start(
            "botaclip:similarity",
            {**wanted, "OUTPUT": "TEMPORARY_OUTPUT"},
            title=tr("Places like this"),
            on_finished=self._on_places_found,
        )

    def close(self) -> None:
        """Remove all that was added, and end the worker."""
        project = QgsProject.instance()
        project.readProject.disconnect(self._on_project_read)
        project.cleared.disconnect(self._on_project_read)
        self.service.close()
        self._iface.mapCanvas().unsetMapTool(self.tool)
        self.marks.remove()
        self._iface.removeToolBarIcon(self.action)
        self._iface.removePluginRasterMenu(MENU, self.action)
        self._iface.removeDockWidget(self.dock)
        self.dock.deleteLater()
        self.action.deleteLater()
        self.tool.deleteLater()
        self.deleteLater()

    def _on_project_read(self, *_arguments: Any) -> None:
        self.service.forget()
        self.dock.keep_button.setChecked(False)
        self.marks.forget_here()
        self.dock.read_project()

    def _on_sources_changed(self) -> None:
        self.service.forget()
        self.marks.forget_here()

    def _on_kept_changed(self, kept: bool) -> None:
        if kept:
            self.marks.keep()
        else:
            self.marks.release()

    def _on_places_found(self, fine: bool, _outputs: Mapping[str, Any]) -> None:
        self.dock.say(
            tr("Places like this are on the map: bright is most alike.")
            if fine
            else tr("Places like this were not mapped: the log messages panel, tab BotaCLIP, says why.")
        )

    def _on_answered(self, answer: dict[str, Any]) -> None:
        self.dock.show_answer(answer)
        self.marks.show_patch(answer.get("patch"))

    def _on_place_clicked(self, place: QgsPointXY, crs: QgsCoordinateReferenceSystem) -> None:
        self.marks.show_place(place, crs)
        try:
            layer = self.dock.raster.layer()
            raster = raster_file(layer) if layer is not None else self.dock.raster.value()
        except BotaclipError as error:
            self.dock.show_message(error.sentence)
            return
        if not raster:
            self.dock.show_message(words.no_raster() if self.dock.model_path() else words.no_model())
            return
        if not crs.isValid():
            self.dock.show_message(words.no_crs())
            return
        # Without a model: the raster may be a suitability map, which needs none.
        self.service.ask(
            {
                "raster": raster,
                "model": self.dock.model_path(),
                "x": place.x(),
                "y": place.y(),
                "crs": crs_text(crs),
                "species": None,
                "image_px": IMAGE_PX,
            }
        )
