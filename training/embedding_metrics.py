"""What a space of vectors is worth by itself: habitats apart, relevés found, neighbours kept, distances alike."""

from __future__ import annotations

import dataclasses
import math
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.spatial.distance import pdist, squareform
from scipy.stats import rankdata
from sklearn.metrics import davies_bouldin_score
from sklearn.neighbors import NearestNeighbors

from botaclip.training.presence_metrics import NAN, Floats


def davies_bouldin(vectors: ArrayLike, labels: ArrayLike, *, minimum_members: int = 10) -> float:
    """Return how much classes (habitats) overlap in a space of unit vectors; lower is better.

    Classes below ``minimum_members`` are left out; NaN when fewer than two remain. Compare spaces of like
    dimension only. Davies & Bouldin 1979, doi:10.1109/TPAMI.1979.4766909.
    """
    points = np.asarray(vectors, dtype=float)
    if len(points) != len(np.asarray(labels)):
        raise ValueError(f"{len(points)} vectors but {len(np.asarray(labels))} labels")
    names, inverse, counts = np.unique(np.asarray(labels).astype(str), return_inverse=True, return_counts=True)
    kept = counts[inverse.ravel()] >= minimum_members
    if (counts >= minimum_members).sum() < 2:
        return NAN
    unit = points[kept] / np.linalg.norm(points[kept], axis=1, keepdims=True).clip(1e-12)
    return float(davies_bouldin_score(unit, names[inverse.ravel()][kept]))


@dataclasses.dataclass(frozen=True)
class _Standing:
    """Where each query's best positive stands: how many others are ahead of it and level with it, (N,).

    ``matches`` is the query's number of positives, ``best`` how many of them are level with the best.
    """

    ahead: NDArray[np.intp]
    level: NDArray[np.intp]
    best: NDArray[np.intp]
    matches: NDArray[np.intp]
    candidates: int


def _standing(similarity: ArrayLike, positives: ArrayLike | None) -> _Standing:
    scores = np.asarray(similarity, dtype=float)
    if positives is not None and np.shape(positives) != scores.shape:
        raise ValueError(f"a similarity of shape {scores.shape} but positives of {np.shape(positives)}")
    # A missing similarity ranks last, and level with others that are missing.
    scores = np.where(np.isnan(scores), -np.inf, scores)
    match: NDArray[np.bool_] = np.eye(*scores.shape) > 0 if positives is None else np.asarray(positives) > 0
    answered = match.any(axis=1)
    scores, match = scores[answered], match[answered]
    best = np.where(match, scores, -np.inf).max(axis=1, keepdims=True, initial=-np.inf)
    ahead = ((scores > best) & ~match).sum(axis=1)
    level = ((scores == best) & ~match).sum(axis=1)
    return _Standing(ahead, level, ((scores == best) & match).sum(axis=1), match.sum(axis=1), scores.shape[1])


def _positive_ranks(similarity: ArrayLike, positives: ArrayLike | None) -> tuple[Floats, NDArray[np.intp], int]:
    """Return the rank of each query's best positive (ties count half), its number of positives, and candidates."""
    found = _standing(similarity, positives)
    return 1 + found.ahead + found.level / 2, found.matches, found.candidates


def retrieval_recall(similarity: ArrayLike, k: int, positives: ArrayLike | None = None) -> float:
    """Return the share of queries (rows) with a positive among their ``k`` most similar candidates (columns).

    Parameters
    ----------
    similarity
        (N, M) image against relevé, for example.
    k
        How many candidates are looked at.
    positives
        (N, M) boolean; None: the diagonal. Rows without a positive do not count. What is level could stand in any
        order, and the mean over these orders is returned: a constant similarity earns chance.
    """
    found = _standing(similarity, positives)
    shares = []
    for ahead, level, best in zip(found.ahead.tolist(), found.level.tolist(), found.best.tolist(), strict=True):
        looked = min(k - ahead, level + best)
        shares.append(1 - math.comb(level, looked) / math.comb(level + best, looked) if looked > 0 else 0.0)
    return float(np.mean(shares)) if shares else NAN


