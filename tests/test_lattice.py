from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
from affine import Affine
from hypothesis import given
from hypothesis import strategies as st
from tests.small_rasters import UTM_CORNER, awkward, texture, write_raster

from botaclip.core.errors import RasterError
from botaclip.core.lattice import Lattice, PatchSpec, has_own_lattice, window_stride
from botaclip.core.lattice_reader import LatticeReader
from botaclip.core.places import Points, parse_crs
from botaclip.core.rasters import RasterSource, open_raster

FEET = Lattice(
    crs_wkt=parse_crs("EPSG:2263").to_wkt(), origin_x=913_174.999, origin_y=272_844.101, unit_m=1200 / 3937,
    pixel_m=0.5 * 1200 / 3937, stride_px=10,
)  # fmt: skip
METRES = Lattice(
    crs_wkt=parse_crs("EPSG:32632").to_wkt(), origin_x=600_000.1, origin_y=9_200_000.7, unit_m=1.0,
    pixel_m=0.2, stride_px=10,
)  # fmt: skip


def lattice_of(path: Path, *, patch_m: float = 100.0, margin_px: int = 4) -> Lattice:
    return Lattice.of(open_raster(path), 10, margin_px, patch_m)


def test_a_projected_raster_keeps_its_crs_pixels_and_corner(tmp_path: Path) -> None:
    lattice = lattice_of(awkward(tmp_path, "own"))
    assert parse_crs(lattice.crs_wkt).to_epsg() == 32632
    assert (lattice.origin_x, lattice.origin_y) == (600_000.0, 5_200_000.0)
    assert (lattice.pixel_m, lattice.stride_px, lattice.factor, lattice.unit_m) == (1.0, 10, 1, 1.0)
    assert lattice.describe() == "cells of 10 m (10 pixels of 1 m) in EPSG:32632 (WGS 84 / UTM zone 32N)"


def test_feet_become_metres_and_pixels_stay(tmp_path: Path) -> None:
    lattice = lattice_of(awkward(tmp_path, "feet"))
    assert parse_crs(lattice.crs_wkt).to_epsg() == 2263
    assert lattice.unit_m == pytest.approx(1200 / 3937, rel=1e-12)
    assert lattice.cell_m == pytest.approx(30 * 1200 / 3937, rel=1e-12)
    assert lattice.pixel == pytest.approx(3.0, rel=1e-15)


@pytest.mark.parametrize(
    ("kind", "epsg", "pixel_m"),
    [
        ("degrees", 32632, 1.01),  # 1.5 * 1.0018 * cos(46.9 deg) m east by 0.9987 m north: root of 1.0267 * 0.9987
        ("mercator", 32632, 1.02),  # 1.5 * cos(46.94 deg) = 1.0242, ellipsoid 1.0018 east and 0.9985 north
        ("rotated", 32632, 1.0),
    ],
)
def test_other_rasters_get_the_utm_zone_of_their_centre(tmp_path: Path, kind: str, epsg: int, pixel_m: float) -> None:
    source = open_raster(awkward(tmp_path, kind))
    lattice = Lattice.of(source, 10, 4, 100.0)
    assert not has_own_lattice(source) or kind == "rotated"
    assert parse_crs(lattice.crs_wkt).to_epsg() == epsg
    assert lattice.pixel_m == pixel_m
    corner = Points(x=source.tiles[0].corners[0][:1], y=source.tiles[0].corners[1][:1], crs=source.crs_wkt)
    there = corner.to(lattice.crs_wkt)
    assert (lattice.origin_x, lattice.origin_y) == pytest.approx((there.x[0], there.y[0]))


def test_the_zone_is_of_the_rasters_own_datum(tmp_path: Path) -> None:
    corner = Affine(1e-5, 0, -122.0, 0, -1e-5, 37.0)
    path = write_raster(tmp_path / "a.tif", texture(3, 20, 20), crs="EPSG:4269", transform=corner)
    assert parse_crs(lattice_of(path, patch_m=500).crs_wkt).to_epsg() == 26910  # NAD83 / UTM 10N


