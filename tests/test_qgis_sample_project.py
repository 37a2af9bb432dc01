"""The sample project in QGIS: copied by the algorithm, loaded into the open project, ready to click."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import rasterio
from tests.qgis_support import Qgis, make_qgis

from botaclip.core.sample import IMAGE, MODEL, PLOTS, RELEVES, SAMPLE, is_sample

NAMES = ["Aerial photograph (invented)", "Relevé plots (invented)", "Relevés"]


@pytest.fixture(scope="module")
def qgis() -> Iterator[Qgis]:
    # A machine without an environment: the sample needs none.
    yield from make_qgis(copied=True)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("sample")


@pytest.fixture(scope="module")
def loaded(qgis: Qgis, folder: Path) -> dict:
    return dict(qgis.script("sample_project", str(folder)))


def rows(name: str) -> list[dict[str, str]]:
    with (SAMPLE / name).open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def test_qgis_process_copies_it_without_an_environment(qgis: Qgis, tmp_path: Path) -> None:
    ran = qgis.run("sample", OUTPUT=tmp_path / "a b")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert is_sample(tmp_path / "a b")
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "letter.txt").write_text("someone's own")
    ran = qgis.run("sample", OUTPUT=tmp_path / "other")
    assert ran.returncode == 1 and "a folder of this name holds other files" in ran.stdout + ran.stderr
    assert [path.name for path in (tmp_path / "other").iterdir()] == ["letter.txt"]


def test_the_proposed_folder_is_numbered_beside_one_of_other_files(loaded: dict, folder: Path) -> None:
    documents = folder / "documents"
    first, second = documents / "BotaCLIP sample", documents / "BotaCLIP sample 2"
    assert loaded["proposed"] == [str(first), str(second), str(second)], "the sample's own folder is taken again"
    assert loaded["done"] and loaded["output"] == str(second)
    assert loaded["summary"] == f"The sample project lies in {second}. Nothing in it is real."


def test_the_layers_are_there_once_grouped_and_named(loaded: dict) -> None:
    assert loaded["names"] == NAMES and loaded["valid"] == [True, True, True]
    assert loaded["again"] and loaded["count"] == 3, "a second click loads nothing twice"
    assert loaded["groups"] == ["BotaCLIP sample (nothing in it is real)"]
    assert loaded["order"] == [NAMES[1], NAMES[0], NAMES[2]], "plots over the image"
    assert loaded["size"] == [1000, 1000, 4] and loaded["renderer"] == "multibandcolor"
    assert loaded["plots"] == len(rows(PLOTS)) and loaded["releves"] == len(rows(RELEVES))
    assert loaded["labels"] == [True, "plot_id", 7, 6000]
    first, *others = loaded["stretch"]
    assert others == [first, first] and 0 < first[0] < 100 < first[1] < 256, "colours keep their hue"


def test_a_plot_knows_its_species(loaded: dict) -> None:
    expected = sorted(row["species"] for row in rows(RELEVES) if row["plot_id"] == loaded["plot"])
    assert loaded["species"] == expected and len(expected) > 3


def test_project_and_click_are_ready(loaded: dict) -> None:
    assert loaded["crs"] == "EPSG:32632" and loaded["title"] == "BotaCLIP sample project"
    assert loaded["view"] == [652_360.0, 5_159_560.0, 654_440.0, 5_161_640.0] and loaded["default"]
    assert loaded["model"] == str(Path(loaded["output"]) / MODEL) and loaded["raster"]


def test_a_project_of_ones_own_keeps_its_crs_and_title(loaded: dict) -> None:
    crs, title, order = loaded["own"]
    assert (crs, title) == ("EPSG:4326", "My project")
    assert order == [NAMES[1], NAMES[0], NAMES[2], "mine"]


def test_the_map_shows_the_photograph(loaded: dict, folder: Path) -> None:
    with rasterio.open(folder / "drawn.png") as drawn:
        shown = drawn.read([1, 2, 3]).astype(float)
    with rasterio.open(SAMPLE / IMAGE) as image:
        pixels = image.read([1, 2, 3], out_shape=(3, 60, 60)).astype(float)
    # The margin around the image is 2 % of its side.
    inner = shown[:, 12:588, 12:588]
    step = np.linspace(0, 575, 60).astype(int)
    for band in range(3):
        agreed = np.corrcoef(inner[band][np.ix_(step, step)].ravel(), pixels[band].ravel())[0, 1]
        assert agreed > 0.6
