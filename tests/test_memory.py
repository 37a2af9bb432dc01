"""Memory does not grow with the raster: a whole landscape takes what a quarter of it takes, within a tenth."""

from __future__ import annotations

import importlib
import subprocess
import sys
from pathlib import Path

import pytest
from tests.conftest import ROOT
from tests.model_fixture import write_model

sys.path.insert(0, str(ROOT / "benchmarks"))
memory = importlib.import_module("memory")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A landscape of 23 square kilometres at 1 m, and a model for it."""
    folder = tmp_path_factory.mktemp("memory")
    write_model(folder / "m.botaclip", memory.write_image(folder / "image.tif", side=4800))
    return folder


@pytest.mark.parametrize("command", ["embed", "suitability"])
def test_a_whole_landscape_takes_what_a_quarter_takes(command: str, folder: Path) -> None:
    found = memory.whole_and_quarter(command, folder / "image.tif", folder / "m.botaclip", folder)
    assert found["whole"]["pixels"] > 3.9 * found["quarter"]["pixels"]
    assert 0.9 < found["ratio"] < 1.1
    assert found["whole"]["peak_mb"] < 450


def test_patches_of_many_pixels_need_no_more_than_a_laptop_has(tmp_path: Path) -> None:
    image = memory.write_image(tmp_path / "image.tif", side=3000, pixel_m=0.2)
    model = write_model(tmp_path / "m.botaclip", image).path
    found = memory.measure(
        "suitability", raster=image, model=model, output=tmp_path / "s.tif", device="cpu", stride=50.0
    )
    assert 0 < found["peak_mb"] < 900


def test_the_measure_sees_a_child_and_a_short_peak() -> None:
    hungry = (
        "import subprocess, sys; a = bytearray(150 * 2**20); del a; "
        "child = subprocess.Popen([sys.executable, '-c', 'import time; b = bytearray(100 * 2**20); time.sleep(1)']); "
        "child.wait(); sys.stdin.read()"
    )
    process = subprocess.Popen([sys.executable, "-I", "-c", hungry], stdin=subprocess.PIPE)
    with memory.peak_of(process.pid) as peak:
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(1.5)
    process.communicate(timeout=10)
    assert 150 < peak[0] / 2**20 < 260
