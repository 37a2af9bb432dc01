"""From out-of-fold predictions of a task to its scores and to the paper's table."""

from __future__ import annotations

import collections
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from botaclip.training import metrics
from botaclip.training.boyce import boyce_index
from botaclip.training.comparison import Score, TaskComparison, bootstrap
from botaclip.training.task import Task
from botaclip.training.task_predictions import TaskPredictions
from botaclip.training.task_scores import HEADLINE, ranks_plots, task_scores, without_level

Floats = NDArray[np.float64]
Index = NDArray[np.integer]
# scores[target][column][metric]
Scores = dict[str, dict[str, dict[str, float]]]

# In the paper's protocol presence is judged as biomod2 does, by the best threshold on the very plots that are scored.
PAPER_HEADLINE = "tss_max_biomod2"
# Scores that have to be computed anew for every draw take their time.
_COSTLY_DRAWS = 200
_THRESHOLDS = 100  # biomod2's


def headline_metric(task: Task, protocol: str) -> str:
    """Return the metric that the paper's table shows for a task."""
    return PAPER_HEADLINE if protocol == "paper" and task.kind == "presence" else HEADLINE[task.kind]


def scores_of(predictions: TaskPredictions) -> Scores:
    """Return ``scores[target][column][metric]``: of every repeat, pooled and as mean over folds, and their mean.

    Parameters
    ----------
    predictions
        Out-of-fold predictions. In presence tasks a fold that learnt from no presence, or from no absence, of a
        target is not scored for it.
    """
    task = predictions.task
    found: Scores = {name: {} for name in task.targets}
    for column in predictions.predicted:
        repeats = [_scores_of_repeat(predictions, column, r) for r in range(len(predictions.fold))]
        for name in task.targets:
            found[name][column] = {
                metric: _mean([each[name][metric] for each in repeats]) for metric in repeats[0][name]
            }
    return found


def _scores_of_repeat(predictions: TaskPredictions, column: str, repeat: int) -> dict[str, dict[str, float]]:
    task, fold = predictions.task, predictions.fold[repeat]
    rows = np.flatnonzero(fold >= 0)
    predicted = _learnt(predictions, column, repeat)[rows]
    levels = predictions.level[column][repeat]
    scores = task_scores(
        task, rows, predicted, predictions.thresholds[column][repeat], fold=fold[rows],
        level=levels, median=predictions.median[column][repeat],
    )
    if task.kind == "presence":
        # Back between 0 and 1: biomod2's thresholds are rounded to whole numbers where scores exceed 1.
        ranked = expit(_ranked(predictions, column, repeat))
        for s, name in enumerate(task.targets):
            scores[name][PAPER_HEADLINE] = _tss_max_biomod2(task.values[rows, s], ranked[rows, s])
            of_folds = [fold[rows] == k for k in range(int(fold.max()) + 1)]
            scores[name][f"{PAPER_HEADLINE}_fold_mean"] = _mean([
                _tss_max_biomod2(task.values[rows[here], s], predicted[here, s]) for here in of_folds
            ])  # fmt: skip
    return scores


def _learnt(predictions: TaskPredictions, column: str, repeat: int) -> Floats:
    """Return predictions (N, S) with NaN where the fold's training plots held one class of the target only."""
    fold = predictions.fold[repeat]
    tested = (fold >= 0)[:, None] & predictions.learnt[repeat][fold]
    return np.where(tested, predictions.predicted[column][repeat], np.nan)


def _ranked(predictions: TaskPredictions, column: str, repeat: int) -> Floats:
    """Return what ranks plots of all folds together (N, S): predictions without what the fold's training plots gave."""
    task, fold = predictions.task, predictions.fold[repeat]
    return without_level(_learnt(predictions, column, repeat), fold, predictions.level[column][repeat], task.kind)


def _tss_max_biomod2(y: Floats, p: Floats) -> float:
    known = np.isfinite(y) & np.isfinite(p)
    return metrics.max_tss_biomod2(y[known], p[known])[0]


