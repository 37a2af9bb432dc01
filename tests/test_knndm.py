"""Distance-matched folds against CAST's formulas worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import wasserstein_distance
from sklearn.model_selection import cross_val_score
from sklearn.neighbors import KNeighborsRegressor

from botaclip.core.errors import PairingError
from botaclip.training.knndm import KNNDM, merged, to_other_folds


def clustered(seed: int = 0, clusters: int = 8, each: int = 12) -> np.ndarray:
    random = np.random.default_rng(seed)
    centres = random.uniform(0, 10_000, (clusters, 2))
    return np.concatenate([centre + random.normal(0, 60, (each, 2)) for centre in centres])


def everywhere(side: float = 10_000.0, step: float = 500.0) -> np.ndarray:
    axis = np.arange(step / 2, side, step)
    return np.array([(x, y) for x in axis for y in axis])


def test_distances_to_other_folds_by_hand() -> None:
    xy = np.array([[0.0, 0], [1, 0], [10, 0], [14, 0]])
    assert to_other_folds(xy, np.array([0, 0, 1, 1])).tolist() == [10, 9, 9, 13]
    assert to_other_folds(xy, np.array([0, 1, 0, 1])).tolist() == [1, 1, 4, 4]


def test_clusters_are_merged_along_the_main_direction() -> None:
    # Sizes 4, 1, 1, 1, 1 from west to east; a fold of 2 has 4 plots: the first cluster is one by itself.
    cluster = np.array([0, 0, 0, 0, 1, 2, 3, 4])
    along = np.arange(8.0)
    assert merged(cluster, along, 2).tolist() == [0, 0, 0, 0, 1, 1, 1, 1]
    # Of three folds (8 / 3 plots each) the others are dealt out in turn, neighbours to different folds.
    assert merged(cluster, along, 3).tolist() == [0, 0, 0, 0, 1, 2, 1, 2]
    # The direction is that of the places, not of the clusters' numbers.
    assert merged(cluster, -along, 3).tolist() == [0, 0, 0, 0, 2, 1, 2, 1]
    # As many clusters as folds are the folds.
    assert merged(np.array([1, 0, 2]), np.zeros(3), 3).tolist() == [1, 0, 2]


def test_plots_spread_like_the_map_get_random_folds() -> None:
    plots = np.random.default_rng(1).uniform(0, 10_000, (100, 2))
    split = KNNDM(everywhere(), 5)
    folds = split.fold_of(plots)
    assert split.clusters_ == 0 and np.bincount(folds).tolist() == [20] * 5
    # Neighbours are in different folds, as for any random ones.
    assert np.median(to_other_folds(plots, folds)) < 1_000


def test_clustered_plots_are_held_out_as_far_as_the_map_is() -> None:
    plots, places = clustered(), everywhere()
    split = KNNDM(places, 5)
    folds = split.fold_of(plots)
    wanted = np.array([np.linalg.norm(plots - place, axis=1).min() for place in places])
    found = to_other_folds(plots, folds)
    assert split.w_ == pytest.approx(wasserstein_distance(found, wanted))
    assert np.bincount(folds).max() <= 0.5 * len(plots) and set(folds) == set(range(5))
    # Random folds have a neighbour next door; these do not, and match the map far better.
    random = np.arange(len(plots)) % 5
    assert split.w_ < 0.4 * wasserstein_distance(to_other_folds(plots, random), wanted)
    assert np.median(found) > 10 * np.median(to_other_folds(plots, random))
    # The first of all numbers of clusters that are tried is the best: nothing tried does better.
    assert split.clusters_ >= 5


def test_it_is_a_splitter_of_scikit_learn() -> None:
    plots = clustered()
    split = KNNDM(everywhere(), 4, buffer=50.0)
    folds = list(split.split(plots))
    assert len(folds) == split.get_n_splits() == 4
    assert sorted(np.concatenate([test for _, test in folds]).tolist()) == list(range(len(plots)))
    assert len(cross_val_score(KNeighborsRegressor(3), plots, plots[:, 0], cv=split)) == 4
    assert repr(split) == "KNNDM(400 places, n_splits=4, largest=0.5)"


def test_what_cannot_be_split_is_said() -> None:
    with pytest.raises(PairingError, match="9 plots are too few for 5 matched folds"):
        list(KNNDM(everywhere(), 5).split(clustered()[:9]))
    with pytest.raises(PairingError, match="does not keep groups together"):
        list(KNNDM(everywhere(), 5).split(clustered(), groups=np.arange(96) // 12))
    with pytest.raises(PairingError, match="none holds more than"):
        list(KNNDM(everywhere(), 5, largest=0.1).split(clustered()))
