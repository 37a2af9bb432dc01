"""The table that everything is fitted on: one row per plot that has both a relevé and an image patch."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from botaclip.core.errors import PairingError

Array = NDArray[np.floating]


@dataclasses.dataclass(frozen=True)
class TrainingTable:
    """Plots with their frozen image vectors and relevés.

    Parameters
    ----------
    ids
        Plot names (N,).
    places
        Easting and northing in metres (N, 2), in a plane that is true to scale here: what blocks and buffers are
        measured in.
    vectors
        Raw frozen image vectors (N, D), not standardised; the image alone.
    cover
        Cover in percent of every species met (N, V), also in ``extra``; what VEGETA reads. A ``csr_array``, where plots
        were read from a table; an array does as well.
    presence
        Presence 0/1 of the modelled species (N, S).
    species
        Names of the modelled species (S,).
    groups
        Plots of one group stay in one fold (N,); None for square blocks.
    truth
        True suitability at the plots (N, S), known only in the demo landscape; NaN where it is not.
    environment
        Values of the environment rasters around the plots (N, P), not standardised; None without such rasters.
    geocentric
        Geocentric x, y, z in metres (N, 3) where the plots lie in several CRSs and no plane holds them all; None
        where ``places`` do.
    sites
        Site of each plot (N,); None where nobody looked.
    blocks
        Lengths of the parts of a vector that come from different encoders; empty for one encoder.
    habitats
        Habitat of each plot (N,), ``""`` where unknown; None where no column names it.
    views
        Raw frozen vectors (N, K, D) of augmented views of each patch; None without augmentation.
    extra
        Cover (M, V) of relevés without imagery, none of them at or like a plot of the whole table; None without.
    columns
        Column of ``cover`` that each modelled species has (S,); None where that is not known.
    """

    ids: tuple[str, ...]
    places: Array
    vectors: Array
    cover: Any
    presence: Array
    species: tuple[str, ...]
    groups: tuple[str, ...] | None = None
    truth: Array | None = None
    environment: Array | None = None
    geocentric: Array | None = None
    sites: tuple[str, ...] | None = None
    blocks: tuple[int, ...] = ()
    habitats: tuple[str, ...] | None = None
    views: Array | None = None
    extra: Any = None
    columns: tuple[int, ...] | None = None

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def location(self) -> Array:
        """Where plots lie for models that see nothing else, in metres: geocentric (N, 3), else ``places`` (N, 2)."""
        return self.places if self.geocentric is None else self.geocentric

    def check(self) -> None:
        """Refuse what no model can read.

        Raises
        ------
        PairingError
            A vector, a cover, a presence or a place is no finite number, or tables differ in length.
        """
        n = len(self.ids)
        named = {
            "image vectors": self.vectors, "covers": self.cover, "presences": self.presence, "places": self.places,
            "environment values": self.environment, "vectors of views": self.views,
        }
        for what, values in named.items():
            if values is not None:
                check_finite(values, n, what=what, names=self.ids)
        if self.extra is not None:
            check_finite(self.extra, self.extra.shape[0], what="covers of extra relevés")

    def take(self, index: NDArray[np.integer]) -> TrainingTable:
        """Return the plots of ``index``, in that order."""
        return dataclasses.replace(
            self,
            ids=tuple(self.ids[i] for i in index),
            places=self.places[index],
            vectors=self.vectors[index],
            cover=self.cover[index],
            presence=self.presence[index],
            groups=None if self.groups is None else tuple(self.groups[i] for i in index),
            truth=None if self.truth is None else self.truth[index],
            environment=None if self.environment is None else self.environment[index],
            geocentric=None if self.geocentric is None else self.geocentric[index],
            sites=None if self.sites is None else tuple(self.sites[i] for i in index),
            habitats=None if self.habitats is None else tuple(self.habitats[i] for i in index),
            views=None if self.views is None else self.views[index],
        )

    def with_releves_of(self, order: NDArray[np.integer]) -> TrainingTable:
        """Return the same places and predictors with the relevés of ``order``: a permutation breaks every tie."""
        return dataclasses.replace(
            self, cover=self.cover[order], presence=self.presence[order],
            habitats=None if self.habitats is None else tuple(self.habitats[i] for i in order),
        )


def check_finite(values: Any, n: int, *, what: str, names: Sequence[str] = ()) -> None:
    """Refuse rows that are not of ``n`` plots, or hold what is no finite number.

    Parameters
    ----------
    values
        (N, ...), an array or a ``csr_array``.
    n
        Number of plots.
    what
        The values in words, in the plural.
    names
        Of the plots, to name the first.

    Raises
    ------
    PairingError
        There are others than ``n`` rows, or a number is NaN or infinite.
    """
    if values.shape[0] != n:
        raise PairingError(f"there are {what} of {values.shape[0]} plots for {n} plots", remedy="give one row a plot")
    if hasattr(values, "indptr"):
        wrong = np.unique(np.repeat(np.arange(n), np.diff(values.indptr))[~np.isfinite(values.data)])
    else:
        wrong = np.flatnonzero(~np.isfinite(np.asarray(values)).reshape(n, -1).all(axis=1))
    if len(wrong):
        name = f"'{names[wrong[0]]}'" if len(names) == n and names[wrong[0]] else f"row {wrong[0] + 1}"
        raise PairingError(
            f"{what} of {len(wrong)} of {n} plots hold what is no finite number, {name} among them",
            remedy="leave these plots out, or mend their values",
        )
