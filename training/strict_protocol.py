"""The protocol ``strict``: everything that is fitted is fitted inside the outer training fold.

Adapter, standardiser, head, downstream model and threshold see the training plots of a fold and nothing else. The
plants are predicted by the species head, as in ``train``; every task, the plants once more among them, by downstream
models on what each column makes of the plots.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from botaclip.core.progress import SILENT, Progress
from botaclip.training.downstream import Downstream
from botaclip.training.evaluation import CrossValidation, Fitted, fit_columns
from botaclip.training.fit_state import FitState, Kept, digest_of
from botaclip.training.kept_folds import digest_of_fold
from botaclip.training.metrics_document import without_nan
from botaclip.training.parallel import over_folds
from botaclip.training.protocol import Protocol, columns_of
from botaclip.training.space_scores import mean_over_folds, space_scores
from botaclip.training.task import Task
from botaclip.training.task_predictions import FoldPredictions, TaskPredictions, fit_and_predict
from botaclip.training.training_table import TrainingTable
from botaclip.training.without_image import OwnModels

Array = NDArray[np.floating]
Index = NDArray[np.integer]


@dataclasses.dataclass(frozen=True)
class StrictEvaluation:
    """Predictions of the species heads, and of every task by every downstream model; what the spaces look like."""

    plants: CrossValidation
    tasks: tuple[TaskPredictions, ...]
    spaces: dict[str, dict[str, float]]


_HEAD, _TASK = ("suitability", "positive", "baseline"), ("predicted", "level", "median")


@dataclasses.dataclass(frozen=True)
class _Fold:
    suitability: dict[str, Array]
    positive: dict[str, NDArray[np.bool_]]
    baseline: dict[str, Array]
    choices: dict[str, str]
    tasks: tuple[dict[str, FoldPredictions], ...]
    spaces: dict[str, dict[str, float]]

    def keep(self, kept: FitState, name: str, digest: str) -> None:
        arrays: dict[str, Array] = {}
        for column in self.choices:
            for part in _HEAD:
                arrays[f"head.{column}.{part}"] = getattr(self, part)[column]
            for number, made in enumerate(self.tasks):
                for part in _TASK:
                    arrays[f"task{number}.{column}.{part}"] = getattr(made[column], part)
        about = {"choices": self.choices, "spaces": without_nan(self.spaces)}
        kept.keep(name, arrays, about, depends=digest)

    @classmethod
    def of(cls, found: Kept, tasks: int) -> _Fold:
        columns, arrays = list(found.about["choices"]), found.arrays
        head = {part: {column: arrays[f"head.{column}.{part}"] for column in columns} for part in _HEAD}
        made = tuple(
            {column: FoldPredictions(*(arrays[f"task{number}.{column}.{part}"] for part in _TASK))
             for column in columns}
            for number in range(tasks)
        )  # fmt: skip
        spaces = {
            column: {name: float("nan") if value is None else value for name, value in scores.items()}
            for column, scores in found.about["spaces"].items()
        }
        return cls(
            head["suitability"], {column: values.astype(bool) for column, values in head["positive"].items()},
            head["baseline"], dict(found.about["choices"]), made, spaces,
        )


def evaluate_strictly(
    table: TrainingTable, folds: Sequence[tuple[Index, Index]], protocol: Protocol, tasks: Sequence[Task],
    downstream: Sequence[Downstream], *, columns: Sequence[str] | None = None, kept: FitState | None = None,
    progress: Progress = SILENT,
) -> StrictEvaluation:
    """Predict every test plot by columns, heads and downstream models that never saw it.

    Parameters
    ----------
    table
        All plots.
    folds
        (train, test) index pairs.
    protocol
        What is tried and how, inside every fold.
    tasks
        What is predicted beside the plants by the species head; rows are those of ``table``.
    downstream
        The models that predict them.
    columns
        Those of :func:`columns_of` when None.
    kept
        Where finished folds and the state of unfinished fits are kept.
    progress
        Told how far it is.
    """
    omitted: dict[str, str] = {}
    if columns is None:
        columns, omitted = columns_of(table, protocol.asked, protocol.alignments)
    asked = tuple(columns)

    def work(number: int, stage: Progress) -> _Fold:
        (train, test), name = folds[number], f"fold {number + 1}"
        digest, inner = "", None
        if kept is not None:
            digest = digest_of(digest_of_fold(table, train, test, protocol, asked), list(tasks), list(downstream))
            found = kept.finished(name, depends=digest)
            if found is not None:
                return _Fold.of(found, len(tasks) * len(downstream))
            inner = kept.under(name)
        fitted = fit_columns(
            table.take(train), protocol, columns=asked, kept=inner, progress=stage.stage(0.0, 0.8)
        )[0]
        done = _fold(table, train, test, fitted, tasks, downstream, protocol, stage.stage(0.8, 1.0))
        if kept is not None:
            done.keep(kept, name, digest)
        return done

    made = over_folds(len(folds), work, progress=progress)
    return StrictEvaluation(
        _plants(table, folds, asked, made, omitted),
        tuple(
            TaskPredictions.gathered(task, model.name, folds, [each.tasks[t * len(downstream) + m] for each in made])
            for t, task in enumerate(tasks)
            for m, model in enumerate(downstream)
        ),
        mean_over_folds([each.spaces for each in made]),
    )


def _fold(
    table: TrainingTable, train: Index, test: Index, fitted: dict[str, Fitted], tasks: Sequence[Task],
    downstream: Sequence[Downstream], protocol: Protocol, progress: Progress,
) -> _Fold:
    inside, outside = table.take(train), table.take(test)
    suitability, positive = {}, {}
    for column, model in fitted.items():
        suitability[column], positive[column] = model.predict(outside)
    vectors = {
        column: (None if model.space is None else model.space(inside), model.embed(outside))
        for column, model in fitted.items()
    }
    inner = protocol.validation_folds(inside) if tasks else ()
    own = {column: OwnModels.of(column, inner) for column in fitted}
    predicted: list[dict[str, FoldPredictions]] = []
    for task in tasks:
        for each in downstream:
            progress.update(len(predicted) / (len(tasks) * len(downstream)), f"{task.name}, {each.name}")
            predicted.append({
                column: fit_and_predict(
                    each, task, table, train, *vectors[column], len(test), random_state=protocol.random_state,
                    own=own[column],
                )
                for column in fitted
            })  # fmt: skip
    return _Fold(
        suitability, positive, {column: model.baseline for column, model in fitted.items()},
        {column: model.choice for column, model in fitted.items()}, tuple(predicted),
        {column: space_scores(model, fitted["raw"], inside, outside) if "raw" in fitted else {}
         for column, model in fitted.items()},
    )  # fmt: skip


def _plants(
    table: TrainingTable, folds: Sequence[tuple[Index, Index]], columns: Sequence[str], made: Sequence[_Fold],
    omitted: dict[str, str],
) -> CrossValidation:
    shape = table.presence.shape
    suitability = {column: np.full(shape, np.nan) for column in columns}
    positive = {column: np.zeros(shape, dtype=bool) for column in columns}
    fold = np.full(len(table), -1)
    for number, ((_, test), part) in enumerate(zip(folds, made, strict=True)):
        fold[test] = number
        for column in columns:
            suitability[column][test], positive[column][test] = part.suitability[column], part.positive[column]
    return CrossValidation(
        tuple(folds), fold, suitability, positive,
        {column: np.array([part.baseline[column] for part in made]) for column in columns},
        tuple(part.choices for part in made), omitted,
    )
