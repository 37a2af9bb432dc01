"""Pairing every relevé with the patch of image around it."""

from __future__ import annotations

import collections
import dataclasses
import hashlib
import json
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from botaclip.core.encoders.encoder import Encoder
from botaclip.core.errors import PairingError
from botaclip.core.lattice import Lattice, PatchSpec
from botaclip.core.lattice_imagery import LatticeImagery
from botaclip.core.pairing_rules import BLURRED, NOT_SURVEYED, TOO_FAR, UNCERTAIN, PairingRules
from botaclip.core.pixel_window import SEEN_PATCH
from botaclip.core.places import Points, same_crs
from botaclip.core.progress import SILENT, Progress
from botaclip.core.rasters import RasterSource
from botaclip.core.releves import ReleveTable
from botaclip.core.vector_cache import cache_path, load_vectors, save_vectors

OUTSIDE = "outside the raster"
UNSEEN = f"less than {SEEN_PATCH:.0%} of the patch has image data"
UNSEEN_WITH_ENVIRONMENT = f"less than {SEEN_PATCH:.0%} of the patch has image data and environment values"
DUPLICATE = "the same relevé at the same place as another plot"

# What helps against each reason, by how it begins.
_REMEDIES = {
    OUTSIDE: "check the CRS of the plots and that they lie inside the raster",
    UNSEEN_WITH_ENVIRONMENT: "choose a smaller --patch-size, and see that image and rasters cover the plots",
    UNSEEN: "choose a smaller --patch-size, and see that the image has data where the plots are",
    UNCERTAIN: "bring more exact places or choose a larger --patch-size",
    BLURRED: "bring the exact places of the plots",
    NOT_SURVEYED: "check that the plots and their relevés go by the same names, and --date-field",
    DUPLICATE: "check that each relevé stands at its own place",
    TOO_FAR: "check --image-date, --date-tolerance",
}  # fmt: skip

Indexes = NDArray[np.int64]


@dataclasses.dataclass(frozen=True)
class Pairs:
    """Plots that have both a relevé and an image patch.

    Parameters
    ----------
    plots
        Their indexes in the relevé table (M,).
    rows, cols
        Node of each patch (M,) on the lattice of its scene.
    offset_m
        Distance from the plot to the centre of its patch (M,).
    vectors
        Raw frozen vector of each patch (M, D + P) float32, not standardised: the image's, then the values of the
        environment rasters.
    seen
        Share of valid pixels in each patch (M,).
    points
        The plots' own places (M): in the lattices' CRS where they share one, otherwise in degrees (EPSG:4326).
    lattice, patch
        The reference lattice, and how large patches are.
    encoder
        What made the vectors.
    dropped
        ``{"plot", "reason"}`` of every plot that was left out.
    scene
        Index of the scene that each patch lies in (M,).
    lattices
        The lattice of each scene.
    flagged
        ``{"plot", "reason"}`` of plots that were kept although something speaks against them.
    """

    plots: Indexes
    rows: Indexes
    cols: Indexes
    offset_m: NDArray[np.float64]
    vectors: NDArray[np.float32]
    seen: NDArray[np.float32]
    points: Points
    lattice: Lattice
    patch: PatchSpec
    encoder: Encoder
    dropped: list[dict[str, str]]
    scene: Indexes
    lattices: tuple[Lattice, ...]
    flagged: list[dict[str, str]]

    def __len__(self) -> int:
        return len(self.plots)

    @property
    def field_m(self) -> float:
        """Width of what a cell's vector sees, in metres: the cell and the encoder's reach on both sides."""
        return (self.encoder.stride_px + 2 * self.encoder.reach_px) * self.lattice.pixel_m

    @property
    def image_vectors(self) -> NDArray[np.float32]:
        """The image's part of the vectors (M, D)."""
        return self.vectors[:, : self.encoder.dimension]

    @property
    def environment(self) -> NDArray[np.float32] | None:
        """Values of the environment rasters (M, P); None without such rasters."""
        values = self.vectors[:, self.encoder.dimension :]
        return values if values.shape[1] else None

    @property
    def one_crs(self) -> bool:
        """Whether the lattices of all scenes share one CRS."""
        return all(same_crs(lattice.crs_wkt, self.lattice.crs_wkt) for lattice in self.lattices)

    @property
    def dropped_counts(self) -> dict[str, int]:
        """Number of plots left out, by reason."""
        return dict(collections.Counter(drop["reason"] for drop in self.dropped))

    @property
    def flagged_counts(self) -> dict[str, int]:
        """Number of plots kept although something speaks against them, by reason."""
        return dict(collections.Counter(flag["reason"] for flag in self.flagged))


