"""What has changed between two dates of imagery, beyond what light and season make of places that have not.

One model looks at both dates, node by node on one lattice. Its suitabilities and vectors differ everywhere a little:
another sun, another week of the year, another camera. How much is measured on places that are taken to be stable; only
what goes beyond that is called change.
"""

from __future__ import annotations

import dataclasses
import math
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from botaclip.core.applied_imagery import AppliedImagery, imagery_for
from botaclip.core.area import Area
from botaclip.core.errors import OptionError, RasterError
from botaclip.core.imagery import Imagery
from botaclip.core.lattice_imagery import LatticeImagery
from botaclip.core.map_job import Seen, make_map, model_for_map
from botaclip.core.model import Model
from botaclip.core.paired_source import PairedImagery
from botaclip.core.places import same_crs
from botaclip.core.progress import SILENT, Progress
from botaclip.core.raster_output import Block
from botaclip.core.raster_style import BROWN_GREEN, qml_suitability
from botaclip.core.scene_maps import MapKind

Floats = NDArray[np.floating]

# Nodes that the noise is measured on, and the fewest that tell anything.
SAMPLED, FEWEST = 400, 30
# Rounds of drawing until enough are found: the dates may share a part of the area only.
_ROUNDS = 12
# Beyond this ratio of pixel sizes two images of one day differ everywhere.
_OTHER_PIXEL = 1.2
# A normal deviation's two-sided 95 %, and what makes a median absolute deviation a standard deviation.
_TWO_SIDED, _NORMAL = 1.96, 1.4826
_SHARE = 0.95
# What rounding alone may differ by: the root of a distance, a suitability.
_LEAST_ROOT, _LEAST = 1e-3, 1e-5

_MEANING = (
    "How far two dates of imagery differ in one model's eyes: of the vectors the cosine distance, of each species the "
    "difference of suitability, later less earlier; and for each whether that is beyond what light and season make of "
    "stable places: -1 less, 0 within noise, 1 more."
)


@dataclasses.dataclass(frozen=True)
class NoiseFloor:
    """How far apart stable places are on two dates.

    Parameters
    ----------
    shift
        What all of them have changed by (K,): taken off before anything is called change.
    floor
        How far from it 95 % of stable places lie (K,).
    places
        How many were looked at.
    known
        Whether they are known to be stable (``--stable``), or the middle half of all places is taken to be.
    """

    shift: Floats
    floor: Floats
    places: int
    known: bool

    @classmethod
    def of(cls, differences: Floats, *, known: bool) -> NoiseFloor:
        """Measure differences (N, K) of stable places, or (``known`` false) of any places, most of which are stable.

        Of any places the median is the shift and the spread is that of the middle half (1.4826 times the median
        absolute deviation), which what has really changed hardly moves while it is less than half of the land.

        Raises
        ------
        OptionError
            There are fewer than 30 places.
        """
        seen = differences[np.isfinite(differences).all(axis=1)]
        if len(seen) < FEWEST:
            raise OptionError(
                f"only {len(seen)} places are seen on both dates{' in the polygons of --stable' if known else ''}, "
                f"{FEWEST} at least are needed to tell change from noise",
                remedy="name larger stable areas" if known else "limit the map with --extent to where both dates have "
                "an image, or choose a smaller --stride",
            )  # fmt: skip
        shift = np.median(seen, axis=0)
        gap = np.abs(seen - shift)
        # The rank that one more place of the same kind stays within in 95 of 100 cases, whatever the distribution.
        rank = math.ceil(_SHARE * (len(seen) + 1)) - 1
        floor = np.sort(gap, axis=0)[rank] if known else _TWO_SIDED * _NORMAL * np.median(gap, axis=0)
        least = np.where(np.arange(floor.size) == 0, _LEAST_ROOT, _LEAST)
        return cls(shift, np.maximum(floor, least), len(seen), known)

    @property
    def said(self) -> list[tuple[float, float]]:
        """Shift and floor of each, of the cosine distance as a distance: what stable places do not exceed."""
        rest = list(zip(self.shift[1:].tolist(), self.floor[1:].tolist(), strict=True))
        return [(float(self.shift[0]) ** 2, float(self.shift[0] + self.floor[0]) ** 2), *rest]

    def beyond(self, differences: Floats) -> NDArray[np.float32]:
        """Return -1, 0 or 1 (N, K): below, within or above what noise explains."""
        off = differences - self.shift
        return np.where(np.abs(off) > self.floor, np.sign(off), 0.0).astype(np.float32)


