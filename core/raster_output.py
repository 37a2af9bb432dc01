"""Writes a map on the nodes of a lattice, tile by tile, under its name only when complete, its style beside it."""

from __future__ import annotations

import contextlib
import dataclasses
import itertools
import math
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
import rasterio
import rasterio.shutil
from affine import Affine
from numpy.typing import NDArray
from rasterio._err import CPLE_BaseError
from rasterio.enums import ColorInterp
from rasterio.env import set_gdal_config
from rasterio.errors import RasterioError
from rasterio.windows import Window

from botaclip.core.errors import OutputError
from botaclip.core.lattice import Lattice, PatchSpec
from botaclip.core.layer_metadata import SUFFIX as QMD
from botaclip.core.layer_metadata import qmd
from botaclip.core.unfinished import unfinished

TILE = 256
_GDAL_CACHE_BYTES = 24 * 2**20
# A tile of all bands has to fit in twice, or GDAL decodes it for every band again; threads would each hold such tiles.
_COG_CACHE_BYTES = 96 * 2**20
_TORN = "not all of it has reached the disk"


@dataclasses.dataclass(frozen=True)
class Block:
    """A window of map pixels."""

    row: int
    col: int
    height: int
    width: int


def map_blocks(height: int, width: int, most: int, most_cols: int | None = None) -> Iterator[Block]:
    """Cut a map into blocks of at most ``most`` pixels a side (or rows, and ``most_cols`` columns).

    They come file tile by file tile, each within one tile.
    """
    down, across = (math.ceil(TILE / math.ceil(TILE / max(1, min(side, TILE)))) for side in (most, most_cols or most))
    for tile_row in range(0, height, TILE):
        for tile_col in range(0, width, TILE):
            for top in range(tile_row, min(tile_row + TILE, height), down):
                for left in range(tile_col, min(tile_col + TILE, width), across):
                    bottom = min(top + down, tile_row + TILE, height)
                    right = min(left + across, tile_col + TILE, width)
                    yield Block(row=top, col=left, height=bottom - top, width=right - left)


def make_cog(path: Path, *, compression: str) -> None:
    """Turn a GeoTIFF into a Cloud Optimized one: tiled, with overviews, its headers in front; written aside.

    GDAL goes through it block by block, so memory does not depend on its size.

    Raises
    ------
    RasterioError, OSError
        It cannot be written.
    """
    # Beside the unfinished file and beginning with its name: removed with it when this is interrupted.
    aside = path.with_name(f"{path.name}.cog")
    set_gdal_config("GDAL_CACHEMAX", _COG_CACHE_BYTES)
    try:
        rasterio.shutil.copy(
            os.fspath(path), os.fspath(aside), driver="COG", BLOCKSIZE=TILE, COMPRESS=compression, PREDICTOR="YES",
            OVERVIEW_RESAMPLING="AVERAGE", BIGTIFF="IF_SAFER", NUM_THREADS=1,
        )  # fmt: skip
    finally:
        set_gdal_config("GDAL_CACHEMAX", _GDAL_CACHE_BYTES)
    with rasterio.open(path) as plain, rasterio.open(aside) as cog:
        for row, col in itertools.product(range(math.ceil(cog.height / TILE)), range(math.ceil(cog.width / TILE))):
            written = any(_offset(plain, band, row, col) for band in plain.indexes)
            if written and not _is_there(cog, aside, 1, row, col):
                raise OSError(_TORN)
    os.replace(aside, path)


def _offset(dataset: rasterio.DatasetReader, band: int, row: int, col: int) -> int:
    """Return where a tile of a GeoTIFF begins, 0 where it is left out as all nodata."""
    return int(dataset.get_tag_item(f"BLOCK_OFFSET_{col}_{row}", "TIFF", bidx=band) or 0)


def _is_there(dataset: rasterio.DatasetReader, path: Path, band: int, row: int, col: int) -> bool:
    """Tell whether a tile of a GeoTIFF lies in the file up to its last byte."""
    offset = _offset(dataset, band, row, col)
    size = int(dataset.get_tag_item(f"BLOCK_SIZE_{col}_{row}", "TIFF", bidx=band) or 0)
    return offset > 0 and size > 0 and offset + size <= path.stat().st_size


