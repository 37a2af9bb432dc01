"""Any network of timm as an encoder, by its name and a checkpoint that the user has.

Wightman, *PyTorch Image Models*, doi:10.5281/zenodo.4414861. What one vector or map of it is: the output of the
network before its classifier. Class and register tokens are no part of the map; a norm that the network puts behind
its pooling is applied to pooled vectors.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from botaclip.core.encoders.flair import chosen_stage
from botaclip.core.encoders.frozen import FrozenEncoder, load_state
from botaclip.core.encoders.record import EncoderRecord
from botaclip.core.encoders.timm_library import check_bands, create, import_timm, known, tracing
from botaclip.core.errors import EncoderError

CITATION = "Wightman (2019), PyTorch Image Models, doi:10.5281/zenodo.4414861"
_RGB = ("red", "green", "blue")
_PIXEL_RANGE = (0.0, 255.0)


class TimmBackbone(FrozenEncoder):
    """A network of timm, up to the last map before its classifier or to an earlier one.

    Parameters
    ----------
    network
        With the weights in it.
    input_px
        Side of the input that it was made for.
    index
        Place among ``network.feature_info`` of the map to give; None: the network's own output.

    Raises
    ------
    EncoderError
        The network gives no map of cells, but vectors only.
    """

    def __init__(self, network: nn.Module, *, input_px: int, index: int | None = None) -> None:
        super().__init__()
        self.network = network
        self.index = index
        has_class = isinstance(getattr(network, "cls_token", None), Tensor)
        self.prefix = int(getattr(network, "num_prefix_tokens", has_class) or 0) if index is None else 0
        self.has_class = has_class and self.prefix > 0
        fixed = bool(getattr(network, "pretrained_cfg", {}).get("fixed_input_size", False))
        self.fixed_px = input_px if fixed and not getattr(network, "dynamic_img_size", False) else None
        # Not all networks say how their output is laid out, so one look at nothing tells.
        network.eval()
        weight = next(network.parameters())
        with torch.no_grad():
            channels = int(getattr(network, "in_chans", 0) or _first_layer(network).shape[1])
            output = self._output(weight.new_zeros(1, channels, input_px, input_px))
        self.dimension = self._width(output)
        self.channels_last = output.ndim == 4 and output.shape[1] != self.dimension
        self.sides = self._grid(output, input_px, input_px)
        self.token_px = self._stride_px(output, input_px)

    def _output(self, pixels: Tensor) -> Tensor:
        if self.index is None:
            output: Tensor = self.network.forward_features(pixels)  # type: ignore[operator]
            return output
        maps: list[Tensor] = self.network.forward_intermediates(  # type: ignore[operator]
            pixels, indices=[self.index], intermediates_only=True
        )
        return maps[0]

    def _width(self, output: Tensor) -> int:
        said = self.network.num_features if self.index is None else self.network.feature_info[self.index]["num_chs"]  # type: ignore[index]
        width = int(said)  # type: ignore[arg-type]
        if not isinstance(output, Tensor) or output.ndim not in (3, 4) or width not in output.shape[1:]:
            raise EncoderError(
                f"{type(self.network).__name__} of timm gives no map of cells", remedy="choose another network"
            )
        return width

    def _stride_px(self, output: Tensor, input_px: int) -> int:
        """Pixels from one cell to the next; a map that sees beyond the border has a cell for a part of that too."""
        quotient = input_px / self.sides[0]
        infos = list(getattr(self.network, "feature_info", None) or ())
        if output.ndim == 4 and infos:
            info = infos[-1 if self.index is None else self.index]
            stated = int(info.get("reduction", 0)) if isinstance(info, Mapping) else 0
            if stated and abs(stated - quotient) < stated / 2:
                return stated
        return max(1, round(quotient))

    def _grid(self, output: Tensor, height_px: int, width_px: int) -> tuple[int, int]:
        """Rows and columns of cells in an output for an input of this size."""
        if output.ndim == 4:
            return (output.shape[1], output.shape[2]) if self.channels_last else (output.shape[2], output.shape[3])
        count = output.shape[1] - self.prefix
        rows = round(math.sqrt(count * height_px / width_px))
        if rows < 1 or count % rows:
            raise EncoderError(
                f"{type(self.network).__name__} of timm gives {count} tokens, which make no map of {height_px} × "
                f"{width_px} pixels", remedy="choose another network or a square input",
            )  # fmt: skip
        return rows, count // rows

    def features(self, pixels: Tensor) -> tuple[Tensor | None, Tensor]:
        """Return the class token ``(B, D)`` where there is one, and the map ``(B, D, h, w)``.

        Raises
        ------
        EncoderError
            The network takes inputs of one size only, and this is another.
        """
        height, width = pixels.shape[-2:]
        if self.fixed_px is not None and not tracing() and (height, width) != (self.fixed_px, self.fixed_px):
            raise EncoderError(
                f"this network was made for {self.fixed_px} × {self.fixed_px} pixels, not {height} × {width}",
                remedy=f"use mode exact, or windows of {self.fixed_px} pixels",
            )
        output = self._output(pixels)
        if output.ndim == 4:
            return None, output.permute(0, 3, 1, 2) if self.channels_last else output
        cells = output[:, self.prefix :].transpose(1, 2).unflatten(2, self._grid(output, height, width))
        return (self._normed(output[:, 0]) if self.has_class else None), cells

    def mean_of(self, tokens: Tensor) -> Tensor:
        """Return the mean of a map's cells, normed where the network norms what it has pooled."""
        return self._normed(super().mean_of(tokens))

    def _normed(self, vectors: Tensor) -> Tensor:
        if self.index is not None:
            return vectors
        for norm in (
            getattr(self.network, "fc_norm", None),
            getattr(getattr(self.network, "head", None), "norm", None),
        ):
            if isinstance(norm, nn.Module) and not isinstance(norm, nn.Identity):
                # Norms of convolutional networks look at maps.
                normed: Tensor = (
                    norm(vectors[:, :, None, None]).flatten(1) if "2d" in type(norm).__name__ else norm(vectors)
                )
                return normed
        return vectors


