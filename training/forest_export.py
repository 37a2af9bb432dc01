"""A random forest as an ONNX graph, for a model file that was asked to hold one (``--head forest``)."""

from __future__ import annotations

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, compose, helper, numpy_helper
from skl2onnx import to_onnx

from botaclip.core.errors import ModelFileError
from botaclip.training.export import IR_VERSION, OPSET
from botaclip.training.heads import ForestHead

Array = NDArray[np.floating]

LARGEST_FOREST = 50_000_000
_OPSETS = (helper.make_opsetid("", OPSET), helper.make_opsetid("ai.onnx.ml", 3))


def forest_graph(head: ForestHead, *, slope: Array, intercept: Array, width: int) -> bytes:
    """Return the graph of what the head reads (N, E+P) -> ``logits`` and calibrated ``suitability``, (N, S) each.

    Parameters
    ----------
    head
        The fitted forest.
    slope, intercept
        Calibration per species (S,).
    width
        How many numbers it reads, E+P.

    Raises
    ------
    ModelFileError
        The forest takes more than 50 MB.
    """
    species = len(slope)
    forest = to_onnx(
        head.forest, np.zeros((1, width), np.float32), target_opset={"": OPSET, "ai.onnx.ml": 3}, name="forest"
    )
    forest.ir_version = IR_VERSION
    # The converter may name a domain twice.
    del forest.opset_import[:]
    forest.opset_import.extend(_OPSETS)
    source, target = forest.graph.input[0].name, forest.graph.output[0].name
    # The converter declares one column, whatever the number of species.
    forest.graph.output[0].type.tensor_type.shape.dim[1].dim_value = species
    merged = compose.merge_models(forest, _calibration(head.floor, slope, intercept), io_map=[(target, "share")])
    _rename_input(merged, source)
    onnx.checker.check_model(merged)
    data: bytes = merged.SerializeToString(deterministic=True)
    if len(data) > LARGEST_FOREST:
        raise ModelFileError(
            f"the forest takes {len(data) / 1e6:.0f} MB, more than the {LARGEST_FOREST / 1e6:.0f} MB a model may hold",
            remedy="use --head linear, or model fewer species with --species or --min-presences",
        )
    return data


def _calibration(floor: float, slope: Array, intercept: Array) -> onnx.ModelProto:
    """Return share (N, S) -> logits -> suitability."""

    def constant(name: str, values: Array) -> onnx.TensorProto:
        return numpy_helper.from_array(np.asarray(values, dtype=np.float32), name)

    nodes = [
        helper.make_node("Clip", ["share", "floor", "ceiling"], ["clipped"]),
        helper.make_node("Log", ["clipped"], ["log_share"]),
        helper.make_node("Sub", ["one", "clipped"], ["rest"]),
        helper.make_node("Log", ["rest"], ["log_rest"]),
        helper.make_node("Sub", ["log_share", "log_rest"], ["logits"]),
        helper.make_node("Mul", ["logits", "calibration_slope"], ["sloped"]),
        helper.make_node("Add", ["sloped", "calibration_intercept"], ["calibrated"]),
        helper.make_node("Sigmoid", ["calibrated"], ["suitability"]),
    ]
    tensors = [
        constant("floor", np.array(floor)), constant("ceiling", np.array(1.0 - floor)), constant("one", np.array(1.0)),
        constant("calibration_slope", slope), constant("calibration_intercept", intercept),
    ]  # fmt: skip
    shape = ["n", len(slope)]
    outputs = [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name in ("logits", "suitability")]
    share = helper.make_tensor_value_info("share", TensorProto.FLOAT, shape)
    graph = helper.make_graph(nodes, "calibration", [share], outputs, tensors)
    return helper.make_model(graph, opset_imports=_OPSETS, ir_version=IR_VERSION)


def _rename_input(model: onnx.ModelProto, name: str) -> None:
    for node in model.graph.node:
        for index, used in enumerate(node.input):
            if used == name:
                node.input[index] = "adapted"
    model.graph.input[0].name = "adapted"
