from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tests.small_rasters import KINDS, awkward, texture, write_raster

from botaclip.core import cells as module
from botaclip.core import encoders
from botaclip.core.cells import CellSource
from botaclip.core.errors import Cancelled, EncoderError
from botaclip.core.lattice import Lattice, PatchSpec
from botaclip.core.lattice_reader import LatticeReader
from botaclip.core.progress import Progress
from botaclip.core.rasters import open_raster

# Patches of 40 m at a metre a pixel: 4 cells; of 50 m: 5, so both kinds of node are met.
PATCHES = (40.0, 50.0)


def cells_of(path: Path, *, patch_m: float = 40.0) -> tuple[CellSource, PatchSpec]:
    source = open_raster(path)
    encoder = encoders.get("random-conv", bands=source.roles, value_range=(0.0, 255.0), threads=1)
    lattice = Lattice.of(source, encoder.stride_px, encoder.margin_px, patch_m)
    return CellSource(LatticeReader(source, lattice), encoder), lattice.patch(patch_m)


def cut_out(cells: CellSource, row: int, col: int, patch: PatchSpec) -> tuple[np.ndarray, float]:
    """Encode the patch by itself, in plain words of the definition."""
    encoder, half = cells.encoder, patch.cells // 2
    side = patch.cells * encoder.stride_px
    top, left = (row - half) * encoder.stride_px, (col - half) * encoder.stride_px
    m = encoder.margin_px
    pixels, valid = cells.reader.read(top - m, left - m, side + 2 * m, side + 2 * m)
    vectors = encoder.encode(pixels[None], valid[None])[0]
    chosen, share = [], 0.0
    for i in range(patch.cells):
        for j in range(patch.cells):
            square = valid[m + 10 * i : m + 10 * i + 10, m + 10 * j : m + 10 * j + 10]
            share += square.mean() / patch.cells**2
            if square.mean() >= 0.5:
                chosen.append(vectors[:, i, j].astype(float))
    if share < 0.75:
        return np.full(len(vectors), np.nan), share
    return np.mean(chosen, axis=0), share


@pytest.mark.parametrize("patch_m", PATCHES)
@pytest.mark.parametrize("kind", KINDS)
def test_training_map_and_click_see_the_same(tmp_path: Path, kind: str, patch_m: float) -> None:
    cells, patch = cells_of(awkward(tmp_path, kind), patch_m=patch_m)
    box = np.array(cells.reader.bounds_px()) // cells.encoder.stride_px
    random = np.random.default_rng(5)
    step, size = 2, 6
    row, col = int(box[0] + random.integers(3, 7)), int(box[1] + random.integers(3, 7))
    grid, grid_seen = cells.patch_grid(row, col, size, size, step, patch)
    down, across = (axis.ravel() for axis in np.mgrid[0:size, 0:size])
    rows, cols = row + step * down, col + step * across
    plots, plots_seen = cells.patches(rows, cols, patch)
    assert np.isfinite(plots).any()
    np.testing.assert_allclose(plots, grid.reshape(len(grid), -1).T, atol=1e-5)
    np.testing.assert_allclose(plots_seen, grid_seen.ravel(), atol=1e-6)
    for i in random.choice(len(rows), 5, replace=False):
        clicked, clicked_seen = cells.patches(rows[i : i + 1], cols[i : i + 1], patch)
        alone, alone_seen = cut_out(cells, rows[i], cols[i], patch)
        np.testing.assert_allclose(clicked[0], plots[i], atol=1e-5)
        np.testing.assert_allclose(alone, plots[i], atol=1e-5)
        assert clicked_seen[0] == pytest.approx(alone_seen, abs=1e-6)


def test_nodata_weighs_as_stated(tmp_path: Path) -> None:
    pixels = texture(3, 120, 120)
    pixels[:, :, 64:] = 255  # the cell of columns 60..69 is 40 % valid: not in the mean, but counted as seen
    cells, patch = cells_of(write_raster(tmp_path / "a.tif", pixels, nodata=255))
    rows, cols = np.array([4, 4, 4, 4, 4]), np.array([4, 5, 6, 3, 20])
    vectors, seen = cells.patches(rows, cols, patch)
    np.testing.assert_allclose(seen, [1.0, 0.85, 0.6, 1.0, 0.0], atol=1e-6)
    assert np.isfinite(vectors).all(axis=1).tolist() == [True, True, False, True, False]
    values, shares = cells.cells(2, 3, 4, 4)
    np.testing.assert_allclose(shares, [[1, 1, 1, 0.4]] * 4, atol=1e-6)
    np.testing.assert_allclose(vectors[1], values[:, :, :3].mean(axis=(1, 2)), atol=1e-5)
    grid, grid_seen = cells.patch_grid(4, 3, 1, 4, 1, patch)
    np.testing.assert_allclose(grid[:, 0, [1, 2, 3, 0]].T, vectors[:4], atol=1e-5)
    np.testing.assert_allclose(grid_seen[0, [1, 2, 3, 0]], seen[:4], atol=1e-6)


