"""Leaving out single plots with what is around them, or whole sites."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.model_selection import GroupKFold, LeaveOneGroupOut

from botaclip.core.errors import PairingError
from botaclip.training.folds import (
    Folds,
    Indexes,
    Places,
    Split,
    check_buffer,
    counted,
    group_labels,
    metres,
    with_parameters,
)


class BufferedLeaveOneOut:
    """Every plot is tested by itself; training plots near it are left out.

    The strictest use of few plots: nothing but the buffer is lost to training (Le Rest et al. 2014,
    doi:10.1111/geb.12161). It costs one fit a plot, and a fold of one plot has no score of its own: scores are pooled.

    Where a model reads something else than places, give scikit-learn the row numbers:
    ``cross_val_score(model, vectors, y, cv=list(plots.split(places)))``.

    Parameters
    ----------
    buffer
        Training plots nearer than this to the test plot, in metres, are left out; measured along the axes (Chebyshev),
        because patches are squares, as in :class:`SpatialBlocks`. 0 is plain leave-one-out.
    random_state
        Nothing is random here; what is fitted inside the folds takes its seed from it.
    """

    spatial = True

    def __init__(self, buffer: float = 0.0, *, random_state: int = 1) -> None:
        check_buffer(buffer)
        self.buffer = buffer
        self.random_state = random_state

    def __repr__(self) -> str:
        return with_parameters(self)

    def split(
        self, X: ArrayLike | Places, y: ArrayLike | None = None, groups: ArrayLike | None = None
    ) -> Iterator[Split]:
        """Yield training and test row numbers, plot by plot.

        Parameters
        ----------
        X
            (N, 2) easting, northing in metres, or ``Points`` in a projected CRS.
        y
            Ignored; there for scikit-learn.
        groups
            (N,) labels; training plots of the test plot's label are left out as well.

        Raises
        ------
        PairingError
            There are fewer than 2 plots, or the buffer leaves a plot nothing to train on.
        """
        xy = metres(X)
        if len(xy) < 2:
            raise PairingError(
                f"{counted(len(xy), 'plot', 'plots')} cannot be left out one by one", remedy="bring more plots"
            )
        labels = np.arange(len(xy)) if groups is None else group_labels(groups, len(xy))
        for plot in range(len(xy)):
            far = np.abs(xy - xy[plot]).max(axis=1) >= self.buffer
            train = np.flatnonzero(far & (labels != labels[plot]))
            if train.size == 0:
                raise PairingError(
                    f"the buffer of {self.buffer:g} m leaves no training plots for the plot in row {plot + 1}",
                    remedy="use a smaller buffer",
                )
            yield train, np.array([plot])

    def get_n_splits(self, X: Any = None, y: object = None, groups: object = None) -> int:
        """Return the number of plots, which is that of folds.

        Raises
        ------
        PairingError
            ``X`` is not given.
        """
        if X is None:
            raise PairingError("without plots there is no number of folds", remedy="give the plots as X")
        return len(metres(X))


class LeaveSitesOut(Folds):
    """Whole sites are tested by models that saw none of their plots, with the buffer of the other splits.

    Asks what a model is worth on a site where nobody has been; sites that adjoin are kept apart by the buffer.

    Parameters
    ----------
    n_splits
        Number of folds, into which sites are dealt (:class:`sklearn.model_selection.GroupKFold`). None: every site is
        a fold (:class:`sklearn.model_selection.LeaveOneGroupOut`).
    buffer
        Training plots nearer than this to a test plot, in metres along an axis, are left out.
    random_state
        Seed of how sites are dealt out.
    """

    def __init__(self, n_splits: int | None = None, buffer: float = 0.0, *, random_state: int = 1) -> None:
        super().__init__(2 if n_splits is None else n_splits, buffer, random_state)
        self.each = n_splits is None

    def __repr__(self) -> str:
        text = with_parameters(self)
        return text.replace(f"n_splits={self.n_splits}", "n_splits=None", 1) if self.each else text

    def _assign(self, xy: NDArray[np.float64], groups: Indexes | None, y: ArrayLike | None) -> Indexes:
        if groups is None:
            raise PairingError("no sites are given to leave out", remedy="give the site of each plot as groups")
        sites = int(groups.max(initial=-1)) + 1
        fewest = 2 if self.each else self.n_splits
        if sites < fewest:
            raise PairingError(
                f"the {len(xy)} plots lie on {counted(sites, 'site', 'sites')}, too few to leave sites out in "
                f"{fewest} folds",
                remedy="use spatial blocks, or name the sites (--site-field)" if sites < 2 else "use fewer folds",
            )
        splitter = (
            LeaveOneGroupOut()
            if self.each
            else GroupKFold(self.n_splits, shuffle=True, random_state=self.random_state)
        )
        folds = np.empty(len(xy), dtype=np.intp)
        for number, (_, test) in enumerate(splitter.split(xy, groups=groups)):
            folds[test] = number
        return folds

    def get_n_splits(self, X: object = None, y: object = None, groups: Any = None) -> int:
        """Return the number of folds: of sites in ``groups`` where every site is one.

        Raises
        ------
        PairingError
            Every site is a fold, and ``groups`` is not given.
        """
        if not self.each:
            return self.n_splits
        if groups is None:
            raise PairingError("no sites are given to leave out", remedy="give the site of each plot as groups")
        return len(np.unique(np.asarray(groups).astype(str)))
