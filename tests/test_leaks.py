"""What folds leak is counted as by brute force."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from botaclip.training.splits import RandomFolds, SpatialBlocks, leak_report


@settings(max_examples=25, deadline=None)
@given(n=st.integers(20, 80), patch=st.floats(1, 400), seed=st.integers(0, 1_000))
def test_every_number_is_that_of_brute_force(n: int, patch: float, seed: int) -> None:
    random = np.random.default_rng(seed)
    xy = random.uniform(0, 2_000, (n, 2)).round(-2)
    digests, groups = random.choice(list("abcdefghijkl"), n), random.integers(0, 9, n)
    folds = list(RandomFolds(3, random_state=seed).split(xy))
    for (train, test), row in zip(folds, leak_report(xy, folds, patch, digests, groups), strict=True):
        gaps = np.abs(xy[test][:, None] - xy[train][None]).max(axis=2)
        assert row["nearest_m"] == gaps.min()
        assert row["overlapping_patches"] == (gaps < patch).any(axis=1).sum()
        assert row["same_place"] == (gaps == 0).any(axis=1).sum()
        assert row["identical_releves"] == sum(digest in set(digests[train]) for digest in digests[test])
        assert row["groups_split"] == len(set(groups[train]) & set(groups[test]))


def test_blocks_with_a_buffer_overlap_nowhere_and_random_folds_do() -> None:
    xy = np.random.default_rng(1).uniform(0, 3_000, (300, 2))
    blocked = leak_report(xy, list(SpatialBlocks(5, buffer=120.0).split(xy)), 120.0)
    random = leak_report(xy, list(RandomFolds(5).split(xy)), 120.0)
    assert [row["fold"] for row in blocked] == list(range(5))
    assert all(row["nearest_m"] >= 120.0 and row["overlapping_patches"] == 0 for row in blocked)
    assert all(row["overlapping_patches"] > 30 for row in random)
    assert blocked[0]["identical_releves"] is None and blocked[0]["groups_split"] is None


@pytest.mark.parametrize("train", [[], [0]])
def test_an_empty_side_leaks_nothing(train: list[int]) -> None:
    xy = np.zeros((2, 2))
    row = leak_report(xy, [(train, [] if train else [1])], 50.0, ["", ""], ["a", "a"])[0]
    assert row["nearest_m"] is None and row["overlapping_patches"] == row["identical_releves"] == 0


def test_empty_digests_are_not_twins() -> None:
    row = leak_report(np.array([[0.0, 0], [9.0, 0]]), [([0], [1])], 5.0, ["", ""])[0]
    assert row == {
        "fold": 0, "nearest_m": 9.0, "overlapping_patches": 0, "same_place": 0, "identical_releves": 0,
        "groups_split": None,
    }  # fmt: skip
