"""Which Python environment QGIS hands its jobs to, and where the user says so."""

from __future__ import annotations

from pathlib import Path

from qgis.core import QgsSettings

from botaclip.core.interpreter import find_interpreter
from botaclip.core.worker_client import WorkerClient

# Key of the user's setting: an executable, or the folder of an environment.
PYTHON_SETTING = "botaclip/python"


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
    return find_interpreter(QgsSettings().value(PYTHON_SETTING, "", str), needs=needs)


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
    return WorkerClient(worker_python(needs))
