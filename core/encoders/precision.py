"""Smaller numbers in a graph: half precision, and whole numbers of eight bits.

What each gave on 2 CPU cores (encoders.md, section 2): ``fp16`` half the file and no speed; ``int8`` a quarter of the
file, 1.6 to 2.4 times faster for transformers (scales taken from each input, "dynamic") and about 3 times for
convolutional nets (scales measured beforehand on tiles of the user's own raster, "static"). A transformer suffers from
static scales, and onnxruntime has no dynamic convolution, so the graph decides which of the two it gets.

Needs ``onnx`` (environment set ``train``).
"""

from __future__ import annotations

import contextlib
import logging
import tempfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from botaclip.core.encoders.onnx_session import open_session, run_session
from botaclip.core.encoders.plain_graph import checked, every_node, plain_model
from botaclip.core.encoders.record import PRECISIONS
from botaclip.core.errors import EncoderError
from botaclip.core.progress import SILENT, Progress

if TYPE_CHECKING:
    import onnx

Floats = NDArray[np.float32]

TRANSFORMER, CONVOLUTIONAL = "transformer", "convolutional"
# Weights in seven of the eight bits: processors without VNNI add two products of eight bits in sixteen, which
# overflows, so that the same file would give other vectors on another machine. It costs little: error 4.3 instead of
# 2.8 % of the vectors' spread for a DINOv3-S, 3.1 instead of 1.6 % for a ResNet34 (random weights, real images).
_REDUCE_RANGE = True
_PRODUCTS = ("MatMul", "Gemm")
# What stays whole numbers from one convolution to the next; norms, means and gates between them keep their precision.
_WITH_CONVOLUTIONS = ("Conv", "Add", "MaxPool", "Concat", *_PRODUCTS)
_INPUT, _RESIZED = "pixels", "resized"


def convert(
    graph: bytes,
    precision: str,
    tiles: Iterable[Floats] | None = None,
    *,
    name: str = "NAME",
    progress: Progress = SILENT,
) -> bytes:
    """Return a graph in another precision; inputs, outputs and their names stay, float32 in and out.

    Parameters
    ----------
    graph
        In full precision.
    precision
        ``fp32`` (the graph itself), ``fp16`` or ``int8``.
    tiles
        ``int8`` of a convolutional net: normalised inputs (C, H, W) or (B, C, H, W) as the graph takes them, some
        dozens from the raster it will see.
    name
        The encoder's name, for the error.

    Raises
    ------
    EncoderError
        There is no such precision, tiles are needed and missing, or the graph has nothing to make smaller.
    """
    if precision not in PRECISIONS:
        raise EncoderError(f"there is no precision {precision!r}", remedy=f"choose one of {', '.join(PRECISIONS)}")
    if precision == "fp32":
        return graph
    progress.update(0.0, f"converting the encoder to {precision}")
    if precision == "fp16":
        return to_fp16(graph)
    if kind_of(graph) == TRANSFORMER:
        return to_int8_dynamic(graph)
    if tiles is None:
        raise EncoderError(
            "a convolutional encoder in int8 takes its scales from tiles of a raster, and none was given",
            remedy=f"botaclip encoders export {name} --precision int8 --calibration RASTER",
        )
    return to_int8_static(graph, tiles, progress=progress)


def kind_of(graph: bytes) -> str:
    """Return ``transformer`` where most weights are multiplied as matrices, else ``convolutional``."""
    import onnx

    model = onnx.load_from_string(graph)
    sizes = {tensor.name: int(np.prod(tensor.dims)) for tensor in model.graph.initializer}
    totals = {"Conv": 0, "MatMul": 0, "Gemm": 0}
    for node in every_node(model.graph):
        if node.op_type in totals:
            totals[node.op_type] += max((sizes.get(name, 0) for name in node.input), default=0)
    return TRANSFORMER if totals["MatMul"] + totals["Gemm"] > totals["Conv"] else CONVOLUTIONAL


def to_fp16(graph: bytes) -> bytes:
    """Return a graph that holds and multiplies numbers of 16 bits: half the file."""
    from onnxruntime.transformers.float16 import DEFAULT_OP_BLOCK_LIST, convert_float_to_float16

    def shrink(body: onnx.ModelProto) -> onnx.ModelProto:
        # Shapes in between that are still float32 would contradict what is converted.
        del body.graph.value_info[:]
        kept = [*DEFAULT_OP_BLOCK_LIST, "Resize"]
        converted: onnx.ModelProto = convert_float_to_float16(body, keep_io_types=True, op_block_list=kept)
        return converted

    return _converted(graph, shrink)


