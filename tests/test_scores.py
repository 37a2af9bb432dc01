"""From predictions to the reported scores: fold prevalence out before pooling, paired differences, presence-only."""

from __future__ import annotations

import dataclasses
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.special import expit, logit
from sklearn.metrics import average_precision_score, brier_score_loss, roc_auc_score

from botaclip.training.evaluation import CrossValidation
from botaclip.training.heads import clipped_prevalence
from botaclip.training.metrics_document import sayable, without_nan
from botaclip.training.report import write_report
from botaclip.training.scores import METRICS, scorable, site_scores, summarise, summarise_sites, target_scores
from botaclip.training.training_table import TrainingTable

from .small_tables import planted

FOLDS = 4


def patchy(species: int = 60, *, seed: int = 0) -> tuple[TrainingTable, tuple[tuple[np.ndarray, np.ndarray], ...]]:
    """Return plots whose prevalence differs strongly from fold to fold, as spatial blocks have it."""
    random = np.random.default_rng(seed)
    table = planted(120, species=species, seed=seed)
    fold = np.arange(120) % FOLDS
    level = random.uniform(0.15, 0.85, (FOLDS, species))
    presence = (random.random((120, species)) < level[fold]).astype(np.float32)
    every = np.arange(120)
    folds = tuple((every[fold != number], every[fold == number]) for number in range(FOLDS))
    return dataclasses.replace(table, presence=presence), folds


def validation(
    table: TrainingTable, folds: tuple[tuple[np.ndarray, np.ndarray], ...], columns: dict[str, np.ndarray]
) -> CrossValidation:
    """Make out-of-fold predictions: each fold's calibrated prevalence plus ``columns[name]`` on the logit scale."""
    prevalence = np.array([clipped_prevalence(table.presence[train]) for train, _ in folds])
    # A calibrator that draws the prevalence in: what is to be taken out is what it made of it.
    baseline = expit(0.6 * logit(prevalence) + 0.1)
    fold = np.full(len(table), -1)
    for number, (_, test) in enumerate(folds):
        fold[test] = number
    suitability = {name: expit(logit(baseline[fold]) + shift) for name, shift in columns.items()}
    positive = {name: shift >= 0 for name, shift in columns.items()}
    return CrossValidation(
        folds, fold, suitability, positive, dict.fromkeys(columns, baseline), ({},) * len(folds)
    )


@pytest.fixture(scope="module")
def scored() -> tuple[TrainingTable, CrossValidation, dict[str, Any]]:
    table, folds = patchy()
    random = np.random.default_rng(1)
    shape = table.presence.shape
    columns = {
        "raw": 0.3 * random.normal(size=shape),
        "adapted": random.normal(size=shape) + 0.8 * table.presence,
        "prevalence": np.zeros(shape),
    }
    cv = validation(table, folds, columns)
    return table, cv, target_scores(table, cv)


def values(targets: dict[str, Any], column: str, metric: str) -> np.ndarray:
    return np.array([columns[column][metric] for columns in targets.values()])


def test_the_prevalence_knows_nothing_to_the_last_digit(scored: tuple) -> None:
    table, cv, targets = scored
    np.testing.assert_array_equal(values(targets, "prevalence", "auc"), 0.5)
    np.testing.assert_array_equal(values(targets, "prevalence", "auc_fold_mean"), 0.5)
    for metric in ("tss_at_train_threshold", "tss_max", "tss_at_train_threshold_fold_mean"):
        np.testing.assert_array_equal(values(targets, "prevalence", metric), 0.0)


def test_pure_noise_scores_half_although_folds_differ_in_prevalence(scored: tuple) -> None:
    table, cv, targets = scored
    naive = [roc_auc_score(table.presence[:, s], cv.suitability["raw"][:, s]) for s in range(60)]
    # Pooled as it is, each fold's prevalence runs against its truth; with it removed, noise is noise.
    assert np.median(naive) < 0.46
    assert np.median(values(targets, "raw", "auc")) == pytest.approx(0.5, abs=0.02)
    assert np.median(values(targets, "raw", "auc_fold_mean")) == pytest.approx(0.5, abs=0.02)
    assert abs(np.median(values(targets, "raw", "tss_at_train_threshold"))) < 0.04


