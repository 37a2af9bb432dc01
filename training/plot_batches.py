"""Which plots a step sees, and which view of each: decided by the seed and the number of the step alone."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

Index = NDArray[np.integer]

# So that drawing views leaves the order of the plots as it is without them.
_VIEWS = 7919


def batch_count(plots: int, batch: int) -> int:
    """Return how many batches make a pass over the plots; all of one pass are of equal size, give or take a plot."""
    return max(1, round(plots / batch))


def plot_batches(
    plots: int, batch: int, *, views: int = 0, random_state: int = 1, after: int = 0
) -> Iterator[tuple[Index, Index]]:
    """Yield ``(rows, view)`` for ever, every plot once a pass; two passes never share their order.

    Parameters
    ----------
    plots, batch
        How many there are, and about how many a step sees.
    views
        Number K of views that each plot has besides the patch itself.
    random_state
        Seed.
    after
        Number of steps already taken: begins with the next one, which is the same as if it had never stopped.

    Yields
    ------
    rows, view
        (B,) plots, and for each which view of it is seen: 0 for the patch itself, else 1 to K.
    """
    order, which = np.random.default_rng(random_state), np.random.default_rng([random_state, _VIEWS])
    count, step = batch_count(plots, batch), 0
    while True:
        for rows in np.array_split(order.permutation(plots), count):
            view = which.integers(0, views + 1, len(rows)) if views else np.zeros(len(rows), dtype=np.int64)
            step += 1
            if step > after:
                yield rows, view
