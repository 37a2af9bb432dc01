"""What the document of scores says of the encoder, and that the report shows it."""

from __future__ import annotations

import dataclasses

import pytest

from botaclip.core.encoders.joined import JoinedEncoder
from botaclip.core.encoders.onnx_session import OnnxEncoder
from botaclip.training import report_data
from botaclip.training.metrics_document import _encoder

from .trained_models import ENCODER, pairs, plots
from .window_encoders import exact_encoder


def test_how_the_encoder_looks_is_reported() -> None:
    assert isinstance(ENCODER, OnnxEncoder)
    table = plots(20)
    found = _encoder(pairs(table))
    assert found == {
        "encoder_mode": "dense", "encoder_precision": "fp32", "encoder_licence": "CC0-1.0",
        "encoder_sha256": ENCODER.sha256,
    }  # fmt: skip
    joined = JoinedEncoder((ENCODER, exact_encoder(precision="int8", pooling="cls", verified=False)))
    found = _encoder(pairs(table, encoder=joined))
    assert found == {
        "encoder_mode": "dense+exact", "encoder_precision": "fp32+int8", "encoder_pooling": "cls",
        "encoder_licence": "CC0-1.0; MIT", "encoder_sha256": joined.sha256, "encoder_unverified": "toy-exact",
    }  # fmt: skip
    html = report_data.data({"data": {"encoder": "a+b", **found}})
    assert html is not None
    for label, value in (
        ("mode of the encoder", "dense+exact"), ("precision of the encoder", "fp32+int8"),
        ("not held against the official implementation", "toy-exact"), ("licence of the encoder", "CC0-1.0; MIT"),
    ):  # fmt: skip
        assert label in html and value in html


@pytest.mark.parametrize("precision", ["fp32", "fp16", "int8"])
def test_precision_is_never_silent(precision: str) -> None:
    encoder = dataclasses.replace(exact_encoder(), precision=precision)
    assert _encoder(pairs(plots(20), encoder=encoder))["encoder_precision"] == precision


def test_where_the_vectors_were_computed_otherwise_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    encoder = exact_encoder()
    assert "encoder_computed" not in _encoder(pairs(plots(20), encoder=encoder))
    monkeypatch.setattr(OnnxEncoder, "computed", "in bfloat16 on cuda")
    found = _encoder(pairs(plots(20), encoder=encoder))
    assert (found["encoder_precision"], found["encoder_computed"]) == ("fp32", "in bfloat16 on cuda")
    html = report_data.data({"data": found})
    assert html is not None and "how its vectors were computed" in html and "in bfloat16 on cuda" in html
