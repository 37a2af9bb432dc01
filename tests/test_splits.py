"""Folds: no patch overlaps across them, groups stay whole, plots are balanced, seeds decide."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_score

from botaclip.core.errors import LeakageError, OptionError, PairingError
from botaclip.training.splits import (
    RandomFolds,
    SpatialBlocks,
    check_no_leak,
    default_block_size,
    inner_compromise,
    inner_folds,
    metres,
    outside_buffer,
    repeated,
)


def plots(n: int, *, side: float = 6_000.0, seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).uniform(0, side, (n, 2)) + [600_000, 5_000_000]


def nearest_by_brute_force(xy: np.ndarray, train: np.ndarray, test: np.ndarray) -> float:
    return float(np.abs(xy[train][:, None] - xy[test][None]).max(axis=2).min())


@settings(max_examples=40, deadline=None)
@given(
    n=st.integers(60, 200),
    buffer=st.floats(0, 250),
    n_splits=st.integers(2, 6),
    seed=st.integers(0, 1_000),
)
def test_no_training_plot_lies_within_the_buffer(n: int, buffer: float, n_splits: int, seed: int) -> None:
    xy = plots(n, seed=seed)
    blocks = SpatialBlocks(n_splits, buffer=buffer, random_state=seed)
    tested = np.zeros(n, dtype=int)
    for train, test in blocks.split(xy):
        assert nearest_by_brute_force(xy, train, test) >= buffer
        check_no_leak(train, test, xy, buffer=buffer)
        # Nothing is left out but what the buffer asks for.
        left_out = np.setdiff1d(np.arange(n), np.concatenate([train, test]))
        for row in left_out:
            assert nearest_by_brute_force(xy, np.array([row]), test) < buffer
        tested[test] += 1
    assert (tested == 1).all()


@settings(max_examples=40, deadline=None)
@given(n=st.integers(40, 300), n_splits=st.integers(2, 8), seed=st.integers(0, 1_000))
def test_folds_differ_by_no_more_than_the_largest_block(n: int, n_splits: int, seed: int) -> None:
    # Half of the plots are in one dense corner, as real surveys are.
    xy = np.vstack([plots(n // 2, seed=seed), plots(n - n // 2, side=900, seed=seed + 1)])
    blocks = SpatialBlocks(n_splits, random_state=seed)
    sizes = np.bincount(blocks.fold_of(xy), minlength=n_splits)
    assert sizes.min() > 0
    assert np.ptp(sizes) <= np.bincount(blocks.blocks_).max()


def test_even_plots_are_balanced_within_a_tenth() -> None:
    sizes = np.bincount(SpatialBlocks(5).fold_of(plots(1_000)))
    assert sizes.max() - sizes.min() <= 20


def test_default_blocks_of_the_demo_are_about_a_kilometre() -> None:
    assert default_block_size(plots(1_000), n_splits=5) == pytest.approx(1_100, abs=100)


def test_default_blocks_cut_clusters_that_lie_far_apart() -> None:
    sites = np.vstack([plots(40, side=400, seed=s) + [s * 300_000.0, 0] for s in range(2)])
    blocks = SpatialBlocks(5)
    folds = blocks.fold_of(sites)
    assert blocks.block_size_ is not None and blocks.block_size_ < 400
    assert np.bincount(folds).max() <= 24


def test_default_blocks_are_never_smaller_than_asked_for() -> None:
    assert default_block_size(plots(50, side=2_000), n_splits=5, smallest=300) >= 300
    blocks = SpatialBlocks(3, buffer=200.0)
    blocks.fold_of(plots(200, side=3_000))
    assert blocks.block_size_ is not None and blocks.block_size_ >= 400


def test_blocks_are_squares_of_the_size_asked_for() -> None:
    xy = plots(500)
    blocks = SpatialBlocks(5, block_size=700.0)
    blocks.fold_of(xy)
    for label in np.unique(blocks.blocks_):
        assert np.ptp(xy[blocks.blocks_ == label], axis=0).max() < 700.0
    # 6 km in squares of 700 m with any origin: at most 10 x 10.
    assert 64 <= np.unique(blocks.blocks_).size <= 100


def test_the_seed_decides_everything_and_moves_the_origin() -> None:
    xy = plots(300)
    first = SpatialBlocks(5, 1_000.0, random_state=4)
    again = SpatialBlocks(5, 1_000.0, random_state=4)
    other = SpatialBlocks(5, 1_000.0, random_state=5)
    assert (first.fold_of(xy) == again.fold_of(xy)).all()
    other.fold_of(xy)
    same_block = first.blocks_[:, None] == first.blocks_[None]
    assert (same_block != (other.blocks_[:, None] == other.blocks_[None])).any()


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 1_000), kind=st.sampled_from(["blocks", "random"]))
def test_groups_are_never_split(seed: int, kind: str) -> None:
    rng = np.random.default_rng(seed)
    groups = np.array([f"site {g}" for g in rng.integers(0, 12, 120)])
    splitter = SpatialBlocks(3, random_state=seed) if kind == "blocks" else RandomFolds(3, random_state=seed)
    for train, test in splitter.split(plots(120, seed=seed), groups=groups):
        assert not set(groups[train]) & set(groups[test])


def test_missing_group_labels_are_refused() -> None:
    groups = np.array(["a", None, "b", np.nan, "c", ""], dtype=object)
    with pytest.raises(PairingError, match="3 plots have no group, the first in row 2"):
        SpatialBlocks(2).fold_of(plots(6), groups)
    with pytest.raises(PairingError, match="5 group labels for 6 plots"):
        SpatialBlocks(2).fold_of(plots(6), groups[:5])


def test_random_folds_are_even_and_ignore_space() -> None:
    sizes = np.bincount(RandomFolds(5).fold_of(plots(103)))
    assert sorted(sizes) == [20, 20, 21, 21, 21]


def test_scikit_learn_takes_the_splitter() -> None:
    xy = plots(200)
    y = np.arange(200) % 2
    scores = cross_val_score(LogisticRegression(), xy / 1e6, y, cv=SpatialBlocks(4), groups=None)
    assert scores.shape == (4,)
    assert SpatialBlocks(4).get_n_splits(xy) == 4


def test_points_in_feet_are_converted_and_degrees_refused() -> None:
    feet = SimpleNamespace(x=np.array([1_000.0]), y=np.array([2_000.0]), crs="EPSG:2263")
    assert metres(feet) == pytest.approx(np.array([[304.8006, 609.6012]]), abs=1e-3)
    with pytest.raises(PairingError, match="distances are not in metres"):
        metres(SimpleNamespace(x=np.array([6.0]), y=np.array([45.0]), crs="EPSG:4326"))


@pytest.mark.parametrize(
    ("xy", "splitter", "message"),
    [
        (np.zeros((30, 2)), SpatialBlocks(3), "at one place"),
        (plots(30), SpatialBlocks(5, block_size=50_000.0), "too few for 5 folds"),
        (plots(3), RandomFolds(5), "3 plots are too few"),
        (np.array([[1.0, np.nan], [2.0, 3.0]]), SpatialBlocks(2), "1 plots have no coordinates"),
        (plots(30)[:, :1], SpatialBlocks(2), "shape"),
        (plots(30), SpatialBlocks(1), "1 folds"),
        (plots(60, side=500), SpatialBlocks(2, block_size=100.0, buffer=600.0), "leaves no training plots"),
    ],
)
def test_what_cannot_be_split_is_said(xy: np.ndarray, splitter: SpatialBlocks, message: str) -> None:
    with pytest.raises(PairingError, match=message):
        list(splitter.split(xy))


def test_inner_folds_keep_buffer_and_training_rows_only() -> None:
    xy = plots(400)
    outer = SpatialBlocks(5, buffer=120.0)
    train, _ = next(outer.split(xy))
    inner = inner_folds(outer, xy[train], n_splits=3)
    assert len(inner) == 3
    assert np.concatenate([test for _, test in inner]).size == train.size
    for inner_train, inner_test in inner:
        assert nearest_by_brute_force(xy[train], inner_train, inner_test) >= 120.0


def test_inner_folds_choose_smaller_blocks_where_few_are_left() -> None:
    xy = plots(300, side=2_000)
    outer = SpatialBlocks(2, block_size=1_400.0)
    train, _ = next(outer.split(xy))
    assert len(inner_folds(outer, xy[train], n_splits=3)) == 3
    assert len(inner_folds(RandomFolds(2), xy[train], n_splits=4)) == 4


def test_plots_just_a_buffer_apart_are_kept() -> None:
    xy = np.array([[0.0, 0.0], [100.0, 30.0], [99.0, 99.0]])
    assert outside_buffer(xy, np.array([1, 2]), np.array([0]), buffer=100.0).tolist() == [1]


def test_leaks_are_refused() -> None:
    xy = np.array([[0.0, 0.0], [50.0, 0.0], [500.0, 0.0], [900.0, 0.0]])
    with pytest.raises(LeakageError, match=r"1 test plots are in the training set, the first is row 3"):
        check_no_leak([0, 2], [2, 3], xy)
    with pytest.raises(LeakageError, match=r"1 training plots lie within 100 m .* rows 2 and 1 are 50.0 m apart"):
        check_no_leak([1, 2, 3], [0], xy, buffer=100.0)
    with pytest.raises(LeakageError, match="groups lie in training and test set, such as a"):
        check_no_leak([2, 3], [0, 1], xy, groups=["a", "b", "a", "c"])
    check_no_leak(np.array([False, False, True, True]), np.array([True, True, False, False]), xy, buffer=100.0)


def test_blocks_are_counted_before_they_are_dealt_out() -> None:
    xy = plots(60, side=1_000.0)
    blocks = SpatialBlocks(5, 500.0, random_state=2)
    count = blocks.count(xy)
    assert count == len(np.unique(SpatialBlocks(count, 500.0, random_state=2).fold_of(xy)))
    with pytest.raises(PairingError, match="too few"):
        SpatialBlocks(count + 1, 500.0, random_state=2).fold_of(xy)
    assert blocks.count(xy, groups=np.arange(60) % 3) == 3


def test_sites_thousands_of_kilometres_apart_are_cut_inside() -> None:
    """Four clusters of plots, 3 km wide, 2,000 km apart: blocks are of the clusters' scale, and no fold is a site."""
    random = np.random.default_rng(0)
    corners = 2e6 * np.array([[0, 0], [1, 0], [0, 1], [1, 1]])
    site = np.arange(80) % 4
    xy = corners[site] + random.uniform(0, 3_000, (80, 2))
    blocks = SpatialBlocks(5, buffer=30.0, minimum_block=40.0)
    folds = blocks.fold_of(xy)
    assert blocks.block_size_ < 3_000
    assert np.bincount(folds).min() >= 12
    assert all(len(np.unique(folds[site == s])) >= 3 for s in range(4))