def change(parameters: dict[str, Any], progress: Progress) -> dict[str, Any]:
    """Run ``botaclip change``; see the option table for the parameters.

    Returns
    -------
    dict
        What :func:`~botaclip.core.scene_maps.make_maps` returns, ``shift`` and ``floor`` by band, ``places``.

    Raises
    ------
    RasterError
        The earlier imagery cannot be opened, or has other scenes than the later one.
    OptionError
        The dates have too few places in common.
    """
    model = model_for_map(parameters)
    chosen = model.choose(parameters["species"])
    names = names_of(model, chosen)
    measured: list[NoiseFloor] = []

    def kind_of(paired: Seen) -> MapKind:
        assert isinstance(paired, AppliedImagery)
        progress.update(0.05, "measuring what stable places differ by")
        asked = _stable_areas(paired, parameters)
        known = bool(parameters.get("stable"))
        noise = NoiseFloor.of(sampled(paired, asked, chosen, parameters["random_state"]), known=known)
        measured.append(noise)
        distance, furthest = noise.said[0]
        progress.info(f"Cosine distance: {distance:.3g} in the middle of stable places, up to {furthest:.3g} in 95 %.")
        for name, (shift, floor) in zip(names[1:], noise.said[1:], strict=True):
            progress.info(f"{name}: stable places differ by {shift:+.3f}, 95 % of them within {floor:.3f} of that.")
        return change_of(paired, chosen, noise)

    made = make_map(
        "change", parameters, kind_of, progress, model=model,
        view=lambda later: with_earlier(later, model, parameters["earlier"], parameters.get("bands"), progress),
    )
    (noise,) = measured
    return made | {
        "shift": dict(zip(names, (shift for shift, _ in noise.said), strict=True)),
        "floor": dict(zip(names, (floor for _, floor in noise.said), strict=True)), "places": noise.places,
    }  # fmt: skip


def _stable_areas(paired: AppliedImagery, parameters: dict[str, Any]) -> dict[int, Area]:
    """Return the nodes in the polygons of ``--stable``; where none are named, those of the map."""
    stable, stride_m = parameters.get("stable"), parameters.get("stride")
    if not stable:
        return paired.areas(stride_m=stride_m, extent=parameters.get("extent"), mask=parameters.get("mask"))
    try:
        return paired.areas(stride_m=stride_m, extent=None, mask=stable)
    except OptionError as error:
        raise OptionError(
            "no pixel of the map lies in its polygons", where=f"--stable {stable}",
            remedy="name polygons on the raster, or a smaller --stride",
        ) from error  # fmt: skip


def with_earlier(
    later: AppliedImagery, model: Model, raster: str | Path, bands: str | None, progress: Progress = SILENT
) -> AppliedImagery:
    """Return the imagery of both dates: each earlier scene read on its later one's lattice.

    Raises
    ------
    RasterError
        The two dates have not the same scenes.
    """
    earlier = imagery_for(model, raster, bands=bands)
    _check_alike(later.imagery, earlier)
    for now, before in zip(later.imagery.scenes, earlier.scenes, strict=True):
        ratio = before.pixel_size_m / now.pixel_size_m
        if max(ratio, 1.0 / ratio) > _OTHER_PIXEL:
            progress.warning(
                f"The earlier image has pixels of {before.pixel_size_m:.3g} m, the later one of "
                f"{now.pixel_size_m:.3g} m: they differ everywhere by sharpness alone, and change may be hidden or "
                "made up by that. Resample the finer one to the coarser one's pixels first."
            )
            break
    if any(not same_crs(a.crs_wkt, b.crs_wkt) for a, b in zip(later.imagery.scenes, earlier.scenes, strict=True)):
        progress.warning("The two dates are in different CRSs: the earlier one is resampled, which by itself differs.")
    layout = later.layout
    beside = LatticeImagery(earlier, layout.encoder, layout.lattice, layout.lattices, layout.environment)
    both = PairedImagery(
        layout.imagery, layout.encoder, layout.lattice, layout.lattices, layout.environment, earlier=beside
    )
    return AppliedImagery(model, both, later.device, later.workers)


