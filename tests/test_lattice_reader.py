from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from affine import Affine
from rasterio.enums import ColorInterp
from tests.small_rasters import KINDS, RGB, UTM_CORNER, awkward, texture, write_raster, write_tiles

from botaclip.core import lattice_reader as module
from botaclip.core.errors import RasterError
from botaclip.core.lattice import Lattice
from botaclip.core.lattice_reader import LatticeReader
from botaclip.core.places import parse_crs, transformer
from botaclip.core.rasters import open_raster

UTM_WKT = parse_crs("EPSG:32632").to_wkt()


def reader_of(path: Path, *, patch_m: float = 100.0) -> LatticeReader:
    source = open_raster(path)
    return LatticeReader(source, Lattice.of(source, 10, 4, patch_m))


def test_the_rasters_own_grid_is_read_as_it_is(tmp_path: Path) -> None:
    pixels = texture()
    with reader_of(write_raster(tmp_path / "a.tif", pixels)) as reader:
        assert reader.plain
        assert reader.bounds_px() == (0, 0, 240, 260)
        values, valid = reader.read(20, 30, 50, 60)
        assert values.dtype == np.float32
        np.testing.assert_array_equal(values, pixels[:, 20:70, 30:90])
        assert valid.all()
        values, valid = reader.read(-7, 250, 20, 30)
        np.testing.assert_array_equal(values[:, 7:, :10], pixels[:, :13, 250:])
        assert valid[7:, :10].all()
        assert valid.sum() == 130
        assert (values[:, ~valid] == 0).all()
        assert not reader.read(5000, 5000, 10, 10)[1].any()


@pytest.mark.parametrize("kind", KINDS)
def test_a_pixel_is_the_same_in_every_window(tmp_path: Path, kind: str) -> None:
    reader = reader_of(awkward(tmp_path, kind))
    top, left, bottom, right = reader.bounds_px()
    whole, valid = reader.read(top, left, bottom - top, right - left)
    assert valid.mean() > 0.4
    again = LatticeReader(reader.source, reader.lattice)
    random = np.random.default_rng(1)
    for _ in range(6):
        row, col = int(random.integers(top, bottom - 30)), int(random.integers(left, right - 30))
        values, present = again.read(row, col, 30, 23)
        part = (slice(row - top, row - top + 30), slice(col - left, col - left + 23))
        np.testing.assert_array_equal(values, whole[(slice(None), *part)])
        np.testing.assert_array_equal(present, valid[part])


@pytest.mark.parametrize("kind", ["own", "degrees"])
def test_tiles_adjoin_without_a_seam(tmp_path: Path, kind: str) -> None:
    one = reader_of(awkward(tmp_path, kind))
    many = reader_of(awkward(tmp_path, "tiles" if kind == "own" else "degree tiles"))
    assert one.lattice == many.lattice
    assert one.bounds_px() == many.bounds_px()
    top, left, bottom, right = one.bounds_px()
    for mine, theirs in zip(
        one.read(top, left, bottom - top, right - left), many.read(top, left, bottom - top, right - left), strict=True
    ):
        np.testing.assert_array_equal(mine, theirs)


def test_south_up_is_turned_over_without_resampling(tmp_path: Path) -> None:
    reader, usual = reader_of(awkward(tmp_path, "south-up")), reader_of(awkward(tmp_path, "own"))
    assert reader.plain
    assert reader.lattice == usual.lattice
    for window in ((0, 0, 240, 260), (-5, 200, 90, 90), (233, 7, 1, 1)):
        for got, expected in zip(reader.read(*window), usual.read(*window), strict=True):
            np.testing.assert_array_equal(got, expected)


def test_south_up_with_other_pixels_is_turned_over_too(tmp_path: Path) -> None:
    source = open_raster(awkward(tmp_path, "south-up"))
    lattice = Lattice(UTM_WKT, 600_000.0, 5_200_000.0, 1.0, 2.0, 10)
    values, valid = LatticeReader(source, lattice).read(0, 0, 120, 130)
    assert valid.all()
    np.testing.assert_allclose(values, texture().reshape(3, 120, 2, 130, 2).mean(axis=(2, 4)), atol=0.01)


@pytest.mark.parametrize("kind", ["degrees", "mercator", "rotated"])
def test_a_warped_pixel_holds_what_lies_under_its_centre(tmp_path: Path, kind: str) -> None:
    reader = reader_of(awkward(tmp_path, kind))
    tile = reader.source.tiles[0]
    # A plane in the raster's own pixels: bilinear resampling must return it exactly.
    rows, cols = np.mgrid[0 : tile.height, 0 : tile.width].astype("float32")
    plane = np.stack([rows + 1, cols + 1, rows + cols + 1])
    write_raster(Path(tile.path), plane, crs=reader.source.crs_wkt, transform=tile.transform)
    reader = reader_of(Path(tile.path))
    values, valid = reader.read(40, 60, 90, 80)
    assert valid.mean() > 0.5
    down, across = np.nonzero(valid)
    x, y = reader.lattice.pixel_transform(40, 60) * (across + 0.5, down + 0.5)
    x, y = transformer(reader.lattice.crs_wkt, reader.source.crs_wkt).transform(x, y)
    col, row = ~tile.transform * (x, y)
    inside = (row > 1) & (row < tile.height - 1) & (col > 1) & (col < tile.width - 1)
    got = values[:, down, across][:, inside]
    np.testing.assert_allclose(got[0], row[inside] + 0.5, atol=0.02)
    np.testing.assert_allclose(got[1], col[inside] + 0.5, atol=0.02)


