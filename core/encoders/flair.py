"""The encoders of FLAIR-INC: a ResNet34 out of a U-Net, an FPN or a DeepLabV3, as deep as one asks for.

Garioud et al. 2023, *FLAIR: a country-scale land cover semantic segmentation dataset*, arXiv:2310.13336; ResNet: He et
al. 2016, doi:10.1109/CVPR.2016.90. The network is timm's. Stages are numbered as in the segmentation library that the
checkpoints were made with: 1 behind the first convolution, 2 to 5 behind the four groups of blocks.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from botaclip.core.encoders.frozen import FrozenEncoder, load_state
from botaclip.core.encoders.record import EncoderRecord
from botaclip.core.encoders.timm_library import check_bands, create
from botaclip.core.errors import EncoderError

STAGES = (5, 4, 3, 2, 1)
DIMENSIONS = {1: 64, 2: 64, 3: 128, 4: 256, 5: 512}
# 3 × 3 convolutions in the groups of blocks behind stages 2 to 5.
_CONVOLUTIONS = {2: 6, 3: 8, 4: 12, 5: 6}


def stride_px(stage: int, output_stride: int = 32) -> int:
    """Return the pixels from one cell of a stage to the next."""
    return min(2**stage, output_stride)


def field_px(stage: int, output_stride: int = 32) -> int:
    """Return the side in pixels of the square that a cell of a stage sees; it is centred on the cell's first pixel.

    Behind an ``output_stride`` strides become dilations: 2 where there would have been one more halving, 4 where two.
    """
    reach, step = 3, 2  # 7 × 7 by steps of 2
    if stage >= 2:
        reach, step = reach + step, 4  # the pooling, 3 × 3 by steps of 2
    for group in range(2, stage + 1):
        halves = group > 2 and step < output_stride
        dilation = 1 if group == 2 or halves else 2**group // output_stride
        # The first convolution of a group that halves still steps on the finer grid.
        reach += step * dilation
        step = 2 * step if halves else step
        reach += (_CONVOLUTIONS[group] - 1) * step * dilation
    return 2 * reach + 1


def dense_margin_px(stage: int, output_stride: int = 32) -> int:
    """Return the pixels of surroundings that inner cells need: half the field, up to whole cells."""
    step = stride_px(stage, output_stride)
    return math.ceil((field_px(stage, output_stride) // 2) / step) * step


def without_prefix(state: Mapping[str, Tensor], marker: str, *, inside: str = "") -> dict[str, Tensor]:
    """Return the tensors of one part of a checkpoint, by their keys within it.

    Parameters
    ----------
    state
        A whole checkpoint, whatever its keys begin with.
    marker
        A key of the part that no other part has (``encoder.conv1.weight``).
    inside
        How much of ``marker``'s beginning belongs to the prefix (``encoder.``).

    Returns
    -------
    dict
        Empty where no key ends in ``marker``.
    """
    ends = [key for key in state if key == marker or key.endswith(f".{marker}")]
    if not ends:
        return {}
    shortest = min(ends, key=len)
    prefix = shortest[: len(shortest) - len(marker)] + inside
    return {key[len(prefix) :]: value for key, value in state.items() if key.startswith(prefix)}


class FlairResNet(FrozenEncoder):
    """The ResNet34 of a FLAIR-INC model up to one of its stages; takes any size.

    Parameters
    ----------
    network
        timm's ResNet34 that ends behind the stage.
    stage
        1 to 5.
    dense
        Whether inner cells are offered, with a margin as wide as the field asks for.
    """

    def __init__(self, network: nn.Module, stage: int, *, output_stride: int = 32, dense: bool = False) -> None:
        super().__init__()
        self.network = network
        self.stage = stage
        self.dimension = DIMENSIONS[stage]
        self.token_px = stride_px(stage, output_stride)
        self.margin_px = dense_margin_px(stage, output_stride) if dense else 0

    def features(self, pixels: Tensor) -> tuple[None, Tensor]:
        """Return no class token, and the stage's map ``(B, D, h, w)``, sides rounded up to whole cells."""
        return None, self.network(pixels)[-1]

    def dense(self, pixels: Tensor) -> Tensor:
        """Return the stage's inner cells: no cell of these sees the zeros around the input."""
        if not self.margin_px:
            return super().dense(pixels)
        ring = self.margin_px // self.token_px
        return self.tokens(pixels)[:, :, ring:-ring, ring:-ring]


def build(
    record: EncoderRecord,
    state: Mapping[str, Tensor],
    *,
    bands: Sequence[str],
    wavelengths: Sequence[float] | None = None,
    stage: int | None = None,
) -> FlairResNet:
    """Return the encoder of a FLAIR-INC checkpoint.

    Parameters
    ----------
    record
        ``variant["output_stride"]`` is 8 for DeepLabV3, whose last two groups are dilated; else it is left out.
        ``fields`` has the stages that mode ``dense`` is offered for.
    state
        Of the whole segmentation model, with or without prefixes, or of a bare ResNet34; decoder and head are not
        looked at.
    bands
        As many as the first layer of the checkpoint takes: R, G, B, then infrared, then elevation.
    wavelengths
        Of no use here.
    stage
        None: the record's first, else the deepest.

    Raises
    ------
    EncoderError
        The checkpoint does not fit, or there is no such stage.
    EnvironmentMissing
        timm is not installed.
    """
    chosen = chosen_stage(record, stage, STAGES)
    output_stride = int(record.variant.get("output_stride", 32))
    if output_stride not in (8, 16, 32):
        raise EncoderError(f"the record has output_stride {output_stride}", where=record.id, remedy="write 8, 16 or 32")
    weights = without_prefix(state, "encoder.conv1.weight", inside="encoder.") or dict(state)
    check_bands(weights.get("conv1.weight"), bands, record.title)
    settings = {"features_only": True, "in_chans": len(bands)}
    with torch.device("meta"):  # no time for weights that are replaced at once
        network = create("resnet34", **settings, out_indices=tuple(range(5)))
        shallow = create("resnet34", **settings, out_indices=tuple(range(chosen)))
    network.to_empty(device="cpu")
    load_state(network, weights, name=record.title, tolerated=("fc.",), file=state)
    for group in (4, 5):
        if 2**group > output_stride:
            _dilate(network.get_submodule(f"layer{group - 1}"), 2**group // output_stride)
    for name, _ in shallow.named_children():
        setattr(shallow, name, network.get_submodule(name))
    return FlairResNet(shallow, chosen, output_stride=output_stride, dense=chosen in record.fields).frozen()


def chosen_stage(record: EncoderRecord, stage: int | None, offered: Sequence[int]) -> int:
    """Return the stage to build: the one asked for, else the record's default, else the deepest.

    Raises
    ------
    EncoderError
        The network has no such stage.
    """
    chosen = stage if stage is not None else (record.stages or tuple(offered))[0]
    if chosen not in offered:
        raise EncoderError(f"{record.id} has no stage {chosen}", remedy=f"choose one of {', '.join(map(str, offered))}")
    return chosen


def _dilate(group: nn.Module, rate: int) -> None:
    """Let a group of blocks keep its resolution: no steps, every convolution spread out by the rate.

    The checkpoints were trained with the first convolution of a group spread out as well, unlike timm's own dilated
    ResNet, where it is not.
    """
    for module in group.modules():
        if isinstance(module, nn.Conv2d):
            module.stride = (1, 1)
            module.dilation = (rate, rate)
            side = module.kernel_size[0]
            module.padding = (side // 2 * rate, side // 2 * rate)
