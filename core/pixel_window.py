"""Pixels on their way to an encoder, and how many of them must be valid for what they show to count."""

from __future__ import annotations

import dataclasses
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from botaclip.core.lattice import Lattice
from botaclip.core.rasters import RasterSource

SEEN_PATCH = 0.75  # share of a patch's pixels that must be valid
SEEN_CELL = 0.5  # share of a cell's pixels below which its vector is left out of the mean


class PixelReader(Protocol):
    """A raster on a lattice: :class:`~botaclip.core.lattice_reader.LatticeReader`, or a view of one."""

    @property
    def source(self) -> RasterSource:
        """The raster, with the bands that are read."""
        ...

    @property
    def lattice(self) -> Lattice:
        """The grid."""
        ...

    @property
    def plain(self) -> bool:
        """Whether every tile is read without resampling."""
        ...

    def bounds_px(self) -> tuple[int, int, int, int]:
        """Return the pixels that the raster covers: row, column, row after, column after."""
        ...

    def read(
        self, row_px: int, col_px: int, height: int, width: int
    ) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """Return pixels (bands, h, w) and which of them are valid (h, w)."""
        ...


@dataclasses.dataclass(frozen=True, eq=False)
class PixelWindow:
    """Pixels of whole cells with the encoder's surroundings, as read.

    ``row``, ``col``, ``height``, ``width`` count cells; ``pixels`` is float32 (C, H, W), ``valid`` bool (H, W).
    ``environment`` (P, h, w) and ``known`` (h, w), one value per cell, are there where environment rasters are.
    """

    row: int
    col: int
    height: int
    width: int
    pixels: NDArray[np.float32]
    valid: NDArray[np.bool_]
    environment: NDArray[np.float32] | None = None
    known: NDArray[np.bool_] | None = None


@dataclasses.dataclass(frozen=True, eq=False)
class PixelView:
    """The same pixels on a lattice of other cells, or fewer of their bands.

    Parameters
    ----------
    reader
        What reads.
    lattice
        Of the same origin and pixel as the reader's.
    roles
        The bands wanted, in order.
    """

    reader: PixelReader
    lattice: Lattice
    roles: tuple[str, ...]

    @property
    def source(self) -> RasterSource:
        """The raster, with the bands wanted."""
        return with_roles(self.reader.source, self.roles)

    @property
    def plain(self) -> bool:
        """Whether every tile is read without resampling."""
        return self.reader.plain

    def bounds_px(self) -> tuple[int, int, int, int]:
        """Return the pixels that the raster covers."""
        return self.reader.bounds_px()

    def read(
        self, row_px: int, col_px: int, height: int, width: int
    ) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """Return the bands wanted (C, h, w) and which pixels are valid in all bands that are read (h, w)."""
        pixels, valid = self.reader.read(row_px, col_px, height, width)
        own = self.reader.source.roles
        return (pixels if own == self.roles else pixels[[own.index(role) for role in self.roles]]), valid


def with_roles(source: RasterSource, roles: tuple[str, ...]) -> RasterSource:
    """Return a raster with these of its bands, in this order; see :meth:`RasterSource.take`."""
    return source.take(roles)