def retrieval_chance(similarity: ArrayLike, k: int, positives: ArrayLike | None = None) -> float:
    """Return what :func:`retrieval_recall` is expected to be at random."""
    _, matches, candidates = _positive_ranks(similarity, positives)
    if not matches.size:
        return NAN
    looked = min(k, candidates)
    miss = [math.comb(candidates - int(m), looked) / math.comb(candidates, looked) for m in matches]
    return 1 - float(np.mean(miss))


def median_rank(similarity: ArrayLike, positives: ArrayLike | None = None) -> float:
    """Return the median rank (from 1) of each query's best positive; arguments as :func:`retrieval_recall`."""
    ranks, _, _ = _positive_ranks(similarity, positives)
    return float(np.median(ranks)) if ranks.size else NAN


def median_rank_chance(similarity: ArrayLike, positives: ArrayLike | None = None) -> float:
    """Return the median over queries of the rank expected at random, (M + 1) / (positives + 1)."""
    _, matches, candidates = _positive_ranks(similarity, positives)
    return float(np.median((candidates + 1) / (matches + 1))) if matches.size else NAN


def neighbour_overlap(a: ArrayLike, b: ArrayLike, k: int = 10) -> float:
    """Return the mean share of each plot's ``k`` nearest neighbours (cosine) in ``a`` that it keeps in ``b``.

    1 when the adapted space keeps the frozen geometry; ``k / (N - 1)`` at chance. NaN with ``k`` plots or fewer.
    """
    before, after = (np.asarray(space, dtype=float) for space in (a, b))
    if len(before) != len(after):
        raise ValueError(f"{len(before)} vectors against {len(after)}")
    if len(before) <= k:
        return NAN
    near = [_nearest(space, k) for space in (before, after)]
    kept = (near[0][:, :, None] == near[1][:, None, :]).any(axis=2)
    return float(kept.mean())


def neighbour_overlap_chance(n: int, k: int = 10) -> float:
    """Return what :func:`neighbour_overlap` of ``n`` plots is expected to be at random."""
    return k / (n - 1) if n > k else NAN


def habitat_purity(vectors: ArrayLike, labels: ArrayLike, k: int = 5) -> float:
    """Return the mean share of each plot's ``k`` nearest other plots (cosine) that have its habitat.

    Leave-one-out: a plot is never its own neighbour. Plots labelled ``""`` are left out. NaN with ``k`` labelled plots
    or fewer, or one habitat only. Show :func:`habitat_purity_chance` beside it.

    Parameters
    ----------
    vectors
        (N, D).
    labels
        (N,) habitats.
    k
        Number of neighbours.
    """
    points, names = np.asarray(vectors, dtype=float), np.asarray(labels).astype(str)
    if len(points) != len(names):
        raise ValueError(f"{len(points)} vectors but {len(names)} labels")
    points, names = points[names != ""], names[names != ""]
    if len(points) <= k or len(np.unique(names)) < 2:
        return NAN
    return float((names[_nearest(points, k)] == names[:, None]).mean())


def habitat_purity_chance(labels: ArrayLike) -> float:
    """Return what :func:`habitat_purity` is expected to be at random: the share of pairs of plots of one habitat."""
    names = np.asarray(labels).astype(str)
    counts = np.unique(names[names != ""], return_counts=True)[1]
    n = counts.sum()
    return float((counts * (counts - 1)).sum() / (n * (n - 1))) if len(counts) > 1 else NAN


@dataclasses.dataclass(frozen=True)
class Mantel:
    """A Mantel test.

    Parameters
    ----------
    r
        Correlation of the distances of all pairs of plots, NaN where undefined.
    p
        Share of permutations that give at least ``r``, the one seen among them.
    plots
        How many plots were compared.
    permutations
        How many were drawn.
    """

    r: float
    p: float
    plots: int
    permutations: int


