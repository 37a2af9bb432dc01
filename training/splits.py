"""Folds that keep space honest: square blocks, whole groups, and a buffer between training and test plots.

Neighbouring plots share weather, flora and pixels; a model judged on random folds is judged on what it has all but
seen (Roberts et al. 2017, doi:10.1111/ecog.02881). Blocks are laid out in metres, folds are balanced by plots, and
training plots whose image patch could overlap a test plot's are left out (Valavi et al. 2019,
doi:10.1111/2041-210X.13107).

Own code rather than :class:`verde.BlockKFold`, which shares the interface but has no buffer, no groups, stretches
the spacing to fit the extent, anchors the grid at the data's corner whatever the seed, and balances by cutting a
shuffled sequence: with few blocks it falls back to an equal number of *blocks* a fold.
"""

from __future__ import annotations

import abc
from collections.abc import Iterator
from typing import Any, Protocol, TypeAlias, runtime_checkable

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.spatial import KDTree
from sklearn.model_selection import GroupKFold, KFold

from botaclip.core.errors import LeakageError, PairingError

Indexes: TypeAlias = NDArray[np.intp]
Split: TypeAlias = tuple[Indexes, Indexes]

# Blocks shrink from a sixth of a fold's share of the extent until there are this many a fold.
_BLOCKS_PER_FOLD = 4
# Clusters of plots may be this much smaller than what lies between them.
_FINEST = 1_000_000


@runtime_checkable
class Places(Protocol):
    """What :class:`botaclip.core.places.Points` offers."""

    @property
    def x(self) -> NDArray[Any]: ...  # noqa: D102
    @property
    def y(self) -> NDArray[Any]: ...  # noqa: D102
    @property
    def crs(self) -> str: ...  # noqa: D102


def metres(places: ArrayLike | Places) -> NDArray[np.float64]:
    """Return places as an (N, 2) array of easting and northing in metres.

    Parameters
    ----------
    places
        ``Points`` in a projected CRS (feet are converted), or an (N, 2) array of easting, northing in metres.

    Raises
    ------
    PairingError
        The CRS is in degrees, a coordinate is missing, or the array is not (N, 2).
    """
    if isinstance(places, Places):
        from pyproj import CRS

        crs = CRS.from_user_input(places.crs)
        if not crs.is_projected:
            raise PairingError(
                f"plots are in {crs.name}, where distances are not in metres",
                remedy="bring them into a projected CRS, such as the UTM zone, before splitting",
            )
        xy = np.column_stack([places.x, places.y]).astype(float) * crs.axis_info[0].unit_conversion_factor
    else:
        xy = np.asarray(places, dtype=float)
    if xy.ndim != 2 or xy.shape[1] != 2:
        raise PairingError(
            f"coordinates have the shape {xy.shape}", remedy="give easting and northing as two columns"
        )
    missing = np.flatnonzero(~np.isfinite(xy).all(axis=1))
    if missing.size:
        raise PairingError(
            f"{missing.size} plots have no coordinates, the first in row {missing[0] + 1}",
            remedy="leave out plots without coordinates before splitting",
        )
    return xy


class _Folds(abc.ABC):
    """What block and random folds share: scikit-learn's ``split``, the buffer, and checks."""

    def __init__(self, n_splits: int, buffer: float, random_state: int) -> None:
        self.n_splits = n_splits
        self.buffer = buffer
        self.random_state = random_state

    def fold_of(self, X: ArrayLike | Places, groups: ArrayLike | None = None) -> Indexes:
        """Return the number of the fold, 0 to ``n_splits - 1``, in which each plot is tested (N,)."""
        xy = metres(X)
        if self.n_splits < 2:
            raise PairingError(f"{self.n_splits} folds cannot be made", remedy="use 2 folds or more")
        labels = None if groups is None else _group_labels(groups, len(xy))
        return self._assign(xy, labels)

    @abc.abstractmethod
    def _assign(self, xy: NDArray[np.float64], groups: Indexes | None) -> Indexes:
        """Return the fold of each plot."""

    def split(
        self,
        X: ArrayLike | Places,
        y: object = None,
        groups: ArrayLike | None = None,
    ) -> Iterator[Split]:
        """Yield training and test row numbers of every fold, as scikit-learn's splitters do.

        Parameters
        ----------
        X
            (N, 2) easting, northing in metres (that order, as in verde), or ``Points`` in a projected CRS.
        y
            Ignored; there for scikit-learn.
        groups
            (N,) labels; plots of one label (site, transect) always lie in one fold.

        Raises
        ------
        PairingError
            There are fewer blocks or groups than folds, or the buffer leaves a fold nothing to train on.
        """
        xy = metres(X)
        folds = self.fold_of(xy, groups)
        for fold in range(self.n_splits):
            test = np.flatnonzero(folds == fold)
            train = outside_buffer(xy, np.flatnonzero(folds != fold), test, buffer=self.buffer)
            if train.size == 0:
                raise PairingError(
                    f"the buffer of {self.buffer:g} m leaves no training plots for fold {fold + 1}",
                    remedy="use a smaller buffer, larger blocks or fewer folds",
                )
            yield train, test

    def get_n_splits(self, X: object = None, y: object = None, groups: object = None) -> int:
        """Return the number of folds."""
        return self.n_splits


