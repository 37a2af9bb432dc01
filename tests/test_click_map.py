"""A click on a ready suitability map says what the map holds, without a model, and what the model would say."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from affine import Affine
from rasterio.warp import calculate_default_transform, reproject

from botaclip.core import click as click_module
from botaclip.core.click import click
from botaclip.core.commands import SUITABILITY, THRESHOLD
from botaclip.core.errors import RasterError
from botaclip.core.options import parse_parameters
from botaclip.core.places import Points
from botaclip.core.progress import SILENT
from botaclip.core.suitability import suitability
from botaclip.core.threshold_map import threshold

from .model_fixture import SPECIES, write_model, write_raster

AREA = {"axes": 5, "mean_distance": 1.2, "threshold": 0.8, "metric": "as the test says", "folds": "cross-validation"}
PLACE = {"x": 700_610.0, "y": 6_599_390.0, "crs": "EPSG:2154"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("click_map")
    raster = write_raster(folder / "r.tif")
    model = write_model(folder / "m.botaclip", raster, applicability=AREA)
    species = [dict(one) for one in model.metadata["species"]]
    species[0] |= {"calibration": "pooled", "listed_from": 0.0}
    species[2]["threshold"] = None
    write_model(folder / "m.botaclip", raster, applicability=AREA, species=species, lists={"share": 0.9})
    make(folder, "s.tif", stride=20.0)
    return folder


def make(folder: Path, name: str, **given: Any) -> Path:
    asked = {"raster": str(folder / "r.tif"), "model": str(folder / "m.botaclip"), "device": "cpu",
             "output": str(folder / name)}  # fmt: skip
    suitability(parse_parameters(SUITABILITY, asked | given)[0], SILENT)
    return folder / name


def ask(raster: Path, model: Path | None = None, **changes: Any) -> dict[str, Any]:
    given = {"raster": str(raster), "model": str(model or ""), "device": "cpu", "request": 7, **PLACE, **changes}
    try:
        return click(given, SILENT)
    finally:
        click_module._open.clear()


def test_the_map_says_what_the_model_says(folder: Path) -> None:
    """At a pixel's centre, which is a node, both are of the same patch."""
    with rasterio.open(folder / "s.tif") as dataset:
        row, col = dataset.index(PLACE["x"], PLACE["y"])
        x, y = dataset.xy(row, col)
    said = ask(folder / "s.tif", x=x + 3.0, y=y - 4.0)
    known = ask(folder / "r.tif", folder / "m.botaclip", x=x, y=y)
    assert (said["source"], known["source"], said["status"], said["request"]) == ("map", "model", "ok", 7)
    assert [one["name"] for one in said["species"]] == [one["name"] for one in known["species"]]
    for one, other in zip(said["species"], known["species"], strict=True):
        assert one["suitability"] == pytest.approx(other["suitability"], abs=1e-6)
        for key in ("threshold", "above", "calibration", "listed"):
            assert one[key] == other[key], key
    assert [one["threshold"] for one in said["species"] if one["name"] == SPECIES[2]] == [None]
    assert said["patch"]["x"] == x and said["patch"]["y"] == y and said["patch"]["side"] == 20.0
    assert said["patch"]["size_m"] == pytest.approx(20, rel=1e-3)
    assert said["patch"]["offset_m"] == pytest.approx(5.0, rel=1e-3)
    assert said["plot_m2"] == known["plot_m2"] == 100.0 and said["plot"] == known["plot"]
    assert not said["relative"] and said["domain"] is None and said["model"] == "m.botaclip" and said["map"] == "s.tif"
    assert said["place"] == {"x": x + 3.0, "y": y - 4.0, "crs": "EPSG:2154"}
    assert said["observed"] is None and said["similar"] == [] and said["image"] is None


