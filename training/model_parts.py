"""The refit on all plots, and what of it goes into the model file."""

from __future__ import annotations

import dataclasses
import datetime
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save
from sklearn.decomposition import PCA

import botaclip
from botaclip.core.band_names import wavelength_um
from botaclip.core.encoder_metadata import LICENCE_PART
from botaclip.core.encoders.encoder import Encoder
from botaclip.core.encoders.notice import what_is_there
from botaclip.core.errors import OptionError, PairingError
from botaclip.core.lattice_imagery import LatticeImagery
from botaclip.core.model_card import read_card
from botaclip.core.model_file import PARTS
from botaclip.core.model_metadata import format_of, writable
from botaclip.core.pairing import Pairs
from botaclip.core.plot_locations import extra_records, lattice_without_place, parse_plot_locations, plot_records
from botaclip.core.progress import SILENT, Progress
from botaclip.core.releves import ReleveTable
from botaclip.training.applicability import AreaOfApplicability, leading_axes
from botaclip.training.calibration import Calibrators
from botaclip.training.closed_forms import CLOSED_FORMS
from botaclip.training.continuation import Parent, earlier_plots
from botaclip.training.evaluation import calibrate_and_threshold, choose, fit_head, out_of_fold_logits
from botaclip.training.export import adapter_graph, head_graph, vegeta_graph
from botaclip.training.extent import training_extent
from botaclip.training.fit_state import FitState
from botaclip.training.forest_export import forest_graph
from botaclip.training.heads import ForestHead, Head, LinearHead
from botaclip.training.image_space import ImageSpace
from botaclip.training.metrics_document import sayable, versions, without_nan
from botaclip.training.model_recipe import recipe_of
from botaclip.training.parallel import one_thread_each
from botaclip.training.protocol import Protocol
from botaclip.training.recipe import Recipe
from botaclip.training.search import searched
from botaclip.training.selection import Trial, inner_validation
from botaclip.training.training_table import TrainingTable
from botaclip.training.trust import Trust, community
from botaclip.training.vegeta import ReleveTower, fit_releve_tower, fit_vegeta

Array = NDArray[np.floating]

