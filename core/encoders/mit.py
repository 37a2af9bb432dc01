"""The encoder of FLAIR-INC's MiT-B5 U-Net: the mix transformer of SegFormer, which timm does not have.

Xie et al. 2021, *SegFormer: simple and efficient design for semantic segmentation with transformers*,
arXiv:2105.15203. Written from the paper; the names of the layers are those of the checkpoints. Maps are carried as
``(B, h, w, D)``, so that norms and linear layers need no reshaping.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from torch import Tensor, nn
from torch.nn import functional

from botaclip.core.encoders.flair import chosen_stage, without_prefix
from botaclip.core.encoders.frozen import FrozenEncoder, load_state
from botaclip.core.encoders.record import EncoderRecord
from botaclip.core.encoders.timm_library import check_bands, tracing
from botaclip.core.errors import EncoderError

STAGES = (4, 3, 2, 1)
SMALLEST_PX = 32
B5: Mapping[str, tuple[int, ...]] = {
    "widths": (64, 128, 320, 512),
    "depths": (3, 6, 40, 3),
    "heads": (1, 2, 5, 8),
    "reductions": (8, 4, 2, 1),
}
_BLOCK_EPS = 1e-6  # of the norms before the branches and behind a stage; the others have torch's
_EXPANSION = 4


class _Embedding(nn.Module):
    """Overlapping patches: a strided convolution and a norm; ``(B, C, H, W)`` becomes ``(B, h, w, D)``."""

    def __init__(self, inputs: int, width: int, *, side: int, stride: int) -> None:
        super().__init__()
        self.proj = nn.Conv2d(inputs, width, side, stride, padding=side // 2)
        self.norm = nn.LayerNorm(width)

    def forward(self, image: Tensor) -> Tensor:
        normed: Tensor = self.norm(self.proj(image).movedim(1, 3))
        return normed


class _Attention(nn.Module):
    """Attention of every cell to a map that is coarser by ``reduction``."""

    def __init__(self, width: int, *, heads: int, reduction: int) -> None:
        super().__init__()
        self.heads = heads
        self.q = nn.Linear(width, width)
        self.kv = nn.Linear(width, 2 * width)
        self.proj = nn.Linear(width, width)
        self.sr: nn.Module | None = nn.Conv2d(width, width, reduction, reduction) if reduction > 1 else None
        self.norm = nn.LayerNorm(width) if reduction > 1 else nn.Identity()

    def forward(self, cells: Tensor) -> Tensor:
        coarse = cells
        if self.sr is not None:
            coarse = self.norm(self.sr(cells.movedim(3, 1)).movedim(1, 3))
        query = self._by_head(self.q(cells))
        key, value = (self._by_head(part) for part in self.kv(coarse).chunk(2, dim=-1))
        seen = functional.scaled_dot_product_attention(query, key, value)
        merged: Tensor = self.proj(seen.transpose(1, 2).flatten(2))
        return merged.unflatten(1, cells.shape[1:3])

    def _by_head(self, cells: Tensor) -> Tensor:
        """``(B, h, w, D)`` to ``(B, heads, h w, D / heads)``."""
        return cells.flatten(1, 2).unflatten(2, (self.heads, -1)).transpose(1, 2)


class _Perceptron(nn.Module):
    """Two linear layers with a depthwise convolution between them, which is what tells cells where they are."""

    def __init__(self, width: int) -> None:
        super().__init__()
        hidden = _EXPANSION * width
        self.fc1 = nn.Linear(width, hidden)
        self.dwconv = nn.ModuleDict({"dwconv": nn.Conv2d(hidden, hidden, 3, padding=1, groups=hidden)})
        self.fc2 = nn.Linear(hidden, width)

    def forward(self, cells: Tensor) -> Tensor:
        mixed = self.dwconv["dwconv"](self.fc1(cells).movedim(3, 1)).movedim(1, 3)
        narrowed: Tensor = self.fc2(functional.gelu(mixed))
        return narrowed


class _Block(nn.Module):
    def __init__(self, width: int, *, heads: int, reduction: int) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(width, eps=_BLOCK_EPS)
        self.attn = _Attention(width, heads=heads, reduction=reduction)
        self.norm2 = nn.LayerNorm(width, eps=_BLOCK_EPS)
        self.mlp = _Perceptron(width)

    def forward(self, cells: Tensor) -> Tensor:
        cells = cells + self.attn(self.norm1(cells))
        return cells + self.mlp(self.norm2(cells))


class MixTransformer(FrozenEncoder):
    """A mix transformer up to one of its stages; takes any size from 32 × 32 pixels.

    Parameters
    ----------
    bands
        Channels of the input.
    widths, depths, heads, reductions
        Of the stages 1 to 4, at strides of 4 to 32 pixels: dimension, blocks, attention heads, and how much coarser
        the map is that cells attend to.
    """

    def __init__(
        self,
        bands: int,
        *,
        widths: Sequence[int] = B5["widths"],
        depths: Sequence[int] = B5["depths"],
        heads: Sequence[int] = B5["heads"],
        reductions: Sequence[int] = B5["reductions"],
    ) -> None:
        super().__init__()
        self.widths = tuple(widths)
        self.end_at(len(widths))
        inputs = bands
        for index, width in enumerate(widths):
            number = index + 1
            side, stride = (7, 4) if index == 0 else (3, 2)
            blocks = [_Block(width, heads=heads[index], reduction=reductions[index]) for _ in range(depths[index])]
            setattr(self, f"patch_embed{number}", _Embedding(inputs, width, side=side, stride=stride))
            setattr(self, f"block{number}", nn.Sequential(*blocks))
            setattr(self, f"norm{number}", nn.LayerNorm(width, eps=_BLOCK_EPS))
            inputs = width

    def end_at(self, stage: int) -> None:
        """Drop the stages behind one; ``dimension`` and ``token_px`` become its."""
        for number in range(stage + 1, len(self.widths) + 1):
            for part in ("patch_embed", "block", "norm"):
                if hasattr(self, f"{part}{number}"):
                    delattr(self, f"{part}{number}")
        self.stage = stage
        self.dimension = self.widths[stage - 1]
        self.token_px = 2 ** (stage + 1)

    def features(self, pixels: Tensor) -> tuple[None, Tensor]:
        """Return no class token, and the stage's map ``(B, D, h, w)``, sides rounded up to whole cells.

        Raises
        ------
        EncoderError
            The input is smaller than 32 pixels.
        """
        if not tracing() and min(pixels.shape[-2:]) < SMALLEST_PX:
            height, width = pixels.shape[-2:]
            raise EncoderError(
                f"the mix transformer cannot look at {height} × {width} pixels",
                remedy=f"use at least {SMALLEST_PX} × {SMALLEST_PX}",
            )
        image = pixels
        for number in range(1, self.stage + 1):
            cells = self.get_submodule(f"patch_embed{number}")(image)
            cells = self.get_submodule(f"block{number}")(cells)
            image = self.get_submodule(f"norm{number}")(cells).movedim(3, 1)
        return None, image


def build(
    record: EncoderRecord,
    state: Mapping[str, Tensor],
    *,
    bands: Sequence[str],
    wavelengths: Sequence[float] | None = None,
    stage: int | None = None,
) -> MixTransformer:
    """Return the encoder of a FLAIR-INC MiT checkpoint.

    Parameters
    ----------
    record
        ``variant`` may give other ``widths``, ``depths``, ``heads`` and ``reductions`` than MiT-B5's.
    state
        Of the whole segmentation model, with or without prefixes; decoder and head are not looked at.
    bands
        As many as the first layer of the checkpoint takes.
    wavelengths
        Of no use here.
    stage
        1 to 4; None: the record's first, else the deepest.

    Raises
    ------
    EncoderError
        The checkpoint does not fit, or there is no such stage.
    """
    chosen = chosen_stage(record, stage, STAGES)
    weights = without_prefix(state, "encoder.patch_embed1.proj.weight", inside="encoder.") or dict(state)
    check_bands(weights.get("patch_embed1.proj.weight"), bands, record.title)
    sizes = {key: tuple(int(value) for value in record.variant.get(key, B5[key])) for key in B5}
    if len({len(values) for values in sizes.values()}) != 1:
        raise EncoderError(
            "the record's sizes are for different numbers of stages", where=record.id,
            remedy=f"give {', '.join(B5)} one number for each stage",
        )  # fmt: skip
    encoder = MixTransformer(len(bands), **sizes)
    load_state(encoder, weights, name=record.title, tolerated=("head.",), file=state)
    encoder.end_at(chosen)
    return encoder.frozen()