@pytest.mark.parametrize(("latitude", "epsg"), [(-33.0, 32733), (86.0, 5041), (-86.0, 5042)])
def test_south_and_poles(tmp_path: Path, latitude: float, epsg: int) -> None:
    corner = Affine(1e-5, 0, 17.0, 0, -1e-5, latitude)
    path = write_raster(tmp_path / "a.tif", texture(3, 20, 20), crs="EPSG:4326", transform=corner)
    assert parse_crs(lattice_of(path, patch_m=500).crs_wkt).to_epsg() == epsg


def test_south_up_is_not_rotated(tmp_path: Path) -> None:
    lattice = lattice_of(awkward(tmp_path, "south-up"))
    assert parse_crs(lattice.crs_wkt).to_epsg() == 32632
    assert (lattice.origin_x, lattice.origin_y) == (600_000.0, 5_200_000.0)


def test_pixels_longer_than_wide_become_square(tmp_path: Path) -> None:
    path = write_raster(tmp_path / "a.tif", texture(3, 40, 40), transform=Affine(1, 0, 600_000, 0, -2, 5_200_000))
    assert lattice_of(path).pixel_m == 1.41


@pytest.mark.parametrize(
    ("pixel", "patch_m", "margin_px", "factor", "cells"),
    [
        (1.0, 100.0, 4, 1, 10),
        (2.5, 100.0, 4, 1, 4),
        (2.6, 100.0, 4, 2, 7),
        (10.0, 100.0, 4, 4, 4),  # Sentinel-2
        (1.0, 40.0, 20, 2, 8),  # the field, 50 px, is wider than the patch at 1 m
        (0.2, 100.0, 4, 1, 50),
    ],
)
def test_a_patch_has_at_least_4_by_4_cells_and_the_width_of_the_field(
    tmp_path: Path, pixel: float, patch_m: float, margin_px: int, factor: int, cells: int
) -> None:
    corner = Affine(pixel, 0, 600_000, 0, -pixel, 5_200_000)
    lattice = lattice_of(write_raster(tmp_path / "a.tif", texture(3, 20, 20), transform=corner),
                         patch_m=patch_m, margin_px=margin_px)  # fmt: skip
    assert lattice.factor == factor
    assert lattice.pixel_m == pytest.approx(pixel / factor)
    assert lattice.patch(patch_m).cells == cells
    assert ("times finer" in lattice.describe()) == (factor > 1)


def test_a_patch_smaller_than_sense_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RasterError, match=r"a patch of 0\.5 m is too small for pixels of 1 m"):
        lattice_of(awkward(tmp_path, "own"), patch_m=0.5)


@given(
    lattice=st.sampled_from([FEET, METRES]), cells=st.integers(1, 51),
    x=st.floats(-2e6, 2e6), y=st.floats(-2e6, 2e6),
)  # fmt: skip
def test_the_node_of_a_place_is_within_half_a_cell(lattice: Lattice, cells: int, x: float, y: float) -> None:
    patch = PatchSpec(size_m=0, cells=cells)
    place = Points(x=np.array([lattice.origin_x + x]), y=np.array([lattice.origin_y + y]), crs=lattice.crs_wkt)
    row, col, offset = lattice.node_of(place, patch)
    node = lattice.node_xy(row, col, patch)
    half = lattice.cell * (0.5 + 2e-6)
    assert abs(node.x[0] - place.x[0]) <= half
    assert abs(node.y[0] - place.y[0]) <= half
    gap = np.hypot(node.x - place.x, node.y - place.y)[0] * lattice.unit_m
    assert offset[0] == pytest.approx(gap, abs=1e-6)


