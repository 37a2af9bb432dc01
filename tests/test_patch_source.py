"""Patches that are looked at as a whole: every road gives the vector of the patch by itself, bit for bit."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from affine import Affine
from tests.small_rasters import awkward, texture, write_raster
from tests.window_encoders import DEPTH, RGB, exact_encoder

from botaclip.core import patch_source
from botaclip.core.environment_rasters import Environment, EnvironmentReader
from botaclip.core.errors import Cancelled, EncoderError
from botaclip.core.lattice import Lattice, PatchSpec
from botaclip.core.lattice_reader import LatticeReader
from botaclip.core.patch_rows import Grid
from botaclip.core.patch_source import PatchSource, _spans
from botaclip.core.progress import Progress
from botaclip.core.rasters import open_raster


def source_of(path: Path, *, patch_m: float = 30.0) -> tuple[PatchSource, PatchSpec]:
    raster = open_raster(path)
    lattice = Lattice.for_window(raster, patch_m)
    encoder = exact_encoder().with_stride(lattice.stride_px)
    return PatchSource(LatticeReader(raster, lattice), encoder), lattice.patch(patch_m)


def by_itself(source: PatchSource, row: int, col: int, patch: PatchSpec) -> tuple[np.ndarray, float]:
    """Return a patch's vector and share in plain words of the definition."""
    stride, half = source.encoder.stride_px, patch.cells // 2
    side = patch.cells * stride
    pixels, valid = source.reader.read((row - half) * stride, (col - half) * stride, side, side)
    if valid.mean() < 0.75:
        return np.full(DEPTH, np.nan), valid.mean()
    return source.encoder.encode(pixels[None], valid[None])[0], valid.mean()


def whole(source: PatchSource, grid: Grid, **options: object) -> np.ndarray:
    vectors = np.full((source.dimension, grid.height, grid.width), np.nan, np.float32)
    for first, rows in source.patch_rows(grid, **options):  # type: ignore[arg-type]
        vectors[:, first : first + rows.shape[1]] = rows
    return vectors


def holed(folder: Path) -> Path:
    pixels = texture(height=150, width=140)
    pixels[:, 40:85, 50:100] = 0
    pixels[:, np.random.default_rng(1).random((150, 140)) < 0.03] = 0
    return write_raster(folder / "holed.tif", pixels, nodata=0)


