"""The list of a place: map, points and click name the same species, and older models say that they make none."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio

from botaclip.core import click as click_module
from botaclip.core.click import click
from botaclip.core.commands import PREDICT, SUITABILITY
from botaclip.core.errors import ModelFileError
from botaclip.core.model import Model
from botaclip.core.model_file import ModelFile
from botaclip.core.options import parse_parameters
from botaclip.core.predict import LIST, predict
from botaclip.core.progress import SILENT
from botaclip.core.suitability import suitability

from .model_fixture import SPECIES, write_model, write_raster

LISTED_FROM = [None, 0.0, None]  # set below to what half of the map has, always, never


def asked(folder: Path, name: str = "m", **given: Any) -> dict[str, Any]:
    return {"raster": str(folder / "r.tif"), "model": str(folder / f"{name}.botaclip"), "device": "cpu"} | given


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("lists")
    raster = write_raster(folder / "r.tif")
    old = write_model(folder / "old.botaclip", raster)
    suitability(parse_parameters(SUITABILITY, asked(folder, "old", output=str(folder / "half.tif")))[0], SILENT)
    with rasterio.open(folder / "half.tif") as dataset:
        LISTED_FROM[0] = float(np.nanmedian(dataset.read(1)))
    kinds = [kind | {"listed_from": value} for kind, value in zip(old.metadata["species"], LISTED_FROM, strict=True)]
    write_model(folder / "m.botaclip", raster, species=kinds, lists={"share": 0.9, "coverage": {}})
    return folder


def test_map_points_and_click_agree(folder: Path) -> None:
    suitability(parse_parameters(SUITABILITY, asked(folder, output=str(folder / "s.tif")))[0], SILENT)
    with rasterio.open(folder / "s.tif") as dataset:
        tags = [float(dataset.tags(band)["BOTACLIP_LISTED_FROM"]) for band in (1, 2, 3)]
        values = dataset.read()
        rows, cols = np.nonzero(np.isfinite(values[0]))
        chosen = np.random.default_rng(3).choice(len(rows), 25, replace=False)
        rows, cols = rows[chosen], cols[chosen]
        xs, ys = dataset.xy(rows, cols)
    assert tags == [pytest.approx(LISTED_FROM[0], rel=1e-7), 0.0, float("inf")]
    on_map = values[:, rows, cols] >= np.array(tags, np.float32)[:, None]
    assert on_map[1].all() and not on_map[2].any() and 0 < on_map[0].sum() < 25
    points = folder / "p.csv"
    points.write_text("x,y\n" + "".join(f"{x},{y}\n" for x, y in zip(xs, ys, strict=True)))
    given = asked(folder, points=str(points), crs="EPSG:2154", output=str(folder / "out.csv"))
    predict(parse_parameters(PREDICT, given)[0], SILENT)
    with (folder / "out.csv").open(newline="", encoding="utf-8") as file:
        listed = [row[LIST] for row in csv.DictReader(file)]
    for index, (x, y) in enumerate(zip(xs, ys, strict=True)):
        names = [name for name, on in zip(SPECIES, on_map[:, index], strict=True) if on]
        assert listed[index] == "; ".join(names)
        said = click(asked(folder, x=x, y=y, crs="EPSG:2154"), SILENT)
        assert {one["name"] for one in said["species"] if one["listed"]} == set(names)
        assert said["list_share"] == 0.9
    click_module._open.clear()


def test_an_older_model_makes_none(folder: Path) -> None:
    said = click(asked(folder, "old", x=700_400.0, y=6_599_600.0, crs="EPSG:2154"), SILENT)
    assert said["list_share"] is None and {one["listed"] for one in said["species"]} == {None}
    model = Model.open(folder / "old.botaclip")
    assert model.listed_from is None
    with pytest.raises(ModelFileError, match="before models made lists"):
        model.listed(np.zeros((1, 3), np.float32), [0, 1, 2])
    click_module._open.clear()


def test_a_click_names_the_plots_most_alike(folder: Path) -> None:
    said = click(asked(folder, x=700_400.0, y=6_599_600.0, crs="EPSG:2154"), SILENT)
    cosines = [one["cosine"] for one in said["similar"]]
    assert len(cosines) == click_module.SIMILAR and cosines == sorted(cosines, reverse=True)
    outside = click(asked(folder, x=0.0, y=0.0, crs="EPSG:2154"), SILENT)
    assert outside["similar"] == [] and outside["species"] == []
    click_module._open.clear()


@pytest.mark.parametrize("value", ["0.5", True, float("nan")])
def test_a_damaged_threshold_is_refused(folder: Path, tmp_path: Path, value: Any) -> None:
    old = ModelFile.open(folder / "old.botaclip")
    kinds = [dict(kind) for kind in old.metadata["species"]]
    kinds[1]["listed_from"] = value
    with pytest.raises((ModelFileError, ValueError)):
        write_model(tmp_path / "bad.botaclip", folder / "r.tif", species=kinds)
