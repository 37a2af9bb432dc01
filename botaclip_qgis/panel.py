"""The panel: four plain steps from data to results, and the set-up before them. Everything runs as tasks."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from qgis.core import Qgis, QgsApplication, QgsProject, QgsReferencedRectangle
from qgis.gui import QgsDockWidget
from qgis.PyQt.QtCore import Qt, pyqtSignal
from qgis.PyQt.QtWidgets import (
    QButtonGroup,
    QFrame,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QScrollArea,
    QStackedWidget,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from botaclip.botaclip_qgis.algorithm_task import AlgorithmTask
from botaclip.botaclip_qgis.data_page import DataPage
from botaclip.botaclip_qgis.environment_state import is_at_hand, search
from botaclip.botaclip_qgis.first_run import TRAIN, FirstRunPage
from botaclip.botaclip_qgis.i18n import tr
from botaclip.botaclip_qgis.icons import icon
from botaclip.botaclip_qgis.model_page import BUNDLED_MODEL, FILE, ModelPage
from botaclip.botaclip_qgis.preview_layers import style_blocks, style_plots
from botaclip.botaclip_qgis.project_entries import (
    PROJECT_MODEL,
    PROJECT_RASTER,
    PROJECT_SCOPE,
    model_entry,
    project_model,
    project_raster,
)
from botaclip.botaclip_qgis.results_page import ResultsPage
from botaclip.botaclip_qgis.run_page import Run, RunPage, propose_folder

PROJECT_DATA, PROJECT_OPTIONS = "/panel/data", "/panel/options"
DATA, MODEL, RUN, RESULTS = range(4)
_MARGIN = 1.05
_SCROLL_BAR, _NARROWEST, _WIDEST = 28, 340, 460


class Panel(QgsDockWidget):
    """Gathers what is to be done and hands it to the Processing algorithms.

    Parameters
    ----------
    iface
        QGIS's interface.
    """

    options_wanted = pyqtSignal()
    click_wanted = pyqtSignal()
    sample_wanted = pyqtSignal()
    diagnostics_wanted = pyqtSignal()
    # Model or image were chosen: the map click takes them up.
    sources_changed = pyqtSignal()

    def __init__(self, iface: Any, parent: QWidget | None = None) -> None:
        super().__init__(tr("BotaCLIP"), parent)
        self.setObjectName("botaclip_panel")
        self.setWindowIcon(icon("botaclip"))
        self._iface = iface
        self._reading = False
        # From when a project begins to go until its end has been read.
        self.project_goes = False
        self._waiting: list[Run] = []
        self.task: AlgorithmTask | None = None
        self._last_output = ""
        self._previewed: list[str] = []

        self.first_run = FirstRunPage()
        self.data, self.model, self.run, self.results = DataPage(), ModelPage(), RunPage(), ResultsPage()
        self._steps = QButtonGroup(self)
        self.step_buttons: list[QToolButton] = []
        self.bar = QWidget()
        bar = QHBoxLayout(self.bar)
        bar.setContentsMargins(0, 0, 0, 0)
        bar.setSpacing(2)
        for number, text in enumerate((tr("&1 Data"), tr("&2 Model"), tr("&3 Run"), tr("&4 Results"))):
            button = QToolButton()
            button.setText(text)
            button.setObjectName(f"botaclip_step_{number + 1}")
            button.setAccessibleName(tr("Step {name}").format(name=text.replace("&", "")))
            button.setCheckable(True)
            button.setSizePolicy(button.sizePolicy().Policy.Expanding, button.sizePolicy().Policy.Fixed)
            self._steps.addButton(button, number)
            self.step_buttons.append(button)
            bar.addWidget(button, 1)
        self.stack = QStackedWidget()
        for page in (self.data, self.model, self.run, self.results, self.first_run):
            scroll = QScrollArea()
            scroll.setWidgetResizable(True)
            scroll.setFrameShape(QFrame.Shape.NoFrame)
            scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
            scroll.setWidget(page)
            self.stack.addWidget(scroll)
        self.progress = QProgressBar()
        self.progress.setObjectName("botaclip_progress")
        self.progress.setRange(0, 1000)
        self.cancel_button = QToolButton()
        self.cancel_button.setObjectName("botaclip_cancel")
        self.cancel_button.setText(tr("Cancel"))
        self.set_up_button = QToolButton()
        self.set_up_button.setObjectName("botaclip_set_up_page")
        self.set_up_button.setIcon(QgsApplication.getThemeIcon("mActionOptions.svg"))
        self.set_up_button.setToolTip(tr("Set-up, diagnostics, removal"))
        self.set_up_button.setAccessibleName(self.set_up_button.toolTip())
        bar.addWidget(self.set_up_button)
        self.status = QLabel()
        self.status.setObjectName("botaclip_panel_status")
        self.status.setWordWrap(True)
        self.status.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        row = QHBoxLayout()
        row.addWidget(self.progress, 1)
        row.addWidget(self.cancel_button)
        body = QWidget(self)
        layout = QVBoxLayout(body)
        layout.setContentsMargins(4, 4, 4, 4)
        layout.addWidget(self.bar)
        # Near the steps: at the foot nobody looks for what to do next.
        layout.addWidget(self.status)
        layout.addLayout(row)
        layout.addWidget(self.stack, 1)
        pages = (self.data, self.model, self.run, self.results, self.first_run)
        # Pages scroll down only, so that nothing is cut off at the right.
        wide = max(page.minimumSizeHint().width() for page in pages) + _SCROLL_BAR
        body.setMinimumWidth(min(max(wide, _NARROWEST), _WIDEST))
        self.setWidget(body)
        self._connect()
        self._show_running(False)
        self.read_project()
        self.look_for_environment()

    def _connect(self) -> None:
        self._steps.idClicked.connect(self.show_step)
        self.cancel_button.clicked.connect(self.cancel)
        self.set_up_button.clicked.connect(lambda: self.show_set_up(needed=False))
        project = QgsProject.instance()
        # What a project that goes does to the choices is nobody's choice.
        project.aboutToBeCleared.connect(self._on_project_goes)
        for form in (self.model.options, self.run.options):
            form.changed.connect(self._on_options)
        self.data.changed.connect(self._on_data)
        self.data.sample_wanted.connect(lambda: self.sample_wanted.emit())
        self.data.check_wanted.connect(lambda: self.preview(self.data.found))
        self.model.changed.connect(self._on_model)
        self.model.train_wanted.connect(self.train)
        self.model.preview_wanted.connect(lambda: self.preview(self.model.found))
        self.run.run_wanted.connect(self.make_maps)
        self.run.estimate_wanted.connect(self.estimate)
        self.results.threshold_wanted.connect(
            lambda given: self._begin([Run("botaclip:threshold", given, tr("Presence by threshold"))])
        )
        self.results.click_wanted.connect(lambda: self.click_wanted.emit())
        self.results.layer_wanted.connect(lambda layer: self._iface.setActiveLayer(layer))
        self.first_run.ready.connect(self._on_environment_ready)
        self.first_run.removed.connect(lambda: self.show_set_up(needed=True))
        self.first_run.back_wanted.connect(lambda: self.show_step(DATA))
        self.first_run.test_wanted.connect(self.test_devices)
        self.first_run.own_python_wanted.connect(lambda: self.options_wanted.emit())
        self.first_run.diagnostics_wanted.connect(lambda: self.diagnostics_wanted.emit())

    def look_for_environment(self) -> None:
        """Show the steps where a Python is at hand, else the set-up, until a search has found one."""
        if is_at_hand():
            self.show_step(DATA)
            return
        self.show_set_up(needed=True)
        search(lambda found: self._on_environment_ready() if found and self.first_run.task is None else None)

    def show_set_up(self, *, needed: bool, packages: str = "") -> None:
        """Show the page of the set-up."""
        self.bar.setVisible(not needed)
        self.first_run.refresh(needed=needed, packages=packages)
        self.stack.setCurrentIndex(4)

    def show_step(self, number: int) -> None:
        """Show one of the four steps."""
        self.bar.setVisible(True)
        self.step_buttons[number].setChecked(True)
        self.stack.setCurrentIndex(number)
        if number == RUN:
            self.run.show_model(self.model.summary())
        if number == RESULTS:
            self.results.refresh()
            self.results.show_model(self.model.summary())

    def say(self, text: str) -> None:
        """Show a sentence at the foot of the panel."""
        self.status.setText(text)
        self.status.setVisible(bool(text))

    def read_project(self) -> None:
        """Take up what the project names; guess from its layers what it does not."""
        self._reading = True
        try:
            project = QgsProject.instance()
            self.data.raster.set_value(project_raster())
            text, _ = project.readEntry(PROJECT_SCOPE, PROJECT_DATA, "")
            try:
                kept = json.loads(text) if text else None
            except ValueError:
                kept = None
            if isinstance(kept, dict):
                self.data.set_values(kept)
            else:
                self.data.guess()
            self._read_options()
            self.model.set_model(project_model())
            self.run.folder.setFilePath(propose_folder())
            self.run.show_model(self.model.summary())
            self.results.refresh()
        finally:
            self._reading = self.project_goes = False

    def take_sources(self) -> None:
        """Take up the image and the model that were chosen elsewhere in the project."""
        self._reading = True
        try:
            self.data.raster.set_value(project_raster())
            if self.model.way() in (BUNDLED_MODEL, FILE):
                self.model.set_model(project_model())
            self.run.show_model(self.model.summary())
        finally:
            self._reading = False

    def close_down(self) -> None:
        """Cancel what runs and hear no more of it: the panel goes."""
        QgsProject.instance().aboutToBeCleared.disconnect(self._on_project_goes)
        self._waiting.clear()
        for task in (self.task, self.first_run.task):
            if task is not None:
                task.forget()
                task.cancel()

    def make_maps(self) -> None:
        """Make the maps of step 3."""
        raster = {name: value for name, value in self.data.values().items() if name in ("RASTER", "BANDS")}
        model = self.model.model()
        missing = (
            (tr("Choose the image first (step 1).") if not raster.get("RASTER") else "")
            or (tr("Choose a model first (step 2).") if not model else "") or self.run.missing()
        )  # fmt: skip
        if missing:
            self.say(missing)
            return
        canvas = self._iface.mapCanvas()
        extent = QgsReferencedRectangle(canvas.extent(), canvas.mapSettings().destinationCrs())
        self._begin(self.run.runs(raster, model, extent), then=lambda: self.show_step(RESULTS))

    def estimate(self) -> None:
        """Try one tile on each device and say how long the map would take."""
        if not self.data.raster.value() or not self.model.model():
            self.say(tr("Choose the image (step 1) and a model (step 2) first."))
            return
        self._try_devices(self.run.show_estimate)

    def test_devices(self) -> None:
        """Try one tile on each device, of the image and with the model that are chosen, else of noise."""
        self._try_devices(self.first_run.status.setText)

    def _try_devices(self, show: Callable[[str], None]) -> None:
        chosen = {"RASTER": self.data.raster.value(), "BANDS": self.data.bands.value(), "MODEL": self.model.model()}
        given = {name: value for name, value in chosen.items() if value}
        self._begin(
            [Run("botaclip:devices", given, tr("Testing the devices"))],
            on_results=lambda results: show(str(results.get("SUMMARY", ""))),
        )

    def preview(self, shown: QLabel) -> None:
        """Look at the plots: which can be used, how they are held out, what training will cost.

        Parameters
        ----------
        shown
            Where the words go.
        """
        if self._needs_training_set():
            return
        missing = self.data.missing()
        if missing:
            self.say(missing)
            return
        given = {**self.data.values(), **self.model.options.values()}
        given.pop("PLOT_LOCATIONS", None)
        given |= {"OUTPUT": "TEMPORARY_OUTPUT", "BLOCKS": "TEMPORARY_OUTPUT"}

        def show(results: dict[str, Any]) -> None:
            shown.setText(str(results.get("SUMMARY", "")))
            shown.show()

        # The last look is replaced: five of them on top of each other tell nothing.
        project = QgsProject.instance()
        project.removeMapLayers([one for one in self._previewed if project.mapLayer(one) is not None])
        self._begin(
            [Run("botaclip:preview", given, tr("Looking at the plots"))], on_results=show, on_layers=self._style_preview
        )

    def train(self) -> None:
        """Train the model of step 2."""
        if self._needs_training_set():
            return
        missing = self.data.missing() or self.model.missing()
        if missing:
            self.say(missing)
            return
        given = {**self.data.values(), **self.model.values()}
        output = str(given["OUTPUT"])
        if not output.lower().endswith(".botaclip"):
            output = f"{output}.botaclip"
        given["OUTPUT"] = output
        # A report is always written; where it was not named it lies beside the model.
        given.setdefault("REPORT", str(Path(output).with_suffix(".html")))

        def trained() -> None:
            self.model.file.setFilePath(output)
            self.model.set_way(FILE)
            self.results.set_report(str(given["REPORT"]))
            self.show_step(RUN)

        self._begin([Run("botaclip:train", given, tr("Training a model"))], then=trained)

    def cancel(self) -> None:
        """Stop what runs, and what was to run after it."""
        self._waiting.clear()
        if self.task is not None:
            self.say(tr("Stopping…"))
            self.task.cancel()

    def _begin(
        self,
        runs: list[Run],
        *,
        then: Callable[[], None] | None = None,
        on_results: Callable[[dict[str, Any]], None] | None = None,
        on_layers: Callable[[list[Any]], None] | None = None,
    ) -> None:
        """Run algorithms one after the other; the panel may be closed meanwhile."""
        if self.task is not None:
            self.say(tr("Something is running already; it can be cancelled."))
            return
        self._waiting = list(runs)
        self._next(then, on_results, on_layers)

    def _next(self, then: Any, on_results: Any, on_layers: Any) -> None:
        run = self._waiting.pop(0)
        given = {**run.parameters, "RASTER": self._last_output} if run.after_last else run.parameters
        task = AlgorithmTask(run.algorithm, given, title=tr("BotaCLIP: {title}").format(title=run.title))
        self.task = task
        self._show_running(True)
        self.say(run.title)
        task.progressed.connect(lambda fraction, text: self._on_progress(run.title, fraction, text))

        def ended(fine: bool, results: dict[str, Any]) -> None:
            self.task = None
            self._last_output = str(results.get("OUTPUT", "")) if fine else ""
            if fine and on_results is not None:
                on_results(results)
            if fine and on_layers is not None:
                on_layers(task.layers)
            if fine and self._waiting:
                self._next(then, on_results, on_layers)
                return
            self._waiting.clear()
            self._show_running(False)
            self.results.refresh()
            for layer in task.layers[:1]:
                self.results.choose(layer)
            self._tell(run.title, task, fine)
            # A model that was trained for another project is none of this one's.
            if fine and then is not None and not task.project_is_gone:
                then()

        task.finished.connect(ended)
        task.begin()

    def _tell(self, title: str, task: AlgorithmTask, fine: bool) -> None:
        """Say at the end what became of a run, in the panel and, where that is closed, in the message bar."""
        if task.cancelled:
            self.say(tr("Cancelled: {title}.").format(title=title))
        elif fine:
            self.say(tr("Done: {title}.").format(title=title))
            self._iface.messageBar().pushMessage(
                "BotaCLIP", tr("Done: {title}.").format(title=title), Qgis.MessageLevel.Success, 8
            )
        else:
            self.say(task.error)
            self._iface.messageBar().pushMessage("BotaCLIP", task.error, Qgis.MessageLevel.Warning, 0)

    def _on_progress(self, title: str, fraction: float, text: str) -> None:
        if fraction >= 0:
            self.progress.setValue(round(1000 * fraction))
        if text:
            self.say(f"{title}: {text}")

    def _style_preview(self, layers: list[Any]) -> None:
        self._previewed = [layer.id() for layer in layers]
        for layer in layers:
            if layer.geometryType() == Qgis.GeometryType.Point:
                style_plots(layer)
            else:
                style_blocks(layer)
        boxes = [layer for layer in layers if layer.geometryType() == Qgis.GeometryType.Point]
        canvas = self._iface.mapCanvas()
        if boxes:
            box = canvas.mapSettings().layerExtentToOutputExtent(boxes[0], boxes[0].extent())
            if not box.isEmpty() and not canvas.extent().contains(box):
                box.scale(_MARGIN)
                canvas.setExtent(box)
        canvas.refresh()

    def _needs_training_set(self) -> bool:
        """Lead to the set-up where the packages for training are missing."""
        if is_at_hand(TRAIN) or not is_at_hand():
            # What only a search can tell the run itself will say.
            return False
        self.say(tr("Looking at the plots and training need more packages: set them up first."))
        self.show_set_up(needed=False, packages=TRAIN)
        return True

    def _show_running(self, running: bool) -> None:
        self.progress.setVisible(running)
        self.cancel_button.setVisible(running)
        if not running:
            self.progress.setValue(0)
        for button in (
            self.data.check_button, self.model.preview_button, self.model.train_button, self.run.run_button,
            self.run.estimate_button, self.results.threshold_button,
        ):  # fmt: skip
            button.setEnabled(not running)

    def _on_environment_ready(self) -> None:
        self.show_step(DATA)

    def _on_data(self) -> None:
        if self._reading:
            return
        project = QgsProject.instance()
        kept = self.data.values()
        raster = str(kept.pop("RASTER", ""))
        layer = project.mapLayer(raster)
        project.writeEntry(PROJECT_SCOPE, PROJECT_RASTER, raster if layer is not None else project.writePath(raster))
        project.writeEntry(PROJECT_SCOPE, PROJECT_DATA, json.dumps(kept))
        self.sources_changed.emit()

    def _on_project_goes(self) -> None:
        self._reading = self.project_goes = True

    def _on_options(self) -> None:
        if not self._reading:
            kept = {"model": self.model.options.values(), "run": self.run.options.values()}
            QgsProject.instance().writeEntry(PROJECT_SCOPE, PROJECT_OPTIONS, json.dumps(kept))

    def _read_options(self) -> None:
        """Take up the project's options of training and maps; the table's defaults where it has none."""
        text, _ = QgsProject.instance().readEntry(PROJECT_SCOPE, PROJECT_OPTIONS, "")
        try:
            kept = json.loads(text) if text else {}
        except ValueError:
            kept = {}
        for name, form in (("model", self.model.options), ("run", self.run.options)):
            form.reset()
            values = kept.get(name) if isinstance(kept, dict) else None
            if isinstance(values, dict):
                form.set_values(values)

    def _on_model(self) -> None:
        self.run.show_model(self.model.summary())
        if self._reading or not self.model.model():
            return
        QgsProject.instance().writeEntry(PROJECT_SCOPE, PROJECT_MODEL, model_entry(self.model.model()))
        self.sources_changed.emit()
