"""Whether there is a Python for the worker: what can be known at once, and what has to be tried."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from qgis.core import QgsApplication, QgsSettings, QgsTask

from botaclip.botaclip_qgis.environment import PYTHON_SETTING, worker_python
from botaclip.botaclip_qgis.i18n import tr
from botaclip.core.errors import BotaclipError
from botaclip.core.interpreter import ROOT, VARIABLE
from botaclip.core.managed_environment import serving

# QGIS keeps no Python reference of a task.
_searching: list[QgsTask] = []


def is_at_hand(needs: str = "run") -> bool:
    """Tell, without starting anything, whether a Python was named, stands beside a checkout, or was set up.

    Whether what was named works shows when it runs.
    """
    named = str(QgsSettings().value(PYTHON_SETTING, "", str) or os.environ.get(VARIABLE, "")).strip()
    return bool(named) or (Path(ROOT) / ".venv").is_dir() or serving(needs) is not None


def search(on_found: Callable[[bool], None], needs: str = "run") -> None:
    """Look for a Python with all packages, trying those of the system in the background; then call ``on_found``."""

    def look(_task: QgsTask) -> bool:
        try:
            return bool(worker_python(needs))
        except BotaclipError:
            return False

    def done(_error: Any, result: bool | None = None) -> None:
        if task in _searching:
            _searching.remove(task)
        on_found(bool(result))

    task = QgsTask.fromFunction(tr("BotaCLIP: looking for Python"), look, on_finished=done)
    _searching.append(task)
    QgsApplication.taskManager().addTask(task)
