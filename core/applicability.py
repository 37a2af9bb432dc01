"""How far a place is from all that a model was trained on: dissimilarity index, area of applicability, local density.

After Meyer & Pebesma 2021 (doi:10.1111/2041-210X.13650) and, for the local point density, Schumacher et al. 2025
(doi:10.5194/gmd-18-10185-2025), as the R package CAST computes them. What is fitted is fitted in
:mod:`botaclip.training.applicability`; here it is only applied, window by window, with numpy alone.
"""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import NDArray

from botaclip.core.errors import ModelFileError

Floats = NDArray[np.floating]

# Distances are held for so many pairs at a time (64 MB).
_PAIRS = 8_000_000


@dataclasses.dataclass(frozen=True)
class Applicability:
    """Training points in the space of the predictors, and what a distance is worth there.

    Parameters
    ----------
    points
        Training points (N, K), scaled and weighted.
    mean_distance
        Mean distance between two of them.
    threshold
        Largest dissimilarity index inside the area of applicability.

    Raises
    ------
    ModelFileError
        There are no points, or a number is none.
    """

    points: Floats
    mean_distance: float
    threshold: float

    def __post_init__(self) -> None:
        known = np.isfinite(self.points).all() and np.isfinite(self.threshold) and self.mean_distance > 0
        if self.points.ndim != 2 or not len(self.points) or not known:
            raise ModelFileError("the area of applicability in it is damaged", remedy="train the model again")
        object.__setattr__(self, "points", np.asarray(self.points, dtype=np.float64))

    def dissimilarity(self, predictors: Floats) -> NDArray[np.float64]:
        """Return the dissimilarity index (M,): distance to the nearest training point over the mean distance.

        0 on a training point; NaN where a predictor is not known.

        Parameters
        ----------
        predictors
            Scaled and weighted as the points are (M, K).
        """
        return self.judged(predictors)[0]

    def density(self, predictors: Floats) -> NDArray[np.float64]:
        """Return the local point density (M,): how many training points are nearer than the threshold; NaN as above."""
        return self.judged(predictors)[1]

    def inside(self, predictors: Floats) -> NDArray[np.bool_]:
        """Return what lies inside the area of applicability (M,); what is not known does not."""
        return self.dissimilarity(predictors) <= self.threshold

    def judged(self, predictors: Floats) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return :meth:`dissimilarity` and :meth:`density` at once."""
        x = np.asarray(predictors, dtype=np.float64)
        index, count = np.full(len(x), np.nan), np.full(len(x), np.nan)
        known = np.flatnonzero(np.isfinite(x).all(axis=1))
        lengths = np.square(self.points).sum(axis=1)
        reach = (self.threshold * self.mean_distance) ** 2
        step = max(1, _PAIRS // len(self.points))
        for start in range(0, len(known), step):
            rows = known[start : start + step]
            squares = np.square(x[rows]).sum(axis=1)[:, None] + lengths - 2.0 * (x[rows] @ self.points.T)
            nearest = squares.argmin(axis=1)
            # Written out for the nearest alone: a difference of squares is not 0 where two points are the same.
            index[rows] = np.linalg.norm(x[rows] - self.points[nearest], axis=1) / self.mean_distance
            count[rows] = (squares < reach).sum(axis=1)
        return index, count
