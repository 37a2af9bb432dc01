"""All rasters of a job: one raster, a folder of tiles, or crops that lie far apart and in several CRSs."""

from __future__ import annotations

import dataclasses
import hashlib
import math
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from botaclip.core.places import same_crs
from botaclip.core.raster_profiles import Profile, profile_of
from botaclip.core.rasters import RasterSource, Tile, check_agreement, source_of_profiles, tile_paths, values_range

# Tiles that fill at least this share of their common rectangle are one picture; below, the gaps would be the map.
FILLED = 0.25
SIZE_TOLERANCE = 0.01  # tiles whose pixels differ by more are different pictures
TOUCH_PX = 1.5  # a gap up to this is rounding or a shared border, not a gap

_RASTER_CELLS = 1024  # side of the grid on which the filled share of a rectangle is counted


@dataclasses.dataclass(frozen=True)
class Imagery:
    """The scenes of a job.

    Parameters
    ----------
    name
        The path it was opened by.
    scenes
        Each in one CRS, of one pixel size, its tiles adjoining; each gets a lattice and a map of its own. All have
        the same bands and pixel type. In the order of their first tiles' paths.
    """

    name: str
    scenes: tuple[RasterSource, ...]

    @property
    def single(self) -> bool:
        """Whether all of it is one picture with one map."""
        return len(self.scenes) == 1

    @property
    def roles(self) -> tuple[str, ...]:
        """Bands of every scene."""
        return self.scenes[0].roles

    @property
    def coarsest(self) -> RasterSource:
        """The scene with the largest pixels: what all of them are looked at in (the first of equals).

        Pixels of one size in metres of their CRSs are a little different on the ground, by where in its zone a
        scene lies; within 1 % they count as equal, so that crops of one camera share their first one's pixel.
        """
        largest = max(scene.pixel_size_m for scene in self.scenes)
        return next(scene for scene in self.scenes if scene.pixel_size_m * (1 + SIZE_TOLERANCE) >= largest)

    @property
    def identity(self) -> str:
        """SHA-256 over the identities of the scenes."""
        if self.single:
            return self.scenes[0].identity
        return hashlib.sha256(" ".join(scene.identity for scene in self.scenes).encode()).hexdigest()

    @property
    def scene_names(self) -> tuple[str, ...]:
        """One :func:`scene_name` per scene, numbered where two would be alike (case aside): each can name a file."""
        names = [scene_name(scene) for scene in self.scenes]
        taken = {name.lower() for name in names}
        used: set[str] = set()
        unique: list[str] = []
        for name in names:
            chosen, number = name, 2
            while chosen.lower() in used or (chosen != name and chosen.lower() in taken):
                chosen, number = f"{name}_{number}", number + 1
            used.add(chosen.lower())
            unique.append(chosen)
        return tuple(unique)

    def take(self, roles: Sequence[str]) -> Imagery:
        """Return the scenes with some of their bands only, in the order given (:meth:`RasterSource.take`).

        Raises
        ------
        RasterError
            They have no band of one of the roles.
        """
        if tuple(roles) == self.roles:
            return self
        return dataclasses.replace(self, scenes=tuple(scene.take(roles) for scene in self.scenes))

    def value_range(self) -> tuple[float, float]:
        """Return the values that become 0 and 1 before an encoder sees them, from samples of all scenes together.

        See :meth:`botaclip.core.rasters.RasterSource.value_range`.
        """
        return values_range(self.scenes, name=self.name)

    def describe(self) -> str:
        """Return one sentence on what was found."""
        if self.single:
            return self.scenes[0].describe()
        crss = 1 + sum(
            not any(same_crs(scene.crs_wkt, other.crs_wkt) for other in self.scenes[:i])
            for i, scene in enumerate(self.scenes) if i
        )  # fmt: skip
        return (
            f"{len(self.scenes)} scenes in {crss} coordinate reference {'system' if crss == 1 else 'systems'}, "
            f"the first: {self.scenes[0].describe()}"
        )


def scene_name(scene: RasterSource) -> str:
    """Return the name of a scene, that of its first tile without folder and suffix, fit for a file."""
    return name_for_file(scene.tiles[0].path)


def name_for_file(path: str) -> str:
    """Return the name of a raster without folder and suffix, fit for another file."""
    return re.sub(r'[<>:"/\\|?*\s]+', "_", Path(path).stem).strip("_.") or "scene"


def open_imagery(raster: str | Path, *, bands: str | None = None) -> Imagery:
    """Describe a raster file or a folder of tiles, sorted into scenes, without reading pixels.

    Tiles of one CRS and pixel size (within 1 %) are one scene when they fill at least a quarter of their common
    rectangle. Otherwise every group of tiles that touch or overlap (a gap of up to 1.5 pixels is none) is a scene of
    its own, and nothing fills the gaps between them.

    Parameters
    ----------
    raster
        A file that GDAL reads, or a folder of such files.
    bands
        ``red=1,green=2,...``; None reads the roles from the files.

    Raises
    ------
    UnsupportedRaster
        This environment's GDAL does not know a file's format.
    RasterError
        A file cannot be opened, or the files differ in bands or pixel type; see
        :func:`botaclip.core.rasters.open_raster`.
    """
    profiles = [profile_of(path) for path in tile_paths(raster)]
    choice = check_agreement(profiles, bands)
    groups = [
        group
        for alike in _of_one_crs(profiles)
        for same_size in _of_one_size(alike)
        for group in _scenes_of(same_size)
    ]
    groups.sort(key=lambda group: group[0].path)
    single = len(groups) == 1
    return Imagery(
        str(raster),
        tuple(
            source_of_profiles(group, name=str(raster) if single else group[0].path, choice=choice) for group in groups
        ),
    )


