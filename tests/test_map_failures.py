"""What goes wrong with maps outside of us: a full disk, a folder that cannot be written, a raster that breaks off."""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import rasterio
from tests.conftest import ROOT
from tests.model_fixture import write_model, write_raster
from tests.small_scenes import write_scenes

from botaclip.core.embed import embed
from botaclip.core.progress import SILENT


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("failures")
    write_model(place / "m.botaclip", write_raster(place / "r.tif", size=1000, pixel=1.0))
    write_scenes(place / "crops")
    return place


def call(
    place: Path, output: Path, *more: str, raster: str = "r.tif", limit: Callable[[], None] | None = None
) -> tuple[int, str]:
    """Run ``embed`` by the command line; return exit code and stderr."""
    words = ["embed", "--raster", str(place / raster), "--model", str(place / "m.botaclip"), "--stride", "10",
             "--device", "cpu", "--progress", "none", "--output", str(output), *more]  # fmt: skip
    variables = {**os.environ, "BOTACLIP_PYTHON": sys.executable, "BOTACLIP_CACHE": str(place / "cache")}
    done = subprocess.run(
        [sys.executable, "-I", str(ROOT / "core" / "cli_boot.py"), *words], env=variables, text=True, timeout=120,
        capture_output=True, preexec_fn=limit, check=False,
    )  # fmt: skip
    return done.returncode, done.stderr


def last_line(said: str) -> str:
    """Return the error's one sentence; what stands before it are warnings."""
    *before, error = said.splitlines()
    assert error.startswith("Error: ") and all(line.startswith("Warning: ") for line in before), said
    return error


def at_most(size: int) -> Callable[[], None]:
    """Return what limits the size of the files that a process writes."""
    return lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


@pytest.mark.parametrize(
    ("raster", "more", "size"),
    [("r.tif", (), 250_000), ("r.tif", ("--cog",), 250_000), ("r.tif", ("--quantise", "uint8", "--cog"), 60_000),
     ("crops", (), 60_000), ("crops", ("--cog",), 60_000)],
)  # fmt: skip
def test_a_map_that_outgrows_its_limit(
    place: Path, tmp_path: Path, raster: str, more: tuple[str, ...], size: int
) -> None:
    whole = call(place, tmp_path / "whole.tif", *more, raster=raster)[0]
    sizes = [path.stat().st_size for path in tmp_path.rglob("*") if path.is_file()]
    assert whole == 0 and max(sizes) > size
    limit, tmp_path = at_most(size), tmp_path / "out"
    code, said = call(place, tmp_path / "e.tif", *more, raster=raster, limit=limit)
    error = last_line(said)
    assert code == 1 and "cannot be written" in error and "Free disk space or choose another folder." in error, said
    assert not tmp_path.exists() or list(tmp_path.iterdir()) == []


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    disk = tmp_path / "disk"
    disk.mkdir()
    if not shutil.which("mount") or subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=200k", "tmpfs", str(disk)], capture_output=True, check=False
    ).returncode:
        pytest.skip("a small disk cannot be made here")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


def test_a_full_disk(place: Path, small_disk: Path) -> None:
    code, said = call(place, small_disk / "e.tif")
    assert code == 1 and "e.tif: it cannot be written" in said and said.count("Error:") == 1, said
    assert list(small_disk.iterdir()) == []
    code, said = call(place, small_disk / "f.tif", raster="crops")
    assert code == 1 and "cannot be written" in last_line(said)
    assert list(small_disk.iterdir()) == []


@pytest.mark.parametrize("raster", ["r.tif", "crops"])
def test_a_folder_that_cannot_be_written(place: Path, tmp_path: Path, raster: str) -> None:
    (tmp_path / "file").write_text("no folder")
    code, said = call(place, tmp_path / "file" / "e.tif", raster=raster)
    assert code == 1 and "the output folder cannot be made" in said and said.count("\n") == 1, said
    (tmp_path / "e").mkdir()
    (tmp_path / "e" / "mine.txt").write_text("mine")
    code, said = call(place, tmp_path / "e.tif", "--overwrite", raster="crops")
    assert code == 1 and "a folder of this name holds other files" in said, said
    assert (tmp_path / "e" / "mine.txt").read_text() == "mine" and len(list(tmp_path.iterdir())) == 2


def test_a_raster_that_breaks_off_in_the_middle(place: Path, tmp_path: Path) -> None:
    crops = tmp_path / "crops"
    shutil.copytree(place / "crops", crops)
    for raster, name in ((tmp_path / "r.tif", "r.tif"), (crops / "west_a.tif", "crops")):
        shutil.copyfile(place / ("r.tif" if name == "r.tif" else "crops/west_a.tif"), raster)
        content = raster.read_bytes()
        raster.write_bytes(content[: len(content) // 2])
        code, said = call(place, tmp_path / "out" / "e.tif", raster=str(tmp_path / name))
        assert code == 1 and last_line(said).startswith(f"Error: {raster}: the file is cut short") and "again" in said
        assert not (tmp_path / "out").exists() or list((tmp_path / "out").iterdir()) == []


def test_a_folder_of_many_tiles_is_the_mosaic(place: Path, tmp_path: Path) -> None:
    """Sixty tiles of odd sizes, their names in no order, make the very values of the one raster they were cut from."""
    with rasterio.open(place / "r.tif") as dataset:
        pixels, profile, names = dataset.read(), dataset.profile, dataset.descriptions
    random = np.random.default_rng(6)
    rows = [0, *sorted(random.choice(np.arange(37, 963), 5, replace=False)), 1000]
    cols = [0, *sorted(random.choice(np.arange(23, 977), 9, replace=False)), 1000]
    numbers = iter(random.permutation(60))
    (tmp_path / "tiles").mkdir()
    for top, bottom in zip(rows[:-1], rows[1:], strict=True):
        for left, right in zip(cols[:-1], cols[1:], strict=True):
            options = profile | {
                "height": bottom - top, "width": right - left, "tiled": False,
                "transform": profile["transform"] @ rasterio.Affine.translation(left, top),
            }  # fmt: skip
            options.pop("blockxsize"), options.pop("blockysize")
            with rasterio.open(tmp_path / "tiles" / f"t{next(numbers):02d}.tif", "w", **options) as tile:
                tile.write(pixels[:, top:bottom, left:right])
                tile.descriptions = names
    asked = {"model": str(place / "m.botaclip"), "device": "cpu", "stride": 10.0, "overwrite": False, "extent": None,
             "mask": None, "dimensions": "all", "quantise": "none"}  # fmt: skip
    for name, raster in (("one", place / "r.tif"), ("many", tmp_path / "tiles")):
        outputs = embed(asked | {"raster": str(raster), "output": str(tmp_path / f"{name}.tif")}, SILENT)
        assert outputs["scenes"] == 1
    with rasterio.open(tmp_path / "one.tif") as one, rasterio.open(tmp_path / "many.tif") as many:
        assert one.transform == many.transform
        np.testing.assert_array_equal(one.read(), many.read())
        assert np.isfinite(one.read(1)).mean() > 0.5
