"""The refit on all plots, and what of it goes into the model file."""

from __future__ import annotations

import dataclasses
import datetime
import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save
from sklearn.decomposition import PCA

import botaclip
from botaclip.core.errors import PairingError
from botaclip.core.lattice_imagery import LatticeImagery
from botaclip.core.model_metadata import format_of
from botaclip.core.pairing import Pairs
from botaclip.core.plot_locations import parse_plot_locations, plot_records
from botaclip.core.progress import Progress
from botaclip.core.rasters import WAVELENGTHS_UM
from botaclip.core.releves import ReleveTable
from botaclip.training.calibration import Calibrators
from botaclip.training.continuation import Parent, earlier_plots
from botaclip.training.evaluation import calibrate_and_threshold, choose, fit_head, out_of_fold_logits
from botaclip.training.export import adapter_graph, head_graph, vegeta_graph
from botaclip.training.extent import training_extent
from botaclip.training.forest_export import forest_graph
from botaclip.training.heads import ForestHead, Head, LinearHead
from botaclip.training.image_space import ImageSpace
from botaclip.training.metrics_document import sayable, versions, without_nan
from botaclip.training.parallel import one_thread_each
from botaclip.training.protocol import Protocol
from botaclip.training.selection import Trial, inner_validation
from botaclip.training.training_table import TrainingTable
from botaclip.training.vegeta import ReleveTower, fit_releve_tower

Array = NDArray[np.floating]

PRINCIPAL_COMPONENTS = 256
LARGEST_EMBEDDED_ENCODER = 50_000_000
CITE = (
    "Cerna, Si-Moussi, Thuiller, Hendrikx, Miele: BotaCLIP: Contrastive Learning for Botany-Aware Representation of "
    "Earth Observation Data, arXiv:2511.21194 (the method); BotaCLIP for QGIS, BotaCLIP developers (this software)"
)


@dataclasses.dataclass(frozen=True)
class ModelParts:
    """What :meth:`ModelFile.write` needs, and how the alignment was chosen."""

    metadata: dict[str, Any]
    parts: dict[str, bytes]
    choice: Trial
    trials: list[Trial]


def model_parts(
    data: TrainingTable, table: ReleveTable, pairs: Pairs, imagery: LatticeImagery, protocol: Protocol,
    parameters: Mapping[str, Any], summary: Mapping[str, Any], *, environment: Sequence[Mapping[str, Any]] = (),
    init: Parent | None = None, progress: Progress,
) -> ModelParts:
    """Choose, refit on all plots and pack.

    The head that ``--head`` names goes into the file; thresholds and calibrators come from inner out-of-fold
    logits, never from scores inside the sample.

    Parameters
    ----------
    data
        All plots.
    table, pairs, imagery
        The relevés, where they lie on the image, and the image.
    protocol
        What is tried; its alignments start from ``init`` where there is one.
    parameters
        Options of ``train``.
    summary
        Scores of the cross-validation over blocks.
    environment
        The layers of ``data.environment``, in order: ``name``, ``file``, ``band`` and ``path`` of each.
    init
        The model that is continued from.

    Raises
    ------
    PairingError
        Layers and values of the environment differ in number.
    """
    layers = 0 if data.environment is None else data.environment.shape[1]
    if layers != len(environment):
        raise PairingError(f"plots come with {layers} environment values each, for {len(environment)} layers")
    folds = protocol.validation_folds(data)
    with one_thread_each():
        trials = inner_validation(
            data, folds, protocol.alignments, random_state=protocol.random_state, device=protocol.device,
            progress=progress.stage(0.0, 0.7),
        )
        chosen = choose(trials, protocol.asked)["adapted"]
        space = ImageSpace.fit(data, data, chosen, protocol, progress.stage(0.7, 0.9))
        adapter, inputs = space.adapter, space.inputs(data)
        logits = chosen.logits
    if protocol.head != "linear":
        with one_thread_each():
            logits = out_of_fold_logits(data, data, chosen, protocol, folds, progress)
    head = fit_head(
        inputs, data.presence, chosen.penalty, head=protocol.head, random_state=protocol.random_state
    )
    calibrators, thresholds = calibrate_and_threshold(data.presence, logits, folds)

    adapted = space(data.vectors)
    unit = adapted / np.maximum(np.linalg.norm(adapted, axis=1, keepdims=True), 1e-12)
    tower = adapter.tower if adapter is not None and adapter.tower is not None else fit_releve_tower(data.cover, unit)
    components = min(PRINCIPAL_COMPONENTS, *unit.shape)
    pca = PCA(components, svd_solver="full").fit(unit)
    arrays = {
        "pca.mean": pca.mean_, "pca.components": pca.components_, "pca.share": pca.explained_variance_ratio_,
        "plots.vectors": unit,
    }
    kept = table.take(pairs.plots)
    parts = {
        "adapter.onnx": adapter_graph(
            space.standardiser,
            None if adapter is None else adapter.weight,
            None if adapter is None else adapter.bias,
            None if space.environment is None else space.environment.standardiser,
        ),
        "head.onnx": _head_graph(head, calibrators, inputs.shape[1]),
        "vegeta.onnx": _tower_graph(tower),
        "arrays.safetensors": save({k: np.ascontiguousarray(v, dtype=np.float32) for k, v in arrays.items()}),
        "plots.json": json.dumps(
            _plots(kept, init, parameters["plot_locations"]), ensure_ascii=False, indent=0
        ).encode(),
    }
    encoder = pairs.encoder
    embedded = len(encoder.onnx) <= LARGEST_EMBEDDED_ENCODER
    if embedded:
        parts["encoder.onnx"] = encoder.onnx
    low, high = encoder.value_range
    metadata = {
        "format_version": format_of({"environment": environment}),
        "created": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
        "versions": versions(),
        "encoder": {**encoder.metadata(), "embedded": embedded},
        "bands": [{"role": role, "wavelength_um": WAVELENGTHS_UM.get(role)} for role in encoder.bands],
        "value_range": [float(low), float(high)],
        "lattice": pairs.lattice.to_json(),
        "patch": {"size_m": pairs.patch.size_m, "cells": pairs.patch.cells},
        "environment": [dict(layer) for layer in environment],
        "alignment": _alignment(chosen, protocol.asked),
        "head": protocol.head,
        "data_type": table.data_type,
        "cover_scale": table.cover_scale.to_json(),
        "vegeta": {"species": [str(s) for s in table.species], "input": "cover in percent", "transform": "hellinger"},
        "releve_area_m2": pairs.patch.size_m**2,
        "species": _species(data, thresholds, calibrators),
        "training": _training(data, kept, pairs, parameters["plot_locations"]),
        "plot_locations": parameters["plot_locations"],
        "scores": without_nan({"protocol": "strict", "blocked": sayable(dict(summary), table.data_type)}),
        "licence": "The model's own parts: as its author decides; encoder: " + encoder.licence,
        "cite": CITE,
        "provenance": {
            "software": f"BotaCLIP for QGIS {botaclip.__version__}",
            "raster": str(parameters["raster"]), "raster_identity": imagery.identity,
            "releves": str(parameters["releves"]), "random_state": parameters["random_state"],
            **({} if init is None else {"parent": init.provenance()}),
        },
    }
    return ModelParts(metadata, parts, chosen, trials)


