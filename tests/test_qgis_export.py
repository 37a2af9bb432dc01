"""What the worker cannot open is exported through QGIS: said beforehand, value by value, and removed again."""

from __future__ import annotations

import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import rasterio
from rasterio.enums import ColorInterp
from rasterio.transform import from_origin
from tests.model_fixture import write_model
from tests.model_fixture import write_raster as write_model_raster
from tests.qgis_support import Qgis, make_qgis
from tests.small_rasters import write_raster

CORNER = from_origin(700000, 6600000, 1, 1)
PIXELS = np.random.default_rng(3).integers(1, 120, (4, 100, 100)).astype(np.uint8)


@pytest.fixture(scope="module")
def qgis() -> Iterator[Qgis]:
    yield from make_qgis()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("exports")
    colours = (ColorInterp.undefined, ColorInterp.green, ColorInterp.red, ColorInterp.undefined)
    write_raster(
        folder / "image.tif", PIXELS, crs="EPSG:2154", transform=CORNER, colours=colours, nodata=0,
        descriptions=("blue", "green", "red", "near infrared <&>"), photometric="MINISBLACK",
    )  # fmt: skip
    shutil.copy(folder / "image.tif", folder / "other.tif")
    with zipfile.ZipFile(folder / "image.zip", "w") as archive:
        archive.write(folder / "image.tif", "image.tif")
    (folder / "releves.csv").write_text("plot_id,species\np1,Abies alba\n")
    (folder / "plots.csv").write_text(
        "plot_id,x,y,epsg\np1,700040,6599950,2154\np2,3.0005,46.4999,4326\np3,,,2154\n"
    )
    return folder


@pytest.fixture(scope="module")
def exports(qgis: Qgis, folder: Path) -> dict:
    return qgis.script("exports", str(folder))


def values(answer: dict) -> np.ndarray:
    return np.array(answer["seen"][0]["values"], dtype=float)


def test_a_computed_raster_is_exported_value_by_value(exports: dict) -> None:
    found = exports["computed"]
    assert np.array_equal(values(found)[0], 2.0 * PIXELS[0])
    assert found["seen"][0]["extent"] == [700000, 6599900, 700100, 6600000]
    assert found["seen"][0]["crs"] == "EPSG:2154"
    assert (
        "twice, computed: it comes from the provider 'virtualraster', not from a raster file; 100 x 100 pixels of it "
        "are first exported to a temporary GeoTIFF." in found["log"]
    )
    assert "rendered" not in found["log"] and "drawn" not in found["log"]


def test_what_was_exported_is_removed(exports: dict) -> None:
    for name in ("computed", "zipped", "environment", "web", "unreadable", "plots"):
        assert exports[name]["exported"] and exports[name]["left"] == [], name


def test_only_the_extent_and_what_a_patch_sees_around_it_is_exported(exports: dict) -> None:
    # 100 m of patch and 64 pixels of field on each side of it would be more than there is: all of it.
    assert exports["computed, extent"]["seen"][0]["extent"] == [700000, 6599900, 700100, 6600000]
    west, south, east, north = exports["plots"]["seen"][0]["extent"]
    # Plots at x 700040 and (3.0005 degrees east) 700038; patches of 2 m; 64 m of field.
    assert (west, east) == (700000, 700100) and (south, north) == (6599900, 6600000)
    assert "nothing of the layer lies in the extent" in exports["elsewhere"]["error"]


def test_names_colours_and_nodata_of_bands_survive(exports: dict) -> None:
    found = exports["zipped"]["seen"][0]
    assert found["names"] == ["blue", "green", "red", "near infrared <&>"]
    assert found["colours"] == ["Undefined", "Green", "Red", "Undefined"], "the fourth is no alpha"
    assert np.array_equal(values(exports["zipped"]), PIXELS)


