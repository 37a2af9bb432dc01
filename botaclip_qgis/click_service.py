"""Asks a warm worker which species to expect at a place, without ever keeping the canvas waiting.

Requests are numbered. At most one is with the worker; of those that come meanwhile only the newest is kept,
and an answer that is no longer the newest request's is dropped.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from qgis.PyQt.QtCore import QObject, pyqtSignal

from botaclip.botaclip_qgis.i18n import tr
from botaclip.core.errors import BotaclipError, Cancelled, WorkerError

# How long unloading the plugin waits for the thread: the worker is killed after a second of silence.
SECONDS_TO_END = 5.0


class ClickWorker(Protocol):
    """What is needed of a :class:`~botaclip.core.worker_client.WorkerClient`."""

    @property
    def pid(self) -> int | None:
        """Process number, None when none runs."""

    def run(
        self, command: str, parameters: Mapping[str, Any], *, is_cancelled: Callable[[], bool] | None = None
    ) -> dict[str, Any]:
        """Run one job."""

    def close(self) -> None:
        """End the process."""


class ClickService(QObject):
    """One thread and one worker for map clicks, both started with the first click.

    Parameters
    ----------
    new_worker
        Makes the client of a worker; called in the thread, and again where the environment was missing.
    """

    # Emitted in the main thread, for the newest request only.
    answered = pyqtSignal(dict)
    failed = pyqtSignal(str)
    # Whether an answer to the newest request is still awaited.
    waiting = pyqtSignal(bool)

    _returned = pyqtSignal(int, object, str)

    def __init__(self, new_worker: Callable[[], ClickWorker], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._new_worker = new_worker
        self._worker: ClickWorker | None = None
        self._thread: threading.Thread | None = None
        self._wake = threading.Condition()
        self._next: tuple[int, dict[str, Any]] | None = None
        self._closing = False
        self._newest = 0
        self.dropped = 0
        # The thread emits, this object lives in the main thread: the connection is queued.
        self._returned.connect(self._on_returned)

    def ask(self, parameters: Mapping[str, Any]) -> int:
        """Ask for the species at a place; returns at once with the request's number.

        Parameters
        ----------
        parameters
            ``raster``, ``model``, ``x``, ``y``, ``crs`` and ``species`` of the worker's ``click``.
        """
        with self._wake:
            self._newest += 1
            number = self._newest
            if self._next is not None:
                self.dropped += 1
            self._next = (number, {**parameters, "request": number})
            if self._thread is None:
                self._thread = threading.Thread(target=self._serve, name="botaclip-click", daemon=True)
                self._thread.start()
            self._wake.notify()
        self.waiting.emit(True)
        return number

    def forget(self) -> None:
        """Make whatever is under way stale, as when the model or the raster was changed."""
        with self._wake:
            self._newest += 1
            self._next = None
        self.waiting.emit(False)

    def close(self) -> None:
        """End the thread and the worker."""
        with self._wake:
            self._closing = True
            self._next = None
            self._wake.notify()
            thread = self._thread
        if thread is not None:
            thread.join(SECONDS_TO_END)

    def _serve(self) -> None:
        while True:
            with self._wake:
                while self._next is None and not self._closing:
                    self._wake.wait()
                if self._closing or self._next is None:
                    break
                number, parameters = self._next
                self._next = None
            outputs, problem = None, ""
            try:
                outputs = self._ask_worker(parameters)
            except Cancelled:
                continue
            except BotaclipError as error:
                problem = error.sentence
            except Exception as error:  # the thread must outlive whatever happens
                problem = tr("Something unforeseen went wrong, {kind}: {error}.").format(
                    kind=type(error).__name__, error=error
                )
            if not self._closing:
                self._returned.emit(number, outputs, problem)
        if self._worker is not None:
            self._worker.close()

    def _ask_worker(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        if self._worker is None:
            self._worker = self._new_worker()
        try:
            return self._worker.run("click", parameters, is_cancelled=self._is_closing)
        except WorkerError:
            if self._closing or self._worker.pid is not None:
                raise
            # The process is gone, perhaps killed while idle: a fresh one gets one try.
            self._worker.close()
            self._worker = self._new_worker()
            return self._worker.run("click", parameters, is_cancelled=self._is_closing)

    def _is_closing(self) -> bool:
        return self._closing

    def _on_returned(self, number: int, outputs: dict[str, Any] | None, problem: str) -> None:
        if number != self._newest:
            self.dropped += 1
            return
        self.waiting.emit(False)
        if outputs is None:
            self.failed.emit(problem)
        else:
            self.answered.emit(outputs)
