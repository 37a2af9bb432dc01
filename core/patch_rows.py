"""Vectors of the patches of a map, row after row of a block: the fast road of maps through the lattice function.

A block of a map needs the cells under all its patches, which overlap. Walking down it in strips, the sums of every
patch grow with the strips, so that neither the pixels nor the cells of the whole block are ever held at once, and
blocks can be so large that what neighbouring ones compute twice is little.
"""

from __future__ import annotations

import collections
import dataclasses
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from botaclip.core.lattice import PatchSpec
from botaclip.core.pixel_window import SEEN_CELL, SEEN_PATCH, PixelWindow

if TYPE_CHECKING:
    from botaclip.core.cells import CellSource

Read = TypeVar("Read")

Vectors = NDArray[np.float32]
Sums = NDArray[np.float64]
_Total = tuple[Sums, Sums, Sums]  # vectors (D, w), counted cells (w), shares (w); one row stands for zeros before any

MOST_ROWS = 128  # of nodes in a block
_STRIP_CELLS = 12  # rows of cells at a time that are usual: one row of the encoder's runs
_SUM_CHANNELS = 32
_WIDEST_CELLS = 1024  # of a strip: bounds its pixels and vectors in memory
_WIDEST_WARPED_CELLS = 256  # where pixels are resampled in pieces, of which only some are kept for the next strip
_WIDEST_PX, _USUAL_DIMENSION = 16_384, 512  # larger cells and longer vectors make narrower strips


@dataclasses.dataclass(frozen=True)
class Grid:
    """Every ``step``-th node of a window: ``height`` by ``width`` of them, the first at ``row``, ``col``."""

    row: int
    col: int
    height: int
    width: int
    step: int
    patch: PatchSpec

    @property
    def cell_rows(self) -> int:
        """Rows of cells under all patches."""
        return (self.height - 1) * self.step + self.patch.cells

    @property
    def cell_cols(self) -> int:
        """Columns of cells under all patches."""
        return (self.width - 1) * self.step + self.patch.cells


