"""Batches are as large as memory allows, and what they are made of does not change what comes out."""

from __future__ import annotations

import numpy as np
import pytest

from botaclip.core.encoders import batches
from botaclip.core.encoders.batches import MOST, Batches, OutOfGraphMemory, first_size


def test_size_stays_halved_and_order_is_kept() -> None:
    tried: list[int] = []

    def double(windows: np.ndarray) -> np.ndarray:
        tried.append(len(windows))
        if len(windows) > 5:
            raise OutOfGraphMemory("full")
        return windows * 2

    runs = Batches(40)
    windows = np.arange(23, dtype=np.float32)[:, None]
    np.testing.assert_array_equal(runs.run(double, windows), windows * 2)
    np.testing.assert_array_equal(runs.run(double, windows[:7]), windows[:7] * 2)
    assert tried == [23, 11, 5, 5, 5, 5, 3, 5, 2]


def test_a_window_that_does_not_fit_alone_is_said() -> None:
    def full(windows: np.ndarray) -> np.ndarray:
        raise OutOfGraphMemory("full")

    with pytest.raises(OutOfGraphMemory):
        Batches(8).run(full, np.zeros((4, 1), np.float32))


def test_the_first_size_follows_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    values = 3 * 224**2
    assert first_size("cpu", values) == 1
    monkeypatch.setattr(batches, "free_bytes", lambda: 8 * 2**30)
    assert first_size("cuda", values) == 17
    assert first_size("cuda", 100 * values) == 1
    monkeypatch.setattr(batches, "free_bytes", lambda: 140 * 2**30)
    assert first_size("cuda", values) == MOST


def test_free_memory_is_told_or_guessed() -> None:
    assert batches.free_bytes() > 0
