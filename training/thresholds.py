"""Where suitability becomes "present": threshold rules by the names of the literature.

Liu et al. 2013, doi:10.1111/jbi.12058, compare them. Thresholds are chosen on out-of-fold training scores,
never on the scores of the plots a model was fitted to: a forest's are degenerate there.
"""

from __future__ import annotations

import math
from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from botaclip.core.errors import OptionError
from botaclip.training.boyce import BoyceCurve, boyce_curve
from botaclip.training.presence_metrics import max_tss, max_tss_columns, sensitivity

Rule = Literal[
    "max_tss", "equal_sens_spec", "mtp", "p10", "prevalence", "max_f1", "max_jaccard", "max_sorensen",
    "sensitivity_0.9", "mpa90", "boyce",
]
RULES: tuple[Rule, ...] = get_args(Rule)


def threshold(y: ArrayLike, p: ArrayLike, rule: Rule = "max_tss") -> float:
    """Return the threshold at or above which a plot counts as suitable.

    Parameters
    ----------
    y
        (N,) 0/1 or boolean.
    p
        (N,) out-of-fold scores.
    rule
        ``max_tss``: largest sensitivity + specificity (MaxSSS).
        ``equal_sens_spec``: sensitivity and specificity nearest to each other.
        ``mtp``: minimum training presence, the lowest score at a presence.
        ``p10``: the score that 90 % of presences reach, counted as ENMeval does.
        ``prevalence``: the share of presences; meaningful for probabilities only.
        ``max_f1``: largest F1; ``max_sorensen`` is the same number by another name, and ``max_jaccard`` is reached at
        the same threshold, because J = F1 / (2 - F1) rises with F1.
        ``sensitivity_0.9``: the highest score that at least 90 % of presences reach; ``mpa90``, the minimal predicted
        area that holds 90 % of them, is the same threshold. Differs from ``p10`` below ten presences only.
        ``boyce``: the lowest suitability at which presences become as frequent as expected (predicted to expected ratio
        of the Boyce curve crosses 1 from below, interpolated); the background is all of ``p``.
        Where several scores tie, the middle one (the lower of two).

    Returns
    -------
    threshold
        NaN where it is not defined: no presences; for the rules that need them, no absences; for ``boyce``, a curve
        that does not rise through 1.

    Raises
    ------
    OptionError
        The rule is unknown.
    """
    if rule not in RULES:
        raise OptionError(f"there is no threshold rule {rule!r}", remedy=f"use one of {', '.join(RULES)}")
    truth, scores = np.asarray(y).ravel() > 0, np.asarray(p, dtype=float).ravel()
    if truth.shape != scores.shape:
        raise ValueError(f"{truth.size} observations but {scores.size} scores")
    present = np.sort(scores[truth])
    if present.size == 0 or np.isnan(scores).any():
        return float("nan")
    if rule == "max_tss":
        return max_tss(truth, scores)[1]
    if rule == "mtp":
        return float(present[0])
    if rule == "p10":
        reached = math.floor(present.size * 0.9) if present.size < 10 else math.ceil(present.size * 0.9)
        return float(present[::-1][max(reached, 1) - 1])
    if rule in ("sensitivity_0.9", "mpa90"):
        return float(present[::-1][math.ceil(round(present.size * 0.9, 9)) - 1])
    if rule == "boyce":
        return _rises_through_one(boyce_curve(present, scores, remove_duplicates=False))
    if rule == "prevalence":
        return float(truth.mean())
    candidates, hits, false_alarms = _counts(truth, scores)
    if rule in ("max_f1", "max_sorensen", "max_jaccard"):
        value = 2 * hits / (hits + false_alarms + present.size)
    else:
        absences = truth.size - present.size
        if absences == 0:
            return float("nan")
        value = -np.abs(hits / present.size - (1 - false_alarms / absences))
    tied = np.flatnonzero(np.isclose(value, value.max(), rtol=0, atol=1e-12))
    return float(candidates[tied[(tied.size - 1) // 2]])


def threshold_columns(Y: ArrayLike, P: ArrayLike, rule: Rule = "max_tss") -> NDArray[np.float64]:
    """Return :func:`threshold` of every column of (N, S) arrays (S,)."""
    if rule == "max_tss":
        return max_tss_columns(Y, P)[1]
    truth, scores = np.asarray(Y), np.asarray(P, dtype=float)
    return np.array([threshold(truth[:, s], scores[:, s], rule) for s in range(scores.shape[1])])


def omission_rate(y: ArrayLike, p: ArrayLike, threshold: float) -> float:
    """Return the share of presences that a threshold leaves out, 1 - sensitivity; NaN without presences."""
    return 1.0 - sensitivity(y, p, threshold)


def or_mtp(train_y: ArrayLike, train_p: ArrayLike, y: ArrayLike, p: ArrayLike) -> float:
    """Return the share of test presences below the lowest training presence; 0 is expected, more is overfitting."""
    return omission_rate(y, p, threshold(train_y, train_p, "mtp"))


def or_10p(train_y: ArrayLike, train_p: ArrayLike, y: ArrayLike, p: ArrayLike) -> float:
    """Return the share of test presences below the score that 90 % of training presences reach; 0.1 is expected."""
    return omission_rate(y, p, threshold(train_y, train_p, "p10"))


def _rises_through_one(curve: BoyceCurve) -> float:
    below = curve.ratio < 1
    rising = np.flatnonzero(below[:-1] & ~below[1:])
    if not rising.size:
        return float("nan")
    pair = slice(rising[0], rising[0] + 2)
    return float(np.interp(1.0, curve.ratio[pair], curve.suitability[pair]))


def _counts(
    truth: NDArray[np.bool_], scores: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.int64]]:
    """Return the distinct scores, rising, with presences and absences at or above each."""
    candidates, position = np.unique(scores, return_inverse=True)

    def at_or_above(chosen: NDArray[np.bool_]) -> NDArray[np.int64]:
        return np.bincount(position[chosen], minlength=candidates.size)[::-1].cumsum()[::-1]

    return candidates, at_or_above(truth), at_or_above(~truth)
