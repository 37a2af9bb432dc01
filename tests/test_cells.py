from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from affine import Affine
from tests.small_rasters import KINDS, awkward, texture, write_raster

from botaclip.core import cells as module
from botaclip.core.cells import CellSource
from botaclip.core.encoders import opening
from botaclip.core.encoders.encoder import Encoder
from botaclip.core.environment_rasters import Environment, EnvironmentReader
from botaclip.core.errors import Cancelled, EncoderError
from botaclip.core.lattice import Lattice, PatchSpec
from botaclip.core.lattice_reader import LatticeReader
from botaclip.core.patch_rows import Grid
from botaclip.core.progress import Progress
from botaclip.core.rasters import open_raster

# Patches of 40 m at a metre a pixel: 4 cells; of 50 m: 5, so both kinds of node are met.
PATCHES = (40.0, 50.0)


def cells_of(path: Path, *, patch_m: float = 40.0) -> tuple[CellSource, PatchSpec]:
    source = open_raster(path)
    encoder = opening.get("random-conv", bands=source.roles, value_range=(0.0, 255.0), threads=1)
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


def test_it_can_be_stopped(tmp_path: Path) -> None:
    cells, patch = cells_of(awkward(tmp_path, "own"))
    with pytest.raises(Cancelled):
        cells.patches([8], [8], patch, progress=Progress(cancelled=lambda: True))


def test_what_does_not_belong_together_is_refused(tmp_path: Path) -> None:
    cells, _ = cells_of(awkward(tmp_path, "own"))
    other = opening.get("random-conv", bands=("red",), value_range=(0, 255))
    with pytest.raises(EncoderError, match="looks at red, the raster has red, green, blue"):
        CellSource(cells.reader, other)
    lattice = Lattice(cells.reader.lattice.crs_wkt, 0, 0, 1, 1, 16)
    with pytest.raises(EncoderError, match="cells of 10 pixels, the lattice of 16"):
        CellSource(LatticeReader(cells.reader.source, lattice), cells.encoder)


def with_environment(folder: Path, path: Path, *, patch_m: float = 40.0) -> tuple[CellSource, CellSource, PatchSpec]:
    """Return cells without and with two layers: elevation at 250 m over all, rain at 7 m over the western half."""
    cells, patch = cells_of(path, patch_m=patch_m)
    lattice = cells.reader.lattice
    top, left, bottom, right = (side * lattice.pixel for side in cells.reader.bounds_px())
    x, y = lattice.origin_x + left, lattice.origin_y - top
    size = 250.0
    rows, cols = np.mgrid[0:8, 0:8]
    write_raster(
        folder / "dem.tif", (1500.0 + 30 * cols - 20 * rows)[None].astype("float32"), crs=lattice.crs_wkt, colours=None,
        transform=Affine(size, 0, x - 3.5 * size, 0, -size, y + 3.5 * size),
    )  # fmt: skip
    fine = 7.0 / lattice.unit_m
    shape = (1, round((bottom - top) / fine) + 2, round((right - left) / 2 / fine))
    rain = np.random.default_rng(8).uniform(600, 900, shape).astype("float32")
    rain[0, 4:7, 5:8] = np.nan
    write_raster(folder / "rain.tif", rain, crs=lattice.crs_wkt, colours=None,
                 transform=Affine(fine, 0, x, 0, -fine, y))  # fmt: skip
    environment = EnvironmentReader(Environment.open([folder / "dem.tif", folder / "rain.tif"]), lattice)
    return cells, CellSource(cells.reader, cells.encoder, environment), patch


@pytest.mark.parametrize("patch_m", PATCHES)
@pytest.mark.parametrize("kind", ["own", "feet", "degrees", "tiles"])
def test_all_roads_carry_the_environment(tmp_path: Path, kind: str, patch_m: float) -> None:
    plain, cells, patch = with_environment(tmp_path / "env", awkward(tmp_path, kind), patch_m=patch_m)
    depth = plain.dimension
    assert depth == cells.encoder.dimension
    assert cells.dimension == depth + 2
    top, left, _, right = np.array(cells.reader.bounds_px()) // cells.encoder.stride_px
    row, col, height, width, step = top + 3, left + 3, 6, (right - left) // 2, 2
    grid, grid_seen = cells.patch_grid(row, col, height, width, step, patch)
    down, across = (axis.ravel() for axis in np.mgrid[0:height, 0:width])
    plots, plots_seen = cells.patches(row + step * down, col + step * across, patch)
    assert 0.2 < np.isfinite(plots).all(axis=1).mean() < 0.8
    np.testing.assert_allclose(plots, grid.reshape(depth + 2, -1).T, rtol=1e-6, atol=1e-5)
    np.testing.assert_allclose(plots_seen, grid_seen.ravel(), atol=1e-6)
    # In plain words: the mean of the cells that the image and all layers show.
    half = patch.cells // 2
    for i in range(0, len(plots), 5):
        window = (row + step * down[i] - half, col + step * across[i] - half, patch.cells, patch.cells)
        vectors, seen = plain.cells(*window)
        values, known = cells.environment.read(*window)  # type: ignore[union-attr]
        seen = seen * known
        assert plots_seen[i] == pytest.approx(seen.mean(), abs=1e-6)
        if seen.mean() < 0.75:
            assert np.isnan(plots[i]).all()
            continue
        expected = np.concatenate([vectors, values])[:, seen >= 0.5].astype(float).mean(axis=1)
        np.testing.assert_allclose(plots[i], expected, rtol=1e-6, atol=1e-5)