def to_int8_dynamic(graph: bytes) -> bytes:
    """Return a graph whose matrix products are of whole numbers, their scales taken from each input.

    Raises
    ------
    EncoderError
        No matrix in it is constant.
    """
    from onnx import TensorProto
    from onnxruntime.quantization import quantize_dynamic

    def shrink(body: onnx.ModelProto) -> onnx.ModelProto:
        def quantise(prepared: Path, made: Path) -> None:
            quantize_dynamic(
                prepared, made, op_types_to_quantize=list(_PRODUCTS), per_channel=True, reduce_range=_REDUCE_RANGE,
                extra_options={"DefaultTensorType": TensorProto.FLOAT},
            )  # fmt: skip

        return _quantised(body, quantise)

    return _converted(graph, shrink)


def to_int8_static(graph: bytes, tiles: Iterable[Floats], *, progress: Progress = SILENT) -> bytes:
    """Return a graph whose convolutions are of whole numbers, their scales measured on tiles.

    Parameters
    ----------
    tiles
        As for :func:`convert`.

    Raises
    ------
    EncoderError
        There is no tile, a tile is not what the graph takes, or the graph has no convolution.
    """
    from onnx import TensorProto
    from onnxruntime.quantization import CalibrationMethod, QuantFormat, QuantType, quantize_static

    seen = list(_seen_by_body(graph, tiles))
    if not seen:
        raise EncoderError("no tile was given to measure scales on", remedy="name a raster with --calibration")

    def shrink(body: onnx.ModelProto) -> onnx.ModelProto:
        def quantise(prepared: Path, made: Path) -> None:
            quantize_static(
                prepared, made, _Reader(body.graph.input[0].name, seen, progress), quant_format=QuantFormat.QDQ,
                op_types_to_quantize=list(_WITH_CONVOLUTIONS), per_channel=True, reduce_range=_REDUCE_RANGE,
                activation_type=QuantType.QUInt8, weight_type=QuantType.QInt8,
                calibrate_method=CalibrationMethod.MinMax, extra_options={"DefaultTensorType": TensorProto.FLOAT},
            )  # fmt: skip

        return _quantised(body, quantise)

    return _converted(graph, shrink)


class _Reader:
    """Hands tiles to the calibration, one by one."""

    def __init__(self, name: str, tiles: list[Floats], progress: Progress) -> None:
        self._name, self._tiles, self._progress = name, tiles, progress
        self._next = 0

    def get_next(self) -> dict[str, Floats] | None:
        self._progress.update(0.1 + 0.7 * self._next / len(self._tiles), "measuring the range of every layer")
        if self._next == len(self._tiles):
            return None
        self._next += 1
        return {self._name: self._tiles[self._next - 1]}

    def rewind(self) -> None:
        self._next = 0


def _converted(graph: bytes, shrink: Callable[[onnx.ModelProto], onnx.ModelProto]) -> bytes:
    """Return a graph with all but its first resize shrunk, and check that it still runs where a model runs."""
    import onnx

    model = onnx.load_from_string(graph)
    output = model.graph.output[0].name
    head, body = _split(model)
    with _quiet():
        made = shrink(body)
    made = plain_model(made, {value.name: value.name for value in (*made.graph.input, *made.graph.output)})
    if head is not None:
        made = _joined(head, made)
    data = checked(made)
    # What cannot be opened here would not open in the model file either.
    session = open_session(data)
    names = [value.name for value in (*session.get_inputs(), *session.get_outputs())]
    if names != [_INPUT, output]:
        raise EncoderError(f"the converted graph has the ends {', '.join(names)}")
    return data