def build(
    record: EncoderRecord,
    state: Mapping[str, Tensor],
    *,
    bands: Sequence[str],
    wavelengths: Sequence[float] | None = None,
    stage: int | None = None,
) -> TimmBackbone:
    """Return a network of timm with a checkpoint's weights in it.

    Parameters
    ----------
    record
        ``variant["timm"]`` is its name, ``input_px`` the side of its input.
    state
        By timm's keys, or in a layout that timm itself turns into them. Its classifier is not looked at.
    bands
        As many as the first layer of the checkpoint takes.
    wavelengths
        Of no use here.
    stage
        A stage at a stride of 2 ** stage pixels; None or the deepest: the network's own output.

    Raises
    ------
    EncoderError
        timm has no such network, the checkpoint does not fit, or there is no such stage.
    EnvironmentMissing
        timm is not installed.
    """
    name = str(record.variant["timm"])
    settings: dict[str, Any] = {"in_chans": len(bands), "num_classes": 0}
    network = create(name, **settings)
    config = network.pretrained_cfg
    resized = bool(config.get("fixed_input_size")) and record.input_px != config["input_size"][-1]  # type: ignore[operator,union-attr,index]
    if resized:
        network = create(name, **settings, img_size=record.input_px)
    first = _first_layer_key(network)
    check_bands(state.get(first), bands, record.title)
    index = _index_of(network, record, stage)
    classifier = network.pretrained_cfg.get("classifier") or ()  # type: ignore[operator,union-attr]
    names = (classifier,) if isinstance(classifier, str) else classifier
    heads = tuple(f"{name.split('.', 1)[0]}." for name in names)
    weights = _in_timms_layout(network, state, heads)
    load_state(network, weights, name=record.title, tolerated=heads, file=state)
    return TimmBackbone(network, input_px=record.input_px, index=index).frozen()


def _first_layer_key(network: nn.Module) -> str:
    first = network.pretrained_cfg.get("first_conv") or ""  # type: ignore[operator,union-attr]
    return f"{first if isinstance(first, str) else first[0]}.weight"


def _first_layer(network: nn.Module) -> Tensor:
    weights = network.state_dict()
    return weights.get(_first_layer_key(network), next(value for value in weights.values() if value.ndim == 4))


def _in_timms_layout(network: nn.Module, state: Mapping[str, Tensor], heads: tuple[str, ...]) -> Mapping[str, Tensor]:
    """Return the state, by way of timm's own conversion of the layouts that it knows where it does not fit as it is."""
    expected = {key: value.shape for key, value in network.state_dict().items()}
    ours = {key: value.shape for key, value in state.items() if key in expected or not key.startswith(heads)}
    if ours == expected:
        return state
    convert = getattr(sys.modules[type(network).__module__], "checkpoint_filter_fn", None)
    if convert is None:
        return state
    try:
        converted: Mapping[str, Tensor] = convert(dict(state), network)
    except Exception:  # whatever a conversion stumbles over in a file that is of another network
        return state
    # A conversion may drop what it does not know; then the file as it is says better what is wrong with it.
    return converted if set(expected) <= set(converted) else state


