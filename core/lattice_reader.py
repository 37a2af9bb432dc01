"""Reads any window of a raster in lattice pixels, whatever the raster's own grid is.

Where a tile's pixels are the lattice's, reading is a plain windowed read. Elsewhere windows are warped in fixed
pieces of the lattice, so that a pixel has one value, the same in every window that it is read with.
"""

from __future__ import annotations

import collections
import math
import threading
from types import TracebackType

import numpy as np
import rasterio
from affine import Affine
from numpy.typing import NDArray
from rasterio.crs import CRS
from rasterio.enums import Resampling
from rasterio.env import set_gdal_config
from rasterio.errors import RasterioError
from rasterio.warp import reproject
from rasterio.windows import Window

from botaclip.core.errors import RasterError
from botaclip.core.lattice import Lattice
from botaclip.core.places import same_crs, transformer
from botaclip.core.rasters import RasterSource, Tile, valid_pixels

Pixels = NDArray[np.float32]
Mask = NDArray[np.bool_]

_PIECE_PX = 256
_PIECES_KEPT = 48
_OPEN_FILES = 32
_GDAL_CACHE_BYTES = 24 * 2**20
_GRID_TOLERANCE_PX = 0.05
_PAD_PX = 4  # source pixels around a piece, for bilinear neighbours
_WARP_TOLERANCE_PX = 0.01
# GDAL guesses the scale from the sizes of the two windows, wrongly where one is rotated or cut off, and then blurs.
_PLAIN_BILINEAR = {"XSCALE": "1", "YSCALE": "1"}


class _OpenFiles(threading.local):
    """Datasets of one thread; GDAL handles must not be shared between threads."""

    def __init__(self) -> None:
        self.datasets: collections.OrderedDict[str, rasterio.DatasetReader] = collections.OrderedDict()

    def open(self, path: str) -> rasterio.DatasetReader:
        dataset = self.datasets.pop(path, None)
        if dataset is None:
            dataset = rasterio.open(path)
            while len(self.datasets) >= _OPEN_FILES:
                self.datasets.popitem(last=False)[1].close()
        self.datasets[path] = dataset
        return dataset


class _TileGrid:
    """Tiles whose pixels lie on one grid, read as if they were one image."""

    def __init__(self, transform: Affine, source: RasterSource, files: _OpenFiles) -> None:
        self.transform = transform
        self.tiles: list[Tile] = []
        self.boxes: list[tuple[int, int, int, int]] = []  # row, col, row after, col after
        self._source = source
        self._files = files

    def place(self, tile: Tile) -> bool:
        """Take a tile in when its pixels are this grid's; say whether they are."""
        inverse = ~self.transform
        col, row = inverse * (tile.transform.c, tile.transform.f)
        far_col, far_row = inverse * (tile.transform * (tile.width, tile.height))
        top, left = round(row), round(col)
        gaps = (col - left, row - top, far_col - left - tile.width, far_row - top - tile.height)
        if max(abs(gap) for gap in gaps) > _GRID_TOLERANCE_PX:
            return False
        self.tiles.append(tile)
        self.boxes.append((top, left, top + tile.height, left + tile.width))
        return True

    @property
    def box(self) -> tuple[int, int, int, int]:
        """Row, column, row after and column after all tiles."""
        boxes = np.array(self.boxes)
        return (*boxes[:, :2].min(axis=0).tolist(), *boxes[:, 2:].max(axis=0).tolist())

    def read(self, row: int, col: int, height: int, width: int) -> tuple[Pixels, Mask]:
        """Return pixels (bands, h, w), 0 where there are none, and which are valid (h, w)."""
        pixels = np.zeros((len(self._source.band_indexes), height, width), dtype=np.float32)
        valid = np.zeros((height, width), dtype=bool)
        for tile, (top, left, bottom, right) in zip(self.tiles, self.boxes, strict=True):
            first_row, last_row = max(row, top), min(row + height, bottom)
            first_col, last_col = max(col, left), min(col + width, right)
            if first_row >= last_row or first_col >= last_col:
                continue
            window = Window(first_col - left, first_row - top, last_col - first_col, last_row - first_row)
            part = (slice(first_row - row, last_row - row), slice(first_col - col, last_col - col))
            wanted = ~valid[part]
            if not wanted.any():
                continue
            values, present = self._read_tile(tile, window)
            present &= wanted
            np.copyto(pixels[(slice(None), *part)], values, where=present)
            valid[part] |= present
        return pixels, valid

    def _read_tile(self, tile: Tile, window: Window) -> tuple[np.ndarray, Mask]:
        try:
            dataset = self._files.open(tile.path)
            values = dataset.read(list(self._source.band_indexes), window=window)
            present = valid_pixels(values, tile.nodata)
            if tile.masked:
                present &= dataset.dataset_mask(window=window) > 0
        except RasterioError as error:
            raise RasterError(
                f"it cannot be read ({str(error).splitlines()[0][:120]})", where=tile.path,
                remedy="the file may be damaged or on a drive that is gone",
            ) from error  # fmt: skip
        return values, present


