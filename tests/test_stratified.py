"""Stratified folds: one target as scikit-learn deals it, many species at once, abundances by classes of equal size."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse
from sklearn.linear_model import Ridge
from sklearn.model_selection import KFold, RepeatedStratifiedKFold, StratifiedKFold, cross_val_score

from botaclip.core.errors import OptionError, PairingError
from botaclip.training.splits import RepeatedStratified, StratifiedFolds
from botaclip.training.stratified import target_classes

XY = np.random.default_rng(0).uniform(0, 5_000, (400, 2))


def presences(n: int, species: int, seed: int) -> np.ndarray:
    random = np.random.default_rng(seed)
    return (random.uniform(size=(n, species)) < random.beta(0.6, 3, species)).astype(float)


def unevenness(folds: np.ndarray, presence: np.ndarray) -> float:
    """Mean absolute difference of the folds' shares of a species' presences from an equal share, times folds."""
    count = folds.max() + 1
    held = np.array([presence[folds == fold].sum(axis=0) for fold in range(count)])
    met = held.sum(axis=0) >= 2 * count  # two presences a fold: rarer ones cannot be even
    return float(np.abs(held[:, met] / held[:, met].sum(axis=0) - 1 / count).mean() * count)


def test_one_target_is_dealt_out_as_scikit_learn_does() -> None:
    y = presences(400, 1, 3)[:, 0]
    ours = StratifiedFolds(4, random_state=9).split(XY, y)
    theirs = StratifiedKFold(4, shuffle=True, random_state=9).split(XY, y)
    for (train, test), (also, held) in zip(ours, theirs, strict=True):
        assert train.tolist() == also.tolist() and test.tolist() == held.tolist()
    column = StratifiedFolds(4, random_state=9).fold_of(XY, y=y[:, None])
    assert (column == StratifiedFolds(4, random_state=9).fold_of(XY, y=y)).all()


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_many_species_are_spread_more_evenly_than_by_chance(seed: int) -> None:
    presence = presences(400, 60, seed)
    folds = StratifiedFolds(5, random_state=seed).fold_of(XY, y=presence)
    dealt = np.empty(400, int)
    for number, (_, test) in enumerate(KFold(5, shuffle=True, random_state=seed).split(XY)):
        dealt[test] = number
    assert unevenness(folds, presence) < 0.5 * unevenness(dealt, presence)
    assert np.ptp(np.bincount(folds)) <= 12


@settings(max_examples=25, deadline=None)
@given(n=st.integers(6, 80), species=st.integers(2, 12), n_splits=st.integers(2, 6), seed=st.integers(0, 500))
def test_every_plot_is_tested_once_and_no_fold_is_empty(n: int, species: int, n_splits: int, seed: int) -> None:
    presence = presences(n, species, seed)
    folds = StratifiedFolds(n_splits, random_state=seed).fold_of(XY[:n], y=presence)
    assert np.bincount(folds, minlength=n_splits).min() >= 1 and folds.max() == n_splits - 1
    # A species with as many presences as folds, alone in its plots, is met in each.
    alone = np.zeros((n, 2))
    alone[: n_splits, 0] = 1
    alone[n_splits:, 1] = 1
    folds = StratifiedFolds(n_splits, random_state=seed).fold_of(XY[:n], y=alone)
    assert sorted(folds[:n_splits]) == list(range(n_splits))


def test_many_species_sparse_or_dense_seeds_decide() -> None:
    presence = presences(100, 20, 4)
    one, again = (StratifiedFolds(3, random_state=2).fold_of(XY[:100], y=presence) for _ in range(2))
    assert (one == again).all()
    assert (one == StratifiedFolds(3, random_state=2).fold_of(XY[:100], y=sparse.csr_array(presence))).all()
    assert (one != StratifiedFolds(3, random_state=3).fold_of(XY[:100], y=presence)).any()


@pytest.mark.parametrize("species", [1, 15])
def test_groups_stay_whole(species: int) -> None:
    groups = np.arange(200) // 5
    presence = presences(200, species, 1)
    for train, test in StratifiedFolds(4).split(XY[:200], presence, groups):
        assert not set(groups[train]) & set(groups[test])
        assert abs(test.size - 50) <= 10


def test_repeats_are_scikit_learns_and_differ() -> None:
    y = (np.random.default_rng(6).uniform(size=90) < 0.3).astype(float)
    splitter = RepeatedStratified(3, 4, random_state=5)
    theirs = RepeatedStratifiedKFold(n_splits=3, n_repeats=4, random_state=5)
    ours = [test.tolist() for _, test in splitter.split(XY[:90], y)]
    assert ours == [test.tolist() for _, test in theirs.split(XY[:90], y)]
    assert len(ours) == splitter.get_n_splits() == 12 and ours[:3] != ours[3:6]
    assert not splitter.spatial and not StratifiedFolds().spatial


def test_an_abundance_is_dealt_out_by_classes_of_equal_size() -> None:
    random = np.random.default_rng(3)
    abundance = np.exp(2 * random.normal(size=200))
    classes = target_classes(abundance, n_splits=5)
    assert np.bincount(classes).tolist() == [20] * 10
    assert [abundance[classes == k].max() <= abundance[classes == k + 1].min() for k in range(9)] == [True] * 9
    means = [np.log(abundance[test]).mean() for _, test in RepeatedStratified(5, 1).split(XY[:200], abundance)]
    by_chance = [np.log(abundance[test]).mean() for _, test in KFold(5, shuffle=True, random_state=1).split(abundance)]
    assert np.std(means) < 0.5 * np.std(by_chance)
    assert cross_val_score(Ridge(), XY[:200], abundance, cv=RepeatedStratified(5, 2)).shape == (10,)


def test_many_zeros_are_one_class_and_few_plots_fewer_classes() -> None:
    abundance = np.concatenate([np.zeros(70), np.random.default_rng(1).gamma(2, 3, 30)])
    classes = target_classes(abundance, n_splits=5)
    assert len(set(classes[:70])) == 1 and np.bincount(classes).min() >= 5
    assert len(set(target_classes(np.arange(12) / 7, n_splits=5))) == 2
    # Counts with rare values are cut at quantiles too; frequent ones are classes by themselves.
    assert len(set(target_classes(np.array([0, 0, 0, 1, 1, 1, 2, 2, 2]), n_splits=3))) == 3
    assert np.bincount(target_classes(np.array([0] * 10 + [3, 4, 9, 20]), n_splits=3)).min() >= 3


@pytest.mark.parametrize(
    ("y", "message"),
    [
        (np.array([1.0] * 3 + [0.0] * 20), "a class of the target has 3 plots, too few for 5 stratified folds"),
        (np.array([1.0, np.nan] * 10), "the target is unknown for 10 plots, the first in row 2"),
        (np.array([0.3, 0.1, 0.2]), "3 plots are too few for 5"),
        (np.zeros((20, 3)), "give one target|shape"),
    ],
)
def test_what_cannot_be_stratified_is_said(y: np.ndarray, message: str) -> None:
    with pytest.raises(PairingError, match=message):
        list(RepeatedStratified(5, 2).split(np.zeros(len(y)), y))


def test_targets_are_needed() -> None:
    with pytest.raises(PairingError, match="need the targets"):
        list(StratifiedFolds(3).split(XY))
    with pytest.raises(PairingError, match="need the target"):
        list(RepeatedStratified(3).split(XY))
    with pytest.raises(PairingError, match="one row of targets for each plot"):
        list(StratifiedFolds(3).split(XY, np.zeros((3, 3))))
    with pytest.raises(PairingError, match="too few for 5 folds"):
        StratifiedFolds(5).fold_of(XY[:3], y=np.ones((3, 2)))
    with pytest.raises(OptionError, match="1 folds cannot be dealt out 2 times"):
        RepeatedStratified(1, 2)


def test_a_value_at_a_quantile_belongs_to_the_class_below() -> None:
    # Two classes of nine values: the median, .5, is the last of the first.
    assert target_classes(np.arange(1, 10) / 10, n_splits=4).tolist() == [0] * 5 + [1] * 4
