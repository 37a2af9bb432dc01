"""Parcels and stands: what grows where, and how it is managed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from botaclip.core.demo_landscape.geometry import FloatArray, IntArray
from botaclip.core.demo_landscape.noise import CoarseGrid
from botaclip.core.demo_landscape.terrain import Terrain

HABITATS = (
    "broadleaf_forest",
    "conifer_forest",
    "scrub",
    "poor_grassland",
    "rich_meadow",
    "wetland",
    "rock",
    "arable",
    "water",
    "road",
)
BROADLEAF, CONIFER, SCRUB, POOR, RICH, WETLAND, ROCK, ARABLE, WATER, ROAD = range(10)
PARCEL_M = 125.0
"""Mean distance of parcel centres in metres."""
STRETCH = 1.3
"""Parcels are longer than wide by the square of this."""

# Log-weight of a habitat at a site: constant, elevation optimum and tolerance (in `coldness`),
# then slopes for moisture, nutrients, steepness and the tendency to be farmed.
_CHOICE = np.array(
    [
        [0.8, -0.7, 1.0, 0.20, 0.10, 0.9, -0.6],
        [0.9, 0.6, 0.9, 0.25, -0.2, 0.9, -0.5],
        [0.2, 0.9, 1.1, -0.10, -0.2, 0.9, -0.2],
        [0.6, 1.2, 1.4, -0.60, -0.7, 0.2, 0.3],
        [1.3, -0.6, 1.1, 0.15, 0.55, -1.3, 0.9],
        [0.6, -0.2, 1.8, 1.50, -0.1, -1.5, -0.2],
        [0.5, 2.4, 0.75, -0.40, -0.3, 1.2, -0.1],
        [1.5, -1.3, 0.75, -0.35, 0.30, -2.0, 0.9],
    ],
    dtype=np.float64,
)
# Share of broadleaf, conifer and shrub places that bear a crown.
_CROWNS = np.array(
    [
        [0.93, 0.10, 0.15],
        [0.08, 0.92, 0.08],
        [0.06, 0.05, 0.62],
        [0.006, 0.006, 0.07],
        [0.010, 0.000, 0.008],
        [0.030, 0.000, 0.16],
        [0.000, 0.010, 0.04],
        [0.000, 0.000, 0.000],
        [0.0, 0.0, 0.0],
        [0.0, 0.0, 0.0],
    ],
    dtype=np.float64,
)


@dataclass(frozen=True)
class Parcels:
    """Sites of a warped Voronoi mosaic on a turned, stretched lattice, with their attributes.

    All attribute arrays are one-dimensional over the lattice places.

    Attributes
    ----------
    habitat : ndarray of int
        Index into `HABITATS`.
    crown_share : ndarray, (3, places)
        Share of crown places taken: broadleaf, conifer, shrub.
    crown_size : ndarray
        Age of the stand, 0.6 (young) to 1.
    input : ndarray
        Fertiliser and grazing, about -1 to 2, adds to the nutrients; seen as lush green.
    row_east, row_south : ndarray
        Cycles of crop or mowing rows per metre.
    tone : ndarray, (4, places)
        Brightness of the ground per band, around 1, from soil and season: says nothing about plants.
    stage : ndarray
        Where in its season a field or meadow stands, 0 to 1.
    """

    axis: tuple[float, float]
    first: tuple[int, int]
    across: int
    site_u: FloatArray
    site_v: FloatArray
    habitat: IntArray
    crown_share: FloatArray
    crown_size: FloatArray
    input: FloatArray
    row_east: FloatArray
    row_south: FloatArray
    tone: FloatArray
    stage: FloatArray

    def locate(self, x_px: FloatArray, y_px: FloatArray) -> tuple[IntArray, FloatArray]:
        """Parcel of every (warped) point.

        Parameters
        ----------
        x_px, y_px : ndarray of float32
            Metres from the north-west corner, of one shape.

        Returns
        -------
        place : ndarray of int
            Index into the attribute arrays.
        border_m : ndarray of float32
            About how far the nearest border is, in metres.
        """
        east, south = (np.float32(part) for part in self.axis)
        u = (x_px * east + y_px * south) * np.float32(STRETCH / PARCEL_M)
        v = (y_px * east - x_px * south) * np.float32(1 / STRETCH / PARCEL_M)
        base = np.floor(v).astype(np.int32)
        base -= np.int32(self.first[1] + 1)
        base *= np.int32(self.across)
        base += np.floor(u).astype(np.int32)
        base -= np.int32(self.first[0] + 1)
        best = np.full(u.shape, np.float32(1e9), np.float32)
        second = best.copy()
        place = base.copy()
        for down in range(3):
            for right in range(3):
                index = base + np.int32(down * self.across + right)
                distance = np.take(self.site_u, index, mode="clip") - u
                distance *= distance
                other = np.take(self.site_v, index, mode="clip") - v
                other *= other
                distance += other
                nearer = distance < best
                np.minimum(second, np.maximum(distance, best), out=second)
                np.minimum(best, distance, out=best)
                np.copyto(place, index, where=nearer)
        border = (np.sqrt(second) - np.sqrt(best)) * np.float32(PARCEL_M / 2)
        return np.clip(place, 0, self.site_u.size - 1).astype(np.int64), border


def make_parcels(generator: np.random.Generator, grid: CoarseGrid, terrain: Terrain) -> Parcels:
    """Lay out parcels and choose their habitat from terrain and chance."""
    angle = generator.uniform(0, np.pi)
    east, south = float(np.cos(angle)), float(np.sin(angle))
    reach = grid.margin * 20.0
    corners = np.array([-reach, grid.size_px + reach])
    cx, cy = (axis.ravel() for axis in np.meshgrid(corners, corners))
    u = (cx * east + cy * south) * STRETCH / PARCEL_M
    v = (cy * east - cx * south) / STRETCH / PARCEL_M
    first = (int(np.floor(u.min())) - 2, int(np.floor(v.min())) - 2)
    across, down = int(u.max()) + 4 - first[0], int(v.max()) + 4 - first[1]
    lattice_v, lattice_u = np.meshgrid(
        np.arange(down) + first[1], np.arange(across) + first[0], indexing="ij"
    )
    site_u = (lattice_u + generator.uniform(0.15, 0.85, lattice_u.shape)).ravel()
    site_v = (lattice_v + generator.uniform(0.15, 0.85, lattice_v.shape)).ravel()
    places = site_u.size

    along, aside = site_u * PARCEL_M / STRETCH, site_v * PARCEL_M * STRETCH
    x = np.clip(along * east - aside * south, -reach, grid.size_px + reach).astype(np.float32)
    y = np.clip(along * south + aside * east, -reach, grid.size_px + reach).astype(np.float32)
    cold, moist, nutrients, slope_e, slope_s, settled = (
        grid.at_points(field, x, y).astype(np.float64)
        for field in (
            terrain.coldness,
            terrain.moisture,
            terrain.nutrients,
            terrain.slope_east,
            terrain.slope_south,
            terrain.settled,
        )
    )
    steep = np.hypot(slope_e, slope_s) / 0.45
    constant, optimum, tolerance, by_moisture, by_nutrients, by_steepness, by_settled = _CHOICE.T[:, :, None]
    weight = (
        constant
        - 0.5 * ((cold - optimum) / tolerance) ** 2
        + by_moisture * (moist - 0.4)
        + by_nutrients * nutrients
        + by_steepness * (steep - 0.8)
        + by_settled * settled
        + 0.75 * generator.gumbel(size=(len(_CHOICE), places))
    )
    habitat = weight.argmax(axis=0)

    share = _CROWNS[habitat].T * np.exp(0.25 * generator.standard_normal((3, places)))
    # Mixed stands: conifers come in with elevation, scrub thins out towards the summits.
    forest = (habitat == BROADLEAF) | (habitat == CONIFER)
    mixed = 1 / (1 + np.exp(-(1.3 * (cold - 0.1) + 0.8 * generator.standard_normal(places))))
    mixed = np.where(habitat == BROADLEAF, 0.55 * mixed, 0.45 + 0.55 * mixed)
    closed = np.where(
        forest, 0.97 - 0.25 * generator.beta(1.2, 4, places) - 0.12 * np.clip(cold - 0.8, 0, 2), 1
    )
    share[0] = np.where(forest, closed * (1 - mixed), share[0])
    share[1] = np.where(forest, closed * mixed, share[1])
    share[2] = np.where(habitat == SCRUB, share[2] * (1.15 - 0.2 * np.clip(cold - 0.5, -1, 2)), share[2])
    farmed = (habitat == RICH) | (habitat == ARABLE)
    # Orchards and old trees in a few meadows.
    share[0] = np.where((habitat == RICH) & (generator.random(places) < 0.1), 0.25, share[0])

    added = np.where(farmed, 0.9, 0.0) + np.where(
        forest | (habitat == ROCK), 0.1, 0.45
    ) * generator.standard_normal(places)
    row_angle = angle + generator.choice([0.0, np.pi / 2], places) + generator.normal(0, 0.12, places)
    period = np.where(
        habitat == ARABLE, generator.uniform(2.4, 5.0, places), generator.uniform(6, 11, places)
    )
    tone = np.exp(0.13 * generator.standard_normal(places) + 0.05 * generator.standard_normal((4, places)))
    return Parcels(
        axis=(east, south),
        first=first,
        across=across,
        site_u=site_u.astype(np.float32),
        site_v=site_v.astype(np.float32),
        habitat=habitat.astype(np.int64),
        crown_share=np.clip(share, 0, 0.97).astype(np.float32),
        crown_size=np.clip(
            0.72 + 0.10 * nutrients - 0.09 * cold + 0.11 * generator.standard_normal(places), 0.6, 1
        ).astype(np.float32),
        input=np.clip(added, -1, 2).astype(np.float32),
        row_east=(np.cos(row_angle) / period).astype(np.float32),
        row_south=(np.sin(row_angle) / period).astype(np.float32),
        tone=tone.astype(np.float32),
        stage=generator.random(places).astype(np.float32),
    )
