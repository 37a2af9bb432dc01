"""From out-of-fold predictions to the scores that are reported: per target, median, paired difference to ``raw``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from botaclip.training.block_bootstrap import METRICS as BLOCK_METRICS
from botaclip.training.block_bootstrap import BlockDraws, block_draws
from botaclip.training.evaluation import CrossValidation
from botaclip.training.metrics import (
    auc_columns,
    auprc,
    brier_columns,
    max_tss_columns,
    remove_fold_prevalence,
    tss_columns,
)
from botaclip.training.statistics import holm, paired_difference
from botaclip.training.training_table import TrainingTable
from botaclip.training.truth import truth_correlation_at

Array = NDArray[np.floating]

# Between fewer pairs a percentile bootstrap only returns the extremes of what was seen.
FEWEST_PAIRS = 10

SITE_METRICS = ("tss_at_train_threshold", "auc", "brier")
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

    Only plots of one site that one model was tested on are compared with each other: AUC and TSS are means over all
    such pairs of a presence and an absence. Pooled over folds, a model that knows nothing but how common a species is
    on the site would score below chance: where held-out plots hold the species, the site's other plots hold it less
    (below an AUC of 0.4 in ``tests/test_scores.py``).

    Parameters
    ----------
    table
        Plots with their ``sites``.
    cv
        Out-of-fold predictions of all of them.
    min_presences
        Fewest presences of a species on a site, and fewest pairs to compare; one absence is enough.
    """
    assert table.sites is not None
    learnt, sites = scorable(table, cv), np.array(table.sites)
    found: dict[str, dict[str, dict[str, dict[str, float]]]] = {}
    for site in dict.fromkeys(table.sites):
        parts = [
            (np.flatnonzero((cv.fold == number) & (sites == site)), learnt[number]) for number in range(len(cv.folds))
        ]
        n_presences = sum(known * (table.presence[rows] > 0).sum(axis=0) for rows, known in parts)
        n_pairs = sum(_comparisons(table, rows, known) for rows, known in parts)
        enough = np.flatnonzero((n_presences >= min_presences) & (n_pairs >= min_presences))
        if not len(enough):
            continue
        for column in cv.suitability:
            scores = _compared(table, cv, column, parts)
            for s in enough:
                columns = found.setdefault(table.species[s], {}).setdefault(str(site), {})
                columns[column] = {metric: float(scores[metric][s]) for metric in SITE_METRICS}
    return found


def _comparisons(table: TrainingTable, rows: NDArray[np.integer], learnt: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return the number of pairs of a presence and an absence among some plots, 0 for species not learnt (S,)."""
    present = (table.presence[rows] > 0).sum(axis=0)
    return np.asarray(learnt * present * (len(rows) - present))


def _compared(
    table: TrainingTable, cv: CrossValidation, column: str,
    parts: Sequence[tuple[NDArray[np.integer], NDArray[np.bool_]]],
) -> dict[str, Array]:
    """Score a column over parts of a site, each tested by one model; the mean over pairs within parts (S,)."""
    species = len(table.species)
    sums = {metric: np.zeros(species) for metric in SITE_METRICS}
    weights = {metric: np.zeros(species) for metric in SITE_METRICS}
    for rows, learnt in parts:
        if not len(rows):
            continue
        presence, p = table.presence[rows], cv.suitability[column][rows]
        pairs, plots = _comparisons(table, rows, learnt), learnt * len(rows)
        for metric, values, weight in (
            ("tss_at_train_threshold",
             tss_columns(presence, cv.positive[column][rows].astype(float), np.full(species, 0.5)), pairs),
            ("auc", auc_columns(presence, np.round(p, 9)), pairs),
            ("brier", brier_columns(presence, np.clip(p, 1e-6, 1 - 1e-6)), plots),
        ):  # fmt: skip
            sums[metric] += np.where(weight > 0, values, 0.0) * weight
            weights[metric] += weight
    with np.errstate(invalid="ignore"):
        return {metric: sums[metric] / np.where(weights[metric] > 0, weights[metric], np.nan) for metric in sums}


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


def draws_of(
    table: TrainingTable, cv: CrossValidation, blocks: NDArray[np.integer], *, random_state: int = 1
) -> BlockDraws | None:
    """Return scores of plots drawn anew by whole blocks, for :func:`summarise`; None with fewer than two blocks."""
    return block_draws(table, cv, scorable(table, cv), blocks, random_state=random_state)


def summarise(
    targets: Mapping[str, Mapping[str, Mapping[str, float]]], *, draws: BlockDraws | None = None, random_state: int = 1
) -> dict[str, dict[str, Any]]:
    """Return ``summary[column][metric]`` over targets.

    ``median`` is of the pooled scores, ``fold_mean`` (where targets have it) the median over targets of the mean over
    folds; ``difference_to_raw`` is paired by target: a bootstrap interval over targets, a Wilcoxon p and the same
    adjusted for the number of columns (``p_holm``), rank-biserial correlation and n. With ``draws`` it has an interval
    over spatial blocks too (``over_blocks``).
    """
    summary: dict[str, dict[str, Any]] = {}
    columns = next(iter(targets.values()), {})
    for column in columns:
        summary[column] = {}
        for metric in (metric for metric in METRICS if metric in columns[column]):
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
                if draws is not None and metric in BLOCK_METRICS:
                    entry["difference_to_raw"]["over_blocks"] = draws.difference(column, "raw", metric)
            summary[column][metric] = entry
    _adjust(summary)
    return summary


def _adjust(summary: Mapping[str, Mapping[str, dict[str, Any]]]) -> None:
    """Add ``p_holm``: p adjusted for as many columns as are held against ``raw``."""
    for metric in METRICS:
        found = [
            scores[metric]["difference_to_raw"] for column, scores in summary.items()
            if column != "raw" and "difference_to_raw" in scores.get(metric, {})
        ]  # fmt: skip
        for difference, adjusted in zip(found, holm([each["p"] for each in found]), strict=True):
            difference["p_holm"] = float(adjusted)


def summarise_sites(
    targets: Mapping[str, Mapping[str, Mapping[str, Mapping[str, float]]]], *, random_state: int = 1
) -> dict[str, dict[str, Any]]:
    """Return :func:`summarise` of :func:`site_scores`: over pairs of a species and a site.

    Differences over fewer than 10 pairs have no interval: ``low`` and ``high`` are NaN.
    """
    pairs = {
        f"{species} ({site})": columns for species, by_site in targets.items() for site, columns in by_site.items()
    }
    summary = summarise(pairs, random_state=random_state)
    for scores in summary.values():
        for entry in scores.values():
            difference = entry.get("difference_to_raw")
            if difference and difference["n"] < FEWEST_PAIRS:
                difference |= {"low": float("nan"), "high": float("nan")}
    return summary


def _median(values: Array) -> float:
    known = values[np.isfinite(values)]
    return float(np.median(known)) if known.size else float("nan")
