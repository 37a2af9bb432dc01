"""How well scores rank plots, over many species of very different frequency: what alignments may be chosen by."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from botaclip.training.presence_metrics import auc_columns

Array = NDArray[np.floating]


def ranking_error(presence: Array, scores: Array) -> tuple[Array, float]:
    """Return the share of pairs (a plot with, a plot without the species) in the wrong order, and what it rests on.

    One less the mean of the species' AUC, ties half, each weighted by the inverse of its variance where nothing is
    told, ``12 n1 n0 / (n1 + n0 + 1)`` (Mann & Whitney 1947, doi:10.1214/aoms/1177730491): a species that is there
    twice says little. Scales of scores do not matter, so that a head whose scores are too wide, which calibrators mend,
    is not chosen against.

    Parameters
    ----------
    presence
        (M, S).
    scores
        (P, M, S) by P ways.

    Returns
    -------
    error, weight
        (P,), NaN where no species has both; the sum of the weights.
    """
    count, plots = (np.asarray(presence) > 0).sum(axis=0).astype(float), len(presence)
    weight = 12.0 * count * (plots - count) / (plots + 1.0)
    known = weight > 0
    if not known.any():
        return np.full(len(scores), np.nan), 0.0
    right = [np.average(auc_columns(presence[:, known], way[:, known]), weights=weight[known]) for way in scores]
    return 1.0 - np.array(right), float(weight.sum())
