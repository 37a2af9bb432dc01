"""The outer folds of a training: spatial blocks far enough apart that no patches touch across them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from botaclip.core.lattice_imagery import LatticeImagery
from botaclip.core.metric_places import common_plane, widening
from botaclip.core.pairing import inside
from botaclip.core.places import same_crs
from botaclip.core.progress import SILENT, Progress
from botaclip.core.releves import ReleveTable
from botaclip.training.splits import SpatialBlocks, Split, inner_compromise
from botaclip.training.training_table import TrainingTable

Places = NDArray[np.floating]


def outer_blocks(
    places: Places, groups: Sequence[str] | None, touching_m: float, patch_m: float, parameters: dict[str, Any],
    progress: Progress = SILENT,
) -> SpatialBlocks:
    """Return the outer folds; by default no two patches touch across folds, the encoder's surroundings included.

    There are as many as asked for, or as many as there are blocks (or groups) that hold plots, after a warning.

    Parameters
    ----------
    places, groups
        Where the plots lie, in metres (N, 2), and which of them stay together.
    touching_m
        Distance from which two plots share no pixel.
    patch_m
        Side of a patch.
    parameters
        Those of ``botaclip train``.
    progress
        Warned of what is not as asked for.
    """
    buffer, folds = parameters["buffer"], parameters["folds"]
    if buffer is not None and buffer < touching_m:
        progress.warning(
            f"With a buffer of {buffer:g} m image patches may overlap across folds and scores be too "
            f"good; {touching_m:g} m keeps them apart."
        )
    while True:
        blocks = SpatialBlocks(
            folds, parameters["block_size"], touching_m if buffer is None else buffer,
            minimum_block=2.0 * patch_m, random_state=parameters["random_state"],
        )  # fmt: skip
        units = blocks.count(places, groups=groups)
        if units >= folds or units < 2:
            break
        folds = units
    if folds < parameters["folds"]:
        noun = "blocks" if groups is None else "groups"
        progress.warning(
            f"The plots lie in {folds} {noun} only: {folds} folds are made instead of {parameters['folds']}."
        )
    return blocks


def check_buffer(table: ReleveTable, imagery: LatticeImagery, parameters: dict[str, Any]) -> None:
    """Find out before any patch is looked at that folds cannot be made; an encoder may take hours for the patches.

    All plots in the image count here, also those that are left out later.

    Raises
    ------
    PairingError
        As :meth:`SpatialBlocks.split`.
    """
    met = np.zeros(len(table), bool)
    for scene in imagery.scenes:
        met |= inside(scene, table.points)
    kept = table.take(np.flatnonzero(met))
    if len(kept) < parameters["folds"]:
        return  # too few for anything, which is said better later
    crs = [lattice.crs_wkt for lattice in imagery.lattices]
    places, _ = common_plane(kept.points, crs)
    one_crs = all(same_crs(other, crs[0]) for other in crs)
    encoder, pixel_m = imagery.encoder, imagery.lattice.pixel_m
    field_m = (encoder.stride_px + 2 * encoder.reach_px) * pixel_m
    touching_m = (parameters["patch_size"] + field_m) * (1.0 if one_crs else widening(places))
    groups = None if kept.groups is None else tuple(str(group) for group in kept.groups)
    blocks = outer_blocks(places, groups, touching_m, parameters["patch_size"], parameters)
    list(blocks.split(places, groups=groups))


def say_compromises(
    blocks: SpatialBlocks, folds: list[Split], data: TrainingTable, inner_folds: int, progress: Progress
) -> None:
    """Warn where the choices inside a training fold cannot be made on as many spatial folds as elsewhere."""
    for number, (training, _) in enumerate(folds):
        part = data.take(training)
        words = inner_compromise(blocks, part.places, n_splits=inner_folds, groups=part.groups)
        if words:
            progress.warning(
                f"Fold {number + 1} has {len(part)} training plots; choices inside it were made on {words}."
            )
