"""Real jobs stopped in the middle, in every way a user has: back within two seconds, nothing left."""

from __future__ import annotations

import importlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from tests.conftest import ROOT
from tests.model_fixture import write_model
from tests.qgis_support import Qgis, make_qgis

from botaclip.core.demo_landscape import write_demo_landscape

sys.path.insert(0, str(ROOT / "benchmarks"))
memory = importlib.import_module("memory")

PATIENCE_S = 2.0
MAPS = ("embed", "suitability")


@pytest.fixture(scope="module")
def qgis() -> Iterator[Qgis]:
    yield from make_qgis()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An image whose map takes some seconds, a model, and a landscape to train on."""
    folder = tmp_path_factory.mktemp("cancel")
    write_model(folder / "m.botaclip", memory.write_image(folder / "image.tif", side=5000))
    write_demo_landscape(folder / "landscape", size_m=1500, plots=80, species=20)
    return folder


@pytest.fixture(scope="module")
def cancelled(qgis: Qgis, folder: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What came of runs cancelled through the Processing feedback."""
    runs: dict[str, Any] = {}
    for name in MAPS:
        out = tmp_path_factory.mktemp(name)
        inputs = {"RASTER": str(folder / "image.tif"), "MODEL": str(folder / "m.botaclip"), "DEVICE": "cpu"}
        runs[name] = {"inputs": {**inputs, "OUTPUT": str(out / "map.tif")}, "folder": str(out), "at": 12.0}
    out, landscape = tmp_path_factory.mktemp("train"), folder / "landscape"
    inputs = {
        "RASTER": str(landscape / "tiles"), "RELEVES": str(landscape / "releves.csv"),
        "PLOTS": str(landscape / "plots.csv"), "CRS": "EPSG:32632", "X_FIELD": "x", "Y_FIELD": "y",
        "MIN_PRESENCES": 10, "OUTPUT": str(out / "new.botaclip"), "REPORT": str(out / "report.html"),
    }  # fmt: skip
    runs["train"] = {"inputs": inputs, "folder": str(out), "at": 30.0}
    (folder / "runs.json").write_text(json.dumps(runs), encoding="utf-8")
    found = qgis.script("cancel", str(folder / "runs.json"), environment={"BOTACLIP_PYTHON": sys.executable})
    return dict(found)


@pytest.mark.parametrize("name", [*MAPS, "train"])
def test_cancelled_through_the_feedback(name: str, cancelled: dict[str, Any]) -> None:
    run = cancelled[name]
    assert run["workers"] == 1, run["log"]
    assert run["ok"] is False
    assert 0 < run["seconds"] < PATIENCE_S
    assert run["alive"] == []
    assert run["left"] == []
    assert "Cancelled" in run["log"]
    assert name == "train" or run["begun"], "the map had been begun"


def wait_for(condition: Callable[[], Any], seconds: float) -> Any:
    """Return the first true value of ``condition``."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if value := condition():
            return value
        time.sleep(0.01)
    raise AssertionError(f"it did not come about within {seconds} s")


def begun(out: Path) -> bool:
    """Whether the map is being written."""
    return any(".part" in path.name and path.stat().st_size > 0 for path in out.iterdir())


def stop(process: subprocess.Popen[bytes], out: Path, number: int) -> float:
    """Send a signal once the map is being written; return the seconds until no process and no file is left."""
    wait_for(lambda: begun(out) or process.poll() is not None, 60)
    family = psutil.Process(process.pid).children(recursive=True)
    assert family, "there is a worker"
    began = time.monotonic()
    os.kill(process.pid, number)
    process.wait(timeout=10)
    wait_for(lambda: not any(one.is_running() and one.status() != psutil.STATUS_ZOMBIE for one in family), 10)
    took = time.monotonic() - began
    assert list(out.iterdir()) == []
    return took


@pytest.mark.parametrize(
    ("name", "number"), [("embed", signal.SIGTERM), ("suitability", signal.SIGTERM), ("embed", signal.SIGKILL)]
)
def test_qgis_process_is_ended(qgis: Qgis, folder: Path, tmp_path: Path, name: str, number: int) -> None:
    words = [f"--RASTER={folder / 'image.tif'}", f"--MODEL={folder / 'm.botaclip'}", "--DEVICE=cpu"]
    process = subprocess.Popen(
        ["qgis_process", "run", f"botaclip:{name}", *words, f"--OUTPUT={tmp_path / 'map.tif'}"],
        env={**qgis.environment, "BOTACLIP_PYTHON": sys.executable}, stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    assert stop(process, tmp_path, number) < PATIENCE_S
    assert process.returncode != 0


@pytest.mark.parametrize("name", MAPS)
def test_the_command_line_is_ended(folder: Path, tmp_path: Path, name: str) -> None:
    words = ["--raster", folder / "image.tif", "--model", folder / "m.botaclip", "--device", "cpu"]
    process = subprocess.Popen(
        [sys.executable, str(ROOT / "core" / "cli_boot.py"), name, *words, "--output", tmp_path / "map.tif"],
        env={**os.environ, "BOTACLIP_PYTHON": sys.executable}, stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    assert stop(process, tmp_path, signal.SIGTERM) < PATIENCE_S
    assert process.returncode == 128 + signal.SIGTERM
