"""The encoders of FLAIR-HUB's aerial models: a Swin transformer, or a ConvNeXtV2.

Garioud et al. 2025, *FLAIR-HUB*, arXiv:2506.07080; Swin: Liu et al. 2021, arXiv:2103.14030; ConvNeXtV2: Woo et al.
2023, arXiv:2301.00808. The networks are timm's. The Swin was held against the official implementation; the
ConvNeXtV2 was not, as there was nothing to hold it against. Stages are the networks' own four, at strides of 4 to 32
pixels.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from botaclip.core.encoders.flair import chosen_stage
from botaclip.core.encoders.frozen import FrozenEncoder, load_state
from botaclip.core.encoders.record import EncoderRecord
from botaclip.core.encoders.timm_library import check_bands, create, tracing
from botaclip.core.errors import EncoderError

STAGES = (4, 3, 2, 1)
DEEPEST_PX = 32
_MODALITY = "AERIAL_RGBI"
_ENCODER = re.compile(r"(?:.*\.)?encoders\.([^.]+)\.seg_model\.model\.(.+)")
# Norms and heads that segmentation does not use; a bare classifier of the same network has them.
_UNUSED = ("norm.", "norm_pre.", "head.")
# Tables that older versions of the library stored, and newer ones compute.
_COMPUTED = re.compile(r"(^|\.)(relative_position_index|attn_mask)$")


def encoder_weights(state: Mapping[str, Tensor], modality: str = "") -> dict[str, Tensor]:
    """Return the weights of one sensor's encoder, by timm's keys.

    Parameters
    ----------
    state
        A whole FLAIR-HUB checkpoint (``model.encoders.AERIAL_RGBI.seg_model.model.*``), or a bare network of timm.
    modality
        Sensor as the keys name it. Empty: ``AERIAL_RGBI``, else the one aerial sensor, else the one sensor there is.

    Raises
    ------
    EncoderError
        The checkpoint has several sensors and none was named, or not the one that was named.
    """
    sensors: dict[str, dict[str, Tensor]] = {}
    for key, value in state.items():
        found = _ENCODER.fullmatch(key)
        if found:
            sensors.setdefault(found[1], {})[found[2]] = value
    weights = sensors[_chosen(sensors, modality)] if sensors else dict(state)
    renamed = {re.sub(r"^(layers|stages|stem)\.(\d+)\.", r"\1_\2.", key): value for key, value in weights.items()}
    return {key: value for key, value in renamed.items() if not _COMPUTED.search(key)}


def _chosen(sensors: Mapping[str, Any], modality: str) -> str:
    aerial = [name for name in sensors if name.startswith("AERIAL")]
    for candidates in ([modality] if modality else [], [] if modality else [_MODALITY]):
        if candidates and candidates[0] in sensors:
            return candidates[0]
    if not modality and len(aerial or sensors) == 1:
        return (aerial or list(sensors))[0]
    found = (
        f"the checkpoint has no encoder of {modality}" if modality else "the checkpoint has encoders of several sensors"
    )
    raise EncoderError(found, remedy=f"name one of {', '.join(sorted(sensors))} as 'modality' in the record's variant")


class FlairHub(FrozenEncoder):
    """An encoder of FLAIR-HUB up to one of its stages.

    Parameters
    ----------
    network
        timm's network as a list of maps.
    stage
        1 to 4.
    input_px
        Side of the input that the network was made for. Other sides are taken as well, if they are multiples of 32
        and, for a Swin, at least 32 times its window: below that its windows would shrink, which the weights were not
        trained for.
    """

    def __init__(self, network: nn.Module, stage: int, *, input_px: int) -> None:
        super().__init__()
        self.network = network
        self.stage = stage
        self.dimension = int(network.feature_info.channels()[-1])  # type: ignore[operator,union-attr]
        self.token_px = 2 ** (stage + 1)
        self.window = window_side(network)
        self.size_px = (input_px, input_px)

    def prepare(self, height_px: int, width_px: int) -> None:
        """Make the network ready for inputs of another size: a Swin's masks depend on it.

        Raises
        ------
        EncoderError
            The network cannot look at inputs of this size.
        """
        check_size((height_px, width_px), self.window)
        if self.window and (height_px, width_px) != self.size_px:
            self.network.patch_embed.set_input_size(img_size=(height_px, width_px))  # type: ignore[operator,union-attr]
            for index, stage in enumerate(_swin_stages(self.network)):
                # A stage halves the map that it is given, all but the first.
                step = 4 * 2 ** max(index - 1, 0)
                stage.set_input_size(  # type: ignore[operator]
                    feat_size=(height_px // step, width_px // step), window_size=(self.window, self.window)
                )
        self.size_px = (height_px, width_px)

    def features(self, pixels: Tensor) -> tuple[None, Tensor]:
        """Return no class token, and the stage's map ``(B, D, h, w)``."""
        if not tracing() and (size := (int(pixels.shape[-2]), int(pixels.shape[-1]))) != self.size_px:
            self.prepare(*size)
        last = self.network(pixels)[-1]
        return None, last.permute(0, 3, 1, 2) if self.window else last


