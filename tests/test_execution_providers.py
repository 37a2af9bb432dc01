"""What DirectML and CoreML want of a session, held against a provider that only pretends; neither was ever run."""

from __future__ import annotations

import dataclasses
import threading
from typing import Any

import numpy as np
import onnxruntime
import pytest

from botaclip.core.device import encoder_on
from botaclip.core.encoders import onnx_session
from botaclip.core.encoders.execution_providers import PROVIDERS, compiled_in, free_axes
from botaclip.core.encoders.onnx_session import OnnxEncoder, open_session
from botaclip.core.errors import DeviceError, EncoderError
from botaclip.core.progress import SILENT

from .window_encoders import exact_encoder, token_encoder

REAL = onnxruntime.InferenceSession


class Pretended:
    """A session on a provider that this machine has not: it computes on the CPU, with the same options."""

    opened: list[Pretended]
    wrong = 1.0
    refuses = ""

    def __init__(self, onnx: bytes, options: onnxruntime.SessionOptions, providers: list[str]) -> None:
        self.providers, self.options, self.shapes = providers, options, []
        if providers != ["CPUExecutionProvider"] and self.refuses:
            raise RuntimeError(self.refuses)
        self._session = REAL(onnx, options, providers=["CPUExecutionProvider"])
        self._running = threading.Lock()
        if providers != ["CPUExecutionProvider"]:
            Pretended.opened.append(self)

    def get_providers(self) -> list[str]:
        return [*self.providers, "CPUExecutionProvider"]

    def get_inputs(self) -> Any:
        return self._session.get_inputs()

    def run(self, wanted: Any, inputs: dict[str, np.ndarray]) -> list[np.ndarray]:
        made = self._session.run(wanted, inputs)
        if self.providers == ["CPUExecutionProvider"]:
            return made  # type: ignore[no-any-return]
        assert self._running.acquire(blocking=False), "two threads ran one session"
        try:
            self.shapes.append(inputs["pixels"].shape)
            return [each * self.wrong for each in made]
        finally:
            self._running.release()


@pytest.fixture(params=["directml", "coreml"])
def name(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """A device whose provider is pretended."""
    device: str = request.param
    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: [PROVIDERS[device], "CPUExecutionProvider"])
    monkeypatch.setattr(onnxruntime, "InferenceSession", Pretended)
    monkeypatch.setattr(Pretended, "opened", [], raising=False)
    return device


def on(encoder: OnnxEncoder, device: str) -> OnnxEncoder:
    return dataclasses.replace(encoder, device=device)


def test_options_are_those_the_provider_demands(name: str) -> None:
    session = open_session(exact_encoder().onnx, device=name)
    assert session.providers == [PROVIDERS[name]], "no other stands behind it that would take over unheard"
    assert session.options.enable_mem_pattern == (name != "directml")
    assert session.options.execution_mode == onnxruntime.ExecutionMode.ORT_SEQUENTIAL


def test_every_shape_has_a_session_of_its_own_in_which_no_axis_is_free(name: str) -> None:
    encoder = on(exact_encoder(), name)
    pixels = np.random.default_rng(1).random((2, 3, 32, 32), dtype=np.float32) * 255
    valid = np.ones((2, 32, 32), bool)
    made = encoder.encode(pixels, valid)
    np.testing.assert_array_equal(made, exact_encoder().encode(pixels, valid))
    encoder.encode(pixels[:1], valid[:1])
    assert [session.shapes for session in Pretended.opened] == [[(1, 3, 32, 32)] * 3], "one window at a time"
    assert Pretended.opened[0].get_inputs()[0].shape == [1, 3, 32, 32]
    encoder.encode(pixels[:, :, :16, :16], valid[:, :16, :16])
    assert [session.get_inputs()[0].shape for session in Pretended.opened] == [[1, 3, 32, 32], [1, 3, 16, 16]]
    with pytest.raises(Exception, match="(?i)invalid dimensions"):
        Pretended.opened[0]._session.run(None, {"pixels": pixels[:1, :, :16, :16]})


def test_only_so_many_shapes_are_kept(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(onnx_session, "_MOST_SHAPES", 2)
    encoder = on(exact_encoder(), name)
    for side in (16, 24, 16, 32, 16, 24):
        encoder.encode(np.ones((1, 3, side, side), np.float32), np.ones((1, side, side), bool))
    # 24 went when 32 came, being the one used longest ago, and is opened anew.
    assert [session.shapes[0][-1] for session in Pretended.opened] == [16, 24, 32, 24]


def test_blocks_of_a_map_take_turns(name: str) -> None:
    encoder = on(token_encoder(), name)
    side = encoder.window_tokens * encoder.stride_px
    pixels = np.random.default_rng(2).random((4, 3, side, side), dtype=np.float32) * 255
    valid = np.ones((4, side, side), bool)
    truth, made = token_encoder().encode(pixels, valid), {}

    def work(number: int) -> None:
        made[number] = encoder.encode(pixels, valid)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(made) == [0, 1, 2, 3]
    for values in made.values():
        np.testing.assert_array_equal(values, truth)


def test_a_provider_that_computes_something_else_is_refused(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    encoder, taken = encoder_on(name, lambda device: on(exact_encoder(), device), SILENT)
    assert taken == name and encoder.computed == f"on {name}"
    monkeypatch.setattr(Pretended, "wrong", 1.25)
    with pytest.raises(DeviceError, match=r"computes something else than the CPU \(difference 0.25\)"):
        encoder_on(name, lambda device: on(exact_encoder(), device), SILENT)
    assert encoder_on("auto", lambda device: on(exact_encoder(), device), SILENT)[1] == "cpu"


def test_a_provider_that_cannot_open_the_graph_is_one_sentence(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Pretended, "refuses", "[ONNXRuntimeError] : 1 : FAIL : no adapter was found\nat line 7")
    with pytest.raises(DeviceError, match=f"the device '{name}' cannot be used: .*no adapter was found.*Use --device"):
        encoder_on(name, lambda device: on(exact_encoder(), device), SILENT)


def test_what_is_not_compiled_in_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: ["CPUExecutionProvider"])
    assert compiled_in("cpu") and not any(map(compiled_in, ("cuda", "directml", "coreml")))
    with pytest.raises(EncoderError, match="cannot compute on 'directml' here"):
        open_session(exact_encoder().onnx, device="directml")


def test_free_axes_are_named_once() -> None:
    assert free_axes([["n", 3, "h", "w"]], [(1, 3, 8, 9)]) == {"n": 1, "h": 8, "w": 9}
    assert free_axes([["n", 3, "side", "side"]], [(2, 3, 8, 8)]) == {"n": 2, "side": 8}
    assert free_axes([["n", 3, "side", "side"]], [(2, 3, 8, 9)]) == {"n": 2}, "it would need two sizes"
    assert free_axes([[None, 3, 8, 8], ["n"]], [(1, 3, 8, 8), (4,)]) == {"n": 4}
