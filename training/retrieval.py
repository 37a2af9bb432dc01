"""How well images find their own relevés, and relevés their images, in a whole gallery of plots.

Always a gallery of held-out plots and never one batch: how hard the task is depends on how many there are to choose
from, so that chance stands beside every figure. It is a proxy: in trials it rose where the species head's skill fell.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from botaclip.training.vegeta import fit_releve_tower

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

    Parameters
    ----------
    of_releves
        Rank of the own relevé for each image (N,).
    of_images
        Rank of the own image for each relevé (N,).
    """

    of_releves: Array
    of_images: Array

    @property
    def plots(self) -> int:
        """Size N of the gallery."""
        return len(self.of_releves)

    @property
    def mean_reciprocal_rank(self) -> float:
        """Mean of 1 / rank, over both ways; NaN for an empty gallery."""
        return float(np.mean(1.0 / np.concatenate([self.of_releves, self.of_images]))) if self.plots else float("nan")

    @property
    def reciprocal_rank_chance(self) -> float:
        """What a gallery in random order gives: the mean of 1/1 ... 1/N."""
        return float(np.mean(1.0 / np.arange(1, self.plots + 1))) if self.plots else float("nan")

    def recall(self, k: int) -> float:
        """Return the share of plots whose counterpart is among the ``k`` nearest, over both ways."""
        ranks = np.concatenate([self.of_releves, self.of_images])
        return float(np.mean(ranks <= k)) if self.plots else float("nan")

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
        for way, ranks in (("image_to_releve", self.of_releves), ("releve_to_image", self.of_images)):
            made[f"{way}_mean_reciprocal_rank"] = float(np.mean(1.0 / ranks)) if self.plots else float("nan")
            for k in AT:
                made[f"{way}_recall_at_{k}"] = float(np.mean(ranks <= k)) if self.plots else float("nan")
        return made | {f"recall_at_{k}_chance": self.chance(k) for k in AT}


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
    # By bands of rows: the whole matrix of 30,000 plots would take 3.6 GB.
    for begin in range(0, len(x), _ROWS):
        rows = np.arange(begin, min(begin + _ROWS, len(x)))
        similarity = x[rows] @ y.T
        for ranked, above in ((ranks, similarity - own[rows, None]), (columns, similarity - own[None])):
            better = np.where(above > _TIE, 1.0, np.where(above < -_TIE, 0.0, 0.5))
            better[np.arange(len(rows)), rows] = 0.0
            if ranked is ranks:
                ranks[rows] += better.sum(axis=1)
            else:
                columns += better.sum(axis=0)
    return Retrieval(ranks, columns)


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
    tower = None if adapter is None else adapter.tower
    near, far = ((vectors if adapter is None else adapter(vectors)) for vectors, _ in (inside, outside))
    if tower is None:
        tower = fit_releve_tower(inside[1], np.asarray(_unit(near), dtype=np.float32))
    return retrieval(far, tower(outside[1]))


def _unit(vectors: Array) -> NDArray[np.float64]:
    vectors = np.asarray(vectors, dtype=np.float64)
    return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)


def _short(value: float) -> str:
    text = f"{value:.2f}"
    return text.removeprefix("0") if text.startswith("0.") else text
