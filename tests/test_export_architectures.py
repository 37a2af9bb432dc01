"""The real architectures as graphs: the newer exporter takes all of them, and the graph is the network."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import onnx
import pytest
import torch
from torch.nn import functional

from botaclip.core.encoders import architecture, export
from botaclip.core.encoders.export import TOLERANCE, export_graph
from botaclip.core.encoders.fidelity import fidelity
from botaclip.core.encoders.frozen import FrozenEncoder
from botaclip.core.encoders.onnx_session import open_session
from botaclip.core.encoders.precision import convert, kind_of
from botaclip.core.encoders.record import EncoderRecord

from . import parity

RGB = ("red", "green", "blue")


def tensors(arrays: Mapping[str, np.ndarray]) -> dict[str, torch.Tensor]:
    return {key: torch.from_numpy(np.array(value)) for key, value in arrays.items()}


def dofa() -> FrozenEncoder:
    size = parity.config("dofa/tiny")["config"]
    variant = {"width": size["dim"], "depth": size["depth"], "heads": size["heads"], "patch_px": size["patch"],
               "image_px": size["img"]}  # fmt: skip
    state = tensors(parity.stored_state("dofa/tiny"))
    return architecture.build(EncoderRecord("d", "DOFA", "dofa", variant), state, bands=RGB)


def dinov3(name: str = "tiny") -> FrozenEncoder:
    config = parity.config(f"dinov3/{name}")
    size = config["config"]
    variant = {"width": size["dim"], "depth": size["depth"], "heads": size["heads"]}
    if "blocks.0.mlp.w1.weight" in config["keys"]:
        variant |= {"ffn": "swiglu", "hidden": config["keys"]["blocks.0.mlp.w1.weight"][0]}
    state = tensors(parity.stored_state(f"dinov3/{name}"))
    return architecture.build(EncoderRecord("v", "DINOv3", "dinov3", variant), state, bands=RGB)


def resnet(stage: int) -> FrozenEncoder:
    record = EncoderRecord("f", "FLAIR", "flair", stages=(5, 4, 3, 2, 1), fields={2: 75})
    state = tensors(parity.recipe_state(parity.config("flair/inc_rgb")))
    return architecture.build(record, state, bands=RGB, stage=stage)


def swin(stage: int) -> FrozenEncoder:
    variant = {"timm": "swin_tiny_patch4_window7_224"}
    record = EncoderRecord("h", "FLAIR-HUB", "flair-hub", variant, stages=(4, 3, 2, 1), input_px=256)
    state = tensors(parity.recipe_state(parity.config("flair/hub_swin_tiny")))
    return architecture.build(record, state, bands=("nir", "red", "green"), stage=stage)


@pytest.fixture(autouse=True)
def only_the_newer_exporter(monkeypatch: pytest.MonkeyPatch) -> None:
    def no(*_: object) -> None:
        raise AssertionError("the older exporter was asked")

    monkeypatch.setattr(export, "_older", no)


def noise(*shape: int) -> np.ndarray:
    return np.random.default_rng(5).standard_normal(shape, dtype=np.float32)


def run(graph: bytes, pixels: np.ndarray) -> np.ndarray:
    return open_session(graph, threads=1).run(None, {"pixels": pixels})[0]


def assert_same(found: np.ndarray, expected: torch.Tensor) -> None:
    assert found.shape == tuple(expected.shape)
    assert np.abs(found - expected.numpy()).max() <= TOLERANCE * float(expected.std())


def assert_exact(build: Callable[[], FrozenEncoder], side: int, pooling: str) -> bytes:
    """Export, and compare patches smaller and larger than the input with torch."""
    graph = export_graph(build(), mode="exact", channels=3, pooling=pooling, input_px=side)
    encoder = build()
    for batch, patch in ((1, side // 2 + 5), (2, 2 * side - 3)):
        pixels = noise(batch, 3, patch, patch)
        resized = functional.interpolate(
            torch.from_numpy(pixels), size=(side, side), mode="bilinear", antialias=True, align_corners=False
        )
        with torch.no_grad():
            assert_same(run(graph, pixels), encoder.pooled(resized, pooling))
    return graph


def assert_tokens(build: Callable[[], FrozenEncoder], side: int) -> None:
    graph = export_graph(build(), mode="tokens", channels=3, window_px=side)
    pixels = noise(2, 3, side, side)
    with torch.no_grad():
        assert_same(run(graph, pixels), build().tokens(torch.from_numpy(pixels)))


def test_dofa() -> None:
    assert_exact(dofa, 64, "mean")
    assert_tokens(dofa, 96)  # positions of another size are interpolated before


@pytest.mark.parametrize("name", ["tiny_bf16p", "tiny_zerob", "tiny_swiglu"])
def test_dinov3(name: str) -> None:
    assert_exact(lambda: dinov3(name), 64, "cls-mean")


def test_dinov3_tokens() -> None:
    assert_tokens(dinov3, 96)


def test_dinov3_of_any_size() -> None:
    """Its positions depend on the window's size: a graph must not hold those of the size that it was traced with."""
    encoder = dinov3()
    encoder.prepare(48, 64)  # earlier; the size that is traced with
    graph = export_graph(encoder, mode="tokens", channels=3)
    for batch, height, width in ((1, 32, 80), (3, 112, 112), (2, 48, 64), (1, 16, 16)):
        pixels = noise(batch, 3, height, width)
        assert_same(run(graph, pixels), dinov3().tokens(torch.from_numpy(pixels)))


