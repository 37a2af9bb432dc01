"""Scores of presence predictions, regressions and embeddings, NaN wherever a score is not defined.

Conventions: ``y`` is 0/1 or boolean (N,), ``p`` are scores (N,), higher is more suitable; a presence is predicted
when ``p >= threshold``. The ``*_columns`` functions take (N, S) arrays, one column a species, and return (S,); they
are the same numbers, fast. scikit-learn and SciPy compute what they offer; TSS, its maximum, calibration error with
counts, retrieval and neighbour overlap are ours because they offer none.
"""

from __future__ import annotations

import math
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import logit
from scipy.stats import rankdata, spearmanr
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score, davies_bouldin_score, mean_absolute_error, roc_auc_score
from sklearn.neighbors import NearestNeighbors

from botaclip.training.boyce import BoyceCurve, boyce_curve, boyce_index

__all__ = [
    "BoyceCurve", "auc", "auc_columns", "auprc", "boyce_curve", "boyce_index", "brier", "brier_columns",
    "calibration_slope", "davies_bouldin", "expected_calibration_error", "f1", "mae", "max_tss", "max_tss_biomod2",
    "max_tss_columns", "median_rank", "median_rank_chance", "neighbour_overlap", "reliability_bins",
    "remove_fold_prevalence", "retrieval_chance", "retrieval_recall", "sensitivity", "spearman", "specificity", "tss",
    "tss_columns",
]  # fmt: skip

Floats = NDArray[np.float64]
NAN = float("nan")
# Probabilities are kept this far from 0 and 1 before their logit is taken.
_EDGE = 1e-7


def _pair(y: ArrayLike, p: ArrayLike) -> tuple[NDArray[np.bool_], Floats]:
    truth, scores = np.asarray(y).ravel() > 0, np.asarray(p, dtype=float).ravel()
    if truth.shape != scores.shape:
        raise ValueError(f"{truth.size} observations but {scores.size} scores")
    return truth, scores


def _undefined(truth: NDArray[np.bool_], scores: Floats) -> bool:
    return bool(truth.all() or not truth.any() or np.isnan(scores).any())


# --- presence and absence at a threshold ----------------------------------------------------------------------


def sensitivity(y: ArrayLike, p: ArrayLike, threshold: float) -> float:
    """Return the share of presences predicted; NaN without presences."""
    truth, scores = _pair(y, p)
    if not truth.any() or np.isnan(scores).any() or math.isnan(threshold):
        return NAN
    return float((scores[truth] >= threshold).mean())


def specificity(y: ArrayLike, p: ArrayLike, threshold: float) -> float:
    """Return the share of absences not predicted; NaN without absences."""
    truth, scores = _pair(y, p)
    if truth.all() or np.isnan(scores).any() or math.isnan(threshold):
        return NAN
    return float((scores[~truth] < threshold).mean())


def tss(y: ArrayLike, p: ArrayLike, threshold: float) -> float:
    """Return the true skill statistic, sensitivity + specificity - 1; NaN with one class.

    Headline use: ``threshold`` from training data, ``y`` and ``p`` from test data (``tss_at_train_threshold``).
    Allouche et al. 2006, doi:10.1111/j.1365-2664.2006.01214.x.
    """
    return sensitivity(y, p, threshold) + specificity(y, p, threshold) - 1


def tss_columns(Y: ArrayLike, P: ArrayLike, thresholds: ArrayLike) -> Floats:
    """Return :func:`tss` of every column at its own threshold (S,)."""
    truth, scores = np.asarray(Y) > 0, np.asarray(P, dtype=float)
    limits = np.asarray(thresholds, dtype=float)
    predicted = scores >= limits
    with np.errstate(invalid="ignore"):
        value = (predicted & truth).sum(0) / truth.sum(0) - (predicted & ~truth).sum(0) / (~truth).sum(0)
    value[np.isnan(scores).any(axis=0) | np.isnan(limits)] = NAN
    return value


def max_tss(y: ArrayLike, p: ArrayLike) -> tuple[float, float]:
    """Return the largest TSS any threshold gives, and that threshold.

    Exact: every score is tried. Where several thresholds tie, the middle one of them is returned (the lower of two),
    so that the threshold does give the value; a median between two could fall into a gap where it does not.
    Optimistic on the data it is chosen on: report it beside the TSS at the training threshold, never instead.

    Returns
    -------
    value, threshold
        Both NaN with one class.
    """
    truth, scores = _pair(y, p)
    if _undefined(truth, scores):
        return NAN, NAN
    values, thresholds = max_tss_columns(truth[:, None], scores[:, None])
    return float(values[0]), float(thresholds[0])


