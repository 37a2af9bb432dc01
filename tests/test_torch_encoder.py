"""The same encoder in torch and as a graph; what happens when memory or precision does not suffice."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest
import torch
from tests.toy_encoders import ToyConvolutions, ToyTransformer
from torch import Tensor

from botaclip.core.encoders import torch_encoder
from botaclip.core.encoders.export import export_graph
from botaclip.core.encoders.fidelity import cosine
from botaclip.core.encoders.frozen import FrozenEncoder
from botaclip.core.encoders.onnx_session import OnnxEncoder
from botaclip.core.encoders.torch_encoder import TorchEncoder, on_device
from botaclip.core.errors import DeviceError, EncoderError
from botaclip.core.progress import Progress

RGB = ("red", "green", "blue")
KINDS = ("exact", "tokens", "dense")


def graph_encoder(kind: str, module: FrozenEncoder) -> OnnxEncoder:
    graph = export_graph(module, mode=kind, channels=3, window_px=32, input_px=32)
    tokens = {"window_tokens": 32 // module.token_px, "drop_tokens": 1} if kind == "tokens" else {}
    return OnnxEncoder(
        id="toy", onnx=graph, bands=RGB, value_range=(0.0, 255.0), dimension=module.dimension,
        stride_px=module.token_px, margin_px=module.margin_px if kind == "dense" else 0, centre=(0.4, 0.5, 0.6),
        spread=0.2, licence="none", citation="none", kind=kind, input_px=32 if kind == "exact" else 0, threads=1,
        **tokens,
    )  # fmt: skip


def toy(kind: str) -> FrozenEncoder:
    return ToyConvolutions() if kind == "dense" else ToyTransformer()


@pytest.fixture(scope="module")
def encoders() -> dict[str, OnnxEncoder]:
    return {kind: graph_encoder(kind, toy(kind)) for kind in KINDS}


def tiles(kind: str, count: int = 5) -> tuple[np.ndarray, np.ndarray]:
    side = {"exact": 41, "tokens": 32, "dense": 5 * 4 + 16}[kind]
    random = np.random.default_rng(3)
    valid = random.random((count, side, side)) > 0.1
    return (random.random((count, 3, side, side)) * 255).astype(np.float32), valid


def rows(vectors: np.ndarray) -> np.ndarray:
    return np.moveaxis(vectors, 1, -1).reshape(-1, vectors.shape[1])


def said() -> tuple[list[tuple[str, str]], Progress]:
    lines: list[tuple[str, str]] = []
    return lines, Progress(log=lambda level, message: lines.append((level, message)))


@pytest.mark.parametrize("kind", KINDS)
def test_float32_is_the_graph(kind: str, encoders: dict[str, OnnxEncoder]) -> None:
    encoder = on_device(encoders[kind], toy(kind), device="cpu", reduced=False)
    assert isinstance(encoder, TorchEncoder) and encoder.autocast == "" and encoder.computed == "in float32 on cpu"
    assert encoder.identity != encoders[kind].identity
    assert encoder.identity != dataclasses.replace(encoder, autocast="bfloat16").identity
    assert encoders[kind].computed == "" and not torch.backends.cudnn.allow_tf32
    pixels, valid = tiles(kind)
    expected = encoders[kind].encode(pixels, valid)
    found = encoder.encode(pixels, valid)
    assert found.dtype == np.float32 and found.shape == expected.shape
    assert np.abs(found - expected).max() < 1e-4 * expected.std()


@pytest.mark.parametrize("kind", KINDS)
def test_reduced_precision_is_close_and_said(kind: str, encoders: dict[str, OnnxEncoder]) -> None:
    lines, progress = said()
    encoder = on_device(encoders[kind], toy(kind), device="cpu", progress=progress)
    assert encoder.autocast == "bfloat16" and encoder.computed == "in bfloat16 on cpu"
    assert encoder.identity != encoders[kind].identity  # kept vectors and windows are not mixed
    pixels, valid = tiles(kind)
    expected, found = encoders[kind].encode(pixels, valid), encoder.encode(pixels, valid)
    assert not np.array_equal(expected, found) and cosine(rows(expected), rows(found)).min() > 0.999
    assert [level for level, _ in lines] == ["info"] and "runs in bfloat16 on cpu" in lines[0][1]


def test_it_has_the_face_of_the_graph(encoders: dict[str, OnnxEncoder]) -> None:
    graph, encoder = encoders["tokens"], on_device(encoders["tokens"], toy("tokens"), device="cpu")
    for name in ("id", "sha256", "kind", "bands", "dimension", "stride_px", "reach_px", "onnx", "graphs"):
        assert getattr(encoder, name) == getattr(graph, name)
    assert encoder.metadata() == graph.metadata() and encoder.batch == 8
    assert on_device(encoders["exact"], toy("exact"), device="cpu").with_stride(3).stride_px == 3
    with pytest.raises(EncoderError, match="got 4 bands"):
        encoder.encode(np.zeros((1, 4, 32, 32), np.float32), np.ones((1, 32, 32), bool))
    with pytest.raises(EncoderError, match="windows of 32 pixels"):
        encoder.encode(np.zeros((1, 3, 40, 40), np.float32), np.ones((1, 40, 40), bool))


class Coarse(ToyTransformer):
    """Large sums whose small difference is the vector: bfloat16 cannot hold them."""

    def features(self, pixels: Tensor) -> tuple[Tensor, Tensor]:
        cls, tokens = super().features(pixels)
        large = torch.einsum("bdhw,de->behw", tokens + 300, torch.eye(self.dimension))
        return cls, large - 300


def test_precision_that_does_not_suffice_falls_back_to_float32() -> None:
    graph = graph_encoder("tokens", Coarse())
    lines, progress = said()
    encoder = on_device(graph, Coarse(), device="cpu", progress=progress)
    assert encoder.autocast == ""
    assert lines[0][0] == "warning" and "too far from float32" in lines[0][1] and "agreed" in lines[1][1]
    pixels, valid = tiles("tokens")
    assert np.allclose(encoder.encode(pixels, valid), graph.encode(pixels, valid), atol=1e-4)


def test_the_tiles_are_unlike_and_in_range(encoders: dict[str, OnnxEncoder]) -> None:
    for kind, encoder in encoders.items():
        pixels, valid = torch_encoder._tiles(encoder)
        assert pixels.shape == (4, 3, encoder.tile_px, encoder.tile_px) and valid.shape == (4, *pixels.shape[2:])
        assert valid.all() and pixels.min() >= 0 and pixels.max() <= 255, kind
        means = pixels.mean(axis=(2, 3))
        assert min(np.abs(means[i] - means[j]).max() for i in range(4) for j in range(i)) > 10


class Alike(ToyTransformer):
    """What all vectors share is so large that an error of half their spread leaves every cosine near 1."""

    def features(self, pixels: Tensor) -> tuple[Tensor, Tensor]:
        cls, tokens = super().features(pixels)
        tokens = tokens + 1000.0
        if torch.is_autocast_enabled("cpu"):
            tokens = tokens + 0.5 * tokens.std(dim=(2, 3), keepdim=True) * torch.tensor([1.0, -1.0]).repeat(
                self.dimension // 2
            )[:, None, None]
        return cls, tokens


def test_an_error_beside_the_spread_counts_though_the_cosine_is_near_one() -> None:
    graph = graph_encoder("tokens", Alike())
    lines, progress = said()
    encoder = on_device(graph, Alike(), device="cpu", progress=progress)
    assert encoder.autocast == "" and encoder.computed == "in float32 on cpu"
    assert "too far from float32" in lines[0][1] and "cosine to full precision 1.00000 (median)" in lines[0][1]


def test_agreement_has_limits_for_both_and_nothing_passes_that_is_not_finite() -> None:
    random = np.random.default_rng(4)
    expected = (random.normal(size=(4, 16, 5, 5)) + 3).astype(np.float32)
    for error, close in ((0.04, True), (0.06, False), (np.nan, False)):
        found = expected + (error * random.choice([-1, 1], expected.shape)).astype(np.float32)
        near = torch_encoder._agreement(expected, found)
        assert torch_encoder._within(near, torch_encoder.CLOSE) == close
        assert np.isnan(error) or near.relative_error == pytest.approx(error, rel=0.05)


def test_a_device_that_computes_something_else_is_refused(encoders: dict[str, OnnxEncoder]) -> None:
    with pytest.raises(DeviceError, match="on cpu computes something else than on the CPU"):
        on_device(encoders["tokens"], ToyTransformer(seed=1), device="cpu")


class Small(ToyTransformer):
    """Has memory for so many windows."""

    most = 2

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[int] = []

    def _every(self, pixels: Tensor) -> tuple[Tensor, int, int]:
        self.seen.append(len(pixels))
        if len(pixels) > self.most:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB")
        return super()._every(pixels)


def test_out_of_memory_halves_the_batch_and_goes_on(encoders: dict[str, OnnxEncoder]) -> None:
    module = Small()
    encoder = on_device(encoders["tokens"], module, device="cpu", reduced=False)
    pixels, valid = tiles("tokens", 11)
    module.seen.clear()
    found = encoder.encode(pixels, valid)
    assert module.seen == [8, 4, 2, 2, 2, 2, 2, 1] and encoder.batch == 2
    assert np.allclose(found, encoders["tokens"].encode(pixels, valid), atol=1e-4)
    module.seen.clear()
    encoder.encode(pixels, valid)
    assert max(module.seen) == 2  # it stays halved


def test_no_memory_for_one_window(encoders: dict[str, OnnxEncoder]) -> None:
    module = Small()
    encoder = on_device(encoders["tokens"], module, device="cpu", reduced=False)
    module.most = 0
    with pytest.raises(DeviceError, match=r"cpu has not enough memory for a single window of toy \(32 x 32 pixels\)"):
        encoder.encode(*tiles("tokens"))


def test_batches_fill_the_free_memory(encoders: dict[str, OnnxEncoder], monkeypatch: pytest.MonkeyPatch) -> None:
    """With 10 MiB free of which half may be taken, and 1 MiB for a window, five windows at once."""
    mib = 2**20
    answers: dict[str, Any] = {
        "empty_cache": None, "reset_peak_memory_stats": None, "memory_allocated": 3 * mib,
        "max_memory_allocated": 4 * mib, "mem_get_info": (10 * mib, 64 * mib),
    }  # fmt: skip
    for name, answer in answers.items():
        monkeypatch.setattr(torch.cuda, name, lambda answer=answer: answer)
    encoder = on_device(encoders["tokens"], toy("tokens"), device="cpu", reduced=False)
    monkeypatch.setattr(TorchEncoder, "encode", lambda *_: None)
    object.__setattr__(encoder, "device", "cuda")
    assert torch_encoder._with_memory(encoder, *tiles("tokens", 1)).batch == 5


def test_devices_that_are_not_there(encoders: dict[str, OnnxEncoder], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(DeviceError, match="no usable NVIDIA GPU"):
        on_device(encoders["tokens"], toy("tokens"), device="cuda")
    with pytest.raises(DeviceError, match="'tpu'"):
        on_device(encoders["tokens"], toy("tokens"), device="tpu")
