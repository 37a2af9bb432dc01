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
from botaclip.training.standardiser import Standardiser

Array = NDArray[np.floating]

# Changes when views are made otherwise, so that none is taken from the cache that is no longer what is meant.
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
    count = recipe.views
    views = [_views_of(pairs, plot, recipe, random_state) for plot in range(len(pairs))]
    path = cache_path(
        encoder=json.dumps([pairs.encoder.identity, "views", _VERSION, _digest(repr(views))]),
        raster=f"{imagery.imagery.identity} {_lattices(pairs)}", lattice=pairs.lattice, patch=pairs.patch,
        rows=pairs.rows, cols=pairs.cols,
    )  # fmt: skip
    kept = load_vectors(path)
    if kept is not None and kept[0].shape == (len(pairs), count, pairs.encoder.dimension):
        progress.info(f"{count} views of each of {len(pairs)} patches were taken from the cache ({path.parent}).")
        return kept[0]
    progress.info(f"{count} views of each of {len(pairs)} patches are looked at ({', '.join(recipe.augmentation)}).")
    vectors = np.repeat(pairs.image_vectors[:, None], count, axis=1)
    seen = np.zeros((len(pairs), count), np.float32)
    done = 0
    for scene in np.unique(pairs.scene):
        there = np.flatnonzero(pairs.scene == scene)
        with imagery.cells(int(scene)) as cells:
            # Neighbours one after the other, so that their pixels are read once.
            for plot in there[np.lexsort((pairs.cols[there], pairs.rows[there]))].tolist():
                progress.update(done / len(pairs), "looking at views")
                progress.check()
                made, seen[plot] = look(
                    cells.reader, pairs, int(pairs.rows[plot]), int(pairs.cols[plot]), views[plot]
                )
                good = np.isfinite(made).all(axis=1)
                vectors[plot, good] = made[good]
                done += 1
    save_vectors(path, vectors, seen)
    return vectors


def standardised_views(standardiser: Standardiser, vectors: Array, views: Array | None) -> Array | None:
    """Return the views (N, K, D) as the adapter sees them, None where there are none.

    No dimension goes farther than among the patches themselves: one that hardly ever fires there may fire in another
    light, and would stand hundreds of standard deviations off.

    Parameters
    ----------
    standardiser
        Fitted on the patches of the training plots.
    vectors
        Raw vectors (N, D) of the patches of the training plots, of which the limits are taken.
    views
        Raw vectors (N, K, D) of their views.
    """
    if views is None:
        return None
    return standardiser(np.clip(views, vectors.min(axis=0), vectors.max(axis=0)))


def _views_of(pairs: Pairs, plot: int, recipe: Recipe, random_state: int) -> tuple[View, ...]:
    """Return the views of one plot, drawn from its place."""
    row, col, scene = (int(which[plot]) for which in (pairs.rows, pairs.cols, pairs.scene))
    # Nodes north or west of the lattice's origin have negative numbers, which no seed may have.
    seed = [random_state, scene, row % 2**32, col % 2**32]
    return draw_views(
        recipe.augmentation, recipe.views, side_px=pairs.patch.cells * pairs.lattice.stride_px,
        bands=len(pairs.encoder.bands), draw=np.random.default_rng(seed),
    )  # fmt: skip


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
    return _digest(f"{lattices} {pairs.scene.tolist()}")


def _digest(words: str) -> str:
    return hashlib.sha256(words.encode()).hexdigest()
