"""The comparison that needs no image: where a plot lies, and nothing else.

Most published models are within a point or two of it, so it is made as strong as it can be: the best, by inner
spatial validation, of distance-weighted nearest relevés, forests on projected metres (straight and oblique) and
smooth surfaces (kriging with a given variogram) from the spacing of the plots up to their extent.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_factor, cho_solve
from scipy.spatial import cKDTree
from sklearn.gaussian_process.kernels import Matern
from sklearn.kernel_approximation import Nystroem

from botaclip.training.forest import forest_mean, grow_forest
from botaclip.training.heads import ForestHead, clipped_prevalence, fit_forest, logit

Array = NDArray[np.floating]

NEIGHBOURS = (5, 15, 40, 100)
# From the distance between neighbours (0) to the extent (1), evenly on the scale of logarithms.
REACHES = (0.2, 0.4, 0.6, 0.8, 1.0)
# Variance of what is no surface over that of the surface; presence and absence hold much of it.
NUGGETS = (0.5, 4.0)
# More plots than this are seen through landmarks: the cost is their number squared times the plots', not cubed.
MOST_EXACT, LANDMARKS = 1_500, 500
_ANGLES = 6


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
        floor = 0.5 / len(self.presence)
        return logit(np.clip(self.values(vectors), floor, 1.0 - floor))

    def values(self, vectors: Array) -> Array:
        """Return the weighted share, or mean of abundances (M, S), shrunk to that of all relevés."""
        k = min(self.neighbours, len(self.places))
        distance, index = cKDTree(self.places).query(vectors, k=k)
        distance, index = distance.reshape(len(vectors), k), index.reshape(len(vectors), k)
        # The median spacing keeps a plot at the very place from taking all the weight.
        weight = 1.0 / (distance + np.median(distance) + 1.0)
        mean = np.einsum("mk,mks->ms", weight, self.presence[index]) / weight.sum(axis=1, keepdims=True)
        return np.asarray(mean * k / (k + 1.0) + self.presence.mean(axis=0) / (k + 1.0))


@dataclasses.dataclass(frozen=True)
class SmoothSurface:
    """A smooth surface of presence around the prevalence: simple kriging with a Matérn covariance (smoothness 3/2).

    Known to geostatistics as kriging and to machine learning as Gaussian-process or kernel ridge regression
    (Cressie 1993, doi:10.1002/9781119115151); above :data:`MOST_EXACT` plots through Nyström landmarks
    (Williams & Seeger 2001).

    Parameters
    ----------
    length_m
        Length scale of the covariance in metres.
    nugget
        Variance of what is no surface over the surface's.
    prevalence
        Of the training plots (S,); what the surface returns to far away from them.
    weights
        (N, S), or (L, S) on landmarks.
    places
        Of the training plots (N, 2) or (N, 3).
    landmarks
        The map from places to landmarks; None where all plots are used.
    """

    length_m: float
    nugget: float
    prevalence: Array
    weights: Array
    places: Array
    landmarks: Nystroem | None = None

    @classmethod
    def fit(
        cls, places: Array, presence: Array, *, reach: float, nugget: float, random_state: int,
        level: Array | None = None,
    ) -> SmoothSurface:
        """Fit on training plots; ``reach`` as in :data:`REACHES`, ``level`` (S,) for what is no presence."""
        length, prevalence = length_scale(places, reach), clipped_prevalence(presence) if level is None else level
        residual = np.asarray(presence, dtype=np.float64) - prevalence
        if len(places) <= MOST_EXACT:
            covariance = Matern(length, nu=1.5)(places)
            covariance[np.diag_indices(len(places))] += nugget
            return cls(length, nugget, prevalence, cho_solve(cho_factor(covariance), residual), places)
        landmarks = Nystroem(Matern(length, nu=1.5), n_components=LANDMARKS, random_state=random_state)
        seen = landmarks.fit_transform(places)
        inner = seen.T @ seen
        inner[np.diag_indices(len(inner))] += nugget
        return cls(length, nugget, prevalence, cho_solve(cho_factor(inner), seen.T @ residual), places[:0], landmarks)

    @property
    def label(self) -> str:
        """The surface in words."""
        return f"smooth surface, {self.length_m:.3g} m, nugget {self.nugget:g}"

    def logits(self, vectors: Array) -> Array:
        """Return logits (M, S) at places (M, 2) or (M, 3) in metres."""
        # One plot among all that were seen is the least that a share can be.
        return logit(np.clip(self.values(vectors), 0.01, 0.99))

    def values(self, vectors: Array) -> Array:
        """Return the surface (M, S) itself."""
        if self.landmarks is None:
            features = Matern(self.length_m, nu=1.5)(vectors, self.places)
        else:
            features = self.landmarks.transform(vectors)
        return np.asarray(features @ self.weights + self.prevalence)


def length_scale(places: Array, reach: float) -> float:
    """Return a length in metres between the usual spacing of plots (``reach`` 0) and half their extent (1)."""
    distance = cKDTree(places).query(places, k=min(2, len(places)))[0].reshape(len(places), -1)[:, -1]
    apart = distance[distance > 0]
    extent = max(float(np.linalg.norm(np.ptp(places, axis=0))) / 2.0, 1.0)
    spacing = min(max(float(np.median(apart)) if apart.size else 1.0, 1.0), extent)
    return math.exp((1.0 - reach) * math.log(spacing) + reach * math.log(extent))


@dataclasses.dataclass(frozen=True)
class ObliqueForest:
    """A forest on places turned by several angles, since it cuts along axes alone.

    After Møller et al. (2020, doi:10.5194/soil-6-269-2020); geocentric places stay as they are.
    """

    forest: ForestHead

    def logits(self, vectors: Array) -> Array:
        """Return logits (M, S) at places (M, 2) or (M, 3) in metres."""
        return self.forest.logits(oblique(vectors))


def oblique(places: Array) -> Array:
    """Return distances along six directions (N, 6) of places (N, 2); others as they are."""
    if places.shape[1] != 2:
        return places
    angles = np.arange(_ANGLES) * np.pi / _ANGLES
    return np.asarray(places @ np.array([np.cos(angles), np.sin(angles)]))


@dataclasses.dataclass(frozen=True)
class LocationModel:
    """One way to predict from the place alone: by neighbours, a surface, or where both are 0, a forest."""

    name: str
    neighbours: int = 0
    reach: float = 0.0
    nugget: float = 0.0
    turned: bool = False

    def fit(
        self, places: Array, presence: Array, *, random_state: int
    ) -> NearestReleves | SmoothSurface | ObliqueForest | ForestHead:
        """Fit on training plots' ``places`` in metres (N, 2), or geocentric (N, 3)."""
        if self.neighbours:
            return NearestReleves(places, presence, self.neighbours)
        if self.reach:
            return SmoothSurface.fit(
                places, presence, reach=self.reach, nugget=self.nugget, random_state=random_state
            )
        if self.turned:
            return ObliqueForest(fit_forest(oblique(places), presence, random_state=random_state, trees=100))
        return fit_forest(places, presence, random_state=random_state, trees=100)

    def fit_values(self, places: Array, values: Array, *, random_state: int) -> Callable[[Array], Array]:
        """Fit abundances (N, S) by the regression form of the same model; return what predicts them (M, S)."""
        if self.neighbours:
            return NearestReleves(places, values, self.neighbours).values
        if self.reach:
            return SmoothSurface.fit(
                places, values, reach=self.reach, nugget=self.nugget, random_state=random_state,
                level=values.mean(axis=0),
            ).values
        forest = grow_forest(self._seen(places), values, random_state=random_state, trees=100)
        return lambda vectors: forest_mean(forest, self._seen(vectors))

    def _seen(self, places: Array) -> Array:
        return oblique(places) if self.turned else places


LOCATION_MODELS = (
    *(LocationModel(f"{k} nearest relevés", k) for k in NEIGHBOURS),
    LocationModel("forest on metres"),
    LocationModel("forest on metres along six directions", turned=True),
    *(
        LocationModel(f"smooth surface, reach {reach:g}, nugget {nugget:g}", reach=reach, nugget=nugget)
        for reach in REACHES
        for nugget in NUGGETS
    ),
)
