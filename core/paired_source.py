"""Two dates of one place, node by node: vectors of the later image, behind them those of the earlier one."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from concurrent.futures import Executor
from contextlib import contextmanager

import numpy as np
from numpy.typing import ArrayLike

from botaclip.core.cells import Check, Shares, Vectors, nothing
from botaclip.core.encoders.encoder import Encoder
from botaclip.core.environment_rasters import EnvironmentReader
from botaclip.core.lattice import PatchSpec
from botaclip.core.lattice_imagery import LatticeImagery
from botaclip.core.patch_rows import Grid
from botaclip.core.pixel_window import PixelReader
from botaclip.core.progress import SILENT, Progress
from botaclip.core.vector_source import VectorSource


class PairedSource:
    """Vectors (2 D) of the same patches on two dates; seen where both dates see them.

    Parameters
    ----------
    later, earlier
        Sources on one lattice with one encoder.
    """

    def __init__(self, later: VectorSource, earlier: VectorSource) -> None:
        self.later, self.earlier = later, earlier

    @property
    def reader(self) -> PixelReader:
        """The later raster."""
        return self.later.reader

    @property
    def encoder(self) -> Encoder:
        """The one encoder."""
        return self.later.encoder

    @property
    def environment(self) -> EnvironmentReader | None:
        """Environment rasters, the same for both dates."""
        return self.later.environment

    @property
    def dimension(self) -> int:
        """Length of a vector of both dates."""
        return self.later.dimension + self.earlier.dimension

    @property
    def tried_nodes(self) -> int:
        """Side of what an estimate tries."""
        return min(self.later.tried_nodes, self.earlier.tried_nodes)

    def patches(
        self, rows: ArrayLike, cols: ArrayLike, patch: PatchSpec, *, progress: Progress = SILENT
    ) -> tuple[Vectors, Shares]:
        """Return the vectors (N, 2 D) of the patches centred on nodes, NaN where a date does not see them."""
        first, seen = self.later.patches(rows, cols, patch, progress=progress.stage(0.0, 0.5))
        second, also = self.earlier.patches(rows, cols, patch, progress=progress.stage(0.5, 1.0))
        return _joined(first.T, second.T).T, np.minimum(seen, also)

    def patch_grid(
        self, row: int, col: int, height: int, width: int, step: int, patch: PatchSpec
    ) -> tuple[Vectors, Shares]:
        """Return the vectors (2 D, h, w) of the patches on every ``step``-th node, and shares (h, w)."""
        first, seen = self.later.patch_grid(row, col, height, width, step, patch)
        second, also = self.earlier.patch_grid(row, col, height, width, step, patch)
        return _joined(first, second), np.minimum(seen, also)

    def patch_rows(
        self, grid: Grid, *, ahead: Executor | None = None, check: Check = nothing
    ) -> Iterator[tuple[int, Vectors]]:
        """Yield ``first, vectors (2 D, n, w)``: both dates walk down the block side by side."""
        others = self.earlier.patch_rows(grid, ahead=ahead, check=check)
        rows: dict[int, Vectors] = {}
        end = 0
        blank = np.full((self.earlier.dimension, grid.width), np.nan, dtype=np.float32)
        try:
            for first, vectors in self.later.patch_rows(grid, ahead=ahead, check=check):
                last = first + vectors.shape[1]
                while end < last and (chunk := next(others, None)) is not None:
                    end = chunk[0] + chunk[1].shape[1]
                    rows |= {chunk[0] + i: chunk[1][:, i] for i in range(chunk[1].shape[1])}
                beside = np.stack([rows.pop(row, blank) for row in range(first, last)], axis=1)
                # What one date alone has seen on the way is not asked for again.
                rows = {row: values for row, values in rows.items() if row >= last}
                made = _joined(vectors, beside)
                if not np.isnan(made[0]).all():
                    yield first, made
        finally:
            close = getattr(others, "close", None)
            if close is not None:
                close()

    def block_nodes(self, step_px: int, patch: PatchSpec) -> tuple[int, int]:
        """Return how many nodes high and wide a block of a map may be."""
        rows, cols = zip(*(date.block_nodes(step_px, patch) for date in (self.later, self.earlier)), strict=True)
        return min(rows), min(cols)

    def cost(self, height: int, width: int, step_px: int, patch: PatchSpec) -> float:
        """Return what a block of so many nodes costs, on both dates."""
        return sum(date.cost(height, width, step_px, patch) for date in (self.later, self.earlier))


def _joined(first: Vectors, second: Vectors) -> Vectors:
    """Return vectors behind each other along the first axis, NaN where either is."""
    made = np.concatenate([first, second])
    made[:, np.isnan(first[0]) | np.isnan(second[0])] = np.nan
    return made


@dataclasses.dataclass(frozen=True)
class PairedImagery(LatticeImagery):
    """Imagery of a later date, and beside each scene the same place earlier.

    Parameters
    ----------
    earlier
        The earlier imagery with as many scenes, in their order: each is read on the later one's lattice.
    """

    earlier: LatticeImagery | None = None

    @contextmanager
    def cells(self, scene: int) -> Iterator[VectorSource]:
        """Open one scene of both dates on the later one's lattice."""
        assert self.earlier is not None
        with LatticeImagery.cells(self, scene) as later, self.earlier.cells(scene) as earlier:
            yield PairedSource(later, earlier)