def compared(
    predictions: TaskPredictions, scores: Scores, blocks: Index, metric: str, *, random_state: int = 1
) -> TaskComparison:
    """Return a task as the paper's table needs it: the headline metric, and the same for plots drawn by blocks.

    Parameters
    ----------
    predictions, scores
        Of one task.
    blocks
        Number of the block of each plot (N,).
    metric
        The headline.
    random_state
        Seed of the draws.
    """
    task = predictions.task
    tested = (predictions.fold >= 0).any(axis=0)
    if task.kind != "presence-only":
        tested &= task.known.any(axis=1)
    drawn_from = np.where(tested, blocks, -1)
    draws = _draws(predictions, drawn_from, metric, random_state)
    columns = list(predictions.predicted)
    values = {
        column: np.array([scores[name][column].get(metric, np.nan) for name in task.targets]) for column in columns
    }
    return TaskComparison(
        predictions.name, metric, task.targets, values, draws, int(tested.sum()),
        len(np.unique(drawn_from[drawn_from >= 0])),
    )


def _draws(predictions: TaskPredictions, blocks: Index, metric: str, random_state: int) -> dict[str, Floats]:
    task, columns = predictions.task, list(predictions.predicted)
    if metric == "tss_at_train_threshold":
        return _tss_draws(predictions, blocks, random_state)
    if metric == PAPER_HEADLINE:
        return _biomod2_draws(predictions, blocks, random_state)
    scorers: dict[str, Score] = {}
    for column in columns:
        repeats = range(len(predictions.fold))
        ranked = [_ranked(predictions, column, r) for r in repeats]
        if metric == "boyce":
            ranked = [_telling(ranked[r], predictions.fold[r]) for r in repeats]
        scorers[column] = _scorer(task, ranked, metric)
    return bootstrap(scorers, blocks, draws=_COSTLY_DRAWS, random_state=random_state)


def _telling(ranked: Floats, fold: Index) -> Floats:
    """Return predictions (N, S) with NaN for targets of which no fold's model tells plots apart."""
    known = fold >= 0
    tells = [
        ranks_plots(column[known & np.isfinite(column)], fold[known & np.isfinite(column)]) for column in ranked.T
    ]
    return np.where(np.array(tells, dtype=bool), ranked, np.nan)


def _scorer(task: Task, ranked: Sequence[Floats], metric: str) -> Score:
    def one(y: Floats, p: Floats) -> float:
        if metric == "boyce":
            known = np.isfinite(p)
            return boyce_index(p[known & (y > 0)], p[known])
        known = np.isfinite(y) & np.isfinite(p)
        return metrics.spearman(y[known], p[known])

    def score(rows: Index) -> Floats:
        return np.array([
            _mean([one(task.values[rows, s], p[rows, s]) for p in ranked]) for s in range(len(task.targets))
        ])  # fmt: skip

    return score


def _tss_draws(predictions: TaskPredictions, blocks: Index, random_state: int, draws: int = 1_000) -> dict[str, Floats]:
    """Return TSS (B, T) of plots drawn by blocks, from counts: a draw is how often each block counts."""
    names = np.unique(blocks[blocks >= 0])
    if len(names) < 2:
        return {}
    weights, member = _weights(len(names), draws, random_state), (blocks[None] == names[:, None]).astype(float)
    truth = predictions.task.values
    found = {}
    for column in predictions.predicted:
        decided, total = predictions.decided(column), np.zeros((draws, truth.shape[1]))
        for r in range(len(decided)):
            known = np.isfinite(_learnt(predictions, column, r))
            present, absent = known & (truth > 0), known & (truth == 0)
            counts = [weights @ (member @ part) for part in
                      (present & decided[r], present, absent & ~decided[r], absent)]  # fmt: skip
            with np.errstate(invalid="ignore", divide="ignore"):
                total += counts[0] / counts[1] + counts[2] / counts[3] - 1
        found[column] = total / len(decided)
    return found


