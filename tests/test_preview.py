"""``botaclip preview`` says of every plot what training would do with it, and the two agree."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyogrio
import pytest

from botaclip.core.commands import PREVIEW, TRAIN
from botaclip.core.errors import OutputError, PairingError
from botaclip.core.options import parse_parameters
from botaclip.core.polygon_output import write_polygons
from botaclip.core.progress import SILENT
from botaclip.core.vector_io import read_areas
from botaclip.training.outer_folds import outer_splitter
from botaclip.training.preview import preview
from botaclip.training.reading import read_training

from .small_landscape import CRS, releves, write_image, write_releves


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("preview")
    write_image(folder / "image.tif")
    write_releves(folder / "releves.csv", releves())
    return folder


@pytest.fixture(autouse=True)
def cache(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BOTACLIP_CACHE", str(folder / "cache"))


def given(folder: Path, **asked: Any) -> dict[str, Any]:
    parameters, unknown = parse_parameters(PREVIEW, {
        "raster": str(folder / "image.tif"), "releves": str(folder / "releves.csv"), "crs": CRS, "x_field": "x",
        "y_field": "y", "folds": 2, "min_presences": 10, "output": str(folder / "plots.gpkg"),
        "blocks": str(folder / "blocks.gpkg"), "overwrite": True, **asked,
    })  # fmt: skip
    assert not unknown
    return parameters


def test_every_plot_and_what_training_does_with_it(folder: Path) -> None:
    parameters = given(folder)
    found = preview(parameters, SILENT)
    read = read_training(parameters, SILENT)
    outer = outer_splitter(
        read.data.places, read.data.groups, read.data.sites, read.touching_m, 100.0, parameters, SILENT
    )
    folds = outer.split(read.data.places, read.data.presence)
    meta, _, _, columns = pyogrio.raw.read(folder / "plots.gpkg")
    rows = dict(zip(meta["fields"].tolist(), columns, strict=True))
    by_name = {name: row for row, name in enumerate(rows["plot"].tolist())}
    assert len(by_name) == 70 and rows["state"][by_name["far"]] == "left out"
    assert rows["reason"][by_name["far"]] == "outside the raster" and np.isnan(rows["fold"][by_name["far"]])
    assert found["counts"] == {"usable": 69, "doubtful": 0, "left out": 1}
    assert found["reasons"] == {"outside the raster": 1}
    for number, (_, test) in enumerate(folds, start=1):
        assert {rows["fold"][by_name[read.data.ids[row]]] for row in test} == {number}
    assert rows["species"][by_name["far"]] == 1
    presences = {one["name"]: one["presences"] for one in found["species"]}
    assert presences == dict(zip(read.data.species, read.data.presence.sum(axis=0).astype(int).tolist(), strict=True))
    assert list(presences.values()) == sorted(presences.values(), reverse=True)
    assert found["print"][0] == "69 of 70 plots can be used." and "  1 left out: outside the raster" in found["print"]
    assert found["print"][-2] == f"2 folds: {outer.words}."
    _, areas = read_areas(folder / "blocks.gpkg")
    corners = np.concatenate([np.asarray(ring) for area in areas for polygon in area.polygons for ring in polygon])
    assert len(areas) == len(outer.splitter.outlines_) > 2
    np.testing.assert_allclose(np.unique(corners, axis=0), np.unique(outer.splitter.outlines_.reshape(-1, 2), axis=0))


def test_its_options_are_those_of_training(folder: Path) -> None:
    own = {option.name for option in PREVIEW.options} - {"output", "blocks"}
    assert own < {option.name for option in TRAIN.options}


def test_what_cannot_be_trained_is_said_and_nothing_written(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(PairingError, match="no species has at least 1000 presences"):
        preview(given(folder, min_presences=1000, output=str(tmp_path / "a.gpkg"), blocks=None), SILENT)
    (tmp_path / "b.gpkg").write_bytes(b"")
    with pytest.raises(OutputError):
        preview(given(folder, output=str(tmp_path / "b.gpkg"), overwrite=False), SILENT)
    assert [path.name for path in tmp_path.iterdir()] == ["b.gpkg"]
    with pytest.raises(OutputError, match="gpkg"):
        write_polygons(tmp_path / "c.shp", [], CRS, {})
