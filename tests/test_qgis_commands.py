"""All that is no map by three roads: ``processing.run``, ``qgis_process`` with JSON, the command line. One result."""

from __future__ import annotations

import csv
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from tests.qgis_support import ROOT, Qgis, make_qgis
from tests.small_landscape import CRS, releves, write_image, write_releves

# How the small landscape is read; {here} is the folder of one road.
READ = {
    "RASTER": "{folder}/image.tif", "RELEVES": "{folder}/releves.csv", "CRS": CRS, "X_FIELD": "x", "Y_FIELD": "y",
    "MIN_PRESENCES": 10, "FOLDS": 2, "DEVICE": "cpu",
}  # fmt: skip
QUICK = {**READ, "ALIGNMENT": "none"}
SAMPLE_MODEL = str(ROOT / "resources" / "sample" / "model.botaclip")
MODEL = {"MODEL": SAMPLE_MODEL}


def scores(here: Path, _said: str) -> Any:
    """What was measured, without how long it took and where it lies."""
    found = json.loads((here / "scores.json").read_text(encoding="utf-8"))
    return {key: found[key] for key in ("targets", "summary") if key in found} or found["tasks"]


def table(here: Path, _said: str) -> Any:
    with (here / "table.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert rows
    return [{key: value for key, value in row.items() if "second" not in key} for row in rows]


def report(here: Path, _said: str) -> Any:
    return (here / "report.html").read_text(encoding="utf-8")


def about(here: Path, _said: str) -> Any:
    return json.loads((here / "about.json").read_text(encoding="utf-8"))


def classes(here: Path, _said: str) -> Any:
    with rasterio.open(here / "classes.tif") as source:
        return source.read().tobytes()


def copied(here: Path, _said: str) -> Any:
    return {path.name: path.read_bytes() for path in (here / "sample").iterdir()}


def said(_here: Path, text: str) -> Any:
    """What is printed, without numbers of time and room that differ from run to run."""
    assert text.strip()
    lines = [line.strip() for line in text.strip().splitlines()]
    return [re.sub(r"[\d.,]+ ?(ms|s|MB|MiB|GB|GiB|KiB|bytes)\b", "", line) for line in lines]


def shown(here: Path, text: str) -> Any:
    """The same without how the next step is called, which each face says in its own words."""
    return [line for line in said(here, text) if not re.search("download|import", line)]


def devices(_here: Path, text: str) -> Any:
    return [line.split()[:2] for line in text.splitlines() if re.match(r"(cpu|cuda|directml|coreml)\s", line)]


def diagnosed(_here: Path, text: str) -> Any:
    return re.findall(r"(?:numpy|onnxruntime|rasterio)\W+[\d.]+", text)


# Algorithm -> command, inputs, and what is compared.
RUNS: dict[str, tuple[str, dict[str, Any], Callable[[Path, str], Any]]] = {
    "preview": ("preview", {**QUICK, "OUTPUT": "{here}/table.csv"}, table),
    "train": ("train", {**QUICK, "OUTPUT": "{here}/m.botaclip", "METRICS": "{here}/scores.json"}, scores),
    "evaluate": ("evaluate", {**QUICK, "METRICS": "{here}/scores.json"}, scores),
    "ablate": (
        "ablate", {**READ, "ALIGNMENT": "whitened", "FACTORS": "transform", "OUTPUT": "{here}/table.csv"}, table,
    ),
    "report": ("report", {"METRICS": "{folder}/cli/train/scores.json", "OUTPUT": "{here}/report.html"}, report),
    "info": ("info", {**MODEL, "OUTPUT": "{here}/about.json"}, about),
    "verify": ("verify", MODEL, said),
    "clusters": (
        "clusters", {"RASTER": READ["RASTER"], **MODEL, "CLUSTERS": 3, "OUTPUT": "{here}/classes.tif"}, classes,
    ),
    "sample": ("sample", {"OUTPUT": "{here}/sample"}, copied),
    "devices": ("devices", {"MODEL": SAMPLE_MODEL}, devices),
    "diagnostics": ("diagnostics", {}, diagnosed),
    "encoders": ("encoders", {"ACTION": "show", "ENCODER": "dofa-base"}, shown),
    "cache": ("cache", {"ACTION": "show"}, said),
}  # fmt: skip
FAULTS: dict[str, tuple[dict[str, Any], str]] = {
    "preview": ({"RELEVES": "{folder}/image.tif"}, "image.tif"),
    "train": ({"SPECIES_FIELD": "nonsense"}, "nonsense"),
    "evaluate": ({"RELEVES": "{folder}/image.tif"}, "image.tif"),
    "ablate": ({"FACTORS": "weather"}, "weather"),
    "report": ({"METRICS": "{folder}/releves.csv"}, "releves.csv"),
    "info": ({"MODEL": "{folder}/broken.botaclip"}, "broken.botaclip"),
    "verify": ({"MODEL": "{folder}/broken.botaclip"}, "broken.botaclip"),
    "clusters": ({"RASTER": "{folder}/broken.botaclip"}, "broken.botaclip"),
    "sample": ({"OUTPUT": "{folder}"}, "other"),
    "devices": ({"MODEL": "{folder}/broken.botaclip"}, "broken.botaclip"),
    "encoders": ({"ENCODER": "nobody"}, "nobody"),
    "setup": ({"CHECK": True, "REMOVE": True}, "exclude each other"),
}
SETUP: dict[str, Any] = {"CHECK": True}
POSITIONAL = {"info": ("MODEL",), "verify": ("MODEL",), "encoders": ("ACTION", "ENCODER"), "cache": ("ACTION",)}


@pytest.fixture(scope="module")
def qgis() -> Iterator[Qgis]:
    yield from make_qgis()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("commands é")
    write_image(folder / "image.tif")
    write_releves(folder / "releves.csv", releves())
    (folder / "broken.botaclip").write_bytes(b"PK\x03\x04 nothing")
    return folder


def variables(folder: Path) -> dict[str, str]:
    """All roads with the same Python, cache and folders."""
    return {"BOTACLIP_PYTHON": sys.executable, "BOTACLIP_CACHE": str(folder / "cache"),
            "BOTACLIP_ENVIRONMENTS": str(folder / "environments")}  # fmt: skip


def filled(inputs: dict[str, Any], folder: Path, here: Path) -> dict[str, Any]:
    return {
        key: value.format(folder=folder, here=here) if isinstance(value, str) else value
        for key, value in inputs.items()
    }


def road(name: str, folder: Path, road: str) -> tuple[dict[str, Any], Path]:
    here = folder / road / name
    here.mkdir(parents=True, exist_ok=True)
    inputs = SETUP if name == "setup" else RUNS[name][1]
    return filled(inputs, folder, here), here


def command_line(
    algorithm: str, command: str, inputs: dict[str, Any], folder: Path
) -> subprocess.CompletedProcess[str]:
    first = POSITIONAL.get(algorithm, ())
    words = [str(inputs[key]) for key in first]
    for key, value in inputs.items():
        if key not in first:
            flag = f"--{key.lower().replace('_', '-')}"
            words += [flag] if value is True else [flag, str(value)]
    return subprocess.run(
        [sys.executable, "-I", str(ROOT / "core" / "cli_boot.py"), command, *words], capture_output=True, text=True,
        env={**os.environ, **variables(folder)},
    )  # fmt: skip


@pytest.fixture(scope="module")
def by_processing(qgis: Qgis, folder: Path) -> dict[str, dict[str, Any]]:
    # What takes minutes is run by its own test.
    jobs = [(name, road(name, folder, "gui")[0]) for name in RUNS if name not in SLOW]
    jobs += [(name, {**road(name, folder, "fault")[0], **filled(changed, folder, folder)})
             for name, (changed, _) in FAULTS.items()]  # fmt: skip
    (folder / "jobs.json").write_text(json.dumps(jobs), encoding="utf-8")
    answers = qgis.script("processing_runs", str(folder / "jobs.json"), environment=variables(folder))
    names = [name for name in RUNS if name not in SLOW] + [f"fault {name}" for name in FAULTS]
    return dict(zip(names, answers, strict=True))


# A minute or more of training on each road; the faults go down the same roads quickly. What report reads train writes.
SLOW = ("train", "evaluate", "ablate", "report", "preview")


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.slow] if name in SLOW else []) for name in RUNS]
)
def test_three_roads_lead_to_one_result(name: str, qgis: Qgis, by_processing: dict[str, Any], folder: Path) -> None:
    command, _, compared = RUNS[name]
    if name in SLOW:
        (folder / "job.json").write_text(json.dumps([(name, road(name, folder, "gui")[0])]), encoding="utf-8")
        (by_processing[name],) = qgis.script(
            "processing_runs", str(folder / "job.json"), environment=variables(folder)
        )
    assert by_processing[name]["ok"], by_processing[name]["log"] + by_processing[name]["error"]
    inputs, here = road(name, folder, "cli")
    ran = command_line(name, command, inputs, folder)
    assert ran.returncode == 0, ran.stderr
    expected = compared(here, ran.stdout)
    assert expected
    json_inputs, json_here = road(name, folder, "json")
    process = qgis.process(
        "run", f"botaclip:{name}", "-", input=json.dumps({"inputs": json_inputs}), environment=variables(folder)
    )
    assert process.returncode == 0, process.stdout + process.stderr
    answered = json.loads(process.stdout[process.stdout.index("{") :])["results"]
    gui = by_processing[name]["results"]
    for place, summary in ((json_here, answered["SUMMARY"]), (road(name, folder, "gui")[1], gui["SUMMARY"])):
        found = compared(place, summary)
        if isinstance(expected, (dict, list)) and compared in (scores, table):
            assert_alike(found, expected)
        else:
            assert found == expected