def test_dinov3_of_any_size_by_the_older_exporter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    monkeypatch.setattr(export, "_newer", export._older)
    graph = export_graph(dinov3(), mode="tokens", channels=3)
    for height, width in ((32, 80), (112, 96)):
        pixels = noise(2, 3, height, width)
        assert_same(run(graph, pixels), dinov3().tokens(torch.from_numpy(pixels)))


def test_resnet_of_any_size() -> None:
    graph = export_graph(resnet(2), mode="tokens", channels=3)
    for height, width in ((64, 64), (32, 96)):
        pixels = noise(1, 3, height, width)
        with torch.no_grad():
            assert_same(run(graph, pixels), resnet(2).tokens(torch.from_numpy(pixels)))


def test_resnet_dense() -> None:
    encoder = resnet(2)
    graph = export_graph(encoder, mode="dense", channels=3)
    side = 6 * encoder.token_px + 2 * encoder.margin_px
    pixels = noise(2, 3, side, side)
    with torch.no_grad():
        assert_same(run(graph, pixels), encoder.dense(torch.from_numpy(pixels)))


def test_deepest_resnet_in_every_precision() -> None:
    graph = assert_exact(lambda: resnet(5), 64, "mean")
    assert kind_of(graph) == "convolutional"
    tiles = noise(12, 3, 64, 64)
    half = convert(graph, "fp16")
    small = convert(graph, "int8", tiles[::2])
    assert len(half) < 0.51 * len(graph) and len(small) < 0.27 * len(graph)
    assert fidelity(graph, half, tiles[1::2]).cosine_min > 0.9999
    assert fidelity(graph, small, tiles[1::2]).cosine_median > 0.99


def test_swin() -> None:
    assert_exact(lambda: swin(1), 224, "mean")


def test_a_dinov3_in_every_precision() -> None:
    graph = export_graph(dinov3(), mode="exact", channels=3, pooling="cls", input_px=64)
    assert kind_of(graph) == "transformer"
    tiles = noise(6, 3, 64, 64)
    half, small = convert(graph, "fp16"), convert(graph, "int8")
    assert "MatMulInteger" in {node.op_type for node in onnx.load_from_string(small).graph.node}
    assert fidelity(graph, half, tiles).cosine_min > 0.9999
    assert fidelity(graph, small, tiles).cosine_median > 0.99
