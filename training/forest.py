"""Random forests: scikit-learn's, one at a time in a process.

Around every tree, grown or asked, scikit-learn sets the list of warning filters of the whole process anew. Folds that
run side by side in threads, and its own threads of one forest too, take each other's half-made list: the process
loses its filters, and every further tree warns. One lock keeps forests apart, and each takes one thread.

Breiman 2001, doi:10.1023/A:1010933404324.
"""

from __future__ import annotations

import threading
import warnings

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.ensemble import RandomForestRegressor

Floats = NDArray[np.float64]

forest_lock = threading.Lock()


def grow_forest(
    vectors: ArrayLike, y: ArrayLike, *, random_state: int, trees: int = 200, leaf: int = 5,
    weights: ArrayLike | None = None, out_of_bag: bool = False,
) -> RandomForestRegressor:
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
        (N,) weights of the plots; equal where None.
    out_of_bag
        Whether :func:`out_of_bag` will be asked.
    """
    targets = np.asarray(y, dtype=np.float64)
    forest = RandomForestRegressor(
        trees, min_samples_leaf=leaf, max_features="sqrt", oob_score=out_of_bag, n_jobs=1, random_state=random_state
    )
    with forest_lock, warnings.catch_warnings():
        # Plots that every tree drew; out_of_bag says which.
        warnings.filterwarnings("ignore", "Some inputs do not have OOB scores", UserWarning)
        return forest.fit(vectors, targets if targets.shape[1] > 1 else targets[:, 0], weights)


def forest_mean(forest: RandomForestRegressor, vectors: ArrayLike) -> Floats:
    """Return the mean over the trees (M, S)."""
    with forest_lock:
        return np.asarray(forest.predict(vectors)).reshape(-1, forest.n_outputs_)


def out_of_bag(forest: RandomForestRegressor) -> Floats:
    """Return, for the training plots, the mean over the trees that did not draw a plot (N, S).

    NaN where every tree did: scikit-learn's value is 0 there, which would look like a prediction.
    """
    predicted = np.asarray(forest.oob_prediction_).reshape(-1, forest.n_outputs_)
    always = np.ones(len(predicted), bool)
    for drawn in forest.estimators_samples_:
        always &= np.bincount(drawn, minlength=len(predicted)) > 0
    return np.where(always[:, None], np.nan, predicted)
