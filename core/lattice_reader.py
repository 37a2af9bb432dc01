"""Reads any window of a raster in lattice pixels, whatever the raster's own grid is.

Where a tile's pixels are the lattice's, reading is a plain windowed read. Elsewhere windows are warped in fixed
pieces of the lattice, so that a pixel has one value, the same in every window that it is read with.
"""

from __future__ import annotations

import collections
import functools
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
from botaclip.core.lattice import GRID_TOLERANCE_PX, Lattice, grid_box, north_up
from botaclip.core.places import same_crs, transformer
from botaclip.core.raster_pixels import Tile, read_tile
from botaclip.core.raster_profiles import cannot_read
from botaclip.core.rasters import RasterSource

Pixels = NDArray[np.float32]
Mask = NDArray[np.bool_]

_PIECE_PX = 256
_MEMORY_PX = 48 * _PIECE_PX**2
_MOST_SOURCE_PX = 2048  # side of what is read to warp one piece
_OPEN_FILES = 32
_GDAL_CACHE_BYTES = 24 * 2**20
_PAD_PX = 4  # source pixels around a piece, for bilinear neighbours
_WARP_TOLERANCE_PX = 0.01
_FAR_PX = 2.0**40
# GDAL guesses the scale from the sizes of the two windows, wrongly where one is rotated or cut off, and then blurs.
_PLAIN_BILINEAR = {"XSCALE": "1", "YSCALE": "1"}


class OpenFiles(threading.local):
    """Datasets of one thread; GDAL handles must not be shared between threads."""

    def __init__(self) -> None:
        self.datasets: collections.OrderedDict[str, rasterio.DatasetReader] = collections.OrderedDict()

    def open(self, path: str) -> rasterio.DatasetReader:
        """Return this thread's dataset of a file; the ones used longest ago are closed."""
        dataset = self.datasets.pop(path, None)
        if dataset is None:
            dataset = rasterio.open(path)
            while len(self.datasets) >= _OPEN_FILES:
                self.datasets.popitem(last=False)[1].close()
        self.datasets[path] = dataset
        return dataset


class _TileGrid:
    """Tiles whose pixels lie on one grid, read as if they were one image."""

    def __init__(self, transform: Affine, source: RasterSource, files: OpenFiles) -> None:
        self.transform = transform
        self.tiles: list[Tile] = []
        self._boxes: list[tuple[int, int, int, int]] = []  # row, col, row after, col after
        self._source = source
        self._files = files

    def place(self, tile: Tile) -> bool:
        """Take a tile in when its pixels are this grid's; say whether they are."""
        box = grid_box(self.transform, tile)
        if box is None:
            return False
        self.tiles.append(tile)
        self._boxes.append(box)
        self.__dict__.pop("boxes", None)
        return True

    @functools.cached_property
    def boxes(self) -> NDArray[np.int64]:
        """Row, column, row after and column after each tile, (N, 4)."""
        return np.array(self._boxes, dtype=np.int64).reshape(-1, 4)

    @property
    def box(self) -> tuple[int, int, int, int]:
        """Row, column, row after and column after all tiles."""
        return (*self.boxes[:, :2].min(axis=0).tolist(), *self.boxes[:, 2:].max(axis=0).tolist())

    def read(self, row: int, col: int, height: int, width: int) -> tuple[Pixels, Mask]:
        """Return pixels (bands, h, w), 0 where there are none, and which are valid (h, w)."""
        pixels = np.zeros((len(self._source.band_indexes), height, width), dtype=np.float32)
        valid = np.zeros((height, width), dtype=bool)
        top, left, bottom, right = self.boxes.T
        met = (top < row + height) & (bottom > row) & (left < col + width) & (right > col)
        for i in np.flatnonzero(met):
            first_row, last_row = max(row, int(top[i])), min(row + height, int(bottom[i]))
            first_col, last_col = max(col, int(left[i])), min(col + width, int(right[i]))
            part = (slice(first_row - row, last_row - row), slice(first_col - col, last_col - col))
            wanted = ~valid[part]
            if not wanted.any():
                continue
            start = first_col - int(left[i]), first_row - int(top[i])
            window = Window(*start, last_col - first_col, last_row - first_row)
            values, present = self._read_tile(self.tiles[i], window)
            present = present & wanted
            if present.all():
                pixels[(slice(None), *part)] = values
            else:
                np.copyto(pixels[(slice(None), *part)], values, where=present)
            valid[part] |= present
        return pixels, valid

    def _read_tile(self, tile: Tile, window: Window) -> tuple[np.ndarray, Mask]:
        """Read a window counted from the tile's northern row."""
        flipped = tile.transform.e > 0 and north_up(tile) is not tile.transform
        if flipped:
            window = Window(
                window.col_off, tile.height - window.row_off - window.height, window.width, window.height
            )
        try:
            dataset = self._files.open(tile.path)
        except RasterioError as error:
            raise cannot_read(tile.path, error) from error
        values, present = read_tile(tile, dataset, self._source.band_indexes, window=window)
        return (values[:, ::-1], present[::-1]) if flipped else (values, present)


