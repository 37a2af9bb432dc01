"""How a column's space looks on plots that it has not seen: habitats, floristic distance, neighbours, retrieval.

Computed on the test plots of each outer fold by themselves, because spaces of different folds cannot be compared, and
averaged over folds; what chance gives stands beside.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from botaclip.core.virtual_releve import UNSTATED_COVER
from botaclip.training.embedding_metrics import (
    davies_bouldin,
    floristic_mantel,
    habitat_purity,
    habitat_purity_chance,
    neighbour_overlap,
    neighbour_overlap_chance,
)
from botaclip.training.evaluation import Fitted
from botaclip.training.image_space import ImageSpace
from botaclip.training.retrieval import releve_side, retrieval, zero_shot
from botaclip.training.training_table import TrainingTable
from botaclip.training.vegeta import ReleveTower

Array = NDArray[np.floating]

NEIGHBOURS = 10


def space_scores(fitted: Fitted, raw: Fitted, inside: TrainingTable, outside: TrainingTable) -> dict[str, float]:
    """Return the figures of one column's space on the test plots of one fold; empty for a column without the image.

    Parameters
    ----------
    fitted, raw
        The column, and the frozen space that neighbours are compared with.
    inside, outside
        Training and test plots; the test plots are checked to be new to the space.

    Raises
    ------
    LeakageError
        A test plot was used in fitting.
    """
    if not isinstance(fitted.space, ImageSpace) or not isinstance(raw.space, ImageSpace):
        return {}
    fitted.embed(outside), raw.embed(outside)  # checks that they are new
    vectors, frozen = fitted.space(outside.vectors), raw.space(outside.vectors)
    found = {
        "floristic_mantel": floristic_mantel(outside.cover, vectors, permutations=0).r,
        "neighbour_overlap": neighbour_overlap(frozen, vectors, NEIGHBOURS),
        "neighbour_overlap_chance": neighbour_overlap_chance(len(outside), NEIGHBOURS),
    }
    if outside.habitats is not None:
        labels = np.array(outside.habitats)
        found["habitat_purity"] = habitat_purity(vectors, labels)
        found["habitat_purity_chance"] = habitat_purity_chance(labels)
        named = labels != ""
        found["davies_bouldin"] = davies_bouldin(vectors[named], labels[named])
    standardiser = fitted.space.standardiser
    adapter, far = fitted.space.adapter, standardiser(outside.vectors)
    images = far if adapter is None else adapter(far)
    # Fitted once for both where the adapter has none of its own, on the relevés that the column learnt from.
    learnt = inside if fitted.releves is None else fitted.releves
    tower = releve_side(adapter, (standardiser(inside.vectors), learnt.cover))
    found |= _zero_shot(images, tower, inside, outside)
    ranks = retrieval(images, tower(outside.cover))
    return found | {f"retrieval_{name}": value for name, value in ranks.scores().items()} | {
        "retrieval_median_rank": float(np.median(ranks.of_releves)) if ranks.plots else float("nan"),
        "retrieval_median_rank_chance": (ranks.plots + 1) / 2,
    }  # fmt: skip


def _zero_shot(
    images: Array, tower: ReleveTower, inside: TrainingTable, outside: TrainingTable
) -> dict[str, float]:
    """Return how well the alignment alone tells the modelled species, of each a relevé by itself; chance is 0.5."""
    if inside.columns is None:
        return {}
    alone = np.zeros((len(inside.columns), inside.cover.shape[1]), np.float32)
    alone[np.arange(len(alone)), list(inside.columns)] = UNSTATED_COVER
    auc = zero_shot(images, tower(alone), outside.presence)
    known = np.isfinite(auc)
    return {
        "zero_shot_auc": float(auc[known].mean()) if known.any() else float("nan"),
        "zero_shot_species": float(known.sum()), "zero_shot_auc_chance": 0.5,
    }  # fmt: skip


def mean_over_folds(folds: Sequence[Mapping[str, Mapping[str, float]]]) -> dict[str, dict[str, float]]:
    """Return the mean over folds of every column's figures, over those where they exist."""
    found: dict[str, dict[str, float]] = {}
    for column in folds[0]:
        names = dict.fromkeys(name for fold in folds for name in fold[column])
        values = {name: np.array([fold[column].get(name, np.nan) for fold in folds]) for name in names}
        found[column] = {
            name: float(each[np.isfinite(each)].mean()) if np.isfinite(each).any() else float("nan")
            for name, each in values.items()
        }
    return {column: scores for column, scores in found.items() if scores}
