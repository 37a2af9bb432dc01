"""How far likeness between plots reaches, and the size of blocks that follows from it.

Blocks should be larger than the distance over which plots resemble each other (Roberts et al. 2017,
doi:10.1111/ecog.02881); the range of a variogram says how large (Valavi et al. 2019, doi:10.1111/2041-210X.13107).
It is an advice: a range that was not found is said not to have been found.
"""

from __future__ import annotations

import dataclasses
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.spatial import KDTree
from sklearn.decomposition import PCA

from botaclip.training.folds import metres

Array = NDArray[np.float64]

FEWEST_PLOTS = 30
FEW_PLOTS = 100  # below, a variogram is rough (Webster & Oliver 1992, Journal of Soil Science 43)
# A variogram of more plots costs time and tells nothing new.
MOST_PLOTS = 1_500
AXES = 3

_NEIGHBOURS = 8
_PERMUTATIONS = 199
_SIGNIFICANT = 0.01
_BINS = 15
_FEWEST_PAIRS = 30
_FAMILIES = ("Exponential", "Spherical", "Gaussian")
# Practical range: where the model has come to 95 % of its partial sill (Chilès & Delfiner 2012).
_PRACTICAL = 0.95
_MOST_SPECIES = 500
# A sill that is reached at the very end of the lags is not seen to be one.
_WITHIN = 0.9


@dataclasses.dataclass(frozen=True)
class Variogram:
    """The empirical variogram of one variable with the model fitted to it.

    Parameters
    ----------
    lags_m, semivariance, pairs
        Mean distance, semivariance and number of pairs of each bin (B,).
    family
        ``Exponential``, ``Spherical`` or ``Gaussian``: the one that fits best; ``""`` without structure.
    nugget, partial_sill
        Of the model, in units of the variable's variance.
    range_m
        Practical range in metres; None where there is none.
    words
        Why there is none; ``""`` where there is one.
    """

    lags_m: Array
    semivariance: Array
    pairs: NDArray[np.int64]
    family: str = ""
    nugget: float = float("nan")
    partial_sill: float = float("nan")
    range_m: float | None = None
    words: str = ""


@dataclasses.dataclass(frozen=True)
class Advice:
    """How large blocks should be.

    Parameters
    ----------
    range_m
        Median practical range in metres of the variables that have one; None where none has.
    block_m
        Side of the blocks that follows, rounded up to two digits; None without a range.
    words
        The same in one sentence or two.
    """

    range_m: float | None
    block_m: float | None
    words: str

    def to_json(self) -> dict[str, Any]:
        """Return the advice as it stands in ``metrics.json``."""
        return dataclasses.asdict(self)


def advise_block_size(
    xy: ArrayLike, values: ArrayLike, *, sites: Sequence[str] | None = None, names: Sequence[str] = (),
    random_state: int = 1,
) -> Advice:
    """Return the size of blocks that the variograms of some variables ask for.

    Parameters
    ----------
    xy
        (N, 2) easting, northing in metres.
    values
        (N,) or (N, K): floristic axes, richness, residuals of a model. Rows with unknown values are left out.
    sites
        (N,) sites; plots of different sites are never paired, and differences between sites are taken out.
    names
        Names of the K variables, for the words.
    random_state
        Seed of the permutations, and of the sample of plots where there are more than 1,500.
    """
    columns = np.asarray(values, dtype=float)
    columns = columns.reshape(len(columns), -1)
    if len(columns) < FEWEST_PLOTS:
        return Advice(
            None, None,
            f"{len(columns)} plots are too few to find over which distance they resemble each other; "
            f"{FEWEST_PLOTS} are needed.",
        )
    called = [names[k] if k < len(names) else f"variable {k + 1}" for k in range(columns.shape[1])]
    found = [variogram(xy, column, sites=sites, random_state=random_state) for column in columns.T]
    ranges = {name: each.range_m for name, each in zip(called, found, strict=True) if each.range_m is not None}
    if not ranges:
        alike: dict[str, list[str]] = {}
        for name, each in zip(called, found, strict=True):
            alike.setdefault(each.words, []).append(name)
        reasons = "; ".join(f"{', '.join(of)}: {words}" for words, of in alike.items())
        return Advice(
            None, None, f"No distance was found beyond which plots no longer resemble each other ({reasons})."
        )
    middle = float(np.median(list(ranges.values())))
    block = _rounded_up(middle)
    listed = ", ".join(f"{name} {distance:,.0f} m" for name, distance in ranges.items())
    rough = f" With {len(columns)} plots this is a rough figure." if len(columns) < FEW_PLOTS else ""
    return Advice(
        middle, block,
        f"Plots resemble each other up to about {middle:,.0f} m (range of the variogram: {listed}); blocks of "
        f"{block:,.0f} m or more are advised.{rough}",
    )