class RasterOutput:
    """A GeoTIFF that grows block by block; a context manager.

    Tiled 256 x 256, ZSTD (DEFLATE where this GDAL lacks it) with the predictor that suits the type, BigTIFF where
    needed. One tile at a time is held in memory and written whole, so memory does not depend on the size of the map
    and the same values make the same bytes. Tiles in which nothing is written stay nodata and take no room.

    Parameters
    ----------
    path
        Where the map appears once complete.
    lattice, patch
        Pixel centres are nodes of this lattice for patches of this many cells.
    row, col
        The node of the upper left pixel.
    height, width, step
        Size in pixels, and cells per pixel.
    count, dtype, nodata
        Bands, their type, the value for "no answer here".
    descriptions
        One name a band.
    tags, band_tags
        Text metadata of the file and of each band (key -> value); nothing in them may depend on the clock.
    scale, offset
        Stored with the bands: value = scale * stored + offset.
    style
        Content of the ``.qml`` file; empty writes none.
    history
        How the map was made, a line each, for its metadata page (``.qmd``); None writes none.
    overwrite
        Whether an existing file may be replaced.
    cog
        Whether to finish as a Cloud Optimized GeoTIFF with overviews: the same values in another order of bytes.

    Raises
    ------
    OutputError
        The file exists, or cannot be written.
    """

    def __init__(
        self,
        path: str | Path,
        *,
        lattice: Lattice,
        patch: PatchSpec,
        row: int,
        col: int,
        height: int,
        width: int,
        step: int,
        count: int,
        dtype: str = "float32",
        nodata: float | None = math.nan,
        descriptions: Sequence[str] = (),
        tags: Mapping[str, str] | None = None,
        band_tags: Sequence[Mapping[str, str]] = (),
        scale: float | Sequence[float] | None = None,
        offset: float | Sequence[float] | None = None,
        style: str = "",
        history: Sequence[str] | None = None,
        overwrite: bool = False,
        cog: bool = False,
    ) -> None:
        self.path = Path(path)
        self.height, self.width, self.count = height, width, count
        self.transform: Affine = lattice.node_transform(row, col, step, patch)
        self._dtype, self._nodata = np.dtype(dtype), nodata
        self._profile: dict[str, Any] = {
            "driver": "GTiff", "height": height, "width": width, "count": count, "dtype": dtype, "nodata": nodata,
            "crs": rasterio.crs.CRS.from_wkt(lattice.crs_wkt), "transform": self.transform, "tiled": True,
            "blockxsize": TILE, "blockysize": TILE, "interleave": "band", "BIGTIFF": "IF_SAFER",
            "NUM_THREADS": "ALL_CPUS", "SPARSE_OK": "TRUE",
            "predictor": 3 if self._dtype.kind == "f" else 2,
        }  # fmt: skip
        self._descriptions, self._band_tags = tuple(descriptions), tuple(band_tags)
        self._tags, self._style, self._overwrite, self._cog = dict(tags or {}), style, overwrite, cog
        self._compression = ""
        self._scale, self._offset = scale, offset
        self._stack = contextlib.ExitStack()
        self._tile: NDArray[Any] | None = None
        self._tile_at = (-1, -1)
        self._finished: dict[tuple[int, int], NDArray[np.bool_]] = {}  # tile -> which bands have values in it
        self._history = history
        self._beside: dict[str, Path] = {}  # unfinished sidecars by suffix

    def __enter__(self) -> RasterOutput:
        """Begin the file aside."""
        with contextlib.ExitStack() as stack:
            for suffix, wanted in ((".qml", bool(self._style)), (QMD, self._history is not None)):
                if wanted:
                    # One left without its raster is nobody's; one beside a raster is guarded by the raster.
                    beside = unfinished(self.path.with_suffix(suffix), overwrite=True)
                    self._beside[suffix] = stack.enter_context(beside)
            self._part = stack.enter_context(unfinished(self.path, overwrite=self._overwrite))
            self._dataset = self._create(self._part)
            stack.callback(self._dataset.close)
            self._describe()
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Complete the file and give it its name, or remove it when something went wrong."""
        if error is None:
            try:
                self._flush()
                self._dataset.close()
                self._check_whole()
                if self._cog:
                    make_cog(self._part, compression=self._compression)
                if ".qml" in self._beside:
                    self._beside[".qml"].write_text(self._style, encoding="utf-8")
                if QMD in self._beside:
                    with rasterio.open(self._part) as made:
                        self._beside[QMD].write_text(qmd(made, self._history or ()), encoding="utf-8")
                # Statistics that QGIS kept of a replaced map would stretch the new one wrongly.
                self.path.with_name(self.path.name + ".aux.xml").unlink(missing_ok=True)
            except (RasterioError, CPLE_BaseError, OSError, OutputError) as failure:
                worded = failure if isinstance(failure, OutputError) else self._worded(failure)
                self._stack.__exit__(type(worded), worded, None)
                raise worded from failure
        self._stack.__exit__(kind, error, trace)

    def blocks(self, most: int, most_cols: int | None = None) -> list[Block]:
        """Return the blocks, see :func:`map_blocks`, in the order in which to write them."""
        return list(map_blocks(self.height, self.width, most, most_cols))

    def write(self, row: int, col: int, values: NDArray[Any]) -> None:
        """Write ``values`` (count, h, w) at a map pixel; tile by tile, in the order of :meth:`blocks`.

        Raises
        ------
        OutputError
            The disk is full or gone.
        ValueError
            A tile is returned to after another one was begun, or the values lie outside the map.
        """
        _, height, width = values.shape
        if row < 0 or col < 0 or row + height > self.height or col + width > self.width:
            raise ValueError(f"a block at {row}, {col} of {height} x {width} lies outside the map")
        for tile_row in range(row // TILE, (row + height - 1) // TILE + 1):
            for tile_col in range(col // TILE, (col + width - 1) // TILE + 1):
                tile = self._turn_to(tile_row, tile_col)
                top, left = tile_row * TILE, tile_col * TILE
                first_row, last_row = max(row, top), min(row + height, top + TILE)
                first_col, last_col = max(col, left), min(col + width, left + TILE)
                tile[:, first_row - top : last_row - top, first_col - left : last_col - left] = values[
                    :, first_row - row : last_row - row, first_col - col : last_col - col
                ]

    def _create(self, part: Path) -> rasterio.io.DatasetWriter:
        for compression in ({"compress": "ZSTD", "ZSTD_LEVEL": 1}, {"compress": "DEFLATE", "ZLEVEL": 4}):
            try:
                dataset = rasterio.open(os.fspath(part), "w", **self._profile, **compression)
                self._compression = str(compression["compress"])
                return dataset
            except RasterioError as error:
                failure = error
        raise self._worded(failure) from failure

    def _describe(self) -> None:
        for band, text in enumerate(self._descriptions, start=1):
            self._dataset.set_band_description(band, text)
        self._dataset.update_tags(**{"AREA_OR_POINT": "Area", **self._tags})
        for band, tags in enumerate(self._band_tags, start=1):
            self._dataset.update_tags(band, **tags)
        if self._scale is not None:
            self._dataset.scales = np.broadcast_to(np.asarray(self._scale, dtype=float), self.count).tolist()
        if self._offset is not None:
            self._dataset.offsets = np.broadcast_to(np.asarray(self._offset, dtype=float), self.count).tolist()
        # Three or four uint8 bands would otherwise be taken for a colour photograph, the fourth for alpha.
        self._dataset.colorinterp = [ColorInterp.gray] + [ColorInterp.undefined] * (self.count - 1)

    def _check_whole(self) -> None:
        """Look whether all that was written is there: GDAL does not say so when the disk was full at the very end."""
        with rasterio.open(self._part) as dataset:
            for (row, col), bands in self._finished.items():
                for band in np.flatnonzero(bands).tolist():
                    if not _is_there(dataset, self._part, band + 1, row, col):
                        raise OSError(_TORN)

    def _turn_to(self, tile_row: int, tile_col: int) -> NDArray[Any]:
        if self._tile is None or self._tile_at != (tile_row, tile_col):
            self._flush()
            if (tile_row, tile_col) in self._finished:
                raise ValueError(f"tile {tile_row}, {tile_col} has been written already")
            height = min(TILE, self.height - tile_row * TILE)
            width = min(TILE, self.width - tile_col * TILE)
            fill = 0 if self._nodata is None else self._nodata
            self._tile = np.full((self.count, height, width), fill, dtype=self._dtype)
            self._tile_at = (tile_row, tile_col)
        return self._tile

    def _flush(self) -> None:
        if self._tile is None:
            return
        row, col = self._tile_at
        _, height, width = self._tile.shape
        try:
            self._dataset.write(self._tile, window=Window(col * TILE, row * TILE, width, height))
        except RasterioError as error:
            raise self._worded(error) from error
        fill = np.isnan(self._tile) if self._dtype.kind == "f" else self._tile == self._nodata
        self._finished[self._tile_at] = ~fill.all(axis=(1, 2))
        self._tile = None

    def _worded(self, error: Exception) -> OutputError:
        return OutputError(
            f"it cannot be written ({str(error).splitlines()[0][:120]})", where=str(self.path),
            remedy="free disk space or choose another folder",
        )  # fmt: skip