def _stages(network: nn.Module) -> dict[int, int]:
    """Places in ``feature_info`` by stage, at a stride of 2 ** stage pixels; empty where all have the same stride."""
    if not hasattr(network, "forward_intermediates"):
        return {}
    infos = list(getattr(network, "feature_info", None) or ())
    strides = [int(info["reduction"]) for info in infos]
    if len(set(strides)) < 2 or any(stride & (stride - 1) for stride in strides):
        return {}
    return {stride.bit_length() - 1: index for index, stride in enumerate(strides)}


def _index_of(network: nn.Module, record: EncoderRecord, stage: int | None) -> int | None:
    if stage is None and not record.stages:
        return None
    offered = _stages(network)
    if not offered:
        raise EncoderError(f"{record.id} has no stages to choose from", remedy="leave --stage out")
    chosen = chosen_stage(record, stage, sorted(offered, reverse=True))
    return None if chosen == max(offered) else offered[chosen]


def timm_record(
    name: str,
    *,
    id: str = "",
    bands: Sequence[str] = _RGB,
    mean: Mapping[str, float] | None = None,
    std: Mapping[str, float] | None = None,
    value_range: tuple[float, float] = _PIXEL_RANGE,
    input_px: int | None = None,
    file: str = "",
    licence: str = "",
) -> EncoderRecord:
    """Return the record of a network of timm, as its own configuration describes it.

    Parameters
    ----------
    name
        In timm, with or without the tag of its weights, which decides about normalisation and licence.
    id
        Empty: the name in front of its tag.
    bands
        Roles of its channels.
    mean, std
        By role, in units of ``value_range``; None: those that its weights were trained with, which there are for
        three bands.
    value_range
        Pixel values that it was trained with, lowest and highest.
    input_px
        Side of its input; None: the one of its training.
    file, licence
        Of the checkpoint; licence empty: the one that timm states.

    Raises
    ------
    EncoderError
        timm has no such network, or the normalisation of these bands is not known.
    EnvironmentMissing
        timm is not installed.
    """
    timm = import_timm()
    base = known(name).split(".", 1)[0]
    config = timm.get_pretrained_cfg(name, allow_unregistered=True) or timm.get_pretrained_cfg(base)
    roles = tuple(bands)
    if not (mean and std) and len(roles) != len(config.mean):
        raise EncoderError(
            f"the normalisation of {name} is for {len(config.mean)} bands, not for {len(roles)} ({', '.join(roles)})",
            remedy="give mean and standard deviation of each band",
        )
    low, high = value_range
    side = int(input_px or config.input_size[-1])
    sized = {"img_size": side} if config.fixed_input_size and side != config.input_size[-1] else {}
    network = create(name, in_chans=len(roles), num_classes=0, **sized)
    look = TimmBackbone(network, input_px=side)
    window, modes = _window(network, look, side)
    poolings: tuple[str, ...] = ("mean",)
    if look.has_class:
        poolings = ("cls", "mean", "cls-mean") if network.global_pool == "token" else ("mean", "cls", "cls-mean")
    return EncoderRecord(
        id or base, f"{name} of timm", "timm", {"timm": name}, file=file,
        licence=licence or str(config.license or ""), bands=roles, value_range=value_range,
        mean=dict(mean) if mean else _scaled(roles, config.mean, high - low, low),
        std=dict(std) if std else _scaled(roles, config.std, high - low, 0.0),
        input_px=side, token_px=look.token_px, window_px=window,
        drop_tokens=min(2, max(0, window // look.token_px - 1) // 3), dimension=look.dimension, modes=modes,
        poolings=poolings, stages=tuple(sorted(_stages(network), reverse=True)),
        citation=CITATION,
    )  # fmt: skip


def _window(network: nn.Module, look: TimmBackbone, side: int) -> tuple[int, tuple[str, ...]]:
    """Return the side of a window of whole tokens, and the modes that the network can be used in.

    Networks that take any size may have been trained with one that their stride does not divide (176 pixels, stride
    32): their windows are the next larger multiple. Where a window of ``n`` strides does not give ``n`` cells, as in
    networks without padding, or the size is fixed, patches as a whole are all that it can look at.
    """
    window = side if look.fixed_px is not None else -(-side // look.token_px) * look.token_px
    sides = look.sides if window == side else TimmBackbone(network, input_px=window).sides
    whole = window % look.token_px == 0 and sides == (window // look.token_px,) * 2
    return window, ("exact", "tokens") if whole else ("exact",)


def _scaled(roles: Sequence[str], values: Sequence[float], scale: float, offset: float) -> dict[str, float]:
    return {role: float(value) * scale + offset for role, value in zip(roles, values, strict=True)}
