"""What the studies share: one evaluation for plants and tasks, results that survive a kill, one process for each unit.

A unit is what is measured by itself: one landscape of one size, one reading of a data set. It runs in a process of its
own, so that its peak memory is its own and a crash costs only it. Inside, every finished fold is kept
(:class:`~botaclip.training.fit_state.FitState`); a finished unit stands in the study's JSON file and is not run again.

Protocol ``strict``: everything is fitted in the training fold. The columns are fitted once for each fold; plants are
scored with the fold's own heads, tasks (other taxa, abundances) with a downstream model on the fold's spaces, also with
few labelled plots, while the adapter had all relevés of the training fold.
"""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import functools
import hashlib
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

from checkout import register

ROOT = register()

import numpy as np  # noqa: E402
from numpy.typing import NDArray  # noqa: E402
from scipy.stats import rankdata  # noqa: E402

from botaclip.core.cache_folder import cache_folder  # noqa: E402
from botaclip.core.commands import TRAIN  # noqa: E402
from botaclip.core.data_folder import read_data_folder  # noqa: E402
from botaclip.core.options import parse_parameters  # noqa: E402
from botaclip.core.progress import Progress  # noqa: E402
from botaclip.core.unfinished import unfinished  # noqa: E402
from botaclip.training.alignment import candidates  # noqa: E402
from botaclip.training.boyce import boyce_index  # noqa: E402
from botaclip.training.downstream import NAMES, Downstream, Name  # noqa: E402
from botaclip.training.evaluation import CrossValidation, Protocol, fit_columns  # noqa: E402
from botaclip.training.fit_state import FitState, digest_of  # noqa: E402
from botaclip.training.metrics import remove_fold_prevalence  # noqa: E402
from botaclip.training.parallel import over_folds  # noqa: E402
from botaclip.training.protocol import columns_of  # noqa: E402
from botaclip.training.reading import Reading, read_training  # noqa: E402
from botaclip.training.scores import target_scores  # noqa: E402
from botaclip.training.splits import SpatialBlocks, inner_folds  # noqa: E402
from botaclip.training.task import Task  # noqa: E402
from botaclip.training.task_predictions import FoldPredictions  # noqa: E402
from botaclip.training.task_scores import ranks_plots, task_scores  # noqa: E402
from botaclip.training.training_table import TrainingTable  # noqa: E402
from botaclip.training.truth import truth_correlation_at  # noqa: E402
from study_results import Results as Results  # noqa: E402

Array = NDArray[np.floating]
Index = NDArray[np.integer]
Folds = Sequence[tuple[Index, Index]]

