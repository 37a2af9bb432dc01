"""Observed nearby: exact places, rounded ones, none, and species of plots near a click."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyproj
import pytest

from botaclip.core import click as click_module
from botaclip.core.click import click
from botaclip.core.errors import ModelFileError
from botaclip.core.model import Model
from botaclip.core.model_file import ModelFile
from botaclip.core.observed import PlotPlaces, observed_species
from botaclip.core.places import Points
from botaclip.core.progress import SILENT

from .model_fixture import write_model, write_raster

COUNT = 30
HERE = Points(np.array([700_400.0]), np.array([6_599_600.0]), "EPSG:2154")


def model_with(
    path: Path, raster: Path, *, locations: str = "exact", crs: str | None = "EPSG:2154", **columns: list[Any]
) -> Model:
    """Write a model whose plots lie and hold what ``x``, ``y`` and ``species`` say."""
    write_model(path, raster, plot_locations=locations)
    whole = ModelFile.open(path)
    rows = [{"id": f"p{i}", "date": "", "digest": ""} | {key: values[i] for key, values in columns.items()}
            for i in range(COUNT)]  # fmt: skip
    table = {"locations": locations, "plots": rows} | ({"crs": crs} if crs else {})
    parts = {**whole.parts, "plots.json": json.dumps(table).encode()}
    parts.pop("metadata.json"), parts.pop("checksums.json", None)
    return Model(ModelFile.write(path, whole.metadata, parts, overwrite=True))


@pytest.fixture(scope="module")
def raster(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_raster(tmp_path_factory.mktemp("observed") / "r.tif")


def line_of_plots() -> dict[str, list[Any]]:
    """Plots every 100 m east of the place; even ones hold species 0, odd ones 1 and 2, plot 9 nothing."""
    return {
        "x": [700_400.0 + 100.0 * i for i in range(COUNT)], "y": [6_599_600.0] * COUNT,
        "species": [[] if i == 9 else [0] if i % 2 == 0 else [1, 2] for i in range(COUNT)],
    }  # fmt: skip


def test_exact_places(tmp_path: Path, raster: Path) -> None:
    model = model_with(tmp_path / "m.botaclip", raster, **line_of_plots())
    places = PlotPlaces.of(model)
    assert places is not None
    near = places.near(HERE)
    # The patch is of 100 m: ten of them are 1 km. Metres of EPSG:2154 are a little less on the ground, here by 0.01 %.
    assert near is not None and (near.near_m, near.rounded_m, near.within_m) == (1000.0, 0.0, 1000.0)
    geod = pyproj.Geod(ellps="WGS84")
    degrees = Points(np.array(line_of_plots()["x"]), np.array(line_of_plots()["y"]), "EPSG:2154").to("EPSG:4326")
    _, _, true = geod.inv(np.full(COUNT, degrees.x[0]), np.full(COUNT, degrees.y[0]), degrees.x, degrees.y)
    assert near.plots.tolist() == np.flatnonzero(np.asarray(true) <= 1000).tolist() == list(range(10))
    assert observed_species(model, near, [0, 1, 2]) == {
        0: {"plots": 5, "names": ["p0", "p2", "p4", "p6", "p8"]},
        1: {"plots": 4, "names": ["p1", "p3", "p5", "p7"]}, 2: {"plots": 4, "names": ["p1", "p3", "p5", "p7"]},
    }  # fmt: skip
    assert observed_species(model, near, [1])[1]["plots"] == 4
    nowhere = Points(np.array([np.nan]), np.array([0.0]), "EPSG:2154")
    assert places.near(nowhere) is None


def test_a_patch_of_more_than_100_m_widens_what_is_near(tmp_path: Path, raster: Path) -> None:
    model = model_with(tmp_path / "m.botaclip", raster, **line_of_plots())
    model.patch = type(model.patch)(200.0, 10)
    near = PlotPlaces.of(model).near(HERE)  # type: ignore[union-attr]
    assert near is not None and near.near_m == 2000.0 and near.plots.tolist() == list(range(20))


def test_rounded_places_are_told_to_be(tmp_path: Path, raster: Path) -> None:
    """A plot may be half a diagonal from where the model puts it, so that much farther it is looked for."""
    rows = line_of_plots()
    model = model_with(tmp_path / "m.botaclip", raster, locations="coarse:1000", **rows)
    near = PlotPlaces.of(model).near(HERE)  # type: ignore[union-attr]
    slack = 500 * np.sqrt(2)
    assert near is not None and near.rounded_m == 1000.0 and near.within_m == pytest.approx(1000 + 2 * slack)
    assert near.plots.tolist() == list(range(int((1000 + slack) // 100) + 1))


def test_squares_in_degrees_are_wider_away_from_the_poles(tmp_path: Path, raster: Path) -> None:
    """Of two plots, at 60 and at 0 degrees, the southern one's square is twice as wide."""
    rows = {"x": [0.0] * COUNT, "y": [60.0] + [0.0] * (COUNT - 1), "species": [[0]] * COUNT}
    model = model_with(tmp_path / "m.botaclip", raster, locations="coarse:1000", crs="EPSG:4326", **rows)
    near = PlotPlaces.of(model).near(Points(np.array([0.0]), np.array([0.001]), "EPSG:4326"))  # type: ignore[union-attr]
    assert near is not None and near.plots.tolist() == list(range(1, COUNT))
    assert near.within_m == pytest.approx(1000 + 2 * np.hypot(500, 1000), rel=1e-3)


def test_where_the_model_does_not_say(tmp_path: Path, raster: Path) -> None:
    rows = line_of_plots()
    species = rows.pop("species")
    assert PlotPlaces.of(model_with(tmp_path / "a.botaclip", raster, **rows)) is None
    nowhere = model_with(tmp_path / "b.botaclip", raster, locations="none", crs=None, species=species)
    assert PlotPlaces.of(nowhere) is None
    odd = {**rows, "x": ["evil"] * COUNT, "species": species}
    with pytest.raises(ModelFileError, match="plot 1 of plots.json has no proper place"):
        model_with(tmp_path / "c.botaclip", raster, **odd)
    assert PlotPlaces.of(model_with(tmp_path / "d.botaclip", raster, crs="no CRS", species=species, **rows)) is None


def test_a_click_says_what_was_observed_nearby(tmp_path: Path, raster: Path) -> None:
    model_with(tmp_path / "m.botaclip", raster, **line_of_plots())
    asked = {"raster": str(raster), "model": str(tmp_path / "m.botaclip"), "device": "cpu", "x": 700_400.0,
             "y": 6_599_600.0, "crs": "EPSG:2154"}  # fmt: skip
    said = click(asked, SILENT)
    far = click({**asked, "x": 700_100.0, "y": 6_599_300.0}, SILENT)
    write_model(tmp_path / "m.botaclip", raster)
    older = click(asked, SILENT)
    click_module._open.clear()
    assert said["observed"] == {"near_m": 1000.0, "rounded_m": 0.0, "within_m": 1000.0, "plots": 10}
    assert {one["name"]: one["observed"]["plots"] for one in said["species"]} == {
        "Carex nigra": 5, "Poa annua": 4, "Salix alba": 4
    }  # fmt: skip
    # 424 m to the first plot; 954 m to the seventh.
    assert far["observed"]["plots"] == 7
    assert older["observed"] is None and {one["observed"] for one in older["species"]} == {None}
