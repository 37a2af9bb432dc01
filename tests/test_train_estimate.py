"""The estimate follows the number of steps that will be taken."""

from __future__ import annotations

import dataclasses

import pytest

from botaclip.training import train_estimate
from botaclip.training.alignment import Alignment
from botaclip.training.evaluation import Protocol
from botaclip.training.train_estimate import training_minutes

from .small_tables import planted


def test_steps_and_starts_are_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    table, now = planted(), [0.0]

    def fit(*given: object, **_: object) -> None:
        now[0] += 3.0 + 1.0 * given[4]  # three seconds to begin, one a step

    monkeypatch.setattr(train_estimate, "fit_adapter", fit)
    monkeypatch.setattr(train_estimate.time, "perf_counter", lambda: now[0])
    monkeypatch.setattr(train_estimate.os, "cpu_count", lambda: 2)
    alignment = Alignment("supervised", checkpoints=(40,))
    protocol = Protocol("auto", (alignment,), "linear", lambda inside: [])
    # Fits in 3 inner folds and 4 + 3 columns; 10 outer folds two at a time, one refit.
    assert training_minutes(table, protocol, folds=5, inner_folds=3) == pytest.approx((40 + 3) * (3 + 7) * 6 / 60)
    twice = dataclasses.replace(protocol, alignments=(Alignment("supervised", checkpoints=(80,)),))
    assert training_minutes(table, twice, folds=5, inner_folds=3) == pytest.approx((80 + 3) * (3 + 7) * 6 / 60)
