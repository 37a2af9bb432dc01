"""Which Python environment QGIS hands its jobs to, and where the user says so."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from qgis.core import QgsSettings

from botaclip.core.errors import BotaclipError, Cancelled
from botaclip.core.interpreter import find_interpreter
from botaclip.core.last_error import remember_error
from botaclip.core.worker_client import WorkerClient

# Key of the user's setting: an executable, or the folder of an environment.
PYTHON_SETTING = "botaclip/python"


class QgisWorker(WorkerClient):
    """A worker whose last error is kept for the diagnostics report."""

    def start(self, **callbacks: Any) -> None:
        """Start the worker if none runs, as :meth:`WorkerClient.start`."""
        with self._remembered():
            super().start(**callbacks)

    def run(self, command: str, parameters: Mapping[str, Any], **callbacks: Any) -> dict[str, Any]:
        """Run one job and return its outputs, as :meth:`WorkerClient.run`."""
        with self._remembered():
            return super().run(command, parameters, **callbacks)

    @contextlib.contextmanager
    def _remembered(self) -> Iterator[None]:
        try:
            yield
        except Cancelled:
            raise
        except BotaclipError as error:
            remember_error(error.sentence, self.diagnostics())
            raise


def python_setting() -> str:
    """Return the user's setting of the worker's Python, empty where there is none."""
    return str(QgsSettings().value(PYTHON_SETTING, "", str))


def worker_python(needs: str = "run") -> Path:
    """Return the Python that runs the worker: the user's setting, else what ``core.interpreter`` finds.

    Parameters
    ----------
    needs
        The set of packages that the command needs: ``"run"`` or ``"train"``.

    Raises
    ------
    EnvironmentMissing
        There is none; the sentence says what to do.
    """
    try:
        return find_interpreter(python_setting(), needs=needs)
    except BotaclipError as error:
        remember_error(error.sentence)
        raise


def new_worker(needs: str = "run") -> WorkerClient:
    """Return a client of a new worker process, which starts with its first job.

    Parameters
    ----------
    needs
        As :func:`worker_python`.

    Raises
    ------
    EnvironmentMissing
        As :func:`worker_python`.
    """
    return QgisWorker(worker_python(needs))
