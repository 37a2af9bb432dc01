"""A model applied to imagery of one or many scenes: each looked at on its own lattice, opened when its turn comes."""

from __future__ import annotations

import collections
import contextlib
import dataclasses
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from botaclip.core.applied_model import NO_ENVIRONMENT, NODATA, NOWHERE, OK, OUTSIDE, AppliedModel, PointValues
from botaclip.core.area import Area, Limits, nothing_left
from botaclip.core.device import encoder_on
from botaclip.core.encoders.encoder import Encoder
from botaclip.core.encoders.gpu import on_gpu
from botaclip.core.environment_rasters import Environment
from botaclip.core.errors import ModelFileError, OptionError
from botaclip.core.imagery import Imagery, open_imagery
from botaclip.core.lattice import Lattice
from botaclip.core.lattice_imagery import LatticeImagery
from botaclip.core.model import Model
from botaclip.core.pairing import inside
from botaclip.core.places import Points, same_crs
from botaclip.core.progress import SILENT, Progress

# Beyond this ratio of pixel sizes a model looks at another texture than it has learnt.
_OTHER_PIXEL = 1.5
_OTHER_STRIDE = 0.01  # a stride rounded by more than this share of it is said to be
_OPEN_SCENES = 2
_MOST_WORKERS = 4  # blocks at a time: each takes memory


