"""Scores of presence predictions, NaN wherever a score is not defined.

Conventions: ``y`` is 0/1 or boolean (N,), ``p`` are scores (N,), higher is more suitable; a presence is predicted
when ``p >= threshold``. The ``*_columns`` functions take (N, S) arrays, one column a species, and return (S,); they
are the same numbers, fast. scikit-learn computes what it offers; TSS and its maximum are ours because it has none,
sensitivity, specificity and F1 because its own warn or return 0 where they are not defined.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import logit
from scipy.stats import rankdata
from sklearn.metrics import average_precision_score, roc_auc_score

Floats = NDArray[np.float64]
NAN = float("nan")
# Probabilities are kept this far from 0 and 1 before their logit is taken.
EDGE = 1e-7


def checked_pair(y: ArrayLike, p: ArrayLike) -> tuple[NDArray[np.bool_], Floats]:
    """Return presences and scores as flat arrays; ValueError where their lengths differ.

    An unknown observation is no absence: its score becomes NaN, and with it what depends on it.
    """
    observed, scores = np.asarray(y, dtype=float).ravel(), np.asarray(p, dtype=float).ravel()
    truth = observed > 0
    if truth.shape != scores.shape:
        raise ValueError(f"{truth.size} observations but {scores.size} scores")
    if np.isnan(observed).any():
        scores = np.where(np.isnan(observed), NAN, scores)
    return truth, scores


def undefined(truth: NDArray[np.bool_], scores: Floats) -> bool:
    """Whether a score of two classes is not defined: one class, or a score is missing."""
    return bool(truth.all() or not truth.any() or np.isnan(scores).any())


# --- presence and absence at a threshold ----------------------------------------------------------------------


def sensitivity(y: ArrayLike, p: ArrayLike, threshold: float) -> float:
    """Return the share of presences predicted; NaN without presences."""
    truth, scores = checked_pair(y, p)
    if not truth.any() or np.isnan(scores).any() or math.isnan(threshold):
        return NAN
    return float((scores[truth] >= threshold).mean())


def specificity(y: ArrayLike, p: ArrayLike, threshold: float) -> float:
    """Return the share of absences not predicted; NaN without absences."""
    truth, scores = checked_pair(y, p)
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
    truth, scores = checked_pair(y, p)
    if undefined(truth, scores):
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
    truth, scores = checked_pair(y, p)
    if undefined(truth, scores):
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
    truth, scores = checked_pair(y, p)
    if not truth.any() or np.isnan(scores).any() or math.isnan(threshold):
        return NAN
    predicted = scores >= threshold
    return float(2 * (predicted & truth).sum() / (predicted.sum() + truth.sum()))


# --- without a threshold ----------------------------------------------------------------------------------------


def auc(y: ArrayLike, p: ArrayLike) -> float:
    """Return the area under the ROC curve, .5 at chance; NaN with one class.

    Against background points instead of absences it is another quantity: name it ``auc_background``.
    """
    truth, scores = checked_pair(y, p)
    return NAN if undefined(truth, scores) else float(roc_auc_score(truth, scores))


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
    truth, scores = checked_pair(y, p)
    return NAN if undefined(truth, scores) else float(average_precision_score(truth, scores))


def brier(y: ArrayLike, p: ArrayLike) -> float:
    """Return the mean squared error of probabilities; lower is better, NaN for no plots."""
    truth, scores = checked_pair(y, p)
    return float(np.mean((scores - truth) ** 2)) if truth.size else NAN


def brier_columns(Y: ArrayLike, P: ArrayLike) -> Floats:
    """Return :func:`brier` of every column (S,)."""
    truth, scores = np.asarray(Y) > 0, np.asarray(P, dtype=float)
    return np.mean((scores - truth) ** 2, axis=0) if len(truth) else np.full(truth.shape[1], NAN)


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
    pooled = logit(scores.clip(EDGE, 1 - EDGE)) - logit(prevalence.clip(EDGE, 1 - EDGE))[fold]
    pooled[fold < 0] = NAN
    return pooled
