"""The picture of the patch: which pixels, which bands, what stretch, and what is transparent."""

from __future__ import annotations

import base64
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from affine import Affine
from rasterio.io import MemoryFile

from botaclip.core import click as click_module
from botaclip.core.click import click
from botaclip.core.lattice import PatchSpec
from botaclip.core.lattice_reader import LatticeReader
from botaclip.core.model import Model
from botaclip.core.patch_image import patch_image, shown_as_colours
from botaclip.core.places import Points, same_crs
from botaclip.core.progress import SILENT
from botaclip.core.rasters import open_raster

from .model_fixture import write_model, write_raster


def pixels_of(image: dict[str, Any]) -> np.ndarray:
    """Return the PNG's pixels (4, n, n), read by GDAL."""
    with MemoryFile(base64.b64decode(image["png"])) as memory, memory.open() as dataset:
        return dataset.read()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("patch_image")
    write_model(folder / "m.botaclip", write_raster(folder / "r.tif"))
    return folder


@pytest.fixture
def asked(folder: Path) -> dict[str, Any]:
    return {"raster": str(folder / "r.tif"), "model": str(folder / "m.botaclip"), "device": "cpu", "x": 700_600.0,
            "y": 6_599_400.0, "crs": "EPSG:2154"}  # fmt: skip


def test_a_click_shows_the_pixels_of_its_patch(folder: Path, asked: dict[str, Any]) -> None:
    said = click({**asked, "image_px": 160}, SILENT)
    image, patch = said["image"], said["patch"]
    click_module._open.clear()
    assert image["bands"] == ["red", "green", "blue"] and image["side_px"] == 50 and patch["side"] == 100.0
    with rasterio.open(folder / "r.tif") as dataset:
        row, col = dataset.index(patch["x"] - 50 + 1, patch["y"] + 50 - 1)
        real = dataset.read()[:, row : row + 50, col : col + 50].astype(float)
    shown = pixels_of(image)
    assert shown.shape == (4, 50, 50) and (shown[3] == 255).all()
    for place in range(3):
        low, high = np.percentile(real[place], (2, 98))
        assert image["stretch"][place] == pytest.approx([low, high])
        expected = np.round(255 * np.clip((real[place] - low) / (high - low), 0, 1))
        np.testing.assert_allclose(shown[place], expected, atol=1)


def test_no_picture_is_made_where_none_is_asked_for(asked: dict[str, Any]) -> None:
    without, outside = click(asked, SILENT), click({**asked, "x": 0.0, "image_px": 160}, SILENT)
    click_module._open.clear()
    assert without["image"] is None and without["patch"]["side"] == 100.0
    assert outside["status"] == "outside" and outside["image"] is None and outside["patch"] is None


def test_what_is_not_valid_is_transparent(asked: dict[str, Any]) -> None:
    """The fixture's nodata corner ends at 700200, 6599800: the patch there has a quarter without data."""
    said = click({**asked, "x": 700_200.0, "y": 6_599_800.0, "image_px": 160}, SILENT)
    click_module._open.clear()
    shown = pixels_of(said["image"])
    with rasterio.open(asked["raster"]) as dataset:
        row, col = dataset.index(said["patch"]["x"] - 50 + 1, said["patch"]["y"] + 50 - 1)
        valid = dataset.read(1)[row : row + 50, col : col + 50] != 0
    np.testing.assert_array_equal(shown[3], np.where(valid, 255, 0))
    assert 0 < (~valid).sum() < valid.size and (shown[:3, ~valid] == 0).all()


def test_a_patch_of_many_pixels_is_averaged(folder: Path) -> None:
    model = Model.open(folder / "m.botaclip")
    source = open_raster(folder / "r.tif").take(model.roles)
    patch = PatchSpec(500.0, 25)  # 250 pixels
    with LatticeReader(source, model.lattice) as reader:
        row, col = 25, 25
        image = patch_image(reader, row, col, patch, most_px=100)
        top, left = (row - 12) * model.lattice.stride_px, (col - 12) * model.lattice.stride_px
        values, valid = reader.read(top, left, 250, 250)
    assert image["side_px"] == 84  # blocks of 3 pixels, the last of one
    values[:, ~valid] = np.nan
    padded = np.pad(values, ((0, 0), (0, 2), (0, 2)), constant_values=np.nan)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # blocks without a valid pixel
        means = np.nanmean(padded.reshape(3, 84, 3, 84, 3), axis=(2, 4))
    shown = pixels_of(image)
    seen = shown[3] == 255
    for place in range(3):
        low, high = image["stretch"][place]
        expected = np.round(255 * np.clip((means[place][seen] - low) / (high - low), 0, 1))
        np.testing.assert_allclose(shown[place][seen], expected, atol=1)


