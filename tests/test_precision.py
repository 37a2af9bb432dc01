"""Graphs in fewer bits: smaller, still ours, and nearly the same function."""

from __future__ import annotations

from collections import Counter

import numpy as np
import onnx
import pytest
from tests.toy_encoders import ToyConvolutions, ToyTransformer

from botaclip.core.encoders.export import export_graph
from botaclip.core.encoders.fidelity import fidelity
from botaclip.core.encoders.onnx_session import open_session
from botaclip.core.encoders.precision import convert, kind_of, to_fp16, to_int8_dynamic, to_int8_static
from botaclip.core.errors import EncoderError
from botaclip.core.onnx_scan import scan_onnx


def noise(*shape: int, seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(shape, dtype=np.float32)


@pytest.fixture(scope="module")
def transformer() -> bytes:
    return export_graph(ToyTransformer(width=64), mode="tokens", channels=3, window_px=32)


@pytest.fixture(scope="module")
def patches() -> bytes:
    return export_graph(ToyTransformer(width=64), mode="exact", channels=3, input_px=32)


@pytest.fixture(scope="module")
def convolutions() -> bytes:
    return export_graph(ToyConvolutions(width=48), mode="dense", channels=3)


@pytest.fixture(scope="module")
def convolved_patches() -> bytes:
    return export_graph(ToyConvolutions(width=48), mode="exact", channels=3, input_px=32)


def operators(graph: bytes) -> Counter[str]:
    model = onnx.load_from_string(graph)
    assert {node.domain for node in model.graph.node} == {""}
    return Counter(node.op_type for node in model.graph.node)


def ends(graph: bytes) -> list[tuple[str, str, list]]:
    session = open_session(graph, threads=1)
    return [(value.name, value.type, value.shape) for value in (*session.get_inputs(), *session.get_outputs())]


def weights(graph: bytes) -> int:
    return sum(len(tensor.raw_data) for tensor in onnx.load_from_string(graph).graph.initializer)


def assert_ours(made: bytes, source: bytes) -> None:
    scan_onnx(made, where="graph")
    assert ends(made) == ends(source)
    for note in (b"/tmp", b"/work", b"onnx.quant", b"com.microsoft"):
        assert note not in made


def test_what_kind_of_graph(transformer: bytes, convolutions: bytes) -> None:
    assert kind_of(transformer) == "transformer" and kind_of(convolutions) == "convolutional"


@pytest.mark.parametrize("name", ["transformer", "patches", "convolutions", "convolved_patches"])
def test_half_precision_is_half_the_file(name: str, request: pytest.FixtureRequest) -> None:
    source = request.getfixturevalue(name)
    made = to_fp16(source)
    assert_ours(made, source)
    assert weights(made) == pytest.approx(weights(source) / 2, rel=0.02)
    near = fidelity(source, made, noise(8, 3, 32, 32))
    assert near.cosine_min > 0.99999 and 0 < near.relative_error < 5e-3


def test_dynamic_int8_of_a_transformer(transformer: bytes) -> None:
    made = to_int8_dynamic(transformer)
    assert_ours(made, transformer)
    assert operators(made)["MatMulInteger"] == 4  # qkv, proj, fc1, fc2; not the products of attention
    assert weights(made) < 0.5 * weights(transformer)
    near = fidelity(transformer, made, noise(8, 3, 32, 32))
    assert near.cosine_median > 0.999 and near.cosine_min > 0.99 and 1e-4 < near.relative_error < 0.1


def test_static_int8_of_a_convolutional_net(convolutions: bytes) -> None:
    tiles = noise(16, 3, 48, 48)
    made = to_int8_static(convolutions, tiles)
    assert_ours(made, convolutions)
    assert operators(made)["DequantizeLinear"] > 3
    assert weights(made) < 0.4 * weights(convolutions)
    near = fidelity(convolutions, made, noise(8, 3, 48, 48, seed=2))
    assert near.cosine_median > 0.99 and 1e-4 < near.relative_error < 0.2


def test_scales_come_from_the_tiles(convolutions: bytes) -> None:
    """Measured on tiles of other brightness, the scales do not fit and the error is larger."""
    seen = noise(8, 3, 48, 48, seed=2)
    right, wrong = (to_int8_static(convolutions, factor * noise(16, 3, 48, 48)) for factor in (1.0, 0.05))
    assert fidelity(convolutions, wrong, seen).relative_error > 3 * fidelity(convolutions, right, seen).relative_error


@pytest.mark.parametrize(("name", "precision"), [("patches", "int8"), ("convolved_patches", "int8"),
                                                 ("patches", "fp16")])  # fmt: skip
def test_the_resize_keeps_its_precision(name: str, precision: str, request: pytest.FixtureRequest) -> None:
    source = request.getfixturevalue(name)
    made = convert(source, precision, noise(12, 3, 50, 50))
    assert_ours(made, source)
    first = onnx.load_from_string(made).graph.node[0]
    assert first.op_type == "Resize" and list(first.input)[0] == "pixels"
    for side in (20, 32, 75):
        assert fidelity(source, made, noise(4, 3, side, side, seed=3)).cosine_min > 0.98


def test_convert_chooses_by_what_is_in_the_graph(transformer: bytes, convolutions: bytes) -> None:
    assert convert(transformer, "fp32") is transformer
    assert convert(transformer, "fp16") == to_fp16(transformer)
    assert operators(convert(transformer, "int8"))["MatMulInteger"] == 4
    assert "MatMulInteger" not in operators(convert(convolutions, "int8", noise(4, 3, 48, 48)))


def test_the_same_graph_gives_the_same_bytes(transformer: bytes, convolutions: bytes) -> None:
    tiles = noise(4, 3, 48, 48)
    assert convert(transformer, "int8") == convert(transformer, "int8")
    assert convert(convolutions, "int8", tiles) == convert(convolutions, "int8", list(tiles))


def test_convolutions_without_tiles_name_the_command(convolutions: bytes) -> None:
    with pytest.raises(
        EncoderError, match=r"botaclip encoders export flair --precision int8 --calibration RASTER"
    ):
        convert(convolutions, "int8", name="flair")
    with pytest.raises(EncoderError, match="no tile was given"):
        convert(convolutions, "int8", [])


def test_tiles_that_the_graph_does_not_take(convolutions: bytes, convolved_patches: bytes) -> None:
    with pytest.raises(EncoderError, match=r"measuring scales is \(4, 48, 48\), and the graph takes 3 x any"):
        to_int8_static(convolutions, noise(2, 4, 48, 48))
    with pytest.raises(EncoderError, match=r"is \(4, 20, 20\)"):
        to_int8_static(convolved_patches, noise(2, 4, 20, 20))


def test_what_cannot_be_converted(transformer: bytes) -> None:
    with pytest.raises(EncoderError, match="no precision 'int4'"):
        convert(transformer, "int4")
    node = onnx.helper.make_node("Identity", ["pixels"], ["cells"])
    ends = [onnx.helper.make_tensor_value_info(name, 1, ["b", 3, "h", "w"]) for name in ("pixels", "cells")]
    graph = onnx.helper.make_graph([node], "g", ends[:1], ends[1:])
    plain = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 18)], ir_version=10)
    with pytest.raises(EncoderError, match="nothing in it can be made whole numbers"):
        to_int8_dynamic(plain.SerializeToString())