def test_inner_folds_give_way_and_say_so() -> None:
    xy = plots(40, side=1_000.0)
    outer = SpatialBlocks(2, buffer=20.0, random_state=1)
    outer.fold_of(xy)
    assert inner_compromise(outer, xy, n_splits=3) == "" and len(inner_folds(outer, xy, n_splits=3)) == 3
    two = np.arange(40) % 2
    outer = SpatialBlocks(2, random_state=1)
    outer.fold_of(xy, groups=two)
    assert inner_compromise(outer, xy, groups=two) == "2 inner folds instead of 3"
    folds = inner_folds(outer, xy, groups=two)
    assert [sorted(set(two[test])) for _, test in folds] in ([[0], [1]], [[1], [0]])
    one = np.zeros(40, int)
    assert inner_compromise(outer, xy, groups=one) == "2 random inner folds instead of spatial ones"
    folds = inner_folds(outer, xy, groups=one)
    assert sorted(np.concatenate([test for _, test in folds]).tolist()) == list(range(40))
    assert all(not set(train) & set(test) for train, test in folds)
    # A buffer that no spatial split survives.
    wide = SpatialBlocks(2, 500.0, buffer=5_000.0)
    assert "random" in inner_compromise(wide, xy)


def test_one_block_or_group_is_told_in_the_singular() -> None:
    places = np.arange(12, dtype=float).reshape(6, 2) * 1000
    with pytest.raises(PairingError, match="the 6 plots lie in 1 group, too few for 2 folds"):
        list(SpatialBlocks(2).split(places, groups=["a"] * 6))
    with pytest.raises(PairingError, match="^1 group is too few for 2 folds"):
        list(RandomFolds(2).split(places, groups=["a"] * 6))
    with pytest.raises(PairingError, match="the 6 plots lie in 2 groups, too few for 3 folds"):
        list(SpatialBlocks(3).split(places, groups=["a", "b"] * 3))