def test_strips_make_the_same_picture(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = Model.open(folder / "m.botaclip")
    source = open_raster(folder / "r.tif").take(model.roles)
    with LatticeReader(source, model.lattice) as reader:
        whole = patch_image(reader, 25, 25, PatchSpec(500.0, 25), most_px=100)
        monkeypatch.setattr("botaclip.core.patch_image._STRIP_PX", 250 * 3 * 5)
        assert patch_image(reader, 25, 25, PatchSpec(500.0, 25), most_px=100) == whole


def test_a_patch_of_one_value_and_one_of_none(tmp_path: Path) -> None:
    path = tmp_path / "flat.tif"
    with rasterio.open(
        path, "w", driver="GTiff", width=100, height=100, count=1, dtype="uint8", nodata=0, crs="EPSG:2154",
        transform=Affine(2, 0, 700_000, 0, -2, 6_600_000),
    ) as dataset:  # fmt: skip
        dataset.write(np.full((1, 100, 100), 9, np.uint8))
        dataset.set_band_description(1, "red")
    model = write_model(tmp_path / "m.botaclip", write_raster(tmp_path / "r.tif"))
    source = open_raster(path)
    with LatticeReader(source, Model(model).lattice) as reader:
        flat = patch_image(reader, 5, 5, PatchSpec(100.0, 5), most_px=160)
        none = patch_image(reader, 500, 500, PatchSpec(100.0, 5), most_px=160)
    assert flat["bands"] == ["red", "red", "red"] and flat["stretch"] == [[9.0, 9.0]] * 3
    assert (pixels_of(flat)[:3] == 128).all()
    assert none["stretch"] == [None] * 3 and (pixels_of(none) == 0).all()


def test_which_bands_are_shown() -> None:
    assert shown_as_colours(("nir", "red", "green", "blue")) == ("red", "green", "blue")
    assert shown_as_colours(("red", "green", "nir")) == ("red", "green", "nir")
    assert shown_as_colours(("red", "nir")) == ("red", "nir", "nir")


def test_the_picture_is_of_the_scene_that_saw_the_place(tmp_path: Path) -> None:
    """Two scenes, the second of which sees the place: its pixels are shown, not those of the first one's hole."""
    folder = tmp_path / "scenes"
    folder.mkdir()
    first = write_raster(folder / "a.tif")
    with rasterio.open(first, "r+") as dataset:
        dataset.write(np.zeros((3, 400, 400), np.uint8))
        dataset.write(np.full((3, 1, 1), 7, np.uint8), window=rasterio.windows.Window(399, 399, 1, 1))
    here = Points(np.array([700_400.0]), np.array([6_599_600.0]), "EPSG:2154")
    there = here.to("EPSG:32631")
    corner = Affine(2, 0, round(float(there.x[0])) - 401, 0, -2, round(float(there.y[0])) + 401)
    second = write_raster(folder / "b.tif", hole=False, seed=4)
    with rasterio.open(second, "r+") as dataset:
        dataset.crs, dataset.transform = "EPSG:32631", corner
    write_model(tmp_path / "m.botaclip", write_raster(tmp_path / "r.tif"))
    said = click(
        {"raster": str(folder), "model": str(tmp_path / "m.botaclip"), "device": "cpu", "x": 700_400.0,
         "y": 6_599_600.0, "crs": "EPSG:2154", "image_px": 160}, SILENT,
    )  # fmt: skip
    click_module._open.clear()
    shown, patch = pixels_of(said["image"]), said["patch"]
    assert said["status"] == "ok" and (shown[3] == 255).all()
    assert same_crs(patch["crs"], "EPSG:32631") and patch["side"] == 100.0 and patch["offset_m"] < 15
    with rasterio.open(second) as dataset:
        row, col = dataset.index(patch["x"] - 49, patch["y"] + 49)
        real = dataset.read(1)[row : row + 50, col : col + 50].astype(float)
    low, high = said["image"]["stretch"][0]
    np.testing.assert_allclose(shown[0], np.round(255 * np.clip((real - low) / (high - low), 0, 1)), atol=1)
