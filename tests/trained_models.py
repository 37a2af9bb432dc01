"""Models trained on tables of plots, without a raster: what ``train`` does once plots and image have met."""

from __future__ import annotations

import dataclasses
import hashlib
from pathlib import Path
from typing import Any

import numpy as np
from scipy.sparse import csr_array

from botaclip.core.cover_scales import SCALES
from botaclip.core.encoders import opening
from botaclip.core.encoders.encoder import Encoder
from botaclip.core.lattice import Lattice
from botaclip.core.model import Model
from botaclip.core.model_file import ModelFile
from botaclip.core.pairing import Pairs
from botaclip.core.places import Points, parse_crs
from botaclip.core.progress import SILENT, Progress
from botaclip.core.releves import ReleveTable
from botaclip.training.alignment import Alignment, Start
from botaclip.training.continuation import Parent
from botaclip.training.evaluation import Protocol
from botaclip.training.model_parts import ModelParts, model_parts
from botaclip.training.training_table import TrainingTable

from .small_tables import planted, thirds

CRS = "EPSG:2154"
EAST, NORTH = 700_000.0, 6_600_000.0
PATCH_M = 100.0
ENCODER: Encoder = opening.get("random-conv", bands=("red", "green"), value_range=(0.0, 255.0))
LATTICE = Lattice(
    crs_wkt=parse_crs(CRS).to_wkt(), origin_x=EAST, origin_y=NORTH + 2_000.0, unit_m=1.0, pixel_m=2.0,
    stride_px=ENCODER.stride_px,
)  # fmt: skip
LAYERS = tuple(
    {"name": name, "file": "climate.tif", "band": band, "path": "/data/climate.tif"}
    for band, name in enumerate(("elevation", "rain", "acidity"), start=1)
)


def plots(count: int = 60, *, seed: int = 0, environment: bool = False, **options: Any) -> TrainingTable:
    """Return planted plots as wide as the encoder's vectors, on request with three layers of very unlike units."""
    table = planted(count, dimension=ENCODER.dimension, species=5, signal=6.0, seed=seed, **options)
    if not environment:
        return table
    random = np.random.default_rng(seed + 100)
    values = random.normal(size=(count, 3)) * [400.0, 90.0, 0.004] + [1_200.0, 800.0, 0.5]
    values[:, 0] += 600.0 * table.presence[:, 0]
    return dataclasses.replace(table, environment=values.astype(np.float32))


def protocol(asked: str = "botaclip", *, head: str = "linear", start: Start | None = None) -> Protocol:
    """Return a quick protocol."""
    steps = (4, 8) if start is None else (0, 4, 8)
    alignments = (
        Alignment("supervised", checkpoints=steps, start=start),
        Alignment("contrastive", checkpoints=steps, start=start),
        Alignment("botaclip", 0.1, checkpoints=steps, start=start),
    )
    others = (
        Alignment("whitened", checkpoints=(4, 12)), Alignment("canonical", checkpoints=(2, 4)),
        Alignment("joint", 0.1, checkpoints=steps, start=start),
    )  # fmt: skip
    alignments += tuple(each for each in others if each.name == asked)
    return Protocol(asked, alignments, head, thirds)


def releves(table: TrainingTable) -> ReleveTable:
    """Return the relevés of plots."""
    names = [*table.species, *(f"other {i}" for i in range(table.cover.shape[1] - len(table.species)))]
    return ReleveTable(
        plot_ids=np.array(table.ids), points=Points(EAST + table.places[:, 0], NORTH + table.places[:, 1], CRS),
        dates=np.array(["2021-06-01"] * (len(table) - 1) + ["2023-07-05"]), groups=None, species=np.array(names),
        cover=csr_array(table.cover), data_type="presence-absence", cover_scale=SCALES["percent"], report=(),
        digests=np.array([hashlib.sha256(row.tobytes()).hexdigest() for row in table.cover]),
    )


def pairs(table: TrainingTable, **changes: Any) -> Pairs:
    """Return plots as paired with an image."""
    points, patch, count = releves(table).points, LATTICE.patch(PATCH_M), len(table)
    row, col, offset = LATTICE.node_of(points, patch)
    vectors = table.vectors if table.environment is None else np.hstack([table.vectors, table.environment])
    made = Pairs(
        plots=np.arange(count), rows=row, cols=col, offset_m=offset, vectors=vectors, seen=np.ones(count, np.float32),
        points=points, lattice=LATTICE, patch=patch, encoder=ENCODER, dropped=[], scene=np.zeros(count, np.int64),
        lattices=(LATTICE,), flagged=[],
    )
    return dataclasses.replace(made, **changes)


class _Imagery:
    identity = "0" * 64


def trained(
    path: Path, table: TrainingTable, asked: str = "botaclip", *, head: str = "linear", init: Parent | None = None,
    locations: str = "exact", encoder: Encoder | None = None, extra: ReleveTable | None = None,
    progress: Progress = SILENT, **options: Any,
) -> tuple[Model, ModelParts, Protocol]:
    """Train and write a model; returns it as read again, its parts, and how it was trained."""
    start = None if init is None else init.start(releves(table), pairs(table))
    how = protocol(asked, head=head, start=start)
    parameters = {
        "plot_locations": locations, "raster": "image.tif", "releves": "releves.csv", "random_state": 1, **options
    }
    if extra is not None:
        table = dataclasses.replace(table, extra=extra.cover)
    joined = pairs(table) if encoder is None else pairs(table, encoder=encoder)
    parts = model_parts(
        table, releves(table), joined, _Imagery(), how, parameters, {},  # type: ignore[arg-type]
        environment=() if table.environment is None else LAYERS[: table.environment.shape[1]], init=init,
        extra=extra, progress=progress,
    )  # fmt: skip
    return Model(ModelFile.write(path, parts.metadata, parts.parts, overwrite=True)), parts, how
