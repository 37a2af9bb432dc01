"""The comparison that needs no image: where a plot lies, and nothing else.

Most published models are within a point or two of it, so it is made as strong as it can be: the better, by inner
spatial validation, of a forest on projected metres and distance-weighted nearest relevés.
"""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from botaclip.training.heads import ForestHead, fit_forest, logit

Array = NDArray[np.floating]

NEIGHBOURS = (5, 15, 40)


@dataclasses.dataclass(frozen=True)
class NearestReleves:
    """Presence share among the nearest relevés, weighted by inverse distance and shrunk to the prevalence.

    Parameters
    ----------
    places
        Training places in metres (N, 2), easting before northing (or geocentric x, y, z).
    presence
        Presence (N, S).
    neighbours
        Number of nearest relevés.
    """

    places: Array
    presence: Array
    neighbours: int

    def logits(self, vectors: Array) -> Array:
        """Return logits (M, S) at places (M, 2) in metres."""
        k = min(self.neighbours, len(self.places))
        distance, index = cKDTree(self.places).query(vectors, k=k)
        distance, index = distance.reshape(len(vectors), k), index.reshape(len(vectors), k)
        # The median spacing keeps a plot at the very place from taking all the weight.
        weight = 1.0 / (distance + np.median(distance) + 1.0)
        mean = np.einsum("mk,mks->ms", weight, self.presence[index]) / weight.sum(axis=1, keepdims=True)
        floor = 0.5 / len(self.presence)
        shrunk = mean * k / (k + 1.0) + self.presence.mean(axis=0) / (k + 1.0)
        return logit(np.clip(shrunk, floor, 1.0 - floor))


@dataclasses.dataclass(frozen=True)
class LocationModel:
    """One way to predict from the place alone."""

    name: str
    neighbours: int = 0

    def fit(self, places: Array, presence: Array, *, random_state: int) -> NearestReleves | ForestHead:
        """Fit on training plots' ``places`` in metres (N, 2)."""
        if self.neighbours:
            return NearestReleves(places, presence, self.neighbours)
        return fit_forest(places, presence, random_state=random_state, trees=100)


LOCATION_MODELS = (
    *(LocationModel(f"{k} nearest relevés", k) for k in NEIGHBOURS),
    LocationModel("forest on metres"),
)
