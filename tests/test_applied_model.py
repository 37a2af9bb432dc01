"""Map, points and click say the same at the same place."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from tests.model_fixture import SPECIES, write_model, write_raster

from botaclip.core.applied_imagery import AppliedImagery
from botaclip.core.applied_model import NODATA, NOWHERE, OK, OUTSIDE
from botaclip.core.click import click
from botaclip.core.model_file import ModelFile
from botaclip.core.places import Points
from botaclip.core.predict import predict
from botaclip.core.progress import SILENT, Progress
from botaclip.core.suitability import suitability

ANYWHERE = {"device": "cpu", "overwrite": True, "species": None, "extent": None, "mask": None, "stride": None}


@pytest.fixture(scope="module")
def raster(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_raster(tmp_path_factory.mktemp("raster") / "r.tif")


@pytest.fixture(scope="module")
def model(raster: Path, tmp_path_factory: pytest.TempPathFactory) -> ModelFile:
    return write_model(tmp_path_factory.mktemp("model") / "m.botaclip", raster)


@pytest.fixture(scope="module")
def applied(raster: Path, model: ModelFile) -> Iterator[AppliedImagery]:
    opened = AppliedImagery.open(model.path, raster, device="cpu")
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def places() -> Points:
    """Random places, some in the nodata corner, some outside."""
    random = np.random.default_rng(3)
    return Points(random.uniform(699_950, 700_850, 40), random.uniform(6_599_150, 6_600_050, 40), "EPSG:2154")


@pytest.fixture(scope="module")
def mapped(raster: Path, model: ModelFile, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A map of every node: 20 m cells are 20 m pixels."""
    path = tmp_path_factory.mktemp("map") / "s.tif"
    asked = ANYWHERE | {"raster": str(raster), "model": str(model.path), "output": str(path), "stride": 20.0}
    outputs = suitability(asked, SILENT)
    assert outputs["species"] == list(SPECIES) and outputs["pixel_m"] == 20.0 and outputs["device"] == "cpu"
    return path


def ask(raster: Path, model: ModelFile, places: Points, index: int) -> dict[str, Any]:
    return click(
        {"raster": str(raster), "model": str(model.path), "x": places.x[index], "y": places.y[index],
         "crs": places.crs, "request": index, "device": "cpu"}, SILENT,
    )


def test_click_and_map_and_points_agree(
    raster: Path, model: ModelFile, mapped: Path, applied: AppliedImagery, places: Points, tmp_path: Path
) -> None:
    found = applied.at(places, range(3))
    assert {OK, OUTSIDE, NODATA} == set(found.status.tolist())
    np.testing.assert_array_equal(np.isfinite(found.suitability).all(axis=1), found.status == OK)
    assert np.isnan(found.suitability[found.status != OK]).all()

    table = tmp_path / "points.csv"
    table.write_text("name;X;y\n" + "".join(f"p{i};{x!r};{y!r}\n" for i, (x, y) in enumerate(
        zip(places.x.tolist(), places.y.tolist(), strict=True))))
    output = tmp_path / "predicted.csv"
    outputs = predict(ANYWHERE | {"raster": str(raster), "model": str(model.path), "points": str(table),
                                  "crs": "EPSG:2154", "output": str(output)}, SILENT)
    assert sum(outputs["status"].values()) == 40
    rows = list(csv.DictReader(output.open(encoding="utf-8")))
    assert [row["botaclip_status"] for row in rows] == found.status.tolist()
    assert list(rows[0]) == ["x", "y", "crs", "name", "botaclip_status", "botaclip_offset_m", *SPECIES]

    with rasterio.open(mapped) as dataset:
        values = dataset.read()
        checked = 0
        for index in np.flatnonzero(found.status == OK):
            row, col = dataset.index(found.nodes.x[index], found.nodes.y[index])
            if not (0 <= row < dataset.height and 0 <= col < dataset.width):
                continue  # a node a hair outside the raster's edge is no pixel of the map
            np.testing.assert_allclose(values[:, row, col], found.suitability[index], atol=1e-5)
            answer = ask(raster, model, places, int(index))
            by_name = {kind["name"]: kind["suitability"] for kind in answer["species"]}
            np.testing.assert_array_equal(np.float32([by_name[name] for name in SPECIES]), found.suitability[index])
            written = [float(rows[index][name]) for name in SPECIES]
            np.testing.assert_allclose(written, found.suitability[index], atol=1e-6)
            checked += 1
        assert checked > 15
        assert dataset.descriptions == SPECIES and np.isnan(dataset.nodata)
        assert dataset.tags(2)["BOTACLIP_THRESHOLD"] == "0.4" and dataset.tags(2)["BOTACLIP_SPECIES"] == "Poa annua"
        tags = dataset.tags()
        assert tags["BOTACLIP_MODEL_SHA256"] == model.sha256
        assert tags["BOTACLIP_PLOT"] == "refers to a plot of 100 m2"
        assert tags["BOTACLIP_ENCODER_SHA256"] == model.metadata["encoder"]["sha256"]
    assert 'type="singlebandpseudocolor"' in mapped.with_suffix(".qml").read_text()


