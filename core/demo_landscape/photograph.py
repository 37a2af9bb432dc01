"""The aerial photograph: colours, light, shadow and the nuisances of flight strips."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from botaclip.core.demo_landscape.canopy import (
    BROADLEAF_CROWN,
    NO_CROWN,
    SHRUB_CROWN,
    Canopy,
    canopy,
)
from botaclip.core.demo_landscape.flight import FlightStrips, Strip
from botaclip.core.demo_landscape.geometry import FloatArray, IntArray, PixelWindow
from botaclip.core.demo_landscape.ground import Ground, ground_cover
from botaclip.core.demo_landscape.noise import CoarseGrid, uniform, value_noise
from botaclip.core.demo_landscape.parcels import ARABLE, POOR, RICH, ROAD, ROCK, WATER, WETLAND, Parcels
from botaclip.core.demo_landscape.terrain import Terrain

# Reflectance of the ground in red, green, blue, near infrared, in the order of HABITATS.
_GROUND = np.array(
    [
        [0.060, 0.068, 0.045, 0.22],
        [0.055, 0.058, 0.042, 0.17],
        [0.105, 0.110, 0.065, 0.30],
        [0.135, 0.135, 0.080, 0.32],
        [0.075, 0.112, 0.052, 0.47],
        [0.088, 0.098, 0.060, 0.29],
        [0.235, 0.225, 0.205, 0.27],
        [0.190, 0.155, 0.115, 0.25],
        [0.040, 0.055, 0.055, 0.02],
        [0.215, 0.210, 0.205, 0.24],
    ],
    dtype=np.float32,
)
_CROP = np.array([0.055, 0.095, 0.045, 0.46], np.float32)
_STUBBLE = np.array([0.270, 0.230, 0.140, 0.34], np.float32)
_MOWN = np.array([0.140, 0.150, 0.080, 0.36], np.float32)
_TRACK = np.array([0.200, 0.180, 0.140, 0.28], np.float32)
_BANK = np.array([0.265, 0.255, 0.235, 0.29], np.float32)
# Crowns: none, broadleaf, conifer, shrub.
_CROWN = np.array(
    [
        [0.0, 0.0, 0.0, 0.0],
        [0.048, 0.078, 0.036, 0.45],
        [0.033, 0.046, 0.031, 0.25],
        [0.058, 0.076, 0.042, 0.33],
    ],
    np.float32,
)
_AUTUMN = np.array([0.125, 0.100, 0.040, 0.36], np.float32)
# What lush growth does to each band.
_VIGOUR = np.array([-0.21, -0.05, -0.17, 0.17], np.float32)
# Strength of the texture at 1, 3, 8 and 30 m and of the rows, in the order of HABITATS.
_TEXTURE = np.array(
    [
        [0.22, 0.18, 0.10, 0.05, 0.00],
        [0.22, 0.18, 0.10, 0.05, 0.00],
        [0.14, 0.18, 0.18, 0.10, 0.00],
        [0.09, 0.11, 0.15, 0.12, 0.00],
        [0.05, 0.05, 0.06, 0.09, 0.04],
        [0.11, 0.26, 0.22, 0.13, 0.00],
        [0.24, 0.26, 0.18, 0.10, 0.00],
        [0.05, 0.04, 0.05, 0.11, 0.17],
        [0.02, 0.03, 0.02, 0.04, 0.00],
        [0.06, 0.03, 0.03, 0.03, 0.00],
    ],
    np.float32,
)
_SHADOW_STEPS = (1, 2, 3, 4, 6, 8, 11, 14, 18)
_SHADOW = np.array([0.68, 0.64, 0.54, 0.66], np.float32)
MARGIN_PX = 20
"""Pixels around a window that can throw light or shadow into it."""


@dataclass(frozen=True)
class Scene:
    """Everything the photograph shows; nothing else reaches a pixel."""

    grid: CoarseGrid
    terrain: Terrain
    parcels: Parcels
    strips: FlightStrips
    salt: int


@dataclass(frozen=True)
class _StripTables:
    """Colours as they are on the day of one strip."""

    ground: FloatArray
    crown: FloatArray
    light: FloatArray


class Photographer:
    """Renders windows of one scene.

    Parameters
    ----------
    scene : Scene
        Visible part of the landscape.
    """

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        terrain, parcels = scene.terrain, scene.parcels
        generator = np.random.default_rng([scene.salt, 77])
        roughness = np.exp(0.22 * generator.standard_normal((5, parcels.habitat.size))).astype(np.float32)
        self._texture = np.ascontiguousarray(_TEXTURE[parcels.habitat].T * roughness)
        self._vigour = (
            np.float32(0.42) * terrain.nutrients
            + np.float32(0.38) * terrain.moisture
            - np.float32(0.40) * terrain.coldness
        )
        self._tables = lru_cache(maxsize=64)(self._strip_tables)

    def _strip_tables(self, number: int) -> _StripTables:
        strip = self.scene.strips.strips[number]
        parcels, terrain = self.scene.parcels, self.scene.terrain
        season = np.float32(np.clip((strip.day_of_year - 120) / 150, 0, 1))
        colour = _GROUND[parcels.habitat].copy()

        # Fields: bare, then green, then ripe; each with its own calendar.
        state = (np.float32(1.3) * season + parcels.stage - np.float32(0.45))[:, None]
        green = np.clip(1 - np.abs(state - np.float32(0.45)) / np.float32(0.35), 0, 1)
        ripe = np.clip((state - np.float32(0.6)) / np.float32(0.2), 0, 1)
        field = colour * (1 - green) + _CROP * green
        field = field * (1 - ripe) + _STUBBLE * ripe
        colour = np.where((parcels.habitat == ARABLE)[:, None], field, colour)
        cut = ((parcels.stage + np.float32(2.3) * season) % 1 < np.float32(0.3)) & (parcels.habitat == RICH)
        colour = np.where(cut[:, None], np.float32(0.35) * colour + np.float32(0.65) * _MOWN, colour)
        dry = np.float32(0.35) * season * np.isin(parcels.habitat, (POOR, WETLAND))[:, None]
        colour = colour * (1 - dry) + np.array([0.19, 0.165, 0.095, 0.30], np.float32) * dry

        crown = _CROWN.copy()
        late = np.float32(np.clip((strip.day_of_year - 235) / 50, 0, 1) * 0.6)
        for kind in (BROADLEAF_CROWN, SHRUB_CROWN):
            crown[kind] = crown[kind] * (1 - late) + _AUTUMN * late
        if strip.day_of_year < 145:  # fresh leaves are light
            crown[BROADLEAF_CROWN] *= np.array([1.35, 1.4, 1.2, 1.1], np.float32)
        return _StripTables(
            ground=np.ascontiguousarray((colour * parcels.tone.T).T),
            crown=crown,
            light=strip.terrain_light(terrain.slope_east, terrain.slope_south),
        )

    def render(self, window: PixelWindow) -> NDArray[np.uint8]:
        """The photograph of a window.

        Returns
        -------
        ndarray of uint8, (4, height, width)
            Red, green, blue, near infrared; 1 to 255. Nodata corners are left to the caller.
        """
        scene = self.scene
        columns, rows = window.columns, window.rows
        crowns = canopy(scene.grid, scene.terrain, scene.parcels, scene.salt, window.padded(MARGIN_PX))
        ground = ground_cover(
            scene.grid, scene.terrain, scene.parcels, scene.salt, columns=columns, rows=rows
        )
        luma, vigour = self._ground_pattern(ground, columns, rows)
        strip_of = scene.strips.strip_of(columns=columns, rows=rows)
        result = np.empty((4, window.height, window.width), np.uint8)
        for number in np.unique(strip_of):
            exposed = self._expose(int(number), window, ground, crowns, luma, vigour)
            np.copyto(result, exposed, where=strip_of == number)
        return result

    def _ground_pattern(
        self, ground: Ground, columns: IntArray, rows: IntArray
    ) -> tuple[FloatArray, FloatArray]:
        """Texture factor and lushness of the ground, alike on every date."""
        scene, parcels = self.scene, self.scene.parcels
        salt, place = scene.salt, ground.place
        noise3 = value_noise(columns, rows, 3, salt + 22)
        noise8 = value_noise(columns, rows, 8, salt + 23)
        noise30 = value_noise(columns, rows, 30, salt + 24)
        luma = np.take(self._texture[0], place) * value_noise(columns, rows, 1, salt + 21)
        for strength, noise in zip(self._texture[1:4], (noise3, noise8, noise30), strict=True):
            noise_part = np.take(strength, place)
            noise_part *= noise
            luma += noise_part
        phase = columns.astype(np.float32) * np.take(parcels.row_east, place)
        phase += rows.astype(np.float32)[:, None] * np.take(parcels.row_south, place)
        phase -= np.floor(phase)
        triangle = np.abs(np.float32(4) * phase - np.float32(2)) - np.float32(1)
        luma += triangle * np.take(self._texture[4], place)
        # Pools between the tussocks.
        pool = (ground.habitat == WETLAND) & (noise8 + np.float32(0.5) * noise30 > np.float32(0.62))
        luma += np.float32(1)
        luma[pool] *= np.float32(0.55)
        vigour = scene.grid.at_pixels(self._vigour, columns, rows)
        vigour += np.float32(0.45) * np.take(parcels.input, place)
        vigour += np.float32(0.45) * noise30
        vigour = np.clip(vigour, np.float32(-1.4), np.float32(1.8))
        vigour[((ground.habitat >= ROCK) & (ground.habitat != ARABLE)) | ground.gravel] = 0
        return luma, vigour

    def _expose(
        self,
        number: int,
        window: PixelWindow,
        ground: Ground,
        crowns: Canopy,
        luma: FloatArray,
        vigour: FloatArray,
    ) -> NDArray[np.uint8]:
        """The window as the camera of one strip sees it."""
        scene, strip, tables = self.scene, self.scene.strips.strips[number], self._tables(number)
        columns, rows = window.columns, window.rows
        inner = (slice(MARGIN_PX, -MARGIN_PX), slice(MARGIN_PX, -MARGIN_PX))
        kind, crown_tone = crowns.kind[inner], crowns.tone[inner]
        covered = kind != NO_CROWN
        shade, shadow = _light(crowns.height_m, strip)
        light = scene.grid.at_pixels(tables.light, columns, rows)
        light *= shade
        light *= scene.strips.vignetting(columns=columns, rows=rows, strip=strip)
        leaf = np.float32(0.72) + np.float32(0.5) * crown_tone
        leaf += np.float32(0.16) * value_noise(columns, rows, 1, scene.salt + 31)
        haze = strip.haze_at(scene.grid.at_pixels(scene.terrain.coldness, columns, rows))
        track = (ground.border_m < np.float32(1.1)) & np.isin(ground.habitat, (RICH, ARABLE))
        grain = uniform(columns, rows, scene.salt + 32) * np.float32(4) - np.float32(2)

        of_parcel = np.take(scene.parcels.habitat, ground.place)
        result = np.empty((4, window.height, window.width), np.uint8)
        fixed = [
            (ground.habitat == WATER, _GROUND[WATER]),
            (ground.habitat == ROAD, _GROUND[ROAD]),
            (ground.gravel, _BANK),
            (track, _TRACK),
            ((ground.habitat == ROCK) & (of_parcel != ROCK), _GROUND[ROCK]),
            ((ground.habitat == POOR) & (of_parcel == ROCK), _GROUND[POOR]),
        ]
        for band in range(4):
            colour = np.take(tables.ground[band], ground.place)
            for where, reflectance in fixed:
                np.copyto(colour, reflectance[band], where=where)
            colour *= np.float32(1) + _VIGOUR[band] * vigour
            colour *= luma
            crown_colour = np.take(tables.crown[:, band], kind)
            crown_colour *= leaf
            np.copyto(colour, crown_colour, where=covered)
            colour *= light
            colour *= np.float32(1) - _SHADOW[band] * shadow
            colour *= strip.gain[band]
            colour += haze * strip.haze[band]
            value = np.sqrt(np.maximum(colour, np.float32(0)))
            value *= np.float32(255)
            value += grain
            result[band] = np.clip(np.rint(value), np.float32(1), np.float32(255)).astype(np.uint8)
        return result


def _light(height: FloatArray, strip: Strip) -> tuple[FloatArray, FloatArray]:
    """Shading of crowns by the sun and cast shadow (0 to 1) inside the margin."""

    def shifted(steps: float) -> FloatArray:
        right, down = round(steps * strip.sun_east), round(steps * strip.sun_south)
        return height[
            MARGIN_PX + down : height.shape[0] - MARGIN_PX + down,
            MARGIN_PX + right : height.shape[1] - MARGIN_PX + right,
        ]

    here = shifted(0)
    # Ground that rises towards the sun looks away from it.
    tilt = shifted(-1.2) - shifted(1.2)
    shade = np.clip(np.float32(1) + np.float32(0.05) * tilt, np.float32(0.55), np.float32(1.5))
    over = np.zeros_like(here)
    for step in _SHADOW_STEPS:
        np.maximum(over, shifted(step) - np.float32(step * strip.sun_rise), out=over)
    shadow = np.clip((over - here) * np.float32(0.5), np.float32(0), np.float32(1))
    return shade, shadow
