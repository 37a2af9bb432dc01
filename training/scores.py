"""From out-of-fold predictions to the scores that are reported: per target, median, paired difference to ``raw``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from botaclip.training.evaluation import CrossValidation
from botaclip.training.metrics import (
    auc_columns,
    auprc,
    brier_columns,
    max_tss_columns,
    remove_fold_prevalence,
    tss_columns,
)
from botaclip.training.statistics import paired_difference
from botaclip.training.training_table import TrainingTable
from botaclip.training.truth import truth_correlation_at

Array = NDArray[np.floating]

METRICS = ("tss_at_train_threshold", "tss_max", "auc", "auprc", "brier", "truth_correlation")


def _scores(
    presence: Array, p: Array, level: Array, positive: NDArray[np.bool_], truth: Array | None
) -> dict[str, Array]:
    """Score all species over one set of plots; each value (S,), NaN where one class is missing.

    ``level`` is what ranks plots: the suitability itself within a fold, without the fold's training prevalence when
    folds are pooled.
    """
    species = presence.shape[1]
    return {
        # Presence was decided fold by fold, so any cut between 0 and 1 does.
        "tss_at_train_threshold": tss_columns(presence, positive.astype(float), np.full(species, 0.5)),
        "tss_max": max_tss_columns(presence, level)[0],
        "auc": auc_columns(presence, level),
        "auprc": np.array([auprc(presence[:, s], level[:, s]) for s in range(species)]),
        "brier": brier_columns(presence, p),
        "truth_correlation": (
            np.full(species, np.nan) if truth is None else truth_correlation_at(level, truth)
        ),
    }


def scorable(table: TrainingTable, cv: CrossValidation) -> NDArray[np.bool_]:
    """Return which species (F, S) each fold's models could learn: both presences and absences among its training plots.

    What a model says of a species it has never met (or never missed) is no prediction: such folds are not scored.
    """
    n_presences = np.array([(table.presence[train] > 0).sum(axis=0) for train, _ in cv.folds])
    n_plots = np.array([[len(train)] for train, _ in cv.folds])
    return (n_presences > 0) & (n_presences < n_plots)


def target_scores(table: TrainingTable, cv: CrossValidation) -> dict[str, dict[str, dict[str, float]]]:
    """Return ``targets[species][column][metric]``: pooled over folds, and as mean over folds (``_fold_mean``).

    Before pooling, each fold's training prevalence is taken out of its predictions: it runs opposite to the
    prevalence of the held-out block and would put pure noise at an AUC of 0.28 to 0.39. Taken out is what the
    calibrator made of it: the prevalence as it was would be too much (pure noise at 0.57). A fold counts for the
    species that its training plots both hold and lack, see :func:`scorable`; NaN where that leaves one class.
    """
    learnt = scorable(table, cv)
    every = np.arange(len(table.species))
    targets: dict[str, dict[str, dict[str, float]]] = {name: {} for name in table.species}
    for column in cv.suitability:
        pooled = _pooled(table, cv, column, learnt, cv.fold >= 0)
        per_fold = []
        for number in range(len(cv.folds)):
            here = np.flatnonzero(cv.fold == number)
            q = cv.suitability[column]
            scores = _scored(table, cv, column, here, every, p=q, level=q)
            per_fold.append({metric: np.where(learnt[number], values, np.nan) for metric, values in scores.items()})
        for s, name in enumerate(table.species):
            values = {metric: float(pooled[metric][s]) for metric in METRICS}
            for metric in METRICS:
                values[f"{metric}_fold_mean"] = _mean([scores[metric][s] for scores in per_fold])
            targets[name][column] = values
    return targets


def site_scores(
    table: TrainingTable, cv: CrossValidation, *, min_presences: int
) -> dict[str, dict[str, dict[str, dict[str, float]]]]:
    """Return ``targets[species][site][column][metric]``, each site scored by itself from the same predictions.

    Scored are species with at least ``min_presences`` presences and one absence among the site's held-out plots.
    Plots of one site share flora and image: a model that only tells sites apart scores at chance here.

    Parameters
    ----------
    table
        Plots with their ``sites``.
    cv
        Out-of-fold predictions of all of them.
    min_presences
        Fewest presences of a species on a site.
    """
    assert table.sites is not None
    learnt, sites = scorable(table, cv), np.array(table.sites)
    counted = (cv.fold >= 0)[:, None] & learnt[cv.fold]
    found: dict[str, dict[str, dict[str, dict[str, float]]]] = {}
    for site in dict.fromkeys(table.sites):
        here = (sites == site)[:, None] & counted
        n_presences = (here & (table.presence > 0)).sum(axis=0)
        enough = np.flatnonzero((n_presences >= min_presences) & (n_presences < here.sum(axis=0)))
        if not len(enough):
            continue
        for column in cv.suitability:
            scores = _pooled(table, cv, column, learnt, (cv.fold >= 0) & (sites == site))
            for s in enough:
                columns = found.setdefault(table.species[s], {}).setdefault(str(site), {})
                columns[column] = {metric: float(scores[metric][s]) for metric in METRICS}
    return found


def _pooled(
    table: TrainingTable, cv: CrossValidation, column: str, learnt: NDArray[np.bool_], rows: NDArray[np.bool_]
) -> dict[str, Array]:
    """Score a column over ``rows`` (N,) of all folds together; each value (S,)."""
    p = np.full(table.presence.shape, np.nan)
    level = p.copy()
    p[rows] = np.clip(cv.suitability[column][rows], 1e-6, 1 - 1e-6)
    level[rows] = remove_fold_prevalence(p[rows], cv.fold[rows], cv.baseline[column])
    # The prevalence column becomes constant here, up to rounding: ties, not a ranking.
    level = np.round(level, 9)
    scores = {metric: np.full(len(table.species), np.nan) for metric in METRICS}
    # Species that the same folds have learnt are scored together: in most data, all of them.
    for pattern in np.unique(learnt, axis=1).T:
        species = np.flatnonzero((learnt == pattern[:, None]).all(axis=0))
        here = np.flatnonzero(rows & pattern[cv.fold])
        n_presences = (table.presence[np.ix_(here, species)] > 0).sum(axis=0)
        species = species[(n_presences > 0) & (n_presences < len(here))]
        if len(species):
            for metric, values in _scored(table, cv, column, here, species, p=p, level=level).items():
                scores[metric][species] = values
    return scores


def _scored(
    table: TrainingTable, cv: CrossValidation, column: str, rows: NDArray[np.integer], species: NDArray[np.integer], *,
    p: Array, level: Array,
) -> dict[str, Array]:
    """Score some species over some plots."""
    box = np.ix_(rows, species)
    truth = None if table.truth is None else table.truth[box]
    return _scores(table.presence[box], p[box], level[box], cv.positive[column][box], truth)


def _mean(values: list[float]) -> float:
    known = [value for value in values if np.isfinite(value)]
    return float(np.mean(known)) if known else float("nan")


def _column(targets: Mapping[str, Mapping[str, Mapping[str, float]]], column: str, metric: str) -> Array:
    return np.array([columns[column][metric] for columns in targets.values()])


def summarise(
    targets: Mapping[str, Mapping[str, Mapping[str, float]]], *, random_state: int = 1
) -> dict[str, dict[str, Any]]:
    """Return ``summary[column][metric]`` over targets.

    ``median`` is of the pooled scores, ``fold_mean`` (where targets have it) the median over targets of the mean over
    folds; ``difference_to_raw`` is paired by target, with a bootstrap interval over targets and a Wilcoxon p.
    """
    summary: dict[str, dict[str, Any]] = {}
    columns = next(iter(targets.values()), {})
    for column in columns:
        summary[column] = {}
        for metric in METRICS:
            values = _column(targets, column, metric)
            known = np.isfinite(values)
            if not known.any():
                continue
            entry: dict[str, Any] = {"median": float(np.median(values[known]))}
            if f"{metric}_fold_mean" in columns[column]:
                entry["fold_mean"] = _median(_column(targets, column, f"{metric}_fold_mean"))
            entry["n_targets"] = int(known.sum())
            if "raw" in columns:
                raw = _column(targets, "raw", metric)
                both = known & np.isfinite(raw)
                entry["difference_to_raw"] = paired_difference(values[both], raw[both], random_state=random_state)
            summary[column][metric] = entry
    return summary


def summarise_sites(
    targets: Mapping[str, Mapping[str, Mapping[str, Mapping[str, float]]]], *, random_state: int = 1
) -> dict[str, dict[str, Any]]:
    """Return :func:`summarise` of :func:`site_scores`: over pairs of a species and a site."""
    pairs = {
        f"{species} ({site})": columns for species, by_site in targets.items() for site, columns in by_site.items()
    }
    return summarise(pairs, random_state=random_state)


def _median(values: Array) -> float:
    known = values[np.isfinite(values)]
    return float(np.median(known)) if known.size else float("nan")
