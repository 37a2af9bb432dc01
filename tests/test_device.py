"""A device counts only when it ran and agreed with the CPU."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from botaclip.core import device
from botaclip.core.device import check_training_device, choose_device, encoder_on
from botaclip.core.encoders import opening
from botaclip.core.encoders.encoder import Encoder
from botaclip.core.encoders.joined import JoinedEncoder
from botaclip.core.errors import DeviceError, EncoderError
from botaclip.core.progress import SILENT, Progress
from botaclip.training.option_checks import check_options
from botaclip.training.torch_device import torch_device

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


GPUS = {"directml": "DmlExecutionProvider", "coreml": "CoreMLExecutionProvider", "cuda": "CUDAExecutionProvider"}


def claims(monkeypatch: pytest.MonkeyPatch, *names: str) -> None:
    """Let onnxruntime claim to have these devices."""
    monkeypatch.setattr(
        device.onnxruntime, "get_available_providers", lambda: [*(GPUS[name] for name in names), "CPUExecutionProvider"]
    )


def on(values: dict[str, Any]) -> Callable[[str], np.ndarray]:
    """Return what computes these values on the devices named, and the truth on the CPU."""
    def compute(name: str) -> np.ndarray:
        found = values.get(name, TRUTH)
        if isinstance(found, Exception):
            raise found
        return found  # type: ignore[no-any-return]

    return compute


@pytest.mark.parametrize(
    ("claimed", "values", "taken"),
    [
        (("coreml", "directml", "cuda"), {}, "cuda"),
        (("coreml", "directml"), {}, "directml"),
        (("coreml",), {}, "coreml"),
        (("coreml", "directml", "cuda"), {"cuda": TRUTH * 2}, "directml"),
        (("coreml", "cuda"), {"cuda": EncoderError("no driver")}, "coreml"),
    ],
)
def test_auto_takes_cuda_then_directml_then_coreml(
    monkeypatch: pytest.MonkeyPatch, claimed: tuple[str, ...], values: dict[str, Any], taken: str
) -> None:
    claims(monkeypatch, *claimed)
    name, said = chosen("auto", on(values))
    assert name == taken and said == [("info", f"Computing on {taken}: it ran a tile and agreed with the CPU to 0.")]


def test_auto_that_falls_back_names_every_device_that_was_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    claims(monkeypatch, "coreml", "directml")
    monkeypatch.setattr(device, "nvidia_gpu", lambda: False)
    name, said = chosen("auto", on({"directml": TRUTH * 3, "coreml": RuntimeError("no such operator")}))
    assert name == "cpu" and said == [(
        "warning",
        "Computing on the CPU; directml cannot be used: it computes something else than the CPU (difference 2); "
        "coreml cannot be used: it failed: no such operator.",
    )]  # fmt: skip


@pytest.mark.parametrize("name", ["directml", "coreml"])
def test_a_device_named_and_not_had_is_one_sentence(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    claims(monkeypatch)
    with pytest.raises(DeviceError, match=f"the device '{name}' cannot be used: .* has no {name}. Use --device cpu"):
        chosen(name, on({}))
    claims(monkeypatch, name)
    with pytest.raises(DeviceError, match=r"something else than the CPU \(difference 0.5\). Use --device cpu"):
        chosen(name, on({name: TRUTH * 1.5}))
    with pytest.raises(DeviceError, match=r"something else than the CPU \(difference inf\)"):
        chosen(name, on({name: TRUTH[:1]}))
    assert chosen(name, on({name: TRUTH}))[0] == name


@pytest.mark.parametrize("name", ["directml", "coreml"])
def test_training_refuses_what_torch_cannot_use(name: str) -> None:
    with pytest.raises(DeviceError, match=f"training on {name} is not possible: torch trains on the CPU or on an NV"):
        check_training_device(name)
    with pytest.raises(DeviceError, match=f"training on {name} is not possible"):
        torch_device(name, SILENT)
    with pytest.raises(DeviceError, match=f"training on {name} is not possible"):
        check_options({"device": name})
    for one in ("auto", "cpu", "cuda"):
        check_training_device(one)
