"""Several encoders that look at the same patches, each on a lattice of its own cells."""

from __future__ import annotations

import contextlib
import dataclasses
import math
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor

import numpy as np
from numpy.typing import ArrayLike, NDArray

from botaclip.core.cells import CellSource, Check, Shares, Vectors, nothing
from botaclip.core.encoders.joined import JoinedEncoder
from botaclip.core.environment_rasters import EnvironmentReader
from botaclip.core.lattice import PatchSpec
from botaclip.core.patch_rows import Grid
from botaclip.core.patch_source import PatchSource
from botaclip.core.pixel_window import PixelReader
from botaclip.core.progress import SILENT, Progress

Part = CellSource | PatchSource


@dataclasses.dataclass(frozen=True)
class _Nodes:
    """From nodes of the first lattice to the nearest ones of another, of the same origin and pixel.

    A place half way between two nodes goes to the south or east one, as everywhere
    (:meth:`~botaclip.core.lattice.Lattice.node_of`). All of it is whole numbers, so nothing is rounded.
    """

    stride_px: int
    odd: int
    own_stride_px: int
    own_odd: int

    def __call__(self, nodes: ArrayLike) -> NDArray[np.int64]:
        """Return the nearest nodes of the other lattice, along one axis."""
        twice_px = (2 * np.asarray(nodes, dtype=np.int64) + self.odd) * self.stride_px
        return (twice_px + (1 - self.own_odd) * self.own_stride_px) // (2 * self.own_stride_px)


class JoinedSource:
    """Vectors of patches, those of the encoders one behind the other, behind them the environment's.

    Nodes are those of the first encoder's lattice; the others look at the node of their own lattice that is nearest,
    at most half of their cell away. A patch is seen where every part sees it.

    Parameters
    ----------
    reader
        The raster on the first encoder's lattice.
    encoder
        The encoders.
    parts
        A source for each, on a lattice of the same origin and pixel with the encoder's own stride; the first one
        with the environment.
    """

    def __init__(self, reader: PixelReader, encoder: JoinedEncoder, parts: Sequence[Part]) -> None:
        self.reader = reader
        self.encoder = encoder
        self.parts = tuple(parts)

    @property
    def environment(self) -> EnvironmentReader | None:
        """Environment rasters on the first one's lattice."""
        return self.parts[0].environment

    @property
    def dimension(self) -> int:
        """Length of a vector."""
        return sum(part.dimension for part in self.parts)

    @property
    def tried_nodes(self) -> int:
        """Side of what an estimate tries."""
        return min(part.tried_nodes for part in self.parts)

    def _own(self, part: Part, patch: PatchSpec) -> tuple[_Nodes, PatchSpec]:
        """Return where a part looks, and the patch in its own cells."""
        if part is self.parts[0]:
            own = patch
        else:
            own = part.reader.lattice.patch(patch.size_m)
        return _Nodes(self.encoder.stride_px, patch.cells % 2, part.encoder.stride_px, own.cells % 2), own

    def patches(
        self, rows: ArrayLike, cols: ArrayLike, patch: PatchSpec, *, progress: Progress = SILENT
    ) -> tuple[Vectors, Shares]:
        """Return the vectors (N, D) of the patches centred on nodes, NaN where not seen, and shares seen (N,)."""
        found = []
        for number, part in enumerate(self.parts):
            nearest, own = self._own(part, patch)
            stage = progress.stage(number / len(self.parts), (number + 1) / len(self.parts))
            found.append(part.patches(nearest(rows), nearest(cols), own, progress=stage))
        return self._joined([vectors.T for vectors, _ in found]).T, np.min([seen for _, seen in found], axis=0)

    def patch_grid(
        self, row: int, col: int, height: int, width: int, step: int, patch: PatchSpec
    ) -> tuple[Vectors, Shares]:
        """Return the vectors (D, h, w) of the patches on every ``step``-th node, NaN where not seen, and shares (h, w).

        What a map is, in plain words.
        """
        down, across = (axis.ravel() for axis in np.mgrid[0:height, 0:width])
        vectors, seen = self.patches(row + step * down, col + step * across, patch)
        return vectors.T.reshape(self.dimension, height, width), seen.reshape(height, width)

    def patch_rows(
        self, grid: Grid, *, ahead: Executor | None = None, check: Check = nothing
    ) -> Iterator[tuple[int, Vectors]]:
        """Yield ``first, vectors (D, n, w)``: the next ``n`` rows of nodes from the one numbered ``first``.

        The parts walk down the block side by side; what a part's lattice shares between rows is computed once.
        """
        with contextlib.ExitStack() as stack:
            others = []
            for part in self.parts[1:]:
                nearest, own = self._own(part, grid.patch)
                rows = nearest(grid.row + grid.step * np.arange(grid.height))
                cols = nearest(grid.col + grid.step * np.arange(grid.width))
                walk = _Walk(part, rows, cols, own, ahead, check)
                stack.callback(walk.close)
                others.append(walk)
            for first, vectors in self.parts[0].patch_rows(grid, ahead=ahead, check=check):
                count = vectors.shape[1]
                blocks = [np.stack([walk.row(first + i) for i in range(count)], axis=1) for walk in others]
                made = self._joined([vectors, *blocks])
                if not np.isnan(made[0]).all():
                    yield first, made

    def _joined(self, blocks: Sequence[Vectors]) -> Vectors:
        """Return vectors (D, ...) of the parts' (D_i, ...): the environment last, NaN where any part sees nothing."""
        depth = self.parts[0].encoder.dimension
        first = blocks[0]
        joined = np.concatenate([first[:depth], *blocks[1:], first[depth:]])
        joined[:, np.isnan(joined).any(axis=0)] = np.nan
        return joined

    def block_nodes(self, step_px: int, patch: PatchSpec) -> tuple[int, int]:
        """Return how many nodes high and wide a block of a map may be."""
        sizes = [part.block_nodes(step_px, self._own(part, patch)[1]) for part in self.parts]
        return min(height for height, _ in sizes), min(width for _, width in sizes)

    def cost(self, height: int, width: int, step_px: int, patch: PatchSpec) -> float:
        """Return the cost of a block for the part that takes longest by its kind: exact, then tokens, then dense."""
        slowest = min(self.parts, key=lambda part: part.tried_nodes)
        return slowest.cost(height, width, step_px, self._own(slowest, patch)[1])


