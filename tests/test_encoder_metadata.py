"""What a model says about its encoder: true and within bounds, or the file is refused; and in words."""

from __future__ import annotations

import copy
import dataclasses
import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.hostile_models import zipped
from tests.model_fixture import content, write_model, write_raster
from tests.window_encoders import RGB, exact_encoder, token_encoder

from botaclip.core.encoder_metadata import encoder_lines, is_plain, mode_words, modes_of, part_names, precision_words
from botaclip.core.encoders import embedded, opening
from botaclip.core.encoders.encoder import Encoder
from botaclip.core.encoders.joined import JoinedEncoder
from botaclip.core.encoders.onnx_session import OnnxEncoder
from botaclip.core.errors import EncoderError, ModelFileError, OptionError
from botaclip.core.model import Model
from botaclip.core.model_file import ModelFile
from botaclip.core.model_report import info, verify
from botaclip.core.progress import SILENT
from botaclip.core.rasters import open_raster


def random_conv(bands: tuple[str, ...] = RGB, **changes: Any) -> OnnxEncoder:
    return dataclasses.replace(
        opening.get("random-conv", bands=bands, value_range=(0.0, 255.0), threads=1), **changes
    )


ENCODERS: dict[str, Callable[[], Encoder]] = {
    "plain": random_conv,
    "per band": lambda: random_conv(centre=(0.4, 0.5, 0.3), spread=(0.2, 0.3, 0.1)),
    "tokens": lambda: token_encoder(
        precision="int8", pooling="", checkpoint_sha256="ab" * 32, fidelity={"cosine": {"median": 0.9987}},
    ),
    "exact": lambda: exact_encoder(pooling="cls-mean", stage=4, verified=False, licence_text="Be kind.\n"),
    "joined": lambda: JoinedEncoder((exact_encoder(("blue", "red")), random_conv(("red", "green")), token_encoder())),
}  # fmt: skip


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, ModelFile]:
    folder = tmp_path_factory.mktemp("models")
    raster = write_raster(folder / "r.tif", size=200)
    return {name: write_model(folder / f"{name}.botaclip", raster, encoder=make()) for name, make in ENCODERS.items()}


@pytest.mark.parametrize("name", ENCODERS)
def test_an_encoder_comes_back_as_it_was(models: dict[str, ModelFile], name: str) -> None:
    model = Model.open(models[name].path)
    found, made = model.encoder(), ENCODERS[name]()
    pairs = zip(getattr(found, "parts", (found,)), getattr(made, "parts", (made,)), strict=True)
    random = np.random.default_rng(0)
    for number, (one, other) in enumerate(pairs):
        # What a vector depends on, but for the stride that the lattice chose for an exact one.
        assert dataclasses.replace(one, stride_px=other.stride_px).identity == other.identity
        assert (one.bands, one.kind, one.pooling, one.stage, one.precision, one.checkpoint_sha256, one.verified) == (
            other.bands, other.kind, other.pooling, other.stage, other.precision, other.checkpoint_sha256,
            other.verified,
        )
        side = one.tile_px
        pixels = random.uniform(0, 255, (1, len(one.bands), side, side)).astype(np.float32)
        valid = np.ones((1, side, side), bool)
        np.testing.assert_array_equal(one.encode(pixels, valid), other.encode(pixels, valid), err_msg=str(number))
    assert found.stride_px == model.lattice.stride_px and found.dimension == model.image_dimension
    assert is_plain(model.metadata["encoder"]) == (name == "plain")
    assert verify({"model": str(models[name].path)}, SILENT)["encoder_at_hand"]


def test_modes_and_precisions_in_a_word(models: dict[str, ModelFile]) -> None:
    about = {name: model.metadata["encoder"] for name, model in models.items()}
    assert {name: mode_words(one) for name, one in about.items()} == {
        "plain": "dense", "per band": "dense", "tokens": "tokens", "exact": "exact", "joined": "exact+dense+tokens",
    }  # fmt: skip
    assert modes_of({"id": "random-conv"}) == ("dense",)  # the first release said nothing of it
    assert [precision_words(about[name]) for name in ("plain", "tokens", "joined")] == ["fp32", "int8", "fp32"]
    mixed = copy.deepcopy(about["joined"])
    mixed["parts"][1]["precision"] = "fp16"
    assert precision_words(mixed) == "fp32+fp16+fp32"