def _check_alike(later: Imagery, earlier: Imagery) -> None:
    if len(later.scenes) != len(earlier.scenes):
        raise RasterError(
            f"it has {len(earlier.scenes)} scenes, the later imagery {len(later.scenes)}", where=earlier.name,
            remedy="give two rasters, or two folders with the same scenes",
        )  # fmt: skip
    if not later.single and later.scene_names != earlier.scene_names:
        other = next(b for a, b in zip(later.scene_names, earlier.scene_names, strict=True) if a != b)
        raise RasterError(f"its scene {other} is none of the later imagery", where=earlier.name,
                          remedy="give the scenes of both dates the same names")  # fmt: skip


def names_of(model: Model, chosen: list[int]) -> list[str]:
    """Return what is compared, in the order of the bands: the vectors, then the species."""
    return ["cosine distance", *(model.species[index] for index in chosen)]


def differences(model: Model, chosen: list[int], vectors: Floats) -> NDArray[np.float32]:
    """Return the root of the cosine distance, and differences of suitability, later less earlier (N, 1 + S).

    The root, for distances of stable places lie skew about their middle, and their roots do not.

    Parameters
    ----------
    model, chosen
        The model, and which species.
    vectors
        Raw ones of both dates (N, 2 D).
    """
    width = vectors.shape[1] // 2
    (now, here), (before, there) = (
        model.adapt(np.ascontiguousarray(part)) for part in (vectors[:, :width], vectors[:, width:])
    )
    distance = 1.0 - np.einsum("nd,nd->n", here.astype(np.float64), there.astype(np.float64))
    gap = model.suitability(now)[:, chosen] - model.suitability(before)[:, chosen]
    return np.column_stack([np.sqrt(distance.clip(0.0, 2.0)), gap]).astype(np.float32)


def change_of(applied: AppliedImagery, chosen: list[int], noise: NoiseFloor) -> MapKind:
    """Return the map: for the vectors and every species how far the dates differ, and whether beyond noise."""
    model, names = applied.model, names_of(applied.model, chosen)
    assert isinstance(applied.layout, PairedImagery) and applied.layout.earlier is not None
    earlier = applied.layout.earlier.imagery

    def compute(vectors: NDArray[np.float32]) -> tuple[NDArray[np.float32], int]:
        found = differences(model, chosen, vectors)
        beyond = noise.beyond(found)
        # Places more alike than stable ones are have not changed.
        found[:, 0], beyond[:, 0] = np.square(found[:, 0]), beyond[:, 0].clip(0.0)
        return np.stack([found, beyond], axis=2).reshape(len(found), -1), 0

    how = "polygons known to be stable" if noise.known else "the middle half of all places"
    tags = {
        "BOTACLIP_EARLIER": earlier.identity, "BOTACLIP_EARLIER_RASTER": earlier.name,
        "BOTACLIP_NOISE_FROM": f"{noise.places} places, {how}",
    }  # fmt: skip
    band_tags: list[dict[str, str]] = []
    for name, (shift, floor) in zip(names, noise.said, strict=True):
        species = {} if name == names[0] else {"BOTACLIP_CHANGE_OF": name}
        told = {"BOTACLIP_SHIFT": repr(float(shift)), "BOTACLIP_NOISE_FLOOR": repr(float(floor))}
        band_tags += [species | told, species | told]
    words = [words for name in names for words in (
        name if name == names[0] else f"{name}, difference", f"{name}, change beyond noise"
    )]  # fmt: skip
    return MapKind(
        name="change", bands=tuple(words), compute=compute, tags=tags, band_tags=band_tags,
        style=style_of(noise, chosen), meaning=_MEANING,
    )


