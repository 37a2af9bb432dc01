"""The survey: where the plots lie and what was written down there."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

from botaclip.core.demo_landscape.geometry import CELL_M, PATCH_M, BoolArray
from botaclip.core.demo_landscape.landscape import Landscape
from botaclip.core.demo_landscape.taxa import WITHOUT_HOST
from botaclip.core.errors import OptionError

COVER_CODES = ("r", "+", "1", "2", "3", "4", "5")
"""Braun-Blanquet codes, from sparse to closed."""
_COVER_BOUNDS = np.array([0.15, 1.0, 5.0, 25.0, 50.0, 75.0])
# Share of the plants of each code that the botanist finds.
_FOUND = np.array([0.80, 0.91, 0.97, 0.995, 1.0, 1.0, 1.0])
_CLUSTERED = 0.38
_SPACINGS_M = (120.0, 100.0)
# The square of the truth cell that holds the centre must be seen too, up to half a cell further on.
_SEEN_M = PATCH_M + CELL_M + 2.0
_JAMMED = 0.56
"""Share of an area that squares dropped at random can cover at most (Feder 1980)."""


@dataclass(frozen=True)
class Survey:
    """Relevés and samples of one landscape.

    Attributes
    ----------
    plot_id : tuple of str
        Names of the plots.
    x, y : ndarray
        Map coordinates of the plot centres in metres.
    day : tuple of datetime.date
        Day of the relevé.
    alone : ndarray of bool
        Placed a patch or more apart from every other plot (the others lie in clusters).
    cover : ndarray of int8, (plots, plants)
        0 = not recorded, otherwise 1 + index into `COVER_CODES`.
    butterflies : ndarray of bool, (plots, butterflies)
        Seen or not.
    soil : ndarray of int, (plots, groups)
        Reads counted.
    """

    plot_id: tuple[str, ...]
    x: NDArray[np.float64]
    y: NDArray[np.float64]
    day: tuple[date, ...]
    alone: BoolArray
    cover: NDArray[np.int8]
    butterflies: BoolArray
    soil: NDArray[np.int64]


class _Room:
    """Accepted points, found again quickly through coarse bins."""

    def __init__(self, reach_m: float) -> None:
        self.reach = reach_m
        self.bins: dict[tuple[int, int], list[tuple[float, float]]] = {}

    def _bin(self, x: float, y: float) -> tuple[int, int]:
        return int(x // self.reach), int(y // self.reach)

    def nearest(self, x: float, y: float) -> float:
        """Largest-axis distance to the nearest point, at most `reach`."""
        column, row = self._bin(x, y)
        best = self.reach
        for across in (-1, 0, 1):
            for down in (-1, 0, 1):
                for px, py in self.bins.get((column + across, row + down), ()):
                    best = min(best, max(abs(px - x), abs(py - y)))
        return best

    def add(self, x: float, y: float) -> None:
        """Accept a point."""
        self.bins.setdefault(self._bin(x, y), []).append((x, y))


def _place(
    landscape: Landscape, generator: np.random.Generator, plots: int, spacing: float
) -> tuple[NDArray[np.float64], BoolArray] | None:
    """Plot centres in metres from the north-west corner, or None where the room is too small.

    Distances are along the wider axis, so 100 m means that no pixel is in two patches.
    """
    size = landscape.size_m
    clustered = int(_CLUSTERED * plots)
    if (plots - clustered) * spacing**2 > _JAMMED * size**2:
        return None
    room = _Room(spacing)
    points: list[tuple[float, float]] = []

    def fits(x: float, y: float) -> bool:
        return bool(landscape.corners.square_inside(x_px=np.array(x), y_px=np.array(y), side_m=_SEEN_M))

    # Clusters are where one can drive to.
    candidates = generator.uniform(PATCH_M, size - PATCH_M, (max(400, 4 * plots), 2)).round(1)
    pixel = candidates.astype(np.float32)
    terrain, grid = landscape.terrain, landscape.grid
    road = np.abs(grid.at_points(terrain.road, pixel[:, 0], pixel[:, 1])) / grid.at_points(
        terrain.road_slope, pixel[:, 0], pixel[:, 1]
    )
    near = candidates[np.argsort(road + generator.uniform(0, 150, road.size))]
    for centre_x, centre_y in near:
        if len(points) >= clustered:
            break
        if room.nearest(centre_x, centre_y) < spacing:
            continue
        wanted = min(int(generator.integers(6, 19)), clustered - len(points))
        for _ in range(12 * wanted):
            x, y = np.round((centre_x, centre_y) + generator.normal(0, 75, 2), 1)
            if wanted and fits(x, y) and room.nearest(x, y) >= 35:
                room.add(x, y)
                points.append((x, y))
                wanted -= 1
    in_clusters = len(points)
    for _ in range(60):
        darts = generator.uniform(PATCH_M / 2, size - PATCH_M / 2, (2 * plots, 2)).round(1)
        seen = landscape.corners.square_inside(x_px=darts[:, 0], y_px=darts[:, 1], side_m=_SEEN_M)
        for x, y in darts[seen]:
            if len(points) >= plots:
                break
            if room.nearest(x, y) >= spacing:
                room.add(x, y)
                points.append((float(x), float(y)))
    if len(points) < plots:
        return None
    return np.array(points), np.arange(plots) >= in_clusters


def sample_survey(landscape: Landscape, plots: int = 1000, *, draw: int = 0) -> Survey:
    """Visit plots and write down what is found.

    Parameters
    ----------
    landscape : Landscape
        Where.
    plots : int
        Number of plots; more than half of them lie a patch or more apart from every other.
    draw : int
        Another number gives another survey of the same landscape.

    Raises
    ------
    OptionError
        If the landscape has no room for so many plots.
    """
    generator = np.random.default_rng([landscape.seed, 9, plots, draw])
    placed = None
    for spacing in _SPACINGS_M:
        if plots >= 1 and placed is None:
            placed = _place(landscape, generator, plots, spacing)
    if placed is None:
        side = f"{landscape.size_m / 1000:g} km"
        raise OptionError(
            f"no room for {plots} plots of {PATCH_M} m in {side} x {side}, half of them a patch apart",
            remedy="ask for fewer plots, and at least one",
        )
    order = generator.permutation(plots)
    points, alone = placed[0][order], placed[1][order]
    x = np.round(landscape.x_min_m + points[:, 0], 1)
    y = np.round(landscape.y_max_m - points[:, 1], 1)
    row, column = landscape.cell_index(x=x, y=y)

    rate = landscape.plant_rate[:, row, column].T.astype(np.float64)
    present = generator.random(rate.shape) < -np.expm1(-rate)
    dominance = np.array([plant.dominance for plant in landscape.plants])
    percent = np.exp(dominance + 0.7 * np.log1p(rate) + generator.normal(0, 1.1, rate.shape))
    code = np.searchsorted(_COVER_BOUNDS, percent)
    # Botanists differ; a hasty one misses more.
    haste = np.exp(generator.normal(0, 0.4, (plots, 1)))
    found = generator.random(rate.shape) < 1 - np.minimum((1 - _FOUND)[code] * haste, 0.6)
    cover = np.where(present & found, code + 1, 0).astype(np.int8)

    chance = landscape.butterfly_chance[:, row, column].T.astype(np.float64)
    hosted = np.stack([present[:, list(b.hosts)].any(axis=1) for b in landscape.butterflies], axis=1)
    seen = generator.random(chance.shape) < chance * np.where(hosted, 1.0, WITHOUT_HOST)

    expected = landscape.soil_abundance[:, row, column].T.astype(np.float64)
    # Gamma-Poisson: subsamples of one square differ by more than counting noise.
    soil = generator.poisson(expected * generator.gamma(2.5, 1 / 2.5, expected.shape))

    height = landscape.terrain.coldness[row + landscape.grid.margin, column + landscape.grid.margin]
    season = 165 + 14 * height + generator.normal(0, 18, plots)
    year = generator.integers(2017, 2024, plots)
    day = tuple(
        date(int(one), 1, 1) + timedelta(days=int(np.clip(number, 115, 265)))
        for one, number in zip(year, season, strict=True)
    )
    width = max(4, len(str(plots)))
    return Survey(
        plot_id=tuple(f"P{number:0{width}d}" for number in range(1, plots + 1)),
        x=x,
        y=y,
        day=day,
        alone=alone,
        cover=cover,
        butterflies=seen,
        soil=soil,
    )