def widest(
    step_px: int, patch: PatchSpec, *, stride_px: int = 1, dimension: int = 1, plain: bool = True,
    strip_cells: int = _STRIP_CELLS,
) -> int:  # fmt: skip
    """Return how many nodes wide a block may be.

    Parameters
    ----------
    step_px
        From one node of the map to the next, in pixels.
    patch
        What lies around each.
    stride_px, dimension
        Side of a cell, and length of its vector.
    plain
        Whether pixels are read without resampling.
    strip_cells
        Rows of cells that are held at a time; higher strips are narrower.
    """
    cells = min(_WIDEST_CELLS if plain else _WIDEST_WARPED_CELLS, max(64, _WIDEST_PX // stride_px))
    cells = cells * _USUAL_DIMENSION // max(_USUAL_DIMENSION, dimension)
    cells = cells * _STRIP_CELLS // max(_STRIP_CELLS, strip_cells)
    return max(8, (max(cells, 2 * patch.cells) - patch.cells) * stride_px // step_px + 1)


def pieces(first: int, last: int, most: int, grain: int = 1) -> Iterator[tuple[int, int]]:
    """Cut ``first`` to ``last`` into pieces of about ``most`` that end on whole grains: begins and lengths."""
    size = max(grain, most // grain * grain)
    while first < last:
        end = min(last, first // grain * grain + size)
        yield first, end - first
        first = end


def patch_rows(
    cells: CellSource, grid: Grid, *, ahead: Executor | None = None, check: Callable[[], None] = lambda: None
) -> Iterator[tuple[int, Vectors]]:
    """Yield ``first, vectors (D, n, w)``: the next ``n`` rows of nodes from the one numbered ``first``, NaN if unseen.

    The same means over the same cells as :meth:`CellSource.patch_grid`, added up in another order.

    Parameters
    ----------
    cells
        The lattice function of a raster.
    grid
        The nodes.
    ahead
        Reads the next strip while this one is computed; without it strips are read when their turn comes.
    check
        Called for every strip; what it raises ends the walk.
    """
    even = cells.grain == 1 and grid.patch.cells % grid.step == 0 and cells.run_cells % grid.step == 0
    group = grid.step if even else 1
    running = _RunningSums(grid, group)
    for window in _strips(cells, grid, ahead):
        check()
        rows = running.add(*_summed_across(cells, window, grid, group, check))
        if rows is not None:
            yield rows


def _strips(cells: CellSource, grid: Grid, ahead: Executor | None) -> Iterator[PixelWindow]:
    """Read the block from top to bottom."""
    half = grid.patch.cells // 2
    top, left, bottom = grid.row - half, grid.col - half, grid.row - half + grid.cell_rows
    strips = pieces(top, bottom, cells.run_cells, cells.grain)
    return read_ahead(cells.read, ((row, left, height, grid.cell_cols) for row, height in strips), ahead)


def read_ahead(
    read: Callable[..., Read], windows: Iterable[tuple[int, int, int, int]], ahead: Executor | None
) -> Iterator[Read]:
    """Yield ``read(*window)`` of each window, the next one read by ``ahead`` meanwhile where that is given."""
    if ahead is None:
        for window in windows:
            yield read(*window)
        return
    coming: Future[Read] | None = None
    try:
        for window in windows:
            ready, coming = coming, ahead.submit(read, *window)
            if ready is not None:
                yield ready.result()
        if coming is not None:
            ready, coming = coming, None
            yield ready.result()
    finally:
        if coming is not None:
            coming.cancel()


def _summed_across(
    cells: CellSource, window: PixelWindow, grid: Grid, group: int, check: Callable[[], None]
) -> tuple[Sums | None, NDArray[np.float64], NDArray[np.float64]]:
    """Return sums (D, r, w) over the width of every patch, of groups of rows, and likewise counted cells and shares."""
    rows = -(-window.height // group)
    if not window.valid.any():
        nothing = np.zeros((rows, grid.width))
        return None, nothing, nothing
    vectors, seen = cells.encode(window, check)
    counted = seen >= SEEN_CELL
    if not counted.all():
        vectors *= counted
    sums = np.empty((len(vectors), rows, grid.width))
    for first in range(0, len(vectors), _SUM_CHANNELS):
        part = slice(first, first + _SUM_CHANNELS)
        sums[part] = _across(vectors[part], grid, group)
    return sums, _across(counted[None], grid, group)[0], _across(seen[None], grid, group)[0]


def _across(values: NDArray[Any], grid: Grid, group: int) -> Sums:
    """Sums (D, r, w) of (D, h, W): of groups of rows, over the width of every patch; in float64 by running totals."""
    side, step = grid.patch.cells, grid.step
    if group > 1:
        # What every patch takes wholly or not at all is added up first: the totals run over fewer values.
        rows = values[:, ::group].astype(np.float64)
        for i in range(1, group):
            rows += values[:, i::group]
        values = rows[:, :, ::group].copy()
        for i in range(1, group):
            values += rows[:, :, i::group]
        side, step = side // group, 1
    total = np.zeros((*values.shape[:2], values.shape[2] + 1))
    np.cumsum(values, axis=2, dtype=np.float64, out=total[:, :, 1:])
    result: Sums = total[:, :, side::step] - total[:, :, :-side:step]
    return result


class _RunningSums:
    """Sums down the rows of a block, from which those of every patch are differences."""

    def __init__(self, grid: Grid, group: int) -> None:
        self._grid = grid
        self._side, self._step = grid.patch.cells // group, grid.step // group
        self._row = 0  # rows (of groups) that have been added
        self._total: _Total = (np.zeros((1, grid.width)), np.zeros(grid.width), np.zeros(grid.width))
        self._tops: collections.deque[_Total] = collections.deque([self._total])
        self._done = 0

    def add(
        self, sums: Sums | None, weights: NDArray[np.float64], shares: NDArray[np.float64]
    ) -> tuple[int, Vectors] | None:
        """Add rows; return the rows of nodes whose patches are complete now."""
        complete: list[Vectors | None] = []
        for i in range(len(weights)):
            before = self._total
            values = before[0] if sums is None else before[0] + sums[:, i]
            self._total = (values, before[1] + weights[i], before[2] + shares[i])
            self._row += 1
            above = self._row - self._side
            if above >= 0 and above % self._step == 0:
                complete.append(self._means(self._tops.popleft()))
            if self._row % self._step == 0 and self._row // self._step < self._grid.height:
                self._tops.append(self._total)
        first, self._done = self._done, self._done + len(complete)
        known = [rows for rows in complete if rows is not None]
        if not known:
            return None
        blank = np.full_like(known[0], np.nan)
        return first, np.stack([blank if rows is None else rows for rows in complete], axis=1)

    def _means(self, top: _Total) -> Vectors | None:
        """Return the vectors (D, w) of a row of patches that began at ``top``; None where none is seen."""
        sums, weights, shares = (now - then for now, then in zip(self._total, top, strict=True))
        share = (shares / self._grid.patch.cells**2).astype(np.float32)
        seen = (share >= SEEN_PATCH) & (weights > 0.5)
        if not seen.any():
            return None
        means: Vectors = np.where(seen, sums / np.maximum(weights, 1.0), np.nan).astype(np.float32)
        return means
