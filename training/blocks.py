"""Cross-validation over blocks of land, square or hexagonal, that keeps space honest.

Blocks are laid out in metres, folds are balanced by plots, and training plots near a test plot are left out (Roberts
et al. 2017, doi:10.1111/ecog.02881; Valavi et al. 2019, doi:10.1111/2041-210X.13107).

Own code rather than :class:`verde.BlockKFold`, which shares the interface but has no buffer, no groups, no hexagons,
stretches the spacing to fit the extent, anchors the grid at the data's corner whatever the seed, and balances by
cutting a shuffled sequence: with few blocks it falls back to an equal number of *blocks* a fold.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from botaclip.core.errors import OptionError, PairingError
from botaclip.training.folds import Folds, Indexes, Places, counted, group_labels, metres

Shape: TypeAlias = Literal["square", "hexagon"]
Array: TypeAlias = NDArray[np.float64]

# Between parallel sides of a hexagon that is as large as a square of side 1.
ACROSS = float(np.sqrt(2 / np.sqrt(3)))
# Blocks shrink from a sixth of a fold's share of the extent until there are this many a fold.
_BLOCKS_PER_FOLD = 4
# Clusters of plots may be this much smaller than what lies between them.
_FINEST = 1_000_000


class SpatialBlocks(Folds):
    """Cross-validation over blocks (or whole groups), balanced by plots, with a buffer.

    The blocks' origin is drawn from ``random_state``, so repeated splits cut the landscape at other lines. Blocks are
    dealt out largest first, each to the fold that holds the fewest plots; folds then differ by no more plots
    than the largest block holds. The price of the buffer is fewer training plots, never a leak.

    Where a model reads something else than places, give scikit-learn the row numbers:
    ``cross_val_score(model, vectors, y, cv=list(blocks.split(places)))``.

    Parameters
    ----------
    n_splits
        Number of folds.
    block_size
        Side of the square blocks in metres; a hexagon has the area of that square, so that size means the same number
        of blocks whatever the shape: its parallel sides are 1.075 times that far apart, its far corners 1.241 times.
        None: chosen from the extent, see :func:`default_block_size`.
    buffer
        Training plots nearer than this to a test plot, in metres, are left out of training; measured along the axes
        (Chebyshev), because patches are squares. Patch width plus receptive field keeps patches apart.
    shape
        ``square``, or ``hexagon`` (two sides run north-south): the most compact block that tiles, so that fewer plots
        lie near an edge.
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
    outlines_
        (K, C, 2) corners in metres of the K blocks that hold plots, C of each, in the order of ``blocks_``; empty with
        groups.

    Raises
    ------
    OptionError
        There is no such shape, or a size or a number of folds is none.
    """

    blocks_: Indexes
    block_size_: float | None
    outlines_: Array

    def __init__(
        self,
        n_splits: int = 5,
        block_size: float | None = None,
        buffer: float = 0.0,
        *,
        shape: Shape = "square",
        minimum_block: float = 0.0,
        random_state: int = 1,
    ) -> None:
        super().__init__(n_splits, buffer, random_state)
        if shape not in ("square", "hexagon"):
            raise OptionError(f"blocks cannot be of the shape {shape!r}", remedy="use square or hexagon")
        if block_size is not None and not 0 <= block_size < np.inf:
            raise OptionError(f"blocks of {block_size:g} m are not possible", remedy="give metres above 0, or nothing")
        self.block_size = block_size
        self.shape: Shape = shape
        self.minimum_block = minimum_block

    def count(self, X: ArrayLike | Places, groups: ArrayLike | None = None) -> int:
        """Return how many blocks (or groups) hold plots: the most folds that can be made."""
        xy = metres(X)
        labels = None if groups is None else group_labels(groups, len(xy))
        self._lay(xy, labels, np.random.default_rng(self.random_state))
        return int(self.blocks_.max()) + 1

    def _assign(self, xy: Array, groups: Indexes | None, y: ArrayLike | None) -> Indexes:
        rng = np.random.default_rng(self.random_state)
        one, many = self._lay(xy, groups, rng)
        plots = np.bincount(self.blocks_)
        if plots.size < self.n_splits:
            raise PairingError(
                f"the {len(xy)} plots lie in {counted(plots.size, one, many)}, too few for {self.n_splits} folds",
                remedy="use fewer folds" if groups is not None else "use smaller blocks, fewer folds or groups",
            )
        return _deal(plots, self.n_splits, rng)[self.blocks_]

    def _lay(self, xy: Array, groups: Indexes | None, rng: np.random.Generator) -> tuple[str, str]:
        """Number the blocks (or groups) that hold plots; return what one, and what several are called."""
        if groups is not None:
            self.blocks_, self.block_size_, self.outlines_ = groups, None, np.empty((0, 4, 2))
            return "group", "groups"
        smallest = max(self.minimum_block, 2 * self.buffer)
        # An option that is not given arrives as None or 0.
        side = self.block_size or default_block_size(
            xy, n_splits=self.n_splits, smallest=smallest, shape=self.shape
        )
        self.blocks_, centres = block_labels(xy, side, rng, self.shape)
        self.block_size_, self.outlines_ = side, _corners(centres, side, self.shape)
        return f"block of {side:g} m", f"blocks of {side:g} m"


def default_block_size(xy: Array, *, n_splits: int, smallest: float = 0.0, shape: Shape = "square") -> float:
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
        plots = np.bincount(block_labels(xy, side, rng, shape)[0])
        if plots.size >= _BLOCKS_PER_FOLD * n_splits and plots.max() <= len(xy) / n_splits:
            break
        side = max(_two_digits(side * 0.8), smallest)
    return side


def block_labels(
    xy: Array, side: float, rng: np.random.Generator, shape: Shape = "square"
) -> tuple[Indexes, Array]:
    """Number the blocks of a grid with random origin that hold plots.

    Returns
    -------
    labels, centres
        Block of each plot (N,), centre of each block (K, 2) in metres.
    """
    if shape == "square":
        origin = xy.min(axis=0) - rng.uniform(0, side, size=2)
        cells, labels = np.unique(np.floor((xy - origin) / side), axis=0, return_inverse=True)
        return labels.ravel(), origin + (cells + 0.5) * side
    # The centres of hexagons are two interleaved grids of rectangles; a plot belongs to the nearest centre.
    step = np.array([1.0, np.sqrt(3.0)]) * ACROSS * side
    origin = xy.min(axis=0) - rng.uniform(0, 1, size=2) * step
    inside = (xy - origin) / step
    one, other = np.round(inside), np.round(inside - 0.5) + 0.5
    nearer = np.square((inside - one) * step).sum(axis=1) <= np.square((inside - other) * step).sum(axis=1)
    cells, labels = np.unique(np.where(nearer[:, None], one, other), axis=0, return_inverse=True)
    return labels.ravel(), origin + cells * step


def _corners(centres: Array, side: float, shape: Shape) -> Array:
    if shape == "square":
        around = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * side / 2
    else:
        angles = np.deg2rad(30 + 60 * np.arange(6))
        around = np.column_stack([np.cos(angles), np.sin(angles)]) * ACROSS * side / np.sqrt(3)
    return np.asarray(centres[:, None] + around)


def _two_digits(value: float) -> float:
    return float(f"{value:.2g}")


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