def test_places_in_degrees_and_nowhere(applied: AppliedImagery, places: Points) -> None:
    metres, degrees = applied.at(places, [1]), applied.at(places.to("EPSG:4326"), [1])
    np.testing.assert_array_equal(metres.status, degrees.status)
    np.testing.assert_array_equal(metres.suitability, degrees.suitability)
    nowhere = applied.at(Points(np.array([np.nan]), np.array([0.0]), "EPSG:2154"), [0])
    assert nowhere.status.tolist() == [NOWHERE] and np.isnan(nowhere.suitability).all()


def test_click_ranks_and_explains(raster: Path, model: ModelFile, applied: AppliedImagery, places: Points) -> None:
    status = applied.at(places, [0]).status
    good = ask(raster, model, places, int(np.flatnonzero(status == OK)[0]))
    values = [kind["suitability"] for kind in good["species"]]
    assert good["status"] == "ok" and values == sorted(values, reverse=True) and good["message"] == ""
    assert all(kind["above"] == (kind["suitability"] >= kind["threshold"]) for kind in good["species"])
    assert good["patch"]["size_m"] == 100 and 0 <= good["patch"]["offset_m"] <= 20 and not good["relative"]
    outside = ask(raster, model, places, int(np.flatnonzero(status == OUTSIDE)[0]))
    assert outside["status"] == "outside" and "outside the raster" in outside["message"] and not outside["species"]
    hole = ask(raster, model, places, int(np.flatnonzero(status == NODATA)[0]))
    assert hole["status"] == "nodata" and hole["request"] == int(np.flatnonzero(status == NODATA)[0])


def test_click_notices_a_changed_model(raster: Path, model: ModelFile, places: Points, tmp_path: Path) -> None:
    path = tmp_path / "m.botaclip"
    parameters = {"raster": str(raster), "model": str(path), "x": 700_400, "y": 6_599_600, "crs": "EPSG:2154",
                  "device": "cpu"}
    path.write_bytes(model.path.read_bytes())
    said: list[str] = []
    progress = Progress(log=lambda _, text: said.append(text))
    assert not click(parameters, progress)["relative"]
    first = len(said)
    click(parameters, progress)
    assert len(said) == first  # nothing is opened again
    write_model(path, raster, data_type="presence-only")
    assert click(parameters, progress)["relative"]


def test_a_raster_of_other_pixels_is_warned_of(model: ModelFile, tmp_path: Path) -> None:
    said: list[tuple[str, str]] = []
    raster = write_raster(tmp_path / "fine.tif", size=200, pixel=0.5)
    progress = Progress(log=lambda *line: said.append(line))
    AppliedImagery.open(model.path, raster, device="cpu", progress=progress).close()
    assert [text for level, text in said if level == "warning"] == [
        "The model was trained on pixels of 2 m, this raster has 0.5 m; it is resampled, and values may be off."
    ]


def test_a_raster_of_another_value_scale_is_warned_of(model: ModelFile, tmp_path: Path) -> None:
    said: list[tuple[str, str]] = []
    pixels = np.random.default_rng(0).integers(0, 4000, (3, 200, 200)).astype("uint16")
    path = tmp_path / "sixteen.tif"
    profile = {"driver": "GTiff", "dtype": "uint16", "count": 3, "width": 200, "height": 200, "photometric": "RGB"}
    with rasterio.open(write_raster(tmp_path / "eight.tif", size=200)) as like:
        profile |= {"crs": like.crs, "transform": like.transform}
    with rasterio.open(path, "w", **profile) as dataset:
        dataset.write(pixels)
        dataset.descriptions = ("red", "green", "blue")
    AppliedImagery.open(model.path, path, device="cpu", progress=Progress(log=lambda *line: said.append(line))).close()
    warnings = [text for level, text in said if level == "warning" and "pixel values" in text]
    assert len(warnings) == 1 and "from 0 to 255" in warnings[0] and "not to be trusted" in warnings[0]
