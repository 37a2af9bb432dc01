"""``metrics.json`` of ``evaluate``, its table as CSV, and its words; described in ``docs/metrics.md``."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from botaclip.core.unfinished import unfinished
from botaclip.training.comparison import compare, comparison_lines, ordered
from botaclip.training.evaluation_scores import (
    Scores,
    compared,
    headline_metric,
    scores_of,
    summary_of,
    unscored_targets,
    unscored_words,
)
from botaclip.training.metrics_document import asked_options, versions, without_nan
from botaclip.training.reading import Reading
from botaclip.training.task_predictions import THRESHOLD_RULE, TaskPredictions
from botaclip.training.task_scores import species_set_scores

CSV_COLUMNS = ("protocol", "folds", "task", "model", "kind", "target", "column", "metric", "value")


def task_entry(
    predictions: TaskPredictions, scores: Scores, protocol: str, *, random_folds: Scores | None = None
) -> dict[str, Any]:
    """Return what the document says of one task under one model."""
    task = predictions.task
    metric = headline_metric(task, protocol)
    unscored = unscored_targets(predictions, scores, metric)
    entry: dict[str, Any] = {
        "protocol": protocol, "task": task.name, "model": predictions.model, "kind": task.kind,
        "headline": metric, "n_targets": len(task.targets),
        "n_plots": int(((predictions.fold >= 0).any(axis=0)).sum()), "repeats": len(predictions.fold),
        "summary": summary_of(scores), "targets": scores,
        "report": [*task.report, *unscored_words(unscored, len(task.targets))],
        "omitted": dict(task.omitted) | unscored,
    }  # fmt: skip
    if random_folds is not None:
        entry["summary_random_folds"] = summary_of(random_folds)
        entry["targets_random_folds"] = random_folds
    if task.kind == "presence":
        rows = (predictions.fold[0] >= 0).nonzero()[0]
        entry["species_sets"] = {
            column: species_set_scores(task, rows, values[0][rows]) for column, values in predictions.predicted.items()
        }
    return entry


def evaluation_document(
    reading: Reading, parameters: Mapping[str, Any], *, protocol: str, words: Sequence[str],
    predictions: Sequence[TaskPredictions], random_folds: Sequence[TaskPredictions], blocks: Any,
    splits: Mapping[str, Any], choices: Sequence[Mapping[str, str]], omitted: Mapping[str, str], seconds: float,
    spaces: Mapping[str, Any] | None = None, leaks: Sequence[Mapping[str, Any]] = (),
    leaks_downstream: Mapping[str, Sequence[Mapping[str, Any]]] | None = None,
) -> dict[str, Any]:
    """Return the document; numbers that do not exist are None.

    Parameters
    ----------
    reading
        What was read.
    parameters
        Options of ``evaluate``.
    protocol, words
        Its name, and what has to be said of it.
    predictions, random_folds
        Of every task; the latter over random folds, none in the paper's protocol.
    blocks
        Number of the block of each plot (N,), for intervals.
    splits, choices
        The outer folds, and what each column settled on in each of them.
    omitted
        Columns and scores that are not given, by name and reason.
    seconds
        How long it took.
    spaces
        What the columns' spaces look like, see :mod:`botaclip.training.space_scores`; None where K spaces are mixed.
    leaks
        What test plots of the outer folds share with training plots.
    leaks_downstream
        By task, the same of the first repeat of the downstream models' folds, where these are others.
    """
    tasks, comparisons = {}, []
    others = {each.name: each for each in random_folds}
    for each in predictions:
        scores = scores_of(each)
        beside = scores_of(others[each.name]) if each.name in others else None
        tasks[each.name] = task_entry(each, scores, protocol, random_folds=beside)
        comparisons.append(compared(
            each, scores, blocks, headline_metric(each.task, protocol), random_state=parameters["random_state"]
        ))  # fmt: skip
    comparison = compare(comparisons, protocol)
    for name, entry in comparison.items():
        # First of all, why a table may be empty.
        targets = len(tasks[name]["targets"])
        unscored = {key: why for key, why in tasks[name]["omitted"].items() if key in tasks[name]["targets"]}
        entry["cautions"] = [*unscored_words(unscored, targets), *entry["cautions"]]
    data = reading.data
    document = {
        "protocol": protocol,
        "words": list(words),
        "threshold_rule": THRESHOLD_RULE,
        "columns": ordered(predictions[0].predicted),
        "comparison": comparison,
        "tasks": tasks,
        "spaces": {} if spaces is None else dict(spaces),
        "splits": dict(splits),
        "leaks": [dict(leak) for leak in leaks],
        "leaks_downstream": {name: [dict(leak) for leak in rows] for name, rows in (leaks_downstream or {}).items()},
        "choices": [dict(each) for each in choices],
        "omitted": dict(omitted),
        "dropped": list(reading.pairs.dropped),
        "flagged": list(reading.pairs.flagged),
        "data": {
            "raster": str(parameters["raster"]), "releves": str(parameters["releves"]), "n_plots": len(data),
            "n_species": len(data.species), "data_type": reading.table.data_type,
            "encoder": parameters["encoder"], "patch_size_m": reading.pairs.patch.size_m,
            "environment": [] if reading.imagery.environment is None else list(reading.imagery.environment.names),
            "notes": list(reading.table.report),
        },
        "asked": asked_options(parameters),
        "versions": versions(),
        "seconds": round(seconds, 1),
    }
    said: dict[str, Any] = without_nan(document)
    return said


def lines_of(document: Mapping[str, Any]) -> list[str]:
    """Return the document in lines of text: the paper's tables, blocked and random folds side by side."""
    lines = [*document["words"], *comparison_lines(document["comparison"])]
    for name, entry in document["tasks"].items():
        metric, beside = entry["headline"], entry.get("summary_random_folds")
        if not beside:
            continue
        lines += ["", f"{name}: median of {metric}, protocol {entry['protocol']}, blocked and random folds",
                  f"{'column':<17}{'blocked':>9}{'fold mean':>11}{'random':>9}{'fold mean':>11}"]  # fmt: skip
        for column in ordered(entry["summary"]):
            row = [_number(part.get(column, {}).get(metric, {}).get(key)) for part in (entry["summary"], beside)
                   for key in ("median", "fold_mean")]  # fmt: skip
            lines.append(f"{column:<17}{row[0]:>9}{row[1]:>11}{row[2]:>9}{row[3]:>11}")
    lines += _spaces(document["spaces"], document["protocol"])
    for name, reason in document["omitted"].items():
        lines.append(f"{name} is left out: {reason}.")
    return lines