@given(
    lattice=st.sampled_from([FEET, METRES]), cells=st.integers(1, 51),
    row=st.integers(-(10**6), 10**6), col=st.integers(-(10**6), 10**6),
)  # fmt: skip
def test_a_node_is_its_own_node(lattice: Lattice, cells: int, row: int, col: int) -> None:
    patch = PatchSpec(size_m=0, cells=cells)
    back = lattice.node_of(lattice.node_xy(row, col, patch), patch)
    assert (back[0][0], back[1][0]) == (row, col)
    assert back[2][0] < 1e-4


@given(noise=st.floats(-1e-9, 1e-9), cells=st.integers(1, 4), row=st.integers(-9, 9), col=st.integers(-9, 9))
def test_half_way_goes_south_east_whatever_the_last_digits(noise: float, cells: int, row: int, col: int) -> None:
    patch = PatchSpec(size_m=0, cells=cells)
    node = METRES.node_xy(row, col, patch)
    between = Points(x=node.x + METRES.cell / 2 + noise, y=node.y - METRES.cell / 2 + noise, crs=METRES.crs_wkt)
    back = METRES.node_of(between, patch)
    assert (back[0][0], back[1][0]) == (row + 1, col + 1)


def test_odd_patches_are_centred_on_cells_even_ones_on_corners() -> None:
    lattice = Lattice(METRES.crs_wkt, 0.0, 0.0, 1.0, 1.0, 10)
    odd, even = PatchSpec(50, 5), PatchSpec(40, 4)
    assert (lattice.node_xy(0, 0, odd).x[0], lattice.node_xy(0, 0, odd).y[0]) == (5.0, -5.0)
    assert (lattice.node_xy(2, 3, even).x[0], lattice.node_xy(2, 3, even).y[0]) == (30.0, -20.0)
    assert lattice.node_transform(2, 3, 2, even) * (0.5, 0.5) == (30.0, -20.0)
    assert lattice.node_transform(2, 3, 2, even) * (1.5, 2.5) == (50.0, -60.0)


def test_a_place_that_does_not_exist_has_no_offset() -> None:
    lost = Points(x=np.array([np.nan, 600_000.1]), y=np.array([0.0, 9_200_000.7]), crs=METRES.crs_wkt)
    row, col, offset = METRES.node_of(lost, PatchSpec(8, 4))
    assert np.isnan(offset[0])
    assert min(row[0], col[0]) < -(10**9)
    assert (row[1], col[1], offset[1]) == (0, 0, 0.0)


def test_places_in_another_crs_are_moved() -> None:
    patch = PatchSpec(100, 10)
    node = METRES.node_xy(40_000, 7, patch)
    row, col, offset = METRES.node_of(node.to("EPSG:4326"), patch)
    assert (row[0], col[0]) == (40_000, 7)
    assert offset[0] < 1e-4


def test_the_stride_is_a_whole_number_of_cells() -> None:
    patch = METRES.patch(100)
    assert patch.cells == 50
    assert METRES.step_of(None, patch) == 5
    assert METRES.step_of(0.1, patch) == 1
    assert METRES.step_of(11.0, patch) == 6  # cells of 2 m: 5.5, half to even
    assert METRES.step_of(30.0, patch) == 15


def test_it_survives_json() -> None:
    assert Lattice.from_json(json.loads(json.dumps(FEET.to_json()))) == FEET


@pytest.mark.parametrize(
    "change",
    [{"pixel_m": 0}, {"stride_px": "x"}, {"unit_m": float("nan")}, {"crs_wkt": "nonsense"}, {"origin_x": None}],
)
def test_a_broken_stored_lattice_is_refused(change: dict) -> None:
    with pytest.raises(RasterError):
        Lattice.from_json({**METRES.to_json(), **change})
    stored = METRES.to_json()
    stored.pop("origin_y")
    with pytest.raises(RasterError, match="origin_y"):
        Lattice.from_json(stored)


