"""Plots drawn anew by whole spatial blocks: how much a score depends on which blocks were visited.

An interval over species says how another list of species would have turned out on the same plots. Species share those
plots, so that it is too narrow where the question is how other plots would have turned out: that is what blocks are
drawn for (block bootstrap, Lahiri 2003, doi:10.1007/978-1-4757-3803-2). Models are not refitted; the interval is that
of their test, not of their training.
"""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
from numpy.typing import NDArray

from botaclip.training.evaluation import CrossValidation
from botaclip.training.metrics import remove_fold_prevalence
from botaclip.training.training_table import TrainingTable

Array = NDArray[np.floating]

METRICS = ("tss_at_train_threshold", "auc", "brier")
MOST_DRAWS, FEWEST_DRAWS = 500, 200
# So many draws times plots are worked on at once, and in all unless there would be too few draws.
_WORK = 1_000_000


@dataclasses.dataclass(frozen=True)
class BlockDraws:
    """Scores of plots drawn anew by blocks.

    Parameters
    ----------
    values
        ``values[column][metric]`` (B, S), NaN where a draw holds one class only; the same draws in every column.
    n_blocks
        Number of blocks that were drawn from.
    """

    values: dict[str, dict[str, Array]]
    n_blocks: int

    def difference(self, column: str, other: str, metric: str, *, level: float = 0.95) -> dict[str, float]:
        """Return the interval of the median over species of the paired difference of two columns.

        Returns
        -------
        interval
            ``low``, ``high`` and ``n`` blocks; NaN where a score was not drawn.
        """
        if metric not in self.values.get(column, {}) or metric not in self.values.get(other, {}):
            return {"low": float("nan"), "high": float("nan"), "n": self.n_blocks}
        gaps = np.round(self.values[column][metric] - self.values[other][metric], 12)
        gaps = gaps[np.isfinite(gaps).any(axis=1)]
        if not len(gaps):
            return {"low": float("nan"), "high": float("nan"), "n": self.n_blocks}
        low, high = np.quantile(np.nanmedian(gaps, axis=1), [(1 - level) / 2, (1 + level) / 2])
        return {"low": float(low), "high": float(high), "n": self.n_blocks}


def block_draws(
    table: TrainingTable, cv: CrossValidation, learnt: NDArray[np.bool_], blocks: NDArray[np.integer], *,
    draws: int | None = None, random_state: int = 1,
) -> BlockDraws | None:
    """Score the plots that were tested under draws of whole blocks with replacement.

    Parameters
    ----------
    table
        All plots.
    cv
        Their out-of-fold predictions.
    learnt
        Which species each fold's models could learn (F, S); see :func:`botaclip.training.scores.scorable`.
    blocks
        Label of the spatial block, site or group of each plot (N,).
    draws
        Number of draws B; 500, or 200 with very many plots, when None.
    random_state
        Seed.

    Returns
    -------
    draws
        None with fewer than two blocks, from which nothing can be drawn.
    """
    rows = np.flatnonzero(cv.fold >= 0)
    units = np.unique(np.asarray(blocks)[rows], return_inverse=True)[1].ravel()
    count = int(units.max(initial=-1)) + 1
    if count < 2:
        return None
    if draws is None:
        draws = int(np.clip(_WORK // len(rows), FEWEST_DRAWS, MOST_DRAWS))
    rng = np.random.default_rng(random_state)
    weight = rng.multinomial(count, np.full(count, 1 / count), size=draws)[:, units].astype(np.float32)
    presence = table.presence[rows] > 0
    known = learnt[cv.fold[rows]]
    values = {}
    for column, suitability in cv.suitability.items():
        p = np.clip(suitability[rows], 1e-6, 1 - 1e-6)
        level = np.round(remove_fold_prevalence(p, cv.fold[rows], cv.baseline[column]), 9)
        values[column] = {
            "tss_at_train_threshold": _tss(presence, cv.positive[column][rows], known, weight),
            "auc": np.column_stack([
                weighted_auc(presence[known[:, s], s], level[known[:, s], s], weight[:, known[:, s]])
                for s in range(presence.shape[1])
            ]),
            "brier": _share(weight, np.square(p - presence) * known, known),
        }  # fmt: skip
    return BlockDraws(values, count)


def _share(weight: Array, values: NDArray[Any], known: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Return the weighted mean (B, S) of ``values`` (N, S) over what is ``known``."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray((weight @ values.astype(np.float32)) / (weight @ known.astype(np.float32)), dtype=np.float32)


def _tss(presence: NDArray[np.bool_], positive: NDArray[np.bool_], known: NDArray[np.bool_], weight: Array) -> Array:
    """Return sensitivity + specificity - 1 under every draw (B, S)."""
    hit, spared = presence & positive & known, ~presence & ~positive & known
    sensitivity = _share(weight, hit, presence & known)
    return np.asarray(sensitivity + _share(weight, spared, ~presence & known) - 1.0)


def weighted_auc(presence: NDArray[np.bool_], level: Array, weight: Array) -> Array:
    """Return the AUC of plots that count several times or not at all.

    Parameters
    ----------
    presence, level
        Of the plots (N,); ties of level count half.
    weight
        How often each plot counts in each draw (B, N).

    Returns
    -------
    auc
        (B,), NaN where a draw holds one class only.
    """
    found = np.full(len(weight), np.nan)
    if not len(level):
        return found
    order = np.argsort(level, kind="stable")
    first = np.flatnonzero(np.append(True, np.diff(level[order]) > 0))
    present = presence[order]
    step = max(1, _WORK // len(level))
    for begin in range(0, len(weight), step):
        ordered = weight[begin : begin + step, order].astype(np.float64)
        ones = np.add.reduceat(ordered * present, first, axis=1)
        zeros = np.add.reduceat(ordered * ~present, first, axis=1)
        below = np.cumsum(zeros, axis=1) - zeros
        with np.errstate(invalid="ignore", divide="ignore"):
            found[begin : begin + step] = (ones * (below + 0.5 * zeros)).sum(axis=1) / (
                ones.sum(axis=1) * zeros.sum(axis=1)
            )
    return found
