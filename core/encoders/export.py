"""An encoder built by torch becomes one ONNX graph that needs nothing but onnxruntime. Needs torch and onnx."""

from __future__ import annotations

import contextlib
import io
import logging
import re
import tempfile
import warnings
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from botaclip.core.encoders.graph import Graph, GraphAbout
from botaclip.core.encoders.onnx_session import open_session, run_session
from botaclip.core.encoders.plain_graph import OPSET, checked, output_name, plain_model, with_resize
from botaclip.core.encoders.record import MODES
from botaclip.core.errors import EncoderError
from botaclip.core.progress import SILENT, Progress

if TYPE_CHECKING:
    import onnx

    from botaclip.core.encoders.frozen import FrozenEncoder

__all__ = ["TOLERANCE", "Graph", "GraphAbout", "export_graph"]

# Largest difference between the graph and torch, in standard deviations of the output.
TOLERANCE = 1e-4
# One file of protocol buffers ends at 2 GiB; the graph's own part is small beside the weights.
MOST_BYTES = 2**31 - 2**22
_EXAMPLE_BATCH, _CHECKED_BATCHES = 2, (1, 3)
# Shapes in cells or tokens where the size is free: two that share no number, so that nothing can be baked in.
_EXAMPLE_CELLS, _CHECKED_CELLS = (3, 4), (5, 2)
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")


class _Face(nn.Module):
    """The one method of an encoder that a graph is to hold."""

    def __init__(self, encoder: FrozenEncoder, mode: str, pooling: str) -> None:
        super().__init__()
        self.encoder, self.mode, self.pooling = encoder, mode, pooling

    def forward(self, pixels: Tensor) -> Tensor:
        if self.mode == "dense":
            return self.encoder.dense(pixels)
        return self.encoder.tokens(pixels) if self.mode == "tokens" else self.encoder.pooled(pixels, self.pooling)


def export_graph(
    module: FrozenEncoder,
    *,
    mode: str,
    channels: int,
    window_px: int | None = None,
    pooling: str = "mean",
    input_px: int | None = None,
    progress: Progress = SILENT,
) -> bytes:
    """Return an encoder as a serialised ONNX graph, held against torch on random images.

    Input ``pixels`` is normalised float32, the batch is free. torch's newer exporter is tried first, the older one
    where that fails. The same weights give the same bytes in one environment; no path of this machine is in them.

    Parameters
    ----------
    module
        The encoder, on the CPU, in float32.
    mode
        ``dense``: ``pixels (B, C, h s + 2 m, w s + 2 m)`` -> ``cells (B, D, h, w)``, any h and w; ``tokens``: windows
        ``(B, C, W, W)`` -> ``cells (B, D, W / s, W / s)``; ``exact``: ``(B, C, P, P)``, any P -> ``vectors (B, D)``.
    channels
        C.
    window_px
        ``tokens``: W. None leaves height and width free, for architectures that take any size.
    pooling
        ``exact``: see :meth:`FrozenEncoder.pooled`.
    input_px
        ``exact``: side that a patch is resized to (linear, antialiased) inside the graph.

    Raises
    ------
    EncoderError
        Neither exporter can trace the architecture so, the graph would be larger than a file of ONNX can be, or it
        computes something else than torch.
    """
    if mode not in MODES:
        raise EncoderError(f"there is no mode {mode!r}", remedy=f"choose one of {', '.join(MODES)}")
    _check_size(module)
    example, others = _shapes(module, mode, channels, window_px, input_px)
    progress.update(0.0, "exporting the encoder to ONNX")
    face = _Face(module, mode, pooling).eval()
    free = mode == "dense" or (mode == "tokens" and window_px is None)
    if free:
        module.unprepare()
    else:
        module.prepare(*example[2:])
    _look(face, example)
    reasons: list[str] = []
    for exporter in (_newer, _older):
        try:
            with _quiet(), torch.no_grad():
                traced = exporter(face, torch.zeros(example), free)
            graph = _finished(traced, mode, channels, input_px)
            progress.update(0.8, "comparing the ONNX graph with torch")
            _compare(graph, face, others, input_px if mode == "exact" else None)
        except EncoderError as error:
            reasons.append(error.found)
        except Exception as error:  # the exporters raise whatever the layer they stumble over raises
            reasons.append(_first_line(error.__cause__ or error))
        else:
            progress.update(1.0, "encoder exported to ONNX")
            return graph
        progress.check()
    raise EncoderError(
        f"this encoder cannot be exported to ONNX in mode {mode} ({'; then '.join(reasons)})",
        remedy="choose another mode, or report it with this sentence",
    )


def _check_size(module: nn.Module) -> None:
    size = sum(tensor.numel() * tensor.element_size() for tensor in module.state_dict().values())
    if size > MOST_BYTES:
        raise EncoderError(
            f"the encoder's weights are {size / 1e9:.1f} GB, and one ONNX file holds at most 2 GB",
            remedy="choose a smaller encoder of the family",
        )


