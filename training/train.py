"""The main job: raster and relevés in, one judged model file out."""

from __future__ import annotations

import dataclasses
import json
import math
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import safetensors.numpy

from botaclip.core.lattice_imagery import LatticeImagery
from botaclip.core.model_card import read_card
from botaclip.core.model_file import ModelFile
from botaclip.core.plot_locations import parse_plot_locations
from botaclip.core.progress import Progress
from botaclip.core.unfinished import check_writable, unfinished
from botaclip.training.continuation import Parent
from botaclip.training.embedding_map import embedding_map
from botaclip.training.evaluate import resampled_blocks
from botaclip.training.evaluation import CrossValidation, cross_validate
from botaclip.training.fit_state import FitState
from botaclip.training.headline import headline
from botaclip.training.importance import importance_document, parts_of
from botaclip.training.metrics_document import metrics_document
from botaclip.training.model_parts import model_parts
from botaclip.training.nearest_releves import nearest_document
from botaclip.training.option_checks import check_options
from botaclip.training.outer_folds import block_advice, outer_splitter, say_compromises
from botaclip.training.predictions import check_predictions, write_predictions
from botaclip.training.protocol import ENVIRONMENT_ONLY, Protocol
from botaclip.training.reading import INNER_FOLDS, pairing_rules, protocol_of, read_training
from botaclip.training.report import write_report
from botaclip.training.responses import responses
from botaclip.training.scores import draws_of, site_scores, summarise, summarise_sites, target_scores
from botaclip.training.splits import leak_report
from botaclip.training.torch_device import torch_device
from botaclip.training.train_estimate import training_minutes
from botaclip.training.training_table import TrainingTable
from botaclip.training.trust import trust
from botaclip.training.truth_maps import truth_maps

# Columns that are given over random folds as well.
BESIDE = ("raw", "adapted", ENVIRONMENT_ONLY, "location_only", "prevalence")


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
    read_card(parameters.get("card"))  # before the work, not after it
    if "predictions" in outputs:
        check_predictions(outputs["predictions"], locations)
    pairing_rules(parameters)
    check_options(parameters, progress)

    parent = Parent.open(parameters["init"], alignment=parameters["alignment"]) if parameters["init"] else None
    read = read_training(parameters, progress.stage(0.0, 0.15), parent)
    table, imagery, pairs, data = read.table, read.imagery, read.pairs, read.data

    device = torch_device(parameters["device"], progress)
    outer = outer_splitter(
        data.places, data.groups, data.sites, read.touching_m, pairs.patch.size_m, parameters, progress
    )
    folds = outer.split(data.places, data.presence)
    advice = block_advice(data, outer, parameters, progress)
    say_compromises(outer.splitter, folds, data, INNER_FOLDS, progress)
    dice = outer.random(seed)
    start = None if parent is None else parent.start(read.plots, pairs, progress)
    protocol = protocol_of(data, outer.splitter, parameters, device, start)
    minutes = training_minutes(data, protocol, folds=len(folds), inner_folds=INNER_FOLDS)
    progress.info(
        f"Training and cross-validation will take about {max(1, round(minutes))} min on this machine; the model "
        "file will take a few MB."
    )
    kept = None
    if parameters.get("checkpoint"):
        # Every piece of work says itself what it depends on.
        kept = FitState(parameters["checkpoint"], "train", progress=progress)
    blocked = cross_validate(data, folds, protocol, importance=True, kept=kept, progress=progress.stage(0.15, 0.6))
    # They only show what nearness pretends: what was picked above and the baselines do, in a fraction of the time.
    random = cross_validate(
        data, list(dice.split(data.places)),
        picked_alone(protocol_of(data, dice, parameters, device, start), blocked), kept=kept,
        columns=[column for column in BESIDE if column in blocked.suitability], progress=progress.stage(0.6, 0.8),
    )
    targets = target_scores(data, blocked)
    draws = draws_of(data, blocked, resampled_blocks(data.places, outer), random_state=seed)
    summary = summarise(targets, draws=draws, random_state=seed)
    within = _within_site(data, blocked, parameters)
    promised = trust(
        blocked.suitability["adapted"], data.presence, blocked.fold, baseline=blocked.suitability["prevalence"],
        relative=table.data_type == "presence-only",
    )

    parts = model_parts(
        data, table, pairs, imagery, protocol, parameters, summary, init=parent, extra=read.extra,
        kept=None if kept is None else kept.under("model"), validated=blocked.fold, promised=promised,
        progress=progress.stage(0.8, 0.87),
        environment=[] if imagery.environment is None else [layer.to_json() for layer in imagery.environment.layers],
    )
    _say_scores(parts.metadata["species"], targets)
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
        splits=outer.to_json(folds, data.ids, locations) | {"advice": advice.to_json()},
        leaks=leak_report(data.places, blocked.folds, read.touching_m, read.plots.digests, data.groups),
        promised=promised,
    )
    arrays = safetensors.numpy.load(parts.parts["arrays.safetensors"])
    metrics["embedding"] = embedding_map(arrays, data.habitats)
    metrics |= _drivers(data, blocked, metrics["embedding"], imagery)
    if parts.metadata.get("card"):
        metrics["card"] = parts.metadata["card"]
    progress.update(0.98, "writing")
    overwrite = parameters["overwrite"]
    written = ModelFile.write(outputs["output"], parts.metadata, parts.parts, overwrite=overwrite)
    metrics["model"] = {"name": written.path.name, "sha256": written.sha256}
    if kept is not None:
        kept.keep("model", {})  # it is written: the states of its fits go
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


