"""Plots dealt out at random: what blocked folds are compared with."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.model_selection import GroupKFold, KFold

from botaclip.core.errors import PairingError
from botaclip.training.folds import Folds, Indexes, counted


class RandomFolds(Folds):
    """The interface of spatial blocks with plots dealt out at random; not spatial.

    Scores on random folds are optimistic wherever plots are clustered; how much so is part of the report.

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
        units = len(xy) if groups is None else int(groups.max()) + 1
        if units < self.n_splits:
            noun = "plot" if groups is None else "group"
            found = counted(units, f"{noun} is", f"{noun}s are")
            raise PairingError(
                f"{found} too few for {self.n_splits} folds",
                remedy="use fewer folds",
            )
        make = KFold if groups is None else GroupKFold
        splitter = make(self.n_splits, shuffle=True, random_state=self.random_state)
        folds = np.empty(len(xy), dtype=np.intp)
        for number, (_, test) in enumerate(splitter.split(xy, groups=groups)):
            folds[test] = number
        return folds
