"""Cells that are tokens of a transformer: computed in windows that lie at fixed places of the lattice.

A token sees its whole window, so it depends on where the window lies. Windows therefore never follow what is asked
for: window (i, j) keeps the cells ``i k ... (i + 1) k - 1`` (and likewise columns), ``k`` being what is left of its
tokens when the rings at its border are dropped. So a cell has one value, however it is read.
"""

from __future__ import annotations

import collections
import threading
from typing import cast

import numpy as np
from numpy.typing import NDArray

from botaclip.core.cells import CellSource, Check, Shares, Vectors
from botaclip.core.encoders.encoder import TokenEncoder
from botaclip.core.environment_rasters import EnvironmentReader
from botaclip.core.lattice import PatchSpec
from botaclip.core.pixel_window import PixelReader, PixelWindow

# What is kept of windows, so that strips, blocks and clicks beside each other compute none of them twice.
_KEPT_BYTES = 64 * 2**20


class TokenSource(CellSource):
    """Vectors of cells and patches, one token a cell; see :class:`~botaclip.core.cells.CellSource`.

    Parameters
    ----------
    reader
        The raster on the lattice.
    encoder
        An encoder of kind ``tokens`` whose stride is the lattice's.
    environment
        Environment rasters on the same lattice.

    Raises
    ------
    EncoderError
        Encoder, lattice and raster do not fit each other, or the environment is on another lattice.
    """

    tried_nodes = 16

    def __init__(
        self, reader: PixelReader, encoder: TokenEncoder, environment: EnvironmentReader | None = None
    ) -> None:
        super().__init__(reader, encoder, environment)
        self.grain = encoder.kept_tokens
        self._drop, self._side_px = encoder.drop_tokens, encoder.window_tokens * encoder.stride_px
        self._kept: collections.OrderedDict[tuple[int, int], Vectors] = collections.OrderedDict()
        self._lock = threading.Lock()

    def read(self, row: int, col: int, height: int, width: int) -> PixelWindow:
        """Read the pixels of all windows that hold a cell of those asked for; safe in any thread."""
        stride, k, drop = self.encoder.stride_px, self.grain, self._drop
        top, left = row // k * k, col // k * k
        bottom, right = -(-(row + height) // k) * k, -(-(col + width) // k) * k
        pixels, valid = self.reader.read(
            (top - drop) * stride, (left - drop) * stride,
            (bottom - top + 2 * drop) * stride, (right - left + 2 * drop) * stride,
        )  # fmt: skip
        values, known = None, None
        if self.environment is not None:
            values, known = self.environment.read(row, col, height, width)
        return PixelWindow(row, col, height, width, pixels, valid, values, known)

    def _offset(self, window: PixelWindow) -> tuple[int, int]:
        stride = self.encoder.stride_px
        return (window.row % self.grain + self._drop) * stride, (window.col % self.grain + self._drop) * stride

    def _look(self, window: PixelWindow, seen: Shares, vectors: Vectors, check: Check) -> None:
        """Compute the windows that show a seen cell, or take them where they are kept, and cut out what is asked."""
        k, missing = self.grain, []
        for i in range(window.row // k, -(-(window.row + window.height) // k)):
            for j in range(window.col // k, -(-(window.col + window.width) // k)):
                if not seen[self._part(window, i, j)].any():
                    continue
                known = self._take(i, j)
                if known is None:
                    missing.append((i, j))
                else:
                    self._place(window, i, j, known, vectors)
        while missing:
            check()
            now, missing = missing[: self.encoder.batch], missing[self.encoder.batch :]
            squares = [self._square(window, i, j) for i, j in now]
            made = self.encoder.encode(
                np.stack([window.pixels[:, rows, cols] for rows, cols in squares]),
                np.stack([window.valid[rows, cols] for rows, cols in squares]),
            )
            for (i, j), values in zip(now, made, strict=True):
                self._keep(i, j, values)
                self._place(window, i, j, values, vectors)

    def _part(self, window: PixelWindow, i: int, j: int) -> tuple[slice, slice]:
        """Return the cells of what is asked for that lie in a window."""
        top, left = i * self.grain - window.row, j * self.grain - window.col
        return (
            slice(max(0, top), min(window.height, top + self.grain)),
            slice(max(0, left), min(window.width, left + self.grain)),
        )

    def _square(self, window: PixelWindow, i: int, j: int) -> tuple[slice, slice]:
        """Return the pixels of a window."""
        stride, k = self.encoder.stride_px, self.grain
        top, left = (i - window.row // k) * k * stride, (j - window.col // k) * k * stride
        return slice(top, top + self._side_px), slice(left, left + self._side_px)

    def _place(self, window: PixelWindow, i: int, j: int, values: Vectors, vectors: Vectors) -> None:
        rows, cols = self._part(window, i, j)
        top, left = window.row - i * self.grain, window.col - j * self.grain
        vectors[:, rows, cols] = values[:, rows.start + top : rows.stop + top, cols.start + left : cols.stop + left]

    def _take(self, i: int, j: int) -> NDArray[np.float32] | None:
        with self._lock:
            values = self._kept.get((i, j))
            if values is not None:
                self._kept.move_to_end((i, j))
            return values

    def _keep(self, i: int, j: int, values: Vectors) -> None:
        values = np.ascontiguousarray(values)
        with self._lock:
            self._kept[i, j] = values
            while len(self._kept) * values.nbytes > _KEPT_BYTES and len(self._kept) > 1:
                self._kept.popitem(last=False)

    def cost(self, height: int, width: int, step_px: int, patch: PatchSpec) -> float:
        """Return how many cells are computed for a block of so many nodes: those of whole windows, on average."""
        def side(nodes: int) -> float:
            cells = (nodes - 1) * step_px / self.encoder.stride_px + patch.cells
            return cells + self.grain - 1

        return side(height) * side(width)


def token_encoder(encoder: object) -> TokenEncoder:
    """Return an encoder of kind ``tokens`` as what it is."""
    return cast(TokenEncoder, encoder)
