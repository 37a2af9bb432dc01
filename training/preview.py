"""A look at the data before training: which plots can be used and why others cannot, the folds, and the cost."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from botaclip.core.errors import PairingError
from botaclip.core.lattice_imagery import LatticeImagery
from botaclip.core.metric_places import common_plane
from botaclip.core.pairing import Pairs, none_meets, pair_any
from botaclip.core.places import parse_crs
from botaclip.core.polygon_output import check_polygons_name, write_polygons_aside
from botaclip.core.progress import Progress
from botaclip.core.releves import ReleveTable
from botaclip.core.unfinished import check_all_writable, unfinished_together
from botaclip.core.vector_io import check_points_name, write_points_aside
from botaclip.training.option_checks import check_options
from botaclip.training.outer_folds import OuterFolds, block_advice, outer_splitter
from botaclip.training.reading import INNER_FOLDS, Reading, complete, pairing_rules, protocol_of, read_sources
from botaclip.training.recipe import Recipe
from botaclip.training.splits import Split
from botaclip.training.torch_device import torch_device
from botaclip.training.train_estimate import training_minutes

USABLE, DOUBTFUL, LEFT_OUT = "usable", "doubtful", "left out"
# What the packages of training take before any data, and how often its largest table is held; both as measured by
# benchmarks/paper_size.py (2.9 GiB for 28,418 plots and 3,587 species).
_BASE_BYTES = 0.7e9
_COPIES = 6
_MODEL_BYTES = 1.5e6
_SHOWN_SPECIES = 5


@dataclasses.dataclass
class _Look:
    """What was found, as far as it went.

    Parameters
    ----------
    table, imagery, pairs
        What could be read, and the plots that can be used, perhaps none.
    read, outer, folds, minutes
        What training needs, its folds and what it costs; None or empty from where a problem stands in the way.
    problem
        What stands in the way of training, as a sentence; empty where nothing does.
    """

    table: ReleveTable
    imagery: LatticeImagery
    pairs: Pairs
    read: Reading | None = None
    outer: OuterFolds | None = None
    folds: list[Split] = dataclasses.field(default_factory=list)
    minutes: float | None = None
    problem: str = ""


def preview(parameters: dict[str, Any], progress: Progress) -> dict[str, Any]:
    """Run ``botaclip preview``; see the option table for the parameters.

    It is a look, not a training: where the plots cannot be trained on, that is what is found, and no error. Image
    vectors that are computed here are kept in the cache: training takes them from there.

    Returns
    -------
    dict
        Paths written (``output``, ``blocks``), ``print`` (lines), and ``counts`` (of plots by state), ``reasons``
        (plots left out, by reason), ``species`` (``name`` and ``presences`` of those to model), ``folds`` (number and
        words), ``minutes``, ``memory_bytes``, ``disk_bytes`` (None where there is nothing to train on), and
        ``problem``: what stands in the way of training, else empty.

    Raises
    ------
    ReleveError, RasterError, EncoderError, OptionError, DeviceError
        As ``train``: something cannot be read, or cannot be had.
    OutputError
        A layer cannot be written; then neither is.
    """
    overwrite = bool(parameters.get("overwrite"))
    outputs = {key: Path(parameters[key]) for key in ("output", "blocks") if parameters.get(key)}
    for key, path in outputs.items():
        (check_polygons_name if key == "blocks" else check_points_name)(path)
    check_all_writable(list(outputs.values()), overwrite=overwrite)
    pairing_rules(parameters)
    check_options(parameters, progress)
    device = torch_device(str(parameters.get("device") or "auto"), progress)
    look = _look(parameters, device, progress)
    columns = _columns(look)
    with unfinished_together(list(outputs.values()), overwrite=overwrite) as parts:
        for part, (key, path) in zip(parts, outputs.items(), strict=True):
            if key == "output":
                write_points_aside(part, path, look.table.points, columns)
            else:
                _write_blocks(part, path, look)
    found = _found(look, columns["state"])
    progress.update(1.0, "done")
    return {**{key: str(path) for key, path in outputs.items()}, **found, "print": _words(found, look.table.report)}


def _look(parameters: dict[str, Any], device: str, progress: Progress) -> _Look:
    """Go as far towards training as the plots allow."""
    stage = progress.stage(0.0, 0.8)
    table, imagery = read_sources(parameters, stage.stage(0.0, 0.15))
    patch = imagery.lattice.patch(parameters["patch_size"])
    augmented = Recipe.of(parameters).augmentation
    pairs = pair_any(
        table, imagery, patch, pairing_rules(parameters), stage.stage(0.15, 0.5 if augmented else 1.0)
    )
    look = _Look(table, imagery, pairs)
    try:
        if not len(pairs):
            raise none_meets(table, imagery, pairs)
        look.read = read = complete(table, imagery, pairs, parameters, stage)
        data = read.data
        look.outer = outer = outer_splitter(
            data.places, data.groups, data.sites, read.touching_m, pairs.patch.size_m, parameters, progress
        )
        folds = outer.split(data.places, data.presence)
        block_advice(data, outer, parameters, progress)
        progress.update(0.85, "timing a few steps")
        protocol = protocol_of(data, outer.splitter, parameters, device, None)
        look.minutes = training_minutes(data, protocol, folds=len(folds), inner_folds=INNER_FOLDS)
        look.folds = folds
    except PairingError as error:
        look.problem = error.sentence
    return look


def _found(look: _Look, states: list[str]) -> dict[str, Any]:
    """Return what was found, in numbers."""
    species: list[dict[str, Any]] = []
    memory: float | None = None
    disk: float | None = None
    if look.read is not None:
        data = look.read.data
        presences = data.presence.sum(axis=0).astype(int)
        order = np.argsort(-presences, kind="stable")
        species = [{"name": data.species[s], "presences": int(presences[s])} for s in order]
        memory = float(_BASE_BYTES + _COPIES * (data.vectors.nbytes + data.presence.nbytes))
        disk = float(_MODEL_BYTES + 2 * data.vectors.nbytes)
    outer = look.outer if look.folds else None
    return {
        "counts": {state: states.count(state) for state in (USABLE, DOUBTFUL, LEFT_OUT)},
        "reasons": look.pairs.dropped_counts, "flagged": look.pairs.flagged_counts, "species": species,
        "folds": {
            "count": len(look.folds), "words": outer.words if outer else "", "spatial": bool(outer and outer.spatial),
        },
        "minutes": None if look.minutes is None else float(look.minutes), "memory_bytes": memory, "disk_bytes": disk,
        "problem": look.problem,
    }  # fmt: skip


def _words(found: dict[str, Any], report: Sequence[str]) -> list[str]:
    """Return what was found, in lines; ``report`` is what reading the tables had to say."""
    counts, species = found["counts"], found["species"]
    used = counts[USABLE] + counts[DOUBTFUL]
    lines = [f"{used} of {sum(counts.values())} plots can be used."]
    lines += [f"  {count} left out: {reason}" for reason, count in found["reasons"].items()]
    lines += [f"  {count} used although doubtful: {reason}" for reason, count in found["flagged"].items()]
    lines += [f"  {line}" for line in report]
    if species:
        most = ", ".join(f"{one['name']} ({one['presences']})" for one in species[:_SHOWN_SPECIES])
        lines.append(f"{len(species)} species have enough presences; most: {most}.")
    if found["problem"]:
        return [*lines, f"A model cannot be trained on these plots: {found['problem']}"]
    lines.append(f"{found['folds']['count']} folds: {found['folds']['words']}.")
    lines.append(
        f"Training will take about {max(1, round(found['minutes']))} min on this machine, about "
        f"{found['memory_bytes'] / 1e9:.1f} GB of memory, and {max(1, round(found['disk_bytes'] / 1e6))} MB of disk."
    )
    return lines


def _columns(look: _Look) -> dict[str, list[Any]]:
    """Return the columns of the layer of plots, a row for every plot of the relevés."""
    table, pairs = look.table, look.pairs
    count = len(table)
    row_of = {str(name): row for row, name in enumerate(table.plot_ids)}
    state, reason, number_of = [USABLE] * count, [""] * count, [float("nan")] * count
    for word, records in ((DOUBTFUL, pairs.flagged), (LEFT_OUT, pairs.dropped)):
        for record in records:
            row = row_of[record["plot"]]
            state[row] = word
            reason[row] = "; ".join(filter(None, (reason[row], record["reason"])))
    for number, (_, test) in enumerate(look.folds, start=1):
        for row in pairs.plots[test].tolist():
            number_of[row] = float(number)
    return {
        "plot": [str(name) for name in table.plot_ids],
        "state": state,
        "reason": [text or None for text in reason],
        # From 1, as the report counts.
        "fold": number_of,
        "species": [float(total) for total in np.asarray(table.presence.sum(axis=1)).ravel()],
    }


def _write_blocks(part: Path, path: Path, look: _Look) -> None:
    """Write the blocks as polygons in the plane that the folds were made in; without any where there are no blocks."""
    pairs, corners, plane = look.pairs, np.empty((0, 4, 2)), look.pairs.lattice.crs_wkt
    if look.folds and look.outer is not None:
        _, plane = common_plane(pairs.points, [lattice.crs_wkt for lattice in pairs.lattices])
        unit_m = float(parse_crs(plane).axis_info[0].unit_conversion_factor)
        corners = np.asarray(getattr(look.outer.splitter, "outlines_", corners)) / unit_m
    write_polygons_aside(part, path, list(corners), plane, {"block": np.arange(1, len(corners) + 1)})
