"""Opens the encoder that a model file carries."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from botaclip.core.encoder_metadata import JOINED, LICENCE_PART
from botaclip.core.encoders import random_conv
from botaclip.core.encoders.joined import JoinedEncoder
from botaclip.core.encoders.onnx_session import OnnxEncoder
from botaclip.core.errors import EncoderError


def from_parts(
    parts: Mapping[str, bytes], metadata: Mapping[str, Any], *, device: str = "cpu", threads: int | None = None
) -> OnnxEncoder | JoinedEncoder:
    """Return the encoder that a model file carries.

    Parameters
    ----------
    parts
        The parts of the file; those that count are ``encoder.onnx``, ``encoder.2.onnx`` and so on, and
        ``encoder.licence.txt``.
    metadata
        The model's ``metadata.json``: its ``encoder``, ``bands`` and ``value_range``.
    device, threads
        See :func:`~botaclip.core.encoders.onnx_session.open_session`.

    Raises
    ------
    EncoderError
        The metadata are incomplete, or the graph is not the one they describe.
    """
    try:
        about = metadata["encoder"]
        joined = about.get("kind") == JOINED
        roles = tuple(str(band["role"]) for band in metadata["bands"])
        low, high = (float(value) for value in metadata["value_range"])
        licence = bytes(parts.get(LICENCE_PART, b"")).decode("utf-8", errors="replace")
        encoders = [
            described(
                parts[str(one["part"]) if joined else "encoder.onnx"], one, (low, high),
                bands=tuple(map(str, one["bands"])) if joined else roles, licence_text="" if number else licence,
                device=device, threads=threads,
            )
            for number, one in enumerate(about["parts"] if joined else [about])
        ]  # fmt: skip
        expected = str(about["sha256"])
    except (KeyError, TypeError, ValueError) as error:
        raise EncoderError(f"the model does not describe its encoder ({error})") from error
    encoder = JoinedEncoder(tuple(encoders)) if joined else encoders[0]
    if encoder.sha256 != expected:
        raise _another()
    return encoder


def _another() -> EncoderError:
    return EncoderError("the encoder in the model is not the one it was trained with", remedy="get the model anew")


def described(
    onnx: bytes, about: Mapping[str, Any], value_range: tuple[float, float], *, bands: tuple[str, ...], **rest: Any
) -> OnnxEncoder:
    """Return the encoder that a model describes; what it does not say is as in the first release.

    Raises
    ------
    EncoderError
        The graph is not the one that is described.
    """
    numbers = {name: about.get(name, default) for name, default in (
        ("centre", random_conv.CENTRE), ("spread", random_conv.SPREAD),
    )}  # fmt: skip
    scale = {
        name: tuple(map(float, value)) if isinstance(value, (list, tuple)) else float(value)
        for name, value in numbers.items()
    }
    encoder = OnnxEncoder(
        id=str(about["id"]), onnx=onnx, bands=bands, value_range=value_range, dimension=int(about["dimension"]),
        stride_px=int(about["stride_px"]), margin_px=int(about["margin_px"]), centre=scale["centre"],
        spread=scale["spread"], licence=str(about["licence"]), citation=str(about["citation"]),
        kind=str(about.get("kind", "dense")), window_tokens=int(about.get("window_tokens") or 0),
        drop_tokens=int(about.get("drop_tokens") or 0), input_px=int(about.get("input_px") or 0),
        pooling=str(about.get("pooling") or ""),
        stage=about.get("stage"), precision=str(about.get("precision") or "fp32"),
        checkpoint_sha256=str(about.get("checkpoint_sha256") or ""), fidelity=about.get("fidelity"),
        verified=about.get("verified") is not False, **rest,
    )  # fmt: skip
    if encoder.sha256 != str(about["sha256"]):
        raise _another()
    return encoder