def _shapes(
    module: FrozenEncoder, mode: str, channels: int, window_px: int | None, input_px: int | None
) -> tuple[tuple[int, ...], list[tuple[int, ...]]]:
    """Return the shape to trace with and those to compare with."""
    token = int(module.token_px)
    if mode == "dense" or (mode == "tokens" and window_px is None):
        margin = int(module.margin_px) if mode == "dense" else 0
        sides = [tuple(count * token + 2 * margin for count in cells) for cells in (_EXAMPLE_CELLS, _CHECKED_CELLS)]
    else:
        side = window_px if mode == "tokens" else input_px
        if not side or side < 1:
            raise EncoderError(f"mode {mode} needs the side of the encoder's input", remedy="state it in the record")
        if mode == "tokens" and side % token:
            raise EncoderError(
                f"a window of {side} pixels is no whole number of tokens of {token}",
                remedy=f"choose a multiple of {token}",
            )
        sides = [(side, side)] * 2
    return (_EXAMPLE_BATCH, channels, *sides[0]), [(batch, channels, *sides[1]) for batch in _CHECKED_BATCHES]


def _look(face: nn.Module, shape: tuple[int, ...]) -> None:
    """Let the encoder say what it cannot do before an exporter wraps it in words of its own."""
    try:
        with torch.no_grad():
            face(torch.zeros(shape))
    except RuntimeError as error:
        raise EncoderError(
            f"the encoder cannot look at an image of {shape} ({_first_line(error)})",
            remedy="check the bands and the input's size in its record",
        ) from error


def _newer(face: nn.Module, example: Tensor, free: bool) -> onnx.ModelProto:
    """Trace with ``torch.export``: fewer nodes, exact shapes."""
    batch = torch.export.Dim("batch", min=1, max=4096)
    sides = {2: torch.export.Dim.AUTO, 3: torch.export.Dim.AUTO} if free else {}
    program = torch.onnx.export(
        face, (example,), dynamo=True, dynamic_shapes=({0: batch, **sides},), external_data=False, opset_version=OPSET,
        input_names=["pixels"], verbose=False,
    )  # fmt: skip
    if program is None:
        raise EncoderError("the exporter returned nothing")
    return program.model_proto


def _older(face: nn.Module, example: Tensor, free: bool) -> onnx.ModelProto:
    """Trace with TorchScript."""
    import onnx

    sides = {2: "height", 3: "width"} if free else {}
    # It writes a file, and needs a seekable one.
    with tempfile.TemporaryDirectory(prefix="botaclip-") as folder:
        path = Path(folder, "graph.onnx")
        torch.onnx.export(
            face, (example,), str(path), dynamo=False, opset_version=OPSET, input_names=["pixels"],
            output_names=["traced"], dynamic_axes={"pixels": {0: "batch", **sides}, "traced": {0: "batch"}},
            verbose=False,
        )  # fmt: skip
        return onnx.load(str(path))


def _finished(model: onnx.ModelProto, mode: str, channels: int, input_px: int | None) -> bytes:
    if len(model.graph.input) != 1 or len(model.graph.output) != 1:
        raise EncoderError("the traced graph has not one input and one output")
    made = output_name(mode)
    names = {model.graph.input[0].name: "pixels", model.graph.output[0].name: made}
    model = plain_model(model, names)
    if mode == "exact":
        assert input_px is not None
        with_resize(model, input_px, channels)
    return checked(model)


def _compare(
    graph: bytes, face: Callable[[Tensor], Tensor], shapes: Sequence[tuple[int, ...]], input_px: int | None
) -> None:
    """Hold the graph against torch on noise of every shape.

    Raises
    ------
    EncoderError
        The largest difference is above :data:`TOLERANCE` standard deviations of what torch says.
    """
    session = open_session(graph)
    random = np.random.default_rng(0)
    for shape in shapes:
        # Where the graph resizes, what it is given has another size than what it traced.
        given = shape if input_px is None else (*shape[:2], input_px + 5, input_px - 3 if input_px > 8 else input_px)
        pixels = random.standard_normal(given, dtype=np.float32)
        with torch.no_grad():
            expected = face(_resized(torch.from_numpy(pixels), input_px)).numpy()
        _agree(run_session(session, {"pixels": pixels})[0], expected)


def _resized(pixels: Tensor, input_px: int | None) -> Tensor:
    if input_px is None:
        return pixels
    size = (input_px, input_px)
    return nn.functional.interpolate(pixels, size=size, mode="bilinear", antialias=True, align_corners=False)


def _agree(found: NDArray[Any], expected: NDArray[Any]) -> None:
    if found.shape != expected.shape:
        raise EncoderError(f"the graph made {found.shape} where torch makes {expected.shape}")
    spread = max(float(expected.std(dtype=np.float64)), 1e-12)
    difference = float(np.abs(found.astype(np.float64) - expected).max()) / spread
    if not difference <= TOLERANCE:  # also when it is NaN
        raise EncoderError(f"the graph differs from torch by {difference:.2g} of its output's spread")


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Within, the exporters keep their advice to developers to themselves."""
    loggers = [logging.getLogger(name) for name in ("torch.onnx", "torch.export", "onnxscript", "onnx_ir")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL)
    try:
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)


def _first_line(error: BaseException) -> str:
    lines = [line.strip() for line in _COLOUR.sub("", str(error)).splitlines() if line.strip()]
    return (lines[0] if lines else "no reason given")[:160]
