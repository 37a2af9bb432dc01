"""Real data: targets scored over pairs of plots that may be compared, and drawn anew by whole blocks.

AUC is the share of pairs of a presence and an absence that are in the right order. Which pairs count is said by labels:
all of them (pooled), or only plots of one site that one model was tested on (within sites). Kept by pairs of blocks,
so that a bootstrap draw is a weighted sum.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from checkout import register

register()

import numpy as np  # noqa: E402
from numpy.typing import NDArray  # noqa: E402

from botaclip.training.comparison import TaskComparison, bootstrap, difference  # noqa: E402
from botaclip.training.metrics import remove_fold_prevalence, spearman  # noqa: E402
from botaclip.training.task import Task  # noqa: E402
from study import Judged  # noqa: E402
from study_tables import COMPARISONS  # noqa: E402

Floats = NDArray[np.floating]
Index = NDArray[np.integer]
DRAWS = 1_000


def pair_sums(
    y: Floats, level: Floats, labels: Index, blocks: Index, count: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return how many pairs (blocks of the presence, of the absence) are in the right order, and how many there are.

    Parameters
    ----------
    y, level
        Presence (N,), NaN where unknown, and what ranks the plots (N,).
    labels, blocks
        Only plots of one label are compared (N,), negative: with none; block of each plot (N,), 0 to ``count`` - 1.
    """
    usable = np.isfinite(y) & np.isfinite(level) & (labels >= 0)
    present, absent = np.flatnonzero(usable & (y > 0)), np.flatnonzero(usable & (y == 0))
    same = labels[present][:, None] == labels[absent]
    gap = level[present][:, None] - level[absent]
    where = np.broadcast_arrays(blocks[present][:, None], blocks[absent])
    right, pairs = np.zeros((count, count)), np.zeros((count, count))
    np.add.at(right, where, np.where(same, (gap > 1e-9) + 0.5 * (np.abs(gap) <= 1e-9), 0.0))
    np.add.at(pairs, where, same.astype(float))
    return right, pairs


def task_by_blocks(
    task: Task, repeats: Sequence[tuple[Judged, str]], blocks: Sequence[str], *, sites: Sequence[str] | None = None,
    fewest: int = 5, draws: int = DRAWS, also: Sequence[tuple[str, str]] = (),
) -> dict[str, Any]:
    """Return ``{"kind", "targets", "intervals"}`` of a task: its AUC (Spearman for abundances), with block intervals.

    Differences are medians over targets (``"statistic"``), within sites means: few pairs make an AUC of few steps,
    whose median over targets jumps or stays where it is, whatever is drawn.

    Parameters
    ----------
    task
        What is true; ``plants`` are its name for the table's own species.
    repeats
        Several cross-validations with the name the task has there.
    blocks
        Block of each plot (N,).
    sites
        Site of each plot: then each target is scored on each site by itself, between plots that one model was tested
        on. None: over all plots, each fold's training prevalence taken out.
    fewest
        Fewest presences and pairs of a target that may be compared, in every repeat; of abundances, half the fewest
        that are known.
    draws
        Of the bootstrap.
    also
        Pairs of columns to compare beside the studies' own.
    """
    names, block = np.unique(np.asarray(blocks), return_inverse=True)
    columns = list(_levels(*repeats[0]))
    places = np.zeros(len(task), int) if sites is None else np.unique(np.asarray(sites), return_inverse=True)[1]
    targets = [
        (target, site) for target in range(len(task.targets)) for site in range(places.max() + 1)
        if _enough(task.values[:, target], places == site, task.kind,
                   [each.plants.fold for each, _ in repeats], sites is not None, fewest)
    ]  # fmt: skip
    statistic = "median" if sites is None or task.kind == "abundance" else "mean"
    if not targets:
        return {"kind": task.kind, "statistic": statistic, "intervals": {}, "blocks": len(names), "targets": {}}
    sizes = np.bincount(block, minlength=len(names)).astype(float)
    metric = "spearman" if task.kind == "abundance" else "auc"
    scores: dict[str, Callable[[Index], Floats]] = {}
    for column in columns:
        if task.kind == "abundance":
            ranked = [(_levels(*each)[column], each[0].plants.fold) for each in repeats]
            scores[column] = _rank_score(task, ranked, targets, places)
            continue
        sums = []
        for judged, name in repeats:
            level, fold = _levels(judged, name)[column], judged.plants.fold
            if sites is None:
                level = _without_level(judged, name, column)
            for target, site in targets:
                labels = _labels(places == site, fold, sites is not None)
                sums.append(pair_sums(task.values[:, target], level[:, target], labels, block, len(names)))
        right, pairs = (np.array(part).reshape(len(repeats), len(targets), len(names), len(names))
                        for part in zip(*sums, strict=True))  # fmt: skip
        scores[column] = _pair_score(right, pairs, block, sizes)
    everything = np.arange(len(task))
    values = {column: score(everything) for column, score in scores.items()}
    labelled = [
        task.targets[target] + ("" if sites is None else f" ({np.unique(np.asarray(sites))[site]})")
        for target, site in targets
    ]
    drawn = bootstrap(scores, block, draws=draws)
    comparison = TaskComparison(task.name, metric, tuple(labelled), values, drawn, len(task), len(names))
    wanted = [(column, "raw") for column in columns if column != "raw" and "raw" in columns] + [*COMPARISONS, *also]
    intervals = {}
    for a, b in wanted:
        if a in columns and b in columns:
            if statistic == "median":
                found = difference(comparison, a, b)
                ends = [found["low"], found["high"]]
            else:
                ends = interval_of_mean(drawn[a] - drawn[b]) if drawn else [float("nan")] * 2  # one block has no draws
            intervals[f"{a} - {b}"] = {metric: ends}
    return {
        "kind": task.kind, "statistic": statistic, "intervals": intervals, "blocks": len(names),
        "targets": {
            name: {column: {metric: float(values[column][i])} for column in columns} for i, name in enumerate(labelled)
        },
    }  # fmt: skip