PRINCIPAL_COMPONENTS = 256
# Bytes of an encoder's graphs that go into the model file by themselves (all together), and at most (each).
EMBEDDED_BY_ITSELF, MOST_EMBEDDED = 128_000_000, 512_000_000
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
    init: Parent | None = None, extra: ReleveTable | None = None,
    kept: FitState | None = None, validated: NDArray[np.integer] | None = None, promised: Trust | None = None,
    progress: Progress,
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
    extra
        The relevés without imagery whose cover is ``data.extra``.
    kept
        Where the state of unfinished fits is kept; nowhere when None.
    validated
        Fold in which the cross-validation held each plot out (N,), negative for none: what the area of applicability
        is measured by. Each plot by itself when None.
    promised
        Lists and the spread of richness, from what the cross-validation held out; the model makes none when None.

    Raises
    ------
    PairingError
        Layers and values of the environment differ in number.
    OptionError
        The encoder is to be in the file and is too large for it.
    """
    encoder_parts = embedded_parts(pairs.encoder, parameters.get("embed_encoder") or "auto", progress)
    layers = 0 if data.environment is None else data.environment.shape[1]
    if layers != len(environment):
        raise PairingError(f"plots come with {layers} environment values each, for {len(environment)} layers")
    folds = protocol.validation_folds(data)
    with one_thread_each():
        trials = inner_validation(
            data, folds, protocol.alignments, choose_by=protocol.choose_by, random_state=protocol.random_state,
            device=protocol.device,
            kept=kept, progress=progress.stage(0.0, 0.7),
        )
        trials += searched(data, folds, trials, protocol, progress.stage(0.7, 0.7), kept)
        chosen = choose(trials, protocol.asked)["adapted"]
        space = ImageSpace.fit(data, data, chosen, protocol, progress.stage(0.7, 0.9), kept)
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
    # Frozen vectors are no alignment, but their model has an encoder of species lists too: the one asked for.
    alignments = (chosen.alignment, *protocol.alignments)
    recipe = alignments[1 if chosen.frozen and protocol.alignments else 0].recipe
    tower = None if adapter is None else adapter.tower
    if tower is None:
        vegeta = fit_vegeta(
            data.cover, recipe, extra=data.extra, habitats=data.habitats, random_state=protocol.random_state
        )
        tower = fit_releve_tower(data.cover, unit, vegeta=vegeta)
    # A species that the tower has not met is none that the model knows.
    tower, met = tower.of_met_species()
    components = min(PRINCIPAL_COMPONENTS, *unit.shape)
    pca = PCA(components, svd_solver="full").fit(unit)
    applicability = _applicability(pca, unit, validated)
    arrays = {
        "pca.mean": pca.mean_, "pca.components": pca.components_, "pca.share": pca.explained_variance_ratio_,
        "plots.vectors": unit,
    }
    if promised is not None and promised.richness is not None:
        mean, variance = community(calibrators(head.logits(inputs)))
        arrays |= {"community.mean": mean, "community.variance": np.array([variance])}
    plots = table.take(pairs.plots)
    parts = {
        "adapter.onnx": adapter_graph(
            space.standardiser, adapter, None if space.environment is None else space.environment.standardiser
        ),
        "head.onnx": _head_graph(head, calibrators, inputs.shape[1]),
        "vegeta.onnx": vegeta_graph(tower),
        "arrays.safetensors": save({k: np.ascontiguousarray(v, dtype=np.float32) for k, v in arrays.items()}),
        "plots.json": json.dumps(
            _plots(plots, data, extra, init, parameters["plot_locations"]), ensure_ascii=False, indent=0
        ).encode(),
    }
    encoder = pairs.encoder
    parts |= encoder_parts
    about = {**encoder.metadata(), "embedded": bool(encoder_parts)}
    low, high = encoder.value_range
    metadata = {
        "format_version": format_of({"environment": environment, "encoder": about}, parts),
        "created": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
        "versions": versions(),
        "encoder": about,
        "bands": [{"role": role, "wavelength_um": wavelength_um(role)} for role in encoder.bands],
        "value_range": [float(low), float(high)],
        "lattice": lattice_without_place(pairs.lattice, encoder, parameters["plot_locations"]).to_json(),
        "patch": {"size_m": pairs.patch.size_m, "cells": pairs.patch.cells},
        "environment": [dict(layer) for layer in environment],
        "alignment": _alignment(chosen, protocol.asked),
        "head": protocol.head,
        "data_type": table.data_type,
        "cover_scale": table.cover_scale.to_json(),
        "vegeta": _vegeta(tower, table.species[met].tolist(), recipe, 0 if data.extra is None else data.extra.shape[0]),
        "releve_area_m2": pairs.patch.size_m**2,
        "species": _species(data, thresholds, calibrators, None if promised is None else promised.listed_from),
        "training": _training(data, plots, pairs, parameters["plot_locations"]),
        "plot_locations": parameters["plot_locations"],
        "scores": without_nan({"protocol": "strict", "blocked": sayable(dict(summary), table.data_type)}),
        "licence": f"The model's own parts: {writable(parameters.get('licence') or 'as its author decides')}; encoder: "
        + encoder.licence
        + (f", whose {what_is_there(encoder.licence_text)} is in the file ({LICENCE_PART})"
           if LICENCE_PART in parts else ""),
        "cite": CITE,
        **({"card": card} if (card := str(writable(read_card(parameters.get("card"))))) else {}),
        **({} if applicability is None else {"applicability": applicability}),
        **({} if promised is None else promised.metadata()),
        "provenance": {
            "software": f"BotaCLIP for QGIS {botaclip.__version__}",
            "raster": str(parameters["raster"]), "raster_identity": imagery.identity,
            **({"encoder_computed": encoder.computed} if encoder.computed else {}),
            "releves": str(parameters["releves"]), "random_state": parameters["random_state"],
            **({} if init is None else {"parent": init.provenance()}),
        },
    }
    return ModelParts(metadata, parts, chosen, trials)


def embedded_parts(encoder: Encoder, asked: str, progress: Progress = SILENT) -> dict[str, bytes]:
    """Return the parts of a model file that hold the encoder and its licence; none where it stays outside.

    Also called before long work, so that what cannot be is said then.

    Parameters
    ----------
    encoder
        The encoder.
    asked
        ``auto``: up to 128 MB, all graphs together; ``yes``: up to 512 MB each; ``no``.
    progress
        Told what follows from it for whoever gets the file.

    Raises
    ------
    OptionError
        ``asked`` is ``yes`` and a graph is too large, or the text of its licence is.
    """
    graphs = encoder.graphs
    size, largest = sum(map(len, graphs.values())), max(map(len, graphs.values()))
    if asked == "yes" and largest > MOST_EMBEDDED:
        raise OptionError(
            f"the encoder {encoder.id} of {largest / 1e6:.0f} MB is too large for a model file, which holds up to "
            f"{MOST_EMBEDDED / 1e6:.0f} MB", where="--embed-encoder",
            remedy="use --embed-encoder no, or a smaller graph with --precision fp16 or int8",
        )  # fmt: skip
    if asked == "no" or (asked != "yes" and size > EMBEDDED_BY_ITSELF):
        if asked != "no":
            progress.warning(
                f"The encoder {encoder.id} of {size / 1e6:.0f} MB does not go into the model file: whoever uses the "
                "model needs the same encoder installed. --embed-encoder yes puts it in."
            )
        return {}
    text = re.sub(r"\r\n?", "\n", encoder.licence_text)
    if not text.strip():
        return dict(graphs)
    licence = str(writable(text)).encode()
    if len(licence) > PARTS[LICENCE_PART]:
        raise OptionError(
            f"the text of the licence of {encoder.id} is of {len(licence) / 1e6:.1f} MB, which is no licence",
            remedy="install the encoder again with the right --licence-file, or use --embed-encoder no",
        )
    progress.warning(
        f"The model file holds the encoder {encoder.id}: whoever gets it gets that encoder under its licence "
        f"({encoder.licence}), and its notice goes with it. --embed-encoder no leaves both out."
    )
    return {**graphs, LICENCE_PART: licence}


def _head_graph(head: Head, calibrators: Calibrators, width: int) -> bytes:
    if isinstance(head, ForestHead):
        return forest_graph(head, slope=calibrators.slope, intercept=calibrators.intercept, width=width)
    assert isinstance(head, LinearHead)
    return head_graph(head, slope=calibrators.slope, intercept=calibrators.intercept)


def _applicability(pca: PCA, unit: Array, validated: NDArray[np.integer] | None) -> dict[str, Any] | None:
    """Return what an area of applicability is applied with; None where all plots look alike.

    Predictors are the leading principal components of the adapted unit vectors, as they are: their Euclidean distance
    is that of the vectors, and a component's weight is its spread.
    """
    axes = leading_axes(pca.explained_variance_ratio_)
    # A plot that no fold held out was validated by itself.
    fold = None if validated is None else np.where(validated < 0, validated.max() + 1 + np.arange(len(unit)), validated)
    try:
        area = AreaOfApplicability(scale=False).fit(pca.transform(unit)[:, :axes], fold)
    except PairingError:
        return None
    if area.threshold_ <= 0:
        return None
    return {
        "axes": axes, "mean_distance": area.mean_distance_, "threshold": area.threshold_,
        "metric": f"Euclidean distance in the first {axes} principal components of adapted unit vectors, over the mean "
        "distance of training plots",
        "folds": "each plot by itself" if validated is None else "cross-validation",
    }  # fmt: skip


def _vegeta(tower: ReleveTower, species: Sequence[str], recipe: Recipe, extra: int) -> dict[str, Any]:
    """Return what the tower reads and how it was made, so that a list of species can be given to it."""
    return {
        "species": list(species), "input": "cover in percent", "transform": tower.transform, "kind": recipe.vegeta,
        "axes": recipe.vegeta_axes, "extra_releves": extra,
    }


def _alignment(chosen: Trial, asked: str) -> dict[str, Any]:
    """Return what was chosen; ``parent`` stands for the adapter of the model that was continued from, as it was."""
    trained = chosen.alignment.name if chosen.steps else "parent"
    closed = chosen.alignment.name in CLOSED_FORMS
    weight = chosen.alignment.weight if chosen.steps and not closed else 0.0
    recipe = recipe_of(chosen.alignment, chosen.steps)
    return {
        "asked": asked, "chosen": "none" if chosen.frozen else trained,
        # Without the regulariser there is nothing to weigh.
        "lambda": weight or None,
        "steps": 0 if closed else chosen.steps, "axes": chosen.steps if closed else None,
        "regulariser": chosen.alignment.regulariser if weight else None, "penalty": chosen.penalty,
        "relative_error": chosen.loss,
        "continued": chosen.alignment.start is not None, **({} if recipe is None else {"recipe": recipe}),
    }


def _plots(
    kept: ReleveTable, data: TrainingTable, extra: ReleveTable | None, init: Parent | None, locations: str
) -> dict[str, Any]:
    """Return the plot table, with the extra relevés, and what is known of the plots of the model continued from.

    Of a plot's species those that are modelled stand in it, by number: a click says which relevés speak for them.
    """
    records = plot_records(kept, locations)
    for row, present in zip(records["plots"], data.presence, strict=True):
        row["species"] = np.flatnonzero(present > 0).tolist()
    if extra is not None and len(extra):
        records["extra"] = extra_records(extra, locations) | {
            "extent_wgs84": training_extent(extra.points, locations)
        }  # fmt: skip
    return records if init is None else records | {"earlier": earlier_plots(init, locations)}


def _species(
    data: TrainingTable, thresholds: Array, calibrators: Calibrators, listed_from: Array | None
) -> list[dict[str, Any]]:
    counts = data.presence.sum(axis=0)
    # JSON has no infinity: a species that is always on the list is there from 0, one that never is has no number.
    listed = None if listed_from is None else [
        max(float(value), 0.0) if value < np.inf else None for value in listed_from.astype(np.float32)
    ]  # fmt: skip
    return [
        {
            "name": name, "presences": int(counts[s]), "prevalence": float(counts[s] / len(data)),
            "threshold": float(thresholds[s]), "threshold_rule": "prevalence",
            "calibration": str(calibrators.kinds[s]),
            **({} if listed is None else {"listed_from": listed[s]}),
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
