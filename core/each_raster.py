"""Many rasters in one call: a map for each, what is finished skipped, one that fails no hindrance for the others.

All of them are seen through one encoder, which is opened once; rasters are opened one at a time, so that memory does
not grow with their number. A map says by a tag what it was asked for and of which file: that is how a later run knows
it again.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from rasterio.errors import RasterioError

import botaclip
from botaclip.core.applied_imagery import AppliedImagery, environment_for
from botaclip.core.applied_model import NO_ENVIRONMENT, NODATA, NOWHERE, OK, OUTSIDE, PointValues
from botaclip.core.area import Limits, nothing_left
from botaclip.core.errors import (
    BotaclipError,
    Cancelled,
    DeviceError,
    EncoderError,
    NothingLeft,
    OutputError,
    RasterError,
    UnsupportedRaster,
)
from botaclip.core.finished_map import is_ours_unreadable, is_whole
from botaclip.core.image_year import given_year
from botaclip.core.imagery import name_for_file
from botaclip.core.layer_metadata import SUFFIX as QMD
from botaclip.core.layer_metadata import command_words, qmd
from botaclip.core.model import Model
from botaclip.core.options import raster_words
from botaclip.core.places import Points
from botaclip.core.progress import SILENT, Progress
from botaclip.core.raster_folder import tile_paths
from botaclip.core.scene_maps import DIGEST, MapKind, asked_for, make_maps, maps_folder, unlike
from botaclip.core.unfinished import unfinished
from botaclip.core.worker import in_words

_NAMED = 3  # rasters named in a sentence
_MOST_WARNINGS = 50


class EachRaster:
    """The rasters of a job, each by itself, seen through one encoder.

    Parameters
    ----------
    parameters
        Those of a map's command; ``raster`` is a folder, or files and folders between semicolons.
    model
        The model.

    Raises
    ------
    RasterError
        No raster lies in the folder.
    OptionError, ModelFileError
        What holds for all of them is wrong: mode, extent, mask, environment.
    """

    def __init__(self, parameters: dict[str, Any], model: Model, progress: Progress = SILENT) -> None:
        self.model, self.name, self._parameters = model, str(parameters["raster"]), parameters
        words = raster_words(self.name)
        # A file that is named twice, by itself or by its folder, is one.
        found: dict[str, str] = {}
        for path in (path for word in words for path in tile_paths(word)):
            found.setdefault(os.path.join(os.path.realpath(os.path.dirname(path)), os.path.basename(path)), path)
        self.paths = tuple(found.values())
        self.names = tuple(unlike([name_for_file(path) for path in self.paths], set()))
        self._like: AppliedImagery | None = None
        model.check_mode(parameters.get("mode") or "auto")
        environment_for(model, parameters.get("environment"), progress)
        Limits.of(parameters.get("extent"), parameters.get("mask"), crs="EPSG:4326")

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self.paths)

    @contextlib.contextmanager
    def opened(self, number: int, progress: Progress = SILENT) -> Iterator[AppliedImagery]:
        """Open one raster.

        Raises
        ------
        RasterError
            It cannot be opened, or is several that lie apart.
        """
        given = self._parameters
        with AppliedImagery.open(
            self.model, self.paths[number], bands=given.get("bands"), environment=given.get("environment"),
            device=given["device"], maps=True, mode=given.get("mode") or "auto", like=self._like, progress=progress,
        ) as applied:  # fmt: skip
            self._like = self._like or applied
            if not applied.single:
                raise RasterError(
                    f"it holds {len(applied.layout.scenes)} scenes that lie apart", where=self.paths[number],
                    remedy="name them one by one",
                )  # fmt: skip
            yield applied

    @property
    def crs_wkt(self) -> str:
        """CRS of the first raster that can be opened: what bare coordinates are in.

        Raises
        ------
        RasterError
            None can be opened.
        """
        failed: RasterError | None = None
        for number in range(len(self)):
            try:
                with self.opened(number) as applied:
                    return applied.crs_wkt
            except RasterError as error:
                failed = failed or error
        raise failed or RasterError("there is no raster", where=self.name)

    def at(self, points: Points, species: Iterable[int], progress: Progress = SILENT) -> PointValues:
        """Return what the model says at places, each by the first raster that sees its patch.

        ``nodes`` are in degrees; ``scene`` is the number of the raster. Rasters that cannot be opened are left out;
        their map says why.
        """
        chosen, count = list(species), len(points)
        status = np.where(points.finite, OUTSIDE, NOWHERE).astype("<U24")
        suitability = np.full((count, len(chosen)), np.nan, np.float32)
        unit = np.full((count, self.model.unit_width), np.nan, np.float32)
        offset_m, x, y = (np.full(count, np.nan) for _ in range(3))
        scene = np.full(count, -1, np.intp)
        for number in range(len(self)):
            asked = np.flatnonzero((status != OK) & (status != NOWHERE))
            if not asked.size:
                break
            with contextlib.suppress(RasterError), self.opened(number) as applied:
                stage = progress.stage(number / len(self), (number + 1) / len(self))
                found = applied.at(points[asked], chosen, stage)
                better = (found.status == OK) | ((status[asked] == OUTSIDE) & (found.status != OUTSIDE))
                better |= (found.status == NO_ENVIRONMENT) & (status[asked] == NODATA)
                taken, nodes = asked[better], found.nodes[better].to("EPSG:4326")
                status[taken], suitability[taken] = found.status[better], found.suitability[better]
                offset_m[taken], unit[taken] = found.offset_m[better], found.unit[better]
                x[taken], y[taken] = nodes.x, nodes.y
                scene[taken] = number
        return PointValues(status, suitability, Points(x, y, "EPSG:4326"), offset_m, unit, scene)


def make_each(
    command: str, parameters: dict[str, Any], kind_of: Callable[[EachRaster], MapKind], progress: Progress, *,
    model: Model | None = None,
) -> dict[str, Any]:
    """Make a map of each raster, in a folder; those that are finished already are skipped.

    Parameters
    ----------
    command, parameters, kind_of, progress, model
        See :func:`~botaclip.core.map_job.make_map`; what the maps hold is told once, from all rasters.

    Returns
    -------
    dict
        What :func:`~botaclip.core.scene_maps.make_maps` returns, summed; ``made``, ``skipped`` and ``left_out`` (of
        the extent or the mask) count rasters.

    Raises
    ------
    OutputError
        Something stands in the way, or the disk is full: then the run ends, with the finished maps left.
    RasterError
        Some rasters could not be mapped; the others are.
    """
    batch = _Batch(command, parameters, model or Model.open(parameters["model"]), progress)
    batch.check_folder()
    batch.kind = kind_of(batch.rasters)
    batch.look_for_others()
    for number in range(len(batch.rasters)):
        batch.turn(number)
    return batch.outcome()


class _Batch:
    """The maps of one call and what became of them."""

    def __init__(self, command: str, parameters: dict[str, Any], model: Model, progress: Progress) -> None:
        self.parameters, self.progress = parameters, progress
        self.overwrite, self.year = bool(parameters.get("overwrite")), given_year(parameters.get("image_date"))
        self.cog = bool(parameters.get("cog"))
        self.folder = maps_folder(Path(parameters["output"]))
        self.rasters = EachRaster(parameters, model, progress)
        self.history = [command_words(command, parameters)]
        self.kind: MapKind
        self.maps: list[str] = []
        self.failed: list[tuple[str, BotaclipError]] = []
        self.made = self.skipped = self.left_out = 0
        self.sums = {"pixels": 0, "clipped": 0}
        self.pixel_m, self.device = 0.0, ""
        self._warned: set[str] = set()

    def path(self, number: int) -> Path:
        """Return the name of a raster's map."""
        return self.folder / f"{self.rasters.names[number]}.tif"

    def check_folder(self) -> None:
        """Refuse an output that is no folder, or that the rasters lie in: their maps would bear their names."""
        if self.folder.exists() and not self.folder.is_dir():
            raise OutputError("a file of this name exists", where=str(self.folder), remedy="name another folder")
        here = os.path.realpath(self.folder)
        if any(here in (real, os.path.dirname(real)) for real in map(os.path.realpath, self.rasters.paths)):
            raise OutputError(
                "rasters that are to be mapped lie in this folder, and their maps would take their names",
                where=str(self.folder), remedy="name another folder",
            )  # fmt: skip

    def look_for_others(self) -> None:
        """Refuse, before anything is computed, to replace what is no map, or without ``--overwrite`` another map."""
        others = []
        for number in range(len(self.rasters)):
            path = self.path(number)
            if not path.exists():
                continue
            self.progress.check()
            tags = _tags(path)
            if not tags and is_ours_unreadable(path, self.kind.style):
                if not self.overwrite:
                    others.append(f"{path.name} (damaged, it cannot be opened)")
                continue
            if not any(name.startswith("BOTACLIP_") for name in tags):
                raise OutputError("a file of this name is no map of BotaCLIP", where=str(path),
                                  remedy="name another folder")  # fmt: skip
            if self.overwrite:
                continue
            # What cannot be opened or lies outside is told in its turn.
            with contextlib.suppress(BotaclipError), self.rasters.opened(number) as applied:
                area = self._areas(applied, SILENT)[0]
                if tags.get(DIGEST) != self._digest(applied, area):
                    others.append(f"{path.name} ({self._differs(applied, tags)})")
        if others:
            raise OutputError(
                f"{len(others)} of the maps in it exist already and are others: {_listed(others)}",
                where=str(self.folder), remedy="name another folder, or use --overwrite",
            )  # fmt: skip

    def turn(self, number: int) -> None:
        """Make the map of a raster, unless it is finished; note why where that fails.

        Raises
        ------
        Cancelled, OutputError, DeviceError, EncoderError
            It would be the same with the others.
        """
        name, count = Path(self.rasters.paths[number]).name, len(self.rasters)
        stage = self.progress.stage(number / count, (number + 1) / count)
        stage.update(0.0, f"{number + 1} of {count}, {name}")
        own = self._own(stage, f"{number + 1} of {count}, {name}", name)
        try:
            self._map(number, name, own)
        except NothingLeft:
            self.left_out += 1
            self.progress.info(f"{name}: nothing of it lies in extent and mask, no map.")
        except (Cancelled, OutputError, DeviceError, EncoderError):
            raise
        except Exception as error:  # whatever a damaged file brings about is its own
            worded = in_words(error)
            self.failed.append((name, worded))
            self.progress.warning(f"No map of {name}: {worded.sentence}")

    def _map(self, number: int, name: str, progress: Progress) -> None:
        path = self.path(number)
        with self.rasters.opened(number, progress) as applied:
            areas = self._areas(applied, progress)
            area, digest = areas[0], self._digest(applied, areas[0])
            self.pixel_m, self.device = area.step * area.lattice.cell_m, applied.device
            there = _tags(path) if path.exists() else {}
            unreadable = path.exists() and not there
            same = bool(there) and there.get(DIGEST) == digest
            if same and is_whole(path):
                self.skipped += 1
                self._complete(path)
                self.progress.info(f"{name}: its map is finished already.")
            else:
                made = make_maps(
                    applied, areas, self.kind, path, progress, overwrite=self.overwrite or same, cog=self.cog,
                    year=self.year, history=self.history, tags={DIGEST: digest},
                )  # fmt: skip
                self.made += 1
                for key in self.sums:
                    self.sums[key] += made[key]
                anew = f" anew: the one that was there has {self._differs(applied, there)}" if there else ""
                anew = " anew: the one that was there was cut short or damaged" if same or unreadable else anew
                self.progress.info(f"{name}: map made{anew}.")
            self.maps.append(str(path))

    def _complete(self, path: Path) -> None:
        """Write what a run killed at the very end has not laid beside a map; what is there may be the user's own."""
        style, page = path.with_suffix(".qml"), path.with_suffix(QMD)
        if self.kind.style and not style.exists():
            with unfinished(style) as part:
                part.write_text(self.kind.style, encoding="utf-8")
        if not page.exists():
            with unfinished(page) as part, rasterio.open(path) as dataset:
                part.write_text(qmd(dataset, self.history), encoding="utf-8")

    def outcome(self) -> dict[str, Any]:
        """Return what was made; raise where anything failed."""
        count = len(self.rasters)
        if self.failed:
            kind = UnsupportedRaster if any(isinstance(e, UnsupportedRaster) for _, e in self.failed) else RasterError
            # Those that another program may be able to read come first: who catches the error looks for their names.
            failed = sorted(self.failed, key=lambda each: not isinstance(each[1], UnsupportedRaster))
            raise kind(
                f"{len(failed)} of {count} rasters could not be mapped, the other maps are in {self.folder}: "
                + _listed([error.sentence.rstrip(".") for _, error in failed], "; "),
                remedy="mend or remove them and run the same again: what is finished is skipped",
            )
        if not self.maps:
            raise nothing_left(
                self.rasters.name, extent=self.parameters.get("extent"), mask=self.parameters.get("mask")
            )
        words = [f"{self.made} maps made", f"{self.skipped} finished already" if self.skipped else "",
                 f"{self.left_out} rasters outside" if self.left_out else ""]  # fmt: skip
        self.progress.info(f"{', '.join(filter(None, words))}.")
        return self.sums | {
            "output": str(self.folder), "rasters": self.maps, "device": self.device, "pixel_m": self.pixel_m,
            "scenes": count, "made": self.made, "skipped": self.skipped, "left_out": self.left_out,
        }

    def _areas(self, applied: AppliedImagery, progress: Progress) -> Any:
        given = self.parameters
        return applied.areas(
            stride_m=given.get("stride"), extent=given.get("extent"), mask=given.get("mask"), progress=progress
        )

    def _digest(self, applied: AppliedImagery, area: Any) -> str:
        """Return SHA-256 of all that decides on a map: model, raster file, options, version."""
        about = [asked_for(applied, 0, area, self.kind), self.year, self.cog, botaclip.__version__]
        return hashlib.sha256(json.dumps(about, sort_keys=True).encode()).hexdigest()

    def _differs(self, applied: AppliedImagery, tags: dict[str, str]) -> str:
        """Return in words what a map that is there has otherwise."""
        if tags.get("BOTACLIP_KIND") != self.kind.name:
            return f"other content, {tags.get('BOTACLIP_KIND', 'unknown')}"
        if tags.get("BOTACLIP_MODEL_SHA256") != applied.model.file.sha256:
            return f"another model, {tags.get('BOTACLIP_MODEL', 'unknown')}"
        if tags.get("BOTACLIP_VERSION") != botaclip.__version__:
            return f"another version of BotaCLIP, {tags.get('BOTACLIP_VERSION', 'unknown')}"
        return "other options, or another state of the image" if DIGEST in tags else "not been made with --each"

    def _own(self, stage: Progress, words: str, name: str) -> Progress:
        """Return the progress of one raster: what is the same for all of them is said once."""

        def log(level: str, text: str) -> None:
            if level == "warning" and text not in self._warned and len(self._warned) < _MOST_WARNINGS:
                self._warned.add(text)
                self.progress.warning(f"{name}: {text}")

        def stopped() -> bool:
            stage.check()
            return False

        return Progress(lambda done, text: stage.update(done, f"{words}: {text}" if text else words), log, stopped)


def _tags(path: Path) -> dict[str, str]:
    """Return the tags of a raster; none of what cannot be opened."""
    try:
        with rasterio.open(path) as dataset:
            return dict(dataset.tags())
    except RasterioError:
        return {}


def _listed(words: list[str], between: str = ", ") -> str:
    more = len(words) - _NAMED
    return between.join(words[:_NAMED]) + (f" and {more} more" if more > 0 else "")
