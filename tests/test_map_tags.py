"""What a map says of the encoder and the year of the image; and that a model is used in its own mode only."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import rasterio
from affine import Affine
from tests.model_fixture import write_model, write_raster
from tests.window_encoders import RGB, exact_encoder, token_encoder

from botaclip.core import applied_imagery
from botaclip.core.applied_imagery import AppliedImagery
from botaclip.core.embed import embed
from botaclip.core.encoders import opening
from botaclip.core.encoders.joined import JoinedEncoder
from botaclip.core.encoders.onnx_session import OnnxEncoder
from botaclip.core.errors import OptionError
from botaclip.core.model_file import ModelFile
from botaclip.core.predict import predict
from botaclip.core.progress import SILENT
from botaclip.core.scene_maps import MapKind, _Maps
from botaclip.core.suitability import suitability
from botaclip.core.windows import Windows

ANYHOW: dict[str, Any] = {
    "device": "cpu", "overwrite": True, "species": None, "extent": None, "mask": None, "stride": 40.0,
    "dimensions": "3", "quantise": "none",
}  # fmt: skip
MAPS: tuple[Callable[..., dict[str, Any]], ...] = (embed, suitability)


@pytest.fixture(scope="module")
def raster(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = write_raster(tmp_path_factory.mktemp("raster") / "r.tif", size=150)
    with rasterio.open(path, "r+") as dataset:
        dataset.update_tags(ACQUISITION_DATE="2019-07-04", TIFFTAG_DATETIME="2023:01:01 00:00:00")
    return path


@pytest.fixture(scope="module")
def models(raster: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, ModelFile]:
    folder = tmp_path_factory.mktemp("models")
    dense = opening.get("random-conv", bands=RGB, value_range=(0.0, 255.0), threads=1)
    encoders = {
        "dense": dense, "exact": exact_encoder(precision="fp16"), "tokens": token_encoder(),
        "joined": JoinedEncoder((dense, exact_encoder(precision="fp16"))),
    }  # fmt: skip
    return {
        name: write_model(folder / f"{name}.botaclip", raster, encoder=encoder) for name, encoder in encoders.items()
    }


def tags(path: Path) -> dict[str, str]:
    with rasterio.open(path) as dataset:
        return {name.removeprefix("BOTACLIP_"): text for name, text in dataset.tags().items()}


@pytest.mark.parametrize("name, mode, precision", [
    ("dense", "dense", "fp32"), ("exact", "exact", "fp16"), ("tokens", "tokens", "fp32"),
    ("joined", "dense+exact", "fp32+fp16"),
])  # fmt: skip
@pytest.mark.parametrize("make", MAPS)
def test_maps_say_which_encoder_made_them_and_when_the_image_was_taken(
    raster: Path, models: dict[str, ModelFile], tmp_path: Path, make: Callable[..., Any], name: str, mode: str,
    precision: str,
) -> None:  # fmt: skip
    model = models[name]
    make(ANYHOW | {"raster": str(raster), "model": str(model.path), "output": str(tmp_path / "map.tif")}, SILENT)
    found = tags(tmp_path / "map.tif")
    assert found["ENCODER"] == model.metadata["encoder"]["id"]
    assert found["ENCODER_SHA256"] == model.metadata["encoder"]["sha256"]
    assert (found["ENCODER_MODE"], found["ENCODER_PRECISION"], found["YEAR"]) == (mode, precision, "2019")


@pytest.mark.parametrize("make", MAPS)
def test_a_map_says_where_its_vectors_were_not_computed_as_the_graph_says(
    raster: Path, models: dict[str, ModelFile], tmp_path: Path, make: Callable[..., Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(applied_imagery, "on_gpu", lambda encoder, *_: _Elsewhere(**vars_of(encoder)))
    asked = ANYHOW | {"raster": str(raster), "model": str(models["exact"].path), "output": str(tmp_path / "map.tif")}
    make(asked | {"device": "auto"}, SILENT)
    assert tags(tmp_path / "map.tif")["ENCODER_PRECISION"] == "fp16, computed in bfloat16 on cuda"


class _Elsewhere(OnnxEncoder):
    computed = "in bfloat16 on cuda"
    identity = "0" * 64


def vars_of(encoder: Any) -> dict[str, Any]:
    return {field.name: getattr(encoder, field.name) for field in dataclasses.fields(OnnxEncoder)}


def test_windows_of_an_encoder_computed_otherwise_are_not_taken_up(
    raster: Path, models: dict[str, ModelFile], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The device has the same name: one ran in bfloat16, another fell back to float32."""
    kind = MapKind("suitability", ("a",), lambda vectors: (vectors[:, :1], 0), "")
    found = []
    for identity, computed in (("0" * 64, "in bfloat16 on cuda"), ("1" * 64, "in float32 on cuda"),
                               ("1" * 64, "on cuda"), ("0" * 64, "in bfloat16 on cuda")):  # fmt: skip
        monkeypatch.setattr(_Elsewhere, "identity", identity)
        monkeypatch.setattr(_Elsewhere, "computed", computed)
        monkeypatch.setattr(applied_imagery, "on_gpu", lambda encoder, *_: _Elsewhere(**vars_of(encoder)))
        with AppliedImagery.open(models["exact"].path, str(raster), device="auto") as applied:
            areas = applied.areas(stride_m=40.0, extent=None, mask=None)
            about = _Maps(applied, areas, kind, overwrite=True, cog=False)._about(0)
        assert about["device"] == "cuda"
        found.append(Windows(about).folder)
    assert len(set(found)) == 3 and found[0] == found[3]


