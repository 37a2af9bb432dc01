"""Relief, water, roads and the environmental gradients on the 20 m nodes."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from botaclip.core.demo_landscape.geometry import CELL_M, FloatArray
from botaclip.core.demo_landscape.noise import CoarseGrid, smoothed

INVISIBLE = ("acidity", "continentality", "clay")
"""Gradients the photograph knows nothing of."""


@dataclass(frozen=True)
class Terrain:
    """Fields on the nodes of a `CoarseGrid`, all float32.

    Attributes
    ----------
    elevation_m : ndarray
        Metres above sea level.
    coldness : ndarray
        Elevation as a gradient, about -2 (valley) to 2.5 (summits).
    moisture, nutrients : ndarray
        Standardised; nutrients without what farming adds.
    acidity, continentality, clay : ndarray
        Standardised gradients without any visual trace.
    slope_east, slope_south : ndarray
        Rise of the ground per metre towards east and south.
    river, river_slope : ndarray
        A signed field that is 0 on the river's axis, and the size of its gradient per metre.
    road, road_slope : ndarray
        The same for the roads.
    settled : ndarray
        Random tendency to be farmed, standardised.
    warp_east, warp_south : ndarray
        Displacement of parcel borders in metres: straight in the valley, ragged high up.
    """

    elevation_m: FloatArray
    coldness: FloatArray
    moisture: FloatArray
    nutrients: FloatArray
    acidity: FloatArray
    continentality: FloatArray
    clay: FloatArray
    slope_east: FloatArray
    slope_south: FloatArray
    river: FloatArray
    river_slope: FloatArray
    road: FloatArray
    road_slope: FloatArray
    settled: FloatArray
    warp_east: FloatArray
    warp_south: FloatArray


def _standardised(grid: CoarseGrid, field: FloatArray) -> FloatArray:
    inside = grid.interior(field)
    return ((field - inside.mean()) / inside.std()).astype(np.float32)


def _slope_size(field: FloatArray) -> FloatArray:
    south, east = np.gradient(field.astype(np.float64), float(CELL_M))
    # Smoothed and bounded below: where the field is flat a line would widen without limit.
    size = smoothed(np.hypot(south, east), 2.0)
    return np.maximum(size, 0.25 * np.median(size)).astype(np.float32)


def make_terrain(generator: np.random.Generator, grid: CoarseGrid) -> Terrain:
    """Draw the terrain of one landscape.

    The valleys follow the river, the moisture follows relief and river, the nutrients fall with
    elevation; acidity, continentality and clay are drawn apart from all of it.
    """
    river = grid.random_field(generator, length_m=2600, smoothness=4.0)
    # The level is shifted so that the axis does not run through the steepest part of the field.
    river = river - np.float32(np.quantile(grid.interior(river), 0.38))
    relief = grid.random_field(generator, length_m=1500, smoothness=3.2)
    rough = grid.random_field(generator, length_m=500, smoothness=2.6)
    # Flat valley floors: the flank rises slowly at first.
    flank = river**2 / (np.abs(river) + np.float32(0.35))
    elevation = 620 * np.tanh(0.9 * flank) + 170 * flank + np.tanh(0.4 + flank) * (150 * relief + 30 * rough)
    lowest = float(np.quantile(grid.interior(elevation), 0.002))
    elevation = (elevation - lowest + 520).astype(np.float32)

    south, east = np.gradient(elevation.astype(np.float64), float(CELL_M))
    slope_east, slope_south = east.astype(np.float32), south.astype(np.float32)
    relative = elevation - smoothed(elevation, 18.0)
    river_slope = _slope_size(river)
    river_distance = np.abs(river) / river_slope
    moisture = (
        -0.9 * relative / relative.std()
        + 1.3 * np.exp(-river_distance / 350)
        + 0.9 * grid.random_field(generator, length_m=700, smoothness=2.6)
        # Northern slopes stay moist.
        - 0.8 * slope_south / 0.3
    )
    coldness = ((elevation - 930) / 300).astype(np.float32)
    nutrients = -0.45 * coldness + grid.random_field(generator, length_m=900, smoothness=2.6)

    road = grid.random_field(generator, length_m=1300, smoothness=4.0)
    # Wave lengths of 100-200 m: meadows' edges meander, they do not shiver.
    ragged = 6 + 22 * np.clip(0.5 + 0.45 * coldness, 0, 1)
    across = grid.coordinates() / np.float32(grid.size_px)
    continentality = 3.0 * across[None, :] + 0.25 * grid.random_field(
        generator, length_m=1500, smoothness=3.0
    )
    return Terrain(
        elevation_m=elevation,
        coldness=coldness,
        moisture=_standardised(grid, moisture),
        nutrients=_standardised(grid, nutrients),
        acidity=grid.random_field(generator, length_m=1100, smoothness=2.6),
        continentality=_standardised(grid, continentality),
        clay=grid.random_field(generator, length_m=700, smoothness=2.4),
        slope_east=slope_east,
        slope_south=slope_south,
        river=river,
        river_slope=river_slope,
        road=road,
        road_slope=_slope_size(road),
        settled=grid.random_field(generator, length_m=1200, smoothness=3.0),
        warp_east=(ragged * grid.random_field(generator, length_m=160, smoothness=3.5)).astype(np.float32),
        warp_south=(ragged * grid.random_field(generator, length_m=160, smoothness=3.5)).astype(np.float32),
    )


def gradient_names() -> tuple[str, ...]:
    """Names of all fields of a terrain."""
    return tuple(field.name for field in fields(Terrain))
