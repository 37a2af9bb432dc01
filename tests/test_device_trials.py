"""``botaclip devices``: a real tile on every device, how long it takes, and what a map of a raster would take."""

from __future__ import annotations

import base64
import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
import rasterio
from onnx import TensorProto, helper, numpy_helper
from tests.model_fixture import SPECIES, write_model, write_raster
from tests.window_encoders import exact_encoder, token_encoder

from botaclip.core import device_trials
from botaclip.core.commands import DEVICES, SUITABILITY
from botaclip.core.device import Trial, try_device
from botaclip.core.device_trials import Tile, devices, try_encoder, working_side
from botaclip.core.encoders import opening
from botaclip.core.encoders.encoder import Encoder
from botaclip.core.encoders.joined import JoinedEncoder
from botaclip.core.errors import EncoderError, ModelFileError, OptionError, RasterError
from botaclip.core.onnx_scan import scan_onnx
from botaclip.core.options import parse_parameters
from botaclip.core.progress import SILENT
from botaclip.core.suitability import suitability


@pytest.fixture(autouse=True)
def only_the_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: ["CPUExecutionProvider"])


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("devices")
    write_model(folder / "m.botaclip", write_raster(folder / "r.tif"))
    return folder


def asked(**given: Any) -> dict[str, Any]:
    return devices(parse_parameters(DEVICES, given)[0], SILENT)


def test_the_probe_is_what_it_claims_to_be() -> None:
    weights = (((np.arange(4 * 3 * 9) * 37) % 19 - 9) / 16).astype(np.float32).reshape(4, 3, 3, 3)
    info = helper.make_tensor_value_info
    graph = helper.make_graph(
        [helper.make_node("Conv", ["pixels", "w"], ["c"]), helper.make_node("Relu", ["c"], ["cells"])], "probe",
        [info("pixels", TensorProto.FLOAT, ["n", 3, "h", "w"])], [info("cells", TensorProto.FLOAT, ["n", 4, "y", "x"])],
        [numpy_helper.from_array(weights, "w")],
    )
    probe = onnx.load_model_from_string(base64.b64decode(device_trials._PROBE))
    assert probe.graph == graph
    scan_onnx(base64.b64decode(device_trials._PROBE), where="probe")
    assert try_device("cpu", device_trials._probe) == Trial("cpu", True, 0.0, "it ran a tile")


def test_without_model_and_raster_the_bundled_one_looks_at_noise() -> None:
    found = asked(json=True)
    cpu, cuda = found["devices"]
    assert (cpu["name"], cpu["works"], cpu["difference"]) == ("cpu", True, 0.0)
    assert (cuda["name"], cuda["works"], cuda["difference"], cuda["ms_per_tile"]) == ("cuda", False, None, None)
    assert "has no cuda" in cuda["words"] and "estimate" not in cpu
    # 12 cells of 10 pixels and a margin of 4 on each side: what a map computes at once.
    assert cpu["tile_px"] == 128 and cpu["ms_per_tile"] > 0
    assert (found["auto"], found["encoder"], found["tile"]) == ("cpu", "random-conv", "noise")
    assert "print" not in found
    lines = asked()["print"]
    assert lines[0].startswith("cpu  works  it ran a tile: ")
    assert lines[0].endswith(" ms for a tile of 128 x 128 pixels")
    assert lines[1].startswith("cuda no ") and lines[-1] == "auto takes cpu"


def test_without_any_model_a_built_in_graph_is_tried(monkeypatch: pytest.MonkeyPatch, place: Path) -> None:
    monkeypatch.setattr(device_trials, "BUNDLED", Path("/nowhere"))
    found = asked(json=True)
    assert [entry["works"] for entry in found["devices"]] == [True, False]
    assert found["model"] is None and found["devices"][0]["words"] == "it ran a tile"
    with pytest.raises(OptionError, match="Name one with --model"):
        asked(raster=str(place / "r.tif"))


def test_with_a_raster_a_map_is_estimated(place: Path, tmp_path: Path) -> None:
    given = {"model": str(place / "m.botaclip"), "raster": str(place / "r.tif")}
    found = asked(**given)
    made = found["devices"][0]["estimate"]
    assert found["tile"] == "raster" and found["devices"][1]["estimate"] is None
    output = tmp_path / "s.tif"
    suitability(parse_parameters(SUITABILITY, given | {"output": str(output), "device": "cpu"})[0], SILENT)


    with rasterio.open(output) as dataset:
        assert made["pixels"] == dataset.width * dataset.height
        assert made["disk_bytes"] == made["pixels"] * len(SPECIES) * 4 and dataset.count == len(SPECIES)
    assert made["seconds"] > 0 and made["cells"] > made["pixels"]
    assert found["print"][1].strip() == f"suitability map of r.tif: {made['words']}"


