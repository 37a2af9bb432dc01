"""A token has one value, however it is read, and its window is computed once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from affine import Affine
from tests.small_rasters import awkward, texture, write_raster
from tests.window_encoders import DEPTH, DROP_TOKENS, TOKEN_PX, WINDOW_TOKENS, token_encoder

from botaclip.core import token_source
from botaclip.core.encoders.onnx_session import OnnxEncoder
from botaclip.core.environment_rasters import Environment, EnvironmentReader
from botaclip.core.errors import Cancelled, EncoderError
from botaclip.core.lattice import Lattice, PatchSpec
from botaclip.core.lattice_reader import LatticeReader
from botaclip.core.patch_rows import Grid
from botaclip.core.progress import Progress
from botaclip.core.rasters import open_raster
from botaclip.core.token_source import TokenSource

PATCH_M = 22.0  # 5 tokens of 4 m
KEPT = WINDOW_TOKENS - 2 * DROP_TOKENS


def source_of(path: Path, *, patch_m: float = PATCH_M) -> tuple[TokenSource, PatchSpec]:
    raster = open_raster(path)
    lattice = Lattice.of(raster, TOKEN_PX, 0, patch_m)
    return TokenSource(LatticeReader(raster, lattice), token_encoder()), lattice.patch(patch_m)


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many windows each run of the encoder took."""
    calls: list[int] = []
    encode = OnnxEncoder.encode

    def counting(encoder: OnnxEncoder, pixels: np.ndarray, valid: np.ndarray) -> np.ndarray:
        calls.append(len(pixels))
        return encode(encoder, pixels, valid)

    monkeypatch.setattr(OnnxEncoder, "encode", counting)
    return calls


@pytest.fixture
def forgetful(monkeypatch: pytest.MonkeyPatch) -> None:
    """Windows are not kept."""
    monkeypatch.setattr(TokenSource, "_take", lambda self, i, j: None)


def plain_cell(source: TokenSource, row: int, col: int) -> np.ndarray:
    """One token by itself, in plain words of the definition."""
    i, j = row // KEPT, col // KEPT
    top, left = ((number * KEPT - DROP_TOKENS) * TOKEN_PX for number in (i, j))
    pixels, valid = source.reader.read(top, left, WINDOW_TOKENS * TOKEN_PX, WINDOW_TOKENS * TOKEN_PX)
    return source.encoder.encode(pixels[None], valid[None])[0][:, row - i * KEPT, col - j * KEPT]


def holed(folder: Path) -> Path:
    pixels = texture(height=160, width=150)
    pixels[:, 40:90, 60:112] = 0
    pixels[:, np.random.default_rng(1).random((160, 150)) < 0.02] = 0
    return write_raster(folder / "holed.tif", pixels, nodata=0)


@pytest.mark.usefixtures("forgetful")
def test_a_cell_has_one_value_however_it_is_read(tmp_path: Path) -> None:
    source, _ = source_of(awkward(tmp_path, "own"))
    whole, seen = source.cells(-4, -5, 30, 32)
    random = np.random.default_rng(2)
    for _ in range(30):
        row, col = random.integers(-4, 20, 2)
        height, width = random.integers(1, 7, 2)
        part, shares = source.cells(int(row), int(col), int(height), int(width))
        rows, cols = slice(row + 4, row + 4 + height), slice(col + 5, col + 5 + width)
        np.testing.assert_array_equal(part, whole[:, rows, cols])
        np.testing.assert_array_equal(shares, seen[rows, cols])
    for row, col in random.integers(0, 20, (10, 2)).tolist():
        np.testing.assert_array_equal(whole[:, row + 4, col + 5], plain_cell(source, row, col))


