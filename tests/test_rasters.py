from __future__ import annotations

import os
from pathlib import Path
from xml.sax.saxutils import escape

import numpy as np
import pytest
import rasterio
import rasterio.shutil
import rasterio.vrt
from affine import Affine
from rasterio.enums import ColorInterp
from tests.small_rasters import RGB, UTM_CORNER, texture, write_raster, write_tiles

from botaclip.core.errors import RasterError
from botaclip.core.places import parse_crs
from botaclip.core.raster_pixels import read_tile
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


def test_an_index_can_be_given_a_role(tmp_path: Path) -> None:
    path = write_raster(tmp_path / "a.tif", texture(1, 20, 20), descriptions=["NDVI"], colours=None)
    with pytest.raises(RasterError) as met:
        open_raster(path)
    assert met.value.sentence == (
        f"{path}: nothing says which of its bands (NDVI) is which. A band of another kind, such as NDVI, can be given "
        "the role red: --bands red=1."
    )
    assert open_raster(path, bands="red=1").roles == ("red",)


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
        ({"crs": "EPSG:25832"}, r"its CRS is ETRS89 / UTM zone 32N, but WGS 84 / UTM zone 32N in tile_0_0\.tif"),
        (
            {"pixels": texture(4, 30, 30), "descriptions": ["red", "green", "blue", "nir"]},
            "its bands are .*blue = band 3, nir = band 4, but .*blue = band 3 in tile_0_0",
        ),
        ({"pixels": texture(3, 30, 30), "colours": RGB[::-1]}, "its bands are red = band 3, .* but red = band 1"),
        ({"pixels": texture(3, 30, 30, dtype="uint16")}, "its pixel type is uint16, but uint8 in tile_0_0"),
        ({"pixels": texture(2, 30, 30), "colours": None}, "nothing says which of its bands .*is which"),
    ],
)
def test_the_odd_tile_is_named(tmp_path: Path, odd: dict, word: str) -> None:
    folder = write_tiles(tmp_path / "tiles", texture(3, 60, 60), rows=[30], cols=[30])
    write_raster(folder / "tile_odd.tif", **{"pixels": texture(3, 30, 30), **odd})
    with pytest.raises(RasterError, match=rf"tile_odd\.tif: {word}"):
        open_raster(folder)


def test_tiles_with_and_without_transparency_are_one_raster(tmp_path: Path) -> None:
    folder = write_tiles(tmp_path / "tiles", texture(3, 60, 60), rows=[30], cols=[30])
    border = texture(4, 30, 30)
    border[3] = 0
    corner = UTM_CORNER * Affine.translation(60, 0)
    write_raster(folder / "border.tif", border, colours=(*RGB, ColorInterp.alpha), transform=corner)
    tiles = {Path(tile.path).stem: tile.mask_band for tile in open_raster(folder).tiles}
    assert tiles["border"] == 4
    assert tiles["tile_0_0"] is None
    with pytest.raises(RasterError, match=r"tile_0_0\.tif: there is no band 4"):
        open_raster(folder, bands="red=1,green=2,blue=3,nir=4")


def test_bands_of_different_types_are_refused(tmp_path: Path) -> None:
    for name, dtype in (("a", "uint8"), ("b", "uint16")):
        write_raster(tmp_path / f"{name}.tif", texture(1, 20, 20, dtype=dtype), colours=None)
    bands = "".join(
        f'<VRTRasterBand dataType="{kind}" band="{i}"><ColorInterp>{colour}</ColorInterp><SimpleSource>'
        f'<SourceFilename relativeToVRT="1">{name}.tif</SourceFilename><SourceBand>1</SourceBand></SimpleSource>'
        "</VRTRasterBand>"
        for i, (name, kind, colour) in enumerate([("a", "Byte", "Red"), ("b", "UInt16", "Green")], start=1)
    )
    with rasterio.open(tmp_path / "a.tif") as dataset:
        wkt, corner = dataset.crs.to_wkt(), ", ".join(map(str, dataset.transform.to_gdal()))
    (tmp_path / "mixed.vrt").write_text(
        f'<VRTDataset rasterXSize="20" rasterYSize="20"><SRS>{escape(wkt)}</SRS>'
        f"<GeoTransform>{corner}</GeoTransform>{bands}</VRTDataset>"
    )
    with pytest.raises(RasterError, match=r"its bands are of different types \(uint16, uint8\)"):
        open_raster(tmp_path / "mixed.vrt")
    assert open_raster(tmp_path / "mixed.vrt", bands="green=2").dtype == "uint16"


def test_numbers_of_a_colour_table_are_no_image(tmp_path: Path) -> None:
    path = write_raster(tmp_path / "a.tif", texture(1, 20, 20), colours=None)
    with rasterio.open(path, "r+") as dataset:
        dataset.write_colormap(1, {1: (255, 0, 0, 255)})
    with pytest.raises(RasterError, match=r"numbers of colours in a table.*PCT to RGB"):
        open_raster(path)


