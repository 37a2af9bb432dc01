from __future__ import annotations

import dataclasses
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from affine import Affine
from rasterio.enums import ColorInterp
from tests.conftest import shared
from tests.small_rasters import UTM, texture, write_raster, write_tiles

from botaclip.core import lattice_reader
from botaclip.core.environment_rasters import Environment, EnvironmentReader
from botaclip.core.errors import RasterError
from botaclip.core.lattice import Lattice
from botaclip.core.places import parse_crs, transformer
from botaclip.core.rasters import open_raster

UTM_WKT = parse_crs(UTM).to_wkt()
CELLS = Lattice(UTM_WKT, 600_000.0, 5_200_000.0, 1.0, 0.5, 10)  # cells of 5 m
EAST, NORTH = 600_000.0, 5_200_000.0


def ramp(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """A plane over EPSG:32632: metres above 500, about 0.1 a metre."""
    return 500 + 0.08 * (x - EAST) - 0.06 * (y - NORTH)


def plane(
    path: Path, pixel: float, *, east: float = -600, north: float = 600, side_m: float = 2400, crs: str = UTM,
    dtype: str = "float64", scale: float = 1.0, offset: float = 0.0, nodata: float | None = None, **options: Any,
) -> Path:  # fmt: skip
    """Write the ramp as a raster of its own: any CRS, pixel size and type."""
    if crs == UTM:
        t = Affine(pixel, 0, EAST + east, 0, -pixel, NORTH + north)
    else:
        x, y = transformer(UTM_WKT, crs).transform(EAST + east, NORTH + north)
        t = Affine(pixel, 0, x, 0, -pixel, y)
        side_m *= 1.5 / (111_000 if crs == "EPSG:4326" else 1)
    side = int(side_m / pixel)
    rows, cols = np.mgrid[0:side, 0:side] + 0.5
    x, y = transformer(crs, UTM_WKT).transform(t.a * cols + t.c, t.e * rows + t.f)
    values = (ramp(x, y) - offset) / scale
    values = values.round() if np.dtype(dtype).kind in "ui" else values
    write_raster(path, values[None].astype(dtype), crs=crs, transform=t, colours=None, nodata=nodata, **options)
    if (scale, offset) != (1.0, 0.0):
        with rasterio.open(path, "r+") as dataset:
            dataset.scales, dataset.offsets = (scale,), (offset,)
    return path


def at_cells(row: int, col: int, height: int, width: int) -> np.ndarray:
    rows, cols = np.mgrid[row : row + height, col : col + width] + 0.5
    return ramp(EAST + cols * 5.0, NORTH - rows * 5.0)


@pytest.mark.parametrize("pixel", [1.0, 2.5, 5.0, 10.0, 30.0, 250.0])
def test_a_ramp_is_read_back_exactly_whatever_its_pixels(tmp_path: Path, pixel: float) -> None:
    """Averages of whole pixels, the pixels themselves, or bilinear between them: on a plane all are the plane."""
    environment = Environment.open([plane(tmp_path / "dem.tif", pixel, side_m=1100 if pixel < 30 else 2400)])
    values, valid = EnvironmentReader(environment, CELLS).read(3, 5, 60, 70)
    assert (values.shape, values.dtype) == ((1, 60, 70), np.float32)
    assert valid.all()
    np.testing.assert_allclose(values[0], at_cells(3, 5, 60, 70), atol=1e-4)


@pytest.mark.parametrize(
    ("crs", "pixel", "tolerance"),
    [("EPSG:4326", 0.0003, 0.02), ("EPSG:3857", 30.0, 0.02), ("EPSG:3035", 25.0, 0.02), ("EPSG:32633", 100.0, 0.05)],
)
def test_any_crs(tmp_path: Path, crs: str, pixel: float, tolerance: float) -> None:
    """GDAL places a pixel to a hundredth of itself; the ramp is a tenth of a metre a metre."""
    path = plane(tmp_path / "dem.tif", pixel, crs=crs, side_m=3600, east=-900, north=900)
    values, valid = EnvironmentReader(Environment.open([path]), CELLS).read(3, 5, 60, 70)
    assert valid.all()
    np.testing.assert_allclose(values[0], at_cells(3, 5, 60, 70), atol=tolerance)


@pytest.mark.parametrize(
    ("dtype", "scale", "offset", "nodata"),
    [("int16", 0.1, 400.0, -32768), ("uint16", 0.01, -100.0, 65535), ("float32", 2.0, 0.0, None),
     ("uint8", 4.0, 0.0, None), ("int32", 0.001, 0.0, -9999)],
)  # fmt: skip
def test_scale_offset_and_type(tmp_path: Path, dtype: str, scale: float, offset: float, nodata: float | None) -> None:
    path = plane(tmp_path / "dem.tif", 5.0, dtype=dtype, scale=scale, offset=offset, nodata=nodata)
    environment = Environment.open([path])
    assert (environment.layers[0].scale, environment.layers[0].offset) == (scale, offset)
    values, valid = EnvironmentReader(environment, CELLS).read(3, 5, 60, 70)
    assert valid.all()
    np.testing.assert_allclose(values[0], at_cells(3, 5, 60, 70), atol=scale / 2 + 1e-4)


def test_layers_keep_their_order_and_any_missing_value_hides_the_cell(tmp_path: Path) -> None:
    first = plane(tmp_path / "dem.tif", 5.0, nodata=-9999.0)
    with rasterio.open(first, "r+") as dataset:  # cells 0..3, 0..1 are nodata
        dataset.write(np.full((1, 4, 2), -9999.0), window=((120, 124), (120, 122)))
    second = write_raster(
        tmp_path / "rain.tif", np.full((1, 20, 20), 700, dtype="int16"), colours=None,
        transform=Affine(50, 0, EAST, 0, -50, NORTH + 900),
    )  # fmt: skip
    reader = EnvironmentReader(Environment.open([second, first]), CELLS)
    assert reader.environment.names == ("rain", "dem")
    values, valid = reader.read(0, 0, 25, 10)
    assert not valid[:4, :2].any()
    assert valid[4:20].all()
    assert not valid[20:].any()  # rain ends 100 m south of the corner
    assert (values[:, ~valid] == 0).all()
    assert (values[0][valid] == 700).all()
    np.testing.assert_allclose(values[1][valid], at_cells(0, 0, 25, 10)[valid], atol=1e-4)
    assert reader.environment.describe() == "2 environment layers (rain, dem), pixels of 5 to 50 m"


def test_names_of_layers_are_unlike(tmp_path: Path) -> None:
    several = write_raster(
        tmp_path / "climate.tif", texture(4, 20, 20, dtype="float32"), descriptions=["bio1", "", "bio12", ""],
        colours=None, photometric="minisblack",
    )  # fmt: skip
    others = [plane(tmp_path / folder / "dem.tif", 50.0) for folder in ("a", "b")]
    environment = Environment.open([others[0], several, others[1]])
    assert environment.names == ("dem", "climate:bio1", "climate:2", "climate:bio12", "climate:4", "dem (2)")
    assert [layer.band for layer in environment.layers] == [1, 1, 2, 3, 4, 1]
    assert environment.layers[3].to_json() == {
        "name": "climate:bio12", "file": "climate.tif", "band": 3, "path": str(several),
    }  # fmt: skip
    chosen = environment.select(["climate:4", "dem"])
    assert [(layer.name, layer.band) for layer in chosen.layers] == [("climate:4", 4), ("dem", 1)]
    with pytest.raises(RasterError, match=r"lack rain, wind; they hold dem, climate:bio1"):
        environment.select(["dem", "rain", "wind"])


def test_bands_are_read_from_their_own_band(tmp_path: Path) -> None:
    pixels = np.arange(1, 4, dtype="float32")[:, None, None] * np.ones((3, 40, 40), dtype="float32")
    pixels[1, :, 20:] = np.nan
    corner = Affine(5, 0, EAST, 0, -5, NORTH)
    path = write_raster(tmp_path / "a.tif", pixels, colours=None, transform=corner, photometric="minisblack")
    environment = Environment.open([path])
    values, valid = EnvironmentReader(environment, CELLS).read(0, 0, 40, 40)
    assert values[:, 5, 5].tolist() == [1.0, 2.0, 3.0]
    assert valid[:, :20].all()
    assert not valid[:, 20:].any()
    # A layer's value depends on no other layer: the third alone has no gap.
    alone, there = EnvironmentReader(environment.select(["a:3"]), CELLS).read(0, 0, 40, 40)
    assert there.all()
    assert (alone == 3.0).all()


def test_transparency_is_a_mask_and_no_layer(tmp_path: Path) -> None:
    pixels = np.full((2, 40, 40), 9, dtype="uint8")
    pixels[1, :10] = 0
    path = write_raster(
        tmp_path / "a.tif", pixels, colours=(ColorInterp.gray, ColorInterp.alpha),
        transform=Affine(5, 0, EAST, 0, -5, NORTH),
    )  # fmt: skip
    environment = Environment.open([path])
    assert environment.names == ("a",)
    _, valid = EnvironmentReader(environment, CELLS).read(0, 0, 40, 40)
    assert valid.sum(axis=1).tolist() == [0] * 10 + [40] * 30


def test_a_folder_of_tiles_is_a_layer(tmp_path: Path) -> None:
    whole = plane(tmp_path / "whole.tif", 10.0)
    with rasterio.open(whole) as dataset:
        pixels, corner = dataset.read(), dataset.transform
    write_tiles(tmp_path / "dem", pixels, rows=[70, 130], cols=[66], transform=corner, colours=None)
    environment = Environment.open([tmp_path / "dem"])
    assert environment.names == ("dem",)
    values, valid = EnvironmentReader(environment, CELLS).read(3, 5, 60, 70)
    assert valid.all()
    np.testing.assert_allclose(values[0], at_cells(3, 5, 60, 70), atol=1e-4)
    write_raster(tmp_path / "dem" / "z_odd.tif", pixels.astype("int16"), colours=None, transform=corner)
    with pytest.raises(RasterError, match=r"z_odd\.tif: its CRS .* are not those of"):
        Environment.open([tmp_path / "dem"])


def test_what_is_no_environment_is_refused(tmp_path: Path) -> None:
    dem = plane(tmp_path / "dem.tif", 50.0)
    with pytest.raises(RasterError, match="it is named twice"):
        Environment.open([dem, str(dem)])
    with pytest.raises(RasterError, match=r"a\.tif: it has no CRS"):
        Environment.open([dem, write_raster(tmp_path / "a.tif", texture(1, 20, 20), crs=None, colours=None)])
    with pytest.raises(RasterError, match=r"b\.tif: its pixels are complex64"):
        Environment.open([write_raster(tmp_path / "b.tif", texture(1, 9, 9).astype("complex64"), colours=None)])
    with pytest.raises(RasterError, match="nowhere"):
        Environment.open([tmp_path / "nowhere.tif"])
    classes = write_raster(tmp_path / "c.tif", texture(1, 20, 20), colours=None)
    with rasterio.open(classes, "r+") as dataset:
        dataset.write_colormap(1, {1: (0, 99, 0, 255)})
    with pytest.raises(RasterError, match=r"c\.tif: its values are classes .*one raster per class"):
        Environment.open([classes])


def test_a_raster_of_another_place_is_told(tmp_path: Path) -> None:
    image = open_raster(write_raster(tmp_path / "image.tif", texture()))
    near, far = plane(tmp_path / "near.tif", 50.0), plane(tmp_path / "far.tif", 50.0, east=900_000)
    lonely = plane(tmp_path / "degrees.tif", 0.001, east=90_000, crs="EPSG:4326")
    environment = Environment.open([near, far, lonely])
    assert environment.beyond(image) == ("far", "degrees")
    environment.select(["near"]).check_meets([image])
    with pytest.raises(RasterError, match=r"far\.tif: the environment raster far does not touch the image at all"):
        environment.check_meets([image])
    # It is enough that one of the scenes is covered.
    there = open_raster(write_raster(tmp_path / "there.tif", texture(), transform=Affine(1, 0, 1.5e6, 0, -1, NORTH)))
    environment.select(["far", "near"]).check_meets([image, there])


def test_a_map_of_the_world_is_read_anywhere(tmp_path: Path) -> None:
    """Its edges have no place in the lattice's CRS; what lies under the cells has."""
    rows, cols = np.mgrid[0:180, 0:360] + 0.5
    lon, lat = cols - 180, 90 - rows
    world = write_raster(
        tmp_path / "world.tif", (2 * lat + lon)[None].astype("float32"), crs="EPSG:4326", colours=None,
        transform=Affine(1, 0, -180, 0, -1, 90),
    )  # fmt: skip
    environment = Environment.open([world])
    for crs, east, north in (
        (UTM, 600_000.0, 5_200_000.0), ("EPSG:2154", 700_000.0, 6_600_000.0),
        ("EPSG:5041", 2_000_000.0, 1_000_000.0), ("EPSG:32733", 400_000.0, 6_300_000.0),
    ):  # fmt: skip
        lattice = Lattice(parse_crs(crs).to_wkt(), east, north, 1.0, 1.0, 10)
        values, valid = EnvironmentReader(environment, lattice).read(-3, 300, 6, 6)
        assert valid.all(), crs
        x, y = east + (300 + np.arange(6) + 0.5) * 10, north - (np.arange(6) - 3 + 0.5) * 10
        here = transformer(crs, "EPSG:4326").transform(*np.meshgrid(x, y))
        np.testing.assert_allclose(values[0], 2 * here[1] + here[0], atol=0.03)


def test_identity_follows_files_names_and_scales(tmp_path: Path) -> None:
    one, other = plane(tmp_path / "one.tif", 50.0), plane(tmp_path / "other.tif", 50.0)
    identity = Environment.open([one, other]).identity
    assert Environment.open([one, other]).identity == identity
    assert Environment.open([other, one]).identity != identity
    assert Environment.open([one]).identity != identity
    changed = dataclasses.replace(Environment.open([one]).layers[0], scale=2.0)
    assert Environment((changed,)).identity != Environment.open([one]).identity


def test_cells_are_the_same_in_every_window_and_thread(tmp_path: Path) -> None:
    environment = Environment.open(
        [plane(tmp_path / "a.tif", 3.0), plane(tmp_path / "b.tif", 0.0004, crs="EPSG:4326", side_m=3600)]
    )
    reader = EnvironmentReader(environment, CELLS)
    whole, valid = EnvironmentReader(environment, CELLS).read(-40, -40, 180, 180)
    with ThreadPoolExecutor(4) as pool:
        parts = list(pool.map(lambda i: (i, reader.read(-40 + 5 * i, -30 + 3 * i, 40, 50)), range(20)))
    for i, (values, there) in parts:
        part = (slice(5 * i, 5 * i + 40), slice(10 + 3 * i, 60 + 3 * i))
        np.testing.assert_array_equal(values, whole[(slice(None), *part)])
        np.testing.assert_array_equal(there, valid[part])


def test_only_what_lies_under_the_window_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = plane(tmp_path / "dem.tif", 2.0, side_m=2400)
    sizes: list[int] = []
    plain_read = lattice_reader._TileGrid.read
    monkeypatch.setattr(
        lattice_reader._TileGrid, "read",
        lambda grid, *window: sizes.append(window[2] * window[3]) or plain_read(grid, *window),
    )  # fmt: skip
    coarse = dataclasses.replace(CELLS, pixel_m=2.0)  # cells of 20 m, 10 x 10 pixels of the raster
    monkeypatch.setattr(lattice_reader, "_MOST_SOURCE_PX", 256)
    values, valid = EnvironmentReader(Environment.open([path]), coarse).read(0, 0, 20, 20)
    assert valid.all()
    assert max(sizes) <= (160 + 2 * lattice_reader._PAD_PX + 2) ** 2
    assert values[0, 0, 0] == pytest.approx(ramp(EAST + 10, NORTH - 10), abs=1e-4)


def test_real_terrain_under_cells_of_five_metres() -> None:
    """90 m of elevation in UTM 17S, and four bands with NaN: read in place, between the values around them."""
    environment = Environment.open([shared("data/mongon_releves/dem.tif"), shared("data/mongon_releves/ep.tif")])
    assert environment.names == ("dem", "ep:dem", "ep:ndvi", "ep:carea", "ep:cslope")
    layer = environment.layers[0].source
    left, _, _, top = layer.bounds
    lattice = Lattice(layer.crs_wkt, left + 1500, top - 1500, 1.0, 0.5, 10)
    values, valid = EnvironmentReader(environment, lattice).read(0, 0, 60, 60)
    assert valid.all()
    np.testing.assert_allclose(values[0], values[1], atol=0.6)
    with rasterio.open(layer.tiles[0].path) as dataset:
        col, row = (~dataset.transform) * (left + 1502.5, top - 1502.5)
        near = dataset.read(1)[int(row) - 1 : int(row) + 2, int(col) - 1 : int(col) + 2]
    assert near.min() <= values[0, 0, 0] <= near.max()
