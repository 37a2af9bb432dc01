"""Plots of a synthetic landscape with patches rendered on the fly: no raster is ever written.

A landscape large enough for 16,000 plots would be 24 x 24 km at 1 m, of which the plots see a quarter. Here the
ordinary lattice function reads its windows from the renderer instead of a file, each window as the encoder asks for it
(its margin included), so vectors are those of the ordinary pairing (``tests/test_landscape_plots.py``).
Relevés, animals, soil and the truth come from the same survey that ``botaclip demo-data`` writes. All of it is kept in
one file per landscape, so that a second run only fits.
"""

from __future__ import annotations

import dataclasses
import json
import os
from pathlib import Path

from checkout import register

register()

import numpy as np  # noqa: E402
from affine import Affine  # noqa: E402
from numpy.typing import NDArray  # noqa: E402
from safetensors import SafetensorError  # noqa: E402
from safetensors.numpy import load, save_file  # noqa: E402

from botaclip.core.cover_tables import SCALES  # noqa: E402
from botaclip.core.demo_landscape import COVER_CODES, Landscape, PixelWindow, Survey, sample_survey  # noqa: E402
from botaclip.core.demo_landscape.files import BANDS, GENERATOR_VERSION  # noqa: E402
from botaclip.core.demo_landscape.geometry import PATCH_M  # noqa: E402
from botaclip.core.encoders import opening  # noqa: E402
from botaclip.core.lattice import Lattice  # noqa: E402
from botaclip.core.places import Points, parse_crs  # noqa: E402
from botaclip.core.progress import SILENT, Progress  # noqa: E402
from botaclip.core.rasters import RasterSource, Tile, pixel_vectors_m  # noqa: E402
from botaclip.core.unfinished import unfinished  # noqa: E402
from botaclip.core.vector_source import lattice_for, on_lattice, vector_source  # noqa: E402
from botaclip.training.training_table import TrainingTable  # noqa: E402

Floats = NDArray[np.floating]
Index = NDArray[np.integer]

# 36 square kilometres to 1,000 plots: a larger survey covers more land as densely, as a larger survey would.
SIDES_M = {1000: 6_000.0, 4_000: 12_000.0, 16_000: 24_000.0}
FORMAT = 1


class RenderedPhotograph:
    """A landscape's photograph on a lattice: what :class:`~botaclip.core.lattice_reader.LatticeReader` is to a file.

    Parameters
    ----------
    landscape
        What is rendered.
    lattice
        Of the photograph's own pixels; None where it is to be laid first (``source`` describes the photograph).
    """

    plain = True

    def __init__(self, landscape: Landscape, lattice: Lattice | None = None) -> None:
        self.landscape = landscape
        self.source = _source(landscape)
        self._lattice = lattice

    @property
    def lattice(self) -> Lattice:
        """The grid."""
        assert self._lattice is not None
        return self._lattice

    def on(self, lattice: Lattice) -> RenderedPhotograph:
        """Return the photograph on a lattice.

        Raises
        ------
        ValueError
            The lattice's pixels are not the photograph's.
        """
        origin = (self.landscape.x_min_m, self.landscape.y_max_m)
        if (lattice.origin_x, lattice.origin_y) != origin or lattice.pixel_m != 1.0:
            raise ValueError("the photograph is rendered at its own pixels only")
        return RenderedPhotograph(self.landscape, lattice)

    def bounds_px(self) -> tuple[int, int, int, int]:
        """Return the pixels of the photograph: row, column, row after, column after."""
        return 0, 0, self.landscape.size_px, self.landscape.size_px

    def read(
        self, row_px: int, col_px: int, height: int, width: int
    ) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """Return pixels (4, h, w), 0 where there are none, and which are valid (h, w)."""
        window = PixelWindow(column=int(col_px), row=int(row_px), width=width, height=height)
        pixels = self.landscape.render(window)
        return pixels.astype(np.float32), pixels.any(axis=0)


