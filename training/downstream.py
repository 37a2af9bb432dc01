"""Downstream models: what predicts a task from vectors, the same for every column of the comparison.

The paper uses a random forest and does not state its settings; ours are stated here. Everything runs on one thread
and gives the same bits for the same seed.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Iterator
from typing import Any, Literal, Protocol, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor, RandomForestRegressor
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold, KFold
from threadpoolctl import ThreadpoolController

from botaclip.core.errors import OptionError
from botaclip.training.forest import forest_mean, grow_forest, out_of_bag
from botaclip.training.pseudo_absences import PseudoAbsences
from botaclip.training.ridge import RidgePath, Standard, power
from botaclip.training.thresholds import Rule, threshold

Name = Literal["forest", "linear", "boosting"]
NAMES: tuple[Name, ...] = get_args(Name)
# Penalties in units of the mean squared norm of a standardised vector, as for the species heads.
PENALTIES = (0.1, 1.0, 10.0, 100.0)
INNER_FOLDS = 3
# Boosting looks at about so many features at each split, whatever the width of the vectors.
_BOOSTED_FEATURES = 32

Floats = NDArray[np.float64]


class _Fit(Protocol):
    def predict(self, vectors: Floats) -> Floats: ...


@dataclasses.dataclass(frozen=True)
class Predictor:
    """A fitted downstream model.

    Parameters
    ----------
    models
        Targets (their columns) with the model that predicts them together.
    width
        D of the vectors.
    targets
        Number of targets S.
    values
        (N, S) what was fitted: presence 1/0 with pseudo-absences, or abundances; NaN where not used.
    out_of_sample
        (N, S) what models that did not see a training plot predict for it (a forest's trees that left it out, else
        inner folds); NaN where no value was used. What thresholds and calibrators are fitted on. Honest for the model,
        not for an adapter: where that has seen the training plots' relevés, these scores are better than those of new
        plots, and a threshold from them is too high.
    kind
        Kind of task.
    """

    models: tuple[tuple[NDArray[np.int64], _Fit], ...]
    width: int
    targets: int
    values: Floats
    out_of_sample: Floats
    kind: str

    def predict(self, vectors: ArrayLike) -> Floats:
        """Return the probability of presence or the abundance (M, S); NaN for targets without any value.

        Raises
        ------
        ValueError
            The vectors have another width, or hold NaN.
        """
        points = _points(vectors)
        if points.shape[1] != self.width:
            raise ValueError(f"vectors of {points.shape[1]} numbers, but the model was fitted to {self.width}")
        predicted = np.full((len(points), self.targets), np.nan)
        if len(points):
            with _threadpools().limit(limits=1):
                for columns, model in self.models:
                    predicted[:, columns] = model.predict(points)
        return predicted

    def thresholds(self, rule: Rule = "max_tss") -> Floats:
        """Return the threshold of each target (S,) from out-of-sample training scores; NaN where undefined."""
        chosen = np.full(self.targets, np.nan)
        for s in range(self.targets):
            known = np.isfinite(self.values[:, s]) & np.isfinite(self.out_of_sample[:, s])
            if known.any():
                chosen[s] = threshold(self.values[known, s], self.out_of_sample[known, s], rule)
        return chosen

    @property
    def level(self) -> Floats:
        """Mean of the training values of each target (S,): the prevalence of a presence task."""
        return self._over_plots(np.mean)

    @property
    def median(self) -> Floats:
        """Median of the training values of each target (S,), the prediction that knows nothing of a plot."""
        return self._over_plots(np.median)

    def _over_plots(self, statistic: Callable[[Floats], Any]) -> Floats:
        known = np.isfinite(self.values)
        return np.array([
            float(statistic(self.values[known[:, s], s])) if known[:, s].any() else np.nan for s in range(self.targets)
        ])  # fmt: skip


@dataclasses.dataclass(frozen=True)
class Downstream:
    """A kind of model on vectors.

    Parameters
    ----------
    name
        ``forest``: random forest, ``trees`` trees to leaves of at least ``leaf`` plots, the square root of the features
        tried at each split, targets with the same known plots grown together. On 0/1 its mean is the class
        probability: variance and Gini impurity split alike.
        ``linear``: logistic regression, for abundances ridge regression, on standardised vectors; one penalty for the
        targets that are fitted together, by log-loss or squared error over inner folds.
        ``boosting``: histogram gradient boosting, 100 trees of at most 8 leaves, learning rate 0.1, features in 32
        bins, about 32 features tried at each split, one model per target.
    trees, leaf
        Size of the forest.
    pseudo_absences
        How absences are made up for presence-only tasks.
    scores_training_plots
        Whether out-of-sample scores of the training plots are computed; without them, the forest and boosting are
        quicker (boosting four times), and :meth:`Predictor.thresholds` are NaN. The fitted models are the same.
    """

    name: Name = "forest"
    trees: int = 200
    leaf: int = 5
    pseudo_absences: PseudoAbsences = dataclasses.field(default_factory=PseudoAbsences)
    scores_training_plots: bool = True

    def __post_init__(self) -> None:
        if self.name not in NAMES:
            raise OptionError(
                f"there is no downstream model {self.name!r}", remedy=f"use one of {', '.join(NAMES)}"
            )

    def fit(
        self,
        vectors: ArrayLike,
        y: ArrayLike,
        kind: str,
        random_state: int = 1,
        sample_weight: ArrayLike | None = None,
        *,
        groups: ArrayLike | None = None,
        places: ArrayLike | None = None,
        predictors: ArrayLike | None = None,
        recorded: ArrayLike | None = None,
        filled: bool = False,
    ) -> Predictor:
        """Fit every target.

        Parameters
        ----------
        vectors
            (N, D) of training plots.
        y
            (N, S), NaN where unknown; such plots are left out of that target's fit.
        kind
            ``presence``, ``presence-only`` or ``abundance``. Presence-only values without any 0 get pseudo-absences
            unless they are ``filled``.
        random_state
            Seed.
        sample_weight
            (N,) weights of the plots.
        groups
            (N,) plots of one group stay in one inner fold (blocks, sites).
        places, predictors, recorded
            What the pseudo-absences' strategy needs, see :class:`PseudoAbsences`; predictors are the vectors where
            they are not given.
        filled
            Presence-only values hold their pseudo-absences already, also where the rule found none: no other rule is
            to take its place.

        Raises
        ------
        ValueError
            Lengths differ, or vectors hold NaN.
        """
        points, values = _points(vectors), np.asarray(y, dtype=float)
        if values.ndim != 2 or len(values) != len(points):
            raise ValueError(f"{len(points)} vectors but values of shape {values.shape}")
        weights = None if sample_weight is None else np.asarray(sample_weight, dtype=float)
        if weights is not None and weights.shape != (len(points),):
            raise ValueError(f"{len(points)} vectors but weights of shape {weights.shape}")
        if kind == "presence-only" and not filled and not (values == 0).any():
            values = self.pseudo_absences.fill(
                values, random_state=random_state, places=places,
                predictors=points if predictors is None else predictors, recorded=recorded,
            )
        elif kind != "abundance":
            values = np.where(np.isfinite(values), (values > 0).astype(float), np.nan)
        labels = None if groups is None else np.asarray(groups)
        models: list[tuple[NDArray[np.int64], _Fit]] = []
        unseen = np.full(values.shape, np.nan)
        with _threadpools().limit(limits=1):
            for columns, rows in _together(values):
                held = None if weights is None else weights[rows]
                of = None if labels is None else labels[rows]
                model, predicted = self._fit(points[rows], values[np.ix_(rows, columns)], kind, random_state, held, of)
                models.append((columns, model))
                unseen[np.ix_(rows, columns)] = predicted
        return Predictor(tuple(models), points.shape[1], values.shape[1], values, unseen, kind)

    def _fit(
        self, x: Floats, y: Floats, kind: str, random_state: int, weights: Floats | None,
        groups: NDArray[Any] | None,
    ) -> tuple[_Fit, Floats]:
        """Return the model of some targets, all known at every plot, and its out-of-sample predictions."""
        if (np.ptp(y, axis=0) == 0).all():
            return _Constant(y[0].copy()), y.copy()
        if self.name == "forest":
            leaf = max(1, min(self.leaf, len(x) // 4))
            forest = grow_forest(
                x, y, random_state=random_state, trees=self.trees, leaf=leaf, weights=weights,
                out_of_bag=self.scores_training_plots,
            )
            return _Forest(forest), out_of_bag(forest) if self.scores_training_plots else np.full(y.shape, np.nan)
        classes = kind != "abundance"
        path: Callable[[Floats, Floats, Floats | None], Callable[[float], _Fit]]
        if self.name == "linear":
            path = _logistic_path if classes else RidgePath.of
            penalties: tuple[float, ...] = PENALTIES
        else:
            path = functools.partial(_boosting_path, classes=classes, random_state=random_state)
            penalties = (0.0,)
        wanted = len(penalties) > 1 or self.scores_training_plots
        folds = _inner_folds(len(x), groups, random_state) if wanted else []
        if not folds:
            return path(x, y, weights)(penalties[len(penalties) // 2]), np.full(y.shape, np.nan)
        unseen = np.full((len(penalties), *y.shape), np.nan)
        for train, test in folds:
            fit = path(x[train], y[train], None if weights is None else weights[train])
            for number, penalty in enumerate(penalties):
                unseen[number, test] = fit(penalty).predict(x[test])
        losses = [_loss(y, predicted, classes, weights) for predicted in unseen]
        best = int(np.argmin(losses))
        return path(x, y, weights)(penalties[best]), unseen[best]


@functools.cache
def _threadpools() -> ThreadpoolController:
    """Return the libraries that bring threads; looking for them anew takes longer than a small fit."""
    return ThreadpoolController()


def _points(vectors: ArrayLike) -> Floats:
    points = np.asarray(vectors, dtype=float)
    if points.ndim != 2:
        raise ValueError(f"vectors of shape {points.shape}, not (plots, numbers)")
    if not np.isfinite(points).all():
        raise ValueError(f"{int((~np.isfinite(points).all(axis=1)).sum())} vectors hold NaN")
    return points


def _together(values: Floats) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Yield targets that are known at the same plots, and these plots; targets of one value apart from the others."""
    known = np.isfinite(values)
    constant = np.array([bool(k.any()) and np.ptp(column[k]) == 0 for column, k in zip(values.T, known.T, strict=True)])
    patterns: dict[bytes, list[int]] = {}
    for s in range(values.shape[1]):
        if known[:, s].any():
            patterns.setdefault(known[:, s].tobytes() + bytes([int(constant[s])]), []).append(s)
    for columns in patterns.values():
        yield np.array(columns, dtype=np.int64), np.flatnonzero(known[:, columns[0]])


