"""Is one column better than another? Paired by target, with an interval, a test and an effect size.

Medians of two columns can differ while hardly any species does, or the reverse: only paired differences are judged.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import rankdata, wilcoxon

Floats = NDArray[np.float64]


def paired_difference(
    a: ArrayLike,
    b: ArrayLike,
    *,
    groups: ArrayLike | None = None,
    n_boot: int = 2_000,
    level: float = 0.95,
    random_state: int = 1,
) -> dict[str, float]:
    """Compare two columns over the same targets (species, sites, seeds).

    Parameters
    ----------
    a, b
        (N,) scores of the same targets; pairs with a NaN are left out.
    groups
        (N,) labels; whole groups (blocks, seeds) are drawn in the bootstrap. None: targets are.
    n_boot
        Number of bootstrap draws.
    level
        Coverage of the interval.
    random_state
        Seed of the bootstrap.

    Returns
    -------
    difference
        ``median`` of a - b; ``low``, ``high`` its percentile bootstrap interval; ``p`` of the two-sided Wilcoxon
        signed-rank test (zeros dropped, 1 when all are zero); ``rank_biserial``, favourable less unfavourable share
        of ranks, -1 to 1 (Kerby 2014, doi:10.2466/11.IT.3.1); ``n`` pairs. All NaN but ``n`` without pairs.
    """
    difference = np.asarray(a, dtype=float).ravel() - np.asarray(b, dtype=float).ravel()
    known = np.isfinite(difference)
    # Identical columns may differ in the last bit, which would count as a rank.
    difference = np.round(difference[known], 12)
    if difference.size == 0:
        return dict.fromkeys(("median", "low", "high", "p", "rank_biserial"), float("nan")) | {"n": 0}
    labels = np.arange(difference.size) if groups is None else np.asarray(groups).ravel()[known]
    low, high = np.quantile(
        _bootstrap_medians(difference, labels, n_boot, random_state), [(1 - level) / 2, (1 + level) / 2]
    )
    moved = difference[difference != 0]
    return {
        "median": float(np.median(difference)),
        "low": float(low),
        "high": float(high),
        "p": float(wilcoxon(moved).pvalue) if moved.size else 1.0,
        "rank_biserial": rank_biserial(difference),
        "n": int(difference.size),
    }


def rank_biserial(difference: ArrayLike) -> float:
    """Return the matched-pairs rank-biserial correlation of paired differences; zeros dropped, 0 without others."""
    values = np.asarray(difference, dtype=float)
    values = values[values != 0]
    if values.size == 0:
        return 0.0
    ranks = rankdata(np.abs(values))
    return float((ranks * np.sign(values)).sum() / ranks.sum())


def holm(pvalues: ArrayLike) -> Floats:
    """Return p values adjusted for how many there are (Holm 1979); NaN stays NaN and does not count.

    Own code: SciPy has false-discovery control only.
    """
    p = np.asarray(pvalues, dtype=float)
    adjusted = np.full(p.shape, np.nan)
    known = np.flatnonzero(~np.isnan(p))
    order = known[np.argsort(p[known], kind="stable")]
    steps = p[order] * np.arange(order.size, 0, -1)
    adjusted[order] = np.minimum(1, np.maximum.accumulate(steps))
    return adjusted


def permutation_interval(
    statistic: Callable[[NDArray], float],
    y: ArrayLike,
    *,
    n: int = 500,
    level: float = 0.95,
    within: ArrayLike | None = None,
    random_state: int = 1,
) -> tuple[float, float]:
    """Return the interval in which a statistic lies when plots and predictions have nothing to do with each other.

    Parameters
    ----------
    statistic
        Given ``y`` with its rows permuted, returns a number.
    y
        (N,) or (N, S); rows are permuted whole, so that species keep their company.
    n
        Number of permutations.
    level
        Coverage.
    within
        (N,) labels, such as folds; rows are permuted within each only.
    random_state
        Seed.
    """
    observed = np.asarray(y)
    rng = np.random.default_rng(random_state)
    labels = np.zeros(len(observed)) if within is None else np.asarray(within)
    members = [np.flatnonzero(labels == label) for label in np.unique(labels)]
    values = []
    for _ in range(n):
        order = np.arange(len(observed))
        for rows in members:
            order[rows] = rng.permutation(rows)
        values.append(statistic(observed[order]))
    low, high = np.nanquantile(values, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def _bootstrap_medians(difference: Floats, labels: NDArray, n_boot: int, random_state: int) -> Floats:
    """Return medians of ``n_boot`` draws of whole groups with replacement."""
    rng = np.random.default_rng(random_state)
    _, group = np.unique(labels, return_inverse=True)
    n_groups = int(group.max()) + 1
    drawn = rng.multinomial(n_groups, np.full(n_groups, 1 / n_groups), size=n_boot)
    # A draw is how often each pair counts; its median is read from the sorted pairs.
    order = np.argsort(difference)
    counts = np.cumsum(drawn[:, group[order]], axis=1)
    total = counts[:, -1:]
    ordered = difference[order]
    lower = ordered[(counts > (total - 1) // 2).argmax(axis=1)]
    upper = ordered[(counts > total // 2).argmax(axis=1)]
    return (lower + upper) / 2
