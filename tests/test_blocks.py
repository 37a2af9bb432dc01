"""Blocks of land: squares and hexagons of one area, every plot in the block whose centre is nearest."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.path import Path as Outline
from scipy.spatial.distance import pdist

from botaclip.core.errors import OptionError
from botaclip.training.blocks import ACROSS, SpatialBlocks, block_labels


def plots(n: int, *, side: float = 6_000.0, seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).uniform(0, side, (n, 2)) + [600_000, 5_000_000]


def area(corners: np.ndarray) -> float:
    x, y = corners.T
    return float(abs(np.dot(x, np.roll(y, 1)) - np.dot(y, np.roll(x, 1))) / 2)


@settings(max_examples=30, deadline=None)
@given(n=st.integers(1, 120), side=st.floats(40, 3_000), seed=st.integers(0, 1_000))
def test_a_plot_lies_in_the_hexagon_of_the_nearest_centre(n: int, side: float, seed: int) -> None:
    """Against every centre of the whole lattice, laid out by hand, not only those that hold plots."""
    xy = plots(n, seed=seed)
    labels, centres = block_labels(xy, side, np.random.default_rng(seed), "hexagon")
    across = ACROSS * side
    steps = int(np.ceil(6_000 / across)) + 4
    row, column = np.mgrid[-2 * steps : 2 * steps + 1, -2 * steps : 2 * steps + 1]
    lattice = np.column_stack([
        (column + 0.5 * (row % 2)).ravel() * across, row.ravel() * across * np.sqrt(3) / 2
    ])  # fmt: skip
    # The lattice has one free shift: that of any centre.
    lattice += centres[0]
    near = lattice[(np.abs(lattice - xy.mean(axis=0)) < 6_000 + 2 * across).all(axis=1)]
    distance = np.hypot(*(xy[:, None] - near[None]).transpose(2, 0, 1))
    nearest = near[distance.argmin(axis=1)]
    sure = np.sort(distance, axis=1)[:, :2] @ [-1, 1] > 1e-3
    assert np.allclose(centres[labels][sure], nearest[sure], atol=1e-3)
    assert set(labels.tolist()) == set(range(len(centres)))


@settings(max_examples=30, deadline=None)
@given(side=st.floats(100, 2_000), seed=st.integers(0, 1_000), shape=st.sampled_from(["square", "hexagon"]))
def test_plots_of_a_block_lie_within_its_diameter_and_its_outline(side: float, seed: int, shape: str) -> None:
    xy = plots(150, seed=seed)
    blocks = SpatialBlocks(2, side, shape=shape, random_state=seed)
    blocks.count(xy)
    assert blocks.blocks_.shape == (150,)
    diameter = side * (np.sqrt(2) if shape == "square" else ACROSS * 2 / np.sqrt(3))
    for number, corners in enumerate(blocks.outlines_):
        members = xy[blocks.blocks_ == number]
        assert len(members) == 1 or pdist(members).max() <= diameter * (1 + 1e-9)
        assert area(corners - corners[0]) == pytest.approx(side**2, rel=1e-6)
        middle = corners.mean(axis=0)
        assert Outline((corners - middle) * (1 + 1e-6)).contains_points(members - middle).all()


def test_a_hexagon_is_as_large_as_the_square() -> None:
    """On 6 km there are as many blocks of either shape, but for the margin."""
    xy = plots(20_000)
    counts = [SpatialBlocks(5, 500.0, shape=shape).count(xy) for shape in ("square", "hexagon")]
    assert counts == pytest.approx([13 * 13, 13 * 13], abs=14)
    assert ACROSS == pytest.approx(1.0746, abs=1e-4)


@settings(max_examples=20, deadline=None)
@given(n=st.integers(60, 150), buffer=st.floats(0, 250), seed=st.integers(0, 1_000))
def test_hexagons_keep_the_buffer_and_test_every_plot_once(n: int, buffer: float, seed: int) -> None:
    xy = plots(n, seed=seed)
    tested = np.zeros(n, dtype=int)
    for train, test in SpatialBlocks(3, buffer=buffer, shape="hexagon", random_state=seed).split(xy):
        assert np.abs(xy[train][:, None] - xy[test][None]).max(axis=2).min() >= buffer
        tested[test] += 1
    assert (tested == 1).all()


def test_squares_are_still_where_they_were() -> None:
    """The layout of squares for a seed is part of every result that was ever reported."""
    blocks = SpatialBlocks(3, 2_000.0, random_state=7)
    folds = blocks.fold_of(plots(24, seed=3))
    origin = plots(24, seed=3).min(axis=0) - np.random.default_rng(7).uniform(0, 2_000.0, size=2)
    cells = np.floor((plots(24, seed=3) - origin) / 2_000.0)
    same = (cells[:, None] == cells[None]).all(axis=2)
    assert (same == (blocks.blocks_[:, None] == blocks.blocks_[None])).all()
    assert np.ptp(np.bincount(folds)) <= np.bincount(blocks.blocks_).max()


def test_a_shape_that_does_not_tile_is_refused() -> None:
    with pytest.raises(OptionError, match="blocks cannot be of the shape 'circle'"):
        SpatialBlocks(3, shape="circle")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("given", "message"),
    [({"block_size": -1.0}, "blocks of -1 m"), ({"block_size": np.nan}, "blocks of nan m"),
     ({"block_size": np.inf}, "blocks of inf m"), ({"buffer": -1.0}, "a buffer of -1 m"),
     ({"buffer": np.nan}, "a buffer of nan m"), ({"n_splits": 2.5}, "2.5 folds")],
)  # fmt: skip
def test_what_is_no_size_is_refused(given: dict[str, float], message: str) -> None:
    with pytest.raises(OptionError, match=message):
        SpatialBlocks(**given)  # type: ignore[arg-type]
