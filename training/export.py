"""The fitted parts as ONNX graphs, written from their matrices: no tracing, no torch, the same bytes every time."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from botaclip.training.heads import LinearHead
from botaclip.training.standardiser import Standardiser

Array = NDArray[np.floating]

OPSET = 17
IR_VERSION = 8


def _tensor(name: str, values: Array) -> onnx.TensorProto:
    return numpy_helper.from_array(np.ascontiguousarray(values, dtype=np.float32), name)


def _model(
    name: str, nodes: Sequence[onnx.NodeProto], inputs: Sequence[tuple[str, int]], outputs: Sequence[tuple[str, int]],
    tensors: Sequence[onnx.TensorProto],
) -> bytes:
    def info(which: tuple[str, int]) -> onnx.ValueInfoProto:
        return helper.make_tensor_value_info(which[0], TensorProto.FLOAT, ["n", which[1]])

    graph = helper.make_graph(
        list(nodes), name, [info(i) for i in inputs], [info(o) for o in outputs], list(tensors)
    )
    model = helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", OPSET)], producer_name="botaclip", ir_version=IR_VERSION
    )
    onnx.checker.check_model(model)
    return model.SerializeToString(deterministic=True)


def _unit_nodes(source: str, target: str) -> list[onnx.NodeProto]:
    """L2-normalise ``source``; a zero vector stays zero."""
    return [
        helper.make_node("ReduceL2", [source], [f"{target}_norm"], axes=[1], keepdims=1),
        helper.make_node("Max", [f"{target}_norm", "tiny"], [f"{target}_safe"]),
        helper.make_node("Div", [source, f"{target}_safe"], [target]),
    ]


def adapter_graph(
    standardiser: Standardiser, weight: Array | None, bias: Array | None, environment: Standardiser | None = None
) -> bytes:
    """Return the graph raw vector (N, D+P) -> ``adapted`` (N, E+P) and ``unit`` (N, E).

    The last P numbers are the environment's: standardised and joined behind the adapted image vector, no part of the
    unit vector.

    Parameters
    ----------
    standardiser
        Applied first; it is part of the graph so that nobody can forget it.
    weight, bias
        Of the image adapter, (D, E) and (E,); None for no adaptation.
    environment
        Standardiser of the P environment values; None without any (P = 0).
    """
    width = len(standardiser.mean)
    layers = 0 if environment is None else len(environment.mean)
    tensors = [
        _tensor("mean", standardiser.mean),
        _tensor("scale", standardiser.scale),
        _tensor("tiny", np.array(1e-12)),
    ]
    image, made = ("vectors", "adapted") if environment is None else ("image", "adapted_image")
    nodes = [
        helper.make_node("Sub", [image, "mean"], ["centred"]),
        helper.make_node("Div", ["centred", "scale"], ["standardised"]),
    ]
    if weight is None or bias is None:
        nodes.append(helper.make_node("Identity", ["standardised"], [made]))
        out = width
    else:
        out = weight.shape[1]
        tensors += [_tensor("weight", weight), _tensor("bias", bias)]
        nodes.append(helper.make_node("Gemm", ["standardised", "weight", "bias"], [made]))
    if environment is not None:
        tensors += [
            numpy_helper.from_array(np.array([width, layers], dtype=np.int64), "image_and_environment"),
            _tensor("environment_mean", environment.mean),
            _tensor("environment_scale", environment.scale),
        ]
        split = helper.make_node("Split", ["vectors", "image_and_environment"], ["image", "environment"], axis=1)
        nodes = [
            split,
            *nodes,
            helper.make_node("Sub", ["environment", "environment_mean"], ["environment_centred"]),
            helper.make_node("Div", ["environment_centred", "environment_scale"], ["environment_standardised"]),
            helper.make_node("Concat", [made, "environment_standardised"], ["adapted"], axis=1),
        ]
    nodes += _unit_nodes(made, "unit")
    return _model(
        "adapter", nodes, [("vectors", width + layers)], [("adapted", out + layers), ("unit", out)], tensors
    )


def adapter_of_graph(graph: bytes) -> tuple[Array, Array] | None:
    """Return the image part of :func:`adapter_graph` as one linear map of *raw* vectors, standardiser included.

    Returns
    -------
    weight, bias
        (D, E) and (E,), float64; None where the graph was not written by :func:`adapter_graph`.
    """
    tensors = {
        tensor.name: numpy_helper.to_array(tensor).astype(np.float64)
        for tensor in onnx.load_from_string(graph).graph.initializer
    }
    mean, scale = tensors.get("mean"), tensors.get("scale")
    if mean is None or scale is None or mean.ndim != 1 or mean.shape != scale.shape or (scale <= 0).any():
        return None
    weight, bias = tensors.get("weight", np.eye(len(mean))), tensors.get("bias")
    if weight.ndim != 2 or len(weight) != len(mean) or (bias is not None and bias.shape != weight.shape[1:]):
        return None
    raw = weight / scale[:, None]
    return raw, (0.0 if bias is None else bias) - mean @ raw


def head_graph(head: LinearHead, *, slope: Array, intercept: Array) -> bytes:
    """Return the graph of what the head reads (N, E+P) -> ``logits`` and calibrated ``suitability``, (N, S) each.

    ``suitability = sigmoid(slope * logits + intercept)``, both per species (S,).
    """
    width, species = head.weights.shape
    nodes = [
        helper.make_node("Gemm", ["adapted", "weights", "intercept"], ["logits"]),
        helper.make_node("Mul", ["logits", "calibration_slope"], ["sloped"]),
        helper.make_node("Add", ["sloped", "calibration_intercept"], ["calibrated"]),
        helper.make_node("Sigmoid", ["calibrated"], ["suitability"]),
    ]
    tensors = [
        _tensor("weights", head.weights),
        _tensor("intercept", head.intercept),
        _tensor("calibration_slope", slope),
        _tensor("calibration_intercept", intercept),
    ]
    return _model("head", nodes, [("adapted", width)], [("logits", species), ("suitability", species)], tensors)


def vegeta_graph(centre: Array, layers: Sequence[tuple[Array, Array]]) -> bytes:
    """Return the graph cover in percent (N, V) -> ``unit`` (N, E): Hellinger transform, layers, L2 norm.

    Parameters
    ----------
    centre
        Subtracted after the Hellinger transform (V,).
    layers
        ``(weight (I, O), bias (O,))`` of each linear layer; GELU (its erf form) between them.
    """
    tensors = [_tensor("tiny", np.array(1e-12)), _tensor("centre", centre)]
    nodes = [
        helper.make_node("ReduceSum", ["releves", "axis"], ["total"], keepdims=1),
        helper.make_node("Max", ["total", "tiny"], ["safe_total"]),
        helper.make_node("Div", ["releves", "safe_total"], ["share"]),
        helper.make_node("Sqrt", ["share"], ["hellinger"]),
        helper.make_node("Sub", ["hellinger", "centre"], ["x0"]),
    ]
    extra = [numpy_helper.from_array(np.array([1], dtype=np.int64), "axis")]
    if len(layers) > 1:
        constants = {"root2": np.sqrt(2.0), "half": 0.5, "one": 1.0}
        tensors += [_tensor(name, np.array(value)) for name, value in constants.items()]
    for i, (weight, bias) in enumerate(layers):
        tensors += [_tensor(f"w{i}", weight), _tensor(f"b{i}", bias)]
        nodes.append(helper.make_node("Gemm", [f"x{i}", f"w{i}", f"b{i}"], [f"y{i}"]))
        if i + 1 < len(layers):
            nodes += [
                helper.make_node("Div", [f"y{i}", "root2"], [f"e{i}"]),
                helper.make_node("Erf", [f"e{i}"], [f"f{i}"]),
                helper.make_node("Add", [f"f{i}", "one"], [f"g{i}"]),
                helper.make_node("Mul", [f"g{i}", "half"], [f"h{i}"]),
                helper.make_node("Mul", [f"y{i}", f"h{i}"], [f"x{i + 1}"]),
            ]
    last = f"y{len(layers) - 1}"
    nodes += _unit_nodes(last, "unit")
    return _model(
        "vegeta", nodes, [("releves", len(centre))], [("unit", layers[-1][0].shape[1])], [*tensors, *extra]
    )
