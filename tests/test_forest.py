"""A forest is scikit-learn's to the bit, and leaves the process its warning filters when folds grow side by side."""

from __future__ import annotations

import sys
import warnings
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from sklearn.ensemble import RandomForestRegressor
from sklearn.tree import DecisionTreeRegressor

from botaclip.training.forest import forest_mean, grow_forest, out_of_bag

RNG = np.random.default_rng(4)
X = RNG.normal(size=(90, 7))
Y = np.column_stack([X[:, 0] + X[:, 1] ** 2, (X[:, 2] > 0).astype(float), RNG.normal(size=90)])


@pytest.mark.parametrize("targets", [1, 3])
@pytest.mark.parametrize("weights", [None, RNG.uniform(0.0, 2.0, len(X))])
def test_a_forest_is_scikit_learns(targets: int, weights: np.ndarray | None) -> None:
    y = Y[:, :targets]
    theirs = RandomForestRegressor(25, min_samples_leaf=4, max_features="sqrt", random_state=9)
    theirs.fit(X, y if targets > 1 else y[:, 0], weights)
    ours = grow_forest(X, y, random_state=9, trees=25, leaf=4, weights=weights)
    np.testing.assert_array_equal(forest_mean(ours, X + 0.1), theirs.predict(X + 0.1).reshape(len(X), targets))


def test_out_of_bag_is_the_mean_of_the_trees_that_did_not_draw_the_plot() -> None:
    forest = grow_forest(X, Y, random_state=1, trees=3, out_of_bag=True)
    told = out_of_bag(forest)
    trees: list[tuple[DecisionTreeRegressor, np.ndarray]]
    trees = list(zip(forest.estimators_, forest.estimators_samples_, strict=True))
    missing = 0
    for plot in range(len(X)):
        out = [tree.predict(X[plot : plot + 1])[0] for tree, drawn in trees if plot not in drawn]
        missing += not out
        np.testing.assert_allclose(told[plot], np.mean(out, axis=0) if out else np.full(3, np.nan), rtol=1e-12)
    assert 0 < missing < len(X)


def test_out_of_bag_of_one_target() -> None:
    told = out_of_bag(grow_forest(X, Y[:, :1], random_state=1, trees=40, out_of_bag=True))
    assert told.shape == (90, 1) and np.isfinite(told).all()
    assert np.corrcoef(told[:, 0], Y[:, 0])[0, 1] > 0.3


def test_forests_side_by_side_leave_warnings_as_they_were() -> None:
    """Without the lock, threads lose each other's filters: one warning for every tree."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            before = list(warnings.filters)

            def work(seed: int) -> np.ndarray:
                return forest_mean(grow_forest(X, Y, random_state=seed, trees=4, out_of_bag=True), X)

            with ThreadPoolExecutor(4) as pool:
                made = list(pool.map(work, range(16)))
            assert list(warnings.filters) == before and len(made) == 16
    finally:
        sys.setswitchinterval(interval)
