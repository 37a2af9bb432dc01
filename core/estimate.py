"""How long a map will take and how much room it needs, from one block that is really made."""

from __future__ import annotations

import dataclasses
import shutil
import time
from pathlib import Path
from typing import Any

import numpy as np

from botaclip.core.applied_model import AppliedModel
from botaclip.core.area import Area
from botaclip.core.embedding_bands import EmbeddingBands
from botaclip.core.errors import OptionError
from botaclip.core.progress import Progress
from botaclip.core.raster_output import Block, map_blocks

_TRIES = 5  # blocks looked at until one has image data
_SHORT = 8  # a map of so few blocks is made before an estimate would be


@dataclasses.dataclass(frozen=True)
class Estimate:
    """Size of a job: map ``pixels``, lattice ``cells`` to encode, ``seconds``, ``disk_bytes`` at most."""

    pixels: int
    cells: int
    seconds: float
    disk_bytes: int

    @property
    def words(self) -> str:
        """The estimate in one sentence."""
        minutes = self.seconds / 60
        if minutes < 2:
            length = f"{self.seconds:.0f} s"
        else:
            length = f"{minutes:.0f} minutes" if minutes < 120 else f"{minutes / 60:.1f} hours"
        room = _bytes(self.disk_bytes)
        return f"{self.pixels} pixels from {self.cells} cells: about {length}, at most {room} of disk"


def estimate_map(applied: AppliedModel, area: Area, count: int, itemsize: int) -> Estimate:
    """Measure one block of a map and multiply.

    Parameters
    ----------
    applied, area
        What will be mapped, and where.
    count, itemsize
        Bands, and bytes of a value.
    """
    blocks = list(map_blocks(area.height, area.width, applied.blocks(area)))
    order = np.linspace(len(blocks) // 2, len(blocks) - 1, min(_TRIES, len(blocks))).astype(int)
    seconds = 0.0
    for index in dict.fromkeys(order.tolist()):
        seconds, found = _seconds(applied, area, blocks[index])
        if found:
            seconds *= area.height * area.width / (blocks[index].height * blocks[index].width)
            break
    else:
        seconds *= len(blocks)
    cells = ((area.height - 1) * area.step + area.patch.cells) * ((area.width - 1) * area.step + area.patch.cells)
    return Estimate(area.height * area.width, cells, seconds, area.height * area.width * count * itemsize)


def _seconds(applied: AppliedModel, area: Area, block: Block) -> tuple[float, bool]:
    started = time.perf_counter()
    read = applied.read(area, block)
    if read is not None:
        blank = np.full(len(applied.model.species), np.nan, np.float32)
        applied.values(area, read, applied.suitability, blank)
    return time.perf_counter() - started, read is not None


def announce_estimate(
    applied: AppliedModel, area: Area, count: int, itemsize: int, output: Path, progress: Progress
) -> None:
    """Say, before a long run, how long it will take; warn where the disk will not hold it."""
    progress.update(0.0, "measuring")
    free = shutil.disk_usage(output.parent).free
    if area.height * area.width * count * itemsize > free:
        progress.warning(
            f"The map may need {_bytes(area.height * area.width * count * itemsize)}, and {_bytes(free)} are free."
        )
    blocks = len(list(map_blocks(area.height, area.width, applied.blocks(area))))
    if blocks > _SHORT:
        progress.info(f"{estimate_map(applied, area, count, itemsize).words}.")


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
        ``command`` is neither.
    """
    command = parameters.get("command")
    if command not in ("embed", "suitability"):
        raise OptionError(f"{command!r} cannot be estimated", remedy="ask for embed or suitability")
    parameters = parameters["parameters"]
    with AppliedModel.open(
        parameters["model"], parameters["raster"], bands=parameters.get("bands"),
        device=parameters.get("device") or "auto", progress=progress,
    ) as applied:
        area = applied.area(
            stride_m=parameters.get("stride"), extent=parameters.get("extent"), mask=parameters.get("mask")
        )
        if command == "embed":
            count = len(EmbeddingBands.of(applied.model, str(parameters.get("dimensions") or 64), progress).names)
        else:
            count = len(applied.model.choose(parameters.get("species")))
        result = estimate_map(applied, area, count, 1 if parameters.get("quantise") == "uint8" else 4)
    progress.update(1.0, "measured")
    return dataclasses.asdict(result) | {"message": f"{result.words}."}


def _bytes(size: float) -> str:
    for unit in ("bytes", "KiB", "MiB", "GiB"):
        if size < 1024:
            return f"{size:.0f} {unit}" if size >= 10 or unit == "bytes" else f"{size:.1f} {unit}"
        size /= 1024
    return f"{size:.1f} TiB"
