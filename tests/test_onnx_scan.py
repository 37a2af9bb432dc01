"""Graphs that reach outside themselves are refused before a runtime sees them."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from botaclip.core.encoders import random_conv
from botaclip.core.errors import ModelFileError
from botaclip.core.onnx_scan import scan_onnx


def model(node: onnx.NodeProto, tensor: onnx.TensorProto | None = None, domain: str = "") -> onnx.ModelProto:
    info = helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 2])
    made = helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", 2])
    graph = helper.make_graph([node], "g", [info], [made], [tensor] if tensor is not None else [])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid(domain, 17)])


def external() -> onnx.TensorProto:
    tensor = numpy_helper.from_array(np.ones(2, np.float32), "w")
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="/etc/passwd")
    return tensor


def nested(inner: onnx.ModelProto) -> onnx.ModelProto:
    """The same graph inside an ``If``."""
    branch = helper.make_graph(inner.graph.node, "b", [], inner.graph.output, inner.graph.initializer)
    return model(helper.make_node("If", ["c"], ["y"], then_branch=branch, else_branch=branch))


ADD = helper.make_node("Add", ["x", "w"], ["y"])
CUSTOM = helper.make_node("Run", ["x"], ["y"], domain="com.evil")


def test_good_graphs_pass() -> None:
    scan_onnx(random_conv.build(("red", "green", "blue")), where="m")
    plain = model(ADD, numpy_helper.from_array(np.ones(2, np.float32), "w"))
    scan_onnx(plain.SerializeToString(), where="m")
    scan_onnx(nested(plain).SerializeToString(), where="m")


@pytest.mark.parametrize(
    ("graph", "words"),
    [
        (model(ADD, external()), "another file"),
        (nested(model(ADD, external())), "another file"),
        (model(helper.make_node("Constant", [], ["y"], value=external())), "another file"),
        (model(CUSTOM), "'com.evil'"),
        (nested(model(CUSTOM)), "'com.evil'"),
        (model(ADD, domain="com.microsoft"), "'com.microsoft'"),
    ],
)
def test_refused(graph: onnx.ModelProto, words: str) -> None:
    with pytest.raises(ModelFileError, match=words):
        scan_onnx(graph.SerializeToString(), where="m")


def test_external_data_without_its_location_flag() -> None:
    tensor = external()
    tensor.data_location = TensorProto.DEFAULT
    with pytest.raises(ModelFileError, match="another file"):
        scan_onnx(model(ADD, tensor).SerializeToString(), where="m")


@pytest.mark.parametrize("data", [b"", b"hello", b"\x80\x04\x95", b"\x0b", b"\xff" * 20, b"\x3a\xff\x01"])
def test_no_graph(data: bytes) -> None:
    with pytest.raises(ModelFileError, match="no ONNX graph"):
        scan_onnx(data, where="m")
