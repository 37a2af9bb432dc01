"""Every kind of encoder down the whole road: imported, trained with, mapped and clicked; without torch once trained."""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from safetensors.numpy import save_file

from botaclip.core.cache_actions import cache
from botaclip.core.click import click
from botaclip.core.commands import CACHE, EMBED, ENCODERS, SUITABILITY, TRAIN
from botaclip.core.embed import embed
from botaclip.core.encoder_actions import encoders
from botaclip.core.encoders.record_json import record_to_json
from botaclip.core.encoders.registry import RECORDS
from botaclip.core.errors import OptionError
from botaclip.core.model_file import ModelFile
from botaclip.core.options import Command, parse_parameters
from botaclip.core.progress import SILENT, Progress
from botaclip.core.suitability import suitability
from botaclip.training import evaluation
from botaclip.training.train import train

from .encoder_files import made_up, shapes_of, write_checkpoint
from .small_landscape import CRS, NORTH, WEST, releves, write_image, write_releves

FLAIR = "flair-inc-rgb-12cl-resnet34-unet"
# Small networks of the same architectures: one record each and no code.
TINY = {
    "dofa-tiny": ("dofa-small", {"variant": {"width": 32, "depth": 2, "heads": 2, "patch_px": 16, "image_px": 64},
                                 "input_px": 64, "window_px": 96, "drop_tokens": 1, "dimension": 32}),
    "dinov3-tiny": ("dinov3-vits16", {"variant": {"width": 64, "depth": 2, "heads": 1}, "input_px": 64,
                                      "window_px": 96, "drop_tokens": 1, "dimension": 64}),
    "flair-low": (FLAIR, {"input_px": 64, "window_px": 192, "drop_tokens": 1}),
}  # fmt: skip
# Name of the run -> options of train, kind of the encoder.
RUNS = {
    "random": ({"encoder": "random-conv"}, "dense"),
    "hand-made": ({"encoder": "colour-texture"}, "dense"),
    "dofa": ({"encoder": "dofa-tiny"}, "exact"),
    "dinov3-exact": ({"encoder": "dinov3-tiny", "pooling": "cls-mean"}, "exact"),
    "dinov3-tokens": ({"encoder": "dinov3-tiny", "mode": "tokens", "buffer": "150"}, "tokens"),
    "dinov3-int8": ({"encoder": "dinov3-tiny", "mode": "tokens", "buffer": "150", "precision": "int8"}, "tokens"),
    "flair": ({"encoder": "flair-low"}, "exact"),
    "flair-dense": ({"encoder": "flair-low", "mode": "dense", "stage": "2"}, "dense"),
    "joined": ({"encoder": "colour-texture+dinov3-tiny"}, "joined"),
}  # fmt: skip
FULL_SIZE = {
    "dofa-s": ({"encoder": "dofa-small"}, "exact"),
    "dinov3-s": ({"encoder": "dinov3-vits16"}, "exact"),
    "dinov3-s-tokens": ({"encoder": "dinov3-vits16", "mode": "tokens", "buffer": "150"}, "tokens"),
    "flair-resnet34": ({"encoder": FLAIR}, "exact"),
}  # fmt: skip
EXTENT = f"{WEST + 300},{WEST + 390},{NORTH - 390},{NORTH - 300}"