@dataclasses.dataclass(frozen=True)
class _Visits:
    """Plots in the scenes they lie in, a row for each plot and scene: plots ascending, each one's scenes in order."""

    plot: Indexes
    scene: Indexes
    row: Indexes
    col: Indexes
    offset_m: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.plot)

    def take(self, index: NDArray[np.bool_] | Indexes) -> _Visits:
        return _Visits(**{field.name: getattr(self, field.name)[index] for field in dataclasses.fields(self)})


def inside(source: RasterSource, points: Points) -> NDArray[np.bool_]:
    """Return whether each place lies in a tile of the raster (N,)."""
    placed = points.to(source.crs_wkt)
    result = np.zeros(len(points), bool)
    for tile in source.tiles:
        inverse = ~tile.transform
        col = inverse.a * placed.x + inverse.b * placed.y + inverse.c
        row = inverse.d * placed.x + inverse.e * placed.y + inverse.f
        result |= (col >= 0) & (col < tile.width) & (row >= 0) & (row < tile.height)
    return result


def remedy(dropped: Mapping[str, int]) -> str:
    """Return what helps against the reason for which most plots were left out; ``dropped`` counts them by reason."""
    reason = max(dropped, key=lambda reason: dropped[reason], default="")
    return next((words for begins, words in _REMEDIES.items() if reason.startswith(begins)), "bring more relevés")


def pair(
    table: ReleveTable, imagery: LatticeImagery, patch: PatchSpec, rules: PairingRules, progress: Progress = SILENT
) -> Pairs:
    """Give every plot the frozen vector of the patch around it.

    A plot goes to the first scene that holds it and in which at least 75 % of its patch is seen.

    Parameters
    ----------
    table
        The relevés.
    imagery
        The scenes on their lattices, and what turns them into vectors.
    patch
        How large patches are.
    rules
        What is asked of a plot besides lying in the image.

    Raises
    ------
    PairingError
        No plot meets the image; the message says why.
    OptionError
        A tolerance of dates is given, and no plot has a date.
    """
    pairs = pair_any(table, imagery, patch, rules, progress)
    if not len(pairs):
        raise none_meets(table, imagery, pairs)
    return pairs


def none_meets(table: ReleveTable, imagery: LatticeImagery, pairs: Pairs) -> PairingError:
    """Return the error of relevés of which no plot can be used."""
    return PairingError(
        f"none of the {len(table)} plots meets the image ("
        + ", ".join(f"{count} {reason}" for reason, count in pairs.dropped_counts.items()) + ")",
        where=imagery.imagery.name, remedy=remedy(pairs.dropped_counts),
    )


def pair_any(
    table: ReleveTable, imagery: LatticeImagery, patch: PatchSpec, rules: PairingRules, progress: Progress = SILENT
) -> Pairs:
    """Do as :func:`pair`, also where no plot is left: what became of each is worth knowing then, too.

    Raises
    ------
    OptionError
        A tolerance of dates is given, and no plot has a date.
    """
    rules.check_dates(table, progress)
    reasons = rules.dropped(table)
    visits = _visits(table.points, imagery, patch, np.flatnonzero(reasons == ""))
    met_image = np.zeros(len(table), bool)
    met_image[visits.plot] = True
    reasons[(reasons == "") & ~met_image] = OUTSIDE
    duplicate = _duplicates(table, visits)
    reasons[duplicate] = DUPLICATE
    visits = visits.take(~np.isin(visits.plot, duplicate))

    vectors, seen = _vectors(imagery, patch, visits, progress)
    enough = np.isfinite(vectors).all(axis=1)
    reasons[visits.plot] = UNSEEN if imagery.environment is None else UNSEEN_WITH_ENVIRONMENT
    reasons[visits.plot[enough]] = ""
    good = np.flatnonzero(enough)
    first = good[np.unique(visits.plot[good], return_index=True)[1]]
    kept = visits.take(first)
    pairs = Pairs(
        plots=kept.plot, rows=kept.row, cols=kept.col, offset_m=kept.offset_m, vectors=vectors[first],
        seen=seen[first], points=_points(table.points[kept.plot], imagery), lattice=imagery.lattice, patch=patch,
        encoder=imagery.encoder,
        dropped=[
            {"plot": str(table.plot_ids[index]), "reason": str(reasons[index])}
            for index in np.flatnonzero(reasons != "")
        ],
        scene=kept.scene, lattices=imagery.lattices, flagged=rules.flagged(table.take(kept.plot)),
    )  # fmt: skip
    for reason, count in pairs.dropped_counts.items():
        progress.info(f"{count} of {len(table)} plots were left out: {reason}.")
    for reason, count in pairs.flagged_counts.items():
        progress.warning(f"{count} of {len(pairs)} plots were kept although they are doubtful: {reason}.")
    return pairs