def _inner_folds(
    n: int, groups: NDArray[Any] | None, random_state: int
) -> list[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Return inner folds; none where there are too few plots."""
    if groups is not None and len(np.unique(groups)) >= INNER_FOLDS:
        return list(GroupKFold(INNER_FOLDS, shuffle=True, random_state=random_state).split(np.empty(n), groups=groups))
    if n < 2 * INNER_FOLDS:
        return []
    return list(KFold(INNER_FOLDS, shuffle=True, random_state=random_state).split(np.empty(n)))


def _loss(y: Floats, predicted: Floats, classes: bool, weights: Floats | None) -> float:
    """Return log-loss, or squared error in units of each target's variance, over all targets."""
    if classes:
        p = predicted.clip(1e-6, 1 - 1e-6)
        losses = -(y * np.log(p) + (1 - y) * np.log1p(-p))
    else:
        losses = (y - predicted) ** 2 / np.where(y.var(axis=0) > 0, y.var(axis=0), 1.0)
    return float(np.average(losses.mean(axis=1), weights=weights))


@dataclasses.dataclass(frozen=True)
class _Constant:
    value: Floats

    def predict(self, vectors: Floats) -> Floats:
        return np.tile(self.value, (len(vectors), 1))


@dataclasses.dataclass(frozen=True)
class _Forest:
    forest: RandomForestRegressor

    def predict(self, vectors: Floats) -> Floats:
        return forest_mean(self.forest, vectors)


@dataclasses.dataclass(frozen=True)
class _Standardised:
    standard: Standard
    models: tuple[Any, ...]

    def predict(self, vectors: Floats) -> Floats:
        x = self.standard(vectors)
        return np.column_stack([_one(model, x) for model in self.models])


def _one(model: Any, x: Floats) -> Floats:
    """Return the probability of presence or the value that one model predicts (M,)."""
    if isinstance(model, float):
        return np.full(len(x), model)
    if hasattr(model, "predict_proba"):
        return np.asarray(model.predict_proba(x)[:, 1])
    return np.asarray(model.predict(x))


def _logistic_path(x: Floats, y: Floats, weights: Floats | None) -> Callable[[float], _Fit]:
    """Return what fits the logistic regressions with a penalty; vectors are standardised once."""
    standard = Standard.of(x, weights)
    points = standard(x)
    unit = power(points)

    def fit(penalty: float) -> _Fit:
        models: list[Any] = []
        for column in y.T:
            if np.ptp(column) == 0:
                # An inner fold without presences, or without absences: no certainty follows from it.
                models.append(float(np.clip(column[0], 0.5 / len(x), 1 - 0.5 / len(x))))
                continue
            # A quarter is the largest curvature of the log-loss, so that both models share the grid of penalties.
            logistic = LogisticRegression(C=4 / (penalty * unit), tol=1e-5, max_iter=1_000)
            models.append(logistic.fit(points, column.astype(int), weights))
        return _Standardised(standard, tuple(models))

    return fit


@dataclasses.dataclass(frozen=True)
class _Boosted:
    models: tuple[Any, ...]

    def predict(self, vectors: Floats) -> Floats:
        return np.column_stack([_one(model, vectors) for model in self.models])


def _boosting_path(
    x: Floats, y: Floats, weights: Floats | None, *, classes: bool, random_state: int
) -> Callable[[float], _Fit]:
    """Return what fits the boosted trees with a penalty of their leaves."""

    def fit(penalty: float) -> _Fit:
        return _fit_boosting(x, y, weights, penalty=penalty, classes=classes, random_state=random_state)

    return fit


def _fit_boosting(
    x: Floats, y: Floats, weights: Floats | None, *, penalty: float, classes: bool, random_state: int
) -> _Fit:
    settings: dict[str, Any] = {
        "max_iter": 100, "learning_rate": 0.1, "max_leaf_nodes": 8, "max_bins": 32,
        "min_samples_leaf": max(1, min(10, len(x) // 4)),
        "max_features": min(1.0, _BOOSTED_FEATURES / x.shape[1]), "early_stopping": False,
        "random_state": random_state, "l2_regularization": penalty,
    }  # fmt: skip
    models: list[Any] = []
    for column in y.T:
        if np.ptp(column) == 0:
            models.append(float(column[0]))
        elif classes:
            models.append(HistGradientBoostingClassifier(**settings).fit(x, column.astype(int), weights))
        else:
            models.append(HistGradientBoostingRegressor(**settings).fit(x, column, weights))
    return _Boosted(tuple(models))