def style_of(noise: NoiseFloor, chosen: list[int]) -> str:
    """Return the style: of one species its difference, brown for less and green for more; else the cosine distance."""
    if len(chosen) == 1:
        shift, floor = noise.said[1]
        width = min(1.0, max(3.0 * floor, 0.1))
        return qml_suitability(
            3, low=shift - width, high=shift + width, colours=BROWN_GREEN,
            low_label=f"{shift - width:+.2g}: less suitable than before",
            high_label=f"{shift + width:+.2g}: more suitable (noise {shift:+.2g} ± {floor:.2g})",
        )
    high = max(3.0 * noise.said[0][1], 1e-3)
    return qml_suitability(
        low=0.0, high=high, low_label="0: as before",
        high_label=f"{high:.2g} or more: changed (noise up to {noise.said[0][1]:.2g})",
    )


def sampled(applied: AppliedImagery, areas: dict[int, Area], chosen: list[int], seed: int) -> NDArray[np.float32]:
    """Return the differences (N, 1 + S) at up to 400 nodes that both dates see, drawn over all of the areas alike.

    The nodes of all scenes, block by block, are cut into as many equal parts as nodes are wanted, and one is drawn of
    each part: so every stretch of land counts by its size, and which land the noise is measured on hardly depends on
    the seed. Where a date does not see a node, others are drawn.
    """
    rng = np.random.default_rng(seed)
    places = [
        (number, block, _count_inside(area, block)) for number, area in areas.items()
        for block in applied.scene(number).blocks(area)
    ]  # fmt: skip
    ends = np.cumsum([count for _, _, count in places])
    total = int(ends[-1]) if len(ends) else 0
    found: list[NDArray[np.float32]] = []
    tried, seen = np.zeros(0, np.int64), 0
    for _ in range(_ROUNDS):
        # As many more as are likely to be needed, by the share seen so far.
        share = max(seen, 1) / len(tried) if len(tried) else 1.0
        drawn = np.setdiff1d(_spread(total, rng, math.ceil((SAMPLED - seen) / share)), tried)
        tried = np.union1d(tried, drawn)
        of = np.searchsorted(ends, drawn, side="right")
        for index in np.unique(of).tolist():
            number, block, count = places[index]
            vectors = _vectors_in(applied, number, areas[number], block, drawn[of == index] - (ends[index] - count))
            if len(vectors):
                found.append(differences(applied.model, chosen, vectors))
                seen += len(vectors)
        if seen >= SAMPLED or len(tried) == total:
            break
    every = np.concatenate(found) if found else np.zeros((0, 1 + len(chosen)), np.float32)
    return every[rng.permutation(len(every))[:SAMPLED]]


def _spread(total: int, rng: np.random.Generator, wanted: int) -> NDArray[np.int64]:
    """Return numbers below ``total``, one drawn in each of up to 400 equal parts; of ``wanted`` parts where fewer."""
    parts = min(SAMPLED, total)
    chosen = np.arange(parts) if wanted >= parts else rng.choice(parts, wanted, replace=False)
    return (((chosen + rng.random(len(chosen))) * total / max(parts, 1)).astype(np.int64)).clip(max=max(total - 1, 0))


def _count_inside(area: Area, block: Block) -> int:
    if area.rings is None:
        return block.height * block.width
    return int(area.inside(block.row, block.col, block.height, block.width).sum())


def _vectors_in(
    applied: AppliedImagery, number: int, area: Area, block: Block, which: NDArray[np.int64]
) -> NDArray[np.float32]:
    """Return the vectors of both dates (N, 2 D) at some of a block's nodes inside the area, those that are seen."""
    rows, cols = np.nonzero(area.inside(block.row, block.col, block.height, block.width))
    down = area.row + (block.row + rows[which]) * area.step
    across = area.col + (block.col + cols[which]) * area.step
    vectors, _ = applied.scene(number).cells.patches(down, across, area.patch)
    return vectors[np.isfinite(vectors).all(axis=1)]