def test_a_signal_stays_a_signal(scored: tuple) -> None:
    _, _, targets = scored
    assert np.median(values(targets, "adapted", "auc")) == pytest.approx(0.71, abs=0.03)  # Phi(0.8 / sqrt 2)
    assert np.median(values(targets, "adapted", "tss_at_train_threshold")) > 0.2


def test_pooled_scores_are_scikit_learns(scored: tuple) -> None:
    table, cv, targets = scored
    for s, name in enumerate(table.species[:10]):
        y, p = table.presence[:, s], cv.suitability["adapted"][:, s]
        level = logit(p) - logit(cv.baseline["adapted"][cv.fold, s])
        made = targets[name]["adapted"]
        assert made["brier"] == pytest.approx(brier_score_loss(y, p), abs=1e-9)
        assert made["auc"] == pytest.approx(roc_auc_score(y, level), abs=1e-9)
        assert made["auprc"] == pytest.approx(average_precision_score(y, np.round(level, 9)), abs=1e-9)
        positive = cv.positive["adapted"][:, s]
        expected = positive[y > 0].mean() - positive[y == 0].mean()
        assert made["tss_at_train_threshold"] == pytest.approx(expected, abs=1e-9)
        assert made["tss_max"] >= made["tss_at_train_threshold"] - 1e-12


def test_fold_means_are_scikit_learns_over_the_folds_that_have_both_classes(scored: tuple) -> None:
    table, cv, targets = scored
    for s, name in enumerate(table.species[:10]):
        each = []
        for _, test in cv.folds:
            y = table.presence[test, s]
            if 0 < y.sum() < len(y):
                each.append(roc_auc_score(y, cv.suitability["adapted"][test, s]))
        assert targets[name]["adapted"]["auc_fold_mean"] == pytest.approx(np.mean(each), abs=1e-9)


def test_truth_is_correlated_where_it_is_known(scored: tuple) -> None:
    table, cv, _ = scored
    truth = np.full(table.presence.shape, np.nan)
    truth[:, 0] = np.log(cv.suitability["adapted"][:, 0]) - np.log1p(-cv.suitability["adapted"][:, 0])
    targets = target_scores(dataclasses.replace(table, truth=truth), cv)
    assert targets["species 0"]["adapted"]["truth_correlation_fold_mean"] > 0.9
    assert np.isnan(targets["species 1"]["adapted"]["truth_correlation"])


def test_plots_that_no_fold_held_out_do_not_count(scored: tuple) -> None:
    table, cv, targets = scored
    suitability = {name: p.copy() for name, p in cv.suitability.items()}
    fewer = tuple((train, test[test < 100]) for train, test in cv.folds)
    fold = np.where(np.arange(120) < 100, cv.fold, -1)
    for p in suitability.values():
        p[100:] = np.nan
    made = target_scores(table, dataclasses.replace(cv, folds=fewer, fold=fold, suitability=suitability))
    y, p = table.presence[:100, 3], cv.suitability["adapted"][:100, 3]
    assert made["species 3"]["adapted"]["brier"] == pytest.approx(brier_score_loss(y, p), abs=1e-9)
    assert made["species 3"]["adapted"]["brier"] != targets["species 3"]["adapted"]["brier"]


def test_summary_has_medians_and_paired_differences(scored: tuple) -> None:
    _, _, targets = scored
    summary = summarise(targets)
    assert list(summary) == ["raw", "adapted", "prevalence"]
    entry = summary["adapted"]["auc"]
    auc, raw = values(targets, "adapted", "auc"), values(targets, "raw", "auc")
    assert entry["median"] == pytest.approx(np.median(auc))
    assert entry["fold_mean"] == pytest.approx(np.median(values(targets, "adapted", "auc_fold_mean")))
    assert entry["n_targets"] == 60
    difference = entry["difference_to_raw"]
    assert difference["median"] == pytest.approx(np.median(auc - raw), abs=1e-9)
    assert 0 < difference["low"] < difference["median"] < difference["high"] and difference["p"] < 1e-6
    assert set(summary["raw"]["auc"]["difference_to_raw"].values()) >= {0.0, 1.0}
    # Without a truth there is nothing to correlate with, so the metric is left out rather than NaN.
    assert set(summary["adapted"]) == set(METRICS) - {"truth_correlation"}


