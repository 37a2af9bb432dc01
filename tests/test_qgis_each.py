"""Many rasters by one Processing run: a list of layers, a folder, ``qgis_process`` with JSON; loaded in a group."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from tests.model_fixture import write_model
from tests.qgis_support import Qgis, make_qgis
from tests.small_scenes import write_scene
from tests.test_each_raster import TILES, stamps
from tests.test_qgis_maps import command_line


@pytest.fixture(scope="module")
def qgis() -> Iterator[Qgis]:
    yield from make_qgis()


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("each é")
    for seed, (name, tile) in enumerate(TILES.items()):
        write_scene(place / "tiles" / f"{name}.tif", *tile, seed=seed)
    write_model(place / "m.botaclip", place / "tiles" / "a.tif")
    inputs = {"RASTER": place / "tiles", "MODEL": place / "m.botaclip", "EACH": True, "STRIDE": 20}
    ran = command_line("suitability", inputs | {"DEVICE": "cpu", "OUTPUT": place / "cli"})
    assert ran.returncode == 0, ran.stderr
    return place


def asked(place: Path, output: str, **more: Any) -> dict[str, Any]:
    tiles = place / "tiles"
    inputs = {"RASTER": str(tiles), "MODEL": str(place / "m.botaclip"), "EACH": True, "STRIDE": 20, "DEVICE": "cpu"}
    return inputs | {"OUTPUT": str(place / output)} | more


@pytest.fixture(scope="module")
def loaded(qgis: Qgis, place: Path) -> dict[str, dict[str, Any]]:
    several = [str(place / "tiles" / f"{name}.tif") for name in "ab"]
    jobs = {
        "folder": asked(place, "gui"), "again": asked(place, "gui"), "layers": asked(place, "two.tif", LAYERS=several),
        "text": asked(place, "text", RASTER=";".join(several)),
        "one map of a list": asked(place, "none.tif", EACH=False, LAYERS=several),
    }  # fmt: skip
    (place / "jobs.json").write_text(json.dumps(list(jobs.values())), encoding="utf-8")
    answers = qgis.script("each", str(place / "jobs.json"), environment={"BOTACLIP_PYTHON": sys.executable})
    return dict(zip(jobs, answers, strict=True))


def test_maps_are_those_of_the_command_line_and_lie_in_a_group(place: Path, loaded: dict[str, Any]) -> None:
    for job, folder, names in (("folder", "gui", "abcd"), ("layers", "two", "ab"), ("text", "text", "ab")):
        made = loaded[job]
        assert made["ok"], made
        assert made["results"]["OUTPUT"] == str(place / folder)
        assert made["results"]["RASTERS"] == [str(place / folder / f"{name}.tif") for name in names]
        assert list(made["groups"]) == ["Species suitability (m)"]
        (layers,) = made["groups"].values()
        assert sorted(layers) == list(names)
        for name in names:
            assert (place / folder / f"{name}.tif").read_bytes() == (place / "cli" / f"{name}.tif").read_bytes()
            title, abstract = layers[name]
            assert title == f"Suitability ({name})" and "refers to a plot of 100 m2" in abstract
    assert "a.tif: its map is finished already." in loaded["again"]["log"]
    assert "4 maps made" in loaded["folder"]["log"] and "0 maps made, 4 finished already" in loaded["again"]["log"]


def test_several_rasters_without_each_are_refused_in_words(place: Path, loaded: dict[str, Any]) -> None:
    made = loaded["one map of a list"]
    assert not made["ok"] and "RASTER: 2 rasters are named, and one is asked for" in made["log"]
    assert "with EACH each gets a map of its own" in made["log"] and not (place / "none.tif").exists()


@pytest.mark.parametrize("as_list", [False, True])
def test_qgis_process_takes_lists_skips_what_is_finished_and_names_what_failed(
    qgis: Qgis, place: Path, tmp_path: Path, as_list: bool
) -> None:
    tiles = [str(shutil.copy(place / "tiles" / f"{name}.tif", tmp_path)) for name in "ab"]
    (tmp_path / "z.tif").write_bytes(b"no raster")
    rasters = [tiles[0], str(tmp_path / "z.tif"), tiles[1]]
    inputs = asked(place, "json", RASTER=rasters if as_list else ";".join(rasters), OUTPUT=str(tmp_path / "maps"))

    def run() -> Any:
        return qgis.process(
            "run", "botaclip:suitability", "-", input=json.dumps({"inputs": inputs}),
            environment={"BOTACLIP_PYTHON": sys.executable},
        )  # fmt: skip

    failed = run()
    assert failed.returncode == 1
    said = failed.stdout + failed.stderr
    assert "1 of 3 rasters could not be mapped" in said and str(tmp_path / "z.tif") in said
    before = stamps(tmp_path / "maps")
    assert {name[0] for name in before} == {"a", "b"}
    inputs["RASTER"] = tiles if as_list else ";".join(tiles)
    done = run()
    assert done.returncode == 0, done.stdout + done.stderr
    results = json.loads(done.stdout[done.stdout.index("{") :])["results"]
    assert results["RASTERS"] == [str(tmp_path / "maps" / f"{name}.tif") for name in "ab"]
    assert stamps(tmp_path / "maps") == before
    with rasterio.open(tmp_path / "maps" / "a.tif") as here, rasterio.open(place / "cli" / "a.tif") as there:
        np.testing.assert_array_equal(here.read(), there.read())
