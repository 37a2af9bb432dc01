"""VEGETA: the tabular encoder of relevés.

Whatever it was learnt by (ordination, species left out, habitats), it is a transform of cover and a few matrices with
GELU between them. It reads a list of any length, knows what to do with an empty one (the zero vector of every
transform), and goes into the model file as it is. A species that it never met says nothing to it, and does not count in
the total of a relevé either: it is taken out before the transform, wherever the relevé comes from.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import erf
from sklearn.linear_model import Ridge

from botaclip.core.errors import OptionError
from botaclip.training.cover_transforms import PROFILE, Cover, hellinger, transform
from botaclip.training.ordination import correspondence_axes, principal_axes
from botaclip.training.recipe import Recipe

__all__ = ["KINDS", "Layers", "ReleveTower", "Vegeta", "fit_releve_tower", "fit_vegeta", "hellinger"]

Array = NDArray[np.floating]
Layers = tuple[tuple[Array, Array], ...]
Mask = NDArray[np.bool_]

# Relevés whose hidden units are held at once.
_ROWS = 4_096
KINDS = ("pca", "ca", "masked", "habitat", "joint")


def forward(cover: Cover, name: str, layers: Layers, met: Mask | None = None) -> NDArray[np.float32]:
    """Return (N, O): the transform of cover, then the layers with GELU (in its exact form) between them.

    Species that are not ``met`` (V,) are taken out first; None stands for all being met.
    """
    parts = [
        _forward(transform(of_met(cover[first : first + _ROWS], met), name), layers)
        for first in range(0, cover.shape[0], _ROWS)
    ]
    return np.concatenate(parts) if parts else np.zeros((0, len(layers[-1][1])), np.float32)


def _forward(values: Any, layers: Layers) -> NDArray[np.float32]:
    for number, (weight, bias) in enumerate(layers):
        if number:
            values = 0.5 * values * (1.0 + erf(values / np.sqrt(np.float32(2.0))))
        values = np.asarray(values @ weight + bias, dtype=np.float32)
    return np.asarray(values, dtype=np.float32)


def met_species(cover: Cover, habitats: Sequence[str] | None = None) -> Mask:
    """Return which species (V,) occur in relevés (N, V); with ``habitats`` (N,), in those whose habitat is known."""
    known = cover if habitats is None else cover[np.flatnonzero([bool(habitat) for habitat in habitats])]
    return np.asarray(np.asarray(known.sum(axis=0)).ravel() > 0)


def of_met(cover: Cover, met: Mask | None) -> Cover:
    """Return cover (N, V) without the species that are not ``met`` (V,), as wide and as sparse as before."""
    if met is None or met.all():
        return cover
    if not hasattr(cover, "indptr"):
        return np.asarray(cover) * met
    made = cover.copy()
    made.data = made.data * met[made.indices]
    return made


@dataclasses.dataclass(frozen=True)
class Vegeta:
    """Relevé to floristic axes.

    Parameters
    ----------
    transform
        What is done to cover first, see :func:`botaclip.training.cover_transforms.transform`.
    layers
        ``(weight (I, O), bias (O,))`` of each linear layer, float32, GELU between them; the first reads transformed
        cover (I = V), the last gives the axes.
    met
        Which species (V,) its training relevés had; the others are taken out of every relevé before the transform,
        which would otherwise divide by their cover too. None where all were met.
    """

    transform: str
    layers: Layers
    met: Mask | None = None

    @classmethod
    def fit(cls, cover: Cover, *, axes: int, transform: str = "hellinger", random_state: int = 1) -> Vegeta:
        """Fit principal components of training relevés (N, V); ``axes`` is an upper bound.

        They are scaled together, so that the first has unit variance on these relevés.
        """
        weight, bias = principal_axes(_transformed(cover, transform), axes, random_state=random_state)
        met = met_species(cover)
        # Rounding leaves a weight where there was nothing to weigh.
        weight[~met] = 0.0
        return cls(transform, ((weight, bias),), met)

    @property
    def axes(self) -> int:
        """Number A of floristic axes."""
        return len(self.layers[-1][1])

    def __call__(self, cover: Cover) -> NDArray[np.float32]:
        """Return floristic axes (N, A) of cover in per cent (N, V), an array or a ``csr_array``."""
        return forward(cover, self.transform, self.layers, self.met)

    def followed_by(self, layers: Sequence[tuple[Array, Array]]) -> ReleveTower:
        """Return VEGETA with an adapter's layers ``(weight (I, O), bias (O,))`` behind it, as one tower.

        There is no GELU between the axes and the adapter: the last layer here and the first there become one matrix.
        """
        (weight, bias), *rest = layers
        *before, (last, last_bias) = self.layers
        joined = np.asarray(last @ weight, np.float32), np.asarray(last_bias @ weight + bias, np.float32)
        return ReleveTower(self.transform, (*before, joined, *rest), self.met)


@dataclasses.dataclass(frozen=True)
class ReleveTower:
    """VEGETA and its adapter as plain matrices: cover in percent to the shared space.

    Parameters
    ----------
    transform
        What is done to cover first.
    layers
        ``(weight (I, O), bias (O,))`` of each linear layer, GELU between them.
    met
        See :class:`Vegeta`.
    """

    transform: str
    layers: Layers
    met: Mask | None = None

    def __call__(self, cover: Cover) -> NDArray[np.float32]:
        """Return vectors (N, E) in the shared space, not normalised, of cover in per cent (N, V)."""
        return forward(cover, self.transform, self.layers, self.met)

    def of_met_species(self) -> tuple[ReleveTower, NDArray[np.intp]]:
        """Return the same tower over the species it has met, and which columns (of V) these are."""
        columns = np.arange(len(self.layers[0][0]))
        if self.met is None or self.met.all() or not self.met.any():
            return self, columns
        (weight, bias), *rest = self.layers
        return ReleveTower(self.transform, ((weight[self.met], bias), *rest)), columns[self.met]


def fit_vegeta(
    cover: Cover, recipe: Recipe, *, extra: Cover | None = None, habitats: Sequence[str] | None = None,
    random_state: int = 1,
) -> Vegeta:
    """Fit the encoder of relevés that ``recipe.vegeta`` names.

    Parameters
    ----------
    cover
        Cover (N, V) in per cent of the training relevés, an array or a ``csr_array``; never densified as a whole where
        it is large.
    recipe
        ``vegeta``: ``pca``; ``ca`` (correspondence analysis); ``masked`` (a network that learns to fill in species
        left out); ``habitat`` (a network that learns the habitat; the layer before its head is the encoding);
        ``joint`` (begins as ``pca``; the alignment trains its layers). ``vegeta_axes``: most axes. ``transform``.
    extra
        Relevés without imagery (M, V) that join the fit; ``habitat`` has no use for them, as they have no habitat.
    habitats
        Habitat of each training relevé (N,), ``""`` where unknown; for ``habitat`` only.
    random_state
        Seed of the networks and of iterative ordination.

    Raises
    ------
    OptionError
        ``habitat`` without at least two habitats that are known.
    """
    kind = recipe.vegeta
    if kind not in KINDS:
        raise OptionError(f"there is no VEGETA of kind {kind!r}", remedy=f"use one of {', '.join(KINDS)}")
    joined = cover if extra is None or not extra.shape[0] or kind == "habitat" else _stacked(cover, extra)
    if kind in ("pca", "joint"):
        return Vegeta.fit(joined, axes=recipe.vegeta_axes, transform=recipe.transform, random_state=random_state)
    if kind == "ca":
        layer = correspondence_axes(
            _transformed(joined, recipe.transform), recipe.vegeta_axes, random_state=random_state
        )
        return Vegeta(recipe.transform + PROFILE, (layer,), met_species(joined))
    from botaclip.training import vegeta_networks  # torch is slow to load, and ordination does without it

    fit = vegeta_networks.fit_masked if kind == "masked" else vegeta_networks.fit_habitat
    made = fit(joined, recipe.transform, recipe.vegeta_axes, habitats=habitats, random_state=random_state)
    return Vegeta(recipe.transform, made, met_species(joined, habitats if kind == "habitat" else None))


def fit_releve_tower(
    cover: Cover, unit: Array, *, axes: int = 64, penalty: float = 1.0, vegeta: Vegeta | None = None
) -> ReleveTower:
    """Fit the relevé side to image vectors that stay as they are, by ridge regression.

    Used when the alignment itself trained no relevé tower, so that every model can place a species list in its
    space.

    Parameters
    ----------
    cover
        Cover (N, V) in per cent of the training relevés.
    unit
        Their image vectors (N, E) of unit length.
    axes
        Most principal components of the Hellinger table, where no encoder is given.
    penalty
        Of the ridge.
    vegeta
        The encoder of relevés, fitted on no other than these and extra relevés.
    """
    encoder = Vegeta.fit(cover, axes=axes) if vegeta is None else vegeta
    model = Ridge(alpha=penalty).fit(encoder(cover), unit)
    return encoder.followed_by([(model.coef_.T, np.asarray(model.intercept_))])


def _transformed(cover: Cover, name: str) -> Cover:
    return transform(cover, name)


def _stacked(cover: Cover, extra: Cover) -> Cover:
    """Return both tables, one below the other; sparse where one of them is."""
    if hasattr(cover, "indptr") or hasattr(extra, "indptr"):
        from scipy.sparse import csr_array, vstack

        return csr_array(vstack([csr_array(cover), csr_array(extra)], format="csr"))
    return np.concatenate([cover, extra])
