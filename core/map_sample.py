"""A regular sample of a map's pixels: which of them have a value, and how many lack it for want of environment."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from botaclip.core.area import Area
from botaclip.core.raster_output import Block

_PIXELS, _LOOKED_AT = 4096, 200  # pixels of a sample; of those without a value, how many are asked why


class MapSample:
    """Every n-th pixel of a map, by which its coverage is judged without reading it again.

    Parameters
    ----------
    area
        The pixels of the map.
    """

    def __init__(self, area: Area) -> None:
        self._every = max(1, math.ceil(math.sqrt(area.height * area.width / _PIXELS)))
        shape = -(-area.height // self._every), -(-area.width // self._every)
        self._sampled = dataclasses.replace(area, step=area.step * self._every, height=shape[0], width=shape[1])
        self._known = np.zeros(shape, dtype=bool)

    def add(self, block: Block, known: NDArray[np.bool_]) -> None:
        """Take in which pixels (h, w) of a block have a value; those never told of have none."""
        rows, cols = (-(-start // self._every) for start in (block.row, block.col))
        part = known[rows * self._every - block.row :: self._every, cols * self._every - block.col :: self._every]
        self._known[rows : rows + part.shape[0], cols : cols + part.shape[1]] = part

    def share(self, reason: Callable[[int, int], bool]) -> float:
        """Return the share of the pixels asked for that have no value for a reason.

        Parameters
        ----------
        reason
            Whether it holds for the node at a row and a column, none of which has a value.
        """
        wanted = self._sampled.inside(0, 0, *self._known.shape)
        unknown = np.argwhere(wanted & ~self._known)
        if not len(unknown):
            return 0.0
        chosen = np.unique(np.linspace(0, len(unknown) - 1, min(_LOOKED_AT, len(unknown))).round().astype(int))
        found = sum(reason(*self._sampled.node(int(row), int(col))) for row, col in unknown[chosen])
        return found / len(chosen) * len(unknown) / int(wanted.sum())
