"""Runs a Processing algorithm as a task: in the task manager, cancellable, its layers loaded at the end."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from typing import Any

from qgis.core import (
    Qgis,
    QgsApplication,
    QgsMapLayer,
    QgsMessageLog,
    QgsProcessingAlgorithm,
    QgsProcessingAlgRunnerTask,
    QgsProcessingContext,
    QgsProcessingFeedback,
    QgsProcessingOutputLayerDefinition,
    QgsProcessingUtils,
    QgsProject,
)
from qgis.PyQt.QtCore import QObject, pyqtSignal

from botaclip.botaclip_qgis.i18n import tr
from botaclip.botaclip_qgis.result_layers import add_result_layer

LOG = "BotaCLIP"
_LINES = 400


class AlgorithmTask(QObject):
    """One run of an algorithm in the background.

    The dialog or panel that began it may be closed meanwhile: the run is the task manager's, and its layers go into
    the project that was open when it began.

    Parameters
    ----------
    algorithm_id
        Such as ``botaclip:suitability``.
    parameters
        Of the algorithm. An output layer given as a path is loaded into the project when it is done.
    title
        Of the task and of the message at its end.
    """

    # Share of the work done, 0 to 1, and what is being done.
    progressed = pyqtSignal(float, str)
    # Whether it went well, and the outputs; after the layers were loaded.
    finished = pyqtSignal(bool, dict)

    # QGIS keeps no Python reference of a task, and would call a dead one.
    _running: set[AlgorithmTask] = set()

    def __init__(self, algorithm_id: str, parameters: Mapping[str, Any], *, title: str) -> None:
        super().__init__()
        self.title = title
        self.lines: list[str] = []
        self.error = ""
        self.layers: list[QgsMapLayer] = []
        self.cancelled = False
        self._project = QgsProject.instance()
        self._project_is_gone = False
        self._project.cleared.connect(self._on_project_cleared)
        self._feedback = _Feedback(self)
        self._context = QgsProcessingContext()
        self._context.setProject(self._project)
        self._context.setFeedback(self._feedback)
        self._algorithm: QgsProcessingAlgorithm | None = QgsApplication.processingRegistry().createAlgorithmById(
            algorithm_id
        )
        self._algorithm_id = algorithm_id
        self._parameters = dict(parameters)
        self._task: QgsProcessingAlgRunnerTask | None = None

    @classmethod
    def start(
        cls,
        algorithm_id: str,
        parameters: Mapping[str, Any],
        *,
        title: str,
        on_finished: Callable[[bool, dict[str, Any]], None] | None = None,
    ) -> AlgorithmTask:
        """Begin a run and return it; see the class for the parameters."""
        task = cls(algorithm_id, parameters, title=title)
        if on_finished is not None:
            task.finished.connect(on_finished)
        task.begin()
        return task

    def begin(self) -> None:
        """Hand the run to the task manager; what is wrong with the parameters is told as a run that failed."""
        self._running.add(self)
        if self._algorithm is None:
            self.error = tr("The algorithm is not there; is the plugin's Processing provider switched off?")
            self._end(False, {})
            return
        parameters = self._with_loading()
        fine, message = self._algorithm.checkParameterValues(parameters, self._context)
        if not fine:
            self.error = message
            self._end(False, {})
            return
        self._task = QgsProcessingAlgRunnerTask(self._algorithm, parameters, self._context, self._feedback)
        # It prepares the run at once; what fails there ends it before anybody can listen.
        if self._task.isCanceled():
            self._task = None
            self._end(False, {})
            return
        self._task.setDescription(self.title)
        self._task.executed.connect(self._on_executed)
        self._feedback.progressChanged.connect(lambda percent: self.progressed.emit(percent / 100.0, ""))
        QgsApplication.taskManager().addTask(self._task)

    @property
    def project_is_gone(self) -> bool:
        """Whether the project that it was begun in was closed meanwhile."""
        return self._project_is_gone

    def forget(self) -> None:
        """Tell nobody any more, as when the panel goes; the run ends by itself or by :meth:`cancel`."""
        for signal in (self.progressed, self.finished):
            with contextlib.suppress(TypeError, RuntimeError):
                signal.disconnect()

    def cancel(self) -> None:
        """Ask the run to stop; the worker is killed where it does not within a second."""
        self.cancelled = True
        self._feedback.cancel()
        if self._task is not None:
            self._task.cancel()

    def say(self, line: str, *, error: bool = False) -> None:
        """Keep a line of the log, the newest last; also of one that is no more than a stage's name."""
        self.lines.append(line)
        del self.lines[:-_LINES]
        if error:
            self.error = line

    def _with_loading(self) -> dict[str, Any]:
        """Return the parameters with the output layers marked to be loaded."""
        assert self._algorithm is not None
        parameters = dict(self._parameters)
        for definition in self._algorithm.destinationParameterDefinitions():
            value = parameters.get(definition.name())
            if definition.type() in ("rasterDestination", "vectorDestination") and isinstance(value, str) and value:
                parameters[definition.name()] = QgsProcessingOutputLayerDefinition(value, self._project)
        return parameters

    def _on_executed(self, fine: bool, results: dict[str, Any]) -> None:
        self._task = None
        if fine:
            self._load()
        self._end(fine, dict(results))

    def _load(self) -> None:
        for source, details in self._context.layersToLoadOnCompletion().items():
            if self._project_is_gone:
                self.say(tr("The project was closed meanwhile; the result lies in {path}.").format(path=source))
                continue
            layer = QgsProcessingUtils.mapLayerFromString(source, self._context, True, details.layerTypeHint)
            if layer is None or not layer.isValid():
                self.say(tr("QGIS cannot open the result {path}.").format(path=source))
                continue
            details.setOutputLayerName(layer)
            store = self._context.temporaryLayerStore()
            taken = store.takeMapLayer(layer) if store.mapLayer(layer.id()) is not None else layer
            styler = details.postProcessor()
            add_result_layer(self._project, taken, details.groupName, kind=self._algorithm_id)
            if styler is not None:
                styler.postProcessLayer(taken, self._context, self._feedback)
            self.layers.append(taken)

    def _end(self, fine: bool, results: dict[str, Any]) -> None:
        with contextlib.suppress(TypeError, RuntimeError):  # the project is gone
            self._project.cleared.disconnect(self._on_project_cleared)
        if not fine and not self.cancelled:
            QgsMessageLog.logMessage(f"{self.title}: {self.error}", LOG, Qgis.MessageLevel.Warning)
        self.progressed.emit(1.0, "")
        self.finished.emit(fine, results)
        self._running.discard(self)

    def _on_project_cleared(self) -> None:
        self._project_is_gone = True


def is_working() -> bool:
    """Tell whether any run of the plugin is under way."""
    return bool(AlgorithmTask._running)


class _Feedback(QgsProcessingFeedback):
    """Keeps what the algorithm says; called from the task's thread."""

    def __init__(self, task: AlgorithmTask) -> None:
        super().__init__(False)
        self._to = task

    def setProgressText(self, text: str) -> None:  # noqa: D102 - the names are QGIS's
        self._to.progressed.emit(-1.0, text)

    def reportError(self, error: str, fatalError: bool = False) -> None:  # noqa: D102
        self._to.say(error.strip(), error=True)

    def pushInfo(self, info: str) -> None:  # noqa: D102
        self._to.say(info)

    def pushWarning(self, warning: str) -> None:  # noqa: D102
        self._to.say(tr("Warning: {text}").format(text=warning))

    def pushDebugInfo(self, info: str) -> None:  # noqa: D102
        self._to.say(info)
