"""A VRT over rasters: each in its place, nothing in between, and it can be moved."""

from __future__ import annotations

import math
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from affine import Affine

from botaclip.core.errors import OutputError, RasterError
from botaclip.core.raster_vrt import crs_slug, write_vrt

CRS = "EPSG:32632"


def part(path: Path, values: np.ndarray, *, x: float, y: float, pixel: float = 10.0, **options: Any) -> Path:
    count, height, width = values.shape
    profile = {"driver": "GTiff", "count": count, "height": height, "width": width, "dtype": values.dtype, "crs": CRS,
               "transform": Affine(pixel, 0, x, 0, -pixel, y), "nodata": math.nan} | options  # fmt: skip
    with rasterio.open(path, "w", **profile) as dataset:
        dataset.write(values)
        dataset.descriptions = [f"Ca<rex> & {band}" for band in range(count)]
        dataset.update_tags(BOTACLIP_KIND='a "map" & more', BOTACLIP_RASTER=path.name)
        dataset.update_tags(1, BOTACLIP_THRESHOLD="0.5")
    return path


def values(seed: int, height: int = 4, width: int = 5) -> np.ndarray:
    return np.random.default_rng(seed).random((2, height, width)).astype(np.float32)


def test_each_lies_in_its_place_and_the_rest_is_nodata(tmp_path: Path) -> None:
    first, second = values(1), values(2)
    first[:, 0, 0] = np.nan
    paths = [part(tmp_path / "a&b.tif", first, x=500_000, y=5_000_000),
             part(tmp_path / "c.tif", second, x=500_200, y=5_000_100)]  # fmt: skip
    write_vrt(tmp_path / "all.vrt", paths)
    shutil.move(tmp_path, tmp_path.with_name("moved"))
    with rasterio.open(tmp_path.with_name("moved") / "all.vrt") as dataset:
        assert dataset.bounds == (500_000, 4_999_960, 500_250, 5_000_100) and dataset.res == (10, 10)
        read = dataset.read()
        expected = np.full((2, 14, 25), np.nan, np.float32)
        expected[:, 10:, :5], expected[:, :4, 20:] = first, second
        np.testing.assert_array_equal(read, expected)
        assert dataset.descriptions == ("Ca<rex> & 0", "Ca<rex> & 1") and math.isnan(dataset.nodata)
        assert dataset.tags()["BOTACLIP_KIND"] == 'a "map" & more' and "BOTACLIP_RASTER" not in dataset.tags()
        assert dataset.tags(1)["BOTACLIP_THRESHOLD"] == "0.5" and dataset.crs == rasterio.crs.CRS.from_string(CRS)
        assert dataset.dtypes == ("float32", "float32")


def test_nodata_of_one_hides_nothing_of_another(tmp_path: Path) -> None:
    below, above = values(1), values(2)
    above[:, 1:3] = np.nan
    paths = [part(tmp_path / "a.tif", below, x=0, y=0), part(tmp_path / "b.tif", above, x=0, y=0)]
    write_vrt(tmp_path / "v.vrt", paths)
    with rasterio.open(tmp_path / "v.vrt") as dataset:
        np.testing.assert_array_equal(dataset.read(), np.where(np.isnan(above), below, above))


def test_grids_shifted_by_parts_of_a_pixel_show_the_nearest(tmp_path: Path) -> None:
    first, second = values(1), values(2)
    paths = [part(tmp_path / "a.tif", first, x=0, y=0), part(tmp_path / "b.tif", second, x=102, y=3)]
    write_vrt(tmp_path / "v.vrt", paths)
    with rasterio.open(tmp_path / "v.vrt") as dataset:
        rows, cols = np.mgrid[0:4, 0:5]
        found = np.array([list(dataset.sample([(102 + 10 * c + 5, 3 - 10 * r - 5)]))[0] for r, c in
                          zip(rows.ravel(), cols.ravel(), strict=True)])  # fmt: skip
    np.testing.assert_array_equal(found.T.reshape(2, 4, 5), second)


def test_bytes_keep_their_scale(tmp_path: Path) -> None:
    stored = (values(3) * 200 + 1).astype(np.uint8)
    path = part(tmp_path / "a.tif", stored, x=0, y=0, nodata=0)
    with rasterio.open(path, "r+") as dataset:
        dataset.scales, dataset.offsets = (0.1, 0.25), (-3.0, 1e-9)
    write_vrt(tmp_path / "v.vrt", [path])
    with rasterio.open(tmp_path / "v.vrt") as dataset:
        assert dataset.scales == (0.1, 0.25) and dataset.offsets == (-3.0, 1e-9) and dataset.nodata == 0
        np.testing.assert_array_equal(dataset.read(), stored)


def test_what_differs_is_refused(tmp_path: Path) -> None:
    first = part(tmp_path / "a.tif", values(1), x=0, y=0)
    for other in (
        part(tmp_path / "b.tif", values(1), x=0, y=0, pixel=20),
        part(tmp_path / "c.tif", values(1), x=0, y=0, crs="EPSG:32631"),
        part(tmp_path / "d.tif", values(1)[:1], x=0, y=0),
    ):  # fmt: skip
        with pytest.raises(RasterError, match=rf"{other.name}: it differs from a.tif"):
            write_vrt(tmp_path / "v.vrt", [first, other])
    write_vrt(tmp_path / "v.vrt", [first])
    with pytest.raises(OutputError, match="exists already"):
        write_vrt(tmp_path / "v.vrt", [first])


def test_names_of_crss() -> None:
    assert crs_slug("EPSG:32632") == "32632" and crs_slug("ESRI:102003") == "ESRI_102003"
    assert crs_slug("+proj=laea +lat_0=45 +lon_0=5 +type=crs") == "unknown"