class LatticeReader:
    """Pixels of a raster on a lattice; safe to call from several threads.

    Parameters
    ----------
    source
        The raster.
    lattice
        The grid to read it on. Finer than the raster: bilinear; coarser: the average of what a pixel covers.
    """

    def __init__(self, source: RasterSource, lattice: Lattice) -> None:
        # GDAL would keep a twentieth of the machine's memory in blocks that a stream never comes back to.
        set_gdal_config("GDAL_CACHEMAX", _GDAL_CACHE_BYTES)
        self.source = source
        self.lattice = lattice
        self._files = _OpenFiles()
        self._lock = threading.Lock()
        self._pieces: collections.OrderedDict[tuple[int, int, int], tuple[Pixels, Mask]] = collections.OrderedDict()
        self._aligned = _TileGrid(lattice.pixel_transform(), source, self._files)
        self._warped: list[_TileGrid] = []
        own = same_crs(source.crs_wkt, lattice.crs_wkt)
        for tile in source.tiles:
            if own and self._aligned.place(tile):
                continue
            if any(grid.place(tile) for grid in self._warped):
                continue
            grid = _TileGrid(tile.transform, source, self._files)
            grid.place(tile)
            self._warped.append(grid)
        self._warped_boxes = [self._box_px(grid) for grid in self._warped]

    @property
    def plain(self) -> bool:
        """Whether every tile is read without resampling."""
        return not self._warped

    def __enter__(self) -> LatticeReader:
        """Return itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close what this thread opened; other threads' files close with the threads."""
        self.close()

    def close(self) -> None:
        """Close this thread's files and forget warped pieces."""
        for dataset in self._files.datasets.values():
            dataset.close()
        self._files.datasets.clear()
        with self._lock:
            self._pieces.clear()

    def bounds_px(self) -> tuple[int, int, int, int]:
        """Return row, column, row after and column after the raster, in lattice pixels."""
        boxes = [self._aligned.box] if self._aligned.tiles else []
        table = np.array(boxes + self._warped_boxes)
        return (*table[:, :2].min(axis=0).tolist(), *table[:, 2:].max(axis=0).tolist())

    def read(self, row_px: int, col_px: int, height: int, width: int) -> tuple[Pixels, Mask]:
        """Read a window counted from the lattice's origin; it may lie partly or wholly outside the raster.

        Returns
        -------
        pixels, valid
            float32 (bands, h, w), 0 where not valid; bool (h, w).

        Raises
        ------
        RasterError
            A file cannot be read.
        """
        row_px, col_px = int(row_px), int(col_px)
        pixels, valid = self._aligned.read(row_px, col_px, height, width)
        for index, (top, left, bottom, right) in enumerate(self._warped_boxes):
            rows = range(max(row_px, top) // _PIECE_PX, (min(row_px + height, bottom) - 1) // _PIECE_PX + 1)
            cols = range(max(col_px, left) // _PIECE_PX, (min(col_px + width, right) - 1) // _PIECE_PX + 1)
            for piece_row in rows:
                for piece_col in cols:
                    values, present = self._piece(index, piece_row, piece_col)
                    here, there = _overlap(piece_row * _PIECE_PX, row_px, height)
                    across, over = _overlap(piece_col * _PIECE_PX, col_px, width)
                    wanted = present[here, across] & ~valid[there, over]
                    np.copyto(pixels[:, there, over], values[:, here, across], where=wanted)
                    valid[there, over] |= wanted
        return pixels, valid

    def _piece(self, index: int, piece_row: int, piece_col: int) -> tuple[Pixels, Mask]:
        key = (index, piece_row, piece_col)
        with self._lock:
            if key in self._pieces:
                self._pieces.move_to_end(key)
                return self._pieces[key]
        piece = self._warp(self._warped[index], piece_row * _PIECE_PX, piece_col * _PIECE_PX)
        with self._lock:
            self._pieces[key] = piece
            while len(self._pieces) > _PIECES_KEPT:
                self._pieces.popitem(last=False)
        return piece

    def _warp(self, grid: _TileGrid, row_px: int, col_px: int) -> tuple[Pixels, Mask]:
        """Resample one piece of the lattice from the tiles, invalid pixels left out of every mean."""
        bands = len(self.source.band_indexes)
        pixels = np.full((bands, _PIECE_PX, _PIECE_PX), np.nan, dtype=np.float32)
        target = self.lattice.pixel_transform(row_px, col_px)
        box = self._source_box(grid, target)
        if box is not None:
            row, col, height, width = box
            values, present = grid.read(row, col, height, width)
            if present.any():
                values[:, ~present] = np.nan
                coarser = self.lattice.pixel_m > 1.01 * self.source.pixel_size_m
                reproject(
                    values, pixels, src_transform=grid.transform * Affine.translation(col, row),
                    src_crs=CRS.from_wkt(self.source.crs_wkt), src_nodata=np.nan,
                    dst_transform=target, dst_crs=CRS.from_wkt(self.lattice.crs_wkt), dst_nodata=np.nan,
                    resampling=Resampling.average if coarser else Resampling.bilinear,
                    tolerance=_WARP_TOLERANCE_PX, num_threads=1, **({} if coarser else _PLAIN_BILINEAR),
                )  # fmt: skip
        valid: Mask = np.logical_and.reduce(np.isfinite(pixels), axis=0)
        pixels[:, ~valid] = 0.0
        return pixels, valid

    def _source_box(self, grid: _TileGrid, target: Affine) -> tuple[int, int, int, int] | None:
        """Window of the tiles' grid that a piece needs, or None where the two do not meet."""
        steps = np.linspace(0, _PIECE_PX, 9)
        cols, rows = (axis.ravel() for axis in np.meshgrid(steps, steps))
        x, y = target.a * cols + target.c, target.e * rows + target.f
        x, y = transformer(self.lattice.crs_wkt, self.source.crs_wkt).transform(x, y)
        inverse = ~grid.transform
        col = inverse.a * x + inverse.b * y + inverse.c
        row = inverse.d * x + inverse.e * y + inverse.f
        finite = np.isfinite(col) & np.isfinite(row)
        if not finite.any():
            return None
        top, left, bottom, right = grid.box
        first_row = max(top, math.floor(row[finite].min()) - _PAD_PX)
        first_col = max(left, math.floor(col[finite].min()) - _PAD_PX)
        height = min(bottom, math.ceil(row[finite].max()) + _PAD_PX) - first_row
        width = min(right, math.ceil(col[finite].max()) + _PAD_PX) - first_col
        return (first_row, first_col, height, width) if height > 0 and width > 0 else None

    def _box_px(self, grid: _TileGrid) -> tuple[int, int, int, int]:
        """Lattice pixels that a grid of tiles covers."""
        top, left, bottom, right = grid.box
        edge = np.linspace(0, 1, 33)
        cols = left + (right - left) * np.concatenate([edge, edge, np.zeros(33), np.ones(33)])
        rows = top + (bottom - top) * np.concatenate([np.zeros(33), np.ones(33), edge, edge])
        t = grid.transform
        x, y = t.a * cols + t.b * rows + t.c, t.d * cols + t.e * rows + t.f
        x, y = transformer(self.source.crs_wkt, self.lattice.crs_wkt).transform(x, y)
        finite = np.isfinite(x) & np.isfinite(y)
        if not finite.any():
            raise RasterError("it has no place in the model's CRS", where=self.source.name, remedy="check its CRS")
        col, row = (x[finite] - self.lattice.origin_x), (self.lattice.origin_y - y[finite])
        pixel = self.lattice.pixel
        return (
            math.floor(row.min() / pixel), math.floor(col.min() / pixel),
            math.ceil(row.max() / pixel), math.ceil(col.max() / pixel),
        )  # fmt: skip


def _overlap(piece: int, start: int, length: int) -> tuple[slice, slice]:
    """Where a piece and a window meet: the slice of the piece, the slice of the window."""
    first, last = max(piece, start), min(piece + _PIECE_PX, start + length)
    return slice(first - piece, last - piece), slice(first - start, last - start)
