"""Single plots and whole sites left out: what scikit-learn does, with a buffer that nothing crosses."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold, LeaveOneGroupOut, LeaveOneOut, cross_val_score

from botaclip.core.errors import PairingError
from botaclip.training.splits import BufferedLeaveOneOut, LeaveSitesOut


def plots(n: int, *, side: float = 2_000.0, seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).uniform(0, side, (n, 2)) + [600_000, 5_000_000]


@settings(max_examples=30, deadline=None)
@given(n=st.integers(2, 60), buffer=st.floats(0, 400), seed=st.integers(0, 1_000))
def test_each_plot_is_tested_without_its_neighbours(n: int, buffer: float, seed: int) -> None:
    xy = plots(n, seed=seed)
    gaps = np.abs(xy[:, None] - xy[None]).max(axis=2)
    far = (gaps >= buffer) & ~np.eye(n, dtype=bool)
    if not far.any(axis=1).all():
        with pytest.raises(PairingError, match="leaves no training plots for the plot in row"):
            list(BufferedLeaveOneOut(buffer).split(xy))
        return
    splits = list(BufferedLeaveOneOut(buffer).split(xy))
    assert [test.tolist() for _, test in splits] == [[plot] for plot in range(n)]
    assert all(train.tolist() == np.flatnonzero(far[plot]).tolist() for plot, (train, _) in enumerate(splits))


def test_without_buffer_it_is_scikit_learns() -> None:
    xy = plots(17)
    ours, theirs = BufferedLeaveOneOut(0.0), LeaveOneOut()
    for (train, test), (same, also) in zip(ours.split(xy), theirs.split(xy), strict=True):
        assert train.tolist() == same.tolist() and test.tolist() == also.tolist()
    assert ours.get_n_splits(xy) == theirs.get_n_splits(xy) == 17


def test_a_plot_just_a_buffer_away_is_kept() -> None:
    xy = np.array([[0.0, 0.0], [100.0, 30.0], [99.0, 99.0]])
    train, _ = next(BufferedLeaveOneOut(100.0).split(xy))
    assert train.tolist() == [1]


def test_training_plots_of_the_same_group_are_left_out() -> None:
    groups = ["a", "a", "b", "c"]
    splits = list(BufferedLeaveOneOut(0.0).split(plots(4), groups=groups))
    assert [train.tolist() for train, _ in splits] == [[2, 3], [2, 3], [0, 1, 3], [0, 1, 2]]


def test_scikit_learn_takes_both() -> None:
    xy = plots(40)
    y, site = np.arange(40) % 2, np.arange(40) % 4
    model = LogisticRegression()
    assert cross_val_score(model, xy / 1e6, y, cv=BufferedLeaveOneOut(1e-9)).shape == (40,)
    assert cross_val_score(model, xy / 1e6, y, cv=LeaveSitesOut(), groups=site).shape == (4,)


def test_what_cannot_be_left_out_is_said() -> None:
    with pytest.raises(PairingError, match="1 plot cannot be left out one by one"):
        list(BufferedLeaveOneOut().split(plots(1)))
    with pytest.raises(PairingError, match="there is no number of folds"):
        BufferedLeaveOneOut().get_n_splits()
    one = r"the 6 plots lie on 1 site, too few to leave sites out in 2 folds\. Use spatial blocks"
    with pytest.raises(PairingError, match=one):
        list(LeaveSitesOut().split(plots(6), groups=["x"] * 6))
    with pytest.raises(PairingError, match="no sites are given"):
        list(LeaveSitesOut().split(plots(6)))
    with pytest.raises(PairingError, match="lie on 2 sites, too few to leave sites out in 3 folds. Use fewer folds"):
        list(LeaveSitesOut(3).split(plots(6), groups=list("xxxyyy")))
    with pytest.raises(PairingError, match="no sites are given"):
        LeaveSitesOut().get_n_splits()


@pytest.mark.parametrize("seed", [1, 5])
def test_sites_are_dealt_out_as_scikit_learn_does(seed: int) -> None:
    xy = plots(60, seed=seed)
    site = np.random.default_rng(seed).integers(0, 7, 60)
    each, theirs = list(LeaveSitesOut().split(xy, groups=site)), list(LeaveOneGroupOut().split(xy, groups=site))
    some = list(LeaveSitesOut(3, random_state=seed).split(xy, groups=site))
    same = list(GroupKFold(3, shuffle=True, random_state=seed).split(xy, groups=site))
    for ours, other in ((each, theirs), (some, same)):
        for (train, test), (also, held) in zip(ours, other, strict=True):
            assert train.tolist() == also.tolist() and test.tolist() == held.tolist()
    assert LeaveSitesOut().get_n_splits(groups=site) == len(each) == 7
    assert LeaveSitesOut(3).get_n_splits(xy) == 3


def test_sites_that_adjoin_are_kept_apart_by_the_buffer() -> None:
    """Two sites with a common border: no training plot lies within the buffer, the rest stays."""
    xy = plots(80)
    site = np.where(xy[:, 0] > 601_000, "east", "west")
    for train, test in LeaveSitesOut(buffer=150.0).split(xy, groups=site):
        gaps = np.abs(xy[:, None] - xy[test][None]).max(axis=2).min(axis=1)
        assert len(set(site[test])) == 1
        assert train.tolist() == np.flatnonzero((site != site[test][0]) & (gaps >= 150.0)).tolist()
        assert train.size < 80 - test.size