def _source(landscape: Landscape) -> RasterSource:
    """Describe the photograph as if it were one file."""
    wkt, size = parse_crs(landscape.crs).to_wkt(), landscape.size_px
    transform = Affine(1.0, 0.0, landscape.x_min_m, 0.0, -1.0, landscape.y_max_m)
    bounds = (landscape.x_min_m, landscape.y_max_m - size, landscape.x_min_m + size, landscape.y_max_m)
    column, row = pixel_vectors_m(
        transform, wkt, centre_x=(bounds[0] + bounds[2]) / 2, centre_y=(bounds[1] + bounds[3]) / 2
    )
    return RasterSource(
        name=f"landscape {landscape.seed}", tiles=(Tile("", transform, size, size, (0.0,) * len(BANDS)),),
        crs_wkt=wkt, dtype="uint8", nodata=0.0,
        pixel_size_m=float(np.sqrt(abs(column[0] * row[1] - column[1] * row[0]))), roles=BANDS,
        band_indexes=tuple(range(1, len(BANDS) + 1)),
        identity=f"landscape {landscape.seed} {size} {GENERATOR_VERSION}", bounds=bounds, descriptions=BANDS,
    )  # fmt: skip


@dataclasses.dataclass(frozen=True)
class LandscapePlots:
    """A survey of a landscape with the frozen vectors of its patches; plots in random order.

    Parameters
    ----------
    seed
        Which landscape.
    field_m
        Width of what a cell's vector sees.
    ids
        Plot names (N,).
    places
        Easting and northing in metres (N, 2).
    vectors
        Raw frozen vectors (N, D).
    cover
        Cover in percent (N, V) of the plants that the survey met, ``plants`` (V,) sorted by name.
    butterflies, soil
        Seen or not (N, 12); reads (N, 51).
    plants, butterfly_names, soil_names
        Names.
    truth, butterfly_truth, soil_truth
        True probability (N, V), (N, 12), and expected reads (N, 51).
    environment
        True environment, means over the patch (N, P).
    """

    seed: int
    field_m: float
    ids: tuple[str, ...]
    places: Floats
    vectors: Floats
    cover: Floats
    butterflies: Floats
    soil: Floats
    plants: tuple[str, ...]
    butterfly_names: tuple[str, ...]
    soil_names: tuple[str, ...]
    truth: Floats
    butterfly_truth: Floats
    soil_truth: Floats
    environment: Floats

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def touching_m(self) -> float:
        """Distance from which the patches of two plots share no pixel, the encoder's surroundings included."""
        return PATCH_M + self.field_m

    def take(self, index: Index) -> LandscapePlots:
        """Return the plots of ``index``, in that order."""
        rows = {name: getattr(self, name)[index] for name in _ARRAYS}
        return dataclasses.replace(self, ids=tuple(self.ids[i] for i in index), **rows)

    def first(self, count: int) -> LandscapePlots:
        """Return the first plots: as they come in random order, a random part of the survey."""
        return self.take(np.arange(min(count, len(self))))

    def training_table(self, *, min_presences: int = 20) -> TrainingTable:
        """Return what the ordinary pairing would have: plants with enough presences, and not everywhere, as targets."""
        count = (self.cover > 0).sum(axis=0)
        targets = np.flatnonzero((count >= min_presences) & (count < len(self)))
        return TrainingTable(
            ids=self.ids, places=self.places, vectors=self.vectors, cover=self.cover,
            presence=(self.cover[:, targets] > 0).astype(np.float32),
            species=tuple(self.plants[i] for i in targets), truth=self.truth[:, targets],
            columns=tuple(int(i) for i in targets),
        )

    @property
    def environment_features(self) -> Floats:
        """The true environment with squares and products (N, F): what a head would know if it knew the gradients."""
        values = (self.environment - self.environment.mean(axis=0)) / np.maximum(self.environment.std(axis=0), 1e-6)
        rows, cols = np.triu_indices(values.shape[1])
        return np.hstack([values, values[:, rows] * values[:, cols]]).astype(np.float32)


_ARRAYS = (
    "places", "vectors", "cover", "butterflies", "soil", "truth", "butterfly_truth", "soil_truth", "environment",
)
_NAMES = ("ids", "plants", "butterfly_names", "soil_names")


def survey_size(plots: int) -> int:
    """Return the size of the survey that a study of so many plots takes its first plots from."""
    return next((size for size in SIDES_M if plots <= size), plots)


