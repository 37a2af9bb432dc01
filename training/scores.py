"""From out-of-fold predictions to the scores that are reported: per target, median, paired difference to ``raw``."""

from __future__ import annotations

import warnings
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


def target_scores(table: TrainingTable, cv: CrossValidation) -> dict[str, dict[str, dict[str, float]]]:
    """Return ``targets[species][column][metric]``: pooled over folds, and as mean over folds (``_fold_mean``).

    Before pooling, each fold's training prevalence is taken out of its predictions: it runs opposite to the
    prevalence of the held-out block and would put pure noise at an AUC of 0.28 to 0.39. Taken out is what the
    calibrator made of it: the prevalence as it was would be too much (pure noise at 0.57).
    """
    held = cv.fold >= 0
    targets: dict[str, dict[str, dict[str, float]]] = {name: {} for name in table.species}
    for column, suitability in cv.suitability.items():
        p = np.clip(suitability[held], 1e-6, 1 - 1e-6)
        level = remove_fold_prevalence(p, cv.fold[held], cv.baseline[column])
        # The prevalence column becomes constant here, up to rounding: ties, not a ranking.
        level = np.round(level, 9)
        truth = None if table.truth is None else table.truth[held]
        pooled = _scores(table.presence[held], p, level, cv.positive[column][held], truth)
        per_fold = []
        for number in range(len(cv.folds)):
            here = cv.fold == number
            truth = None if table.truth is None else table.truth[here]
            q = suitability[here]
            per_fold.append(_scores(table.presence[here], q, q, cv.positive[column][here], truth))
        for s, name in enumerate(table.species):
            values = {metric: float(pooled[metric][s]) for metric in METRICS}
            for metric in METRICS:
                values[f"{metric}_fold_mean"] = _mean([scores[metric][s] for scores in per_fold])
            targets[name][column] = values
    return targets


def _mean(values: list[float]) -> float:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        return float(np.nanmean(values))


def _column(targets: Mapping[str, Mapping[str, Mapping[str, float]]], column: str, metric: str) -> Array:
    return np.array([columns[column][metric] for columns in targets.values()])


def summarise(
    targets: Mapping[str, Mapping[str, Mapping[str, float]]], *, random_state: int = 1
) -> dict[str, dict[str, Any]]:
    """Return ``summary[column][metric]`` over targets.

    ``median`` is of the pooled scores, ``fold_mean`` the median over targets of the mean over folds;
    ``difference_to_raw`` is paired by target, with a bootstrap interval over targets and a Wilcoxon p.
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
            entry: dict[str, Any] = {
                "median": float(np.median(values[known])),
                "fold_mean": float(np.nanmedian(_column(targets, column, f"{metric}_fold_mean"))),
                "n_targets": int(known.sum()),
            }
            if "raw" in columns:
                raw = _column(targets, "raw", metric)
                both = known & np.isfinite(raw)
                entry["difference_to_raw"] = paired_difference(values[both], raw[both], random_state=random_state)
            summary[column][metric] = entry
    return summary
