"""From scores to probabilities: shrunk Platt scaling, cross-fitted, one calibrator a species where data allow.

Calibrators are fitted on out-of-fold scores only: the scores of plots that a head was fitted to are too
extreme, and a calibrator fitted on them would teach the map to be so too.
"""

from __future__ import annotations

import dataclasses
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit
from sklearn.isotonic import IsotonicRegression

from botaclip.core.errors import PairingError

Floats = NDArray[np.float64]
OWN_PRESENCES = 20
ISOTONIC_PRESENCES = 100
# A slope this small keeps the ranking of plots but says that the scores are worth nothing.
_SMALLEST_SLOPE = 0.01
# Logits beyond this are certain to double precision.
_LARGEST_LOGIT = 30.0

CalibratorName = Literal["pooled", "platt", "isotonic"]


def calibrator_for(n_presences: int, *, isotonic: bool = False) -> CalibratorName:
    """Return which calibrator so many presences can carry.

    Parameters
    ----------
    n_presences
        Presences among the plots with out-of-fold scores.
    isotonic
        Whether an isotonic calibrator is wanted where there are enough presences.

    Returns
    -------
    name
        ``pooled`` (one Platt scaling over all species) below 20 presences, ``platt`` from there on, ``isotonic``
        only on request and from 100 presences on.
    """
    if n_presences < OWN_PRESENCES:
        return "pooled"
    return "isotonic" if isotonic and n_presences >= ISOTONIC_PRESENCES else "platt"


def fit_platt_columns(Y: ArrayLike, logits: ArrayLike, *, shrinkage: float = 4.0) -> tuple[Floats, Floats]:
    """Fit ``expit(slope * logit + intercept)`` to every column at once.

    Minimises the log loss against Platt's smoothed targets, (n+ + 1)/(n+ + 2) and 1/(n- + 2), plus
    ``shrinkage / 2 * ((slope - 1)^2 + intercept^2)``: few presences leave the scores as they are. The slope is
    kept positive, so that calibration never turns a ranking round. Platt 1999; Lin et al. 2007,
    doi:10.1007/s10994-007-5018-6.

    Parameters
    ----------
    Y
        (N, S) 0/1 or boolean.
    logits
        (N, S) out-of-fold logits; NaN where a plot has none.
    shrinkage
        Precision of the normal prior on slope (around 1) and intercept (around 0); 4 is a standard deviation of .5.

    Returns
    -------
    slope, intercept
        (S,) each; (1, 0) for a column without any score.
    """
    z = np.asarray(logits, dtype=float)
    known = ~np.isnan(z)
    z = np.where(known, z, 0.0).clip(-_LARGEST_LOGIT, _LARGEST_LOGIT)
    present = (np.asarray(Y) > 0) & known
    n_presences, n_known = present.sum(axis=0), known.sum(axis=0)
    high, low = (n_presences + 1) / (n_presences + 2), 1 / (n_known - n_presences + 2)
    targets = np.where(present, high, low)
    # Without a prior a constant or separating score has no minimum; a trace of one gives it one.
    prior = max(shrinkage, 1e-6)
    slope, intercept = _newton(z, targets, known, prior, np.ones(z.shape[1], dtype=bool))
    turned = slope < _SMALLEST_SLOPE
    if turned.any():
        # The problem is convex: where the free minimum lies beyond the bound, the constrained one is on it.
        slope[turned] = _SMALLEST_SLOPE
        _, intercept[turned] = _newton(
            z[:, turned], targets[:, turned], known[:, turned], prior, np.zeros(int(turned.sum()), dtype=bool)
        )
    return slope, intercept


def _newton(
    z: Floats, targets: Floats, known: NDArray[np.bool_], prior: float, free: NDArray[np.bool_]
) -> tuple[Floats, Floats]:
    """Minimise the penalised log loss per column; columns that are not ``free`` keep the smallest slope."""
    slope, intercept = np.where(free, 1.0, _SMALLEST_SLOPE), np.zeros(z.shape[1])

    def loss(slope: Floats, intercept: Floats) -> Floats:
        f = slope * z + intercept
        fit = np.where(known, np.logaddexp(0, f) - targets * f, 0).sum(axis=0)
        return fit + prior / 2 * ((slope - 1) ** 2 + intercept**2)

    current = loss(slope, intercept)
    for _ in range(100):
        p = expit(slope * z + intercept)
        error, weight = np.where(known, p - targets, 0), np.where(known, p * (1 - p), 0)
        g_slope = np.where(free, (error * z).sum(axis=0) + prior * (slope - 1), 0)
        g_intercept = error.sum(axis=0) + prior * intercept
        if max(np.abs(g_slope).max(initial=0), np.abs(g_intercept).max(initial=0)) < 1e-9 * max(1, len(z)):
            break
        h_slope = (weight * z**2).sum(axis=0) + prior
        h_both = np.where(free, (weight * z).sum(axis=0), 0)
        h_intercept = weight.sum(axis=0) + prior
        determinant = h_slope * h_intercept - h_both**2
        step_slope = np.where(free, (h_intercept * g_slope - h_both * g_intercept) / determinant, 0)
        step_intercept = (h_slope * g_intercept - h_both * g_slope) / determinant
        length = np.ones_like(slope)
        for _ in range(30):
            trial = loss(slope - length * step_slope, intercept - length * step_intercept)
            worse = trial > current + 1e-12 * np.abs(current)
            if not worse.any():
                break
            length[worse] /= 2
        slope, intercept, current = slope - length * step_slope, intercept - length * step_intercept, trial
    return slope, intercept