def test_places_in_another_crs(folder: Path) -> None:
    here = Points(np.array([PLACE["x"]]), np.array([PLACE["y"]]), PLACE["crs"]).to("EPSG:4326")
    moved = ask(folder / "s.tif", x=float(here.x[0]), y=float(here.y[0]), crs="EPSG:4326")
    own = ask(folder / "s.tif")
    assert moved["species"] == own["species"]
    assert moved["patch"].pop("crs") == own["patch"].pop("crs")
    assert moved["patch"] == pytest.approx(own["patch"], rel=1e-6, abs=1e-6)


def test_a_map_moved_to_degrees_by_someone_else(folder: Path) -> None:
    with rasterio.open(folder / "s.tif") as source:
        transform, width, height = calculate_default_transform(
            source.crs, "EPSG:4326", source.width, source.height, *source.bounds
        )
        profile = source.profile | {"crs": "EPSG:4326", "transform": transform, "width": width, "height": height}
        with rasterio.open(folder / "degrees.tif", "w", **profile) as made:
            made.update_tags(**source.tags())
            for band in source.indexes:
                made.update_tags(band, **source.tags(band))
                reproject(
                    rasterio.band(source, band), rasterio.band(made, band), src_nodata=np.nan, dst_nodata=np.nan
                )
    said, own = ask(folder / "degrees.tif"), ask(folder / "s.tif")
    assert said["status"] == "ok" and said["patch"]["offset_m"] < 20
    assert said["patch"]["side"] == pytest.approx(transform.a) and 10 < said["patch"]["size_m"] < 30
    near = {one["name"]: one["suitability"] for one in own["species"]}
    assert {one["name"] for one in said["species"]} == set(near)


def test_outside_and_without_value(folder: Path) -> None:
    outside, hole = ask(folder / "s.tif", x=0.0), ask(folder / "s.tif", x=700_050.0, y=6_599_950.0)
    assert outside["status"] == "outside" and outside["message"] == "This place lies outside the map."
    assert outside["patch"] is None and not outside["species"]
    assert hole["status"] == "nodata" and hole["message"] == "The map has no value at this place."
    assert hole["patch"]["side"] == 20.0 and not hole["species"]


def test_the_area_of_applicability_of_a_map(folder: Path) -> None:
    make(folder, "aoa.tif", stride=20.0, applicability=True)
    with rasterio.open(folder / "aoa.tif") as dataset:
        x, y = dataset.xy(*dataset.index(PLACE["x"], PLACE["y"]))
    said, known = ask(folder / "aoa.tif", x=x, y=y), ask(folder / "r.tif", folder / "m.botaclip", x=x, y=y)
    assert [one["name"] for one in said["species"]] == [one["name"] for one in known["species"]]
    assert said["domain"] == pytest.approx(known["domain"], rel=1e-5)


def test_a_map_of_the_highest_species(folder: Path) -> None:
    make(folder, "top.tif", stride=20.0, top=2)
    said, all_of_them = ask(folder / "top.tif"), ask(folder / "s.tif")
    assert [(one["name"], one["suitability"]) for one in said["species"]] == [
        (one["name"], one["suitability"]) for one in all_of_them["species"][:2]
    ]
    assert {one["threshold"] for one in said["species"]} == {None}


def test_relative_suitability_stays_relative(folder: Path, tmp_path: Path) -> None:
    write_model(tmp_path / "m.botaclip", folder / "r.tif", data_type="presence-only")
    make(folder, "po.tif", model=str(tmp_path / "m.botaclip"), stride=50.0)
    assert ask(folder / "po.tif")["relative"]


def test_a_map_made_anew_is_read_anew(folder: Path) -> None:
    before = ask(folder / "s.tif")["species"]
    with rasterio.open(folder / "s.tif") as dataset:
        profile, values, tags = dataset.profile, dataset.read(), [dataset.tags(band) for band in dataset.indexes]
        own = dataset.tags()
    with rasterio.open(folder / "again.tif", "w", **profile) as made:
        made.write(values * np.float32(0.5))
        made.update_tags(**own)
        for band, told in enumerate(tags, start=1):
            made.update_tags(band, **told)
    (folder / "again.tif").replace(folder / "copy.tif")
    halved = ask(folder / "copy.tif")["species"]
    assert [one["suitability"] for one in halved] == [one["suitability"] / 2 for one in before]


