"""Scores of whole sets of species: is what a plot is said to hold what it holds."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from botaclip.training.presence_metrics import NAN


def f1_samples(Y: ArrayLike, P: ArrayLike, k: int | ArrayLike = 25) -> float:
    """Return the mean over plots of F1 between the species found and the ``k`` of highest score.

    ``TP / (TP + (FP + FN) / 2)`` for each plot, as GeoLifeCLEF defines it (there called "micro"). Own code because
    scikit-learn's ``f1_score(average="samples")`` takes sets, not scores, and counts a plot without species as 0.

    Parameters
    ----------
    Y
        (N, S) 0/1.
    P
        (N, S) scores; where they tie, the species that stands first is taken.
    k
        Size of the predicted set: one for all plots, or (N,), adapted to each. Never more than there are species.

    Returns
    -------
    f1
        NaN without plots. A plot without species and with an empty prediction is left out, because nothing is asked.

    Raises
    ------
    ValueError
        Shapes differ.
    """
    truth, scores = np.asarray(Y) > 0, np.asarray(P, dtype=float)
    if truth.shape != scores.shape or truth.ndim != 2:
        raise ValueError(f"observations of shape {truth.shape} but scores of shape {scores.shape}")
    size = np.asarray(k)
    if size.ndim and size.shape != (len(truth),):
        raise ValueError(f"{len(truth)} plots but {size.size} set sizes")
    if not truth.size or np.isnan(scores).any():
        return NAN
    size = np.broadcast_to(size.clip(0, truth.shape[1]), len(truth))
    rank = np.argsort(np.argsort(-scores, axis=1, kind="stable"), axis=1)
    hits = (truth & (rank < size[:, None])).sum(axis=1)
    both = size + truth.sum(axis=1)
    asked = both > 0
    return float((2 * hits[asked] / both[asked]).mean()) if asked.any() else NAN
