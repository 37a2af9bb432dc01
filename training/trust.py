"""What a model can promise, learnt from what its cross-validation held out: lists of species, and their number.

Both are fitted on predictions of plots by models that never saw them, and judged fold by fold on folds that did not
enter: the figures in ``metrics.json`` are held out twice.
"""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
from numpy.typing import NDArray

from botaclip.core.errors import PairingError
from botaclip.training.conformal import PREVALENCES, SHARE, ConformalLists, Coverage

Array = NDArray[np.floating]
Index = NDArray[np.integer]


@dataclasses.dataclass(frozen=True)
class Trust:
    """What goes into a model file beside its thresholds.

    Parameters
    ----------
    listed_from
        Suitability (S,) from which a species is on the list; ``-inf`` always, ``inf`` never. None without a list.
    lists
        ``share``, ``bounds`` and held-out ``coverage`` by class of prevalence; None without a list.
    richness
        ``share`` and the quantiles ``low`` and ``high`` (see :func:`botaclip.core.richness.diversity`), held-out
        ``coverage``; None for presence-only data.
    """

    listed_from: Array | None
    lists: dict[str, Any] | None
    richness: dict[str, Any] | None

    def metadata(self) -> dict[str, Any]:
        """Return what ``metadata.json`` of the model says of it."""
        return {key: value for key, value in (("lists", self.lists), ("richness", self.richness)) if value is not None}


def community(suitability: Array) -> tuple[Array, float]:
    """Return mean (S,) and mean squared distance from it of ``sqrt(p / sum p)`` of suitabilities (N, S)."""
    p = np.asarray(suitability, dtype=np.float64)
    x = np.sqrt(p / np.maximum(p.sum(axis=1, keepdims=True), 1e-12))
    mean = x.mean(axis=0)
    return mean, float(np.square(x - mean).sum(axis=1).mean())


def trust(
    suitability: Array, presence: Array, fold: Index, *, baseline: Array | None = None, relative: bool = False,
    share: float = SHARE,
) -> Trust:
    """Learn lists and the spread of richness from held-out predictions.

    Parameters
    ----------
    suitability
        (N, S) calibrated, of plots that were held out; NaN where not predicted.
    presence
        (N, S).
    fold
        (N,), negative where none held the plot out.
    baseline
        (N, S) what is known without an image: the prevalence in the training fold of each plot. Lists by it stand
        beside: they hold the same share and are longer.
    relative
        Whether suitability is no probability: then it has no sum.
    share
        What lists and intervals are to hold.
    """
    known = fold >= 0
    s, y, of = suitability[known], presence[known], fold[known]
    if known.sum() < 2 or not np.isfinite(s).any():
        return Trust(None, None, None)
    try:
        fitted = ConformalLists(share).fit(s, y)
    except PairingError:
        return Trust(None, None, None)
    about = {
        "share": share, "bounds": list(PREVALENCES), "classes": [int(number) for number in fitted.classes_],
        "coverage": {words: _said(found) for words, found in held_out_lists(s, y, of, share).items()},
    }  # fmt: skip
    if baseline is not None:
        beside = held_out_lists(baseline[known], y, of, share)
        about["coverage_of_prevalence"] = {words: _said(found) for words, found in beside.items()}
    return Trust(fitted.thresholds_, about, None if relative else _richness(s, y, of, share))


def held_out_lists(s: Array, y: Array, fold: Index, share: float) -> dict[str, Coverage]:
    """Return what lists hold in folds that did not enter into them, all folds together and by class of prevalence."""
    listed = np.zeros(y.shape, bool)
    for number in np.unique(fold):
        inside, outside = fold != number, fold == number
        try:
            listed[outside] = ConformalLists(share).fit(s[inside], y[inside]).predict(s[outside])
        except PairingError:
            listed[outside] = np.isfinite(s[outside])
    whole = ConformalLists(share).fit(s, y)
    found = {"all": Coverage.of(listed, y)}
    for number in np.unique(whole.classes_):
        members = whole.classes_ == number
        found[whole.class_words(int(number))] = Coverage.of(listed[:, members], y[:, members])
    return found


def _richness(s: Array, y: Array, fold: Index, share: float) -> dict[str, Any] | None:
    """Return quantiles of how far plots were from their expected number of species, in its standard deviations."""
    whole = np.isfinite(s).all(axis=1)
    if whole.sum() < 10:
        return None
    gap = _standardised(s[whole], y[whole])
    low, high = _quantiles(gap, share)
    held, of = 0, fold[whole]
    for number in np.unique(of):
        inside = of != number
        if not inside.any():
            return None
        ends = _quantiles(gap[inside], share)
        held += int(((gap[~inside] >= ends[0]) & (gap[~inside] <= ends[1])).sum())
    expected, counted = s[whole].sum(axis=1), y[whole].sum(axis=1)
    together = expected.std() > 0 and counted.std() > 0
    return {
        "share": share, "low": low, "high": high, "plots": int(whole.sum()), "held": held,
        "coverage": held / int(whole.sum()), "mean": float(counted.mean()), "highest": float(counted.max()),
        "mean_error": float(np.abs(expected - counted).mean()),
        "correlation": float(np.corrcoef(expected, counted)[0, 1]) if together else None,
    }  # fmt: skip


def _standardised(s: Array, y: Array) -> Array:
    spread = np.sqrt((s * (1.0 - s)).sum(axis=1))
    return np.asarray((y.sum(axis=1) - s.sum(axis=1)) / np.maximum(spread, 1e-6))


def _quantiles(gap: Array, share: float) -> tuple[float, float]:
    """Return the ends that hold the share of a further gap that is exchangeable with these (split at both ends)."""
    gap = np.sort(gap)
    off = int(np.floor((1.0 - share) / 2.0 * (len(gap) + 1) + 1e-9))
    return float(gap[max(off - 1, 0)]), float(gap[len(gap) - max(off, 1)])


def _said(found: Coverage) -> dict[str, Any]:
    return {**dataclasses.asdict(found), "share": found.share if found.presences else None}
