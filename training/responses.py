"""How suitability changes along environment rasters and the main axes of the images, read off held-out plots.

No model is asked about made-up places: plots are sorted along the axis and cut into tenths, and the mean of what models
that never saw them predict stands beside the share that has the species. Where the two part, the model errs.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.floating]

TENTHS = 10
# So many species of most presences are shown.
MOST_SPECIES = 6


def responses(
    axes: Array, names: Sequence[str], suitability: Array, presence: Array, species: Sequence[str], *,
    most: int = MOST_SPECIES,
) -> list[dict[str, Any]]:
    """Return one entry an axis: ``name``, ``values`` (the tenths' means), ``predicted`` and ``observed`` by species.

    Parameters
    ----------
    axes
        (N, A) values along the axes; NaN where not known.
    names
        Of the axes (A,).
    suitability
        Of held-out plots (N, S); NaN where not predicted.
    presence
        (N, S).
    species
        Names (S,); those of most presences are shown.
    most
        How many.
    """
    shown = np.argsort(-presence.sum(axis=0), kind="stable")[:most]
    predicted_rows = np.isfinite(suitability).all(axis=1)
    found = []
    for axis, name in enumerate(names):
        known = np.flatnonzero(predicted_rows & np.isfinite(axes[:, axis]))
        if len(known) < 2 * TENTHS or np.ptp(axes[known, axis]) == 0:
            continue
        ordered = known[np.argsort(axes[known, axis], kind="stable")]
        parts = np.array_split(ordered, TENTHS)
        found.append({
            "name": str(name), "values": [float(axes[part, axis].mean()) for part in parts],
            "plots": [len(part) for part in parts],
            "species": {
                str(species[s]): {
                    "predicted": [float(suitability[part, s].mean()) for part in parts],
                    "observed": [float(presence[part, s].mean()) for part in parts],
                }
                for s in shown
            },
        })  # fmt: skip
    return found