def test_a_species_that_cannot_be_scored_is_not_counted(scored: tuple) -> None:
    _, _, targets = scored
    some = {name: {column: dict(scores) for column, scores in columns.items()} for name, columns in targets.items()}
    some["species 0"]["adapted"]["auc"] = float("nan")
    entry = summarise(some)["adapted"]["auc"]
    assert entry["n_targets"] == 59
    assert entry["median"] == pytest.approx(np.median(values(targets, "adapted", "auc")[1:]))


def test_presence_only_keeps_what_may_be_said_under_its_right_name(scored: tuple) -> None:
    _, _, targets = scored
    summary = summarise(targets)
    said = sayable(summary, "presence-only")
    assert {metric for scores in said.values() for metric in scores} == {"auc_background"}
    assert said["adapted"]["auc_background"] == summary["adapted"]["auc"]
    one = sayable(targets["species 0"], "presence-only")["adapted"]
    assert set(one) >= {"auc_background", "auc_background_fold_mean"}
    assert not any(metric.startswith(("tss", "brier", "auprc", "auc_fold")) for metric in one)
    assert sayable(summary, "presence-absence") == summary


def document(targets: dict[str, Any], data_type: str) -> dict[str, Any]:
    summary = summarise(targets)
    return without_nan({
        "summary": sayable(summary, data_type), "summary_random_folds": sayable(summary, data_type),
        "targets": {name: sayable(columns, data_type) for name, columns in targets.items()},
        "folds": [{"fold": 0, "n_train": 90, "n_test": 30, "n_buffered": 0}], "dropped": [], "omitted": {},
        "versions": {}, "seconds": 1.0, "data": {"data_type": data_type, "n_plots": 120, "n_species": 60},
    })  # fmt: skip


def test_the_report_of_presence_only_data_says_no_word_of_probability(scored: tuple, tmp_path: Path) -> None:
    _, _, targets = scored
    write_report(document(targets, "presence-only"), tmp_path / "presence.html")
    write_report(document(targets, "presence-absence"), tmp_path / "both.html")
    only, both = (
        re.sub(r"data:image/[^\"]*", "", (tmp_path / f"{name}.html").read_text(encoding="utf-8"))
        for name in ("presence", "both")
    )
    # NaN-free JSON, no TSS or Brier, AUC under its right name.
    assert not re.search(r"probab", only, re.IGNORECASE)
    assert not re.search(r"\bTSS\b|Brier|AUPRC", only)
    assert "AUC against background" in only and "relative suitability" in only
    assert "TSS" in both and "Brier" in both


def test_without_nan_leaves_nothing_that_json_cannot_say() -> None:
    made = without_nan({"a": np.float32(1.5), "b": [float("nan"), (np.int64(3), float("inf"))], 4: "x"})
    assert made == {"a": 1.5, "b": [None, [3, None]], "4": "x"}
    assert type(made["a"]) is float and type(made["b"][1][0]) is int


# --- small and awkward data -----------------------------------------------------------------------------------------


def test_a_fold_that_could_not_learn_a_species_is_not_scored_for_it() -> None:
    table, folds = patchy(species=3)
    presence = table.presence.copy()
    fold = np.arange(120) % FOLDS
    presence[:, 0] = (fold == 0) & (np.arange(120) % 8 == 0)  # all its presences are tested in fold 0
    presence[:, 1] = (fold < 2) & (np.arange(120) % 3 == 0)  # folds 2 and 3 hold none
    table = dataclasses.replace(table, presence=presence)
    level = np.random.default_rng(0).normal(size=presence.shape)
    cv = validation(table, folds, {"raw": level, "adapted": level})
    assert scorable(table, cv).tolist() == [[False, True, True], *[[True, True, True]] * 3]
    targets = target_scores(table, cv)
    for metric in METRICS:
        assert np.isnan(targets[table.species[0]]["raw"][metric])
    # Where there is one class only AUC is left to the folds that have both.
    one = [roc_auc_score(presence[fold == f, 1], level[fold == f, 1]) for f in (0, 1)]
    assert targets[table.species[1]]["raw"]["auc_fold_mean"] == pytest.approx(np.mean(one))
    assert np.isfinite(targets[table.species[1]]["raw"]["auc"])
    full = target_scores(dataclasses.replace(table, presence=presence[:, 2:], species=table.species[2:]), narrowed(cv))
    for column, values_alone in full[table.species[2]].items():
        assert targets[table.species[2]][column] == pytest.approx(values_alone, nan_ok=True, abs=1e-12)
    summary = summarise(targets)
    assert summary["raw"]["auc"]["n_targets"] == 2
    json.dumps(without_nan(summary), allow_nan=False)