def max_tss_columns(Y: ArrayLike, P: ArrayLike) -> tuple[Floats, Floats]:
    """Return :func:`max_tss` of every column: values (S,) and thresholds (S,)."""
    truth, scores = np.asarray(Y) > 0, np.asarray(P, dtype=float)
    n_presences, n_absences = truth.sum(axis=0), (~truth).sum(axis=0)
    order = np.argsort(scores, axis=0, kind="stable")[::-1]
    falling = np.take_along_axis(scores, order, axis=0)
    hits = np.cumsum(np.take_along_axis(truth, order, axis=0), axis=0, dtype=np.int64)
    false_alarms = np.arange(1, len(scores) + 1)[:, None] - hits
    # TSS times both class sizes: whole numbers, so that ties are ties.
    gain = hits * n_absences - false_alarms * n_presences
    inside_tie = np.zeros_like(truth)
    inside_tie[:-1] = falling[:-1] == falling[1:]
    gain[inside_tie] = np.iinfo(gain.dtype).min
    best = gain.max(axis=0)
    tied = gain == best
    # The lower-middle of the tied thresholds; they are sorted downwards.
    middle = tied.sum(axis=0) // 2 + 1
    row = (np.cumsum(tied, axis=0) >= middle).argmax(axis=0)
    thresholds = np.take_along_axis(falling, row[None], axis=0)[0]
    with np.errstate(invalid="ignore", divide="ignore"):
        values = best / (n_presences * n_absences)
    undefined = (n_presences == 0) | (n_absences == 0) | np.isnan(scores).any(axis=0)
    values[undefined] = thresholds[undefined] = NAN
    return values, thresholds


def max_tss_biomod2(y: ArrayLike, p: ArrayLike) -> tuple[float, float]:
    """Return the largest TSS among biomod2's thresholds, and their median where several tie.

    biomod2 tries 100 even steps between the smallest and the largest score, rounded to whole numbers on its 0-1000
    scale (not on a 0-1 scale, where that would leave two). Never above :func:`max_tss`. For comparison with published
    values only.
    """
    truth, scores = _pair(y, p)
    if _undefined(truth, scores):
        return NAN, NAN
    candidates = np.linspace(scores.min(), scores.max(), 100)
    if scores.max() > 1:
        candidates = np.unique(np.round(candidates))
    hits = (scores[truth][:, None] >= candidates).mean(axis=0)
    false_alarms = (scores[~truth][:, None] >= candidates).mean(axis=0)
    value = hits - false_alarms
    return float(value.max()), float(np.median(candidates[np.isclose(value, value.max(), rtol=0, atol=1e-12)]))


def f1(y: ArrayLike, p: ArrayLike, threshold: float) -> float:
    """Return the harmonic mean of precision and sensitivity; NaN without presences."""
    truth, scores = _pair(y, p)
    if not truth.any() or np.isnan(scores).any() or math.isnan(threshold):
        return NAN
    predicted = scores >= threshold
    return float(2 * (predicted & truth).sum() / (predicted.sum() + truth.sum()))


# --- without a threshold ----------------------------------------------------------------------------------------


def auc(y: ArrayLike, p: ArrayLike) -> float:
    """Return the area under the ROC curve, .5 at chance; NaN with one class.

    Against background points instead of absences it is another quantity: name it ``auc_background``.
    """
    truth, scores = _pair(y, p)
    return NAN if _undefined(truth, scores) else float(roc_auc_score(truth, scores))


