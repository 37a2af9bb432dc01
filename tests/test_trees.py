"""Our forest is scikit-learn's to the bit, and leaves the process its warning filters when grown side by side."""

from __future__ import annotations

import sys
import warnings
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import sklearn
from sklearn.ensemble import RandomForestRegressor

from botaclip.training.trees import grow_trees, mean_of_trees

RNG = np.random.default_rng(4)
X = RNG.normal(size=(90, 7))
Y = np.column_stack([X[:, 0] + X[:, 1] ** 2, (X[:, 2] > 0).astype(float), RNG.normal(size=90)])


@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("targets", [1, 3])
def test_trees_are_scikit_learns(targets: int, threads: int) -> None:
    y = Y[:, :targets]
    theirs = RandomForestRegressor(25, min_samples_leaf=4, max_features="sqrt", random_state=9, n_jobs=1)
    theirs.fit(X, y if targets > 1 else y[:, 0])
    ours = grow_trees(X, y, random_state=9, trees=25, leaf=4, threads=threads)
    expected = theirs.predict(X + 0.1).reshape(len(X), -1)
    np.testing.assert_array_equal(ours.predict(X + 0.1), expected)
    np.testing.assert_array_equal(mean_of_trees(theirs.estimators_, X + 0.1, targets), expected)
    for drawn, sampled in zip(ours.drawn, theirs.estimators_samples_, strict=True):
        np.testing.assert_array_equal(drawn, sampled)


@pytest.mark.skipif(int(sklearn.__version__.split(".")[1]) < 8, reason="drew plots whatever their weight")
def test_weights_are_scikit_learns() -> None:
    weights = RNG.uniform(0.0, 2.0, len(X))
    theirs = RandomForestRegressor(12, min_samples_leaf=4, max_features="sqrt", random_state=2, n_jobs=1)
    theirs.fit(X, Y, sample_weight=weights)
    ours = grow_trees(X, Y, random_state=2, trees=12, leaf=4, weights=weights)
    np.testing.assert_array_equal(ours.predict(X), theirs.predict(X))


def test_out_of_bag_is_missing_where_every_tree_drew_the_plot() -> None:
    ours = grow_trees(X, Y, random_state=1, trees=3)
    bag = ours.out_of_bag(X)
    always = np.all([np.isin(np.arange(len(X)), drawn) for drawn in ours.drawn], axis=0)
    assert always.any()
    np.testing.assert_array_equal(np.isnan(bag), np.repeat(always[:, None], 3, axis=1))


def test_forests_side_by_side_leave_warnings_as_they_were() -> None:
    """Around scikit-learn's own forests, threads lose each other's filters: one warning for every tree."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            before = list(warnings.filters)
            with ThreadPoolExecutor(4) as pool:
                made = list(pool.map(lambda seed: grow_trees(X, Y, random_state=seed, trees=30), range(8)))
            assert list(warnings.filters) == before and len(made) == 8
    finally:
        sys.setswitchinterval(interval)
