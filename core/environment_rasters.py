"""Environment rasters: climate, terrain, soil as further predictors, from any CRS, pixel size and type.

They are read on the image's own lattice, a value per cell: the average where the raster is finer than the cells,
bilinear where it is coarser. A patch has the mean of its cells, as for the image.
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Iterable, Sequence
from pathlib import Path
from types import TracebackType

import numpy as np
from numpy.typing import NDArray

from botaclip.core.errors import RasterError
from botaclip.core.lattice import Lattice
from botaclip.core.lattice_reader import LatticeReader, OpenFiles
from botaclip.core.places import parse_crs, same_crs, transformer
from botaclip.core.raster_profiles import Profile, profile_of
from botaclip.core.rasters import RasterSource, source_of_profiles, tile_paths

Values = NDArray[np.float32]
Mask = NDArray[np.bool_]

_MEMORY_PX = 48 * 256**2  # warped cells kept, all layers together
_LEAST_MEMORY_PX = 8 * 256**2  # of one layer: the pieces that a window and its neighbours need
_EDGE_STEPS = 21


@dataclasses.dataclass(frozen=True)
class EnvironmentLayer:
    """One environmental variable.

    Parameters
    ----------
    name
        Unlike all others of the environment.
    path
        The file, or folder of tiles.
    band
        Its number in the file, from 1.
    source
        The band as a raster of its own.
    scale, offset
        A value is ``scale * stored + offset``.
    """

    name: str
    path: str
    band: int
    source: RasterSource
    scale: float = 1.0
    offset: float = 0.0

    @property
    def file(self) -> str:
        """The file's name without its folder."""
        return Path(self.path).name

    def to_json(self) -> dict[str, str | int]:
        """Return what a model records of the layer."""
        return {"name": self.name, "file": self.file, "band": self.band, "path": self.path}


@dataclasses.dataclass(frozen=True)
class Environment:
    """The environment rasters of a job: one layer per band of every file, in the order they were named."""

    layers: tuple[EnvironmentLayer, ...]

    @classmethod
    def open(cls, paths: Sequence[str | Path]) -> Environment:
        """Describe environment rasters without reading pixels.

        A layer is named after its file; where the file has several bands, after the file and the band's description
        or number (``climate:bio1``, ``climate:2``); numbered where two would have one name. ``name=path`` gives
        another name than the file's.

        Parameters
        ----------
        paths
            Files that GDAL reads, or folders of tiles in one CRS; a name and ``=`` may stand before each.

        Raises
        ------
        UnsupportedRaster
            This environment's GDAL does not know a file's format.
        RasterError
            A file cannot be opened, has no CRS, is named twice, holds complex numbers or classes with a colour table,
            or the tiles of a folder differ.
        """
        layers: list[EnvironmentLayer] = []
        met: set[str] = set()
        for given in map(str, paths):
            name, path = named_path(given)
            key = str(Path(path).resolve()) if Path(path).exists() else path
            if key in met:
                raise RasterError("it is named twice", where=path, remedy="name every environment raster once")
            met.add(key)
            layers += _layers_of(path, name)
        names: set[str] = set()
        for i, layer in enumerate(layers):
            unlike, number = layer.name, 2
            while unlike in names:
                unlike, number = f"{layer.name} ({number})", number + 1
            names.add(unlike)
            layers[i] = dataclasses.replace(layer, name=unlike)
        return cls(tuple(layers))

    def __len__(self) -> int:
        """Return the number of layers."""
        return len(self.layers)

    @property
    def names(self) -> tuple[str, ...]:
        """The layers' names, in order."""
        return tuple(layer.name for layer in self.layers)

    @property
    def identity(self) -> str:
        """SHA-256 over names, files and how their values are read."""
        parts = [(layer.name, layer.source.identity, layer.scale, layer.offset) for layer in self.layers]
        return hashlib.sha256(repr(parts).encode()).hexdigest()

    def select(self, names: Sequence[str]) -> Environment:
        """Return the layers of these names in this order, as a model made with them needs.

        Raises
        ------
        RasterError
            One of them is not among the layers.
        """
        by_name = {layer.name: layer for layer in self.layers}
        missing = [name for name in names if name not in by_name]
        if missing:
            raise RasterError(
                f"the environment rasters lack {', '.join(missing)}; they hold {', '.join(self.names) or 'nothing'}",
                where="--environment", remedy="name the files that the model was trained with",
            )  # fmt: skip
        return Environment(tuple(by_name[name] for name in names))

    def beyond(self, scene: RasterSource) -> tuple[str, ...]:
        """Return the names of the layers whose rectangle does not touch a scene's at all."""
        return tuple(layer.name for layer in self.layers if not _meet(scene, layer.source))

    def check_meets(self, scenes: Iterable[RasterSource]) -> None:
        """Refuse environment rasters of some other place.

        Raises
        ------
        RasterError
            A layer touches none of the scenes.
        """
        far: set[str] | None = None
        for scene in scenes:
            beyond = set(self.beyond(scene))
            far = beyond if far is None else far & beyond
            if not far:
                return
        for layer in self.layers:
            if far and layer.name in far:
                raise RasterError(
                    f"the environment raster {layer.name} does not touch the image at all", where=layer.path,
                    remedy="choose rasters that cover the image, and check their CRS",
                )  # fmt: skip

    def describe(self) -> str:
        """Return one sentence on what was found."""
        sizes = sorted({float(f"{layer.source.pixel_size_m:.3g}") for layer in self.layers})
        return f"{len(self.layers)} environment layers ({', '.join(self.names)}), pixels of " + (
            f"{sizes[0]:g} m" if len(sizes) == 1 else f"{sizes[0]:g} to {sizes[-1]:g} m"
        )