def _head_graph(head: Head, calibrators: Calibrators, width: int) -> bytes:
    if isinstance(head, ForestHead):
        return forest_graph(head, slope=calibrators.slope, intercept=calibrators.intercept, width=width)
    assert isinstance(head, LinearHead)
    return head_graph(head, slope=calibrators.slope, intercept=calibrators.intercept)


def _tower_graph(tower: ReleveTower) -> bytes:
    return vegeta_graph(tower.centre, tower.layers)


def _alignment(chosen: Trial, asked: str) -> dict[str, Any]:
    """Return what was chosen; ``parent`` stands for the adapter of the model that was continued from, as it was."""
    trained = chosen.alignment.name if chosen.steps else "parent"
    return {
        "asked": asked, "chosen": "none" if chosen.frozen else trained,
        # Without the regulariser there is nothing to weigh.
        "lambda": (chosen.alignment.weight or None) if chosen.steps else None, "steps": chosen.steps,
        "regulariser": chosen.alignment.regulariser, "penalty": chosen.penalty, "relative_error": chosen.loss,
        "continued": chosen.alignment.start is not None,
    }


def _plots(kept: ReleveTable, init: Parent | None, locations: str) -> dict[str, Any]:
    """Return the plot table, with what is known of the plots of the model continued from."""
    records = plot_records(kept, locations)
    return records if init is None else records | {"earlier": earlier_plots(init, locations)}


def _species(data: TrainingTable, thresholds: Array, calibrators: Calibrators) -> list[dict[str, Any]]:
    counts = data.presence.sum(axis=0)
    return [
        {
            "name": name, "presences": int(counts[s]), "prevalence": float(counts[s] / len(data)),
            "threshold": float(thresholds[s]), "threshold_rule": "prevalence",
            "calibration": str(calibrators.kinds[s]),
        }
        for s, name in enumerate(data.species)
    ]


def _training(data: TrainingTable, kept: ReleveTable, pairs: Pairs, locations: str) -> dict[str, Any]:
    dates: Sequence[str] = sorted(str(d) for d in kept.dates if d)
    sites = sorted(set(data.sites or ()))
    return {
        "extent_wgs84": training_extent(kept.points, locations),
        "crs": pairs.lattice.crs_wkt,
        "dates": [dates[0], dates[-1]] if dates else [],
        "plots": len(kept),
        "dropped": len(pairs.dropped),
        # A site's name may tell where it is.
        "sites": [] if parse_plot_locations(locations) is None else sites,
        "site_count": len(sites),
    }
