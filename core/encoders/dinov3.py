"""DINOv3 vision transformers, from checkpoints in any of the three layouts that they are passed around in.

Siméoni et al. 2025, *DINOv3*, arXiv:2508.10104. The network is timm's; what is here turns keys into timm's, and sets
what timm does not store: the periods of the rotary position code, which the released weights hold rounded to bfloat16.
"""

from __future__ import annotations

import dataclasses
import functools
import math
import re
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from botaclip.core.encoders.frozen import FrozenEncoder, load_state
from botaclip.core.encoders.record import EncoderRecord
from botaclip.core.encoders.timm_library import check_bands, create, import_timm, tracing
from botaclip.core.errors import EncoderError

PATCH_PX = 16
_REGISTERS = 4
_EPS = 1e-5
_TEMPERATURE = 100.0
_SWIGLU_ALIGN = 8

# Only training uses these: masked patches, the norm of local crops, distillation heads, a classifier.
_TRAINING_ONLY = ("mask_token", "local_cls_norm.", "head.")

_FROM_ORIGINAL = (
    (re.compile(r"^storage_tokens$"), "reg_token"),
    (re.compile(r"\.ls([12])\.gamma$"), r".gamma_\1"),
    (re.compile(r"\.mlp\.w1\."), ".mlp.fc1_g."),
    (re.compile(r"\.mlp\.w2\."), ".mlp.fc1_x."),
    (re.compile(r"\.mlp\.w3\."), ".mlp.fc2."),
)
_FROM_TRANSFORMERS = (
    (re.compile(r"^model\."), ""),
    (re.compile(r"^embeddings\.cls_token$"), "cls_token"),
    (re.compile(r"^embeddings\.register_tokens$"), "reg_token"),
    (re.compile(r"^embeddings\.mask_token$"), "mask_token"),
    (re.compile(r"^embeddings\.patch_embeddings\."), "patch_embed.proj."),
    (re.compile(r"^layer\.(\d+)\."), r"blocks.\1."),
    (re.compile(r"\.attention\.o_proj\."), ".attn.proj."),
    (re.compile(r"\.attention\.([qkv])_proj\."), r".attn.\1_proj."),
    (re.compile(r"\.layer_scale([12])\.lambda1$"), r".gamma_\1"),
)


@dataclasses.dataclass(frozen=True)
class TimmWeights:
    """A checkpoint in timm's layout.

    Parameters
    ----------
    state
        Tensors by timm's keys; biases of q and v only where one of them is not zero.
    key_bias
        Bias of k by block, which timm does not store; empty where all are zero, as in everything released.
    periods
        Periods of the rotary code as the checkpoint has them, None where it has none.
    """

    state: dict[str, Tensor]
    key_bias: dict[int, Tensor]
    periods: Tensor | None

    @property
    def has_bias(self) -> bool:
        """Whether the attention has a bias that is not zero."""
        return bool(self.key_bias) or any(key.endswith(".attn.q_bias") for key in self.state)


def to_timm(state: Mapping[str, Tensor]) -> TimmWeights:
    """Return a checkpoint in timm's layout, from that of the authors, of timm, or of transformers 4 and 5.

    Keys of no layout are left as they are, for :func:`~botaclip.core.encoders.frozen.load_state` to name.
    """
    transformers = any(re.match(r"(model\.)?(embeddings\.|layer\.\d)", key) for key in state)
    rules = _FROM_TRANSFORMERS if transformers else _FROM_ORIGINAL
    renamed = {_renamed(key, rules): value for key, value in state.items()}
    periods = None
    for key in ("rope_embed.periods", "rope.periods"):
        found = renamed.pop(key, None)
        periods = periods if found is None else found.float()
    if transformers:
        renamed = _gated(_fused(renamed))
    return TimmWeights(*_split_bias(renamed), periods)


def _renamed(key: str, rules: Sequence[tuple[re.Pattern[str], str]]) -> str:
    for pattern, replacement in rules:
        key = pattern.sub(replacement, key)
    return key


