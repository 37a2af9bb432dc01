"""Many rasters in one call: each map as if made alone, what is finished skipped, a bad one no hindrance."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
import rasterio
from tests.conftest import ROOT
from tests.model_fixture import SPECIES, write_model
from tests.small_scenes import write_scene
from tests.test_aoa import AREA
from tests.test_richness import ABOUT
from tests.test_worker_client import wait_for
from tests.warm_cli import WarmCli, listing, warm_cli

from botaclip.core import each_raster
from botaclip.core.each_raster import EachRaster
from botaclip.core.errors import Cancelled, OutputError
from botaclip.core.model import Model
from botaclip.core.places import Points
from botaclip.core.progress import Progress
from botaclip.core.suitability import suitability

# Neighbours that overlap by a quarter, on one grid of pixels; the last lies in another zone.
TILES = {
    "a": ("EPSG:32632", 500_000.0, 5_200_000.0, 150), "b": ("EPSG:32632", 500_224.0, 5_200_000.0, 150),
    "c": ("EPSG:32632", 500_448.0, 5_200_000.0, 150), "d": ("EPSG:32631", 400_000.0, 5_100_000.0, 120),
}  # fmt: skip


@pytest.fixture(scope="module")
def cli() -> Iterator[WarmCli]:
    with warm_cli() as made:
        yield made


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("each é")
    for seed, (name, tile) in enumerate(TILES.items()):
        write_scene(place / "tiles" / f"{name}.tif", *tile, seed=seed)
    arrays = {"community.mean": np.full(3, 0.4, np.float32), "community.variance": np.array([0.3], np.float32)}
    write_model(place / "m.botaclip", place / "tiles" / "a.tif", applicability=AREA, richness=ABOUT, arrays=arrays)
    write_model(place / "n.botaclip", place / "tiles" / "a.tif", cite="another model")
    return place


@pytest.fixture
def tiles(place: Path, tmp_path: Path) -> Path:
    """The tiles, to be changed."""
    return Path(shutil.copytree(place / "tiles", tmp_path / "tiles"))


def words(command: str, raster: object, place: Path, output: Path, *more: object) -> list[object]:
    model = () if "--model" in more else ("--model", place / "m.botaclip")
    return [command, "--raster", raster, *model, "--output", output, "--stride", "20", "--device", "cpu", *more]


def stamps(folder: Path) -> dict[str, tuple[int, int]]:
    return {path.name: (path.stat().st_ino, path.stat().st_mtime_ns) for path in sorted(folder.iterdir())}


def read(path: Path) -> tuple[np.ndarray, dict[str, Any], dict[str, str]]:
    with rasterio.open(path) as dataset:
        tags = {name: text for name, text in dataset.tags().items() if name != "BOTACLIP_DIGEST"}
        return dataset.read(), dict(dataset.profile), tags


@pytest.mark.parametrize("command, more", [
    ("embed", ("--dimensions", "3")), ("suitability", ("--applicability",)), ("aoa", ()), ("richness", ()),
    ("similarity", ("--plot", "7")), ("clusters", ("--clusters", "4")),
])  # fmt: skip
def test_each_map_is_as_if_made_alone(
    cli: WarmCli, place: Path, tmp_path: Path, command: str, more: tuple[object, ...]
) -> None:
    answer = cli(*words(command, place / "tiles", place, tmp_path / "maps", "--each", *more))
    assert answer.code == 0, answer.err
    assert answer.out == f"output: {tmp_path / 'maps'}\n"
    assert list(stamps(tmp_path / "maps")) == [f"{name}.{kind}" for name in TILES for kind in ("qmd", "qml", "tif")]
    for name in ("b", "d"):
        alone = tmp_path / f"{name}.tif"
        assert cli(*words(command, place / "tiles" / f"{name}.tif", place, alone, *more)).code == 0
        values, profile, tags = read(alone)
        found = read(tmp_path / "maps" / f"{name}.tif")
        np.testing.assert_array_equal(found[0], values)
        assert (str(found[1]), found[2]) == (str(profile), tags) and (values > 0).any()
        assert (tmp_path / "maps" / f"{name}.qml").read_text() == alone.with_suffix(".qml").read_text()


def test_a_list_of_rasters_is_taken_in_its_order_and_names_are_made_unlike(
    cli: WarmCli, place: Path, tiles: Path, tmp_path: Path
) -> None:
    raster = f"{tiles / 'b.tif'}; {place / 'tiles' / 'b.tif'};{tiles / 'a.tif'}"
    # A name of a GeoTIFF stands for the folder, as where imagery lies in several places.
    assert cli(*words("embed", raster, place, tmp_path / "maps.tif", "--each", "--dimensions", "2")).code == 0
    assert sorted(path.name for path in (tmp_path / "maps").glob("*.tif")) == ["a.tif", "b.tif", "b_2.tif"]
    np.testing.assert_array_equal(read(tmp_path / "maps" / "b.tif")[0], read(tmp_path / "maps" / "b_2.tif")[0])
    said = cli.refuses(*words("embed", raster, place, tmp_path / "one.tif"), folder=tmp_path, says=("--each",))
    assert "several rasters are named, and one map is asked for" in said


def test_what_is_finished_is_skipped_and_what_is_new_is_made(
    cli: WarmCli, place: Path, tiles: Path, tmp_path: Path
) -> None:
    maps = tmp_path / "maps"
    (tiles / "c.tif").rename(tmp_path / "c.tif")
    asked = words("suitability", tiles, place, maps, "--each")
    assert cli(*asked).code == 0
    before = stamps(maps)
    (tmp_path / "c.tif").rename(tiles / "c.tif")
    contents = listing(maps)
    for name in ("a.qml", "b.qmd"):  # as a run leaves it that is killed between two renames
        (maps / name).unlink()
        before.pop(name)
    for overwrite in ((), ("--overwrite",)):
        assert cli(*asked, *overwrite).code == 0
        now = stamps(maps)
        assert {name: now[name] for name in before} == before, "a finished map was touched"
        assert set(now) - set(before) == {"c.qmd", "c.qml", "c.tif", "a.qml", "b.qmd"}
        assert contents.items() <= listing(maps).items()


def test_a_folder_in_a_list_is_each_of_its_rasters_once(place: Path, tiles: Path, tmp_path: Path) -> None:
    def names(raster: str) -> list[str]:
        made = EachRaster({"raster": raster, "device": "cpu"}, Model.open(place / "m.botaclip"))
        return [str(Path(path).relative_to(tmp_path)) for path in made.paths]

    for name in ("c", "d"):
        (tiles / f"{name}.tif").unlink()
    more = tmp_path / "more"
    more.mkdir()
    shutil.copy(tiles / "a.tif", more / "e.tif")
    assert names(f"{tiles};{more}") == ["tiles/a.tif", "tiles/b.tif", "more/e.tif"]
    assert names(f"{tiles / 'b.tif'};{tiles};{more / '..' / 'tiles' / 'b.tif'}") == ["tiles/b.tif", "tiles/a.tif"]


def test_a_map_that_was_cut_short_is_made_anew(cli: WarmCli, place: Path, tiles: Path, tmp_path: Path) -> None:
    maps = tmp_path / "maps"
    for name in ("c", "d"):
        (tiles / f"{name}.tif").unlink()
    asked = words("suitability", tiles, place, maps, "--each")
    assert cli(*asked).code == 0
    before, contents = stamps(maps), listing(maps)
    with rasterio.open(maps / "a.tif") as dataset:
        values, profile, tags = dataset.read(), dataset.profile, dataset.tags()
    # Tags written before the values lie before them in the file, and survive.
    with rasterio.open(maps / "a.tif", "w", **profile) as made:
        made.update_tags(**tags)
        made.write(values)
    (maps / "a.tif").write_bytes((maps / "a.tif").read_bytes()[:-1000])
    with rasterio.open(maps / "a.tif") as dataset:
        assert dataset.tags()["BOTACLIP_DIGEST"] == tags["BOTACLIP_DIGEST"], "it looks finished"
    heard = run_here(asked)
    assert "a.tif: map made anew: the one that was there was cut short or damaged." in heard
    assert "b.tif: its map is finished already." in heard and listing(maps) == contents
    (maps / "a.tif").write_bytes((maps / "a.tif").read_bytes()[:100])
    cli.refuses(*asked, folder=tmp_path, says=("a.tif (damaged, it cannot be opened)", "--overwrite"))
    heard = run_here([*asked, "--overwrite"])
    assert "a.tif: map made anew: the one that was there was cut short or damaged." in heard
    assert listing(maps) == contents and stamps(maps)["b.tif"] == before["b.tif"]


def test_another_map_is_an_error_or_with_overwrite_made_anew(
    cli: WarmCli, place: Path, tiles: Path, tmp_path: Path
) -> None:
    maps = tmp_path / "maps"
    assert cli(*words("suitability", tiles, place, maps, "--each")).code == 0
    before = stamps(maps)
    os.utime(tiles / "b.tif", ns=(1, 1))  # the file is another one now, so its map is of an older state
    said = cli.refuses(*words("suitability", tiles, place, maps, "--each"), folder=tmp_path, says=("--overwrite",))
    assert "1 of the maps in it exist already and are others: b.tif (other options, or another state of" in said
    heard = run_here(words("suitability", tiles, place, maps, "--each", "--overwrite"))
    assert "b.tif: map made anew: the one that was there has other options, or another state of the image." in heard
    now = stamps(maps)
    assert {name[0] for name in now if now[name] != before[name]} == {"b"}
    for more, reason in (
        (("--model", place / "n.botaclip"), "another model, m.botaclip"), (("--species", SPECIES[1]), "other options"),
        (("--cog",), "other options"), (("--image-date", "2018"), "other options"),
        (("--extent", "500000,500200,5199800,5200000 [EPSG:32632]"), "other options"),
    ):  # fmt: skip
        said = cli.refuses(*words("suitability", tiles, place, maps, "--each", *more), folder=tmp_path, says=(reason,))
    said = cli.refuses(*words("richness", tiles, place, maps, "--each"), folder=tmp_path, says=("other content",))
    assert "4 of the maps" in said and "and 1 more" in said


def run_here(asked: list[object]) -> list[str]:
    """Run ``suitability`` in this process; return what it says."""
    from botaclip.core import cli, options

    command, parameters = cli.parse([str(word) for word in asked])
    assert command is not None and options.command_line(command, parameters)
    said: list[str] = []
    suitability(parameters, Progress(log=lambda _, text: said.append(text)))
    return said


def test_a_bad_raster_in_the_middle_costs_only_its_own_map(
    cli: WarmCli, place: Path, tiles: Path, tmp_path: Path
) -> None:
    content = (tiles / "b.tif").read_bytes()
    (tiles / "b.tif").write_bytes(content[:1000] + bytes(len(content) - 1000))  # headers good, pixels not
    (tiles / "c.tif").write_bytes(b"no raster at all")
    maps = tmp_path / "maps"
    answer = cli(*words("suitability", tiles, place, maps, "--each"))
    assert answer.code == 1 and answer.out == "" and "Traceback" not in answer.err
    assert f"2 of 4 rasters could not be mapped, the other maps are in {maps}: " in answer.sentence
    for name in ("b.tif", "c.tif"):
        assert str(tiles / name) in answer.sentence
    assert answer.sentence.endswith("run the same again: what is finished is skipped.")
    assert {path.name[0] for path in maps.iterdir()} == {"a", "d"} and len(list(maps.iterdir())) == 6
    before = stamps(maps)
    for name in ("b", "c"):
        shutil.copy(place / "tiles" / f"{name}.tif", tiles)
    assert cli(*words("suitability", tiles, place, maps, "--each")).code == 0
    now = stamps(maps)
    assert {name: now[name] for name in before} == before and {name[0] for name in now} == set(TILES)


def test_an_extent_leaves_rasters_out(cli: WarmCli, place: Path, tmp_path: Path) -> None:
    box = "500010,500200,5199800,5199990"
    asked = words("embed", place / "tiles", place, tmp_path / "maps", "--each", "--extent", f"{box} [EPSG:32632]")
    assert cli(*asked).code == 0
    assert {path.name[0] for path in (tmp_path / "maps").iterdir()} == {"a"}
    said = cli.refuses(
        *words("embed", place / "tiles", place, tmp_path / "n", "--each", "--extent", "1,2,3,4 [EPSG:32632]"),
        folder=tmp_path, says=("nothing of the raster is left",),
    )  # fmt: skip
    assert "extent" in said
    cli.refuses(
        *words("embed", place / "tiles", place, tmp_path / "n", "--each", "--extent", "1,2,3"), folder=tmp_path,
        says=("is not an extent",),
    )  # fmt: skip


def test_what_stands_in_the_way_is_said_and_kept(cli: WarmCli, place: Path, tiles: Path, tmp_path: Path) -> None:
    maps = tmp_path / "maps"
    maps.mkdir()
    shutil.copy(tiles / "a.tif", maps / "b.tif")
    for overwrite in ((), ("--overwrite",)):
        asked = words("embed", tiles, place, maps, "--each", *overwrite)
        cli.refuses(*asked, folder=tmp_path, says=("b.tif: a file of this name is no map of BotaCLIP",))
        asked = words("embed", f"{tiles / 'a.tif'};{tiles / 'b.tif'}", place, tiles, "--each", *overwrite)
        cli.refuses(*asked, folder=tmp_path, says=("rasters that are to be mapped lie in this folder",))
        asked = words("embed", tiles, place, tiles / "a.tif" / "maps", "--each", *overwrite)
        cli.refuses(*asked, folder=tmp_path, says=("a.tif",))


def test_a_place_and_releves_are_looked_for_in_all_rasters(cli: WarmCli, place: Path, tmp_path: Path) -> None:
    x, y = 400_120.0, 5_099_880.0  # on the last one
    asked = ("--place", f"{x},{y} [EPSG:32631]")
    answer = cli(*words("similarity", place / "tiles", place, tmp_path / "maps", "--each", *asked))
    assert answer.code == 0, answer.err
    with rasterio.open(tmp_path / "maps" / "d.tif") as dataset:
        cosine = dataset.read(1)
        row, col = dataset.index(x, y)
        near = cosine[row - 1 : row + 2, col - 1 : col + 2]
    assert near.max() == pytest.approx(1.0, abs=1e-4)
    assert np.nanmax(read(tmp_path / "maps" / "a.tif")[0][0]) < 0.9999
    with_all = EachRaster({"raster": str(place / "tiles"), "device": "cpu"}, Model.open(place / "m.botaclip"))
    points = Points(np.array([500_100.0, 500_600.0, 1.0]), np.array([5_199_900.0, 5_199_900.0, 1.0]), "EPSG:32632")
    seen = with_all.at(points, [0])
    assert seen.status.tolist() == ["ok", "ok", "outside the raster"] and np.isfinite(seen.suitability[:2]).all()
    moved = seen.nodes[:2].to("EPSG:32632")
    np.testing.assert_allclose(np.hypot(moved.x - points.x[:2], moved.y - points.y[:2]), seen.offset_m[:2], atol=1e-3)


def test_one_encoder_serves_all_and_a_full_disk_ends_the_run(
    place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []
    encoder = Model.encoder
    monkeypatch.setattr(Model, "encoder", lambda self, device="cpu": opened.append(device) or encoder(self, device))
    run_here(words("suitability", place / "tiles", place, tmp_path / "maps", "--each"))
    assert opened == ["cpu"]
    turns: list[Path] = []

    def full(*given: Any, **_: Any) -> dict[str, Any]:
        turns.append(given[3])
        raise OutputError("it cannot be written (No space left on device)", where=str(given[3]))

    monkeypatch.setattr(each_raster, "make_maps", full)
    with pytest.raises(OutputError, match="No space left"):
        run_here(words("suitability", place / "tiles", place, tmp_path / "full", "--each"))
    assert [path.name for path in turns] == ["a.tif"]


def test_cancelling_leaves_the_finished_maps(place: Path, tmp_path: Path) -> None:
    maps = tmp_path / "maps"
    from botaclip.core import cli

    _, parameters = cli.parse([str(word) for word in words("suitability", place / "tiles", place, maps, "--each")])
    with pytest.raises(Cancelled):
        suitability(parameters, Progress(cancelled=lambda: (maps / "b.tif").exists()))
    assert {path.name for path in maps.iterdir()} == {f"{n}.{k}" for n in "ab" for k in ("qmd", "qml", "tif")}


def test_a_killed_run_is_continued(cli: WarmCli, place: Path, tmp_path: Path) -> None:
    maps = tmp_path / "maps"
    asked = [str(word) for word in words("suitability", place / "tiles", place, maps, "--each")]
    ran = subprocess.Popen(
        [sys.executable, "-I", str(ROOT / "core" / "cli_boot.py"), *asked], stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, env={**os.environ, "BOTACLIP_PYTHON": sys.executable, "OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    wait_for((maps / "a.tif").exists)
    for child in psutil.Process(ran.pid).children(recursive=True):
        child.send_signal(signal.SIGKILL)
    ran.communicate(timeout=60)
    before = stamps(maps)
    assert ran.returncode == 1 and "a.tif" in before and not [name for name in before if name.endswith(".part")]
    assert cli(*asked).code == 0
    now = stamps(maps)
    assert {name: now[name] for name in before if name.startswith("a.")} == {
        name: stamp for name, stamp in before.items() if name.startswith("a.")
    }
    assert cli(*words("suitability", place / "tiles", place, tmp_path / "whole" / "maps", "--each")).code == 0
    assert listing(maps) == listing(tmp_path / "whole" / "maps")