def landscape_plots(
    seed: int, plots: int, cache: Path, *, encoder: str | opening.Encoder = "random-conv", side_m: float | None = None,
    progress: Progress = SILENT,
) -> LandscapePlots:
    """Return the survey of one landscape, from the cache where it is kept.

    Parameters
    ----------
    seed
        Which landscape.
    plots
        Size of the survey.
    cache
        Folder; made if missing.
    encoder
        A built-in encoder, or one that looks at ``BANDS`` from 0 to 255.
    side_m
        Side of the landscape; None: as dense as 1,000 plots on 36 square kilometres.
    progress
        Of the rendering.
    """
    side = SIDES_M.get(plots, _side_m(plots)) if side_m is None else side_m
    opened = opening.get(encoder, bands=BANDS, value_range=(0.0, 255.0)) if isinstance(encoder, str) else encoder
    name = f"landscape-{seed}-{plots}-{side:.0f}-{GENERATOR_VERSION}-{FORMAT}-{opened.identity[:12]}.safetensors"
    path = cache / name
    kept = _read(path)
    if kept is not None:
        return kept
    landscape = Landscape(seed, size_m=side)
    survey = sample_survey(landscape, plots)
    made = _look(landscape, survey, opened, progress)
    cache.mkdir(parents=True, exist_ok=True)
    words = {name: json.dumps(getattr(made, name)) for name in _NAMES}
    words |= {"seed": str(seed), "field_m": repr(made.field_m)}
    arrays = {name: np.ascontiguousarray(getattr(made, name)) for name in _ARRAYS}
    with unfinished(path, overwrite=True) as part:
        save_file(arrays, os.fspath(part), metadata=words)
    return made


def _side_m(plots: int) -> float:
    return max(1_000.0, 20.0 * round(6_000.0 * (plots / 1_000) ** 0.5 / 20.0))


def _read(path: Path) -> LandscapePlots | None:
    """Return what was kept; None where nothing was, or the file is damaged."""
    try:
        content = path.read_bytes()
        arrays = load(content)
        size = int.from_bytes(content[:8], "little")
        words = json.loads(content[8 : 8 + size])["__metadata__"]
        names = {name: tuple(json.loads(words[name])) for name in _NAMES}
        return LandscapePlots(
            seed=int(words["seed"]), field_m=float(words["field_m"]), **names, **{n: arrays[n] for n in _ARRAYS}
        )
    except (OSError, SafetensorError, KeyError, ValueError):
        return None


def _look(landscape: Landscape, survey: Survey, encoder: opening.Encoder, progress: Progress) -> LandscapePlots:
    """Render the patch of every plot, encode it, and read the truth at its cell."""
    photograph = RenderedPhotograph(landscape)
    lattice = lattice_for(encoder, photograph.source, PATCH_M)
    patch = lattice.patch(PATCH_M)
    points = Points(x=survey.x, y=survey.y, crs=photograph.source.crs_wkt)
    rows, cols, _ = lattice.node_of(points, patch)
    source = vector_source(photograph.on(lattice), on_lattice(encoder, lattice, PATCH_M))
    vectors, _ = source.patches(rows, cols, patch, progress=progress)
    seen = np.flatnonzero(np.isfinite(vectors).all(axis=1))

    names = np.array([plant.name for plant in landscape.plants])
    scale = SCALES["braun-blanquet"].values
    percent = np.array([0.0, *(scale[code] for code in COVER_CODES)], np.float32)[survey.cover]
    met = np.flatnonzero((survey.cover > 0).any(axis=0))
    met = met[np.argsort(names[met])]
    row, col = landscape.cell_index(x=survey.x, y=survey.y)

    def at(fields: NDArray[np.float32]) -> NDArray[np.float32]:
        return np.ascontiguousarray(fields[:, row, col].T)

    field_m = (encoder.stride_px + 2 * encoder.reach_px) * lattice.pixel_m
    return LandscapePlots(
        seed=landscape.seed, field_m=float(field_m), ids=tuple(survey.plot_id),
        places=np.column_stack([survey.x, survey.y]), vectors=vectors, cover=percent[:, met],
        butterflies=survey.butterflies.astype(np.float32), soil=survey.soil.astype(np.float64),
        plants=tuple(names[met].tolist()),
        butterfly_names=tuple(butterfly.name for butterfly in landscape.butterflies),
        soil_names=tuple(group.name for group in landscape.soil_groups),
        truth=at(landscape.plant_suitability[met]), butterfly_truth=at(landscape.butterfly_suitability),
        soil_truth=at(landscape.soil_abundance), environment=at(np.stack(list(landscape.environment.values()))),
    ).take(seen)  # fmt: skip