class SpatialBlocks(_Folds):
    """Cross-validation over square blocks (or whole groups), balanced by plots, with a buffer.

    The blocks' origin is drawn from ``random_state``, so repeated splits cut the landscape at other lines. Blocks are
    dealt out largest first, each to the fold that holds the fewest plots; folds then differ by no more plots
    than the largest block holds. The price of the buffer is fewer training plots, never a leak.

    Parameters
    ----------
    n_splits
        Number of folds.
    block_size
        Side of the blocks in metres. None: chosen from the extent, see :func:`default_block_size`.
    buffer
        Training plots nearer than this to a test plot, in metres, are left out of training; measured along the axes
        (Chebyshev), because patches are squares. Patch width plus receptive field keeps patches apart.
    minimum_block
        Smallest side in metres that may be chosen (two patch widths or more); never below twice the buffer.
    random_state
        Seed of the origin and of ties.

    Attributes
    ----------
    blocks_
        (N,) block (or group) number of each plot of the last call.
    block_size_
        Side in metres that was used; None with groups.
    """

    blocks_: Indexes
    block_size_: float | None

    def __init__(
        self,
        n_splits: int = 5,
        block_size: float | None = None,
        buffer: float = 0.0,
        *,
        minimum_block: float = 0.0,
        random_state: int = 1,
    ) -> None:
        super().__init__(n_splits, buffer, random_state)
        self.block_size = block_size
        self.minimum_block = minimum_block

    def count(self, X: ArrayLike | Places, groups: ArrayLike | None = None) -> int:
        """Return how many blocks (or groups) hold plots: the most folds that can be made."""
        xy = metres(X)
        labels = None if groups is None else _group_labels(groups, len(xy))
        self._lay(xy, labels, np.random.default_rng(self.random_state))
        return int(self.blocks_.max()) + 1

    def _assign(self, xy: NDArray[np.float64], groups: Indexes | None) -> Indexes:
        rng = np.random.default_rng(self.random_state)
        one, many = self._lay(xy, groups, rng)
        plots = np.bincount(self.blocks_)
        if plots.size < self.n_splits:
            raise PairingError(
                f"the {len(xy)} plots lie in {_counted(plots.size, one, many)}, too few for {self.n_splits} folds",
                remedy="use fewer folds" if groups is not None else "use smaller blocks, fewer folds or groups",
            )
        return _deal(plots, self.n_splits, rng)[self.blocks_]

    def _lay(self, xy: NDArray[np.float64], groups: Indexes | None, rng: np.random.Generator) -> tuple[str, str]:
        """Number the blocks (or groups) that hold plots; return what one, and what several are called."""
        if groups is not None:
            self.blocks_, self.block_size_ = groups, None
            return "group", "groups"
        smallest = max(self.minimum_block, 2 * self.buffer)
        # An option that is not given arrives as None or 0.
        side = self.block_size or default_block_size(xy, n_splits=self.n_splits, smallest=smallest)
        self.blocks_, self.block_size_ = _block_labels(xy, side, rng), side
        return f"block of {side:g} m", f"blocks of {side:g} m"


