"""Opens encoders: by name for training, from the parts of a model file for its use."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from typing import Any

from botaclip.core.encoders import random_conv
from botaclip.core.encoders.onnx_session import OnnxEncoder
from botaclip.core.errors import EncoderError


def names() -> tuple[str, ...]:
    """Return the names that :func:`get` knows."""
    return ("random-conv",)


@functools.lru_cache(maxsize=8)
def _random_conv_graph(bands: tuple[str, ...]) -> bytes:
    return random_conv.build(bands)


def get(
    name: str,
    *,
    bands: Sequence[str],
    value_range: tuple[float, float],
    device: str = "cpu",
    threads: int | None = None,
) -> OnnxEncoder:
    """Return a frozen encoder by name.

    Parameters
    ----------
    name
        One of :func:`names`.
    bands
        Roles of the raster's bands, in order.
    value_range
        Pixel values that become 0 and 1 (:meth:`RasterSource.value_range`).
    device, threads
        See :func:`~botaclip.core.encoders.onnx_session.open_session`.

    Raises
    ------
    EncoderError
        No encoder has this name.
    """
    if name not in names():
        raise EncoderError(f"there is no encoder {name!r}", remedy=f"choose one of {', '.join(names())}")
    return OnnxEncoder(
        id=name, onnx=_random_conv_graph(tuple(bands)), bands=tuple(bands), value_range=value_range,
        dimension=random_conv.dimension(len(bands)), stride_px=random_conv.STRIDE_PX, margin_px=random_conv.MARGIN_PX,
        centre=random_conv.CENTRE, spread=random_conv.SPREAD, licence=random_conv.LICENCE,
        citation=random_conv.CITATION, device=device, threads=threads,
    )  # fmt: skip


def from_parts(
    onnx: bytes, metadata: Mapping[str, Any], *, device: str = "cpu", threads: int | None = None
) -> OnnxEncoder:
    """Return the encoder that a model file carries.

    Parameters
    ----------
    onnx
        The part ``encoder.onnx``.
    metadata
        The model's ``metadata.json``: its ``encoder``, ``bands`` and ``value_range``.

    Raises
    ------
    EncoderError
        The metadata are incomplete, or the graph is not the one they describe.
    """
    try:
        about = metadata["encoder"]
        low, high = (float(value) for value in metadata["value_range"])
        encoder = OnnxEncoder(
            id=str(about["id"]), onnx=onnx, bands=tuple(str(band["role"]) for band in metadata["bands"]),
            value_range=(low, high), dimension=int(about["dimension"]), stride_px=int(about["stride_px"]),
            margin_px=int(about["margin_px"]), centre=float(about.get("centre", random_conv.CENTRE)),
            spread=float(about.get("spread", random_conv.SPREAD)), licence=str(about["licence"]),
            citation=str(about["citation"]), device=device, threads=threads,
        )  # fmt: skip
        expected = str(about["sha256"])
    except (KeyError, TypeError, ValueError) as error:
        raise EncoderError(f"the model does not describe its encoder ({error})") from error
    if encoder.sha256 != expected:
        raise EncoderError("the encoder in the model is not the one it was trained with", remedy="get the model anew")
    return encoder
