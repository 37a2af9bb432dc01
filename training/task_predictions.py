"""What downstream models predict of a task, plot by plot, by models that have not seen the plot."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from botaclip.training.downstream import Downstream
from botaclip.training.evaluation import CrossValidation
from botaclip.training.pseudo_absences import envelope_predictors
from botaclip.training.scores import scorable
from botaclip.training.task import Task
from botaclip.training.training_table import TrainingTable
from botaclip.training.without_image import OwnModels

Floats = NDArray[np.floating]
Index = NDArray[np.integer]
Mask = NDArray[np.bool_]

# Presence is where a plot is more suitable than the training plots are on average. No score of a training plot enters:
# those of vectors whose adapter has seen the plot's relevé are better than those of a new plot, a forest's out-of-bag
# ones among them, and a threshold taken from them is too high for a new one (botaclip-method 11).
THRESHOLD_RULE = "prevalence"
_SAME = 1e-9


@dataclasses.dataclass(frozen=True)
class FoldPredictions:
    """What one column says of the test plots of one fold.

    Parameters
    ----------
    predicted
        Probability of presence, or abundance (M, S); NaN where a target could not be learnt.
    level, median
        Mean and median of each target over the training plots (S,): what is predicted of a plot of which nothing is
        known.
    """

    predicted: Floats
    level: Floats
    median: Floats


@dataclasses.dataclass(frozen=True)
class TaskPredictions:
    """Out-of-fold predictions of one task by one kind of model, of every column.

    Parameters
    ----------
    task
        The task, row by row the plots.
    model
        Name of the model.
    fold
        In which fold each plot was tested (R, N) in each of R repeats, -1 where in none.
    predicted
        By column (R, N, S); NaN where not tested.
    level, median, thresholds
        By column (R, K, S), of the training plots of each fold; presence is from the threshold on.
    learnt
        Whether a fold's training plots both held and lacked a target (R, K, S); what models say of others is no
        prediction. Always, for abundances.
    """

    task: Task
    model: str
    fold: Index
    predicted: Mapping[str, Floats]
    level: Mapping[str, Floats]
    median: Mapping[str, Floats]
    thresholds: Mapping[str, Floats]
    learnt: Mask

    @property
    def name(self) -> str:
        """The task and its model, as tables call it."""
        return f"{self.task.name}, {self.model}"

    def decided(self, column: str) -> Mask:
        """Return whether presence is expected (R, N, S), each plot by the threshold of its fold."""
        cut = np.stack([cuts[fold] for cuts, fold in zip(self.thresholds[column], self.fold, strict=True)])
        with np.errstate(invalid="ignore"):
            return np.asarray((self.predicted[column] >= cut) & (self.fold >= 0)[..., None])

    @classmethod
    def gathered(
        cls, task: Task, model: str, folds: Sequence[tuple[Index, Index]],
        parts: Sequence[Mapping[str, FoldPredictions]],
    ) -> TaskPredictions:
        """Return one repeat put together from its folds."""
        columns = list(parts[0])
        fold = np.full((1, len(task)), -1)
        predicted = {column: np.full((1, *task.values.shape), np.nan) for column in columns}
        for number, ((_, test), part) in enumerate(zip(folds, parts, strict=True)):
            fold[0, test] = number
            for column in columns:
                predicted[column][0, test] = part[column].predicted
        level = {column: np.array([[part[column].level for part in parts]]) for column in columns}
        median = {column: np.array([[part[column].median for part in parts]]) for column in columns}
        # What differs in the last bits only is no reason to call one plot suitable and another not.
        cuts = {column: level[column] - _SAME for column in columns}
        # The same plots in every column: the level is that of the values.
        share = level[columns[0]]
        learnt = np.isfinite(share) if task.kind == "abundance" else (share > 0) & (share < 1)
        return cls(task, model, fold, predicted, level, median, cuts, learnt)

    @classmethod
    def of_species_heads(
        cls, task: Task, table: TrainingTable, repeats: Sequence[CrossValidation]
    ) -> TaskPredictions:
        """Return the predictions of the plants by the species heads, as ``train`` makes and scores them."""
        made = [
            cls(
                task, "species head", cv.fold[None], {c: values[None] for c, values in cv.suitability.items()},
                {c: cv.baseline[c][None] for c in cv.suitability}, {c: cv.baseline[c][None] for c in cv.suitability},
                # Prevalence alone is present everywhere, see fit_columns.
                {c: cv.baseline[c][None] * (0.0 if c == "prevalence" else 1.0) for c in cv.suitability},
                scorable(table, cv)[None],
            )
            for cv in repeats
        ]  # fmt: skip
        return cls.repeated(made)

    @classmethod
    def repeated(cls, repeats: Sequence[TaskPredictions]) -> TaskPredictions:
        """Return several repeats as one; those with fewer folds have NaN levels for the others."""
        first = repeats[0]
        most = max(levels.shape[1] for each in repeats for levels in each.level.values())

        def together(part: str) -> dict[str, Floats]:
            return {
                column: np.concatenate([_wide(getattr(each, part)[column], most) for each in repeats])
                for column in first.predicted
            }

        return cls(
            first.task, first.model, np.concatenate([each.fold for each in repeats]),
            {column: np.concatenate([each.predicted[column] for each in repeats]) for column in first.predicted},
            together("level"), together("median"), together("thresholds"),
            np.concatenate([_wide(each.learnt, most, False) for each in repeats]),
        )


def _wide(values: NDArray[Any], folds: int, filling: Any = np.nan) -> NDArray[Any]:
    return np.pad(values, ((0, 0), (0, folds - values.shape[1]), (0, 0)), constant_values=filling)


def fit_and_predict(
    downstream: Downstream, task: Task, table: TrainingTable, train: Index, vectors: Floats | None,
    tested: Floats | None, count: int, *, random_state: int, own: OwnModels | None = None,
) -> FoldPredictions:
    """Fit a downstream model on the training plots of one fold and predict the test plots.

    Parameters
    ----------
    downstream, task
        What is fitted, and to what; of the test plots no value is looked at.
    table
        All plots, for what pseudo-absences need to know of the training ones.
    train
        Rows of the training plots.
    vectors, tested
        What is read of the training and test plots (N, E), (M, E); None for the column that reads nothing.
    count
        Number of test plots M.
    random_state
        Seed.
    own
        Of a column without an image: the best of its own models and of ``downstream`` predicts.
    """
    inside = task.take(train)
    values = inside.values
    if task.kind == "presence-only":
        # The same pseudo-absences for every column: chosen from the frozen vectors (or layers) and places.
        rule, layers = downstream.pseudo_absences, table.environment
        predictors = None
        if rule.strategy == "sre":
            predictors = envelope_predictors(table.vectors[train], None if layers is None else layers[train])
        values = rule.fill(
            values, random_state=random_state, places=table.location[train], predictors=predictors,
            recorded=inside.recorded,
        )
    if vectors is None or tested is None:
        level = _over_plots(values, np.mean)
        return FoldPredictions(np.tile(level, (count, 1)), level, _over_plots(values, np.median))
    if own is not None:
        predicted = own.predict(downstream, values, vectors, tested, task.kind, random_state)
        return FoldPredictions(predicted, _over_plots(values, np.mean), _over_plots(values, np.median))
    fitted = downstream.fit(vectors, values, task.kind, random_state, filled=True)
    return FoldPredictions(fitted.predict(tested), fitted.level, fitted.median)


def _over_plots(values: Floats, statistic: Callable[[Floats], Any]) -> Floats:
    known = np.isfinite(values)
    return np.array([
        float(statistic(column[k])) if k.any() else np.nan for column, k in zip(values.T, known.T, strict=True)
    ])  # fmt: skip
