"""The protocol ``paper``: out-of-fold vectors of every column, then repeated stratified cross-validation on them.

Each plot is embedded by the adapter that did **not** see its spatial fold; the downstream model then runs stratified
cross-validation on these vectors, as the paper does. K spaces are mixed in them, which a downstream model has to cope
with and the strict protocol spares it, and stratified folds are not spatial: scores are not comparable with those of
``strict``. An adapter that has seen a plot is never used for it (measured on pure noise: one adapter fitted on all
plots and cross-validated afterwards gives AUC 0.63, out-of-fold adapters 0.49).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from botaclip.core.errors import LeakageError, PairingError
from botaclip.core.progress import SILENT, Progress
from botaclip.training.downstream import Downstream
from botaclip.training.evaluation import check_unseen, fit_spaces
from botaclip.training.fit_state import FitState
from botaclip.training.folds import connected_places
from botaclip.training.inner_folds import inner_folds
from botaclip.training.kept_folds import digest_of_fold
from botaclip.training.parallel import over_folds
from botaclip.training.protocol import Protocol, columns_of
from botaclip.training.random_folds import RandomFolds
from botaclip.training.stratified import StratifiedFolds, target_classes
from botaclip.training.task import Task
from botaclip.training.task_predictions import FoldPredictions, TaskPredictions, fit_and_predict
from botaclip.training.training_table import TrainingTable
from botaclip.training.without_image import OwnModels

Array = NDArray[np.floating]
Index = NDArray[np.integer]

# Of the training plots of each stratified fold, on which columns without an image choose among their models.
INNER_FOLDS = 3
WORDS = (
    "Protocol paper: each plot is embedded by an adapter that did not see its spatial fold, so that {folds} spaces are "
    "mixed; an adapter that has seen a plot is never used for it. The downstream models are then cross-validated on "
    "stratified folds, which are not spatial: scores are too good for places without plots, and stand beside scores of "
    "this protocol only. {together}"
)
# What stays in one of the stratified folds, by how far it is apart.
TOGETHER = "Plots that share a pixel stay in one of these folds."
ONE_PLACE = (
    "Plots that share a pixel are too closely linked to stay together in these folds; those at one place do, and "
    "leaks_downstream says what is shared."
)


@dataclasses.dataclass(frozen=True)
class OutOfFold:
    """Vectors of all plots, each of a space that has not seen the plot.

    Parameters
    ----------
    vectors
        By column (N, E); None for the column that reads nothing.
    fold
        Spatial fold of each plot (N,): which of the spaces embedded it.
    seen
        By column, the plots that each fold's space has seen.
    choices
        Per fold, what each column settled on.
    omitted
        Usual columns that are left out, by name and reason.
    """

    vectors: dict[str, Array | None]
    fold: Index
    seen: dict[str, tuple[frozenset[str], ...]]
    choices: tuple[dict[str, str], ...]
    omitted: dict[str, str]

    def check(self, ids: Sequence[str]) -> None:
        """Find any plot that was embedded by a space that has seen it.

        Raises
        ------
        LeakageError
            There is one.
        """
        names = np.array(ids, dtype=object)
        for column, seen in self.seen.items():
            for number, plots in enumerate(seen):
                check_unseen(plots, names[self.fold == number].tolist(), what=f"the space of column '{column}'")
        if (self.fold < 0).any():
            raise LeakageError(
                f"{int((self.fold < 0).sum())} plots lie in no fold, so that no space is sure not to have seen them",
                remedy="use folds that hold out every plot",
            )


def out_of_fold_vectors(
    table: TrainingTable, folds: Sequence[tuple[Index, Index]], protocol: Protocol, *,
    columns: Sequence[str] | None = None, kept: FitState | None = None, progress: Progress = SILENT,
) -> OutOfFold:
    """Embed every plot by spaces fitted on the other folds, choices by inner validation there.

    Finished folds and the state of unfinished fits are kept in ``kept``, where it is given.

    Raises
    ------
    LeakageError
        A plot would be embedded by a space that has seen it.
    PairingError
        The spaces of the folds differ in width, so that no model can read them together.
    """
    omitted: dict[str, str] = {}
    if columns is None:
        columns, omitted = columns_of(table, protocol.asked, protocol.alignments)
    asked = tuple(columns)

    def work(number: int, stage: Progress) -> tuple[dict[str, Array | None], dict[str, frozenset[str]], dict[str, str]]:
        (train, test), name = folds[number], f"fold {number + 1}"
        digest = "" if kept is None else digest_of_fold(table, train, test, protocol, asked)
        found = None if kept is None else kept.finished(name, depends=digest)
        if found is not None:
            return (
                {column: found.arrays.get(column) for column in asked},
                {column: frozenset(found.about["seen"][column]) for column in asked}, dict(found.about["choices"]),
            )  # fmt: skip
        fitted = fit_spaces(table.take(train), protocol, asked, stage, kept=None if kept is None else kept.under(name))
        outside = table.take(test)
        embedded = {column: model.embed(outside) for column, model in fitted.items()}
        seen = {column: model.seen for column, model in fitted.items()}
        choices = {column: model.choice for column, model in fitted.items()}
        if kept is not None:
            arrays = {column: vectors for column, vectors in embedded.items() if vectors is not None}
            about = {"seen": {column: sorted(plots) for column, plots in seen.items()}, "choices": choices}
            kept.keep(name, arrays, about, depends=digest)
        return embedded, seen, choices

    made = over_folds(len(folds), work, progress=progress)
    fold = np.full(len(table), -1)
    for number, (_, test) in enumerate(folds):
        fold[test] = number
    vectors = {
        column: _together(column, len(table), folds, [embedded[column] for embedded, _, _ in made]) for column in asked
    }
    found = OutOfFold(
        vectors, fold, {column: tuple(seen[column] for _, seen, _ in made) for column in asked},
        tuple(choices for _, _, choices in made), omitted,
    )  # fmt: skip
    found.check(table.ids)
    return found


def _together(
    column: str, n: int, folds: Sequence[tuple[Index, Index]], parts: Sequence[Array | None]
) -> Array | None:
    known = [part for part in parts if part is not None]
    if not known:
        return None
    # Closed forms choose a number of axes in every fold; those that a fold did not take say nothing there.
    width = max(part.shape[1] for part in known)
    if len(known) != len(parts):
        raise PairingError(f"column '{column}' has no space in some of the folds")
    vectors = np.zeros((n, width))
    for (_, test), part in zip(folds, known, strict=True):
        vectors[test, : part.shape[1]] = part
    return vectors


def kept_together(places: Array, touching_m: float, *, folds: int) -> tuple[Index, str]:
    """Return which plots stay in one stratified fold (N,), and that in words: those that share a pixel.

    Twins, the same place recorded twice under other names, would otherwise be learnt from and tested. Where steps from
    plot to plot that share a pixel link more than half of the plots, so that no even folds are left, only plots at one
    place stay together.

    Parameters
    ----------
    places
        Metres (N, 2).
    touching_m
        Distance along an axis from which two plots share no pixel.
    folds
        How many folds are to be made.
    """
    clusters = connected_places(places, touching_m)
    sizes = np.bincount(clusters)
    if len(sizes) >= 2 * folds and sizes.max() <= len(clusters) / 2:
        return clusters, TOGETHER
    return connected_places(places, 0.0), ONE_PLACE


def stratified_folds(
    task: Task, *, folds: int, random_state: int, together: Index | None = None
) -> list[tuple[Index, Index]]:
    """Return folds of the plots that a task knows, the same for all its targets; not spatial.

    Presences of all targets are dealt out together (Sechidis et al. 2011, doi:10.1007/978-3-642-23808-6_10);
    abundances by classes of their mean rank. Plots of which nothing is known are in no fold, plots of one number in
    ``together`` (N,) all in the same one.
    """
    rows = np.flatnonzero(task.known.any(axis=1) | (task.recorded if task.kind == "presence-only" else False))
    if task.kind == "presence-only":
        rows = np.arange(len(task))  # every plot may be background
    if len(rows) < 2 * folds:
        raise PairingError(
            f"{len(rows)} plots are known for the task {task.name}; {folds} folds need twice as many",
            remedy="use fewer --folds or bring more plots",
        )
    values = task.values[rows]
    y: NDArray[Any] = np.nan_to_num(values) > 0
    if task.kind == "abundance":
        y = target_classes(_mean_rank(values), n_splits=folds)
    elif y.shape[1] == 1:
        y = y[:, 0]
    splitter = StratifiedFolds(folds, random_state=random_state)
    groups = None if together is None else np.asarray(together)[rows]
    made = splitter.split(np.zeros((len(rows), 2)), y, groups)
    return [(rows[train], rows[test]) for train, test in made if test.size]


def _mean_rank(values: Array) -> Array:
    """Return where each plot stands among the others, mean over the targets known there (N,), 0 to 1."""
    ranks = np.full(values.shape, np.nan)
    for s, column in enumerate(values.T):
        known = np.isfinite(column)
        ranks[known, s] = (np.argsort(np.argsort(column[known], kind="stable")) + 0.5) / max(1, int(known.sum()))
    return np.asarray(np.nanmean(ranks, axis=1))


def evaluate_as_paper(
    table: TrainingTable, embedded: OutOfFold, tasks: Sequence[Task], downstream: Sequence[Downstream], *,
    folds: int, repeats: int = 1, random_state: int = 1, together: Index | None = None, progress: Progress = SILENT,
) -> tuple[TaskPredictions, ...]:
    """Cross-validate downstream models on out-of-fold vectors, folds dealt out anew in every repeat.

    Parameters
    ----------
    table
        All plots.
    embedded
        Their out-of-fold vectors; checked once more for leaks.
    tasks, downstream
        What is predicted, by what.
    folds, repeats
        Of the stratified cross-validation.
    random_state
        Seed; repeat r deals with seed + r.
    together
        Which plots stay in one fold (N,), see :func:`kept_together`; None: none have to.
    progress
        Told how far it is.
    """
    embedded.check(table.ids)
    found = []
    for number, task in enumerate(tasks):
        stage = progress.stage(number / len(tasks), (number + 1) / len(tasks))
        deals = [
            stratified_folds(task, folds=folds, random_state=random_state + r, together=together)
            for r in range(repeats)
        ]
        every = [(r, train, test) for r, deal in enumerate(deals) for train, test in deal]

        def work(
            which: int, inner: Progress, task: Task = task, every: list[tuple[int, Index, Index]] = every
        ) -> list[dict[str, FoldPredictions]]:
            repeat, train, test = every[which]
            made: list[dict[str, FoldPredictions]] = []
            # Of the same kind as the folds that are scored: what is best for spatial ones would be weaker here.
            within = inner_folds(
                RandomFolds(folds, random_state=random_state + repeat), table.places[train], n_splits=INNER_FOLDS,
                groups=None if together is None else np.asarray(together)[train],
            )
            own = {column: OwnModels.of(column, within) for column in embedded.vectors}
            for model in downstream:
                inner.update(len(made) / len(downstream), f"{task.name}, {model.name}")
                made.append({
                    column: fit_and_predict(
                        model, task, table, train, None if vectors is None else vectors[train],
                        None if vectors is None else vectors[test], len(test), random_state=random_state + repeat,
                        own=own[column],
                    )
                    for column, vectors in embedded.vectors.items()
                })  # fmt: skip
            return made

        parts = over_folds(len(every), work, progress=stage)
        for m, model in enumerate(downstream):
            by_repeat = []
            for r, deal in enumerate(deals):
                mine = [parts[i][m] for i, (repeat, _, _) in enumerate(every) if repeat == r]
                by_repeat.append(TaskPredictions.gathered(task, model.name, deal, mine))
            found.append(TaskPredictions.repeated(by_repeat))
    return tuple(found)
