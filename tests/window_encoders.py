"""Small encoders of the kinds that look at windows: made with onnx, quick, and sensitive to all that a real one is."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from botaclip.core.encoders.onnx_session import OnnxEncoder

RGB = ("red", "green", "blue")
DEPTH = 6
TOKEN_PX, WINDOW_TOKENS, DROP_TOKENS = 4, 7, 2
SIDE_PX = 16  # what the exact one resizes a patch to


def _graph(nodes: list[onnx.NodeProto], bands: int, output: str, rank: int, constants: dict[str, np.ndarray]) -> bytes:
    tensor = helper.make_tensor_value_info
    graph = helper.make_graph(
        nodes, "toy", [tensor("pixels", TensorProto.FLOAT, ["batch", bands, "height", "width"])],
        [tensor(output, TensorProto.FLOAT, [None] * rank)],
        [numpy_helper.from_array(values, name) for name, values in constants.items()],
    )  # fmt: skip
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8)
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString(deterministic=True))


@functools.cache
def token_graph(bands: int = 3, token_px: int = TOKEN_PX, window_tokens: int = WINDOW_TOKENS) -> bytes:
    """Tokens that depend on their place in the window and on all of it."""
    random = np.random.default_rng(1)
    node = helper.make_node
    return _graph(
        [
            node("Conv", ["pixels", "weight"], ["own"], kernel_shape=[token_px] * 2, strides=[token_px] * 2),
            node("GlobalAveragePool", ["own"], ["all"]),
            node("Mul", ["own", "all"], ["mixed"]),
            node("Add", ["own", "mixed"], ["both"]),
            node("Add", ["both", "place"], ["placed"]),
            node("Tanh", ["placed"], ["cells"]),
        ],
        bands, "cells", 4,
        {
            "weight": random.normal(0, 0.5 / token_px, (DEPTH, bands, token_px, token_px)).astype(np.float32),
            "place": random.normal(0, 0.3, (1, DEPTH, window_tokens, window_tokens)).astype(np.float32),
        },
    )  # fmt: skip


@functools.cache
def exact_graph(bands: int = 3) -> bytes:
    """A patch of any size, resized as real encoders' are, its texture pooled to means and maxima."""
    random = np.random.default_rng(2)
    node = helper.make_node
    return _graph(
        [
            node("Resize", ["pixels", "", "", "sizes"], ["small"], mode="linear", antialias=1, axes=[2, 3]),
            node("Conv", ["small", "weight"], ["features"], kernel_shape=[4, 4], strides=[2, 2]),
            node("GlobalAveragePool", ["features"], ["mean"]),
            node("GlobalMaxPool", ["features"], ["largest"]),
            node("Concat", ["mean", "largest"], ["both"], axis=1),
            node("Flatten", ["both"], ["vectors"], axis=1),
        ],
        bands, "vectors", 2,
        {
            "sizes": np.array([SIDE_PX, SIDE_PX], np.int64),
            "weight": random.normal(0, 0.2, (DEPTH // 2, bands, 4, 4)).astype(np.float32),
        },
    )  # fmt: skip


def token_encoder(bands: tuple[str, ...] = RGB, **changes: Any) -> OnnxEncoder:
    """Return an encoder of kind ``tokens``: 7 x 7 tokens of 4 pixels, of which 3 x 3 are kept."""
    settings: dict[str, Any] = {
        "id": "toy-tokens", "onnx": token_graph(len(bands)), "bands": bands, "value_range": (0.0, 255.0),
        "dimension": DEPTH, "stride_px": TOKEN_PX, "margin_px": 0, "centre": (0.485, 0.456, 0.406)[: len(bands)],
        "spread": (0.229, 0.224, 0.225)[: len(bands)], "licence": "CC0-1.0", "citation": "nobody", "kind": "tokens",
        "window_tokens": WINDOW_TOKENS, "drop_tokens": DROP_TOKENS, "threads": 1,
    }  # fmt: skip
    return OnnxEncoder(**settings | changes)


def exact_encoder(bands: tuple[str, ...] = RGB, **changes: Any) -> OnnxEncoder:
    """Return an encoder of kind ``exact``."""
    settings: dict[str, Any] = {
        "id": "toy-exact", "onnx": exact_graph(len(bands)), "bands": bands, "value_range": (0.0, 255.0),
        "dimension": DEPTH, "stride_px": 4, "margin_px": 0, "centre": (0.4, 0.5, 0.3)[: len(bands)],
        "spread": (0.2, 0.25, 0.15)[: len(bands)], "licence": "MIT", "citation": "nobody else", "kind": "exact",
        "input_px": SIDE_PX, "threads": 1,
    }  # fmt: skip
    return OnnxEncoder(**settings | changes)
