"""How a long job says how far it is, and learns that it is to stop. Standard library only."""

from __future__ import annotations

from collections.abc import Callable

from botaclip.core.errors import Cancelled


class Progress:
    """The one channel between a job and whoever waits for it.

    A job calls :meth:`update` at every tile and every training step; that call raises
    :class:`~botaclip.core.errors.Cancelled` once the user asked to stop.

    Parameters
    ----------
    report
        Called as ``report(fraction, message)`` with ``fraction`` in 0..1 of the whole job.
    log
        Called as ``log(level, message)``, level one of ``"info"``, ``"warning"``.
    cancelled
        Returns True once the job is to stop.
    """

    def __init__(
        self,
        report: Callable[[float, str], None] | None = None,
        log: Callable[[str, str], None] | None = None,
        cancelled: Callable[[], bool] | None = None,
        *,
        start: float = 0.0,
        end: float = 1.0,
    ) -> None:
        self._report = report
        self._log = log
        self._cancelled = cancelled
        self._start = start
        self._end = end

    def update(self, fraction: float, message: str = "") -> None:
        """Report ``fraction`` (0..1 of this stage); raise ``Cancelled`` when the user asked to stop."""
        self.check()
        if self._report is not None:
            inside = min(1.0, max(0.0, fraction))
            self._report(self._start + (self._end - self._start) * inside, message)

    def check(self) -> None:
        """Raise ``Cancelled`` when the user asked to stop."""
        if self._cancelled is not None and self._cancelled():
            raise Cancelled

    def info(self, message: str) -> None:
        """Say a milestone."""
        if self._log is not None:
            self._log("info", message)

    def warning(self, message: str) -> None:
        """Say something the user should know before trusting the result."""
        if self._log is not None:
            self._log("warning", message)

    def stage(self, start: float, end: float) -> Progress:
        """Return a progress whose 0..1 is ``start..end`` of this one."""
        span = self._end - self._start
        return Progress(
            self._report,
            self._log,
            self._cancelled,
            start=self._start + span * start,
            end=self._start + span * end,
        )


class TimeLeft:
    """How long a job will still take, from how fast it advanced; recent speed counts more than old.

    The speed is smoothed over some ten seconds, so that a fast stage after a slow one soon shows, while a single
    slow tile does not make the time jump.
    """

    WARM_UP_S = 2.0
    SMOOTHING_S = 10.0

    def __init__(self) -> None:
        self._first: tuple[float, float] | None = None
        self._last = (0.0, 0.0)
        self._speed = 0.0

    def update(self, fraction: float, now: float) -> float | None:
        """Return the seconds left at ``now`` (s, any origin), None while it cannot be told."""
        if self._first is None:
            self._first = self._last = (fraction, now)
            return None
        (fraction_0, start), (fraction_1, before) = self._first, self._last
        if now > before:
            elapsed = now - start
            # Until the window is full, the mean over all that has been seen is the best there is.
            weight = min(1.0, (now - before) / min(self.SMOOTHING_S, elapsed))
            self._speed += weight * ((fraction - fraction_1) / (now - before) - self._speed)
            self._last = (fraction, now)
        if fraction >= 1.0:
            return 0.0
        if now - start < self.WARM_UP_S or self._speed <= 0.0 or fraction <= fraction_0:
            return None
        return (1.0 - fraction) / self._speed


SILENT = Progress()