@pytest.mark.parametrize("patch_m", PATCHES)
def test_a_patch_depends_on_nothing_beyond_its_margin(tmp_path: Path, patch_m: float) -> None:
    """A pixel just inside the margin changes the vector; the next one out leaves every bit of it."""
    pixels = texture()
    cells, patch = cells_of(write_raster(tmp_path / "plain.tif", pixels), patch_m=patch_m)
    row, col = 12, 12
    plain, _ = cells.patches([row], [col], patch)
    first = (col - patch.cells // 2) * 10
    last = first + patch.cells * 10 - 1
    margin = cells.encoder.margin_px
    for place, changes in (
        (first - margin, True), (first - margin - 1, False), (last + margin, True), (last + margin + 1, False),
    ):  # fmt: skip
        changed = pixels.copy()
        changed[:, row * 10, place] ^= 127
        other, _ = cells_of(write_raster(tmp_path / f"{place}.tif", changed), patch_m=patch_m)
        assert np.array_equal(other.patches([row], [col], patch)[0], plain) != changes


def test_pieces_of_work_do_not_show(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cells, _ = cells_of(awkward(tmp_path, "own"))
    patch = PatchSpec(size_m=110, cells=11)
    rows, cols = np.array([8, 9, 14, 14]), np.array([8, 15, 9, 14])
    expected, seen = cells.patches(rows, cols, patch)
    dense, _ = cells.cells(-2, -1, 20, 20)
    for name, value in (("_WALK_CELLS", 4), ("_RUN_CELLS", 3), ("_GROUP_NODES", 5)):
        monkeypatch.setattr(module, name, value)
    again, seen_again = cells.patches(rows, cols, patch)
    np.testing.assert_allclose(again, expected, atol=1e-5)
    np.testing.assert_allclose(seen_again, seen, atol=1e-6)
    np.testing.assert_allclose(cells.cells(-2, -1, 20, 20)[0], dense, atol=2e-6)


def test_box_sums_are_sums_over_boxes() -> None:
    values = np.random.default_rng(0).normal(1e3, 1, (2, 17, 23)).astype("float32")
    sums = module._box_sums(values, 3, 5)
    assert sums.shape == (2, 5, 7)
    for i in range(5):
        for j in range(7):
            box = values[:, 3 * i : 3 * i + 5, 3 * j : 3 * j + 5].astype(float)
            np.testing.assert_allclose(sums[:, i, j], box.sum(axis=(1, 2)), rtol=1e-12)


def test_outside_the_raster_nothing_is_seen(tmp_path: Path) -> None:
    cells, patch = cells_of(awkward(tmp_path, "own"))
    vectors, seen = cells.patches([-(2**40), 500], [-(2**40), 3], patch)
    assert np.isnan(vectors).all()
    assert (seen == 0).all()
    grid, shares = cells.patch_grid(900, 900, 2, 3, 1, patch)
    assert grid.shape == (cells.encoder.dimension, 2, 3)
    assert np.isnan(grid).all()
    assert (shares == 0).all()
    empty, none = cells.patches(np.array([], dtype=int), np.array([], dtype=int), patch)
    assert empty.shape == (0, cells.encoder.dimension)
    assert none.shape == (0,)


def test_grids_for_maps_are_large_enough_and_bounded(tmp_path: Path) -> None:
    cells, _ = cells_of(awkward(tmp_path, "own"))
    for patch_cells in (1, 4, 10, 50, 300):
        patch = PatchSpec(size_m=1, cells=patch_cells)
        for step in (1, 5, 400):
            nodes = cells.block_nodes(step, patch)
            assert nodes >= 8
            if step == 1:
                assert nodes - 1 + patch_cells <= max(256, 2 * patch_cells)


def test_it_can_be_stopped(tmp_path: Path) -> None:
    cells, patch = cells_of(awkward(tmp_path, "own"))
    with pytest.raises(Cancelled):
        cells.patches([8], [8], patch, progress=Progress(cancelled=lambda: True))


def test_what_does_not_belong_together_is_refused(tmp_path: Path) -> None:
    cells, _ = cells_of(awkward(tmp_path, "own"))
    other = encoders.get("random-conv", bands=("red",), value_range=(0, 255))
    with pytest.raises(EncoderError, match="looks at red, the raster has red, green, blue"):
        CellSource(cells.reader, other)
    lattice = Lattice(cells.reader.lattice.crs_wkt, 0, 0, 1, 1, 16)
    with pytest.raises(EncoderError, match="cells of 10 pixels, the lattice of 16"):
        CellSource(LatticeReader(cells.reader.source, lattice), cells.encoder)