def test_info_says_how_the_encoder_looks(models: dict[str, ModelFile]) -> None:
    lines = {name: encoder_lines(model.metadata["encoder"]) for name, model in models.items()}
    assert lines["plain"] == ["dense (every cell by itself, with the margin around it); precision fp32"]
    assert lines["tokens"] == [
        "tokens (the inner patch tokens of fixed windows); windows of 7 tokens a side, 2 dropped at each border; "
        "precision int8, cosine 0.9987 to fp32"
    ]
    assert lines["exact"] == [
        "exact (the patch itself); resized to 16 x 16 pixels; pooling cls-mean; stage 4; precision fp32; unverified "
        "(its loader was never held against the official implementation)"
    ]
    assert [line.split("; ")[0] for line in lines["joined"]] == [
        "toy-exact (MIT) on blue, red", "random-conv (CC0-1.0) on red, green",
        "toy-tokens (CC0-1.0) on red, green, blue",
    ]  # fmt: skip
    for name, model in models.items():
        printed = info({"model": str(model.path), "output": None}, SILENT)["print"]
        assert all(f"looks      {line}" in printed for line in lines[name])


def test_the_text_of_a_licence_is_in_the_file(tmp_path: Path) -> None:
    metadata, parts = content(open_raster(write_raster(tmp_path / "r.tif", size=200)), encoder=ENCODERS["exact"]())
    text = "The Kind Licence\n\n\tBe kind.\n"
    made = ModelFile.write(tmp_path / "m.botaclip", metadata, parts | {"encoder.licence.txt": text.encode()})
    printed = "\n".join(info({"model": str(made.path), "output": None}, SILENT)["print"])
    assert "only under its licence, whose text is in the file (encoder.licence.txt" in printed
    assert printed.count("The Kind Licence") == 1
    about = tmp_path / "about.json"
    info({"model": str(made.path), "output": str(about)}, SILENT)
    assert json.loads(about.read_text(encoding="utf-8"))["encoder_licence_text"] == text
    encoder = Model.open(made.path).encoder()
    assert isinstance(encoder, OnnxEncoder) and encoder.licence_text == text
    for bad, words in ((b"\x1b[2J", "holds control characters"), (b"\xff\xfe", "is no text")):
        with pytest.raises(ModelFileError, match=f"encoder.licence.txt {words}"):
            ModelFile.write(tmp_path / "n.botaclip", metadata, parts | {"encoder.licence.txt": bad})
    with pytest.raises(ModelFileError, match=r"encoder\.licence\.txt of 2 MiB is too large"):
        ModelFile.write(tmp_path / "n.botaclip", metadata, parts | {"encoder.licence.txt": b"x" * 2**21})


def test_another_mode_is_refused(models: dict[str, ModelFile]) -> None:
    for name, model in models.items():
        Model(model).check_mode("auto")
        own = mode_words(model.metadata["encoder"])
        for mode in ("dense", "exact", "tokens"):
            if mode == own:
                Model(model).check_mode(mode)
                continue
            with pytest.raises(OptionError) as caught:
                Model(model).check_mode(mode)
            assert caught.value.sentence == (
                f"{model.path}: the model was trained in mode {own} and cannot be used in mode {mode}: vectors of "
                "whole patches, of tokens and of dense cells are different things, and its adapter has learnt from "
                f"one of them only. Leave --mode out, or train a model with --mode {mode}."
            ), name


# --- What no honest file says ----------------------------------------------------------------------------------------


def hostile(good: ModelFile, change: Callable[[dict[str, Any]], Any], path: Path) -> Path:
    metadata = json.loads(good.parts["metadata.json"])
    change(metadata)
    path.write_bytes(zipped({**good.parts, "metadata.json": json.dumps(metadata).encode()}))
    return path


