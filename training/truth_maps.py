"""Does the map itself come nearer to the truth? The adapted map and the raw one at places that no plot has shown.

Only the demo landscape has a truth. Both maps are fitted on all training plots, as the model is; what is compared is
what the suitability raster would hold at random places whose patches, the encoder's surroundings included, touch no
training patch. The scores of the cross-validation, in contrast, are at plots and from models of fewer plots.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import KDTree

from botaclip.core.pairing import Pairs
from botaclip.core.places import Points
from botaclip.core.progress import SILENT, Progress
from botaclip.core.vector_source import VectorSource
from botaclip.training.continuation import Parent, seen_by
from botaclip.training.evaluation import choose, fit_image_column
from botaclip.training.parallel import one_thread_each
from botaclip.training.protocol import Protocol
from botaclip.training.selection import Trial
from botaclip.training.statistics import paired_difference
from botaclip.training.training_table import TrainingTable
from botaclip.training.truth import truth_at, truth_correlation_at

Floats = NDArray[np.float64]
Indexes = NDArray[np.int64]

PLACES = 2_000
_FEWER_PLACES, _DEAR_NODES = 500, 4  # where every patch is looked at by itself and may take a tenth of a second
FEWEST_PLACES = 30
MAPS = ("raw", "adapted")
_ROUNDS = 40


def clear_places(
    pairs: Pairs, cells: VectorSource, species: Sequence[str], *, parent: Parent | None = None, places: int = PLACES,
    random_state: int = 1,
) -> tuple[Indexes, Indexes, Floats]:
    """Draw nodes where the truth is known and whose patches are clear of all training patches.

    Parameters
    ----------
    pairs
        The training plots.
    cells
        The image; its truth is looked for beside it.
    species
        S names.
    parent
        The model that training continues from; places that it may have seen are left out as well.
    places
        How many nodes are wanted; fewer come back where the plots leave little room.
    random_state
        Seed.

    Returns
    -------
    rows, cols, truth
        (N,), (N,) and (N, S); no node twice.
    """
    source, lattice, patch = cells.reader.source, pairs.lattice, pairs.patch
    trained = KDTree(np.column_stack([pairs.rows, pairs.cols]))
    apart = patch.cells + pairs.field_m / lattice.cell_m
    west, south, east, north = source.bounds
    rng = np.random.default_rng(random_state)
    nodes, values = np.zeros((0, 2), np.int64), np.zeros((0, len(species)))
    for _ in range(_ROUNDS):
        drawn = Points(rng.uniform(west, east, places), rng.uniform(south, north, places), source.crs_wkt)
        node = np.column_stack(lattice.node_of(drawn, patch)[:2])
        node = node[trained.query(node, p=np.inf)[0] >= apart]
        if parent is not None:
            node = node[~seen_by(parent, lattice.node_xy(node[:, 0], node[:, 1], patch), [""] * len(node))]
        truth = truth_at(source.name, lattice.node_xy(node[:, 0], node[:, 1], patch), species)
        if truth is None:
            break
        known = np.isfinite(truth).any(axis=1)
        nodes, values = np.concatenate([nodes, node[known]]), np.concatenate([values, truth[known]])
        first = np.sort(np.unique(nodes, axis=0, return_index=True)[1])[:places]
        nodes, values = nodes[first], values[first]
        if len(nodes) == places:
            break
    return nodes[:, 0], nodes[:, 1], values


def truth_maps(
    data: TrainingTable, pairs: Pairs, cells: VectorSource, trials: Sequence[Trial], protocol: Protocol, *,
    parent: Parent | None = None, places: int | None = None, progress: Progress = SILENT,
) -> dict[str, Any] | None:
    """Correlate the raw and the adapted map with the truth.

    Parameters
    ----------
    data
        All training plots.
    pairs, cells
        Where they lie on the image, and the image.
    trials
        What inner validation of ``data`` tried; the maps are those of its ``raw`` and its ``adapted`` choice.
    protocol
        How the model is fitted.
    parent
        The model that training continues from.
    places
        Number of places; None takes 2,000, or 500 where every patch is looked at by itself.

    Returns
    -------
    maps
        ``{"raw": {"median_truth_correlation", "per_species"}, "adapted": {...}, "difference": {"median", "low",
        "high", "p"}, "places"}``; Pearson's r, the difference paired by species, adapted less raw. None where the
        truth is not known at 30 places or more.
    """
    if places is None:
        places = PLACES if cells.tried_nodes >= _DEAR_NODES else _FEWER_PLACES
    rows, cols, truth = clear_places(
        pairs, cells, data.species, parent=parent, places=places, random_state=protocol.random_state
    )
    if len(rows) < FEWEST_PLACES:
        return None
    vectors, _ = cells.patches(rows, cols, pairs.patch, progress=progress.stage(0.0, 0.9))
    seen = np.isfinite(vectors).all(axis=1)
    if seen.sum() < FEWEST_PLACES:
        return None
    vectors, truth = vectors[seen], truth[seen]
    chosen, folds = choose(trials, protocol.asked), protocol.validation_folds(data)
    r = {}
    for number, name in enumerate(MAPS):
        progress.update(0.9 + 0.05 * number, f"mapping '{name}'")
        with one_thread_each():
            r[name] = truth_correlation_at(
                suitability(data, vectors, chosen[name], protocol, folds, column=name, progress=progress), truth
            )
    difference = paired_difference(r["adapted"], r["raw"], random_state=protocol.random_state)
    known = np.isfinite(r["raw"])
    return {
        **{
            name: {
                "median_truth_correlation": float(np.median(r[name][known])) if known.any() else float("nan"),
                "per_species": {
                    species: float(value) for species, value in zip(data.species, r[name], strict=True)
                    if np.isfinite(value)
                },
            }
            for name in MAPS
        },
        "difference": {key: difference[key] for key in ("median", "low", "high", "p")},
        "places": int(seen.sum()),
    }


def suitability(
    data: TrainingTable, vectors: NDArray[np.float32], trial: Trial, protocol: Protocol,
    folds: Sequence[tuple[NDArray[np.integer], NDArray[np.integer]]], *, column: str, progress: Progress = SILENT,
) -> Floats:
    """Fit ``trial`` on all plots, as the model is; return calibrated suitability (N, S) of raw vectors (N, D + P)."""
    fitted = fit_image_column(column, data, data, trial, protocol, folds, progress)
    count, dimension = len(vectors), data.vectors.shape[1]
    new = TrainingTable(
        ids=tuple(f"place {i}" for i in range(count)),
        places=np.full((count, 2), np.nan),
        vectors=vectors[:, :dimension],
        environment=None if data.environment is None else vectors[:, dimension:],
        cover=np.empty((count, 0), np.float32),  # nobody has been there
        presence=np.full((count, len(data.species)), np.nan),
        species=data.species,
    )
    return np.asarray(fitted.calibrate(fitted.predict_logits(new)), dtype=float)
