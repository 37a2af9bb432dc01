"""Lists of species that hold what grows at a place with a stated share, whatever the model is worth.

Conformal prediction (Vovk et al. 2005, doi:10.1007/b106715), by classes: of the presences of each class of prevalence
the stated share lies above the class's threshold (Mondrian, or class-conditional; Ding et al. 2023, arXiv:2306.09335),
so that rare species are not paid for by common ones. It holds for places like those it was fitted on, on average over
presences; it says nothing of absences: what a good model brings is a shorter list.
"""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import beta
from sklearn.base import BaseEstimator

from botaclip.core.errors import OptionError, PairingError

Floats = NDArray[np.float64]

# Bounds between classes of prevalence: rare, scattered, common.
PREVALENCES = (0.1, 0.3)
SHARE = 0.9


@dataclasses.dataclass(frozen=True)
class Coverage:
    """How many presences a list holds.

    Parameters
    ----------
    held, presences
        Presences on the lists, and all of them.
    low, high
        95 % interval (Clopper & Pearson 1934) of the share, as if presences were independent; those of a plot are not.
    length
        Mean number of species on a list.
    """

    held: int
    presences: int
    low: float
    high: float
    length: float

    @property
    def share(self) -> float:
        """Share of the presences that are on the lists."""
        return self.held / self.presences if self.presences else float("nan")

    @classmethod
    def of(cls, listed: ArrayLike, presence: ArrayLike) -> Coverage:
        """Count the presences (M, S) on lists (M, S); a presence of NaN is not known and does not count."""
        on, y = np.asarray(listed, dtype=bool), np.asarray(presence, dtype=float)
        held, presences = int((on & (y > 0)).sum()), int((y > 0).sum())
        low = float(beta.ppf(0.025, held, presences - held + 1)) if held else 0.0
        high = float(beta.ppf(0.975, held + 1, presences - held)) if held < presences else 1.0
        return cls(held, presences, low, high, float(on.sum(axis=1).mean()) if len(on) else float("nan"))


class ConformalLists(BaseEstimator):  # type: ignore[misc]
    """Thresholds above which a species is on the list.

    Parameters
    ----------
    share
        Share of the presences that lists are to hold, above 0 and below 1.
    bounds
        Prevalences between classes, rising.

    Attributes
    ----------
    thresholds_ : (S,)
        Lowest score that puts a species on the list; ``-inf`` in a class with too few presences for the share: always.
    classes_ : (S,)
        Class of prevalence of each species.
    """

    def __init__(self, share: float = SHARE, bounds: tuple[float, ...] = PREVALENCES) -> None:
        self.share = share
        self.bounds = bounds

    def fit(self, scores: ArrayLike, presence: ArrayLike) -> ConformalLists:
        """Learn the thresholds.

        The lowest scores of a class's presences are left off: ``floor((1 - share) (n + 1))`` of ``n``, which is what
        keeps the promise for a further presence that is exchangeable with them.

        Parameters
        ----------
        scores
            (N, S) calibrated probabilities by models that have not seen the plot; NaN where there is none.
        presence
            (N, S), above 0 where present; NaN where not known.

        Raises
        ------
        OptionError
            The share is none.
        PairingError
            The two differ in shape, or there is no presence with a score.
        """
        if not 0 < self.share < 1:
            raise OptionError(f"a share of {self.share:g} cannot be promised", remedy="give one between 0 and 1")
        s, y = np.asarray(scores, dtype=float), np.asarray(presence, dtype=float)
        if s.shape != y.shape or s.ndim != 2:
            raise PairingError(f"scores of shape {s.shape} do not fit presences of shape {y.shape}")
        present = (y > 0) & np.isfinite(s)
        if not present.any():
            raise PairingError("no presence has a score to learn a list from", remedy="bring more relevés")
        known = np.isfinite(y).sum(axis=0)
        prevalence = np.divide((y > 0).sum(axis=0), known, out=np.zeros(y.shape[1]), where=known > 0)
        self.classes_ = np.searchsorted(np.asarray(self.bounds), prevalence, side="right")
        self.thresholds_ = np.full(y.shape[1], -np.inf)
        for number in np.unique(self.classes_):
            members = self.classes_ == number
            own = np.sort(s[:, members][present[:, members]])
            off = int(np.floor((1 - self.share) * (len(own) + 1) + 1e-9))
            if off:
                self.thresholds_[members] = own[off] if off < len(own) else np.inf
        return self

    def predict(self, scores: ArrayLike) -> NDArray[np.bool_]:
        """Return which species are on the list of each place (M, S); none where there is no score."""
        s = np.asarray(scores, dtype=float)
        return np.isfinite(s) & (s >= self.thresholds_)

    def coverage(self, scores: ArrayLike, presence: ArrayLike) -> dict[str, Coverage]:
        """Return what lists hold of presences that they were not fitted on: ``all``, and by class of prevalence."""
        listed, y = self.predict(scores), np.asarray(presence, dtype=float)
        found = {"all": Coverage.of(listed, y)}
        for number in np.unique(self.classes_):
            members = self.classes_ == number
            found[self.class_words(int(number))] = Coverage.of(listed[:, members], y[:, members])
        return found

    def class_words(self, number: int) -> str:
        """Return a class of prevalence in words: ``prevalence 10 % to 30 %``."""
        edges: list[Any] = [0.0, *self.bounds, 1.0]
        return f"prevalence {edges[number]:.0%} to {edges[number + 1]:.0%}".replace("%", " %")