def test_another_raster_is_seen_on_the_models_lattice_or_on_its_own_far_away(tmp_path: Path) -> None:
    model = Lattice(METRES.crs_wkt, 600_000.0, 5_200_000.0, 1.0, 2.5, 10, factor=4)
    assert model.for_source(open_raster(awkward(tmp_path, "degrees"))) == model
    far = write_raster(tmp_path / "far.tif", texture(3, 20, 20), crs="EPSG:32635", transform=UTM_CORNER)
    own = model.for_source(open_raster(far))
    assert parse_crs(own.crs_wkt).to_epsg() == 32635
    assert (own.pixel_m, own.stride_px, own.factor) == (2.5, 10, 4)


MODEL = Lattice(METRES.crs_wkt, 600_000.0, 5_200_000.0, 1.0, 1.0, 10)


def raster(tmp_path: Path, name: str, transform: Affine, **options: object) -> RasterSource:
    return open_raster(write_raster(tmp_path / name, texture(3, 50, 60), transform=transform, **options))


def test_a_clip_or_tile_of_the_training_raster_keeps_its_cells(tmp_path: Path) -> None:
    """The clip starts in the middle of a cell: its own corner would make other cells."""
    clip = raster(tmp_path, "clip.tif", UTM_CORNER * Affine.translation(37, -1203))
    assert MODEL.for_source(clip) == MODEL
    assert MODEL.for_source(open_raster(awkward(tmp_path, "own"))) == MODEL
    assert MODEL.for_source(open_raster(awkward(tmp_path, "tiles"))) == MODEL
    assert MODEL.for_source(open_raster(awkward(tmp_path, "south-up"))) == MODEL
    nearly = raster(tmp_path, "nearly.tif", UTM_CORNER * Affine.translation(4.04, 7.96))
    assert MODEL.for_source(nearly) == MODEL


@pytest.mark.parametrize(
    ("epsg", "corner", "pixel"),
    [
        (32632, (600_900.3, 5_203_000.6), 1.0),  # the same CRS, a shifted grid
        (32633, (400_000.0, 5_200_000.0), 1.0),  # another zone
        (32733, (400_000.0, 5_200_000.0), 1.0),
        (2263, (984_000.0, 210_000.0), 1.0 / (1200 / 3937)),  # a metre in feet
    ],
)
def test_what_can_be_read_as_it_is_gets_its_own_corner(
    tmp_path: Path, epsg: int, corner: tuple[float, float], pixel: float
) -> None:
    source = raster(tmp_path, "a.tif", Affine(pixel, 0, corner[0], 0, -pixel, corner[1]), crs=f"EPSG:{epsg}")
    lattice = MODEL.for_source(source)
    assert parse_crs(lattice.crs_wkt).to_epsg() == epsg
    assert (lattice.origin_x, lattice.origin_y) == corner
    assert (lattice.pixel_m, lattice.stride_px, lattice.cell_m) == (1.0, 10, 10.0)
    assert LatticeReader(source, lattice).plain


def test_what_has_to_be_resampled_anyway_is_seen_on_the_models_lattice(tmp_path: Path) -> None:
    for name, transform, crs in [
        ("finer.tif", Affine(0.5, 0, 600_900.3, 0, -0.5, 5_203_000.6), "EPSG:32632"),
        ("coarser.tif", Affine(3, 0, 600_900.3, 0, -3, 5_203_000.6), "EPSG:32632"),
        ("long.tif", Affine(1, 0, 600_900.3, 0, -1.2, 5_203_000.6), "EPSG:32632"),
        ("rotated.tif", UTM_CORNER * Affine.rotation(20), "EPSG:32632"),
        ("degrees.tif", Affine(1e-5, 0, 10.31, 0, -1e-5, 46.9), "EPSG:4326"),
        ("next.tif", Affine(0.5, 0, 400_000, 0, -0.5, 5_200_000), "EPSG:32633"),
    ]:
        assert MODEL.for_source(raster(tmp_path, name, transform, crs=crs)) == MODEL, name


def test_tiles_on_different_grids_have_to_be_resampled(tmp_path: Path) -> None:
    raster(tmp_path / "t", "a.tif", UTM_CORNER * Affine.translation(0.5, 0))
    raster(tmp_path / "t", "b.tif", UTM_CORNER * Affine.translation(60.8, 0))
    assert MODEL.for_source(open_raster(tmp_path / "t")) == MODEL