def ground(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """A smooth picture of the ground at EPSG:32632 coordinates, (3, ...), with waves of 100 m and more."""
    waves = [np.sin(2 * np.pi * (x * c + y * s) / 120.0) for c, s in ((1, 0), (0, 1), (0.6, 0.8))]
    return np.stack([100 + 40 * wave for wave in waves]).astype("float32")


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "feet"])  # that one lies elsewhere
def test_values_at_places_are_those_of_the_north_up_raster(tmp_path: Path, kind: str) -> None:
    """However a raster lies, a lattice pixel holds what is on the ground under its centre."""
    path = awkward(tmp_path, kind)
    here = open_raster(path).crs_wkt
    for tile in open_raster(path).tiles:
        rows, cols = np.mgrid[0 : tile.height, 0 : tile.width] + 0.5
        t = tile.transform
        x, y = t.a * cols + t.b * rows + t.c, t.d * cols + t.e * rows + t.f
        x, y = transformer(here, UTM_WKT).transform(x, y)
        write_raster(Path(tile.path), ground(x, y), crs=here, transform=t)
    reader = reader_of(path)
    top, left, bottom, right = reader.bounds_px()
    values, valid = reader.read(top, left, bottom - top, right - left)
    rows, cols = np.mgrid[top:bottom, left:right] + 0.5
    pixel = reader.lattice.pixel
    x, y = reader.lattice.origin_x + cols * pixel, reader.lattice.origin_y - rows * pixel
    inner = valid.copy()
    for shift in (-1, 1):  # half a pixel at the border has no neighbour to lean on
        inner &= np.roll(valid, shift, 0) & np.roll(valid, shift, 1)
    inner[[0, -1]] = inner[:, [0, -1]] = False
    assert inner.sum() > 30_000
    expected = ground(*transformer(reader.lattice.crs_wkt, UTM_WKT).transform(x, y))
    # The curve between two pixels of a wave of 120 m and 40 high: at most 40 / 8 * (2 pi / 120)^2 * 1.5^2, both ways.
    assert np.abs(values - expected)[:, inner].max() < 0.08