def test_band_codes_of_two_sensors_are_asked_for_with_the_names_found(tmp_path: Path) -> None:
    names = ["SR_B2", "SR_B3", "SR_B4"]
    options = {"descriptions": names, "photometric": "minisblack", "colours": None}
    with pytest.raises(RasterError, match=r"SR_B2, SR_B3, SR_B4, which are other colours in Landsat.*--bands"):
        open_raster(write_raster(tmp_path / "a.tif", texture(3, 20, 20), **options))
    path = write_raster(tmp_path / "LC08_a.tif", texture(3, 20, 20), **options)
    assert open_raster(path).band_indexes == (3, 2, 1)
    tagged = write_raster(tmp_path / "b.tif", texture(3, 20, 20), **options)
    with rasterio.open(tagged, "r+") as dataset:
        dataset.update_tags(SPACECRAFT_ID="LANDSAT_5")
    assert (open_raster(tagged).roles, open_raster(tagged).band_indexes) == (("red", "green", "nir"), (2, 1, 3))


def test_heights_in_a_crs_are_left_out(tmp_path: Path) -> None:
    path = write_raster(tmp_path / "a.tif", texture(3, 20, 20), crs="EPSG:5698")  # Lambert-93 with NGF-IGN69 heights
    assert parse_crs(open_raster(path).crs_wkt).to_epsg() == 2154


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


def test_fills_that_nobody_declared_are_no_values() -> None:
    pixels = np.array([[[-9999, -9999, 7, -32768]], [[-9999, 5, 7, -32768]]], dtype="int16")
    assert valid_pixels(pixels, (None, None)).tolist() == [[False, True, True, False]]
    assert valid_pixels(pixels, (7.0, 7.0)).tolist() == [[True, True, False, True]]  # declared: only that
    huge = np.array([[[-3.4e38, 0.2]], [[0.1, 0.2]]], dtype="float32")
    assert valid_pixels(huge, (None, None)).tolist() == [[False, True]]
    assert valid_pixels(np.full((2, 1, 1), 0, dtype="uint8"), (None, None)).tolist() == [[True]]


@pytest.mark.parametrize(
    ("dtype", "nodata", "span", "expected"),
    [
        # Uniform on span: 2nd to 98th percentile widened by a quarter, two digits, not below 0 unless values are.
        ("int16", -9999, (100, 3000), (0.0, 3600.0)),
        ("int16", -32768, (-500, 1500), (-960.0, 2000.0)),
        ("int16", None, (100, 3000), (0.0, 3600.0)),
        ("float32", float("nan"), (0.0, 1.0), (0.0, 1.2)),
        ("float32", None, (0.0, 1.0), (0.0, 1.2)),
        ("float64", -9999.0, (-1.0, 1.0), (-1.4, 1.4)),
        ("float32", 0.1, (0.2, 0.4), (0.16, 0.44)),  # a nodata value that float32 cannot hold exactly
    ],
)
def test_the_range_of_signed_and_real_values(
    tmp_path: Path, dtype: str, nodata: float | None, span: tuple[float, float], expected: tuple[float, float]
) -> None:
    values = np.random.default_rng(1).uniform(*span, (3, 120, 120)).astype(dtype)
    values[:, :60, :60] = -9999 if nodata is None else nodata
    found = open_raster(write_raster(tmp_path / "a.tif", values, nodata=nodata)).value_range()
    assert found == pytest.approx(expected, rel=0.05, abs=0.011)


def test_where_there_is_alpha_it_alone_decides(tmp_path: Path) -> None:
    """A black roof is no gap, and a gap need not be black."""
    pixels = texture(4, 20, 20)
    pixels[3] = 255
    pixels[:3, 2, 2] = 0
    pixels[3, 5, 5] = 0
    path = write_raster(tmp_path / "a.tif", pixels, colours=(*RGB, ColorInterp.alpha), nodata=0)
    tile = open_raster(path).tiles[0]
    assert tile.mask_band == 4
    with rasterio.open(path) as dataset:
        _, valid = read_tile(tile, dataset, (1, 2, 3))
    assert np.argwhere(~valid).tolist() == [[5, 5]]


@pytest.mark.parametrize("inside", [True, False])
def test_a_mask_decides_inside_the_file_or_beside_it(tmp_path: Path, inside: bool) -> None:
    path = write_raster(tmp_path / "a.tif", texture(3, 20, 20), nodata=0)
    shown = np.full((20, 20), 255, dtype="uint8")
    shown[7, 3:5] = 0
    with rasterio.Env(GDAL_TIFF_INTERNAL_MASK=inside), rasterio.open(path, "r+") as dataset:
        dataset.write(np.zeros((3, 1, 1), dtype="uint8"), window=((0, 1), (0, 1)))
        dataset.write_mask(shown)
    assert (tmp_path / "a.tif.msk").exists() != inside
    tile = open_raster(path).tiles[0]
    assert tile.mask_band == 0
    with rasterio.open(path) as dataset:
        _, valid = read_tile(tile, dataset, (1, 2, 3))
        _, smaller = read_tile(tile, dataset, (1, 2, 3), out_shape=(3, 20, 20))
    assert np.argwhere(~valid).tolist() == [[7, 3], [7, 4]]
    assert (smaller == valid).all()