def test_the_image_is_the_same_with_and_without_environment(tmp_path: Path) -> None:
    plain, cells, patch = with_environment(tmp_path / "env", awkward(tmp_path, "own"))
    rows, cols = np.array([9, 10, 14]), np.array([4, 8, 10])
    np.testing.assert_array_equal(
        cells.patches(rows, cols, patch)[0][:, : plain.dimension], plain.patches(rows, cols, patch)[0]
    )


def test_a_ramp_has_its_own_value_at_the_centre_of_every_patch(tmp_path: Path) -> None:
    """250 m elevation under cells of 10 m: bilinear, so that the mean of a patch is the ramp at its node."""
    for patch_m in PATCHES:
        _, cells, patch = with_environment(tmp_path / "env", awkward(tmp_path, "own"), patch_m=patch_m)
        lattice = cells.reader.lattice
        rows, cols = np.array([4, 9, 15, 17]), np.array([3, 5, 10, 8])
        vectors, seen = cells.patches(rows, cols, patch)
        shown = np.isfinite(vectors).all(axis=1)
        assert shown[1:].all()
        nodes = lattice.node_xy(rows, cols, patch)
        expected = 1500 + 30 * ((nodes.x - 600_000) / 250 + 3) + 20 * ((nodes.y - 5_200_000) / 250 - 3)
        np.testing.assert_allclose(vectors[seen == 1.0, -2], expected[seen == 1.0], atol=2e-4)


def test_beyond_the_environment_nothing_is_seen(tmp_path: Path) -> None:
    _, cells, patch = with_environment(tmp_path / "env", awkward(tmp_path, "own"))
    vectors, seen = cells.patches([8, 8, 8], [9, 14, 20], patch)  # rain ends 133 m east: in column 13
    assert np.isfinite(vectors).all(axis=1).tolist() == [True, False, False]
    assert seen.tolist() == pytest.approx([1.0, 0.5, 0.0])
    grid, shares = cells.patch_grid(8, 20, 2, 2, 1, patch)
    assert np.isnan(grid).all()
    assert (shares == 0).all()


def test_an_environment_on_another_lattice_is_refused(tmp_path: Path) -> None:
    _, cells, _ = with_environment(tmp_path / "env", awkward(tmp_path, "own"))
    other = dataclasses.replace(cells.reader.lattice, origin_x=0.0)
    environment = EnvironmentReader(cells.environment.environment, other)  # type: ignore[union-attr]
    with pytest.raises(EncoderError, match="on another lattice than the image"):
        CellSource(cells.reader, cells.encoder, environment)


@pytest.mark.parametrize(
    ("stride", "margin", "side"),
    # The two that are built in, FLAIR's stages 1, 2 and 3, and margins that memory has the last word on.
    [(10, 4, 12), (10, 6, 12), (2, 16, 36), (4, 32, 36), (8, 96, 48), (8, 1000, 72), (32, 512, 24), (64, 0, 12)],
)
def test_a_run_is_about_four_margins_wide(stride: int, margin: int, side: int) -> None:
    assert module.run_cells(stride, margin) == side
    assert side * stride < module._RUN_PX + 12 * stride + 1


def test_wide_margins_make_wide_runs_of_the_same_cells(tmp_path: Path) -> None:
    """A margin of 60 px around cells of 10 px, of which the encoder uses 4 px: runs of 24 cells instead of 12."""
    plain, _ = cells_of(write_raster(tmp_path / "a.tif", texture(3, 500, 400)))
    wide = CellSource(plain.reader, WideMargin(plain.encoder, 60))  # type: ignore[arg-type]
    assert (plain.run_cells, wide.run_cells) == (12, 24)
    expected, seen = plain.cells(-1, 2, 44, 30)
    found, seen_too = wide.cells(-1, 2, 44, 30)
    np.testing.assert_allclose(found, expected, atol=2e-6)
    np.testing.assert_array_equal(seen_too, seen)
    assert wide.encoder.runs == [(24, 24), (24, 6), (20, 24), (20, 6)]  # type: ignore[attr-defined]
    for step, side in ((1, 6), (2, 6), (8, 8), (5, 7)):
        grid = Grid(2, 3, 30 // step, 24 // step, step, PatchSpec(10.0 * side, side))
        rows = [np.concatenate([part for _, part in source.patch_rows(grid)], axis=1) for source in (plain, wide)]
        np.testing.assert_allclose(rows[1], rows[0], atol=1e-5)


class WideMargin:
    """An encoder that is given more surroundings than it uses, and notes how large its runs are."""

    def __init__(self, encoder: Encoder, margin_px: int) -> None:
        self._encoder, self.margin_px = encoder, margin_px
        self.runs: list[tuple[int, int]] = []

    def __getattr__(self, name: str) -> object:
        return getattr(self._encoder, name)

    def encode(self, pixels: np.ndarray, valid: np.ndarray) -> np.ndarray:
        more = self.margin_px - self._encoder.margin_px
        inner = slice(more, -more)
        made = self._encoder.encode(pixels[:, :, inner, inner], valid[:, inner, inner])
        self.runs.append(made.shape[2:])
        return made
