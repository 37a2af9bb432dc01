"""Scores of presence against hand-computed values, scikit-learn, and their fast versions."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit, logit
from sklearn.metrics import (
    average_precision_score,
    balanced_accuracy_score,
    brier_score_loss,
    f1_score,
    recall_score,
    roc_auc_score,
)

from botaclip.training import metrics

Y = np.array([0, 0, 1, 0, 1, 1])
P = np.array([0.1, 0.2, 0.3, 0.4, 0.7, 0.9])


def species(n: int = 120, s: int = 7, seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Return presences and scores with ties, a constant column, an empty and a full species."""
    rng = np.random.default_rng(seed)
    p = np.round(rng.uniform(0, 1, (n, s)), 2)
    y = (rng.uniform(0, 1, (n, s)) < p**2).astype(int)
    p[:, 1], y[:, 2], y[:, 3] = 0.5, 0, 1
    return y, p


def test_values_by_hand() -> None:
    # At .35: 2 of 3 presences, 2 of 3 absences.
    assert metrics.sensitivity(Y, P, 0.35) == pytest.approx(2 / 3)
    assert metrics.specificity(Y, P, 0.35) == pytest.approx(2 / 3)
    assert metrics.tss(Y, P, 0.35) == pytest.approx(1 / 3)
    assert metrics.f1(Y, P, 0.35) == pytest.approx(2 / 3)
    assert metrics.auc(Y, P) == pytest.approx(8 / 9)
    assert metrics.auprc(Y, P) == pytest.approx((1 + 1 + 3 / 4) / 3)
    assert metrics.brier(Y, P) == pytest.approx((0.01 + 0.04 + 0.49 + 0.16 + 0.09 + 0.01) / 6)
    assert metrics.mae([1, 2, 4], [2, 2, 2]) == pytest.approx(1.0)
    assert metrics.spearman([1, 2, 3, 4], [1, 2, 4, 3]) == pytest.approx(0.8)


def test_a_score_equal_to_the_threshold_is_a_presence() -> None:
    assert metrics.sensitivity(Y, P, 0.3) == 1.0
    assert metrics.specificity(Y, P, 0.4) == pytest.approx(2 / 3)


def test_max_tss_by_hand_and_its_middle_threshold() -> None:
    # .7 and .3 both give 2/3; the lower of the two is taken, never .5 between them.
    assert metrics.max_tss(Y, P) == (pytest.approx(2 / 3), 0.3)
    # Three ties: 1, .6 and .2; their middle.
    assert metrics.max_tss([1, 0, 1, 0, 1, 0], [1.0, 0.8, 0.6, 0.4, 0.2, 0.1]) == (pytest.approx(1 / 3), 0.6)
    assert metrics.max_tss([0, 1], [0.5, 0.5]) == (0.0, 0.5)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.integers(0, 9)), min_size=2, max_size=40))
def test_max_tss_is_the_largest_over_all_thresholds_and_is_attained(plots: list[tuple[bool, int]]) -> None:
    y, p = np.array([plot[0] for plot in plots]), np.array([plot[1] / 10 for plot in plots])
    value, threshold = metrics.max_tss(y, p)
    if y.all() or not y.any():
        assert np.isnan(value) and np.isnan(threshold)
        return
    assert value == pytest.approx(max(metrics.tss(y, p, t) for t in np.unique(p)))
    assert metrics.tss(y, p, threshold) == pytest.approx(value)
    assert metrics.max_tss_biomod2(y, p)[0] <= value + 1e-12


def test_biomod2_tries_a_hundred_thresholds() -> None:
    y, p = np.array([0, 1, 0, 1]), np.array([0.0, 0.5001, 0.5, 1.0])
    # The exact rule separates .5 from .5001; a step of 1/99 does not.
    assert metrics.max_tss(y, p) == (1.0, 0.5001)
    assert metrics.max_tss_biomod2(y, p)[0] == 0.5
    # Whole numbers on the 0-1000 scale; ties from 301 to 700.
    assert metrics.max_tss_biomod2([0, 0, 1, 1], [0, 300, 700, 1000]) == (1.0, pytest.approx(500, abs=6))


def test_columns_equal_the_plain_functions() -> None:
    y, p = species()
    thresholds = np.linspace(0.2, 0.8, 7)
    values, chosen = metrics.max_tss_columns(y, p)
    for s in range(7):
        plain = metrics.max_tss(y[:, s], p[:, s])
        np.testing.assert_allclose((values[s], chosen[s]), plain)
        np.testing.assert_allclose(metrics.auc_columns(y, p)[s], metrics.auc(y[:, s], p[:, s]))
        np.testing.assert_allclose(
            metrics.tss_columns(y, p, thresholds)[s], metrics.tss(y[:, s], p[:, s], thresholds[s])
        )
        np.testing.assert_allclose(metrics.brier_columns(y, p)[s], metrics.brier(y[:, s], p[:, s]))
    assert np.isnan(values[[2, 3]]).all() and np.isfinite(values[[0, 1, 4, 5, 6]]).all()