class _Walk:
    """Rows of a part's nodes, taken up as the first part's come down the block."""

    def __init__(
        self, part: Part, rows: NDArray[np.int64], cols: NDArray[np.int64], patch: PatchSpec,
        ahead: Executor | None, check: Check,
    ) -> None:
        needed, self._row_of = np.unique(rows, return_inverse=True)
        columns, self._col_of = np.unique(cols, return_inverse=True)
        if isinstance(part, PatchSource):
            self._chunks = part.node_rows(needed.tolist(), columns.tolist(), patch, ahead=ahead, check=check)
        else:
            # Cells are computed once whatever is made of them; nodes between those that are needed cost only sums.
            step = math.gcd(*np.diff(needed).tolist(), *np.diff(columns).tolist()) or 1
            self._row_of = (needed[self._row_of] - needed[0]) // step
            self._col_of = (columns[self._col_of] - columns[0]) // step
            height, width = int(self._row_of[-1]) + 1, int(self._col_of[-1]) + 1
            grid = Grid(int(needed[0]), int(columns[0]), height, width, step, patch)
            self._chunks = part.patch_rows(grid, ahead=ahead, check=check)
        self._blank = np.full((part.dimension, len(cols)), np.nan, dtype=np.float32)
        self._kept: dict[int, Vectors] = {}
        self._end = 0

    def row(self, number: int) -> Vectors:
        """Return the vectors (D, w) of a row of the block's nodes; rows are asked for in ascending order."""
        wanted = int(self._row_of[number])
        for passed in [kept for kept in self._kept if kept < wanted]:
            del self._kept[passed]
        while self._end <= wanted and (chunk := next(self._chunks, None)) is not None:
            first, vectors = chunk
            self._end = first + vectors.shape[1]
            self._kept |= {first + i: vectors[:, i] for i in range(vectors.shape[1]) if first + i >= wanted}
        found = self._kept.get(wanted)
        return self._blank if found is None else found[:, self._col_of]

    def close(self) -> None:
        """End the walk."""
        close = getattr(self._chunks, "close", None)
        if close is not None:
            close()
