"""The main job: raster and relevés in, one judged model file out."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from botaclip.core import encoders
from botaclip.core.cells import CellSource
from botaclip.core.errors import PairingError
from botaclip.core.lattice import Lattice
from botaclip.core.lattice_reader import LatticeReader
from botaclip.core.model_file import ModelFile
from botaclip.core.pairing import Pairs, pair
from botaclip.core.places import Points
from botaclip.core.plot_locations import parse_plot_locations
from botaclip.core.progress import Progress
from botaclip.core.rasters import RasterSource, open_raster
from botaclip.core.releves import ReleveTable, read_releves
from botaclip.core.unfinished import check_writable, unfinished
from botaclip.training.alignment import candidates
from botaclip.training.evaluation import Protocol, cross_validate
from botaclip.training.metrics_document import metrics_document
from botaclip.training.model_parts import model_parts
from botaclip.training.report import write_report
from botaclip.training.scores import summarise, target_scores
from botaclip.training.splits import RandomFolds, SpatialBlocks, inner_folds
from botaclip.training.torch_device import torch_device
from botaclip.training.train_estimate import training_minutes
from botaclip.training.training_table import TrainingTable
from botaclip.training.truth import truth_at
from botaclip.training.truth_maps import MAPS, truth_maps

INNER_FOLDS = 3
FEWEST_PLOTS = 20


def train(parameters: dict[str, Any], progress: Progress) -> dict[str, Any]:
    """Run ``botaclip train``; see the option table for the parameters.

    Returns
    -------
    dict
        Paths written (``output``, ``report``, ``metrics``) and ``print``: the headline in words.
    """
    started = time.perf_counter()
    outputs = {key: Path(parameters[key]) for key in ("output", "report", "metrics") if parameters.get(key)}
    for path in outputs.values():
        check_writable(path, overwrite=parameters["overwrite"])
    parse_plot_locations(parameters["plot_locations"])

    progress.update(0.0, "reading relevés")
    table = _read(parameters)
    for line in table.report:
        progress.info(line)
    source = open_raster(parameters["raster"], bands=parameters["bands"])
    progress.info(source.describe())
    with _imagery(source, parameters, progress) as cells:
        pairs = _pair(table, cells, parameters, progress.stage(0.01, 0.15))
        data = training_table(table, pairs, parameters["raster"])
        progress.info(f"{len(data)} plots with an image patch, {len(data.species)} species to model.")

        device = torch_device(parameters["device"], progress)
        seed = parameters["random_state"]
        if parameters["buffer"] is not None and parameters["buffer"] < _touching_m(pairs):
            progress.warning(
                f"With a buffer of {parameters['buffer']:g} m image patches may overlap across folds and scores be too "
                f"good; {_touching_m(pairs):g} m keeps them apart."
            )
        blocks, dice = _blocks(pairs, parameters), RandomFolds(parameters["folds"], random_state=seed)
        folds = list(blocks.split(data.places, groups=data.groups))
        protocol = _protocol(data, blocks, parameters, device)
        minutes = training_minutes(data, protocol, folds=parameters["folds"], inner_folds=INNER_FOLDS)
        progress.info(
            f"Training and cross-validation will take about {max(1, round(minutes))} min on this machine; the model "
            "file will take a few MB."
        )
        blocked = cross_validate(data, folds, protocol, progress=progress.stage(0.15, 0.6))
        random = cross_validate(
            data, list(dice.split(data.places)), _protocol(data, dice, parameters, device),
            progress=progress.stage(0.6, 0.8),
        )
        targets = target_scores(data, blocked)
        summary = summarise(targets, random_state=seed)
        summary_random = summarise(target_scores(data, random), random_state=seed)

        parts = model_parts(
            data, table, pairs, source, protocol, parameters, summary, progress=progress.stage(0.8, 0.87)
        )
        maps = None
        if data.truth is not None:
            maps = truth_maps(data, pairs, cells, parts.trials, protocol, progress=progress.stage(0.87, 0.98))
        metrics = metrics_document(
            data, table, pairs, source, parameters, blocked=blocked, targets=targets, summary=summary,
            summary_random=summary_random, maps=maps, chosen=parts.choice, trials=parts.trials,
            seconds=time.perf_counter() - started,
        )
    progress.update(0.98, "writing")
    ModelFile.write(outputs["output"], parts.metadata, parts.parts, overwrite=parameters["overwrite"])
    if "metrics" in outputs:
        with unfinished(outputs["metrics"], overwrite=parameters["overwrite"]) as part:
            part.write_text(json.dumps(metrics, indent=1, ensure_ascii=False, allow_nan=False), encoding="utf-8")
    if "report" in outputs:
        write_report(metrics, outputs["report"], overwrite=parameters["overwrite"])
    return {**{key: str(path) for key, path in outputs.items()}, "print": headline(metrics)}


def _read(parameters: dict[str, Any]) -> ReleveTable:
    return read_releves(
        parameters["releves"],
        **{
            key: parameters[key]
            for key in (
                "plots", "crs", "plot_field", "species_field", "cover_field", "x_field", "y_field", "date_field",
                "groups", "cover_scale", "data_type", "min_presences", "species",
            )
        },
    )


@contextmanager
def _imagery(source: RasterSource, parameters: dict[str, Any], progress: Progress) -> Iterator[CellSource]:
    """Open the raster on its lattice, with the encoder that looks at it."""
    encoder = encoders.get(parameters["encoder"], bands=source.roles, value_range=source.value_range())
    lattice = Lattice.of(source, encoder.stride_px, encoder.margin_px, parameters["patch_size"])
    progress.info(lattice.describe())
    with LatticeReader(source, lattice) as reader:
        yield CellSource(reader, encoder)


def _pair(table: ReleveTable, cells: CellSource, parameters: dict[str, Any], progress: Progress) -> Pairs:
    """Give every plot its frozen vector on the lattice."""
    lattice = cells.reader.lattice
    return pair(table, cells.reader.source, cells, lattice, lattice.patch(parameters["patch_size"]), progress)


def training_table(table: ReleveTable, pairs: Pairs, raster: str) -> TrainingTable:
    """Return the plots that were paired, with the species that have enough presences among them.

    Raises
    ------
    PairingError
        Fewer than 20 plots, or no species with enough presences.
    """
    kept = table.take(pairs.plots)
    if len(kept) < FEWEST_PLOTS:
        raise PairingError(
            f"only {len(kept)} plots have both a relevé and an image patch; at least {FEWEST_PLOTS} are needed",
            remedy="check the CRS of the plots and that they lie inside the raster",
        )
    if not len(kept.targets):
        raise PairingError(
            f"no species has at least {kept.min_presences} presences among the {len(kept)} usable plots",
            remedy="lower --min-presences or bring more relevés",
        )
    species = tuple(str(kept.species[i]) for i in kept.targets)
    metres = pairs.points
    places = np.column_stack([metres.x, metres.y]) * pairs.lattice.unit_m
    return TrainingTable(
        ids=tuple(str(name) for name in kept.plot_ids),
        places=places,
        vectors=pairs.vectors,
        cover=kept.cover,
        presence=kept.presence[:, kept.targets].astype(np.float32),
        species=species,
        groups=None if kept.groups is None else tuple(str(g) for g in kept.groups),
        truth=truth_at(raster, Points(metres.x, metres.y, metres.crs), species),
    )


def _touching_m(pairs: Pairs) -> float:
    """Return the distance in metres from which two plots share no pixel, the encoder's surroundings included."""
    return pairs.patch.size_m + pairs.field_m