class LatticeReader:
    """Pixels of a raster on a lattice; safe to call from several threads.

    Parameters
    ----------
    source
        The raster.
    lattice
        The grid to read it on. Finer than the raster: bilinear; coarser: the average of what a pixel covers.
    files
        Open files to share with other readers of the same files.
    memory_px
        How many warped lattice pixels are kept for neighbouring windows.

    Raises
    ------
    RasterError
        The raster has no place in the lattice's CRS.
    """

    def __init__(
        self, source: RasterSource, lattice: Lattice, *, files: OpenFiles | None = None, memory_px: int = _MEMORY_PX
    ) -> None:
        # GDAL would keep a twentieth of the machine's memory in blocks that a stream never comes back to.
        set_gdal_config("GDAL_CACHEMAX", _GDAL_CACHE_BYTES)
        self.source = source
        self.lattice = lattice
        self._files = files or OpenFiles()
        # A piece of coarse pixels covers much of a fine raster: smaller pieces, so that memory stays bounded.
        ratio = lattice.pixel_m / source.pixel_size_m
        self._piece_px = _PIECE_PX
        while self._piece_px > 1 and self._piece_px * ratio > _MOST_SOURCE_PX:
            self._piece_px //= 2
        self._pieces_kept = max(4, memory_px // self._piece_px**2)
        self._lock = threading.Lock()
        self._pieces: collections.OrderedDict[tuple[int, int, int], tuple[Pixels, Mask]] = collections.OrderedDict()
        self._aligned = _TileGrid(lattice.pixel_transform(), source, self._files)
        self._warped: list[_TileGrid] = []
        own = same_crs(source.crs_wkt, lattice.crs_wkt)
        odd = [tile for tile in source.tiles if not (own and self._aligned.place(tile))]
        for tile in odd:
            if any(self._warped[i].place(tile) for i in self._candidates(tile)):
                continue
            grid = _TileGrid(north_up(tile), source, self._files)
            grid.place(tile)
            self._warped.append(grid)
        placed = [self._box_px(grid) for grid in self._warped]
        self._warped_boxes = np.array([box for box, _ in placed], dtype=np.int64).reshape(-1, 4)
        # Where the lattice's CRS does not reach (a map of the world), the box is no help in finding what to read.
        self._everywhere = np.array([not exact for _, exact in placed], dtype=bool)

    def _candidates(self, tile: Tile) -> NDArray[np.int64]:
        """Return the warped grids on which a tile's first corner lies, from the many that odd tiles may make."""
        t = np.array([grid.transform[:6] for grid in self._warped]).reshape(-1, 6).T
        corner = north_up(tile)
        x, y = corner.c - t[2], corner.f - t[5]
        determinant = t[0] * t[4] - t[1] * t[3]
        col, row = (t[4] * x - t[1] * y) / determinant, (t[0] * y - t[3] * x) / determinant
        gap = np.maximum(abs(col - col.round()), abs(row - row.round()))
        return np.flatnonzero(gap <= GRID_TOLERANCE_PX)

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
        table = np.concatenate([self._aligned.boxes, self._warped_boxes])
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
        if not self._warped:
            return pixels, valid
        end_row, end_col = row_px + height, col_px + width
        piece = self._piece_px
        top, left, bottom, right = self._warped_boxes.T
        met = (top < end_row) & (bottom > row_px) & (left < end_col) & (right > col_px)
        for index in np.flatnonzero(met | self._everywhere):
            box = (row_px, col_px, end_row, end_col)
            if not self._everywhere[index]:
                limits = self._warped_boxes[index].tolist()
                box = (
                    max(row_px, limits[0]), max(col_px, limits[1]), min(end_row, limits[2]), min(end_col, limits[3]),
                )  # fmt: skip
            for piece_row in range(box[0] // piece, (box[2] - 1) // piece + 1):
                for piece_col in range(box[1] // piece, (box[3] - 1) // piece + 1):
                    values, present = self._piece(int(index), piece_row, piece_col)
                    here, there = _overlap(piece, piece_row * piece, row_px, height)
                    across, over = _overlap(piece, piece_col * piece, col_px, width)
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
        piece = self._warp(self._warped[index], piece_row * self._piece_px, piece_col * self._piece_px)
        with self._lock:
            self._pieces[key] = piece
            while len(self._pieces) > self._pieces_kept:
                self._pieces.popitem(last=False)
        return piece

    def _warp(self, grid: _TileGrid, row_px: int, col_px: int) -> tuple[Pixels, Mask]:
        """Resample one piece of the lattice from the tiles, invalid pixels left out of every mean."""
        bands = len(self.source.band_indexes)
        pixels = np.full((bands, self._piece_px, self._piece_px), np.nan, dtype=np.float32)
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
        steps = np.linspace(0, self._piece_px, 9)
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

    def _box_px(self, grid: _TileGrid) -> tuple[tuple[int, int, int, int], bool]:
        """Lattice pixels that a grid of tiles covers, and whether the lattice's CRS holds all of it."""
        top, left, bottom, right = grid.box
        edge, inside = np.linspace(0, 1, 33), np.linspace(0, 1, 9)
        across, down = (axis.ravel() for axis in np.meshgrid(inside, inside))
        cols = left + (right - left) * np.concatenate([edge, edge, np.zeros(33), np.ones(33), across])
        rows = top + (bottom - top) * np.concatenate([np.zeros(33), np.ones(33), edge, edge, down])
        t = grid.transform
        x, y = t.a * cols + t.b * rows + t.c, t.d * cols + t.e * rows + t.f
        there = transformer(self.source.crs_wkt, self.lattice.crs_wkt)
        placed_x, placed_y = there.transform(x, y)
        finite = np.isfinite(placed_x) & np.isfinite(placed_y)
        if not finite.any():
            raise RasterError("it has no place in the model's CRS", where=self.source.name, remedy="check its CRS")
        back = transformer(self.lattice.crs_wkt, self.source.crs_wkt).transform(placed_x[finite], placed_y[finite])
        off = np.hypot(back[0] - x[finite], back[1] - y[finite])
        exact = bool(finite.all() and np.isfinite(off).all() and off.max() < math.sqrt(abs(t.determinant)))
        pixel = self.lattice.pixel
        # The edge of a map of the world lies nearly at infinity in some CRSs.
        col = np.clip((placed_x[finite] - self.lattice.origin_x) / pixel, -_FAR_PX, _FAR_PX)
        row = np.clip((self.lattice.origin_y - placed_y[finite]) / pixel, -_FAR_PX, _FAR_PX)
        box = (math.floor(row.min()), math.floor(col.min()), math.ceil(row.max()), math.ceil(col.max()))
        return box, exact


def _overlap(side: int, piece: int, start: int, length: int) -> tuple[slice, slice]:
    """Where a piece of a side and a window meet: the slice of the piece, the slice of the window."""
    first, last = max(piece, start), min(piece + side, start + length)
    return slice(first - piece, last - piece), slice(first - start, last - start)
