"""A finished model on plots that it has never seen: the validation of what a map will show.

Nothing is fitted here. The model predicts at the places of other relevés, its own thresholds decide, and every plot
that stands in its table of plots, or may share a pixel with one of them, is found and refused.
"""

from __future__ import annotations

import collections
import dataclasses
import time
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from botaclip.core.applied_imagery import AppliedImagery
from botaclip.core.applied_model import OK
from botaclip.core.errors import LeakageError, OptionError, PairingError
from botaclip.core.model import Model
from botaclip.core.progress import Progress
from botaclip.core.releves import ReleveTable
from botaclip.core.table_dialect import listed
from botaclip.training import metrics
from botaclip.training.evaluation_document import write_document
from botaclip.training.metrics_document import versions, without_nan
from botaclip.training.reading import read_table
from botaclip.training.seen_plots import plots_of
from botaclip.training.task import Task
from botaclip.training.task_scores import species_set_scores, task_scores

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

COLUMN = "model"
# Fewer plots give no score that another handful would not turn round.
FEWEST_PLOTS = 10
# What is shown of every model, by kind of relevés.
SHOWN = {
    "presence": ("tss_at_train_threshold", "auc", "boyce", "brier", "expected_calibration_error", "calibration_slope"),
    "presence-only": ("boyce", "auc_background", "sensitivity"),
}


@dataclasses.dataclass(frozen=True)
class Seen:
    """Which plots a model may have seen (N,), and why; ``as_extra``: only its encoder of species lists has."""

    by_content: Mask
    by_place: Mask
    in_extent: Mask
    as_extra: Mask

    @property
    def any(self) -> Mask:
        """For whatever reason (N,)."""
        return self.by_content | self.by_place | self.in_extent | self.as_extra

    def words(self, names: Sequence[str]) -> str:
        """Return how many there are of each kind, and the name of one."""
        parts = []
        for mask, what in (
            (self.by_content, "the same relevé as one of its plots"),
            (self.by_place & ~self.by_content, "so near to one of its plots that image patches may overlap"),
            (self.as_extra & ~self.by_content & ~self.by_place,
             "the same relevé as one that its encoder of species lists learnt from (--extra-releves), or too near to "
             "one, or inside their area where it does not place them"),
            (self.in_extent & ~self.by_content & ~self.by_place & ~self.as_extra,
             "inside its training area, whose plots it does not place (--plot-locations none)"),
        ):  # fmt: skip
            if mask.any():
                parts.append(f"{int(mask.sum())} {what}")
        return f"{'; '.join(parts)}; '{names[int(np.flatnonzero(self.any)[0])]}' is one of them"


def validate(parameters: dict[str, Any], progress: Progress) -> dict[str, Any]:
    """Score a finished model on relevés that it has not seen.

    Parameters
    ----------
    parameters
        Options of ``evaluate``, ``model`` among them. Patch, encoder, bands and thresholds are the model's.
    progress
        Told what is left out.

    Returns
    -------
    dict
        Paths written (``metrics``, ``table``) and ``print``.

    Raises
    ------
    OptionError
        A protocol or a task is named: nothing is cross-validated here.
    LeakageError
        The table holds plots that the model may have seen.
    PairingError
        There are too few plots, or no species in common.
    ModelFileError
        The model cannot be used.
    """
    started = time.perf_counter()
    if parameters.get("protocol"):
        raise OptionError(
            f"--protocol {parameters['protocol']} says how to cross-validate, and a finished model is not",
            remedy="leave out --protocol, or --model",
        )
    if parameters.get("task"):
        raise OptionError(
            "--task needs models fitted to it, and a finished model predicts its own species",
            remedy="leave out --task, or --model",
        )
    model = Model.open(parameters["model"])
    progress.update(0.0, "reading relevés")
    table = read_table(parameters)
    for line in table.report:
        progress.info(line)
    table, left_out = unseen_plots(model, table, progress, only_unseen=bool(parameters.get("only_unseen")))
    with AppliedImagery.open(
        model, parameters["raster"], bands=parameters.get("bands"), environment=parameters.get("environment"),
        device=parameters["device"], mode=parameters.get("mode") or "auto", progress=progress,
    ) as applied:
        found = applied.at(table.points, range(len(model.species)), progress.stage(0.05, 0.9))
    counts = collections.Counter(found.status.tolist())
    for reason, count in sorted(counts.items()):
        if reason != OK:
            progress.info(f"{count} of {len(table)} plots are left out: {reason}.")
    kept = np.flatnonzero(found.status == OK)
    if len(kept) < FEWEST_PLOTS:
        raise PairingError(
            f"only {len(kept)} plots that the model has not seen have an image patch; at least {FEWEST_PLOTS} are "
            "needed", remedy="bring more plots, and check that they lie inside the raster",
        )  # fmt: skip
    document = validation_document(model, table.take(kept), found.suitability[kept].astype(float), parameters)
    document["data"] |= {
        "n_seen": left_out, "dropped": {name: n for name, n in sorted(counts.items()) if name != OK},
    }  # fmt: skip
    document["seconds"] = round(time.perf_counter() - started, 1)
    said: dict[str, Any] = without_nan(document)
    return {**write_document(said, parameters), "print": _lines(said)}


