"""``demo.qgz`` opens with all layers wherever its folder is moved, and the map click is ready."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import rasterio
from tests.qgis_support import ROOT, Qgis, make_qgis, qgis_python
from tests.small_rasters import UTM, UTM_CORNER, texture, write_raster, write_tiles

from botaclip.core.places import Points
from botaclip.core.vector_io import write_points


@pytest.fixture(scope="module")
def qgis() -> Iterator[Qgis]:
    yield from make_qgis()


@pytest.fixture(scope="module")
def opened(qgis: Qgis, tmp_path_factory: pytest.TempPathFactory) -> dict:
    made = tmp_path_factory.mktemp("made") / "demo"
    landscape = made / "landscape"
    write_tiles(landscape / "tiles", texture(), rows=[101], cols=[77])
    coarse = UTM_CORNER * UTM_CORNER.scale(10)
    still, lively = np.full((24, 26), 0.5), np.random.default_rng(1).random((24, 26))
    write_raster(
        made / "suitability.tif", np.stack([still, lively]).astype("float32"), transform=coarse, colours=None,
        descriptions=("Abies ficta", "Fagus ficta"),
    )  # fmt: skip
    write_raster(made / "embedding.tif", np.stack([lively] * 4).astype("float32"), transform=coarse, colours=None)
    (made / "model.botaclip").write_bytes(b"")
    (landscape / "plots.csv").write_text("plot_id,x,y\np1,600050,5199950\np2,600060,5199900\n")
    (landscape / "releves.csv").write_text("plot_id,species,cover\np1,Fagus ficta,3\n")
    options = {
        "raster": "tiles", "crs": UTM, "x-field": "x", "y-field": "y", "plots": "plots.csv", "releves": "releves.csv",
    }  # fmt: skip
    (landscape / "botaclip.json").write_text(json.dumps(options))
    ran = subprocess.run(
        [qgis_python(), str(ROOT / "scripts" / "demo_project.py"), str(made)],
        env=qgis.environment, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stdout + ran.stderr
    moved = made.rename(made.with_name("moved elsewhere"))
    return {**qgis.script("open_project", str(moved / "demo.qgz")), "folder": str(moved)}


def test_every_layer_opens_after_a_move(opened: dict) -> None:
    layers = opened["layers"]
    assert all(layer["valid"] and opened["folder"] in layer["source"].replace("%20", " ") for layer in layers.values())
    assert set(layers) == {
        "Plots", "Relevés", "Suitability: Fagus ficta", "Embedding (first three components)",
        "tile_0_0", "tile_0_1", "tile_1_0", "tile_1_1",
    }  # fmt: skip
    assert opened["groups"] == ["Aerial photograph (synthetic)"]
    assert opened["crs"] == UTM == layers["Plots"]["crs"]
    assert opened["plots"] == [2]
    assert opened["relations"] == ["botaclip_releves"]


def test_the_click_finds_model_and_image(opened: dict) -> None:
    folder = Path(opened["folder"])
    assert opened["model"] == str(folder / "model.botaclip")
    assert opened["raster"] == str(folder / "landscape" / "tiles")


@pytest.fixture(scope="module")
def zones(qgis: Qgis, tmp_path_factory: pytest.TempPathFactory) -> dict:
    """Crops in two UTM zones, far apart, with maps of their own, as ``make demo DATA=`` leaves them."""
    made = tmp_path_factory.mktemp("made")
    demo, data = made / "demo", made / "some place"
    random = np.random.default_rng(5)
    codes = {"a": "EPSG:32617", "b": "EPSG:32618", "c": "EPSG:32618"}
    for number, (name, crs) in enumerate(codes.items()):
        corner = UTM_CORNER * UTM_CORNER.translation(3000 * number, 0)
        write_raster(data / "crops" / f"{name}.tif", texture(3, 40, 40, seed=number), crs=crs, transform=corner)
        values = np.stack([np.full((4, 4), 0.2), random.random((4, 4)), np.full((4, 4), 0.1 * number)])
        for kind in ("suitability", "embedding"):
            write_raster(
                demo / kind / f"{name}.tif", values.astype("float32"), crs=crs,
                transform=corner * corner.scale(10), colours=None,
                descriptions=("Abies ficta", "Fagus ficta", "Poa ficta"),
            )  # fmt: skip
    (demo / "model.botaclip").write_bytes(b"")
    (data / "plots.csv").write_text(
        "plot,east,north,epsg\np1,600020,5199980,32617\np2,603020,5199980,32618\np3,606020,5199980,32618\n"
    )
    (data / "releves.csv").write_text("plot,species\np1,Fagus ficta\n")
    (data / "botaclip.json").write_text(json.dumps({
        "raster": "crops", "plots": "plots.csv", "releves": "releves.csv", "plot-field": "plot", "x-field": "east",
        "y-field": "north", "crs-field": "epsg",
    }))  # fmt: skip
    write_points(
        demo / "predictions.gpkg", Points(np.array([3.0, 9.0]), np.array([46.0, 46.0]), "EPSG:4326"),
        {"plot": ["p1", "p2"], "Fagus ficta found": np.array([1.0, 0.0]),
         "Fagus ficta suitability": np.array([0.7, np.nan])},
    )  # fmt: skip
    ran = subprocess.run(
        [qgis_python(), str(ROOT / "scripts" / "demo_project.py"), str(demo), "--landscape", str(data)],
        env=qgis.environment, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return {**qgis.script("open_project", str(demo / "demo.qgz")), "demo": demo, "data": data}


def test_crops_in_several_crss_are_shown_with_nothing_between_them(zones: dict) -> None:
    layers = zones["layers"]
    assert all(layer["valid"] for layer in layers.values())
    assert {name: layer["crs"] for name, layer in layers.items() if name.startswith(("Image", "Plots"))} == {
        "Image EPSG:32617": "EPSG:32617", "Image EPSG:32618": "EPSG:32618",
        "Plots, EPSG:32617": "EPSG:32617", "Plots, EPSG:32618": "EPSG:32618",
    }  # fmt: skip
    assert zones["crs"] == "EPSG:3857"
    assert zones["counts"]["Plots, EPSG:32617"] == 1 and zones["counts"]["Plots, EPSG:32618"] == 2
    assert len(zones["relations"]) == 2
    assert [name for name in layers if "Fagus ficta" in name and "Suitability" in name], "the liveliest species"
    assert "Held-out predictions: Fagus ficta (ringed: found)" in layers
    assert zones["groups"] == ["Plots", "Suitability: Fagus ficta", "Embedding", "Image"]
    assert sorted(zones["bookmarks"]) == ["a", "b", "c"]
    assert zones["title"] == "BotaCLIP: some place", "nothing of a synthetic landscape"
    assert zones["raster"] == str(zones["data"] / "crops"), "a click looks at the crops themselves"
    with rasterio.open(zones["demo"] / "image_EPSG_32618.vrt") as mosaic:
        assert (mosaic.width, mosaic.height, mosaic.count) == (3040, 40, 4)
        alpha = mosaic.read(4)
        assert (alpha[:, :40] == 255).all() and (alpha[:, 3000:] == 255).all() and not alpha[:, 40:3000].any()
        with rasterio.open(zones["data"] / "crops" / "c.tif") as crop:
            assert np.array_equal(mosaic.read((1, 2, 3))[:, :, 3000:], crop.read())
        assert [colour.name for colour in mosaic.colorinterp] == ["red", "green", "blue", "alpha"]


def test_a_missing_map_is_told_in_words(qgis: Qgis, tmp_path: Path) -> None:
    ran = subprocess.run(
        [qgis_python(), str(ROOT / "scripts" / "demo_project.py"), str(tmp_path)],
        env=qgis.environment, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert ran.returncode == 1
    assert f"{tmp_path / 'suitability.tif'}: QGIS cannot open it." in ran.stderr
