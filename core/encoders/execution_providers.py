"""What onnxruntime calls the devices, in which order they are tried, and what each of them wants of a session.

DirectML (Windows) and CoreML (macOS) are *not run*: no machine with either was at hand. What is here follows
onnxruntime's documentation, and the comparison with the CPU in :mod:`botaclip.core.device` has the last word.
"""

from __future__ import annotations

from collections.abc import Sequence

import onnxruntime

PROVIDERS = {
    "cpu": "CPUExecutionProvider", "cuda": "CUDAExecutionProvider", "directml": "DmlExecutionProvider",
    "coreml": "CoreMLExecutionProvider",
}  # fmt: skip
# The order in which ``auto`` tries them.
GPUS = ("cuda", "directml", "coreml")
# Their graphs are compiled for one shape of input; with free axes they are several times slower or fail.
FIXED_SHAPES = frozenset({"directml", "coreml"})


def compiled_in(device: str) -> bool:
    """Tell whether this environment's onnxruntime brings what a device needs; whether it runs is another question."""
    return PROVIDERS.get(device, device) in onnxruntime.get_available_providers()


def adapt_options(options: onnxruntime.SessionOptions, device: str) -> None:
    """Give a session's options what its device demands."""
    if device == "directml":
        # It supports neither; a session with them is refused.
        options.enable_mem_pattern = False
        options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL


def fix_shapes(options: onnxruntime.SessionOptions, onnx: bytes, shapes: Sequence[Sequence[int]]) -> None:
    """Replace the free axes of a graph's inputs by numbers.

    Parameters
    ----------
    options
        Of the session that is to be opened.
    onnx
        The graph. It is opened once more for this, unoptimised: nothing else here reads the names of its axes.
    shapes
        Of each input, in the graph's order, the shape that it will have.
    """
    plain = onnxruntime.SessionOptions()
    plain.log_severity_level = 3
    plain.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    inputs = onnxruntime.InferenceSession(onnx, plain, providers=[PROVIDERS["cpu"]]).get_inputs()
    for name, size in free_axes([entry.shape for entry in inputs], shapes).items():
        options.add_free_dimension_override_by_name(name, size)


def free_axes(stated: Sequence[Sequence[object]], shapes: Sequence[Sequence[int]]) -> dict[str, int]:
    """Return the named free axes of inputs and their sizes; names that would need two sizes are left out.

    Parameters
    ----------
    stated
        Of each input the axes as the graph states them: a number, a name, or None.
    shapes
        Of each input the shape that it will have.
    """
    sizes: dict[str, set[int]] = {}
    for axes, shape in zip(stated, shapes, strict=True):
        for axis, size in zip(axes, shape, strict=False):
            if isinstance(axis, str):
                sizes.setdefault(axis, set()).add(int(size))
    return {name: found.pop() for name, found in sizes.items() if len(found) == 1}
