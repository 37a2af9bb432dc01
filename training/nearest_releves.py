"""Which training plot looks most like a held-out one, and how much of its plants they share: the model by example."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from botaclip.training.training_table import TrainingTable

Array = NDArray[np.floating]
Index = NDArray[np.integer]


def nearest_plots(inside: Array, outside: Array, train: Index) -> Array:
    """Return number and cosine (M, 2) of the training plot whose vector is most like each held-out one.

    Parameters
    ----------
    inside, outside
        Vectors of the training plots (N, E) and of the held-out ones (M, E), from a space fitted on the former.
    train
        Numbers of the training plots in the whole table (N,).
    """
    cosine = _unit(outside) @ _unit(inside).T
    best = cosine.argmax(axis=1)
    return np.column_stack([train[best], cosine[np.arange(len(best)), best]]).astype(np.float64)


def sorensen(one: NDArray[Any], others: NDArray[Any]) -> Array:
    """Return Sørensen's similarity ``2 |A and B| / (|A| + |B|)`` of a list (V,) and others (M, V); NaN of two empty."""
    a, b = np.asarray(one) > 0, np.asarray(others) > 0
    total = a.sum() + b.sum(axis=1)
    with np.errstate(invalid="ignore"):
        return np.asarray(np.where(total > 0, 2.0 * (b & a).sum(axis=1) / total, np.nan))


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
    cover = np.asarray(table.cover.todense() if hasattr(table.cover, "todense") else table.cover) > 0
    pairs, means = [], []
    for train, test in folds:
        for plot in test:
            if not np.isfinite(nearest[plot, 0]):
                continue
            other = int(nearest[plot, 0])
            shared = float(sorensen(cover[plot], cover[[other]])[0])
            every = sorensen(cover[plot], cover[train])
            if not np.isfinite(shared) or not np.isfinite(every).any():
                continue
            pair = {"plot": table.ids[plot], "nearest": table.ids[other]}
            pairs.append({**pair, "cosine": float(nearest[plot, 1]), "shared": shared})
            means.append(float(np.nanmean(every)))
    if not pairs:
        return None
    return {
        "pairs": pairs, "shared": float(np.mean([each["shared"] for each in pairs])), "chance": float(np.mean(means)),
        "similarity": "Sørensen",
    }  # fmt: skip


def _unit(vectors: Array) -> Array:
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.maximum(length, 1e-12))
