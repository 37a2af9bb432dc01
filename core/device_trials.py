"""The command ``devices``: each device computes a tile as a map would, is held against the CPU, and is timed."""

from __future__ import annotations

import base64
import contextlib
import dataclasses
import os
import platform
import statistics
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from botaclip.core.applied_imagery import AppliedImagery
from botaclip.core.bundled import BUNDLED
from botaclip.core.cells import run_cells
from botaclip.core.device import (
    Trial,
    joined_vectors,
    noise,
    parts_of,
    relative_difference,
    try_device,
)
from botaclip.core.encoders.encoder import Encoder
from botaclip.core.encoders.execution_providers import GPUS, compiled_in
from botaclip.core.encoders.gpu import on_gpu
from botaclip.core.encoders.onnx_session import open_session, run_session
from botaclip.core.errors import DeviceError, EncoderError, OptionError
from botaclip.core.estimate import estimate_map
from botaclip.core.lattice_reader import LatticeReader
from botaclip.core.model import Model
from botaclip.core.progress import SILENT, Progress

Floats = NDArray[np.float32]
Window = tuple[Floats, NDArray[np.bool_]]

_TIMES, _SECONDS = 7, 2.0  # runs that are timed at most, and for how long
_PLACES = 5  # along each side of a map: where a tile of the raster is looked for
# pixels (n, 3, h, w) -> 3 x 3 convolution to 4 channels, ReLU; tests/test_device.py writes the same bytes with onnx.
_PROBE = (
    "CAg6uwQKFAoGcGl4ZWxzCgF3EgFjIgRDb252ChAKAWMSBWNlbGxzIgRSZWx1EgVwcm9iZSrAAwgECAMIAwgDEAFCAXdKsAMAABC/"
    "AAAQPwAAAD8AAOA+AADAPgAAoD4AAIA+AABAPgAAAD4AAIA9AAAAAAAAgL0AAAC+AABAvgAAgL4AAKC+AADAvgAA4L4AAAC/AAAQ"
    "vwAAED8AAAA/AADgPgAAwD4AAKA+AACAPgAAQD4AAAA+AACAPQAAAAAAAIC9AAAAvgAAQL4AAIC+AACgvgAAwL4AAOC+AAAAvwAA"
    "EL8AABA/AAAAPwAA4D4AAMA+AACgPgAAgD4AAEA+AAAAPgAAgD0AAAAAAACAvQAAAL4AAEC+AACAvgAAoL4AAMC+AADgvgAAAL8A"
    "ABC/AAAQPwAAAD8AAOA+AADAPgAAoD4AAIA+AABAPgAAAD4AAIA9AAAAAAAAgL0AAAC+AABAvgAAgL4AAKC+AADAvgAA4L4AAAC/"
    "AAAQvwAAED8AAAA/AADgPgAAwD4AAKA+AACAPgAAQD4AAAA+AACAPQAAAAAAAIC9AAAAvgAAQL4AAIC+AACgvgAAwL4AAOC+AAAA"
    "vwAAEL8AABA/AAAAPwAA4D4AAMA+AACgPgAAgD4AAEA+AAAAPgAAgD0AAAAAAACAvQAAAL5aIwoGcGl4ZWxzEhkKFwgBEhMKAxIB"
    "bgoCCAMKAxIBaAoDEgF3YiIKBWNlbGxzEhkKFwgBEhMKAxIBbgoCCAQKAxIBeQoDEgF4QgQKABAR"
)


class Tile:
    """What every device computes: a window of the raster, or noise, for each part of an encoder.

    Parameters
    ----------
    read
        Returns pixels (C, side, side) of named bands and their validity; None for noise.
    """

    def __init__(self, read: Callable[[tuple[str, ...], int], Window] | None = None) -> None:
        self._read = read
        self._kept: dict[tuple[tuple[str, ...], int], Window] = {}

    @property
    def source(self) -> str:
        """``raster`` or ``noise``."""
        return "noise" if self._read is None else "raster"

    def window(self, part: Encoder, side: int) -> Window:
        """Return the window of one part, the same for every device."""
        if self._read is None:
            return noise(part, side)
        key = part.bands, side
        if key not in self._kept:
            self._kept[key] = self._read(*key)
        return self._kept[key]

    def vectors(self, encoder: Encoder) -> Floats:
        """Return what the encoder makes of it."""
        return joined_vectors(encoder, self.window, working_side)


