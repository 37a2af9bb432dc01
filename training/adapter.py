"""A fitted image adapter as plain matrices: the same numbers as the torch module that was trained, without torch."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy.special import erf, softmax

if TYPE_CHECKING:  # torch is slow to load and not needed to apply an adapter
    from botaclip.core.adapters import ImageAdapter
    from botaclip.training.vegeta import ReleveTower

Array = NDArray[np.floating]

# Rows of which the attention form holds the tokens at once.
_ROWS = 4096


@dataclasses.dataclass(frozen=True)
class Adapter:
    """A fitted image adapter.

    Make one with :meth:`linear` (of a matrix) or :meth:`of_module` (of a trained
    :class:`~botaclip.core.adapters.ImageAdapter`).

    Parameters
    ----------
    steps
        Optimiser steps taken; for closed forms the number of axes.
    form
        ``linear``, ``residual`` or ``attention``.
    weights
        Its matrices by the names of :meth:`~botaclip.core.adapters.ImageAdapter.matrices`, float32.
    tower
        The relevé side in the same space; None where none was trained.
    """

    steps: int
    form: str
    weights: Mapping[str, Array]
    tower: ReleveTower | None = None

    @classmethod
    def linear(cls, steps: int, weight: Array, bias: Array, tower: ReleveTower | None = None) -> Adapter:
        """Return the adapter ``vector @ weight + bias``: ``weight`` (D, E), ``bias`` (E,)."""
        return cls(steps, "linear", {"weight": weight, "bias": bias}, tower)

    @classmethod
    def of_module(cls, image: ImageAdapter, steps: int, tower: ReleveTower | None = None) -> Adapter:
        """Return what a torch module computes now; later steps of the module do not change it."""
        weights = {
            name: np.array(tensor.detach().cpu().numpy(), dtype=np.float32, order="C")
            for name, tensor in image.matrices().items()
        }
        return cls(steps, image.form, weights, tower)

    @property
    def weight(self) -> Array:
        """Matrix of the linear part (D, E); all there is in the linear form."""
        return self.weights["weight"]

    @property
    def bias(self) -> Array:
        """Bias of the linear part (E,)."""
        return self.weights["bias"]

    @property
    def width(self) -> int:
        """Length E of an adapted vector."""
        return len(self.weights["bias"])

    def __call__(self, vectors: Array) -> Array:
        """Return adapted vectors (N, E) of standardised ones (N, D)."""
        if self.form == "linear":
            return vectors @ self.weight + self.bias
        if self.form == "residual":
            hidden = vectors @ self.weights["hidden_weight"] + self.weights["hidden_bias"]
            return vectors @ self.weight + self.bias + _gelu(hidden) @ self.weights["out_weight"]
        adapted = [
            (vectors[first : first + _ROWS] + self._attention(vectors[first : first + _ROWS])) @ self.weight + self.bias
            for first in range(0, max(1, len(vectors)), _ROWS)
        ]
        return np.concatenate(adapted)

    def _attention(self, vectors: Array) -> Array:
        """Return what the attention form adds (N, D)."""
        names = self.weights
        groups, size, token = names["token_weight"].shape
        count, dimension = vectors.shape
        padded = np.pad(vectors, ((0, 0), (0, groups * size - dimension))).reshape(count, groups, size)
        tokens = np.matmul(padded.transpose(1, 0, 2), names["token_weight"]).transpose(1, 0, 2) + names["token_bias"]
        query, key, value = (
            tokens @ names[f"{role}_weight"] + names[f"{role}_bias"] for role in ("query", "key", "value")
        )
        share = softmax(query @ key.transpose(0, 2, 1) / np.sqrt(np.float32(token)), axis=2)
        made = np.matmul((share @ value).transpose(1, 0, 2), names["out_weight"]).transpose(1, 0, 2)
        return made.reshape(count, groups * size)[:, :dimension]


def _gelu(values: Array) -> Array:
    """GELU in its exact form, as torch's default."""
    return 0.5 * values * (1.0 + erf(values / np.sqrt(np.float32(2.0))))
