"""Checkpoints of encoders in their publishers' layouts with made-up weights, for whoever has no real ones at hand."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

from botaclip.core.encoders.record import EncoderRecord
from botaclip.core.encoders.registry import RECORDS

_TOKENS = ("cls_token", "storage_tokens", "mask_token", "pos_embed", "weight_tokens", "bias_token")


def made_up(shapes: Mapping[str, tuple[int, ...]]) -> dict[str, np.ndarray]:
    """Return weights of a trained network's size for these keys: the same for the same key, other for another."""
    state = {}
    for key, shape in shapes.items():
        random = np.random.default_rng(zlib.crc32(key.encode()))
        last, noise = key.rsplit(".", 1)[-1], random.standard_normal(shape)
        if last == "num_batches_tracked":
            state[key] = np.zeros(shape, np.int64)
            continue
        if last == "running_var":
            values = 0.5 + np.abs(noise)
        elif len(shape) <= 1:
            values = (1.0 if last == "weight" else 0.5 if last == "gamma" else 0.0) + 0.1 * noise
        else:
            values = 0.2 * noise if last in _TOKENS else noise / np.sqrt(np.prod(shape[1:]))
        state[key] = np.asarray(values, np.float32)
    return state


def shapes_of(encoder: str | EncoderRecord) -> dict[str, tuple[int, ...]]:
    """Return keys and shapes of a checkpoint of DOFA, DINOv3 (its publisher's layout) or FLAIR-INC with ResNet34."""
    record = RECORDS[encoder] if isinstance(encoder, str) else encoder
    if record.architecture == "dofa":
        return _dofa(**{key: int(record.variant[key]) for key in ("width", "depth", "patch_px", "image_px")})
    if record.architecture == "dinov3":
        return _dinov3(record.dimension, int(record.variant.get("depth", 12)))
    return _resnet34(len(record.bands))


def write_checkpoint(folder: Path, encoder: str) -> Path:
    """Write a checkpoint and return its path."""
    path = folder / f"{encoder}.safetensors"
    save_file(made_up(shapes_of(encoder)), path)
    return path


def _block(name: str, width: int, *, scales: bool = False) -> dict[str, tuple[int, ...]]:
    shapes: dict[str, tuple[int, ...]] = {}
    for layer, rows, cols in (
        ("attn.qkv", 3 * width, width), ("attn.proj", width, width), ("mlp.fc1", 4 * width, width),
        ("mlp.fc2", width, 4 * width),
    ):  # fmt: skip
        shapes |= {f"{name}.{layer}.weight": (rows, cols), f"{name}.{layer}.bias": (rows,)}
    for norm in ("norm1", "norm2"):
        shapes |= {f"{name}.{norm}.weight": (width,), f"{name}.{norm}.bias": (width,)}
    return shapes | ({f"{name}.ls{i}.gamma": (width,) for i in (1, 2)} if scales else {})


def _dofa(width: int, depth: int, patch_px: int, image_px: int) -> dict[str, tuple[int, ...]]:
    maker, kernel = "patch_embed.weight_generator", patch_px * patch_px * width
    layer = f"{maker}.transformer_encoder.layers.0"
    shapes: dict[str, tuple[int, ...]] = {
        "cls_token": (1, 1, width), "pos_embed": (1, (image_px // patch_px) ** 2 + 1, width),
        f"{maker}.weight_tokens": (128, 128), f"{maker}.bias_token": (1, 128),
        f"{layer}.self_attn.in_proj_weight": (384, 128), f"{layer}.self_attn.in_proj_bias": (384,),
        f"{layer}.self_attn.out_proj.weight": (128, 128), f"{layer}.self_attn.out_proj.bias": (128,),
        f"{layer}.linear1.weight": (2048, 128), f"{layer}.linear1.bias": (2048,),
        f"{layer}.linear2.weight": (128, 2048), f"{layer}.linear2.bias": (128,),
        f"{maker}.fc_weight.weight": (kernel, 128), f"{maker}.fc_weight.bias": (kernel,),
        f"{maker}.fc_bias.weight": (width, 128), f"{maker}.fc_bias.bias": (width,),
    }  # fmt: skip
    for norm in ("norm1", "norm2"):
        shapes |= {f"{layer}.{norm}.weight": (128,), f"{layer}.{norm}.bias": (128,)}
    for half in ("w1", "w2"):
        shapes |= {f"patch_embed.fclayer.{half}.weight": (128, 128), f"patch_embed.fclayer.{half}.bias": (128,)}
    for number in range(depth):
        shapes |= _block(f"blocks.{number}", width)
    return shapes


def _dinov3(width: int, depth: int) -> dict[str, tuple[int, ...]]:
    shapes: dict[str, tuple[int, ...]] = {
        "cls_token": (1, 1, width), "storage_tokens": (1, 4, width), "mask_token": (1, width),
        "patch_embed.proj.weight": (width, 3, 16, 16), "patch_embed.proj.bias": (width,),
        "norm.weight": (width,), "norm.bias": (width,),
    }  # fmt: skip
    for number in range(depth):
        shapes |= _block(f"blocks.{number}", width, scales=True)
    return shapes


def _resnet34(bands: int) -> dict[str, tuple[int, ...]]:
    shapes: dict[str, tuple[int, ...]] = {}

    def convolution(conv: str, norm: str, made: int, given: int, side: int) -> None:
        shapes[f"encoder.{conv}.weight"] = (made, given, side, side)
        shapes.update({f"encoder.{norm}.{key}": (made,) for key in ("weight", "bias", "running_mean", "running_var")})
        shapes[f"encoder.{norm}.num_batches_tracked"] = ()

    convolution("conv1", "bn1", 64, bands, 7)
    given = 64
    for stage, (blocks, made) in enumerate(((3, 64), (4, 128), (6, 256), (3, 512)), start=1):
        for number in range(blocks):
            name = f"layer{stage}.{number}"
            convolution(f"{name}.conv1", f"{name}.bn1", made, given if number == 0 else made, 3)
            convolution(f"{name}.conv2", f"{name}.bn2", made, made, 3)
            if number == 0 and stage > 1:
                convolution(f"{name}.downsample.0", f"{name}.downsample.1", made, given, 1)
        given = made
    return shapes
