"""Scores of predicted abundances."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import spearmanr
from sklearn.metrics import mean_absolute_error

from botaclip.training.presence_metrics import NAN, Floats


def _pair(y: ArrayLike, p: ArrayLike) -> tuple[Floats, Floats]:
    truth, scores = np.asarray(y, dtype=float).ravel(), np.asarray(p, dtype=float).ravel()
    if truth.shape != scores.shape:
        raise ValueError(f"{truth.size} observations but {scores.size} scores")
    return truth, scores


def spearman(y: ArrayLike, p: ArrayLike) -> float:
    """Return the rank correlation of abundances; NaN for a constant, a missing value or fewer than three."""
    truth, scores = _pair(y, p)
    if truth.size < 3 or not (np.ptp(truth) > 0 and np.ptp(scores) > 0):
        return NAN
    return float(spearmanr(truth, scores).statistic)


def mae(y: ArrayLike, p: ArrayLike) -> float:
    """Return the mean absolute error, in the unit of ``y``; NaN for no values or where one is missing."""
    truth, scores = _pair(y, p)
    if not truth.size or np.isnan(truth).any() or np.isnan(scores).any():
        return NAN
    return float(mean_absolute_error(truth, scores))