def test_repeats_have_origins_of_their_own_and_the_seed_decides() -> None:
    xy = plots(200)

    def tests_of(n: int, seed: int) -> list[list[int]]:
        cuts = repeated(lambda each: SpatialBlocks(4, 900.0, 60.0, random_state=each), n, random_state=seed)
        assert cuts.get_n_splits(xy) == 4 * n and cuts.spatial
        for train, test in cuts.split(xy):
            check_no_leak(train, test, xy, buffer=60.0)
        return [test.tolist() for _, test in cuts.split(xy)]

    three = tests_of(3, 1)
    assert len(three) == 12 and three == tests_of(3, 1) and three[:8] == tests_of(2, 1)
    assert three != tests_of(3, 2)
    assert sorted(sum(three[:4], [])) == sorted(sum(three[4:8], [])) == list(range(200))
    assert {tuple(test) for test in three[:4]}.isdisjoint(tuple(test) for test in three[4:8])
    assert not repeated(lambda each: RandomFolds(3, random_state=each), 2).spatial
    with pytest.raises(OptionError, match="cannot be repeated 0 times"):
        repeated(lambda each: RandomFolds(3, random_state=each), 0)


def test_scikit_learn_takes_repeats() -> None:
    xy = plots(200)
    cuts = repeated(lambda each: SpatialBlocks(3, random_state=each), 2)
    assert cross_val_score(LogisticRegression(), xy / 1e6, np.arange(200) % 2, cv=cuts).shape == (6,)


def test_inner_folds_keep_the_outer_shape() -> None:
    xy = plots(400)
    outer = SpatialBlocks(4, 600.0, shape="hexagon")
    outer.fold_of(xy)
    by_hand = SpatialBlocks(3, 600.0, shape="hexagon", random_state=1_001)
    expected = [test.tolist() for _, test in by_hand.split(xy)]
    assert [test.tolist() for _, test in inner_folds(outer, xy)] == expected
