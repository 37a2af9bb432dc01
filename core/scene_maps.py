"""Maps over imagery: one raster, or for many scenes a folder of rasters with a VRT per CRS; whole or not at all."""

from __future__ import annotations

import dataclasses
import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import rasterio
from rasterio.errors import RasterioError

import botaclip
from botaclip.core.applied_imagery import AppliedImagery
from botaclip.core.applied_model import Compute
from botaclip.core.area import Area
from botaclip.core.errors import OptionError, OutputError
from botaclip.core.estimate import announce_estimate
from botaclip.core.image_year import year_of
from botaclip.core.layer_metadata import SUFFIX as QMD
from botaclip.core.layer_metadata import qmd
from botaclip.core.map_sample import MapSample
from botaclip.core.places import same_crs
from botaclip.core.progress import Progress
from botaclip.core.raster_output import RasterOutput
from botaclip.core.raster_vrt import crs_slug, write_vrt
from botaclip.core.unfinished import check_folder_writable, check_writable, unfinished, unfinished_folder
from botaclip.core.windows import Windows

DIGEST = "BOTACLIP_DIGEST"  # tag of a map that may be found finished: what it was asked for, and of which file
_FEW_BLOCKS = 4  # maps of no more are made again in less time than it takes to keep them
_OURS = {".tif", ".qml", QMD, ".vrt", ".xml"}
_GEOTIFF = (".tif", ".tiff")
_NOTICEABLE = 0.01  # share of a map that is worth a warning


@dataclasses.dataclass(frozen=True)
class MapKind:
    """What the pixels of a map hold.

    Parameters
    ----------
    name
        Tag ``BOTACLIP_KIND``.
    bands
        One name a band.
    compute
        From raw vectors (N, D) to values (N, count) of ``dtype``, and how many of them were clipped.
    dtype, nodata
        Type of the values, and the one for "no answer here".
    tags, band_tags
        Text metadata besides the provenance.
    scale, offset
        Value of a stored number, per band; None where it is the number.
    style
        Content of the ``.qml``.
    meaning
        What a value means, in sentences, for the metadata page.
    """

    name: str
    bands: tuple[str, ...]
    compute: Compute
    style: str
    dtype: str = "float32"
    nodata: float = float("nan")
    tags: dict[str, str] = dataclasses.field(default_factory=dict)
    band_tags: Sequence[dict[str, str]] = ()
    scale: list[float] | None = None
    offset: list[float] | None = None
    meaning: str = ""

    @property
    def itemsize(self) -> int:
        """Bytes of a value."""
        return np.dtype(self.dtype).itemsize

    def to_json(self) -> dict[str, Any]:
        """Return what decides on the values besides the model: tags tell what was asked for."""
        return {
            "name": self.name, "bands": self.bands, "dtype": self.dtype, "scale": self.scale, "offset": self.offset,
            "tags": self.tags, "band_tags": list(self.band_tags),
        }  # fmt: skip


def sidecars(path: Path) -> tuple[Path, ...]:
    """Return what may lie beside a map and is of no use without it: style, metadata page, statistics of QGIS."""
    return path.with_suffix(".qml"), path.with_suffix(QMD), path.with_name(f"{path.name}.aux.xml")


def maps_folder(output: Path) -> Path:
    """Return the folder that stands for an output raster where there are many scenes."""
    return output.with_suffix("") if output.suffix.lower() in _GEOTIFF else output


def check_map_name(output: Path) -> None:
    """Refuse a name that is not one of a GeoTIFF.

    Raises
    ------
    OutputError
        It ends otherwise than with ``.tif`` or ``.tiff``.
    """
    if output.suffix.lower() not in _GEOTIFF:
        raise OutputError(
            "a map is written as GeoTIFF, and this is not the name of one", where=str(output),
            remedy="give the output a name that ends with .tif",
        )  # fmt: skip


