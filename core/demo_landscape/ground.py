"""Ground cover of pixels: parcels, and over them rock, river and roads."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from botaclip.core.demo_landscape.geometry import BoolArray, FloatArray, IntArray
from botaclip.core.demo_landscape.noise import CoarseGrid, value_noise
from botaclip.core.demo_landscape.parcels import POOR, ROAD, ROCK, SCRUB, WATER, Parcels
from botaclip.core.demo_landscape.terrain import Terrain

ROAD_HALF_WIDTH_M = 2.7


@dataclass(frozen=True)
class Ground:
    """What lies at every pixel of a product grid of columns and rows.

    Attributes
    ----------
    place : ndarray of int
        Parcel (index into the attribute arrays of `Parcels`).
    border_m : ndarray
        Distance to the nearest parcel border in metres.
    habitat : ndarray of int8
        Index into `HABITATS`; rock, water and road included.
    gravel : ndarray of bool
        River banks.
    """

    place: IntArray
    border_m: FloatArray
    habitat: NDArray[np.int8]
    gravel: BoolArray


def river_half_width(coldness: FloatArray) -> FloatArray:
    """Half the width of the river in metres: wide in the valley, a rill higher up."""
    result: FloatArray = np.clip(np.float32(5) - np.float32(5) * coldness, np.float32(0), np.float32(13))
    return result


def ground_cover(
    grid: CoarseGrid, terrain: Terrain, parcels: Parcels, salt: int, *, columns: IntArray, rows: IntArray
) -> Ground:
    """The ground at the pixels of ascending columns and rows (any step)."""

    def pixels(field: FloatArray) -> FloatArray:
        return grid.at_pixels(field, columns, rows)

    half = np.float32(0.5)
    x = columns.astype(np.float32) + half + pixels(terrain.warp_east)
    y = rows.astype(np.float32)[:, None] + half + pixels(terrain.warp_south)
    place, border = parcels.locate(x, y)
    habitat = np.take(parcels.habitat.astype(np.int8), place)

    coldness = pixels(terrain.coldness)
    bare = (
        coldness
        - np.float32(1.75)
        + np.float32(0.6) * value_noise(columns, rows, 26, salt + 11)
        + np.float32(0.35) * value_noise(columns, rows, 7, salt + 12)
    )
    habitat[(bare > 0) & ((habitat == POOR) | (habitat == SCRUB))] = ROCK
    habitat[(bare < np.float32(-0.7)) & (habitat == ROCK)] = POOR

    axis = np.abs(pixels(terrain.river)) / pixels(terrain.river_slope)
    width = river_half_width(coldness)
    ragged = width * (np.float32(1) + np.float32(0.35) * value_noise(columns, rows, 23, salt + 13))
    habitat[axis < ragged] = WATER
    gravel = (axis >= ragged) & (axis < ragged * np.float32(1.4)) & (width > np.float32(2))

    road = np.abs(pixels(terrain.road)) / pixels(terrain.road_slope)
    on_road = (road < np.float32(ROAD_HALF_WIDTH_M)) & (coldness < np.float32(1.4))
    habitat[on_road] = ROAD
    return Ground(place=place, border_m=border, habitat=habitat, gravel=gravel & ~on_road)