def _blocks(pairs: Pairs, parameters: dict[str, Any]) -> SpatialBlocks:
    """Return the outer folds; by default no two patches touch across folds, the encoder's surroundings included."""
    buffer = parameters["buffer"]
    return SpatialBlocks(
        parameters["folds"],
        parameters["block_size"],
        _touching_m(pairs) if buffer is None else buffer,
        minimum_block=2.0 * pairs.patch.size_m,
        random_state=parameters["random_state"],
    )


def _protocol(
    data: TrainingTable, outer: SpatialBlocks | RandomFolds, parameters: dict[str, Any], device: str
) -> Protocol:
    """Return what is done inside every outer fold."""
    return Protocol(
        asked=parameters["alignment"],
        alignments=candidates(len(data), regulariser=parameters["regulariser"], epochs=parameters["epochs"]),
        head=parameters["head"],
        inner_folds=lambda inside: inner_folds(outer, inside.places, n_splits=INNER_FOLDS, groups=inside.groups),
        random_state=parameters["random_state"],
        device=device,
    )


def headline(metrics: dict[str, Any]) -> list[str]:
    """Return the table of columns as lines of text."""
    lines = [f"{'column':<14}{'TSS':>8}{'fold mean':>11}{'AUC':>8}   difference of TSS to raw"]
    for column, scores in metrics["summary"].items():
        tss = scores.get("tss_at_train_threshold", {})
        auc = scores.get("auc", scores.get("auc_background", {}))
        difference = tss.get("difference_to_raw")
        words = (
            f"{difference['median']:+.3f} [{difference['low']:+.3f}, {difference['high']:+.3f}]" if difference else ""
        )
        lines.append(
            f"{column:<14}{_number(tss.get('median')):>8}{_number(tss.get('fold_mean')):>11}"
            f"{_number(auc.get('median')):>8}   {words}"
        )
    if maps := metrics.get("maps"):
        raw, adapted = (_number(maps[name]["median_truth_correlation"]) for name in MAPS)
        difference = maps["difference"]
        lines.append(
            f"Maps against the truth at {maps['places']} places clear of the plots: median r raw {raw}, "
            f"adapted {adapted}, difference {difference['median']:+.3f} "
            f"[{difference['low']:+.3f}, {difference['high']:+.3f}]."
        )
    lines.append(metrics["alignment"]["reason"])
    return lines


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"