def seen_plots(model: Model, table: ReleveTable) -> Seen:
    """Return which plots of a table the model, or one that it continued from, may have seen.

    Raises
    ------
    ModelFileError
        The model says neither where its plots lie nor in what extent.
    """
    content, place, extent, extra = (np.zeros(len(table), dtype=bool) for _ in range(4))
    for plots in plots_of(model.file):
        if plots.extra:
            extra |= plots.seen(table.points, table.digests)
            continue
        here = np.isin(table.digests, sorted(plots.digests))
        content |= here
        both = plots.seen(table.points, table.digests) & ~here
        if plots.places is None:
            extent |= both
        else:
            place |= both
    return Seen(content, place, extent, extra)


def unseen_plots(
    model: Model, table: ReleveTable, progress: Progress, *, only_unseen: bool
) -> tuple[ReleveTable, int]:
    """Return the plots that are sure to be new to the model, and how many are not.

    Raises
    ------
    LeakageError
        There are others, and they were not asked to be left out; or there is none that is new.
    """
    seen = seen_plots(model, table)
    nameless = int((model.metadata.get("vegeta") or {}).get("extra_releves") or 0)
    if nameless and not model.file.plots().get("extra"):
        progress.warning(
            f"The encoder of species lists of {model.file.path.name} learnt from {nameless} relevés without imagery "
            "that the file does not name: plots among them are not found."
        )
    count = int(seen.any.sum())
    if not count:
        return table, 0
    words = seen.words(table.plot_ids.tolist())
    if count == len(table):
        raise LeakageError(
            f"all {len(table)} plots may have been seen by {model.file.path.name}: {words}",
            remedy="a model is scored on plots it has never seen: bring relevés from elsewhere, or cross-validate "
            "without --model",
        )
    if not only_unseen:
        raise LeakageError(
            f"{count} of the {len(table)} plots may have been seen by {model.file.path.name}: {words}",
            remedy="take them out of the table, or give --only-unseen to score the other "
            f"{len(table) - count} only",
        )
    progress.info(f"{count} of {len(table)} plots are left out, because {model.file.path.name} may have seen them: "
                  f"{words}.")
    return table.take(np.flatnonzero(~seen.any)), count


def validation_document(
    model: Model, table: ReleveTable, suitability: Floats, parameters: dict[str, Any]
) -> dict[str, Any]:
    """Return the document of a validation; see ``docs/metrics.md``.

    Parameters
    ----------
    model
        The model.
    table
        The plots that were scored.
    suitability
        What the model says of them (N, S), calibrated.
    parameters
        Options of ``evaluate``.

    Raises
    ------
    PairingError
        None of the model's species is found often enough.
    """
    task, columns, omitted = _task(model, table, parameters["min_presences"])
    p, cuts = suitability[:, columns], model.thresholds[columns]
    rows = np.arange(len(table))
    scores = task_scores(task, rows, p, cuts)
    for name, values in scores.items():
        # One model, one fold: the mean over folds is the score itself.
        scores[name] = {metric: value for metric, value in values.items() if not metric.endswith("_fold_mean")}
    by_target = {name: {COLUMN: values} for name, values in scores.items()}
    known = {str(name) for name in model.species}
    unknown = sorted(str(name) for name in table.species[_found(table)] if str(name) not in known)
    entry: dict[str, Any] = {
        "task": "plants", "model": model.file.path.name, "kind": task.kind, "headline": SHOWN[task.kind][0],
        "n_targets": len(task.targets), "n_plots": len(table), "targets": by_target, "omitted": omitted,
        "summary": {COLUMN: _medians(scores)}, "report": [],
    }  # fmt: skip
    if task.kind == "presence":
        entry["species_sets"] = {COLUMN: species_set_scores(task, rows, p)}
        entry["calibration"] = {
            "bins": metrics.reliability_bins(task.values.ravel(), p.ravel(), bins=10),
            "expected_calibration_error": metrics.expected_calibration_error(task.values, p, bins=10),
        }
    return {
        "protocol": "new plots", "splits": {"name": "new plots"}, "tasks": {"plants": entry},
        "model": {
            "name": model.file.path.name, "sha256": model.file.sha256, "created": model.metadata["created"],
            "scores_in_training": model.metadata.get("scores", {}),
        },
        "unknown_species": unknown,
        "data": {
            "raster": str(parameters["raster"]), "releves": str(parameters["releves"]), "n_plots": len(table),
            "data_type": table.data_type, "notes": list(table.report),
        },
        "versions": versions(),
    }  # fmt: skip


