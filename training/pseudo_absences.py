"""Pseudo-absences: plots that stand in for absences where only presences were recorded, by biomod2's strategies.

They are drawn among training plots only, for fitting; a Boyce index is scored against all evaluated plots instead.
Barbet-Massin et al. 2012, doi:10.1111/j.2041-210X.2011.00172.x, compare the strategies.
"""

from __future__ import annotations

import dataclasses
from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.spatial import KDTree

from botaclip.core.errors import OptionError

# Axes in which the envelope is looked at, where there are no environment layers: of an unrelated target, four leave a
# fifth of the plots outside, the 256 numbers of a vector all of them.
ENVELOPE_AXES = 4

Strategy = Literal["random", "disk", "sre", "target-group"]
STRATEGIES: tuple[Strategy, ...] = get_args(Strategy)
Floats = NDArray[np.float64]


@dataclasses.dataclass(frozen=True)
class PseudoAbsences:
    """How pseudo-absences are chosen.

    Parameters
    ----------
    strategy
        ``random``: any plot without the target.
        ``disk``: plots whose nearest presence is at least ``min_distance_m`` and at most ``max_distance_m`` away.
        ``sre``: plots outside the rectilinear envelope of the presences (surface range envelope): those with at least
        one predictor outside the presences' ``quantile`` to 1 - ``quantile``. Of many predictors one nearly always is,
        and nothing is left of the strategy: :func:`envelope_predictors` are few.
        ``target-group``: plots where another target of the task was recorded (biomod2's ``user.defined``), which have
        the same sampling effort; Phillips et al. 2009, doi:10.1890/07-2153.1.
    ratio
        Pseudo-absences per presence.
    fewest, most
        Bounds of their number, whatever the ratio; never more than there are candidates.
    min_distance_m, max_distance_m
        Distances of ``disk``, in metres; no upper one by default, as in biomod2.
    quantile
        What ``sre`` cuts off at each end of every predictor.
    """

    strategy: Strategy = "random"
    ratio: float = 3.0
    fewest: int = 30
    most: int = 10_000
    min_distance_m: float = 0.0
    max_distance_m: float = np.inf
    quantile: float = 0.025

    def __post_init__(self) -> None:
        if self.strategy not in STRATEGIES:
            raise OptionError(
                f"there is no strategy {self.strategy!r} for pseudo-absences", remedy=f"use {', '.join(STRATEGIES)}"
            )
        if not 0 < self.ratio < np.inf or not 1 <= self.fewest <= self.most:
            raise OptionError("pseudo-absences need a ratio above 0 and bounds of at least 1 in rising order")
        if not 0 <= self.min_distance_m < self.max_distance_m:
            raise OptionError(
                f"pseudo-absences between {self.min_distance_m:g} m and {self.max_distance_m:g} m cannot be",
                remedy="give a smaller lowest distance",
            )
        if not 0 <= self.quantile < 0.5:
            raise OptionError(f"a quantile of {self.quantile:g} leaves no envelope", remedy="give 0 to below 0.5")

    @property
    def words(self) -> str:
        """What is drawn, for tables: ``disk from 120 m, 3 for each presence (30 or more)``."""
        far = f" to {self.max_distance_m:,.0f} m" if np.isfinite(self.max_distance_m) else ""
        where = f" from {self.min_distance_m:,.0f} m{far}" if self.strategy == "disk" else ""
        return f"{self.strategy}{where}, {self.ratio:g} for each presence ({self.fewest} or more)"

    def candidates(
        self, present: ArrayLike, *, places: ArrayLike | None = None, predictors: ArrayLike | None = None,
        recorded: ArrayLike | None = None,
    ) -> NDArray[np.bool_]:
        """Return which plots (N,) may be drawn for one target.

        Parameters
        ----------
        present
            (N,) whether the target was recorded.
        places
            (N, 2) or (N, 3) metres; for ``disk``.
        predictors
            (N, P) environment or vectors; for ``sre``.
        recorded
            (N,) whether anything was recorded; for ``target-group``.

        Raises
        ------
        OptionError
            The strategy needs what was not given.
        """
        here = np.asarray(present, dtype=bool)
        free = ~here
        if self.strategy == "disk":
            where = self._needed(places, "the plots' places", len(here))
            if not here.any():
                return np.zeros(len(here), bool)
            nearest = KDTree(where[here]).query(where)[0]
            return free & (nearest >= self.min_distance_m) & (nearest <= self.max_distance_m)
        if self.strategy == "sre":
            values = self._needed(predictors, "predictors", len(here))
            if not here.any():
                return np.zeros(len(here), bool)
            low, high = np.quantile(values[here], [self.quantile, 1 - self.quantile], axis=0)
            return free & ((values < low) | (values > high)).any(axis=1)
        if self.strategy == "target-group":
            return free & np.asarray(self._needed(recorded, "records of other targets", len(here)), dtype=bool)
        return free

    def draw(
        self, present: ArrayLike, *, random_state: int, places: ArrayLike | None = None,
        predictors: ArrayLike | None = None, recorded: ArrayLike | None = None,
    ) -> NDArray[np.int64]:
        """Return the rows of the pseudo-absences of one target, rising; arguments as :meth:`candidates`.

        Fewer than asked for where there are no more candidates, none for a target without presences. Where the rule
        of ``disk``, ``sre`` or ``target-group`` leaves none, none is returned: no other rule takes its place unsaid.
        """
        here = np.asarray(present, dtype=bool)
        if not here.any():
            return np.empty(0, np.int64)
        rows = np.flatnonzero(self.candidates(here, places=places, predictors=predictors, recorded=recorded))
        wanted = int(np.clip(round(self.ratio * here.sum()), self.fewest, self.most))
        if len(rows) <= wanted:
            return rows
        return np.sort(np.random.default_rng(random_state).choice(rows, wanted, replace=False))

    def fill(
        self, y: ArrayLike, *, random_state: int, places: ArrayLike | None = None,
        predictors: ArrayLike | None = None, recorded: ArrayLike | None = None,
    ) -> Floats:
        """Return training values (N, S) with 0 at the pseudo-absences, NaN at plots that are not used.

        Parameters
        ----------
        y
            (N, S) of training plots, above 0 where a target was recorded; everything else is unknown. Test plots must
            not be in it.
        random_state
            Seed; every target draws by itself, so that leaving one out does not change another.
        places, predictors, recorded
            As in :meth:`candidates`; ``recorded`` follows from ``y`` where it is not given.
        """
        values = np.asarray(y, dtype=float)
        present = values > 0
        if recorded is None:
            recorded = present.any(axis=1)
        filled = np.where(present, 1.0, np.nan)
        for s in range(values.shape[1]):
            rows = self.draw(
                present[:, s], random_state=random_state, places=places, predictors=predictors, recorded=recorded
            )
            filled[rows, s] = 0.0
        return filled

    def _needed(self, values: ArrayLike | None, what: str, n: int) -> Floats:
        if values is None:
            raise OptionError(
                f"pseudo-absences by {self.strategy} need {what}", remedy="give them, or use another strategy"
            )
        array = np.asarray(values, dtype=float)
        if len(array) != n:
            raise ValueError(f"{n} plots but {len(array)} of {what}")
        return array


def envelope_predictors(vectors: ArrayLike, environment: ArrayLike | None = None) -> Floats:
    """Return what ``sre`` looks at: the environment layers, or the first principal axes of the frozen vectors.

    Parameters
    ----------
    vectors
        (N, D) frozen vectors of the training plots, all of them and no other: the axes are fitted here.
    environment
        (N, P) layers at the same plots; None without.

    Returns
    -------
    predictors
        (N, P) the layers as they are, or (N, ``ENVELOPE_AXES``) axes of the standardised vectors, of unit variance.
    """
    if environment is not None:
        return np.asarray(environment, dtype=float)
    x = np.asarray(vectors, dtype=float)
    scale = x.std(axis=0)
    centred = (x - x.mean(axis=0)) / np.where(scale > 0, scale, 1.0)
    left, lengths, _ = np.linalg.svd(centred, full_matrices=False)
    held = lengths > 1e-9 * max(float(lengths.max(initial=0.0)), 1e-300)
    return np.asarray(left[:, held][:, :ENVELOPE_AXES] * np.sqrt(len(x)))
