"""Somebody else's ONNX file gives the vectors that its own runtime call gives, through our ends."""

from __future__ import annotations

import dataclasses
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor, nn
from torch.nn import functional

from botaclip.core.encoders.foreign_onnx import adopt, graph_of_file, read_foreign
from botaclip.core.encoders.onnx_session import open_session
from botaclip.core.encoders.record_json import record_from_json, record_to_json
from botaclip.core.encoders.settings import Settings
from botaclip.core.encoders.store import Installed
from botaclip.core.errors import EncoderError
from botaclip.core.onnx_scan import scan_onnx

RGB = ("red", "green", "blue")
RAW = {"mean": [0.0], "std": [1.0]}


class Network(nn.Module):
    """A small encoder with every kind of output that is met."""

    def __init__(self, gives: str, last: bool = False) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.gives, self.last = gives, last
        self.first, self.second = nn.Conv2d(3, 8, 4, 4), nn.Conv2d(8, 12, 2, 2)
        self.head, self.up = nn.Linear(12, 5), nn.Conv2d(12, 4, 1)

    def forward(self, x: Tensor) -> Any:
        x = x.float() / 255
        x = x.permute(0, 3, 1, 2) if self.last else x
        cells = self.second(functional.relu(self.first(x)))
        tokens = cells.flatten(2).transpose(1, 2)
        return {
            "map": cells, "map last": cells.permute(0, 2, 3, 1), "tokens": tokens, "vector": cells.mean((2, 3)),
            "two": (cells.mean((2, 3)), cells), "ones": cells.mean((2, 3), keepdim=True),
            "joined": torch.cat([cells.mean((2, 3)), torch.ones(1, 2)], 1) if self.gives == "joined" else None,
            "reshaped": self.head(cells.mean((2, 3)).reshape(1, 12)) if self.gives == "reshaped" else None,
            "scores": functional.interpolate(self.up(cells), scale_factor=8.0, mode="nearest"),
            "classes": self.up(cells).argmax(1, keepdim=True), "single": cells.mean(),
        }[self.gives]  # fmt: skip


def write(
    folder: Path, gives: str, *, side: int = 32, free: bool = True, any_size: bool = False, last: bool = False,
    dtype: torch.dtype = torch.float32, opset: int = 17, notes: dict[str, Any] | None = None, name: str = "net.onnx",
) -> Path:  # fmt: skip
    image = torch.zeros((1, side, side, 3) if last else (1, 3, side, side), dtype=dtype)
    axes = {"image": {**({0: "n"} if free else {}), **({2: "h", 3: "w"} if any_size else {})}}
    outputs = ["out", "deep"] if gives == "two" else ["out"]
    file = io.BytesIO()
    torch.onnx.export(
        Network(gives, last).eval(), (image,), file, dynamo=False, opset_version=opset, input_names=["image"],
        output_names=outputs, dynamic_axes=axes if axes["image"] else None,
    )  # fmt: skip
    model = onnx.load_from_string(file.getvalue())
    for key, value in (notes or {}).items():
        model.metadata_props.add(key=key, value=value if isinstance(value, str) else json.dumps(value))
    path = folder / name
    path.write_bytes(model.SerializeToString())
    return path


def image(batch: int = 1, side: int = 32) -> np.ndarray:
    return np.random.default_rng(1).integers(0, 256, (batch, 3, side, side)).astype(np.float32)


def expected(gives: str, pixels: np.ndarray) -> np.ndarray:
    with torch.no_grad():
        return Network(gives).eval()(torch.from_numpy(pixels)).numpy()


def run(graph: bytes, pixels: np.ndarray) -> np.ndarray:
    scan_onnx(graph, where="graph")
    session = open_session(graph, threads=1)
    assert [value.name for value in session.get_inputs()] == ["pixels"]
    return session.run(None, {"pixels": pixels})[0]


