"""Folds side by side: results in order, the first cause of a failure, cancelling at once, no thread left behind."""

from __future__ import annotations

import threading
import time

import numpy as np
import pytest
import torch
from threadpoolctl import threadpool_info

from botaclip.core.errors import Cancelled, PairingError
from botaclip.core.progress import SILENT, Progress
from botaclip.training.parallel import one_thread_each, over_folds


def test_results_come_in_the_order_of_the_folds() -> None:
    def work(number: int, progress: Progress) -> int:
        time.sleep(0.02 * (4 - number))
        return number * number

    assert over_folds(5, work, progress=SILENT) == [0, 1, 4, 9, 16]


def test_the_cause_is_raised_and_the_other_folds_stop(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.cpu_count", lambda: 3)
    ended: list[str] = []

    def work(number: int, progress: Progress) -> None:
        if number == 1:
            time.sleep(0.05)
            raise PairingError("fold 2 has no plots")
        try:
            for _ in range(1_000):
                progress.update(0.5)
                time.sleep(0.005)
        except Cancelled:
            ended.append("stopped")
            raise
        ended.append("ran through")

    with pytest.raises(PairingError, match="fold 2 has no plots"):
        over_folds(6, work, progress=SILENT)
    # Two ran beside it, and the freed thread may have begun a third before the word was out; all were stopped.
    assert 2 <= len(ended) <= 3 and set(ended) == {"stopped"}


def test_cancelling_reaches_every_fold() -> None:
    asked = threading.Event()
    running = threading.active_count()

    def work(number: int, progress: Progress) -> None:
        asked.set()
        for _ in range(1_000):
            progress.check()
            time.sleep(0.005)

    start = time.perf_counter()
    with pytest.raises(Cancelled):
        over_folds(4, work, progress=Progress(None, None, asked.is_set))
    assert time.perf_counter() - start < 2.0
    assert threading.active_count() == running


def test_progress_is_the_mean_and_never_falls() -> None:
    seen: list[float] = []

    def work(number: int, progress: Progress) -> None:
        for step in range(1, 5):
            progress.update(step / 4, "working")

    over_folds(3, work, progress=Progress(lambda fraction, message: seen.append(fraction), start=0.2, end=0.8))
    assert seen == sorted(seen)
    np.testing.assert_allclose([seen[0], seen[-1]], [0.2 + 0.6 / 12, 0.8])
    assert len(seen) == 12


def test_linear_algebra_takes_one_thread_within_and_as_many_as_before_after() -> None:
    def blas() -> list[int]:
        return [pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"]

    torch.set_num_threads(2)
    before = blas()
    with one_thread_each():
        assert torch.get_num_threads() == 1
        assert set(blas()) <= {1}
        inside: list[int] = over_folds(2, lambda number, progress: torch.get_num_threads(), progress=SILENT)
    assert inside == [1, 1]
    assert (torch.get_num_threads(), blas()) == (2, before)
    torch.set_num_threads(1)
