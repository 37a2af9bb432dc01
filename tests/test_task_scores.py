"""Scores of tasks by hand, pooled and by fold, and predictions that know nothing."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit, logit
from scipy.stats import spearmanr

from botaclip.training import metrics
from botaclip.training.boyce import boyce_index
from botaclip.training.downstream import Downstream
from botaclip.training.task import Kind, Task
from botaclip.training.task_scores import HEADLINE, METRICS, species_set_scores, task_scores

KINDS: tuple[Kind, ...] = ("presence", "presence-only", "abundance")


def task(values: object, kind: Kind = "presence") -> Task:
    array = np.asarray(values, dtype=float)
    return Task("t", kind, tuple(f"s{i}" for i in range(array.shape[1])), array)


Y = np.array([[0], [0], [1], [0], [1], [1], [np.nan]])
P = np.array([[0.1], [0.2], [0.3], [0.4], [0.7], [0.9], [0.99]])


def test_presence_in_one_fold_by_hand() -> None:
    found = task_scores(task(Y), range(7), P, [0.35])["s0"]
    assert found["n"] == 6 and found["n_presences"] == 3  # the unknown plot does not count
    assert found["tss_at_train_threshold"] == pytest.approx(1 / 3)
    assert found["sensitivity"] == found["specificity"] == found["f1"] == pytest.approx(2 / 3)
    assert found["tss_max"] == pytest.approx(2 / 3) and found["auc"] == pytest.approx(8 / 9)
    assert found["auprc"] == pytest.approx((1 + 1 + 3 / 4) / 3)
    assert found["brier"] == pytest.approx((0.01 + 0.04 + 0.49 + 0.16 + 0.09 + 0.01) / 6)
    assert all(found[f"{name}_fold_mean"] == pytest.approx(found[name]) for name in METRICS["presence"])


def test_each_fold_decides_with_its_own_threshold() -> None:
    y = task([[1], [0], [1], [0]])
    p, fold = np.array([[0.9], [0.8], [0.2], [0.1]]), [0, 0, 1, 1]
    assert task_scores(y, range(4), p, [[0.85], [0.15]], fold=fold)["s0"]["tss_at_train_threshold"] == 1.0
    found = task_scores(y, range(4), p, [[0.5], [0.15]], fold=fold)["s0"]
    assert found["tss_at_train_threshold"] == 0.5 and found["tss_at_train_threshold_fold_mean"] == 0.5
    # Ranks of folds of other prevalence: .8 of an absence above .2 of a presence, until the level is taken out.
    assert found["auc"] == 0.75 and found["auc_fold_mean"] == 1.0
    level = task_scores(y, range(4), p, [[0.5], [0.15]], fold=fold, level=[[0.85], [0.15]])["s0"]
    assert level["auc"] == 1.0 and level["brier"] == found["brier"]


def test_a_fold_of_one_class_counts_in_the_pool_only() -> None:
    y = task([[1], [0], [1], [1]])
    found = task_scores(y, range(4), [[0.9], [0.1], [0.8], [0.7]], [0.5], fold=[0, 0, 1, 1])["s0"]
    assert found["auc"] == 1.0 and found["auc_fold_mean"] == 1.0 and found["n"] == 4
    untested = task_scores(y, range(4), [[0.9], [0.1], [0.0], [0.7]], [0.5], fold=[0, 0, -1, 0])["s0"]
    assert untested["auc"] == 1.0 and untested["n"] == 3


def test_a_fold_that_learnt_from_one_class_does_not_count() -> None:
    y = task([[1], [0], [1], [0]])
    p = [[0.9], [0.1], [0.0], [0.0]]  # the second fold's model never met a presence
    found = task_scores(y, range(4), p, [[0.5], [np.nan]], fold=[0, 0, 1, 1])["s0"]
    assert found["n"] == 2 and found["tss_at_train_threshold"] == found["tss_at_train_threshold_fold_mean"] == 1.0
    assert task_scores(y, range(4), p, [[0.5], [0.5]], fold=[0, 0, 1, 1])["s0"]["tss_at_train_threshold"] == 0.5


def test_presence_only_is_scored_against_all_evaluated_plots() -> None:
    rng = np.random.default_rng(1)
    p = rng.uniform(size=(400, 1))
    y = np.where(rng.uniform(size=(400, 1)) < p**3, 1.0, np.nan)
    found = task_scores(task(y, "presence-only"), range(400), p, [0.6])["s0"]
    present = y[:, 0] == 1
    assert found["boyce"] == boyce_index(p[present, 0], p[:, 0]) and found["boyce"] > 0.9
    assert found["tss_background"] == metrics.tss(present, p[:, 0], 0.6)
    assert found["auc_background"] == metrics.auc(present, p[:, 0])
    assert found["n"] == 400 and found["n_presences"] == present.sum()
    kept = task_scores(task(y, "presence-only"), range(400), p, [0.6], rule="pr106", remove_duplicates=False)["s0"]
    assert kept["boyce"] == boyce_index(p[present, 0], p[:, 0], "pr106", False)


def test_abundance_beside_the_training_median() -> None:
    y = task([[1.0], [2], [4], [np.nan], [3]], "abundance")
    p = np.array([[1.0], [3], [5], [0], [2]])
    found = task_scores(y, range(5), p, fold=[0, 0, 1, 1, 1], median=[[2.0], [1.0]])["s0"]
    assert found["mae"] == pytest.approx((0 + 1 + 1 + 1) / 4)
    assert found["mae_of_median"] == pytest.approx((1 + 0 + 3 + 2) / 4)
    assert found["spearman"] == pytest.approx(0.8) and found["n"] == 4
    assert np.isnan(found["spearman_fold_mean"])  # no fold holds three values
    assert np.isnan(task_scores(y, range(5), p)["s0"]["mae_of_median"])


@pytest.mark.parametrize("kind", KINDS)
def test_what_predicts_the_training_level_alone_earns_nothing(kind: Kind) -> None:
    """Held-out folds rich in a target leave training plots poor in it: levels pooled as they are score below chance."""
    rng = np.random.default_rng(3)
    fold = np.repeat(np.arange(5), 40)
    rich = np.linspace(0.1, 0.6, 5)[fold]
    y = (rng.uniform(size=200) < rich).astype(float) if kind != "abundance" else rng.poisson(9 * rich).astype(float)
    level = np.array([[y[fold != k].mean()] for k in range(5)])
    values = np.where(y > 0, 1.0, np.nan) if kind == "presence-only" else y
    p = level[fold]
    bare = task_scores(task(values[:, None], kind), range(200), p, fold=fold)["s0"]
    fair = task_scores(task(values[:, None], kind), range(200), p, fold=fold, level=level)["s0"]
    if kind == "abundance":
        assert bare["spearman"] < -0.3 and np.isnan(fair["spearman"])
    else:
        name = "auc" if kind == "presence" else "auc_background"
        assert bare[name] < 0.4 and fair[name] == 0.5


@pytest.mark.parametrize("kind", KINDS)
def test_noise_is_at_chance_through_a_whole_cross_validation(kind: Kind) -> None:
    rng = np.random.default_rng(4)
    x = rng.normal(size=(160, 4))
    y = rng.uniform(size=(160, 12)) < 0.3
    values = np.where(y, 1.0, np.nan) if kind == "presence-only" else y.astype(float)
    if kind == "abundance":
        values = rng.normal(size=(160, 12))
    noise, fold = task(values, kind), np.arange(160) % 4
    p = np.full(values.shape, np.nan)
    cuts, level, median = [], [], []
    for k in range(4):
        train, test = np.flatnonzero(fold != k), np.flatnonzero(fold == k)
        predictor = Downstream("forest", trees=30).fit(x[train], noise.take(train).values, kind, 1)
        p[test] = predictor.predict(x[test])
        cuts.append(predictor.thresholds())
        level.append(predictor.level)
        median.append(predictor.median)
    found = task_scores(noise, np.arange(160), p, np.array(cuts), fold=fold, median=np.array(median),
                        level=np.array(level))  # fmt: skip
    medians = {name: np.median([of[name] for of in found.values()]) for name in METRICS[kind]}
    # Measured spread of one target's TSS or rho is about .08, of its Boyce index about .5.
    assert abs(medians[HEADLINE[kind]]) < (0.35 if kind == "presence-only" else 0.07)
    if kind == "abundance":
        assert medians["mae"] > medians["mae_of_median"] - 0.01
        rho = [spearmanr(values[:, s], p[:, s] - np.array(level)[fold, s]).statistic for s in range(12)]
        assert medians["spearman"] == pytest.approx(np.median(rho), abs=1e-6)


def test_species_sets_of_whole_plots() -> None:
    values = np.array([[1, 1, 0], [0, 0, 1], [1, np.nan, 0]])
    p = np.array([[0.9, 0.2, 0.8], [0.1, 0.3, 0.7], [0.5, 0.5, 0.5]])
    found = species_set_scores(task(values), range(3), p, k=2)
    assert found["n"] == 2 and found["k"] == 2
    assert found["f1_samples_at_k"] == pytest.approx((0.5 + 2 / 3) / 2)
    # The sums of the probabilities are 1.9 and 1.1: two and one species.
    assert found["f1_samples_adaptive"] == pytest.approx((0.5 + 1) / 2)
    assert found["richness_bias"] == pytest.approx((-0.1 + 0.1) / 2)
    assert found["richness_rmse"] == pytest.approx(0.1)
    given = species_set_scores(task(values), range(3), p, richness=[3, 3, 3])
    assert given["f1_samples_adaptive"] == pytest.approx((0.8 + 0.5) / 2)
    assert np.isnan(species_set_scores(task(values), [2], p[2:])["f1_samples_at_k"])


def test_nothing_tested_is_nan_and_other_lengths_raise() -> None:
    for kind in KINDS:
        found = task_scores(task(Y, kind), [], np.empty((0, 1)))["s0"]
        assert found["n"] == 0 and np.isnan([found[name] for name in METRICS[kind]]).all()
        assert np.isnan(task_scores(task(Y, kind), range(7), P * np.nan, [0.5])["s0"][HEADLINE[kind]])
    with pytest.raises(ValueError, match="7 rows and 1 targets"):
        task_scores(task(Y), range(7), P[:3])
    with pytest.raises(ValueError, match="but folds of 2"):
        task_scores(task(Y), range(7), P, fold=[0, 1])
    with pytest.raises(ValueError, match="values of shape"):
        task_scores(task(Y), range(7), P, [[0.1], [0.2]], fold=[0, 1, 2, 0, 1, 2, 0])


def test_boyce_of_one_number_a_fold_is_undefined() -> None:
    """Folds' prevalences run against what they hold out: pooled, they would have an index of -1."""
    rng = np.random.default_rng(8)
    fold = np.repeat(np.arange(4), 50)
    y = (rng.random(200) < np.array([0.1, 0.3, 0.5, 0.7])[fold]).astype(float)
    level = np.array([[y[fold != k].mean()] for k in range(4)])
    task = Task("seen", "presence-only", ("a",), np.where(y > 0, 1.0, np.nan)[:, None])
    known = level[fold] + rng.normal(scale=1e-16, size=(200, 1))
    assert boyce_index(known[y > 0, 0], known[:, 0]) < -0.5
    assert np.isnan(task_scores(task, np.arange(200), known, fold=fold)["a"]["boyce"])
    known[fold == 2] += 0.01 * rng.random((50, 1))
    assert np.isfinite(task_scores(task, np.arange(200), known, fold=fold)["a"]["boyce"])