RESULTS = ROOT / "benchmarks" / "results"
INNER_FOLDS = 3
CEILING = "environment_known"
# Their predictors are few and bent: a straight line through coordinates would make them look weak.
BENT = ("location_only", "environment_only")
PARTS = ("predicted", "level", "median")
_SAME, _LEAST = 1e-9, 1e-4
RIDGE = "ridge"
ONE_THREAD = {name: "1" for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")}


@dataclasses.dataclass(frozen=True)
class Setting:
    """How a unit is judged.

    Parameters
    ----------
    seed
        Of everything random.
    downstream
        Model of the tasks on the image columns and the ceiling; columns without an image take a forest.
    labels
        Numbers of labelled plots of the task, besides all of them.
    draws
        How often such few plots are drawn.
    device
        Torch device of the adapters.
    asked
        ``auto``, or the alignment that ``adapted`` has to be; ``none`` where there is no image.
    """

    seed: int = 1
    downstream: str = RIDGE
    labels: tuple[int, ...] = ()
    draws: int = 3
    device: str = "cpu"
    asked: str = "auto"


@dataclasses.dataclass(frozen=True)
class TaskColumn:
    """What one column says of a task, out of fold, from each of R draws of labelled plots (one: all of them).

    Parameters
    ----------
    predicted
        (R, N, S), NaN where not tested.
    level, median
        Mean and median of the labelled plots of each fold (R, K, S).
    """

    predicted: Array
    level: Array
    median: Array


@dataclasses.dataclass(frozen=True)
class Judged:
    """Out-of-fold predictions of plants and tasks.

    Parameters
    ----------
    plants
        As :func:`~botaclip.training.evaluation.cross_validate` returns it, the ceiling among its columns.
    tasks
        ``tasks[name][column]``; in the name how many plots are labelled, where these are few.
    """

    plants: CrossValidation
    tasks: dict[str, dict[str, TaskColumn]]


def spatial_folds(
    table: TrainingTable, touching_m: float, patch_m: float, *, folds: int = 5, seed: int = 1
) -> tuple[SpatialBlocks, Folds]:
    """Return the splitter and its folds: blocks (or groups) with a buffer that keeps patches apart."""
    while True:
        blocks = SpatialBlocks(folds, None, touching_m, minimum_block=2 * patch_m, random_state=seed)
        held = blocks.count(table.places, groups=table.groups)
        if held >= folds or held < 2:
            return blocks, list(blocks.split(table.places, groups=table.groups))
        folds = held


def protocol_of(table: TrainingTable, blocks: SpatialBlocks, setting: Setting) -> Protocol:
    """Return what is tried inside every fold: the defaults of ``botaclip train``."""
    return Protocol(
        asked=setting.asked,
        alignments=() if setting.asked == "none" else candidates(len(table), dimension=table.vectors.shape[1]),
        head="linear",
        inner_folds=lambda inside: inner_folds(blocks, inside.places, n_splits=INNER_FOLDS, groups=inside.groups),
        random_state=setting.seed,
        device=setting.device,
    )


def judge(
    table: TrainingTable, folds: Folds, protocol: Protocol, setting: Setting, tasks: Sequence[Task] = (), *,
    columns: Sequence[str] | None = None, known: TrainingTable | None = None, kept: Path | None = None,
    say: Callable[[str], None] = lambda words: None,
) -> Judged:
    """Predict plants and tasks at every held-out plot.

    Parameters
    ----------
    table
        All plots.
    folds
        (train, test) index pairs.
    protocol, setting
        What is tried, and how tasks are judged.
    tasks
        Rows in the order of ``table``.
    columns
        Those of :func:`~botaclip.training.protocol.columns_of` when None.
    known
        The same plots with true predictors as vectors, for the column ``environment_known``.
    kept
        Folder of finished folds.
    say
        Told when a fold is done.
    """
    if columns is None:
        columns = columns_of(table, protocol.asked, protocol.alignments)[0]
    key = digest_of(table, known, [(t.name, t.values) for t in tasks], setting, list(columns), code_digest())
    state = None if kept is None else FitState(kept, key)

    def work(number: int, progress: Progress) -> tuple[dict[str, Array], dict[str, Any]]:
        train, test = folds[number]
        place = hashlib.sha256(np.concatenate([train, [-1], test]).astype("<i8").tobytes()).hexdigest()[:16]
        name = f"fold {number} {place}"
        found = state.finished(name) if state is not None else None
        if found is not None:
            return found.arrays, found.about
        arrays, about = _fold(table, known, tasks, train, test, protocol, setting, columns, number, progress)
        if state is not None:
            state.keep(name, arrays, about)
        say(f"fold {number + 1} of {len(folds)}")
        return arrays, about

    made = over_folds(len(folds), work, progress=Progress())
    return _assembled(table, folds, made, (*columns, *([CEILING] if known is not None else [])))


def _fold(
    table: TrainingTable, known: TrainingTable | None, tasks: Sequence[Task], train: Index, test: Index,
    protocol: Protocol, setting: Setting, columns: Sequence[str], number: int, progress: Progress,
) -> tuple[dict[str, Array], dict[str, Any]]:
    """Fit all columns on the training plots of one fold; predict its test plots."""
    tables = dict.fromkeys(columns, table)
    fitted, _ = fit_columns(table.take(train), protocol, columns=columns, progress=progress)
    if known is not None:
        plain = dataclasses.replace(protocol, asked="none", alignments=())
        fitted[CEILING] = fit_columns(known.take(train), plain, columns=("raw",), progress=progress)[0]["raw"]
        tables[CEILING] = known
    arrays: dict[str, Array] = {}
    for column, model in fitted.items():
        inside, outside = tables[column].take(train), tables[column].take(test)
        suitability, positive = model.predict(outside)
        arrays[f"plants|suitability|{column}"] = np.asarray(suitability, np.float64)
        arrays[f"plants|positive|{column}"] = positive.astype(np.uint8)
        arrays[f"plants|baseline|{column}"] = np.asarray(model.baseline, np.float64)
        # Read once for all tasks.
        read = None if model.space is None else model.space(inside), model.embed(outside)
        for task in tasks:
            for name, draws in _task_in_fold(task, model.column, read, len(outside), train, setting, number):
                for part in PARTS:
                    arrays[f"task|{name}|{column}|{part}"] = np.stack([getattr(draw, part) for draw in draws])
    return arrays, {"choices": {column: model.choice for column, model in fitted.items()}}


def _task_in_fold(
    task: Task, column: str, read: tuple[Array | None, Array | None], count: int, train: Index, setting: Setting,
    number: int,
) -> Iterator[tuple[str, list[FoldPredictions]]]:
    """Yield a name and what is predicted of ``count`` test plots from all labelled plots, and from draws of few."""
    near, far = read
    name = "forest" if column in BENT else setting.downstream
    # Least squares on presence, as the plants' own heads: a tenth of the time of logistic regression, the same ranks.
    # Thresholds are the labelled plots' means: no score of a training plot is needed.
    downstream = Downstream("linear" if name == RIDGE else cast(Name, name), scores_training_plots=False)
    kind = "abundance" if name == RIDGE else task.kind

    def predicted(some: Index) -> FoldPredictions:
        vectors = np.zeros((len(some), 1)) if near is None else near[some]
        tested = np.zeros((count, 1)) if far is None else far
        values = task.values[train[some]]
        fitted = downstream.fit(vectors, values, kind, setting.seed)
        answer = fitted.predict(tested)
        if task.kind != "abundance":
            answer = answer.clip(_LEAST, 1 - _LEAST)
        return FoldPredictions(answer, fitted.level, fitted.median)

    labelled = np.flatnonzero(task.known[train].any(axis=1))
    if not len(labelled):
        return
    yield task.name, [predicted(labelled)]
    for few in setting.labels:
        if few < len(labelled):
            # The same plots for every column.
            draws = (np.random.default_rng([setting.seed, number, few, draw]) for draw in range(setting.draws))
            some = [np.sort(draw.choice(labelled, few, replace=False)) for draw in draws]
            yield f"{task.name}, {few} labels", [predicted(rows) for rows in some]


def _assembled(
    table: TrainingTable, folds: Folds, made: Sequence[tuple[dict[str, Array], dict[str, Any]]],
    columns: Sequence[str],
) -> Judged:
    """Put the folds together; (R, N, S) for tasks, NaN where no fold held a plot out."""
    n, shape = len(table), table.presence.shape
    fold = np.full(n, -1)
    suitability = {column: np.full(shape, np.nan) for column in columns}
    positive = {column: np.zeros(shape, bool) for column in columns}
    for number, ((_, test), (arrays, _)) in enumerate(zip(folds, made, strict=True)):
        fold[test] = number
        for column in columns:
            suitability[column][test] = arrays[f"plants|suitability|{column}"]
            positive[column][test] = arrays[f"plants|positive|{column}"] > 0
    baseline = {column: np.array([arrays[f"plants|baseline|{column}"] for arrays, _ in made]) for column in columns}
    choices = tuple(about["choices"] for _, about in made)
    plants = CrossValidation(tuple(folds), fold, suitability, positive, baseline, choices)
    # A number of labels that some fold had not is no task of all plots.
    everywhere = set.intersection(*({tuple(name.split("|")[1:3]) for name in arrays if name.startswith("task|")}
                                    for arrays, _ in made))  # fmt: skip
    tasks: dict[str, dict[str, TaskColumn]] = {}
    for name, column in sorted(everywhere):
        parts = {part: [arrays[f"task|{name}|{column}|{part}"] for arrays, _ in made] for part in PARTS}
        draws, _, targets = parts["predicted"][0].shape
        predicted = np.full((draws, n, targets), np.nan)
        for (_, test), values in zip(folds, parts["predicted"], strict=True):
            predicted[:, test] = values
        tasks.setdefault(name, {})[column] = TaskColumn(
            predicted, np.stack(parts["level"], axis=1), np.stack(parts["median"], axis=1)
        )
    ordered = {name: {column: found[column] for column in columns if column in found} for name, found in tasks.items()}
    return Judged(plants, ordered)


def scored(
    table: TrainingTable, judged: Judged, tasks: Sequence[Task], truths: Mapping[str, Array] | None = None
) -> dict[str, Any]:
    """Return ``{"tasks": {name: {"kind", "targets"}}}`` for the plants and every task, and what ``auto`` picked.

    Parameters
    ----------
    table
        The plots.
    judged
        What was predicted.
    tasks
        What is true.
    truths
        By task, the truth behind it (N, S): ``truth_correlation`` (Pearson, for probabilities), ``truth_spearman``.
    """
    found: dict[str, Any] = {
        "plants": {"kind": "presence", "targets": target_scores(table, judged.plants)},
    }
    by_name = {task.name: task for task in tasks}
    for name, columns in judged.tasks.items():
        task = by_name[name.rsplit(", ", 1)[0] if name not in by_name else name]
        targets: dict[str, dict[str, Any]] = {target: {} for target in task.targets}
        for column, draws in columns.items():
            each = score_draws(task, draws, judged.plants.fold, (truths or {}).get(task.name))
            for target in task.targets:
                kept = [scores[target] for scores in each if target in scores]
                if kept:
                    targets[target][column] = {
                        metric: _mean([scores.get(metric) for scores in kept]) for metric in kept[0]
                    }
        found[name] = {"kind": task.kind, "targets": {name: columns for name, columns in targets.items() if columns}}
    return {"tasks": found, "picked": [choices["adapted"] for choices in judged.plants.choices if "adapted" in choices]}


def score_draws(task: Task, column: TaskColumn, fold: Index, truth: Array | None) -> list[dict[str, dict[str, float]]]:
    """Return the scores by target of every draw, agreement with the truth and the Boyce index among them."""
    rows, found = np.arange(len(task)), []
    for predicted, level, median in zip(column.predicted, column.level, column.median, strict=True):
        # Present is where a plot is more suitable than the labelled plots are on average, as for the plants.
        scores = task_scores(
            task, rows, predicted, None if task.kind == "abundance" else level - _SAME, fold=fold, level=level,
            median=median,
        )  # fmt: skip
        held = fold >= 0
        # What a fold's labelled plots are on average runs against its held-out plots: not pooled, as in task_scores.
        if task.kind == "abundance":
            ranked = predicted - level[fold]
        else:
            ranked = remove_fold_prevalence(predicted, fold, level)
        for target, name in enumerate(task.targets):
            here = held & np.isfinite(predicted[:, target]) & np.isfinite(task.values[:, target])
            p, y, q = predicted[here, target], task.values[here, target], ranked[here, target].round(9)
            if task.kind == "presence":
                scores[name]["boyce"] = boyce_index(p[y > 0], p) if ranks_plots(p, fold[here]) else float("nan")
            if truth is None:
                continue
            if task.kind == "abundance":
                ranks = rankdata(q)[:, None], rankdata(truth[here, target])[:, None]
                scores[name]["truth_spearman"] = float(truth_correlation_at(*ranks)[0])
            else:
                agreement = truth_correlation_at(q[:, None], truth[here, target][:, None])
                scores[name]["truth_correlation"] = float(agreement[0])
        found.append(scores)
    return found


def _mean(values: Sequence[float | None]) -> float:
    known = [value for value in values if value is not None and np.isfinite(value)]
    return float(np.mean(known)) if known else float("nan")


def read_folder(folder: Path, changes: Mapping[str, Any] | None = None) -> Reading:
    """Read a folder of real data as its ``botaclip.json`` says, with some options changed (None: not given)."""
    given: dict[str, Any] = {**read_data_folder(folder), **(changes or {}), "output": folder / "unused.botaclip"}
    words = {key.replace("-", "_"): value for key, value in given.items() if value is not None}
    parameters, _ = parse_parameters(TRAIN, words)
    return read_training(parameters, Progress(log=lambda level, message: print(f"{level}: {message}", flush=True)))


def without_cover_of(table: TrainingTable, names: Sequence[str], out: Sequence[str]) -> TrainingTable:
    """Return the table as if nobody had recorded some species; ``names`` (V,) are those of the columns of cover."""
    stays = np.flatnonzero(~np.isin(names, out))
    targets = np.flatnonzero(~np.isin(table.species, out))
    return dataclasses.replace(
        table, cover=table.cover[:, stays], presence=table.presence[:, targets], columns=None,
        species=tuple(table.species[i] for i in targets),
        truth=None if table.truth is None else table.truth[:, targets],
    )


@functools.cache
def code_digest() -> str:
    """Return a digest of the code that is judged: finished folds of other code are not used.

    Read once, as the code is: files that change while a unit runs do not change what runs.
    """
    state = hashlib.sha256()
    for folder in ("training", "core"):
        for path in sorted((ROOT / folder).glob("*.py")):
            state.update(path.read_bytes())
    return state.hexdigest()[:16]


def options(description: str | None) -> argparse.ArgumentParser:
    """Return the options that every study has."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cache", type=Path, default=cache_folder().parent / "studies", help="vectors, finished folds")
    parser.add_argument("--device", default="cpu", help="torch device of the adapters")
    parser.add_argument("--downstream", default=RIDGE, choices=(RIDGE, *NAMES),
                        help="model of the tasks")
    parser.add_argument("--quick", action="store_true", help="a small part of it, to see that all is well")
    parser.add_argument("--report", action="store_true", help="print the tables, run nothing")
    parser.add_argument("--write", action="store_true", help="put the tables into docs/results.md, run nothing")
    parser.add_argument("--again", action="store_true", help="run units again that were finished")
    parser.add_argument("--results", type=Path, help="JSON file of the finished units")
    parser.add_argument("--unit", help=argparse.SUPPRESS)
    return parser


def tell(name: str, text: str | None, arguments: argparse.Namespace, path: Path = ROOT / "docs" / "results.md") -> None:
    """Print the tables of a study, or put them between its marks in ``docs/results.md``; None is nothing measured.

    Raises
    ------
    ValueError
        The document has no such marks.
    """
    if text is None:
        sys.stdout.write("Nothing has been measured yet: run the study without --report and --write first.\n")
        return
    if not arguments.write:
        sys.stdout.write(text + "\n")
        return
    document = path.read_text(encoding="utf-8")
    begin, end = f"<!-- {name} -->\n", f"<!-- /{name} -->\n"
    if document.count(begin) != 1 or document.count(end) != 1:
        raise ValueError(f"{path} has no marks {begin.strip()} and {end.strip()}")
    before, after = document.split(begin)[0], document.split(end)[1]
    with unfinished(path, overwrite=True) as part:
        part.write_text(f"{before}{begin}{text.rstrip()}\n{end}{after}", encoding="utf-8")


def is_there(folder: Path) -> bool:
    """Return whether a folder of data exists; say so in a sentence where it does not."""
    if not folder.is_dir():
        sys.stderr.write(f"There is no folder {folder}: BOTACLIP_SHARED names the folder that holds data/.\n")
    return folder.is_dir()


def run_units(
    script: str, arguments: argparse.Namespace, results: Results, keys: Sequence[str],
    measure: Callable[[str], dict[str, Any]], passed: Sequence[str] = (),
) -> int:
    """Run what is not finished, each unit in a process of its own; return how many failed.

    Called again with ``--unit`` in that process, it measures this one and puts it into the results.
    """
    if arguments.unit:
        started = time.perf_counter()
        unit = measure(arguments.unit)
        unit["seconds"] = time.perf_counter() - started - unit.get("data_seconds", 0.0)
        used = resource.getrusage(resource.RUSAGE_SELF)
        unit |= {"peak_mib": used.ru_maxrss / 1024, "cpu_seconds": used.ru_utime + used.ru_stime}
        unit["code"] = code_digest()
        results.put(arguments.unit, unit)
        return 0
    done, failed = set() if arguments.again else set(results.units), 0
    for key in keys:
        if key in done:
            continue
        started = time.perf_counter()
        words = [sys.executable, script, "--unit", key, "--cache", arguments.cache, "--device", arguments.device]
        words += ["--downstream", arguments.downstream, "--results", results.path, *passed]
        finished = subprocess.run([str(word) for word in words], env={**os.environ, **ONE_THREAD}, check=False)
        failed += finished.returncode != 0
        state = "done" if finished.returncode == 0 else f"FAILED ({finished.returncode})"
        print(f"{key}: {state}, {time.perf_counter() - started:.0f} s", flush=True)
    return failed


@contextlib.contextmanager
def timed(unit: dict[str, Any], key: str) -> Iterator[None]:
    """Add the seconds spent within to a unit."""
    started = time.perf_counter()
    yield
    unit[key] = unit.get(key, 0.0) + time.perf_counter() - started
