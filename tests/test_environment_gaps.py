"""Environment rasters that end before the image does, and those that lie under another name."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from tests.model_fixture import write_raster
from tests.small_scenes import write_environment_model, write_layer
from tests.test_applied_imagery import ANYHOW

from botaclip.core.applied_imagery import AppliedImagery, environment_for
from botaclip.core.applied_model import NO_ENVIRONMENT, NODATA, OK, OUTSIDE
from botaclip.core.click import click
from botaclip.core.embed import embed
from botaclip.core.environment_rasters import Environment, named_path
from botaclip.core.errors import ModelFileError
from botaclip.core.model import Model
from botaclip.core.places import Points
from botaclip.core.predict import predict
from botaclip.core.progress import SILENT, Progress
from botaclip.core.suitability import suitability

LEFT, TOP, SIDE = 700_000.0, 6_600_000.0, 800.0


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BOTACLIP_CACHE", str(tmp_path / "cache"))


@pytest.fixture(scope="module")
def half(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A raster with a hole, a layer under its western half, one under all of it, and a model of either."""
    place = tmp_path_factory.mktemp("half")
    raster = write_raster(place / "r.tif")
    with rasterio.open(raster) as dataset:
        assert tuple(dataset.bounds) == (LEFT, TOP - SIDE, LEFT + SIDE, TOP)
    found = {"raster": raster, "folder": place}
    for name, east in (("dem_half", SIDE / 2), ("dem_all", SIDE + 100)):
        bounds = (LEFT - 100, TOP - SIDE - 100, LEFT + east, TOP + 100)
        layer = write_layer(place / f"{name}.tif", crs="EPSG:2154", bounds=bounds, pixel=25.0)
        found[name] = layer
        found[f"{name}.botaclip"] = write_environment_model(place / f"{name}.botaclip", raster, layer).path
    return found


def at(*places: tuple[float, float]) -> Points:
    return Points(np.array([LEFT + x for x, _ in places]), np.array([TOP - y for _, y in places]), "EPSG:2154")


def ask(half: dict[str, Path], output: Path, name: str = "dem_half", **changes: Any) -> dict[str, Any]:
    return ANYHOW | {"raster": str(half["raster"]), "model": str(half[f"{name}.botaclip"]),
                     "output": str(output)} | changes  # fmt: skip


def warnings(work: Any, asked: dict[str, Any]) -> list[str]:
    said: list[tuple[str, str]] = []
    work(asked, Progress(log=lambda *line: said.append(line)))
    return [text for level, text in said if level == "warning"]


def test_a_place_without_environment_is_told_from_one_without_image(half: dict[str, Path], tmp_path: Path) -> None:
    places = [(200.0, 400.0), (600.0, 400.0), (5.0, 5.0), (795.0, 795.0), (2000.0, 400.0)]
    expected = [OK, NO_ENVIRONMENT, NODATA, NODATA, OUTSIDE]
    with AppliedImagery.open(half["dem_half.botaclip"], half["raster"], device="cpu") as applied:
        assert applied.at(at(*places), range(3)).status.tolist() == expected
        # The patch of 100 m decides: of these the layer, which ends at 400 m, has four fifths and three.
        assert applied.at(at((370.0, 400.0), (390.0, 400.0)), [0]).status.tolist() == [OK, NO_ENVIRONMENT]
    with AppliedImagery.open(half["dem_all.botaclip"], half["raster"], device="cpu") as applied:
        assert applied.at(at(*places), range(3)).status.tolist() == [OK, OK, NODATA, NODATA, OUTSIDE]
    table = tmp_path / "p.csv"
    table.write_text("x,y\n" + "".join(f"{LEFT + x},{TOP - y}\n" for x, y in places))
    outputs = predict(ask(half, tmp_path / "o.csv", points=str(table), crs="EPSG:2154"), SILENT)
    assert outputs["status"] == {"ok": 1, "no environment values": 1, "nodata": 2, "outside the raster": 1}
    answer = click({"raster": str(half["raster"]), "model": str(half["dem_half.botaclip"]), "x": LEFT + 600.0,
                    "y": TOP - 400.0, "crs": "EPSG:2154", "device": "cpu"}, SILENT)  # fmt: skip
    assert (answer["status"], answer["species"]) == ("no environment", [])
    assert answer["message"] == "The environment rasters have no values in the patch around this place."


@pytest.mark.parametrize("work", [suitability, embed])
def test_a_map_says_how_much_of_it_the_environment_leaves_out(
    half: dict[str, Path], tmp_path: Path, work: Any
) -> None:
    (said,) = warnings(work, ask(half, tmp_path / "half.tif"))
    assert warnings(work, ask(half, tmp_path / "all.tif", "dem_all")) == []
    with rasterio.open(tmp_path / "half.tif") as one, rasterio.open(tmp_path / "all.tif") as other:
        lost = np.isnan(one.read(1)) & np.isfinite(other.read(1))
    assert 0.3 < lost.mean() < 0.5
    percent = round(100 * lost.mean())
    words = "The environment rasters cover only part of the image: {} % of the map has no value for that reason."
    assert said in [words.format(percent + off).replace(" %", "%") for off in (-2, -1, 0, 1, 2)]


def test_a_layer_of_another_name_is_given_with_its_name(half: dict[str, Path], tmp_path: Path) -> None:
    moved = Path(shutil.copy(half["dem_half"], tmp_path / "dem_moved.tif"))
    model = Model.open(half["dem_half.botaclip"])
    with pytest.raises(ModelFileError) as met:
        environment_for(model, [moved])
    assert met.value.sentence == (
        f"{model.file.path}: the model was trained with environment rasters, and these layers are missing: dem_half "
        "(band 1 of dem_half.tif); those given are called dem_moved. Layers are matched by name, that of their file "
        "without its suffix: choose the files of these names, or say which it is, --environment dem_half=PATH."
    )
    given = f"dem_half={moved}"
    suitability(ask(half, tmp_path / "a.tif", environment=[given]), SILENT)
    suitability(ask(half, tmp_path / "b.tif", environment=[str(half["dem_half"])]), SILENT)
    with rasterio.open(tmp_path / "a.tif") as one, rasterio.open(tmp_path / "b.tif") as other:
        np.testing.assert_array_equal(one.read(), other.read())


def test_a_path_with_an_equals_sign_stays_a_path(half: dict[str, Path], tmp_path: Path) -> None:
    odd = Path(shutil.copy(half["dem_half"], tmp_path / "year=2019.tif"))
    assert named_path(str(odd)) == ("", str(odd))
    assert named_path(f"dem={odd}") == ("dem", str(odd))
    assert named_path("dem=gone.tif") == ("", "dem=gone.tif")
    assert Environment.open([odd, f"dem={half['dem_half']}"]).names == ("year=2019", "dem")


def test_a_model_finds_what_it_was_trained_with_under_a_name(half: dict[str, Path], tmp_path: Path) -> None:
    trained = Environment.open([f"height={half['dem_half']}"])
    layers = [layer.to_json() for layer in trained.layers]
    assert [(layer["name"], layer["file"]) for layer in layers] == [("height", "dem_half.tif")]
    path = tmp_path / "m.botaclip"
    write_environment_model(path, half["raster"], half["dem_half"], environment=layers)
    found = environment_for(Model.open(path), None)
    assert found is not None and found.names == ("height",)
    assert [layer.path for layer in found.layers] == [str(half["dem_half"])]