@pytest.mark.parametrize("gives", ["map", "map last", "tokens", "vector", "ones"])
@pytest.mark.parametrize("batch", [1, 3])
def test_every_output_becomes_a_vector(gives: str, batch: int, tmp_path: Path) -> None:
    graph, record, about = adopt(write(tmp_path, gives), bands=RGB, **RAW)
    pixels = image(batch)
    assert np.allclose(run(graph, pixels), expected("vector", pixels), atol=1e-5)
    assert (about.mode, about.dimension, about.input_px, about.pooling) == ("exact", 12, 32, "mean")
    assert (about.centre, about.spread) == ((0.0,) * 3, (1 / 255,) * 3)
    assert record.modes == (("exact", "tokens") if gives.startswith("map") else ("exact",))
    assert record.architecture == "onnx" and record.dimension == 12 and record.id == "net"
    assert record_from_json(json.loads(json.dumps(record_to_json(record)))) == record


def test_any_patch_is_resized(tmp_path: Path) -> None:
    graph, _, _ = adopt(write(tmp_path, "vector"), bands=RGB, **RAW)
    for side in (20, 57):
        pixels = image(2, side)
        resized = functional.interpolate(
            torch.from_numpy(pixels), size=(32, 32), mode="bilinear", antialias=True, align_corners=False
        )
        assert np.allclose(run(graph, pixels), expected("vector", resized.numpy()), atol=1e-4)


@pytest.mark.parametrize("gives", ["map", "map last"])
def test_a_map_gives_tokens(gives: str, tmp_path: Path) -> None:
    graph, record, about = adopt(write(tmp_path, gives), bands=RGB, mode="tokens", **RAW)
    pixels = image(2)
    assert np.allclose(run(graph, pixels), expected("map", pixels), atol=1e-5)
    assert (about.stride_px, about.window_tokens, about.drop_tokens, about.input_px) == (8, 4, 1, 32)
    assert (record.token_px, record.window_px) == (8, 32)


def test_channels_last_and_eight_bits(tmp_path: Path) -> None:
    path = write(tmp_path, "vector", last=True, dtype=torch.uint8)
    graph, record, about = adopt(path, bands=RGB)
    pixels = image(2)
    assert np.allclose(run(graph, pixels), expected("vector", pixels), atol=1e-5)
    # What lies between or beyond whole numbers is brought to them.
    assert np.allclose(run(graph, pixels + 0.3), expected("vector", pixels), atol=1e-5)
    assert np.allclose(run(graph, pixels * 0 + 300), expected("vector", pixels * 0 + 255), atol=1e-5)
    assert record.variant["layout"] == "nhwc" and about.spread == (1 / 255,) * 3


def test_a_batch_of_one_is_made_free(tmp_path: Path) -> None:
    path = write(tmp_path, "reshaped", free=False)
    assert read_foreign(path).inputs[0].shape == (1, 3, 32, 32)
    graph, record, _ = adopt(path, bands=RGB, **RAW)
    pixels = image(3)
    found = run(graph, pixels)
    with torch.no_grad():
        cells = Network("vector").eval()(torch.from_numpy(pixels))
        assert np.allclose(found, Network("vector").head(cells).numpy(), atol=1e-5)
    assert "one image" not in record.notes


def test_a_batch_that_cannot_be_freed_stays_one_and_is_said(tmp_path: Path) -> None:
    graph, record, _ = adopt(write(tmp_path, "joined", free=False), bands=RGB, **RAW)
    pixels = image(1, 20)
    assert run(graph, pixels).shape == (1, 14) and record.notes == "It takes one image at a time."
    assert open_session(graph).get_inputs()[0].shape[0] == 1
    plain = image(1)
    assert np.allclose(run(graph, plain)[:, :12], expected("vector", plain), atol=1e-5)


