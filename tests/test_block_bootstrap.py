"""Draws of whole blocks: every draw is what scoring the drawn plots one by one gives."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from botaclip.training.block_bootstrap import block_draws, weighted_auc
from botaclip.training.evaluation import CrossValidation
from botaclip.training.metrics import brier_columns, remove_fold_prevalence, tss_columns
from botaclip.training.scores import draws_of, scorable, summarise, target_scores
from botaclip.training.training_table import TrainingTable

from .small_tables import planted, thirds


def predicted(table: TrainingTable, *, gain: float = 1.0) -> CrossValidation:
    """Return made-up predictions: ``adapted`` knows more than ``raw``, by ``gain``."""
    random = np.random.default_rng(1)
    folds, n = thirds(table), len(table)
    fold = np.arange(n) % 3
    noise = random.normal(size=table.presence.shape)
    suitability = {
        name: 1 / (1 + np.exp(-(noise + strength * table.presence)))
        for name, strength in (("raw", 1.0), ("adapted", 1.0 + gain))
    }  # fmt: skip
    baseline = {name: np.full((3, table.presence.shape[1]), 0.5) for name in suitability}
    return CrossValidation(
        tuple(folds), fold, suitability, {name: p > 0.6 for name, p in suitability.items()}, baseline, ({},) * 3
    )


TABLE = planted(90, species=5)
BLOCKS = np.arange(90) // 6


def test_auc_of_weighted_plots_is_that_of_the_plots_repeated() -> None:
    random = np.random.default_rng(2)
    presence, level = random.random(40) < 0.4, np.round(random.random(40), 1)
    weight = random.integers(0, 4, (7, 40)).astype(np.float32)
    expected = [
        roc_auc_score(np.repeat(presence, w.astype(int)), np.repeat(level, w.astype(int))) for w in weight
    ]
    np.testing.assert_allclose(weighted_auc(presence, level, weight), expected, rtol=1e-12)
    assert np.isnan(weighted_auc(np.ones(5, bool), np.arange(5.0), np.ones((2, 5), np.float32))).all()


def test_draws_are_scores_of_the_drawn_plots() -> None:
    cv = predicted(TABLE)
    made = block_draws(TABLE, cv, scorable(TABLE, cv), BLOCKS, draws=4, random_state=3)
    assert made is not None and made.n_blocks == 15
    drawn = np.random.default_rng(3).multinomial(15, np.full(15, 1 / 15), size=4)
    for column, p in cv.suitability.items():
        level = np.round(remove_fold_prevalence(p, cv.fold, cv.baseline[column]), 9)
        for b, counts in enumerate(drawn):
            rows = np.repeat(np.arange(90), counts[BLOCKS])
            y = TABLE.presence[rows]
            half = np.full(5, 0.5)
            expected = {
                "tss_at_train_threshold": tss_columns(y, cv.positive[column][rows].astype(float), half),
                "auc": np.array([roc_auc_score(y[:, s], level[rows, s]) for s in range(5)]),
                "brier": brier_columns(y, p[rows]),
            }
            for metric, values in expected.items():
                np.testing.assert_allclose(made.values[column][metric][b], values, rtol=1e-5, atol=1e-6)


def test_plots_of_folds_that_have_not_learnt_a_species_do_not_count() -> None:
    cv, learnt = predicted(TABLE), np.ones((3, 5), bool)
    learnt[1, 2] = False
    wild = dataclasses.replace(cv, suitability={name: p.copy() for name, p in cv.suitability.items()})
    wild.suitability["raw"][cv.fold == 1, 2] = 0.999
    one, other = (block_draws(TABLE, each, learnt, BLOCKS, draws=5) for each in (cv, wild))
    assert one is not None and other is not None
    for metric in ("auc", "brier"):
        np.testing.assert_array_equal(one.values["raw"][metric], other.values["raw"][metric])


def test_an_interval_over_blocks_stands_beside_that_over_species() -> None:
    cv = predicted(TABLE)
    draws = draws_of(TABLE, cv, BLOCKS)
    summary = summarise(target_scores(TABLE, cv), draws=draws)
    gain = summary["adapted"]["auc"]["difference_to_raw"]
    assert gain["n"] == 5 and gain["over_blocks"]["n"] == 15
    assert 0 < gain["over_blocks"]["low"] < gain["median"] < gain["over_blocks"]["high"]
    assert summary["raw"]["auc"]["difference_to_raw"]["over_blocks"] == {"low": 0.0, "high": 0.0, "n": 15}
    assert "over_blocks" not in summary["adapted"]["auprc"]["difference_to_raw"]
    nothing = summarise(target_scores(TABLE, cv))
    assert "over_blocks" not in nothing["adapted"]["auc"]["difference_to_raw"]


@pytest.mark.parametrize("gain, covered", [(0.0, True), (2.0, False)])
def test_what_is_no_difference_is_covered(gain: float, covered: bool) -> None:
    cv = predicted(TABLE, gain=gain)
    interval = summarise(target_scores(TABLE, cv), draws=draws_of(TABLE, cv, BLOCKS))
    low, high = (interval["adapted"]["auc"]["difference_to_raw"]["over_blocks"][end] for end in ("low", "high"))
    assert (low <= 0 <= high) is covered


def test_blocks_that_hang_together_widen_the_interval() -> None:
    """Plots copied six times are no six witnesses: by blocks the interval is that of the originals."""
    few = planted(15, species=5)
    copies = np.repeat(np.arange(15), 6)
    table = dataclasses.replace(few.take(copies), ids=tuple(str(i) for i in range(90)))
    cv = predicted(table)
    cv = dataclasses.replace(
        cv, suitability={name: p[::6][copies // 1] for name, p in cv.suitability.items()},
        positive={name: p[::6][copies // 1] for name, p in cv.positive.items()},
    )  # fmt: skip

    def width(blocks: np.ndarray) -> Any:
        found = draws_of(table, cv, blocks)
        assert found is not None
        return float(np.nanstd(found.values["adapted"]["brier"], axis=0).mean())

    assert width(copies) > 2.0 * width(np.arange(90))


def test_one_block_draws_nothing() -> None:
    cv = predicted(TABLE)
    assert draws_of(TABLE, cv, np.zeros(90, int)) is None