# 30 m are 10 cells of 3 m, 27 m are 9.
@pytest.mark.parametrize("patch_m", [30.0, 27.0])
@pytest.mark.parametrize("kind", ["own", "feet", "rotated", "tiles"])
def test_training_map_and_click_see_the_same(tmp_path: Path, kind: str, patch_m: float) -> None:
    source, patch = source_of(awkward(tmp_path, kind), patch_m=patch_m)
    stride = source.encoder.stride_px
    top, left, bottom, right = (side // stride for side in source.reader.bounds_px())
    step, height, width = 3, 7, 6
    row, col = (top + bottom) // 2 - 10, (left + right) // 2 - 9
    down, across = (axis.ravel() for axis in np.mgrid[0:height, 0:width])
    rows, cols = row + step * down, col + step * across
    plots, seen = source.patches(rows, cols, patch)
    assert np.isfinite(plots).all(axis=1).sum() > 10
    grid, shares = source.patch_grid(row, col, height, width, step, patch)
    np.testing.assert_array_equal(grid.reshape(DEPTH, -1).T, plots)
    np.testing.assert_array_equal(shares.ravel(), seen)
    np.testing.assert_array_equal(whole(source, Grid(row, col, height, width, step, patch)), grid)
    for i in range(0, len(rows), 5):
        clicked, share = source.patches(rows[i : i + 1], cols[i : i + 1], patch)
        vector, alone = by_itself(source, rows[i], cols[i], patch)
        np.testing.assert_array_equal(clicked[0], plots[i])
        np.testing.assert_array_equal(vector, plots[i])
        assert share[0] == seen[i] == pytest.approx(alone, abs=1e-6)


@pytest.mark.parametrize("step", [1, 4, 13])
def test_rows_of_a_holed_raster(tmp_path: Path, step: int, monkeypatch: pytest.MonkeyPatch) -> None:
    source, patch = source_of(holed(tmp_path))
    grid = Grid(-2, 1, 40 // step, 37 // step, step, patch)
    expected, seen = source.patch_grid(grid.row, grid.col, grid.height, grid.width, step, patch)
    assert 0.1 < np.isfinite(expected[0]).mean() < 0.95
    np.testing.assert_array_equal(np.isfinite(expected[0]), seen >= 0.75)
    np.testing.assert_array_equal(whole(source, grid), expected)
    monkeypatch.setattr(patch_source, "_MOST_PX", 40 * 40)  # read in pieces, some of a single patch
    with ThreadPoolExecutor(1) as ahead:
        np.testing.assert_array_equal(whole(source, grid, ahead=ahead), expected)


def test_invalid_pixels_enter_as_the_centre(tmp_path: Path) -> None:
    """Their value in the file does not count, only that they are not valid."""
    first, second = (np.full((3, 90, 90), 120, np.uint8) for _ in range(2))
    first[:, 30:40, 30:35] = 0
    second[:, 30:40, 30:35] = 77
    black, patch = source_of(write_raster(tmp_path / "black.tif", first, nodata=0))
    other, _ = source_of(write_raster(tmp_path / "other.tif", second, nodata=77))
    seen = black.patches([12], [12], patch)[0]
    np.testing.assert_array_equal(seen, other.patches([12], [12], patch)[0])
    # The encoder's centres, as pixel values: what 0 after normalisation stands for.
    filled = first.astype("float32")
    filled[:, 30:40, 30:35] = np.array([0.4, 0.5, 0.3])[:, None, None] * 255
    third, _ = source_of(write_raster(tmp_path / "filled.tif", filled))
    np.testing.assert_allclose(third.patches([12], [12], patch)[0], seen, atol=1e-5)


def test_the_environment_joins(tmp_path: Path) -> None:
    path = holed(tmp_path)
    plain, patch = source_of(path)
    lattice = plain.reader.lattice
    rows, cols = np.mgrid[0:60, 0:60]
    values = np.stack([100.0 + cols, 5.0 * rows]).astype("float32")
    values[0, :, 20:] = np.nan
    for number, name in enumerate(("rain", "dem")):
        write_raster(tmp_path / f"{name}.tif", values[number : number + 1], colours=None,
                     transform=Affine(3.0, 0, lattice.origin_x, 0, -3.0, lattice.origin_y))  # fmt: skip
    environment = EnvironmentReader(Environment.open([tmp_path / "rain.tif", tmp_path / "dem.tif"]), lattice)
    source = PatchSource(plain.reader, plain.encoder, environment)
    assert source.dimension == DEPTH + 2
    # The patches' ten columns begin at 2, 10, 12, 13, 15; values end before 20.
    row, col = np.array([7, 7, 7, 7, 7]), np.array([7, 15, 17, 18, 20])
    vectors, seen = source.patches(row, col, patch)
    alone, shares = plain.patches(row, col, patch)
    np.testing.assert_array_equal(np.isfinite(vectors).all(axis=1), seen >= 0.75)
    assert (seen >= 0.75).tolist() == [True, True, True, False, False]
    np.testing.assert_array_equal(vectors[:3, :DEPTH], alone[:3])
    assert shares[3] > 0.75
    for i in range(5):
        counts = source.reader.read(6, 3 * int(col[i]) - 15, 30, 30)[1].reshape(10, 3, 10, 3).mean(axis=(1, 3))
        read, known = environment.read(2, int(col[i]) - 5, 10, 10)
        assert seen[i] == pytest.approx((counts * known).mean(), abs=1e-6)
        if seen[i] >= 0.75:
            counted = known & (counts >= 0.5)
            np.testing.assert_allclose(vectors[i, DEPTH:], read[:, counted].mean(axis=1), rtol=1e-6)
    grid = Grid(2, 5, 12, 14, 1, patch)
    np.testing.assert_array_equal(whole(source, grid), source.patch_grid(2, 5, 12, 14, 1, patch)[0])


def test_patches_beside_each_other_are_read_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source, patch = source_of(awkward(tmp_path, "own"))
    reads: list[int] = []
    read = source.reader.read
    monkeypatch.setattr(source.reader, "read", lambda *window: reads.append(window[2] * window[3]) or read(*window))
    row, col = (axis.ravel() + 20 for axis in np.mgrid[0:10, 0:10])
    source.patches(row, col, patch)
    assert reads == [(19 * 3) ** 2]
    reads.clear()
    list(source.patch_rows(Grid(20, 20, 24, 10, 1, patch)))
    assert len(reads) == 3 and sum(reads) == (20 + 20 + 11) * 3 * 19 * 3
    reads.clear()
    source.patches([10, 60], [10, 60], patch)
    assert reads == [30 * 30] * 2


def test_batches_where_the_device_likes_them(tmp_path: Path) -> None:
    source, patch = source_of(holed(tmp_path))
    expected = source.patch_grid(3, 3, 9, 9, 2, patch)[0]
    source.encoder._batches.size = 7  # type: ignore[attr-defined]
    calls: list[int] = []
    found = whole(source, Grid(3, 3, 9, 9, 2, patch), check=lambda: calls.append(1))
    np.testing.assert_allclose(found, expected, atol=1e-6)
    assert len(calls) < np.isfinite(expected[0]).sum() / 3


def test_every_patch_can_be_the_last(tmp_path: Path) -> None:
    source, patch = source_of(awkward(tmp_path, "own"))
    calls: list[int] = []

    def cancelled() -> bool:
        calls.append(1)
        return len(calls) == 8

    row, col = (axis.ravel() + 20 for axis in np.mgrid[0:6, 0:6])
    with pytest.raises(Cancelled):
        source.patches(row, col, patch, progress=Progress(cancelled=cancelled))
    assert len(calls) == 8
    done: list[int] = []

    def check() -> None:
        done.append(1)
        if len(done) == 5:
            raise Cancelled

    with ThreadPoolExecutor(1) as ahead, pytest.raises(Cancelled):
        whole(source, Grid(20, 20, 16, 16, 1, patch), ahead=ahead, check=check)
    assert len(done) == 5


def test_outside_the_raster_nothing_is_seen(tmp_path: Path) -> None:
    source, patch = source_of(awkward(tmp_path, "own"))
    vectors, seen = source.patches([-(2**40), 500], [-(2**40), 3], patch)
    assert np.isnan(vectors).all() and (seen == 0).all()
    assert list(source.patch_rows(Grid(900, 900, 5, 5, 1, patch))) == []
    none, shares = source.patches(np.array([], dtype=int), np.array([], dtype=int), patch)
    assert none.shape == (0, DEPTH) and shares.shape == (0,)


def test_what_does_not_belong_together_is_refused(tmp_path: Path) -> None:
    source, _ = source_of(awkward(tmp_path, "own"))
    with pytest.raises(EncoderError, match="toy-exact has cells of 7 pixels, the lattice of 3"):
        PatchSource(source.reader, exact_encoder().with_stride(7))
    with pytest.raises(EncoderError, match="looks at red, green, the raster has red, green, blue"):
        PatchSource(source.reader, exact_encoder(RGB[:2]).with_stride(3))


@pytest.mark.parametrize("most", [1, 10, 14, 25])
def test_spans_hold_all_nodes_once(most: int) -> None:
    nodes = [-7, -3, 0, 1, 2, 10, 11, 40]
    spans = _spans(nodes, 6, most)
    assert [node for first, last in spans for node in nodes[first:last]] == nodes
    assert all(last - first == 1 or nodes[last - 1] - nodes[first] + 6 <= most for first, last in spans)
    assert _spans([], 6, most) == []


def test_blocks_are_small_and_cost_what_they_hold(tmp_path: Path) -> None:
    source, patch = source_of(awkward(tmp_path, "own"))
    assert source.block_nodes(3, patch) == (8, 16)
    assert source.cost(16, 12, 3, patch) == 192
    assert source.tried_nodes == 3