def put(**changes: Any) -> Callable[[dict[str, Any]], Any]:
    return lambda metadata: metadata["encoder"].update(changes)


def put_part(number: int, **changes: Any) -> Callable[[dict[str, Any]], Any]:
    return lambda metadata: metadata["encoder"]["parts"][number].update(changes)


@pytest.mark.parametrize(
    ("name", "change", "words"),
    [
        ("tokens", put(kind="psychic"), "of a kind that never was, 'psychic'"),
        ("tokens", put(kind=None), "of a kind that never was"),
        ("tokens", put(kind=["tokens"]), "no proper 'kind'"),
        ("tokens", put(window_tokens=10**9), "window_tokens of its encoder cannot be 1000000000"),
        ("tokens", put(window_tokens=1024, stride_px=512), "a window of its encoder would be 524288 pixels a side"),
        ("tokens", put(window_tokens=4), "nothing is left of its encoder's windows of 4 tokens"),
        ("tokens", put(window_tokens=None), "nothing is left of its encoder's windows of 0 tokens"),
        ("tokens", put(drop_tokens=-1), "drop_tokens of its encoder cannot be -1"),
        ("tokens", put(window_tokens=7.0), "no proper 'window_tokens'"),
        ("tokens", put(window_tokens=True), "no proper 'window_tokens'"),
        ("tokens", put(reach_px=10**6), "reach_px of its encoder cannot be 1000000"),
        ("tokens", put(precision="fp8"), "pooling or precision of its encoder is none"),
        ("tokens", put(pooling="<b>cls</b>"), "pooling or precision of its encoder is none"),
        ("tokens", put(checkpoint_sha256="latest"), "digest of its encoder's checkpoint is none"),
        ("tokens", put(fidelity={"cosine": "x" * 10, "tiles": [[1]]}), "not a few numbers"),
        ("tokens", put(fidelity={str(i): i for i in range(100)}), "not a few numbers"),
        ("tokens", put(fidelity=[1]), "no proper 'fidelity'"),
        ("tokens", put(verified="no"), "no proper 'verified'"),
        ("tokens", put(stage=10), "stage of its encoder cannot be 10"),
        ("tokens", put(stride_px=5), "lattice is not one for its encoder"),
        ("tokens", put(parts=[{}]), "is one and names parts"),
        ("tokens", put(embedded="yes"), "no proper 'embedded'"),
        ("tokens", put(embedded=False), "whether it holds its encoder"),
        ("tokens", put(sha256="0" * 64), "not the one that it names"),
        ("exact", put(input_px=100_000), "input_px of its encoder cannot be 100000"),
        ("exact", put(stride_px=0), "stride_px of its encoder cannot be 0"),
        ("exact", put(stride_px=3), "lattice is not one for its encoder"),
        ("exact", lambda m: m.update(patch={"size_m": 1e6, "cells": 10}), "cannot be looked at as a whole"),
        ("per band", put(centre=[0.4, 0.5]), "centre of its encoder is for 2 bands, of which it looks at 3"),
        ("per band", put(spread=[0.2, 0.0, 0.1]), "spread of its encoder is no proper number"),
        ("per band", put(spread=[0.2, -0.1, 0.1]), "spread of its encoder is no proper number"),
        ("per band", put(spread=[0.2, "0.1", 0.1]), "spread of its encoder is no proper number"),
        ("per band", put(centre=[0.2, True, 0.1]), "centre of its encoder is no proper number"),
        ("per band", put(centre={"red": 0.4}), "centre of its encoder is no proper number"),
        ("joined", put(parts=[]), "not of 2 to 4 encoders"),
        ("joined", put(parts=None), "not of 2 to 4 encoders"),
        ("joined", put(parts=[1, 2]), "not of 2 to 4 encoders"),
        ("joined", lambda m: m["encoder"]["parts"].pop(), "bands of the encoders that are joined|do not make up"),
        ("joined", lambda m: m["encoder"].update(parts=m["encoder"]["parts"] * 2), "not of 2 to 4 encoders"),
        ("joined", lambda m: m["encoder"]["parts"].reverse(), "not described in order"),
        ("joined", put_part(1, part="head.onnx"), "not described in order"),
        ("joined", put_part(1, part="../../encoder.2.onnx"), "not described in order"),
        ("joined", put_part(1, kind="joined"), "not described in order"),
        ("joined", put_part(1, bands=["red", "red"]), "not described in order"),
        ("joined", put_part(1, bands=["red", "nir"]), "bands of the encoders that are joined are not those"),
        ("joined", put_part(1, bands=[]), "does not say its bands"),
        ("joined", put_part(1, bands="rg"), "does not say its bands"),
        ("joined", put_part(1, dimension=7), "do not make up the one"),
        ("joined", put_part(1, sha256="0" * 64), "digest of its encoder is not that of those"),
        ("joined", put_part(2, spread=[1, 2]), "spread of its encoder is for 2 bands, of which it looks at 3"),
        ("joined", put_part(0, stride_px=7), "do not make up the one"),
        ("joined", put(stride_px=7), "do not make up the one"),
    ],
)
def test_refused(
    models: dict[str, ModelFile], tmp_path: Path, name: str, change: Callable[[dict[str, Any]], Any], words: str
) -> None:
    with pytest.raises(ModelFileError, match=words):
        ModelFile.open(hostile(models[name], change, tmp_path / "bad.botaclip"))