def holds_only_maps(folder: Path) -> bool:
    """Whether a folder is one that :func:`make_maps` wrote (or empty), so that it may be replaced as a whole."""
    entries = list(folder.iterdir())
    return all(entry.is_file() and entry.suffix.lower() in _OURS for entry in entries) and (
        not entries or any(entry.suffix == ".vrt" and entry.stem.startswith(f"{folder.name}_") for entry in entries)
    )


def check_maps_writable(applied: AppliedImagery, output: Path, *, overwrite: bool) -> None:
    """Raise :class:`OutputError` when the maps may not be written; called before any long work.

    Where one raster is to be written, a folder of maps of its name counts as the output too, and where a folder is,
    a raster: beside the new one it would be taken for new.
    """
    if applied.single:
        check_writable(output, overwrite=overwrite)
    else:
        check_folder_writable(maps_folder(output), overwrite=overwrite, ours=holds_only_maps)
    older = _older(applied, output)
    if older is None:
        return
    if not overwrite:
        what = "a folder of maps of this name" if applied.single else "a raster of this name"
        raise OutputError(f"{what} exists already", where=str(older), remedy="choose another name or use --overwrite")
    if not applied.single and not _is_map(older):
        raise OutputError(
            "the maps go into a folder, and beside it lies a file of this name that is none of them", where=str(older),
            remedy="choose another output name",
        )  # fmt: skip


def _older(applied: AppliedImagery, output: Path) -> Path | None:
    """Return what an earlier run over one scene (or many) has left under the output's name, None without."""
    folder = maps_folder(output)
    if not applied.single:
        return output if output != folder and output.is_file() else None
    if folder == output or not folder.is_dir() or not any(folder.iterdir()) or not holds_only_maps(folder):
        return None
    layers = applied.layout.environment.layers if applied.layout.environment is not None else ()
    read = [tile for source in (*applied.layout.scenes, *(layer.source for layer in layers)) for tile in source.tiles]
    inside = any(Path(tile.path).resolve().parent == folder.resolve() for tile in read)
    return None if inside else folder


def _is_map(path: Path) -> bool:
    """Whether a raster is one that BotaCLIP has made."""
    try:
        with rasterio.open(path) as dataset:
            return "BOTACLIP_KIND" in dataset.tags()
    except RasterioError:
        return False


def _remove_older(applied: AppliedImagery, output: Path, progress: Progress) -> None:
    """Remove the map that the new one stands for, with its style and statistics."""
    older = _older(applied, output)
    if older is None:
        return
    try:
        if older.is_dir():
            shutil.rmtree(older)
        else:
            older.unlink()
            for sidecar in sidecars(older):
                sidecar.unlink(missing_ok=True)
    except OSError as error:
        progress.warning(f"{older} is of an earlier run and could not be removed ({error.strerror}).")
        return
    progress.info(f"{older}, of an earlier run, was removed.")


