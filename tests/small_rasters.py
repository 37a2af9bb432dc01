"""Tiny rasters with every awkward georeference that users have."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from affine import Affine
from rasterio.enums import ColorInterp
from rasterio.transform import from_origin

RGB = (ColorInterp.red, ColorInterp.green, ColorInterp.blue)
UTM = "EPSG:32632"
UTM_CORNER = Affine(1.0, 0.0, 600_000.0, 0.0, -1.0, 5_200_000.0)


def texture(bands: int = 3, height: int = 240, width: int = 260, *, seed: int = 0, dtype: str = "uint8") -> np.ndarray:
    """Noise on slopes: no two places alike, never 0."""
    random = np.random.default_rng(seed)
    rows, cols = np.mgrid[0:height, 0:width]
    slope = np.stack([60 + 50 * np.sin(rows / (7 + 3 * b) + b) + 30 * np.cos(cols / (11 - b)) for b in range(bands)])
    return np.clip(slope + random.normal(0, 20, slope.shape), 1, 254).astype(dtype)


def write_raster(
    path: Path,
    pixels: np.ndarray,
    *,
    crs: str | None = UTM,
    transform: Affine = UTM_CORNER,
    nodata: float | None = None,
    descriptions: Sequence[str] = (),
    colours: Sequence[ColorInterp] | None = RGB,
    **options: Any,
) -> Path:
    """Write ``pixels`` (bands, h, w) as a GeoTIFF; three bands are red, green and blue."""
    count, height, width = pixels.shape
    path.parent.mkdir(parents=True, exist_ok=True)
    with rasterio.open(
        path, "w", driver="GTiff", count=count, height=height, width=width, dtype=pixels.dtype, crs=crs,
        transform=transform, nodata=nodata, **options,
    ) as dataset:  # fmt: skip
        if colours is not None and len(colours) == count:
            dataset.colorinterp = colours
        for band, text in enumerate(descriptions, start=1):
            dataset.set_band_description(band, text)
        dataset.write(pixels)
    return path


def write_tiles(folder: Path, pixels: np.ndarray, *, rows: Sequence[int], cols: Sequence[int], **options: Any) -> Path:
    """Cut ``pixels`` at the given rows and columns and write each piece as a tile."""
    transform: Affine = options.pop("transform", UTM_CORNER)
    row_cuts, col_cuts = [0, *rows, pixels.shape[1]], [0, *cols, pixels.shape[2]]
    for i, (top, bottom) in enumerate(zip(row_cuts[:-1], row_cuts[1:], strict=True)):
        for j, (left, right) in enumerate(zip(col_cuts[:-1], col_cuts[1:], strict=True)):
            write_raster(
                folder / f"tile_{i}_{j}.tif", pixels[:, top:bottom, left:right],
                transform=transform * Affine.translation(left, top), **options,
            )  # fmt: skip
    return folder


def awkward(folder: Path, kind: str, *, seed: int = 0) -> Path:
    """Write the same texture in one of the ways that rasters come: ``KINDS``."""
    pixels = texture(seed=seed)
    degrees = 1.0 / 111_320.0
    match kind:
        case "own":
            return write_raster(folder / "own.tif", pixels)
        case "feet":
            corner = Affine(3.0, 0, 984_000.0, 0, -3.0, 210_000.0)
            return write_raster(folder / "feet.tif", pixels, crs="EPSG:2263", transform=corner)
        case "degrees":
            corner = Affine(1.5 * degrees, 0, 10.31, 0, -degrees, 46.9)
            return write_raster(folder / "degrees.tif", pixels, crs="EPSG:4326", transform=corner)
        case "mercator":
            corner = Affine(1.5, 0, 1_150_000.0, 0, -1.5, 5_930_000.0)
            return write_raster(folder / "mercator.tif", pixels, crs="EPSG:3857", transform=corner)
        case "rotated":
            return write_raster(folder / "rotated.tif", pixels, transform=UTM_CORNER * Affine.rotation(27.0))
        case "south-up":
            corner = Affine(1.0, 0, 600_000.0, 0, 1.0, 5_200_000.0 - pixels.shape[1])
            return write_raster(folder / "south.tif", pixels[:, ::-1], transform=corner)
        case "tiles":
            return write_tiles(folder / "tiles", pixels, rows=[101], cols=[77, 200])
        case "degree tiles":
            corner = Affine(1.5 * degrees, 0, 10.31, 0, -degrees, 46.9)
            place = {"crs": "EPSG:4326", "transform": corner}
            return write_tiles(folder / "degree tiles", pixels, rows=[101], cols=[77], **place)
    raise ValueError(kind)


KINDS = ("own", "feet", "degrees", "mercator", "rotated", "south-up", "tiles", "degree tiles")


def neon_like_raster(path: Path) -> Path:
    """Write 60 m of a photograph of 10 cm, of noise."""
    pixels = np.random.default_rng(1).integers(40, 200, (3, 600, 600), dtype=np.uint8)
    with rasterio.open(
        path, "w", driver="GTiff", width=600, height=600, count=3, dtype="uint8", crs="EPSG:32611",
        transform=from_origin(260_000, 4_110_060, 0.1, 0.1),
    ) as dataset:  # fmt: skip
        dataset.write(pixels)
    return path
