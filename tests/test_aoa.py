"""The area of applicability of a model: map, points and click say the same, and what the formula says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio

from botaclip.core import click as click_module
from botaclip.core.aoa import BANDS, aoa
from botaclip.core.click import click
from botaclip.core.commands import AOA, PREDICT, SUITABILITY
from botaclip.core.errors import ModelFileError
from botaclip.core.model import Model
from botaclip.core.options import parse_parameters
from botaclip.core.predict import DOMAIN, predict
from botaclip.core.progress import SILENT
from botaclip.core.suitability import suitability

from .model_fixture import SPECIES, write_model, write_raster

AREA = {"axes": 5, "mean_distance": 1.2, "threshold": 0.8, "metric": "as the test says", "folds": "cross-validation"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("aoa")
    raster = write_raster(folder / "r.tif")
    write_model(folder / "m.botaclip", raster, applicability=AREA)
    write_model(folder / "old.botaclip", raster)
    return folder


def run(command: Any, job: Any, folder: Path, **given: Any) -> dict[str, Any]:
    asked = {"raster": str(folder / "r.tif"), "model": str(folder / "m.botaclip"), "device": "cpu"} | given
    return job(parse_parameters(command, asked)[0], SILENT)


@pytest.fixture(scope="module")
def mapped(folder: Path) -> np.ndarray:
    outputs = run(AOA, aoa, folder, output=str(folder / "aoa.tif"))
    assert outputs["threshold"] == 0.8
    with rasterio.open(folder / "aoa.tif") as dataset:
        assert dataset.descriptions == BANDS
        assert dataset.tags()["BOTACLIP_AOA_THRESHOLD"] == "0.8"
        assert dataset.tags()["BOTACLIP_AOA_METRIC"] == "as the test says"
        return dataset.read()


def test_the_bands_are_what_the_formula_says(folder: Path, mapped: np.ndarray) -> None:
    seen = np.isfinite(mapped).all(axis=0)
    assert 0.5 < seen.mean() < 1.0 and np.isnan(mapped[:, ~seen]).all()
    index, inside, density = mapped[:, seen]
    np.testing.assert_array_equal(inside, index <= 0.8)
    # A place outside has no training plot within the threshold, a place inside has one or more.
    np.testing.assert_array_equal(density >= 1, index < 0.8)
    model = Model.open(folder / "m.botaclip")
    unit = np.random.default_rng(0).normal(size=(40, model.unit_width)).astype(np.float32)
    unit /= np.linalg.norm(unit, axis=1, keepdims=True)
    # By hand: distances in the first five components over the mean distance.
    plots, places = (x.astype(float) @ model.pca_components[:5].T.astype(float) for x in (model.plot_vectors, unit))
    distance = np.linalg.norm(places[:, None] - plots, axis=2) / 1.2
    found = model.domain(unit)
    np.testing.assert_allclose(found[0], distance.min(axis=1), rtol=1e-4)
    np.testing.assert_array_equal(found[2], (distance < 0.8).sum(axis=1))
    assert (model.domain(model.plot_vectors)[0] == 0).all()


def test_points_and_clicks_agree_with_the_map(folder: Path, mapped: np.ndarray) -> None:
    with rasterio.open(folder / "aoa.tif") as dataset:
        rows, cols = np.nonzero(np.isfinite(mapped[0]))
        chosen = np.random.default_rng(1).choice(len(rows), 12, replace=False)
        xs, ys = dataset.xy(rows[chosen], cols[chosen])
    points = folder / "p.csv"
    points.write_text("x,y\n" + "".join(f"{x},{y}\n" for x, y in zip(xs, ys, strict=True)))
    run(PREDICT, predict, folder, points=str(points), crs="EPSG:2154", output=str(folder / "out.csv"))
    header, *lines = [line.split(",") for line in (folder / "out.csv").read_text().splitlines()]
    columns = [header.index(name) for name in DOMAIN]
    for line, row, col, x, y in zip(lines, rows[chosen], cols[chosen], xs, ys, strict=True):
        expected = mapped[:, row, col]
        np.testing.assert_allclose([float(line[column]) for column in columns], expected, rtol=1e-5)
        asked = {"raster": str(folder / "r.tif"), "model": str(folder / "m.botaclip"), "device": "cpu"}
        said = click(asked | {"x": x, "y": y, "crs": "EPSG:2154"}, SILENT)["domain"]
        assert said["dissimilarity"] == pytest.approx(float(expected[0]), rel=1e-6)
        assert (said["inside"], said["density"], said["threshold"]) == (expected[1] > 0, expected[2], 0.8)
    click_module._open.clear()


def test_a_map_of_species_may_carry_it(folder: Path, mapped: np.ndarray) -> None:
    outputs = run(SUITABILITY, suitability, folder, output=str(folder / "s.tif"), applicability=True)
    assert outputs["species"] == list(SPECIES)
    run(SUITABILITY, suitability, folder, output=str(folder / "plain.tif"))
    with rasterio.open(folder / "s.tif") as both, rasterio.open(folder / "plain.tif") as plain:
        assert both.descriptions == (*SPECIES, *BANDS)
        np.testing.assert_array_equal(both.read()[: len(SPECIES)], plain.read())
        np.testing.assert_array_equal(both.read()[len(SPECIES) :], mapped)


def test_an_older_model_says_that_it_has_none(folder: Path) -> None:
    old = str(folder / "old.botaclip")
    with pytest.raises(ModelFileError, match="before models had an area of applicability"):
        run(AOA, aoa, folder, model=old, output=str(folder / "none.tif"))
    with pytest.raises(ModelFileError, match="Train it again"):
        run(SUITABILITY, suitability, folder, model=old, output=str(folder / "none.tif"), applicability=True)
    assert not list(folder.glob("none*"))
    asked = {"raster": str(folder / "r.tif"), "model": old, "device": "cpu", "crs": "EPSG:2154"}
    assert click(asked | {"x": 700_400.0, "y": 6_599_600.0}, SILENT)["domain"] is None
    click_module._open.clear()


@pytest.mark.parametrize(
    "change", [{"threshold": 0.0}, {"threshold": -1.0}, {"mean_distance": float("1e400")}, {"axes": 0}, {"axes": "5"}]
)
def test_a_damaged_area_is_refused(folder: Path, tmp_path: Path, change: dict[str, Any]) -> None:
    with pytest.raises(ModelFileError):
        write_model(tmp_path / "bad.botaclip", folder / "r.tif", applicability=AREA | change)
