"""Finished windows are kept: an interrupted map resumes, and has the bytes of one that was never interrupted."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.model_fixture import write_model, write_raster
from tests.small_scenes import write_scenes

from botaclip.core import windows as module
from botaclip.core.embed import embed
from botaclip.core.errors import Cancelled
from botaclip.core.model_file import ModelFile
from botaclip.core.progress import SILENT, Progress
from botaclip.core.raster_output import Block
from botaclip.core.suitability import suitability
from botaclip.core.windows import Windows, prune

BLOCK = Block(row=256, col=0, height=3, width=5)
VALUES = np.arange(30, dtype=np.float32).reshape(2, 3, 5)


@pytest.fixture(scope="module")
def raster(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A raster of 120 x 120 cells, with :func:`cache` eight blocks."""
    return write_raster(tmp_path_factory.mktemp("raster") / "r.tif", size=1200, bands=3, pixel=1.0)


@pytest.fixture(scope="module")
def model(raster: Path, tmp_path_factory: pytest.TempPathFactory) -> ModelFile:
    return write_model(tmp_path_factory.mktemp("model") / "m.botaclip", raster)


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("botaclip.core.applied_model._FEWEST_ROWS", 16)
    monkeypatch.setenv("BOTACLIP_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "windows"


def ask(raster: Path, model: ModelFile, output: Path, **changes: Any) -> dict[str, Any]:
    return {
        "raster": str(raster), "model": str(model.path), "output": str(output), "device": "cpu", "stride": 10.0,
        "overwrite": False, "extent": None, "mask": None, "dimensions": "4", "quantise": "none", "species": None,
    } | changes  # fmt: skip


def kept(cache: Path) -> list[Path]:
    return sorted(cache.glob("*/*"))


def stopped_at(fraction: float, said: list[str] | None = None) -> Progress:
    """Return a progress that is cancelled at a fraction of the job."""
    reached = [0.0]
    return Progress(
        report=lambda done, _: reached.append(done), cancelled=lambda: max(reached) >= fraction,
        log=None if said is None else lambda _, text: said.append(text),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("command", "changes"), [(embed, {}), (embed, {"quantise": "uint8", "cog": True}), (suitability, {})]
)
def test_an_interrupted_map_is_taken_up(
    command: Any, changes: dict[str, Any], raster: Path, model: ModelFile, tmp_path: Path, cache: Path
) -> None:
    whole = command(ask(raster, model, tmp_path / "whole.tif", **changes), SILENT)
    assert kept(cache) == []
    for fraction in (0.3, 0.7):
        with pytest.raises(Cancelled):
            command(ask(raster, model, tmp_path / "m.tif", **changes), stopped_at(fraction))
        assert [path.name for path in tmp_path.iterdir() if path.name.startswith("m.")] == []
    before = {path: path.stat().st_mtime_ns for path in kept(cache)}
    assert len(before) >= 4
    said: list[str] = []
    outputs = command(
        ask(raster, model, tmp_path / "m.tif", **changes), Progress(log=lambda _, text: said.append(text))
    )
    assert f"Taking up {len(before)} finished windows of an interrupted run." in said
    assert (tmp_path / "m.tif").read_bytes() == (tmp_path / "whole.tif").read_bytes()
    assert outputs["clipped"] == whole["clipped"]
    assert kept(cache) == []


def test_only_what_is_missing_is_computed(
    raster: Path, model: ModelFile, tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(Cancelled):
        embed(ask(raster, model, tmp_path / "m.tif"), stopped_at(0.6))
    found, blocks = len(kept(cache)), []
    make = module.Windows.keep
    monkeypatch.setattr(Windows, "keep", lambda self, *a: (blocks.append(a[0]), make(self, *a)))
    embed(ask(raster, model, tmp_path / "m.tif"), SILENT)
    first = len(blocks)
    blocks.clear()
    embed(ask(raster, model, tmp_path / "n.tif"), SILENT)
    assert found >= 3 and first + found == len(blocks)


def test_another_map_takes_nothing_up(raster: Path, model: ModelFile, tmp_path: Path, cache: Path) -> None:
    with pytest.raises(Cancelled):
        embed(ask(raster, model, tmp_path / "m.tif"), stopped_at(0.6))
    there = kept(cache)
    said: list[str] = []
    progress = Progress(log=lambda _, text: said.append(text))
    for changes in ({"dimensions": "5"}, {"stride": 11.0, "extent": "700100,701100,6598900,6599900"},
                    {"quantise": "uint8"}):  # fmt: skip
        embed(ask(raster, model, tmp_path / "m.tif", overwrite=True, **changes), progress)
    os.utime(raster, ns=(1, 1))  # a changed file is another raster
    embed(ask(raster, model, tmp_path / "m.tif", overwrite=True), progress)
    assert not [line for line in said if "Taking up" in line]
    assert kept(cache) == there


def test_damaged_windows_are_made_again(raster: Path, model: ModelFile, tmp_path: Path, cache: Path) -> None:
    embed(ask(raster, model, tmp_path / "whole.tif"), SILENT)
    with pytest.raises(Cancelled):
        embed(ask(raster, model, tmp_path / "m.tif"), stopped_at(0.7))
    first, second, third, *_ = kept(cache)
    first.write_bytes(first.read_bytes()[:-7])
    flipped = bytearray(second.read_bytes())
    flipped[-9] ^= 1
    second.write_bytes(flipped)
    third.write_bytes(b"{}\n")
    embed(ask(raster, model, tmp_path / "m.tif"), SILENT)
    assert (tmp_path / "m.tif").read_bytes() == (tmp_path / "whole.tif").read_bytes()


def test_a_folder_of_scenes_is_taken_up(
    model: ModelFile, tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("botaclip.core.scene_maps._FEW_BLOCKS", 0)
    scenes = write_scenes(tmp_path / "crops")
    embed(ask(scenes, model, tmp_path / "whole.tif"), SILENT)
    with pytest.raises(Cancelled):
        embed(ask(scenes, model, tmp_path / "m.tif"), stopped_at(0.7))
    assert not (tmp_path / "m").exists() and len({path.parent for path in kept(cache)}) >= 2
    said: list[str] = []
    embed(ask(scenes, model, tmp_path / "m.tif"), Progress(log=lambda _, text: said.append(text)))
    assert [line for line in said if "Taking up" in line]
    for path in (tmp_path / "whole").glob("*.tif"):
        assert (tmp_path / "m" / path.name).read_bytes() == path.read_bytes()
    assert kept(cache) == []


def test_values_come_back_as_they_were(cache: Path) -> None:
    windows = Windows({"map": 1})
    windows.begin(VALUES.nbytes)
    assert windows.take(BLOCK) is None and len(windows) == 0
    windows.keep(BLOCK, VALUES[:, :, ::-1], 7)
    found = Windows({"map": 1}).take(BLOCK)
    assert found is not None and found[1] == 7 and found[0].dtype == np.float32
    np.testing.assert_array_equal(found[0], VALUES[:, :, ::-1])
    assert len(windows) == 1 and Windows({"map": 2}).take(BLOCK) is None
    windows.remove()
    assert kept(cache) == []


def test_a_cache_that_cannot_be_written_is_no_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv("BOTACLIP_CACHE", str(tmp_path / "file"))
    windows = Windows({})
    windows.begin(100)
    windows.keep(BLOCK, VALUES)
    assert windows.take(BLOCK) is None
    windows.remove()
    prune()


def test_a_full_disk_costs_the_windows_and_not_the_map(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    windows = Windows({})
    windows.begin(100)
    windows.keep(BLOCK, VALUES)
    monkeypatch.setattr(module.os, "replace", lambda *_: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    windows.keep(Block(0, 0, 3, 5), VALUES)
    assert kept(cache) == []
    monkeypatch.undo()


def test_nothing_is_kept_on_a_disk_that_is_nearly_full(cache: Path) -> None:
    windows = Windows({})
    windows.begin(10**15)
    windows.keep(BLOCK, VALUES)
    assert kept(cache) == []


def test_old_maps_go_and_the_largest_sum_is_held(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_MOST_BYTES", 1000)
    maps = [Windows({"map": number}) for number in range(4)]
    now = time.time()
    for age, windows in zip((20, 10, 5, 1), maps, strict=True):
        windows.folder.mkdir(parents=True)
        path = windows.folder / "0_0_1_1.window"
        path.write_bytes(bytes(400))
        for touched in (path, windows.folder):
            os.utime(touched, (now - age * 86_400, now - age * 86_400))
    monkeypatch.setattr(module, "_MOST_BYTES", 10**9)
    prune(now=now)
    assert [windows.folder.exists() for windows in maps] == [False, True, True, True]  # two weeks
    sizes = sum(path.stat().st_size for path in (maps[3].folder, *maps[3].folder.iterdir()))
    monkeypatch.setattr(module, "_MOST_BYTES", int(2.5 * sizes))
    prune(now=now)
    assert [windows.folder.exists() for windows in maps] == [False, False, True, True]
    monkeypatch.setattr(module, "_MOST_BYTES", 1)
    prune(except_for=maps[2].folder, now=now)
    assert [windows.folder.exists() for windows in maps] == [False, False, True, False]
