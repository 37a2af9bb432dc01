"""A torch encoder and the ONNX graph made of it are the same function."""

from __future__ import annotations

import hashlib

import numpy as np
import onnx
import pytest
import torch
from tests.toy_encoders import ToyConvolutions, ToyTransformer
from torch import Tensor, nn
from torch.nn import functional

from botaclip.core.encoders import export
from botaclip.core.encoders.export import TOLERANCE, Graph, GraphAbout, export_graph
from botaclip.core.encoders.frozen import FrozenEncoder
from botaclip.core.encoders.onnx_session import open_session
from botaclip.core.errors import EncoderError
from botaclip.core.onnx_scan import scan_onnx


def noise(*shape: int, seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(shape, dtype=np.float32)


def run(graph: bytes, pixels: np.ndarray) -> np.ndarray:
    return open_session(graph, threads=1).run(None, {"pixels": pixels})[0]


def resized(pixels: np.ndarray, side: int) -> Tensor:
    return functional.interpolate(
        torch.from_numpy(pixels), size=(side, side), mode="bilinear", antialias=True, align_corners=False
    )


def assert_same(found: np.ndarray, expected: Tensor) -> None:
    assert found.dtype == np.float32 and found.shape == tuple(expected.shape)
    assert np.abs(found - expected.numpy()).max() <= TOLERANCE * float(expected.std())


@pytest.fixture(scope="module")
def exact() -> bytes:
    return export_graph(ToyTransformer(), mode="exact", channels=3, input_px=32)


@pytest.mark.parametrize("side", [7, 24, 32, 37, 64, 101])
@pytest.mark.parametrize("batch", [1, 2, 5])
def test_exact_resizes_any_patch_as_torch_does(exact: bytes, side: int, batch: int) -> None:
    pixels = noise(batch, 3, side, side)
    assert_same(run(exact, pixels), ToyTransformer().pooled(resized(pixels, 32)))


def test_the_first_node_resizes(exact: bytes) -> None:
    graph = onnx.load_from_string(exact).graph
    first = graph.node[0]
    attributes = {attribute.name: onnx.helper.get_attribute_value(attribute) for attribute in first.attribute}
    assert first.op_type == "Resize" and list(first.input)[0] == "pixels"
    assert attributes == {
        "mode": b"linear", "antialias": 1, "coordinate_transformation_mode": b"half_pixel", "axes": [2, 3],
        "exclude_outside": 1,
    }  # fmt: skip
    assert [value.name for value in graph.input] == ["pixels"]
    assert [value.name for value in graph.output] == ["vectors"]


def test_pooling_is_what_was_asked_for() -> None:
    graph = export_graph(ToyTransformer(), mode="exact", channels=3, pooling="cls-mean", input_px=32)
    pixels = noise(3, 3, 20, 20)
    expected = ToyTransformer().pooled(resized(pixels, 32), "cls-mean")
    assert expected.shape == (3, 32)
    assert_same(run(graph, pixels), expected)


@pytest.mark.parametrize("batch", [1, 2, 5])
def test_tokens_of_one_window_size(batch: int) -> None:
    graph = export_graph(ToyTransformer(channels=4), mode="tokens", channels=4, window_px=32)
    pixels = noise(batch, 4, 32, 32)
    assert_same(run(graph, pixels), ToyTransformer(channels=4).tokens(torch.from_numpy(pixels)))
    assert [value.name for value in onnx.load_from_string(graph).graph.output] == ["cells"]


def test_tokens_of_any_size_where_the_architecture_allows() -> None:
    graph = export_graph(ToyConvolutions(), mode="tokens", channels=3)
    for shape in ((1, 3, 32, 32), (2, 3, 16, 44), (5, 3, 8, 12)):
        pixels = noise(*shape)
        assert_same(run(graph, pixels), ToyConvolutions().tokens(torch.from_numpy(pixels)))


def test_dense_of_any_size() -> None:
    graph = export_graph(ToyConvolutions(), mode="dense", channels=3)
    for batch, rows, columns in ((1, 1, 1), (2, 3, 7), (5, 6, 2), (1, 20, 20)):
        pixels = noise(batch, 3, rows * 4 + 16, columns * 4 + 16)
        found = run(graph, pixels)
        assert found.shape == (batch, 16, rows, columns)
        assert_same(found, ToyConvolutions().dense(torch.from_numpy(pixels)))


def test_nothing_of_this_machine_remains(exact: bytes) -> None:
    scan_onnx(exact, where="graph")
    for note in (b"/work", b"/root", b"/home", b"site-packages", b".py", b"Traceback", b"ToyTransformer", b"toy_enc"):
        assert note not in exact
    model = onnx.load_from_string(exact)
    assert [(opset.domain, opset.version) for opset in model.opset_import] == [("", 18)]
    assert not model.functions and not model.metadata_props and not model.graph.value_info
    onnx.checker.check_model(model, full_check=True)


def test_the_same_weights_give_the_same_bytes(exact: bytes) -> None:
    again = export_graph(ToyTransformer(), mode="exact", channels=3, input_px=32)
    other = export_graph(ToyTransformer(seed=1), mode="exact", channels=3, input_px=32)
    assert hashlib.sha256(again).hexdigest() == hashlib.sha256(exact).hexdigest() != hashlib.sha256(other).hexdigest()


@pytest.mark.parametrize("mode", ["dense", "tokens", "exact"])
def test_the_older_exporter_where_the_newer_fails(mode: str, monkeypatch: pytest.MonkeyPatch) -> None:
    tried = []

    def fails(*_: object) -> None:
        tried.append(1)
        raise RuntimeError("no rule for this layer")

    monkeypatch.setattr(export, "_newer", fails)
    graph = export_graph(ToyConvolutions(), mode=mode, channels=3, window_px=32, input_px=32)
    assert tried
    for note in (b"/work", b"site-packages", b".py"):
        assert note not in graph
    pixels = noise(3, 3, 32, 32)
    toy = ToyConvolutions()
    expected = {"dense": toy.dense, "tokens": toy.tokens, "exact": toy.pooled}[mode](torch.from_numpy(pixels))
    assert_same(run(graph, pixels), expected)


class Wavering(FrozenEncoder):
    """What it says depends on a number that the exporters bake in."""

    dimension, token_px = 4, 8

    def __init__(self) -> None:
        super().__init__()
        self.calls = 0

    def features(self, pixels: Tensor) -> tuple[None, Tensor]:
        self.calls += 1
        return None, functional.avg_pool2d(pixels, 8) * float(self.calls)


def test_a_graph_that_computes_something_else_is_refused() -> None:
    with pytest.raises(EncoderError, match=r"in mode tokens \(the graph differs from torch by"):
        export_graph(Wavering().frozen(), mode="tokens", channels=3, window_px=32)


class Untraceable(ToyConvolutions):
    """Singular values: neither exporter has them."""

    def features(self, pixels: Tensor) -> tuple[None, Tensor]:
        return None, pixels[:, :, ::4, ::4] * torch.linalg.svdvals(pixels).mean()


def test_what_no_exporter_can_trace_is_said_in_a_sentence() -> None:
    with pytest.raises(EncoderError, match="cannot be exported to ONNX in mode tokens") as caught:
        export_graph(Untraceable(), mode="tokens", channels=3, window_px=32)
    assert "\n" not in str(caught.value) and "\x1b" not in str(caught.value)


def test_what_the_encoder_itself_cannot_do_is_its_own_sentence() -> None:
    with pytest.raises(EncoderError, match="no class token"):
        export_graph(ToyConvolutions(), mode="exact", channels=3, pooling="cls", input_px=32)
    with pytest.raises(EncoderError, match="sees too far for mode dense"):
        export_graph(ToyTransformer(), mode="dense", channels=3)
    with pytest.raises(EncoderError, match=r"cannot look at an image of \(2, 4, 32, 32\)"):
        export_graph(ToyConvolutions(), mode="exact", channels=4, input_px=32)


def test_weights_that_one_file_cannot_hold() -> None:
    with torch.device("meta"):
        huge = nn.Linear(2**15, 2**15, bias=False)
    encoder = ToyConvolutions()
    encoder.add_module("huge", huge)
    with pytest.raises(EncoderError, match=r"weights are 4.3 GB, and one ONNX file holds at most 2 GB"):
        export_graph(encoder, mode="dense", channels=3)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"mode": "windows"}, "no mode 'windows'"),
        ({"mode": "exact"}, "needs the side"),
        ({"mode": "tokens", "window_px": 30}, "30 pixels is no whole number of tokens of 4"),
    ],
)
def test_wrong_settings(settings: dict, words: str) -> None:
    with pytest.raises(EncoderError, match=words):
        export_graph(ToyConvolutions(), channels=3, **settings)


def test_about_a_graph_survives_json() -> None:
    about = GraphAbout(
        mode="tokens", bands=("red", "nir"), dimension=16, centre=(0.4, 0.5), spread=(0.2,), stride_px=8, input_px=32,
        window_tokens=4, drop_tokens=1, precision="int8", checkpoint_sha256="ab" * 32, fidelity={"cosine_min": 0.99},
    )  # fmt: skip
    assert GraphAbout.from_json(about.to_json()) == about
    assert GraphAbout.from_json({**about.to_json(), "later": 1}) == about
    assert repr(Graph(b"secret", about)).count("secret") == 0
    with pytest.raises(EncoderError, match="description of a graph"):
        GraphAbout.from_json({"mode": "exact"})
    with pytest.raises(EncoderError, match="description of a graph"):
        GraphAbout.from_json({**about.to_json(), "dimension": "many"})
