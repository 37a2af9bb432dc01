"""Noise that depends on the absolute pixel only, so that any window equals the crop of the whole.

Everything per pixel is elementwise float32 arithmetic (products, sums, square roots) on integers
and hashed lattices; no running sums, no matrix products, no transcendental functions whose vector
and scalar forms could differ in the last bit.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from botaclip.core.demo_landscape.geometry import CELL_M, FloatArray, IntArray

UintArray = NDArray[np.uint32]


def _mix(value: UintArray) -> UintArray:
    """Avalanche of 32-bit words (lowbias32 by C. Wellons)."""
    value = value ^ (value >> np.uint32(16))
    value *= np.uint32(0x7FEB352D)
    value ^= value >> np.uint32(15)
    value *= np.uint32(0x846CA68B)
    value ^= value >> np.uint32(16)
    return value


def uniform(columns: IntArray, rows: IntArray, salt: int) -> FloatArray:
    """Independent uniform numbers in [0, 1) for every pair of column and row.

    Parameters
    ----------
    columns, rows : ndarray of int, one-dimensional
        Absolute lattice positions; may be negative.
    salt : int
        Which field of numbers.

    Returns
    -------
    ndarray of float32, (rows, columns)
    """
    down = _mix(rows.astype(np.uint32) * np.uint32(0x9E3779B1) + np.uint32(salt & 0xFFFFFFFF))
    word = _mix(columns.astype(np.uint32)[None, :] + down[:, None])
    return (word >> np.uint32(8)).astype(np.float32) * np.float32(2.0**-24)


def stretch(
    lattice: FloatArray,
    row_index: IntArray,
    row_fraction: FloatArray,
    column_index: IntArray,
    column_fraction: FloatArray,
) -> FloatArray:
    """Bilinear interpolation on a product grid, rows first, then columns."""
    lower = lattice[row_index]
    along = lower + (lattice[row_index + 1] - lower) * row_fraction[:, None]
    step = np.diff(along, axis=1)
    result = np.take(step, column_index, axis=1)
    result *= column_fraction
    result += np.take(along, column_index, axis=1)
    return result


def value_noise(columns: IntArray, rows: IntArray, scale: int, salt: int) -> FloatArray:
    """Smooth noise in [-1, 1] with a lattice of `scale` pixels.

    Parameters
    ----------
    columns, rows : ndarray of int, ascending
        Absolute pixels.
    scale : int
        Lattice distance in pixels (metres).
    salt : int
        Which field.
    """
    if scale == 1:
        return uniform(columns, rows, salt) * np.float32(2) - np.float32(1)
    first_column, first_row = int(columns[0]) // scale, int(rows[0]) // scale
    lattice = uniform(
        np.arange(first_column, int(columns[-1]) // scale + 2),
        np.arange(first_row, int(rows[-1]) // scale + 2),
        salt,
    )
    lattice = lattice * np.float32(2) - np.float32(1)

    def place(pixels: IntArray, first: int) -> tuple[IntArray, FloatArray]:
        share = ((pixels % scale).astype(np.float32) + np.float32(0.5)) / np.float32(scale)
        # Smoothstep hides the lattice.
        return pixels // scale - first, share * share * (np.float32(3) - np.float32(2) * share)

    return stretch(lattice, *place(rows, first_row), *place(columns, first_column))


def smoothed(field: FloatArray, sigma: float) -> NDArray[np.float64]:
    """Gaussian mean with edges repeated; `sigma` in nodes."""
    reach = int(3 * sigma + 0.5)
    weights = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2)
    weights /= weights.sum()
    result = field.astype(np.float64)
    for _ in range(2):  # rows, then columns; turned each time
        wide = np.pad(result, ((reach, reach), (0, 0)), mode="edge")
        result = np.zeros_like(result)
        for step, weight in enumerate(weights):
            result += weight * wide[step : step + result.shape[0]]
        result = result.T
    return result


class CoarseGrid:
    """Fields on 20 m nodes (the centres of the truth cells) with a margin around the landscape.

    Parameters
    ----------
    size_px : int
        Side of the landscape in pixels.
    margin : int
        Extra nodes on every side.
    """

    def __init__(self, size_px: int, margin: int = 20) -> None:
        self.size_px = size_px
        self.margin = margin
        self.cells = -(-size_px // CELL_M)
        self.nodes = self.cells + 2 * margin

    def interior(self, field: FloatArray) -> FloatArray:
        """The field on the truth cells alone."""
        return field[self.margin : self.margin + self.cells, self.margin : self.margin + self.cells]

    def coordinates(self) -> FloatArray:
        """Metres from the west (or north) edge of every node."""
        return (np.arange(self.nodes, dtype=np.float32) - self.margin + np.float32(0.5)) * np.float32(CELL_M)

    def at_pixels(self, field: FloatArray, columns: IntArray, rows: IntArray) -> FloatArray:
        """The field at pixel centres, bilinear; in integers, so exact for every window."""

        def place(pixels: IntArray) -> tuple[IntArray, FloatArray]:
            doubled = 2 * pixels + 1 - CELL_M
            index = np.clip(doubled // (2 * CELL_M) + self.margin, 0, self.nodes - 2)
            return index, (doubled % (2 * CELL_M)).astype(np.float32) / np.float32(2 * CELL_M)

        return stretch(field, *place(rows), *place(columns))

    def at_points(self, field: FloatArray, x_px: FloatArray, y_px: FloatArray) -> FloatArray:
        """The field at any points (metres from the north-west corner), bilinear."""
        u = x_px / np.float32(CELL_M) + np.float32(self.margin - 0.5)
        v = y_px / np.float32(CELL_M) + np.float32(self.margin - 0.5)
        limit = np.float32(self.nodes - 2)
        u0 = np.floor(np.clip(u, np.float32(0), limit)).astype(np.int64)
        v0 = np.floor(np.clip(v, np.float32(0), limit)).astype(np.int64)
        fu = np.clip(u - u0.astype(np.float32), np.float32(0), np.float32(1))
        fv = np.clip(v - v0.astype(np.float32), np.float32(0), np.float32(1))
        flat = field.ravel()
        base = v0 * self.nodes + u0
        north = flat[base] + (flat[base + 1] - flat[base]) * fu
        south = flat[base + self.nodes] + (flat[base + self.nodes + 1] - flat[base + self.nodes]) * fu
        result: FloatArray = north + (south - north) * fv
        return result

    def random_field(
        self, generator: np.random.Generator, *, length_m: float, smoothness: float = 2.5
    ) -> FloatArray:
        """Gaussian field of mean 0 and standard deviation 1 inside the landscape.

        Parameters
        ----------
        generator : numpy.random.Generator
            Source of the white noise.
        length_m : float
            Outer scale in metres: structures larger than that are no longer stronger.
        smoothness : float
            Fall of the amplitude with the wave number; 2 is rough, 4 very smooth.
        """
        # A third more than needed, so that opposite edges of the periodic field are far apart.
        nodes = self.nodes + self.nodes // 3
        spectrum = np.fft.rfft2(generator.standard_normal((nodes, nodes)))
        down = np.fft.fftfreq(nodes, d=CELL_M)[:, None]
        across = np.fft.rfftfreq(nodes, d=CELL_M)[None, :]
        spectrum *= (1 + (down**2 + across**2) * length_m**2) ** (-smoothness / 2)
        spectrum[0, 0] = 0
        whole = np.fft.irfft2(spectrum, s=(nodes, nodes))
        field = whole[: self.nodes, : self.nodes].astype(np.float32)
        inside = self.interior(field)
        mean, deviation = inside.mean(dtype=np.float64), inside.std(dtype=np.float64)
        return ((field - mean) / deviation).astype(np.float32)
