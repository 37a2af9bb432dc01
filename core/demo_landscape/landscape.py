"""The landscape: one object that renders any window and knows the truth."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from botaclip.core.demo_landscape.flight import make_strips
from botaclip.core.demo_landscape.geometry import (
    CELL_M,
    CRS,
    PATCH_M,
    X_MIN_M,
    Y_MAX_M,
    CornerCuts,
    FloatArray,
    IntArray,
    PixelWindow,
)
from botaclip.core.demo_landscape.ground import ground_cover
from botaclip.core.demo_landscape.noise import CoarseGrid
from botaclip.core.demo_landscape.parcels import HABITATS, make_parcels
from botaclip.core.demo_landscape.photograph import Photographer, Scene
from botaclip.core.demo_landscape.taxa import (
    WITHOUT_HOST,
    Butterfly,
    Cells,
    Plant,
    SoilGroup,
    butterfly_chance,
    make_butterflies,
    make_plants,
    make_soil_groups,
    patch_mean,
    plant_intensity,
    scale_to,
    soil_abundance,
)
from botaclip.core.demo_landscape.terrain import INVISIBLE, gradient_names, make_terrain
from botaclip.core.errors import OptionError

HISTORY_STRENGTH = 0.8
"""Standard deviation of a plant's luck on the log scale: what no environment explains."""
_SAMPLE_STEP = 5