def _visits(points: Points, imagery: LatticeImagery, patch: PatchSpec, usable: Indexes) -> _Visits:
    """Find the scenes that each usable plot lies in, and its node there."""
    placed: dict[str, Points] = {}  # a projection of many plots is worth doing once a CRS, not once a scene
    found = []
    for number, (scene, lattice) in enumerate(zip(imagery.scenes, imagery.lattices, strict=True)):
        if scene.crs_wkt not in placed:
            placed[scene.crs_wkt] = points.to(scene.crs_wkt)
        here = placed[scene.crs_wkt]
        west, south, east, north = scene.bounds
        near = usable[
            (here.x[usable] >= west) & (here.x[usable] <= east) & (here.y[usable] >= south) & (here.y[usable] <= north)
        ]
        held = near[inside(scene, here[near])] if len(near) else near
        if len(held):
            row, col, offset_m = lattice.node_of(points[held], patch)
            found.append(_Visits(held, np.full(len(held), number), row, col, offset_m))
    if not found:
        none = np.zeros(0, np.int64)
        return _Visits(none, none, none, none, np.zeros(0))
    every = _Visits(
        **{
            field.name: np.concatenate([getattr(visits, field.name) for visits in found])
            for field in dataclasses.fields(_Visits)
        }
    )
    return every.take(np.lexsort((every.scene, every.plot)))


def _duplicates(table: ReleveTable, visits: _Visits) -> Indexes:
    """Return the plots whose relevé an earlier plot has at the same node of the first scene that holds it."""
    met = set()
    found = []
    for index in np.unique(visits.plot, return_index=True)[1]:
        plot = visits.plot[index]
        place = (int(visits.scene[index]), int(visits.row[index]), int(visits.col[index]), str(table.digests[plot]))
        if place in met:
            found.append(plot)
        met.add(place)
    return np.array(found, np.int64)


def _points(points: Points, imagery: LatticeImagery) -> Points:
    reference = imagery.lattice.crs_wkt
    shared = all(same_crs(lattice.crs_wkt, reference) for lattice in imagery.lattices)
    return points.to(reference if shared else "EPSG:4326")


def _vectors(
    imagery: LatticeImagery, patch: PatchSpec, visits: _Visits, progress: Progress
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return the vectors (V, D + P) and shares of valid pixels (V,) of visits, from the cache where they are kept."""
    vectors = np.zeros((len(visits), imagery.dimension), np.float32)
    seen = np.zeros(len(visits), np.float32)
    if not len(visits):
        return vectors, seen
    path = cache_path(encoder=imagery.encoder.identity, raster=_identity(imagery, visits), lattice=imagery.lattice,
                      patch=patch, rows=visits.row, cols=visits.col)  # fmt: skip
    kept = load_vectors(path)
    if kept is not None and kept[0].shape == vectors.shape:
        progress.info(f"Image vectors of {len(visits)} plots were taken from the cache ({path.parent}).")
        return kept
    scenes = np.unique(visits.scene)
    for done, number in enumerate(scenes):
        there = np.flatnonzero(visits.scene == number)
        stage = progress.stage(done / len(scenes), (done + 1) / len(scenes))
        with imagery.cells(int(number)) as cells:
            vectors[there], seen[there] = cells.patches(visits.row[there], visits.col[there], patch, progress=stage)
    save_vectors(path, vectors, seen)
    return vectors, seen


def _identity(imagery: LatticeImagery, visits: _Visits) -> str:
    """Return what the vectors come from besides the reference lattice and the nodes."""
    if len(imagery.scenes) == 1 and imagery.lattices[0] == imagery.lattice:
        return imagery.identity
    lattices = json.dumps([lattice.to_json() for lattice in imagery.lattices], sort_keys=True)
    digest = hashlib.sha256(lattices.encode() + visits.scene.astype("<i8").tobytes()).hexdigest()
    return f"{imagery.identity} {digest}"