class AppliedImagery:
    """A model and all scenes of a raster.

    Parameters
    ----------
    model
        The model.
    layout
        The scenes with the model's bands, each on its lattice, and the environment rasters.
    device
        Where the encoder really runs.
    workers
        Blocks of a map that are computed at the same time.
    """

    def __init__(self, model: Model, layout: LatticeImagery, device: str, workers: int = 1) -> None:
        self.model, self.layout, self.device, self.workers = model, layout, device, workers
        self._opened: collections.OrderedDict[int, tuple[contextlib.ExitStack, AppliedModel]] = (
            collections.OrderedDict()
        )

    @classmethod
    def open(
        cls, model: str | Path | Model, raster: str | Path, *, bands: str | None = None,
        environment: Iterable[str | Path] | None = None, device: str = "auto", maps: bool = False,
        mode: str = "auto", like: AppliedImagery | None = None, progress: Progress = SILENT,
    ) -> AppliedImagery:
        """Open model and rasters, choose and try the device, and say what was found.

        Parameters
        ----------
        model, raster, bands
            The model (opened or a path), the imagery, and its bands by role where they are not to be guessed.
        environment
            Rasters with the model's environment layers; None takes the files it was trained with.
        device
            ``auto``, ``cpu`` or ``cuda``.
        maps
            Whether large areas will be computed: several blocks at a time then, each on fewer threads.
        mode
            The encoder's mode that the user counts on; ``auto`` takes the model's.
        like
            Other imagery seen by the same model for the same end, whose encoder and device are taken over.
        progress
            Told what was found, once for all scenes.

        Raises
        ------
        ModelFileError
            The model cannot be used, was made for other bands, or an environment layer is missing.
        RasterError
            A raster cannot be opened.
        DeviceError
            The device cannot be had.
        OptionError
            The model is of another mode.
        """
        model = model if isinstance(model, Model) else Model.open(model)
        model.check_mode(mode)
        imagery = imagery_for(model, raster, bands=bands)
        layers = environment_for(model, environment, progress)
        if layers is not None:
            layers.check_meets(imagery.scenes)
        lattices = tuple(model.lattice.for_source(scene) for scene in imagery.scenes)
        progress.info(imagery.describe())
        _say_what_differs(model, imagery, lattices, progress)
        if like is not None:
            layout = LatticeImagery(imagery, like.layout.encoder, model.lattice, lattices, layers)
            return cls(model, layout, like.device, like.workers)
        cores = int(os.environ.get("OMP_NUM_THREADS") or os.cpu_count() or 1)
        workers = min(_MOST_WORKERS, cores) if maps else 1

        def make(device: str) -> Encoder:
            encoder = model.encoder(device)
            # Two graphs on a thread each do more than one on two: most of its steps are too small to be shared out.
            return encoder.with_threads(max(1, cores // workers)) if workers > 1 and device == "cpu" else encoder

        faster = on_gpu(model.encoder("cpu"), device, progress) if device != "cpu" else None
        encoder, name = (faster, "cuda") if faster is not None else encoder_on(device, make, progress)
        return cls(model, LatticeImagery(imagery, encoder, model.lattice, lattices, layers), name, workers)

    def __enter__(self) -> AppliedImagery:
        """Return itself."""
        return self

    def __exit__(self, *failure: object) -> None:
        """Close all files."""
        self.close()

    def close(self) -> None:
        """Close all files."""
        while self._opened:
            self._opened.popitem()[1][0].close()

    @property
    def imagery(self) -> Imagery:
        """The scenes."""
        return self.layout.imagery

    @property
    def name(self) -> str:
        """What it was opened by."""
        return self.imagery.name

    @property
    def crs_wkt(self) -> str:
        """CRS of the first scene: what bare coordinates are in."""
        return self.imagery.scenes[0].crs_wkt

    @property
    def single(self) -> bool:
        """Whether there is one scene only, and so one map."""
        return self.imagery.single

    def scene(self, number: int) -> AppliedModel:
        """Return a scene, opened; the ones opened before the last are closed, so keep none."""
        if number in self._opened:
            self._opened.move_to_end(number)
            return self._opened[number][1]
        while len(self._opened) >= _OPEN_SCENES:
            self._opened.popitem(last=False)[1][0].close()
        with contextlib.ExitStack() as stack:
            cells = stack.enter_context(self.layout.cells(number))
            applied = AppliedModel(self.model, self.layout.scenes[number], cells, self.device, self.workers)
            self._opened[number] = (stack.pop_all(), applied)
        return applied

    def areas(
        self, *, stride_m: float | None, extent: str | None, mask: str | Path | None, progress: Progress = SILENT
    ) -> dict[int, Area]:
        """Return the nodes of a map of each scene; scenes without any are left out, and said to be.

        Parameters
        ----------
        stride_m
            Pixel size of the map; None takes a tenth of the patch.
        extent, mask
            See :meth:`Area.of`; an extent over scenes in several CRSs has to name its own.

        Raises
        ------
        OptionError
            Extent or mask cannot be read, or nothing is left of any scene.
        """
        scenes = self.layout.scenes
        shared = all(same_crs(scene.crs_wkt, scenes[0].crs_wkt) for scene in scenes)
        limits = Limits.of(extent, mask, crs=scenes[0].crs_wkt if shared else "", optional=not self.single)
        areas = {}
        for number, (scene, lattice) in enumerate(zip(scenes, self.layout.lattices, strict=True)):
            progress.check()
            step = lattice.step_of(stride_m, self.model.patch)
            area = Area.within(scene, lattice, self.model.patch, step=step, limits=limits)
            if area is not None:
                areas[number] = area
        if not areas and stride_m and not extent and not mask:
            raise OptionError(
                f"no pixel of a map with a stride of {stride_m:g} m has its centre on the raster", where="--stride",
                remedy="choose a smaller stride",
            )  # fmt: skip
        if not areas:
            raise nothing_left(self.imagery.name, extent=extent, mask=mask)
        if len(areas) < len(scenes):
            left = [self.imagery.scene_names[number] for number in range(len(scenes)) if number not in areas]
            progress.info(f"{_count(len(left))} no pixel of the map and {_was(len(left))} left out: {_listed(left)}.")
        first = next(iter(areas.values()))
        pixel_m = first.step * first.lattice.cell_m
        if stride_m and abs(pixel_m / stride_m - 1) > _OTHER_STRIDE:
            progress.info(
                f"The stride of {stride_m:g} m is no whole number of cells of {first.lattice.cell_m:.4g} m: "
                f"the map has pixels of {pixel_m:.4g} m."
            )
        return areas

    def at(self, points: Points, species: Iterable[int], progress: Progress = SILENT) -> PointValues:
        """Return the suitability of species at places, each in the first scene that holds it and sees its patch.

        ``nodes`` are in the lattices' CRS where those that were looked at share one, otherwise in degrees.
        """
        chosen = list(species)
        if self.single:
            return self.scene(0).at(points, chosen, progress)
        count = len(points)
        status = np.where(points.finite, OUTSIDE, NOWHERE).astype("<U24")
        suitability = np.full((count, len(chosen)), np.nan, np.float32)
        unit = np.full((count, self.model.unit_width), np.nan, np.float32)
        offset_m = np.full(count, np.nan)
        nodes: dict[str, tuple[list[NDArray[np.intp]], list[Points]]] = {}
        holding = list(self._holding(points))
        for done, (number, held) in enumerate(holding):
            asked = held[status[held] != OK]
            if not asked.size:
                continue
            stage = progress.stage(done / len(holding), (done + 1) / len(holding))
            found = self.scene(number).at(points[asked], chosen, stage)
            # What one scene sees only partly another one may see; the first to hold a place says where its node is.
            better = (found.status == OK) | (status[asked] == OUTSIDE)
            better |= (found.status == NO_ENVIRONMENT) & (status[asked] == NODATA)
            taken = asked[better]
            status[taken], suitability[taken] = found.status[better], found.suitability[better]
            offset_m[taken], unit[taken] = found.offset_m[better], found.unit[better]
            indexes, places = nodes.setdefault(found.nodes.crs, ([], []))
            indexes.append(taken)
            places.append(found.nodes[better])
        crs = next(iter(nodes)) if len(nodes) == 1 else "EPSG:4326"
        x, y = np.full(count, np.nan), np.full(count, np.nan)
        for indexes, places in nodes.values():
            for index, place in zip(indexes, places, strict=True):
                moved = place.to(crs)
                x[index], y[index] = moved.x, moved.y
        return PointValues(status, suitability, Points(x, y, crs), offset_m, unit)

    def _holding(self, points: Points) -> Iterable[tuple[int, NDArray[np.intp]]]:
        """Yield the scenes that hold any of the places, each with the indexes of those."""
        placed: dict[str, Points] = {}
        for number, scene in enumerate(self.layout.scenes):
            if scene.crs_wkt not in placed:
                placed[scene.crs_wkt] = points.to(scene.crs_wkt)
            here = placed[scene.crs_wkt]
            west, south, east, north = scene.bounds
            near = np.flatnonzero((here.x >= west) & (here.x <= east) & (here.y >= south) & (here.y <= north))
            held = near[inside(scene, here[near])] if near.size else near
            if held.size:
                yield number, held


def imagery_for(model: Model, raster: str | Path, *, bands: str | None = None) -> Imagery:
    """Open imagery with the bands that a model was made for, in its order.

    Raises
    ------
    ModelFileError
        The imagery lacks a band of the model.
    RasterError
        It cannot be opened.
    """
    imagery = open_imagery(raster, bands=bands)
    missing = [role for role in model.roles if role not in imagery.roles]
    if missing:
        raise ModelFileError(
            f"the model was made for the bands {', '.join(model.roles)}, but {imagery.name} has only "
            f"{', '.join(imagery.roles)}: {', '.join(missing)} missing",
            where=str(model.file.path),
            remedy="use a raster with these bands (what is not found by itself is named with --bands, for example "
            f"{missing[0]}=5), or a model made for those it has",
        )  # fmt: skip
    return imagery.take(model.roles)


def environment_for(
    model: Model, given: Iterable[str | Path] | None, progress: Progress = SILENT
) -> Environment | None:
    """Open the environment layers of a model, in its order; None for a model without.

    Parameters
    ----------
    model
        The model.
    given
        Rasters that hold them, found by their layers' names; ``name=path`` gives a name. None takes the files that
        the model was trained with, where they are still there.
    progress
        Told where rasters were given for nothing.

    Raises
    ------
    ModelFileError
        A layer is missing.
    RasterError
        A raster cannot be opened.
    """
    paths = [str(path) for path in given or ()]
    if not model.environment:
        if paths:
            progress.warning("The model was trained without environment rasters; those given are not used.")
        return None
    if not paths:
        recorded = [_recorded(layer) for layer in model.environment]
        paths = list(dict.fromkeys(path for path in recorded if path and Path(path).exists()))
        lost = [layer for layer, path in zip(model.environment, recorded, strict=True) if path not in paths]
        if lost:
            raise _layers_missing(model, lost)
        # What was trained under a name of its own is found by its place.
        environment = _renamed(Environment.open(paths), model)
        given_names: tuple[str, ...] = ()
    else:
        environment = Environment.open(paths)
        given_names = environment.names
    lost = [layer for layer in model.environment if str(layer["name"]) not in environment.names]
    if lost:
        raise _layers_missing(model, lost, given_names)
    return environment.select([str(layer["name"]) for layer in model.environment])


def _renamed(environment: Environment, model: Model) -> Environment:
    """Return the layers with the names that the model gave to their files and bands."""
    names = {(layer.get("path"), layer.get("band")): str(layer["name"]) for layer in model.environment}
    known = set(environment.names)
    return Environment(tuple(
        dataclasses.replace(layer, name=name)
        if (name := names.get((layer.path, layer.band), layer.name)) not in known else layer
        for layer in environment.layers
    ))  # fmt: skip


def _recorded(layer: Mapping[str, Any]) -> str:
    """Return where the layer lay at training; nothing for a place on a server.

    Even a look whether it is there would make this machine log in wherever a stranger's model says.
    """
    path = str(layer.get("path") or "")
    return "" if path.startswith(("\\\\", "//")) or "://" in path or path.startswith("/vsi") else path


def _layers_missing(
    model: Model, layers: list[Mapping[str, Any]], given: Sequence[str] = ()
) -> ModelFileError:
    named = ", ".join(
        f"{layer['name']}" + (f" (band {layer['band']} of {layer['file']})" if layer.get("file") else "")
        for layer in layers
    )
    found = f"the model was trained with environment rasters, and these layers are missing: {named}"
    remedy = "name the rasters with --environment"
    if given:
        found += f"; those given are called {', '.join(given)}"
        remedy = (
            "layers are matched by name, that of their file without its suffix: choose the files of these names, or "
            f"say which it is, --environment {str(layers[0]['name']).partition(':')[0]}=PATH"
        )
    return ModelFileError(found, where=str(model.file.path), remedy=remedy)


def _say_what_differs(model: Model, imagery: Imagery, lattices: Sequence[Lattice], progress: Progress) -> None:
    """Say once for all scenes what a map from them suffers from."""
    own = [lattice for lattice in lattices if lattice != model.lattice]
    if own and imagery.single:
        progress.info(f"The raster does not lie on the model's lattice and has one of its own: {own[0].describe()}.")
    elif own:
        progress.info(f"{len(own)} of {len(lattices)} scenes do not lie on the model's lattice and have their own.")
    trained_px_m = model.lattice.pixel_m * model.lattice.factor
    sizes = [scene.pixel_size_m for scene in imagery.scenes]
    odd = [size for size in sizes if max(size / trained_px_m, trained_px_m / size) > _OTHER_PIXEL]
    if odd:
        which = "this raster has" if imagery.single else f"{len(odd)} of {len(sizes)} scenes have"
        found = f"{min(odd):.3g}" + (f" to {max(odd):.3g}" if max(odd) > 1.01 * min(odd) else "")
        them = "it is" if imagery.single else "they are"
        progress.warning(
            f"The model was trained on pixels of {trained_px_m:.3g} m, {which} {found} m; {them} resampled, and "
            "values may be off."
        )
    low, high = (float(value) for value in model.metadata["value_range"])
    here = imagery.value_range()[1]
    if not 0.5 <= (here - low) / (high - low) <= 2.0:
        progress.warning(
            f"The model was trained on pixel values from {low:g} to {high:g}, this raster's go up to about "
            f"{here:g}: what is mapped from it is not to be trusted. Rescale the raster, or train on it."
        )


def _count(number: int) -> str:
    return "One scene has" if number == 1 else f"{number} scenes have"


def _was(number: int) -> str:
    return "was" if number == 1 else "were"


def _listed(names: list[str]) -> str:
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
