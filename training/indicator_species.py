"""Which species tell a class of plots from the others: indicator value and phi.

Dufrêne & Legendre 1997 (doi:10.1890/0012-9615(1997)067[0345:SAAIST]2.0.CO;2); De Cáceres & Legendre 2009
(doi:10.1890/08-1823.1), whose R package indicspecies computes the same. Own code: there is no kept Python package.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from botaclip.core.errors import PairingError

Floats = NDArray[np.float64]


@dataclasses.dataclass(frozen=True)
class Indicator:
    """A species that tells a class.

    Parameters
    ----------
    group, species
        Names.
    specificity, fidelity
        Mean abundance in the class over the sum of the classes' means (A); share of its plots with the species (B).
    indval
        Square root of their product, 0 to 1, as indicspecies gives it.
    phi
        Correlation of presence with membership, -1 to 1, classes weighted alike however large they are.
    p
        Share of random classes of the same sizes in which the species tells some class at least as well.
    """

    group: str
    species: str
    specificity: float
    fidelity: float
    indval: float
    phi: float
    p: float


def specificity_and_fidelity(abundance: ArrayLike, groups: ArrayLike) -> tuple[Floats, Floats]:
    """Return A and B of every class and species (G, S), classes in the order of ``numpy.unique``.

    Parameters
    ----------
    abundance
        (N, S) cover, or presence 0/1.
    groups
        (N,) class of each plot.
    """
    x = np.asarray(abundance, dtype=float)
    member = np.unique(np.asarray(groups), return_inverse=True)[1].ravel()
    sizes = np.bincount(member)
    means, shares = (
        np.stack([np.bincount(member, weights=column) / sizes for column in table.T], axis=1)
        for table in (x, (x > 0).astype(float))
    )
    total = means.sum(axis=0)
    return np.divide(means, total, out=np.zeros_like(means), where=total > 0), shares


def phi(presence: ArrayLike, groups: ArrayLike) -> Floats:
    """Return the group-equalised phi coefficient of every class and species (G, S); 0 for a species that never differs.

    With shares ``b_g`` of the class's plots that have the species and K classes of equal weight: ``a = b_g / K``,
    ``n = sum(b) / K``, ``phi = (a - n / K) / sqrt(n (1 - n) (1 / K) (1 - 1 / K))``.
    """
    shares = specificity_and_fidelity(np.asarray(presence, dtype=float) > 0, groups)[1]
    count = len(shares)
    overall = shares.mean(axis=0)
    spread = np.sqrt(overall * (1 - overall) / count * (1 - 1 / count))
    gap = shares / count - overall / count
    return np.divide(gap, spread, out=np.zeros_like(gap), where=spread > 1e-12)


def indicator_species(
    abundance: ArrayLike, groups: ArrayLike, species: Sequence[str], *, permutations: int = 199, most: int = 10,
    random_state: int = 1,
) -> list[Indicator]:
    """Return, class by class, the species of highest indicator value, each in the class that it tells best.

    Parameters
    ----------
    abundance
        (N, S) cover, or presence 0/1.
    groups
        (N,) class of each plot, two or more of them.
    species
        Names (S,).
    permutations
        For p, whose smallest value is ``1 / (permutations + 1)``.
    most
        Species for each class.
    random_state
        Seed.

    Raises
    ------
    PairingError
        There is one class only, or lengths differ.
    """
    x, of = np.asarray(abundance, dtype=float), np.asarray(groups)
    names = np.unique(of)
    if x.ndim != 2 or len(x) != len(of) or x.shape[1] != len(species):
        raise PairingError(f"abundances of shape {x.shape} do not fit {len(of)} plots and {len(species)} species")
    if len(names) < 2:
        raise PairingError("indicator species need two classes or more", remedy="ask for more clusters")
    a, b = specificity_and_fidelity(x, of)
    value = np.sqrt(a * b)
    best, top = value.argmax(axis=0), value.max(axis=0)
    random = np.random.default_rng(random_state)
    reached = np.ones(len(species))
    for _ in range(permutations):
        one, other = specificity_and_fidelity(x, random.permutation(of))
        reached += np.sqrt(one * other).max(axis=0) >= top - 1e-12
    p, coefficient = reached / (permutations + 1), phi(x, of)
    found = []
    for group in range(len(names)):
        members = [s for s in np.argsort(-top, kind="stable") if best[s] == group and top[s] > 0][:most]
        found += [
            Indicator(
                str(names[group]), str(species[s]), float(a[group, s]), float(b[group, s]), float(value[group, s]),
                float(coefficient[group, s]), float(p[s]),
            )
            for s in members
        ]  # fmt: skip
    return found