def working_side(part: Encoder) -> int:
    """Return the side of what an encoder computes at once in a map, in pixels."""
    if part.kind == "dense":
        return run_cells(part.stride_px, part.margin_px) * part.stride_px + 2 * part.margin_px
    return part.tile_px


def try_encoder(name: str, make: Callable[[str], Encoder], tile: Tile, progress: Progress = SILENT) -> Trial:
    """Run a tile on a device, compare it with the CPU and time it.

    Parameters
    ----------
    name
        ``cpu`` or one of ``GPUS``.
    make
        Returns the encoder on the device it is given.
    tile
        What it computes.
    progress
        Told what torch says of the GPU.
    """
    made: dict[str, Encoder] = {}

    def compute(device: str) -> Floats:
        if device not in made:
            made[device] = make(device)
        return tile.vectors(made[device])

    trial = _by_torch(make("cpu"), tile, made, progress) if name == "cuda" and not compiled_in("cuda") else None
    if trial is None:
        trial = try_device(name, compute)
    if not trial.works:
        return trial
    milliseconds, side = _median_ms(lambda: tile.vectors(made[name])), working_side(parts_of(made[name])[0])
    words = f"{trial.words}: {milliseconds:.3g} ms for a tile of {side} x {side} pixels"
    return dataclasses.replace(trial, words=words, ms_per_tile=round(milliseconds, 3), tile_px=side)


def _by_torch(encoder: Encoder, tile: Tile, made: dict[str, Encoder], progress: Progress) -> Trial | None:
    """Try the GPU in torch, which has held the networks against the CPU itself; None where that has none."""
    try:
        faster = on_gpu(encoder, "cuda", progress)
    except (DeviceError, EncoderError) as error:
        return Trial("cuda", False, None, error.found)
    if faster is None:
        return None
    made["cuda"] = faster
    difference = relative_difference(tile.vectors(faster), tile.vectors(encoder))
    return Trial("cuda", True, difference, f"it ran a tile {faster.computed}, {difference:.1g} from the CPU")


def _median_ms(run: Callable[[], object]) -> float:
    """Return the median milliseconds of a few runs; one has gone before."""
    run()
    taken: list[float] = []
    began = time.perf_counter()
    while len(taken) < _TIMES and (not taken or time.perf_counter() - began < _SECONDS):
        start = time.perf_counter()
        run()
        taken.append(time.perf_counter() - start)
    return 1000 * statistics.median(taken)


def _probe(device: str) -> Floats:
    tile = np.random.default_rng(0).random((1, 3, 64, 64), dtype=np.float32)
    session = open_session(base64.b64decode(_PROBE), device=device, shapes=[tile.shape] if device in GPUS else [])
    result: Floats = run_session(session, {"pixels": tile})[0]
    return result


def _listed() -> list[str]:
    """Return the devices that are spoken of: the CPU and CUDA always, the others where onnxruntime has them."""
    return ["cpu", *(name for name in GPUS if name == "cuda" or compiled_in(name))]


def devices(parameters: dict[str, Any], progress: Progress) -> dict[str, Any]:
    """Run ``botaclip devices``: try every device on a tile, compare it with the CPU, time it, and estimate a map.

    Returns
    -------
    dict
        ``devices``: of each ``name``, ``works``, ``difference``, ``words``, ``ms_per_tile``, ``tile_px``, and with a
        raster ``estimate`` (``pixels``, ``cells``, ``seconds``, ``disk_bytes``, ``words``; None where it does not
        work); ``auto``: the one that auto takes; ``encoder``, ``tile`` (``noise`` or ``raster``), ``model``,
        ``onnxruntime``, ``cpu_cores``, ``machine``; ``print``: all of it in lines, unless JSON was asked for.

    Raises
    ------
    ModelFileError, RasterError
        Model or raster cannot be opened, or do not fit each other.
    OptionError
        Nothing of the raster can be mapped.
    """
    raster, names = parameters.get("raster"), _listed()
    given = parameters.get("model")
    if raster and not given and not BUNDLED.is_file():
        raise OptionError("a raster is looked at with a model, and none came along", remedy="name one with --model")
    model = Model.open(given or BUNDLED) if given or BUNDLED.is_file() else None
    if model is None:
        trials = [try_device(name, _probe) for name in names]
        entries = [dataclasses.asdict(trial) for trial in trials]
    else:
        entries = _entries(model, names, parameters, progress)
    progress.update(1.0, "devices tried")
    works = [entry["name"] for entry in entries if entry["works"]]
    found: dict[str, Any] = {
        "devices": entries, "auto": next((name for name in GPUS if name in works), "cpu"),
        "model": None if model is None else str(model.file.path),
        "encoder": None if model is None else model.metadata["encoder"]["id"],
        "tile": "raster" if raster else "noise",
        "onnxruntime": onnxruntime.__version__, "cpu_cores": os.cpu_count(), "machine": platform.machine(),
    }
    # Without words to print, the command line prints the result itself as JSON.
    return found if parameters.get("json") else {**found, "print": _lines(found, raster)}