def variogram(
    xy: ArrayLike, values: ArrayLike, *, sites: Sequence[str] | None = None, random_state: int = 1
) -> Variogram:
    """Return the variogram of one variable up to a third of the extent, with the best of three models.

    Whether there is structure at all is tested first: neighbours must be more alike than permuted ones (Geary's
    contiguity ratio over the 8 nearest plots, p <= 0.01); a model can be fitted to noise too.

    Parameters
    ----------
    xy
        (N, 2) easting, northing in metres.
    values
        (N,).
    sites
        As in :func:`advise_block_size`.
    random_state
        Seed.
    """
    places, field = metres(xy), np.asarray(values, dtype=float).ravel()
    labels = np.zeros(len(field), dtype=np.intp)
    if sites is not None:
        labels = np.unique(np.asarray(sites).astype(str), return_inverse=True)[1].ravel()
    rng = np.random.default_rng(random_state)
    kept = np.flatnonzero(np.isfinite(field))
    if kept.size > MOST_PLOTS:
        kept = np.sort(rng.choice(kept, MOST_PLOTS, replace=False))
    places, field, labels = places[kept], field[kept], labels[kept]
    nothing = np.empty(0), np.empty(0), np.empty(0, dtype=np.int64)
    if kept.size < FEWEST_PLOTS:
        return Variogram(*nothing, words=f"{kept.size} plots are too few, {FEWEST_PLOTS} are needed")
    places, field, extent = _sites_apart(places, field, labels)
    spread = float(field.std())
    if spread <= 1e-12 or extent == 0:
        return Variogram(*nothing, words="all values are equal" if extent else "all plots lie at one place")
    field = field / spread
    if not _structured(places, field, labels, rng):
        return Variogram(*nothing, words="neighbours are no more alike than other plots")
    lags, semivariance, pairs = _empirical(places, field, extent / 3)
    if lags.size < 5:
        return Variogram(lags, semivariance, pairs, words="too few pairs of plots lie near each other")
    return _fitted(lags, semivariance, pairs)


def floristic_variables(cover: Any, presence: ArrayLike, *, axes: int = AXES) -> tuple[Array, list[str]]:
    """Return the first floristic axes and richness (N, axes + 1), with their names.

    Axes are principal components of the Hellinger table (Legendre & Gallagher 2001, doi:10.1007/s004420100716) of the
    500 most frequent species: enough for the main gradients, and a large table need not be densified.

    Parameters
    ----------
    cover
        (N, V) cover in percent, dense or sparse.
    presence
        (N, S) presence of the modelled species; richness is the number of species met, which is counted in ``cover``
        where that has more of them.
    axes
        Number of axes.
    """
    from scipy import sparse

    table = sparse.csr_array(cover).astype(float)
    met = sparse.csr_array(table > 0)
    richness = np.asarray(met.sum(axis=1), dtype=float).ravel()
    if table.shape[1] < np.asarray(presence).shape[1]:
        richness = (np.asarray(presence) > 0).sum(axis=1).astype(float)
    total = np.asarray(table.sum(axis=1), dtype=float).ravel()
    frequent = np.argsort(-np.asarray(met.sum(axis=0)).ravel(), kind="stable")[:_MOST_SPECIES]
    dense = np.sqrt(table[:, np.sort(frequent)].toarray() / np.maximum(total, 1e-12)[:, None])
    count = max(1, min(axes, dense.shape[0] - 1, dense.shape[1]))
    scores = PCA(count, svd_solver="full").fit_transform(dense)
    return np.column_stack([scores, richness]), [*(f"floristic axis {k + 1}" for k in range(count)), "richness"]


