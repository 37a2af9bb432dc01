"""Pixels of one file of a raster, and which of them count."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import rasterio
from affine import Affine
from rasterio.errors import RasterioError

from botaclip.core.raster_profiles import cannot_read

# Fill values that many programs write without declaring them; no measurement is one of them in all bands.
_USUAL_FILLS = (-9999.0, -32768.0)
_BEYOND_MEASURE = 1e30


@dataclasses.dataclass(frozen=True)
class Tile:
    """One file of a raster: where its pixels lie, which of them count.

    ``nodata`` holds one value per chosen band (None where the band has none). ``mask_band`` is the number of the
    alpha band that says which pixels count, 0 for a mask beside the bands, None where nodata values decide.
    """

    path: str
    transform: Affine
    width: int
    height: int
    nodata: tuple[float | None, ...]
    mask_band: int | None = None

    @property
    def masked(self) -> bool:
        """Whether an alpha band or a mask says which pixels count."""
        return self.mask_band is not None

    @property
    def corners(self) -> tuple[np.ndarray, np.ndarray]:
        """Coordinates ``x (4,), y (4,)`` of the outer corners, clockwise from the first pixel's."""
        pixels = [(0, 0), (self.width, 0), (self.width, self.height), (0, self.height)]
        x, y = zip(*(self.transform * pixel for pixel in pixels), strict=True)
        return np.array(x), np.array(y)


def read_tile(tile: Tile, dataset: rasterio.DatasetReader, indexes: Sequence[int], **how: Any) -> tuple[Any, Any]:
    """Read pixels (bands, h, w) in the file's own type and which of them are valid, bool (h, w).

    A pixel is nodata when all its chosen bands are (:func:`valid_pixels`), unless the file has a mask or an alpha
    band: then those alone decide, but for values that are no numbers.

    Parameters
    ----------
    tile, dataset
        The file, and the same one opened.
    indexes
        Bands, from 1.
    **how
        ``window`` or ``out_shape`` of :meth:`rasterio.DatasetReader.read`.

    Raises
    ------
    RasterError
        The pixels cannot be read.
    """
    try:
        pixels = dataset.read(list(indexes), **how)
        if tile.mask_band is None:
            return pixels, valid_pixels(pixels, tile.nodata)
        if "out_shape" in how:
            how["out_shape"] = how["out_shape"][-2:]
        shown = dataset.read(tile.mask_band, **how) if tile.mask_band else dataset.dataset_mask(**how)
    except RasterioError as error:
        raise cannot_read(tile.path, error) from error
    valid = shown > 0
    if pixels.dtype.kind == "f":
        valid &= np.isfinite(pixels).all(axis=0)
    return pixels, valid


def sample(tile: Tile, indexes: Sequence[int], size: int) -> np.ndarray:
    """Return the valid pixels of all bands in one decimated read, float64 (M,), in ``size`` x ``size`` places."""
    shape = (len(indexes), min(size, tile.height), min(size, tile.width))
    try:
        with rasterio.open(tile.path) as dataset:
            pixels, valid = read_tile(tile, dataset, indexes, out_shape=shape)
    except RasterioError as error:
        raise cannot_read(tile.path, error) from error
    return pixels[:, valid].astype(np.float64).ravel()


def valid_pixels(pixels: np.ndarray, nodata: Iterable[float | None]) -> np.ndarray:
    """Return which pixels of ``(bands, h, w)`` hold data, bool (h, w).

    GDAL's rule: a pixel is nodata when all its (chosen) bands are. A band that is NaN, infinite or beyond 1e30 makes
    it nodata in any case, and so do -9999 and -32768 in all bands at once where no nodata value is declared: files
    that lost the declaration are common, and no reflectance is that.
    """
    empty = np.ones(pixels.shape[1:], dtype=bool)
    declared = tuple(nodata)
    if None not in declared:
        for band, value in zip(pixels, declared, strict=True):
            empty &= np.isnan(band) if value is None or math.isnan(value) else band == value
    elif pixels.dtype.kind == "u" or any(value is not None for value in declared):
        empty[:] = False
    else:
        empty = np.logical_or.reduce([np.all(pixels == fill, axis=0) for fill in _USUAL_FILLS])
    if pixels.dtype.kind == "f":
        # Not a number compares as False.
        empty |= ~(np.abs(pixels) < _BEYOND_MEASURE).all(axis=0)
    return ~empty