def assert_alike(found: Any, expected: Any) -> None:
    """Numbers agree to a millionth, all else exactly."""
    if isinstance(expected, dict):
        assert found.keys() == expected.keys()
        for key in expected:
            assert_alike(found[key], expected[key])
    elif isinstance(expected, list):
        assert len(found) == len(expected)
        for one, other in zip(found, expected, strict=True):
            assert_alike(one, other)
    elif isinstance(expected, float):
        np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-9)
    else:
        assert found == expected


@pytest.mark.parametrize("name", FAULTS)
def test_faults_are_one_sentence_everywhere(
    name: str, qgis: Qgis, by_processing: dict[str, Any], folder: Path
) -> None:
    changed, words = FAULTS[name]
    inputs = {**road(name, folder, "fault")[0], **filled(changed, folder, folder)}
    told = by_processing[f"fault {name}"]
    assert not told["ok"] and words in told["error"] and "Traceback" not in told["log"]
    ran = command_line(name, RUNS[name][0] if name in RUNS else name, inputs, folder)
    assert ran.returncode == 1 and words in ran.stderr and "Traceback" not in ran.stderr
    process = qgis.process(
        "run", f"botaclip:{name}", "-", input=json.dumps({"inputs": inputs}), environment=variables(folder)
    )
    assert process.returncode == 1 and words in process.stdout + process.stderr
    assert [path for path in (folder / "fault" / name).rglob("*") if path.is_file()] == []


def test_every_algorithm_is_run_here_or_as_a_map() -> None:
    from tests.test_qgis_maps import RUNS as MAPS

    from botaclip.core.commands import COMMANDS

    every = {command.algorithm for command in COMMANDS.values()}
    # The demo landscape takes a minute a road; make demo runs it. Set-up: tests/test_qgis_setup.py.
    assert every - set(RUNS) - set(MAPS) == {"demodata", "setup"}