@pytest.mark.parametrize("make", MAPS)
def test_the_users_date_counts(
    raster: Path, models: dict[str, ModelFile], tmp_path: Path, make: Callable[..., Any]
) -> None:
    asked = ANYHOW | {"raster": str(raster), "model": str(models["dense"].path), "output": str(tmp_path / "map.tif")}
    make(asked | {"image_date": "2016-05"}, SILENT)
    assert tags(tmp_path / "map.tif")["YEAR"] == "2016"
    with pytest.raises(OptionError, match="--image-date cannot be 'May 2016'"):
        make(asked | {"image_date": "May 2016"}, SILENT)
    plain = write_raster(tmp_path / "plain.tif", size=150)
    make(asked | {"raster": str(plain)}, SILENT)
    assert tags(tmp_path / "map.tif")["YEAR"] == "unknown"


def test_years_of_several_scenes(raster: Path, models: dict[str, ModelFile], tmp_path: Path) -> None:
    """Each scene's raster has its own year, the VRT over them all of them."""
    folder = tmp_path / "scenes"
    folder.mkdir()
    for number, date in enumerate(("2018-06-01", "2021-06-01")):
        path = write_raster(folder / f"s{number}.tif", size=100, hole=False, seed=number)
        with rasterio.open(path, "r+") as dataset:
            dataset.transform = Affine.translation(20_000.0 * number, 0.0) * dataset.transform
            dataset.update_tags(ACQUISITION_DATE=date)
    asked = {"raster": str(folder), "model": str(models["dense"].path), "output": str(tmp_path / "map.tif")}
    made = suitability(ANYHOW | asked, SILENT)
    assert [tags(tmp_path / "map" / f"s{number}.tif")["YEAR"] for number in (0, 1)] == ["2018", "2021"]
    assert tags(Path(made["output"]))["YEAR"] == "2018-2021"


@pytest.mark.parametrize("name, mode", [("exact", "tokens"), ("tokens", "exact"), ("dense", "exact"),
                                        ("joined", "exact")])  # fmt: skip
def test_another_mode_than_the_models_is_refused_before_anything_is_done(
    raster: Path, models: dict[str, ModelFile], tmp_path: Path, name: str, mode: str
) -> None:
    points = tmp_path / "points.csv"
    points.write_text("x,y\n700150,6599850\n", encoding="utf-8")
    asked = ANYHOW | {"raster": str(raster), "model": str(models[name].path), "mode": mode}
    for make in MAPS:
        with pytest.raises(OptionError, match=f"cannot be used in mode {mode}.*Leave --mode out"):
            make(asked | {"output": str(tmp_path / "map.tif")}, SILENT)
    with pytest.raises(OptionError, match=f"cannot be used in mode {mode}"):
        predict(asked | {"points": str(points), "crs": "EPSG:2154", "output": str(tmp_path / "p.csv")}, SILENT)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["points.csv"]


@pytest.mark.parametrize("name", ["exact", "tokens"])
def test_the_models_own_mode_is_taken(
    raster: Path, models: dict[str, ModelFile], tmp_path: Path, name: str
) -> None:
    asked = ANYHOW | {"raster": str(raster), "model": str(models[name].path), "mode": name}
    suitability(asked | {"output": str(tmp_path / "map.tif")}, SILENT)
    suitability(asked | {"output": str(tmp_path / "auto.tif"), "mode": "auto"}, SILENT)
    assert (tmp_path / "map.tif").read_bytes() == (tmp_path / "auto.tif").read_bytes()