def _split(model: onnx.ModelProto) -> tuple[onnx.ModelProto | None, onnx.ModelProto]:
    """Take the resize at the start of an ``exact`` graph off: positions in an image do not bear fewer digits.

    Returns
    -------
    The resize ``pixels`` -> ``resized`` as a model of its own (None where there is none), and the rest.
    """
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    first = model.graph.node[0] if model.graph.node else None
    if first is None or first.op_type != "Resize" or first.input[0] != _INPUT or first.output[0] != _RESIZED:
        return None, model
    constants = {tensor.name: tensor for tensor in model.graph.initializer}
    sides = numpy_helper.to_array(constants[first.input[3]])
    whole = model.graph.input[0]
    channels = whole.type.tensor_type.shape.dim[1].dim_value
    between = helper.make_tensor_value_info(
        _RESIZED, TensorProto.FLOAT, ["batch", channels, int(sides[0]), int(sides[1])]
    )
    head, body = onnx.ModelProto(), onnx.ModelProto()
    head.CopyFrom(model)
    for part in (head.graph.node, head.graph.initializer, head.graph.output):
        del part[:]
    head.graph.node.append(first)
    head.graph.initializer.extend(constants[name] for name in first.input if name in constants)
    head.graph.output.append(between)
    body.CopyFrom(model)
    del body.graph.node[0]
    del body.graph.input[:]
    body.graph.input.append(between)
    others = [tensor for tensor in body.graph.initializer if tensor.name not in first.input]
    del body.graph.initializer[:]
    body.graph.initializer.extend(others)
    return head, body


def _joined(head: onnx.ModelProto, body: onnx.ModelProto) -> onnx.ModelProto:
    """Put the resize back to the start."""
    nodes = [*head.graph.node, *body.graph.node]
    del body.graph.node[:]
    body.graph.node.extend(nodes)
    body.graph.initializer.extend(head.graph.initializer)
    del body.graph.input[:]
    body.graph.input.extend(head.graph.input)
    return body


def _seen_by_body(graph: bytes, tiles: Iterable[Floats]) -> Iterator[Floats]:
    """Yield every tile as what comes after the resize of the graph gets it, (B, C, H, W)."""
    import onnx

    model = onnx.load_from_string(graph)
    shape = [dim.dim_value for dim in model.graph.input[0].type.tensor_type.shape.dim]
    head, _ = _split(model)
    session = None if head is None else open_session(head.SerializeToString())
    for tile in tiles:
        batch = np.ascontiguousarray(tile if tile.ndim == 4 else tile[None], dtype=np.float32)
        if batch.ndim != 4 or any(side and side != found for side, found in zip(shape, batch.shape, strict=True)):
            wanted = " x ".join(str(side or "any") for side in shape[1:])
            raise EncoderError(f"a tile for measuring scales is {batch.shape[1:]}, and the graph takes {wanted}")
        yield batch if session is None else run_session(session, {_INPUT: batch})[0]


def _quantised(model: onnx.ModelProto, quantise: Callable[[Path, Path], None]) -> onnx.ModelProto:
    """Return a model prepared (shapes inferred, constants folded) and quantised.

    Raises
    ------
    EncoderError
        It has nothing to quantise, or the tools fail on it.
    """
    import onnx
    from onnxruntime.quantization import quant_pre_process

    reason = ""
    # The preparation runs onnxruntime's own optimiser; where that put in operators of its own, do without.
    for skip in (False, True):
        with tempfile.TemporaryDirectory(prefix="botaclip-") as folder:
            plain, prepared, made = (Path(folder, f"{name}.onnx") for name in ("plain", "prepared", "made"))
            plain.write_bytes(model.SerializeToString())
            try:
                quant_pre_process(plain, prepared, skip_symbolic_shape=True, skip_optimization=skip)
                quantise(prepared, made)
                result: onnx.ModelProto = onnx.load(made)
            except EncoderError:
                raise
            except Exception as error:  # the tools raise whatever a graph they did not expect makes them raise
                reason = _first_line(error)
                continue
        domains = {node.domain for node in every_node(result.graph)} - {"", "ai.onnx"}
        if domains:
            reason = f"operators of {', '.join(sorted(domains))} would be left in it"
        elif not _whole_numbers(result):
            reason = "nothing in it can be made whole numbers"
        else:
            return result
    raise EncoderError(f"the graph cannot be converted to int8 ({reason})", remedy="use --precision fp32 or fp16")


def _whole_numbers(model: onnx.ModelProto) -> bool:
    return any(node.op_type in ("MatMulInteger", "QuantizeLinear") for node in every_node(model.graph))


def _first_line(error: BaseException) -> str:
    lines: list[Any] = [line.strip() for line in str(error).splitlines() if line.strip()]
    return str(lines[0] if lines else type(error).__name__)[:160]


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Within, the tools keep their advice, which goes to the root logger, to themselves."""
    before = logging.root.manager.disable
    logging.disable(logging.ERROR)
    try:
        yield
    finally:
        logging.disable(before)
