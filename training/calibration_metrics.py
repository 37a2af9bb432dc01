"""Are probabilities what they say: calibration error, slope and intercept, reliability with counts."""

from __future__ import annotations

import math
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import logit
from sklearn.linear_model import LogisticRegression

from botaclip.training.presence_metrics import EDGE, NAN, checked_pair, undefined


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
    truth, scores = checked_pair(y, p)
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
    truth, scores = checked_pair(y, p)
    if undefined(truth, scores) or np.ptp(scores) == 0:
        return NAN, NAN
    present, absent = scores[truth], scores[~truth]
    if present.min() > absent.max() or present.max() < absent.min():
        return NAN, NAN
    fit = LogisticRegression(C=np.inf, tol=1e-8, max_iter=1_000)
    fit.fit(logit(scores.clip(EDGE, 1 - EDGE))[:, None], truth)
    return float(fit.coef_[0, 0]), float(fit.intercept_[0])