def test_an_inner_value_is_the_output_and_the_rest_is_left_out(tmp_path: Path) -> None:
    path = write(tmp_path, "scores", notes={"model_type": "Segmentor", "resolution": 50})
    foreign = read_foreign(path)
    relu = next(node.output[0] for node in onnx.load(path).graph.node if node.op_type == "Relu")
    assert relu in foreign.inner
    graph, record, about = adopt(path, output_name=relu, mode="tokens")
    assert about.dimension == 8 and record.token_px == 4 and record.notes == ""
    assert "up.weight" not in {tensor.name for tensor in onnx.load_from_string(graph).graph.initializer}
    pixels = image(2)
    with torch.no_grad():
        wanted = functional.relu(Network("map").first(torch.from_numpy(pixels) / 255)).numpy()
    assert np.allclose(run(graph, pixels), wanted, atol=1e-5)


def test_what_deepness_notes_is_read(tmp_path: Path) -> None:
    notes = {
        "model_type": "Segmentor", "class_names": {"0": "a", "1": "b"}, "resolution": 20, "tile_size": 32,
        "standardization_mean": [0.485, 0.456, 0.406], "standardization_std": [0.229, 0.224, 0.225],
    }  # fmt: skip
    path = write(tmp_path, "scores", any_size=True, notes=notes)
    foreign = read_foreign(path)
    assert foreign.model_type == "Segmentor" and foreign.note("tile_size") == 32
    _, record, about = adopt(path)
    assert record.bands == RGB and record.gsd_m == (0.2, 0.2) and record.input_px == 32
    assert record.mean["red"] == pytest.approx(0.485 * 255) and record.std["blue"] == pytest.approx(0.225 * 255)
    assert about.centre == pytest.approx((0.485, 0.456, 0.406)) and about.spread == pytest.approx((0.229, 0.224, 0.225))
    assert record.modes == ("exact",)  # a cell of its map is one pixel
    assert "class scores are the vector" in record.notes


def test_deepness_without_standardisation_is_0_to_1(tmp_path: Path) -> None:
    _, record, about = adopt(write(tmp_path, "map", notes={"model_type": "Regressor"}))
    assert record.std == dict.fromkeys(RGB, 255.0) and (about.centre, about.spread) == ((0.0,) * 3, (1.0,) * 3)


def test_plain_notes_are_read(tmp_path: Path) -> None:
    notes = {"bands": "nir, red, green", "mean": "0.5", "std": [0.25, 0.25, 0.5], "value_range": [0, 2]}
    _, record, about = adopt(write(tmp_path, "map", notes=notes))
    assert record.bands == ("nir", "red", "green") and record.value_range == (0.0, 2.0)
    assert about.centre == (0.25,) * 3 and about.spread == (0.125, 0.125, 0.25)


@pytest.mark.parametrize(
    ("gives", "settings", "words"),
    [
        ("two", {}, r"2 outputs: out float32 .*; deep float32 .* Name one with --output-name"),
        ("map", {"output_name": "nothing"}, r"no output or inner value 'nothing'; outputs: out .*last values"),
        ("map", {"input_name": "x"}, r"no input 'x'; found: image float32 \(any, 3, 32, 32\)"),
        ("map", {"bands": None}, r"its 3 channels have no names"),
        ("map", {"bands": ("red", "nir")}, r"has 3 channels, and 2 bands are named"),
        ("map", {"mean": None, "std": None}, r"does not say how the values of its input are normalised"),
        ("map", {"std": None}, r"only one of mean and standard deviation"),
        ("map", {"mean": [0.4] * 3, "std": [0.2] * 3}, r"look like those of values in 0..1"),
        ("map", {"std": [0.0]}, r"cannot be 0"),
        ("map", {"mean": [1, 2]}, r"of 2 and 3 bands, the input has 3"),
        ("map", {"input_px": 48}, r"its input is 32 pixels a side and cannot be 48"),
        ("map", {"value_range": (9, 3)}, r"value range cannot be \(9, 3\)"),
        ("classes", {}, r"is of int64: class numbers, not vectors"),
        ("single", {}, r"neither a vector \(batch, D\)"),
        ("vector", {"mode": "tokens"}, r"has no mode tokens"),
    ],
)
def test_what_is_open_is_asked_for(gives: str, settings: dict, words: str, tmp_path: Path) -> None:
    with pytest.raises(EncoderError, match=words):
        adopt(write(tmp_path, gives), **{"bands": RGB, **RAW, **settings})