def _of_one_crs(profiles: Sequence[Profile]) -> list[list[Profile]]:
    """Sort files by CRS, whatever words it is written in."""
    written: dict[str, list[Profile]] = {}
    for profile in profiles:
        written.setdefault(profile.crs_wkt, []).append(profile)
    groups: list[list[Profile]] = []
    for wkt, alike in written.items():
        home = next((group for group in groups if same_crs(wkt, group[0].crs_wkt)), None)
        if home is None:
            groups.append(alike)
        else:
            home.extend(alike)
    return [sorted(group, key=lambda profile: profile.path) for group in groups]


def _of_one_size(profiles: Sequence[Profile]) -> list[list[Profile]]:
    """Sort files by pixel size: every one within 1 % of its group's smallest, both ways."""
    groups = [list(profiles)]
    for sides in (("a", "d"), ("b", "e")):
        finer: list[list[Profile]] = []
        for group in groups:
            sizes = np.array([math.hypot(*(getattr(p.transform, side) for side in sides)) for p in group])
            start = 0.0
            parts: list[list[int]] = []
            for i in np.argsort(sizes, kind="stable"):
                if not parts or sizes[i] > start * (1 + SIZE_TOLERANCE):
                    start = sizes[i]
                    parts.append([])
                parts[-1].append(int(i))
            finer += [[group[i] for i in sorted(part)] for part in parts]
        groups = finer
    return groups


def _scenes_of(profiles: Sequence[Profile]) -> list[list[Profile]]:
    """Sort files of one CRS and pixel size into scenes."""
    if len(profiles) == 1:
        return [list(profiles)]
    boxes = np.array([_box(profile) for profile in profiles])
    if filled_share(boxes) >= FILLED:
        return [list(profiles)]
    pixel = math.sqrt(abs(profiles[0].transform.determinant))
    return [[profiles[i] for i in members] for members in adjoining(boxes, TOUCH_PX * pixel)]


def _box(profile: Profile) -> tuple[float, float, float, float]:
    """Left, bottom, right, top in units of the CRS."""
    tile = Tile(profile.path, profile.transform, profile.width, profile.height, ())
    x, y = tile.corners
    return float(x.min()), float(y.min()), float(x.max()), float(y.max())


def filled_share(boxes: NDArray[np.float64]) -> float:
    """Return which share of their common rectangle boxes fill; overlaps count once.

    Parameters
    ----------
    boxes
        ``(N, 4)``: left, bottom, right, top.
    """
    left, bottom = boxes[:, :2].min(axis=0)
    right, top = boxes[:, 2:].max(axis=0)
    sides = np.array([right - left, top - bottom])
    summed = float(np.prod(boxes[:, 2:] - boxes[:, :2], axis=1).sum() / np.prod(sides))
    if summed < FILLED:
        return summed
    # Counted on the middles of a grid: exact enough to tell a picture with holes from crops.
    low = np.ceil((boxes[:, :2] - (left, bottom)) / sides * _RASTER_CELLS - 0.5).astype(int)
    high = np.ceil((boxes[:, 2:] - (left, bottom)) / sides * _RASTER_CELLS - 0.5).astype(int)
    covered = np.zeros((_RASTER_CELLS, _RASTER_CELLS), dtype=bool)
    for (first_x, first_y), (last_x, last_y) in zip(low, high, strict=True):
        covered[first_y:last_y, first_x:last_x] = True
    return min(summed, float(covered.mean()))


def adjoining(boxes: NDArray[np.float64], gap: float) -> list[list[int]]:
    """Return the groups of boxes that touch or overlap, directly or through others, each sorted.

    A walk from box to box over those not yet met; boxes sorted by their left edge, so that only those that can reach
    a box are looked at: thousands of tiles take well under a second.

    Parameters
    ----------
    boxes
        ``(N, 4)``: left, bottom, right, top.
    gap
        Boxes up to this far apart touch.
    """
    order = np.argsort(boxes[:, 0], kind="stable")
    left, bottom, right, top = boxes[order].T
    widest = float((right - left).max())
    first = np.searchsorted(left, left - widest - gap, side="left")
    last = np.searchsorted(left, right + gap, side="right")
    waiting = np.ones(len(boxes), dtype=bool)
    groups = []
    for seed in range(len(boxes)):
        if not waiting[seed]:
            continue
        waiting[seed] = False
        members = [seed]
        edge = [seed]
        while edge:
            i = edge.pop()
            near = slice(first[i], last[i])
            reached = (
                waiting[near] & (right[near] >= left[i] - gap)
                & (bottom[near] <= top[i] + gap) & (top[near] >= bottom[i] - gap)
            )  # fmt: skip
            found = (np.flatnonzero(reached) + first[i]).tolist()
            waiting[found] = False
            members += found
            edge += found
        groups.append(sorted(order[members].tolist()))
    return sorted(groups)
