"""The road of maps through the lattice function says what the plain one says."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from tests.small_rasters import awkward, texture, write_raster

from botaclip.core.cells import CellSource
from botaclip.core.encoders import opening
from botaclip.core.errors import Cancelled
from botaclip.core.lattice import Lattice, PatchSpec
from botaclip.core.lattice_reader import LatticeReader
from botaclip.core.patch_rows import Grid, patch_rows, widest
from botaclip.core.rasters import open_raster


def cells_of(raster: Path) -> CellSource:
    source = open_raster(raster)
    encoder = opening.get("random-conv", bands=source.roles, value_range=(0.0, 255.0))
    lattice = Lattice.of(source, encoder.stride_px, encoder.margin_px, 60.0)
    return CellSource(LatticeReader(source, lattice), encoder)


def whole(cells: CellSource, grid: Grid, **options: object) -> np.ndarray:
    """Return all rows (D, h, w), NaN where none came."""
    vectors = np.full((cells.dimension, grid.height, grid.width), np.nan, np.float32)
    for first, rows in patch_rows(cells, grid, **options):  # type: ignore[arg-type]
        vectors[:, first : first + rows.shape[1]] = rows
    return vectors


@pytest.fixture(scope="module")
def holed(tmp_path_factory: pytest.TempPathFactory) -> CellSource:
    """A raster with a large hole, a small one and single dead pixels."""
    pixels = texture(height=600, width=500)
    pixels[:, 100:330, 150:380] = 0
    pixels[:, 400:407, 80:95] = 0
    pixels[:, np.random.default_rng(1).random((600, 500)) < 0.02] = 0
    return cells_of(write_raster(tmp_path_factory.mktemp("holed") / "r.tif", pixels, nodata=0))


@pytest.mark.parametrize(
    ("step", "side"), [(1, 6), (1, 5), (2, 6), (3, 6), (3, 7), (4, 6), (5, 5), (6, 6), (7, 3), (12, 12), (13, 4)]
)
def test_rows_are_those_of_the_grid(holed: CellSource, step: int, side: int) -> None:
    patch = PatchSpec(10.0 * side, side)
    grid = Grid(-2 * step, -step, 70 // step, 60 // step, step, patch)  # begins outside, ends outside
    expected, _ = holed.patch_grid(grid.row, grid.col, grid.height, grid.width, step, patch)
    found = whole(holed, grid)
    seen = np.isfinite(expected[0])
    assert 0.03 < seen.mean() < 0.9
    np.testing.assert_array_equal(np.isfinite(found[0]), seen)
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_reading_ahead_changes_nothing(holed: CellSource) -> None:
    grid = Grid(0, 0, 40, 30, 1, PatchSpec(60.0, 6))
    with ThreadPoolExecutor(1) as ahead:
        np.testing.assert_array_equal(whole(holed, grid, ahead=ahead), whole(holed, grid))


def test_a_warped_raster(tmp_path: Path) -> None:
    cells = cells_of(awkward(tmp_path, "rotated"))
    top, left, bottom, right = (value // 10 for value in cells.reader.bounds_px())
    grid = Grid(top, left, bottom - top, right - left, 1, PatchSpec(40.0, 4))
    expected, _ = cells.patch_grid(grid.row, grid.col, grid.height, grid.width, 1, grid.patch)
    assert np.isfinite(expected).any()
    np.testing.assert_allclose(whole(cells, grid), expected, atol=1e-5)


def test_nothing_comes_of_nothing(holed: CellSource) -> None:
    assert list(patch_rows(holed, Grid(1000, 1000, 30, 30, 1, PatchSpec(60.0, 6)))) == []


def test_it_stops_when_asked(holed: CellSource) -> None:
    calls = []

    def check() -> None:
        calls.append(1)
        if len(calls) == 2:
            raise Cancelled

    with ThreadPoolExecutor(1) as ahead, pytest.raises(Cancelled):
        whole(holed, Grid(0, 0, 40, 30, 1, PatchSpec(60.0, 6)), ahead=ahead, check=check)
    assert len(calls) == 2


@pytest.mark.parametrize(("step", "side", "plain"), [(1, 20, True), (2, 20, False), (5, 50, True), (50, 500, True)])
def test_a_strip_is_not_wider_than_memory_allows(step: int, side: int, plain: bool) -> None:
    nodes = widest(step, PatchSpec(1.0, side), plain=plain)
    assert nodes >= 8
    assert (nodes - 1) * step + side <= max(1024 if plain else 256, 2 * side)


def test_higher_strips_are_narrower() -> None:
    """So that as many cells are held at a time, whatever the encoder's runs are."""
    patch = PatchSpec(1.0, 16)
    assert [widest(8, patch, stride_px=8, strip_cells=cells) + 15 for cells in (12, 36, 48)] == [1024, 341, 256]
    assert widest(8, patch, stride_px=8, dimension=1024, strip_cells=48) + 15 == 128
