"""Windows of a raster as an encoder would see them: what a graph of lower precision is calibrated and measured on."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from botaclip.core.imagery import Imagery
from botaclip.core.lattice import Lattice
from botaclip.core.lattice_reader import LatticeReader
from botaclip.core.places import Points
from botaclip.core.rasters import RasterSource

COUNT = 32
_TRIES = 8  # places looked at for each tile that is wanted
_SEEN = 0.75


class ImageryTiles:
    """Reads normalised windows at random places of all scenes.

    Parameters
    ----------
    imagery
        The scenes.
    value_range
        Pixel values that become 0 and 1.
    count
        How many windows to find at most.
    random_state
        Seed of the places.
    """

    def __init__(
        self, imagery: Imagery, value_range: tuple[float, float], *, count: int = COUNT, random_state: int = 0
    ) -> None:
        self.imagery, self.value_range, self.count, self.random_state = imagery, value_range, count, random_state

    def __call__(
        self, bands: Sequence[str], centre: Sequence[float], spread: Sequence[float], side_px: int
    ) -> list[NDArray[np.float32]]:
        """Return windows (C, side, side) of which at least three quarters are valid; invalid pixels are 0.

        A scene that is smaller than the window is seen with its surroundings, which are not valid.
        """
        random = np.random.default_rng(self.random_state)
        low, high = self.value_range
        middle, width = (np.asarray(values, dtype=np.float32).reshape(-1, 1, 1) for values in (centre, spread))
        tiles: list[NDArray[np.float32]] = []
        for number in random.integers(len(self.imagery.scenes), size=self.count * _TRIES):
            if len(tiles) == self.count:
                break
            scene = self.imagery.scenes[number]
            lattice = Lattice.of(scene, 1, 0, float("inf"))
            rows, cols = _size(scene, lattice)
            row, col = (int(random.integers(0, max(1, int(size) - side_px))) for size in (rows, cols))
            with LatticeReader(scene, lattice) as reader:
                pixels, valid = reader.read(row, col, side_px, side_px)
            if valid.mean() < min(_SEEN, 0.9 * rows * cols / side_px**2):
                continue
            order = [scene.roles.index(band) for band in bands]
            scaled = np.clip((pixels[order] - low) / (high - low), 0.0, 1.0)
            tiles.append((((scaled - middle) / width) * valid).astype(np.float32))
        return tiles


def _size(scene: RasterSource, lattice: Lattice) -> tuple[float, float]:
    """Return how many pixels of a lattice a scene reaches down and to the right of its corner."""
    left, bottom, right, top = scene.bounds
    corners = Points(np.array([left, right, left, right]), np.array([bottom, bottom, top, top]), scene.crs_wkt)
    placed = corners.to(lattice.crs_wkt)
    return (
        float(lattice.origin_y - placed.y.min()) / lattice.pixel,
        float(placed.x.max() - lattice.origin_x) / lattice.pixel,
    )
