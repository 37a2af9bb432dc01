"""Which device trains the adapters; an explicit choice that cannot be had is an error, ``auto`` falls back loudly."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import torch

from botaclip.core.device import check_training_device
from botaclip.core.errors import DeviceError
from botaclip.core.progress import Progress

_TOLERANCE = 1e-2


def torch_device(asked: str, progress: Progress) -> str:
    """Return ``cpu`` or ``cuda`` after a product of matrices there agreed with the CPU's.

    Raises
    ------
    DeviceError
        ``cuda`` was asked for and is not there, or computes something else; or the device is none for training.
    """
    check_training_device(asked)
    if asked == "cpu":
        progress.info("Training runs on the CPU.")
        return "cpu"
    reason = _why_not_cuda()
    if not reason:
        progress.info(f"Training runs on the GPU ({torch.cuda.get_device_name(0)}), checked against the CPU.")
        return "cuda"
    if asked == "cuda":
        raise DeviceError(f"training on cuda is not possible: {reason}", remedy="use --device cpu or auto")
    progress.info(f"Training runs on the CPU ({reason}).")
    return "cpu"


@contextlib.contextmanager
def torch_threads(count: int) -> Iterator[None]:
    """Within, torch takes ``count`` threads on the CPU."""
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _why_not_cuda() -> str:
    if torch.version.cuda is None:
        return "this build of torch is for the CPU"
    if not torch.cuda.is_available():
        return "no usable NVIDIA GPU was found"
    try:
        generator = torch.Generator().manual_seed(0)
        a = torch.randn(256, 256, generator=generator)
        on_gpu = (a.cuda() @ a.cuda()).cpu()
    except RuntimeError as error:
        return str(error).splitlines()[0]
    if not torch.allclose(on_gpu, a @ a, rtol=_TOLERANCE, atol=_TOLERANCE * 16):
        return "the GPU's result differs from the CPU's"
    return ""
