"""The fitted parts as ONNX graphs, written from their matrices: no tracing, no torch, the same bytes every time."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from botaclip.training.adapter import Adapter
from botaclip.training.cover_transforms import ORDINAL_LIMITS, PROFILE
from botaclip.training.heads import LinearHead
from botaclip.training.standardiser import Standardiser
from botaclip.training.vegeta import ReleveTower

Array = NDArray[np.floating]

OPSET = 17
IR_VERSION = 8


def _tensor(name: str, values: Array) -> onnx.TensorProto:
    return numpy_helper.from_array(np.ascontiguousarray(values, dtype=np.float32), name)


def _integers(name: str, *values: int) -> onnx.TensorProto:
    return numpy_helper.from_array(np.array(values, dtype=np.int64), name)


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
    standardiser: Standardiser, adapter: Adapter | None, environment: Standardiser | None = None
) -> bytes:
    """Return the graph raw vector (N, D+P) -> ``adapted`` (N, E+P) and ``unit`` (N, E).

    The last P numbers are the environment's: standardised and joined behind the adapted image vector, no part of the
    unit vector.

    Parameters
    ----------
    standardiser
        Applied first; it is part of the graph so that nobody can forget it.
    adapter
        Of any form, D to E; None for no adaptation.
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
    if adapter is None:
        nodes.append(helper.make_node("Identity", ["standardised"], [made]))
        out = width
    else:
        out = adapter.width
        tensors += [_tensor(name, values) for name, values in adapter.weights.items()]
        added_nodes, added_tensors = _FORMS[adapter.form](adapter, made)
        nodes += added_nodes
        tensors += added_tensors
    if environment is not None:
        tensors += [
            _integers("image_and_environment", width, layers),
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


Nodes = list[onnx.NodeProto]
Tensors = list[onnx.TensorProto]


def _linear_nodes(adapter: Adapter, made: str) -> tuple[Nodes, Tensors]:
    return [helper.make_node("Gemm", ["standardised", "weight", "bias"], [made])], []


def _residual_nodes(adapter: Adapter, made: str) -> tuple[Nodes, Tensors]:
    """The linear part, and beside it linear, GELU (in its erf form), linear."""
    constants = {"root2": np.sqrt(2.0), "half": 0.5, "one": 1.0}
    nodes = [
        helper.make_node("Gemm", ["standardised", "weight", "bias"], ["straight"]),
        helper.make_node("Gemm", ["standardised", "hidden_weight", "hidden_bias"], ["hidden"]),
        helper.make_node("Div", ["hidden", "root2"], ["hidden_scaled"]),
        helper.make_node("Erf", ["hidden_scaled"], ["hidden_erf"]),
        helper.make_node("Add", ["hidden_erf", "one"], ["hidden_gate"]),
        helper.make_node("Mul", ["hidden", "half"], ["hidden_half"]),
        helper.make_node("Mul", ["hidden_half", "hidden_gate"], ["hidden_gelu"]),
        helper.make_node("MatMul", ["hidden_gelu", "out_weight"], ["branch"]),
        helper.make_node("Add", ["straight", "branch"], [made]),
    ]
    return nodes, [_tensor(name, np.array(value)) for name, value in constants.items()]


def _attention_nodes(adapter: Adapter, made: str) -> tuple[Nodes, Tensors]:
    """Groups of dimensions as tokens, attention among them, back to the vector they are added to; then linear."""
    groups, size, token = adapter.weights["token_weight"].shape
    width = len(adapter.weight)
    tensors = [
        _integers("no_dimension", 0, 0, 0, groups * size - width), _integers("as_groups", -1, groups, size),
        _integers("as_vector", -1, groups * size), _integers("first", 0), _integers("last", width),
        _integers("across", 1), _tensor("sharpness", np.array(1.0 / np.sqrt(token))),
    ]  # fmt: skip
    nodes = [
        helper.make_node("Pad", ["standardised", "no_dimension"], ["padded"]),
        helper.make_node("Reshape", ["padded", "as_groups"], ["grouped"]),
        helper.make_node("Transpose", ["grouped"], ["by_group"], perm=[1, 0, 2]),
        helper.make_node("MatMul", ["by_group", "token_weight"], ["tokens_by_group"]),
        helper.make_node("Transpose", ["tokens_by_group"], ["tokens_plain"], perm=[1, 0, 2]),
        helper.make_node("Add", ["tokens_plain", "token_bias"], ["tokens"]),
    ]
    for role in ("query", "key", "value"):
        nodes += [
            helper.make_node("MatMul", ["tokens", f"{role}_weight"], [f"{role}_plain"]),
            helper.make_node("Add", [f"{role}_plain", f"{role}_bias"], [role]),
        ]
    nodes += [
        helper.make_node("Transpose", ["key"], ["key_across"], perm=[0, 2, 1]),
        helper.make_node("MatMul", ["query", "key_across"], ["products"]),
        helper.make_node("Mul", ["products", "sharpness"], ["sharpened"]),
        helper.make_node("Softmax", ["sharpened"], ["shares"], axis=2),
        helper.make_node("MatMul", ["shares", "value"], ["attended"]),
        helper.make_node("Transpose", ["attended"], ["attended_by_group"], perm=[1, 0, 2]),
        helper.make_node("MatMul", ["attended_by_group", "out_weight"], ["brought_by_group"]),
        helper.make_node("Transpose", ["brought_by_group"], ["brought"], perm=[1, 0, 2]),
        helper.make_node("Reshape", ["brought", "as_vector"], ["brought_padded"]),
        helper.make_node("Slice", ["brought_padded", "first", "last", "across"], ["attention"]),
        helper.make_node("Add", ["standardised", "attention"], ["attentive"]),
        helper.make_node("Gemm", ["attentive", "weight", "bias"], [made]),
    ]
    return nodes, tensors


_FORMS = {"linear": _linear_nodes, "residual": _residual_nodes, "attention": _attention_nodes}


def adapter_of_graph(graph: bytes) -> tuple[Array, Array] | None:
    """Return the image part of :func:`adapter_graph` as one linear map of *raw* vectors, standardiser included.

    Returns
    -------
    weight, bias
        (D, E) and (E,), float64; None where the graph was not written by :func:`adapter_graph`, or its adapter is not
        of the linear form.
    """
    tensors = {
        tensor.name: numpy_helper.to_array(tensor).astype(np.float64)
        for tensor in onnx.load_from_string(graph).graph.initializer
    }
    mean, scale = tensors.get("mean"), tensors.get("scale")
    if mean is None or scale is None or mean.ndim != 1 or mean.shape != scale.shape or (scale <= 0).any():
        return None
    if "out_weight" in tensors:
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


def vegeta_graph(tower: ReleveTower) -> bytes:
    """Return the graph cover in percent (N, V) -> ``unit`` (N, E): the tower's transform, its layers, L2 norm.

    Parameters
    ----------
    tower
        VEGETA and its adapter; GELU (its erf form) between the layers. Species that it has not met are taken out first.
    """
    layers = tower.layers
    if tower.met is None or tower.met.all():
        nodes, tensors = _transform_nodes(tower.transform, "releves")
    else:
        nodes, tensors = _transform_nodes(tower.transform, "of_met")
        nodes.insert(0, helper.make_node("Mul", ["releves", "met"], ["of_met"]))
        tensors.append(_tensor("met", tower.met.astype(np.float32)))
    if len(layers) > 1:
        constants = {"root2": np.sqrt(2.0), "half": 0.5, "unity": 1.0}
        tensors += [_tensor(name, np.array(value)) for name, value in constants.items()]
    for i, (weight, bias) in enumerate(layers):
        tensors += [_tensor(f"w{i}", weight), _tensor(f"b{i}", bias)]
        nodes.append(helper.make_node("Gemm", [f"x{i}", f"w{i}", f"b{i}"], [f"y{i}"]))
        if i + 1 < len(layers):
            nodes += [
                helper.make_node("Div", [f"y{i}", "root2"], [f"e{i}"]),
                helper.make_node("Erf", [f"e{i}"], [f"f{i}"]),
                helper.make_node("Add", [f"f{i}", "unity"], [f"g{i}"]),
                helper.make_node("Mul", [f"g{i}", "half"], [f"h{i}"]),
                helper.make_node("Mul", [f"y{i}", f"h{i}"], [f"x{i + 1}"]),
            ]
    nodes += _unit_nodes(f"y{len(layers) - 1}", "unit")
    return _model(
        "vegeta", nodes, [("releves", len(layers[0][0]))], [("unit", layers[-1][0].shape[1])], tensors
    )


def _transform_nodes(name: str, source: str) -> tuple[list[onnx.NodeProto], list[onnx.TensorProto]]:
    """Return what makes ``x0`` (N, V) of ``source``, as :func:`botaclip.training.cover_transforms.transform` does."""
    plain = name.removesuffix(PROFILE)
    made = "values" if name.endswith(PROFILE) else "x0"
    tensors = [_tensor("tiny", np.array(1e-12)), _integers("axis", 1)]
    if plain == "hellinger":
        nodes = [*_share_nodes(source, "share"), helper.make_node("Sqrt", ["share"], [made])]
    elif plain == "presence":
        tensors.append(_tensor("zero", np.array(0.0)))
        nodes = [
            helper.make_node("Greater", [source, "zero"], ["present"]),
            helper.make_node("Cast", ["present"], [made], to=TensorProto.FLOAT),
        ]
    elif plain == "log1p":
        tensors.append(_tensor("one", np.array(1.0)))
        nodes = [helper.make_node("Add", [source, "one"], ["more"]), helper.make_node("Log", ["more"], [made])]
    elif plain == "ordinal":
        nodes = []
        for number, limit in enumerate((0.0, *ORDINAL_LIMITS)):
            tensors.append(_tensor(f"limit{number}", np.array(limit)))
            reached = "GreaterOrEqual" if number else "Greater"
            nodes += [
                helper.make_node(reached, [source, f"limit{number}"], [f"reached{number}"]),
                helper.make_node("Cast", [f"reached{number}"], [f"class{number}"], to=TensorProto.FLOAT),
            ]
        nodes.append(helper.make_node("Sum", [f"class{n}" for n in range(len(ORDINAL_LIMITS) + 1)], [made]))
    else:
        nodes = [helper.make_node({"percent": "Identity", "sqrt": "Sqrt"}[plain], [source], [made])]
    return [*nodes, *(_share_nodes("values", "x0") if made == "values" else [])], tensors


def _share_nodes(source: str, target: str) -> list[onnx.NodeProto]:
    """Divide ``source`` by its sum over the relevé; an empty one stays zero."""
    return [
        helper.make_node("ReduceSum", [source, "axis"], [f"{target}_total"], keepdims=1),
        helper.make_node("Max", [f"{target}_total", "tiny"], [f"{target}_safe_total"]),
        helper.make_node("Div", [source, f"{target}_safe_total"], [target]),
    ]