def picked_alone(protocol: Protocol, blocked: CrossValidation) -> Protocol:
    """Return the protocol with the alignments alone that ``adapted`` picked in some fold, and the one asked for.

    Where a model is continued from, all stay: the plots that it has seen decide the inner folds.
    """
    if protocol.seen:
        return protocol
    names = {str(choices["adapted"]).split(",")[0] for choices in blocked.choices} | {protocol.asked}
    kept = tuple(alignment for alignment in protocol.alignments if alignment.name in names)
    return dataclasses.replace(protocol, alignments=kept)


def _drivers(
    data: TrainingTable, blocked: CrossValidation, embedding: dict[str, Any], imagery: LatticeImagery
) -> dict[str, Any]:
    """Return what the predictions rest on, and how they change along environment rasters and the images' main axes."""
    layers = [] if imagery.environment is None else list(imagery.environment.names)
    axes = np.column_stack([embedding["x"], embedding["y"]])
    names = ["the first axis of the images", "the second axis of the images"]
    if data.environment is not None:
        axes, names = np.column_stack([data.environment, axes]), [*layers, *names]
    found: dict[str, Any] = {
        "responses": responses(axes, names, blocked.suitability["adapted"], data.presence, data.species)
    }
    if blocked.importance:
        found["importance"] = importance_document(
            blocked.importance, [len(test) for _, test in blocked.folds], parts_of(data, layers), data.species
        )
    nearest = None if blocked.nearest is None else nearest_document(data, blocked.nearest, blocked.folds)
    return found if nearest is None else found | {"nearest_releves": nearest}


def _say_scores(species: list[dict[str, Any]], targets: Mapping[str, Mapping[str, Mapping[str, float]]]) -> None:
    """Add to each species of the model how well held-out plots were told apart, so that it can be chosen by that."""
    for kind in species:
        auc = targets[kind["name"]]["adapted"]["auc"]
        if math.isfinite(auc):
            kind["auc"] = round(auc, 4)


def _within_site(data: TrainingTable, blocked: CrossValidation, parameters: dict[str, Any]) -> dict[str, Any]:
    """Return the scores of each site by itself; none where there is only one."""
    if len(set(data.sites or ())) < 2:
        return {}
    return site_scores(data, blocked, min_presences=parameters["min_presences"])
