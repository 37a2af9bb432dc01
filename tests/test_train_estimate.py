"""The estimate follows the number of steps, of alignments and of checkpoints that will be gone through."""

from __future__ import annotations

import dataclasses

import pytest

from botaclip.training import train_estimate
from botaclip.training.alignment import Alignment, candidates
from botaclip.training.protocol import Protocol
from botaclip.training.recipe import Recipe
from botaclip.training.train_estimate import training_minutes

from .small_tables import planted

TABLE = planted()
STEP = {"supervised": 1.0, "contrastive": 2.0, "botaclip": 4.0, "joint": 8.0}


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """A clock that only fits advance: 3 s to begin, STEP for a step; 5 s a closed form, 0.25 s a head, 7 s VEGETA."""
    now = [0.0]

    def spend(seconds: float) -> None:
        now[0] += seconds

    module = train_estimate
    monkeypatch.setattr(module, "fit_adapter", lambda v, t, a, steps, **_: spend(3.0 + STEP[a.name] * steps))
    monkeypatch.setattr(module, "fit_adapters", lambda *_, **__: spend(5.0))
    monkeypatch.setattr(module, "linear_path", lambda *_: spend(0.25))
    monkeypatch.setattr(module, "fit_vegeta", lambda *_, **__: spend(7.0))
    monkeypatch.setattr(module.time, "perf_counter", lambda: now[0])
    monkeypatch.setattr(module.os, "cpu_count", lambda: 2)
    return now


# Five blocked folds two at a time, a third of that for random ones, and the refit.
ROUNDS = 4 / 3 * 5 / 2 + 1


def minutes(*alignments: Alignment, inner_folds: int = 3) -> float:
    protocol = Protocol("auto", alignments, "linear", lambda inside: [])
    return training_minutes(TABLE, protocol, folds=5, inner_folds=inner_folds) / ROUNDS * 60


def test_steps_and_starts_are_told_apart(clock: list[float]) -> None:
    for steps in (40, 80):
        fit = 3 + steps
        # Three inner folds with a head for the adapter and one for the frozen vectors; its column; shuffled.
        expected = 3 * (fit + 2 * 0.25) + fit + 3 * (fit + 0.25) + fit
        assert minutes(Alignment("supervised", checkpoints=(steps,))) == pytest.approx(expected)


def test_a_releve_side_brings_its_encoder(clock: list[float]) -> None:
    fit = 3 + 2.0 * 40
    expected = 3 * (fit + 2 * 0.25 + 7) + fit + 7 + 3 * (fit + 0.25 + 7) + fit + 7
    assert minutes(Alignment("contrastive", checkpoints=(40,))) == pytest.approx(expected)


def test_all_alignments_count_and_columns_once_a_name(clock: list[float]) -> None:
    alignments = (
        Alignment("whitened", checkpoints=(8, 16)), Alignment("botaclip", 0.1, checkpoints=(20, 40)),
        Alignment("botaclip", 1.0, checkpoints=(20, 40)), Alignment("joint", 1.0, checkpoints=(20, 40)),
    )  # fmt: skip
    botaclip, joint = 3 + 4 * 40, 3 + 8 * 40
    inner = 5 + 2 * botaclip + joint + 9 * 0.25 + 7
    expected = 3 * inner + (5 + botaclip + joint + 7) + 3 * (joint + 0.25 + 7) + joint + 7
    assert minutes(*alignments) == pytest.approx(expected)


def test_another_recipe_is_timed_by_itself(clock: list[float]) -> None:
    one = Alignment("contrastive", checkpoints=(40,))
    other = dataclasses.replace(one, recipe=Recipe(vegeta="masked"))
    assert minutes(one, other) - minutes(one) == pytest.approx(3 * (3 + 80 + 0.25 + 7) + 7 + 3 * 7 + 7)


def test_a_search_costs_an_inner_validation_each_trial(clock: list[float]) -> None:
    alignment = Alignment("supervised", checkpoints=(40,))
    protocol = Protocol("auto", (alignment,), "linear", lambda inside: [], search=5)
    found = training_minutes(TABLE, protocol, folds=5, inner_folds=3) / ROUNDS * 60
    assert found - minutes(alignment) == pytest.approx(6 * 3 * (43 + 2 * 0.25))


def test_it_runs_for_what_a_training_tries() -> None:
    small = planted(60, dimension=12, species=4)
    found = training_minutes(
        small, Protocol("auto", candidates(60, dimension=12), "linear", lambda inside: []), folds=5, inner_folds=3
    )
    assert 0.0 < found < 60.0
