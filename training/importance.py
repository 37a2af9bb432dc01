"""What a model's predictions rest on: how much worse held-out plots are ranked when one thing is dealt out anew.

Permutation importance (Breiman 2001, doi:10.1023/A:1010933404324; Fisher et al. 2019, JMLR 20, 177), on plots that the
fold's model has not seen. Parts that tell the same share their importance: where an environment layer and the image
both show elevation, shuffling either costs little.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from botaclip.training.presence_metrics import auc_columns
from botaclip.training.training_table import TrainingTable

Array = NDArray[np.floating]

IMAGE, ENVIRONMENT = "image", "environment"
REPEATS = 5


def parts_of(table: TrainingTable, layers: Sequence[str] = ()) -> list[str]:
    """Return what can be shuffled: the image, and with environment rasters all of them, and each (numbered, or "
    "named).
    """
    if table.environment is None:
        return [IMAGE]
    names = list(layers) or [f"layer {number + 1}" for number in range(table.environment.shape[1])]
    return [IMAGE, ENVIRONMENT, *(f"{ENVIRONMENT}: {name}" for name in names)]


def shuffled_part(table: TrainingTable, part: int, order: NDArray[np.integer]) -> TrainingTable:
    """Return the plots with one part (its place in :func:`parts_of`) as other plots have it."""
    if part == 0:
        return dataclasses.replace(table, vectors=table.vectors[order])
    assert table.environment is not None
    values = table.environment.copy()
    columns = slice(None) if part == 1 else slice(part - 2, part - 1)
    values[:, columns] = table.environment[order][:, columns]
    return dataclasses.replace(table, environment=values)


def permutation_importance(
    score: Callable[[TrainingTable], Array], table: TrainingTable, *, repeats: int = REPEATS, random_state: int = 1
) -> Array:
    """Return the mean fall in AUC (P, S) for every part and species; NaN where a species cannot be ranked.

    Parameters
    ----------
    score
        Scores (N, S) of a table by a model that has not seen it.
    table
        The held-out plots.
    repeats, random_state
        How many times each part is shuffled, and the seed.
    """
    whole = auc_columns(table.presence, score(table))
    random = np.random.default_rng(random_state)
    orders = [random.permutation(len(table)) for _ in range(repeats)]
    falls = []
    for part in range(len(parts_of(table))):
        each = [auc_columns(table.presence, score(shuffled_part(table, part, order))) for order in orders]
        falls.append(whole - np.mean(each, axis=0))
    return np.stack(falls)


def importance_document(
    falls: Sequence[Array], weights: Sequence[int], parts: Sequence[str], species: Sequence[str]
) -> dict[str, Mapping[str, object]]:
    """Return what ``metrics.json`` says: for each part the median fall over species, and that of each species.

    Parameters
    ----------
    falls
        One (P, S) a fold.
    weights
        Number of held-out plots of each fold.
    parts, species
        Names.
    """
    stacked, weight = np.stack(falls), np.asarray(weights, dtype=float)[:, None, None]
    known = np.isfinite(stacked)
    total = (np.where(known, weight, 0.0)).sum(axis=0)
    mean = np.divide((np.where(known, stacked, 0.0) * weight).sum(axis=0), total,
                     out=np.full(total.shape, np.nan), where=total > 0)  # fmt: skip
    return {
        part: {
            "median": float(np.nanmedian(mean[p])) if np.isfinite(mean[p]).any() else None,
            "targets": {name: float(value) if np.isfinite(value) else None
                        for name, value in zip(species, mean[p], strict=True)},
        }
        for p, part in enumerate(parts)
    }  # fmt: skip
