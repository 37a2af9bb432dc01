"""Flight strips: each has its day, its sun, its exposure and its haze."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from botaclip.core.demo_landscape.geometry import FloatArray, IntArray

FRAME_M = 900
"""Distance of two exposures along a strip, in metres."""
STRIP_M = 1350
"""Width of a flight strip in metres."""


@dataclass(frozen=True)
class Strip:
    """One flight strip.

    Attributes
    ----------
    day : datetime.date
        Day of the flight.
    sun_east, sun_south : float
        Unit vector on the ground towards the sun (east, south).
    sun_rise : float
        Tangent of the sun's elevation.
    gain, haze : ndarray, (4,)
        Exposure and added path light per band.
    valley_haze : float
        Fall of the haze with `coldness`.
    falloff : float
        Loss of light from the middle of a frame to its edge.
    """

    day: date
    sun_east: float
    sun_south: float
    sun_rise: float
    gain: FloatArray
    haze: FloatArray
    valley_haze: float
    falloff: float

    @property
    def day_of_year(self) -> int:
        """Day of the year of the flight."""
        return self.day.timetuple().tm_yday

    def terrain_light(self, slope_east: FloatArray, slope_south: FloatArray) -> FloatArray:
        """Sunlight on sloping ground over that on level ground, softened by the sky."""
        # Cosine of the incidence angle, level ground = 1.
        towards = -(slope_east * self.sun_east + slope_south * self.sun_south) / self.sun_rise
        direct = (1 + towards) / np.sqrt(1 + slope_east**2 + slope_south**2)
        return np.clip(0.3 + 0.7 * direct, 0.35, 1.45).astype(np.float32)

    def haze_at(self, coldness: FloatArray) -> FloatArray:
        """Share of the haze at an elevation; valleys hold more."""
        result: FloatArray = np.clip(
            np.float32(0.8) - np.float32(self.valley_haze) * coldness, np.float32(0.2), np.float32(1.4)
        )
        return result


@dataclass(frozen=True)
class FlightStrips:
    """Parallel strips, a little turned against north.

    Attributes
    ----------
    tilt : float
        Metres a seam moves east per metre south.
    offset : float
        Where the first seam lies, in metres west of the north-west corner.
    strips : tuple of Strip
        From west to east.
    """

    tilt: float
    offset: float
    strips: tuple[Strip, ...]

    def _across(self, columns: IntArray, rows: IntArray) -> FloatArray:
        shift = rows.astype(np.float32)[:, None] * np.float32(self.tilt)
        metres = columns.astype(np.float32) + np.float32(self.offset) - shift
        return (metres / np.float32(STRIP_M)).astype(np.float32, copy=False)

    def strip_of(self, *, columns: IntArray, rows: IntArray) -> IntArray:
        """Number of the strip that shows each pixel."""
        number = np.floor(self._across(columns, rows)).astype(np.int64)
        return np.clip(number, 0, len(self.strips) - 1)

    def vignetting(self, *, columns: IntArray, rows: IntArray, strip: Strip) -> FloatArray:
        """Brightness within the frames of a strip: 1 in the middle, less towards the edges."""
        across = self._across(columns, rows)
        across = (across - np.floor(across)) * np.float32(2) - np.float32(1)
        along = (rows % FRAME_M).astype(np.float32) / np.float32(FRAME_M / 2) - np.float32(1)
        # Only a part of it: mosaics are balanced, though never wholly.
        loss = across * across + np.float32(0.3) * (along * along)[:, None]
        return (np.float32(1) - np.float32(strip.falloff) * loss).astype(np.float32, copy=False)


def make_strips(generator: np.random.Generator, size_px: int) -> FlightStrips:
    """Draw the flight: days between May and September of two years, morning to afternoon."""
    tilt = float(generator.uniform(-0.12, 0.12))
    reach = abs(tilt) * size_px
    count = int(np.ceil((size_px + 2 * reach) / STRIP_M)) + 2
    strips = []
    for _ in range(count):
        azimuth = np.radians(generator.uniform(115, 235))
        rise = np.tan(np.radians(generator.uniform(38, 60)))
        warm = generator.normal(0, 0.045)
        gain = np.array([1.72 + 1.6 * warm, 1.65, 1.60 - 1.6 * warm, 1.08]) * np.exp(
            generator.normal(0, 0.09) + generator.normal(0, 0.035, 4)
        )
        haze = generator.uniform(0.004, 0.030) * np.array([0.75, 0.95, 1.35, 0.25])
        flown = date(int(generator.choice([2021, 2022])), 5, 8) + timedelta(
            days=int(generator.integers(0, 138))
        )
        strips.append(
            Strip(
                day=flown,
                sun_east=float(np.sin(azimuth)),
                sun_south=float(-np.cos(azimuth)),
                sun_rise=float(rise),
                gain=gain.astype(np.float32),
                haze=haze.astype(np.float32),
                valley_haze=float(generator.uniform(0.05, 0.3)),
                falloff=float(generator.uniform(0.04, 0.13)),
            )
        )
    return FlightStrips(tilt, reach + float(generator.uniform(0.2, 0.9)) * STRIP_M, tuple(strips))