def test_a_score_at_the_threshold_is_a_presence() -> None:
    for kind, name in (("presence", "tss_at_train_threshold"), ("presence-only", "tss_background")):
        assert task_scores(task([[1], [0]], kind), [0, 1], [[0.5], [0.4]], [0.5])["s0"][name] == 1.0


def test_richness_that_is_too_high_is_a_bias_above_zero() -> None:
    found = species_set_scores(task([[1, 1, 0], [0, 0, 1]]), [0, 1], np.full((2, 3), 0.5), richness=[3, 3])
    assert found["richness_bias"] == pytest.approx(1.5)
    assert found["richness_rmse"] == pytest.approx(np.sqrt(2.5))


def test_the_boyce_index_reads_predictions_without_the_level_of_their_fold() -> None:
    """Noise in five blocks of other prevalence, forests trained on the others: at chance without the level only."""
    rng = np.random.default_rng(5)
    fold = np.repeat(np.arange(5), 60)
    bare, fair, mean = [], [], []
    for _ in range(12):
        y = rng.uniform(size=300) < np.array([0.1, 0.2, 0.35, 0.5, 0.6])[rng.permutation(5)][fold]
        level = np.array([[y[fold != k].mean()] for k in range(5)])
        p = expit(logit(level)[fold] + rng.normal(0, 0.3, (300, 1)))
        seen = task(np.where(y, 1.0, np.nan)[:, None], "presence-only")
        bare.append(task_scores(seen, range(300), p, fold=fold)["s0"]["boyce"])
        found = task_scores(seen, range(300), p, fold=fold, level=level)["s0"]
        fair.append(found["boyce"])
        mean.append(found["boyce_fold_mean"])
    # One index of noise spreads by 0.5, the mean over five folds by 0.2.
    assert np.mean(bare) < -0.4 and abs(np.mean(fair)) < 0.3 and abs(np.mean(mean)) < 0.15