def test_a_size_that_is_left_open_is_asked_for(tmp_path: Path) -> None:
    path = write(tmp_path, "map", any_size=True)
    with pytest.raises(EncoderError, match=r"does not say which it was trained on. Give .* --input-size"):
        adopt(path, bands=RGB, **RAW)
    _, record, _ = adopt(path, bands=RGB, input_px=64, **RAW)
    assert (record.input_px, record.window_px) == (64, 64)


def test_a_detector_has_no_vector(tmp_path: Path) -> None:
    path = write(tmp_path, "tokens", notes={"model_type": "Detector"})
    with pytest.raises(EncoderError, match="it is a detector, whose output"):
        adopt(path)


def test_the_store_makes_the_same_graph_of_the_record(tmp_path: Path) -> None:
    path = write(tmp_path, "map")
    for mode in ("exact", "tokens"):
        graph, record, about = adopt(path, bands=RGB, mode=mode, **RAW)
        installed = Installed(record, tmp_path, path, record.sha256, record.size_bytes)
        settings = Settings(mode, "fp32", "mean" if mode == "exact" else "", None, RGB)
        made = graph_of_file(installed, settings)
        assert made.onnx == graph and made.about == about
    with pytest.raises(EncoderError, match="looks at red, green, blue, not at blue, green, red"):
        graph_of_file(installed, dataclasses.replace(settings, bands=RGB[::-1]))
    with pytest.raises(EncoderError, match="does not say its layout"):
        broken = dataclasses.replace(record, variant={"input": "image", "output": "out"})
        graph_of_file(dataclasses.replace(installed, record=broken), settings)


def test_files_that_reach_outside_are_refused(tmp_path: Path) -> None:
    taken, made = (helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", 3, 8, 8]) for name in "xy")
    for domain, external in (("com.microsoft", False), ("", True)):
        weight = numpy_helper.from_array(np.ones(1, np.float32), "w")
        if external:
            weight.ClearField("raw_data")
            weight.data_location = TensorProto.EXTERNAL
            weight.external_data.add(key="location", value="weights.bin")
        graph = helper.make_graph([helper.make_node("Mul", ["x", "w"], ["y"], domain=domain)], "g", [taken], [made])
        graph.initializer.append(weight)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid(domain or "", 18)], ir_version=9)
        path = tmp_path / "bad.onnx"
        path.write_bytes(model.SerializeToString())
        words = "another file" if external else "'com.microsoft', not of the ONNX standard"
        with pytest.raises(EncoderError, match=rf"bad.onnx: .*{words}.*one ONNX file of standard operators"):
            read_foreign(path)
    path.write_bytes(b"hello")
    with pytest.raises(EncoderError, match="no ONNX graph"):
        read_foreign(path)
    with pytest.raises(EncoderError, match="cannot be read"):
        read_foreign(tmp_path / "none.onnx")


def test_a_batch_of_four_is_named(tmp_path: Path) -> None:
    path = write(tmp_path, "vector", free=False)
    model = onnx.load(path)
    for value in (*model.graph.input, *model.graph.output):
        value.type.tensor_type.shape.dim[0].dim_value = 4
    onnx.save(model, path)
    with pytest.raises(EncoderError, match=r"its input image takes 4 images at a time.*a batch of one"):
        adopt(path, bands=RGB, **RAW)


def test_numbers_that_are_not_finite_are_named(tmp_path: Path) -> None:
    path = write(tmp_path, "vector")
    model = onnx.load(path)
    bias = next(tensor for tensor in model.graph.initializer if list(tensor.dims) == [12])
    bias.CopyFrom(onnx.numpy_helper.from_array(np.full(12, np.nan, np.float32), bias.name))
    onnx.save(model, path)
    with pytest.raises(EncoderError, match=r"its output out holds numbers that are not finite \(of 3 of 3 images"):
        adopt(path, bands=RGB, **RAW)
