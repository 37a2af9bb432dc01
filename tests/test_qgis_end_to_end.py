"""The real algorithms through the real ``qgis_process``, with a small model."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyogrio
import pytest
import rasterio
from tests.model_fixture import SPECIES, write_model, write_raster
from tests.qgis_support import ROOT, Qgis, make_qgis

from botaclip.core.worker_client import WorkerClient

STRIDE = 40


@pytest.fixture(scope="module")
def qgis() -> Iterator[Qgis]:
    yield from make_qgis()


@pytest.fixture(scope="module")
def folder(qgis: Qgis, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A raster, a model and the maps that QGIS makes with it."""
    folder = tmp_path_factory.mktemp("job")
    raster = write_raster(folder / "r.tif")
    model = write_model(folder / "m.botaclip", raster).path
    given = {"RASTER": raster, "MODEL": model, "STRIDE": STRIDE, "DEVICE": "cpu"}
    for name, rest in (
        ("suitability", {"OUTPUT": folder / "suitability.tif"}),
        ("embed", {"OUTPUT": folder / "float.tif", "DIMENSIONS": 5}),
        ("embed", {"OUTPUT": folder / "bytes.tif", "DIMENSIONS": 5, "QUANTISE": "uint8"}),
    ):
        ran = qgis.run(name, environment={"BOTACLIP_PYTHON": sys.executable}, **given, **rest)
        assert ran.returncode == 0, ran.stdout + ran.stderr
    return folder


@pytest.fixture(scope="module")
def seen(qgis: Qgis, folder: Path) -> dict:
    names = ("suitability", "float", "bytes")
    back = qgis.script("readback", *(str(folder / f"{name}.tif") for name in names))
    return {Path(path).stem: value for path, value in back.items()}


def array(answer: dict) -> np.ndarray:
    return np.array(answer["values"], dtype=float)


def test_qgis_and_the_command_line_write_identical_rasters(folder: Path, tmp_path: Path) -> None:
    output = tmp_path / "suitability.tif"
    command = [
        sys.executable, str(ROOT / "core" / "cli_boot.py"), "suitability", "--raster", str(folder / "r.tif"),
        "--model", str(folder / "m.botaclip"), "--stride", str(STRIDE), "--device", "cpu", "--output", str(output),
    ]  # fmt: skip
    ran = subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ})
    assert ran.returncode == 0, ran.stderr
    assert output.read_bytes() == (folder / "suitability.tif").read_bytes()


def test_a_click_says_what_the_map_says(folder: Path, seen: dict) -> None:
    middle = seen["suitability"]["middle"]
    with WorkerClient(sys.executable) as worker:
        answer = worker.run(
            "click",
            {"raster": str(folder / "r.tif"), "model": str(folder / "m.botaclip"), "x": middle["x"], "y": middle["y"],
             "crs": "EPSG:2154", "species": None, "request": 3, "device": "cpu"},
        )  # fmt: skip
    assert answer["status"] == "ok" and answer["request"] == 3
    with rasterio.open(folder / "suitability.tif") as dataset:
        there = dict(zip(dataset.descriptions, next(dataset.sample([(middle["x"], middle["y"])])), strict=True))
    assert {one["name"] for one in answer["species"]} == set(SPECIES)
    for one in answer["species"]:
        assert one["suitability"] == pytest.approx(there[one["name"]], abs=1e-6)
    assert middle["value"] == pytest.approx(there[SPECIES[0]], abs=1e-6), "what QGIS identifies"


def test_the_suitability_layer_has_species_nodata_and_style(seen: dict) -> None:
    suitability = seen["suitability"]
    assert [name.partition(": ")[2] for name in suitability["names"]] == list(SPECIES)
    values = array(suitability)
    assert np.isnan(values[:, 0, 0]).all(), "the nodata corner"
    assert 0.0 <= np.nanmin(values) < np.nanmax(values) <= 1.0
    assert suitability["crs"] == "EPSG:2154"
    assert suitability["renderer"] == "singlebandpseudocolor"


def test_quantised_embeddings_are_read_back_through_qgis(folder: Path, seen: dict) -> None:
    exact, rough = array(seen["float"]), array(seen["bytes"])
    with rasterio.open(folder / "bytes.tif") as dataset:
        scales, stored = np.array(dataset.scales)[:, None, None], dataset.read()
        assert dataset.dtypes[0] == "uint8"
    assert np.array_equal(np.isnan(exact), np.isnan(rough)) and np.isnan(exact).any()
    inside = (stored > 1) & (stored < 255)
    assert inside.sum() > 100
    assert (np.abs(exact - rough) <= scales * 0.501)[inside].all()
    assert seen["bytes"]["names"][0].endswith("A00")
    assert seen["float"]["renderer"] == seen["bytes"]["renderer"] == "multibandcolor"


def test_points_are_predicted(qgis: Qgis, folder: Path) -> None:
    points = folder / "points.csv"
    points.write_text("name,x,y\nin,700500,6599500\ncorner,700050,6599950\nfar,0,0\n")
    output = folder / "points.gpkg"
    ran = qgis.run(
        "predict", environment={"BOTACLIP_PYTHON": sys.executable}, RASTER=folder / "r.tif",
        MODEL=folder / "m.botaclip", POINTS=points, CRS="EPSG:2154", DEVICE="cpu", OUTPUT=output,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stdout + ran.stderr
    found = pyogrio.raw.read(output)
    rows = dict(zip(found[0]["fields"], found[3], strict=True))
    assert list(rows["name"]) == ["in", "corner", "far"]
    assert list(np.isfinite(rows[SPECIES[0]].astype(float))) == [True, False, False]


def test_verify_and_info_return_what_they_print(qgis: Qgis, folder: Path) -> None:
    for name in ("verify", "info"):
        ran = qgis.process(
            "--json", "run", f"botaclip:{name}", f"--MODEL={folder / 'm.botaclip'}",
            environment={"BOTACLIP_PYTHON": sys.executable},
        )  # fmt: skip
        assert ran.returncode == 0, ran.stdout + ran.stderr
        summary = json.loads(ran.stdout)["results"]["SUMMARY"]
        assert "m.botaclip" in summary or "SHA-256" in summary
        assert len(summary.splitlines()) > 1 and "['" not in summary
        assert "--overwrite" not in ran.stdout, "nothing is written"


def test_a_damaged_model_is_told_in_words(qgis: Qgis, folder: Path, tmp_path: Path) -> None:
    damaged = tmp_path / "damaged.botaclip"
    damaged.write_bytes((folder / "m.botaclip").read_bytes()[:-200])
    ran = qgis.run("verify", environment={"BOTACLIP_PYTHON": sys.executable}, MODEL=damaged)
    assert ran.returncode == 1
    assert str(damaged) in ran.stdout + ran.stderr and "Traceback" not in ran.stdout + ran.stderr
