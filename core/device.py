"""Which device computes, tried before it is trusted."""

from __future__ import annotations

import dataclasses
import os
import shutil
from collections.abc import Callable

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from botaclip.core.encoders.encoder import Encoder
from botaclip.core.encoders.execution_providers import GPUS, compiled_in
from botaclip.core.encoders.joined import JoinedEncoder
from botaclip.core.errors import DeviceError, EncoderError
from botaclip.core.progress import Progress

Floats = NDArray[np.float32]

# Reduced-precision tensor cores differ from the CPU by about 1e-3 of the largest value; a broken driver by far more.
TOLERANCE = 5e-3
_REMEDIES = {
    "cuda": "use --device cpu, or install the cuda environment and its driver",
    "directml": "use --device cpu; directml is for Windows with the package onnxruntime-directml",
    "coreml": "use --device cpu; coreml comes with onnxruntime on macOS",
}
TRAINING_DEVICES = ("auto", "cpu", "cuda")


@dataclasses.dataclass(frozen=True)
class Trial:
    """How a device did beside the CPU.

    ``works`` says whether it ran and agreed; ``difference`` is the largest difference relative to the largest
    value of the CPU, None where it did not run; ``words`` says it all. ``ms_per_tile`` and ``tile_px`` (its side) are
    None where nothing was timed.
    """

    name: str
    works: bool
    difference: float | None
    words: str
    ms_per_tile: float | None = None
    tile_px: int | None = None


def try_device(name: str, compute: Callable[[str], Floats]) -> Trial:
    """Run ``compute(device)`` on a device and on the CPU and compare.

    Parameters
    ----------
    name
        ``cpu`` or one of ``GPUS``.
    compute
        Computes the same thing on the device it is given.
    """
    if not compiled_in(name):
        return Trial(name, False, None, f"this environment's onnxruntime {onnxruntime.__version__} has no {name}")
    try:
        here = compute(name)
        difference = 0.0 if name == "cpu" else relative_difference(here, compute("cpu"))
    except EncoderError as error:
        return Trial(name, False, None, error.found)
    except Exception as error:  # a GPU fails with whatever class its runtime happens to use
        return Trial(name, False, None, f"it failed: {(str(error) or repr(error)).splitlines()[0][:200]}")
    if not difference <= TOLERANCE:  # also when it is NaN
        return Trial(name, False, difference, f"it computes something else than the CPU (difference {difference:.2g})")
    words = "it ran a tile" + ("" if name == "cpu" else f" and agreed with the CPU to {difference:.1g}")
    return Trial(name, True, difference, words)


def relative_difference(here: Floats, reference: Floats) -> float:
    """Return the largest difference from the reference relative to its largest value; infinite where shapes differ."""
    if here.shape != reference.shape:
        return float("inf")
    return float(np.abs(here - reference).max() / max(float(np.abs(reference).max()), 1e-12))


def encoder_on(requested: str, make: Callable[[str], Encoder], progress: Progress) -> tuple[Encoder, str]:
    """Return an encoder on the device asked for, tried on one tile, and the device's name.

    Parameters
    ----------
    requested
        ``auto``, ``cpu``, or one of ``GPUS``.
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
        named = [requested] if requested != "auto" else [name for name in GPUS if compiled_in(name)] or ["cuda"]
        refused = []
        for name in named:
            trial = try_device(name, compute)
            if trial.works:
                progress.info(f"Computing on {name}: {trial.words}.")
                return name
            refused.append(trial)
        if requested != "auto":
            raise DeviceError(f"the device {requested!r} cannot be used: {trial.words}", remedy=_REMEDIES[requested])
        # A machine without a GPU misses nothing; one with a GPU that cannot be used should hear why it is slow.
        there = nvidia_gpu() or any(trial.difference is not None or trial.name != "cuda" for trial in refused)
        reasons = "; ".join(f"{trial.name} cannot be used: {trial.words}" for trial in refused)
        (progress.warning if there else progress.info)(f"Computing on the CPU; {reasons}.")
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
    return joined_vectors(encoder, noise, lambda part: part.tile_px)


def noise(encoder: Encoder, side: int) -> tuple[Floats, NDArray[np.bool_]]:
    """Return a window of noise (1, C, side, side) over the encoder's range of values, and that all of it is valid."""
    shares = np.random.default_rng(0).random((1, len(encoder.bands), side, side), dtype=np.float32)
    low, high = getattr(encoder, "value_range", (0.0, 1.0))
    return (low + shares * (high - low)).astype(np.float32), np.ones((1, side, side), bool)


def parts_of(encoder: Encoder) -> tuple[Encoder, ...]:
    """Return the encoders that one consists of: itself where it is not joined."""
    return encoder.parts if isinstance(encoder, JoinedEncoder) else (encoder,)


def joined_vectors(
    encoder: Encoder, window: Callable[[Encoder, int], tuple[Floats, NDArray[np.bool_]]],
    side: Callable[[Encoder], int],
) -> Floats:
    """Return the vectors of one window of every part; of several parts each against its own largest value, flat."""
    made = [part.encode(*window(part, side(part))) for part in parts_of(encoder)]
    if len(made) == 1:
        return made[0]
    return np.concatenate([tile.ravel() / max(float(np.abs(tile).max()), 1e-12) for tile in made])


def check_training_device(requested: str) -> None:
    """Refuse a device that training cannot use: torch computes on the CPU or an NVIDIA GPU.

    Raises
    ------
    DeviceError
        It is neither, nor ``auto``.
    """
    if requested not in TRAINING_DEVICES:
        raise DeviceError(
            f"training on {requested} is not possible: torch trains on the CPU or on an NVIDIA GPU",
            remedy="use --device auto, cpu or cuda; maps and clicks of the finished model may use others",
        )
