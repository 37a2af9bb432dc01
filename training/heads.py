"""Species heads: what turns a vector into a logit per species.

The linear head is a ridge regression of presence on the vectors, one penalty for all species, read as a logit to
first order around the training prevalence and calibrated on out-of-fold logits (Platt); it is the one in the model
file. The forest is the paper's.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import RandomForestRegressor
from sklearn.linear_model import Ridge

from botaclip.training.forest import forest_mean, grow_forest

Array = NDArray[np.floating]

# Penalties in units of the mean squared norm of a centred vector: the same grid for vectors of any scale and width.
PENALTIES = (0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0)


class Head(Protocol):
    """Anything that scores species from vectors."""

    def logits(self, vectors: Array) -> Array:
        """Return logits (N, S), not yet calibrated."""
        ...


def clipped_prevalence(presence: Array) -> Array:
    """Return the prevalence of each species (S,), kept half a plot away from 0 and 1."""
    n = len(presence)
    return np.clip(presence.mean(axis=0, dtype=np.float64), 0.5 / n, 1.0 - 0.5 / n)


def logit(p: Array) -> Array:
    """Return ``log(p / (1 - p))``."""
    return np.log(p) - np.log1p(-p)


def logits_of_linear(scores: Array, prevalence: Array) -> Array:
    """Read the scores of a linear probability model as logits, to first order around the prevalence.

    ``logit(s) ~ logit(p) + (s - p) / (p (1 - p))``: monotone, unbounded scores stay finite, and the map from vector
    to logit stays linear, so that the model file needs one matrix.
    """
    return logit(prevalence) + (scores - prevalence) / (prevalence * (1.0 - prevalence))


@dataclasses.dataclass(frozen=True)
class LinearHead:
    """Logits are ``vectors @ weights + intercept``.

    Parameters
    ----------
    weights
        Shape (E, S).
    intercept
        Shape (S,).
    """

    weights: Array
    intercept: Array

    def logits(self, vectors: Array) -> Array:
        """Return logits (N, S)."""
        return vectors @ self.weights + self.intercept


def _centred_power(vectors: Array) -> float:
    """Return the mean squared distance from the mean vector, the natural unit of a ridge penalty."""
    return float(np.square(vectors - vectors.mean(axis=0)).sum(axis=1).mean()) or 1.0


def fit_linear(vectors: Array, presence: Array, penalty: float) -> LinearHead:
    """Fit a ridge head.

    Parameters
    ----------
    vectors
        Training vectors (N, E).
    presence
        Presence 0/1 (or scaled abundance) per species (N, S).
    penalty
        Penalty as a multiple of the mean squared norm of the centred vectors.
    """
    model = Ridge(alpha=penalty * _centred_power(vectors), solver="cholesky").fit(
        vectors.astype(np.float64), presence.astype(np.float64)
    )
    prevalence = clipped_prevalence(presence)
    spread = prevalence * (1.0 - prevalence)
    weights = np.atleast_2d(model.coef_).T / spread
    intercept = logits_of_linear(np.atleast_1d(model.intercept_), prevalence)
    return LinearHead(weights.astype(np.float32), intercept.astype(np.float32))


def linear_path(
    vectors: Array, presence: Array, held_out: Array, penalties: Sequence[float] = PENALTIES
) -> Array:
    """Return the held-out presence scores of a ridge head for each penalty, shape (P, M, S).

    All penalties share one eigendecomposition; :func:`logits_of_linear` of the result equals the logits of
    :func:`fit_linear` for each of them.
    """
    mean = vectors.mean(axis=0, dtype=np.float64)
    centred = vectors.astype(np.float64) - mean
    prevalence = presence.mean(axis=0, dtype=np.float64)
    power = _centred_power(vectors)
    target = presence - prevalence
    if centred.shape[0] <= centred.shape[1]:  # the dual problem is the smaller one
        values, basis = np.linalg.eigh(centred @ centred.T)
        left = (held_out.astype(np.float64) - mean) @ (centred.T @ basis)
        right = basis.T @ target
    else:
        values, basis = np.linalg.eigh(centred.T @ centred)
        left = (held_out.astype(np.float64) - mean) @ basis
        right = basis.T @ (centred.T @ target)
    return np.stack([(left / (values + p * power)) @ right + prevalence for p in penalties])


@dataclasses.dataclass(frozen=True)
class ForestHead:
    """A random forest over all species at once."""

    forest: RandomForestRegressor
    floor: float

    def logits(self, vectors: Array) -> Array:
        """Return the logit of the mean leaf prevalence (N, S)."""
        predicted = forest_mean(self.forest, vectors)
        return logit(np.clip(predicted, self.floor, 1.0 - self.floor))


def fit_forest(vectors: Array, presence: Array, *, random_state: int, trees: int = 200) -> ForestHead:
    """Fit the paper's downstream model; leaves hold at least five plots so that scores are not all 0 and 1."""
    forest = grow_forest(vectors, presence, random_state=random_state, trees=trees, leaf=5)
    return ForestHead(forest, floor=0.5 / len(presence))
