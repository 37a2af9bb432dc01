"""The area of applicability: where predictors are like those that a model was trained and validated on.

Meyer & Pebesma 2021 (doi:10.1111/2041-210X.13650). A map is no better than its validation there, and nothing is known
of it elsewhere.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.spatial.distance import cdist
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from botaclip.core.applicability import Applicability
from botaclip.core.errors import PairingError

Floats = NDArray[np.float64]

# Beyond so many points the mean distance is that of as many drawn at random.
MOST_EXACT = 5_000
SHARE, MOST_AXES = 0.95, 30


class AreaOfApplicability(BaseEstimator):  # type: ignore[misc]
    """Dissimilarity index, its threshold, and the local point density.

    Parameters
    ----------
    weights
        Importance of each predictor (K,), not below 0; 1 for all when None.
    scale
        Whether predictors are divided by their standard deviation first. Components of an embedding are not: then the
        distance is that of the vectors, and a component's weight is its spread.

    Attributes
    ----------
    dissimilarity_ : (N,)
        Index of the training points: distance to the nearest one that is validated in another fold.
    threshold_ : float
        ``Q75 + 1.5 IQR`` of these, but no more than the largest of them.
    mean_distance_ : float
        Mean over training points of the mean distance to all others.
    applied_ : Applicability
        What is needed to apply it.
    """

    def __init__(self, weights: ArrayLike | None = None, *, scale: bool = True) -> None:
        self.weights = weights
        self.scale = scale

    def fit(self, predictors: ArrayLike, folds: ArrayLike | None = None) -> AreaOfApplicability:
        """Learn the threshold from training points.

        Parameters
        ----------
        predictors
            (N, K).
        folds
            Fold in which each point was held out (N,): validated was prediction over the distance to other folds. Each
            point by itself when None.

        Raises
        ------
        PairingError
            There are fewer than 2 points or folds, or a number is not known.
        """
        x = np.asarray(predictors, dtype=np.float64)
        if x.ndim != 2 or len(x) < 2:
            raise PairingError(f"an area of applicability needs 2 plots or more, found {len(x) if x.ndim else 0}")
        if not np.isfinite(x).all():
            raise PairingError("a predictor of a training plot is no number", remedy="leave such plots out")
        weights = np.ones(x.shape[1]) if self.weights is None else np.asarray(self.weights, dtype=np.float64)
        if weights.shape != (x.shape[1],) or not np.isfinite(weights).all() or (weights < 0).any() or not weights.any():
            raise PairingError(f"there have to be {x.shape[1]} weights, none below 0 and one above")
        self.mean_ = x.mean(axis=0)
        spread = x.std(axis=0, ddof=1) if self.scale else np.ones(x.shape[1])
        # What does not vary among training plots cannot tell places apart.
        self.factor_ = np.divide(weights, spread, out=np.zeros_like(weights), where=spread > 0)
        points = (x - self.mean_) * self.factor_
        fold = np.arange(len(x)) if folds is None else np.unique(np.asarray(folds), return_inverse=True)[1].ravel()
        if len(fold) != len(x) or fold.max() == 0:
            raise PairingError(f"{len(x)} plots need as many fold numbers, of two folds or more")
        self.mean_distance_ = mean_distance(points)
        if self.mean_distance_ <= 0:
            raise PairingError("all training plots have the same predictors", remedy="use plots that differ")
        self.dissimilarity_ = _to_other_folds(points, fold) / self.mean_distance_
        quarter, three = np.quantile(self.dissimilarity_, [0.25, 0.75])
        self.threshold_ = float(min(three + 1.5 * (three - quarter), self.dissimilarity_.max()))
        self.applied_ = Applicability(points, self.mean_distance_, self.threshold_)
        return self

    def predict(self, predictors: ArrayLike) -> NDArray[np.bool_]:
        """Return what lies inside the area of applicability (M,)."""
        return self.applied_.inside(self._points(predictors)) if self._fitted() else np.zeros(0, bool)

    def dissimilarity(self, predictors: ArrayLike) -> Floats:
        """Return the dissimilarity index (M,), NaN where a predictor is not known."""
        self._fitted()
        return self.applied_.dissimilarity(self._points(predictors))

    def density(self, predictors: ArrayLike) -> Floats:
        """Return the local point density (M,): training points nearer than the threshold."""
        self._fitted()
        return self.applied_.density(self._points(predictors))

    def _fitted(self) -> bool:
        check_is_fitted(self, "applied_")
        return True

    def _points(self, predictors: ArrayLike) -> Floats:
        return (np.asarray(predictors, dtype=np.float64) - self.mean_) * self.factor_


def mean_distance(points: Floats, *, random_state: int = 1) -> float:
    """Return the mean over points (N, K) of the mean distance to all others; of more than 5,000 a random sample's."""
    if len(points) > MOST_EXACT:
        points = points[np.random.default_rng(random_state).choice(len(points), MOST_EXACT, replace=False)]
    total = sum(float(cdist(points[start : start + 500], points).sum()) for start in range(0, len(points), 500))
    return total / (len(points) * (len(points) - 1))


def leading_axes(variances: Sequence[float] | Floats, *, share: float = SHARE, most: int = MOST_AXES) -> int:
    """Return how many principal components an area of applicability is made of: 95 % of the variance, 30 at most.

    In hundreds of dimensions all distances become alike, and the last components are noise.

    Parameters
    ----------
    variances
        Share of the variance of each component, falling.
    share, most
        Limits.
    """
    reached = np.cumsum(np.asarray(variances, dtype=np.float64))
    return int(min(np.searchsorted(reached, share * reached[-1] - 1e-12) + 1, most, len(reached)))


def _to_other_folds(points: Floats, fold: NDArray[np.integer]) -> Floats:
    """Return the distance of each point to the nearest one of another fold (N,)."""
    nearest = np.empty(len(points))
    for start in range(0, len(points), 500):
        rows = np.arange(start, min(start + 500, len(points)))
        distances = cdist(points[rows], points)
        distances[fold[rows][:, None] == fold] = np.inf
        nearest[rows] = distances.min(axis=1)
    return nearest
