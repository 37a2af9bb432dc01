"""Puts what this house hands over and expects around somebody else's ONNX graph. Needs ``onnx``."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from botaclip.core.encoders.onnx_session import open_session, run_session
from botaclip.core.encoders.plain_graph import MOST_BYTES, OPSET, checked, output_name, plain_model, with_resize
from botaclip.core.errors import EncoderError, EnvironmentMissing, ModelFileError
from botaclip.core.onnx_scan import scan_onnx

if TYPE_CHECKING:
    import onnx

NCHW, NHWC = "nchw", "nhwc"
_KINDS = {1: "float32", 2: "uint8", 10: "float16", 11: "float64"}
_TOLERANCE = 1e-4
# Names of what is put around the graph; nobody else begins a name so.
_OURS = "botaclip_"


@dataclasses.dataclass(frozen=True)
class Port:
    """An input or output: its name, the type of its numbers, and its sizes, 0 where they are open."""

    name: str
    kind: str
    shape: tuple[int, ...]

    @property
    def words(self) -> str:
        """It in words: ``images float32 (any, 3, 224, 224)``."""
        return f"{self.name} {self.kind} ({', '.join(str(side or 'any') for side in self.shape)})"

    @property
    def channels(self) -> int:
        """How many channels it states, wherever they stand; 0 where it does not say."""
        if len(self.shape) != 4:
            return 0
        _, first, middle, last = self.shape
        # The two sides of an image are alike, or both open.
        found = {count for count, same in ((first, middle == last), (last, first == middle)) if same}
        return found.pop() if len(found) == 1 else 0

    def layout(self, channels: int, where: str) -> str:
        """Return ``nchw`` or ``nhwc``.

        Raises
        ------
        EncoderError
            It is no batch of images, of another type of numbers than images are, or fits neither or both.
        """
        if len(self.shape) != 4 or self.kind not in _KINDS.values():
            raise EncoderError(
                f"its input {self.words} is no batch of images", where=where,
                remedy="take a file whose input is (batch, channels, height, width) of floats or 8-bit numbers",
            )  # fmt: skip
        first, last = (side == channels for side in (self.shape[1], self.shape[3]))
        if first != last:
            return NCHW if first else NHWC
        if not first and 0 in (self.shape[1], self.shape[3]):
            return NCHW if self.shape[1] == 0 else NHWC
        raise EncoderError(
            f"where the channels of its input {self.words} stand cannot be told", where=where,
            remedy="name as many --bands as it has channels, and export it with their number fixed",
        )  # fmt: skip

    def fixed_side(self, layout: str, where: str = "") -> int:
        """Return the side that images have to have; 0 where any will do.

        Raises
        ------
        EncoderError
            It wants images that are not square.
        """
        height, width = self.shape[2:] if layout == NCHW else self.shape[1:3]
        if height and width and height != width:
            raise EncoderError(
                f"its input {self.words} is not square", where=where, remedy="export it for square images"
            )
        return height or width


@dataclasses.dataclass(frozen=True)
class Wrapping:
    """How a graph is to be used: which ends, where the channels stand and how many, and the side of its input."""

    input_name: str
    output_name: str
    layout: str
    channels: int
    side: int
    where: str = ""


@dataclasses.dataclass(frozen=True)
class Made:
    """What a wrapped graph makes.

    Parameters
    ----------
    dimension
        Length of a vector.
    token_px
        Pixels of the input from one cell of its map to the next; 0 where it makes no map.
    tokens
        Cells along a side.
    one_at_a_time
        Whether it takes one image only.
    """

    dimension: int
    token_px: int
    tokens: int
    one_at_a_time: bool


def load_foreign(path: Path) -> onnx.ModelProto:
    """Return a model after a look into it.

    Raises
    ------
    EncoderError
        It cannot be read, is no ONNX graph, or reaches outside itself.
    EnvironmentMissing
        The package onnx is not installed.
    """
    try:
        import onnx
        from onnx import inliner
    except ModuleNotFoundError as error:
        raise EnvironmentMissing(f"an ONNX file is adopted with the package {error.name}",
                                 remedy="run botaclip setup --packages train") from error  # fmt: skip
    try:
        if path.stat().st_size > MOST_BYTES:
            raise EncoderError("it is larger than 2 GB", where=path.name, remedy="export a smaller model")
        data = path.read_bytes()
    except OSError as error:
        raise EncoderError(f"it cannot be read ({error.strerror or error})", where=str(path)) from error
    try:
        model = onnx.load_from_string(data)
        # torch writes layers as functions; written out they are the standard's operators again.
        if model.functions:
            notes = list(model.metadata_props)
            model = inliner.inline_local_functions(model, True)
            if not model.metadata_props:
                model.metadata_props.extend(notes)
            data = model.SerializeToString()
    except Exception as error:  # protobuf and onnx raise classes of their own
        raise _refused("this is no ONNX graph", path.name) from error
    try:
        scan_onnx(data, where=path.name)
    except ModelFileError as error:
        raise _refused(error.found, path.name) from error
    return model


def _refused(found: str, where: str) -> EncoderError:
    return EncoderError(
        found, where=where, remedy="export the network again as one ONNX file of standard operators, weights inside"
    )


def ports(model: onnx.ModelProto) -> tuple[tuple[Port, ...], tuple[Port, ...]]:
    """Return the inputs (weights left out) and outputs of a model."""
    weights = {tensor.name for tensor in model.graph.initializer}
    inputs = tuple(_port(value) for value in model.graph.input if value.name not in weights)
    return inputs, tuple(_port(value) for value in model.graph.output)


def _port(value: onnx.ValueInfoProto) -> Port:
    tensor = value.type.tensor_type
    sides = tuple(int(dim.dim_value) if dim.HasField("dim_value") and dim.dim_value > 0 else 0
                  for dim in tensor.shape.dim)  # fmt: skip
    return Port(value.name, _KINDS.get(tensor.elem_type, f"type {tensor.elem_type}"), sides)


def inner_values(model: onnx.ModelProto) -> tuple[str, ...]:
    """Return the names of all values that nodes make, in order."""
    return tuple(name for node in model.graph.node for name in node.output if name)


def wrap(model: onnx.ModelProto, wrapping: Wrapping, mode: str) -> tuple[bytes, Made]:
    """Return a graph ``pixels`` -> ``vectors`` (mode ``exact``) or ``cells`` (``tokens``) around a model's part.

    What the output does not need is left out. A batch of one is made free where the graph then still computes the
    same; otherwise it stays one.

    Raises
    ------
    EncoderError
        The model does not run on images of this size, or makes something that is no vector of each.
    """
    body = _cut(model, wrapping)
    entry = _port(body.graph.input[0])
    if len(entry.shape) == 4 and entry.shape[0] > 1:
        raise EncoderError(
            f"its input {wrapping.input_name} takes {entry.shape[0]} images at a time, no more and no fewer",
            where=wrapping.where, remedy="export it with a free batch, or a batch of one",
        )  # fmt: skip
    shape, kind = _tried(body, wrapping)
    tail = _Tail.of(shape, kind, wrapping)
    if mode == "tokens" and not tail.is_map:
        raise EncoderError(f"its output {wrapping.output_name} {_sides(shape)} is no map of tokens",
                           where=wrapping.where, remedy="use --mode exact")  # fmt: skip
    expected, pixels = _expected(body, wrapping, tail, mode)
    broken = sum(not np.isfinite(row).all() for row in expected)
    if broken:
        raise EncoderError(
            f"its output {wrapping.output_name} holds numbers that are not finite (of {broken} of {len(expected)} "
            "images of noise)", where=wrapping.where,
            remedy="check --mean and --std, look for damaged weights, or export it in float32",
        )  # fmt: skip
    reason = ""
    for free in (True, False):
        try:
            graph = checked(_around(body, wrapping, tail, mode, free))
            _compare(graph, pixels[: None if free else 1], expected[: None if free else 1], wrapping)
        except EncoderError as error:
            reason = error.found
            continue
        return graph, Made(tail.dimension, tail.token_px, tail.tokens, not free)
    raise EncoderError(f"it cannot be used as it is ({reason})", where=wrapping.where,
                       remedy="export it with a free batch and opset 18")  # fmt: skip


def _cut(model: onnx.ModelProto, wrapping: Wrapping) -> onnx.ModelProto:
    """Return a model with one output, and only what that needs."""
    import onnx
    from onnx import version_converter

    source = onnx.ModelProto()
    source.CopyFrom(model)
    opset = next((item.version for item in model.opset_import if item.domain in ("", "ai.onnx")), 0)
    if opset < OPSET:
        try:
            source = version_converter.convert_version(source, OPSET)
        except Exception as error:  # the converter raises RuntimeError and classes of its own
            raise EncoderError(
                f"it is of opset {opset} and cannot be brought to {OPSET}", where=wrapping.where,
                remedy=f"export it with opset {OPSET} or newer",
            ) from error  # fmt: skip
    if wrapping.output_name not in {value.name for value in source.graph.output}:
        del source.graph.output[:]
        source.graph.output.append(onnx.ValueInfoProto(name=wrapping.output_name))
    needed, kept = {wrapping.output_name}, []
    for node in reversed(source.graph.node):
        if needed & set(node.output):
            needed |= _uses(node)
            kept.append(node)
    body = plain_model(source, {})
    del body.graph.node[:], body.graph.initializer[:]
    body.graph.node.extend(reversed(kept))
    body.graph.initializer.extend(tensor for tensor in source.graph.initializer if tensor.name in needed)
    for ends, wanted in ((body.graph.input, wrapping.input_name), (body.graph.output, wrapping.output_name)):
        one = [value for value in ends if _unprefixed(value.name) == wanted]
        del ends[:]
        ends.extend(one)
        for value in one:
            value.name = wanted
    # The names that mean something here are given at the very end.
    clean = plain_model(body, {wrapping.input_name: f"{_OURS}image", wrapping.output_name: f"{_OURS}made"})
    if not clean.graph.input or not clean.graph.output or f"{_OURS}image" not in _names_used(clean):
        raise EncoderError(
            f"its output {wrapping.output_name} does not depend on its input {wrapping.input_name}",
            where=wrapping.where, remedy="name another with --output-name",
        )  # fmt: skip
    return clean


def _unprefixed(name: str) -> str:
    return name.removeprefix("inner_") if name.startswith("inner_") else name


def _uses(node: onnx.NodeProto) -> set[str]:
    names = {name for name in node.input if name}
    for attribute in node.attribute:
        for inner in ([attribute.g] if attribute.HasField("g") else []) + list(attribute.graphs):
            for one in inner.node:
                names |= _uses(one)
    return names


def _names_used(model: onnx.ModelProto) -> set[str]:
    return {name for node in model.graph.node for name in _uses(node)}


def _tried(body: onnx.ModelProto, wrapping: Wrapping) -> tuple[tuple[int, ...], np.dtype[Any]]:
    """Return shape and type of what the model makes of one image."""
    made = _run(body, _noise(wrapping)[:1], wrapping)
    if made.dtype not in (np.float32, np.float16, np.float64):
        raise EncoderError(
            f"its output {wrapping.output_name} is of {made.dtype}: class numbers, not vectors", where=wrapping.where,
            remedy="name the scores before them, or an inner value, with --output-name",
        )  # fmt: skip
    return made.shape, made.dtype


def _noise(wrapping: Wrapping) -> NDArray[np.float32]:
    shape = (3, wrapping.channels, wrapping.side, wrapping.side)
    # Whole numbers that every type holds exactly, so that both ways see the same image.
    return np.random.default_rng(0).integers(0, 256, shape).astype(np.float32)


def _run(body: onnx.ModelProto, image: NDArray[np.float32], wrapping: Wrapping) -> NDArray[Any]:
    """Run the bare model on one image (1, C, S, S)."""
    entry = _port(body.graph.input[0])
    given = image if wrapping.layout == NCHW else np.moveaxis(image, 1, -1)
    try:
        session = open_session(body.SerializeToString())
        return run_session(session, {entry.name: np.ascontiguousarray(given.astype(entry.kind))})[0]
    except EncoderError as error:
        raise EncoderError(
            f"it does not run on an image of {wrapping.channels} bands and {wrapping.side} pixels a side "
            f"({error.found})", where=wrapping.where, remedy="check --bands and --input-size",
        ) from error  # fmt: skip


@dataclasses.dataclass(frozen=True)
class _Tail:
    """What is to be done with a model's output: ``(B, D)``, ``(B, N, D)``, or a map with the channels somewhere."""

    rank: int
    layout: str
    dimension: int
    tokens: int
    token_px: int
    kind: str

    @property
    def is_map(self) -> bool:
        return self.tokens > 1

    @classmethod
    def of(cls, shape: tuple[int, ...], kind: np.dtype[Any], wrapping: Wrapping) -> _Tail:
        name = str(kind)
        if len(shape) == 2:
            return cls(2, "", shape[1], 0, 0, name)
        if len(shape) == 3:
            return cls(3, "", shape[2], 0, 0, name)
        if len(shape) == 4:
            sides = {layout: side for layout, side, other in
                     ((NCHW, shape[2], shape[3]), (NHWC, shape[1], shape[2])) if side == other}  # fmt: skip
            layout = wrapping.layout if wrapping.layout in sides else next(iter(sides), "")
            if layout:
                side, dimension = sides[layout], shape[1] if layout == NCHW else shape[3]
                whole = side > 1 and wrapping.side % side == 0
                return cls(4, layout, dimension, side if whole else 0, wrapping.side // side if whole else 0, name)
        raise EncoderError(
            f"its output {wrapping.output_name} is {_sides(shape)}: neither a vector (batch, D), nor tokens "
            "(batch, N, D), nor a square map (batch, D, h, w)", where=wrapping.where,
            remedy="name another with --output-name",
        )  # fmt: skip

    def of_array(self, made: NDArray[Any], mode: str) -> NDArray[np.float32]:
        """Do in numpy what the graph is to do."""
        values = made.astype(np.float32)
        if self.rank == 4 and self.layout == NHWC:
            values = np.moveaxis(values, -1, 1)
        if mode == "tokens" or self.rank == 2:
            return values
        return values.mean(axis=(2, 3)) if self.rank == 4 else values.mean(axis=1)


def _sides(shape: Sequence[int]) -> str:
    return f"({', '.join(map(str, shape))})"


def _expected(
    body: onnx.ModelProto, wrapping: Wrapping, tail: _Tail, mode: str
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    pixels = _noise(wrapping)
    made = [tail.of_array(_run(body, image[None], wrapping), mode) for image in pixels]
    return np.concatenate(made), pixels


def _compare(
    graph: bytes, pixels: NDArray[np.float32], expected: NDArray[np.float32], wrapping: Wrapping
) -> None:
    found = run_session(open_session(graph), {"pixels": pixels})[0]
    if found.shape != expected.shape:
        raise EncoderError(f"it makes {_sides(found.shape)} of {len(pixels)} images")
    spread = max(float(expected.std(dtype=np.float64)), 1e-12)
    if not float(np.abs(found - expected).max()) <= _TOLERANCE * spread:
        raise EncoderError(f"it computes something else for {len(pixels)} images than for one")


def _around(body: onnx.ModelProto, wrapping: Wrapping, tail: _Tail, mode: str, free: bool) -> onnx.ModelProto:
    """Return the model with our input and output."""
    from onnx import TensorProto, helper, numpy_helper

    entry = _port(body.graph.input[0])
    nodes: list[onnx.NodeProto] = []
    constants: list[onnx.TensorProto] = []

    def apply(operator: str, *inputs: str, made: str = "", **attributes: Any) -> str:
        result = made or f"{_OURS}{len(nodes)}_{operator.lower()}"
        nodes.append(helper.make_node(operator, list(inputs), [result], **attributes))
        return result

    def constant(values: NDArray[Any]) -> str:
        constants.append(numpy_helper.from_array(values, f"{_OURS}constant_{len(constants)}"))
        return str(constants[-1].name)

    value = "pixels"
    if entry.kind == "uint8":
        ends = [constant(np.array(end, dtype=np.float32)) for end in (0, 255)]
        value = apply("Clip", apply("Round", value), *ends)
    if wrapping.layout == NHWC:
        value = apply("Transpose", value, perm=[0, 2, 3, 1])
    types = {"float32": TensorProto.FLOAT, "uint8": TensorProto.UINT8, "float16": TensorProto.FLOAT16,
             "float64": TensorProto.DOUBLE}  # fmt: skip
    apply("Cast", value, made=f"{_OURS}image", to=types[entry.kind])
    head = list(nodes)
    nodes.clear()
    value = f"{_OURS}made"
    if tail.kind != "float32":
        value = apply("Cast", value, to=TensorProto.FLOAT)
    if tail.rank == 4 and tail.layout == NHWC:
        value = apply("Transpose", value, perm=[0, 3, 1, 2])
    if mode == "exact" and tail.rank > 2:
        axes = constant(np.array([1] if tail.rank == 3 else [2, 3], dtype=np.int64))
        value = apply("ReduceMean", value, axes, keepdims=0)
    apply("Identity", value, made=output_name(mode))
    batch: Any = "batch" if free else 1
    sides = [tail.tokens, tail.tokens] if mode == "tokens" else []
    shape = [batch, wrapping.channels, wrapping.side, wrapping.side]
    middle = [_free(node, body.graph) for node in body.graph.node] if free else list(body.graph.node)
    graph = helper.make_graph(
        [*head, *middle, *nodes], "encoder", [helper.make_tensor_value_info("pixels", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info(output_name(mode), TensorProto.FLOAT, [batch, tail.dimension, *sides])],
        [*body.graph.initializer, *constants, *(_freed_shapes(body.graph) if free else [])],
    )  # fmt: skip
    model = helper.make_model(
        graph, opset_imports=body.opset_import, ir_version=body.ir_version, producer_name="botaclip"
    )
    if mode == "exact":
        with_resize(model, wrapping.side, wrapping.channels)
        if not free:
            model.graph.input[0].type.tensor_type.shape.dim[0].dim_value = 1
    return plain_model(model, {value: value for value in ("pixels", "resized", "input_sides", output_name(mode))})


def _reshapes_of_one(graph: onnx.GraphProto) -> dict[str, NDArray[Any]]:
    """Return the shapes, by name, that a ``Reshape`` is given whose batch was written down as one."""
    from onnx import numpy_helper

    constants = {tensor.name: tensor for tensor in graph.initializer}
    for node in graph.node:
        if node.op_type == "Constant" and node.attribute and node.attribute[0].name == "value":
            constants[node.output[0]] = node.attribute[0].t
    names = {node.input[1] for node in graph.node if node.op_type == "Reshape" and node.input[1] in constants}
    shapes = {name: numpy_helper.to_array(constants[name]) for name in sorted(names)}
    return {name: shape for name, shape in shapes.items() if shape.ndim == 1 and len(shape) > 1 and shape[0] == 1}


def _freed_shapes(graph: onnx.GraphProto) -> list[onnx.TensorProto]:
    from onnx import numpy_helper

    # In a Reshape 0 stands for "as it comes in".
    return [numpy_helper.from_array(np.concatenate([[0], shape[1:]]).astype(np.int64), f"{_OURS}free_{name}")
            for name, shape in _reshapes_of_one(graph).items()]  # fmt: skip


def _free(node: onnx.NodeProto, graph: onnx.GraphProto) -> onnx.NodeProto:
    """Return a node that takes the batch as it comes where one was written down."""
    import onnx

    if node.op_type != "Reshape" or node.input[1] not in _reshapes_of_one(graph):
        return node
    freed = onnx.NodeProto()
    freed.CopyFrom(node)
    freed.input[1] = f"{_OURS}free_{node.input[1]}"
    return freed
