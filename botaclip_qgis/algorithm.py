"""The one Processing algorithm class; each command of the option table is an instance of it."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from qgis.core import (
    QgsApplication,
    QgsProcessingAlgorithm,
    QgsProcessingContext,
    QgsProcessingException,
    QgsProcessingFeedback,
    QgsProcessingOutputMultipleLayers,
    QgsProcessingOutputString,
)
from qgis.PyQt.QtGui import QIcon

from botaclip.botaclip_qgis import option_words
from botaclip.botaclip_qgis.environment import new_worker
from botaclip.botaclip_qgis.help_pages import help_of
from botaclip.botaclip_qgis.i18n import tr
from botaclip.botaclip_qgis.icons import icon, icon_path
from botaclip.botaclip_qgis.layers import name_and_style
from botaclip.botaclip_qgis.parameters import processing_options, processing_parameter, short_label
from botaclip.botaclip_qgis.setup_algorithm import QgisProcess
from botaclip.botaclip_qgis.values import Values, hand_over, read_outputs, read_values, unknown_names
from botaclip.core.bundled import BUNDLED, WORD
from botaclip.core.errors import BotaclipError, Cancelled, UnsupportedRaster
from botaclip.core.options import OUTPUT_KINDS, Command, Kind, Option, command_line
from botaclip.core.own_process import OwnProcess
from botaclip.core.package_installer import without_password
from botaclip.core.worker_client import WorkerClient

# Every algorithm also returns what the command line prints at its end: scores, a report on a model...
SUMMARY = "SUMMARY"
# The maps that were written: OUTPUT itself, or a virtual raster for each CRS where that is a folder.
RASTERS = "RASTERS"
# Each text of the progress is kept in the dialog's log, so it is renewed only so often.
SECONDS_BETWEEN_TEXTS = 10.0


class BotaclipAlgorithm(QgsProcessingAlgorithm):
    """Runs one command in the worker process.

    Parameters
    ----------
    command
        The command; its options become the parameters.
    """

    def __init__(self, command: Command) -> None:
        super().__init__()
        self._command = command
        self._values: Values | None = None

    def name(self) -> str:  # noqa: D102
        return self._command.algorithm

    def displayName(self) -> str:  # noqa: D102
        return tr(option_words.title(self._command))

    def group(self) -> str:  # noqa: D102
        return tr(option_words.group(self._command))

    def groupId(self) -> str:  # noqa: D102
        return self._command.group.lower().replace(" ", "").replace("-", "")

    def tags(self) -> list[str]:  # noqa: D102
        words = tr(
            "species, plants, vegetation, relevé, suitability, habitat, distribution, embedding, deep learning, "
            "machine learning, imagery, orthophoto, remote sensing"
        )
        return [self._command.name, "botaclip", *(word.strip() for word in words.split(","))]

    def shortDescription(self) -> str:  # noqa: D102
        return tr(option_words.summary(self._command))

    def shortHelpString(self) -> str:  # noqa: D102
        # qgis_process prints the short description above it.
        if QgsApplication.platform() == "qgis_process":
            return tr(option_words.details(self._command))
        return f"{tr(option_words.summary(self._command))}\n\n{tr(option_words.details(self._command))}"

    def helpUrl(self) -> str:  # noqa: D102
        return help_of(self._command)

    def icon(self) -> QIcon:  # noqa: D102
        return icon(self._command.name)

    def svgIconPath(self) -> str:  # noqa: D102
        return icon_path(self._command.name)

    def createInstance(self) -> BotaclipAlgorithm:  # noqa: D102
        return BotaclipAlgorithm(self._command)

    def initAlgorithm(self, configuration: Mapping[str, Any] | None = None) -> None:  # noqa: D102
        for option in processing_options(self._command):
            self.addParameter(processing_parameter(option))
        if any(option.kind is Kind.OUTPUT_RASTER for option in self._command.options):
            words = tr("Rasters, one for each CRS of the imagery; with EACH, one for each raster")
            self.addOutput(QgsProcessingOutputMultipleLayers(RASTERS, words))
        self.addOutput(QgsProcessingOutputString(SUMMARY, tr("Summary")))

    def checkParameterValues(  # noqa: D102
        self, parameters: dict[str, Any], context: QgsProcessingContext
    ) -> tuple[bool, str]:
        # The word for the bundled model is no file name: QGIS would miss its ending.
        models = {option.parameter for option in self._command.options if option.kind is Kind.MODEL}
        named = {
            name: str(BUNDLED) for name, value in parameters.items() if name in models and str(value).strip() == WORD
        }
        return super().checkParameterValues({**parameters, **named}, context)

    def prepareAlgorithm(  # noqa: D102
        self, parameters: dict[str, Any], context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> bool:
        for name in unknown_names(self, parameters):
            feedback.pushWarning(
                tr("{algorithm} has no parameter {name}; it is ignored.").format(algorithm=self.id(), name=name)
            )
        try:
            self._values = read_values(self, self._command, parameters, context)
        except BotaclipError as error:
            raise QgsProcessingException(error.sentence) from None
        return True

    def processAlgorithm(  # noqa: D102
        self, parameters: dict[str, Any], context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> dict[str, Any]:
        if self._values is None:
            raise QgsProcessingException(tr("The algorithm was not prepared."))
        values = self._values
        try:
            for warning in values.warnings:
                feedback.pushWarning(warning)
            read_outputs(values, self, self._command, parameters, context)
            while True:
                given = hand_over(values, self, self._command, parameters, context, feedback)
                line = without_password(command_line(self._command, given))
                feedback.pushInfo(f"{tr('The same on the command line:')}\n{line}\n")
                try:
                    answer = self._answer(given, feedback)
                    break
                except UnsupportedRaster as error:
                    # QGIS may know a format that the worker's GDAL does not: it is exported, and tried once more.
                    if not values.rasters.give_up_file(error):
                        raise
        except BotaclipError as error:
            raise QgsProcessingException(error.sentence) from None
        finally:
            values.rasters.remove()
        return self._results(given, answer, context, feedback)

    def _answer(self, given: Mapping[str, Any], feedback: QgsProcessingFeedback) -> dict[str, Any]:
        """Return what the job answers; a command that needs no environment is run in this process."""
        needs = self._command.needs_for(given)
        if needs == "nothing":
            return self._run(QgisProcess(), given, feedback)
        with new_worker(needs) as worker:
            return self._run(worker, given, feedback)

    def _run(
        self, worker: WorkerClient | OwnProcess, given: Mapping[str, Any], feedback: QgsProcessingFeedback
    ) -> dict[str, Any]:
        texts = _ProgressTexts(feedback)

        def log(level: str, message: str) -> None:
            (feedback.pushWarning if level == "warning" else feedback.pushInfo)(message)

        try:
            return worker.run(
                self._command.name, given, progress=texts.show, log=log, is_cancelled=feedback.isCanceled
            )
        except BotaclipError as error:
            if not isinstance(error, Cancelled):
                for line in worker.diagnostics().splitlines():
                    feedback.pushDebugInfo(line)
            raise

    def _results(
        self,
        given: Mapping[str, Any],
        answer: Mapping[str, Any],
        context: QgsProcessingContext,
        feedback: QgsProcessingFeedback,
    ) -> dict[str, Any]:
        # A job may have other words for a log in proportional type than for a terminal.
        said = answer.get("log") or answer.get("print") or ""
        summary = said if isinstance(said, str) else "\n".join(str(line) for line in said)
        if summary:
            feedback.pushInfo(summary)
        results: dict[str, Any] = {SUMMARY: summary}
        for option in processing_options(self._command):
            if option.kind not in OUTPUT_KINDS or not given.get(option.key):
                continue
            asked = str(given[option.key])
            # Imagery in several places makes a folder of maps; then the job says which files to show.
            path = str(answer.get(option.key) or asked)
            shown = [path]
            if option.kind is Kind.OUTPUT_RASTER:
                shown = results[RASTERS] = [str(one) for one in answer.get("rasters") or [path]]
            for one in {path, *shown}:
                if not Path(one).exists():
                    raise QgsProcessingException(tr("{path} was not written.").format(path=one))
            results[option.parameter] = path
            name_and_style(
                asked, shown, self._layer_name(option, given), self.displayName(), context,
                own_names=option.kind is Kind.OUTPUT_RASTER and bool(given.get("each")),
            )  # fmt: skip
        return results

    def _layer_name(self, option: Option, given: Mapping[str, Any]) -> str:
        title = self.displayName() if option.key == "output" else short_label(option)
        # A temporary file's name says nothing.
        named = (Path(str(given.get(key) or "")).stem for key in ("model", "output", "raster"))
        about = next((name for name in named if name and name != "OUTPUT"), "")
        return f"{title} ({about})" if about else title


class _ProgressTexts:
    """Shows the worker's progress: the bar always, the text when the stage changes and now and then."""

    def __init__(self, feedback: QgsProcessingFeedback) -> None:
        self._feedback = feedback
        self._message = ""
        self._shown = time.monotonic()

    def show(self, fraction: float, message: str, seconds_left: float | None) -> None:
        self._feedback.setProgress(100.0 * fraction)
        now = time.monotonic()
        if message == self._message and now - self._shown < SECONDS_BETWEEN_TEXTS:
            return
        self._message, self._shown = message, now
        left = time_left_text(seconds_left)
        text = ", ".join(part for part in (message, left) if part)
        if text:
            self._feedback.setProgressText(text)


def time_left_text(seconds: float | None) -> str:
    """Return the time left in words, as roughly as it is known; empty when it is not."""
    if seconds is None:
        return ""
    if seconds < 60:
        return tr("about {count} s left").format(count=max(5, round(seconds / 5) * 5))
    if seconds < 5400:
        return tr("about {count} min left").format(count=round(seconds / 60))
    return tr("about {count} h left").format(count=f"{seconds / 3600:.1f}")