def make_maps(
    applied: AppliedImagery, areas: dict[int, Area], kind: MapKind, output: Path, progress: Progress, *,
    overwrite: bool = False, cog: bool = False, year: str | None = None, history: Sequence[str] = (),
    tags: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Make the map of every scene.

    Parameters
    ----------
    applied, areas
        The model and the scenes, and which nodes of each to map.
    kind
        What the maps hold.
    output
        The raster for one scene; for many, the folder of that name without suffix holds one raster per scene and
        one VRT per CRS. Scenes of which no patch is seen get none.
    progress
        Told how far it is.
    overwrite
        Whether existing outputs may be replaced; a folder only when nothing but maps lies in it.
    cog
        Whether rasters are finished as Cloud Optimized GeoTIFFs.
    year
        Year of the image, for the tags; None reads it from the image's own metadata, scene by scene.
    history
        How the maps were made, a line each, for their metadata pages.
    tags
        Text metadata of every map besides those of its kind.

    Returns
    -------
    dict
        ``output`` (raster, VRT, or the folder where there are several CRSs), ``rasters`` (what to load), ``device``,
        ``pixels``, ``pixel_m``, ``clipped``, ``scenes``.

    Raises
    ------
    OutputError
        An output exists or cannot be written.
    OptionError
        No patch of any of many scenes is seen.
    """
    announce_estimate(applied, areas, len(kind.bands), kind.itemsize, output, progress)
    maps = _Maps(applied, areas, kind, overwrite=overwrite, cog=cog, year=year, history=history, tags=tags)
    maps.take_up(progress)
    progress = progress.stage(0.05, 1.0)
    if applied.single:
        if not maps.make(0, output, progress):
            progress.warning("No pixel of the map has a value.")
        rasters = [output]
        if overwrite:
            _remove_older(applied, output, progress)
    else:
        folder = maps_folder(output)
        with unfinished_folder(folder, overwrite=overwrite, ours=holds_only_maps) as part:
            names = _make_folder(maps, folder.name, part, progress)
        rasters = [folder / name for name in names]
        if overwrite:
            _remove_older(applied, output, progress)
        output = rasters[0] if len(rasters) == 1 else folder
    maps.forget()
    if maps.lacking > _NOTICEABLE * maps.pixels:
        share = maps.lacking / maps.pixels
        progress.warning(
            f"The environment rasters cover only part of the image: {max(share, 0.01):.0%} of the map has no value "
            "for that reason."
        )
    first = next(iter(areas.values()))
    return {
        "output": str(output), "rasters": [str(raster) for raster in rasters], "device": applied.device,
        "pixels": sum(area.height * area.width for area in areas.values()),
        "pixel_m": first.step * first.lattice.cell_m, "clipped": maps.clipped, "scenes": len(areas),
    }  # fmt: skip


def asked_for(applied: AppliedImagery, number: int, area: Area, kind: MapKind) -> dict[str, Any]:
    """Return everything that was asked for and decides on the values of a scene's map, as JSON can hold it."""
    environment = applied.layout.environment
    return {
        "model": applied.model.file.sha256, "raster": applied.layout.scenes[number].identity,
        "environment": None if environment is None else environment.identity,
        "area": area.to_json(), "kind": kind.to_json(),
    }  # fmt: skip


class _Maps:
    """The maps of a job, and what is kept of them until all are complete."""

    def __init__(
        self, applied: AppliedImagery, areas: dict[int, Area], kind: MapKind, *, overwrite: bool, cog: bool,
        year: str | None = None, history: Sequence[str] = (), tags: Mapping[str, str] | None = None,
    ) -> None:
        self.applied, self.areas, self.kind, self.year = applied, areas, kind, year
        self.history, self.tags = tuple(history), dict(tags or {})
        self.overwrite, self.cog, self.clipped = overwrite, cog, 0
        self.pixels, self.lacking = 0, 0.0  # of the maps made; about how many have no value for want of environment
        self._windows: dict[int, Windows] = {}
        blocks = 0
        for number, area in areas.items():
            blocks += len(applied.scene(number).blocks(area)) if blocks <= _FEW_BLOCKS else 0
        if blocks > _FEW_BLOCKS:
            self._windows = {number: Windows(self._about(number)) for number in areas}

    def _about(self, number: int) -> dict[str, Any]:
        """Everything that a value depends on, to its last bit."""
        layout = self.applied.layout
        return asked_for(self.applied, number, self.areas[number], self.kind) | {
            "device": self.applied.device, "encoder": layout.encoder.identity, "computed": layout.encoder.computed,
            "workers": self.applied.workers, "threads": os.environ.get("OMP_NUM_THREADS"),
            "versions": [botaclip.__version__, onnxruntime.__version__, np.__version__],
        }

    def take_up(self, progress: Progress) -> None:
        """Say what an earlier run has left."""
        found = sum(len(windows) for windows in self._windows.values())
        if found:
            progress.info(f"Taking up {found} finished windows of an interrupted run.")

    def forget(self) -> None:
        """Remove what was kept: the maps are complete."""
        for windows in self._windows.values():
            windows.remove()

    def make(self, number: int, path: Path, progress: Progress) -> bool:
        """Make the map of one scene; return whether any pixel of it has a value."""
        scene, area, kind = self.applied.scene(number), self.areas[number], self.kind
        windows = self._windows.get(number)
        if windows is not None:
            windows.begin(area.height * area.width * len(kind.bands) * kind.itemsize)
        with RasterOutput(
            path, lattice=area.lattice, patch=area.patch, row=area.row, col=area.col, height=area.height,
            width=area.width, step=area.step, count=len(kind.bands), dtype=kind.dtype, nodata=kind.nodata,
            descriptions=kind.bands,
            tags=scene.tags() | {
                "BOTACLIP_KIND": kind.name, "BOTACLIP_YEAR": self.year or year_of(scene.source),
                "BOTACLIP_MEANING": kind.meaning,
            } | kind.tags | self.tags,
            band_tags=kind.band_tags, scale=kind.scale, offset=kind.offset, style=kind.style, history=self.history,
            overwrite=self.overwrite, cog=self.cog,
        ) as raster:  # fmt: skip
            blank = np.full(len(kind.bands), kind.nodata, kind.dtype)
            sample = MapSample(area)
            written, clipped = scene.fill(raster, area, kind.compute, blank, progress, windows, sample)
            if self.cog:
                progress.update(1.0, "finishing as a Cloud Optimized GeoTIFF")
        self.clipped += clipped
        self.pixels += area.height * area.width
        if self.applied.layout.environment is not None:
            self.lacking += sample.share(scene.lacks_environment) * area.height * area.width
        return written > 0


def _make_folder(maps: _Maps, name: str, part: Path, progress: Progress) -> list[str]:
    """Fill a folder with the maps of all scenes; return the names of its VRTs."""
    scenes, areas = maps.applied.layout.scenes, maps.areas
    groups: list[list[int]] = []
    for number, area in areas.items():
        crs = area.lattice.crs_wkt
        home = next((group for group in groups if same_crs(areas[group[0]].lattice.crs_wkt, crs)), None)
        if home is None:
            groups.append(home := [])
        home.append(number)
    vrts = unlike([f"{name}_{crs_slug(areas[group[0]].lattice.crs_wkt)}" for group in groups], set())
    stems = unlike(list(maps.applied.imagery.scene_names), {vrt.lower() for vrt in vrts})
    total, done, seen = sum(area.height * area.width for area in areas.values()), 0, set()
    for number, area in areas.items():
        path = part / f"{stems[number]}.tif"
        share = area.height * area.width
        if maps.make(number, path, progress.stage(done / total, (done + share) / total)):
            seen.add(number)
        else:
            path.unlink()
            for sidecar in sidecars(path):
                sidecar.unlink(missing_ok=True)
        done += share
    if not seen:
        raise OptionError(
            "no patch of any scene has enough image data", where=maps.applied.imagery.name,
            remedy="choose imagery that is larger than the model's patches",
        )  # fmt: skip
    if len(seen) < len(areas):
        progress.info(f"{len(areas) - len(seen)} of {len(scenes)} scenes have no patch with enough image data: no map.")
    written = []
    for vrt, group in zip(vrts, groups, strict=True):
        paths = [part / f"{stems[number]}.tif" for number in group if number in seen]
        if paths:
            write_vrt(part / f"{vrt}.vrt", paths)
            if maps.kind.style:
                with unfinished(part / f"{vrt}.qml") as style:
                    style.write_text(maps.kind.style, encoding="utf-8")
            with unfinished(part / f"{vrt}{QMD}") as page, rasterio.open(part / f"{vrt}.vrt") as mosaic:
                page.write_text(qmd(mosaic, maps.history), encoding="utf-8")
            written.append(f"{vrt}.vrt")
    return written


def unlike(names: list[str], taken: set[str]) -> list[str]:
    """Return the names with those numbered that are met before, case aside."""
    unlike = []
    used = set(taken)
    for name in names:
        chosen, number = name, 2
        while chosen.lower() in used:
            chosen, number = f"{name}_{number}", number + 1
        used.add(chosen.lower())
        unlike.append(chosen)
    return unlike
