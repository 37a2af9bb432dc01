"""How columns without an image predict a task: by the best of models made for what they read and the downstream one.

Bare coordinates handed to a forest or a ridge regression are a weak comparison (smooth plants of 300 plots: AUC 0.49
and 0.45, where kriging gives 0.70), and a weak comparison flatters the image. A task is therefore predicted as the
species are: by the best, in inner validation on the training plots, of nearest relevés, smooth surfaces and forests
(for the environment, of regressions and a forest on its layers), and, as a last candidate, of the downstream model that
the other columns are predicted by.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from botaclip.training.downstream import Downstream
from botaclip.training.environment_only import ENVIRONMENT_MODELS
from botaclip.training.heads import Head
from botaclip.training.location import LOCATION_MODELS
from botaclip.training.protocol import ENVIRONMENT_ONLY

Array = NDArray[np.floating]
Index = NDArray[np.integer]
Folds = Sequence[tuple[Index, Index]]
Predict = Callable[[Array], Array]

# Fewer known plots than this in a part of the training plots are nothing to choose a model by.
FEWEST = 5


class OwnModel(Protocol):
    """A way to predict from what a column without an image reads."""

    @property
    def name(self) -> str:
        """In words."""
        ...

    def fit(self, predictors: Array, presence: Array, /, *, random_state: int) -> Head:
        """Fit presence (N, S)."""
        ...

    def fit_values(self, predictors: Array, values: Array, /, *, random_state: int) -> Predict:
        """Fit values (N, S), standardised; return what predicts them (M, S)."""
        ...


OWN_MODELS: Mapping[str, Sequence[OwnModel]] = {
    "location_only": LOCATION_MODELS, ENVIRONMENT_ONLY: ENVIRONMENT_MODELS,
}  # fmt: skip


@dataclasses.dataclass(frozen=True)
class OwnModels:
    """The models of one column, and the inner folds of one set of training plots that they are chosen on.

    Parameters
    ----------
    models
        What is tried beside the downstream model.
    folds
        (train, held-out) index pairs into the training plots.
    """

    models: Sequence[OwnModel]
    folds: Folds
    # Losses by the values that were fitted: several downstream models of one task share them.
    _losses: dict[bytes, list[float]] = dataclasses.field(default_factory=dict, compare=False, repr=False)

    @classmethod
    def of(cls, column: str, folds: Folds) -> OwnModels | None:
        """Return those of a column; None where it reads the image, or nothing."""
        return cls(OWN_MODELS[column], folds) if column in OWN_MODELS else None

    def predict(
        self, downstream: Downstream, values: Array, predictors: Array, tested: Array, kind: str, random_state: int
    ) -> Array:
        """Return the probability of presence or the abundance (M, S), NaN for targets without any value.

        Parameters
        ----------
        downstream
            The model of the other columns; the last candidate.
        values
            Of the training plots (N, S), NaN where unknown.
        predictors, tested
            What the column reads of the training and test plots (N, P), (M, P).
        kind
            Of the task.
        random_state
            Seed.
        """
        if kind != "abundance":
            values = np.where(np.isfinite(values), (values > 0).astype(np.float64), np.nan)
        every = self._candidates(downstream, kind, random_state)
        key = kind.encode() + values.tobytes()
        if key not in self._losses:
            self._losses[key] = [self._loss(fit, values, predictors) for fit in every[:-1]]
        losses = [*self._losses[key], self._loss(every[-1], values, predictors)]
        # Where nothing could be judged (too few known plots), the model that the other columns have.
        best = int(np.nanargmin(losses)) if np.isfinite(losses).any() else -1
        return _by_pattern(every[best], values, predictors, tested)

    def _candidates(
        self, downstream: Downstream, kind: str, random_state: int
    ) -> list[Callable[[Array, Array], Predict]]:
        """Return what fits complete values (N, S) to predictors (N, P), the downstream model last."""
        own = [_fit_of(model, kind, random_state) for model in self.models]
        quick = dataclasses.replace(downstream, scores_training_plots=False)
        # Pseudo-absences have been filled in: what is left is presence and absence.
        like = "abundance" if kind == "abundance" else "presence"
        return [*own, lambda x, y: quick.fit(x, y, like, random_state).predict]

    def _loss(self, fit: Callable[[Array, Array], Predict], values: Array, predictors: Array) -> float:
        """Return the squared error over that of the training plots' mean, mean over targets and inner folds."""
        total, plots = 0.0, 0
        for train, held in self.folds:
            level = np.array([column[np.isfinite(column)].mean() if np.isfinite(column).any() else np.nan
                              for column in values[train].T])  # fmt: skip
            predicted = _by_pattern(fit, values[train], predictors[train], predictors[held], fewest=FEWEST)
            there = np.isfinite(predicted) & np.isfinite(values[held])
            error = np.square(np.where(there, values[held] - predicted, 0.0)).sum(axis=0)
            reference = np.square(np.where(there, values[held] - level, 0.0)).sum(axis=0)
            if (reference > 0).any():
                total += float((error[reference > 0] / reference[reference > 0]).mean()) * len(held)
                plots += len(held)
        return total / plots if plots else float("nan")


def _fit_of(model: OwnModel, kind: str, random_state: int) -> Callable[[Array, Array], Predict]:
    """Return what fits a model to complete values (N, S) of predictors (N, P)."""

    def presence(x: Array, y: Array) -> Predict:
        head = model.fit(x, y, random_state=random_state)
        return lambda points: np.asarray(expit(head.logits(points)))

    def abundance(x: Array, y: Array) -> Predict:
        # One unit for all targets: forests split by the sum over them.
        mean, spread = y.mean(axis=0), y.std(axis=0)
        spread = np.where(spread > 0, spread, 1.0)
        predicted = model.fit_values(x, (y - mean) / spread, random_state=random_state)
        # A surface swings beyond what was ever seen; a plot does not.
        return lambda points: np.clip(predicted(points) * spread + mean, y.min(axis=0), y.max(axis=0))

    return abundance if kind == "abundance" else presence


def _by_pattern(
    fit: Callable[[Array, Array], Predict], values: Array, predictors: Array, tested: Array, *, fewest: int = 1
) -> Array:
    """Return predictions (M, S), targets known at the same plots fitted together; NaN where fewer are known."""
    predicted = np.full((len(tested), values.shape[1]), np.nan)
    for columns, rows in _patterns(values):
        if len(rows) < fewest:
            continue
        known = values[np.ix_(rows, columns)]
        if np.ptp(known) == 0:
            predicted[:, columns] = known[0]
            continue
        predicted[:, columns] = fit(predictors[rows], known)(tested)
    return predicted


def _patterns(values: Array) -> Iterator[tuple[Index, Index]]:
    """Yield targets that are known at the same plots, and these plots; targets of one value apart from the others."""
    known = np.isfinite(values)
    found: dict[bytes, list[int]] = {}
    for s, (column, there) in enumerate(zip(values.T, known.T, strict=True)):
        if there.any():
            constant = np.ptp(column[there]) == 0
            found.setdefault(there.tobytes() + (str(s).encode() if constant else b""), []).append(s)
    for columns in found.values():
        yield np.array(columns, dtype=np.intp), np.flatnonzero(known[:, columns[0]])
