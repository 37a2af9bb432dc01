"""Outputs that cannot be written: told before any work where that can be known, and nothing half-written is left."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.model_fixture import write_model, write_raster
from tests.small_landscape import releves, write_image, write_releves
from tests.warm_cli import WarmCli, check_refusal, listing, warm_cli

POINTS = "x,y\n" + "".join(f"{700_150 + 2 * i},{6_599_600 - 2 * i}\n" for i in range(100))


@pytest.fixture(scope="module")
def botaclip() -> Iterator[WarmCli]:
    with warm_cli() as cli:
        yield cli


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("in")
    write_model(place / "m.botaclip", write_raster(place / "r.tif", size=400))
    (place / "points.csv").write_text(POINTS)
    write_image(place / "image.tif")
    write_releves(place / "releves.csv", releves(40))
    return place


def words(place: Path, command: str, output: Path) -> list[object]:
    """Return a command that works, but for its output."""
    model = ["--raster", place / "r.tif", "--model", place / "m.botaclip", "--output", output, "--device", "cpu"]
    return {
        "embed": ["embed", *model, "--stride", 10, "--dimensions", 16],
        "suitability": ["suitability", *model, "--stride", 10],
        "predict": ["predict", *model, "--points", place / "points.csv", "--crs", "EPSG:2154"],
        "info": ["info", place / "m.botaclip", "--output", output],
        "train": ["train", "--raster", place / "image.tif", "--releves", place / "releves.csv", "--crs", "EPSG:2154",
                  "--x-field", "x", "--y-field", "y", "--output", output],
    }[command]  # fmt: skip


SUFFIXES = {"embed": ".tif", "suitability": ".tif", "predict": ".gpkg", "info": ".json", "train": ".botaclip"}


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 32 KiB."""
    yield from mounted(tmp_path / "disk", "size=32k")


def mounted(folder: Path, options: str) -> Iterator[Path]:
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
    if shutil.which("mount") is None or subprocess.run(mount, capture_output=True, check=False).returncode != 0:
        pytest.skip("file systems cannot be mounted here")
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def fill(disk: Path, size: int) -> None:
    (disk / "other").write_bytes(b"x" * size)


@pytest.mark.parametrize("command", ["embed", "suitability", "predict", "info"])
def test_disk_full(botaclip: WarmCli, place: Path, small_disk: Path, command: str) -> None:
    fill(small_disk, 28_000 if command != "info" else 32_768)
    output = small_disk / f"o{SUFFIXES[command]}"
    says = (str(output), "cannot be written", "Free disk space or choose another folder")
    botaclip.refuses(*words(place, command, output), folder=small_disk, says=says)


def test_disk_full_where_csv_is_written(botaclip: WarmCli, place: Path, small_disk: Path) -> None:
    fill(small_disk, 28_672)
    output = small_disk / "o.csv"
    says = (str(output), "cannot be written", "Free disk space")
    botaclip.refuses(*words(place, "predict", output), folder=small_disk, says=says)


def test_an_output_that_is_replaced_survives_a_full_disk(botaclip: WarmCli, place: Path, small_disk: Path) -> None:
    output = small_disk / "o.tif"
    output.write_bytes(b"precious" * 3_500)
    said = botaclip.refuses(*words(place, "embed", output), "--overwrite", folder=small_disk, says=("cannot be",))
    assert str(output) in said and output.read_bytes() == b"precious" * 3_500


@pytest.mark.parametrize("command", list(SUFFIXES))
def test_folder_that_may_not_be_written(botaclip: WarmCli, place: Path, tmp_path: Path, command: str) -> None:
    """A file system that is read-only, which holds for root as well."""
    for folder in mounted(tmp_path / "disk", "size=64k,ro"):
        says = (str(folder), "the output folder is not writable", "choose a folder you may write to")
        botaclip.refuses(*words(place, command, folder / f"o{SUFFIXES[command]}"), folder=folder, says=says)


@pytest.mark.parametrize("command", list(SUFFIXES))
def test_folder_that_cannot_be(botaclip: WarmCli, place: Path, tmp_path: Path, command: str) -> None:
    (tmp_path / "file").write_text("precious")
    output = tmp_path / "file" / f"o{SUFFIXES[command]}"
    says = (str(output.parent), "output folder", "choose a folder you may write to")
    botaclip.refuses(*words(place, command, output), folder=tmp_path, says=says)


@pytest.mark.parametrize("command", list(SUFFIXES))
def test_output_that_exists(botaclip: WarmCli, place: Path, tmp_path: Path, command: str) -> None:
    output = tmp_path / f"o{SUFFIXES[command]}"
    output.write_text("precious")
    says = (str(output), "the file exists already", "--overwrite")
    botaclip.refuses(*words(place, command, output), folder=tmp_path, says=says)
    assert output.read_text() == "precious"


def test_output_that_is_a_folder(botaclip: WarmCli, place: Path, tmp_path: Path) -> None:
    (tmp_path / "o.json").mkdir()
    (tmp_path / "o.json" / "precious").write_text("")
    said = botaclip.refuses(*words(place, "info", tmp_path / "o.json"), folder=tmp_path, says=("choose another",))
    assert "folder" in said


def test_a_folder_made_for_an_output_that_fails_is_not_left(botaclip: WarmCli, place: Path, tmp_path: Path) -> None:
    (tmp_path / "bad.tif").write_text("no raster")
    output = tmp_path / "new" / "deep" / "o.tif"
    answer = botaclip("embed", "--raster", tmp_path / "bad.tif", "--model", place / "m.botaclip", "--output", output)
    check_refusal(answer, ("bad.tif",))
    assert set(listing(tmp_path)) == {"bad.tif"}
