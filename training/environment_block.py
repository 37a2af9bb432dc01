"""Environment predictors beside the image: what a head reads where there are such rasters.

The values around a plot (elevation, climate, soil) are standardised with the statistics of the fold's own training
plots and joined behind the adapted image vector, for every image column alike, so that ``raw`` stays a fair comparison.
They never enter the adapter: the space of the image is that of the image.
"""

from __future__ import annotations

import dataclasses
import math

import numpy as np
from numpy.typing import NDArray

from botaclip.core.errors import PairingError
from botaclip.training.standardiser import Standardiser

Array = NDArray[np.floating]

# Spread of the environment's columns together, over that of the image's. A ridge head has one penalty, and at the same
# spread per column three layers would be lost beside hundreds of image features. On made-up tables (200 plots, 128
# features; 1, 4, 19 layers) the AUC of image and environment was 0.91, 0.88, 0.85 with one half, against 0.84, 0.84,
# 0.83 at one spread per column, where species follow a layer, and at most 0.003 below the image's own where layers are
# noise; with the whole it was up to 0.017 below.
WEIGHT = 0.5


@dataclasses.dataclass(frozen=True)
class EnvironmentBlock:
    """The environment's columns of what a head reads.

    Parameters
    ----------
    standardiser
        Of the P layers, which all together vary a quarter as much as the image vector does (see :data:`WEIGHT`).
    """

    standardiser: Standardiser

    @classmethod
    def fit(cls, environment: Array | None, *, width: int) -> EnvironmentBlock | None:
        """Return the block of training plots' values (N, P), beside a vector of ``width``; None without values."""
        if environment is None:
            return None
        layers = Standardiser.of_layers(environment)
        weight = WEIGHT * math.sqrt(width / environment.shape[1])
        return cls(dataclasses.replace(layers, scale=(layers.scale / weight).astype(np.float32)))

    def __call__(self, environment: Array | None) -> Array:
        """Return the columns (N, P) of the values (N, P).

        Raises
        ------
        PairingError
            There are no values, or not of so many layers.
        """
        layers = len(self.standardiser.mean)
        if environment is None or environment.shape[1] != layers:
            raise PairingError(
                f"plots come with {0 if environment is None else environment.shape[1]} environment values each, the"
                f" model was fitted with {layers}",
                remedy="give the same --environment rasters as in training",
            )
        return self.standardiser(environment)


def joined(vectors: Array, block: EnvironmentBlock | None, environment: Array | None) -> Array:
    """Return what a head reads (N, E+P): adapted image vectors (N, E), behind them the environment's columns."""
    return vectors if block is None else np.hstack([vectors, block(environment)])