def test_the_tile_is_one_with_image_data(place: Path) -> None:
    parameters = parse_parameters(DEVICES, {"raster": str(place / "r.tif")})[0]
    model = device_trials.Model.open(place / "m.botaclip")
    with device_trials._raster_tile(model, parameters, SILENT) as tile:
        pixels, valid = tile.window(model.encoder("cpu"), 128)
        assert tile.source == "raster" and pixels.shape == (1, 3, 128, 128) and valid.all() and pixels.min() >= 1
        assert tile.window(model.encoder("cpu"), 128)[0] is pixels, "the same for every device"


@pytest.mark.parametrize(
    ("encoder", "side"),
    [(token_encoder(), 0), (exact_encoder(), 0), (JoinedEncoder((exact_encoder(), token_encoder())), 0)],
)
def test_every_kind_of_encoder_is_timed(encoder: Encoder, side: int) -> None:
    trial = try_encoder("cpu", lambda device: encoder, Tile())
    first = encoder.parts[0] if isinstance(encoder, JoinedEncoder) else encoder
    assert trial.works and trial.tile_px == working_side(first) and (trial.ms_per_tile or 0) > 0


class Doubled:
    """An encoder on a device that gets everything wrong by a factor."""

    def __init__(self, encoder: Encoder, factor: float) -> None:
        self._encoder, self._factor = encoder, factor

    def __getattr__(self, name: str) -> Any:
        return getattr(self._encoder, name)

    def encode(self, pixels: np.ndarray, valid: np.ndarray) -> np.ndarray:
        if self._factor == 0:
            raise EncoderError("the driver is too old")
        return self._encoder.encode(pixels, valid) * self._factor


@pytest.mark.parametrize(
    ("factor", "works", "difference", "words"),
    [
        (1.001, True, 0.001, "it ran a tile and agreed with the CPU to 0.001: "),
        (1.5, False, 0.5, "it computes something else than the CPU (difference 0.5)"),
        (0, False, None, "the driver is too old"),
    ],
)
def test_a_device_is_held_against_the_cpu(
    monkeypatch: pytest.MonkeyPatch, factor: float, works: bool, difference: float | None, words: str
) -> None:
    monkeypatch.setattr(
        onnxruntime, "get_available_providers", lambda: ["DmlExecutionProvider", "CPUExecutionProvider"]
    )
    plain = opening.get("random-conv", bands=("red", "green"), value_range=(0, 255))
    trial = try_encoder("directml", lambda name: plain if name == "cpu" else Doubled(plain, factor), Tile())  # type: ignore[arg-type,return-value]
    assert (trial.works, trial.words.startswith(words)) == (works, True)
    assert trial.difference == (None if difference is None else pytest.approx(difference, rel=1e-2))
    assert (trial.ms_per_tile is None) == (not works)


def test_a_device_that_fails_on_the_map_does_not_count(monkeypatch: pytest.MonkeyPatch, place: Path) -> None:
    def fails(*_: Any) -> None:
        raise EncoderError("the window is too large")

    monkeypatch.setattr(device_trials, "_estimate", fails)
    found = asked(model=str(place / "m.botaclip"), raster=str(place / "r.tif"), json=True)
    assert not found["devices"][0]["works"] and found["devices"][0]["estimate"] is None
    assert found["devices"][0]["words"] == "a tile ran, a piece of the map did not: the window is too large"


def test_what_cannot_be_opened_is_said(place: Path, tmp_path: Path) -> None:
    (tmp_path / "m.botaclip").write_bytes(b"no model")
    with pytest.raises(ModelFileError):
        asked(model=str(tmp_path / "m.botaclip"))
    with pytest.raises(RasterError):
        asked(model=str(place / "m.botaclip"), raster=str(tmp_path / "none.tif"))


def test_devices_that_onnxruntime_has_are_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        onnxruntime, "get_available_providers", lambda: ["CoreMLExecutionProvider", "CPUExecutionProvider"]
    )
    assert device_trials._listed() == ["cpu", "cuda", "coreml"]
    assert dataclasses.asdict(Trial("cpu", True, 0.0, "w"))["tile_px"] is None
