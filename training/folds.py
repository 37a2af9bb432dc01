"""What every way to split plots shares: places in metres, group labels, the buffer, scikit-learn's ``split``.

Neighbouring plots share weather, flora and pixels; a model judged on random folds is judged on what it has all but
seen (Roberts et al. 2017, doi:10.1111/ecog.02881). Training plots whose image patch could overlap a test plot's are
left out (Valavi et al. 2019, doi:10.1111/2041-210X.13107).
"""

from __future__ import annotations

import abc
import inspect
from collections.abc import Iterator
from typing import Any, Protocol, TypeAlias, runtime_checkable

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse
from scipy.sparse.csgraph import connected_components
from scipy.spatial import KDTree

from botaclip.core.errors import OptionError, PairingError

Indexes: TypeAlias = NDArray[np.intp]
Split: TypeAlias = tuple[Indexes, Indexes]


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
        There are no plots, the CRS is in degrees, a coordinate is missing, or the array is not (N, 2).
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
    if xy.size == 0:
        raise PairingError("there are no plots to split", remedy="bring plots with coordinates")
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


class Splitter(Protocol):
    """What every way to split plots offers; scikit-learn takes it as ``cv``."""

    @property
    def buffer(self) -> float:
        """Training plots nearer than this to a test plot, in metres, are left out."""

    @property
    def random_state(self) -> int:
        """Seed."""

    @property
    def spatial(self) -> bool:
        """Whether test plots are held out with what is around them; if not, scores are optimistic."""

    def split(
        self, X: ArrayLike | Places, y: ArrayLike | None = None, groups: ArrayLike | None = None
    ) -> Iterator[Split]:
        """Yield training and test row numbers of every fold."""

    def get_n_splits(self, X: Any = None, y: object = None, groups: Any = None) -> int:
        """Return the number of folds."""


class Folds(abc.ABC):
    """Folds in which every plot is tested once: scikit-learn's ``split``, the buffer, and checks.

    ``X`` of :meth:`split` are places. Where a model reads something else, scikit-learn's functions take the row numbers
    instead: ``cross_val_score(model, vectors, y, cv=list(blocks.split(places)))``.

    Attributes
    ----------
    spatial
        Whether test plots are held out with what is around them; if not, scores are optimistic.
    """

    spatial: bool = True

    def __init__(self, n_splits: int, buffer: float, random_state: int) -> None:
        if int(n_splits) != n_splits:
            raise OptionError(f"{n_splits:g} folds cannot be made", remedy="give a whole number")
        check_buffer(buffer)
        self.n_splits = int(n_splits)
        self.buffer = buffer
        self.random_state = random_state

    def __repr__(self) -> str:
        return with_parameters(self)

    def fold_of(
        self, X: ArrayLike | Places, groups: ArrayLike | None = None, y: ArrayLike | None = None
    ) -> Indexes:
        """Return the number of the fold, 0 to ``n_splits - 1``, in which each plot is tested (N,)."""
        xy = metres(X)
        if self.n_splits < 2:
            raise PairingError(f"{self.n_splits} folds cannot be made", remedy="use 2 folds or more")
        labels = None if groups is None else group_labels(groups, len(xy))
        return self._assign(xy, labels, y)

    @abc.abstractmethod
    def _assign(self, xy: NDArray[np.float64], groups: Indexes | None, y: ArrayLike | None) -> Indexes:
        """Return the fold of each plot."""

    def split(
        self, X: ArrayLike | Places, y: ArrayLike | None = None, groups: ArrayLike | None = None
    ) -> Iterator[Split]:
        """Yield training and test row numbers of every fold, as scikit-learn's splitters do.

        Parameters
        ----------
        X
            (N, 2) easting, northing in metres (that order, as in verde), or ``Points`` in a projected CRS.
        y
            Only read where folds are stratified.
        groups
            (N,) labels; plots of one label (site, transect) always lie in one fold.

        Raises
        ------
        PairingError
            There are fewer blocks or groups than folds, or the buffer leaves a fold nothing to train on.
        """
        xy = metres(X)
        folds = self.fold_of(xy, groups, y)
        for fold in range(int(folds.max()) + 1):
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


def check_buffer(buffer: float) -> None:
    """Refuse a buffer that is no distance.

    Raises
    ------
    OptionError
        It is below 0 or no number.
    """
    if not 0 <= buffer < np.inf:
        raise OptionError(f"a buffer of {buffer:g} m is not possible", remedy="give metres from 0 upwards")


def outside_buffer(xy: NDArray[np.float64], train: Indexes, test: Indexes, *, buffer: float) -> Indexes:
    """Return the training rows that are at least ``buffer`` metres (along an axis) from every test plot."""
    if buffer <= 0 or train.size == 0 or test.size == 0:
        return train
    distance, _ = KDTree(xy[test]).query(xy[train], p=np.inf)
    return train[distance >= buffer]


def group_labels(groups: ArrayLike, n: int) -> Indexes:
    """Return a number 0, 1, ... for each of the N group labels.

    Raises
    ------
    PairingError
        A label is missing, or there are not ``n`` of them.
    """
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


def with_parameters(splitter: object) -> str:
    """Return a splitter as the call that makes it, such as ``SpatialBlocks(n_splits=5, buffer=120.0, ...)``."""
    names = list(inspect.signature(type(splitter)).parameters)
    return f"{type(splitter).__name__}({', '.join(f'{name}={getattr(splitter, name)!r}' for name in names)})"


def connected_places(X: ArrayLike | Places, nearer_than: float) -> Indexes:
    """Return the number of the cluster of each plot (N,): steps between plots nearer than that link a cluster.

    Parameters
    ----------
    X
        (N, 2) easting, northing in metres, or ``Points``.
    nearer_than
        Metres along an axis, as patches are squares; plots at one place are always together.
    """
    xy = metres(X)
    # The tree counts a distance of exactly its radius.
    radius = float(np.nextafter(nearer_than, 0.0)) if nearer_than > 0 else 0.0
    pairs = KDTree(xy).query_pairs(radius, p=np.inf, output_type="ndarray")
    links = sparse.coo_array((np.ones(len(pairs), bool), (pairs[:, 0], pairs[:, 1])), shape=(len(xy), len(xy)))
    return np.asarray(connected_components(links, directed=False)[1], dtype=np.intp)


def counted(count: int, one: str, many: str) -> str:
    """Return a number with its noun."""
    return f"{count} {one if count == 1 else many}"
