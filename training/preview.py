"""A look at the data before training: which plots can be used and why others cannot, the folds, and the cost."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from botaclip.core.metric_places import common_plane
from botaclip.core.places import parse_crs
from botaclip.core.polygon_output import write_polygons
from botaclip.core.progress import Progress
from botaclip.core.unfinished import check_writable
from botaclip.core.vector_io import write_points
from botaclip.training.option_checks import check_options
from botaclip.training.outer_folds import OuterFolds, block_advice, outer_splitter
from botaclip.training.reading import INNER_FOLDS, Reading, pairing_rules, protocol_of, read_training
from botaclip.training.splits import Split
from botaclip.training.train_estimate import training_minutes

USABLE, DOUBTFUL, LEFT_OUT = "usable", "doubtful", "left out"
# What the packages of training take before any data, and how often its largest table is held; both as measured by
# benchmarks/paper_size.py (2.9 GiB for 28,418 plots and 3,587 species).
_BASE_BYTES = 0.7e9
_COPIES = 6
_MODEL_BYTES = 1.5e6
_SHOWN_SPECIES = 5


def preview(parameters: dict[str, Any], progress: Progress) -> dict[str, Any]:
    """Run ``botaclip preview``; see the option table for the parameters.

    Image vectors that are computed here are kept in the cache: training takes them from there.

    Returns
    -------
    dict
        Paths written (``output``, ``blocks``), ``print`` (lines), and ``counts`` (of plots by state), ``reasons``
        (plots left out, by reason), ``species`` (``name`` and ``presences`` of those to model), ``folds`` (number and
        words), ``minutes``, ``memory_bytes``, ``disk_bytes``.

    Raises
    ------
    ReleveError, RasterError, EncoderError, OptionError, PairingError
        As ``train``.
    OutputError
        A layer cannot be written.
    """
    overwrite = bool(parameters.get("overwrite"))
    outputs = {key: Path(parameters[key]) for key in ("output", "blocks") if parameters.get(key)}
    for path in outputs.values():
        check_writable(path, overwrite=overwrite)
    pairing_rules(parameters)
    check_options(parameters, progress)
    read = read_training(parameters, progress.stage(0.0, 0.8))
    data, pairs = read.data, read.pairs
    outer = outer_splitter(
        data.places, data.groups, data.sites, read.touching_m, pairs.patch.size_m, parameters, progress
    )
    folds = outer.split(data.places, data.presence)
    block_advice(data, outer, parameters, progress)
    progress.update(0.85, "timing a few steps")
    protocol = protocol_of(data, outer.splitter, parameters, "cpu", None)
    minutes = training_minutes(data, protocol, folds=len(folds), inner_folds=INNER_FOLDS)
    columns = _columns(read, folds)
    if "output" in outputs:
        write_points(outputs["output"], read.table.points, columns, overwrite=overwrite)
    if "blocks" in outputs:
        _write_blocks(outputs["blocks"], read, outer, overwrite=overwrite)
    presences = data.presence.sum(axis=0).astype(int)
    order = np.argsort(-presences, kind="stable")
    memory = _BASE_BYTES + _COPIES * (data.vectors.nbytes + data.presence.nbytes)
    disk = _MODEL_BYTES + 2 * data.vectors.nbytes
    counts = {state: columns["state"].count(state) for state in (USABLE, DOUBTFUL, LEFT_OUT)}
    found = {
        "counts": counts, "reasons": pairs.dropped_counts, "flagged": pairs.flagged_counts,
        "species": [{"name": data.species[s], "presences": int(presences[s])} for s in order],
        "folds": {"count": len(folds), "words": outer.words, "spatial": outer.spatial},
        "minutes": float(minutes), "memory_bytes": float(memory), "disk_bytes": float(disk),
    }  # fmt: skip
    progress.update(1.0, "done")
    return {**{key: str(path) for key, path in outputs.items()}, **found, "print": _words(found)}


def _words(found: dict[str, Any]) -> list[str]:
    """Return what was found, in lines."""
    counts, species = found["counts"], found["species"]
    used = counts[USABLE] + counts[DOUBTFUL]
    lines = [f"{used} of {sum(counts.values())} plots can be used."]
    lines += [f"  {count} left out: {reason}" for reason, count in found["reasons"].items()]
    lines += [f"  {count} used although doubtful: {reason}" for reason, count in found["flagged"].items()]
    most = ", ".join(f"{one['name']} ({one['presences']})" for one in species[:_SHOWN_SPECIES])
    lines.append(f"{len(species)} species have enough presences; most: {most}.")
    lines.append(f"{found['folds']['count']} folds: {found['folds']['words']}.")
    lines.append(
        f"Training will take about {max(1, round(found['minutes']))} min on this machine, about "
        f"{found['memory_bytes'] / 1e9:.1f} GB of memory, and {max(1, round(found['disk_bytes'] / 1e6))} MB of disk."
    )
    return lines


def _columns(read: Reading, folds: list[Split]) -> dict[str, list[Any]]:
    """Return the columns of the layer of plots, a row for every plot of the relevés."""
    table, pairs = read.table, read.pairs
    count = len(table)
    row_of = {str(name): row for row, name in enumerate(table.plot_ids)}
    state, reason, number_of = [USABLE] * count, [""] * count, [float("nan")] * count
    for word, records in ((DOUBTFUL, pairs.flagged), (LEFT_OUT, pairs.dropped)):
        for record in records:
            row = row_of[record["plot"]]
            state[row] = word
            reason[row] = "; ".join(filter(None, (reason[row], record["reason"])))
    for number, (_, test) in enumerate(folds, start=1):
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


def _write_blocks(path: Path, read: Reading, outer: OuterFolds, *, overwrite: bool) -> None:
    """Write the blocks as polygons in the plane that the folds were made in; without any where there are no blocks."""
    _, plane = common_plane(read.pairs.points, [lattice.crs_wkt for lattice in read.pairs.lattices])
    unit_m = float(parse_crs(plane).axis_info[0].unit_conversion_factor)
    corners = np.asarray(getattr(outer.splitter, "outlines_", np.empty((0, 4, 2)))) / unit_m
    write_polygons(
        path, list(corners), plane, {"block": np.arange(1, len(corners) + 1)}, overwrite=overwrite
    )
