"""All rasters of a job: one raster, a folder of tiles, or crops that lie far apart and in several CRSs."""

from __future__ import annotations

import dataclasses
import hashlib
from pathlib import Path

import numpy as np
import rasterio
from rasterio.errors import RasterioIOError

from botaclip.core.errors import RasterError
from botaclip.core.rasters import RasterSource, open_raster, source_of, tile_paths

# Tiles that fill at least this share of their common rectangle are one picture; below, the gaps would be the map.
FILLED = 0.25


@dataclasses.dataclass(frozen=True)
class Imagery:
    """The scenes of a job.

    Parameters
    ----------
    name
        The path it was opened by.
    scenes
        Each in one CRS, of one pixel size, its tiles adjoining; each gets a lattice and a map of its own. All have
        the same bands and pixel type.
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
        """The scene with the largest pixels: what all of them are looked at in (the first of equals)."""
        return max(self.scenes, key=lambda scene: round(scene.pixel_size_m, 6))

    @property
    def identity(self) -> str:
        """SHA-256 over the identities of the scenes."""
        if self.single:
            return self.scenes[0].identity
        return hashlib.sha256(" ".join(scene.identity for scene in self.scenes).encode()).hexdigest()

    def value_range(self) -> tuple[float, float]:
        """Return the values that become 0 and 1 before an encoder sees them, over all scenes."""
        ranges = np.array([scene.value_range() for scene in self.scenes])
        return float(ranges[:, 0].min()), float(ranges[:, 1].max())

    def describe(self) -> str:
        """Return one sentence on what was found."""
        if self.single:
            return self.scenes[0].describe()
        return f"{len(self.scenes)} scenes, the first: {self.scenes[0].describe()}"


def scene_name(scene: RasterSource) -> str:
    """Return the name of a scene, that of its first tile without folder and suffix."""
    return Path(scene.tiles[0].path).stem


def open_imagery(raster: str | Path, *, bands: str | None = None) -> Imagery:
    """Describe a raster file or a folder of tiles, sorted into scenes, without reading pixels.

    Raises
    ------
    RasterError
        A file cannot be opened, or the files differ in bands or pixel type.
    """
    paths = tile_paths(raster)
    if len(paths) == 1:
        return Imagery(str(raster), (source_of(paths, name=str(raster), bands=bands),))
    groups: dict[tuple[str, str], list[str]] = {}
    for path in paths:
        try:
            with rasterio.open(path) as dataset:
                key = (dataset.crs.to_wkt() if dataset.crs else "", f"{abs(dataset.transform.determinant):.3g}")
        except RasterioIOError as error:
            raise RasterError(f"it cannot be opened ({error})", where=path) from error
        groups.setdefault(key, []).append(path)
    if len(groups) == 1:
        whole = open_raster(raster, bands=bands)
        return Imagery(str(raster), (whole,))
    return Imagery(
        str(raster),
        tuple(source_of([path], name=path, bands=bands) for group in groups.values() for path in group),
    )