def _spaces(spaces: Mapping[str, Mapping[str, float | None]], protocol: str) -> list[str]:
    """Return what the spaces look like on plots that they have not seen, chance beside."""
    if not spaces:
        return []
    lines = [
        "", f"Spaces on plots that they have not seen, protocol {protocol}, mean over folds (R@5: own relevé among the "
        "5 nearest)",
        f"{'column':<17}{'R@5':>7}{'chance':>8}{'Mantel r':>10}{'neighbours kept':>17}{'habitat purity':>16}",
    ]
    for column in ordered(spaces):
        scores = spaces[column]
        shown = [_number(scores.get(name)) for name in (
            "retrieval_image_to_releve_recall_at_5", "retrieval_recall_at_5_chance", "floristic_mantel",
            "neighbour_overlap", "habitat_purity",
        )]  # fmt: skip
        lines.append(f"{column:<17}{shown[0]:>7}{shown[1]:>8}{shown[2]:>10}{shown[3]:>17}{shown[4]:>16}")
    return lines


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def rows_of(document: Mapping[str, Any]) -> Iterator[tuple[Any, ...]]:
    """Yield the rows of the table: one for every task, target, column and metric that has a value."""
    outer = document["splits"]["name"]
    for entry in document["tasks"].values():
        for folds, key in ((outer, "targets"), ("random", "targets_random_folds")):
            for target, columns in entry.get(key, {}).items():
                for column, scores in columns.items():
                    for metric, value in scores.items():
                        if value is not None:
                            yield (document["protocol"], folds, entry["task"], entry["model"], entry["kind"], target,
                                   column, metric, value)  # fmt: skip


def write_document(document: Mapping[str, Any], parameters: Mapping[str, Any]) -> dict[str, str]:
    """Write ``--metrics`` and ``--table``, where they are asked for; return what was written, by option.

    Raises
    ------
    OutputError
        A file cannot be written.
    """
    written = {}
    if parameters.get("metrics"):
        with unfinished(Path(parameters["metrics"]), overwrite=parameters["overwrite"]) as part:
            part.write_text(json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False), encoding="utf-8")
        written["metrics"] = str(parameters["metrics"])
    if parameters.get("table"):
        with unfinished(Path(parameters["table"]), overwrite=parameters["overwrite"]) as part, part.open(
            "w", newline="", encoding="utf-8"
        ) as stream:
            writer = csv.writer(stream, lineterminator="\n")
            writer.writerow(CSV_COLUMNS)
            writer.writerows(rows_of(document))
        written["table"] = str(parameters["table"])
    return written
