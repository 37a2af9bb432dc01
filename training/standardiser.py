"""Standardising frozen vectors, always with the statistics of the training plots."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.floating]


@dataclasses.dataclass(frozen=True)
class Standardiser:
    """Zero mean and unit variance in each dimension.

    Raw frozen vectors lie in a narrow cone (mean pairwise cosine 0.85 on real crops with random convolutional
    features), where cosines say little. Everything downstream, the comparison column ``raw`` included, refers to
    the standardised vectors; the frozen space is not rotated.

    Parameters
    ----------
    mean, scale
        Per dimension, shape (D,). A scale is never below a hundredth of the median scale of the dimensions that vary:
        a feature that hardly ever fires would otherwise turn one new place into an outlier of many standard deviations.
    """

    mean: Array
    scale: Array

    @classmethod
    def fit(cls, vectors: Array, blocks: Sequence[int] = ()) -> Standardiser:
        """Return the standardiser of ``vectors`` (N, D); call it with training plots only.

        Parameters
        ----------
        vectors
            Of the training plots.
        blocks
            Lengths of the parts of a vector that come from different encoders. Each is standardised by itself, since
            their units have nothing in common, and gets the same share of the whole variance D, so that the one with
            the most dimensions does not drown the others.
        """
        if len(blocks) > 1:
            return cls._of_blocks(vectors, blocks)
        mean = vectors.mean(axis=0, dtype=np.float64)
        scale = vectors.std(axis=0, dtype=np.float64)
        # With dead features in the median, half of them would make a floor of 1 that drowns all that vary less.
        varying = scale[~_constant(mean, scale)]
        scale = np.maximum(scale, 0.01 * float(np.median(varying)) if varying.size else 1.0)
        return cls(mean.astype(np.float32), scale.astype(np.float32))

    @classmethod
    def _of_blocks(cls, vectors: Array, blocks: Sequence[int]) -> Standardiser:
        if sum(blocks) != vectors.shape[1]:
            raise ValueError(f"blocks of {tuple(blocks)} are no vector of {vectors.shape[1]}")
        parts = [cls.fit(part) for part in np.split(vectors, np.cumsum(blocks)[:-1], axis=1)]
        each = vectors.shape[1] / len(blocks)
        scale = [part.scale / math.sqrt(each / width) for part, width in zip(parts, blocks, strict=True)]
        return cls(np.concatenate([part.mean for part in parts]), np.concatenate(scale).astype(np.float32))

    @classmethod
    def of_layers(cls, values: Array) -> Standardiser:
        """Return the standardiser of ``values`` (N, P) whose columns have nothing in common, not even the unit.

        Elevation in metres says nothing about how small a spread of soil pH may be, so every column stands for
        itself; one that does not vary among the training plots becomes 0 there.
        """
        mean = values.mean(axis=0, dtype=np.float64)
        scale = values.std(axis=0, dtype=np.float64)
        return cls(mean.astype(np.float32), np.where(_constant(mean, scale), 1.0, scale).astype(np.float32))

    def __call__(self, vectors: Array) -> Array:
        """Return the standardised vectors, shape (N, D), float32."""
        return ((vectors - self.mean) / self.scale).astype(np.float32)


def _constant(mean: Array, scale: Array) -> NDArray[np.bool_]:
    """Return which columns do not vary; what rounding leaves of a constant is no spread."""
    return np.asarray(scale <= 1e-6 * np.abs(mean))
