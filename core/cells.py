"""The lattice function: what the encoder sees at any place, one function for training, map and click."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from concurrent.futures import Executor

import numpy as np
from numpy.typing import ArrayLike, NDArray

from botaclip.core.encoders.encoder import Encoder
from botaclip.core.environment_rasters import EnvironmentReader
from botaclip.core.errors import EncoderError
from botaclip.core.lattice import PatchSpec
from botaclip.core.patch_rows import MOST_ROWS, Grid, patch_rows, pieces, widest
from botaclip.core.pixel_window import SEEN_CELL, SEEN_PATCH, PixelReader, PixelWindow
from botaclip.core.progress import SILENT, Progress

Vectors = NDArray[np.float32]
Shares = NDArray[np.float32]
Check = Callable[[], None]

# Side of what one run of the encoder takes: large enough to be fast, small enough for the cache ...
_RUN_CELLS = 12
# ... and, where the margin is wide, so many margins, because what lies in it is computed anew by the next run.
_RUN_MARGINS, _RUN_PX = 4, 512
_WALK_CELLS, _WALK_PX = 128, 2048  # side of what is held at once while patches are gathered
_GROUP_NODES = 32  # patches whose centres lie in one such square share their cells
_SUM_CHANNELS = 32


def nothing() -> None:
    """Ask nothing."""


def run_cells(stride_px: int, margin_px: int) -> int:
    """Return how many cells high and wide a run of an encoder is: about four margins, in whole dozens.

    A run of ``n`` cells computes ``(n s + 2 m)²`` pixels for the ``(n s)²`` that it is about: with a dozen cells and a
    wide margin nine times as many, with four margins 2.25 times. Beyond 512 pixels memory counts for more.
    """
    wanted = min(_RUN_MARGINS * margin_px, _RUN_PX) // stride_px
    return max(1, -(-wanted // _RUN_CELLS)) * _RUN_CELLS


def check_fit(reader: PixelReader, encoder: Encoder, environment: EnvironmentReader | None) -> None:
    """Refuse an encoder, a raster and a lattice that do not belong together.

    Raises
    ------
    EncoderError
        Strides or bands differ, or the environment is on another lattice.
    """
    if encoder.stride_px != reader.lattice.stride_px:
        raise EncoderError(
            f"{encoder.id} has cells of {encoder.stride_px} pixels, the lattice of {reader.lattice.stride_px}"
        )
    if tuple(encoder.bands) != tuple(reader.source.roles):
        raise EncoderError(
            f"{encoder.id} looks at {', '.join(encoder.bands)}, the raster has {', '.join(reader.source.roles)}",
            where=reader.source.name, remedy="name the same bands with --bands",
        )  # fmt: skip
    if environment is not None and environment.lattice != reader.lattice:
        raise EncoderError("the environment rasters are read on another lattice than the image")


class CellSource:
    """Vectors of cells and patches of one raster on one lattice.

    A vector is what the encoder sees (D), followed by the values of the environment rasters (P) where there are any.
    A cell where one of those has no value is not seen.

    Reading (:meth:`read`) and computing (:meth:`encode`) can be called apart, so that a stream overlaps them.

    Parameters
    ----------
    reader
        The raster on the lattice.
    encoder
        A dense encoder whose stride is the lattice's.
    environment
        Environment rasters on the same lattice.

    Raises
    ------
    EncoderError
        Encoder, lattice and raster do not fit each other, or the environment is on another lattice.
    """

    tried_nodes = 48  # side of what an estimate tries
    grain = 1  # side of what is computed at once whatever is asked for, in cells

    def __init__(
        self, reader: PixelReader, encoder: Encoder, environment: EnvironmentReader | None = None
    ) -> None:
        check_fit(reader, encoder, environment)
        self.reader = reader
        self.encoder = encoder
        self.environment = environment

    @property
    def run_cells(self) -> int:
        """Side of what one run of the encoder takes, in cells."""
        return run_cells(self.encoder.stride_px, self.encoder.margin_px)

    @property
    def dimension(self) -> int:
        """Length of a vector: the encoder's, and one for every environment layer."""
        return self.encoder.dimension + (0 if self.environment is None else len(self.environment))

    def read(self, row: int, col: int, height: int, width: int) -> PixelWindow:
        """Read the pixels of a window of cells and its surroundings; safe in any thread."""
        stride, margin = self.encoder.stride_px, self.encoder.margin_px
        pixels, valid = self.reader.read(
            row * stride - margin, col * stride - margin, height * stride + 2 * margin, width * stride + 2 * margin
        )
        window = PixelWindow(row=row, col=col, height=height, width=width, pixels=pixels, valid=valid)
        if self.environment is None:
            return window
        values, known = self.environment.read(row, col, height, width)
        return dataclasses.replace(window, environment=values, known=known)

    def encode(self, window: PixelWindow, check: Check = nothing) -> tuple[Vectors, Shares]:
        """Return vectors (D + P, h, w), 0 where a cell has no valid pixel, and shares of valid pixels (h, w).

        ``check`` is called for every run of the encoder; what it raises ends the work.
        """
        stride, height, width = self.encoder.stride_px, window.height, window.width
        down, across = self._offset(window)
        inner = window.valid[down : down + height * stride, across : across + width * stride]
        seen = inner.reshape(height, stride, width, stride).mean(axis=(1, 3), dtype=np.float32)
        if window.known is not None:
            seen *= window.known
        depth = self.encoder.dimension
        vectors = np.zeros((self.dimension, height, width), dtype=np.float32)
        self._look(window, seen, vectors[:depth], check)
        if window.environment is not None:
            vectors[depth:] = window.environment
        if not seen.all():
            vectors *= seen > 0
        return vectors, seen

    def _offset(self, window: PixelWindow) -> tuple[int, int]:
        """Return where in a window's pixels its first cell begins."""
        return self.encoder.margin_px, self.encoder.margin_px

    def _look(self, window: PixelWindow, seen: Shares, vectors: Vectors, check: Check) -> None:
        """Let the encoder look at the cells of a window that are seen (h, w), and fill in ``vectors`` (D, h, w)."""
        stride, margin = self.encoder.stride_px, self.encoder.margin_px
        height, width, side = window.height, window.width, self.run_cells
        for top in range(0, height, side):
            for left in range(0, width, side):
                bottom, right = min(top + side, height), min(left + side, width)
                if not seen[top:bottom, left:right].any():
                    continue
                check()
                rows = slice(top * stride, bottom * stride + 2 * margin)
                cols = slice(left * stride, right * stride + 2 * margin)
                run = self.encoder.encode(window.pixels[None, :, rows, cols], window.valid[None, rows, cols])
                vectors[:, top:bottom, left:right] = run[0]

    def cells(
        self, row: int, col: int, height: int, width: int, check: Check = nothing
    ) -> tuple[Vectors, Shares]:
        """Return the vectors (D, h, w) of a window of cells and the share of valid pixels (h, w) of each."""
        return self.encode(self.read(row, col, height, width), check)

    def patches(
        self, rows: ArrayLike, cols: ArrayLike, patch: PatchSpec, *, progress: Progress = SILENT
    ) -> tuple[Vectors, Shares]:
        """Return the vectors (N, D) of the patches centred on nodes, NaN where not seen, and shares seen (N,).

        Patches near each other share their cells; memory depends on neither their number nor their size.
        """
        row, col = np.atleast_1d(np.asarray(rows, dtype=np.int64)), np.atleast_1d(np.asarray(cols, dtype=np.int64))
        count, half = len(row), patch.cells // 2
        result = np.full((count, self.dimension), np.nan, dtype=np.float32)
        seen = np.zeros(count, dtype=np.float32)
        group = np.stack([row // _GROUP_NODES, col // _GROUP_NODES])
        order = np.lexsort((group[1], group[0]))
        if not count:
            return result, seen
        borders = np.flatnonzero(np.any(np.diff(group[:, order], axis=1) != 0, axis=0)) + 1
        done = 0
        for members in np.split(order, borders):
            progress.update(done / count, "Reading patches")
            box = row[members] - half, col[members] - half
            together = (np.ptp(box[0]) + patch.cells) * (np.ptp(box[1]) + patch.cells)
            # Far apart in a large square it is cheaper to look at each by itself.
            crowds = [members] if together <= len(members) * patch.cells**2 else np.split(members, len(members))
            for crowd in crowds:
                progress.check()
                result[crowd], seen[crowd] = self._gather(
                    row[crowd] - half, col[crowd] - half, patch, progress.check
                )
            done += len(members)
        return result, seen

    def _gather(
        self, tops: NDArray[np.int64], lefts: NDArray[np.int64], patch: PatchSpec, check: Check
    ) -> tuple[Vectors, Shares]:
        """Walk over the cells under some patches and add up what each patch covers."""
        sums = np.zeros((len(tops), self.dimension))
        weights, shares = np.zeros(len(tops)), np.zeros(len(tops))
        rows, cols = (
            list(pieces(int(first.min()), int(first.max()) + patch.cells,
                        min(_WALK_CELLS, max(1, _WALK_PX // self.encoder.stride_px)), self.grain))
            for first in (tops, lefts)
        )  # fmt: skip
        for top, height in rows:
            for left, width in cols:
                vectors, seen = self.cells(top, left, height, width, check)
                for i in range(len(tops)):
                    part = (
                        slice(max(0, tops[i] - top), max(0, tops[i] + patch.cells - top)),
                        slice(max(0, lefts[i] - left), max(0, lefts[i] + patch.cells - left)),
                    )
                    weight = seen[part] >= SEEN_CELL
                    sums[i] += np.einsum("dhw,hw->d", vectors[(slice(None), *part)], weight, dtype=np.float64)
                    weights[i] += weight.sum()
                    shares[i] += seen[part].sum(dtype=np.float64)
        share = (shares / patch.cells**2).astype(np.float32)
        return _means(sums, weights[:, None], share[:, None]), share

    def patch_grid(
        self, row: int, col: int, height: int, width: int, step: int, patch: PatchSpec
    ) -> tuple[Vectors, Shares]:
        """Return the vectors (D, h, w) of the patches on every ``step``-th node, NaN where not seen, and shares (h, w).

        ``row``, ``col`` is the first node, ``height`` and ``width`` count nodes of the grid. This is what a map is, in
        plain words; :mod:`botaclip.core.patch_rows` makes the same of a large one in bounded memory.
        """
        half = patch.cells // 2
        window = self.read(
            row - half, col - half, (height - 1) * step + patch.cells, (width - 1) * step + patch.cells
        )
        vectors = np.full((self.dimension, height, width), np.nan, dtype=np.float32)
        if not window.valid.any():
            return vectors, np.zeros((height, width), dtype=np.float32)
        values, seen = self.encode(window)
        share = (_box_sums(seen[None], step, patch.cells)[0] / patch.cells**2).astype(np.float32)
        counted = seen >= SEEN_CELL
        weights = _box_sums(counted[None], step, patch.cells)[0]
        values *= counted
        for first in range(0, len(values), _SUM_CHANNELS):
            part = slice(first, first + _SUM_CHANNELS)
            vectors[part] = _means(_box_sums(values[part], step, patch.cells), weights, share)
        return vectors, share

    def patch_rows(
        self, grid: Grid, *, ahead: Executor | None = None, check: Check = nothing
    ) -> Iterator[tuple[int, Vectors]]:
        """Yield what :meth:`patch_grid` returns, row after row in bounded memory; see :mod:`.patch_rows`."""
        return patch_rows(self, grid, ahead=ahead, check=check)

    def block_nodes(self, step_px: int, patch: PatchSpec) -> tuple[int, int]:
        """Return how many nodes high and wide a block of a map with this step may be."""
        return MOST_ROWS, widest(
            step_px, patch, stride_px=self.encoder.stride_px, dimension=self.dimension, plain=self.reader.plain,
            strip_cells=self.run_cells,
        )  # fmt: skip

    def cost(self, height: int, width: int, step_px: int, patch: PatchSpec) -> float:
        """Return how many cells are computed for a block of so many nodes."""
        across = step_px / self.encoder.stride_px
        return float(((height - 1) * across + patch.cells) * ((width - 1) * across + patch.cells))


def _means(sums: NDArray[np.float64], weights: NDArray[np.float64], share: Shares) -> Vectors:
    seen = (share >= SEEN_PATCH) & (weights > 0)
    return np.where(seen, sums / np.maximum(weights, 1.0), np.nan).astype(np.float32)


def _box_sums(values: NDArray[np.generic], step: int, side: int) -> NDArray[np.float64]:
    """Sums over squares of ``side`` cells, every ``step``-th: (D, H, W) -> (D, h, w), in float64 by running totals."""
    total = np.zeros((values.shape[0], values.shape[1] + 1, values.shape[2]), dtype=np.float64)
    np.cumsum(values, axis=1, dtype=np.float64, out=total[:, 1:])
    total = total[:, side::step] - total[:, :-side:step]
    across = np.zeros((*total.shape[:2], total.shape[2] + 1), dtype=np.float64)
    np.cumsum(total, axis=2, out=across[:, :, 1:])
    return across[:, :, side::step] - across[:, :, :-side:step]