def narrowed(cv: CrossValidation) -> CrossValidation:
    """Return the validation of the third species alone."""
    return dataclasses.replace(
        cv, **{
            field: {name: values[:, 2:] for name, values in getattr(cv, field).items()}
            for field in ("suitability", "positive", "baseline")
        }
    )  # fmt: skip


def test_within_sites_a_model_that_only_tells_sites_apart_is_at_chance() -> None:
    table, folds = patchy(species=4)
    random = np.random.default_rng(3)
    north = np.arange(120) // FOLDS % 2 == 0  # both sites lie in every fold
    presence = np.zeros((120, 4), np.float32)
    presence[:, 0] = random.random(120) < np.where(north, 0.8, 0.1)
    presence[:, 1] = random.random(120) < 0.5
    presence[:, 2] = north & (random.random(120) < 0.5)
    presence[:, 3] = north  # everywhere in the north: no absence there
    table = dataclasses.replace(
        table, presence=presence, sites=tuple("north" if here else "south" for here in north)
    )
    recognises = np.where(north, 1.5, -1.5)[:, None].repeat(4, axis=1)
    knows = 2.0 * presence - 1
    cv = validation(table, folds, {"raw": recognises, "adapted": knows})
    assert target_scores(table, cv)[table.species[0]]["raw"]["auc"] > 0.8
    within = site_scores(table, cv, min_presences=10)
    pairs = {(name, site) for name, by_site in within.items() for site in by_site}
    zero, one, two, _ = table.species
    assert pairs == {(zero, "north"), (one, "north"), (one, "south"), (two, "north")}
    for by_site in within.values():
        for columns in by_site.values():
            assert columns["raw"]["auc"] == pytest.approx(0.5) and columns["adapted"]["auc"] == 1.0
            assert columns["raw"]["tss_at_train_threshold"] == 0.0
            assert columns["adapted"]["tss_at_train_threshold"] == 1.0
    summary = summarise_sites(within)
    entry = summary["adapted"]["auc"]
    assert entry["median"] == 1.0 and entry["n_targets"] == 4 and "fold_mean" not in entry
    assert entry["difference_to_raw"]["median"] == pytest.approx(0.5) and entry["difference_to_raw"]["n"] == 4
    assert site_scores(table, cv, min_presences=1)[zero]["south"].keys() == {"raw", "adapted"}
    assert site_scores(table, cv, min_presences=60) == {}


def test_within_sites_what_is_known_of_a_site_is_worth_nothing() -> None:
    """A model that gives each plot the share of its site's training plots: below chance pooled, at it when paired."""
    random = np.random.default_rng(8)
    table, folds = patchy(species=80)
    site = np.arange(120) // FOLDS % 2
    presence = (random.random((120, 80)) < np.where(site == 0, 0.6, 0.3)[:, None]).astype(np.float32)
    table = dataclasses.replace(table, presence=presence, sites=tuple("ab"[number] for number in site))
    share = np.zeros(presence.shape)
    for train, test in folds:
        for number in (0, 1):
            share[test[site[test] == number]] = presence[train[site[train] == number]].mean(axis=0)
    cv = validation(table, folds, {"raw": np.zeros(presence.shape)})
    cv = dataclasses.replace(cv, suitability={"raw": share}, positive={"raw": share > 0.45})
    pooled = [roc_auc_score(presence[site == 0, s], share[site == 0, s]) for s in range(80)]
    assert np.median(pooled) < 0.4
    summary = summarise_sites(site_scores(table, cv, min_presences=5))["raw"]
    assert summary["auc"]["median"] == 0.5 and summary["tss_at_train_threshold"]["median"] == 0.0
    assert summary["auc"]["n_targets"] == 160
    # By hand: the mean over pairs within folds.
    level = random.normal(size=presence.shape)
    cv = dataclasses.replace(cv, suitability={"raw": expit(level)})
    made = site_scores(table, cv, min_presences=5)[table.species[3]]["a"]["raw"]["auc"]
    wins = []
    for _, test in folds:
        rows = test[site[test] == 0]
        found = presence[rows, 3] > 0
        wins += [level[i, 3] > level[j, 3] for i in rows[found] for j in rows[~found]]
    assert made == pytest.approx(np.mean(wins))
