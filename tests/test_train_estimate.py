"""The estimate follows the number of steps that will be taken."""

from __future__ import annotations

import dataclasses

import pytest

from botaclip.training import train_estimate
from botaclip.training.alignment import Alignment
from botaclip.training.evaluation import Protocol
from botaclip.training.train_estimate import training_minutes

from .small_tables import planted


def test_twice_the_steps_take_twice_as_long(monkeypatch: pytest.MonkeyPatch) -> None:
    table = planted()
    clock = iter(range(0, 100, 5))
    monkeypatch.setattr(train_estimate.time, "perf_counter", lambda: float(next(clock)))
    monkeypatch.setattr(train_estimate.os, "cpu_count", lambda: 2)
    alignment = Alignment("supervised", checkpoints=(40,))
    protocol = Protocol("auto", (alignment,), "linear", lambda inside: [])
    # One second a step: 40 steps in 3 inner folds and for 4 + 3 fits; 10 outer folds two at a time, one refit.
    assert training_minutes(table, protocol, folds=5, inner_folds=3) == pytest.approx(40 * (3 + 7) * 6 / 60)
    twice = dataclasses.replace(protocol, alignments=(Alignment("supervised", checkpoints=(80,)),))
    assert training_minutes(table, twice, folds=5, inner_folds=3) == pytest.approx(2 * 40 * (3 + 7) * 6 / 60)