def test_coarse_pixels_over_a_fine_raster_are_read_in_small_pieces(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What one piece needs of the raster stays below a side, whatever the ratio, and the values are the same."""
    pixels = texture(height=400, width=400, dtype="uint16")
    source = open_raster(write_raster(tmp_path / "a.tif", pixels))
    lattice = Lattice(UTM_WKT, 600_000.0, 5_200_000.0, 1.0, 20.0, 10)
    usual = LatticeReader(source, lattice).read(-2, -1, 24, 24)
    monkeypatch.setattr(module, "_MOST_SOURCE_PX", 100)
    sides = []
    plain_read = module._TileGrid.read
    monkeypatch.setattr(
        module._TileGrid, "read", lambda grid, *window: sides.append(max(window[2:])) or plain_read(grid, *window)
    )
    values, valid = LatticeReader(source, lattice).read(-2, -1, 24, 24)
    assert 80 <= max(sides) <= 100 + 2 * module._PAD_PX
    np.testing.assert_array_equal(valid, usual[1])
    np.testing.assert_allclose(values, usual[0], atol=1e-3)
    np.testing.assert_allclose(
        values[:, 2:22, 1:21], pixels.reshape(3, 20, 20, 20, 20).mean(axis=(2, 4)), atol=1e-2
    )


def test_many_tiles_each_on_its_own_grid(tmp_path: Path) -> None:
    for i in range(25):
        east, south = 30.2 * (i % 5), 30.2 * (i // 5)
        corner = UTM_CORNER * Affine.translation(east, south)
        write_raster(tmp_path / "t" / f"{i:02}.tif", np.full((3, 30, 30), i + 1, dtype="uint8"), transform=corner)
    write_raster(tmp_path / "t" / "z.tif", np.full((3, 9, 9), 99, dtype="uint8"), transform=corner)
    reader = reader_of(tmp_path / "t")
    assert len(reader._warped) == 24  # the first is the lattice's, the last lies on the 25th's
    values, valid = reader.read(0, 0, 150, 150)
    for i in range(25):
        row, col = 30 * (i // 5) + 15, 30 * (i % 5) + 15
        assert valid[row, col]
        assert values[0, row, col] == i + 1


@pytest.mark.parametrize("kind", ["own", "degrees"])
def test_nodata_is_not_seen_and_does_not_bleed(tmp_path: Path, kind: str) -> None:
    pixels = np.full((3, 120, 120), 100, dtype="uint8")
    pixels[:, 40:80, 30:90] = 255
    degrees = 1 / 111_320
    place = {"crs": "EPSG:4326", "transform": Affine(1.5 * degrees, 0, 10.31, 0, -degrees, 46.9)}
    place = {} if kind == "own" else place
    reader = reader_of(write_raster(tmp_path / "a.tif", pixels, nodata=255, **place))
    top, left, bottom, right = reader.bounds_px()
    values, valid = reader.read(top, left, bottom - top, right - left)
    assert set(np.unique(values.round(3)).tolist()) == {0.0, 100.0}
    seen_m2 = valid.sum() * reader.lattice.pixel_m**2
    assert seen_m2 / reader.source.pixel_size_m**2 == pytest.approx(120 * 120 - 40 * 60, rel=0.03)


@pytest.mark.parametrize("mask", ["alpha", "band"])
def test_alpha_and_mask_bands_count(tmp_path: Path, mask: str) -> None:
    pixels = texture(4 if mask == "alpha" else 3, 60, 60)
    path = tmp_path / "a.tif"
    if mask == "alpha":
        pixels[3] = 255
        pixels[3, 10:20] = 0
        write_raster(path, pixels, colours=(*RGB, ColorInterp.alpha))
    else:
        import rasterio

        write_raster(path, pixels)
        shown = np.full((60, 60), 255, dtype="uint8")
        shown[10:20] = 0
        with rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True), rasterio.open(path, "r+") as dataset:
            dataset.write_mask(shown)
    values, valid = reader_of(path).read(0, 0, 60, 60)
    assert np.flatnonzero(~valid.all(axis=1)).tolist() == list(range(10, 20))
    np.testing.assert_array_equal(values[:, 20:], pixels[:3, 20:])


def test_coarser_pixels_are_the_average_of_what_they_cover(tmp_path: Path) -> None:
    pixels = texture(dtype="uint16") * 7
    source = open_raster(write_raster(tmp_path / "a.tif", pixels))
    lattice = Lattice(UTM_WKT, 600_000.0, 5_200_000.0, 1.0, 4.0, 10)
    values, valid = LatticeReader(source, lattice).read(0, 0, 60, 65)
    assert valid.all()
    np.testing.assert_allclose(values, pixels.reshape(3, 60, 4, 65, 4).mean(axis=(2, 4)), atol=0.02)


def test_where_tiles_overlap_the_first_valid_pixel_counts(tmp_path: Path) -> None:
    first, second = np.full((3, 20, 20), 10, dtype="uint8"), np.full((3, 20, 20), 20, dtype="uint8")
    first[:, 5:10, 15:] = 0
    write_raster(tmp_path / "t" / "a.tif", first, nodata=0)
    write_raster(tmp_path / "t" / "b.tif", second, nodata=0, transform=UTM_CORNER * Affine.translation(10, 0))
    values, valid = reader_of(tmp_path / "t").read(0, 0, 20, 30)
    assert valid.all()
    assert (values[0, :, :15] == 10).all()
    assert (values[0, 5:10, 15:20] == 20).all()
    assert (values[0, 10:, 15:20] == 10).all()
    assert (values[0, :, 20:] == 20).all()


def test_a_tile_half_a_pixel_off_is_resampled_beside_the_others(tmp_path: Path) -> None:
    write_raster(tmp_path / "t" / "a.tif", np.full((3, 40, 40), 10, dtype="uint8"))
    shifted = UTM_CORNER * Affine.translation(40.5, 0.5)
    write_raster(tmp_path / "t" / "b.tif", np.full((3, 40, 40), 20, dtype="uint8"), transform=shifted)
    reader = reader_of(tmp_path / "t")
    assert not reader.plain
    assert reader.bounds_px() == (0, 0, 41, 81)
    values, valid = reader.read(0, 0, 40, 80)
    assert (values[0, :, :40] == 10).all()
    assert (values[0][1:, 41:] == 20).all()
    assert valid[1:, 41:].all()


def test_threads_read_the_same(tmp_path: Path) -> None:
    folder = write_tiles(tmp_path / "t", texture(), rows=[60, 120, 180], cols=[65, 130, 195])
    reader = reader_of(folder)
    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(lambda i: reader.read(10 * i, 5, 100, 200)[0], range(12)))
    for i, values in enumerate(results):
        np.testing.assert_array_equal(values, LatticeReader(reader.source, reader.lattice).read(10 * i, 5, 100, 200)[0])


def test_a_file_that_vanished_is_worded(tmp_path: Path) -> None:
    path = awkward(tmp_path, "own")
    reader = reader_of(path)
    path.unlink()
    with pytest.raises(RasterError, match=r"own\.tif: it cannot be read"):
        reader.read(0, 0, 10, 10)
