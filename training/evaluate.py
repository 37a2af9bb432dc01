"""The job ``evaluate``: every column beside the baselines, or a finished model on plots it has never seen."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from botaclip.core.errors import OptionError
from botaclip.core.plot_locations import parse_plot_locations
from botaclip.core.progress import SILENT, Progress
from botaclip.core.unfinished import check_writable
from botaclip.training.downstream import NAMES, Downstream
from botaclip.training.evaluation import CrossValidation
from botaclip.training.evaluation_document import evaluation_document, lines_of, write_document
from botaclip.training.fit_state import FitState
from botaclip.training.option_checks import check_options
from botaclip.training.outer_folds import MANY_FOLDS, OuterFolds, block_advice, outer_splitter, say_compromises
from botaclip.training.paper_protocol import TOGETHER, evaluate_as_paper, kept_together, out_of_fold_vectors
from botaclip.training.paper_protocol import WORDS as PAPER_WORDS
from botaclip.training.parallel import one_thread_each
from botaclip.training.protocol import STRICT, Protocol
from botaclip.training.pseudo_absences import PseudoAbsences
from botaclip.training.reading import INNER_FOLDS, Reading, pairing_rules, protocol_of, read_training
from botaclip.training.space_scores import mean_over_folds
from botaclip.training.splits import Split, leak_report
from botaclip.training.strict_protocol import evaluate_strictly
from botaclip.training.task import KINDS, Task, read_task
from botaclip.training.task_predictions import TaskPredictions
from botaclip.training.torch_device import torch_device
from botaclip.training.train_estimate import fold_seconds
from botaclip.training.training_table import TrainingTable

PAPER = "paper"
STRICT_WORDS = (
    "Protocol strict: adapters, standardisers, heads, downstream models and thresholds were fitted inside the training "
    "plots of each outer fold. Random folds stand beside to show what spatial folds take away; they are too good for "
    "places without plots."
)
# Where the splits have no blocks, intervals draw squares of about so many to a side.
_SQUARES = 8


def evaluate(parameters: dict[str, Any], progress: Progress) -> dict[str, Any]:
    """Run ``botaclip evaluate``; see the option table for the parameters.

    Returns
    -------
    dict
        Paths written (``metrics``, ``table``) and ``print``: the tables in words.

    Raises
    ------
    OptionError
        A protocol is named together with a model, or an option's words are unknown.
    LeakageError
        A finished model is to be scored on plots that it has seen.
    """
    for key in ("metrics", "table"):
        if parameters.get(key):
            check_writable(Path(parameters[key]), overwrite=parameters["overwrite"])
    parse_plot_locations(parameters["plot_locations"])
    if parameters.get("model"):
        from botaclip.training.model_validation import validate

        return validate(parameters, progress)
    started = time.perf_counter()
    kinds = task_kinds(parameters)
    downstream_models(parameters)  # what cannot be is said before anything is read
    pairing_rules(parameters)
    check_options(parameters, progress)
    if parameters.get("protocol") == PAPER and parameters.get("splits") in ("random", "stratified"):
        raise OptionError(
            f"--protocol paper embeds plots by spatial folds, and --splits {parameters['splits']} is not spatial",
            remedy="leave --splits out; the downstream models are cross-validated on stratified folds by themselves",
        )
    reading = read_training(parameters, progress.stage(0.0, 0.15))
    models = downstream_models(parameters, reading.touching_m)
    tasks = [plants_of(reading), *read_tasks(reading, parameters, kinds, progress)]
    work = _as_paper if parameters.get("protocol") == PAPER else _strictly
    with one_thread_each():
        document = work(reading, tasks, models, parameters, progress.stage(0.15, 1.0), started)
    return {**write_document(document, parameters), "print": lines_of(document)}


def task_kinds(parameters: dict[str, Any]) -> list[str]:
    """Return the kind of each task table that ``--task-kind`` states.

    Raises
    ------
    OptionError
        A word is unknown, or there are neither one nor as many as tables.
    """
    words = [word.strip().lower() for word in str(parameters.get("task_kind") or "auto").split(",") if word.strip()]
    for word in words:
        if word not in ("auto", *KINDS):
            raise OptionError(f"--task-kind cannot be {word!r}", remedy=f"use one of auto, {', '.join(KINDS)}")
    tables = parameters.get("task") or []
    if len(words) == 1:
        return words * len(tables)
    if len(words) != len(tables):
        raise OptionError(
            f"--task-kind names {len(words)} kinds for {len(tables)} task tables",
            remedy="give one kind for all or one for each table, separated by commas",
        )
    return words


def downstream_models(parameters: dict[str, Any], touching_m: float = 0.0) -> list[Downstream]:
    """Return the models that ``--downstream`` names, with the pseudo-absences that are asked for.

    Parameters
    ----------
    parameters
        Options of ``evaluate``.
    touching_m
        Distance from which two plots share no pixel: the buffer, and the smallest distance of pseudo-absences by
        ``disk``, where neither is given.

    Raises
    ------
    OptionError
        A word is unknown, or distances leave no pseudo-absence.
    """
    words = [word.strip().lower() for word in str(parameters.get("downstream") or "").split(",") if word.strip()]
    pseudo = pseudo_absences_of(parameters, touching_m)
    models = []
    for word in dict.fromkeys(words or ["forest"]):
        if word not in NAMES:
            raise OptionError(f"--downstream cannot be {word!r}", remedy=f"use some of {', '.join(NAMES)}")
        models.append(Downstream(word, pseudo_absences=pseudo))
    return models


def pseudo_absences_of(parameters: dict[str, Any], touching_m: float) -> PseudoAbsences:
    """Return how pseudo-absences are drawn; by ``disk`` no nearer than the buffer, where nothing else is asked for.

    Raises
    ------
    OptionError
        Distances are given to another strategy than ``disk``, or leave none.
    """
    strategy: Any = parameters.get("pseudo_absences") or "random"
    least, most = parameters.get("pseudo_distance_min"), parameters.get("pseudo_distance_max")
    settings: dict[str, Any] = {"ratio": float(parameters.get("pseudo_ratio") or 3.0)}
    if strategy == "disk":
        if least is None:
            buffer = parameters.get("buffer")
            least = touching_m if buffer is None else buffer
        settings |= {"min_distance_m": float(least), "max_distance_m": float("inf") if most is None else float(most)}
    elif least is not None or most is not None:
        raise OptionError(
            f"--pseudo-distance-min and --pseudo-distance-max mean nothing to --pseudo-absences {strategy}",
            remedy="use --pseudo-absences disk, or leave them out",
        )
    return PseudoAbsences(strategy, **settings)


def plants_of(reading: Reading) -> Task:
    """Return the modelled plants as a task; what an unlisted species means is up to the relevés."""
    plants = Task.plants(reading.data)
    if reading.table.data_type != "presence-only":
        return plants
    return Task("plants", "presence-only", plants.targets, np.where(plants.values > 0, 1.0, np.nan))


def read_tasks(
    reading: Reading, parameters: dict[str, Any], kinds: Sequence[str], progress: Progress
) -> list[Task]:
    """Read the task tables; what was taken for what is told.

    Raises
    ------
    OptionError
        Two tasks have one name.
    ReleveError, PairingError
        A table cannot be read, or shares no plot with the relevés.
    """
    found: list[Task] = []
    for path, kind in zip(parameters.get("task") or [], kinds, strict=True):
        task = read_task(
            path, reading.data.ids, plot_field=parameters["task_plot_field"],
            target_field=parameters["task_target_field"], value_field=parameters["task_value_field"],
            kind=None if kind == "auto" else kind,  # type: ignore[arg-type]
            min_presences=parameters["min_presences"],
        )
        if task.name == "plants":
            raise OptionError("plants is what the relevés' own task is called", where=str(path),
                              remedy="rename the file")  # fmt: skip
        if task.name in {other.name for other in found}:
            raise OptionError(f"two tasks are called {task.name!r}", where=str(path), remedy="rename one of the files")
        for line in task.report:
            progress.info(f"{task.name}: {line}")
        found.append(task)
    return found


def _outer(reading: Reading, parameters: dict[str, Any], progress: Progress, *, repeat: int = 0) -> OuterFolds:
    data = reading.data
    seeded = parameters | {"random_state": parameters["random_state"] + repeat}
    return outer_splitter(
        data.places, data.groups, data.sites, reading.touching_m, reading.pairs.patch.size_m, seeded,
        progress if repeat == 0 else SILENT,
    )


def splits_of(fold: NDArray[np.integer]) -> list[Split]:
    """Return training and test rows of each fold, given where plots were tested (N,), -1 for plots in no fold."""
    return [
        (np.flatnonzero((fold >= 0) & (fold != number)), np.flatnonzero(fold == number))
        for number in range(int(fold.max()) + 1)
    ]


def _leaks(reading: Reading, folds: Sequence[Split]) -> list[dict[str, Any]]:
    data = reading.data
    return leak_report(data.places, folds, reading.touching_m, reading.plots.digests, data.groups)


def _kept(parameters: dict[str, Any], name: str, progress: Progress) -> FitState | None:
    """Return where the work of one round of folds is kept; None without ``--checkpoint``."""
    if not parameters.get("checkpoint"):
        return None
    return FitState(Path(parameters["checkpoint"]) / name, "evaluate", progress=progress)


def _strictly(
    reading: Reading, tasks: Sequence[Task], models: Sequence[Downstream], parameters: dict[str, Any],
    progress: Progress, started: float,
) -> dict[str, Any]:
    data, device = reading.data, torch_device(parameters["device"], progress)
    repeats, plants = int(parameters["repeats"]), tasks[0]
    heads: dict[str, list[CrossValidation]] = {"outer": [], "random": []}
    others: dict[str, list[tuple[TaskPredictions, ...]]] = {"outer": [], "random": []}
    first: tuple[OuterFolds, Any] | None = None
    spaces: list[dict[str, dict[str, float]]] = []
    for repeat in range(repeats):
        outer = _outer(reading, parameters, progress, repeat=repeat)
        seed = parameters["random_state"] + repeat
        folds = outer.split(data.places, data.presence)
        if first is None:
            first = outer, folds
            advice = block_advice(data, outer, parameters, progress)
            say_compromises(outer.splitter, folds, data, INNER_FOLDS, progress)
            many_folds_take(data, protocol_of(data, outer.splitter, parameters, device), len(folds), progress)
        dice = outer.random(seed)
        ways = (("outer", outer.splitter, folds), ("random", dice, list(dice.split(data.places))))
        for number, (way, splitter, some) in enumerate(ways):
            at = (2 * repeat + number) / (2 * repeats)
            made = evaluate_strictly(
                data, some, protocol_of(data, splitter, parameters | {"random_state": seed}, device), tasks, models,
                kept=_kept(parameters, f"{way} {repeat + 1}", progress),
                progress=progress.stage(0.95 * at, 0.95 * (at + 0.5 / repeats)),
            )
            heads[way].append(made.plants)
            others[way].append(made.tasks)
            if way == "outer":
                spaces.append(made.spaces)
    assert first is not None
    progress.update(0.95, "scoring")
    predictions, random_folds = (
        [TaskPredictions.of_species_heads(plants, data, heads[way]),
         *(TaskPredictions.repeated(same) for same in zip(*others[way], strict=True))]
        for way in ("outer", "random")
    )  # fmt: skip
    outer, folds = first
    return evaluation_document(
        reading, parameters, protocol=STRICT, words=[STRICT_WORDS, *made_up(tasks, models)], predictions=predictions,
        random_folds=random_folds, blocks=resampled_blocks(data.places, outer),
        splits=outer.to_json(folds, data.ids, parameters["plot_locations"]) | {"advice": advice.to_json()},
        leaks=_leaks(reading, folds), choices=heads["outer"][0].choices,
        omitted=heads["outer"][0].omitted, spaces=mean_over_folds(spaces), seconds=time.perf_counter() - started,
    )


def _as_paper(
    reading: Reading, tasks: Sequence[Task], models: Sequence[Downstream], parameters: dict[str, Any],
    progress: Progress, started: float,
) -> dict[str, Any]:
    data, device = reading.data, torch_device(parameters["device"], progress)
    outer = _outer(reading, parameters, progress)
    folds = outer.split(data.places, data.presence)
    advice = block_advice(data, outer, parameters, progress)
    say_compromises(outer.splitter, folds, data, INNER_FOLDS, progress)
    embedded = out_of_fold_vectors(
        data, folds, protocol_of(data, outer.splitter, parameters, device), kept=_kept(parameters, "paper", progress),
        progress=progress.stage(0.0, 0.6),
    )
    together, said = kept_together(data.places, reading.touching_m, folds=parameters["folds"])
    if said != TOGETHER:
        progress.warning(said)
    predictions = evaluate_as_paper(
        data, embedded, tasks, models, folds=parameters["folds"], repeats=int(parameters["repeats"]),
        random_state=parameters["random_state"], together=together, progress=progress.stage(0.6, 0.9),
    )
    progress.update(0.9, "scoring")
    return evaluation_document(
        reading, parameters, protocol=PAPER,
        words=[PAPER_WORDS.format(folds=len(folds), together=said), *made_up(tasks, models)],
        predictions=predictions, random_folds=(), blocks=resampled_blocks(data.places, outer),
        splits=outer.to_json(folds, data.ids, parameters["plot_locations"])
        | {"downstream": "stratified, not spatial", "advice": advice.to_json()},
        leaks=_leaks(reading, folds),
        # Every model of a task has the same folds.
        leaks_downstream={each.task.name: _leaks(reading, splits_of(each.fold[0])) for each in predictions},
        choices=embedded.choices, omitted=embedded.omitted, seconds=time.perf_counter() - started,
    )


def many_folds_take(data: TrainingTable, protocol: Protocol, folds: int, progress: Progress) -> None:
    """Say how long a cross-validation of more folds than usual will take: leaving out single plots takes its time."""
    if folds <= MANY_FOLDS:
        return
    seconds = fold_seconds(data, protocol, inner_folds=INNER_FOLDS) * folds / max(1, min(folds, os.cpu_count() or 1))
    progress.info(f"{folds} folds will take about {max(1, round(seconds / 60)):,} min.")


def made_up(tasks: Sequence[Task], models: Sequence[Downstream]) -> list[str]:
    """Return a sentence on how absences were made up, where there are presence-only tasks."""
    names = [task.name for task in tasks if task.kind == "presence-only"]
    return [f"Absences of {', '.join(names)} are made up: {models[0].pseudo_absences.words}."] if names else []


def resampled_blocks(places: NDArray[np.floating], outer: OuterFolds) -> NDArray[np.intp]:
    """Return the number of the block of each plot (N,) that intervals draw from: groups, sites, or squares."""
    if outer.labels is not None:
        return np.unique(np.asarray(outer.labels).astype(str), return_inverse=True)[1].ravel()
    corner, extent = places.min(axis=0), float(np.ptp(places, axis=0).max())
    side = getattr(outer.splitter, "block_size_", None) or max(extent / _SQUARES, 1.0)
    squares = np.floor((places - corner) / side).astype(np.int64)
    return np.unique(squares, axis=0, return_inverse=True)[1].ravel()
