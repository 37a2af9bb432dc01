"""Which device computes, tried before it is trusted."""

from __future__ import annotations

import base64
import dataclasses
import os
import platform
import shutil
from collections.abc import Callable
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from botaclip.core.encoders.encoder import Encoder
from botaclip.core.encoders.joined import JoinedEncoder
from botaclip.core.encoders.onnx_session import PROVIDERS, open_session
from botaclip.core.errors import DeviceError, EncoderError
from botaclip.core.progress import Progress

Floats = NDArray[np.float32]

# Reduced-precision tensor cores differ from the CPU by about 1e-3 of the largest value; a broken driver by far more.
TOLERANCE = 5e-3
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


@dataclasses.dataclass(frozen=True)
class Trial:
    """How a device did beside the CPU.

    ``works`` says whether it ran and agreed; ``difference`` is the largest difference relative to the largest
    value of the CPU, None where it did not run; ``words`` says it all.
    """

    name: str
    works: bool
    difference: float | None
    words: str


def try_device(name: str, compute: Callable[[str], Floats]) -> Trial:
    """Run ``compute(device)`` on a device and on the CPU and compare.

    Parameters
    ----------
    name
        ``cpu`` or ``cuda``.
    compute
        Computes the same thing on the device it is given.
    """
    if PROVIDERS[name] not in onnxruntime.get_available_providers():
        return Trial(name, False, None, f"this environment's onnxruntime {onnxruntime.__version__} has no {name}")
    try:
        here = compute(name)
        difference = 0.0
        if name != "cpu":
            reference = compute("cpu")
            difference = float(np.abs(here - reference).max() / max(float(np.abs(reference).max()), 1e-12))
    except EncoderError as error:
        return Trial(name, False, None, error.found)
    except Exception as error:  # a GPU fails with whatever class its runtime happens to use
        return Trial(name, False, None, f"it failed: {(str(error) or repr(error)).splitlines()[0][:200]}")
    if not difference <= TOLERANCE:  # also when it is NaN
        return Trial(name, False, difference, f"it computes something else than the CPU (difference {difference:.2g})")
    words = "it ran a tile" + ("" if name == "cpu" else f" and agreed with the CPU to {difference:.1g}")
    return Trial(name, True, difference, words)


def encoder_on(requested: str, make: Callable[[str], Encoder], progress: Progress) -> tuple[Encoder, str]:
    """Return an encoder on the device asked for, tried on one tile, and the device's name.

    Parameters
    ----------
    requested
        ``auto``, ``cpu`` or ``cuda``.
    make
        Returns the encoder on the device it is given.

    Raises
    ------
    DeviceError
        The device was asked for by name and cannot be had, or computes something else than the CPU.
    """
    made: dict[str, Encoder] = {}

    def compute(device: str) -> Floats:
        made[device] = make(device)
        return _one_tile(made[device])

    name = choose_device(requested, compute, progress)
    return made[name], name


def choose_device(requested: str, compute: Callable[[str], Floats], progress: Progress) -> str:
    """Return the device that will compute: the one asked for, or the best that works; say which.

    Raises
    ------
    DeviceError
        As :func:`encoder_on`.
    """
    if requested != "cpu":
        trial = try_device("cuda", compute)
        if trial.works:
            progress.info(f"Computing on cuda: {trial.words}.")
            return "cuda"
        if requested != "auto":
            raise DeviceError(f"the device {requested!r} cannot be used: {trial.words}",
                              remedy="use --device cpu, or install the cuda environment and its driver")
        # A machine without a GPU misses nothing; one with a GPU that cannot be used should hear why it is slow.
        tell = progress.warning if nvidia_gpu() or trial.difference is not None else progress.info
        tell(f"Computing on the CPU; cuda cannot be used: {trial.words}.")
    trial = try_device("cpu", compute)
    if not trial.works:
        raise DeviceError(f"the CPU cannot run the encoder: {trial.words}", remedy="reinstall the environment")
    if requested == "cpu":
        progress.info(f"Computing on cpu: {trial.words}.")
    return "cpu"


def nvidia_gpu() -> bool:
    """Whether the system shows an NVIDIA GPU, whatever can use it."""
    return os.path.exists("/proc/driver/nvidia/version") or shutil.which("nvidia-smi") is not None


def _one_tile(encoder: Encoder) -> Floats:
    """Return the vectors of a tile of noise that fills the encoder's range of values; of all parts, as one array."""
    if isinstance(encoder, JoinedEncoder):
        # Each is held against its own largest value.
        tiles = (_one_tile(part).ravel() for part in encoder.parts)
        return np.concatenate([tile / max(float(np.abs(tile).max()), 1e-12) for tile in tiles])
    side = encoder.tile_px
    noise = np.random.default_rng(0).random((1, len(encoder.bands), side, side), dtype=np.float32)
    low, high = getattr(encoder, "value_range", (0.0, 1.0))
    return encoder.encode((low + noise * (high - low)).astype(np.float32), np.ones((1, side, side), bool))


def _probe(device: str) -> Floats:
    tile = np.random.default_rng(0).random((1, 3, 64, 64), dtype=np.float32)
    result: Floats = open_session(base64.b64decode(_PROBE), device=device).run(None, {"pixels": tile})[0]
    return result


def devices(parameters: dict[str, Any], progress: Progress) -> dict[str, Any]:
    """Run ``botaclip devices``: try every device on a tile and compare it with the CPU."""
    trials = [try_device(name, _probe) for name in ("cpu", "cuda")]
    progress.update(1.0, "devices tried")
    found = {
        "devices": [dataclasses.asdict(trial) for trial in trials],
        "auto": "cuda" if trials[1].works else "cpu",
        "onnxruntime": onnxruntime.__version__, "cpu_cores": os.cpu_count(), "machine": platform.machine(),
    }
    lines = [f"{trial.name:<5} {'works' if trial.works else 'no':<6} {trial.words}" for trial in trials]
    # Without words to print, the command line prints the result itself as JSON.
    return found if parameters.get("json") else {**found, "print": [*lines, f"auto takes {found['auto']}"]}