def test_environment_rasters_are_files_or_exported_each(exports: dict, folder: Path) -> None:
    found = exports["environment"]
    assert len(found["exported"]) == 1 and found["plain"]["environment"][1] == str(folder / "image.tif")
    assert found["plain"]["raster"] == str(folder / "image.tif")
    assert exports["environment as text"]["plain"]["environment"] == [
        str(folder / "image.tif"), str(folder / "other.tif"),
    ]  # fmt: skip


def test_a_format_that_the_worker_lacks_is_exported_once(exports: dict) -> None:
    found = exports["unreadable"]
    assert found["retried"] == [False, True, False], "not for another file, and not twice"
    assert "image: the worker's GDAL does not know its format; 100 x 100 pixels" in found["log"]
    assert np.array_equal(values(found), PIXELS)


def test_a_web_map_is_exported_as_the_picture_that_it_is(exports: dict) -> None:
    found = exports["web"]
    assert "a web map is a drawn map: its colours are made to be looked at and are no measured data" in found["log"]
    pixels = values(found)
    assert pixels.shape[0] == 4
    assert [set(np.unique(band)) for band in pixels] == [{10.0}, {20.0}, {30.0}, {255.0}]
    assert found["seen"][0]["colours"] == ["Red", "Green", "Blue", "Alpha"]
    west, _, east, _ = found["seen"][0]["extent"]
    assert (east - west) / pixels.shape[2] == pytest.approx(39135.758482, rel=1e-6), "the finest zoom level"
    assert west < 0 < 400_000 < east


def test_too_much_and_dead_maps_are_refused_in_words(exports: dict) -> None:
    assert "more than 500 million. Give a smaller EXTENT" in exports["too much"]["error"]
    assert "67108864 x 67108864 pixels" in exports["too much"]["error"]
    assert "a dead map: the layer cannot be read. Repair its source in QGIS." in exports["dead"]["error"]
    assert "Traceback" not in str([one.get("error") for one in exports.values()])


def test_the_map_click_says_what_to_do_with_layers_that_are_no_files(exports: dict) -> None:
    assert exports["click, a web map"]["error"] == (
        "a web map: it comes from the provider 'wms', not from a raster file. "
        "Export it as a GeoTIFF (Export > Save As…) and choose that."
    )
    assert "provider 'virtualraster'" in exports["click, twice, computed"]["error"]


def test_a_format_that_only_qgis_knows_makes_the_same_map(qgis: Qgis, tmp_path: Path) -> None:
    """ARG: QGIS's GDAL knows it, that of the worker's wheels does not."""
    with rasterio.Env() as environment:
        if "ARG" in environment.drivers():
            pytest.skip("the worker's GDAL knows ARG here")
    raster = write_model_raster(tmp_path / "r.tif", bands=1, hole=False)
    with rasterio.open(raster, "r+") as dataset:
        dataset.write(np.minimum(dataset.read(), 250))  # to ARG, 255 is nodata
    made = subprocess.run(
        ["gdal_translate", "-q", "-of", "ARG", str(raster), str(tmp_path / "r.arg")], capture_output=True, check=False
    ) if shutil.which("gdal_translate") else None  # fmt: skip
    if made is None or made.returncode != 0:
        pytest.skip("there is no GDAL here that writes ARG")
    model = write_model(tmp_path / "m.botaclip", raster).path
    maps = []
    for name in ("r.tif", "r.arg"):
        output = tmp_path / f"{name}.map.tif"
        ran = qgis.run(
            "suitability", environment={"BOTACLIP_PYTHON": sys.executable}, RASTER=tmp_path / name, OUTPUT=output,
            MODEL=model, STRIDE=40, DEVICE="cpu", BANDS="red=1",
        )  # fmt: skip
        assert ran.returncode == 0, ran.stdout + ran.stderr
        assert ("the worker's GDAL does not know its format" in ran.stdout + ran.stderr) == name.endswith("arg")
        with rasterio.open(output) as dataset:
            maps.append(dataset.read())
    assert np.isfinite(maps[0]).sum() > 100
    np.testing.assert_allclose(maps[1], maps[0], atol=1e-6)
