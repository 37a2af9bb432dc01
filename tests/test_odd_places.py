"""Launchers that set variables, folders that cannot be written, and paths with spaces, accents and quotes."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from tests.conftest import ROOT
from tests.model_fixture import write_model, write_raster
from tests.test_bad_input_environment import run
from tests.warm_cli import COMMAND, check_refusal

from botaclip.core.worker_client import WorkerClient

LAUNCHER = ("PROJ_LIB", "PROJ_DATA", "GDAL_DATA", "GDAL_DRIVER_PATH", "PYTHONPATH", "PYTHONHOME", "LD_LIBRARY_PATH")
ODD = "d'été à Évian, \u20ac 100 % #1"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("in")
    write_model(place / "m.botaclip", write_raster(place / "r.tif"))
    return place


def pixels(path: Path) -> tuple[np.ndarray, Any]:
    with rasterio.open(path) as dataset:
        return dataset.read(), dataset.crs


def mapped(place: Path, output: Path, **variables: str) -> tuple[np.ndarray, Any]:
    """Return the suitability map that the command line makes with these variables set."""
    answer = run(
        COMMAND, "suitability", "--raster", place / "r.tif", "--model", place / "m.botaclip", "--output", output,
        "--stride", 20, "--device", "cpu", "--progress", "none", home=output.parent,
        **{"BOTACLIP_PYTHON": sys.executable, "OMP_NUM_THREADS": "1", **variables},
    )  # fmt: skip
    assert answer.code == 0, answer.err
    return pixels(output)


@pytest.fixture(scope="module")
def truth(place: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[np.ndarray, Any]:
    made = mapped(place, tmp_path_factory.mktemp("truth") / "s.tif")
    assert np.isfinite(made[0]).sum() > 100 and made[1].to_epsg() == 2154
    return made


def test_what_a_launcher_sets_changes_no_click(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    click = {"model": str(place / "m.botaclip"), "raster": str(place / "r.tif"), "device": "cpu",
             "x": 3.0061, "y": 46.4971, "crs": "EPSG:4326"}  # fmt: skip

    def answer() -> dict[str, Any]:
        with WorkerClient(sys.executable) as worker:
            found = worker.run("click", click)
            about = worker.run("info", {"model": click["model"]})
        return {**{name: value for name, value in found.items() if name != "seconds"}, "about": about}

    before = answer()
    assert before["status"] == "ok" and len(before["species"]) == 3
    for name in LAUNCHER:
        monkeypatch.setenv(name, "/nonsense/of a launcher")
    assert answer() == before


def test_what_a_launcher_sets_changes_no_map(place: Path, truth: tuple[np.ndarray, Any], tmp_path: Path) -> None:
    made = mapped(place, tmp_path / "s.tif", **dict.fromkeys(LAUNCHER, "/nonsense"))
    np.testing.assert_array_equal(made[0], truth[0])
    assert made[1] == truth[1]


def test_folders_that_cannot_be_written_keep_no_map_back(
    place: Path, truth: tuple[np.ndarray, Any], tmp_path: Path
) -> None:
    """Root may write everywhere, but nobody below a file."""
    (tmp_path / "file").write_text("")
    below = str(tmp_path / "file" / "home")
    places = dict.fromkeys(("HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME"), below)
    np.testing.assert_array_equal(mapped(place, tmp_path / "s.tif", **places)[0], truth[0])
    variables = {**places, "BOTACLIP_PYTHON": sys.executable}
    for words in (("info", place / "m.botaclip"), ("cache",), ("encoders",), ("diagnostics",)):
        answer = run(COMMAND, *words, "--progress", "none", home=tmp_path, **variables)
        assert answer.code == 0 and answer.out, (words, answer.err)
    check_refusal(
        run(COMMAND, "setup", "--packages", "run", "--progress", "none", home=tmp_path, **variables),
        ("the folder of the environments cannot be written", "BOTACLIP_ENVIRONMENTS"),
    )
    assert {path.name for path in tmp_path.iterdir()} - {"s.tif.aux.xml"} == {"file", "s.tif", "s.qml", "s.qmd"}


@pytest.fixture(scope="module")
def odd_plugin(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The plugin in a folder whose name needs care everywhere."""
    copy = tmp_path_factory.mktemp("odd") / ODD / "botaclip"
    ignore = shutil.ignore_patterns("__pycache__")
    for name in ("core", "requirements", "resources"):
        shutil.copytree(ROOT / name, copy / name, ignore=ignore)
    shutil.copy(ROOT / "__init__.py", copy)
    return copy


def test_spaces_accents_and_quotes_in_every_path(
    odd_plugin: Path, place: Path, truth: tuple[np.ndarray, Any], tmp_path: Path
) -> None:
    data = tmp_path / f"données {ODD}"
    data.mkdir()
    raster, model = data / f"photo {ODD}.tif", data / f"modèle {ODD}.botaclip"
    shutil.copy(place / "r.tif", raster)
    shutil.copy(place / "m.botaclip", model)
    command = [sys.executable, "-I", str(odd_plugin / "core" / "cli_boot.py")]
    variables = {
        "BOTACLIP_PYTHON": sys.executable, "OMP_NUM_THREADS": "1", "BOTACLIP_CACHE": str(tmp_path / f"cache {ODD}"),
        "BOTACLIP_ENVIRONMENTS": str(tmp_path / f"environnements {ODD}"),
    }  # fmt: skip
    output = data / "cartes" / f"carte {ODD}.tif"
    answer = run(
        command, "suitability", "--raster", raster, "--model", model, "--output", output, "--stride", 20, "--device",
        "cpu", "--progress", "none", home=data, **variables,
    )  # fmt: skip
    assert answer.code == 0, answer.err
    np.testing.assert_array_equal(pixels(output)[0], truth[0])
    points = data / f"points {ODD}.csv"
    points.write_text("x,y\n700500,6599500\n", encoding="utf-8")
    table = data / f"espèces {ODD}.csv"
    answer = run(
        command, "predict", "--raster", raster, "--model", model, "--points", points, "--crs", "EPSG:2154",
        "--output", table, "--progress", "none", home=data, **variables,
    )  # fmt: skip
    assert answer.code == 0, answer.err
    assert len(table.read_text(encoding="utf-8").splitlines()) == 2
    gone = data / f"rien {ODD}.tif"
    words = ("embed", "--raster", gone, "--model", model, "--output", data / "e.tif")
    answer = run(command, *words, home=data, **variables)
    assert answer.code == 1 and str(gone) in answer.sentence
    report = run(command, "diagnostics", "--progress", "none", home=data, **variables)
    assert report.code == 0 and "Évian" in report.out