def run(command: Command, job: Any, progress: Progress = SILENT, **given: Any) -> dict[str, Any]:
    parameters, unknown = parse_parameters(command, given)
    assert not unknown
    return dict(job(parameters, progress))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A landscape, a store with the tiny encoders, and a quick comparison in training."""
    folder = tmp_path_factory.mktemp("path")
    write_image(folder / "image.tif")
    write_releves(folder / "releves.csv", releves())
    fit_forest = evaluation.fit_forest
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BOTACLIP_ENCODERS", str(folder / "store"))
        patch.setenv("BOTACLIP_CACHE", str(folder / "cache"))
        patch.setattr(evaluation, "LOCATION_MODELS", evaluation.LOCATION_MODELS[:1])
        patch.setattr(evaluation, "fit_forest", lambda *given, **rest: fit_forest(*given, **rest, trees=10))
        for name, (like, changes) in TINY.items():
            record = dataclasses.replace(RECORDS[like], id=name, file=f"{name}.safetensors", url="", revision="",
                                         sha256="", sha256_prefix="", **changes)  # type: ignore[arg-type]  # fmt: skip
            (folder / f"{name}.json").write_text(json.dumps(record_to_json(record)), encoding="utf-8")
            save_file(made_up(shapes_of(record)), folder / f"{name}.safetensors")
            run(ENCODERS, encoders, action="import", encoder=name, record=str(folder / f"{name}.json"),
                file=str(folder / f"{name}.safetensors"), accept_licence=True)  # fmt: skip
        yield folder


def trained(folder: Path, name: str, **options: Any) -> list[str]:
    """Train and return what was said."""
    lines: list[str] = []
    run(
        TRAIN, train, Progress(None, lambda level, line: lines.append(line)), raster=str(folder / "image.tif"),
        releves=str(folder / "releves.csv"), crs=CRS, x_field="x", y_field="y", folds=2, epochs=1, alignment="none",
        min_presences=10, device="cpu", output=str(folder / f"{name}.botaclip"), **options,
    )  # fmt: skip
    return lines


def look(folder: Path, name: str) -> None:
    """Map suitability and embedding, and hold some clicks against the map."""
    given = {"raster": str(folder / "image.tif"), "model": str(folder / f"{name}.botaclip"), "extent": EXTENT,
             "device": "cpu"}  # fmt: skip
    run(SUITABILITY, suitability, output=str(folder / f"{name}.tif"), image_date="2019-06", **given)
    run(EMBED, embed, output=str(folder / f"{name}-e.tif"), dimensions="2", **given)
    with rasterio.open(folder / f"{name}-e.tif") as embedding:
        assert np.isfinite(embedding.read()).all()
        assert embedding.tags()["BOTACLIP_YEAR"] == "unknown"
    with rasterio.open(folder / f"{name}.tif") as dataset:
        values, tags = dataset.read(), dataset.tags()
        assert np.isfinite(values).all() and values.std(axis=(1, 2)).max() > 1e-4
        assert tags["BOTACLIP_YEAR"] == "2019"
        for row, col in ((0, 0), (values.shape[1] // 2, values.shape[2] - 1)):
            x, y = dataset.xy(row, col)
            answer = click({**given, "x": x, "y": y, "crs": CRS}, SILENT)
            clicked = {kind["name"]: kind["suitability"] for kind in answer["species"]}
            np.testing.assert_allclose(
                [clicked[species] for species in dataset.descriptions], values[:, row, col], rtol=0, atol=1e-6
            )


@pytest.mark.parametrize("name", RUNS)
def test_an_encoder_trains_maps_and_answers_clicks(folder: Path, name: str) -> None:
    options, kind = RUNS[name]
    said = trained(folder, name, **options)
    file = ModelFile.open(folder / f"{name}.botaclip")
    about = file.metadata["encoder"]
    assert about.get("kind", "dense") == kind and about["id"] == options["encoder"]
    assert ("encoder.licence.txt" in file.parts) == ("dinov3" in name or name == "joined")
    assert any("near infrared is not used" in line for line in said) == (options["encoder"] not in (
        "random-conv", "colour-texture", "dofa-tiny"))  # fmt: skip
    if name == "dinov3-int8":
        assert about["precision"] == "int8" and 0.9 < about["fidelity"]["cosine"]["median"] < 1.0
    look(folder, name)


def test_models_work_without_torch(folder: Path) -> None:
    """The same bytes where nothing of the train set can be imported."""
    names = [name for name in RUNS if (folder / f"{name}.tif").exists()]
    if not names:
        pytest.skip("no model was trained before")
    script = (
        "import sys\n"
        "for gone in ('torch', 'timm', 'torchvision', 'onnx', 'onnxscript', 'sklearn', 'scipy', 'pandas'):\n"
        "    sys.modules[gone] = None\n"
        "sys.path.insert(0, sys.argv[1])\n"
        "import tests.conftest\n"
        "from botaclip.core.commands import SUITABILITY\n"
        "from botaclip.core.options import parse_parameters\n"
        "from botaclip.core.progress import SILENT\n"
        "from botaclip.core.suitability import suitability\n"
        "for name in sys.argv[4:]:\n"
        "    given = dict(raster=sys.argv[2] + '/image.tif', model=f'{sys.argv[2]}/{name}.botaclip', device='cpu',\n"
        "                 extent=sys.argv[3], image_date='2019-06', output=f'{sys.argv[2]}/{name}-bare.tif')\n"
        "    suitability(parse_parameters(SUITABILITY, given)[0], SILENT)\n"
    )
    root = Path(__file__).resolve().parents[1]
    subprocess.run([sys.executable, "-c", script, str(root), str(folder), EXTENT, *names], check=True)
    for name in names:
        assert (folder / f"{name}-bare.tif").read_bytes() == (folder / f"{name}.tif").read_bytes(), name


def test_the_second_training_takes_vectors_and_graph_from_where_they_are_kept(folder: Path) -> None:
    trained(folder, "once", encoder="dofa-tiny", pooling="mean")
    again = trained(folder, "twice", encoder="dofa-tiny", pooling="mean")
    assert any("taken from the cache" in line for line in again)
    assert not any("made ready for use" in line for line in again)
    one, two = (ModelFile.open(folder / f"{name}.botaclip") for name in ("once", "twice"))
    assert one.parts["arrays.safetensors"] == two.parts["arrays.safetensors"]


def test_another_mode_than_the_models_is_refused(folder: Path) -> None:
    if not (folder / "dofa.botaclip").exists():
        trained(folder, "dofa", encoder="dofa-tiny")
    with pytest.raises(OptionError, match=r"trained in mode exact.*cannot be used in mode tokens"):
        run(SUITABILITY, suitability, raster=str(folder / "image.tif"), model=str(folder / "dofa.botaclip"),
            output=str(folder / "no.tif"), mode="tokens")  # fmt: skip
    assert not (folder / "no.tif").exists()


def test_a_model_without_its_encoder_finds_it_in_the_store(folder: Path) -> None:
    trained(folder, "outside", encoder="dinov3-tiny", embed_encoder="no")
    trained(folder, "inside", encoder="dinov3-tiny", embed_encoder="yes", overwrite=True)
    parts = ModelFile.open(folder / "outside.botaclip").parts
    assert "encoder.onnx" not in parts and "encoder.licence.txt" not in parts
    for name in ("outside", "inside"):
        look(folder, name)
    with rasterio.open(folder / "outside.tif") as one, rasterio.open(folder / "inside.tif") as two:
        np.testing.assert_array_equal(one.read(), two.read())


def test_other_normalisation_makes_another_encoder_but_not_of_models_that_are_there(folder: Path) -> None:
    """A record that is imported again with other numbers takes effect, and models keep to those they were made with."""

    def given(mean: float, **rest: Any) -> None:
        record = dataclasses.replace(
            RECORDS["dinov3-vits16"], id="changing", file="dinov3-tiny.safetensors", url="", sha256_prefix="",
            mean=dict.fromkeys(("red", "green", "blue"), mean), **TINY["dinov3-tiny"][1],  # type: ignore[arg-type]
        )  # fmt: skip
        (folder / "changing.json").write_text(json.dumps(record_to_json(record)), encoding="utf-8")
        run(ENCODERS, encoders, action="import", encoder="changing", record=str(folder / "changing.json"),
            file=str(folder / "dinov3-tiny.safetensors"), accept_licence=True)  # fmt: skip

    given(100.0)
    trained(folder, "first", encoder="changing", embed_encoder="no")
    look(folder, "first")
    given(30.0)
    trained(folder, "second", encoder="changing")
    models = [ModelFile.open(folder / f"{name}.botaclip") for name in ("first", "second")]
    centres = [model.metadata["encoder"]["centre"] for model in models]
    np.testing.assert_allclose(centres, [[100 / 255] * 3, [30 / 255] * 3])
    before = (folder / "first.tif").read_bytes()
    run(CACHE, cache, action="clear", part="graphs")
    for path in (folder / "first.tif", folder / "first-e.tif"):
        path.unlink()
    look(folder, "first")
    assert (folder / "first.tif").read_bytes() == before


@pytest.mark.slow
@pytest.mark.parametrize("name", FULL_SIZE)
def test_networks_of_full_size(folder: Path, name: str) -> None:
    options, kind = FULL_SIZE[name]
    if not (folder / "store" / options["encoder"]).exists():
        run(ENCODERS, encoders, action="import", encoder=options["encoder"], accept_licence=True,
            file=str(write_checkpoint(folder, options["encoder"])))  # fmt: skip
    trained(folder, name, **options)
    assert ModelFile.open(folder / f"{name}.botaclip").metadata["encoder"]["kind"] == kind
    look(folder, name)