def _levels(judged: Judged, name: str) -> Mapping[str, Floats]:
    """Return what ranks the plots (N, S) by column."""
    if name == "plants":
        return judged.plants.suitability
    return {column: np.asarray(found.predicted[0]) for column, found in judged.tasks[name].items()}


def _without_level(judged: Judged, name: str, column: str) -> Floats:
    """Return predictions (N, S) without their fold's training prevalence."""
    if name == "plants":
        p, level = judged.plants.suitability[column], judged.plants.baseline[column]
    else:
        p, level = judged.tasks[name][column].predicted[0], judged.tasks[name][column].level[0]
    held = judged.plants.fold >= 0
    out = np.full(p.shape, np.nan)
    clipped = np.clip(p[held], 1e-6, 1 - 1e-6)
    level = np.clip(level, 1e-6, 1 - 1e-6)
    out[held] = remove_fold_prevalence(clipped, judged.plants.fold[held], level).round(9)
    return out


def interval_of_mean(gaps: Floats) -> list[float]:
    """Return the 95 % interval of the mean over targets of drawn differences (B, T)."""
    known = np.isfinite(gaps)
    gaps, known = gaps[known.any(axis=1)], known[known.any(axis=1)]
    if not len(gaps):
        return [float("nan")] * 2
    means = np.where(known, gaps, 0.0).sum(axis=1) / known.sum(axis=1)
    return [float(end) for end in np.quantile(means, [0.025, 0.975])]


def _labels(here: NDArray[np.bool_], fold: Index, within: bool) -> Index:
    """Return what plots have in common that may be compared: their fold within a site, else that they were tested."""
    return np.where(here & (fold >= 0), fold if within else 0, -1)


def _enough(
    y: Floats, here: NDArray[np.bool_], kind: str, folds: Sequence[Index], within: bool, fewest: int
) -> bool:
    """Whether a target can be scored on some plots, of presences as the folds have cut pairs apart in every repeat."""
    if kind == "abundance":
        known = y[here & np.isfinite(y)]
        return len(known) >= 2 * fewest and bool(np.ptp(known) > 0)
    for fold in folds:
        labels = _labels(here & np.isfinite(y), fold, within)
        usable = labels >= 0
        present = np.bincount(labels[usable & (y > 0)], minlength=1)
        absent = np.bincount(labels[usable & (y == 0)], minlength=len(present))[: len(present)]
        if present[absent > 0].sum() < fewest or (present * absent).sum() < fewest:
            return False
    return True


def _pair_score(right: Floats, pairs: Floats, block: Index, sizes: Floats) -> Callable[[Index], Floats]:
    """Return the score of drawn rows (T,): mean over repeats of the share of pairs in order."""

    def score(rows: Index) -> Floats:
        weight = np.bincount(block[rows], minlength=len(sizes)) / sizes
        weights = np.outer(weight, weight).ravel()
        flat = (*right.shape[:2], -1)
        with np.errstate(invalid="ignore", divide="ignore"):
            shares = (right.reshape(flat) @ weights) / (pairs.reshape(flat) @ weights)
        known = np.isfinite(shares)
        total = np.where(known, shares, 0.0).sum(axis=0)
        return np.where(known.any(axis=0), total / np.maximum(known.sum(axis=0), 1), np.nan)

    return score


def _rank_score(
    task: Task, repeats: Sequence[tuple[Floats, Index]], targets: Sequence[tuple[int, int]], places: Index
) -> Callable[[Index], Floats]:
    """Return the score of drawn rows (T,): Spearman, mean over repeats and, within sites, over sites' own plots."""

    def score(rows: Index) -> Floats:
        found = np.full((len(repeats), len(targets)), np.nan)
        for r, (level, fold) in enumerate(repeats):
            for t, (target, site) in enumerate(targets):
                here = rows[(places[rows] == site) & (fold[rows] >= 0)]
                y, p = task.values[here, target], level[here, target]
                known = np.isfinite(y) & np.isfinite(p)
                if known.sum() > 3 and np.ptp(y[known]) > 0:
                    found[r, t] = spearman(y[known], p[known].round(9))
        known = np.isfinite(found)
        return np.where(known.any(axis=0), np.where(known, found, 0).sum(axis=0) / np.maximum(known.sum(axis=0), 1),
                        np.nan)  # fmt: skip

    return score
