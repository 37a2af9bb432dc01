"""Patches that an encoder looks at as a whole: the exact road of transformers and deep convolutional nets.

A vector belongs to a node, not to a cell: the pixels of the patch's cells are the input, and the graph resizes them.
Neighbouring patches share nothing but the reading of their pixels.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import Executor

import numpy as np
from numpy.typing import ArrayLike, NDArray

from botaclip.core.cells import Check, Shares, Vectors, check_fit, nothing
from botaclip.core.encoders.encoder import Encoder
from botaclip.core.environment_rasters import EnvironmentReader
from botaclip.core.lattice import PatchSpec
from botaclip.core.patch_rows import Grid, read_ahead
from botaclip.core.pixel_window import SEEN_CELL, SEEN_PATCH, PixelReader, PixelWindow
from botaclip.core.progress import SILENT, Progress

_MOST_PX = 2**22  # pixels read at once, unless one patch has more
_BLOCK_NODES = (8, 16)  # of a map, high and wide: a patch may take a tenth of a second, and progress has to be seen


class PatchSource:
    """Vectors of patches of one raster on one lattice, each from the patch itself.

    A vector is what the encoder sees (D), followed by the means of the environment rasters (P) where there are any.
    A patch is seen by the rule of :class:`~botaclip.core.cells.CellSource`: at least 75 % of its pixels are valid,
    where a cell in which the environment has no value counts as not valid. The environment's mean is over the cells
    that have a value and at least half of their pixels valid.

    Parameters
    ----------
    reader
        The raster on the lattice.
    encoder
        An encoder of kind ``exact``, its stride set to the lattice's.
    environment
        Environment rasters on the same lattice.

    Raises
    ------
    EncoderError
        Encoder, lattice and raster do not fit each other, or the environment is on another lattice.
    """

    tried_nodes = 3

    def __init__(
        self, reader: PixelReader, encoder: Encoder, environment: EnvironmentReader | None = None
    ) -> None:
        check_fit(reader, encoder, environment)
        self.reader = reader
        self.encoder = encoder
        self.environment = environment

    @property
    def dimension(self) -> int:
        """Length of a vector: the encoder's, and one for every environment layer."""
        return self.encoder.dimension + (0 if self.environment is None else len(self.environment))

    def patches(
        self, rows: ArrayLike, cols: ArrayLike, patch: PatchSpec, *, progress: Progress = SILENT
    ) -> tuple[Vectors, Shares]:
        """Return the vectors (N, D) of the patches centred on nodes, NaN where not seen, and shares seen (N,).

        Patches near each other are read together; ``progress`` is asked at every one whether to stop.
        """
        row, col = np.atleast_1d(np.asarray(rows, dtype=np.int64)), np.atleast_1d(np.asarray(cols, dtype=np.int64))
        count, half = len(row), patch.cells // 2
        vectors = np.full((count, self.dimension), np.nan, dtype=np.float32)
        seen = np.zeros(count, dtype=np.float32)
        group = np.stack([row // patch.cells, col // patch.cells])
        order = np.lexsort((group[1], group[0]))
        borders = np.flatnonzero(np.any(np.diff(group[:, order], axis=1) != 0, axis=0)) + 1
        done = 0
        for members in np.split(order, borders) if count else []:
            height, width = (int(np.ptp(axis[members])) + patch.cells for axis in (row, col))
            together = height * width <= min(len(members) * patch.cells**2, self._most_cells(patch))
            for crowd in [members] if together else np.split(members, len(members)):
                tops, lefts = row[crowd] - half, col[crowd] - half
                box = int(tops.min()), int(lefts.min())
                progress.update(done / count, "Reading patches")
                window = self._read(*box, int(np.ptp(tops)) + patch.cells, int(np.ptp(lefts)) + patch.cells)
                vectors[crowd], seen[crowd] = self._look(
                    window, tops - box[0], lefts - box[1], patch, progress.check
                )
                done += len(crowd)
        return vectors, seen

    def patch_grid(
        self, row: int, col: int, height: int, width: int, step: int, patch: PatchSpec
    ) -> tuple[Vectors, Shares]:
        """Return the vectors (D, h, w) of the patches on every ``step``-th node, NaN where not seen, and shares (h, w).

        What a map is, in plain words: each patch by itself.
        """
        down, across = (axis.ravel() for axis in np.mgrid[0:height, 0:width])
        vectors, seen = self.patches(row + step * down, col + step * across, patch)
        return vectors.T.reshape(self.dimension, height, width), seen.reshape(height, width)

    def patch_rows(
        self, grid: Grid, *, ahead: Executor | None = None, check: Check = nothing
    ) -> Iterator[tuple[int, Vectors]]:
        """Yield ``first, vectors (D, n, w)``: the next ``n`` rows of nodes from the one numbered ``first``.

        Parameters
        ----------
        grid
            The nodes.
        ahead
            Reads while the encoder works.
        check
            Called for every patch (or batch); what it raises ends the walk.
        """
        return self.node_rows(
            range(grid.row, grid.row + grid.height * grid.step, grid.step),
            range(grid.col, grid.col + grid.width * grid.step, grid.step), grid.patch, ahead=ahead, check=check,
        )  # fmt: skip

    def node_rows(
        self, rows: Sequence[int], cols: Sequence[int], patch: PatchSpec, *, ahead: Executor | None = None,
        check: Check = nothing,
    ) -> Iterator[tuple[int, Vectors]]:
        """Yield what :meth:`patch_rows` does for any ascending rows and columns of nodes; ``first`` counts rows."""
        half = patch.cells // 2
        most = self._most_cells(patch)
        down = _spans(rows, patch.cells, min(2 * patch.cells, most // patch.cells))
        tallest = max((rows[last - 1] - rows[first] + patch.cells for first, last in down), default=1)
        across = _spans(cols, patch.cells, max(patch.cells, most // tallest))
        boxes = [
            (rows[top] - half, cols[left] - half, rows[bottom - 1] - rows[top] + patch.cells,
             cols[right - 1] - cols[left] + patch.cells)
            for top, bottom in down for left, right in across
        ]  # fmt: skip
        windows = read_ahead(self._read, boxes, ahead)
        for top, bottom in down:
            strip = np.full((self.dimension, bottom - top, len(cols)), np.nan, dtype=np.float32)
            for left, right in across:
                window = next(windows)
                tops, lefts = (
                    axis.ravel() for axis in np.meshgrid(
                        np.asarray(rows[top:bottom]) - rows[top], np.asarray(cols[left:right]) - cols[left],
                        indexing="ij",
                    )
                )  # fmt: skip
                vectors, _ = self._look(window, tops, lefts, patch, check)
                strip[:, :, left:right] = vectors.T.reshape(self.dimension, bottom - top, right - left)
            if not np.isnan(strip[0]).all():
                yield top, strip

    def _most_cells(self, patch: PatchSpec) -> int:
        """Return how many cells may be read at once."""
        return max(patch.cells**2, _MOST_PX // self.encoder.stride_px**2)

    def _read(self, row: int, col: int, height: int, width: int) -> PixelWindow:
        """Read the pixels of a window of cells; safe in any thread."""
        stride = self.encoder.stride_px
        pixels, valid = self.reader.read(row * stride, col * stride, height * stride, width * stride)
        values, known = None, None
        if self.environment is not None:
            values, known = self.environment.read(row, col, height, width)
        return PixelWindow(row, col, height, width, pixels, valid, values, known)

    def _look(
        self, window: PixelWindow, tops: NDArray[np.int64], lefts: NDArray[np.int64], patch: PatchSpec, check: Check
    ) -> tuple[Vectors, Shares]:
        """Return vectors (N, D + P) and shares seen (N,) of the patches at these cells of a window."""
        stride, cells, depth = self.encoder.stride_px, patch.cells, self.encoder.dimension
        vectors = np.full((len(tops), self.dimension), np.nan, dtype=np.float32)
        counts = window.valid.reshape(window.height, stride, window.width, stride).sum(axis=(1, 3), dtype=np.int64)
        if window.known is not None:
            counts *= window.known
        parts = [
            (slice(int(top), int(top) + cells), slice(int(left), int(left) + cells))
            for top, left in zip(tops, lefts, strict=True)
        ]
        shares = np.array([counts[part].sum() / (cells * stride) ** 2 for part in parts], dtype=np.float32)
        asked = np.flatnonzero(shares >= SEEN_PATCH)
        while len(asked):
            check()
            now, asked = asked[: self.encoder.batch], asked[self.encoder.batch :]
            squares = [tuple(slice(side.start * stride, side.stop * stride) for side in parts[i]) for i in now]
            vectors[now, :depth] = self.encoder.encode(
                np.stack([window.pixels[(slice(None), *square)] for square in squares]),
                np.stack([window.valid[square] for square in squares]),
            )
            if window.environment is not None:
                for i in now:
                    counted = counts[parts[i]] >= SEEN_CELL * stride**2
                    values = window.environment[(slice(None), *parts[i])][:, counted]
                    vectors[i, depth:] = values.mean(axis=1, dtype=np.float64)
        return vectors, shares

    def block_nodes(self, step_px: int, patch: PatchSpec) -> tuple[int, int]:
        """Return how many nodes high and wide a block of a map may be."""
        return _BLOCK_NODES

    def cost(self, height: int, width: int, step_px: int, patch: PatchSpec) -> float:
        """Return how many patches are computed for a block of so many nodes."""
        return float(height * width)


def _spans(nodes: Sequence[int], side: int, most: int) -> list[tuple[int, int]]:
    """Cut ascending nodes into runs whose patches together span at most ``most`` cells, or into single ones."""
    spans, first = [], 0
    for last in range(1, len(nodes) + 1):
        if last == len(nodes) or nodes[last] - nodes[first] + side > most:
            spans.append((first, last))
            first = last
    return spans
