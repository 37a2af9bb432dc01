"""Sites: plots that belong together on the ground, by a column of the plots or by how far apart they lie."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.cluster.hierarchy import DisjointSet
from scipy.spatial import KDTree

Metres = NDArray[np.floating]

LINKAGE_M = 20_000.0
UNNAMED = "(none)"


def sites_of(places: Metres, named: Sequence[str] | None = None, *, linkage_m: float = LINKAGE_M) -> tuple[str, ...]:
    """Return the site of each plot (N,).

    Parameters
    ----------
    places
        Metres (N, 3) geocentric, or (N, 2) in a plane.
    named
        Sites as the table of plots has them (N,); an empty one becomes ``(none)``. None: single linkage, plots are
        on one site when steps of at most ``linkage_m`` from plot to plot lead from one to the other. Sites are then
        numbered in the order of their first plot.
    linkage_m
        Longest step in metres.
    """
    if named is not None:
        return tuple(str(name).strip() or UNNAMED for name in named)
    return tuple(f"site {number + 1}" for number in single_linkage(places, linkage_m))


def far_apart(places: Metres, sites: Sequence[str], *, linkage_m: float = LINKAGE_M) -> bool:
    """Whether no plot of one site (N,) is linked to a plot of another: always so where sites come from linkage.

    Parameters as for :func:`sites_of`.
    """
    clusters: dict[int, str] = {}
    for cluster, site in zip(single_linkage(places, linkage_m).tolist(), sites, strict=True):
        if clusters.setdefault(cluster, site) != site:
            return False
    return len(set(sites)) > 1


def single_linkage(places: Metres, linkage_m: float) -> NDArray[np.int64]:
    """Return the cluster of each place (N,), numbered from 0 in the order of first members.

    The same clusters as :func:`scipy.cluster.hierarchy.fcluster` gives at this distance, without its N x N distances:
    places in one cube whose diagonal is ``linkage_m`` are linked anyway, so only cubes have to be compared.
    """
    axes = places.shape[1]
    _, cube = np.unique(np.floor(places / (linkage_m / axes**0.5)), axis=0, return_inverse=True)
    cube = cube.ravel()
    members = np.split(np.argsort(cube, kind="stable"), np.cumsum(np.bincount(cube))[:-1])
    trees = [KDTree(places[rows]) for rows in members]
    # A place is at most a diagonal from the first of its cube: none are near where first places are farther apart.
    firsts = np.array([places[rows[0]] for rows in members])
    near = KDTree(firsts).query_pairs(3 * linkage_m, output_type="ndarray")
    # Nearest first: most others are then linked already, and their places need not be compared.
    near = near[np.argsort(np.square(firsts[near[:, 0]] - firsts[near[:, 1]]).sum(axis=1), kind="stable")]
    clusters = DisjointSet(range(len(members)))
    for a, b in near.tolist():
        if not clusters.connected(a, b) and trees[a].query(trees[b].data)[0].min() <= linkage_m:
            clusters.merge(a, b)
    cluster = np.array([clusters[number] for number in range(len(members))])[cube]
    _, first, numbered = np.unique(cluster, return_index=True, return_inverse=True)
    rank = np.empty(len(first), np.int64)
    rank[np.argsort(first)] = np.arange(len(first))
    return np.asarray(rank[numbered.ravel()])
