"""Ridge regression on standardised vectors: any number of targets and penalties from one eigendecomposition.

The same numbers as scikit-learn's ``Ridge`` after its ``StandardScaler``, which would factorise anew for every penalty.
Hoerl and Kennard 1970, doi:10.1080/00401706.1970.10488634.
"""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import NDArray
from sklearn.preprocessing import StandardScaler

Floats = NDArray[np.float64]


@dataclasses.dataclass(frozen=True)
class Standard:
    """Mean and spread of training vectors (D,), spread 1 where they do not vary."""

    mean: Floats
    spread: Floats

    @classmethod
    def of(cls, x: Floats, weights: Floats | None) -> Standard:
        """Return those of training vectors (N, D)."""
        scaler = StandardScaler().fit(x, sample_weight=weights)
        return cls(np.asarray(scaler.mean_), np.asarray(scaler.scale_))

    def __call__(self, vectors: Floats) -> Floats:
        """Return standardised vectors."""
        return np.asarray((vectors - self.mean) / self.spread)


def power(standardised: Floats) -> float:
    """Return the mean squared norm of standardised vectors, the unit of penalties."""
    return float(np.square(standardised).sum(axis=1).mean()) or 1.0


@dataclasses.dataclass(frozen=True)
class Ridge:
    """A fitted ridge regression: ``standard(vectors) @ weights + intercept``."""

    standard: Standard
    weights: Floats
    intercept: Floats

    def predict(self, vectors: Floats) -> Floats:
        """Return the targets (M, S)."""
        return np.asarray(self.standard(vectors) @ self.weights + self.intercept)


@dataclasses.dataclass(frozen=True)
class RidgePath:
    """Ridge regressions of the same targets on the same plots, for every penalty.

    Parameters
    ----------
    standard
        Standardises vectors.
    centre, level
        Weighted mean of the standardised vectors (D,) and of the targets (S,).
    values, basis, turned
        Eigenvalues (R,), their directions in the vectors (D, R), and the targets along them (R, S).
    unit
        Unit of penalties.
    """

    standard: Standard
    centre: Floats
    level: Floats
    values: Floats
    basis: Floats
    turned: Floats
    unit: float

    @classmethod
    def of(cls, x: Floats, y: Floats, weights: Floats | None = None) -> RidgePath:
        """Decompose training vectors (N, D) with targets (N, S) and, if given, weights of the plots (N,)."""
        standard = Standard.of(x, weights)
        points = standard(x)
        centre, level = np.average(points, axis=0, weights=weights), np.average(y, axis=0, weights=weights)
        root = 1.0 if weights is None else np.sqrt(weights)[:, None]
        centred, target = (points - centre) * root, (y - level) * root
        if centred.shape[0] <= centred.shape[1]:  # the dual problem is the smaller one
            values, turn = np.linalg.eigh(centred @ centred.T)
            basis, turned = centred.T @ turn, turn.T @ target
        else:
            values, basis = np.linalg.eigh(centred.T @ centred)
            turned = basis.T @ (centred.T @ target)
        return cls(standard, centre, level, values.clip(0), basis, turned, power(points))

    def __call__(self, penalty: float) -> Ridge:
        """Return the regression with a penalty in units of the mean squared norm of a standardised vector."""
        weights = self.basis @ (self.turned / (self.values + penalty * self.unit)[:, None])
        return Ridge(self.standard, weights, self.level - self.centre @ weights)
