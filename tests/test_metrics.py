"""Scores against hand-computed values, scikit-learn, and their fast versions."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit, logit
from sklearn.metrics import f1_score, roc_auc_score

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


def test_constant_abundance_has_no_rank_correlation() -> None:
    assert np.isnan([metrics.spearman([1, 1, 1], [1, 2, 3]), metrics.spearman([1, 2], [1, 2])]).all()
    assert np.isnan(metrics.mae([], []))


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


def test_calibration_error_by_hand() -> None:
    y, p = [0, 1, 1, 1], [0.1, 0.1, 0.9, 0.9]
    assert metrics.expected_calibration_error(y, p, bins=2) == pytest.approx(0.5 * 0.4 + 0.5 * 0.1)
    table = metrics.reliability_bins(y, p, bins=2, strategy="uniform")
    assert [(row["predicted"], row["observed"], row["n"]) for row in table] == [(0.1, 0.5, 2), (0.9, 1.0, 2)]
    # Wilson's interval of 1 in 2.
    assert (table[0]["low"], table[0]["high"]) == (pytest.approx(0.0945, abs=1e-3), pytest.approx(0.9055, abs=1e-3))
    assert metrics.reliability_bins([], []) == [] and np.isnan(metrics.expected_calibration_error([], []))


def test_quantile_bins_hold_equal_numbers() -> None:
    rng = np.random.default_rng(1)
    p = rng.beta(1, 9, 1_000)
    table = metrics.reliability_bins(rng.uniform(size=1_000) < p, p, bins=10)
    assert [row["n"] for row in table] == [100] * 10


def test_calibration_slope_finds_a_planted_distortion() -> None:
    rng = np.random.default_rng(1)
    z = rng.normal(0, 1.5, 20_000)
    y = rng.uniform(size=z.size) < expit(z)
    assert metrics.calibration_slope(y, expit(z)) == (pytest.approx(1, abs=0.05), pytest.approx(0, abs=0.05))
    assert metrics.calibration_slope(y, expit(2 * z + 1)) == (
        pytest.approx(0.5, abs=0.03), pytest.approx(-0.5, abs=0.05),
    )  # fmt: skip
    assert np.isnan(metrics.calibration_slope([0, 0, 1, 1], [0.1, 0.2, 0.8, 0.9])).all()


def test_davies_bouldin_by_hand_and_small_classes_left_out() -> None:
    angle = np.deg2rad([0, 20, 90, 110, 200])
    vectors = 3 * np.column_stack([np.cos(angle), np.sin(angle)])  # length does not matter
    labels = ["a", "a", "b", "b", "rare"]
    # Each class: spread sin(10 deg), centroids cos(10 deg) from the origin, 90 deg apart.
    spread, apart = np.sin(np.deg2rad(10)), np.cos(np.deg2rad(10)) * np.sqrt(2)
    assert metrics.davies_bouldin(vectors, labels, minimum_members=2) == pytest.approx(2 * spread / apart)
    assert np.isnan(metrics.davies_bouldin(vectors, labels))


def test_retrieval_by_hand() -> None:
    similarity = np.array([[0.9, 0.1, 0.2], [0.8, 0.5, 0.1], [0.7, 0.6, 0.5]])
    assert metrics.retrieval_recall(similarity, 1) == pytest.approx(1 / 3)
    assert metrics.retrieval_recall(similarity, 2) == pytest.approx(2 / 3)
    assert metrics.median_rank(similarity) == 2.0
    assert metrics.retrieval_chance(similarity, 1) == pytest.approx(1 / 3)
    assert metrics.median_rank_chance(similarity) == 2.0
    positives = np.array([[0, 1, 1], [0, 0, 0], [1, 0, 0]], dtype=bool)  # the second query has none
    assert metrics.retrieval_recall(similarity, 1, positives) == 0.5
    assert metrics.retrieval_chance(similarity, 1, positives) == pytest.approx((2 / 3 + 1 / 3) / 2)


def test_retrieval_of_a_constant_or_random_similarity_is_no_better_than_chance() -> None:
    assert metrics.retrieval_recall(np.ones((50, 50)), 5) == 0.0
    assert metrics.median_rank(np.ones((50, 50))) == 25.5
    similarity = np.random.default_rng(1).normal(size=(400, 400))
    positives = np.random.default_rng(2).uniform(size=(400, 400)) < 0.01
    assert metrics.retrieval_recall(similarity, 20) == pytest.approx(0.05, abs=0.03)
    chance = metrics.retrieval_chance(similarity, 20, positives)
    assert metrics.retrieval_recall(similarity, 20, positives) == pytest.approx(chance, abs=0.06)
    rank = metrics.median_rank_chance(similarity, positives)
    assert metrics.median_rank(similarity, positives) == pytest.approx(rank, rel=0.4)


def test_neighbour_overlap_is_one_for_a_rotation_and_chance_for_noise() -> None:
    rng = np.random.default_rng(1)
    frozen = rng.normal(size=(200, 8))
    rotation = np.linalg.qr(rng.normal(size=(8, 8)))[0]
    assert metrics.neighbour_overlap(frozen, 3 * frozen @ rotation, 10) == 1.0
    assert metrics.neighbour_overlap(frozen, rng.normal(size=(200, 8)), 10) == pytest.approx(10 / 199, abs=0.02)
    assert np.isnan(metrics.neighbour_overlap(frozen[:5], frozen[:5], 5))


def test_neighbour_overlap_by_hand() -> None:
    before = np.array([[1, 0], [0.9, 0.1], [0, 1], [0.1, 0.9]])
    after = before[[0, 2, 1, 3]]  # two plots have changed places: all lose their only neighbour
    assert metrics.neighbour_overlap(before, after, 1) == 0.0
    assert metrics.neighbour_overlap(before, before[:, ::-1], 1) == 1.0
