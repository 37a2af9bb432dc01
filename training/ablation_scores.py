"""What a variant of an ablation scores, and how that differs from the unchanged alignment."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from botaclip.training.ablation_variants import Variant
from botaclip.training.block_bootstrap import block_draws
from botaclip.training.comparison import TaskComparison, difference
from botaclip.training.evaluation import CrossValidation
from botaclip.training.scores import scorable, target_scores
from botaclip.training.statistics import holm
from botaclip.training.training_table import TrainingTable

Floats = NDArray[np.float64]
Scores = Mapping[str, Mapping[str, Floats]]

# Squared error over that of the prevalence of the same training plots: less is better, 1 is knowing nothing.
RELATIVE_ERROR = "relative_error"
METRICS = ("tss_at_train_threshold", "auc", RELATIVE_ERROR)
# What stands in every run: the one to vary comes before these.
RAW, PREVALENCE = "raw", "prevalence"


@dataclasses.dataclass(frozen=True)
class Judged:
    """Scores of one run, mean over its repeats.

    Parameters
    ----------
    species
        Names (S,).
    values
        ``values[column][metric]`` (S,), NaN where a species has none.
    draws
        The same (B, S) for plots drawn anew by blocks, the same draws in every run on the same plots; empty where
        nothing can be drawn.
    learnt
        Of every repeat, which species each fold's models could learn (F, S).
    choices
        Per repeat and fold, what each column settled on.
    n_plots, n_blocks
        How many plots were tested, and from how many blocks they were drawn.
    """

    species: tuple[str, ...]
    values: Scores
    draws: Scores
    learnt: tuple[NDArray[np.bool_], ...]
    choices: tuple[dict[str, str], ...]
    n_plots: int
    n_blocks: int


def judge(
    data: TrainingTable, runs: Sequence[CrossValidation], blocks: NDArray[np.integer], *, random_state: int = 1
) -> Judged:
    """Score a run.

    Parameters
    ----------
    data
        The plots.
    runs
        Their out-of-fold predictions in every repeat, :data:`PREVALENCE` among the columns.
    blocks
        Block of each plot (N,) that intervals draw from.
    random_state
        Seed of the draws.
    """
    learnt = tuple(scorable(data, cv) for cv in runs)
    values = [_values(data, cv) for cv in runs]
    drawn = [
        block_draws(data, cv, known, blocks, random_state=random_state)
        for cv, known in zip(runs, learnt, strict=True)
    ]
    draws = [_with_relative_error(each.values) for each in drawn if each is not None]
    tested = runs[0].fold >= 0
    return Judged(
        data.species, _mean(values), _mean(draws) if len(draws) == len(runs) else {}, learnt,
        tuple(choices for cv in runs for choices in cv.choices),
        int(tested.sum()), len(np.unique(blocks[tested])),
    )


def _values(data: TrainingTable, cv: CrossValidation) -> dict[str, dict[str, Floats]]:
    targets = target_scores(data, cv)
    return _with_relative_error({
        column: {
            metric: np.array([targets[name][column][metric] for name in data.species])
            for metric in ("tss_at_train_threshold", "auc", "brier")
        }
        for column in cv.suitability
    })  # fmt: skip


def _with_relative_error(values: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Floats]]:
    """Return the scores of :data:`METRICS`, of every column but the prevalence."""
    known = values[PREVALENCE]["brier"]
    reference = np.where(known > 0, known, np.nan)
    return {
        column: {**{metric: np.asarray(scores[metric], dtype=float) for metric in METRICS if metric != RELATIVE_ERROR},
                 RELATIVE_ERROR: np.asarray(scores["brier"] / reference, dtype=float)}
        for column, scores in values.items() if column != PREVALENCE
    }  # fmt: skip


def _mean(repeats: Sequence[Mapping[str, Mapping[str, Floats]]]) -> dict[str, dict[str, Floats]]:
    """Return the mean of every score over repeats; NaN where one of them has none."""
    return {
        column: {metric: np.mean([each[column][metric] for each in repeats], axis=0) for metric in scores}
        for column, scores in repeats[0].items()
    }


def paired(first: Judged, column: str, second: Judged, other: str, metric: str) -> dict[str, float]:
    """Return how much ``column`` of one run differs from ``other`` of a second, paired by species.

    Species that some fold could learn in one run only (with a quarter of its plots it may hold no presence) are left
    out: their scores are of other plots.

    Returns
    -------
    difference
        ``median``; ``low``, ``high`` (95 %, over blocks); ``p`` (Wilcoxon), ``rank_biserial``, ``n``,
        ``n_nonzero``.
    """
    same = np.all([(a == b).all(axis=0) for a, b in zip(first.learnt, second.learnt, strict=True)], axis=0)
    sides = {"first": (first, column), "second": (second, other)}
    values = {side: np.where(same, run.values[name][metric], np.nan) for side, (run, name) in sides.items()}
    draws = {}
    if first.draws and second.draws:
        draws = {side: np.where(same, run.draws[name][metric], np.nan) for side, (run, name) in sides.items()}
    task = TaskComparison("", metric, first.species, values, draws, first.n_plots, first.n_blocks)
    return difference(task, "first", "second")


def shown(data_type: str) -> dict[str, str]:
    """Return the metrics that may be said of this kind of relevés, by the name they are given."""
    # Of presence-only relevés an unlisted species is not absent.
    return {"auc_background": "auc"} if data_type == "presence-only" else {metric: metric for metric in METRICS}


def row_of(
    variant: Variant, column: str, judged: Judged, reference: Judged, unchanged: str, raw: Judged,
    metrics: Mapping[str, str],
) -> dict[str, Any]:
    """Return everything that is said of a variant.

    Parameters
    ----------
    variant, column
        What was varied, and which of its columns this is about.
    judged
        Its scores.
    reference, unchanged
        The run in which nothing is changed, and the column that is varied.
    raw
        The run whose frozen vectors are those of the variant, at its size.
    metrics
        See :func:`shown`.
    """
    row: dict[str, Any] = _named(variant, column) | {
        "n_plots": judged.n_plots, "n_blocks": judged.n_blocks, "metrics": {}, "left_out": "",
        "choices": [choices[column] for choices in judged.choices],
        "targets": {
            name: {metric: float(judged.values[column][key][s]) for metric, key in metrics.items()}
            for s, name in enumerate(judged.species)
        },
    }  # fmt: skip
    for metric, key in metrics.items():
        values = judged.values[column][key]
        known = np.isfinite(values)
        entry: dict[str, Any] = {
            "median": float(np.median(values[known])) if known.any() else float("nan"), "n_targets": int(known.sum()),
        }  # fmt: skip
        if not (variant.is_default and column == unchanged):
            entry["difference"] = paired(judged, column, reference, unchanged, key)
        if column != RAW:
            entry["difference_to_raw"] = paired(judged, column, raw, RAW, key)
        row["metrics"][metric] = entry
    return row


def left_out_row(variant: Variant, column: str, reason: str) -> dict[str, Any]:
    """Return what is said of a variant that cannot be run: why."""
    return _named(variant, column) | {
        "n_plots": 0, "n_blocks": 0, "metrics": {}, "left_out": reason, "choices": [], "targets": {},
    }  # fmt: skip


def _named(variant: Variant, column: str) -> dict[str, Any]:
    return {
        "factor": variant.factor, "variant": variant.name, "column": column,
        "is_default": variant.is_default and column != RAW,
    }  # fmt: skip


def adjust(rows: Sequence[Mapping[str, Any]], unchanged: str) -> None:
    """Add ``p_holm``: p adjusted for the number of variants of the same factor."""
    for factor in dict.fromkeys(row["factor"] for row in rows):
        family = [row["metrics"] for row in rows if (row["factor"], row["column"]) == (factor, unchanged)]
        for metric in dict.fromkeys(metric for metrics in family for metric in metrics):
            found = [metrics[metric]["difference"] for metrics in family if "difference" in metrics.get(metric, {})]
            for each, adjusted in zip(found, holm([each["p"] for each in found]), strict=True):
                each["p_holm"] = float(adjusted)