def test_a_model_on_finer_pixels_takes_a_raster_of_its_own_pixel_as_it_is(tmp_path: Path) -> None:
    """Made four times finer from 4 m in training; a raster of 1 m needs nothing made finer."""
    model = Lattice(METRES.crs_wkt, 600_000.0, 5_200_000.0, 1.0, 1.0, 10, factor=4)
    coarse = raster(tmp_path, "a.tif", Affine(4, 0, 600_000, 0, -4, 5_200_000))
    assert model.for_source(coarse) == model
    fine = raster(tmp_path, "b.tif", Affine(1, 0, 600_000.5, 0, -1, 5_200_000))
    assert model.for_source(fine).factor == 1
    assert LatticeReader(fine, model.for_source(fine)).plain


def test_a_long_raster_that_drifts_off_the_grid_is_not_on_it(tmp_path: Path) -> None:
    """A pixel of 1.002 m is the model's nearly everywhere else; over 60 pixels the grids part by 0.12 pixels."""
    source = raster(tmp_path, "a.tif", Affine(1.002, 0, 600_000, 0, -1.002, 5_200_000))
    assert MODEL.for_source(source) == MODEL
    assert not LatticeReader(source, MODEL).plain
    source = raster(tmp_path, "b.tif", Affine(1.0002, 0, 600_000, 0, -1.0002, 5_200_000))
    assert LatticeReader(source, MODEL.for_source(source)).plain


@pytest.mark.parametrize(
    ("patch_px", "stride", "cells"),
    [
        (3, 1, 3), (8, 1, 8), (11.9, 1, 11), (12, 1, 12), (15.5, 1, 15), (16, 2, 8), (17, 2, 8), (22, 2, 11),
        (30, 3, 10), (40, 4, 10), (50, 5, 10), (53, 5, 10), (55, 5, 11), (100, 10, 10), (224, 28, 8), (512, 64, 8),
        (10_000, 512, 19),
    ],
)
def test_the_stride_of_patches_that_are_looked_at_as_a_whole(patch_px: float, stride: int, cells: int) -> None:
    assert window_stride(patch_px) == stride
    assert math.floor(patch_px / stride) == cells


@pytest.mark.parametrize("patch_px", [16.0, 23.7, 61.3, 99.0, 250.0, 1234.5])
def test_no_other_stride_covers_more_of_the_patch(patch_px: float) -> None:
    def covered(stride: int) -> int:
        return math.floor(patch_px / stride) * stride

    allowed = [stride for stride in range(1, 400) if patch_px / 12 <= stride <= patch_px / 8]
    chosen = window_stride(patch_px)
    assert chosen in allowed
    assert covered(chosen) == max(map(covered, allowed))
    assert all(covered(stride) < covered(chosen) for stride in allowed if stride < chosen)


@pytest.mark.parametrize(
    ("patch_m", "finer", "stride", "factor", "cells"),
    [(30.0, 1, 3, 1, 10), (30.0, 2, 5, 2, 12), (5.0, 1, 1, 1, 5), (2.0, 1, 1, 2, 4), (1.0, 1, 1, 4, 4)],
)
def test_a_lattice_for_whole_patches(
    tmp_path: Path, patch_m: float, finer: int, stride: int, factor: int, cells: int
) -> None:
    source = open_raster(awkward(tmp_path, "own"))
    lattice = Lattice.for_window(source, patch_m, finer=finer)
    assert (lattice.stride_px, lattice.factor, lattice.pixel_m) == (stride, factor, 1 / factor)
    assert lattice.patch(patch_m).cells == cells
    assert Lattice.of(source, 10, 4, 100.0, finer=finer).factor == finer
    with pytest.raises(RasterError, match=r"a patch of 0.05 m is too small for pixels of 1 m"):
        Lattice.for_window(source, 0.05)
