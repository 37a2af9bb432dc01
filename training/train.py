"""The main job: raster and relevés in, one judged model file out."""

from __future__ import annotations

import inspect
import json
import time
from pathlib import Path
from typing import Any

from botaclip.core.errors import PairingError
from botaclip.core.lattice_imagery import LatticeImagery
from botaclip.core.metric_places import common_plane, geocentric, widening
from botaclip.core.model_file import ModelFile
from botaclip.core.pairing import Pairs, pair, remedy
from botaclip.core.pairing_rules import PairingRules
from botaclip.core.plot_locations import parse_plot_locations
from botaclip.core.progress import Progress
from botaclip.core.releves import ReleveTable, read_releves
from botaclip.core.unfinished import check_writable, unfinished
from botaclip.training.alignment import Start, candidates
from botaclip.training.continuation import Parent
from botaclip.training.evaluation import CrossValidation, cross_validate
from botaclip.training.headline import headline
from botaclip.training.metrics_document import metrics_document
from botaclip.training.model_parts import model_parts
from botaclip.training.outer_folds import check_buffer, outer_blocks, say_compromises
from botaclip.training.predictions import check_predictions, write_predictions
from botaclip.training.protocol import Protocol
from botaclip.training.report import write_report
from botaclip.training.scores import site_scores, summarise, summarise_sites, target_scores
from botaclip.training.sites import sites_of
from botaclip.training.splits import RandomFolds, SpatialBlocks, inner_folds
from botaclip.training.torch_device import torch_device
from botaclip.training.train_estimate import training_minutes
from botaclip.training.training_imagery import training_imagery
from botaclip.training.training_table import TrainingTable
from botaclip.training.truth import truth_at
from botaclip.training.truth_maps import truth_maps

INNER_FOLDS = 3
FEWEST_PLOTS = 20


def train(parameters: dict[str, Any], progress: Progress) -> dict[str, Any]:
    """Run ``botaclip train``; see the option table for the parameters.

    Returns
    -------
    dict
        Paths written (``output``, ``report``, ``metrics``, ``predictions``) and ``print``: the headline in words.
    """
    started = time.perf_counter()
    outputs = {
        key: Path(parameters[key]) for key in ("output", "report", "metrics", "predictions") if parameters.get(key)
    }
    for path in outputs.values():
        check_writable(path, overwrite=parameters["overwrite"])
    locations, seed = parameters["plot_locations"], parameters["random_state"]
    parse_plot_locations(locations)
    if "predictions" in outputs:
        check_predictions(outputs["predictions"], locations)
    _rules(parameters)

    progress.update(0.0, "reading relevés")
    table = _read(parameters)
    for line in table.report:
        progress.info(line)
    parent = Parent.open(parameters["init"], alignment=parameters["alignment"]) if parameters["init"] else None
    imagery = training_imagery(parameters, progress.stage(0.0, 0.02), parent)
    check_buffer(table, imagery, parameters)
    pairs = _pair(table, imagery, parameters, progress.stage(0.02, 0.15))
    data = training_table(table, pairs, parameters["raster"])
    progress.info(f"{len(data)} plots with an image patch, {len(data.species)} species to model.")

    device = torch_device(parameters["device"], progress)
    touching_m = (pairs.patch.size_m + pairs.field_m) * (1.0 if pairs.one_crs else widening(data.places))
    blocks = outer_blocks(data.places, data.groups, touching_m, pairs.patch.size_m, parameters, progress)
    folds = list(blocks.split(data.places, groups=data.groups))
    say_compromises(blocks, folds, data, INNER_FOLDS, progress)
    dice = RandomFolds(blocks.n_splits, random_state=seed)
    start = None if parent is None else parent.start(table.take(pairs.plots), pairs, progress)
    protocol = _protocol(data, blocks, parameters, device, start)
    minutes = training_minutes(data, protocol, folds=blocks.n_splits, inner_folds=INNER_FOLDS)
    progress.info(
        f"Training and cross-validation will take about {max(1, round(minutes))} min on this machine; the model "
        "file will take a few MB."
    )
    blocked = cross_validate(data, folds, protocol, progress=progress.stage(0.15, 0.6))
    random = cross_validate(
        data, list(dice.split(data.places)), _protocol(data, dice, parameters, device, start),
        progress=progress.stage(0.6, 0.8),
    )
    targets = target_scores(data, blocked)
    summary = summarise(targets, random_state=seed)
    within = _within_site(data, blocked, parameters)

    parts = model_parts(
        data, table, pairs, imagery, protocol, parameters, summary, init=parent, progress=progress.stage(0.8, 0.87),
        environment=[] if imagery.environment is None else [layer.to_json() for layer in imagery.environment.layers],
    )
    maps = None
    if data.truth is not None and imagery.imagery.single:
        with imagery.cells(0) as cells:
            maps = truth_maps(
                data, pairs, cells, parts.trials, protocol, parent=parent, progress=progress.stage(0.87, 0.98)
            )
    metrics = metrics_document(
        data, table, pairs, imagery, parameters, blocked=blocked, targets=targets, summary=summary,
        summary_random=summarise(target_scores(data, random), random_state=seed), targets_within_site=within,
        summary_within_site=summarise_sites(within, random_state=seed), maps=maps, chosen=parts.choice,
        trials=parts.trials, seconds=time.perf_counter() - started,
    )
    progress.update(0.98, "writing")
    overwrite = parameters["overwrite"]
    ModelFile.write(outputs["output"], parts.metadata, parts.parts, overwrite=overwrite)
    if "metrics" in outputs:
        with unfinished(outputs["metrics"], overwrite=overwrite) as part:
            part.write_text(json.dumps(metrics, indent=1, ensure_ascii=False, allow_nan=False), encoding="utf-8")
    if "report" in outputs:
        write_report(metrics, outputs["report"], overwrite=overwrite)
    if "predictions" in outputs:
        write_predictions(
            outputs["predictions"], table, pairs, data, blocked, locations=locations, overwrite=overwrite,
            progress=progress,
        )
    return {**{key: str(path) for key, path in outputs.items()}, "print": headline(metrics)}


