"""An encoder that runs in torch, for a GPU where onnxruntime has none: same face, same vectors. Needs torch."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import gc
import hashlib

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

from botaclip.core.encoders.batches import Batches, OutOfGraphMemory
from botaclip.core.encoders.fidelity import Fidelity, compare
from botaclip.core.encoders.frozen import FrozenEncoder
from botaclip.core.encoders.onnx_session import OnnxEncoder
from botaclip.core.errors import DeviceError, EncoderError
from botaclip.core.progress import SILENT, Progress

Floats = NDArray[np.float32]

# Beside the CPU in float32, at reduced precision and in float32: the lowest cosine of a vector to its counterpart, and
# the largest error relative to the vectors' spread. The cosine alone is near 1 wherever vectors have much in common.
CLOSE, SAME = (0.999, 0.05), (0.9999, 0.01)
_BLOCKS_PX = (32, 16, 8, 4)  # of the noise in a tile, one tile each
_AT_ONCE = 8  # windows where the device does not tell its free memory
_MOST_AT_ONCE = 256
_SHARE = 2  # of the free memory a batch may take one part in so many


@dataclasses.dataclass(frozen=True, eq=False)
class TorchEncoder(OnnxEncoder):
    """An :class:`OnnxEncoder` whose vectors torch computes; its graph is only what a model file carries.

    Made by :func:`on_device`, which looks whether it computes the same.

    Parameters
    ----------
    module
        The network, on the device.
    autocast
        Type of numbers of products and convolutions (``bfloat16``, ``float16``); empty: float32 throughout.
    at_once
        Windows in a batch, to begin with; halved where the memory does not hold them.
    """

    module: FrozenEncoder | None = None
    autocast: str = ""
    at_once: int = _AT_ONCE

    @functools.cached_property
    def _batches(self) -> Batches:
        return Batches(self.at_once)

    @property
    def computed(self) -> str:
        """As ``in bfloat16 on cuda``."""
        return f"in {self.autocast or 'float32'} on {self.device}"

    @functools.cached_property
    def identity(self) -> str:
        """Of the graph's and how it is computed: vectors kept of one way are not used for another."""
        return hashlib.sha256(f"{super().identity} {self.computed}".encode()).hexdigest()

    def encode(self, pixels: Floats, valid: NDArray[np.bool_]) -> Floats:
        """Turn pixels into vectors; see :meth:`OnnxEncoder.encode`.

        Raises
        ------
        EncoderError
            The window has another size or other bands than the encoder takes.
        DeviceError
            Not even one window fits into the device's memory.
        """
        if pixels.shape[1] != len(self.bands):
            raise EncoderError(f"{self.id} looks at {', '.join(self.bands)} but got {pixels.shape[1]} bands",
                               remedy="choose the bands that the model was trained on with --bands")  # fmt: skip
        expected = self._shape(*pixels.shape[2:])
        try:
            result = self._batches.run(self._compute, self.scaled(pixels, valid))
        except OutOfGraphMemory as error:
            raise DeviceError(
                f"{self.device} has not enough memory for a single window of {self.id} ({pixels.shape[2]} x "
                f"{pixels.shape[3]} pixels)", remedy="close other programs that use it, or use --device cpu",
            ) from error  # fmt: skip
        if result.shape[1:] != expected:
            raise EncoderError(f"{self.id} made {result.shape} of {pixels.shape}, not what it states")
        if self.kind != "tokens":
            return result
        kept = slice(self.drop_tokens, self.window_tokens - self.drop_tokens)
        return result[:, :, kept, kept]

    def _compute(self, part: Floats) -> Floats:
        try:
            # Nothing of a batch that did not fit may live on in the error's traceback while a smaller one is tried.
            return self._run(part)
        except torch.OutOfMemoryError:
            pass
        gc.collect()
        if self.device == "cuda":
            torch.cuda.empty_cache()
        raise OutOfGraphMemory(f"{self.device} has not enough memory for {len(part)} windows")

    def _run(self, part: Floats) -> Floats:
        module = self.module
        if module is None:
            raise EncoderError(f"{self.id} has no network to run")
        with torch.inference_mode():
            pixels = torch.from_numpy(np.ascontiguousarray(part)).to(self.device)
            if self.kind == "exact":
                # As the graph does, and like it in float32.
                side = (self.input_px, self.input_px)
                pixels = functional.interpolate(
                    pixels, size=side, mode="bilinear", antialias=True, align_corners=False
                )
            with self._precision():
                if self.kind == "exact":
                    made = module.pooled(pixels, self.pooling or "mean")
                else:
                    made = module.dense(pixels) if self.kind == "dense" else module.tokens(pixels)
            vectors: Floats = made.float().cpu().numpy()
        return vectors

    def _precision(self) -> contextlib.AbstractContextManager[object]:
        if not self.autocast:
            return contextlib.nullcontext()
        return torch.autocast(self.device, dtype=getattr(torch, self.autocast))


