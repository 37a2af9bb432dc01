"""Several encoders as one."""

from __future__ import annotations

import json

import pytest
from tests.window_encoders import RGB, exact_encoder, token_encoder

from botaclip.core.encoders import opening
from botaclip.core.encoders.joined import JoinedEncoder
from botaclip.core.errors import EncoderError


def joined() -> JoinedEncoder:
    dense = opening.get("random-conv", bands=RGB, value_range=(0.0, 255.0))
    return JoinedEncoder((dense, exact_encoder(("green", "nir")), token_encoder()))


def test_it_is_the_sum_of_its_parts() -> None:
    encoder = joined()
    assert (encoder.id, encoder.kind) == ("random-conv+toy-exact+toy-tokens", "joined")
    assert encoder.bands == ("red", "green", "blue", "nir")
    assert encoder.blocks == (390, 6, 6) and encoder.dimension == 402
    assert (encoder.stride_px, encoder.margin_px) == (10, 4)
    # The tokens see 16 pixels far, from a node up to 2 off.
    assert encoder.reach_px == 18
    assert encoder.licence == "CC0-1.0; MIT"
    assert list(encoder.graphs) == ["encoder.onnx", "encoder.2.onnx", "encoder.3.onnx"]
    assert encoder.graphs["encoder.3.onnx"] == token_encoder().onnx


def test_digest_and_identity_follow_every_part() -> None:
    encoder = joined()
    other = JoinedEncoder((*encoder.parts[:2], token_encoder(drop_tokens=1)))
    assert other.sha256 == encoder.sha256 and other.identity != encoder.identity
    turned = JoinedEncoder(encoder.parts[::-1])
    assert turned.sha256 != encoder.sha256 and turned.identity != encoder.identity


def test_what_a_model_file_says() -> None:
    about = json.loads(json.dumps(joined().metadata()))
    assert about["kind"] == "joined" and about["reach_px"] == 18 and about["dimension"] == 402
    assert [part["part"] for part in about["parts"]] == ["encoder.onnx", "encoder.2.onnx", "encoder.3.onnx"]
    assert [part["bands"] for part in about["parts"]] == [list(RGB), ["green", "nir"], list(RGB)]
    assert [part["reach_px"] for part in about["parts"]] == [4, 0, 16]
    assert about["parts"][2]["window_tokens"] == 7


def test_strides_reach_the_parts_they_belong_to() -> None:
    moved = joined().with_strides([10, 7, 4])
    assert [part.stride_px for part in moved.parts] == [10, 7, 4]
    assert [part.threads for part in joined().with_threads(3).parts] == [3, 3, 3]
    with pytest.raises(EncoderError, match="cells of 10 pixels, the lattice of 9"):
        joined().with_stride(9)


def test_what_cannot_be_joined_is_refused() -> None:
    encoder = joined()
    with pytest.raises(EncoderError, match="1 encoders cannot be joined"):
        JoinedEncoder(encoder.parts[:1])
    with pytest.raises(EncoderError, match="cannot be joined again"):
        JoinedEncoder((encoder, encoder.parts[0]))
    with pytest.raises(EncoderError, match="do not scale pixel values alike"):
        JoinedEncoder((exact_encoder(), token_encoder(value_range=(0.0, 1.0))))
