"""Model files: whole, the same bytes every time, and safe to open from a stranger."""

from __future__ import annotations

import hashlib
import json
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper
from tests.model_fixture import content, write_model, write_raster

from botaclip.core.errors import ModelFileError, OutputError
from botaclip.core.model_file import ModelFile
from botaclip.core.rasters import open_raster


@pytest.fixture(scope="module")
def raster(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_raster(tmp_path_factory.mktemp("raster") / "r.tif", size=200)


@pytest.fixture(scope="module")
def good(raster: Path, tmp_path_factory: pytest.TempPathFactory) -> ModelFile:
    return write_model(tmp_path_factory.mktemp("model") / "m.botaclip", raster)


def rebuilt(
    good: ModelFile, path: Path, change: Callable[[dict[str, bytes]], None], *, sums: bool = True,
    compression: int = zipfile.ZIP_STORED,
) -> Path:
    """Write the model's parts again after ``change``, with checksums that fit unless ``sums`` is False."""
    parts = dict(good.parts)
    change(parts)
    if sums:
        parts["checksums.json"] = json.dumps(
            {name: hashlib.sha256(blob).hexdigest() for name, blob in parts.items() if name != "checksums.json"}
        ).encode()
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, blob in parts.items():
            archive.writestr(name, blob)
    return path


def metadata_with(**changes: Any) -> Callable[[dict[str, bytes]], None]:
    def change(parts: dict[str, bytes]) -> None:
        parts["metadata.json"] = json.dumps(json.loads(parts["metadata.json"]) | changes).encode()

    return change


def test_round_trip(good: ModelFile) -> None:
    again = ModelFile.open(good.path)
    assert again == good
    assert again.sha256 == hashlib.sha256(good.path.read_bytes()).hexdigest()
    assert again.model_id == again.sha256[:12]
    arrays = again.arrays()
    np.testing.assert_allclose(np.linalg.norm(arrays["plots.vectors"], axis=1), 1, atol=1e-6)
    assert len(again.plots()["plots"]) == 30
    assert zipfile.ZipFile(good.path).namelist() == [
        "metadata.json", "arrays.safetensors", "adapter.onnx", "head.onnx", "encoder.onnx", "plots.json",
        "checksums.json",
    ]  # fmt: skip


def test_same_content_same_bytes(good: ModelFile, raster: Path, tmp_path: Path) -> None:
    metadata, parts = content(open_raster(raster))
    shuffled = dict(reversed(list(metadata.items())))
    ModelFile.write(tmp_path / "n.botaclip", shuffled, dict(reversed(list(parts.items()))))
    assert (tmp_path / "n.botaclip").read_bytes() == good.path.read_bytes()
    with pytest.raises(OutputError, match="exists already"):
        ModelFile.write(tmp_path / "n.botaclip", metadata, parts)
    assert [file.name for file in tmp_path.iterdir()] == ["n.botaclip"]


@pytest.mark.parametrize(
    ("change", "sums", "words"),
    [
        (lambda parts: parts.update({"evil.py": b"x"}), True, "'evil.py', which can run code"),
        (lambda parts: parts.update({"../head.onnx": b"x"}), True, "which leads out of it"),
        (lambda parts: parts.update({"/etc/passwd": b"x"}), True, "which leads out of it"),
        (lambda parts: parts.pop("head.onnx"), True, "lacks head.onnx"),
        (lambda parts: parts.pop("plots.json"), False, "does not name its parts"),
        (lambda parts: parts.update({"head.onnx": parts["head.onnx"] + b"\x00"}), False, "checksum does not fit"),
        (lambda parts: parts.update({"head.onnx": b"no graph"}), True, "no ONNX graph"),
        (lambda parts: parts.update({"arrays.safetensors": b"\x80\x04pickle"}), True, "arrays.safetensors"),
        (lambda parts: parts.update({"plots.json": b"[" * 100_000}), True, "plots.json is not readable"),
        (lambda parts: parts.update({"plots.json": b'{"x": NaN}'}), True, "NaN is no number"),
        (metadata_with(format_version=4, species=7), False, "newer version of BotaCLIP .format 4; this version"),
        (metadata_with(format_version=0), True, "format is 0, which never was"),
        (metadata_with(species=[]), True, "species"),
        (metadata_with(species=[{"name": "a"}, {"name": "a"}]), True, "species"),
        (metadata_with(patch={"size_m": -1, "cells": 4}), True, "patch"),
        (metadata_with(lattice=None), True, "lattice"),
        (lambda parts: parts.pop("encoder.onnx"), True, "whether it holds its encoder"),
        (lambda parts: parts.update({"encoder.onnx": parts["head.onnx"]}), True, "not the one that it names"),
    ],
)
def test_refused(
    good: ModelFile, tmp_path: Path, change: Callable[[dict[str, bytes]], None], sums: bool, words: str
) -> None:
    with pytest.raises(ModelFileError, match=words):
        ModelFile.open(rebuilt(good, tmp_path / "bad.botaclip", change, sums=sums))


def test_bomb(good: ModelFile, tmp_path: Path) -> None:
    """30 MiB of blanks in 30 KiB are refused before they are unpacked; an honest text of that ratio is not met."""
    path = rebuilt(good, tmp_path / "bomb.botaclip", lambda parts: parts.update({"plots.json": b" " * 30 * 2**20}),
                   compression=zipfile.ZIP_DEFLATED)
    assert path.stat().st_size < 2**20
    with pytest.raises(ModelFileError, match="plots.json would unpack to 30 MiB"):
        ModelFile.open(path)


def test_bomb_of_an_encoder(good: ModelFile, tmp_path: Path) -> None:
    """Encoders may be large, but weights do not shrink: blanks of that size are none."""
    path = rebuilt(good, tmp_path / "bomb.botaclip", lambda parts: parts.update({
        "encoder.2.onnx": bytes(80 * 2**20), "vegeta.onnx": np.random.default_rng(0).bytes(2 * 2**20),
    }), compression=zipfile.ZIP_DEFLATED)  # fmt: skip
    with pytest.raises(ModelFileError, match=r"encoder\.2\.onnx would unpack to 80 MiB"):
        ModelFile.open(path)


def test_twice_the_same_part(good: ModelFile, tmp_path: Path) -> None:
    path = tmp_path / "twice.botaclip"
    path.write_bytes(good.path.read_bytes())
    with zipfile.ZipFile(path, "a") as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr("head.onnx", b"other")
    with pytest.raises(ModelFileError, match="head.onnx twice"):
        ModelFile.open(path)


def test_every_cut_and_many_flips_are_worded(good: ModelFile, tmp_path: Path) -> None:
    data = good.path.read_bytes()
    path = tmp_path / "cut.botaclip"
    random = np.random.default_rng(1)
    for at in random.integers(0, len(data), 15):
        path.write_bytes(data[:at])
        with pytest.raises(ModelFileError):
            ModelFile.open(path)
    for at in random.integers(0, len(data), 40):
        path.write_bytes(data[:at] + bytes([data[at] ^ 0xFF]) + data[at + 1 :])
        try:  # a flipped byte may lie in a time stamp; then the content must be the same
            assert dict(ModelFile.open(path).parts) == dict(good.parts)
        except ModelFileError:
            continue


def test_a_large_encoder_is_in_memory_twice_at_most(good: ModelFile, tmp_path: Path) -> None:
    """Once as the file and once as its part; half a gigabyte may be all there is."""
    size = 24 * 2**20
    values = numpy_helper.from_array(np.random.default_rng(0).integers(0, 255, size, np.uint8), "weights")
    graph = helper.make_graph([helper.make_node("Identity", ["weights"], ["cells"])], "large", [], [
        helper.make_tensor_value_info("cells", TensorProto.UINT8, [size])
    ], [values])  # fmt: skip
    blob = helper.make_model(graph).SerializeToString()
    metadata = json.loads(good.parts["metadata.json"])
    metadata["encoder"] |= {"sha256": hashlib.sha256(blob).hexdigest()}
    parts = {name: part for name, part in good.parts.items() if name not in ("metadata.json", "checksums.json")}
    tracemalloc.start()
    try:
        made = ModelFile.write(tmp_path / "large.botaclip", metadata, parts | {"encoder.onnx": blob})
        assert tracemalloc.get_traced_memory()[1] < 0.3 * size  # straight to the disk
        tracemalloc.reset_peak()
        again = ModelFile.open(made.path)
        assert tracemalloc.get_traced_memory()[1] < 2.3 * size
    finally:
        tracemalloc.stop()
    assert again.sha256 == made.sha256 == hashlib.sha256(made.path.read_bytes()).hexdigest()
    assert again.parts["encoder.onnx"] == blob


def test_not_there_and_not_a_model(tmp_path: Path) -> None:
    with pytest.raises(ModelFileError, match="no such file"):
        ModelFile.open(tmp_path / "gone.botaclip")
    (tmp_path / "text.botaclip").write_text("hello")
    with pytest.raises(ModelFileError, match="no readable model file"):
        ModelFile.open(tmp_path / "text.botaclip")
    with zipfile.ZipFile(tmp_path / "other.botaclip", "w") as archive:
        archive.writestr("hello.txt", b"")
    with pytest.raises(ModelFileError, match=r"no metadata\.json"):
        ModelFile.open(tmp_path / "other.botaclip")


def test_writing_checks_too(raster: Path, tmp_path: Path) -> None:
    metadata, parts = content(open_raster(raster))
    with pytest.raises(ModelFileError, match="not finite"):
        ModelFile.write(tmp_path / "m.botaclip", metadata | {"scores": {"tss": float("nan")}}, parts)
    parts["arrays.safetensors"]["plots.vectors"][0, 0] = np.inf
    with pytest.raises(ModelFileError, match=r"'plots\.vectors' holds numbers that are not finite"):
        ModelFile.write(tmp_path / "m.botaclip", metadata, parts)
    assert not list(tmp_path.iterdir())