def on_device(
    encoder: OnnxEncoder,
    module: FrozenEncoder,
    *,
    device: str = "cuda",
    reduced: bool = True,
    progress: Progress = SILENT,
) -> TorchEncoder:
    """Return an encoder on a torch device, after tiles there agreed with the CPU's.

    Parameters
    ----------
    encoder
        The same encoder as a graph in full precision, which the CPU computes the tiles with.
    module
        The network; moved to the device.
    device
        ``cuda`` or ``cpu``.
    reduced
        Whether products may be computed in bfloat16 (float16 where the GPU has none), if the vectors stay close on
        four unlike tiles: a cosine of at least 0.999 each, and an error of at most 5 % of the vectors' spread. Where
        they do not, float32 is used, and that is said.

    Raises
    ------
    DeviceError
        There is no such device, or even in float32 it computes something else than the CPU.
    """
    if device not in ("cpu", "cuda"):
        raise DeviceError(f"torch is not asked to compute on {device!r} here", remedy="use cpu or cuda")
    if device == "cuda" and not torch.cuda.is_available():
        raise DeviceError("torch finds no usable NVIDIA GPU", remedy="use --device cpu, or install its driver")
    # Left to itself torch convolves float32 in TF32, with 10 bits of mantissa.
    torch.backends.cudnn.allow_tf32 = False
    pixels, valid = _tiles(encoder)
    alone = pixels[:1], valid[:1]
    expected = dataclasses.replace(encoder, device="cpu").encode(pixels, valid)
    fields = {field.name: getattr(encoder, field.name) for field in dataclasses.fields(OnnxEncoder)}
    plain = TorchEncoder(**{**fields, "device": device}, module=module.to(device).frozen())
    if reduced:
        kind = "bfloat16" if device == "cpu" or torch.cuda.is_bf16_supported() else "float16"
        near = _agreement(expected, dataclasses.replace(plain, autocast=kind).encode(pixels, valid))
        if _within(near, CLOSE):
            progress.info(f"{encoder.id} runs in {kind} on {device}; beside float32 on the CPU {near.words}.")
            return _with_memory(dataclasses.replace(plain, autocast=kind), *alone)
        progress.warning(f"{encoder.id} in {kind} on {device} is too far from float32 ({near.words}): it runs in "
                         "float32.")  # fmt: skip
    near = _agreement(expected, plain.encode(pixels, valid))
    if not _within(near, SAME):
        raise DeviceError(
            f"{encoder.id} on {device} computes something else than on the CPU ({near.words})",
            remedy="use --device cpu, and look for a newer driver",
        )
    progress.info(f"{encoder.id} runs in float32 on {device}: {len(pixels)} tiles agreed with the CPU.")
    return _with_memory(plain, *alone)


def _tiles(encoder: OnnxEncoder) -> tuple[Floats, NDArray[np.bool_]]:
    """Four tiles of noise in the raster's values, unlike in grain, brightness, colour and contrast.

    Of tiles alike the vectors would hardly differ, and any error would be large beside their spread.
    """
    side, bands, noise = encoder.tile_px, len(encoder.bands), np.random.default_rng(0)
    low, high = encoder.value_range
    tiles = []
    for block in _BLOCKS_PX:
        count = -(-side // block)
        blocks = noise.uniform(size=(bands, count, count))
        coarse = np.kron(blocks, np.ones((1, block, block)))[:, :side, :side]
        fine = noise.uniform(size=(bands, side, side))
        contrast = noise.uniform(0.3, 1.0, size=(bands, 1, 1))
        darkest = noise.uniform(size=(bands, 1, 1)) * (1 - contrast)
        tiles.append(low + (high - low) * (darkest + contrast * (0.7 * coarse + 0.3 * fine)))
    return np.stack(tiles).astype(np.float32), np.ones((len(tiles), side, side), dtype=bool)


def _agreement(expected: Floats, found: Floats) -> Fidelity:
    """Return how near vectors are to their counterparts; NaN where one is not finite."""
    rows = (np.moveaxis(vectors, 1, -1).reshape(-1, vectors.shape[1]) for vectors in (expected, found))
    return compare(*rows, tiles=len(expected))


def _within(near: Fidelity, limits: tuple[float, float]) -> bool:
    lowest, largest = limits
    return near.cosine_min >= lowest and near.relative_error <= largest


def _with_memory(encoder: TorchEncoder, pixels: Floats, valid: NDArray[np.bool_]) -> TorchEncoder:
    """Return the encoder with batches as large as the free memory of its device holds, as one tile tells."""
    if encoder.device != "cuda":
        return dataclasses.replace(encoder)  # with no batch size left from trying it
    torch.cuda.empty_cache()
    torch.cuda.reset_peak_memory_stats()
    before = torch.cuda.memory_allocated()
    encoder.encode(pixels, valid)
    each = max(1, torch.cuda.max_memory_allocated() - before)
    free, _ = torch.cuda.mem_get_info()
    return dataclasses.replace(encoder, at_once=int(max(1, min(_MOST_AT_ONCE, free // _SHARE // each))))
