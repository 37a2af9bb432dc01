"""The picture of the patch that the model looked at: small, stretched for the eye, for the map click."""

from __future__ import annotations

import base64
import math
import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rasterio.errors import NotGeoreferencedWarning
from rasterio.io import MemoryFile

from botaclip.core.lattice import Lattice, PatchSpec
from botaclip.core.pixel_window import PixelReader

Floats = NDArray[np.float32]
Mask = NDArray[np.bool_]

# Share of the valid pixels left out at each end of the stretch, in per cent.
CUT = 2.0
_COLOURS = ("red", "green", "blue")
_STRIP_PX = 2**20  # pixels read at a time: a patch may be of any size


def patch_image(reader: PixelReader, row: int, col: int, patch: PatchSpec, *, most_px: int) -> dict[str, Any]:
    """Return the picture of the patch around a node.

    Each band is stretched by itself over the patch, so colours of two pictures do not compare.

    Parameters
    ----------
    reader
        The scene on its lattice, with the bands that the model looks at.
    row, col
        The node.
    patch
        The patch.
    most_px
        Side of the picture at most; a patch of more pixels is averaged.

    Returns
    -------
    dict
        ``png``: an RGBA PNG as base64, transparent where pixels are not valid; ``side_px``; ``bands``: the roles shown
        as red, green and blue; ``stretch``: of each the pixel values shown as 0 and 255, None where nothing is valid.

    Raises
    ------
    RasterError
        A file cannot be read.
    """
    stride, half = reader.lattice.stride_px, patch.cells // 2
    side = patch.cells * stride
    factor = max(1, math.ceil(side / most_px))
    shown = shown_as_colours(reader.source.roles)
    which = [reader.source.roles.index(role) for role in shown]
    values, valid = _averaged(reader, (row - half) * stride, (col - half) * stride, side, factor, which)
    colours = np.zeros((*valid.shape, 4), np.uint8)
    stretch: list[list[float] | None] = []
    for place, band in enumerate(values):
        seen = band[valid]
        if not seen.size:
            stretch.append(None)
            continue
        low, high = (float(value) for value in np.percentile(seen, (CUT, 100 - CUT)))
        span = high - low
        # A patch of one value is neither dark nor bright.
        shares = np.full(band.shape, 0.5) if span <= 0 else np.clip((band - low) / span, 0.0, 1.0)
        colours[..., place] = np.where(valid, np.round(255 * shares), 0)
        stretch.append([low, high])
    colours[..., 3] = np.where(valid, 255, 0)
    return {
        "png": base64.b64encode(_png(colours)).decode("ascii"), "side_px": len(valid), "bands": list(shown),
        "stretch": stretch,
    }  # fmt: skip


def patch_side(lattice: Lattice, patch: PatchSpec) -> float:
    """Return the side of what is looked at, whole cells, in units of the lattice's CRS."""
    return patch.cells * lattice.cell


def shown_as_colours(roles: tuple[str, ...]) -> tuple[str, str, str]:
    """Return the roles shown as red, green and blue: these where they are, else the first ones, repeated."""
    if set(_COLOURS) <= set(roles):
        return _COLOURS
    three = [*roles[:3], *(roles[-1] for _ in range(3 - len(roles)))]
    return three[0], three[1], three[2]


def _averaged(
    reader: PixelReader, top: int, left: int, side: int, factor: int, which: list[int]
) -> tuple[Floats, Mask]:
    """Return means (3, n, n) over blocks of ``factor`` pixels, and in which at least half are valid (n, n)."""
    count = math.ceil(side / factor)
    sums, counts = np.zeros((len(which), count, count), np.float32), np.zeros((count, count), np.float32)
    starts = np.arange(0, side, factor)
    rows = max(1, _STRIP_PX // (side * factor))  # of blocks in a strip
    for first in range(0, count, rows):
        height = min(rows * factor, side - first * factor)
        pixels, valid = reader.read(top + first * factor, left, height, side)
        part = slice(first, first + math.ceil(height / factor))
        down = starts[: part.stop - first]
        sums[:, part] = np.add.reduceat(np.add.reduceat(pixels[which], down, axis=1), starts, axis=2)
        counts[part] = np.add.reduceat(np.add.reduceat(valid.astype(np.float32), down, axis=0), starts, axis=1)
    sizes = np.minimum(factor, side - starts)
    means = (sums / np.maximum(counts, 1.0)).astype(np.float32)
    return means, (counts > 0) & (2 * counts >= np.outer(sizes, sizes))


def _png(pixels: NDArray[np.uint8]) -> bytes:
    """Return RGBA pixels (n, m, 4) as PNG."""
    height, width = pixels.shape[:2]
    how = {"driver": "PNG", "width": width, "height": height, "count": 4, "dtype": "uint8", "ZLEVEL": 1}
    with warnings.catch_warnings(), MemoryFile() as memory:
        warnings.simplefilter("ignore", NotGeoreferencedWarning)  # a picture has no place
        with memory.open(**how) as dataset:
            dataset.write(np.moveaxis(pixels, 2, 0))
        return bytes(memory.read())
