"""A model applied to a scene: the one road from pixels to values for maps, points and clicks."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Callable, Iterable
from concurrent.futures import Executor, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import botaclip
from botaclip.core.area import Area
from botaclip.core.lattice import Lattice
from botaclip.core.map_sample import MapSample
from botaclip.core.model import Model
from botaclip.core.pairing import inside
from botaclip.core.patch_rows import MOST_ROWS, Grid
from botaclip.core.pixel_window import SEEN_PATCH
from botaclip.core.places import Points, crs_name
from botaclip.core.progress import SILENT, Progress
from botaclip.core.raster_output import TILE, Block, RasterOutput, map_blocks
from botaclip.core.rasters import RasterSource
from botaclip.core.stream import stream
from botaclip.core.vector_source import VectorSource
from botaclip.core.windows import Windows

Floats = NDArray[np.float32]
Values = NDArray[Any]
# From raw vectors (N, D) to values (N, count), and how many of them had to be clipped.
Compute = Callable[[Floats], tuple[Values, int]]

OK, OUTSIDE, NODATA, NOWHERE = "ok", "outside the raster", "nodata", "no coordinates"
NO_ENVIRONMENT = "no environment values"
_STRIP_PX = 2**20  # pixels looked at together where only their number counts
_FEWEST_ROWS, _BLOCKS = 64, 6  # rows of a block; blocks that a map should have, to share out


@dataclasses.dataclass(frozen=True)
class PointValues:
    """What a model says at places.

    ``status`` (N,) is one of :data:`OK`, :data:`OUTSIDE`, :data:`NODATA`, :data:`NO_ENVIRONMENT`, :data:`NOWHERE`;
    ``suitability`` (N, S) is NaN unless OK; ``nodes`` are the centres of the patches, ``offset_m`` (N,) their
    distances from the places. ``unit`` (N, E) are the unit vectors of the patches, NaN unless OK: what the model's area
    of applicability and likeness are judged by. ``scene`` (N,) is the number of the scene that says so, -1 for none.
    """

    status: NDArray[np.str_]
    suitability: Floats
    nodes: Points
    offset_m: NDArray[np.float64]
    unit: Floats
    scene: NDArray[np.intp]


@dataclasses.dataclass
class _Window:
    """A block of a map on its way: which pixels are wanted, values and clipped count once made, kept from before."""

    wanted: NDArray[np.bool_] | None
    made: tuple[Values, int] | None
    kept: bool


class AppliedModel:
    """A model, a scene, and the lattice on which the one looks at the other.

    Parameters
    ----------
    model, source, cells
        The model, the scene with the model's bands, and what makes vectors of it.
    device
        Where the encoder really runs.
    workers
        Blocks of a map that are computed at the same time.
    """

    def __init__(
        self, model: Model, source: RasterSource, cells: VectorSource, device: str, workers: int = 1
    ) -> None:
        self.model, self.source, self.cells, self.device, self.workers = model, source, cells, device, workers
        self.lattice: Lattice = cells.reader.lattice
        self.patch = model.patch

    def tags(self) -> dict[str, str]:
        """Return the provenance of a map; nothing in it depends on the clock or on where files lie."""
        tags = self.model.tags() | {
            "BOTACLIP_VERSION": botaclip.__version__, "BOTACLIP_RASTER": Path(self.source.name).name,
            "BOTACLIP_LATTICE": self.lattice.describe(),
        }
        if computed := self.cells.encoder.computed:
            tags["BOTACLIP_ENCODER_PRECISION"] += f", computed {computed}"
        layers = ", ".join(str(layer["name"]) for layer in self.model.environment)
        return tags | ({"BOTACLIP_ENVIRONMENT": layers} if layers else {})

    def blocks(self, area: Area) -> list[Block]:
        """Return the blocks that a map is made in: large, for neighbours compute what lies between them twice.

        Where patches have nothing in common they are small instead, so that a block is soon done.
        """
        most_rows, most_cols = self.cells.block_nodes(area.step * self.lattice.stride_px, self.patch)
        rows = MOST_ROWS
        while rows > _FEWEST_ROWS and area.height * area.width < _BLOCKS * rows * TILE:
            rows //= 2
        return list(map_blocks(area.height, area.width, min(rows, most_rows), most_cols))

    def block(
        self, area: Area, block: Block, wanted: NDArray[np.bool_], compute: Compute, blank: Values,
        ahead: Executor | None = None, progress: Progress = SILENT,
    ) -> tuple[Values, int] | None:
        """Return the values (count, h, w) of a block and how many were clipped; None where no patch is seen.

        Parameters
        ----------
        area, block
            The map and the part of it.
        wanted
            Which of the block's pixels (h, w) are asked for.
        compute
            What makes values of vectors.
        blank
            The value (count,) of each band where the patch is not seen.
        ahead
            Reads while the encoder works.
        progress
            Asked whether to stop.
        """
        rows, cols = np.flatnonzero(wanted.any(axis=1)), np.flatnonzero(wanted.any(axis=0))
        top, left = int(rows[0]), int(cols[0])
        row, col = area.node(block.row + top, block.col + left)
        height, width = int(rows[-1]) - top + 1, int(cols[-1]) - left + 1
        grid = Grid(row, col, height, width, area.step, self.patch)
        values: Values | None = None
        clipped = 0
        for first, vectors in self.cells.patch_rows(grid, ahead=ahead, check=progress.check):
            part = (slice(top + first, top + first + vectors.shape[1]), slice(left, left + width))
            known = wanted[part] & np.isfinite(vectors[0])
            if not known.any():
                continue
            if values is None:
                values = np.empty((len(blank), block.height, block.width), blank.dtype)
                values[:] = blank[:, None, None]
            made, beyond = compute(np.ascontiguousarray(vectors[:, known].T))
            values[(slice(None), *part)][:, known] = made.T
            clipped += beyond
        return None if values is None else (values, clipped)

    def fill(
        self, output: RasterOutput, area: Area, compute: Compute, blank: Values, progress: Progress,
        windows: Windows | None = None, sample: MapSample | None = None,
    ) -> tuple[int, int]:
        """Make a whole map, block by block; return the number of blocks with values and of clipped values.

        Parameters
        ----------
        output
            The opened file.
        area
            Its nodes.
        compute, blank
            See :meth:`block`.
        windows
            Where finished blocks are kept, and taken from.
        sample
            Told which pixels have a value.
        """
        blocks, clipped = self.blocks(area), 0

        def read(block: Block) -> _Window | None:
            kept = windows.take(block) if windows is not None else None
            if kept is not None:
                return _Window(None, kept, True)
            wanted = area.inside(block.row, block.col, block.height, block.width)
            return _Window(wanted, None, False) if wanted.any() else None

        def infer(block: Block, window: _Window) -> _Window | None:
            if window.wanted is not None:
                window.made = self.block(area, block, window.wanted, compute, blank, ahead, progress)
            return None if window.made is None else window

        def write(block: Block, window: _Window) -> None:
            nonlocal clipped
            if window.made is None:
                return
            values, beyond = window.made
            clipped += beyond
            if windows is not None and not window.kept:
                windows.keep(block, values, beyond)
            if sample is not None:
                sample.add(block, ~_same(values[0], blank[0]))
            output.write(block.row, block.col, values)

        with ThreadPoolExecutor(self.workers) as ahead, _one_blas_thread():
            written = stream(
                blocks, read, infer, write, total=len(blocks), progress=progress, workers=self.workers, depth=1,
                message=f"mapping in {crs_name(self.lattice.crs_wkt)}",
            )
        return written, clipped

    def at(self, points: Points, species: Iterable[int], progress: Progress = SILENT) -> PointValues:
        """Return the suitability of species at places, each by the patch around its nearest node."""
        chosen = list(species)
        rows, cols, offset_m = self.lattice.node_of(points, self.patch)
        status = np.full(len(points), NODATA, dtype="<U24")
        status[~inside(self.source, points)] = OUTSIDE
        status[~points.finite] = NOWHERE
        suitability = np.full((len(points), len(chosen)), np.nan, np.float32)
        unit = np.full((len(points), self.model.unit_width), np.nan, np.float32)
        asked = np.flatnonzero(status == NODATA)
        if asked.size:
            vectors, _ = self.cells.patches(rows[asked], cols[asked], self.patch, progress=progress)
            seen = np.isfinite(vectors).all(axis=1)
            status[asked[seen]] = OK
            adapted, unit[asked[seen]] = self.model.adapt(vectors[seen])
            suitability[asked[seen]] = self.model.suitability(adapted)[:, chosen]
            for index in asked[~seen]:
                if self.lacks_environment(int(rows[index]), int(cols[index])):
                    status[index] = NO_ENVIRONMENT
        return PointValues(
            status, suitability, self.lattice.node_xy(rows, cols, self.patch), offset_m, unit,
            np.zeros(len(points), np.intp),
        )  # fmt: skip

    def lacks_environment(self, row: int, col: int) -> bool:
        """Whether the image would do for the patch of a node that is not seen: its environment has no values."""
        environment, reader = self.cells.environment, self.cells.reader
        if environment is None:
            return False
        cells, stride = self.patch.cells, self.lattice.stride_px
        top, left = row - cells // 2, col - cells // 2
        if environment.read(top, left, cells, cells)[1].all():
            return False
        seen, strip = 0, max(1, _STRIP_PX // (cells * stride**2))
        for first in range(0, cells, strip):
            height = min(strip, cells - first)
            _, valid = reader.read((top + first) * stride, left * stride, height * stride, cells * stride)
            seen += int(valid.sum())
        return seen >= SEEN_PATCH * (cells * stride) ** 2

    def suitability(self, vectors: Floats) -> Floats:
        """Return the suitability (N, S) of all species from raw vectors (N, D)."""
        return self.model.suitability(self.model.adapt(vectors)[0])


def _same(values: Values, blank: Any) -> NDArray[np.bool_]:
    """Return where values are the blank, which may be NaN."""
    same: NDArray[np.bool_] = np.isnan(values) if blank != blank else values == blank
    return same


def _one_blas_thread() -> contextlib.AbstractContextManager[object]:
    """Keep NumPy's matrix products to the thread they are called in; only where threadpoolctl is installed.

    Several blocks are computed at a time, and pools of threads that wait for each other took a quarter of the time.
    """
    try:
        from threadpoolctl import threadpool_limits
    except ImportError:
        return contextlib.nullcontext()
    limits: contextlib.AbstractContextManager[object] = threadpool_limits(1, "blas")
    return limits
