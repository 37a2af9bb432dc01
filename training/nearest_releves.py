"""Which training plot looks most like a held-out one, and how much of its plants they share: the model by example."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from botaclip.training.training_table import TrainingTable

Array = NDArray[np.floating]
Index = NDArray[np.integer]

# Held-out plots compared with all training plots at a time: memory does not grow with the square of the plots.
_ROWS = 512


def nearest_plots(inside: Array, outside: Array, train: Index) -> Array:
    """Return number and cosine (M, 2) of the training plot whose vector is most like each held-out one.

    Parameters
    ----------
    inside, outside
        Vectors of the training plots (N, E) and of the held-out ones (M, E), from a space fitted on the former.
    train
        Numbers of the training plots in the whole table (N,).
    """
    unit, found = _unit(inside), []
    for first in range(0, len(outside), _ROWS):
        cosine = _unit(outside[first : first + _ROWS]) @ unit.T
        best = cosine.argmax(axis=1)
        found.append(np.column_stack([train[best], cosine[np.arange(len(best)), best]]))
    return np.concatenate(found).astype(np.float64) if found else np.zeros((0, 2))


def sorensen(some: csr_array, others: csr_array) -> Array:
    """Return Sørensen's similarity ``2 |A and B| / (|A| + |B|)`` of presences (N, V) and (M, V), (N, M).

    NaN of two empty lists.
    """
    shared = np.asarray((some @ others.T).todense(), dtype=np.float64)
    total = np.asarray(some.sum(axis=1)).reshape(-1, 1) + np.asarray(others.sum(axis=1)).reshape(1, -1)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(2.0 * shared / total)


def nearest_document(
    table: TrainingTable, nearest: Array, folds: Sequence[tuple[Index, Index]]
) -> dict[str, Any] | None:
    """Return what ``metrics.json`` says: pairs with what they share, the mean, and that of all training plots.

    Parameters
    ----------
    table
        All plots.
    nearest
        :func:`nearest_plots` of each plot (N, 2), NaN where none held it out.
    folds
        (train, test) index pairs.
    """
    present = csr_array(csr_array(table.cover) > 0).astype(np.float64)
    pairs, means = [], []
    for train, test in folds:
        known = test[np.isfinite(nearest[test, 0])]
        for first in range(0, len(known), _ROWS):
            some = known[first : first + _ROWS]
            every = sorensen(present[some], present[train])
            column = np.searchsorted(train, nearest[some, 0].astype(int), sorter=(order := np.argsort(train)))
            shared = every[np.arange(len(some)), order[column]]
            for row in np.flatnonzero(np.isfinite(shared)).tolist():
                plot, other = int(some[row]), int(nearest[some[row], 0])
                pairs.append({
                    "plot": table.ids[plot], "nearest": table.ids[other], "cosine": float(nearest[plot, 1]),
                    "shared": float(shared[row]),
                })  # fmt: skip
                means.append(float(np.nanmean(every[row])))
    if not pairs:
        return None
    return {
        "pairs": pairs, "shared": float(np.mean([each["shared"] for each in pairs])), "chance": float(np.mean(means)),
        "similarity": "Sørensen",
    }  # fmt: skip


def _unit(vectors: Array) -> Array:
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.maximum(length, 1e-12))
