"""From out-of-fold predictions to scores and draws, on cases small enough to count."""

from __future__ import annotations

import numpy as np
import pytest

from botaclip.training.evaluation_scores import compared, headline_metric, scores_of, summary_of
from botaclip.training.metrics import tss
from botaclip.training.task import Task
from botaclip.training.task_predictions import TaskPredictions

FOLD = np.array([0, 0, 0, 0, 1, 1, 1, 1])
Y = np.array([1.0, 0, 1, 0, 1, 0, 1, 0])


def predictions(p: np.ndarray, y: np.ndarray = Y, kind: str = "presence", repeats: int = 1) -> TaskPredictions:
    """One target; the level of both folds is one half."""
    task = Task("t", kind, ("a",), y[:, None])  # type: ignore[arg-type]
    level = {"raw": np.full((repeats, 2, 1), 0.5)}
    return TaskPredictions(
        task, "forest", np.tile(FOLD, (repeats, 1)), {"raw": np.tile(p[:, None], (repeats, 1, 1))}, level, level, level,
        np.ones((repeats, 2, 1), bool),
    )  # fmt: skip


def test_presence_is_decided_at_the_threshold_of_the_fold() -> None:
    p = np.array([0.9, 0.1, 0.4, 0.6, 0.9, 0.1, 0.8, 0.2])
    made = predictions(p)
    made.thresholds["raw"][0, 0, 0] = 0.35
    assert made.decided("raw")[0, :, 0].tolist() == [True, False, True, True, True, False, True, False]
    scores = scores_of(made)["a"]["raw"]
    # Three of four presences and absences by hand: 4/4 + 3/4 - 1.
    assert scores["tss_at_train_threshold"] == pytest.approx(0.75)
    assert scores["tss_at_train_threshold_fold_mean"] == pytest.approx((0.5 + 1.0) / 2)
    assert scores["tss_max_biomod2"] <= scores["tss_max"]
    assert scores["n"] == 8 and scores["n_presences"] == 4


def test_what_a_fold_could_not_learn_is_not_scored() -> None:
    p = np.array([0.9, 0.1, 0.9, 0.1, 0.1, 0.9, 0.1, 0.9])
    made = predictions(p)
    assert scores_of(made)["a"]["raw"]["tss_at_train_threshold"] == pytest.approx(0)
    made.learnt[0, 1, 0] = False
    scores = scores_of(made)["a"]["raw"]
    assert scores["tss_at_train_threshold"] == 1.0 and scores["n"] == 4


def test_repeats_are_averaged() -> None:
    made = predictions(np.array([0.9, 0.1, 0.9, 0.1, 0.9, 0.1, 0.9, 0.1]), repeats=2)
    made.predicted["raw"][1] = 1 - made.predicted["raw"][1]
    scores = scores_of(made)["a"]["raw"]
    assert scores["tss_at_train_threshold"] == pytest.approx(0)
    assert scores["auc"] == pytest.approx(0.5) and scores["brier"] == pytest.approx((0.01 + 0.81) / 2)


def test_unknown_values_do_not_count() -> None:
    y = Y.copy()
    y[4:] = np.nan
    scores = scores_of(predictions(np.linspace(0.9, 0.2, 8), y))["a"]["raw"]
    assert scores["n"] == 4
    assert scores["tss_at_train_threshold"] == pytest.approx(0)  # all four above a half


def test_draws_are_the_tss_of_the_drawn_plots() -> None:
    """From counts and from plots: the same numbers, for every way to draw three blocks of three."""
    p = np.array([0.9, 0.1, 0.4, 0.6, 0.9, 0.8, 0.8, 0.2])
    blocks = np.array([0, 0, 0, 1, 1, 1, 2, 2])
    made = predictions(p)
    table = compared(made, scores_of(made), blocks, "tss_at_train_threshold")
    possible = set()
    for some in np.ndindex(3, 3, 3):
        rows = np.concatenate([np.flatnonzero(blocks == b) for b in some])
        possible.add(round(tss(Y[rows], p[rows], 0.5), 9))
    assert set(np.round(table.draws["raw"][:, 0], 9).tolist()) <= possible
    assert len(set(np.round(table.draws["raw"][:, 0], 9).tolist())) == len(possible)
    assert table.n_blocks == 3 and table.n_plots == 8 and table.targets == ("a",)
    assert table.values["raw"].tolist() == [scores_of(made)["a"]["raw"]["tss_at_train_threshold"]]


def test_draws_of_the_largest_tss_hold_the_score_itself() -> None:
    """Where every block is drawn once, the draw is what is reported; scores spread over more than one logit."""
    rng = np.random.default_rng(3)
    p = rng.uniform(0.01, 0.99, 8)
    made = predictions(p)
    scores = scores_of(made)["a"]["raw"]
    # All thresholds that matter lie among biomod2's here.
    assert scores["tss_max_biomod2"] == pytest.approx(scores["tss_max"])
    blocks = np.arange(8) // 2
    draws = compared(made, scores_of(made), blocks, "tss_max_biomod2").draws["raw"][:, 0]
    weights = np.random.default_rng(1).multinomial(4, np.full(4, 0.25), size=200)
    whole = (weights == 1).all(axis=1)
    assert whole.any() and np.allclose(draws[whole], scores["tss_max_biomod2"])
    assert np.nanmax(draws) <= 1 and np.nanmin(draws) >= 0


@pytest.mark.parametrize(("kind", "metric"), [("abundance", "spearman"), ("presence-only", "boyce")])
def test_other_kinds_are_drawn_plot_by_plot(kind: str, metric: str) -> None:
    rng = np.random.default_rng(1)
    y = np.arange(8.0) if kind == "abundance" else np.where(Y > 0, 1.0, np.nan)
    made = predictions(rng.random(8), y, kind)
    scores = scores_of(made)
    table = compared(made, scores, np.arange(8) // 2, metric)
    assert table.draws["raw"].shape == (200, 1)
    # The draw of every block once is the score itself.
    rng = np.random.default_rng(1)
    orders = [rng.integers(4, size=4) for _ in range(200)]
    whole = [i for i, some in enumerate(orders) if sorted(some.tolist()) == [0, 1, 2, 3]]
    assert len(whole)
    assert np.allclose(table.draws["raw"][whole, 0], scores["a"]["raw"][metric], equal_nan=True)


def test_headlines_are_the_papers() -> None:
    plants, soil = Task("plants", "presence", (), np.empty((3, 0))), Task("soil", "abundance", (), np.empty((3, 0)))
    assert headline_metric(plants, "strict") == "tss_at_train_threshold"
    assert headline_metric(plants, "paper") == "tss_max_biomod2"
    assert headline_metric(soil, "paper") == headline_metric(soil, "strict") == "spearman"


def test_medians_are_over_targets_that_have_a_score() -> None:
    scores = {
        name: {"raw": {"auc": value, "auc_fold_mean": value + 0.1, "n": 9.0}}
        for name, value in (("a", 0.5), ("b", 0.7), ("c", float("nan")))
    }
    assert summary_of(scores) == {
        "raw": {"auc": {"median": pytest.approx(0.6), "fold_mean": pytest.approx(0.7), "n": 2}}
    }
