"""Several encoders look at the same patches: their vectors, one behind the other, the same by all roads."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from affine import Affine
from tests.small_rasters import awkward, texture, write_raster
from tests.window_encoders import DEPTH, exact_encoder, token_encoder

from botaclip.core.cells import CellSource
from botaclip.core.encoders import opening
from botaclip.core.encoders.encoder import Encoder
from botaclip.core.encoders.joined import JoinedEncoder
from botaclip.core.environment_rasters import Environment, EnvironmentReader
from botaclip.core.errors import Cancelled
from botaclip.core.joined_source import JoinedSource, _Nodes
from botaclip.core.lattice import Lattice, PatchSpec
from botaclip.core.lattice_reader import LatticeReader
from botaclip.core.patch_rows import Grid
from botaclip.core.pixel_window import PixelView
from botaclip.core.progress import Progress
from botaclip.core.rasters import open_raster
from botaclip.core.vector_source import lattice_for, on_lattice, vector_source

PATCH_M = 45.0
RGB = ("red", "green", "blue")


def dense(bands: tuple[str, ...] = RGB) -> Encoder:
    return opening.get("random-conv", bands=bands, value_range=(0.0, 255.0), threads=1)


KINDS = {
    "dense first": lambda: (dense(), token_encoder(), exact_encoder(("blue", "red"))),
    "tokens first": lambda: (token_encoder(), exact_encoder()),
    "exact first": lambda: (exact_encoder(), dense(("green", "red")), token_encoder()),
}


def source_of(
    path: Path, parts: Sequence[Encoder], *, layers: Sequence[Path] = ()
) -> tuple[JoinedSource, PatchSpec]:
    raster = open_raster(path)
    encoder: Encoder = JoinedEncoder(tuple(parts))
    lattice = lattice_for(encoder, raster, PATCH_M)
    reader = LatticeReader(raster, lattice)
    environment = EnvironmentReader(Environment.open(layers), lattice) if layers else None
    source = vector_source(reader, on_lattice(encoder, lattice, PATCH_M), environment)
    assert isinstance(source, JoinedSource)
    return source, lattice.patch(PATCH_M)


def whole(source: JoinedSource, grid: Grid, **options: object) -> np.ndarray:
    vectors = np.full((source.dimension, grid.height, grid.width), np.nan, np.float32)
    for first, rows in source.patch_rows(grid, **options):  # type: ignore[arg-type]
        vectors[:, first : first + rows.shape[1]] = rows
    return vectors


def holed(folder: Path) -> Path:
    pixels = texture(height=170, width=180)
    pixels[:, 60:105, 70:110] = 0
    return write_raster(folder / "holed.tif", pixels, nodata=0)


@pytest.mark.parametrize(("stride", "odd"), [(10, 0), (10, 1), (4, 0), (5, 1), (7, 0)])
@pytest.mark.parametrize(("own", "own_odd"), [(16, 0), (16, 1), (4, 0), (3, 1), (10, 1)])
def test_the_nearest_node_is_that_of_the_lattice(stride: int, odd: int, own: int, own_odd: int) -> None:
    first = Lattice("EPSG:32632", 600_000.0, 5_200_000.0, 1.0, 0.5, stride)
    other = dataclasses.replace(first, stride_px=own)
    nodes = np.arange(-60, 60)
    patch, own_patch = PatchSpec(1.0, 4 + odd), PatchSpec(1.0, 4 + own_odd)
    rows, cols, _ = other.node_of(first.node_xy(nodes, nodes, patch), own_patch)
    nearest = _Nodes(stride, odd, own, own_odd)
    np.testing.assert_array_equal(nearest(nodes), rows)
    np.testing.assert_array_equal(nearest(nodes), cols)


@pytest.mark.parametrize("kind", KINDS)
def test_vectors_are_those_of_the_parts(tmp_path: Path, kind: str) -> None:
    source, patch = source_of(awkward(tmp_path, "own"), KINDS[kind]())
    assert source.dimension == sum(source.encoder.blocks)
    lattice = source.reader.lattice
    rows, cols = np.array([100, 71, 90]) // lattice.stride_px, np.array([80, 91, 130]) // lattice.stride_px
    vectors, seen = source.patches(rows, cols, patch)
    assert np.isfinite(vectors).all() and (seen == 1).all()
    places = lattice.node_xy(rows, cols, patch)
    for part, block in zip(source.parts, np.split(vectors, np.cumsum(source.encoder.blocks)[:-1], axis=1), strict=True):
        own = part.reader.lattice
        assert (own.pixel_m, own.origin_x, own.stride_px) == (lattice.pixel_m, lattice.origin_x, part.encoder.stride_px)
        spec = own.patch(PATCH_M)
        row, col, offset_m = own.node_of(places, spec)
        assert offset_m.max() <= own.cell_m / np.sqrt(2) + 1e-9
        reader = LatticeReader(open_raster(tmp_path / "own.tif"), own)
        alone = vector_source(PixelView(reader, own, part.encoder.bands), part.encoder)
        np.testing.assert_array_equal(alone.patches(row, col, spec)[0], block)


@pytest.mark.parametrize("step", [1, 3])
@pytest.mark.parametrize("kind", KINDS)
def test_training_map_and_click_see_the_same(tmp_path: Path, kind: str, step: int) -> None:
    source, patch = source_of(holed(tmp_path), KINDS[kind]())
    stride = source.reader.lattice.stride_px
    row, col, height, width = 30 // stride, 20 // stride, 110 // stride // step, 140 // stride // step
    grid = Grid(row, col, height, width, step, patch)
    expected, seen = source.patch_grid(row, col, height, width, step, patch)
    assert 0.2 < np.isfinite(expected[0]).mean() < 1
    np.testing.assert_array_equal(np.isfinite(expected).all(axis=0), np.isfinite(expected[0]))
    np.testing.assert_array_equal(np.isfinite(expected[0]), seen >= 0.75)
    with ThreadPoolExecutor(1) as ahead:
        found = whole(source, grid, ahead=ahead)
    np.testing.assert_allclose(found, expected, atol=1e-5)
    down, across = np.nonzero(np.isfinite(expected[0]))
    for i in range(0, len(down), max(1, len(down) // 5)):
        clicked, _ = source.patches([row + step * down[i]], [col + step * across[i]], patch)
        np.testing.assert_allclose(clicked[0], expected[:, down[i], across[i]], atol=1e-5)


def test_what_one_part_does_not_see_is_not_seen(tmp_path: Path) -> None:
    """A hole that the nearest node of the second lattice takes more of than that of the first."""
    source, patch = source_of(holed(tmp_path), (exact_encoder(), dense()))
    grid = Grid(5, 5, 25, 25, 1, patch)
    first = source.parts[0].patch_grid(5, 5, 25, 25, 1, patch)[0]
    both = source.patch_grid(5, 5, 25, 25, 1, patch)[0]
    assert (np.isfinite(first[0]) & np.isnan(both[0])).any()
    assert not (np.isnan(first[0]) & np.isfinite(both[0])).any()
    np.testing.assert_array_equal(np.isnan(whole(source, grid)[0]), np.isnan(both[0]))


@pytest.mark.parametrize("kind", KINDS)
def test_the_environment_comes_last(tmp_path: Path, kind: str) -> None:
    path = awkward(tmp_path, "own")
    plain, patch = source_of(path, KINDS[kind]())
    lattice = plain.reader.lattice
    values = np.random.default_rng(1).uniform(0, 9, (1, 40, 20)).astype("float32")
    dem = write_raster(tmp_path / "dem.tif", values, colours=None,
                       transform=Affine(8.0, 0, lattice.origin_x, 0, -8.0, lattice.origin_y))  # fmt: skip
    source, _ = source_of(path, KINDS[kind](), layers=[dem])
    assert source.dimension == plain.dimension + 1
    stride = lattice.stride_px
    row, col, height, width = 60 // stride, 60 // stride, 60 // stride, 130 // stride
    grid = Grid(row, col, height, width, 1, patch)
    expected, shares = source.patch_grid(row, col, height, width, 1, patch)
    seen = np.isfinite(expected[0])
    assert 0.2 < seen.mean() < 0.9
    np.testing.assert_allclose(whole(source, grid), expected, atol=1e-5)
    every = shares == 1  # elsewhere cells without environment are left out of the image's means too
    image = plain.patch_grid(row, col, height, width, 1, patch)[0]
    np.testing.assert_array_equal(expected[:-1, every], image[:, every])
    first = source.parts[0].patch_grid(row, col, height, width, 1, patch)[0]
    np.testing.assert_array_equal(expected[-1, seen], first[-1, seen])


def test_every_part_stops_when_asked(tmp_path: Path) -> None:
    source, patch = source_of(awkward(tmp_path, "own"), KINDS["dense first"]())
    with pytest.raises(Cancelled):
        source.patches([8], [8], patch, progress=Progress(cancelled=lambda: True))

    def check() -> None:
        raise Cancelled

    with ThreadPoolExecutor(1) as ahead, pytest.raises(Cancelled):
        whole(source, Grid(5, 5, 9, 9, 1, patch), ahead=ahead, check=check)


def test_blocks_are_those_of_the_part_that_wants_the_smallest(tmp_path: Path) -> None:
    source, patch = source_of(awkward(tmp_path, "own"), KINDS["dense first"]())
    assert source.block_nodes(10, patch) == (8, 16) and source.tried_nodes == 3
    assert source.cost(5, 6, 10, patch) == 30
    tokens, patch = source_of(awkward(tmp_path, "own"), (dense(), token_encoder()))
    assert isinstance(tokens.parts[0], CellSource) and tokens.tried_nodes == 16
    # 256 tokens of 4 pixels are fewer nodes of 10 pixels than 1024 cells are.
    own = tokens.parts[1].reader.lattice.patch(PATCH_M)
    assert tokens.block_nodes(10, patch) == (128, (1024 - own.cells) * 4 // 10 + 1)
    assert DEPTH in tokens.encoder.blocks
