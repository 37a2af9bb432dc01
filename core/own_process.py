"""Runs a job that needs no environment in the face's own process: what makes the environment cannot run in it.

Standard library only. :class:`OwnProcess` answers as :class:`botaclip.core.worker_client.WorkerClient` does, so the
command line and QGIS treat both alike.
"""

from __future__ import annotations

import errno
import time
import traceback
from collections.abc import Callable, Mapping
from typing import Any

from botaclip.core import commands, options
from botaclip.core.errors import BotaclipError, OutputError, WorkerError
from botaclip.core.jobs import JOBS, Job, resolve
from botaclip.core.progress import Progress, TimeLeft

SECONDS_BETWEEN_REPORTS = 0.1


class OwnProcess:
    """Stands in for the worker where a command's ``needs`` is ``"nothing"``.

    Parameters
    ----------
    jobs
        Command name -> ``"module:function"`` or function.
    """

    def __init__(self, jobs: Mapping[str, str | Job] = JOBS) -> None:
        self._jobs = jobs
        self._traceback = ""

    def __enter__(self) -> OwnProcess:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """There is nothing to end."""

    def diagnostics(self) -> str:
        """Return the traceback of an unforeseen error."""
        return self._traceback

    def run(
        self,
        command: str,
        parameters: Mapping[str, Any],
        *,
        progress: Callable[[float, str, float | None], None] | None = None,
        log: Callable[[str, str], None] | None = None,
        is_cancelled: Callable[[], bool] | None = None,
    ) -> dict[str, Any]:
        """Run one job and return its outputs; parameters and callbacks as with the worker.

        Raises
        ------
        Cancelled
            The user asked to stop.
        BotaclipError
            The job's own worded error.
        WorkerError
            Something unforeseen; :meth:`diagnostics` has the traceback.
        """
        channel = Progress(None if progress is None else _Reporter(progress), log, is_cancelled)
        described = commands.COMMANDS.get(command)
        given = dict(parameters) if described is None else options.parse_parameters(described, parameters)[0]
        try:
            channel.check()
            return resolve(command, self._jobs)(given, channel)
        except BotaclipError:
            raise
        except Exception as error:
            self._traceback = traceback.format_exc()
            raise _in_words(error) from None


class _Reporter:
    """Adds the time left; at most ten reports a second, never backwards."""

    def __init__(self, report: Callable[[float, str, float | None], None]) -> None:
        self._report = report
        self._time_left = TimeLeft()
        self._fraction = 0.0
        self._sent = float("-inf")

    def __call__(self, fraction: float, message: str) -> None:
        now = time.monotonic()
        finished = fraction >= 1.0 > self._fraction
        self._fraction = max(self._fraction, min(fraction, 1.0))
        if now - self._sent >= SECONDS_BETWEEN_REPORTS or finished:
            self._sent = now
            self._report(self._fraction, message, self._time_left.update(self._fraction, now))


def _in_words(error: Exception) -> BotaclipError:
    if isinstance(error, OSError):
        where = str(error.filename or "")
        if error.errno in (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)):
            return OutputError("the disk is full", where=where, remedy="free disk space")
        return OutputError(
            f"it cannot be written or read ({error.strerror or error})",
            where=where, remedy="make sure that you may write there and that no other program holds it",
        )  # fmt: skip
    text = str(error).strip().partition("\n")[0]
    return WorkerError(
        f"something unforeseen went wrong, {type(error).__name__}" + (f": {text}" if text else ""),
        remedy="please report it with the traceback, which is in the log",
    )
