"""Every map and table by three roads: ``processing.run``, ``qgis_process`` with JSON, the command line. One result."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from tests.model_fixture import write_model, write_raster
from tests.qgis_support import ROOT, Qgis, make_qgis
from tests.test_aoa import AREA
from tests.test_area_lists import write_areas
from tests.test_richness import ABOUT

# Algorithm -> the options of its run but RASTER, MODEL and OUTPUT; and how its output ends.
RUNS: dict[str, tuple[dict[str, Any], str]] = {
    "embed": ({"DIMENSIONS": 4}, "tif"),
    "suitability": ({"SPECIES": "Poa annua", "APPLICABILITY": True}, "tif"),
    "aoa": ({}, "tif"),
    "similarity": ({"PLOT": "7"}, "tif"),
    "change": ({"EARLIER": "{folder}/earlier.tif", "SPECIES": "Poa annua"}, "tif"),
    "richness": ({}, "tif"),
    "threshold": ({"RASTER": "{folder}/s.tif", "RULE": "value", "VALUE": 0.5}, "tif"),
    "lists": (
        {"RASTER": "{folder}/s.tif", "AREAS": "{folder}/areas.gpkg", "AREA_FIELD": "stand", "RULE": "expected"}, "csv"
    ),
    "predict": ({"POINTS": "{folder}/points.csv", "CRS": "EPSG:2154", "X_FIELD": "x", "Y_FIELD": "y"}, "csv"),
}  # fmt: skip
WITHOUT_MODEL = {"threshold", "lists"}
# What goes wrong, and the words of it.
FAULTS: dict[str, tuple[dict[str, Any], str]] = {
    "similarity": ({"PLOT": "nowhere"}, "has no training plot 'nowhere'"),
    "change": ({"EARLIER": "{folder}/m.botaclip"}, "cannot be opened"),
    "threshold": ({"RULE": "list", "VALUE": None}, "have no threshold by this rule"),
    "lists": ({"RULE": "list"}, "have no threshold by this rule"),
    "predict": ({"SPECIES": "Rosa nulla"}, "Rosa nulla"),
}


@pytest.fixture(scope="module")
def qgis() -> Iterator[Qgis]:
    yield from make_qgis()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("maps é")
    raster = write_raster(folder / "r.tif")
    random = np.random.default_rng(2)
    arrays = {"community.mean": np.full(3, 0.4, np.float32), "community.variance": np.array([0.3], np.float32)}
    write_model(folder / "m.botaclip", raster, applicability=AREA, richness=ABOUT, arrays=arrays)
    with rasterio.open(raster) as source:
        pixels, profile, transform = source.read(), source.profile, source.transform
    noisy = np.clip(pixels.astype(float) + random.normal(0, 9, pixels.shape), 1, 255)
    with rasterio.open(folder / "earlier.tif", "w", **profile) as made:
        made.write(noisy.astype(profile["dtype"]))
    corners = [transform * at for at in ((60, 60), (200, 60), (200, 200), (60, 200), (60, 60))]
    write_areas(folder / "areas.gpkg", [corners], profile["crs"].to_string())
    points = [transform * at for at in ((120, 120), (250, 200))]
    (folder / "points.csv").write_text(
        "name,x,y\n" + "".join(f"p{i},{x},{y}\n" for i, (x, y) in enumerate(points)), encoding="utf-8"
    )
    (folder / "points.csvt").write_text('"String","Real","Real"\n', encoding="utf-8")
    inputs = {"RASTER": str(raster), "MODEL": str(folder / "m.botaclip"), "OUTPUT": str(folder / "s.tif")}
    assert command_line("suitability", inputs).returncode == 0
    return folder


def asked(name: str, folder: Path, output: str, changed: dict[str, Any] | None = None) -> dict[str, Any]:
    inputs = {"RASTER": str(folder / "r.tif"), "MODEL": str(folder / "m.botaclip")} | RUNS[name][0] | (changed or {})
    if name in WITHOUT_MODEL:
        inputs.pop("MODEL")
    filled = {
        key: value.format(folder=folder) if isinstance(value, str) else value
        for key, value in inputs.items() if value is not None
    }  # fmt: skip
    return filled | {"DEVICE": "cpu", "OUTPUT": str(folder / f"{output}_{name}.{RUNS[name][1]}")}


def command_line(name: str, inputs: dict[str, Any]) -> subprocess.CompletedProcess[str]:
    words = []
    for key, value in inputs.items():
        flag = f"--{key.lower().replace('_', '-')}"
        words += [flag] if value is True else [flag, str(value)]
    return subprocess.run(
        [sys.executable, "-I", str(ROOT / "core" / "cli_boot.py"), name, *words], capture_output=True, text=True
    )


def content(path: str) -> Any:
    if path.endswith(".csv"):
        return Path(path).read_text(encoding="utf-8")
    with rasterio.open(path) as source:
        return source.read()


@pytest.fixture(scope="module")
def in_qgis(qgis: Qgis, folder: Path) -> dict[str, dict[str, Any]]:
    """What Processing made of all runs, and of all faults, in one QGIS."""
    jobs = [(name, asked(name, folder, "gui")) for name in RUNS]
    jobs += [(name, asked(name, folder, "fault", changed)) for name, (changed, _) in FAULTS.items()]
    (folder / "jobs.json").write_text(json.dumps(jobs), encoding="utf-8")
    answers = qgis.script("processing_runs", str(folder / "jobs.json"), environment={"BOTACLIP_PYTHON": sys.executable})
    made = dict(zip(RUNS, answers, strict=False))
    return made | {f"fault {name}": answer for name, answer in zip(FAULTS, answers[len(RUNS) :], strict=True)}


@pytest.mark.parametrize("name", RUNS)
def test_three_roads_lead_to_one_result(name: str, qgis: Qgis, in_qgis: dict[str, Any], folder: Path) -> None:
    assert in_qgis[name]["ok"], in_qgis[name]["log"]
    by_hand = asked(name, folder, "cli")
    ran = command_line(name, by_hand)
    assert ran.returncode == 0, ran.stderr
    headless = asked(name, folder, "json")
    process = qgis.process(
        "run", f"botaclip:{name}", "-", input=json.dumps({"inputs": headless}),
        environment={"BOTACLIP_PYTHON": sys.executable},
    )  # fmt: skip
    assert process.returncode == 0, process.stdout + process.stderr
    said = json.loads(process.stdout[process.stdout.index("{") :])
    assert said["results"]["OUTPUT"] == headless["OUTPUT"]
    expected = content(by_hand["OUTPUT"])
    for other in (asked(name, folder, "gui")["OUTPUT"], headless["OUTPUT"]):
        if isinstance(expected, str):
            assert content(other) == expected and expected.count("\n") > 1
        else:
            np.testing.assert_array_equal(content(other), expected)
            assert np.isfinite(expected[0]).any() and Path(other).with_suffix(".qml").is_file()


@pytest.mark.parametrize("name", FAULTS)
def test_faults_are_one_sentence_everywhere_and_leave_nothing(
    name: str, qgis: Qgis, in_qgis: dict[str, Any], folder: Path
) -> None:
    changed, words = FAULTS[name]
    inputs = asked(name, folder, "fault", changed)
    told = in_qgis[f"fault {name}"]
    assert not told["ok"] and words in told["error"] and "Traceback" not in told["log"]
    ran = command_line(name, inputs)
    assert ran.returncode == 1 and words in ran.stderr and "Traceback" not in ran.stderr
    process = qgis.process(
        "run", f"botaclip:{name}", "-", input=json.dumps({"inputs": inputs}),
        environment={"BOTACLIP_PYTHON": sys.executable},
    )  # fmt: skip
    assert process.returncode == 1 and words in process.stdout + process.stderr
    assert not Path(inputs["OUTPUT"]).exists()
