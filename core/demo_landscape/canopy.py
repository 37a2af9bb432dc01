"""Crowns of trees and shrubs: single plants on hashed, jittered lattices."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from botaclip.core.demo_landscape.geometry import FloatArray, IntArray, PixelWindow
from botaclip.core.demo_landscape.ground import ROAD_HALF_WIDTH_M, river_half_width
from botaclip.core.demo_landscape.noise import CoarseGrid, uniform
from botaclip.core.demo_landscape.parcels import Parcels
from botaclip.core.demo_landscape.terrain import Terrain

NO_CROWN, BROADLEAF_CROWN, CONIFER_CROWN, SHRUB_CROWN = range(4)


@dataclass(frozen=True)
class CrownKind:
    """One lattice of crowns.

    Attributes
    ----------
    kind : int
        Code in `Canopy.kind`, and place in `Parcels.crown_share` plus one.
    spacing : int
        Lattice distance in metres.
    smallest, largest : float
        Crown radius over spacing; at most 0.6, so that 2 x 2 places reach every pixel.
    height_m : float
        Height of a full-grown plant.
    pointed : bool
        Cone (spruce) instead of dome.
    """

    kind: int
    spacing: int
    smallest: float
    largest: float
    height_m: float
    pointed: bool


CROWN_KINDS = (
    CrownKind(BROADLEAF_CROWN, 9, 0.34, 0.60, 20.0, False),
    CrownKind(BROADLEAF_CROWN, 6, 0.36, 0.60, 15.0, False),
    CrownKind(CONIFER_CROWN, 6, 0.36, 0.58, 23.0, True),
    CrownKind(CONIFER_CROWN, 4, 0.40, 0.60, 16.0, True),
    CrownKind(SHRUB_CROWN, 3, 0.25, 0.60, 2.2, False),
)


@dataclass(frozen=True)
class Canopy:
    """Canopy over the pixels of a window.

    Attributes
    ----------
    height_m : ndarray
        Height of the canopy above the ground in metres, 0 where there is none.
    tone : ndarray
        Brightness of the single plant, 0 to 1.
    kind : ndarray of int8
        `NO_CROWN`, `BROADLEAF_CROWN`, `CONIFER_CROWN` or `SHRUB_CROWN`.
    """

    height_m: FloatArray
    tone: FloatArray
    kind: NDArray[np.int8]


def _places(pixels: IntArray, spacing: int) -> IntArray:
    # The western (northern) of the two lattice places whose crowns can reach the pixel.
    return (2 * pixels + 1 - spacing) // (2 * spacing)


def canopy(grid: CoarseGrid, terrain: Terrain, parcels: Parcels, salt: int, window: PixelWindow) -> Canopy:
    """Highest crown at every pixel of the window."""
    shape = (window.height, window.width)
    height, tone = np.zeros(shape, np.float32), np.zeros(shape, np.float32)
    kind = np.zeros(shape, np.int8)
    for number, crown in enumerate(CROWN_KINDS, start=1):
        _add_crowns(height, tone, kind, crown, grid, terrain, parcels, salt + 100 * number, window)
    return Canopy(height, tone, kind)


def _add_crowns(
    height: FloatArray,
    tone: FloatArray,
    kind: NDArray[np.int8],
    crown: CrownKind,
    grid: CoarseGrid,
    terrain: Terrain,
    parcels: Parcels,
    salt: int,
    window: PixelWindow,
) -> None:
    """Overlay one kind of crowns in place."""
    columns, rows = window.columns, window.rows
    place_columns, place_rows = _places(columns, crown.spacing), _places(rows, crown.spacing)
    lattice_columns = np.arange(place_columns[0], place_columns[-1] + 2)
    lattice_rows = np.arange(place_rows[0], place_rows[-1] + 2)

    def draw(number: int) -> FloatArray:
        return uniform(lattice_columns, lattice_rows, salt + number)

    spacing = np.float32(crown.spacing)
    x = (lattice_columns.astype(np.float32) + np.float32(0.1) + np.float32(0.8) * draw(1)) * spacing
    y = (lattice_rows.astype(np.float32)[:, None] + np.float32(0.1) + np.float32(0.8) * draw(2)) * spacing

    def field(values: FloatArray) -> FloatArray:
        return grid.at_points(values, x, y)

    parcel, _ = parcels.locate(x + field(terrain.warp_east), y + field(terrain.warp_south))
    coldness = field(terrain.coldness)
    river = np.abs(field(terrain.river)) / field(terrain.river_slope)
    road = np.abs(field(terrain.road)) / field(terrain.road_slope)
    stands = draw(3) < np.take(parcels.crown_share[crown.kind - 1], parcel)
    stands &= river > river_half_width(coldness) * np.float32(1.2) + np.float32(1)
    stands &= (road > np.float32(ROAD_HALF_WIDTH_M + 1.5)) | (coldness >= np.float32(1.4))
    # Trees of the timber line are small.
    stunted = np.clip(np.float32(1.75) - np.float32(0.5) * coldness, np.float32(0.45), np.float32(1))
    size = np.take(parcels.crown_size, parcel) * stunted
    radius = np.float32(crown.smallest) + np.float32(crown.largest - crown.smallest) * draw(4)
    radius = radius * size * spacing
    inverse = np.where(stands, np.float32(1) / (radius * radius), np.float32(1e6))
    top = np.float32(crown.height_m) * size * (np.float32(0.75) + np.float32(0.25) * draw(5))
    plant_tone = draw(6)

    pixel_x = columns.astype(np.float32) + np.float32(0.5)
    pixel_y = (rows.astype(np.float32) + np.float32(0.5))[:, None]
    for down in range(2):
        row_place = place_rows - lattice_rows[0] + down
        by_row = [np.take(values, row_place, axis=0) for values in (x, y, inverse, top, plant_tone)]
        for right in range(2):
            column_place = place_columns - lattice_columns[0] + right
            distance = np.take(by_row[0], column_place, axis=1)
            distance -= pixel_x
            distance *= distance
            other = np.take(by_row[1], column_place, axis=1)
            other -= pixel_y
            other *= other
            distance += other
            distance *= np.take(by_row[2], column_place, axis=1)
            inside = distance < np.float32(1)
            if crown.pointed:
                distance = np.sqrt(distance)
            # Crowns have flanks: the rim lies at 45 % (dome) or 25 % (cone) of the height.
            flank = np.float32(0.75 if crown.pointed else 0.55)
            profile = np.float32(1) - flank * distance
            profile *= np.take(by_row[3], column_place, axis=1)
            higher = inside & (profile > height)
            np.copyto(height, profile, where=higher)
            np.copyto(tone, np.take(by_row[4], column_place, axis=1), where=higher)
            np.copyto(kind, np.int8(crown.kind), where=higher)
