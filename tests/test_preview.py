"""``botaclip preview`` says of every plot what training would do with it, and the two agree."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyogrio
import pytest

from botaclip.core.commands import PREVIEW, TRAIN
from botaclip.core.errors import DeviceError, OutputError
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


def layer(path: Path) -> dict[str, Any]:
    meta, _, _, columns = pyogrio.raw.read(path)
    return dict(zip(meta["fields"].tolist(), columns, strict=True))


def a_problem(folder: Path, tmp_path: Path, **asked: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """Look at plots that cannot be trained on: no fold, no block, no cost, and a last line that says why."""
    found = preview(
        given(folder, output=str(tmp_path / "plots.gpkg"), blocks=str(tmp_path / "blocks.gpkg"), **asked), SILENT
    )
    rows = layer(tmp_path / "plots.gpkg")
    assert np.isnan(rows["fold"].astype(float)).all()
    assert pyogrio.read_info(tmp_path / "blocks.gpkg")["features"] == 0
    assert found["folds"] == {"count": 0, "words": "", "spatial": False} and found["minutes"] is None
    assert found["print"][-1] == f"A model cannot be trained on these plots: {found['problem']}"
    return found, rows


def test_too_few_plots_are_shown_and_said(folder: Path, tmp_path: Path) -> None:
    some = [row for row in releves() if str(row["plot_id"]) in {"far", *(f"p{i:03}" for i in range(7))}]
    found, rows = a_problem(folder, tmp_path, releves=str(write_releves(tmp_path / "some.csv", some)))
    assert found["problem"].startswith("only 7 plots have both a relevé and an image patch; at least 20 are needed. ")
    assert found["counts"] == {"usable": 7, "doubtful": 0, "left out": 1} and found["species"] == []
    by_name = dict(zip(rows["plot"].tolist(), rows["state"].tolist(), strict=True))
    assert by_name == {**{f"p{i:03}": "usable" for i in range(7)}, "far": "left out"}
    assert found["print"][:2] == ["7 of 8 plots can be used.", "  1 left out: outside the raster"]


def test_plots_beside_the_image_are_shown_and_said(folder: Path, tmp_path: Path) -> None:
    away = [row | {"x": float(str(row["x"])) + 50_000} for row in releves()]
    found, rows = a_problem(folder, tmp_path, releves=str(write_releves(tmp_path / "away.csv", away)))
    assert "none of the 70 plots meets the image (70 outside the raster)" in found["problem"]
    assert set(rows["state"]) == {"left out"} and set(rows["reason"]) == {"outside the raster"}
    assert len(rows["plot"]) == 70
    assert found["reasons"] == {"outside the raster": 70} and found["memory_bytes"] is None


def test_plots_of_which_no_folds_can_be_made_are_shown_and_said(folder: Path, tmp_path: Path) -> None:
    found, rows = a_problem(folder, tmp_path, buffer=5000.0)
    assert found["problem"].startswith("the buffer of 5000 m leaves no training plots for fold 1. ")
    assert found["counts"]["usable"] == 69 and len(found["species"]) == 6
    assert sorted(set(rows["state"])) == ["left out", "usable"]


def test_species_that_are_too_rare_are_said(folder: Path, tmp_path: Path) -> None:
    found, _ = a_problem(folder, tmp_path, min_presences=1000)
    assert found["problem"] == (
        "no species has at least 1000 presences among the 69 usable plots. Lower --min-presences or bring more relevés."
    )


def test_what_does_not_meet_in_the_tables_is_counted(folder: Path, tmp_path: Path) -> None:
    rows = releves()
    places = {str(row["plot_id"]): (row["x"], row["y"]) for row in rows}
    places["p003"] = ("", places["p003"][1])
    del places["p004"]
    places["bare"] = (places["p005"][0], places["p005"][1])
    with (tmp_path / "plots.csv").open("w", encoding="utf-8") as stream:
        stream.write("plot_id,x,y\n" + "".join(f"{name},{x},{y}\n" for name, (x, y) in places.items()))
    bare = [{key: row[key] for key in ("plot_id", "species", "cover")} for row in rows]
    found = preview(given(
        folder, releves=str(write_releves(tmp_path / "bare.csv", bare)), plots=str(tmp_path / "plots.csv"),
        output=str(tmp_path / "a.csv"), blocks=None,
    ), SILENT)  # fmt: skip
    lost = sum(row["plot_id"] == "p004" for row in rows)
    said = "\n".join(found["print"])
    assert "  1 plots without coordinates were dropped: p003." in said
    assert f"  {lost} relevé rows of 1 plots that the plots table does not hold were dropped: p004." in said
    assert "  1 of 69 plots list no species" in said


def test_names_of_outputs_are_judged_before_any_work(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("botaclip.training.preview.read_sources", lambda *_: pytest.fail("relevés were read"))
    (tmp_path / "there.gpkg").write_bytes(b"")
    output, blocks = str(tmp_path / "a.gpkg"), str(tmp_path / "b.gpkg")
    for asked, words in (
        ({"blocks": str(tmp_path / "b.csv")}, "polygons are not written as '.csv'"),
        ({"output": str(tmp_path / "a.shp")}, "points are not written as '.shp'"),
        ({"blocks": output}, "two outputs have this name"),
        ({"blocks": str(tmp_path / "there.gpkg"), "overwrite": False}, "exists already"),
    ):  # fmt: skip
        with pytest.raises(OutputError, match=words):
            preview(given(folder, **({"output": output, "blocks": blocks} | asked)), SILENT)
    assert [path.name for path in tmp_path.iterdir()] == ["there.gpkg"]
    with pytest.raises(OutputError, match="gpkg"):
        write_polygons(tmp_path / "c.shp", [], CRS, {})


def test_both_layers_are_written_or_none(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any) -> None:
        raise OutputError("the disk is full")

    monkeypatch.setattr("botaclip.training.preview.write_polygons_aside", full)
    with pytest.raises(OutputError, match="full"):
        preview(given(folder, output=str(tmp_path / "a.gpkg"), blocks=str(tmp_path / "b.gpkg")), SILENT)
    assert list(tmp_path.iterdir()) == []


def test_a_device_that_is_not_there_is_refused_as_in_training(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("botaclip.training.torch_device._why_not_cuda", lambda: "no usable NVIDIA GPU was found")
    with pytest.raises(DeviceError, match="training on cuda is not possible: no usable NVIDIA GPU was found"):
        preview(given(folder, device="cuda", output=str(tmp_path / "a.gpkg"), blocks=None), SILENT)
    assert list(tmp_path.iterdir()) == []
