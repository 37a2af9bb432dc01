"""Plants, butterflies and soil groups: their niches and the truth that follows from them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from botaclip.core.demo_landscape.geometry import CELL_M, PATCH_M, BoolArray, FloatArray
from botaclip.core.demo_landscape.names import butterfly_names, plant_names, soil_group_names
from botaclip.core.demo_landscape.parcels import (
    ARABLE,
    BROADLEAF,
    CONIFER,
    HABITATS,
    POOR,
    RICH,
    ROAD,
    ROCK,
    SCRUB,
    WATER,
    WETLAND,
)

NICHE_GRADIENTS = ("coldness", "moisture", "nutrients", "acidity", "continentality")
_CELLS_PER_PATCH = PATCH_M // CELL_M
# How alike habitats are to plants: log-affinity outside the main habitat.
_ALIKE = {
    (BROADLEAF, CONIFER): 0.7, (BROADLEAF, SCRUB): 1.2, (CONIFER, SCRUB): 1.0, (SCRUB, POOR): 0.9,
    (POOR, RICH): 1.0, (RICH, WETLAND): 1.5, (POOR, WETLAND): 1.6, (POOR, ROCK): 1.0,
    (RICH, ARABLE): 1.6, (SCRUB, WETLAND): 1.5, (ARABLE, ROAD): 1.2, (WETLAND, WATER): 1.5,
    (ROCK, ROAD): 1.6, (CONIFER, POOR): 1.8, (BROADLEAF, RICH): 2.0, (SCRUB, ROCK): 1.5,
}  # fmt: skip
# Share of the plants at home in each habitat.
_HOMES = np.array([0.17, 0.13, 0.11, 0.20, 0.15, 0.09, 0.08, 0.05, 0.01, 0.01])


@dataclass(frozen=True)
class Cells:
    """True environment of the 20 m cells, arrays (rows, columns) unless said otherwise.

    Attributes
    ----------
    gradients : dict of str to ndarray
        `NICHE_GRADIENTS`, `clay` and `light` (share of open sky), at the scale of the cell.
    habitat_share : ndarray, (habitats, rows, columns)
        Share of each habitat in the cell.
    valid : ndarray of bool
        Cells whose 100 m square lies wholly on image data.
    """

    gradients: dict[str, FloatArray]
    habitat_share: FloatArray
    valid: BoolArray


@dataclass(frozen=True)
class Plant:
    """Niche of one plant.

    Attributes
    ----------
    name : str
        Invented binomial.
    home : int
        Main habitat, index into `HABITATS`.
    affinity : ndarray, (habitats,)
        Log of the relative intensity in each habitat, 0 at home.
    optimum, tolerance : ndarray
        Gaussian niche over `NICHE_GRADIENTS`.
    commonness : float
        Share of all squares in which the plant occurs.
    dominance : float
        Log of the usual cover in per cent where it just occurs.
    """

    name: str
    home: int
    affinity: FloatArray
    optimum: FloatArray
    tolerance: FloatArray
    commonness: float
    dominance: float


@dataclass(frozen=True)
class Butterfly:
    """A butterfly: needs a host plant, open land and the right elevation.

    Attributes
    ----------
    name : str
        Invented binomial.
    hosts : tuple of int
        Host plants (indices).
    affinity : ndarray, (habitats,)
        Relative use of habitats, 0 to 1.
    optimum, tolerance : float
        Niche over `coldness`.
    boldness : float
        Chance to be met where everything fits.
    """

    name: str
    hosts: tuple[int, ...]
    affinity: FloatArray
    optimum: float
    tolerance: float
    boldness: float


WITHOUT_HOST = 0.08
"""Chance of a butterfly, relative to that with a host plant, where no host grows."""


@dataclass(frozen=True)
class SoilGroup:
    """Abundance of a soil group: log-linear in a few gradients.

    Attributes
    ----------
    name : str
        Kind and letter.
    driven_by : str
        `invisible`, `visible` or `mixed` gradients.
    weights : dict of str to float
        Effect of one standard deviation on the log of the abundance.
    level : float
        Typical abundance (reads per sample).
    """

    name: str
    driven_by: str
    weights: dict[str, float]
    level: float


def patch_mean(field: FloatArray) -> FloatArray:
    """Mean over the 100 m square (5 x 5 cells) around every cell."""
    reach = _CELLS_PER_PATCH // 2
    rows, columns = field.shape
    wide = np.pad(field.astype(np.float64), reach, mode="edge")
    across = np.add.reduce([wide[:, step : step + columns] for step in range(_CELLS_PER_PATCH)])
    mean = (
        np.add.reduce([across[step : step + rows] for step in range(_CELLS_PER_PATCH)]) / _CELLS_PER_PATCH**2
    )
    return mean.astype(np.float32)


def make_plants(generator: np.random.Generator, cells: Cells, count: int) -> tuple[Plant, ...]:
    """Draw plants whose optima lie where their habitat occurs."""
    names = plant_names(generator, count)
    inside = {name: cells.gradients[name][cells.valid] for name in NICHE_GRADIENTS}
    homes = generator.permutation(
        np.resize(np.repeat(np.arange(10), np.ceil(_HOMES * count).astype(int)), count)
    )
    # From rare to common, evenly over the ranks.
    rank = (generator.permutation(count) + 0.5) / max(count, 1)
    commonness = 0.03 + 0.52 * rank**1.7
    plants = []
    for name, home, common in zip(names, homes, commonness, strict=True):
        affinity = np.full(len(HABITATS), -2.3)
        for (one, other), distance in _ALIKE.items():
            if home in (one, other):
                affinity[other if home == one else one] = -0.8 * distance
        affinity += generator.normal(0, 0.5, len(HABITATS))
        affinity[home] = 0.0
        share = cells.habitat_share[home][cells.valid].astype(np.float64) + 1e-4
        at = generator.choice(share.size, p=share / share.sum())
        optimum = np.array([inside[gradient][at] for gradient in NICHE_GRADIENTS])
        optimum = 1.15 * optimum + generator.normal(0, 0.35, optimum.size)
        tolerance = np.exp(generator.normal(np.log(1.3), 0.3, optimum.size))
        # Most plants are indifferent to some gradients.
        tolerance[generator.random(optimum.size) < np.array([0.25, 0.3, 0.35, 0.35, 0.55])] = 5.0
        plants.append(
            Plant(
                name=name,
                home=int(home),
                affinity=affinity.astype(np.float32),
                optimum=optimum.astype(np.float32),
                tolerance=tolerance.astype(np.float32),
                commonness=float(common),
                dominance=float(generator.normal(np.log(0.6), 0.9)),
            )
        )
    return tuple(plants)


def plant_intensity(plant: Plant, cells: Cells, history: FloatArray) -> FloatArray:
    """Mean intensity of a plant over the 100 m square around every cell, before scaling.

    Parameters
    ----------
    plant : Plant
        Whose niche.
    cells : Cells
        True environment.
    history : ndarray, (rows, columns)
        Log of the plant's luck: dispersal and past use, independent of the environment.
    """
    logarithm = history.astype(np.float32)
    for gradient, optimum, tolerance in zip(NICHE_GRADIENTS, plant.optimum, plant.tolerance, strict=True):
        logarithm = logarithm - np.float32(0.5) * ((cells.gradients[gradient] - optimum) / tolerance) ** 2
    suited = np.tensordot(np.exp(plant.affinity), cells.habitat_share, axes=1)
    return patch_mean(suited * np.exp(logarithm))


def scale_to(intensity: FloatArray, valid: BoolArray, commonness: float) -> float:
    """Factor k for which 1 - exp(-k intensity) is `commonness` on average (bisection)."""
    values = intensity[valid].astype(np.float64)
    low, high = -30.0, 60.0
    for _ in range(50):
        middle = (low + high) / 2
        mean = float(-np.expm1(-np.exp(middle) * values).mean())
        low, high = (middle, high) if mean < commonness else (low, middle)
    return float(np.exp((low + high) / 2))


def make_butterflies(
    generator: np.random.Generator, plants: tuple[Plant, ...], count: int = 12
) -> tuple[Butterfly, ...]:
    """Draw butterflies on plants that are not rare, open-land plants first."""
    names = butterfly_names(generator, count)
    weight = np.array(
        [(p.commonness > 0.06) * (2.5 if p.home in (POOR, RICH, SCRUB, WETLAND) else 1.0) for p in plants]
    )
    weight = weight + 1e-6
    butterflies = []
    for name in names:
        number = min(len(plants), int(generator.integers(1, 3)))
        hosts = generator.choice(len(plants), number, replace=False, p=weight / weight.sum())
        home = plants[int(hosts[0])].home
        affinity = np.where(np.isin(np.arange(10), (POOR, RICH, SCRUB, WETLAND)), 0.75, 0.25)
        affinity[[ARABLE, WATER, ROAD, ROCK]] = (0.15, 0.02, 0.1, 0.3)
        affinity = affinity * np.exp(generator.normal(0, 0.3, 10))
        affinity[home] = 1.0
        butterflies.append(
            Butterfly(
                name=name,
                hosts=tuple(int(host) for host in hosts),
                affinity=np.clip(affinity, 0, 1).astype(np.float32),
                optimum=float(plants[int(hosts[0])].optimum[0] + generator.normal(0, 0.3)),
                tolerance=float(generator.uniform(0.9, 1.8)),
                boldness=float(generator.uniform(0.55, 0.95)),
            )
        )
    return tuple(butterflies)


def butterfly_chance(butterfly: Butterfly, cells: Cells) -> FloatArray:
    """Chance that a butterfly is met in the 100 m square around every cell if a host grows there."""
    use = patch_mean(np.tensordot(butterfly.affinity, cells.habitat_share, axes=1))
    climate = patch_mean(
        np.exp(
            np.float32(-0.5) * ((cells.gradients["coldness"] - butterfly.optimum) / butterfly.tolerance) ** 2
        )
    )
    return (butterfly.boldness * use * climate).astype(np.float32)


def make_soil_groups(generator: np.random.Generator) -> tuple[SoilGroup, ...]:
    """The 51 soil groups; a third of them leaves no trace above ground."""
    pools = {
        "invisible": ("acidity", "clay", "continentality"),
        "visible": ("moisture", "coldness", "light", "nutrients"),
        "mixed": ("acidity", "clay", "moisture", "light", "nutrients"),
    }
    groups = []
    kinds = generator.permutation(np.resize(np.arange(3), 51))
    for name, kind in zip(soil_group_names(), kinds, strict=True):
        driven_by = tuple(pools)[kind]
        gradients = [str(name) for name in generator.choice(pools[driven_by], 2, replace=False)]
        if driven_by == "mixed":  # one of each
            gradients = [str(generator.choice(part)) for part in (pools[driven_by][:2], pools[driven_by][2:])]
        signs = generator.choice([-1.0, 1.0], 2)
        strength = signs * np.array([generator.uniform(0.6, 1.0), generator.uniform(0.2, 0.6)])
        groups.append(
            SoilGroup(
                name=name,
                driven_by=driven_by,
                weights={g: float(s) for g, s in zip(gradients, strength, strict=True)},
                level=float(np.exp(generator.uniform(np.log(8), np.log(400)))),
            )
        )
    return tuple(groups)


def soil_abundance(group: SoilGroup, cells: Cells) -> FloatArray:
    """Expected abundance (reads per sample) in the 100 m square around every cell."""
    logarithm = np.zeros(cells.valid.shape, np.float32)
    for gradient, weight in group.weights.items():
        field = patch_mean(cells.gradients[gradient])
        inside = field[cells.valid].astype(np.float64)
        # Bounded at 2.5 standard deviations: no square holds a hundred times the usual.
        standard = np.clip((field - inside.mean()) / inside.std(), -2.5, 2.5)
        logarithm = logarithm + np.float32(weight) * standard.astype(np.float32)
    return (group.level * np.exp(logarithm)).astype(np.float32)
