"""DOFA: one transformer for any bands, told their wavelengths. Needs torch.

Xiong et al. 2024, Neural plasticity-inspired multimodal foundation model for Earth observation,
https://arxiv.org/abs/2403.15356. A small network makes, from the wavelengths of the bands at hand, the convolution that
cuts the image into patches; behind it stands a plain ViT. Key names are those of the official checkpoints; the numbers
follow the layout in force since August 2024 (band, row, column, dimension).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from botaclip.core.band_names import WAVELENGTHS_UM
from botaclip.core.encoders.frozen import FrozenEncoder, load_state
from botaclip.core.encoders.record import EncoderRecord
from botaclip.core.encoders.vit import Trunk
from botaclip.core.errors import EncoderError

PADDING_PX = 1
_PLANES = 128  # numbers that stand for a wavelength, and width of the network that makes the weights
_WEIGHT_TOKENS = 128
_SCALE = 0.01
_EPS = 1e-6
# Nobody here needs them: heads and what pretraining leaves behind. "norm." is used where it is there.
_TOLERATED = ("head.", "mask_token", "projector.")
_MOST_UM = 100.0  # radar is told as 5.405; anything beyond is nanometres


class _WeightGenerator(nn.Module):
    """Makes a kernel for each wavelength and one bias from them all."""

    def __init__(self, width: int, patch_px: int) -> None:
        super().__init__()
        self.weight_tokens = nn.Parameter(torch.zeros(_WEIGHT_TOKENS, _PLANES))
        self.bias_token = nn.Parameter(torch.zeros(1, _PLANES))
        layer = nn.TransformerEncoderLayer(_PLANES, 4, dim_feedforward=2048, dropout=0.0, activation="gelu")
        self.transformer_encoder = nn.TransformerEncoder(layer, 1, enable_nested_tensor=False)
        self.fc_weight = nn.Linear(_PLANES, patch_px * patch_px * width)
        self.fc_bias = nn.Linear(_PLANES, width)

    def forward(self, waves: Tensor) -> tuple[Tensor, Tensor]:
        """Return flat kernels ``(C, k k D)`` and the bias ``(D,)`` for wavelengths as planes ``(C, 128)``."""
        seen = self.transformer_encoder(torch.cat((self.weight_tokens, waves, self.bias_token)))
        return self.fc_weight(seen[_WEIGHT_TOKENS:-1] + waves), self.fc_bias(seen[-1])


class _Residual(nn.Module):
    """Two linear maps with ReLU beside a shortcut."""

    def __init__(self) -> None:
        super().__init__()
        self.w1 = nn.Linear(_PLANES, _PLANES)
        self.w2 = nn.Linear(_PLANES, _PLANES)

    def forward(self, waves: Tensor) -> Tensor:
        """Return ``(C, 128)`` for ``(C, 128)``."""
        return waves + functional.relu(self.w2(functional.relu(self.w1(waves))))


class WavelengthConvolution(nn.Module):
    """The convolution that cuts patches, its weights made from the wavelengths of the bands.

    Parameters
    ----------
    width
        Dimension D of a token.
    patch_px
        Side of kernel and stride; one pixel of zeros is put around the image.
    """

    def __init__(self, width: int, patch_px: int) -> None:
        super().__init__()
        self.width = width
        self.patch_px = patch_px
        self.weight_generator = _WeightGenerator(width, patch_px)
        self.fclayer = _Residual()

    def kernels(self, wavelengths: Tensor) -> tuple[Tensor, Tensor]:
        """Return weights ``(D, C, k, k)`` and bias ``(D,)`` for wavelengths ``(C,)`` in micrometres."""
        waves = self.fclayer(wavelength_planes(wavelengths))
        flat, bias = self.weight_generator(waves)
        # The order before August 2024 was view(D, C, k, k): same shapes, other features.
        weights = flat.view(len(wavelengths), self.patch_px, self.patch_px, self.width).permute(3, 0, 1, 2)
        return weights * _SCALE, bias * _SCALE

    def forward(self, pixels: Tensor, wavelengths: Tensor) -> Tensor:
        """Return embedded patches ``(B, D, h, w)`` of ``(B, C, H, W)``, making the weights anew."""
        weights, bias = self.kernels(wavelengths)
        return functional.conv2d(pixels, weights, bias, stride=self.patch_px, padding=PADDING_PX)

    def folded(self, wavelengths: Sequence[float]) -> nn.Conv2d:
        """Return the plain convolution that this is for fixed bands; a graph then needs nothing of the generator."""
        convolution = nn.Conv2d(len(wavelengths), self.width, self.patch_px, stride=self.patch_px, padding=PADDING_PX)
        with torch.no_grad():
            weights, bias = self.kernels(torch.tensor(wavelengths, dtype=torch.float32))
            convolution.weight.copy_(weights)
            assert convolution.bias is not None
            convolution.bias.copy_(bias)
        return convolution


def wavelength_planes(wavelengths: Tensor) -> Tensor:
    """Return wavelengths ``(C,)`` in micrometres as sines and cosines ``(C, 128)`` of nanometres."""
    half = _PLANES // 2
    # In this order of operations: a thousandth of a turn is lost to rounding otherwise.
    rates = 1.0 / 10000 ** (torch.arange(half, dtype=torch.float32) / half)
    angles = wavelengths[:, None] * 1000 * rates
    return torch.cat((angles.sin(), angles.cos()), dim=1)


class Dofa(FrozenEncoder, Trunk):
    """DOFA v1: patches by wavelength, a ViT, and the norm of what is pooled.

    ``mean`` is ``fc_norm(mean of the patch tokens)``, the feature of the official code; without weights of its own, as
    in the published checkpoints, ``fc_norm`` standardises a vector. ``cls`` is the normed class token, where the
    checkpoint has that norm. The map is that of the tokens after the last block, without norm.

    Parameters
    ----------
    width, depth, heads, patch_px, image_px
        Size of the network, of its patches, and of the image that its positions were learned on.
    norm
        Whether the checkpoint has a norm of the class token.
    """

    def __init__(
        self, width: int, depth: int, heads: int, *, patch_px: int = 16, image_px: int = 224, norm: bool = False
    ) -> None:
        super().__init__(width, depth, heads, tokens_a_side(image_px, patch_px), norm=norm)
        self.dimension = width
        self.token_px = patch_px
        self.patch_embed: nn.Module = WavelengthConvolution(width, patch_px)
        self.fc_norm = nn.LayerNorm(width, eps=_EPS)

    def features(self, pixels: Tensor) -> tuple[Tensor | None, Tensor]:
        """Return the normed class token, if there is a norm for it, and the map of tokens after the last block."""
        patches = self.patch_embed(pixels)
        seen = self.after_blocks(patches)
        cls = self.norm(seen[:, 0]) if self.norm is not None else None
        return cls, seen[:, 1:].transpose(1, 2).reshape(patches.shape)

    def mean_of(self, tokens: Tensor) -> Tensor:
        """Return the normed mean ``(B, D)`` of a map of tokens."""
        return self.fc_norm(tokens.mean(dim=(2, 3)))

    def prepare(self, height_px: int, width_px: int) -> None:
        """Interpolate the positions to this size of input once."""
        self.prepare_positions(tokens_a_side(height_px, self.token_px), tokens_a_side(width_px, self.token_px))


def tokens_a_side(side_px: int, patch_px: int) -> int:
    """Return how many tokens a side of so many pixels has, its pixel of padding on both ends included."""
    return (side_px + 2 * PADDING_PX - patch_px) // patch_px + 1


def build(
    record: EncoderRecord,
    state: Mapping[str, Tensor],
    *,
    bands: Sequence[str],
    wavelengths: Sequence[float] | None = None,
    stage: int | None = None,
) -> FrozenEncoder:
    """Return DOFA v1 for these bands; see :func:`botaclip.core.encoders.architecture.build`.

    Raises
    ------
    EncoderError
        A band's wavelength is not known, or the checkpoint does not fit.
    """
    bands_um = wavelengths_of(bands, wavelengths)
    sizes = vit_sizes(record, patch_px=16)
    with torch.device("meta"):
        encoder = Dofa(**sizes, norm="norm.weight" in state)
    # The published checkpoints have none: weights of one and no bias.
    encoder.fc_norm = nn.LayerNorm(encoder.dimension, eps=_EPS)
    load_state(encoder, state, name=record.title or record.id, optional=("fc_norm.",), tolerated=_TOLERATED)
    assert isinstance(encoder.patch_embed, WavelengthConvolution)
    encoder.patch_embed = encoder.patch_embed.eval().folded(bands_um)
    return encoder.frozen()


def vit_sizes(record: EncoderRecord, *, patch_px: int) -> dict[str, int]:
    """Return width, depth, heads, patch and image of a record's variant, the last two as published where it is silent.

    Raises
    ------
    EncoderError
        One of them is no positive whole number, or the heads do not share the width.
    """
    sizes = {"patch_px": patch_px, "image_px": 224}
    for key in ("width", "depth", "heads", "patch_px", "image_px"):
        value = record.variant.get(key, sizes.get(key))
        if not isinstance(value, int) or isinstance(value, bool) or value < 1:
            raise EncoderError(f"'{key}' in 'variant' is {value!r}", where=record.id,
                               remedy="write a whole number above 0")  # fmt: skip
        sizes[key] = value
    if sizes["width"] % sizes["heads"]:
        raise EncoderError(f"{sizes['heads']} heads cannot share a width of {sizes['width']}", where=record.id,
                           remedy="correct 'variant'")  # fmt: skip
    return sizes


def wavelengths_of(bands: Sequence[str], wavelengths: Sequence[float] | None) -> tuple[float, ...]:
    """Return the bands' wavelengths in micrometres: as given, else those of the roles.

    Raises
    ------
    EncoderError
        There is no band, one has no known wavelength, there are more or fewer than bands, or they are not micrometres.
    """
    if not bands:
        raise EncoderError("DOFA was given no band", remedy="name at least one with --bands")
    if wavelengths is None:
        unknown = [band for band in bands if band not in WAVELENGTHS_UM]
        if unknown:
            raise EncoderError(f"the wavelength of band {unknown[0]!r} is not known",
                               remedy=f"use bands among {', '.join(WAVELENGTHS_UM)}")  # fmt: skip
        return tuple(WAVELENGTHS_UM[band] for band in bands)
    if len(wavelengths) != len(bands):
        raise EncoderError(f"{len(wavelengths)} wavelengths are given for {len(bands)} bands", remedy="give one each")
    for value in wavelengths:
        if not math.isfinite(value) or not 0 < value < _MOST_UM:
            raise EncoderError(f"a wavelength cannot be {value:g} micrometres",
                               remedy="give micrometres, for example 0.665 for red")  # fmt: skip
    return tuple(float(value) for value in wavelengths)
