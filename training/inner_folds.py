"""Folds inside a training fold, on which thresholds, calibrators, steps and penalties are chosen."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from botaclip.core.errors import PairingError
from botaclip.training.blocks import Shape, SpatialBlocks, block_labels
from botaclip.training.folds import Places, Split, Splitter, metres
from botaclip.training.random_folds import RandomFolds


def inner_folds(
    outer: Splitter, X: ArrayLike | Places, *, n_splits: int = 3, groups: ArrayLike | None = None
) -> list[Split]:
    """Split the training plots of one outer fold again, by the outer rule and with its buffer.

    Blocks keep the outer size and shape where that leaves two blocks a fold or more; otherwise a size is chosen anew.
    Inside single plots, sites and stratified folds held out, there are square blocks with the same buffer: as many
    as are wanted, and spatial. Where the plots cannot be split so, there are fewer folds, and at last two random
    ones: see :func:`inner_compromise`.

    Parameters
    ----------
    outer
        The splitter of the outer folds, after use.
    X
        (N, 2) easting, northing in metres of the *training plots only*; row numbers returned refer to these.
    n_splits
        Number of inner folds.
    groups
        (N,) group labels of the training plots.
    """
    return _inner(outer, X, n_splits, groups)[0]


def inner_compromise(
    outer: Splitter, X: ArrayLike | Places, *, n_splits: int = 3, groups: ArrayLike | None = None
) -> str:
    """Return in words how :func:`inner_folds` had to give way for the same plots, ``""`` where it had not."""
    return _inner(outer, X, n_splits, groups)[1]


def _inner(
    outer: Splitter, X: ArrayLike | Places, n_splits: int, groups: ArrayLike | None
) -> tuple[list[Split], str]:
    seed = outer.random_state + 1_000
    xy = metres(X)
    side: float | None = None
    smallest = float(getattr(outer, "minimum_block", 0.0))
    shape: Shape = "square"
    if isinstance(outer, SpatialBlocks):
        shape = outer.shape
        side = getattr(outer, "block_size_", None) or outer.block_size
        if side and groups is None:
            blocks, _ = block_labels(xy, side, np.random.default_rng(seed), shape)
            side = side if blocks.max() + 1 >= 2 * n_splits else None
    for folds in range(n_splits, 1, -1):
        inner: SpatialBlocks | RandomFolds
        if isinstance(outer, RandomFolds):
            inner = RandomFolds(folds, buffer=outer.buffer, random_state=seed)
        else:
            inner = SpatialBlocks(
                folds, side, outer.buffer, shape=shape, minimum_block=smallest, random_state=seed
            )
        try:
            splits = list(inner.split(xy, groups=groups))
        except PairingError:
            continue
        return splits, "" if folds == n_splits else f"{folds} inner folds instead of {n_splits}"
    # Only choices inside the training plots are made on these; what is reported is scored on the outer folds.
    return list(RandomFolds(2, random_state=seed).split(xy)), "2 random inner folds instead of spatial ones"