def _biomod2_draws(
    predictions: TaskPredictions, blocks: Index, random_state: int, draws: int = _COSTLY_DRAWS
) -> dict[str, Floats]:
    """Return the largest TSS (B, T) over biomod2's thresholds, those of all plots, of plots drawn by blocks."""
    names = np.unique(blocks[blocks >= 0])
    if len(names) < 2:
        return {}
    weights, member = _weights(len(names), draws, random_state), (blocks[None] == names[:, None]).astype(float)
    truth, found = predictions.task.values, {}
    for column in predictions.predicted:
        total = np.zeros((draws, truth.shape[1]))
        for r in range(len(predictions.fold)):
            ranked = expit(_ranked(predictions, column, r))
            for s in range(truth.shape[1]):
                known = np.isfinite(truth[:, s]) & np.isfinite(ranked[:, s])
                if not known.any():
                    total[:, s] = np.nan
                    continue
                y, p, of = truth[known, s] > 0, ranked[known, s], member[:, known]
                passed = p[:, None] >= np.linspace(p.min(), p.max(), _THRESHOLDS)
                with np.errstate(invalid="ignore", divide="ignore"):
                    hits = (weights @ (of[:, y] @ passed[y])) / (weights @ of[:, y].sum(axis=1))[:, None]
                    alarms = (weights @ (of[:, ~y] @ passed[~y])) / (weights @ of[:, ~y].sum(axis=1))[:, None]
                total[:, s] += (hits - alarms).max(axis=1)
        found[column] = total / len(predictions.fold)
    return found


def _weights(blocks: int, draws: int, random_state: int) -> Floats:
    """Return how often each block counts in each draw (B, K)."""
    rng = np.random.default_rng(random_state)
    return rng.multinomial(blocks, np.full(blocks, 1 / blocks), size=draws).astype(float)


def summary_of(scores: Scores) -> dict[str, dict[str, dict[str, float]]]:
    """Return ``summary[column][metric]``: ``median`` over targets of the pooled scores and ``fold_mean``, ``n``."""
    found: dict[str, dict[str, dict[str, float]]] = {}
    for column in next(iter(scores.values()), {}):
        found[column] = {}
        for metric in next(iter(scores.values()))[column]:
            if metric in ("n", "n_presences") or metric.endswith("_fold_mean"):
                continue
            values = np.array([columns[column][metric] for columns in scores.values()])
            known = values[np.isfinite(values)]
            if known.size:
                of_folds = np.array([columns[column].get(f"{metric}_fold_mean", np.nan) for columns in scores.values()])
                of_folds = of_folds[np.isfinite(of_folds)]
                found[column][metric] = {
                    "median": float(np.median(known)),
                    "fold_mean": float(np.median(of_folds)) if of_folds.size else float("nan"), "n": int(known.size),
                }  # fmt: skip
    return found


def unscored_targets(predictions: TaskPredictions, scores: Scores, metric: str) -> dict[str, str]:
    """Return the targets of which no column has the headline metric, and why.

    Parameters
    ----------
    predictions, scores
        Of one task.
    metric
        The headline.
    """
    task, found = predictions.task, {}
    for s, name in enumerate(task.targets):
        if any(np.isfinite(columns.get(metric, np.nan)) for columns in scores[name].values()):
            continue
        learnt = predictions.learnt[:, :, s]
        tested = np.zeros(len(task), dtype=bool)
        for fold, could in zip(predictions.fold, learnt, strict=True):
            tested |= (fold >= 0) & could[fold]
        found[name] = _why_unscored(task.kind, bool(learnt.any()), task.values[tested, s])
    return found


def _why_unscored(kind: str, learnt: bool, tested: Floats) -> str:
    known = tested[np.isfinite(tested)]
    if not learnt:
        return {
            "presence": "no training fold both holds and lacks it",
            "presence-only": "no training fold both holds it and leaves plots for pseudo-absences",
            "abundance": "no training fold knows a value",
        }[kind]
    if kind == "abundance":
        return "the plots tested by folds that could learn it have too few different values"
    if not (known > 0).any():
        return "all plots tested by folds that could learn it lack it"
    if kind == "presence" and (known > 0).all():
        return "all plots tested by folds that could learn it hold it"
    return "no column tells the tested plots apart"


def unscored_words(unscored: Mapping[str, str], targets: int) -> list[str]:
    """Return how many of the targets have no score and why, in one sentence; none where all have one."""
    if not unscored:
        return []
    reasons = ", ".join(f"{reason} ({count})" for reason, count in collections.Counter(unscored.values()).most_common())
    return [f"{len(unscored)} of {targets} targets have no score: {reasons}."]


def _mean(values: Sequence[float]) -> float:
    known = [value for value in values if np.isfinite(value)]
    return float(np.mean(known)) if known else float("nan")
