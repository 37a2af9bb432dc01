"""Kill -9 of the worker, of the command line, or of both, at random moments: run again, all is as if nothing happened.

Moments are drawn with a fixed seed, as a share of the job and some milliseconds more.
"""

from __future__ import annotations

import dataclasses
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import psutil
import pytest
from tests.conftest import ROOT
from tests.model_fixture import write_model, write_raster
from tests.small_landscape import releves, write_image, write_releves
from tests.small_scenes import SCENES, write_scene
from tests.test_worker_client import runs, wait_for

WHO = ("worker", "parent", "both")


@dataclasses.dataclass(frozen=True)
class Job:
    """A command, and the file or folder that it makes."""

    words: tuple[str, ...]
    output: str
    made: str = ""

    def arguments(self, folder: Path) -> list[str]:
        return [*self.words, "--output", str(folder / self.output), "--overwrite", "--progress", "json"]

    def bytes(self, folder: Path) -> dict[str, bytes]:
        """Return the content of all that was made, by name."""
        path = folder / (self.made or self.output)
        files = sorted(path.iterdir()) if path.is_dir() else [path, path.with_suffix(".qml"), path.with_suffix(".qmd")]
        return {file.name: file.read_bytes() for file in files if file.exists()}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A raster of 260 x 260 cells (ten blocks of a map), scenes in two zones, and a model."""
    place = tmp_path_factory.mktemp("kill")
    write_model(place / "m.botaclip", write_raster(place / "r.tif", size=2600, pixel=1.0))
    for seed, (name, (crs, x, y, size)) in enumerate(SCENES.items()):
        write_scene(place / "crops" / f"{name}.tif", crs, x, y, 3 * size, seed=seed)
    return place


def jobs(place: Path) -> dict[str, Job]:
    model = ("--model", str(place / "m.botaclip"), "--device", "cpu", "--stride", "10")
    return {
        "embed": Job(("embed", "--raster", str(place / "r.tif"), *model, "--dimensions", "8", "--cog"), "e.tif"),
        "suitability": Job(("suitability", "--raster", str(place / "r.tif"), *model), "s.tif"),
        "scenes": Job(("embed", "--raster", str(place / "crops"), *model), "c.tif", "c"),
    }


@pytest.fixture(scope="module")
def whole(place: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, bytes]]:
    """What uninterrupted runs make, in the folder that the others will write to."""
    folder = tmp_path_factory.mktemp("whole")
    (folder / "out").mkdir()
    made = {}
    for name, job in jobs(place).items():
        finish(job, folder / "out", folder / "cache")
        made[name] = job.bytes(folder / "out")
    return made


def start(job: Job, folder: Path, cache: Path) -> subprocess.Popen[str]:
    variables = {**os.environ, "BOTACLIP_PYTHON": sys.executable, "BOTACLIP_CACHE": str(cache), "OMP_NUM_THREADS": "2"}
    return subprocess.Popen(
        [sys.executable, "-I", str(ROOT / "core" / "cli_boot.py"), *job.arguments(folder)], text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=variables, start_new_session=True,
    )  # fmt: skip


def finish(job: Job, folder: Path, cache: Path) -> None:
    process = start(job, folder, cache)
    _, errors = process.communicate(timeout=300)
    assert process.returncode == 0, errors


def interrupt(job: Job, folder: Path, cache: Path, who: str, share: float, wait_s: float) -> bool:
    """Kill at a share of the job; return whether it was still running. Check what is left right afterwards."""
    before = {path.name for path in folder.iterdir()}  # killed together, the two can leave what the next run removes
    process = start(job, folder, cache)
    assert process.stdout is not None and process.stderr is not None
    (worker,) = wait_for(lambda: psutil.Process(process.pid).children())
    for line in process.stdout:
        event = json.loads(line)
        if event["type"] == "result" or (event["type"] == "progress" and event["fraction"] >= share):
            break
    try:
        psutil.Process(process.pid).wait(timeout=wait_s)
    except psutil.TimeoutExpired:
        for victim in {"worker": [worker.pid], "parent": [process.pid], "both": [process.pid, worker.pid]}[who]:
            if runs(victim):
                os.kill(victim, signal.SIGKILL)
    _, errors = process.communicate(timeout=60)
    wait_for(lambda: not runs(worker.pid))
    if who != "both":
        assert [path.name for path in folder.iterdir() if ".part" in path.name and path.name not in before] == []
    if who == "worker" and process.returncode:
        assert process.returncode == 1 and errors.count("Error:") == 1 and "SIGKILL" in errors, errors
    return process.returncode != 0


def trial(name: str, place: Path, whole: dict[str, dict[str, bytes]], folder: Path, random: np.random.Generator) -> int:
    """Interrupt a job twice, then let it finish; return how often it was really interrupted."""
    job, cache = jobs(place)[name], folder / "cache"
    out = folder / "out"
    out.mkdir()
    met = 0
    for who in random.choice(WHO, 2):
        met += interrupt(job, out, cache, str(who), float(random.uniform(0, 0.95)), float(random.uniform(0, 0.05)))
    finish(job, out, cache)
    assert job.bytes(out) == whole[name]
    assert [path for path in folder.rglob("*") if ".part" in path.name] == []
    left = {path.name for path in out.iterdir()}
    beside = {Path(job.output).with_suffix(kind).name for kind in (".tif", ".qml", ".qmd")}
    assert left == ({job.made} if job.made else beside)
    assert list((cache / "windows").glob("*")) == []
    return met


@pytest.mark.parametrize(("name", "seed"), [("embed", 1), ("suitability", 2), ("scenes", 3)])
def test_a_killed_map_is_made_as_if_nothing_had_happened(
    name: str, seed: int, place: Path, whole: dict[str, dict[str, bytes]], tmp_path: Path
) -> None:
    assert trial(name, place, whole, tmp_path, np.random.default_rng(seed)) > 0


@pytest.mark.slow
@pytest.mark.parametrize("name", ["embed", "suitability", "scenes"])
def test_a_map_killed_many_times(
    name: str, place: Path, whole: dict[str, dict[str, bytes]], tmp_path: Path
) -> None:
    random, met = np.random.default_rng(4), 0
    for number in range(12):
        folder = tmp_path / str(number)
        folder.mkdir()
        met += trial(name, place, whole, folder, random)
    assert met >= 12


@pytest.mark.slow
def test_a_killed_training_leaves_nothing_and_can_be_repeated(tmp_path: Path) -> None:
    table = write_releves(tmp_path / "r.csv", releves())
    words = ("train", "--raster", str(write_image(tmp_path / "i.tif")), "--releves", str(table), "--crs", "EPSG:2154",
             "--min-presences", "10", "--alignment", "none", "--x-field", "x", "--y-field", "y")  # fmt: skip
    job, out = Job(words, "m.botaclip"), tmp_path / "out"
    out.mkdir()
    random = np.random.default_rng(5)
    for who in WHO:
        interrupt(job, out, tmp_path / "cache", who, float(random.uniform(0, 0.9)), float(random.uniform(0, 0.2)))
        assert [path.name for path in out.iterdir() if path.suffix == ".botaclip"] == []
    finish(job, out, tmp_path / "cache")
    assert [path.name for path in out.iterdir()] == ["m.botaclip"]