def test_the_boyce_index_on_the_levels_scale_by_hand() -> None:
    """In one fold, what is ranked is 1 / (1 + odds of the level / odds): windows are laid there."""
    rng = np.random.default_rng(2)
    p = rng.uniform(0.05, 0.95, (200, 1))
    y = rng.uniform(size=(200, 1)) < p**2
    found = task_scores(task(np.where(y, 1.0, np.nan), "presence-only"), range(200), p, level=[0.2])["s0"]
    scale = np.round(1 / (1 + (0.2 / 0.8) / (p / (1 - p))), 9)[:, 0]
    assert found["boyce"] == found["boyce_fold_mean"] == boyce_index(scale[y[:, 0]], scale)


def test_scores_of_all_plots_together_are_those_of_the_metrics() -> None:
    """Boyce index and calibration of presence tasks: what the library and our own metric say of the pooled plots."""
    random = np.random.default_rng(0)
    p = random.uniform(0.05, 0.95, 200)
    y = (random.uniform(size=200) < p).astype(float)
    task = Task("t", "presence", ("a", "flat"), np.column_stack([y, y]))
    predicted = np.column_stack([p, np.full(200, 0.4)])
    found = task_scores(task, np.arange(200), predicted, np.array([0.5, 0.5]))
    assert found["a"]["boyce"] == pytest.approx(boyce_index(p[y > 0], p))
    slope, intercept = metrics.calibration_slope(y, p)
    assert (found["a"]["calibration_slope"], found["a"]["calibration_intercept"]) == (slope, intercept)
    assert 0.7 < slope < 1.4
    assert found["a"]["expected_calibration_error"] == metrics.expected_calibration_error(y, p)
    # Twice the logits are half as well calibrated.
    sharp = task_scores(task, np.arange(200), expit(2 * logit(predicted)), np.array([0.5, 0.5]))
    assert sharp["a"]["calibration_slope"] == pytest.approx(slope / 2, rel=1e-3)
    # One number for all plots has an error, but ranks none of them.
    assert found["flat"]["expected_calibration_error"] == pytest.approx(abs(y.mean() - 0.4))
    assert np.isnan([found["flat"][name] for name in ("boyce", "calibration_slope", "calibration_intercept")]).all()
    # Over folds the training level is taken out before windows are laid.
    fold = np.arange(200) % 2
    folds = task_scores(task, np.arange(200), predicted, fold=fold, level=np.array([[0.4, 0.4], [0.6, 0.6]]))
    even = expit(logit(p) - logit(np.array([0.4, 0.6])[fold]))
    assert folds["a"]["boyce"] == pytest.approx(boyce_index(even[y > 0].round(9), even.round(9)))