def _task(model: Model, table: ReleveTable, min_presences: int) -> tuple[Task, NDArray[np.intp], dict[str, str]]:
    """Return the model's species as a task, their columns in the model, and why others are left out."""
    of_table = {str(name): i for i, name in enumerate(table.species)}
    presence_only = "presence-only" in (table.data_type, model.metadata["data_type"])
    values, columns, omitted = [], [], {}
    for s, name in enumerate(model.species):
        found = _presence_of(table, of_table[name]) if name in of_table else np.zeros(len(table), bool)
        count = int(found.sum())
        if name not in of_table or not count:
            omitted[name] = "not found in any of the plots"
        elif count < min_presences:
            omitted[name] = f"{count} presences, fewer than {min_presences}"
        elif count == len(table) and not presence_only:
            omitted[name] = "present in every plot"
        else:
            values.append(np.where(found, 1.0, np.nan if presence_only else 0.0))
            columns.append(s)
    if not columns:
        raise PairingError(
            f"none of the model's {len(model.species)} species can be scored on these {len(table)} plots: "
            + listed([f"{name} ({reason})" for name, reason in omitted.items()], 3),
            remedy="bring more relevés, lower --min-presences, and check that species go by the same names",
        )
    targets = tuple(model.species[s] for s in columns)
    kind = "presence-only" if presence_only else "presence"
    return Task("plants", kind, targets, np.column_stack(values)), np.array(columns), omitted  # type: ignore[arg-type]


def _presence_of(table: ReleveTable, column: int) -> Mask:
    cover = table.cover[:, [column]]
    dense = cover.toarray() if hasattr(cover, "toarray") else np.asarray(cover)
    return np.asarray(dense).ravel() > 0


def _found(table: ReleveTable) -> Mask:
    return np.asarray((table.cover > 0).sum(axis=0)).ravel() > 0


def _medians(scores: dict[str, dict[str, float]]) -> dict[str, dict[str, float]]:
    found = {}
    for metric in next(iter(scores.values())):
        values = np.array([each[metric] for each in scores.values()])
        values = values[np.isfinite(values)]
        if metric not in ("n", "n_presences") and values.size:
            found[metric] = {"median": float(np.median(values)), "n": int(values.size)}
    return found


def _lines(document: dict[str, Any]) -> list[str]:
    entry, data = document["tasks"]["plants"], document["data"]
    lines = [
        f"{document['model']['name']} on {data['n_plots']} plots that it has never seen, {entry['n_targets']} species:"
    ]
    if data["n_seen"]:
        lines.append(f"{data['n_seen']} plots that it may have seen were left out.")
    for metric in SHOWN[entry["kind"]]:
        found = entry["summary"][COLUMN].get(metric)
        if found:
            lines.append(f"{metric.replace('_', ' '):<28}{found['median']:>8.3f}   median of {found['n']} species")
    sets = entry.get("species_sets", {}).get(COLUMN, {})
    if sets.get("f1_samples_adaptive") is not None:
        f1 = sets["f1_samples_adaptive"]
        lines.append(f"{'F1 of species lists':<28}{f1:>8.3f}   mean of {data['n_plots']} plots")
    if entry["omitted"]:
        lines.append(f"{len(entry['omitted'])} species of the model are not scored: "
                     + listed([f"{name} ({reason})" for name, reason in entry["omitted"].items()], 3) + ".")
    if document["unknown_species"]:
        lines.append(f"{len(document['unknown_species'])} species of the table are unknown to the model: "
                     f"{listed(document['unknown_species'], 5)}.")
    return lines