def test_fast_auc_equals_scikit_learn_with_ties() -> None:
    y, p = species(seed=3)
    for s in (0, 1, 4, 5, 6):
        assert metrics.auc_columns(y, p)[s] == pytest.approx(roc_auc_score(y[:, s], p[:, s]), abs=1e-12)
        assert metrics.f1(y[:, s], p[:, s], 0.5) == pytest.approx(f1_score(y[:, s], p[:, s] >= 0.5))


@pytest.mark.parametrize("y", [np.zeros(6), np.ones(6)])
def test_one_class_is_nan(y: np.ndarray) -> None:
    assert np.isnan([metrics.tss(y, P, 0.5), metrics.auc(y, P), metrics.auprc(y, P), *metrics.max_tss(y, P)]).all()
    assert np.isnan([*metrics.max_tss_biomod2(y, P), *metrics.calibration_slope(y, P)]).all()
    assert np.isfinite(metrics.brier(y, P))


def test_missing_scores_are_nan_not_a_number_that_looks_right() -> None:
    p = np.where(np.arange(6) == 2, np.nan, P)
    assert np.isnan([metrics.tss(Y, p, 0.5), metrics.auc(Y, p), metrics.f1(Y, p, 0.5), metrics.brier(Y, p)]).all()
    for columns in (metrics.auc_columns(Y[:, None], p[:, None]), metrics.max_tss_columns(Y[:, None], p[:, None])[0]):
        assert np.isnan(columns).all()
    assert np.isnan(metrics.tss_columns(Y[:, None], p[:, None], [0.5])).all()
    with pytest.raises(ValueError, match="6 observations but 5 scores"):
        metrics.auc(Y, P[:5])


def test_pooling_with_prevalence_puts_noise_far_below_chance_and_without_it_at_chance() -> None:
    with_intercept, without = [], []
    for seed in range(8):
        rng = np.random.default_rng(seed)
        folds = np.repeat(np.arange(5), 60)
        # Blocks differ in prevalence; the models know nothing but that of their training plots.
        y = rng.uniform(size=300) < np.array([0.1, 0.2, 0.3, 0.4, 0.5])[rng.permutation(5)][folds]
        training = np.array([y[folds != fold].mean() for fold in range(5)])
        p = expit(logit(training)[folds] + rng.normal(0, 0.05, 300))
        with_intercept.append(metrics.auc(y, p))
        without.append(metrics.auc(y, metrics.remove_fold_prevalence(p, folds, training)))
    assert np.mean(with_intercept) < 0.4
    assert np.mean(without) == pytest.approx(0.5, abs=0.04)


def test_prevalence_is_removed_per_species_and_untested_plots_are_nan() -> None:
    p = np.array([[0.5, 0.2], [0.9, 0.5], [0.3, 0.3]])
    scores = metrics.remove_fold_prevalence(p, [1, 0, -1], [[0.5, 0.5], [0.2, 0.2]])
    assert scores[0] == pytest.approx([np.log(4), 0.0])
    assert scores[1] == pytest.approx([np.log(9), 0.0])
    assert np.isnan(scores[2]).all()


def test_values_equal_scikit_learns() -> None:
    y, p = species(seed=5)
    for s in (0, 4, 5, 6):
        decided = p[:, s] >= 0.4
        assert metrics.sensitivity(y[:, s], p[:, s], 0.4) == pytest.approx(recall_score(y[:, s], decided))
        assert metrics.specificity(y[:, s], p[:, s], 0.4) == pytest.approx(recall_score(y[:, s], decided, pos_label=0))
        adjusted = balanced_accuracy_score(y[:, s], decided, adjusted=True)
        assert metrics.tss(y[:, s], p[:, s], 0.4) == pytest.approx(adjusted)
        assert metrics.brier(y[:, s], p[:, s]) == pytest.approx(brier_score_loss(y[:, s], p[:, s]))
        assert metrics.auprc(y[:, s], p[:, s]) == pytest.approx(average_precision_score(y[:, s], p[:, s]))


def test_an_unknown_observation_is_no_absence() -> None:
    y = np.array([0, 0, 1, np.nan, 1, 1])
    assert np.isnan([metrics.tss(y, P, 0.35), metrics.auc(y, P), metrics.brier(y, P), *metrics.max_tss(y, P)]).all()


def test_biomod2s_steps_are_ninety_nine_and_scores_to_one_are_not_rounded() -> None:
    # 50/99 = .50505 tells .501 from .507; hundredths do not, and of whole numbers there are only 0 and 1.
    assert metrics.max_tss_biomod2([0, 0, 1, 1], [0.0, 0.501, 0.507, 1.0])[0] == 1.0
    # Above 1 whole numbers are tried: 0, 1 and 2 do not tell 1.2 from 1.4.
    assert metrics.max_tss_biomod2([0, 0, 1, 1], [0.0, 1.2, 1.4, 2.0])[0] == 0.5


def test_certain_scores_are_kept_a_ten_millionth_from_the_ends() -> None:
    end = np.log((1 - 1e-7) / 1e-7)
    assert metrics.remove_fold_prevalence([0.0, 1.0], [0, 0], [0.5]) == pytest.approx([-end, end], rel=1e-9)
    assert metrics.remove_fold_prevalence([0.5, 0.5], [0, 1], [0.0, 1.0]) == pytest.approx([end, -end], rel=1e-9)
