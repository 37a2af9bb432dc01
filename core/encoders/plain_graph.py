"""ONNX graphs as this house keeps them: the standard's operators, our names of inputs and outputs, no notes.

Needs ``onnx`` (environment set ``train``).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import numpy as np

from botaclip.core.errors import EncoderError, ModelFileError
from botaclip.core.onnx_scan import scan_onnx

if TYPE_CHECKING:
    import onnx

# The first opset whose Resize can smooth before it makes an image smaller.
OPSET = 18
# One file of protocol buffers ends at 2 GiB.
MOST_BYTES = 2**31 - 1
# Names that mean something here; what else is called so is renamed.
_RESERVED = {"pixels", "cells", "vectors", "resized", "input_sides"}


def output_name(mode: str) -> str:
    """Return the name of a graph's output: ``vectors`` for ``exact``, else ``cells``."""
    return "vectors" if mode == "exact" else "cells"


def plain_model(model: onnx.ModelProto, names: Mapping[str, str]) -> onnx.ModelProto:
    """Return a model without functions of its own, and without what exporters note down about where it was made.

    Parameters
    ----------
    names
        New names of values, by old name; a value that has one of the new names already gets out of the way.

    Returns
    -------
    A model of the standard's operators only (others stay, for :func:`scan_onnx` to refuse), its inputs and outputs with
    their shapes, values in between without.
    """
    import onnx
    from onnx import helper, inliner

    if model.functions:
        model = inliner.inline_local_functions(model, True)
    graph = model.graph
    used = {node.domain for node in every_node(graph)}
    opsets = [opset for opset in model.opset_import if opset.domain in used or opset.domain in ("", "ai.onnx")]
    # Before version 4 weights had to be inputs as well.
    version = max(8, model.ir_version)
    empty = onnx.GraphProto(name="encoder")
    plain = helper.make_model(empty, opset_imports=opsets, ir_version=version, producer_name="botaclip")
    # Inputs that are initialisers as well (IR 3) would be open to whoever runs the graph.
    weights = {tensor.name for tensor in graph.initializer}
    plain.graph.input.extend(value for value in graph.input if value.name not in weights)
    plain.graph.output.extend(graph.output)
    plain.graph.node.extend(graph.node)
    plain.graph.initializer.extend(graph.initializer)
    _strip(plain.graph)
    _rename(plain.graph, names)
    return plain


def every_node(graph: onnx.GraphProto) -> Iterator[onnx.NodeProto]:
    """Yield the nodes of a graph and of the branches inside them."""
    for node in graph.node:
        yield node
        for inner in _branches(node):
            yield from every_node(inner)


def _branches(node: onnx.NodeProto) -> Iterator[onnx.GraphProto]:
    for attribute in node.attribute:
        if attribute.HasField("g"):
            yield attribute.g
        yield from attribute.graphs


def _strip(graph: onnx.GraphProto) -> None:
    """Take out the notes: exporters write stack traces with this machine's paths into them."""
    for part in (graph, *graph.node, *graph.initializer, *graph.input, *graph.output):
        part.ClearField("doc_string")
        part.ClearField("metadata_props")
    del graph.value_info[:]
    for number, node in enumerate(graph.node):
        node.name = f"{node.op_type}_{number}"
        for attribute in node.attribute:
            attribute.ClearField("doc_string")
        for inner in _branches(node):
            _strip(inner)


def _rename(graph: onnx.GraphProto, names: Mapping[str, str]) -> None:
    taken = (set(names.values()) | _RESERVED) - set(names)
    # A weight or value between the two ends that happens to be called like an end.
    change = {**{name: f"inner_{name}" for name in taken}, **names}
    _apply(graph, change)


def _apply(graph: onnx.GraphProto, change: Mapping[str, str]) -> None:
    for tensor in (*graph.input, *graph.output, *graph.initializer):
        tensor.name = change.get(tensor.name, tensor.name)
    for node in graph.node:
        node.input[:] = [change.get(name, name) for name in node.input]
        node.output[:] = [change.get(name, name) for name in node.output]
        for inner in _branches(node):
            _apply(inner, change)


def with_resize(model: onnx.ModelProto, input_px: int, channels: int) -> None:
    """Put a linear, antialiased resize to ``(input_px, input_px)`` before the input ``pixels`` of a model, in place."""
    from onnx import TensorProto, helper, numpy_helper

    graph = model.graph
    _apply(graph, {"pixels": "resized"})
    graph.initializer.append(numpy_helper.from_array(np.array([input_px, input_px], dtype=np.int64), "input_sides"))
    resize = helper.make_node(
        "Resize", ["pixels", "", "", "input_sides"], ["resized"], name="resize", mode="linear", antialias=1,
        # torch, like Pillow, leaves out what lies beyond the border; without this it would be the border repeated.
        coordinate_transformation_mode="half_pixel", axes=[2, 3], exclude_outside=1,
    )  # fmt: skip
    graph.node.insert(0, resize)
    del graph.input[:]
    graph.input.append(
        helper.make_tensor_value_info("pixels", TensorProto.FLOAT, ["batch", channels, "height", "width"])
    )


def checked(model: onnx.ModelProto) -> bytes:
    """Return a model's bytes, always the same for the same model.

    Raises
    ------
    EncoderError
        It is larger than one file can be, or no graph that a model file may carry.
    """
    if model.ByteSize() > MOST_BYTES:
        raise EncoderError(
            f"the graph is {model.ByteSize() / 1e9:.1f} GB, and one ONNX file holds at most 2 GB",
            remedy="choose a smaller encoder of the family",
        )
    data = bytes(model.SerializeToString(deterministic=True))
    try:
        scan_onnx(data, where="the graph")
    except ModelFileError as error:
        raise EncoderError(error.found) from error
    return data