def test_alpha_counts_unless_it_is_taken_for_infrared(tmp_path: Path) -> None:
    colours = (ColorInterp.red, ColorInterp.green, ColorInterp.blue, ColorInterp.alpha)
    path = write_raster(tmp_path / "a.tif", texture(4, 20, 20), colours=colours)
    assert open_raster(path).tiles[0].masked
    assert "band 4 is the transparency (were it infrared: --bands red=1,green=2,blue=3,nir=4)" in (
        open_raster(path).describe()
    )
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




def test_identity_follows_the_sources_of_a_vrt_and_the_mask_beside_a_file(tmp_path: Path) -> None:
    tile = tmp_path / "a.tif"
    write_raster(tile, texture())
    inner, outer = tmp_path / "inner.vrt", tmp_path / "outer.vrt"
    rasterio.shutil.copy(tile, inner, driver="VRT")
    rasterio.shutil.copy(inner, outer, driver="VRT")
    before = open_raster(outer).identity, open_raster(tile).identity
    (tmp_path / "a.tif.aux.xml").write_text("<PAMDataset></PAMDataset>")  # statistics, as QGIS writes them
    assert (open_raster(outer).identity, open_raster(tile).identity) == before
    os.utime(tile, ns=(1, 1))
    after = open_raster(outer).identity, open_raster(tile).identity
    assert after[0] != before[0] and after[1] != before[1]
    with rasterio.open(tile) as dataset:
        shape = dataset.shape
    with rasterio.open(
        tmp_path / "a.tif.msk", "w", driver="GTiff", height=shape[0], width=shape[1], count=1, dtype="uint8"
    ) as mask:
        mask.update_tags(INTERNAL_MASK_FLAGS_1="2")
    assert open_raster(tile).identity != after[1]


def test_further_bands_have_roles_only_where_they_are_named(tmp_path: Path) -> None:
    names = ["blue", "green", "red", "nir", "rededge1", "swir1", "VV", "elevation", "cirrus"]
    path = write_raster(tmp_path / "a.tif", texture(9, 20, 20), descriptions=names, colours=None)
    assert open_raster(path).roles == ("red", "green", "blue", "nir")
    named = "um1.380=9, elevation = 8,vv=7,SWIR1=6,rededge1=5,nir=4,red=3"
    source = open_raster(path, bands=named)
    assert source.roles == ("red", "nir", "rededge1", "swir1", "vv", "elevation", "um1.38")
    assert source.band_indexes == (3, 4, 5, 6, 7, 8, 9)
    assert "swir1 = band 6" in source.describe()


@pytest.mark.parametrize(
    ("bands", "words"),
    [
        ("swir3=1", "'swir3=1' is no role = band number; roles are red, green, blue, nir, rededge1, rededge2, "
         "rededge3, swir1, swir2, vv, vh, elevation, or um and a wavelength in micrometres .um1.38."),
        ("um0=1", "'um0=1' is no role"),
        ("um1.38", "'um1.38' is no role"),
        ("red=1,RED=2", "red is named twice"),
        ("um1.38=1,um1.380=2", r"um1\.38 is named twice"),
        ("red=1,um0.7=1", "does not name different bands"),
        ("red=9", "there is no band 9"),
        ("red=" + "9" * 5000, "is no role"),
    ],
)
def test_bands_that_cannot_be_named_so(tmp_path: Path, bands: str, words: str) -> None:
    with pytest.raises(RasterError, match=words):
        open_raster(write_raster(tmp_path / "a.tif", texture(), colours=None), bands=bands)


def test_fewer_bands_in_another_order(tmp_path: Path) -> None:
    """Pixels, nodata and validity follow; what an encoder looks at may come in any order."""
    pixels = texture(4, 40, 40)
    pixels[:, :10] = 0
    pixels[3, 20:30] = 0  # nodata in infrared alone: a pixel is missing where all bands chosen are
    path = write_raster(tmp_path / "a.tif", pixels, nodata=0, descriptions=["red", "green", "blue", "nir"])
    source = open_raster(path)
    taken = source.take(("nir", "red"))
    assert (taken.roles, taken.band_indexes) == (("nir", "red"), (4, 1))
    assert (taken.dtype, taken.nodata, taken.tiles[0].nodata) == ("uint8", 0.0, (0.0, 0.0))
    with rasterio.open(path) as dataset:
        found, valid = read_tile(taken.tiles[0], dataset, taken.band_indexes)
        np.testing.assert_array_equal(found, pixels[[3, 0]])
        np.testing.assert_array_equal(valid, pixels[[3, 0]].any(axis=0))
        alone = source.take(("nir",))
        assert not read_tile(alone.tiles[0], dataset, alone.band_indexes)[1][20:30].any()
    assert source.take(source.roles) is source
    identities = {source.take(roles).identity for roles in (("nir", "red"), ("red", "nir"), ("red",), source.roles)}
    assert len(identities) == 4 and taken.identity == open_raster(path).take(("nir", "red")).identity
    for roles in (("red", "swir1"), (), ("red", "red")):
        with pytest.raises(RasterError, match="cannot be reduced to"):
            source.take(roles)
