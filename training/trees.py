"""Random forests of regression trees, grown one after another.

The trees are scikit-learn's, and to the bit those of its ``RandomForestRegressor``. Its own loop is not used, because
it sets the list of warning filters of the whole process anew around every tree: folds that run side by side in threads
take each other's half-made list, the process loses its filters, and every further tree warns. It also takes as long
for a small tree as growing it does.

Breiman 2001, doi:10.1023/A:1010933404324.
"""

from __future__ import annotations

import dataclasses
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.tree import DecisionTreeRegressor

Floats = NDArray[np.float64]
Index = NDArray[np.integer]


@dataclasses.dataclass(frozen=True)
class Trees:
    """A grown forest.

    Parameters
    ----------
    trees
        Its trees.
    drawn
        Rows of the training plots that each tree was grown on (N,), with repeats.
    targets
        Number of targets S.
    """

    trees: tuple[DecisionTreeRegressor, ...]
    drawn: tuple[Index, ...]
    targets: int

    def predict(self, vectors: ArrayLike) -> Floats:
        """Return the mean over the trees (M, S)."""
        return mean_of_trees(self.trees, vectors, self.targets)

    def out_of_bag(self, vectors: ArrayLike) -> Floats:
        """Return, for the training plots, the mean over the trees that did not draw a plot (N, S).

        NaN where every tree did: the forest's own out-of-bag values are 0 there, which would look like a prediction.
        """
        points = np.ascontiguousarray(vectors, dtype=np.float32)
        total, n = np.zeros((len(points), self.targets)), np.zeros(len(points))
        for tree, drawn in zip(self.trees, self.drawn, strict=True):
            out = np.ones(len(points), bool)
            out[drawn] = False
            if out.any():
                total[out] += tree.predict(points[out], check_input=False).reshape(int(out.sum()), -1)
                n[out] += 1
        with np.errstate(invalid="ignore"):
            return np.asarray(total / np.where(n > 0, n, np.nan)[:, None])


def grow_trees(
    vectors: ArrayLike, y: ArrayLike, *, random_state: int, trees: int = 200, leaf: int = 5,
    weights: ArrayLike | None = None, threads: int = 1,
) -> Trees:
    """Grow a forest; the square root of the features is tried at each split.

    Parameters
    ----------
    vectors, y
        Training plots (N, D) and their targets (N, S), without NaN.
    random_state
        Seed.
    trees, leaf
        Number of trees, and fewest plots in a leaf.
    weights
        (N,) a plot is drawn in proportion to its weight; equally where None.
    threads
        Threads that grow them; of no influence on the trees.
    """
    points, target = np.ascontiguousarray(vectors, dtype=np.float32), np.ascontiguousarray(y, dtype=np.float64)
    share = None if weights is None else np.asarray(weights, dtype=float) / np.sum(weights)
    random = np.random.RandomState(random_state)
    seeds = [int(random.randint(np.iinfo(np.int32).max)) for _ in range(trees)]

    def grow(seed: int) -> tuple[DecisionTreeRegressor, Index]:
        own, n = np.random.RandomState(seed), len(points)
        drawn = own.randint(0, n, n) if share is None else own.choice(n, n, replace=True, p=share)
        tree = DecisionTreeRegressor(min_samples_leaf=leaf, max_features="sqrt", random_state=seed)
        tree.fit(points, target, np.bincount(drawn, minlength=n).astype(float), check_input=False)
        return tree, drawn.astype(np.int32)

    if threads > 1:
        with ThreadPoolExecutor(threads) as pool:
            grown = list(pool.map(grow, seeds))
    else:
        grown = [grow(seed) for seed in seeds]
    return Trees(tuple(tree for tree, _ in grown), tuple(drawn for _, drawn in grown), target.shape[1])


def mean_of_trees(trees: tuple[DecisionTreeRegressor, ...] | list[DecisionTreeRegressor], vectors: ArrayLike,
                  targets: int) -> Floats:  # fmt: skip
    """Return the mean prediction of some trees (M, S), added up in their order."""
    points = np.ascontiguousarray(vectors, dtype=np.float32)
    total = np.zeros((len(points), targets))
    for tree in trees:
        total += tree.predict(points, check_input=False).reshape(len(points), targets)
    return total / len(trees)