def mantel(
    a: ArrayLike, b: ArrayLike, *, method: Literal["pearson", "spearman"] = "pearson", permutations: int = 999,
    blocks: ArrayLike | None = None, random_state: int = 1,
) -> Mantel:
    """Correlate two distance matrices over the same plots; p one-sided, by permuting whole plots (Mantel 1967).

    Own code: SciPy has no Mantel test, and scikit-bio is a large package for one function and does not permute within
    blocks. The p value takes plots as exchangeable; where both sides follow space it is too small, so give blocks.

    Parameters
    ----------
    a, b
        (N, N) symmetric distances.
    method
        ``spearman`` ranks the distances first.
    permutations
        How many; 0 gives no p (NaN).
    blocks
        (N,) labels; plots change places within their block only.
    random_state
        Seed.

    Raises
    ------
    ValueError
        The matrices are not square and alike in shape.
    """
    first, second = np.asarray(a, dtype=float), np.asarray(b, dtype=float)
    n = len(first)
    if first.shape != (n, n) or second.shape != (n, n):
        raise ValueError(f"distances of shapes {first.shape} and {second.shape}")
    labels = np.zeros(n) if blocks is None else np.asarray(blocks)
    if labels.shape != (n,):
        raise ValueError(f"{n} plots but {labels.size} blocks")
    upper = np.triu_indices(n, 1)
    if method == "spearman":
        first, second = (squareform(rankdata(distances[upper])) for distances in (first, second))
    x, y = first[upper], second[upper]
    if len(x) < 2 or not (np.ptp(x) > 0 and np.ptp(y) > 0):
        return Mantel(NAN, NAN, n, 0)
    x = (x - x.mean()) / np.linalg.norm(x - x.mean())
    y = (y - y.mean()) / np.linalg.norm(y - y.mean())
    r = float(x @ y)
    scaled = squareform(y, checks=False)
    rng = np.random.default_rng(random_state)
    members = [np.flatnonzero(labels == label) for label in np.unique(labels)]
    as_large = 1
    for _ in range(permutations):
        order = np.arange(n)
        for rows in members:
            order[rows] = rng.permutation(rows)
        # Rounding must not decide whether a permutation that changes nothing counts.
        as_large += bool(x @ scaled[np.ix_(order, order)][upper] >= r - 1e-12)
    return Mantel(r, as_large / (permutations + 1) if permutations else NAN, n, permutations)


def floristic_mantel(
    cover: Any, vectors: ArrayLike, *, at_most: int = 1_000, method: Literal["pearson", "spearman"] = "pearson",
    permutations: int = 999, blocks: ArrayLike | None = None, random_state: int = 1,
) -> Mantel:
    """Return the Mantel test of floristic (Bray-Curtis) against embedding (cosine) distance.

    Parameters
    ----------
    cover
        (N, V) cover or counts, dense or sparse; plots without any species are left out.
    vectors
        (N, D); plots with a zero vector are left out.
    at_most
        Of more plots a random sample is compared, because the matrices grow with their square.
    method, permutations, blocks, random_state
        As in :func:`mantel`.
    """
    points = np.asarray(vectors, dtype=float)
    if cover.shape[0] != len(points):
        raise ValueError(f"{cover.shape[0]} relevés but {len(points)} vectors")
    labels = None if blocks is None else np.asarray(blocks)
    rows = np.flatnonzero((np.asarray(cover.sum(axis=1)).ravel() > 0) & (points != 0).any(axis=1))
    if len(rows) > at_most:
        rows = np.sort(np.random.default_rng(random_state).choice(rows, at_most, replace=False))
    if len(rows) < 3:
        return Mantel(NAN, NAN, len(rows), 0)
    chosen = cover[rows]
    releves = chosen.toarray() if hasattr(chosen, "toarray") else np.asarray(chosen)
    return mantel(
        squareform(pdist(releves.astype(float), "braycurtis")), squareform(pdist(points[rows], "cosine")),
        method=method, permutations=permutations, blocks=None if labels is None else labels[rows],
        random_state=random_state,
    )


def _nearest(space: Floats, k: int) -> NDArray[Any]:
    search = NearestNeighbors(n_neighbors=k, metric="cosine", algorithm="brute").fit(space)
    return search.kneighbors(return_distance=False)
