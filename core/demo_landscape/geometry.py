"""Where things lie: pixel windows, the extent, the cut corners and the 20 m grid of the truth."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

CRS = "EPSG:32632"
X_MIN_M = 652_000.0
Y_MAX_M = 5_162_000.0
CELL_M = 20
"""Side of a truth cell in metres."""
PATCH_M = 100
"""Side of the square a relevé stands for, in metres."""

FloatArray = NDArray[np.float32]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]


@dataclass(frozen=True)
class PixelWindow:
    """A window of whole pixels; pixel (0, 0) is the north-west corner of the landscape.

    Attributes
    ----------
    column, row : int
        First pixel from the west and from the north (1 m pixels).
    width, height : int
        Size in pixels.
    """

    column: int
    row: int
    width: int
    height: int

    @property
    def columns(self) -> IntArray:
        """Pixel columns of the window, from west to east."""
        return np.arange(self.column, self.column + self.width, dtype=np.int64)

    @property
    def rows(self) -> IntArray:
        """Pixel rows of the window, from north to south."""
        return np.arange(self.row, self.row + self.height, dtype=np.int64)

    def padded(self, margin: int) -> PixelWindow:
        """The window widened by `margin` pixels on every side."""
        return PixelWindow(
            column=self.column - margin,
            row=self.row - margin,
            width=self.width + 2 * margin,
            height=self.height + 2 * margin,
        )


@dataclass(frozen=True)
class CornerCuts:
    """Nodata triangles in the corners, as flight blocks leave them; what remains is convex.

    Attributes
    ----------
    size_px : int
        Side of the square landscape in pixels.
    legs : tuple of (int, int)
        For north-west, north-east, south-east, south-west: metres cut along x and along y.
    """

    size_px: int
    legs: tuple[tuple[int, int], ...]

    @classmethod
    def drawn(cls, generator: np.random.Generator, size_px: int) -> CornerCuts:
        """Two large and two small cuts, at random."""
        shares = generator.uniform((0.12, 0.03, 0.10, 0.03), (0.20, 0.08, 0.18, 0.08), (2, 4)).T
        order = generator.permutation(4)
        return cls(size_px, tuple((int(a * size_px), int(b * size_px)) for a, b in shares[order]))

    def inside(self, *, x_px: NDArray[np.floating], y_px: NDArray[np.floating]) -> BoolArray:
        """Whether points (metres from the west and from the north edge) hold image data."""
        size = float(self.size_px)
        from_west_north = (
            (x_px, y_px),
            (size - x_px, y_px),
            (size - x_px, size - y_px),
            (x_px, size - y_px),
        )
        valid: BoolArray = (x_px >= 0) & (x_px <= size) & (y_px >= 0) & (y_px <= size)
        for (across, down), (leg_x, leg_y) in zip(from_west_north, self.legs, strict=True):
            valid = valid & (across * leg_y + down * leg_x >= leg_x * leg_y)
        return valid

    def square_inside(
        self, *, x_px: NDArray[np.floating], y_px: NDArray[np.floating], side_m: float
    ) -> BoolArray:
        """Whether whole squares of `side_m` metres around the points hold image data."""
        half = side_m / 2
        valid = self.inside(x_px=x_px - half, y_px=y_px - half)
        for east, south in ((half, -half), (half, half), (-half, half)):
            valid = valid & self.inside(x_px=x_px + east, y_px=y_px + south)
        return valid
