"""Scores of a task's targets from predictions for plots that the models have not seen.

Every kind of task has its own metrics, and one of them is the headline, as in the paper: TSS for presence, the
continuous Boyce index for presence-only, Spearman's correlation for abundance.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit

from botaclip.training import metrics
from botaclip.training.boyce import BoyceRule, boyce_index, is_constant
from botaclip.training.task import Kind, Task

Floats = NDArray[np.float64]

METRICS: Mapping[Kind, tuple[str, ...]] = {
    "presence": (
        "tss_at_train_threshold", "tss_max", "f1", "sensitivity", "specificity", "auc", "auprc", "brier",
    ),
    "presence-only": ("boyce", "tss_background", "auc_background", "f1", "sensitivity"),
    "abundance": ("spearman", "mae", "mae_of_median"),
}  # fmt: skip
# Of all plots together only: a fold has too few for them.
POOLED: Mapping[Kind, tuple[str, ...]] = {
    "presence": ("boyce", "expected_calibration_error", "calibration_slope", "calibration_intercept"),
    "presence-only": (), "abundance": (),
}  # fmt: skip
HEADLINE: Mapping[Kind, str] = {
    "presence": "tss_at_train_threshold", "presence-only": "boyce", "abundance": "spearman",
}  # fmt: skip
# Metrics for which a smaller number is better.
LOWER_IS_BETTER = frozenset({"brier", "expected_calibration_error", "mae", "mae_of_median"})
# Predictions equal up to rounding errors are ties.
_DIGITS = 9


def task_scores(
    task: Task,
    rows: ArrayLike,
    predicted: ArrayLike,
    thresholds: ArrayLike | None = None,
    *,
    fold: ArrayLike | None = None,
    level: ArrayLike | None = None,
    median: ArrayLike | None = None,
    rule: BoyceRule = "all_windows",
    remove_duplicates: bool = True,
) -> dict[str, dict[str, float]]:
    """Return ``{target: {metric: value}}``, pooled over folds and, under ``<metric>_fold_mean``, their mean over folds.

    Where the training values' mean is given (``level``), it is taken out of the predictions before ranks are pooled
    over folds, because it runs against the truth of the held-out plots, see
    :func:`botaclip.training.metrics.remove_fold_prevalence`. The Boyce index reads the same, brought back between 0 and
    1 (0.5 is the level), also within folds: on noise in five blocks it is at chance so, and as low as -0.8 with the
    levels left in. The mean over folds is at chance too, but needs presences in every fold, and leaving plots out one
    by one has none. Decisions at a threshold, Brier and MAE use the predictions as they are.

    Parameters
    ----------
    task
        What was to be predicted.
    rows
        (M,) rows of the task that were tested.
    predicted
        (M, S) probabilities or abundances by models that have not seen the plot; NaN where there is none.
    thresholds
        (S,) or (F, S) thresholds from training plots; None: scores at a threshold are NaN. A fold without one (NaN)
        has learnt from one class only and does not count for the target.
    fold
        (M,) number of the fold in which each row was tested, -1 for none; None: one fold.
    level
        (F, S) mean training value of each fold, pseudo-absences among them,
        :attr:`botaclip.training.downstream.Predictor.level`.
    median
        (F, S) median training value; None: ``mae_of_median`` is NaN.
    rule, remove_duplicates
        Of the Boyce index.

    Returns
    -------
    scores
        All metrics of the task's kind, ``n`` plots scored, and ``n_presences`` where there are any. For presence-only
        tasks the background is every row tested, and what is not recorded counts as background in
        ``tss_background``, ``auc_background`` and ``f1``: these are no TSS and AUC against absences.

    Raises
    ------
    ValueError
        Lengths differ.
    """
    index = np.asarray(rows, dtype=np.intp).ravel()
    p = np.asarray(predicted, dtype=float)
    targets = len(task.targets)
    if p.shape != (len(index), targets):
        raise ValueError(f"{len(index)} rows and {targets} targets but predictions of shape {p.shape}")
    number = np.zeros(len(index), np.intp) if fold is None else np.asarray(fold, dtype=np.intp).ravel()
    if number.shape != index.shape:
        raise ValueError(f"{len(index)} rows but folds of {number.size}")
    folds = int(number.max(initial=-1)) + 1
    cuts, means, medians = (_per_fold(values, folds, targets) for values in (thresholds, level, median))
    truth = task.values[index]
    ranked = p if level is None else without_level(p, number, means, task.kind)
    scores: dict[str, dict[str, float]] = {}
    for s, name in enumerate(task.targets):
        known = (number >= 0) & np.isfinite(p[:, s])
        if thresholds is not None and task.kind != "abundance":
            # Training plots of one class have no threshold: what such a model says is no prediction.
            known &= np.isfinite(cuts[number, s])
        if task.kind != "presence-only":
            known &= np.isfinite(truth[:, s])

        def score(rows: NDArray[np.intp], levels: Floats, s: int = s) -> dict[str, float]:
            y, q = truth[rows, s], p[rows, s]
            if task.kind == "presence-only":
                found = _of_presences(y > 0, q, cuts[number[rows], s], levels[rows, s], rule, remove_duplicates)
                return found if ranks_plots(q, number[rows]) else found | {"boyce": float("nan")}
            if task.kind == "presence":
                return _of_presence(y, q, cuts[number[rows], s], levels[rows, s])
            return _of_abundance(y, q, medians[number[rows], s], levels[rows, s])

        pooled = np.flatnonzero(known)
        values = score(pooled, ranked)
        # Within a fold nothing needs to be taken out.
        within = ranked if task.kind == "presence-only" else p  # windows of the Boyce index depend on the scale
        each = [score(np.flatnonzero(known & (number == k)), within) for k in range(folds)]
        for metric in METRICS[task.kind]:
            values[f"{metric}_fold_mean"] = _mean([of_fold[metric] for of_fold in each])
        if task.kind == "presence":
            even = p if level is None else np.round(expit(ranked), _DIGITS)  # windows are laid evenly from 0 to 1
            values |= _of_all(truth[pooled, s], p[pooled, s], even[pooled, s], number[pooled], rule, remove_duplicates)
        values["n"] = float(len(pooled))
        if task.kind != "abundance":
            values["n_presences"] = float((truth[pooled, s] > 0).sum())
        scores[name] = values
    return scores


def ranks_plots(predicted: Floats, fold: NDArray[np.integer]) -> bool:
    """Return whether any fold's model tells plots apart (M,).

    One number for all plots of a fold, such as the prevalence, ranks none of them, though the folds' numbers differ:
    a Boyce index of these would only say that they run against the prevalence of the held-out plots.
    """
    return any(not is_constant(predicted[fold == k]) for k in np.unique(fold))


def species_set_scores(
    task: Task, rows: ArrayLike, predicted: ArrayLike, *, k: int = 25, richness: ArrayLike | None = None
) -> dict[str, float]:
    """Return how well the sets of species of whole plots are predicted, by F1 per plot.

    Plots in which a target is unknown are left out.

    Parameters
    ----------
    task
        A presence task.
    rows, predicted
        As in :func:`task_scores`.
    k
        Size of the fixed set; GeoLifeCLEF's is 25.
    richness
        (M,) predicted number of species of each plot; None: the sum of the probabilities.

    Returns
    -------
    scores
        ``f1_samples_at_k``, ``f1_samples_adaptive``, ``richness_bias``, ``richness_rmse``, ``n`` plots and ``k``.
    """
    index, p = np.asarray(rows, dtype=np.intp).ravel(), np.asarray(predicted, dtype=float)
    if p.shape != (len(index), len(task.targets)):
        raise ValueError(f"{len(index)} rows and {len(task.targets)} targets but predictions of shape {p.shape}")
    truth = task.values[index]
    whole = np.isfinite(truth).all(axis=1) & np.isfinite(p).all(axis=1)
    expected = (p.sum(axis=1) if richness is None else np.asarray(richness, dtype=float))[whole]
    y, q = truth[whole] > 0, p[whole]
    off = expected - y.sum(axis=1)
    return {
        "f1_samples_at_k": metrics.f1_samples(y, q, k),
        "f1_samples_adaptive": metrics.f1_samples(y, q, np.rint(expected).astype(int)),
        "richness_bias": float(off.mean()) if off.size else float("nan"),
        "richness_rmse": float(np.sqrt(np.mean(off**2))) if off.size else float("nan"),
        "n": float(whole.sum()),
        "k": float(min(k, len(task.targets))),
    }


def _per_fold(values: ArrayLike | None, folds: int, targets: int) -> Floats:
    """Return (F, S); NaN where nothing is given."""
    if values is None:
        return np.full((max(folds, 1), targets), np.nan)
    array = np.asarray(values, dtype=float)
    if array.shape not in {(targets,), (folds, targets)} and not (array.ndim == 2 and len(array) >= folds
                                                                  and array.shape[1] == targets):
        raise ValueError(f"{folds} folds and {targets} targets but values of shape {array.shape}")
    return np.broadcast_to(array, (max(folds, 1), targets)) if array.ndim == 1 else array


def without_level(p: Floats, fold: NDArray[np.integer], level: Floats, kind: Kind) -> Floats:
    """Return predictions (M, S) that can be ranked over folds: without what the fold's training plots gave.

    Parameters
    ----------
    p
        (M, S) probabilities or abundances.
    fold
        (M,) number of the fold, -1 for none (NaN results).
    level
        (F, S) mean training value of each fold.
    kind
        Of the task: differences for abundances, of logits for presence; for presence-only these between 0 and 1,
        because windows of the Boyce index are laid evenly and logits have long tails.
    """
    if kind == "abundance":
        pooled = np.where((fold >= 0)[:, None], p - level[fold], np.nan)
    else:
        pooled = metrics.remove_fold_prevalence(p, fold, level)
    return np.asarray(np.round(expit(pooled) if kind == "presence-only" else pooled, _DIGITS))


def _of_presence(y: Floats, p: Floats, cut: Floats, level: Floats) -> dict[str, float]:
    decided, half = _decided(p, cut)
    return {
        "tss_at_train_threshold": metrics.tss(y, decided, half),
        "tss_max": metrics.max_tss(y, level)[0],
        "f1": metrics.f1(y, decided, half),
        "sensitivity": metrics.sensitivity(y, decided, half),
        "specificity": metrics.specificity(y, decided, half),
        "auc": metrics.auc(y, level),
        "auprc": metrics.auprc(y, level),
        "brier": metrics.brier(y, p),
    }


def _of_all(
    y: Floats, p: Floats, even: Floats, fold: NDArray[np.integer], rule: BoyceRule, remove_duplicates: bool
) -> dict[str, float]:
    """Return what is said of all plots of a presence task together, see ``POOLED``."""
    tells = bool(len(y)) and ranks_plots(p, fold)
    slope, intercept = metrics.calibration_slope(y, p) if tells else (np.nan, np.nan)
    return {
        "boyce": boyce_index(even[y > 0], even, rule, remove_duplicates) if tells else np.nan,
        "expected_calibration_error": metrics.expected_calibration_error(y, p),
        "calibration_slope": slope, "calibration_intercept": intercept,
    }


def _of_presences(
    present: NDArray[np.bool_], p: Floats, cut: Floats, level: Floats, rule: BoyceRule, remove_duplicates: bool
) -> dict[str, float]:
    decided, half = _decided(p, cut)
    return {
        "boyce": boyce_index(level[present], level, rule, remove_duplicates),
        "tss_background": metrics.tss(present, decided, half),
        "auc_background": metrics.auc(present, level),
        "f1": metrics.f1(present, decided, half),
        "sensitivity": metrics.sensitivity(present, decided, half),
    }


def _of_abundance(y: Floats, p: Floats, median: Floats, level: Floats) -> dict[str, float]:
    known = np.isfinite(median)
    return {
        "spearman": metrics.spearman(y, level),
        "mae": metrics.mae(y, p),
        "mae_of_median": metrics.mae(y, median) if known.all() else np.nan,
    }


def _decided(p: Floats, cut: Floats) -> tuple[Floats, float]:
    """Return 0/1 decided plot by plot with its fold's threshold, NaN without one, and the cut that tells them apart."""
    return np.where(np.isfinite(cut), (p >= cut).astype(float), np.nan), 0.5


def _mean(values: list[float]) -> float:
    known = [value for value in values if np.isfinite(value)]
    return float(np.mean(known)) if known else float("nan")
