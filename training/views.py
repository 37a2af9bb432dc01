"""Vectors of augmented views of every patch, made once by the frozen encoder and kept like those of the patches."""

from __future__ import annotations

import hashlib
import json

import numpy as np
from numpy.typing import NDArray

from botaclip.core.lattice_imagery import LatticeImagery
from botaclip.core.pairing import Pairs
from botaclip.core.patch_views import View, ViewReader, draw_views
from botaclip.core.pixel_window import PixelReader
from botaclip.core.progress import SILENT, Progress
from botaclip.core.vector_cache import cache_path, load_vectors, save_vectors
from botaclip.core.vector_source import vector_source
from botaclip.training.recipe import Recipe

# Changes when views are drawn or made otherwise, so that none is taken from the cache that is no longer what is meant.
_VERSION = 1


def patch_views(
    imagery: LatticeImagery, pairs: Pairs, recipe: Recipe, random_state: int = 1, progress: Progress = SILENT
) -> NDArray[np.float32] | None:
    """Return raw frozen vectors (N, K, D) of K views of every patch, as ``TrainingTable.views`` holds them.

    The views of a plot depend on its place and on ``random_state`` alone, not on which other plots there are. They
    show nothing that the patch's own vector cannot see, so buffers between folds hold for them too. A view of which
    too little is seen is replaced by the patch itself.

    Parameters
    ----------
    imagery, pairs
        The image, and the patches on it.
    recipe
        ``augmentation`` names kinds of views, ``views`` is K.
    random_state
        Seed.
    progress
        Told how far it is; asked at every plot whether to stop.

    Returns
    -------
    ndarray or None
        float32; None where no augmentation is asked for. The image's part only: environment rasters are not changed.
    """
    if not recipe.augmentation:
        return None
    kinds, count, dimension = recipe.augmentation, recipe.views, pairs.encoder.dimension
    path = cache_path(
        encoder=json.dumps([pairs.encoder.identity, "views", _VERSION, sorted(kinds), count, random_state]),
        raster=f"{imagery.imagery.identity} {_lattices(pairs)}", lattice=pairs.lattice, patch=pairs.patch,
        rows=pairs.rows, cols=pairs.cols,
    )  # fmt: skip
    kept = load_vectors(path)
    if kept is not None and kept[0].shape == (len(pairs), count, dimension):
        progress.info(f"{count} views of each of {len(pairs)} patches were taken from the cache ({path.parent}).")
        return kept[0]
    progress.info(f"{count} views of each of {len(pairs)} patches are looked at ({', '.join(kinds)}).")
    vectors = np.repeat(pairs.image_vectors[:, None], count, axis=1)
    seen = np.zeros((len(pairs), count), np.float32)
    done = 0
    for scene in np.unique(pairs.scene):
        there = np.flatnonzero(pairs.scene == scene)
        with imagery.cells(int(scene)) as cells:
            # Neighbours one after the other, so that their pixels are read once.
            for plot in there[np.lexsort((pairs.cols[there], pairs.rows[there]))]:
                progress.update(done / len(pairs), "looking at views")
                progress.check()
                made, seen[plot] = _views_of(cells.reader, pairs, int(plot), recipe, random_state)
                good = np.isfinite(made).all(axis=1)
                vectors[plot, good] = made[good]
                done += 1
    save_vectors(path, vectors, seen)
    return vectors


def _views_of(
    reader: PixelReader, pairs: Pairs, plot: int, recipe: Recipe, random_state: int
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return the vectors (K, D) of the views of one plot, and shares seen (K,)."""
    row, col, scene = (int(which[plot]) for which in (pairs.rows, pairs.cols, pairs.scene))
    side = pairs.patch.cells * pairs.lattice.stride_px
    # Nodes north or west of the lattice's origin have negative numbers, which no seed may have.
    seed = [random_state, scene, row % 2**32, col % 2**32]
    views = draw_views(
        recipe.augmentation, recipe.views, side_px=side, bands=len(pairs.encoder.bands),
        random=np.random.default_rng(seed),
    )  # fmt: skip
    return look(reader, pairs, row, col, views)


def look(
    reader: PixelReader, pairs: Pairs, row: int, col: int, views: tuple[View, ...]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return vectors (K, D), NaN where not seen, and shares seen (K,), of these views of the patch at a node."""
    encoder, patch, stride = pairs.encoder, pairs.patch, pairs.lattice.stride_px
    top, left, side = (row - patch.cells // 2) * stride, (col - patch.cells // 2) * stride, patch.cells * stride
    pixels, valid = reader.read(top, left, side, side)
    mean = np.array([band[valid].mean() if valid.any() else 0.0 for band in pixels], dtype=np.float32)
    made = [
        vector_source(ViewReader(reader, view, top, left, side, encoder.value_range, mean), encoder).patches(
            [row], [col], patch
        )
        for view in views
    ]
    return np.concatenate([vectors for vectors, _ in made]), np.concatenate([seen for _, seen in made])


def _lattices(pairs: Pairs) -> str:
    """Return a digest of which scene each plot lies in, and on what lattice."""
    lattices = json.dumps([lattice.to_json() for lattice in pairs.lattices], sort_keys=True)
    return hashlib.sha256(lattices.encode() + pairs.scene.astype("<i8").tobytes()).hexdigest()
