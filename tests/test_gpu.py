"""Window encoders move to the GPU where torch has one; a CPU stands in for it here."""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from botaclip.core.commands import ENCODERS
from botaclip.core.encoder_actions import encoders
from botaclip.core.encoders import gpu, opening
from botaclip.core.encoders.encoder import Encoder
from botaclip.core.encoders.export import export_graph
from botaclip.core.encoders.fidelity import cosine
from botaclip.core.encoders.gpu import on_gpu
from botaclip.core.encoders.joined import JoinedEncoder
from botaclip.core.encoders.onnx_session import OnnxEncoder
from botaclip.core.encoders.record_json import record_to_json
from botaclip.core.encoders.registry import RECORDS
from botaclip.core.encoders.spec import EncoderSpec
from botaclip.core.encoders.torch_encoder import TorchEncoder
from botaclip.core.errors import DeviceError, EncoderError
from botaclip.core.options import parse_parameters
from botaclip.core.progress import SILENT, Progress

from .conftest import ROOT
from .encoder_files import made_up, shapes_of
from .toy_encoders import ToyConvolutions

RGB = ("red", "green", "blue")
NAME = "dinov3-tiny"


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A store with a small DINOv3."""
    folder = tmp_path_factory.mktemp("gpu")
    record = dataclasses.replace(
        RECORDS["dinov3-vits16"], id=NAME, file=f"{NAME}.safetensors", url="", revision="", sha256="",
        sha256_prefix="", variant={"width": 64, "depth": 2, "heads": 1}, input_px=64, window_px=96, drop_tokens=1,
        dimension=64,
    )  # fmt: skip
    (folder / "record.json").write_text(json.dumps(record_to_json(record)), encoding="utf-8")
    save_file(made_up(shapes_of(record)), folder / f"{NAME}.safetensors")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BOTACLIP_ENCODERS", str(folder / "store"))
        given, _ = parse_parameters(ENCODERS, dict(
            action="import", encoder=NAME, record=str(folder / "record.json"), file=str(folder / f"{NAME}.safetensors"),
            accept_licence=True,
        ))  # fmt: skip
        encoders(given, SILENT)
        yield folder / "store"


def opened(names: str, mode: str = "auto") -> Encoder:
    specs = EncoderSpec.parse(names, mode=mode)
    return opening.open_encoder(specs, roles=RGB, value_range=(0.0, 255.0), threads=1)


@pytest.fixture(scope="module")
def exact(store: Path) -> OnnxEncoder:
    found = opened(NAME)
    assert isinstance(found, OnnxEncoder) and found.kind == "exact"
    return found


def tiles(side: int, count: int = 3) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(2)
    return (random.random((count, 3, side, side)) * 255).astype(np.float32), np.ones((count, side, side), bool)


def lowest_cosine(one: Encoder, other: Encoder, side: int) -> float:
    made = [encoder.encode(*tiles(side)) for encoder in (one, other)]
    assert made[0].shape == made[1].shape and not np.array_equal(made[0], made[1])
    return float(cosine(*(np.moveaxis(part, 1, -1).reshape(-1, part.shape[1]) for part in made)).min())


def said() -> tuple[list[tuple[str, str]], Progress]:
    lines: list[tuple[str, str]] = []
    return lines, Progress(log=lambda level, message: lines.append((level, message)))


def test_a_network_moves_and_keeps_its_vectors(exact: OnnxEncoder) -> None:
    lines, progress = said()
    found = on_gpu(exact, "auto", progress, device="cpu")
    assert isinstance(found, TorchEncoder) and found.device == "cpu" and found.sha256 == exact.sha256
    assert lowest_cosine(exact, found, 70) >= 0.999
    assert [level for level, _ in lines] == ["info"] and f"{NAME} runs in" in lines[0][1]
    assert (exact.computed, found.computed) == ("", f"in {found.autocast or 'float32'} on cpu")


def test_tokens_move_and_keep_their_vectors(store: Path) -> None:
    encoder = opened(NAME, "tokens")
    found = on_gpu(encoder, "cuda", device="cpu")
    assert isinstance(found, TorchEncoder) and found.kind == "tokens"
    assert lowest_cosine(encoder, found, 96) >= 0.999


def test_of_several_only_networks_move(exact: OnnxEncoder) -> None:
    small = opened("colour-texture")
    found = on_gpu(JoinedEncoder((small, exact)), "auto", device="cpu")
    assert isinstance(found, JoinedEncoder)
    assert found.parts[0] is small and isinstance(found.parts[1], TorchEncoder)
    assert found.computed == f"{found.parts[1].computed} ({NAME})"
    assert JoinedEncoder((small, exact)).computed == ""
    assert JoinedEncoder((found.parts[1], found.parts[1])).computed == found.parts[1].computed


def test_dense_networks_move_too(exact: OnnxEncoder, monkeypatch: pytest.MonkeyPatch) -> None:
    module = ToyConvolutions()
    dense = OnnxEncoder(
        id=NAME, onnx=export_graph(module, mode="dense", channels=3, window_px=32, input_px=32), bands=RGB,
        value_range=(0.0, 255.0), dimension=module.dimension, stride_px=module.token_px, margin_px=module.margin_px,
        centre=0.5, spread=0.2, licence="none", citation="none", threads=1, checkpoint_sha256=exact.checkpoint_sha256,
    )  # fmt: skip
    monkeypatch.setattr(gpu, "built", lambda installed, settings: module if settings.mode == "dense" else None)
    found = on_gpu(dense, "cuda", device="cpu")
    assert isinstance(found, TorchEncoder) and found.kind == "dense"
    assert lowest_cosine(dense, found, 6 * module.token_px + 2 * module.margin_px) >= 0.999


def test_where_nothing_is_to_be_moved(exact: OnnxEncoder, monkeypatch: pytest.MonkeyPatch) -> None:
    assert on_gpu(exact, "cpu", device="cpu") is None
    assert on_gpu(dataclasses.replace(exact, precision="int8"), "cuda", device="cpu") is None
    assert on_gpu(dataclasses.replace(exact, id="dinov3-elsewhere"), "cuda", device="cpu") is None
    assert on_gpu(dataclasses.replace(exact, checkpoint_sha256="0" * 64), "cuda", device="cpu") is None
    with monkeypatch.context() as patch:
        patch.setattr(gpu, "_torch_has", lambda device: False)
        assert on_gpu(exact, "cuda", device="cpu") is None
    monkeypatch.setattr(gpu, "_served_by_onnxruntime", lambda: True)
    assert on_gpu(exact, "cuda", device="cpu") is None


def _wrong_checkpoint(*_: object) -> None:
    raise EncoderError("the checkpoint does not fit")


def _no_kernel(*_: object) -> None:
    raise RuntimeError("no kernel image is available\nfor execution on the device")


@pytest.mark.parametrize(("fails", "why"), [(_wrong_checkpoint, "the checkpoint does not fit"),
                                            (_no_kernel, "no kernel image is available")])  # fmt: skip
def test_a_network_that_fails_there(
    exact: OnnxEncoder, fails: object, why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """``auto`` says so and stays; ``cuda`` is what was asked for, so it ends there."""
    monkeypatch.setattr(gpu, "built", fails)
    lines, progress = said()
    assert on_gpu(exact, "auto", progress, device="cpu") is None
    assert lines == [("warning", f"{NAME} runs on the CPU; on the GPU {why}.")]
    with pytest.raises(DeviceError, match=rf"{NAME} cannot run on the GPU: {why}.*use --device cpu|Use --device cpu"):
        on_gpu(exact, "cuda", progress, device="cpu")
    assert len(lines) == 1


def test_another_network_than_the_graphs_is_not_used(exact: OnnxEncoder, monkeypatch: pytest.MonkeyPatch) -> None:
    real = gpu.built

    def other(*given: object) -> object:
        module = real(*given)  # type: ignore[arg-type]
        module.network.norm.weight.neg_()  # type: ignore[operator,union-attr]
        module.network.norm.bias.add_(3)  # type: ignore[operator,union-attr]
        return module

    monkeypatch.setattr(gpu, "built", other)
    with pytest.raises(DeviceError, match="computes something else than on the CPU"):
        on_gpu(exact, "cuda", device="cpu")


def test_built_in_encoders_leave_torch_alone() -> None:
    script = (
        "import sys\n"
        "sys.path.insert(0, sys.argv[1])\n"
        "import tests.conftest\n"
        "from botaclip.core.encoders import opening\n"
        "from botaclip.core.encoders.gpu import on_gpu\n"
        "for name in ('random-conv', 'colour-texture'):\n"
        "    encoder = opening.get(name, bands=('red', 'green', 'blue'), value_range=(0.0, 255.0), threads=1)\n"
        "    for requested in ('auto', 'cuda', 'cpu'):\n"
        "        assert on_gpu(encoder, requested) is None\n"
        "print(sorted({'torch', 'timm', 'torchvision'} & set(sys.modules)))\n"
    )
    done = subprocess.run([sys.executable, "-c", script, str(ROOT)], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