def _fused(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """Put the weights of q, k and v on top of each other; a lone one stays, to be named as unexpected."""
    fused = dict(state)
    for key in [key for key in state if key.endswith(".attn.q_proj.weight")]:
        stem = key[: -len("q_proj.weight")]
        parts = [f"{stem}{letter}_proj.weight" for letter in "qkv"]
        if all(part in state for part in parts):
            fused[f"{stem}qkv.weight"] = torch.cat([fused.pop(part) for part in parts])
        for letter in "qkv":
            bias = fused.pop(f"{stem}{letter}_proj.bias", None)
            if bias is not None:
                fused[f"{stem}{letter}_bias"] = bias
    return fused


def _gated(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """Name the layers of the perceptron; with a gate, ``up`` is the second of two."""
    gated = any(".mlp.gate_proj." in key for key in state)
    names = {"gate_proj": "fc1_g", "up_proj": "fc1_x" if gated else "fc1", "down_proj": "fc2"}
    return {re.sub(r"\.mlp\.(gate_proj|up_proj|down_proj)\.", lambda found: f".mlp.{names[found[1]]}.", key): value
            for key, value in state.items()}  # fmt: skip


def _split_bias(state: dict[str, Tensor]) -> tuple[dict[str, Tensor], dict[int, Tensor]]:
    """Take the bias of q, k and v apart, as masked as the checkpoint says, and leave out what is zero throughout."""
    split: dict[str, Tensor] = {}
    biases: dict[str, Tensor] = {}
    for key, value in state.items():
        if key.endswith(".attn.qkv.bias") and value.ndim == 1 and len(value) % 3 == 0:
            stem = key[: -len("qkv.bias")]
            mask = state.get(f"{stem}qkv.bias_mask")
            if mask is not None and bool(torch.isfinite(mask).all()):
                value = value * mask
            elif mask is not None:  # never initialised: the authors' mask is 1 for q and v, 0 for k
                value = value * torch.tensor([1.0, 0.0, 1.0]).repeat_interleave(len(value) // 3)
            biases.update(zip((f"{stem}{letter}_bias" for letter in "qkv"), value.chunk(3), strict=True))
        elif re.search(r"\.attn\.[qkv]_bias$", key):
            biases[key] = value
        elif not key.endswith(".attn.qkv.bias_mask"):
            split[key] = value
    key_bias = {
        int(found[1]): value
        for key, value in biases.items()
        if (found := re.fullmatch(r"blocks\.(\d+)\.attn\.k_bias", key)) and bool(value.any())
    }
    if any(bool(value.any()) for value in biases.values()):
        split.update({key: value for key, value in biases.items() if not key.endswith(".k_bias")})
    return split, key_bias


class _Positions(nn.Module):
    """The rotary code of a grid of patches, in place of timm's, which writes the grid of the moment into a graph.

    A patch's centre lies between -1 and 1 along each side of the window; each coordinate turns a quarter of a head's
    channel pairs, one period each.
    """

    def __init__(self, periods: Tensor) -> None:
        super().__init__()
        self.register_buffer("periods", periods.clone(), persistent=False)
        self.register_buffer("ready", None, persistent=False)
        self.periods: Tensor
        self.ready: Tensor | None
        self.grid: tuple[int, int] | None = None

    def prepare(self, grid: tuple[int, int]) -> None:
        self.grid, self.ready = grid, self._code(*grid)

    def unprepare(self) -> None:
        self.grid, self.ready = None, None

    def get_embed(self, shape: Sequence[int]) -> Tensor:
        """Return sines beside cosines ``(h w, 2 D / heads)``; called by timm."""
        if self.ready is not None and tuple(shape) == self.grid:
            return self.ready
        return self._code(shape[0], shape[1])

    def _code(self, height: int, width: int) -> Tensor:
        rows, columns = (2 * ((self._steps(count) + 0.5) / count) - 1 for count in (height, width))
        y = rows[:, None].expand(height, width).reshape(-1, 1)
        x = columns[None, :].expand(height, width).reshape(-1, 1)
        angles = torch.cat((2 * math.pi * y / self.periods, 2 * math.pi * x / self.periods), dim=1)
        both = torch.cat((angles, angles), dim=1)
        return torch.cat((both.sin(), both.cos()), dim=1)

    def _steps(self, count: int) -> Tensor:
        return torch.arange(count, device=self.periods.device, dtype=self.periods.dtype)


class DINOv3(FrozenEncoder):
    """A DINOv3 vision transformer; takes any height and width that are multiples of 16.

    Positions are told by where a patch lies within the window, so the same patch has slightly different vectors in
    windows of different size.

    Parameters
    ----------
    network
        timm's ``Eva`` with the weights and the rotary code in it.
    """

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.positions: _Positions = network.rope  # type: ignore[assignment]
        self.network = network
        self.dimension = int(network.embed_dim)  # type: ignore[arg-type]
        self.token_px = PATCH_PX
        self.prefix = int(network.num_prefix_tokens)  # type: ignore[arg-type]

    def prepare(self, height_px: int, width_px: int) -> None:
        """Compute the rotary code of this size once."""
        self.positions.prepare((height_px // PATCH_PX, width_px // PATCH_PX))

    def unprepare(self) -> None:
        """Forget the rotary code of one size: a graph of any size makes it of the window's own height and width."""
        self.positions.unprepare()

    def sequence(self, pixels: Tensor) -> Tensor:
        """Return all tokens after the last norm, ``(B, 1 + registers + h w, D)``: class, registers, patches by rows.

        Raises
        ------
        EncoderError
            A side is not a multiple of 16.
        """
        _check_sides(pixels)
        tokens: Tensor = self.network.forward_features(pixels)  # type: ignore[operator]
        return tokens

    def features(self, pixels: Tensor) -> tuple[Tensor, Tensor]:
        """Return the class token ``(B, D)`` and the map of patch tokens ``(B, D, H / 16, W / 16)``, both normed."""
        tokens = self.sequence(pixels)
        height, width = pixels.shape[-2] // PATCH_PX, pixels.shape[-1] // PATCH_PX
        patches = tokens[:, self.prefix :].transpose(1, 2)
        return tokens[:, 0], patches.unflatten(2, (height, width))

    def layers(self, pixels: Tensor, blocks: Sequence[int]) -> list[Tensor]:
        """Return the maps of patch tokens behind some blocks, each after the last norm, ``(B, D, H / 16, W / 16)``."""
        _check_sides(pixels)
        maps: list[Tensor] = self.network.forward_intermediates(  # type: ignore[operator]
            pixels, indices=list(blocks), norm=True, intermediates_only=True
        )
        return maps


def _check_sides(pixels: Tensor) -> None:
    if tracing():
        return
    height, width = pixels.shape[-2:]
    if height % PATCH_PX or width % PATCH_PX or not height or not width:
        raise EncoderError(
            f"DINOv3 cannot look at {height} × {width} pixels", remedy=f"use sides that are multiples of {PATCH_PX}"
        )


def build(
    record: EncoderRecord,
    state: Mapping[str, Tensor],
    *,
    bands: Sequence[str],
    wavelengths: Sequence[float] | None = None,
    stage: int | None = None,
) -> DINOv3:
    """Return a DINOv3 with a checkpoint's weights in it.

    Parameters
    ----------
    record
        Its ``variant`` names a model of timm (``{"timm": "vit_small_patch16_dinov3"}``), or gives the sizes:
        ``width``, ``depth``, ``heads``, and for a gated perceptron ``ffn: swiglu`` with its ``hidden`` width.
    state
        In the layout of the authors, of timm or of transformers.
    bands
        As many as the first layer of the checkpoint takes.
    wavelengths, stage
        Of no use here.

    Raises
    ------
    EncoderError
        The checkpoint does not fit, or the record does not say how large the network is.
    EnvironmentMissing
        timm is not installed.
    """
    weights = to_timm(state)
    check_bands(weights.state.get("patch_embed.proj.weight"), bands, record.title)
    network = _network(record, in_chans=len(bands), qkv_bias=weights.has_bias)
    load_state(network, weights.state, name=record.title, tolerated=_TRAINING_ONLY, file=state)
    for block, bias in weights.key_bias.items():
        network.blocks[block].attn.k_bias.copy_(bias)  # type: ignore[index,union-attr]
    network.rope = _Positions(_periods(network.rope.periods, weights.periods, record.title))  # type: ignore[arg-type,union-attr]
    return DINOv3(network).frozen()


def _network(record: EncoderRecord, *, in_chans: int, qkv_bias: bool) -> nn.Module:
    name = record.variant.get("timm")
    common = {"in_chans": in_chans, "num_classes": 0, "qkv_bias": qkv_bias}
    if name:
        if "dinov3" not in str(name).split(".", 1)[0]:
            raise EncoderError(
                f"{name} of timm is not a DINOv3", where=record.id, remedy="use architecture timm for other models"
            )
        return create(str(name), **common)
    lacking = [key for key in ("width", "depth", "heads") if key not in record.variant]
    if lacking:
        raise EncoderError(
            f"the record does not say its {', '.join(lacking)}", where=record.id,
            remedy="name a DINOv3 of timm in 'variant', or give width, depth and heads",
        )  # fmt: skip
    width, gated = int(record.variant["width"]), record.variant.get("ffn") == "swiglu"
    hidden = int(record.variant.get("hidden", 4 * width))
    sized: nn.Module = import_timm().models.eva.Eva(
        embed_dim=width, depth=int(record.variant["depth"]), num_heads=int(record.variant["heads"]),
        mlp_ratio=hidden / width, swiglu_mlp=gated, swiglu_align_to=_SWIGLU_ALIGN if gated else 0,
        patch_size=PATCH_PX, dynamic_img_size=True, init_values=1e-5, rope_type="dinov3",
        rope_temperature=_TEMPERATURE, rope_rotate_half=True, use_rot_pos_emb=True, use_abs_pos_emb=False,
        num_reg_tokens=_REGISTERS, use_fc_norm=False, norm_layer=functools.partial(nn.LayerNorm, eps=_EPS), **common,
    )  # fmt: skip
    return sized


def _periods(formula: Tensor, stored: Tensor | None, title: str) -> Tensor:
    """Return the periods of the checkpoint, else, as timm and transformers store none, the formula's as released."""
    if stored is None:
        return formula.bfloat16().float()
    if stored.shape != formula.shape:
        raise EncoderError(
            f"the checkpoint has {len(stored)} periods of the rotary code, {title} has {len(formula)}",
            remedy="choose the encoder that this file belongs to",
        )
    return stored