class RandomFolds(_Folds):
    """The same interface with plots dealt out at random: what blocked folds are compared with.

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

    def __init__(self, n_splits: int = 5, *, buffer: float = 0.0, random_state: int = 1) -> None:
        super().__init__(n_splits, buffer, random_state)

    def _assign(self, xy: NDArray[np.float64], groups: Indexes | None) -> Indexes:
        units = len(xy) if groups is None else int(groups.max()) + 1
        if units < self.n_splits:
            noun = "plot" if groups is None else "group"
            found = _counted(units, f"{noun} is", f"{noun}s are")
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


def inner_folds(
    outer: SpatialBlocks | RandomFolds,
    X: ArrayLike | Places,
    *,
    n_splits: int = 3,
    groups: ArrayLike | None = None,
) -> list[Split]:
    """Split the training plots of one outer fold again, by the outer rule and with its buffer.

    Thresholds, calibrators, the number of steps and the penalty are chosen on these. Blocks keep the outer size
    where that leaves two blocks a fold or more; otherwise a size is chosen anew. Where the plots cannot be split so,
    there are fewer folds, and at last two random ones: see :func:`inner_compromise`.

    Parameters
    ----------
    outer
        The splitter of the outer folds, after use.
    X
        (N, 2) easting, northing in metres of the *training plots only*; row numbers returned refer to these.
    n_splits
        Number of inner folds.
    groups
        (N,) group labels of the training plots.
    """
    return _inner(outer, X, n_splits, groups)[0]


def inner_compromise(
    outer: SpatialBlocks | RandomFolds,
    X: ArrayLike | Places,
    *,
    n_splits: int = 3,
    groups: ArrayLike | None = None,
) -> str:
    """Return in words how :func:`inner_folds` had to give way for the same plots, ``""`` where it had not."""
    return _inner(outer, X, n_splits, groups)[1]


def _inner(
    outer: SpatialBlocks | RandomFolds, X: ArrayLike | Places, n_splits: int, groups: ArrayLike | None
) -> tuple[list[Split], str]:
    seed = outer.random_state + 1_000
    xy = metres(X)
    side = None
    if isinstance(outer, SpatialBlocks):
        side = getattr(outer, "block_size_", None) or outer.block_size
        if side and groups is None:
            blocks = _block_labels(xy, side, np.random.default_rng(seed))
            side = side if blocks.max() + 1 >= 2 * n_splits else None
    for folds in range(n_splits, 1, -1):
        inner: SpatialBlocks | RandomFolds
        if isinstance(outer, RandomFolds):
            inner = RandomFolds(folds, buffer=outer.buffer, random_state=seed)
        else:
            inner = SpatialBlocks(folds, side, outer.buffer, minimum_block=outer.minimum_block, random_state=seed)
        try:
            splits = list(inner.split(xy, groups=groups))
        except PairingError:
            continue
        return splits, "" if folds == n_splits else f"{folds} inner folds instead of {n_splits}"
    # Only choices inside the training plots are made on these; what is reported is scored on the outer folds.
    return list(RandomFolds(2, random_state=seed).split(xy)), "2 random inner folds instead of spatial ones"


def outside_buffer(xy: NDArray[np.float64], train: Indexes, test: Indexes, *, buffer: float) -> Indexes:
    """Return the training rows that are at least ``buffer`` metres (along an axis) from every test plot."""
    if buffer <= 0 or train.size == 0 or test.size == 0:
        return train
    distance, _ = KDTree(xy[test]).query(xy[train], p=np.inf)
    return train[distance >= buffer]


def check_no_leak(
    train: ArrayLike,
    test: ArrayLike,
    X: ArrayLike | Places,
    *,
    buffer: float = 0.0,
    groups: ArrayLike | None = None,
) -> None:
    """Refuse a training set that shares plots, groups or pixels with the test set.

    Parameters
    ----------
    train, test
        Row numbers, or (N,) boolean masks.
    X
        (N, 2) easting, northing in metres of all plots, or ``Points``.
    buffer
        Smallest allowed distance in metres along an axis.
    groups
        (N,) group labels that must not be shared.

    Raises
    ------
    LeakageError
        Naming how many plots leak and the nearest pair.
    """
    xy = metres(X)
    rows = np.arange(len(xy))
    fitted, tested = rows[np.asarray(train)], rows[np.asarray(test)]
    shared = np.intersect1d(fitted, tested)
    if shared.size:
        raise LeakageError(
            f"{shared.size} test plots are in the training set, the first is row {shared[0] + 1}",
            remedy="fit on training plots only",
        )
    if groups is not None:
        labels = np.asarray(groups)
        common = np.intersect1d(labels[fitted], labels[tested])
        if common.size:
            raise LeakageError(
                f"{common.size} groups lie in training and test set, such as {common[0]}",
                remedy="keep whole groups in one fold",
            )
    if buffer > 0 and fitted.size and tested.size:
        distance, nearest = KDTree(xy[tested]).query(xy[fitted], p=np.inf)
        close = int((distance < buffer).sum())
        if close:
            worst = int(distance.argmin())
            raise LeakageError(
                f"{close} training plots lie within {buffer:g} m of a test plot; rows {fitted[worst] + 1} and "
                f"{tested[nearest[worst]] + 1} are {distance[worst]:.1f} m apart",
                remedy="leave them out of training",
            )


def default_block_size(xy: NDArray[np.float64], *, n_splits: int, smallest: float = 0.0) -> float:
    """Choose the side of the blocks, in metres, from where the plots lie.

    Starts at six blocks a fold over the bounding box and shrinks until at least four occupied blocks come to a fold
    and no block holds more than a fold's share of the plots, so that clustered plots are cut as well; never below
    ``smallest``. Two significant digits.

    Raises
    ------
    PairingError
        All plots lie at one place.
    """
    extent = np.ptp(xy, axis=0)
    longest = float(extent.max(initial=0.0))
    if longest == 0.0:
        raise PairingError(
            f"all {len(xy)} plots lie at one place", remedy="spatial folds need plots at several places"
        )
    # A transect has no area to speak of: its width counts as a hundredth of its length at least.
    area = longest * max(float(extent.min()), longest / 100)
    side = _two_digits(max((area / (6 * n_splits)) ** 0.5, smallest))
    rng = np.random.default_rng(0)
    while side > smallest and side > longest / _FINEST:
        plots = np.bincount(_block_labels(xy, side, rng))
        if plots.size >= _BLOCKS_PER_FOLD * n_splits and plots.max() <= len(xy) / n_splits:
            break
        side = max(_two_digits(side * 0.8), smallest)
    return side


def _two_digits(value: float) -> float:
    return float(f"{value:.2g}")


def _block_labels(xy: NDArray[np.float64], side: float, rng: np.random.Generator) -> Indexes:
    """Number the squares of a grid with random origin that hold plots."""
    origin = xy.min(axis=0) - rng.uniform(0, side, size=2)
    _, labels = np.unique(np.floor((xy - origin) / side), axis=0, return_inverse=True)
    return labels.ravel()


def _group_labels(groups: ArrayLike, n: int) -> Indexes:
    values = np.asarray(groups)
    if values.shape != (n,):
        raise PairingError(
            f"there are {values.size} group labels for {n} plots", remedy="give one label for each plot"
        )
    text = values.astype(str)  # so that mixed types sort
    missing = np.flatnonzero(np.isin(text, ["", "None", "nan", "NaT", "<NA>"]))
    if missing.size:
        raise PairingError(
            f"{missing.size} plots have no group, the first in row {missing[0] + 1}",
            remedy="fill in the group column or use spatial blocks",
        )
    _, labels = np.unique(text, return_inverse=True)
    return labels.ravel()


def _counted(count: int, one: str, many: str) -> str:
    return f"{count} {one if count == 1 else many}"


def _deal(plots: Indexes, n_splits: int, rng: np.random.Generator) -> Indexes:
    """Return the fold of each block: largest first, each to the emptiest fold, ties at random."""
    order = rng.permutation(plots.size)
    order = order[np.argsort(-plots[order], kind="stable")]
    fold = np.empty(plots.size, dtype=np.intp)
    load = np.zeros(n_splits)
    for block in order:
        # Equal loads are told apart by a random fraction of a plot.
        fold[block] = np.argmin(load + rng.uniform(0, 0.5, n_splits))
        load[fold[block]] += plots[block]
    return fold
