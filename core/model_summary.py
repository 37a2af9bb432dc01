"""What a model is, in a few words and a list of species, for choosing. Standard library only: QGIS shows it.

Nothing here is checked but its type: a file from a stranger may say anything, and what runs it looks closely.
"""

from __future__ import annotations

import dataclasses
import math
from pathlib import Path
from typing import Any

from botaclip.core.model_card import metadata_of


@dataclasses.dataclass(frozen=True)
class SpeciesOfModel:
    """One species: its name, on how many training plots it stood, and how well held-out plots were told apart.

    ``auc`` is None for models that do not say it.
    """

    name: str
    presences: int
    auc: float | None


@dataclasses.dataclass(frozen=True)
class ModelSummary:
    """What a model file says of itself.

    Parameters
    ----------
    species
        Those that it maps, in its own order.
    plots
        Number of training plots, 0 where it does not say.
    patch_m
        Side of what it looks at, in metres.
    encoder
        Name of its encoder.
    bands
        Roles that it needs.
    relative
        Whether its suitability is no probability (learnt from presences alone).
    alignment
        Which alignment was taken.
    applicability, lists
        Whether it can say where it may be believed, and make lists that hold a share of what grows.
    environment
        Names of the rasters that it needs beside the image.
    """

    species: tuple[SpeciesOfModel, ...]
    plots: int
    patch_m: float
    encoder: str
    bands: tuple[str, ...]
    relative: bool
    alignment: str
    applicability: bool
    lists: bool
    environment: tuple[str, ...]


def summary_of(model: str | Path) -> ModelSummary | None:
    """Return what a model file says of itself; None where it is no model file or a damaged one."""
    metadata = metadata_of(model)
    species = tuple(
        SpeciesOfModel(kind["name"], int(_number(kind.get("presences"))), _score(kind.get("auc")))
        for kind in _list(metadata.get("species")) if isinstance(kind, dict) and isinstance(kind.get("name"), str)
    )  # fmt: skip
    if not species:
        return None
    return ModelSummary(
        species=species,
        plots=int(_number(_dict(metadata.get("training")).get("plots"))),
        patch_m=_number(_dict(metadata.get("patch")).get("size_m")),
        encoder=str(_dict(metadata.get("encoder")).get("id") or ""),
        bands=tuple(str(_dict(band).get("role")) for band in _list(metadata.get("bands"))),
        relative=metadata.get("data_type") == "presence-only",
        alignment=str(_dict(metadata.get("alignment")).get("chosen") or ""),
        applicability=bool(metadata.get("applicability")),
        lists=bool(metadata.get("lists")),
        environment=tuple(str(_dict(layer).get("name")) for layer in _list(metadata.get("environment"))),
    )


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _number(value: Any) -> float:
    return float(value) if isinstance(value, (int, float)) and math.isfinite(value) else 0.0


def _score(value: Any) -> float | None:
    return float(value) if isinstance(value, (int, float)) and 0.0 <= value <= 1.0 else None