def test_graphs_are_all_there_all_right_and_all_looked_into(models: dict[str, ModelFile], tmp_path: Path) -> None:
    parts = dict(models["joined"].parts)
    bad = tmp_path / "bad.botaclip"
    cases: list[tuple[dict[str, bytes | None], str]] = [
        ({"encoder.2.onnx": None}, "whether it holds its encoder"),
        ({"encoder.4.onnx": parts["encoder.3.onnx"]}, "whether it holds its encoder"),
        ({"encoder.3.onnx": parts["encoder.2.onnx"]}, "not the one that it names"),
        ({"encoder.2.onnx": parts["encoder.3.onnx"], "encoder.3.onnx": parts["encoder.2.onnx"]}, "not the one that it"),
        ({"encoder.3.onnx": b"no graph"}, r"encoder\.3\.onnx: this is no ONNX graph"),
        ({"encoder.5.onnx": b"x"}, "'encoder.5.onnx', which no model file holds"),
    ]
    for change, words in cases:
        changed = {name: blob for name, blob in (parts | change).items() if blob is not None}
        bad.write_bytes(zipped(changed))
        with pytest.raises(ModelFileError, match=words):
            ModelFile.open(bad)


def test_joined_encoders_are_held_against_their_digests(models: dict[str, ModelFile]) -> None:
    """Also where the parts do not come out of a checked file."""
    file = models["joined"]
    assert isinstance(embedded.from_parts(file.parts, file.metadata), JoinedEncoder)
    swapped = {**file.parts, "encoder.onnx": file.parts["encoder.3.onnx"]}
    with pytest.raises(EncoderError, match="not the one it was trained with"):
        embedded.from_parts(swapped, file.metadata)
    with pytest.raises(EncoderError, match=r"does not describe its encoder .*encoder\.2\.onnx"):
        embedded.from_parts({"encoder.onnx": file.parts["encoder.onnx"]}, file.metadata)
    other = copy.deepcopy(file.metadata)
    other["encoder"]["sha256"] = hashlib.sha256(b"").hexdigest()
    with pytest.raises(EncoderError, match="not the one it was trained with"):
        embedded.from_parts(file.parts, other)


def test_names_of_parts() -> None:
    assert part_names(1) == ("encoder.onnx",)
    assert part_names(4) == ("encoder.onnx", "encoder.2.onnx", "encoder.3.onnx", "encoder.4.onnx")


@pytest.mark.parametrize("name", ["random-conv", "colour-texture"])
@pytest.mark.parametrize("bands", [("red",), RGB])
def test_what_is_built_in_is_described_as_in_the_first_format(name: str, bands: tuple[str, ...]) -> None:
    about = opening.get(name, bands=bands, value_range=(0.0, 255.0)).metadata()
    assert is_plain(about) and isinstance(about["centre"], float) and isinstance(about["spread"], float)