def window_side(network: nn.Module) -> int:
    """Return the side in cells of a Swin's windows; 0 for a network without."""
    stages = _swin_stages(network)
    return max(int(stage.blocks[0].window_size[0]) for stage in stages) if stages else 0  # type: ignore[index,union-attr]


def _swin_stages(network: nn.Module) -> list[nn.Module]:
    return [module for name, module in network.named_children() if name.startswith("layers_")]


def check_size(size_px: tuple[int, int], window: int) -> None:
    """Refuse sizes that leave a fraction of a cell, or that are smaller than a window of the deepest stage.

    Raises
    ------
    EncoderError
        The size is one of these.
    """
    smallest = DEEPEST_PX * max(window, 1)
    if any(side % DEEPEST_PX or side < smallest for side in size_px):
        raise EncoderError(
            f"this encoder cannot look at {size_px[0]} × {size_px[1]} pixels",
            remedy=f"use sides that are multiples of {DEEPEST_PX}, at least {smallest}",
        )


def build(
    record: EncoderRecord,
    state: Mapping[str, Tensor],
    *,
    bands: Sequence[str],
    wavelengths: Sequence[float] | None = None,
    stage: int | None = None,
) -> FlairHub:
    """Return the encoder of a FLAIR-HUB checkpoint.

    Parameters
    ----------
    record
        ``variant["timm"]`` names the network (``swin_base_patch4_window12_384``, ``convnextv2_base``),
        ``variant["modality"]`` the sensor where the checkpoint has several. ``input_px`` is the side it is made for.
    state
        Of the whole model, with or without prefixes; fusion, decoders and heads are not looked at.
    bands
        As many as the first layer of the checkpoint takes; the published ones: near infrared, red, green.
    wavelengths
        Of no use here.
    stage
        1 to 4; None: the record's first, else the deepest.

    Raises
    ------
    EncoderError
        The checkpoint does not fit, there is no such stage, or the network is neither Swin nor ConvNeXt.
    EnvironmentMissing
        timm is not installed.
    """
    chosen = chosen_stage(record, stage, STAGES)
    name = str(record.variant.get("timm", ""))
    swin = name.startswith("swin_")
    if not swin and not name.startswith("convnext"):
        raise EncoderError(
            f"{name or 'nothing'} is no network of FLAIR-HUB", where=record.id,
            remedy="name a Swin (swin_...) or a ConvNeXt (convnext...) of timm as 'timm' in the record's variant",
        )  # fmt: skip
    weights = encoder_weights(state, str(record.variant.get("modality", "")))
    check_bands(weights.get("patch_embed.proj.weight" if swin else "stem_0.weight"), bands, record.title)
    settings: dict[str, Any] = {"features_only": True, "in_chans": len(bands)}
    if swin:
        settings["img_size"] = record.input_px
    network = create(name, **settings, out_indices=(0, 1, 2, 3))
    check_size((record.input_px, record.input_px), _trained_window(weights))
    load_state(network, weights, name=record.title, tolerated=_UNUSED, file=state)
    with torch.device("meta"):  # a list of the wanted stages, into which those with the weights go
        shallow = create(name, **settings, out_indices=tuple(range(chosen)))
    for child, _ in shallow.named_children():
        setattr(shallow, child, network.get_submodule(child))
    return FlairHub(shallow, chosen, input_px=record.input_px).frozen()


def _trained_window(weights: Mapping[str, Tensor]) -> int:
    """Side of the windows that a Swin's tables of relative positions were made for: there are (2 side - 1)² of them."""
    lengths = [len(value) for key, value in weights.items() if key.endswith("relative_position_bias_table")]
    return (round(max(lengths) ** 0.5) + 1) // 2 if lengths else 0