def _read(parameters: dict[str, Any]) -> ReleveTable:
    """Read the relevés with every option that is about reading them."""
    known = inspect.signature(read_releves).parameters
    return read_releves(
        parameters["releves"],
        **{key: value for key, value in parameters.items() if key in known and key != "releves"},
    )


def _rules(parameters: dict[str, Any]) -> PairingRules:
    return PairingRules(parameters["patch_size"], parameters["image_date"], parameters["date_tolerance"])


def _pair(table: ReleveTable, imagery: LatticeImagery, parameters: dict[str, Any], progress: Progress) -> Pairs:
    """Give every plot its frozen vector on the lattice of its scene."""
    return pair(table, imagery, imagery.lattice.patch(parameters["patch_size"]), _rules(parameters), progress)


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
            remedy=remedy(pairs.dropped_counts),
        )
    if not len(kept.targets):
        raise PairingError(
            f"no species has at least {kept.min_presences} presences among the {len(kept)} usable plots",
            remedy="lower --min-presences or bring more relevés",
        )
    species = tuple(str(kept.species[i]) for i in kept.targets)
    places, _ = common_plane(pairs.points, [lattice.crs_wkt for lattice in pairs.lattices])
    earth = geocentric(pairs.points)
    return TrainingTable(
        ids=tuple(str(name) for name in kept.plot_ids),
        places=places,
        vectors=pairs.image_vectors,
        blocks=pairs.encoder.blocks,
        cover=kept.cover,
        presence=kept.presence[:, kept.targets].astype("float32"),
        species=species,
        groups=None if kept.groups is None else tuple(str(g) for g in kept.groups),
        truth=truth_at(raster, pairs.points, species),
        environment=pairs.environment,
        geocentric=None if pairs.one_crs else earth,
        sites=sites_of(earth, None if kept.sites is None else [str(name) for name in kept.sites]),
    )


def _protocol(
    data: TrainingTable, outer: SpatialBlocks | RandomFolds, parameters: dict[str, Any], device: str,
    start: Start | None = None,
) -> Protocol:
    """Return what is done inside every outer fold."""
    return Protocol(
        asked=parameters["alignment"],
        alignments=candidates(
            len(data), regulariser=parameters["regulariser"], epochs=parameters["epochs"], start=start
        ),
        head=parameters["head"],
        inner_folds=lambda inside: inner_folds(outer, inside.places, n_splits=INNER_FOLDS, groups=inside.groups),
        random_state=parameters["random_state"],
        device=device,
    )


def _within_site(data: TrainingTable, blocked: CrossValidation, parameters: dict[str, Any]) -> dict[str, Any]:
    """Return the scores of each site by itself; none where there is only one."""
    if len(set(data.sites or ())) < 2:
        return {}
    return site_scores(data, blocked, min_presences=parameters["min_presences"])
