from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
import rasterio
import rasterio.shutil
import rasterio.vrt
from affine import Affine
from rasterio.enums import ColorInterp
from tests.small_rasters import texture, write_raster, write_tiles

from botaclip.core.errors import RasterError
from botaclip.core.rasters import open_raster, pixel_vectors_m, valid_pixels


def test_what_is_found_in_a_plain_file(tmp_path: Path) -> None:
    source = open_raster(write_raster(tmp_path / "a.tif", texture(), nodata=0))
    assert source.roles == ("red", "green", "blue")
    assert source.band_indexes == (1, 2, 3)
    assert (source.dtype, source.nodata) == ("uint8", 0.0)
    assert source.bounds == (600_000.0, 5_199_760.0, 600_260.0, 5_200_000.0)
    # UTM 117 km east of its meridian: scale 0.9996 * (1 + (100 km / R)^2 / 2).
    assert source.pixel_size_m == pytest.approx(1 / (0.9996 * (1 + (100 / 6371) ** 2 / 2)), rel=2e-5)
    assert source.value_range() == (0.0, 255.0)
    assert source.describe() == "1 file, uint8, 1 m per pixel, red = band 1, green = band 2, blue = band 3"


@pytest.mark.parametrize(
    ("names", "roles", "indexes"),
    [
        (["Blue", "Green", "Red", "NIR"], ("red", "green", "blue", "nir"), (3, 2, 1, 4)),
        (["B2_blue", "B3_green", "B4_red", "B5_nir"], ("red", "green", "blue", "nir"), (3, 2, 1, 4)),
        (["B02", "B03", "B04", "B08"], ("red", "green", "blue", "nir"), (3, 2, 1, 4)),
        (["red edge", "nir", "DEM", "rouge"], ("red", "nir"), (4, 2)),
        (["Near Infrared", "r", "g", "height"], ("red", "green", "nir"), (2, 3, 1)),
    ],
)
def test_roles_from_band_names(
    tmp_path: Path, names: list[str], roles: tuple[str, ...], indexes: tuple[int, ...]
) -> None:
    path = write_raster(tmp_path / "a.tif", texture(4, 20, 20), descriptions=names, photometric="minisblack")
    source = open_raster(path)
    assert source.roles == roles
    assert source.band_indexes == indexes


def test_a_fourth_band_without_name_is_not_guessed_but_told(tmp_path: Path) -> None:
    colours = (ColorInterp.red, ColorInterp.green, ColorInterp.blue, ColorInterp.undefined)
    path = write_raster(tmp_path / "a.tif", texture(4, 20, 20), colours=colours)
    assert open_raster(path).roles == ("red", "green", "blue")
    assert open_raster(path).describe().endswith("blue = band 3; not used: band 4")
    assert open_raster(path, bands="nir=4, red=1").band_indexes == (1, 4)


@pytest.mark.parametrize("bands", ["red", "red=0", "red=9", "red=1,green=1", "red=1,red=2", "swir=1", "red=1;green=2"])
def test_a_wrong_choice_of_bands_is_worded(tmp_path: Path, bands: str) -> None:
    path = write_raster(tmp_path / "a.tif", texture(3, 20, 20))
    with pytest.raises(RasterError, match="(?i)name the bands with --bands"):
        open_raster(path, bands=bands)


def test_bands_that_nothing_names_are_an_error_with_the_remedy(tmp_path: Path) -> None:
    path = write_raster(tmp_path / "a.tif", texture(2, 20, 20), descriptions=["VV", "VH"], photometric="minisblack")
    with pytest.raises(RasterError, match=r"\(VV, VH\).*red=1,green=2,blue=3,nir=4"):
        open_raster(path)


@pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")
def test_what_cannot_be_used_is_said(tmp_path: Path) -> None:
    with pytest.raises(RasterError, match="has no CRS"):
        open_raster(write_raster(tmp_path / "a.tif", texture(3, 20, 20), crs=None))
    with pytest.raises(RasterError, match="no georeference"):
        open_raster(write_raster(tmp_path / "b.tif", texture(3, 20, 20), transform=Affine.identity()))
    with pytest.raises(RasterError, match="complex64"):
        open_raster(write_raster(tmp_path / "c.tif", texture(3, 20, 20).astype("complex64")))
    with pytest.raises(RasterError, match="cannot be opened"):
        open_raster(tmp_path / "nowhere.tif")
    (tmp_path / "text.tif").write_text("no raster")
    with pytest.raises(RasterError, match=r"text\.tif: it cannot be opened"):
        open_raster(tmp_path / "text.tif")
    (tmp_path / "empty").mkdir()
    with pytest.raises(RasterError, match="no raster file lies in this folder"):
        open_raster(tmp_path / "empty")


@pytest.mark.parametrize(
    ("odd", "word"),
    [
        ({"crs": "EPSG:25832"}, r"its CRS is ETRS89 / UTM zone 32N, but WGS 84 / UTM zone 32N"),
        ({"pixels": texture(4, 30, 30)}, "its number of bands is 4, but 3"),
        ({"pixels": texture(3, 30, 30, dtype="uint16")}, "its pixel type is uint16, but uint8"),
    ],
)
def test_the_odd_tile_is_named(tmp_path: Path, odd: dict, word: str) -> None:
    folder = write_tiles(tmp_path / "tiles", texture(3, 60, 60), rows=[30], cols=[30])
    write_raster(folder / "tile_odd.tif", **{"pixels": texture(3, 30, 30), **odd})
    with pytest.raises(RasterError, match=rf"tile_odd\.tif: {word}"):
        open_raster(folder)


