"""How long a map will take and how much room it needs, from one block that is really made."""

from __future__ import annotations

import dataclasses
import shutil
import time
from pathlib import Path
from typing import Any

import numpy as np

from botaclip.core.applied_imagery import AppliedImagery
from botaclip.core.applied_model import AppliedModel
from botaclip.core.area import Area
from botaclip.core.embedding_bands import EmbeddingBands
from botaclip.core.errors import OptionError
from botaclip.core.progress import Progress
from botaclip.core.raster_output import Block

_TRIES = 5  # blocks looked at until one has image data
_SHORT = 8  # a map of so few blocks is made before an estimate would be


@dataclasses.dataclass(frozen=True)
class Estimate:
    """Size of a job: map ``pixels``, ``cells`` (or ``unit``) to encode, ``seconds``, ``disk_bytes`` at most."""

    pixels: int
    cells: int
    seconds: float
    disk_bytes: int
    unit: str = "cells"

    @property
    def words(self) -> str:
        """The estimate in one sentence."""
        minutes = self.seconds / 60
        if minutes < 2:
            length = f"{self.seconds:.0f} s"
        else:
            length = f"{minutes:.0f} minutes" if minutes < 120 else f"{minutes / 60:.1f} hours"
        room = _bytes(self.disk_bytes)
        return f"{self.pixels} pixels from {self.cells} {self.unit}: about {length}, at most {room} of disk"


def estimate_map(
    applied: AppliedImagery, areas: dict[int, Area], count: int, itemsize: int
) -> Estimate:
    """Measure one block of the largest map and multiply.

    Parameters
    ----------
    applied, areas
        What will be mapped, and where in each scene.
    count, itemsize
        Bands, and bytes of a value.
    """
    pixels = sum(area.height * area.width for area in areas.values())
    number = max(areas, key=lambda number: areas[number].height * areas[number].width)
    scene, area = applied.scene(number), areas[number]
    blocks = scene.blocks(area)
    order = np.linspace(len(blocks) // 2, len(blocks) - 1, min(_TRIES, len(blocks))).astype(int)
    seconds, warm = 0.0, False
    for index in dict.fromkeys(order.tolist()):
        # A part of a block shows how fast it goes; the whole of one may take as long as a small map.
        block = blocks[index]
        most = scene.cells.tried_nodes
        tried = Block(block.row, block.col, min(block.height, most), min(block.width, most))
        if not warm:  # the first look also opens what lies on disk and warms the encoder up, once for the whole map
            warm = _seconds(scene, area, Block(block.row, block.col, 1, 1))[1]
        seconds, found = _seconds(scene, area, tried)
        if found and not warm:  # there is no image at its first node
            seconds, warm = _seconds(scene, area, tried)
        seconds *= pixels / (tried.height * tried.width) * _overlap(scene, area, tried, block) / applied.workers
        if found:
            break
    cells = sum(_cost(scene, area, area.height, area.width) for area in areas.values())
    unit = "patches" if scene.cells.encoder.kind == "exact" else "cells"
    return Estimate(pixels, round(cells), seconds, pixels * count * itemsize, unit)


def _cost(scene: AppliedModel, area: Area, height: int, width: int) -> float:
    return scene.cells.cost(height, width, area.step * area.lattice.stride_px, area.patch)


def _overlap(scene: AppliedModel, area: Area, tried: Block, block: Block) -> float:
    """What a pixel of a block costs over what one of the tried costs."""
    each = (_cost(scene, area, part.height, part.width) / (part.height * part.width) for part in (block, tried))
    return next(each) / next(each)


def _seconds(scene: AppliedModel, area: Area, block: Block) -> tuple[float, bool]:
    wanted = area.inside(block.row, block.col, block.height, block.width)
    started = time.perf_counter()
    made = None
    if wanted.any():
        blank = np.full(len(scene.model.species), np.nan, np.float32)
        # Of two dates (core/paired_source.py) one is judged: the encoder is what takes time.
        width = scene.cells.encoder.dimension + len(scene.model.environment)
        made = scene.block(area, block, wanted, lambda vectors: (scene.suitability(vectors[:, :width]), 0), blank)
    return time.perf_counter() - started, made is not None


def announce_estimate(
    applied: AppliedImagery, areas: dict[int, Area], count: int, itemsize: int, output: Path, progress: Progress
) -> None:
    """Say, before a long run, how long it will take; warn where the disk will not hold it."""
    progress.update(0.0, "measuring")
    # The output's folder is made with the output.
    free = shutil.disk_usage(next(folder for folder in output.absolute().parents if folder.is_dir())).free
    size = sum(area.height * area.width for area in areas.values()) * count * itemsize
    if size > free:
        progress.warning(f"The map may need {_bytes(size)}, and {_bytes(free)} are free.")
    blocks = 0
    for number, area in areas.items():
        blocks += len(applied.scene(number).blocks(area))
        if blocks > _SHORT:
            progress.info(f"{estimate_map(applied, areas, count, itemsize).words}.")
            return


def estimate(parameters: dict[str, Any], progress: Progress) -> dict[str, Any]:
    """Estimate a map before it is asked for.

    Parameters
    ----------
    parameters
        ``command``: ``embed`` or ``suitability``, and ``parameters``: those of the command.

    Returns
    -------
    dict
        ``pixels``, ``cells``, ``seconds``, ``disk_bytes``, and ``message``: all in one sentence.

    Raises
    ------
    OptionError
        ``command`` is neither, or the model is of another mode than is asked for.
    """
    command = parameters.get("command")
    if command not in ("embed", "suitability"):
        raise OptionError(f"{command!r} cannot be estimated", remedy="ask for embed or suitability")
    parameters = parameters["parameters"]
    with AppliedImagery.open(
        parameters["model"], parameters["raster"], bands=parameters.get("bands"),
        environment=parameters.get("environment"), device=parameters.get("device") or "auto", maps=True,
        mode=parameters.get("mode") or "auto", progress=progress,
    ) as applied:
        areas = applied.areas(
            stride_m=parameters.get("stride"), extent=parameters.get("extent"), mask=parameters.get("mask"),
            progress=progress,
        )
        if command == "embed":
            count = len(EmbeddingBands.of(applied.model, str(parameters.get("dimensions") or 64), progress).names)
        else:
            count = len(applied.model.choose(parameters.get("species")))
        result = estimate_map(applied, areas, count, 1 if parameters.get("quantise") == "uint8" else 4)
    progress.update(1.0, "measured")
    return dataclasses.asdict(result) | {"message": f"{result.words}."}


def _bytes(size: float) -> str:
    for unit in ("bytes", "KiB", "MiB", "GiB"):
        if size < 1024:
            return f"{size:.0f} {unit}" if size >= 10 or unit == "bytes" else f"{size:.1f} {unit}"
        size /= 1024
    return f"{size:.1f} TiB"
