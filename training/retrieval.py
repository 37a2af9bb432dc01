"""How well images find their own relevés, and relevés their images, in a whole gallery of plots.

Always a gallery of held-out plots and never one batch: how hard the task is depends on how many there are to choose
from, so that chance stands beside every figure. It is a proxy: in trials it rose where the species head's skill fell.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import digamma

from botaclip.training.presence_metrics import auc_columns
from botaclip.training.vegeta import ReleveTower, fit_releve_tower

if TYPE_CHECKING:
    from botaclip.training.adapter import Adapter

Array = NDArray[np.floating]

AT = (1, 5, 10)
# Cosines nearer than this are ties: the same relevé twice must not win by a rounding error.
_TIE = 1e-6
_ROWS = 1024


@dataclasses.dataclass(frozen=True)
class Retrieval:
    """Ranks (from 1; ties count half) of each plot's own counterpart among all ``plots`` of the gallery.

    What is level with the own counterpart could stand before or behind it in any order: recall and reciprocal rank are
    the mean over these orders, so that vectors that are all the same earn chance, whatever the size of the gallery.

    Parameters
    ----------
    of_releves
        Mean rank of the own relevé for each image (N,).
    of_images
        Mean rank of the own image for each relevé (N,).
    releves_level, images_level
        How many others are level with it (N,); none when None.
    """

    of_releves: Array
    of_images: Array
    releves_level: Array | None = None
    images_level: Array | None = None

    @property
    def plots(self) -> int:
        """Size N of the gallery."""
        return len(self.of_releves)

    @property
    def mean_reciprocal_rank(self) -> float:
        """Mean of 1 / rank, over both ways; NaN for an empty gallery."""
        return self._mean(_reciprocal)

    @property
    def reciprocal_rank_chance(self) -> float:
        """What a gallery in random order gives: the mean of 1/1 ... 1/N."""
        return float(np.mean(1.0 / np.arange(1, self.plots + 1))) if self.plots else float("nan")

    def recall(self, k: int) -> float:
        """Return the share of plots whose counterpart is among the ``k`` nearest, over both ways."""
        return self._mean(lambda ranks, level: _share_within(ranks, level, k))

    def _mean(self, of: Callable[[Array, Array], Array]) -> float:
        if not self.plots:
            return float("nan")
        return float(np.mean(np.concatenate([of(ranks, level) for _, ranks, level in self._ways()])))

    def _ways(self) -> list[tuple[str, Array, Array]]:
        """Return name, mean ranks and numbers of others that are level (N,), of both ways."""
        none = np.zeros(self.plots)
        return [
            ("image_to_releve", self.of_releves, none if self.releves_level is None else self.releves_level),
            ("releve_to_image", self.of_images, none if self.images_level is None else self.images_level),
        ]

    def chance(self, k: int) -> float:
        """Return what :meth:`recall` is expected to be at random."""
        return min(k, self.plots) / self.plots if self.plots else float("nan")

    @property
    def words(self) -> str:
        """For a progress message, such as ``R@5 .12 (chance .02)``."""
        return f"R@5 {_short(self.recall(5))} (chance {_short(self.chance(5))})"

    def scores(self) -> dict[str, float]:
        """Return every figure by name, both ways apart, chance beside it."""
        made = {
            "plots": float(self.plots),
            "mean_reciprocal_rank": self.mean_reciprocal_rank,
            "mean_reciprocal_rank_chance": self.reciprocal_rank_chance,
        }
        for way, ranks, level in self._ways():
            made[f"{way}_mean_reciprocal_rank"] = _mean_of(_reciprocal(ranks, level))
            for k in AT:
                made[f"{way}_recall_at_{k}"] = _mean_of(_share_within(ranks, level, k))
        return made | {f"recall_at_{k}_chance": self.chance(k) for k in AT}


def _mean_of(values: Array) -> float:
    return float(np.mean(values)) if len(values) else float("nan")


def _share_within(ranks: Array, level: Array, k: int) -> Array:
    """Return in which share of the orders of what is level the own counterpart is among the first ``k`` (N,)."""
    ahead = ranks - 1.0 - level / 2.0
    return np.asarray(np.clip((k - ahead) / (level + 1.0), 0.0, 1.0))


def _reciprocal(ranks: Array, level: Array) -> Array:
    """Return the mean of 1 / rank over the orders of what is level (N,)."""
    first = ranks - level / 2.0
    # 1/a + ... + 1/b by the digamma function; exactly 1 / rank where nothing is level.
    harmonic = (digamma(first + level + 1.0) - digamma(first)) / (level + 1.0)
    return np.asarray(np.where(level > 0, harmonic, 1.0 / ranks))


def retrieval(images: Array, releves: Array) -> Retrieval:
    """Rank a gallery by cosine.

    Parameters
    ----------
    images, releves
        Vectors (N, E) in the shared space; row i of both is the same plot.
    """
    x, y = _unit(images), _unit(releves)
    own = np.einsum("ij,ij->i", x, y)
    ranks, columns = np.ones(len(x)), np.ones(len(x))
    level, of_columns = np.zeros(len(x)), np.zeros(len(x))
    # By bands of rows: the whole matrix of 30,000 plots would take 3.6 GB.
    for begin in range(0, len(x), _ROWS):
        rows = np.arange(begin, min(begin + _ROWS, len(x)))
        similarity = x[rows] @ y.T
        for ranked, above in ((ranks, similarity - own[rows, None]), (columns, similarity - own[None])):
            better = np.where(above > _TIE, 1.0, np.where(above < -_TIE, 0.0, 0.5))
            better[np.arange(len(rows)), rows] = 0.0
            if ranked is ranks:
                ranks[rows] += better.sum(axis=1)
                level[rows] += (better == 0.5).sum(axis=1)
            else:
                columns += better.sum(axis=0)
                of_columns += (better == 0.5).sum(axis=0)
    return Retrieval(ranks, columns, level, of_columns)


def held_out_retrieval(
    adapter: Adapter | None, inside: tuple[Array, Any], outside: tuple[Array, Any]
) -> Retrieval:
    """Return the retrieval among plots that the adapter has not seen.

    Parameters
    ----------
    adapter
        None for the vectors as they are. Where it has no relevé side of its own, one is fitted to its vectors of the
        plots ``inside``, as for a model file.
    inside, outside
        Standardised vectors (N, D) and cover in percent (N, V) of the plots it was fitted on, and of the gallery.
    """
    vectors, cover = outside
    return retrieval(_adapted(adapter, vectors), releve_side(adapter, inside)(cover))


def _adapted(adapter: Adapter | None, vectors: Array) -> Array:
    return vectors if adapter is None else adapter(vectors)


def releve_side(adapter: Adapter | None, inside: tuple[Array, Any]) -> ReleveTower:
    """Return the adapter's relevé side, or one that is fitted to its vectors of the plots that it was fitted on.

    Parameters
    ----------
    adapter, inside
        See :func:`held_out_retrieval`.
    """
    if adapter is not None and adapter.tower is not None:
        return adapter.tower
    vectors, cover = inside
    return fit_releve_tower(cover, np.asarray(_unit(_adapted(adapter, vectors)), dtype=np.float32))


def zero_shot(images: Array, releves: Array, presence: Array) -> Array:
    """Return how well species are told by the cosine with a relevé of that species alone: AUC (S,), chance 0.5.

    No head has learnt where a species grows: whatever the alignment knows of it came with the relevés.

    Parameters
    ----------
    images
        Vectors (N, E) of plots that the alignment has not seen.
    releves
        Vectors (S, E) of relevés of one species each.
    presence
        (N, S); NaN comes of a species that all plots have, or none.
    """
    # What differs by rounding is a tie.
    return auc_columns(presence, np.round(_unit(images) @ _unit(releves).T, 6))


def _unit(vectors: Array) -> NDArray[np.float64]:
    vectors = np.asarray(vectors, dtype=np.float64)
    return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)


def _short(value: float) -> str:
    text = f"{value:.2f}"
    return text.removeprefix("0") if text.startswith("0.") else text
