"""What was asked for or an error; auto says where it runs and why."""

from __future__ import annotations

import pytest
import torch

from botaclip.core.errors import DeviceError
from botaclip.core.progress import Progress
from botaclip.training.torch_device import torch_device, torch_threads


class Said:
    def __init__(self) -> None:
        self.lines: list[str] = []
        self.progress = Progress(None, lambda level, message: self.lines.append(message))


@pytest.fixture
def no_cuda(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.version, "cuda", "12.4")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)


def test_cpu_is_cpu() -> None:
    said = Said()
    assert torch_device("cpu", said.progress) == "cpu"
    assert said.lines == ["Training runs on the CPU."]


def test_auto_falls_back_and_says_why(no_cuda: None) -> None:
    said = Said()
    assert torch_device("auto", said.progress) == "cpu"
    assert said.lines == ["Training runs on the CPU (no usable NVIDIA GPU was found)."]


def test_cuda_that_is_not_there_is_an_error(no_cuda: None) -> None:
    with pytest.raises(DeviceError, match="no usable NVIDIA GPU was found.*--device cpu or auto"):
        torch_device("cuda", Said().progress)


def test_a_build_without_cuda_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.version, "cuda", None)
    with pytest.raises(DeviceError, match="this build of torch is for the CPU"):
        torch_device("cuda", Said().progress)


@pytest.mark.parametrize(("error", "taken"), [(0.0, "cuda"), (3.0, "cpu")])
def test_a_gpu_is_taken_only_when_it_computes_what_the_cpu_does(
    monkeypatch: pytest.MonkeyPatch, error: float, taken: str
) -> None:
    monkeypatch.setattr(torch.version, "cuda", "12.4")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda number: "a GPU of the test")
    monkeypatch.setattr(torch.Tensor, "cuda", lambda self: self + error)
    said = Said()
    assert torch_device("auto", said.progress) == taken
    expected = "a GPU of the test" if taken == "cuda" else "the GPU's result differs from the CPU's"
    assert expected in said.lines[0]


def test_threads_are_given_back_after_an_error() -> None:
    before = torch.get_num_threads()
    with pytest.raises(ValueError, match="inside"), torch_threads(1):
        assert torch.get_num_threads() == 1
        raise ValueError("inside")
    assert torch.get_num_threads() == before