def test_what_is_no_suitability_map_needs_a_model(folder: Path) -> None:
    said = ask(folder / "r.tif")
    assert said["status"] == "no model" and not said["species"]
    asked = {"raster": str(folder / "po_or.tif"), "rule": "value", "value": 0.5, "output": str(folder / "cut.tif")}
    make(folder, "po_or.tif", stride=50.0)
    threshold(parse_parameters(THRESHOLD, asked)[0], SILENT)
    assert ask(folder / "cut.tif")["status"] == "no model", "ones and zeros are no suitabilities"


def test_a_folder_of_maps(folder: Path, tmp_path: Path) -> None:
    """As maps over many scenes are written: each file is asked in turn."""
    with rasterio.open(folder / "s.tif") as dataset:
        half = dataset.width // 2
        for name, start, width in (("a", 0, half), ("b", half, dataset.width - half)):
            window = rasterio.windows.Window(start, 0, width, dataset.height)
            profile = dataset.profile | {"width": width, "transform": dataset.window_transform(window)}
            with rasterio.open(tmp_path / f"{name}.tif", "w", **profile) as made:
                made.write(dataset.read(window=window))
                made.update_tags(**dataset.tags())
                for band in dataset.indexes:
                    made.update_tags(band, **dataset.tags(band))
    for x in (700_300.0, 700_610.0):
        said = ask(tmp_path, x=x)
        assert said["species"] == ask(folder / "s.tif", x=x)["species"] and said["status"] == "ok"
    assert {ask(tmp_path, x=x)["map"] for x in (700_300.0, 700_610.0)} == {"a.tif", "b.tif"}


def test_what_is_no_map_in_a_folder_is_passed_over(folder: Path, tmp_path: Path) -> None:
    write_raster(tmp_path / "a.tif")
    (tmp_path / "b.tif").write_bytes(b"no raster")
    shutil.copy(folder / "s.tif", tmp_path / "s.tif")
    said = ask(tmp_path)
    assert said["map"] == "s.tif" and said["species"] == ask(folder / "s.tif")["species"]


def changed(folder: Path, path: Path, plot: str = "", **changes: Any) -> Path:
    """Write the map anew as a stranger's hand might have."""
    with rasterio.open(folder / "s.tif") as source, rasterio.open(path, "w", **source.profile | changes) as made:
        made.write(source.read())
        made.update_tags(**source.tags() | ({"BOTACLIP_PLOT": plot} if plot else {}))
        for band in source.indexes:
            tags = source.tags(band)
            made.update_tags(band, **tags | ({"BOTACLIP_PLOT": plot} if plot and "BOTACLIP_PLOT" in tags else {}))
    return path


LOCAL = 'LOCAL_CS["nowhere",UNIT["metre",1],AXIS["Easting",EAST],AXIS["Northing",NORTH]]'


@pytest.mark.parametrize("changes, words", [
    ({"plot": "refers to a plot of e+ m2"}, "the tag BOTACLIP_PLOT names no proper area"),
    ({"plot": "refers to a plot of 1e999 m2"}, "the tag BOTACLIP_PLOT names no proper area"),
    ({"transform": Affine(20, 0, 7e5, 0, 0, 66e5)}, "its geotransform is degenerate"),
    ({"crs": LOCAL}, "no place can be found in its CRS"),
])  # fmt: skip
def test_what_makes_no_sense_is_said_in_one_sentence(
    folder: Path, tmp_path: Path, changes: dict[str, Any], words: str
) -> None:
    path = changed(folder, tmp_path / "bad.tif", **changes)
    with pytest.raises(RasterError, match=words):
        ask(path)
    with pytest.raises(RasterError, match=words):
        ask(tmp_path)
    shutil.copy(folder / "s.tif", tmp_path / "good.tif")
    assert ask(tmp_path)["map"] == "good.tif", "a bad one costs no other"
