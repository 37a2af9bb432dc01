"""Views of a patch: the same place turned, mirrored, cropped or in another light.

A plot has no north and an aerial image no fixed exposure. What a view shows is put between the raster and whatever
makes vectors of it: :class:`ViewReader` reads like the raster itself, so every kind of encoder looks at views by the
road by which it looks at the patch.

No view shows anything from farther away than the patch's own vector does: turning is about the patch's centre and a
crop lies inside the patch. So buffers between folds hold for views too.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from botaclip.core.errors import OptionError
from botaclip.core.lattice import Lattice
from botaclip.core.pixel_window import PixelReader
from botaclip.core.rasters import RasterSource

KINDS = ("dihedral", "crop", "colour")
# Smallest side of a crop, as a share of the patch's.
LEAST_CROP = 0.8
# Contrast is multiplied by up to this much more or less, brightness moved by this share of the value range, and each
# band's gain drawn with this standard deviation (of its logarithm). Little, as between neighbouring flights: colour is
# much of what tells one vegetation from another.
CONTRAST, BRIGHTNESS, GAIN = 0.1, 0.03, 0.03
_SYMMETRIES = 8
_TRANSPOSED, _ROWS, _COLUMNS = 4, 1, 2


@dataclasses.dataclass(frozen=True)
class View:
    """One way to look at a patch; as it is when nothing is given.

    Parameters
    ----------
    symmetry
        One of the eight of the square, 0 to 7: 1 mirrors rows, 2 columns, 4 swaps the two; they add up.
    scale
        Side of what is shown, as a share of the patch's, at most 1.
    shift
        How far its centre lies from the patch's, in pixels down and across.
    contrast, brightness, gain
        A value ``u`` (0 to 1 in the value range) of a band whose mean over the patch is ``m`` becomes
        ``gain * (contrast * (u - m) + m) + brightness``, not below 0 or above 1; gains are one per band, none for 1.
    """

    symmetry: int = 0
    scale: float = 1.0
    shift: tuple[int, int] = (0, 0)
    contrast: float = 1.0
    brightness: float = 0.0
    gain: tuple[float, ...] = ()

    @property
    def coloured(self) -> bool:
        """Whether values change."""
        return bool(self.gain) or self.contrast != 1.0 or self.brightness != 0.0


def draw_views(
    kinds: Sequence[str], count: int, *, side_px: int, bands: int, draw: np.random.Generator
) -> tuple[View, ...]:
    """Draw views of one patch.

    Parameters
    ----------
    kinds
        Some of ``dihedral``, ``crop``, ``colour``. With ``dihedral`` the first seven views are turned or mirrored
        each in its own way.
    count
        How many.
    side_px
        Side of the patch in pixels.
    bands
        Number of bands.
    draw
        Where chance comes from.

    Raises
    ------
    OptionError
        A kind is unknown.
    """
    for kind in kinds:
        if kind not in KINDS:
            raise OptionError(f"there is no view {kind!r}", remedy=f"use some of {', '.join(KINDS)}")
    turns = [1 + draw.permutation(_SYMMETRIES - 1) for _ in range(-(-count // (_SYMMETRIES - 1)))]
    views = []
    for symmetry in np.concatenate([*turns, np.zeros(0, np.int64)])[:count].tolist():
        view = View(symmetry=symmetry if "dihedral" in kinds else 0)
        if "crop" in kinds:
            scale = float(draw.uniform(LEAST_CROP, 1.0))
            # From middle to middle of its pixels, so that no neighbour outside the patch takes part.
            room = math.floor((side_px - 1) * (1.0 - scale) / 2.0)
            down, across = draw.integers(-room, room, 2, endpoint=True).tolist()
            view = dataclasses.replace(view, scale=scale, shift=(down, across))
        if "colour" in kinds:
            view = dataclasses.replace(
                view, contrast=float(draw.uniform(1.0 - CONTRAST, 1.0 + CONTRAST)),
                brightness=float(draw.uniform(-BRIGHTNESS, BRIGHTNESS)),
                gain=tuple(np.exp(draw.normal(0.0, GAIN, bands)).tolist()),
            )  # fmt: skip
        views.append(view)
    return tuple(views)


@dataclasses.dataclass(frozen=True, eq=False)
class ViewReader:
    """Reads a raster as a view of one patch shows it; a :class:`~botaclip.core.pixel_window.PixelReader`.

    Only windows of this patch (with the encoder's surroundings) mean anything.

    Parameters
    ----------
    reader
        The raster on the lattice.
    view
        What is shown.
    top_px, left_px, side_px
        The patch, in pixels of the lattice.
    value_range
        Pixel values that are 0 and 1.
    mean
        Mean of each band over the patch (C,), in pixel values; only read where values change.
    """

    reader: PixelReader
    view: View
    top_px: int
    left_px: int
    side_px: int
    value_range: tuple[float, float]
    mean: NDArray[np.float32]

    @property
    def source(self) -> RasterSource:
        """The raster."""
        return self.reader.source

    @property
    def lattice(self) -> Lattice:
        """The grid."""
        return self.reader.lattice

    @property
    def plain(self) -> bool:
        """Whether every tile is read without resampling."""
        return self.reader.plain and self.view.scale == 1.0

    def bounds_px(self) -> tuple[int, int, int, int]:
        """Return the pixels that the raster covers."""
        return self.reader.bounds_px()

    def read(
        self, row_px: int, col_px: int, height: int, width: int
    ) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """Return pixels (bands, h, w) and which of them are valid (h, w)."""
        symmetry = self.view.symmetry
        spans = [(row_px - self.top_px, height), (col_px - self.left_px, width)]
        if symmetry & _TRANSPOSED:
            spans.reverse()
        mirrored = bool(symmetry & _ROWS), bool(symmetry & _COLUMNS)
        (down, tall), (across, wide) = (
            (self.side_px - start - length, length) if turned else (start, length)
            for (start, length), turned in zip(spans, mirrored, strict=True)
        )
        pixels, valid = self._resampled(down, across, tall, wide)
        steps = tuple(slice(None, None, -1 if turned else 1) for turned in mirrored)
        pixels, valid = pixels[(slice(None), *steps)], valid[steps]
        if symmetry & _TRANSPOSED:
            pixels, valid = pixels.swapaxes(1, 2), valid.T
        return self._coloured(pixels, valid), np.ascontiguousarray(valid)

    def _resampled(
        self, down: int, across: int, height: int, width: int
    ) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """Read a window, counted from the patch's corner, of what is shown before it is turned; bilinear."""
        shift, scale = self.view.shift, self.view.scale
        if scale == 1.0:
            return self.reader.read(
                self.top_px + down + shift[0], self.left_px + across + shift[1], height, width
            )
        rows, first_row = _between(down, height, scale, shift[0], self.side_px)
        cols, first_col = _between(across, width, scale, shift[1], self.side_px)
        tall, wide = (int(lower[-1]) + 1 + bool(weight[-1] > 0) for lower, weight in (rows, cols))
        pixels, valid = self.reader.read(self.top_px + first_row, self.left_px + first_col, tall, wide)
        for axis, (lower, weight) in ((1, rows), (2, cols)):
            upper = lower + (weight > 0)
            shares = weight[:, None] if axis == 1 else weight
            pixels = pixels.take(lower, axis) * (1.0 - shares) + pixels.take(upper, axis) * shares
            valid = valid.take(lower, axis - 1) & valid.take(upper, axis - 1)
        pixels = pixels.astype(np.float32)
        return np.where(valid, pixels, np.float32(0.0)), valid

    def _coloured(self, pixels: NDArray[np.float32], valid: NDArray[np.bool_]) -> NDArray[np.float32]:
        view = self.view
        if not view.coloured:
            return np.ascontiguousarray(pixels)
        low, high = (np.float32(end) for end in self.value_range)
        # What lies outside the range is its end to an encoder; as its end it takes part.
        inside, mean = np.clip(pixels, low, high), np.clip(self.mean, low, high)[:, None, None]
        gain = np.asarray(view.gain or (1.0,), dtype=np.float32)[:, None, None]
        lifted = gain * (np.float32(view.contrast) * (inside - mean) + mean - low) + low
        lifted += np.float32(view.brightness) * (high - low)
        return np.where(valid, np.clip(lifted, low, high), pixels).astype(np.float32)


def _between(
    start: int, length: int, scale: float, shift: int, side: int
) -> tuple[tuple[NDArray[np.int64], NDArray[np.float32]], int]:
    """Return, along an axis, the pixel before each place that is shown and the share of the one after, from ``first``.

    ``start`` and ``first`` count from the patch's corner; a pixel's place is its middle.
    """
    centre = side / 2.0
    places = centre + shift + scale * (np.arange(start, start + length) + 0.5 - centre) - 0.5
    lower = np.floor(places).astype(np.int64)
    weight = (places - lower).astype(np.float32)
    first = int(lower[0])
    return (lower - first, weight), first
