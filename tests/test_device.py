"""A device counts only when it ran and agreed with the CPU."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from botaclip.core import device
from botaclip.core.device import Trial, choose_device, devices, encoder_on, try_device
from botaclip.core.encoders import opening
from botaclip.core.encoders.encoder import Encoder
from botaclip.core.encoders.joined import JoinedEncoder
from botaclip.core.errors import DeviceError, EncoderError
from botaclip.core.onnx_scan import scan_onnx
from botaclip.core.progress import SILENT, Progress

from .window_encoders import exact_encoder, token_encoder

TRUTH = np.array([1.0, -4.0], np.float32)


@pytest.fixture()
def with_cuda(monkeypatch: pytest.MonkeyPatch) -> None:
    """An onnxruntime that claims to have CUDA."""
    monkeypatch.setattr(
        device.onnxruntime, "get_available_providers", lambda: ["CUDAExecutionProvider", "CPUExecutionProvider"]
    )


def gpu(values: Any) -> Callable[[str], np.ndarray]:
    def compute(name: str) -> np.ndarray:
        if name == "cuda" and isinstance(values, Exception):
            raise values
        return values if name == "cuda" else TRUTH

    return compute


def chosen(requested: str, compute: Callable[[str], np.ndarray]) -> tuple[str, list[tuple[str, str]]]:
    said: list[tuple[str, str]] = []
    return choose_device(requested, compute, Progress(log=lambda *line: said.append(line))), said


def test_the_probe_is_what_it_claims_to_be() -> None:
    weights = (((np.arange(4 * 3 * 9) * 37) % 19 - 9) / 16).astype(np.float32).reshape(4, 3, 3, 3)
    info = helper.make_tensor_value_info
    graph = helper.make_graph(
        [helper.make_node("Conv", ["pixels", "w"], ["c"]), helper.make_node("Relu", ["c"], ["cells"])], "probe",
        [info("pixels", TensorProto.FLOAT, ["n", 3, "h", "w"])], [info("cells", TensorProto.FLOAT, ["n", 4, "y", "x"])],
        [numpy_helper.from_array(weights, "w")],
    )
    probe = onnx.load_model_from_string(base64.b64decode(device._PROBE))
    assert probe.graph == graph
    scan_onnx(base64.b64decode(device._PROBE), where="probe")


@pytest.mark.usefixtures("with_cuda")
def test_a_gpu_that_agrees() -> None:
    name, said = chosen("auto", gpu(TRUTH * 1.0001))
    assert name == "cuda" and said == [("info", "Computing on cuda: it ran a tile and agreed with the CPU to 0.0001.")]


@pytest.mark.usefixtures("with_cuda")
@pytest.mark.parametrize(
    ("values", "words"),
    [
        (TRUTH * 1.1, "something else than the CPU (difference 0.1)"),
        (TRUTH * np.nan, "something else than the CPU (difference nan)"),
        (EncoderError("no driver"), "no driver"),
        (RuntimeError("out of memory\nat line 5"), "it failed: out of memory"),
    ],
)
def test_a_gpu_that_does_not(monkeypatch: pytest.MonkeyPatch, values: Any, words: str) -> None:
    monkeypatch.setattr(device, "nvidia_gpu", lambda: True)
    name, said = chosen("auto", gpu(values))
    assert name == "cpu"
    assert said[0][0] == "warning" and words in said[0][1]
    with pytest.raises(DeviceError, match="'cuda' cannot be used"):
        chosen("cuda", gpu(values))


def test_a_machine_without_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(device.onnxruntime, "get_available_providers", lambda: ["CPUExecutionProvider"])
    monkeypatch.setattr(device, "nvidia_gpu", lambda: False)
    name, said = chosen("auto", gpu(TRUTH))
    assert name == "cpu" and [level for level, _ in said] == ["info"]
    assert chosen("cpu", gpu(TRUTH))[0] == "cpu"
    with pytest.raises(DeviceError, match="has no cuda"):
        chosen("cuda", gpu(TRUTH))


def test_encoder_on_the_cpu() -> None:
    def make(name: str) -> Encoder:
        return opening.get("random-conv", bands=("red", "green"), value_range=(0, 255), device=name)

    encoder, name = encoder_on("cpu", make, SILENT)
    assert name == "cpu" and encoder.bands == ("red", "green")


@pytest.mark.parametrize(
    "encoder", [token_encoder(), exact_encoder(), JoinedEncoder((exact_encoder(), token_encoder()))]
)
def test_every_kind_of_encoder_is_tried(encoder: Encoder) -> None:
    asked: list[str] = []
    tried, name = encoder_on("cpu", lambda device: asked.append(device) or encoder, SILENT)
    assert name == "cpu" and tried is encoder and asked == ["cpu"]
    tile = device._one_tile(encoder)
    assert tile.size == {"tokens": 6 * 9, "exact": 6, "joined": 6 + 6 * 9}[encoder.kind]
    assert np.isfinite(tile).all() and np.abs(tile).max() > 0


def test_devices_job(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(device.onnxruntime, "get_available_providers", lambda: ["CPUExecutionProvider"])
    found = devices({"json": True}, SILENT)
    assert [entry["works"] for entry in found["devices"]] == [True, False] and found["auto"] == "cpu"
    assert "print" not in found
    assert devices({"json": False}, SILENT)["print"][-1] == "auto takes cpu"
    assert try_device("cpu", device._probe) == Trial("cpu", True, 0.0, "it ran a tile")