def test_a_folder_is_all_its_tiles_in_order(tmp_path: Path) -> None:
    folder = write_tiles(tmp_path / "tiles", texture(3, 60, 70), rows=[30], cols=[30])
    (folder / "readme.txt").write_text("not a tile")
    (folder / ".hidden.tif").write_text("not a tile")
    source = open_raster(folder)
    assert [Path(tile.path).name for tile in source.tiles] == [f"tile_{i}_{j}.tif" for i in (0, 1) for j in (0, 1)]
    assert source.bounds == (600_000.0, 5_199_940.0, 600_070.0, 5_200_000.0)


def test_a_vrt_is_a_raster(tmp_path: Path) -> None:
    write_raster(tmp_path / "a.tif", texture(3, 20, 30))
    with rasterio.open(tmp_path / "a.tif") as dataset, rasterio.vrt.WarpedVRT(dataset, crs="EPSG:3857") as vrt:
        rasterio.shutil.copy(vrt, tmp_path / "b.vrt", driver="VRT")
    assert "Mercator" in open_raster(tmp_path / "b.vrt").crs_wkt


def test_identity_follows_content_stamp_and_bands(tmp_path: Path) -> None:
    path = write_raster(tmp_path / "a.tif", texture(3, 20, 20))
    first = open_raster(path).identity
    assert open_raster(path).identity == first
    assert open_raster(path, bands="red=1").identity != first
    os.utime(path, ns=(1, 1))
    assert open_raster(path).identity != first


def test_the_range_of_uint16_ignores_outliers_and_nodata(tmp_path: Path) -> None:
    random = np.random.default_rng(3)
    pixels = random.integers(1000, 3001, (3, 200, 200)).astype("uint16")
    pixels[:, :10, :50] = 60_000
    pixels[:, 100:, :] = 65_535
    source = open_raster(write_raster(tmp_path / "a.tif", pixels, nodata=65_535))
    # 2nd percentile 1040 +- 5; the outliers are 2.5 % of the valid, so the 98th is one of them.
    low, high = source.value_range()
    assert low == 0.0
    pixels[:, :10, :50] = 2000
    low, high = open_raster(write_raster(tmp_path / "b.tif", pixels, nodata=65_535)).value_range()
    assert low == pytest.approx(1040 - 1920 / 4, abs=20)
    assert high == pytest.approx(2960 + 1920 / 4, abs=60)
    assert low == float(f"{low:.2g}")
    assert high == float(f"{high:.2g}")


def test_a_raster_without_any_valid_pixel_has_no_range(tmp_path: Path) -> None:
    pixels = np.zeros((3, 20, 20), dtype="uint16")
    with pytest.raises(RasterError, match="no valid pixel"):
        open_raster(write_raster(tmp_path / "a.tif", pixels, nodata=0)).value_range()


def test_a_pixel_is_nodata_when_all_its_bands_are() -> None:
    pixels = np.array([[[0, 0, 5, 9]], [[0, 7, 5, 0]]], dtype="uint8")
    assert valid_pixels(pixels, (0, 0)).tolist() == [[False, True, True, True]]
    assert valid_pixels(pixels, (0, None)).all()
    assert valid_pixels(pixels, (0, 9)).tolist() == [[True, True, True, True]]
    floats = np.array([[[1.0, np.nan, -9999, np.inf]], [[np.nan, 2.0, -9999, 1.0]]])
    assert valid_pixels(floats, (-9999.0, -9999.0)).tolist() == [[False, False, False, False]]
    assert valid_pixels(np.array([[[1.0, np.nan]]]), (float("nan"),)).tolist() == [[True, False]]


def test_alpha_counts_unless_it_is_taken_for_infrared(tmp_path: Path) -> None:
    colours = (ColorInterp.red, ColorInterp.green, ColorInterp.blue, ColorInterp.alpha)
    path = write_raster(tmp_path / "a.tif", texture(4, 20, 20), colours=colours)
    assert open_raster(path).tiles[0].masked
    assert not open_raster(path, bands="red=1,green=2,blue=3,nir=4").tiles[0].masked


def test_the_ground_size_of_a_pixel() -> None:
    wkt = rasterio.crs.CRS.from_epsg(3857).to_wkt()
    north_60 = 8_399_737.9
    column, row = pixel_vectors_m(Affine(2, 0, 0, 0, -2, 0), wkt, centre_x=0.0, centre_y=north_60)
    # On WGS 84 the mercator scale at 60 degrees is 1.99500 eastward, 2.01 northward (radius of the meridian).
    assert np.hypot(*column) == pytest.approx(2 / 1.99500, rel=1e-4)
    assert np.hypot(*row) == pytest.approx(2 * 0.5 * 1.000843, rel=2e-3)
    assert column[0] > 0
    assert row[1] < 0
    feet = rasterio.crs.CRS.from_epsg(2263).to_wkt()
    column, _ = pixel_vectors_m(Affine(1, 0, 0, 0, -1, 0), feet, centre_x=984_000.0, centre_y=210_000.0)
    assert np.hypot(*column) == pytest.approx(0.3048006, rel=1e-4)


