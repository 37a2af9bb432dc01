"""Which image and which relevé of a batch belong together: the table of labels that a contrastive loss reads.

Without anything else an image belongs to the relevé of its own plot and to no other. Plots of one site, plots near
each other and relevés that are nearly the same make false negatives of that: what is declared here to belong together,
or not to be asked about, is no longer pushed apart. Needs numpy only; sparse tables of cover are read as they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from botaclip.core.errors import OptionError

Labels = NDArray[np.float32]
Rows = NDArray[np.integer]

POSITIVES = ("site", "near", "alike")
TARGETS = ("own", "floristic", "gram")
# Up to so many plots the similarities of all of them are computed once and kept (16 MB).
_MOST_KEPT = 2048


def bray_curtis_similarity(cover: Any) -> Labels:
    """Return how alike relevés are: ``2 sum_v min(a_v, b_v) / (sum_v a_v + sum_v b_v)``, one less the dissimilarity.

    After Bray & Curtis 1957, doi:10.2307/1942268. Of presences it is Sørensen's index. An empty relevé is like no
    other, an empty one neither, and every relevé is wholly like itself.

    Parameters
    ----------
    cover
        Cover or presence (B, V), not negative; a numpy array or a scipy sparse one.

    Returns
    -------
    ndarray
        float32 (B, B), symmetric, 1 on the diagonal, 0 to 1 elsewhere.
    """
    if hasattr(cover, "tocsc"):
        columns = cover.tocsc()
        by_species = columns[:, np.flatnonzero(np.diff(columns.indptr))].toarray().T
    else:
        by_species = np.asarray(cover).T
    by_species = np.ascontiguousarray(by_species, dtype=np.float64)
    total, size = by_species.sum(axis=0), by_species.shape[1]
    similarity = np.zeros((size, size))
    for row in range(size):
        # Only species of this relevé can be shared with it, and they are few among thousands.
        own = np.flatnonzero(by_species[:, row])
        shared = np.minimum(by_species[own, row:], by_species[own, row, None]).sum(axis=0)
        similarity[row, row:] = 2.0 * shared / np.maximum(total[row] + total[row:], 1e-300)
    similarity = np.maximum(similarity, similarity.T)
    np.fill_diagonal(similarity, 1.0)
    return similarity.astype(np.float32)


class PairLabels:
    """Labels and soft targets of any batch of one training table.

    Build it once a fit, from the plots of the training fold alone, and ask for each batch::

        pairs = PairLabels(places=table.location, sites=table.sites, cover=table.cover, positives=recipe.positives)
        loss(image, releve, torch.as_tensor(pairs.labels(rows)), ...)

    Parameters
    ----------
    places
        Where plots lie, in metres (N, 2) or (N, 3); for ``near`` and the ring.
    sites
        Site of each plot (N,), "" where unknown; for ``site``.
    cover
        Cover of every species (N, V), dense or sparse; for ``alike`` and the soft targets.
    positives
        Which relevés belong to an image beside its own: ``site`` (plots of its site), ``near`` (not farther than
        ``distance``), ``alike`` (Bray-Curtis similarity of the relevés from ``similarity``).
    distance
        In metres.
    similarity
        0 to 1.
    targets
        ``own``: no soft targets; ``floristic`` and ``gram``: Bray-Curtis similarities.
    ring
        Plots nearer than so many metres that do not belong together by one of the rules are not asked about.

    Raises
    ------
    OptionError
        A rule is unknown, or what it needs to know of the plots is not given.
    """

    def __init__(
        self, *, places: ArrayLike | None = None, sites: Sequence[str] | None = None, cover: Any = None,
        positives: Sequence[str] = (), distance: float = 100.0, similarity: float = 0.8, targets: str = "own",
        ring: float = 0.0,
    ) -> None:
        for word, known, key in ((*((p, POSITIVES, "positives") for p in positives), (targets, TARGETS, "targets"))):
            if word not in known:
                raise OptionError(f"--{key} cannot be {word!r}", remedy=f"use {', '.join(known)}")
        self.positives, self.distance, self.least, self.ring = tuple(positives), distance, similarity, ring
        self.soft = targets != "own"
        self._places = None if places is None else np.asarray(places, dtype=np.float64)
        self._sites = None if sites is None else np.unique(np.asarray(sites, dtype=str), return_inverse=True)
        self._cover = cover.tocsr() if hasattr(cover, "tocsr") else cover
        self._similarity: Labels | None = None
        for found, needed, what in (
            (self._places, "near" in positives or ring > 0, "the places of the plots in metres"),
            (self._sites, "site" in positives, "the sites of the plots"),
            (self._cover, "alike" in positives or self.soft, "the cover of the plots"),
        ):
            if needed and found is None:
                raise OptionError(
                    f"the pairs that were asked for cannot be told without {what}",
                    remedy="leave out --positives, --targets and --unknown-ring, or bring it",
                )

    @property
    def plain(self) -> bool:
        """Whether every image belongs to its own relevé and to no other, so that no labels need be made."""
        return not (self.positives or self.ring > 0 or self.soft)

    def labels(self, rows: Rows) -> Labels:
        """Return ``m`` (B, B) of a batch: 1 belongs together, -1 does not, 0 is not asked.

        Parameters
        ----------
        rows
            Plots of the batch (B,), as rows of the table; one that stands in it twice (as two views) belongs to both.
        """
        rows = np.asarray(rows)
        together = rows[:, None] == rows
        if "site" in self.positives and self._sites is not None:
            names, number = self._sites
            own = number[rows]
            together |= (own[:, None] == own) & (names[own] != "")
        far = self._distances(rows) if "near" in self.positives or self.ring > 0 else None
        if far is not None and "near" in self.positives:
            together |= far <= self.distance
        if "alike" in self.positives:
            together |= self.similarity(rows) >= self.least
        found = np.where(together, np.float32(1.0), np.float32(-1.0))
        if far is not None and self.ring > 0:
            found[~together & (far < self.ring)] = 0.0
        return found

    def targets(self, rows: Rows) -> Labels | None:
        """Return soft targets (B, B) in [0, 1] of a batch, 1 where a pair belongs together; None with ``own``."""
        if not self.soft:
            return None
        return np.where(self.labels(rows) > 0, np.float32(1.0), self.similarity(rows))

    def similarity(self, rows: Rows) -> Labels:
        """Return the Bray-Curtis similarities (B, B) of the relevés of a batch."""
        rows = np.asarray(rows)
        if self._cover is None:
            raise OptionError("no similarity can be told without the cover of the plots", remedy="bring it")
        if self._cover.shape[0] > _MOST_KEPT:
            found = bray_curtis_similarity(self._cover[rows])
            found[rows[:, None] == rows] = 1.0
            return found
        if self._similarity is None:
            self._similarity = bray_curtis_similarity(self._cover)
        return self._similarity[np.ix_(rows, rows)]

    def _distances(self, rows: Rows) -> NDArray[np.float64]:
        assert self._places is not None
        own = self._places[rows]
        gap: NDArray[np.float64] = np.sqrt(((own[:, None] - own) ** 2).sum(axis=2))
        return gap
