"""``demo.qgz`` opens with all layers wherever its folder is moved, and the map click is ready."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from tests.qgis_support import ROOT, Qgis, make_qgis, qgis_python
from tests.small_rasters import UTM, UTM_CORNER, texture, write_raster, write_tiles


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
    options = {"raster": "tiles", "crs": UTM, "x-field": "x", "y-field": "y"}
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


def test_a_missing_map_is_told_in_words(qgis: Qgis, tmp_path: Path) -> None:
    ran = subprocess.run(
        [qgis_python(), str(ROOT / "scripts" / "demo_project.py"), str(tmp_path)],
        env=qgis.environment, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert ran.returncode == 1
    assert f"{tmp_path / 'suitability.tif'}: QGIS cannot open it." in ran.stderr
