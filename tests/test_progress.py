"""Progress: stages nest, cancelling is heard, the time left is right and steady."""

from __future__ import annotations

import pytest

from botaclip.core.errors import Cancelled
from botaclip.core.progress import SILENT, Progress, TimeLeft


def test_stages_nest_and_clip() -> None:
    seen: list[tuple[float, str]] = []
    whole = Progress(lambda fraction, message: seen.append((round(fraction, 6), message)))
    inner = whole.stage(0.2, 0.6).stage(0.5, 1.0)
    for fraction in (0.0, 0.5, 1.0, 7.0, -1.0):
        inner.update(fraction, "x")
    assert seen == [(0.4, "x"), (0.5, "x"), (0.6, "x"), (0.6, "x"), (0.4, "x")]


def test_cancel_is_heard_before_the_report() -> None:
    seen: list[float] = []
    progress = Progress(lambda fraction, _: seen.append(fraction), cancelled=lambda: True)
    with pytest.raises(Cancelled):
        progress.stage(0.0, 0.5).update(0.1)
    with pytest.raises(Cancelled):
        progress.check()
    assert seen == []


def test_log_passes_through_stages() -> None:
    said: list[tuple[str, str]] = []
    stage = Progress(log=lambda *line: said.append(line)).stage(0.0, 0.1)
    stage.info("a")
    stage.warning("b")
    SILENT.info("unheard")
    assert said == [("info", "a"), ("warning", "b")]


def test_time_left_of_a_steady_job() -> None:
    time_left = TimeLeft()
    told = [time_left.update(second / 100, 1000.0 + second) for second in range(101)]
    assert told[:2] == [None, None]
    assert all(left == pytest.approx(100 - second, abs=1e-6) for second, left in enumerate(told) if second >= 2)


def test_time_left_follows_a_change_of_speed() -> None:
    time_left = TimeLeft()
    fraction, now = 0.0, 0.0
    while fraction < 0.5:  # 1 % a second, then a quarter of that
        time_left.update(fraction, now)
        fraction, now = fraction + 0.01, now + 1.0
    for _ in range(60):
        left = time_left.update(fraction, now)
        fraction, now = fraction + 0.0025, now + 1.0
    assert left == pytest.approx((1.0 - fraction) / 0.0025, rel=0.03)


def test_time_left_is_unknown_while_nothing_moves() -> None:
    time_left = TimeLeft()
    assert [time_left.update(0.3, float(second)) for second in range(5)] == [None] * 5
    assert time_left.update(1.0, 5.0) == 0.0
