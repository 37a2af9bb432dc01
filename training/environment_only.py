"""The comparison that needs no image but the environment rasters: elevation, climate, soil, and nothing else.

Where an adapted image together with the environment is no better than this, the image adds nothing. It is therefore
made as strong as it can be: the best, by inner spatial validation, of a linear head on the layers, one on the layers
and their squares (species have optima: Austin 2002, doi:10.1016/S0304-3800(02)00205-3), each under every penalty
that an image head may have, and a forest.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from botaclip.training.forest import forest_mean, grow_forest
from botaclip.training.heads import PENALTIES, Head, fit_forest, fit_linear
from botaclip.training.ridge import RidgePath
from botaclip.training.standardiser import Standardiser

Array = NDArray[np.floating]


@dataclasses.dataclass(frozen=True)
class EnvironmentHead:
    """A head on standardised layers."""

    standardiser: Standardiser
    head: Head
    squares: bool

    def logits(self, values: Array) -> Array:
        """Return logits (M, S) of values of the layers (M, P)."""
        return self.head.logits(_columns(self.standardiser(values), self.squares))


@dataclasses.dataclass(frozen=True)
class EnvironmentModel:
    """One way to predict from the environment alone; a forest where there is no penalty."""

    name: str
    penalty: float = 0.0
    squares: bool = False

    def fit(self, values: Array, presence: Array, *, random_state: int) -> EnvironmentHead:
        """Fit on training plots' values of the layers (N, P)."""
        standardiser = Standardiser.of_layers(values)
        columns = _columns(standardiser(values), self.squares)
        head: Head = (
            fit_linear(columns, presence, self.penalty)
            if self.penalty
            else fit_forest(columns, presence, random_state=random_state, trees=100)
        )
        return EnvironmentHead(standardiser, head, self.squares)

    def fit_values(self, values: Array, abundance: Array, *, random_state: int) -> Callable[[Array], Array]:
        """Fit abundances (N, S) by the regression form of the same model; return what predicts them (M, S)."""
        standardiser = Standardiser.of_layers(values)

        def read(layers: Array) -> NDArray[np.float64]:
            return np.asarray(_columns(standardiser(layers), self.squares), dtype=np.float64)

        if self.penalty:
            ridge = RidgePath.of(read(values), np.asarray(abundance, dtype=np.float64))(self.penalty)
            return lambda layers: ridge.predict(read(layers))
        forest = grow_forest(read(values), abundance, random_state=random_state, trees=100)
        return lambda layers: forest_mean(forest, read(layers))


def _columns(layers: Array, squares: bool) -> Array:
    return np.hstack([layers, np.square(layers)]) if squares else layers


ENVIRONMENT_MODELS = (
    *(EnvironmentModel(f"layers, penalty {penalty:g}", penalty) for penalty in PENALTIES),
    *(EnvironmentModel(f"layers and squares, penalty {penalty:g}", penalty, True) for penalty in PENALTIES),
    EnvironmentModel("forest on layers"),
)
