"""The continuous Boyce index: do presences gather where the map says so, without any absences.

Own code because no maintained Python package has it; checked against values recomputed from ecospat.
Hirzel et al. 2006, doi:10.1016/j.ecolmodel.2006.05.017.
"""

from __future__ import annotations

import dataclasses
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import spearmanr

from botaclip.core.errors import OptionError

BoyceRule = Literal["all_windows", "ecospat", "pr106"]
# Of the largest suitability. What differs by less is one prediction for all plots, put together in another order.
_ROUNDING = 1e-9


@dataclasses.dataclass(frozen=True)
class BoyceCurve:
    """Presences against background along suitability.

    Parameters
    ----------
    suitability
        (W,) middle of each window that counted.
    ratio
        (W,) share of presences over share of background in it (predicted to expected).
    index
        Spearman correlation of the two, -1 to 1; 0 is random, NaN below two windows or where
        all of the background has one suitability.
    rule
        How windows were laid and repeats removed; indexes by other rules are not comparable.
    presences
        How many there were; below 50 the index is unsteady.
    """

    suitability: NDArray[np.float64]
    ratio: NDArray[np.float64]
    index: float
    rule: str
    presences: int


def boyce_curve(
    presence: ArrayLike,
    background: ArrayLike,
    *,
    rule: BoyceRule = "all_windows",
    remove_duplicates: bool = True,
) -> BoyceCurve:
    """Compute the curve behind :func:`boyce_index`.

    Windows are a tenth of the background's range wide, closed on both sides, and start at even steps from the lowest
    value to the highest less one width. Windows without background are dropped.

    Parameters
    ----------
    presence
        Suitability at the presences.
    background
        Suitability over the whole area, or a random sample of it; not presences plus pseudo-absences.
    rule
        ``all_windows``: 101 windows, the last one ends at the maximum; does not depend on the unit.
        ``ecospat``: as shipped in R's ecospat, which shifts the last window up by 1 and so loses it on a 0-1 scale,
        and drops a last ratio of exactly 1. ``pr106``: 100 windows, as proposed in ecospat's pull request 106.
    remove_duplicates
        Keep one of successive windows with equal ratio, as ecospat does by default (the 2006 paper does not). With
        few presences this moves the index by up to .35.

    Raises
    ------
    OptionError
        The rule is unknown.
    """
    if rule not in ("all_windows", "ecospat", "pr106"):
        raise OptionError(f"there is no Boyce rule {rule!r}", remedy="use all_windows, ecospat or pr106")
    observed = np.sort(_finite(presence))
    expected = np.sort(_finite(background))
    nothing = np.empty(0)
    if observed.size == 0 or expected.size == 0 or is_constant(expected):
        return BoyceCurve(nothing, nothing, float("nan"), rule, observed.size)
    low, high = min(observed[0], expected[0]), max(observed[-1], expected[-1])
    width = (expected[-1] - expected[0]) / 10
    start = np.linspace(low, high - width, 100 if rule == "pr106" else 101)
    end = start + width
    if rule == "ecospat":
        start[-1], end[-1] = start[-1] + 1, end[-1] + 1
    else:
        end[-1] = high  # not missed by a rounding error
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.round(_share_between(observed, start, end) / _share_between(expected, start, end), 10)
    middle = (start + end) / 2
    filled = np.isfinite(ratio)
    middle, ratio = middle[filled], ratio[filled]
    if remove_duplicates and ratio.size:
        # ecospat compares the last ratio with TRUE, that is with 1.
        last = ratio[-1] != 1 if rule == "ecospat" else True
        kept = np.append(ratio[:-1] != ratio[1:], last)
        middle, ratio = middle[kept], ratio[kept]
    # A flat ratio has no rank correlation.
    defined = ratio.size >= 2 and np.ptp(ratio) > 0
    index = float(spearmanr(middle, ratio).statistic) if defined else float("nan")
    return BoyceCurve(middle, ratio, index, rule, observed.size)


def boyce_index(
    presence: ArrayLike,
    background: ArrayLike,
    rule: BoyceRule = "all_windows",
    remove_duplicates: bool = True,
) -> float:
    """Return the continuous Boyce index, -1 to 1, NaN where undefined; see :func:`boyce_curve`."""
    return boyce_curve(presence, background, rule=rule, remove_duplicates=remove_duplicates).index


def is_constant(values: ArrayLike) -> bool:
    """Return whether suitabilities differ by rounding errors at most, so that they rank nothing."""
    array = _finite(values)
    return bool(array.size == 0 or np.ptp(array) <= _ROUNDING * np.abs(array).max())


def _finite(values: ArrayLike) -> NDArray[np.float64]:
    array = np.asarray(values, dtype=float).ravel()
    return array[np.isfinite(array)]


def _share_between(
    ordered: NDArray[np.float64], start: NDArray[np.float64], end: NDArray[np.float64]
) -> NDArray[np.float64]:
    below = np.searchsorted(ordered, start, side="left")
    return (np.searchsorted(ordered, end, side="right") - below) / ordered.size
