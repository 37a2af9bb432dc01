"""Every way to split plots into training and test, with scikit-learn's ``split(X, y, groups)``.

Spatial: :class:`SpatialBlocks` (squares, hexagons, or whole groups), :class:`BufferedLeaveOneOut`,
:class:`LeaveSitesOut`, :class:`KNNDM` (folds as far apart as the map is from the plots). Not spatial:
:class:`RandomFolds`, :class:`StratifiedFolds`, :class:`RepeatedStratified`; their scores are optimistic wherever plots
are clustered, and are shown as "not spatial".
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from botaclip.core.errors import OptionError
from botaclip.training.blocks import SpatialBlocks, default_block_size
from botaclip.training.folds import Folds, Indexes, Places, Split, Splitter, metres, outside_buffer
from botaclip.training.inner_folds import inner_compromise, inner_folds
from botaclip.training.knndm import KNNDM
from botaclip.training.leaks import check_no_leak, leak_report
from botaclip.training.leave_out import BufferedLeaveOneOut, LeaveSitesOut
from botaclip.training.random_folds import RandomFolds
from botaclip.training.stratified import RepeatedStratified, StratifiedFolds

__all__ = [
    "KNNDM",
    "BufferedLeaveOneOut",
    "Folds",
    "Indexes",
    "LeaveSitesOut",
    "Places",
    "RandomFolds",
    "Repeated",
    "RepeatedStratified",
    "SpatialBlocks",
    "Split",
    "Splitter",
    "StratifiedFolds",
    "check_no_leak",
    "default_block_size",
    "inner_compromise",
    "inner_folds",
    "leak_report",
    "metres",
    "outside_buffer",
    "repeated",
]


class Repeated:
    """Several splitters one after the other; scikit-learn takes it as ``cv``.

    Parameters
    ----------
    splitters
        One for each repeat.

    Attributes
    ----------
    spatial
        Whether all of them hold out test plots with what is around them.
    """

    def __init__(self, splitters: tuple[Splitter, ...]) -> None:
        self.splitters = splitters
        self.spatial = all(each.spatial for each in splitters)

    def split(
        self, X: ArrayLike | Places, y: ArrayLike | None = None, groups: ArrayLike | None = None
    ) -> Iterator[Split]:
        """Yield training and test row numbers of every fold of every repeat."""
        for splitter in self.splitters:
            yield from splitter.split(X, y, groups)

    def get_n_splits(self, X: Any = None, y: object = None, groups: Any = None) -> int:
        """Return the number of folds of all repeats."""
        return sum(splitter.get_n_splits(X, y, groups) for splitter in self.splitters)


def repeated(splitter_factory: Callable[[int], Splitter], n: int, random_state: int = 1) -> Repeated:
    """Return the split repeated ``n`` times, each with an origin and lots of its own.

    One layout of blocks is one of many: how much scores depend on it is seen by repeating.

    Parameters
    ----------
    splitter_factory
        Makes a splitter of a seed: ``lambda seed: SpatialBlocks(5, 1_000.0, random_state=seed)``.
    n
        Number of repeats.
    random_state
        Seed of the repeats' seeds; the first repeats of a longer series are those of a shorter one.

    Raises
    ------
    OptionError
        ``n`` is below 1.
    """
    if n < 1:
        raise OptionError(f"a split cannot be repeated {n} times", remedy="use 1 or more")
    seeds = np.random.SeedSequence(random_state).generate_state(n)
    # inner folds add to a seed, and scikit-learn takes 32 bits.
    return Repeated(tuple(splitter_factory(int(seed) >> 1) for seed in seeds))