def _entries(
    model: Model, names: list[str], parameters: dict[str, Any], progress: Progress
) -> list[dict[str, Any]]:
    entries = []
    raster = parameters.get("raster")
    with contextlib.ExitStack() as stack:
        tile = Tile() if not raster else stack.enter_context(_raster_tile(model, parameters, progress))
        for number, name in enumerate(names):
            progress.update(number / len(names), f"trying {name}")
            trial = try_encoder(name, model.encoder, tile, progress)
            entry = dataclasses.asdict(trial)
            if raster:
                entry["estimate"] = None
                if trial.works:
                    try:
                        entry["estimate"] = _estimate(model, name, parameters)
                    except (DeviceError, EncoderError) as error:
                        entry |= {"works": False, "words": f"a tile ran, a piece of the map did not: {error.found}"}
            entries.append(entry)
    return entries


def _applied(model: Model, device: str, parameters: dict[str, Any], progress: Progress) -> AppliedImagery:
    return AppliedImagery.open(
        model, parameters["raster"], bands=parameters.get("bands"), environment=parameters.get("environment"),
        device=device, maps=True, progress=progress,
    )


@contextlib.contextmanager
def _raster_tile(model: Model, parameters: dict[str, Any], progress: Progress) -> Iterator[Tile]:
    """Yield the tile of the largest map of the raster that has most image data."""

    def tell(level: str, message: str) -> None:
        # Which device computes is what is being found out.
        if not message.startswith("Computing on "):
            (progress.warning if level == "warning" else progress.info)(message)

    with _applied(model, "cpu", parameters, Progress(log=tell)) as applied:
        areas = applied.areas(stride_m=None, extent=None, mask=None, progress=progress)
        number = max(areas, key=lambda number: areas[number].height * areas[number].width)
        area, scene = areas[number], applied.layout.scenes[number]
        with LatticeReader(scene, applied.layout.lattices[number]) as reader:

            def read(bands: tuple[str, ...], side: int) -> Window:
                best: Window | None = None
                for row in _spread(area.height):
                    for col in _spread(area.width):
                        down, across = (place * area.lattice.stride_px - side // 2 for place in area.node(row, col))
                        pixels, valid = reader.read(down, across, side, side)
                        if best is None or valid.mean() > best[1].mean():
                            best = pixels[[scene.roles.index(band) for band in bands]][None], valid[None]
                        if best[1].all():
                            return best
                assert best is not None
                return best

            yield Tile(read)


def _spread(length: int) -> list[int]:
    """Return some places along a side, the middle first."""
    places = {length * (2 * number + 1) // (2 * _PLACES) for number in range(_PLACES)}
    return sorted(places, key=lambda place: abs(place - length // 2))


def _estimate(model: Model, device: str, parameters: dict[str, Any]) -> dict[str, Any]:
    """Return what a suitability map of the whole raster takes at the default stride."""
    with _applied(model, device, parameters, SILENT) as applied:
        areas = applied.areas(stride_m=None, extent=None, mask=None)
        made = estimate_map(applied, areas, len(model.species), 4)
    return dataclasses.asdict(made) | {"words": made.words}


def _lines(found: dict[str, Any], raster: str | None) -> list[str]:
    width = max(len(entry["name"]) for entry in found["devices"])
    lines = []
    for entry in found["devices"]:
        lines.append(f"{entry['name']:<{width}} {'works' if entry['works'] else 'no':<6} {entry['words']}")
        if raster and entry["estimate"]:
            map_of = f"suitability map of {Path(raster).name}"
            lines.append(f"{'':<{width}} {'':<6} {map_of}: {entry['estimate']['words']}")
    return [*lines, f"auto takes {found['auto']}"]
