"""Invented names of invented organisms."""

from __future__ import annotations

import numpy as np

# Genera and epithets that sound right and are none of botany's or zoology's accepted names.
_GENERA = (
    "Alnipha",
    "Borvana",
    "Carisella",
    "Dolmera",
    "Erinosa",
    "Fluvinia",
    "Gramella",
    "Hesperina",
    "Ilvania",
    "Juncaria",
    "Karstia",
    "Lemnora",
    "Montagia",
    "Nardosa",
    "Orvella",
    "Pratinia",
    "Quercella",
    "Ripania",
    "Silvagia",
    "Thermosia",
    "Ulvinia",
    "Vallesia",
    "Wulfora",
    "Xerania",
)
_EPITHETS = (
    "alpicola",
    "borealoides",
    "calcarophila",
    "demonstrans",
    "exemplaris",
    "ficta",
    "glareicola",
    "humidula",
    "imaginaria",
    "jugicola",
    "lucigena",
    "montigena",
    "nemorivaga",
    "orophiloides",
    "paludigena",
    "pratigena",
    "riparioides",
    "saxigena",
    "simulata",
    "silvivaga",
    "synthetica",
    "umbrigena",
    "vallicola",
    "xericola",
)
_BUTTERFLY_GENERA = ("Fictaria", "Lycaenella", "Papiliora", "Pieridella", "Satyrosa", "Zygaenora")
_SOIL_KINDS = (
    "copiotrophic bacteria",
    "oligotrophic bacteria",
    "nitrifiers",
    "nitrogen fixers",
    "methanotrophs",
    "archaea",
    "ectomycorrhizal fungi",
    "arbuscular fungi",
    "saprotrophic fungi",
    "plant pathogens",
    "lichen fungi",
    "bacterivore protists",
    "phototrophic protists",
    "parasitic protists",
    "fungivore mites",
    "springtails",
    "earthworms",
)


def plant_names(generator: np.random.Generator, count: int) -> tuple[str, ...]:
    """Distinct invented binomials of plants."""
    pairs = [f"{genus} {epithet}" for genus in _GENERA for epithet in _EPITHETS]
    chosen = generator.permutation(len(pairs))
    names = [
        pairs[i] if turn == 0 else f"{pairs[i]} subsp. {'bcdefghij'[turn - 1]}"
        for turn in range(1 + count // len(pairs))
        for i in chosen
    ]
    return tuple(names[:count])


def butterfly_names(generator: np.random.Generator, count: int) -> tuple[str, ...]:
    """Distinct invented binomials of butterflies."""
    pairs = [f"{genus} {epithet}" for genus in _BUTTERFLY_GENERA for epithet in _EPITHETS]
    return tuple(pairs[i] for i in generator.permutation(len(pairs))[:count])


def soil_group_names() -> tuple[str, ...]:
    """The 51 soil groups: three of each of 17 kinds."""
    return tuple(f"{kind} {letter}" for kind in _SOIL_KINDS for letter in "ABC")
