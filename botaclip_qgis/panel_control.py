"""Ties the panel to QGIS: action, menu, options page, locator, sample project, and the map click's choice."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from qgis.core import Qgis, QgsApplication, QgsProject, QgsSettings
from qgis.PyQt.QtCore import QObject, Qt
from qgis.PyQt.QtWidgets import QAction, QMessageBox

from botaclip.botaclip_qgis.algorithm_task import AlgorithmTask
from botaclip.botaclip_qgis.click_control import MENU, ClickControl
from botaclip.botaclip_qgis.environment_state import is_at_hand
from botaclip.botaclip_qgis.i18n import tr
from botaclip.botaclip_qgis.icons import icon
from botaclip.botaclip_qgis.options_page import PANEL_SETTING, OptionsFactory
from botaclip.botaclip_qgis.panel import DATA, Panel
from botaclip.botaclip_qgis.sample_project import load_sample, sample_folder
from botaclip.botaclip_qgis.species_locator import SpeciesLocator
from botaclip.core.errors import BotaclipError

# Set when the panel has been shown once: it opens by itself after the plugin was installed, and then no more.
SEEN_SETTING = "botaclip/panel_seen"


class PanelControl(QObject):
    """The panel in the desktop.

    Parameters
    ----------
    iface
        QGIS's interface.
    click
        The map click, whose dock takes up what is chosen in the panel.
    """

    def __init__(self, iface: Any, click: ClickControl) -> None:
        super().__init__(iface.mainWindow())
        self._iface, self._click = iface, click
        self.panel = Panel(iface, iface.mainWindow())
        self.action = QAction(icon("botaclip"), tr("BotaCLIP panel"), iface.mainWindow())
        self.action.setObjectName("botaclip_panel_action")
        self.action.setToolTip(tr("From image and relevés to maps of species, in four steps"))
        self.action.setCheckable(True)
        self.panel.setToggleVisibilityAction(self.action)
        iface.addToolBarIcon(self.action)
        iface.addPluginToRasterMenu(MENU, self.action)
        iface.addDockWidget(Qt.DockWidgetArea.RightDockWidgetArea, self.panel)
        click.dock.visibilityChanged.connect(self._on_click_dock)
        self.options = OptionsFactory()
        iface.registerOptionsWidgetFactory(self.options)
        self.locator = SpeciesLocator(self._on_located)
        iface.registerLocatorFilter(self.locator)

        self.panel.options_wanted.connect(self.show_options)
        self.panel.click_wanted.connect(lambda: self._click.use_tool(True))
        self.panel.sample_wanted.connect(self.load_sample)
        self.panel.diagnostics_wanted.connect(self.copy_diagnostics)
        self._taking_over = False
        self.panel.sources_changed.connect(self._tell_click)
        click.dock.sources_changed.connect(self._tell_panel)
        project = QgsProject.instance()
        project.readProject.connect(self._on_project_read)
        project.cleared.connect(self._on_project_read)
        project.layersRemoved.connect(self._on_layers_removed)
        project.layersAdded.connect(self._on_layers_removed)
        settings = QgsSettings()
        first = not settings.value(SEEN_SETTING, False, bool)
        self.panel.setUserVisible(first or settings.value(PANEL_SETTING, False, bool))
        settings.setValue(SEEN_SETTING, True)

    def show_options(self) -> None:
        """Open QGIS's options at BotaCLIP's page; what was set there is taken up."""
        before = is_at_hand()
        self._iface.showOptionsDialog(self._iface.mainWindow(), "botaclip_options")
        if is_at_hand() and not before:
            self.panel.show_step(DATA)

    def load_sample(self) -> None:
        """Load the sample into a new project, after asking where the present one has changes."""
        if not self._may_replace_project():
            return
        folder = sample_folder()
        if folder.is_dir():
            self._show_sample(folder)
            return
        button = self.panel.data.sample_button
        button.setEnabled(False)
        self.panel.say(tr("Copying the sample…"))
        task = AlgorithmTask("botaclip:sample", {"OUTPUT": str(folder)}, title=tr("BotaCLIP: sample project"))

        def copied(fine: bool, _results: dict[str, Any]) -> None:
            button.setEnabled(True)
            if fine:
                self._show_sample(folder)
            else:
                self.panel.say(task.error)

        task.finished.connect(copied)
        task.begin()

    def _show_sample(self, folder: Path) -> None:
        try:
            QgsProject.instance().clear()
            layers = load_sample(folder)
        except BotaclipError as error:
            self.panel.say(error.sentence)
            return
        rasters = [layer for layer in layers if layer.type() == Qgis.LayerType.Raster]
        canvas = self._iface.mapCanvas()
        canvas.setDestinationCrs(QgsProject.instance().crs())
        if rasters:
            canvas.setExtent(canvas.mapSettings().layerExtentToOutputExtent(rasters[0], rasters[0].extent()))
        canvas.refresh()
        self.panel.read_project()
        self._click.dock.read_project()
        self.panel.say(tr("The sample lies in {folder}. Step 3 makes a map.").format(folder=folder))

    def copy_diagnostics(self) -> None:
        """Put the diagnostics on the clipboard; they ask the worker's Python, which may take a while."""
        self.panel.say(tr("Asking for versions and devices…"))

        task = AlgorithmTask("botaclip:diagnostics", {}, title=tr("BotaCLIP: diagnostics"))

        def copy(fine: bool, results: dict[str, Any]) -> None:
            if fine:
                QgsApplication.clipboard().setText(str(results.get("SUMMARY", "")))
            self.panel.say(tr("The diagnostics are on the clipboard.") if fine else task.error)

        task.finished.connect(copy)
        task.begin()

    def close(self) -> None:
        """Remove all that was added; what runs is cancelled."""
        project = QgsProject.instance()
        project.readProject.disconnect(self._on_project_read)
        project.cleared.disconnect(self._on_project_read)
        project.layersRemoved.disconnect(self._on_layers_removed)
        project.layersAdded.disconnect(self._on_layers_removed)
        self._click.dock.visibilityChanged.disconnect(self._on_click_dock)
        self.panel.close_down()
        self._iface.deregisterLocatorFilter(self.locator)
        self._iface.unregisterOptionsWidgetFactory(self.options)
        self._iface.removeToolBarIcon(self.action)
        self._iface.removePluginRasterMenu(MENU, self.action)
        self._iface.removeDockWidget(self.panel)
        self.panel.deleteLater()
        self.action.deleteLater()
        self.deleteLater()

    def _may_replace_project(self) -> bool:
        if not QgsProject.instance().isDirty() or not QgsProject.instance().mapLayers():
            return True
        buttons = QMessageBox.StandardButton
        answer = QMessageBox.question(
            self._iface.mainWindow(), "BotaCLIP",
            tr("The sample opens in a new project. Changes of the present one that are not saved are lost. Go on?"),
            buttons.Yes | buttons.No, buttons.No,
        )  # fmt: skip
        return bool(answer == buttons.Yes)

    def _on_project_read(self, *_arguments: Any) -> None:
        if self.panel.task is None:
            self.panel.say("")
        self.panel.read_project()

    def _tell_click(self) -> None:
        """Let the click's dock take up what was chosen in the panel."""
        if not self._taking_over:
            self._taking_over = True
            self._click.dock.read_project()
            self._taking_over = False

    def _tell_panel(self) -> None:
        """Let the panel take up what was chosen in the click's dock."""
        if not self._taking_over and not self.panel.project_goes:
            self._taking_over = True
            self.panel.take_sources()
            self._taking_over = False

    def _on_click_dock(self, visible: bool) -> None:
        """Lay the two docks over each other: one above the other, a screen has room for neither.

        Only now: QGIS puts its docks where they were after it has loaded the plugins.
        """
        window, dock = self._iface.mainWindow(), self._click.dock
        if visible and not dock.isFloating() and not window.tabifiedDockWidgets(dock) and self.panel.isVisible():
            window.tabifyDockWidget(self.panel, dock)
            dock.raise_()

    def _on_layers_removed(self, *_ids: Any) -> None:
        self.panel.results.refresh()

    def _on_located(self, layer: str) -> None:
        self._iface.setActiveLayer(QgsProject.instance().mapLayer(layer))
