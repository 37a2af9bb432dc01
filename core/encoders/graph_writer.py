"""Writes the ONNX graphs of hand-made dense encoders, operator by operator.

Needs ``onnx`` (environment set ``train``); a model file carries the graph, and running it needs onnxruntime only.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np


class GraphWriter:
    """A graph ``pixels (B, C, H, W) -> cells (B, D, h, w)`` in the making.

    Every method adds nodes and returns the name of what they make. The same calls make the same bytes on every
    machine, so that the digest of the graph can stand for the encoder.
    """

    def __init__(self) -> None:
        self._nodes: list[Any] = []
        self._constants: list[Any] = []

    def constant(self, values: np.ndarray) -> str:
        """Add an array."""
        from onnx import numpy_helper

        name = f"constant_{len(self._constants)}"
        self._constants.append(numpy_helper.from_array(np.ascontiguousarray(values), name))
        return name

    def number(self, value: float) -> str:
        """Add a float32."""
        return self.constant(np.array(value, dtype=np.float32))

    def apply(self, operator: str, *inputs: str, **attributes: object) -> str:
        """Add one operator."""
        from onnx import helper

        self._nodes.append(helper.make_node(operator, list(inputs), [f"value_{len(self._nodes)}"], **attributes))
        return str(self._nodes[-1].output[0])

    def cropped(self, image: str, border: int) -> str:
        """Cut ``border`` pixels off every side."""
        if border == 0:
            return image
        edges = (np.array([border] * 2), np.array([-border] * 2), np.array([2, 3]))
        return self.apply("Slice", image, *map(self.constant, edges))

    def pooled(self, image: str, side: int, stride: int = 0) -> str:
        """Mean over squares of ``side`` pixels, ``stride`` (else ``side``) apart."""
        return self.apply("AveragePool", image, kernel_shape=[side] * 2, strides=[stride or side] * 2)

    def convolved(
        self, image: str, filters: np.ndarray, biases: np.ndarray | None = None, stride: int = 1, groups: int = 1
    ) -> str:
        """Correlate with ``filters`` (count, channels of a group, rows, columns) and add ``biases`` (count)."""
        arrays = (filters,) if biases is None else (filters, biases)
        constants = [self.constant(array.astype(np.float32)) for array in arrays]
        # What is usual stays unsaid, so that the digests of graphs made before stay as they were.
        grouped = {"group": groups} if groups != 1 else {}
        shape, steps = list(filters.shape[2:]), [stride] * 2
        return self.apply("Conv", image, *constants, kernel_shape=shape, strides=steps, **grouped)

    def serialised(self, name: str, bands: int, dimension: int, parts: Sequence[str]) -> bytes:
        """Concatenate ``parts`` to the vector of a cell and return the checked graph."""
        import onnx
        from onnx import TensorProto, helper

        nodes = [*self._nodes, helper.make_node("Concat", list(parts), ["cells"], axis=1)]
        tensor = helper.make_tensor_value_info
        graph = helper.make_graph(
            nodes, name,
            [tensor("pixels", TensorProto.FLOAT, ["batch", bands, "height", "width"])],
            [tensor("cells", TensorProto.FLOAT, ["batch", dimension, "rows", "columns"])],
            self._constants,
        )  # fmt: skip
        opset = [helper.make_opsetid("", 17)]
        model = helper.make_model(graph, opset_imports=opset, ir_version=8, producer_name="botaclip")
        onnx.checker.check_model(model)
        return bytes(model.SerializeToString(deterministic=True))
