"""VEGETA: the tabular encoder of relevés.

Here in its classical form: Hellinger transform (Legendre & Gallagher 2001, doi:10.1007/s004420100716) and principal
components of the training relevés. It reads a list of any length, knows what to do with an empty one (the zero
vector of the transform), and is a pair of matrices in the model file.
"""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import NDArray
from sklearn.decomposition import PCA
from sklearn.linear_model import Ridge

Array = NDArray[np.floating]


def hellinger(cover: Array) -> Array:
    """Return the square root of relative cover (N, V); an empty relevé becomes zeros."""
    total = cover.sum(axis=1, keepdims=True, dtype=np.float64)
    return np.sqrt(cover / np.maximum(total, 1e-12)).astype(np.float32)


@dataclasses.dataclass(frozen=True)
class Vegeta:
    """Relevé to floristic axes.

    Parameters
    ----------
    centre
        Mean of the transformed training relevés (V,).
    axes
        Columns are principal axes (V, A), scaled so that the first has unit variance on the training relevés.
    """

    centre: Array
    axes: Array

    @classmethod
    def fit(cls, cover: Array, *, axes: int) -> Vegeta:
        """Fit on training relevés (N, V); ``axes`` is an upper bound."""
        transformed = hellinger(cover)
        if (transformed == transformed[:1]).all():  # one relevé, or the same one again and again: no axis
            return cls(transformed[0], np.zeros((transformed.shape[1], 1), dtype=np.float32))
        count = max(1, min(axes, transformed.shape[0] - 1, transformed.shape[1]))
        pca = PCA(count, svd_solver="full").fit(transformed)
        scale = max(float(np.sqrt(pca.explained_variance_[0])), 1e-12)
        return cls(pca.mean_.astype(np.float32), (pca.components_.T / scale).astype(np.float32))

    def __call__(self, cover: Array) -> Array:
        """Return floristic axes (N, A)."""
        return (hellinger(cover) - self.centre) @ self.axes


@dataclasses.dataclass(frozen=True)
class ReleveTower:
    """VEGETA and its adapter as plain matrices: cover in percent to the shared space.

    Parameters
    ----------
    centre
        Subtracted after the Hellinger transform (V,).
    layers
        ``(weight (I, O), bias (O,))`` of each linear layer, GELU between them.
    """

    centre: Array
    layers: tuple[tuple[Array, Array], ...]


def fit_releve_tower(cover: Array, unit: Array, *, axes: int = 64, penalty: float = 1.0) -> ReleveTower:
    """Fit the relevé side to image vectors that stay as they are, by ridge regression.

    Used when the alignment itself trained no relevé tower, so that every model can place a species list in its
    space.
    """
    vegeta = Vegeta.fit(cover, axes=axes)
    model = Ridge(alpha=penalty).fit(vegeta(cover), unit)
    return ReleveTower(
        vegeta.centre,
        (
            (
                (vegeta.axes @ model.coef_.T).astype(np.float32),
                np.asarray(model.intercept_, dtype=np.float32),
            ),
        ),
    )
