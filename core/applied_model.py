"""A model applied to a raster: the one road from pixels to values for maps, points and clicks."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import botaclip
from botaclip.core.area import Area
from botaclip.core.cells import CellSource, PixelWindow
from botaclip.core.device import encoder_on
from botaclip.core.lattice import Lattice
from botaclip.core.lattice_reader import LatticeReader
from botaclip.core.model import Model
from botaclip.core.pairing import inside
from botaclip.core.places import Points, crs_name
from botaclip.core.progress import SILENT, Progress
from botaclip.core.raster_output import Block, RasterOutput
from botaclip.core.rasters import RasterSource
from botaclip.core.stream import stream

Floats = NDArray[np.float32]

OK, OUTSIDE, NODATA, NOWHERE = "ok", "outside the raster", "nodata", "no coordinates"
# Beyond this ratio of pixel sizes a model looks at another texture than it has learnt.
_OTHER_PIXEL = 1.5


@dataclasses.dataclass(frozen=True)
class PointValues:
    """What a model says at places.

    ``status`` (N,) is one of :data:`OK`, :data:`OUTSIDE`, :data:`NODATA`, :data:`NOWHERE`; ``suitability`` (N, S) is
    NaN unless OK; ``nodes`` are the centres of the patches, ``offset_m`` (N,) their distances from the places.
    """

    status: NDArray[np.str_]
    suitability: Floats
    nodes: Points
    offset_m: NDArray[np.float64]


class AppliedModel:
    """A model, a raster, and the lattice on which the one looks at the other.

    Parameters
    ----------
    model, source, cells
        The model, the raster with the model's bands, and what makes vectors of it.
    device
        Where the encoder really runs.
    """

    def __init__(self, model: Model, source: RasterSource, cells: CellSource, device: str) -> None:
        self.model, self.source, self.cells, self.device = model, source, cells, device
        self.lattice: Lattice = cells.reader.lattice
        self.patch = model.patch

    @classmethod
    def open(
        cls, model: str | Path | Model, raster: str | Path, *, bands: str | None = None, device: str = "auto",
        progress: Progress = SILENT,
    ) -> AppliedModel:
        """Open model and raster, choose and try the device, and say what was found.

        Raises
        ------
        ModelFileError
            The model cannot be used, or was made for other bands.
        RasterError
            The raster cannot be opened.
        DeviceError
            The device cannot be had.
        """
        model = model if isinstance(model, Model) else Model.open(model)
        source = model.open_raster(raster, bands=bands)
        lattice = model.lattice.for_source(source)
        progress.info(source.describe())
        if lattice != model.lattice:
            progress.info(f"The raster lies far from the model's and has a lattice of its own: {lattice.describe()}.")
        trained_px_m = lattice.pixel_m * lattice.factor
        ratio = source.pixel_size_m / trained_px_m
        if max(ratio, 1 / ratio) > _OTHER_PIXEL:
            progress.warning(
                f"The model was trained on pixels of {trained_px_m:.3g} m, this raster has "
                f"{source.pixel_size_m:.3g} m; it is resampled, and values may be off."
            )
        low, high = (float(value) for value in model.metadata["value_range"])
        here = source.value_range()[1]
        if not 0.5 <= (here - low) / (high - low) <= 2.0:
            progress.warning(
                f"The model was trained on pixel values from {low:g} to {high:g}, this raster's go up to about "
                f"{here:g}: what is mapped from it is not to be trusted. Rescale the raster, or train on it."
            )
        encoder, name = encoder_on(device, model.encoder, progress)
        return cls(model, source, CellSource(LatticeReader(source, lattice), encoder), name)

    def __enter__(self) -> AppliedModel:
        """Return itself."""
        return self

    def __exit__(self, *failure: object) -> None:
        """Close the raster's files."""
        self.close()

    def close(self) -> None:
        """Close the raster's files."""
        self.cells.reader.close()

    def area(self, *, stride_m: float | None, extent: str | None, mask: str | Path | None) -> Area:
        """Return the nodes of a map; see :meth:`Area.of`."""
        return Area.of(
            self.source, self.lattice, self.patch, step=self.lattice.step_of(stride_m, self.patch), extent=extent,
            mask=mask,
        )

    def tags(self) -> dict[str, str]:
        """Return the provenance of a map; nothing in it depends on the clock or on where files lie."""
        return self.model.tags() | {
            "BOTACLIP_VERSION": botaclip.__version__, "BOTACLIP_RASTER": Path(self.source.name).name,
            "BOTACLIP_LATTICE": self.lattice.describe(),
        }

    def blocks(self, area: Area) -> int:
        """Return the side, in map pixels, of the blocks that a map is made in."""
        return self.cells.block_nodes(area.step, self.patch)

    def read(self, area: Area, block: Block) -> tuple[PixelWindow, NDArray[np.bool_]] | None:
        """Return the pixels under a block of a map and which map pixels are wanted; None where there is nothing."""
        wanted = area.inside(block.row, block.col, block.height, block.width)
        if not wanted.any():
            return None
        row, col = area.node(block.row, block.col)
        window = self.cells.read_grid(row, col, block.height, block.width, area.step, self.patch)
        return (window, wanted) if window.valid.any() else None

    def values(
        self, area: Area, read: tuple[PixelWindow, NDArray[np.bool_]], compute: Callable[[Floats], NDArray[Any]],
        blank: NDArray[Any],
    ) -> NDArray[Any]:
        """Return the values (count, h, w) of a block: ``compute`` of the vectors seen, ``blank`` (count,) elsewhere."""
        window, wanted = read
        vectors, _ = self.cells.encode_grid(window, area.step, self.patch)
        known = wanted & np.isfinite(vectors[0])
        values = np.empty((len(blank), *known.shape), blank.dtype)
        values[:] = blank[:, None, None]
        if known.any():
            values[:, known] = compute(np.ascontiguousarray(vectors[:, known].T)).T
        return values

    def fill(
        self, output: RasterOutput, area: Area, compute: Callable[[Floats], NDArray[Any]], blank: NDArray[Any],
        progress: Progress,
    ) -> int:
        """Make a whole map, block by block; return the number of blocks with image data.

        Parameters
        ----------
        output
            The opened file.
        area
            Its nodes.
        compute
            From raw vectors (N, D) to values (N, count).
        blank
            The value (count,) of each band where the patch is not seen.
        """
        blocks = output.blocks(self.blocks(area))
        return stream(
            blocks, lambda block: self.read(area, block), lambda _, read: self.values(area, read, compute, blank),
            lambda block, values: output.write(block.row, block.col, values), total=len(blocks), progress=progress,
            message=f"mapping in {crs_name(self.lattice.crs_wkt)}",
        )

    def at(self, points: Points, species: Iterable[int], progress: Progress = SILENT) -> PointValues:
        """Return the suitability of species at places, each by the patch around its nearest node."""
        chosen = list(species)
        rows, cols, offset_m = self.lattice.node_of(points, self.patch)
        status = np.full(len(points), NODATA, dtype="<U24")
        status[~inside(self.source, points)] = OUTSIDE
        status[~points.finite] = NOWHERE
        suitability = np.full((len(points), len(chosen)), np.nan, np.float32)
        asked = np.flatnonzero(status == NODATA)
        if asked.size:
            vectors, _ = self.cells.patches(rows[asked], cols[asked], self.patch, progress=progress)
            seen = np.isfinite(vectors).all(axis=1)
            status[asked[seen]] = OK
            suitability[asked[seen]] = self.suitability(vectors[seen])[:, chosen]
        return PointValues(status, suitability, self.lattice.node_xy(rows, cols, self.patch), offset_m)

    def suitability(self, vectors: Floats) -> Floats:
        """Return the suitability (N, S) of all species from raw vectors (N, D)."""
        return self.model.suitability(self.model.adapt(vectors)[0])
