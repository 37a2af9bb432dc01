"""How many windows a graph takes at once: as many as the device's memory allows, and fewer where it does not.

On the CPU it is one. Batches are no faster there (2 cores: within 10 % for vision transformers, slower for
convolutional nets), and a vector must not depend on what is computed beside it: dynamic int8 takes its scale from the
whole batch. It is one as well where a graph is compiled for one shape: another size would be another graph.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import threading
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from botaclip.core.encoders.execution_providers import FIXED_SHAPES
from botaclip.core.errors import EncoderError

Floats = NDArray[np.float32]

MOST = 64  # windows; a larger batch is no faster on any device that was tried
_UNKNOWN_BYTES = 4 * 2**30  # taken to be free where the device does not tell
_SHARE = 8  # of the free memory a batch may ask for one part in so many: several blocks of a map run at a time
# Bytes of layers in flight for one pixel of one band; measured graphs need 70 to 130 of them.
_BYTES_PER_VALUE = 400


class OutOfGraphMemory(EncoderError):
    """A graph asks for more memory than there is for it."""


class Batches:
    """Runs windows in batches whose size is halved whenever the memory does not hold one; it stays halved.

    Parameters
    ----------
    size
        Windows at a time, to begin with.
    """

    def __init__(self, size: int) -> None:
        self.size = max(1, size)
        self._lock = threading.Lock()

    def run(self, compute: Callable[[Floats], Floats], windows: Floats) -> Floats:
        """Return what ``compute`` makes of windows (B, ...), batch by batch, joined along the first axis.

        Raises
        ------
        OutOfGraphMemory
            Not even one window fits.
        """
        made: list[Floats] = []
        start = 0
        while start < len(windows):
            size = self.size
            try:
                made.append(compute(windows[start : start + size]))
            except OutOfGraphMemory:
                size = min(size, len(windows) - start)
                if size == 1:
                    raise
                with self._lock:
                    self.size = min(self.size, size // 2)
                continue
            start += size
        return made[0] if len(made) == 1 else np.concatenate(made)


def first_size(device: str, values: int) -> int:
    """Return how many windows of ``values`` numbers (pixels times bands) to begin with on a device."""
    if device == "cpu" or device in FIXED_SHAPES:
        return 1
    return int(max(1, min(MOST, free_bytes() // _SHARE // max(1, values * _BYTES_PER_VALUE))))


def free_bytes() -> int:
    """Return the free memory of the GPU that is used, by NVIDIA's management library; 4 GiB where that is missing."""

    class Memory(ctypes.Structure):
        _fields_ = [(name, ctypes.c_ulonglong) for name in ("total", "free", "used")]

    number = (os.environ.get("CUDA_VISIBLE_DEVICES") or "0").split(",")[0].strip()
    for name in ("libnvidia-ml.so.1", "nvml.dll"):
        with contextlib.suppress(OSError, AttributeError, ValueError):
            library = ctypes.CDLL(name)
            handle, memory = ctypes.c_void_p(), Memory()
            if (
                library.nvmlInit_v2() == 0
                and library.nvmlDeviceGetHandleByIndex_v2(int(number), ctypes.byref(handle)) == 0
                and library.nvmlDeviceGetMemoryInfo(handle, ctypes.byref(memory)) == 0
            ):
                return int(memory.free)
    return _UNKNOWN_BYTES
