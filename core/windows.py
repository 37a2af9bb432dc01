"""Finished windows of a map, kept in the cache folder until the map is complete: an interrupted run takes them up.

The output's unfinished file is never used again; what is kept lies apart from it, so that beside the output there is
nothing to be left behind and a resumed map has the bytes of one made in one go.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from botaclip.core.cache_folder import cache_folder
from botaclip.core.raster_output import Block

_FORMAT = 1
_KEPT_DAYS = 14
_MOST_BYTES = 20 * 2**30  # of all windows of all maps; the maps that were touched longest ago go first
_SPARE_BYTES = 2 * 2**30  # of the disk, left alone
_SUFFIX = ".window"


class Windows:
    """The finished windows of one map.

    A cache that cannot be written to is no error: then nothing is kept.

    Parameters
    ----------
    about
        Everything that a value of the map depends on, as JSON can hold it; another content is another map.
    """

    def __init__(self, about: Mapping[str, Any]) -> None:
        text = json.dumps([_FORMAT, about], sort_keys=True)
        self.folder = cache_folder() / "windows" / hashlib.sha256(text.encode()).hexdigest()[:40]
        self._keeps = True

    def __len__(self) -> int:
        """Return how many windows an earlier run has left."""
        return sum(1 for _ in self.folder.glob(f"*{_SUFFIX}"))

    def begin(self, size: int) -> None:
        """Make room for a map of ``size`` bytes; nothing is kept where the disk is nearly full."""
        prune(except_for=self.folder)
        with contextlib.suppress(OSError):
            self.folder.mkdir(parents=True, exist_ok=True)
            os.utime(self.folder)
            self._keeps = shutil.disk_usage(self.folder).free > 2 * size + _SPARE_BYTES and size < _MOST_BYTES
            return
        self._keeps = False

    def take(self, block: Block) -> tuple[NDArray[Any], int] | None:
        """Return the values (count, h, w) of a window and its count of clipped values, None where it is not kept.

        A file that is not whole is removed.
        """
        path = self._path(block)
        try:
            header, _, content = path.read_bytes().partition(b"\n")
        except OSError:
            return None
        with contextlib.suppress(ValueError, KeyError, TypeError):
            stated = json.loads(header)
            if stated["sha256"] == hashlib.sha256(content).hexdigest():
                values = np.frombuffer(content, np.dtype(stated["dtype"])).reshape(stated["shape"])
                if values.shape[1:] == (block.height, block.width):
                    return values, int(stated["clipped"])
        with contextlib.suppress(OSError):
            path.unlink()
        return None

    def keep(self, block: Block, values: NDArray[Any], clipped: int = 0) -> None:
        """Keep the values (count, h, w) of a finished window."""
        if not self._keeps:
            return
        path = self._path(block)
        part = path.with_name(f"{path.name}.{os.getpid()}.part")
        content = np.ascontiguousarray(values)
        header = {
            "sha256": hashlib.sha256(content.data).hexdigest(), "dtype": content.dtype.str, "shape": content.shape,
            "clipped": clipped,
        }  # fmt: skip
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with part.open("wb") as file:
                file.write(json.dumps(header).encode() + b"\n")
                file.write(content.data)
            os.replace(part, path)
        except OSError:
            # The map matters more than its windows: what they take on a full disk is given back.
            self._keeps = False
            self.remove()

    def remove(self) -> None:
        """Forget all windows: the map is complete."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _path(self, block: Block) -> Path:
        return self.folder / f"{block.row}_{block.col}_{block.height}_{block.width}{_SUFFIX}"


def prune(*, except_for: Path | None = None, now: float | None = None) -> None:
    """Remove the windows of maps not touched for two weeks, and of the oldest ones beyond the limit of size."""
    now = time.time() if now is None else now
    maps: list[tuple[float, int, Path]] = []
    with contextlib.suppress(OSError):
        for folder in (cache_folder() / "windows").iterdir():
            with contextlib.suppress(OSError):
                stats = [path.stat() for path in (folder, *folder.iterdir())]
                maps.append((max(stat.st_mtime for stat in stats), sum(stat.st_size for stat in stats), folder))
    room = _MOST_BYTES
    for touched, size, folder in sorted(maps, reverse=True):
        room -= size
        if folder != except_for and (room < 0 or now - touched > _KEPT_DAYS * 86_400):
            shutil.rmtree(folder, ignore_errors=True)