def _sites_apart(places: Array, field: Array, labels: NDArray[np.intp]) -> tuple[Array, Array, float]:
    """Move sites so far apart that no pair across sites comes into a bin, and take out their means."""
    moved, centred = places.copy(), field.copy()
    extent = 0.0
    for site in range(int(labels.max()) + 1):
        here = labels == site
        if not here.any():
            continue
        moved[here] -= places[here].min(axis=0)
        centred[here] -= field[here].mean()
        extent = max(extent, float(np.hypot(*np.ptp(places[here], axis=0))))
    moved[:, 0] += labels * 4 * extent
    return moved, centred, extent


def _structured(places: Array, field: Array, labels: NDArray[np.intp], rng: np.random.Generator) -> bool:
    """Whether neighbours are more alike than by chance, plots permuted within their sites."""
    near = min(_NEIGHBOURS, len(field) - 1)
    neighbours = KDTree(places).query(places, k=near + 1)[1][:, 1:]
    same = labels[neighbours] == labels[:, None]
    if not same.any():
        return False

    def unlikeness(values: Array) -> float:
        return float(np.square(values[:, None] - values[neighbours])[same].mean())

    observed = unlikeness(field)
    members = [np.flatnonzero(labels == site) for site in np.unique(labels)]
    as_alike = 0
    for _ in range(_PERMUTATIONS):
        permuted = field.copy()
        for rows in members:
            permuted[rows] = field[rng.permutation(rows)]
        as_alike += unlikeness(permuted) <= observed
    return (as_alike + 1) / (_PERMUTATIONS + 1) <= _SIGNIFICANT


def _empirical(places: Array, field: Array, longest: float) -> tuple[Array, Array, NDArray[np.int64]]:
    """Return lag, semivariance and number of pairs of the bins with enough pairs; narrower bins near by."""
    import gstools

    # Structure is mostly near: edges grow as the square of their number.
    edges = longest * np.linspace(0, 1, _BINS + 1) ** 1.5
    centres, semivariance, pairs = gstools.vario_estimate(places.T, field, edges, return_counts=True)
    full = np.asarray(pairs) >= _FEWEST_PAIRS
    return np.asarray(centres)[full], np.asarray(semivariance)[full], np.asarray(pairs)[full].astype(np.int64)


def _fitted(lags: Array, semivariance: Array, pairs: NDArray[np.int64]) -> Variogram:
    """Return the best of the models; without a range where the best one has no sill within the lags."""
    import gstools

    best: tuple[float, str, Any] | None = None
    weights = np.sqrt(pairs) / lags  # the near lags decide where the range is, the far ones have most pairs
    for family in _FAMILIES:
        model = getattr(gstools, family)(dim=2, len_scale=lags[-1] / 4)
        model.set_arg_bounds(len_scale=[float(lags[0]) / 10, float(lags[-1]) * 20])
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                model.fit_variogram(lags, semivariance, nugget=True, weights=weights)
        except (RuntimeError, ValueError):  # did not converge
            continue
        error = float(np.square(weights * (model.variogram(lags) - semivariance)).sum())
        if best is None or error < best[0]:
            best = error, family, model
    if best is None:
        return Variogram(lags, semivariance, pairs, words="no model fits the variogram")
    _, family, model = best
    fitted = Variogram(lags, semivariance, pairs, family, float(model.nugget), float(model.var))
    reach = float(model.percentile_scale(_PRACTICAL))
    if reach > _WITHIN * lags[-1]:
        return dataclasses.replace(
            fitted,
            words=f"likeness does not end within {lags[-1]:,.0f} m, a third of the extent: a trend rather than patches",
        )
    return dataclasses.replace(fitted, range_m=reach)


def _rounded_up(value: float) -> float:
    """Return two significant digits, not below ``value``."""
    unit = 10.0 ** (np.floor(np.log10(value)) - 1)
    return float(f"{np.ceil(value / unit - 1e-9) * unit:.2g}")
