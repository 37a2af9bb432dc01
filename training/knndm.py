"""Folds whose distances are those of the map: k-fold nearest neighbour distance matching.

Linnenbrink et al. 2024 (doi:10.5194/gmd-17-5897-2024), as the R package CAST does. Blocks of a chosen size may be
harder or easier than the prediction that they stand for; here folds are chosen so that test plots are as far from
training plots as the places of the map are from the plots.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.cluster.hierarchy import cut_tree, ward
from scipy.spatial import KDTree
from scipy.stats import ks_2samp, wasserstein_distance
from sklearn.decomposition import PCA

from botaclip.core.errors import PairingError
from botaclip.training.folds import Folds, Indexes, Places, metres

# Numbers of clusters that are tried, evenly on the scale of logarithms.
TRIED = 100
# Above this p the plots are not clustered with regard to the map, and random folds do.
CLUSTERED_P = 0.05


class KNNDM(Folds):
    """Folds that match nearest-neighbour distances between test and training plots to those between map and plots.

    Parameters
    ----------
    prediction
        Places of the map, (M, 2) easting, northing in metres or ``Points`` in the same projected CRS as the plots.
    n_splits
        Number of folds.
    largest
        Largest share of the plots that one fold may hold.
    buffer
        As in :class:`~botaclip.training.blocks.SpatialBlocks`; distances are matched before it takes plots away.
    random_state
        Seed of random folds, which plots that are not clustered get.

    Attributes
    ----------
    w_
        Wasserstein distance, in metres, between the two distributions of distances: 0 would be a perfect match.
    clusters_
        Number of clusters that the folds are made of; 0 for random folds.
    """

    def __init__(
        self, prediction: ArrayLike | Places, n_splits: int = 5, *, largest: float = 0.5, buffer: float = 0.0,
        random_state: int = 1,
    ) -> None:
        super().__init__(n_splits, buffer, random_state)
        self.prediction = prediction
        self.largest = largest

    def __repr__(self) -> str:
        return f"KNNDM({len(metres(self.prediction))} places, n_splits={self.n_splits}, largest={self.largest})"

    def _assign(self, xy: NDArray[np.float64], groups: Indexes | None, y: ArrayLike | None) -> Indexes:
        if groups is not None:
            raise PairingError(
                "distance matching does not keep groups together",
                remedy="split by groups, or leave the groups out",
            )
        if len(xy) < 2 * self.n_splits:
            raise PairingError(
                f"{len(xy)} plots are too few for {self.n_splits} matched folds", remedy="use fewer folds"
            )
        wanted = KDTree(xy).query(metres(self.prediction))[0]
        alone = KDTree(xy).query(xy, k=2)[0][:, 1]
        if ks_2samp(alone, wanted, alternative="greater").pvalue >= CLUSTERED_P:
            shuffled = np.random.default_rng(self.random_state).permutation(len(xy))
            folds = np.empty(len(xy), dtype=np.intp)
            folds[shuffled] = np.arange(len(xy)) % self.n_splits
            self.w_, self.clusters_ = float(wasserstein_distance(to_other_folds(xy, folds), wanted)), 0
            return folds
        tree = ward(xy)
        counts = np.exp(np.linspace(np.log(self.n_splits), np.log(len(xy) - 2), TRIED)).round().astype(int)
        along = PCA(1, svd_solver="full").fit(xy).transform(xy).ravel()
        best: tuple[float, int, Indexes] | None = None
        for count in np.unique(counts):
            cluster = cut_tree(tree, n_clusters=count).ravel()
            folds = merged(cluster, along, self.n_splits)
            sizes = np.bincount(folds, minlength=self.n_splits)
            if sizes.max() > self.largest * len(xy) or sizes.min() == 0:
                continue
            distance = float(wasserstein_distance(to_other_folds(xy, folds), wanted))
            if best is None or distance < best[0]:
                best = distance, int(count), folds
        if best is None:
            raise PairingError(
                f"no {self.n_splits} folds are found of which none holds more than {self.largest:.0%} of the plots",
                remedy="use fewer folds, or allow larger ones",
            )
        self.w_, self.clusters_, folds = best
        return folds


def to_other_folds(xy: NDArray[np.float64], folds: Indexes) -> NDArray[np.float64]:
    """Return the distance of each place to the nearest one of another fold (N,)."""
    nearest = np.empty(len(xy))
    for fold in np.unique(folds):
        test = folds == fold
        nearest[test] = KDTree(xy[~test]).query(xy[test])[0]
    return nearest


def merged(cluster: Indexes, along: NDArray[np.float64], folds: int) -> Indexes:
    """Return the fold of each plot: large clusters by themselves, the others dealt out along the plots' main direction.

    Parameters
    ----------
    cluster
        (N,) from 0.
    along
        Coordinate of each plot along the first principal component of the places (N,).
    folds
        Their number.
    """
    if cluster.max() + 1 == folds:
        return np.asarray(cluster, dtype=np.intp)
    sizes = np.bincount(cluster)
    order = np.argsort(np.bincount(cluster, weights=along) / sizes, kind="stable")
    of = np.full(len(sizes), -1, dtype=np.intp)
    large = [one for one in order if sizes[one] >= len(cluster) / folds][: folds - 1]
    of[large] = np.arange(len(large))
    rest = [one for one in order if of[one] < 0]
    of[rest] = len(large) + np.arange(len(rest)) % (folds - len(large))
    return of[cluster]
