"""How near two graphs are, in numbers that can be worked out by hand."""

from __future__ import annotations

import json
import math

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from botaclip.core.encoders.fidelity import Fidelity, compare, cosine, fidelity
from botaclip.core.errors import EncoderError


def scaled(*factors: float, cells: bool = False) -> bytes:
    """A graph that multiplies each channel, of one pixel ``(B, D)`` or of all ``(B, D, h, w)``."""
    shape = ["b", len(factors), "h", "w"]
    tensor = numpy_helper.from_array(np.array(factors, np.float32).reshape(1, -1, 1, 1), "factors")
    axes = numpy_helper.from_array(np.array([2, 3]), "axes")
    nodes = [helper.make_node("Mul", ["pixels", "factors"], ["cells" if cells else "product"])]
    if not cells:
        nodes.append(helper.make_node("ReduceMean", ["product", "axes"], ["vectors"], keepdims=0))
    made = helper.make_tensor_value_info(
        "cells" if cells else "vectors", TensorProto.FLOAT, shape if cells else shape[:2]
    )
    taken = helper.make_tensor_value_info("pixels", TensorProto.FLOAT, shape)
    graph = helper.make_graph(nodes, "g", [taken], [made], [tensor, axes])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString())


def test_a_graph_is_itself() -> None:
    tiles = np.random.default_rng(0).random((5, 2, 4, 4), dtype=np.float32)
    assert fidelity(scaled(1, 1), scaled(1, 1), tiles) == Fidelity(5, pytest.approx(1.0), pytest.approx(1.0), 0.0)


def test_cosine_of_patches_by_hand() -> None:
    """Vectors (1, 0), (1, 1) and (3, 4); the other graph doubles the second number."""
    tiles = [np.array([[[x]], [[y]]], np.float32) for x, y in ((1, 0), (1, 1), (3, 4))]
    found = fidelity(scaled(1, 1), scaled(1, 2), tiles)
    cosines = [1.0, 3 / math.sqrt(10), (9 + 32) / (5 * math.sqrt(9 + 64))]
    assert found.tiles == 3
    assert found.cosine_median == pytest.approx(sorted(cosines)[1], abs=1e-7)
    assert found.cosine_min == pytest.approx(min(cosines), abs=1e-7)
    # Differences 0, 1 and 4 in the second number; deviations from (5/3, 5/3).
    squares = sum((x - 5 / 3) ** 2 + (y - 5 / 3) ** 2 for x, y in ((1, 0), (1, 1), (3, 4)))
    assert found.relative_error == pytest.approx(math.sqrt(17 / squares), rel=1e-6)


def test_every_cell_of_a_window_is_a_vector() -> None:
    tile = np.array([[[1, 1], [3, 0]], [[0, 1], [4, 0]]], np.float32)  # (1, 0), (1, 1), (3, 4), (0, 0)
    found = fidelity(scaled(1, 1, cells=True), scaled(1, 2, cells=True), [tile])
    assert found.tiles == 1
    assert found.cosine_min == pytest.approx(3 / math.sqrt(10), abs=1e-6)


def test_the_cosine_hides_what_the_error_shows() -> None:
    """A common offset brings every cosine near 1; the error is still as large as what tells places apart."""
    random = np.random.default_rng(0)
    expected = 100 + random.standard_normal((400, 8))
    found = 100 + random.standard_normal((400, 8))
    measured = compare(expected, found, tiles=400)
    assert measured.cosine_min > 0.999 and measured.relative_error == pytest.approx(math.sqrt(2), rel=0.05)


def test_zero_vectors() -> None:
    zero, one = np.zeros((1, 3)), np.ones((1, 3))
    assert cosine(zero, zero) == 1.0 and cosine(zero, one) == 0.0 and cosine(one, -one) == pytest.approx(-1.0)
    assert compare(zero, one, tiles=1).relative_error == math.inf
    assert compare(one, 1.1 * one, tiles=1).relative_error == pytest.approx(0.1)


def test_words_and_json() -> None:
    measured = Fidelity(32, 0.999832, 0.99912, 0.0123)
    assert measured.words == (
        "on 32 tiles: cosine to full precision 0.99983 (median), 0.99912 (lowest); error 1.2 % of the vectors' spread"
    )
    assert Fidelity.from_json(json.loads(json.dumps(measured.to_json()))) == measured
    assert measured.to_json()["cosine"] == {"median": 0.999832, "min": 0.99912}
    endless = Fidelity(1, 0.0, 0.0, math.inf)
    assert Fidelity.from_json(json.loads(json.dumps(endless.to_json(), allow_nan=False))) == endless
    with pytest.raises(EncoderError, match="cannot be read"):
        Fidelity.from_json({"tiles": 3})


def test_what_cannot_be_compared() -> None:
    tile = np.ones((2, 1, 1), np.float32)
    with pytest.raises(EncoderError, match="no tile"):
        fidelity(scaled(1, 1), scaled(1, 1), [])
    with pytest.raises(EncoderError, match=r"they make \(1, 2\) and \(1, 2, 1, 1\)"):
        fidelity(scaled(1, 1), scaled(1, 1, cells=True), [tile])