class Landscape:
    """A synthetic landscape; nothing in it is real.

    Parameters
    ----------
    seed : int
        Which landscape, at least 0. One seed, size and number of species always gives the same bytes.
    n_species : int
        Number of plants.
    size_m : float
        Side in metres; a multiple of 20, at least 1,000.

    Attributes
    ----------
    crs : str
        Authority code of the coordinate system.
    x_min_m, y_max_m : float
        North-west corner.
    size_px : int
        Side in 1 m pixels.
    """

    def __init__(self, seed: int, n_species: int = 60, size_m: float = 6000.0) -> None:
        if seed < 0 or n_species < 1 or size_m < 1000 or size_m % CELL_M:
            raise OptionError(
                f"seed {seed}, {n_species} species and a side of {size_m:g} m make no landscape",
                remedy="the seed must not be negative, there must be a species, and the side be a multiple"
                " of 20 m from 1,000 m on",
            )
        self.seed, self.n_species, self.size_m = seed, n_species, float(size_m)
        self.crs, self.x_min_m, self.y_max_m = CRS, X_MIN_M, Y_MAX_M
        self.size_px = int(size_m)
        self.grid = CoarseGrid(self.size_px)
        self._salt = int(self._stream(0).integers(0, 2**31))
        # Streams of their own: more species do not change the photograph.
        self.terrain = make_terrain(self._stream(1), self.grid)
        self.parcels = make_parcels(self._stream(2), self.grid, self.terrain)
        self.strips = make_strips(self._stream(3), self.size_px)
        self.corners = CornerCuts.drawn(self._stream(4), self.size_px)
        self._photographer = Photographer(
            Scene(self.grid, self.terrain, self.parcels, self.strips, self._salt)
        )

    def _stream(self, number: int) -> np.random.Generator:
        return np.random.default_rng([self.seed, number])

    def with_gradients(self, **fields: FloatArray) -> Landscape:
        """The same landscape with other values of some terrain fields.

        Parcels and corners stay; light, colours, plants and animals follow the new fields.

        Parameters
        ----------
        **fields : ndarray
            Fields of `Terrain` by name, shaped as those they replace.
        """
        unknown = sorted(set(fields) - set(gradient_names()))
        if unknown:
            raise ValueError(f"no such gradient: {', '.join(unknown)}")
        other = Landscape(self.seed, self.n_species, self.size_m)
        other.terrain = replace(other.terrain, **{k: v.astype(np.float32) for k, v in fields.items()})
        other._photographer = Photographer(
            Scene(other.grid, other.terrain, other.parcels, other.strips, other._salt)
        )
        return other

    # -- the photograph ---------------------------------------------------------------------

    def window_around(self, *, x: float, y: float, side_m: int = PATCH_M) -> PixelWindow:
        """The square of whole pixels around map coordinates, its centre snapped to the pixel grid."""
        return PixelWindow(
            column=round(x - self.x_min_m - side_m / 2),
            row=round(self.y_max_m - y - side_m / 2),
            width=side_m,
            height=side_m,
        )

    def render(self, window: PixelWindow) -> NDArray[np.uint8]:
        """The photograph of any window; equal, bit for bit, to the crop of the whole.

        Parameters
        ----------
        window : PixelWindow
            Pixels; what lies outside the landscape is nodata.

        Returns
        -------
        ndarray of uint8, (4, height, width)
            Red, green, blue, near infrared; 0 in every band where there is no data, never 0 elsewhere.
        """
        inside = self.corners.inside(x_px=window.columns[None, :] + 0.5, y_px=window.rows[:, None] + 0.5)
        if not inside.any():
            return np.zeros((4, window.height, window.width), np.uint8)
        pixels = self._photographer.render(window)
        pixels *= inside
        return pixels

    # -- the truth --------------------------------------------------------------------------

    @cached_property
    def cells(self) -> Cells:
        """True environment of the 20 m cells."""
        count = self.grid.cells
        per_cell = CELL_M // _SAMPLE_STEP
        columns = np.arange(_SAMPLE_STEP // 2, self.size_px, _SAMPLE_STEP)
        share = np.zeros((len(HABITATS), count, count), np.float32)
        canopy_cover = np.zeros((count, count), np.float32)
        added = np.zeros((count, count), np.float32)
        closed = np.minimum(self.parcels.crown_share[0] + self.parcels.crown_share[1], 1)
        strip = 50  # rows of cells at a time

        def blocks(values: FloatArray) -> FloatArray:
            shaped = values.reshape(-1, per_cell, count, per_cell)
            return shaped.mean(axis=(1, 3), dtype=np.float32)

        for first in range(0, count, strip):
            last = min(first + strip, count)
            rows = np.arange(first * CELL_M + _SAMPLE_STEP // 2, last * CELL_M, _SAMPLE_STEP)
            ground = ground_cover(
                self.grid, self.terrain, self.parcels, self._salt, columns=columns, rows=rows
            )
            for habitat in range(len(HABITATS)):
                share[habitat, first:last] = blocks((ground.habitat == habitat).astype(np.float32))
            canopy_cover[first:last] = blocks(closed[ground.place])
            added[first:last] = blocks(self.parcels.input[ground.place])

        interior = self.grid.interior
        middle = (np.arange(count) + 0.5) * CELL_M
        return Cells(
            gradients={
                "coldness": interior(self.terrain.coldness),
                "moisture": interior(self.terrain.moisture),
                "nutrients": interior(self.terrain.nutrients) + np.float32(0.6) * added,
                "acidity": interior(self.terrain.acidity),
                "continentality": interior(self.terrain.continentality),
                "clay": interior(self.terrain.clay),
                "light": 1 - canopy_cover,
            },
            habitat_share=share,
            valid=self.corners.square_inside(x_px=middle[None, :], y_px=middle[:, None], side_m=PATCH_M),
        )

    @cached_property
    def environment(self) -> dict[str, FloatArray]:
        """Means over the 100 m square around every 20 m cell, by name; NaN where it is not seen.

        All that the niches know, habitat shares included: what an oracle may use.
        """
        layers = {"elevation_m": self.grid.interior(self.terrain.elevation_m)}
        layers |= {name: field for name, field in self.cells.gradients.items() if name != "coldness"}
        layers |= {f"share_{name}": self.cells.habitat_share[i] for i, name in enumerate(HABITATS)}
        return {name: self._masked(patch_mean(field)) for name, field in layers.items()}

    def _masked(self, field: FloatArray) -> FloatArray:
        return np.where(self.cells.valid, field, np.float32(np.nan)).astype(np.float32)

    @cached_property
    def plants(self) -> tuple[Plant, ...]:
        """The plants."""
        return make_plants(self._stream(5), self.cells, self.n_species)

    @cached_property
    def butterflies(self) -> tuple[Butterfly, ...]:
        """The butterflies."""
        return make_butterflies(self._stream(6), self.plants)

    @cached_property
    def soil_groups(self) -> tuple[SoilGroup, ...]:
        """The soil groups."""
        return make_soil_groups(self._stream(7))

    @cached_property
    def plant_rate(self) -> FloatArray:
        """Expected number of stands of every plant in the square, (plants, rows, columns)."""
        rates = np.empty((len(self.plants), self.grid.cells, self.grid.cells), np.float32)
        for number, plant in enumerate(self.plants):
            luck = self.grid.random_field(
                np.random.default_rng([self.seed, 8, number]), length_m=250, smoothness=2.2
            )
            intensity = plant_intensity(
                plant, self.cells, np.float32(HISTORY_STRENGTH) * self.grid.interior(luck)
            )
            rates[number] = intensity * np.float32(scale_to(intensity, self.cells.valid, plant.commonness))
        return rates

    @cached_property
    def plant_suitability(self) -> FloatArray:
        """Probability that each plant is in the 100 m square around each 20 m cell; NaN outside.

        Shape (plants, rows, columns), north up, row 0 in the north.
        """
        return self._masked(-np.expm1(-self.plant_rate))

    @cached_property
    def butterfly_chance(self) -> FloatArray:
        """Chance of each butterfly where a host grows, (butterflies, rows, columns)."""
        return np.stack([butterfly_chance(butterfly, self.cells) for butterfly in self.butterflies])

    @cached_property
    def butterfly_suitability(self) -> FloatArray:
        """Probability that each butterfly is in the square; NaN outside."""
        plants = self.plant_suitability
        layers = []
        for butterfly, chance in zip(self.butterflies, self.butterfly_chance, strict=True):
            hostless = np.prod(1 - plants[list(butterfly.hosts)], axis=0)
            layers.append(chance * (WITHOUT_HOST + (1 - WITHOUT_HOST) * (1 - hostless)))
        return self._masked(np.stack(layers))

    @cached_property
    def soil_abundance(self) -> FloatArray:
        """Expected abundance of each soil group in the square (reads per sample); NaN outside."""
        return self._masked(np.stack([soil_abundance(group, self.cells) for group in self.soil_groups]))

    def cell_index(self, *, x: NDArray[np.floating], y: NDArray[np.floating]) -> tuple[IntArray, IntArray]:
        """Row and column of the 20 m cell that holds each point (map coordinates)."""
        column = np.floor((np.asarray(x) - self.x_min_m) / CELL_M).astype(np.int64)
        row = np.floor((self.y_max_m - np.asarray(y)) / CELL_M).astype(np.int64)
        return row, column

    @property
    def invisible(self) -> tuple[str, ...]:
        """Names of what leaves no trace in the photograph."""
        return (*INVISIBLE, "history of every plant")
