"""The refit on all plots, and what of it goes into the model file."""

from __future__ import annotations

import dataclasses
import datetime
import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save
from sklearn.decomposition import PCA

import botaclip
from botaclip.core.pairing import Pairs
from botaclip.core.places import Points
from botaclip.core.plot_locations import coarsened, parse_plot_locations, plot_records
from botaclip.core.progress import Progress
from botaclip.core.rasters import WAVELENGTHS_UM, RasterSource
from botaclip.core.releves import ReleveTable
from botaclip.training.alignment import Adapter, fit_adapter
from botaclip.training.calibration import Calibrators
from botaclip.training.evaluation import Protocol, calibrate_and_threshold, choose, fit_head, out_of_fold_logits
from botaclip.training.export import adapter_graph, head_graph, vegeta_graph
from botaclip.training.forest_export import forest_graph
from botaclip.training.heads import ForestHead, Head, LinearHead
from botaclip.training.metrics_document import sayable, versions, without_nan
from botaclip.training.parallel import one_thread_each
from botaclip.training.selection import Trial, inner_validation
from botaclip.training.standardiser import Standardiser
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
    data: TrainingTable, table: ReleveTable, pairs: Pairs, source: RasterSource, protocol: Protocol,
    parameters: Mapping[str, Any], summary: Mapping[str, Any], *, progress: Progress,
) -> ModelParts:
    """Choose, refit on all plots and pack.

    The head that ``--head`` names goes into the file; thresholds and calibrators come from inner out-of-fold
    logits, never from scores inside the sample.
    """
    folds = protocol.inner_folds(data)
    with one_thread_each():
        trials = inner_validation(
            data, folds, protocol.alignments, random_state=protocol.random_state, device=protocol.device,
            progress=progress.stage(0.0, 0.7),
        )
        chosen = choose(trials, protocol.asked)["adapted"]
        standardiser = Standardiser.fit(data.vectors)
        standardised = standardiser(data.vectors)
        adapter: Adapter | None = None
        if chosen.steps:
            adapter = fit_adapter(
                standardised, data.cover, data.presence, chosen.alignment, chosen.steps,
                random_state=protocol.random_state, device=protocol.device, progress=progress.stage(0.7, 0.9),
            )
        adapted = standardised if adapter is None else adapter(standardised)
        logits = chosen.logits
    if protocol.head != "linear":
        with one_thread_each():
            logits = out_of_fold_logits(data, data, chosen, protocol, folds, progress)
    head = fit_head(
        adapted, data.presence, chosen.penalty, head=protocol.head, random_state=protocol.random_state
    )
    calibrators, thresholds = calibrate_and_threshold(data.presence, logits, folds)

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
            standardiser, None if adapter is None else adapter.weight, None if adapter is None else adapter.bias
        ),
        "head.onnx": _head_graph(head, calibrators, adapted.shape[1]),
        "vegeta.onnx": _tower_graph(tower),
        "arrays.safetensors": save({k: np.ascontiguousarray(v, dtype=np.float32) for k, v in arrays.items()}),
        "plots.json": json.dumps(
            plot_records(kept, parameters["plot_locations"]), ensure_ascii=False, indent=0
        ).encode(),
    }
    encoder = pairs.encoder
    embedded = len(encoder.onnx) <= LARGEST_EMBEDDED_ENCODER
    if embedded:
        parts["encoder.onnx"] = encoder.onnx
    low, high = encoder.value_range
    metadata = {
        "format_version": 1,
        "created": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
        "versions": versions(),
        "encoder": {**encoder.metadata(), "embedded": embedded},
        "bands": [{"role": role, "wavelength_um": WAVELENGTHS_UM.get(role)} for role in encoder.bands],
        "value_range": [float(low), float(high)],
        "lattice": pairs.lattice.to_json(),
        "patch": {"size_m": pairs.patch.size_m, "cells": pairs.patch.cells},
        "alignment": {
            "asked": protocol.asked, "chosen": chosen.alignment.name if chosen.steps else "none",
            "lambda": chosen.alignment.weight if chosen.steps else None, "steps": chosen.steps,
            "regulariser": chosen.alignment.regulariser, "penalty": chosen.penalty, "relative_error": chosen.loss,
        },
        "head": protocol.head,
        "data_type": table.data_type,
        "cover_scale": table.cover_scale.to_json(),
        "vegeta": {"species": [str(s) for s in table.species], "input": "cover in percent", "transform": "hellinger"},
        "releve_area_m2": pairs.patch.size_m**2,
        "species": _species(data, thresholds, calibrators),
        "training": _training(kept, pairs, parameters["plot_locations"]),
        "plot_locations": parameters["plot_locations"],
        "scores": without_nan({"protocol": "strict", "blocked": sayable(dict(summary), table.data_type)}),
        "licence": "The model's own parts: as its author decides; encoder: " + encoder.licence,
        "cite": CITE,
        "provenance": {
            "software": f"BotaCLIP for QGIS {botaclip.__version__}",
            "raster": str(parameters["raster"]), "raster_identity": source.identity,
            "releves": str(parameters["releves"]), "random_state": parameters["random_state"],
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


def training_extent(points: Points, locations: str) -> list[float]:
    """Return west, south, east, north (WGS 84 degrees) around the plots, no more exact than their places are told.

    Parameters
    ----------
    points
        The plots' own places.
    locations
        ``exact``; ``coarse:M``, where the extent is made from the coarsened places only and holds their squares;
        ``none``, where it is widened to tenths of a degree.
    """
    metres = parse_plot_locations(locations)
    told = coarsened(points, metres) if metres else points
    degrees = told.to("EPSG:4326")
    west, south, east, north = (
        float(value) for value in (degrees.x.min(), degrees.y.min(), degrees.x.max(), degrees.y.max())
    )
    if metres is None:
        tenths = math.floor(west * 10), math.floor(south * 10), math.ceil(east * 10), math.ceil(north * 10)
        return [tenth / 10 for tenth in tenths]
    # Half the diagonal of a square, whichever way its CRS is turned.
    pad = metres * math.sqrt(0.5) / 110_000.0
    wide = pad / max(0.01, math.cos(math.radians(max(abs(south - pad), abs(north + pad)))))
    return [west - wide, south - pad, east + wide, north + pad]


def _training(kept: ReleveTable, pairs: Pairs, locations: str) -> dict[str, Any]:
    dates: Sequence[str] = sorted(str(d) for d in kept.dates if d)
    return {
        "extent_wgs84": training_extent(kept.points, locations),
        "crs": pairs.lattice.crs_wkt,
        "dates": [dates[0], dates[-1]] if dates else [],
        "plots": len(kept),
        "dropped": len(pairs.dropped),
    }