@pytest.mark.parametrize("patch_m", [16.0, PATCH_M])
@pytest.mark.parametrize("kind", ["own", "feet", "rotated", "tiles"])
def test_training_map_and_click_see_the_same(tmp_path: Path, kind: str, patch_m: float) -> None:
    source, patch = source_of(awkward(tmp_path, kind), patch_m=patch_m)
    top, left, bottom, right = (side // TOKEN_PX for side in source.reader.bounds_px())
    step, row, col = 2, (top + bottom) // 2 - 9, (left + right) // 2 - 8
    grid = Grid(row, col, 8, 9, step, patch)
    mapped, shares = source.patch_grid(row, col, 8, 9, step, patch)
    down, across = (axis.ravel() for axis in np.mgrid[0:8, 0:9])
    plots, seen = source.patches(row + step * down, col + step * across, patch)
    assert np.isfinite(plots).all(axis=1).mean() > 0.3
    np.testing.assert_allclose(plots, mapped.reshape(DEPTH, -1).T, atol=1e-5)
    np.testing.assert_allclose(seen, shares.ravel(), atol=1e-6)
    rows = np.full_like(mapped, np.nan)
    for first, vectors in source.patch_rows(grid):
        rows[:, first : first + vectors.shape[1]] = vectors
    np.testing.assert_allclose(rows, mapped, atol=1e-6)
    fresh, _ = source_of(awkward(tmp_path, kind), patch_m=patch_m)
    for i in (0, 17, 40, 71):
        clicked, _ = fresh.patches([row + step * down[i]], [col + step * across[i]], patch)
        np.testing.assert_allclose(clicked[0], plots[i], atol=1e-6)


@pytest.mark.parametrize(("step", "side"), [(1, 5), (2, 6), (3, 6), (7, 4), (12, 12)])
def test_rows_of_a_holed_raster(tmp_path: Path, step: int, side: int) -> None:
    source, _ = source_of(holed(tmp_path))
    patch = PatchSpec(4.0 * side, side)
    grid = Grid(-2, 1, 40 // step, 36 // step, step, patch)
    expected, _ = source.patch_grid(grid.row, grid.col, grid.height, grid.width, step, patch)
    found = np.full_like(expected, np.nan)
    with ThreadPoolExecutor(1) as ahead:
        for first, vectors in source.patch_rows(grid, ahead=ahead):
            found[:, first : first + vectors.shape[1]] = vectors
    assert 0.1 < np.isfinite(expected[0]).mean() < 0.95
    np.testing.assert_allclose(found, expected, atol=1e-6)


@pytest.mark.usefixtures("forgetful")
def test_a_block_computes_no_window_twice(tmp_path: Path, counted: list[int]) -> None:
    source, patch = source_of(awkward(tmp_path, "own"))
    grid = Grid(7, 4, 20, 17, 2, patch)
    list(source.patch_rows(grid))
    spans = [(7 - 2, 7 - 2 + grid.cell_rows), (4 - 2, 4 - 2 + grid.cell_cols)]
    windows = np.prod([-(-last // KEPT) - first // KEPT for first, last in spans])
    assert len(counted) == windows and set(counted) == {1}


def test_neighbouring_blocks_and_clicks_share_windows(tmp_path: Path, counted: list[int]) -> None:
    source, patch = source_of(awkward(tmp_path, "own"))
    list(source.patch_rows(Grid(7, 4, 20, 17, 1, patch)))
    first = len(counted)
    source.patches([12, 20, 9], [8, 9, 14], patch)
    assert len(counted) == first
    list(source.patch_rows(Grid(27, 4, 20, 17, 1, patch)))
    rows = [(5, 29), (25, 49)]
    both = -(-49 // KEPT) - 5 // KEPT
    each = [-(-last // KEPT) - begin // KEPT for begin, last in rows]
    assert sum(each) > both
    assert len(counted) == first / each[0] * both


def test_what_is_kept_is_limited(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(token_source, "_KEPT_BYTES", 10 * DEPTH * KEPT**2 * 4)
    source, _ = source_of(awkward(tmp_path, "own"))
    source.cells(0, 0, 30, 30)
    assert len(source._kept) == 10
    assert all(values.flags.c_contiguous for values in source._kept.values())


def test_windows_that_show_nothing_are_not_computed(tmp_path: Path, counted: list[int]) -> None:
    pixels = texture(height=120, width=120)
    pixels[:, :, 60:] = 0
    source, patch = source_of(write_raster(tmp_path / "half.tif", pixels, nodata=0))
    vectors, seen = source.cells(0, 0, 30, 30)
    assert len(counted) == 10 * 5  # of 10 x 10 windows, those of the first 15 columns of cells
    assert (seen[:, :15] == 1).all() and (seen[:, 15:] == 0).all() and (vectors[:, :, 15:] == 0).all()
    beyond, shares = source.patches([-(2**40), 900], [-(2**40), 3], patch)
    assert np.isnan(beyond).all() and (shares == 0).all()


def test_a_cell_depends_on_nothing_beyond_its_reach(tmp_path: Path) -> None:
    pixels = texture()
    source, patch = source_of(write_raster(tmp_path / "plain.tif", pixels))
    row, col = 20, 20
    plain, _ = source.patches([row], [col], patch)
    first, last = (col - 2) * TOKEN_PX, (col + 3) * TOKEN_PX - 1
    reach = source.encoder.reach_px
    for place, may in (
        (first - reach - 1, False), (last + reach + 1, False), (first, True), (last, True),
        # Cell 18 is the first that is kept of its window, cell 22 the middle one of another.
        (first - DROP_TOKENS * TOKEN_PX, True), (first - DROP_TOKENS * TOKEN_PX - 1, False),
        (last + 3 * TOKEN_PX, True), (last + 3 * TOKEN_PX + 1, False),
    ):  # fmt: skip
        changed = pixels.copy()
        changed[:, row * TOKEN_PX, place] ^= 127
        other, _ = source_of(write_raster(tmp_path / f"{place}.tif", changed))
        assert np.array_equal(other.patches([row], [col], patch)[0], plain) != may


def test_nodata_weighs_as_stated(tmp_path: Path) -> None:
    pixels = texture(3, 120, 120)
    pixels[:, :, 61:] = 255  # of the cell of columns 60..63 a quarter is valid: not in the mean, but counted as seen
    source, _ = source_of(write_raster(tmp_path / "a.tif", pixels, nodata=255))
    patch = PatchSpec(16.0, 4)
    vectors, seen = source.patches([10] * 4, [12, 14, 15, 16], patch)
    np.testing.assert_allclose(seen, [1.0, 0.8125, 0.5625, 0.3125], atol=1e-6)
    assert np.isfinite(vectors).all(axis=1).tolist() == [True, True, False, False]
    cells, _ = source.cells(8, 12, 4, 4)
    np.testing.assert_allclose(vectors[1], cells[:, :, :3].mean(axis=(1, 2)), atol=1e-6)


def test_the_environment_joins_the_tokens(tmp_path: Path) -> None:
    plain, patch = source_of(awkward(tmp_path, "own"))
    lattice = plain.reader.lattice
    cols = np.mgrid[0:60, 0:60][1]
    values = (100.0 + cols)[None].astype("float32")
    values[0, :, 40:] = np.nan
    write_raster(tmp_path / "dem.tif", values, colours=None,
                 transform=Affine(4.0, 0, lattice.origin_x, 0, -4.0, lattice.origin_y))  # fmt: skip
    environment = EnvironmentReader(Environment.open([tmp_path / "dem.tif"]), lattice)
    source = TokenSource(plain.reader, plain.encoder, environment)  # type: ignore[arg-type]
    assert source.dimension == DEPTH + 1
    grid = Grid(8, 8, 10, 30, 1, patch)
    mapped, _ = source.patch_grid(8, 8, 10, 30, 1, patch)
    rows = np.full_like(mapped, np.nan)
    for first, vectors in source.patch_rows(grid):
        rows[:, first : first + vectors.shape[1]] = vectors
    np.testing.assert_allclose(rows, mapped, rtol=1e-6, atol=1e-6)
    plots, _ = source.patches([12, 12, 12], [12, 36, 39], patch)
    np.testing.assert_array_equal(plots[0, :DEPTH], plain.patches([12], [12], patch)[0][0])
    np.testing.assert_allclose(plots[:2, DEPTH], [112.0, 136.0], atol=1e-4)
    assert np.isnan(plots[2]).all()


def test_it_can_be_stopped_at_every_window(tmp_path: Path) -> None:
    source, patch = source_of(awkward(tmp_path, "own"))
    calls: list[int] = []

    def check() -> None:
        calls.append(1)
        if len(calls) == 4:
            raise Cancelled

    with pytest.raises(Cancelled):
        list(source.patch_rows(Grid(9, 9, 20, 20, 1, patch), check=check))
    assert len(source._kept) == 2  # a check for the strip and one for each window
    with pytest.raises(Cancelled):
        source.patches([8], [8], patch, progress=Progress(cancelled=lambda: True))


def test_what_does_not_belong_together_is_refused(tmp_path: Path) -> None:
    source, _ = source_of(awkward(tmp_path, "own"))
    with pytest.raises(EncoderError, match="toy-tokens has cells of 8 pixels, the lattice of 4"):
        TokenSource(source.reader, token_encoder(stride_px=8))


def test_what_a_block_costs(tmp_path: Path) -> None:
    source, patch = source_of(awkward(tmp_path, "own"))
    assert source.cost(10, 20, 2 * TOKEN_PX, patch) == (9 * 2 + 5 + 2) * (19 * 2 + 5 + 2)
    assert source.tried_nodes == 16 and source.block_nodes(TOKEN_PX, patch) == (128, 1020)
