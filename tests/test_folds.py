"""What all splitters share: places, clusters of plots, and how splitters show themselves."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_score

from botaclip.core.errors import PairingError
from botaclip.training.folds import connected_places
from botaclip.training.splits import (
    BufferedLeaveOneOut,
    LeaveSitesOut,
    RandomFolds,
    RepeatedStratified,
    SpatialBlocks,
    StratifiedFolds,
)


@pytest.mark.parametrize("nothing", [[], np.empty((0, 2))])
@pytest.mark.parametrize("splitter", [SpatialBlocks(), BufferedLeaveOneOut(), LeaveSitesOut(), RandomFolds()])
def test_no_plots_are_said_to_be_none(splitter: object, nothing: object) -> None:
    with pytest.raises(PairingError, match="there are no plots to split"):
        list(splitter.split(nothing))  # type: ignore[attr-defined]


def test_splitters_show_how_they_were_made() -> None:
    assert repr(SpatialBlocks(4, 500.0, 120.0, shape="hexagon", random_state=3)) == (
        "SpatialBlocks(n_splits=4, block_size=500.0, buffer=120.0, shape='hexagon', minimum_block=0.0, random_state=3)"
    )
    assert repr(BufferedLeaveOneOut(90.0)) == "BufferedLeaveOneOut(buffer=90.0, random_state=1)"
    assert repr(LeaveSitesOut()) == "LeaveSitesOut(n_splits=None, buffer=0.0, random_state=1)"
    assert repr(LeaveSitesOut(2, 5.0)) == "LeaveSitesOut(n_splits=2, buffer=5.0, random_state=1)"
    assert repr(StratifiedFolds(3)) == "StratifiedFolds(n_splits=3, buffer=0.0, random_state=1)"
    assert repr(RandomFolds(3)) == "RandomFolds(n_splits=3, buffer=0.0, random_state=1)"
    assert repr(RepeatedStratified(3, 2)) == "RepeatedStratified(n_splits=3, n_repeats=2, random_state=1)"


def test_models_of_other_predictors_take_the_folds_of_the_places() -> None:
    """As the docstrings say."""
    rng = np.random.default_rng(1)
    places, vectors = rng.uniform(0, 5_000, (60, 2)), rng.normal(size=(60, 5))
    y = np.arange(60) % 2
    for splitter, count in ((SpatialBlocks(3, buffer=50.0), 3), (BufferedLeaveOneOut(50.0), 60)):
        folds = list(splitter.split(places))
        assert cross_val_score(LogisticRegression(), vectors, y, cv=folds).shape == (count,)


def test_steps_shorter_than_a_patch_link_plots_and_one_place_always_does() -> None:
    xy = np.array([[0.0, 0], [99, 99], [198, 0], [298, 0], [1_000, 0], [1_000, 0]])
    # 99 is nearer than 100 along both axes; 298 lies just 100 from 198.
    assert connected_places(xy, 100.0).tolist() == [0, 0, 0, 1, 2, 2]
    assert connected_places(xy, 100.1).tolist() == [0, 0, 0, 0, 1, 1]
    assert connected_places(xy, 0.0).tolist() == [0, 1, 2, 3, 4, 4]


@settings(max_examples=25, deadline=None)
@given(n=st.integers(1, 60), reach=st.floats(0, 900), seed=st.integers(0, 500))
def test_no_two_clusters_are_near_each_other(n: int, reach: float, seed: int) -> None:
    xy = np.random.default_rng(seed).uniform(0, 3_000, (n, 2)).round(-2)
    cluster = connected_places(xy, reach)
    gaps = np.abs(xy[:, None] - xy[None]).max(axis=2)
    apart = cluster[:, None] != cluster[None]
    assert (gaps[apart] >= reach).all() and (gaps[apart] > 0).all()
    # Every plot of a larger cluster has a neighbour in it.
    for k in range(cluster.max() + 1):
        members = np.flatnonzero(cluster == k)
        if members.size > 1:
            inside = gaps[np.ix_(members, members)] + np.where(np.eye(members.size), np.inf, 0)
            assert ((inside.min(axis=1) < reach) | (inside.min(axis=1) == 0)).all()
