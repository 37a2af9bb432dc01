"""Folds with the same share of presences each. Not spatial: neighbours of test plots are trained on.

The paper's downstream models are scored on repeated stratified folds. What the scores say of unseen places is too good
wherever plots are clustered; every table that shows them says "not spatial".
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse
from sklearn.model_selection import RepeatedStratifiedKFold, StratifiedGroupKFold, StratifiedKFold

from botaclip.core.errors import OptionError, PairingError
from botaclip.training.folds import Folds, Indexes, Places, Split, with_parameters

# An abundance is cut into at most so many classes of equal size.
MOST_BINS = 10


class StratifiedFolds(Folds):
    """Folds that keep the share of presences of one target or of many species; not spatial.

    One target is dealt out by :class:`sklearn.model_selection.StratifiedKFold` (an abundance by classes of equal
    size), many species by iterative stratification (Sechidis et al. 2011, doi:10.1007/978-3-642-23808-6_10): the
    rarest species first, each of its plots to the fold that lacks most of it. With groups, whole groups are dealt out
    so.

    Parameters
    ----------
    n_splits
        Number of folds.
    buffer
        As in :class:`SpatialBlocks`; 0 keeps every training plot.
    random_state
        Seed.
    """

    spatial = False

    def __init__(self, n_splits: int = 5, *, buffer: float = 0.0, random_state: int = 1) -> None:
        super().__init__(n_splits, buffer, random_state)

    def _assign(self, xy: NDArray[np.float64], groups: Indexes | None, y: ArrayLike | None) -> Indexes:
        if y is None:
            raise PairingError("stratified folds need the targets", remedy="give presences or abundances as y")
        table: Any = y
        values = table.toarray() if sparse.issparse(table) else np.asarray(y)
        if values.ndim not in (1, 2) or len(values) != len(xy):
            raise PairingError(
                f"there are targets of the shape {values.shape} for {len(xy)} plots",
                remedy="give one row of targets for each plot",
            )
        if values.ndim == 2 and values.shape[1] > 1:
            _check_known(values)
            return self._deal(values > 0, np.arange(len(xy)) if groups is None else groups)
        classes = target_classes(values.ravel(), n_splits=self.n_splits)
        settings: dict[str, Any] = {"n_splits": self.n_splits, "shuffle": True, "random_state": self.random_state}
        splitter = StratifiedKFold(**settings) if groups is None else StratifiedGroupKFold(**settings)
        if groups is not None:
            self._check_units(int(groups.max()) + 1, "groups")
        folds = np.empty(len(xy), dtype=np.intp)
        for number, (_, test) in enumerate(splitter.split(xy, classes, groups)):
            folds[test] = number
        return folds

    def _check_units(self, count: int, noun: str) -> None:
        if count < self.n_splits:
            raise PairingError(f"{count} {noun} are too few for {self.n_splits} folds", remedy="use fewer folds")

    def _deal(self, presence: NDArray[np.bool_], units: Indexes) -> Indexes:
        """Deal out plots, or groups of them, by iterative stratification; folds differ by little in size."""
        count = int(units.max()) + 1
        self._check_units(count, "plots or groups")
        rng = np.random.default_rng(self.random_state)
        held = np.zeros((count, presence.shape[1]))
        np.add.at(held, units, presence)
        plots = np.bincount(units, minlength=count).astype(float)
        wanted = np.tile(held.sum(axis=0) / self.n_splits, (self.n_splits, 1))
        room = np.full(self.n_splits, plots.sum() / self.n_splits)
        left = (held > 0).sum(axis=0)
        fold = np.full(count, -1, dtype=np.intp)
        shuffled = rng.permutation(count)

        def put(unit: int, lack: NDArray[np.float64]) -> None:
            # The fold that lacks most of the species; of those, the one with most room; then by lot.
            best = np.flatnonzero(lack >= lack.max() - 1e-9)
            best = best[room[best] >= room[best].max() - 1e-9]
            chosen = int(rng.choice(best))
            fold[unit] = chosen
            wanted[chosen] -= held[unit]
            room[chosen] -= plots[unit]
            left[held[unit] > 0] -= 1

        while (left > 0).any():
            species = int(np.argmin(np.where(left > 0, left, np.iinfo(left.dtype).max)))
            for unit in shuffled[(held[shuffled, species] > 0) & (fold[shuffled] < 0)]:
                put(int(unit), wanted[:, species])
        for unit in shuffled[fold[shuffled] < 0]:
            put(int(unit), room)
        return self._filled(fold, plots)[units]

    def _filled(self, fold: Indexes, plots: NDArray[np.float64]) -> Indexes:
        """Give a fold that got nothing, as happens with a handful of plots, one unit of the fullest fold."""
        for number in range(self.n_splits):
            if not (fold == number).any():
                load = np.bincount(fold, minlength=self.n_splits)
                fullest = np.flatnonzero(fold == int(load.argmax()))
                fold[fullest[int(plots[fullest].argmin())]] = number
        return fold


class RepeatedStratified:
    """Stratified folds of one target, dealt out anew several times; not spatial.

    :class:`sklearn.model_selection.RepeatedStratifiedKFold`, on classes of equal size where the target is an
    abundance.

    Parameters
    ----------
    n_splits, n_repeats
        Number of folds, and how often they are dealt out.
    random_state
        Seed.
    """

    spatial = False

    def __init__(self, n_splits: int = 5, n_repeats: int = 1, *, random_state: int = 1) -> None:
        if n_splits < 2 or n_repeats < 1:
            raise OptionError(
                f"{n_splits} folds cannot be dealt out {n_repeats} times", remedy="use 2 folds or more, once or more"
            )
        self.n_splits = n_splits
        self.n_repeats = n_repeats
        self.random_state = random_state

    def __repr__(self) -> str:
        return with_parameters(self)

    def split(
        self, X: ArrayLike | Places, y: ArrayLike | None = None, groups: object = None
    ) -> Iterator[Split]:
        """Yield training and test row numbers, fold by fold and repeat by repeat.

        Parameters
        ----------
        X
            Anything of length N; not read.
        y
            (N,) presence 0/1, classes, or an abundance; known everywhere.
        groups
            Ignored; there for scikit-learn.

        Raises
        ------
        PairingError
            A value is unknown, or presences (absences, plots) are fewer than folds.
        """
        if y is None:
            raise PairingError("stratified folds need the target", remedy="give presences or abundances as y")
        classes = target_classes(np.asarray(y), n_splits=self.n_splits)
        splitter = RepeatedStratifiedKFold(
            n_splits=self.n_splits, n_repeats=self.n_repeats, random_state=self.random_state
        )
        yield from splitter.split(np.zeros(len(classes)), classes)

    def get_n_splits(self, X: object = None, y: object = None, groups: object = None) -> int:
        """Return the number of folds times repeats."""
        return self.n_splits * self.n_repeats


def target_classes(y: NDArray[Any], *, n_splits: int) -> NDArray[np.intp]:
    """Return the class (N,) of each value of one target: itself where there are few, else one of quantiles.

    An abundance is cut at quantiles into classes of equal size, at most ten and each with a plot a fold or more;
    many zeros are one class.

    Parameters
    ----------
    y
        (N,) presence, classes or abundance.
    n_splits
        Number of folds.

    Raises
    ------
    PairingError
        A value is unknown, or a class has fewer plots than there are folds.
    """
    if y.ndim != 1:
        raise PairingError(
            f"the target has the shape {y.shape}", remedy="give one target, or StratifiedFolds for many species"
        )
    _check_known(y)
    values, classes = np.unique(y, return_inverse=True)
    classes = classes.ravel()
    whole = not np.issubdtype(y.dtype, np.floating) or bool((y == np.round(y)).all())
    if len(values) > 2 and (not whole or np.bincount(classes).min() < n_splits) and y.dtype.kind in "fiu":
        return _quantile_classes(y.astype(float), n_splits)
    fewest = int(np.bincount(classes).min(initial=len(y)))
    if fewest < n_splits:
        raise PairingError(
            f"a class of the target has {fewest} plots, too few for {n_splits} stratified folds",
            remedy="use fewer folds or leave the target out",
        )
    return classes


def _quantile_classes(y: NDArray[np.float64], n_splits: int) -> NDArray[np.intp]:
    if len(y) < n_splits:
        raise PairingError(f"{len(y)} plots are too few for {n_splits} stratified folds", remedy="use fewer folds")
    for bins in range(min(MOST_BINS, len(y) // n_splits), 0, -1):
        edges = np.unique(np.quantile(y, np.linspace(0, 1, bins + 1)[1:-1]))
        _, classes = np.unique(np.searchsorted(edges, y, side="left"), return_inverse=True)
        if np.bincount(classes.ravel()).min() >= n_splits:
            break
    return classes.ravel()


def _check_known(y: NDArray[Any]) -> None:
    if not np.issubdtype(y.dtype, np.number) and y.dtype != bool:
        return
    unknown = np.flatnonzero(~np.isfinite(y.astype(float)).reshape(len(y), -1).all(axis=1))
    if unknown.size:
        raise PairingError(
            f"the target is unknown for {unknown.size} plots, the first in row {unknown[0] + 1}",
            remedy="leave out plots without a value before splitting",
        )
