"""What a map may be called, what of an earlier one may lie beside it, and what is said of an empty one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from affine import Affine
from tests.model_fixture import write_model
from tests.small_scenes import SCENES, write_scene
from tests.test_applied_imagery import ask, names

from botaclip.core.embed import embed
from botaclip.core.errors import OptionError, OutputError
from botaclip.core.model_file import ModelFile
from botaclip.core.progress import SILENT, Progress
from botaclip.core.suitability import suitability

Work = Callable[[dict[str, Any], Progress], dict[str, Any]]


@pytest.fixture(autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BOTACLIP_CACHE", str(tmp_path_factory.mktemp("cache")))


@pytest.fixture(scope="module")
def crops(tmp_path_factory: pytest.TempPathFactory) -> Path:
    crops = tmp_path_factory.mktemp("in") / "crops"
    for name in ("east_a", "east_b"):
        write_scene(crops / f"{name}.tif", *SCENES[name])
    return crops


@pytest.fixture(scope="module")
def model(crops: Path) -> ModelFile:
    return write_model(crops.parent / "m.botaclip", crops / "east_a.tif")


def heard(work: Work, asked: dict[str, Any]) -> list[tuple[str, str]]:
    said: list[tuple[str, str]] = []
    work(asked, Progress(log=lambda *line: said.append(line)))
    return said


@pytest.mark.parametrize("work", [suitability, embed])
@pytest.mark.parametrize("name", ["e20.png", "e20", "e.20", "e20.tif.gz"])
def test_a_map_has_the_name_of_a_geotiff(tmp_path: Path, work: Work, name: str) -> None:
    asked = {"output": str(tmp_path / name), "overwrite": False, "model": "nowhere", "raster": "nowhere"}
    with pytest.raises(OutputError) as met:
        work(asked, SILENT)
    assert met.value.sentence == (
        f"{tmp_path / name}: a map is written as GeoTIFF, and this is not the name of one. Give the output a name that "
        "ends with .tif."
    )


def test_an_older_raster_does_not_stay_beside_the_new_folder(crops: Path, model: ModelFile, tmp_path: Path) -> None:
    output = tmp_path / "e1.tif"
    embed(ask(crops / "east_a.tif", model, output), SILENT)
    (tmp_path / "e1.tif.aux.xml").write_text("statistics of QGIS")
    (tmp_path / "e1.tif.txt").write_text("mine")
    with pytest.raises(OutputError, match=r"e1\.tif: a raster of this name exists already.*--overwrite"):
        embed(ask(crops, model, output), SILENT)
    assert not (tmp_path / "e1").exists()
    said = heard(embed, ask(crops, model, output, overwrite=True))
    assert names(tmp_path) == ["e1", "e1.tif.txt"]
    assert names(tmp_path / "e1") == [f"{n}.{k}" for n in ("e1_32632", "east_a", "east_b") for k in
                                      ("qmd", "qml", "vrt" if n[:2] == "e1" else "tif")]  # fmt: skip
    assert ("info", f"{output}, of an earlier run, was removed.") in said


def test_a_raster_that_is_no_map_is_not_removed(crops: Path, model: ModelFile, tmp_path: Path) -> None:
    for name, content in (("a", (crops / "east_a.tif").read_bytes()), ("b", b"precious")):
        output = tmp_path / f"{name}.tif"
        output.write_bytes(content)
        with pytest.raises(OutputError, match="a file of this name that is none of them. Choose another output name"):
            embed(ask(crops, model, output, overwrite=True), SILENT)
        assert output.read_bytes() == content
    assert names(tmp_path) == ["a.tif", "b.tif"]


def test_an_older_folder_does_not_stay_beside_the_new_raster(crops: Path, model: ModelFile, tmp_path: Path) -> None:
    output = tmp_path / "e1.tif"
    embed(ask(crops, model, output), SILENT)
    single = crops / "east_b.tif"
    with pytest.raises(OutputError, match=r"e1: a folder of maps of this name exists already.*--overwrite"):
        embed(ask(single, model, output), SILENT)
    assert names(tmp_path) == ["e1"]
    embed(ask(single, model, output, overwrite=True), SILENT)
    assert names(tmp_path) == ["e1.qmd", "e1.qml", "e1.tif"]
    with rasterio.open(output) as dataset:
        assert dataset.tags()["BOTACLIP_RASTER"] == "east_b.tif"


def test_a_folder_that_is_not_of_maps_is_nobodys_business(crops: Path, model: ModelFile, tmp_path: Path) -> None:
    (tmp_path / "e1").mkdir()
    (tmp_path / "e1" / "notes.txt").write_text("mine")
    for overwrite in (False, True):
        embed(ask(crops / "east_b.tif", model, tmp_path / "e1.tif", overwrite=overwrite), SILENT)
    assert names(tmp_path) == ["e1", "e1.qmd", "e1.qml", "e1.tif"] and names(tmp_path / "e1") == ["notes.txt"]


@pytest.mark.parametrize("work", [suitability, embed])
def test_a_map_without_a_value_is_said_to_be(model: ModelFile, tmp_path: Path, work: Work) -> None:
    path = write_scene(tmp_path / "in" / "r.tif", *SCENES["east_a"])
    empty = ("warning", "No pixel of the map has a value.")
    assert empty not in heard(work, ask(path, model, tmp_path / "a.tif"))
    with rasterio.open(path, "r+") as dataset:
        dataset.write(np.zeros((3, 200, 200), np.uint8))
    assert empty in heard(work, ask(path, model, tmp_path / "b.tif"))
    with rasterio.open(tmp_path / "b.tif") as dataset:
        assert np.isnan(dataset.read()).all()


def test_a_stride_that_is_not_taken_as_it_stands_is_said_to_be(
    crops: Path, model: ModelFile, tmp_path: Path
) -> None:
    single = crops / "east_a.tif"
    with rasterio.open(single) as dataset:
        assert dataset.transform == Affine(2, 0, 500_000, 0, -2, 5_200_000)
    cell_m = 2.0 * int(model.metadata["encoder"]["stride_px"])

    def about(stride: float, name: str) -> list[str]:
        said = heard(suitability, ask(single, model, tmp_path / name, stride=stride))
        return [text for _, text in said if "stride" in text]

    assert about(2 * cell_m, "a.tif") == about(2.01 * cell_m, "b.tif") == []
    (said,) = about(2.3 * cell_m, "c.tif")
    assert said == (
        f"The stride of {2.3 * cell_m:g} m is no whole number of cells of {cell_m:.4g} m: the map has pixels of "
        f"{2 * cell_m:.4g} m."
    )
    with rasterio.open(tmp_path / "c.tif") as dataset:
        assert dataset.res == (2 * cell_m, 2 * cell_m)


def test_a_stride_beyond_the_raster_is_the_strides_fault(crops: Path, model: ModelFile, tmp_path: Path) -> None:
    """Nodes are multiples of the stride from an origin: none may lie on the raster, or one whose patch does not."""
    output = tmp_path / "a.tif"
    try:
        said = heard(embed, ask(crops / "east_a.tif", model, output, stride=77_777.0))
    except OptionError as error:
        assert "--stride: no pixel of a map with a stride of 77777 m has its centre on the raster" in error.sentence
        assert not output.exists()
    else:
        assert ("warning", "No pixel of the map has a value.") in said
