"""How well scores rank plots, over many species of very different frequency: what alignments may be chosen by."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

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
    present = np.asarray(presence) > 0
    count, plots = present.sum(axis=0).astype(float), len(present)
    pairs = count * (plots - count)
    weight = 12.0 * pairs / (plots + 1.0)
    known = pairs > 0
    if not known.any():
        return np.full(len(scores), np.nan), 0.0
    found = np.empty(len(scores))
    for way, given in enumerate(scores):
        ranks = (rankdata(given[:, known], axis=0) * present[:, known]).sum(axis=0)
        auc = (ranks - count[known] * (count[known] + 1.0) / 2.0) / pairs[known]
        found[way] = 1.0 - float(np.average(auc, weights=weight[known]))
    return found, float(weight.sum())