class EnvironmentReader:
    """Environment values in the cells of a lattice; safe to call from several threads.

    Parameters
    ----------
    environment
        The layers.
    lattice
        The image's lattice.

    Raises
    ------
    RasterError
        A layer has no place in the lattice's CRS.
    """

    def __init__(self, environment: Environment, lattice: Lattice) -> None:
        self.environment = environment
        self.lattice = lattice
        cells = dataclasses.replace(lattice, pixel_m=lattice.cell_m, stride_px=1, factor=1)
        files = OpenFiles()
        memory = max(_LEAST_MEMORY_PX, _MEMORY_PX // max(1, len(environment)))
        self._readers = [
            LatticeReader(layer.source, cells, files=files, memory_px=memory) for layer in environment.layers
        ]

    def __len__(self) -> int:
        """Return the number of layers."""
        return len(self._readers)

    def __enter__(self) -> EnvironmentReader:
        """Return itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close what this thread opened."""
        self.close()

    def close(self) -> None:
        """Close this thread's files and forget what was read."""
        for reader in self._readers:
            reader.close()

    def read(self, row: int, col: int, height: int, width: int) -> tuple[Values, Mask]:
        """Read a window of cells, counted from the lattice's origin.

        Returns
        -------
        values, valid
            float32 (P, h, w), 0 in cells that are not valid; bool (h, w): all layers have a value.

        Raises
        ------
        RasterError
            A file cannot be read.
        """
        values = np.zeros((len(self._readers), height, width), dtype=np.float32)
        valid = np.ones((height, width), dtype=bool)
        for i, (reader, layer) in enumerate(zip(self._readers, self.environment.layers, strict=True)):
            if not valid.any():
                break
            stored, present = reader.read(row, col, height, width)
            if (layer.scale, layer.offset) == (1.0, 0.0):
                values[i] = stored[0]
            else:
                values[i] = stored[0].astype(np.float64) * layer.scale + layer.offset
            valid &= present
        values[:, ~valid] = 0.0
        return values, valid


def named_path(given: str) -> tuple[str, str]:
    """Return name and path of a raster given as ``name=path``, no name where that is the path of a file itself."""
    name, equals, path = given.partition("=")
    if not equals or not name.strip() or Path(given).exists() or not Path(path.strip()).exists():
        return "", given
    return name.strip(), path.strip()


def _layers_of(path: str, name: str = "") -> list[EnvironmentLayer]:
    """Return the bands of one file, or folder of tiles, as layers, named after it where it is given no name."""
    profiles = [profile_of(tile) for tile in tile_paths(path)]
    first = profiles[0]
    for profile in profiles:
        _check_like(profile, first)
    stem = name or (Path(path).name if len(profiles) > 1 else Path(path).stem)
    bands = [i for i in range(1, len(first.bands) + 1) if i != first.alpha]
    layers = []
    for i in bands:
        named = first.bands[i - 1].name or str(i)
        layers.append(
            EnvironmentLayer(
                name=stem if len(bands) == 1 else f"{stem}:{named}", path=path, band=i,
                source=source_of_profiles(profiles, name=path, choice={"value": i}),
                scale=_finite(first.scales[i - 1], 1.0) or 1.0, offset=_finite(first.offsets[i - 1], 0.0),
            )
        )  # fmt: skip
    return layers


def _check_like(profile: Profile, first: Profile) -> None:
    if profile.classes:
        raise RasterError(
            "its values are classes with a colour table, which have no average", where=profile.path,
            remedy="give one raster per class, 1 where it is and 0 where it is not",
        )  # fmt: skip
    alike = (
        same_crs(profile.crs_wkt, first.crs_wkt) and profile.dtypes == first.dtypes
        and (profile.scales, profile.offsets) == (first.scales, first.offsets)
    )  # fmt: skip
    if not alike:
        raise RasterError(
            f"its CRS ({parse_crs(profile.crs_wkt).name}), types, scales or number of bands are not those of "
            f"{Path(first.path).name}", where=profile.path, remedy="all tiles of a folder must agree",
        )  # fmt: skip


def _finite(value: float, otherwise: float) -> float:
    return float(value) if np.isfinite(value) else otherwise


def _meet(scene: RasterSource, other: RasterSource) -> bool:
    """Whether any of a scene's rectangle lies in another raster's; where that cannot be known, yes."""
    left, bottom, right, top = scene.bounds
    steps = np.linspace(0, 1, _EDGE_STEPS)
    across, down = (axis.ravel() for axis in np.meshgrid(steps, steps))
    there = transformer(scene.crs_wkt, other.crs_wkt)
    x, y = there.transform(left + (right - left) * across, bottom + (top - bottom) * down)
    finite = np.isfinite(x) & np.isfinite(y)
    if not finite.any():
        return False
    x, y = x[finite], y[finite]
    return bool(
        x.min() <= other.bounds[2] and x.max() >= other.bounds[0]
        and y.min() <= other.bounds[3] and y.max() >= other.bounds[1]
    )  # fmt: skip
