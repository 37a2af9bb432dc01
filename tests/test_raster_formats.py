"""Every format, every way in which a file can be damaged: the right values, or one clear sentence."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
import rasterio.shutil
from rasterio.control import GroundControlPoint
from tests.conftest import shared
from tests.small_rasters import texture, write_raster

from botaclip.core.errors import RasterError, UnsupportedRaster
from botaclip.core.lattice import Lattice
from botaclip.core.lattice_reader import LatticeReader
from botaclip.core.rasters import open_raster

LOSSLESS: list[tuple[str, str, dict[str, str]]] = [
    ("COG", "tif", {}),
    ("VRT", "vrt", {}),
    ("JP2OpenJPEG", "jp2", {"QUALITY": "100", "REVERSIBLE": "YES"}),
    ("PNG", "png", {"WORLDFILE": "YES"}),
    ("HFA", "img", {}),
    ("ENVI", "dat", {}),
    ("GPKG", "gpkg", {"TILE_FORMAT": "PNG"}),
    ("PCIDSK", "pix", {}),
    ("ERS", "ers", {}),
    ("EHdr", "bil", {}),
]


def copy(
    tmp_path: Path, driver: str, name: str, *, size: tuple[int, int] = (60, 50), **options: Any
) -> tuple[Path, np.ndarray]:
    """Write the texture through a driver; skip where this GDAL lacks it."""
    pixels = texture(3, *size)
    with rasterio.Env() as env:
        if driver not in env.drivers():
            pytest.skip(f"this GDAL has no driver {driver}")
    path = tmp_path / name
    rasterio.shutil.copy(str(write_raster(tmp_path / "first" / "a.tif", pixels)), str(path), driver=driver, **options)
    return path, pixels


def read_all(path: Path) -> tuple[np.ndarray, np.ndarray, LatticeReader]:
    source = open_raster(path, bands="red=1,green=2,blue=3")
    reader = LatticeReader(source, Lattice.of(source, 10, 4, 100.0))
    tile = source.tiles[0]
    return *reader.read(0, 0, tile.height, tile.width), reader


@pytest.mark.parametrize(("driver", "suffix", "options"), LOSSLESS)
def test_the_same_pixels_in_every_format(tmp_path: Path, driver: str, suffix: str, options: dict[str, str]) -> None:
    path, pixels = copy(tmp_path, driver, f"b.{suffix}", **options)
    values, valid, reader = read_all(path)
    assert reader.plain
    assert valid.all()
    np.testing.assert_array_equal(values, pixels)
    assert (reader.lattice.origin_x, reader.lattice.origin_y) == (600_000.0, 5_200_000.0)


def test_a_jpeg_with_a_world_file_and_a_prj(tmp_path: Path) -> None:
    path, pixels = copy(tmp_path, "JPEG", "b.jpg", WORLDFILE="YES", QUALITY="100")
    Path(f"{path}.aux.xml").unlink()
    with pytest.raises(RasterError, match=r"b\.jpg: it has no CRS"):
        open_raster(path)
    path.with_suffix(".prj").write_text(rasterio.crs.CRS.from_epsg(32632).to_wkt(version="WKT1_ESRI"))
    values, valid, reader = read_all(path)
    assert reader.plain
    assert valid.all()
    assert abs(values.mean(axis=(1, 2)) - pixels.mean(axis=(1, 2))).max() < 2
    assert all(np.corrcoef(values[i].ravel(), pixels[i].ravel())[0, 1] > 0.8 for i in range(3))  # lossy
    path.with_suffix(".prj").write_text("here")
    with pytest.raises(RasterError, match=r"b\.prj: it holds no coordinate reference system"):
        open_raster(path)


def test_subdatasets_are_named_and_can_be_chosen(tmp_path: Path) -> None:
    path, _ = copy(tmp_path, "netCDF", "b.nc")
    with pytest.raises(RasterError, match=r"no bands but subdatasets \((netcdf|NETCDF):.*Band1.*choose one|Choose one"):
        open_raster(path)
    one = open_raster(f'NETCDF:"{path}":Band2', bands="red=1")
    assert one.bounds == (600_000.0, 5_199_940.0, 600_050.0, 5_200_000.0)


def test_wavelengths_of_an_envi_header(tmp_path: Path) -> None:
    path, _ = copy(tmp_path, "ENVI", "b.dat")
    header = path.with_suffix(".hdr")
    lines = [line for line in header.read_text().splitlines() if not line.startswith("band names")]
    text = "\n".join(lines).split("band names")[0]
    header.write_text(f"{text}\nwavelength units = Nanometers\nwavelength = {{842.0, 665.0, 560.0}}\n")
    Path(f"{path}.aux.xml").unlink(missing_ok=True)
    source = open_raster(path)
    assert (source.roles, source.band_indexes) == (("red", "green", "nir"), (2, 3, 1))


def test_wavelengths_in_gdals_imagery_domain(tmp_path: Path) -> None:
    path = write_raster(tmp_path / "a.tif", texture(3, 20, 20), colours=None, photometric="minisblack")
    with rasterio.open(path, "r+") as dataset:
        for band, centre in enumerate(("0.49", "0.865", "0.665"), start=1):
            dataset.update_tags(band, ns="IMAGERY", CENTRAL_WAVELENGTH_UM=centre)
    source = open_raster(path)
    assert (source.roles, source.band_indexes) == (("red", "blue", "nir"), (3, 1, 2))


def test_previews_beside_tiles_are_no_tiles(tmp_path: Path) -> None:
    (tmp_path / "tiles").mkdir()
    path, _ = copy(tmp_path, "PNG", "tiles/preview.png")
    Path(f"{path}.aux.xml").unlink()
    write_raster(tmp_path / "tiles" / "a.tif", texture(3, 20, 20))
    (tmp_path / "tiles" / "plots.gpkg").write_bytes(b"a table")
    assert [Path(tile.path).name for tile in open_raster(tmp_path / "tiles").tiles] == ["a.tif"]
    path.with_suffix(".pgw").write_text("1\n0\n0\n-1\n600000.5\n5199999.5\n")
    with pytest.raises(RasterError, match=r"preview\.png: it has no CRS"):
        open_raster(tmp_path / "tiles")


CUT = [("GTiff", "tif", {}), ("COG", "tif", {}), ("JP2OpenJPEG", "jp2", {}), ("PNG", "png", {"WORLDFILE": "YES"}),
       ("JPEG", "jpg", {"WORLDFILE": "YES"}), ("HFA", "img", {}), ("ENVI", "dat", {}), ("EHdr", "bil", {})]  # fmt: skip


@pytest.mark.parametrize("share", [0.05, 0.5, 0.9])
@pytest.mark.parametrize(("driver", "suffix", "options"), CUT)
def test_a_cut_file_is_worded_at_open_or_while_reading(
    tmp_path: Path, driver: str, suffix: str, options: dict[str, str], share: float
) -> None:
    path, _ = copy(tmp_path, driver, f"b.{suffix}", size=(240, 260), **options)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * share)])
    with pytest.raises(RasterError, match=rf"b\.{suffix}: (the file is cut short|it cannot be (opened|read))") as met:
        read_all(path)
    assert not isinstance(met.value, UnsupportedRaster)
    assert "\n" not in met.value.sentence


@pytest.mark.parametrize(("kept", "options"), [(6, {}), (5000, {}), (12, {"BIGTIFF": "YES"})])
def test_a_tiff_cut_before_its_directory_is_cut_short(tmp_path: Path, kept: int, options: dict[str, str]) -> None:
    path = write_raster(tmp_path / "a.tif", texture(3, 300, 300), **options)
    with rasterio.open(path, "r+") as dataset:  # a directory that grows is written anew, at the end
        dataset.update_tags(words="x" * 5000)
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(RasterError) as met:
        open_raster(path)
    assert met.value.sentence == f"{path}: the file is cut short or damaged. Copy or download it again."


def test_a_tile_that_is_damaged_inside_is_worded_mid_read(tmp_path: Path) -> None:
    path = write_raster(tmp_path / "a.tif", texture(3, 600, 600), tiled=True, compress="deflate")
    content = bytearray(path.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 60_000] = np.random.default_rng(0).bytes(60_000)
    path.write_bytes(content)
    source = open_raster(path)
    reader = LatticeReader(source, Lattice.of(source, 10, 4, 100.0))
    assert reader.read(0, 0, 100, 100)[1].all()
    with pytest.raises(RasterError, match=r"a\.tif: it cannot be read \(.*may be damaged"):
        reader.read(0, 0, 600, 600)


def test_a_format_that_gdal_does_not_know_can_be_told_from_a_damaged_file(tmp_path: Path) -> None:
    for name in ("a.ecw", "b.sid", "grid"):
        (tmp_path / name).write_bytes(os.urandom(3000))
        with pytest.raises(UnsupportedRaster, match=r"does not know its format\. Export it as GeoTIFF"):
            open_raster(tmp_path / name)
    for name, content in (("c.tif", b"II*\0" + bytes(50)), ("d.tif", b"text"), ("e.png", b"text"), ("f.ecw", b"")):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(RasterError, match="it cannot be opened") as met:
            open_raster(tmp_path / name)
        assert type(met.value) is RasterError
    with pytest.raises(RasterError, match="No such file") as met:
        open_raster(tmp_path / "nowhere.ecw")
    assert type(met.value) is RasterError


def test_a_compression_that_gdal_does_not_know_is_such_a_format(tmp_path: Path) -> None:
    path = write_raster(tmp_path / "a.tif", texture(3, 20, 20))
    content = path.read_bytes()
    entry = bytes([3, 1, 3, 0, 1, 0, 0, 0])  # tag 259, compression, one short
    assert content.count(entry + b"\1\0") == 1
    path.write_bytes(content.replace(entry + b"\1\0", entry + (50_002).to_bytes(2, "little")))  # JPEG XL
    with pytest.raises(UnsupportedRaster, match="does not know its format"):
        open_raster(path)


def test_a_mosaic_whose_files_are_gone_is_worded(tmp_path: Path) -> None:
    path, _ = copy(tmp_path, "VRT", "b.vrt")
    (tmp_path / "first" / "a.tif").unlink()
    with pytest.raises(RasterError, match=r"b\.vrt: it cannot be read"):
        read_all(path)


def test_control_points_are_no_place(tmp_path: Path) -> None:
    points = [GroundControlPoint(row, col, col, -row) for row, col in ((0, 0), (0, 9), (9, 9), (9, 0))]
    options = {"driver": "GTiff", "count": 3, "height": 20, "width": 20, "dtype": "uint8"}
    with rasterio.open(tmp_path / "a.tif", "w", gcps=points, crs="EPSG:32632", **options) as dataset:
        dataset.write(texture(3, 20, 20))
    with pytest.raises(RasterError, match="control points only.*gdalwarp"):
        open_raster(tmp_path / "a.tif")


@pytest.mark.parametrize(
    ("file", "dtype", "roles", "indexes", "pixel_m", "epsg"),
    [
        ("scenes/neon_bart_rgb_10cm_2019.tif", "uint8", "rgb", (1, 2, 3), 0.1, 32619),
        ("scenes/s2rgb_manchester_2024.tif", "uint8", "rgb", (1, 2, 3), 7.72, 4326),
        ("scenes/zion_landsat8_b2345.tif", "uint16", "rgbn", (3, 2, 1, 4), 30.0, 32612),
        ("s2_london_camden_trees/scene.tif", "uint8", "rgb", (1, 2, 3), 10.0, 32630),
        ("naip_rgbn_60cm/images/bishop_2020_0.tif", "uint8", "rgb", (1, 2, 3), 0.6, 26911),
    ],
)
def test_real_scenes(
    file: str, dtype: str, roles: str, indexes: tuple[int, ...], pixel_m: float, epsg: int
) -> None:
    source = open_raster(shared(f"data/{file}"))
    assert (source.dtype, "".join(role[0] for role in source.roles), source.band_indexes) == (dtype, roles, indexes)
    assert source.pixel_size_m == pytest.approx(pixel_m, rel=0.002)
    assert rasterio.crs.CRS.from_wkt(source.crs_wkt).to_epsg() == epsg


@pytest.mark.parametrize("file", ["mongon_releves/dem.tif", "ecospat_w_alps/env.tif"])
def test_a_raster_of_terrain_is_no_image_and_says_what_it_holds(file: str) -> None:
    with pytest.raises(RasterError, match=r"nothing says which of its bands \((band 1|ddeg0, mind68.*topos25)\)"):
        open_raster(shared(f"data/{file}"))


def test_images_without_a_place_are_refused() -> None:
    with pytest.raises(RasterError, match=r"\.jpeg: it has no CRS"):
        open_raster(shared("data/glc23_s2_po_sample/rgb"))