@dataclasses.dataclass(frozen=True)
class Calibrators:
    """One Platt scaling per species; those with few presences share one fitted on all species pooled.

    Parameters
    ----------
    slope, intercept
        (S,) of ``expit(slope * logit + intercept)``, slope above 0.
    kinds
        (S,) ``platt`` (its own), ``pooled``, or ``none`` for the identity.
    """

    slope: Floats
    intercept: Floats
    kinds: tuple[str, ...]

    @classmethod
    def identity(cls, n_species: int) -> Calibrators:
        """Return calibrators that change nothing but turn logits into probabilities."""
        return cls(np.ones(n_species), np.zeros(n_species), ("none",) * n_species)

    @classmethod
    def fit(cls, presence: ArrayLike, logits: ArrayLike, *, shrinkage: float = 4.0) -> Calibrators:
        """Fit on out-of-fold scores: what is applied to plots and places that are new.

        Parameters
        ----------
        presence
            (N, S) 0/1 or boolean.
        logits
            (N, S) logits, each from a head that has not seen the plot; NaN where there is none.
        shrinkage
            See :func:`fit_platt_columns`.
        """
        truth, z = np.asarray(presence) > 0, np.asarray(logits, dtype=float)
        counts = (truth & ~np.isnan(z)).sum(axis=0)
        kinds = tuple(calibrator_for(int(n)) for n in counts)
        slope, intercept = fit_platt_columns(truth, z, shrinkage=shrinkage)
        shared = np.array([kind == "pooled" for kind in kinds], dtype=bool)
        if shared.any():
            pooled = fit_platt_columns(truth.reshape(-1, 1), z.reshape(-1, 1), shrinkage=shrinkage)
            slope[shared], intercept[shared] = pooled[0][0], pooled[1][0]
        return cls(slope, intercept, kinds)

    def __call__(self, logits: ArrayLike) -> Floats:
        """Return probabilities (M, S) of logits (M, S)."""
        return expit(self.slope * np.asarray(logits, dtype=float) + self.intercept)

    def cross_fitted(
        self, presence: ArrayLike, logits: ArrayLike, folds: ArrayLike | None = None, *, shrinkage: float = 4.0
    ) -> Floats:
        """Return honest probabilities (N, S) of the very plots the calibrators were fitted on.

        Each plot's come from calibrators fitted on the other folds; thresholds and reliability are to be read from
        these.

        Parameters
        ----------
        presence, logits, shrinkage
            As given to :meth:`fit`.
        folds
            (N,) fold in which each plot was held out. None: every fifth plot is a fold; two numbers a species carry
            little from one plot to its neighbour.

        Raises
        ------
        PairingError
            All plots lie in one fold.
        """
        truth, z = np.asarray(presence), np.asarray(logits, dtype=float)
        fold = np.arange(len(z)) % 5 if folds is None else np.asarray(folds)
        numbers = np.unique(fold)
        if numbers.size < 2:
            raise PairingError(
                f"calibration needs scores of two folds or more, there are {numbers.size}",
                remedy="give more plots or folds",
            )
        honest = np.full(z.shape, np.nan)
        for number in numbers:
            held = fold == number
            honest[held] = Calibrators.fit(truth[~held], z[~held], shrinkage=shrinkage)(z[held])
        return honest


class IsotonicCalibrator:
    """A monotone step function from scores to probabilities; for species with many presences only.

    Zadrozny & Elkan 2002, doi:10.1145/775047.775151. With few presences it learns the sample by heart.
    """

    def fit(self, scores: ArrayLike, y: ArrayLike) -> IsotonicCalibrator:
        """Fit on out-of-fold scores (N,) and 0/1 (N,).

        Raises
        ------
        PairingError
            There are fewer than 100 presences.
        """
        truth = np.asarray(y).ravel() > 0
        if truth.sum() < ISOTONIC_PRESENCES:
            raise PairingError(
                f"isotonic calibration needs {ISOTONIC_PRESENCES} presences, there are {truth.sum()}",
                remedy="use Platt scaling",
            )
        self.isotonic_ = IsotonicRegression(y_min=0, y_max=1, out_of_bounds="clip")
        self.isotonic_.fit(np.asarray(scores, dtype=float).ravel(), truth)
        return self

    def calibrate(self, scores: ArrayLike) -> Floats:
        """Return probabilities of new scores, same shape."""
        values = np.asarray(scores, dtype=float)
        return np.asarray(self.isotonic_.predict(values.ravel()), dtype=float).reshape(values.shape)