def auc_columns(Y: ArrayLike, P: ArrayLike) -> Floats:
    """Return :func:`auc` of every column (S,), from mean ranks."""
    truth, scores = np.asarray(Y) > 0, np.asarray(P, dtype=float)
    n_presences = truth.sum(axis=0)
    n_absences = len(truth) - n_presences
    ranks = rankdata(scores, axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        wins = np.where(truth, ranks, 0).sum(axis=0) - n_presences * (n_presences + 1) / 2
        return wins / (n_presences * n_absences)


def auprc(y: ArrayLike, p: ArrayLike) -> float:
    """Return the average precision; NaN with one class. Chance is the prevalence: show it beside."""
    truth, scores = _pair(y, p)
    return NAN if _undefined(truth, scores) else float(average_precision_score(truth, scores))


def brier(y: ArrayLike, p: ArrayLike) -> float:
    """Return the mean squared error of probabilities; lower is better, NaN for no plots."""
    truth, scores = _pair(y, p)
    return float(np.mean((scores - truth) ** 2)) if truth.size else NAN


def brier_columns(Y: ArrayLike, P: ArrayLike) -> Floats:
    """Return :func:`brier` of every column (S,)."""
    truth, scores = np.asarray(Y) > 0, np.asarray(P, dtype=float)
    return np.mean((scores - truth) ** 2, axis=0) if len(truth) else np.full(truth.shape[1], NAN)


def spearman(y: ArrayLike, p: ArrayLike) -> float:
    """Return the rank correlation of abundances; NaN when either is constant or below three values."""
    truth, scores = np.asarray(y, dtype=float).ravel(), np.asarray(p, dtype=float).ravel()
    if truth.size < 3 or np.ptp(truth) == 0 or np.ptp(scores) == 0:
        return NAN
    return float(spearmanr(truth, scores).statistic)


def mae(y: ArrayLike, p: ArrayLike) -> float:
    """Return the mean absolute error, in the unit of ``y``; NaN for no values."""
    truth = np.asarray(y, dtype=float).ravel()
    return float(mean_absolute_error(truth, np.asarray(p, dtype=float).ravel())) if truth.size else NAN


# --- pooling over folds -----------------------------------------------------------------------------------------


def remove_fold_prevalence(p: ArrayLike, folds: ArrayLike, training_prevalence: ArrayLike) -> Floats:
    """Return scores that may be pooled over folds: the logit less that of the fold's training prevalence.

    A held-out block rich in presences leaves a training set poor in them, so the models' intercepts run against
    the truth: pooled with them, pure noise scores AUC .28-.39 instead of .50.

    Parameters
    ----------
    p
        (N,) or (N, S) out-of-fold probabilities.
    folds
        (N,) fold in which each plot was tested, -1 where in none (NaN results).
    training_prevalence
        (n_folds,) or (n_folds, S) share of presences in each fold's training plots; where ``p`` was calibrated, what
        the fold's calibrator makes of that share.

    Returns
    -------
    scores
        Same shape as ``p``, on the logit scale; 0 means "as likely as a training plot".
    """
    scores, fold = np.asarray(p, dtype=float), np.asarray(folds, dtype=np.intp)
    prevalence = np.asarray(training_prevalence, dtype=float)
    pooled = logit(scores.clip(_EDGE, 1 - _EDGE)) - logit(prevalence.clip(_EDGE, 1 - _EDGE))[fold]
    pooled[fold < 0] = NAN
    return pooled


# --- calibration ------------------------------------------------------------------------------------------------


def reliability_bins(
    y: ArrayLike, p: ArrayLike, *, bins: int = 15, strategy: Literal["uniform", "quantile"] = "quantile"
) -> list[dict[str, float]]:
    """Return, for each bin of predicted probability that holds plots, what was predicted and what was seen.

    Own code because scikit-learn's ``calibration_curve`` gives no counts.

    Parameters
    ----------
    y, p
        0/1 and probabilities of any shape alike (species may be pooled).
    bins
        Number of bins.
    strategy
        ``quantile``: bins of equal numbers; ``uniform``: bins of equal width.

    Returns
    -------
    bins
        ``{"predicted", "observed", "n", "low", "high"}``; low and high are the 95 % Wilson interval of observed,
        which takes plots as independent.
    """
    truth, scores = _pair(y, p)
    known = np.isfinite(scores)
    truth, scores = truth[known], scores[known]
    if truth.size == 0:
        return []
    steps = np.linspace(0, 1, bins + 1)
    edges = np.unique(np.quantile(scores, steps)) if strategy == "quantile" else steps
    number = np.searchsorted(edges[1:-1], scores, side="right")
    table = []
    for bin_number in np.unique(number):
        inside = number == bin_number
        n, seen = int(inside.sum()), float(truth[inside].mean())
        z = 1.959964
        centre, spread = seen + z**2 / (2 * n), z * math.sqrt(seen * (1 - seen) / n + z**2 / (4 * n**2))
        low, high = ((centre + sign * spread) / (1 + z**2 / n) for sign in (-1, 1))
        row = {"predicted": float(scores[inside].mean()), "observed": seen, "n": n}
        table.append(row | {"low": max(0.0, low), "high": min(1.0, high)})
    return table


def expected_calibration_error(
    y: ArrayLike, p: ArrayLike, *, bins: int = 15, strategy: Literal["uniform", "quantile"] = "uniform"
) -> float:
    """Return the mean gap between predicted and observed over bins of equal width, weighted by plots; 0 is ideal."""
    table = reliability_bins(y, p, bins=bins, strategy=strategy)
    n = sum(row["n"] for row in table)
    return sum(row["n"] * abs(row["observed"] - row["predicted"]) for row in table) / n if n else NAN


def calibration_slope(y: ArrayLike, p: ArrayLike) -> tuple[float, float]:
    """Return slope and intercept of a logistic regression of ``y`` on ``logit(p)``; (1, 0) is ideal.

    A slope below 1 says that predictions are too extreme, above 1 too timid. Miller et al. 1993,
    doi:10.1002/sim.4780121105. (NaN, NaN) with one class, constant or perfectly separating scores.
    """
    truth, scores = _pair(y, p)
    if _undefined(truth, scores) or np.ptp(scores) == 0:
        return NAN, NAN
    present, absent = scores[truth], scores[~truth]
    if present.min() > absent.max() or present.max() < absent.min():
        return NAN, NAN
    fit = LogisticRegression(C=np.inf, tol=1e-8, max_iter=1_000)
    fit.fit(logit(scores.clip(_EDGE, 1 - _EDGE))[:, None], truth)
    return float(fit.coef_[0, 0]), float(fit.intercept_[0])


# --- embeddings -------------------------------------------------------------------------------------------------


def davies_bouldin(vectors: ArrayLike, labels: ArrayLike, *, minimum_members: int = 10) -> float:
    """Return how much classes (habitats) overlap in a space of unit vectors; lower is better.

    Classes below ``minimum_members`` are left out; NaN when fewer than two remain. Compare spaces of like
    dimension only. Davies & Bouldin 1979, doi:10.1109/TPAMI.1979.4766909.
    """
    points = np.asarray(vectors, dtype=float)
    names, inverse, counts = np.unique(np.asarray(labels).astype(str), return_inverse=True, return_counts=True)
    kept = counts[inverse.ravel()] >= minimum_members
    if (counts >= minimum_members).sum() < 2:
        return NAN
    unit = points[kept] / np.linalg.norm(points[kept], axis=1, keepdims=True).clip(1e-12)
    return float(davies_bouldin_score(unit, names[inverse.ravel()][kept]))


def _positive_ranks(similarity: ArrayLike, positives: ArrayLike | None) -> tuple[Floats, NDArray[np.intp], int]:
    """Return the rank of each query's best positive (ties count half), its number of positives, and candidates."""
    scores = np.asarray(similarity, dtype=float)
    match: NDArray[np.bool_] = np.eye(*scores.shape) > 0 if positives is None else np.asarray(positives) > 0
    answered = match.any(axis=1)
    scores, match = scores[answered], match[answered]
    best = np.where(match, scores, -np.inf).max(axis=1, keepdims=True)
    ahead = ((scores > best) & ~match).sum(axis=1)
    level = ((scores == best) & ~match).sum(axis=1)
    return 1 + ahead + level / 2, match.sum(axis=1), scores.shape[1]


def retrieval_recall(similarity: ArrayLike, k: int, positives: ArrayLike | None = None) -> float:
    """Return the share of queries (rows) with a positive among their ``k`` most similar candidates (columns).

    Parameters
    ----------
    similarity
        (N, M) image against relevé, for example.
    k
        How many candidates are looked at.
    positives
        (N, M) boolean; None: the diagonal. Rows without a positive do not count. Ties count half a rank, so that
        a constant similarity earns nothing.
    """
    ranks, _, _ = _positive_ranks(similarity, positives)
    return float((ranks <= k).mean()) if ranks.size else NAN


def retrieval_chance(similarity: ArrayLike, k: int, positives: ArrayLike | None = None) -> float:
    """Return what :func:`retrieval_recall` is expected to be at random."""
    _, matches, candidates = _positive_ranks(similarity, positives)
    if not matches.size:
        return NAN
    looked = min(k, candidates)
    miss = [math.comb(candidates - int(m), looked) / math.comb(candidates, looked) for m in matches]
    return 1 - float(np.mean(miss))


def median_rank(similarity: ArrayLike, positives: ArrayLike | None = None) -> float:
    """Return the median rank (from 1) of each query's best positive; arguments as :func:`retrieval_recall`."""
    ranks, _, _ = _positive_ranks(similarity, positives)
    return float(np.median(ranks)) if ranks.size else NAN


def median_rank_chance(similarity: ArrayLike, positives: ArrayLike | None = None) -> float:
    """Return the median over queries of the rank expected at random, (M + 1) / (positives + 1)."""
    _, matches, candidates = _positive_ranks(similarity, positives)
    return float(np.median((candidates + 1) / (matches + 1))) if matches.size else NAN


def neighbour_overlap(a: ArrayLike, b: ArrayLike, k: int = 10) -> float:
    """Return the mean share of each plot's ``k`` nearest neighbours (cosine) in ``a`` that it keeps in ``b``.

    1 when the adapted space keeps the frozen geometry; ``k / (N - 1)`` at chance. NaN with ``k`` plots or fewer.
    """
    before, after = (np.asarray(space, dtype=float) for space in (a, b))
    if len(before) != len(after):
        raise ValueError(f"{len(before)} vectors against {len(after)}")
    if len(before) <= k:
        return NAN
    near = [_nearest(space, k) for space in (before, after)]
    kept = (near[0][:, :, None] == near[1][:, None, :]).any(axis=2)
    return float(kept.mean())


def _nearest(space: Floats, k: int) -> NDArray[Any]:
    search = NearestNeighbors(n_neighbors=k, metric="cosine", algorithm="brute").fit(space)
    return search.kneighbors(return_distance=False)
