"""Window encoders on a GPU: in torch, where that can use the GPU and onnxruntime cannot."""

from __future__ import annotations

from botaclip.core.encoders.encoder import Encoder
from botaclip.core.encoders.execution_providers import compiled_in
from botaclip.core.encoders.graphs import built
from botaclip.core.encoders.joined import JoinedEncoder
from botaclip.core.encoders.onnx_session import OnnxEncoder
from botaclip.core.encoders.settings import Settings
from botaclip.core.encoders.store import Installed, Store
from botaclip.core.errors import BotaclipError, DeviceError
from botaclip.core.progress import SILENT, Progress


def on_gpu(encoder: Encoder, requested: str, progress: Progress = SILENT, *, device: str = "cuda") -> Encoder | None:
    """Return an encoder whose networks run on the GPU; None where nothing of it can, or need not.

    Each network is held against the CPU on four tiles and runs in bfloat16 or float16 where its vectors stay close.
    Built-in encoders, and those whose checkpoint is not installed, stay on the CPU.

    Parameters
    ----------
    encoder
        On the CPU, with its graphs.
    requested
        ``auto`` or a device's name; nothing but ``auto`` and ``cuda`` is for torch.
    progress
        Told what runs where.
    device
        The device as torch calls it.

    Raises
    ------
    DeviceError
        ``cuda`` was asked for, torch has a GPU, and the network cannot run there.
    """
    parts = encoder.parts if isinstance(encoder, JoinedEncoder) else (encoder,)
    if requested not in ("auto", "cuda") or not any(map(_network, parts)):
        return None
    if _served_by_onnxruntime() or not _torch_has(device):
        return None
    moved = [_moved(part, requested, progress, device) for part in parts]
    if all(new is old for new, old in zip(moved, parts, strict=True)):
        return None
    return moved[0] if len(moved) == 1 else JoinedEncoder(tuple(moved))


def _network(part: Encoder) -> Installed | None:
    """Return the checkpoint that an encoder's graph was made of, where torch could run it; None without."""
    if not isinstance(part, OnnxEncoder) or part.precision == "int8":
        return None
    installed = Store().installed(part.id)
    if installed is None or installed.record.architecture == "onnx":
        return None
    return installed if installed.sha256 == part.checkpoint_sha256 else None


def _moved(part: Encoder, requested: str, progress: Progress, device: str) -> Encoder:
    installed = _network(part)
    if installed is None or not isinstance(part, OnnxEncoder):
        return part
    from botaclip.core.encoders.torch_encoder import on_device

    settings = Settings(part.kind, "fp32", part.pooling, part.stage, part.bands)
    try:
        return on_device(part, built(installed, settings), device=device, progress=progress)
    except (BotaclipError, RuntimeError) as error:
        found = error.found if isinstance(error, BotaclipError) else str(error).partition("\n")[0][:200]
        if requested == "cuda":
            raise DeviceError(f"{part.id} cannot run on the GPU: {found}", remedy="use --device cpu") from error
        progress.warning(f"{part.id} runs on the CPU; on the GPU {found}.")
        return part


def _served_by_onnxruntime() -> bool:
    return compiled_in("cuda")


def _torch_has(device: str) -> bool:
    try:
        import torch
    except ImportError:
        return False
    return device == "cpu" or bool(torch.cuda.is_available())
