"""The real plugin in the real QGIS, with the mouse: from an empty profile to a map, a click, a table and a model."""

from __future__ import annotations

import csv
import io
import shutil
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from tests.fake_packages import FakePlugin
from tests.gui_support import SCREENS, Desktop
from tests.package_index import package_index

from botaclip.core.model import Model
from botaclip.core.model_summary import summary_of
from botaclip.core.progress import SILENT
from botaclip.core.sample import IMAGE, MODEL, SAMPLE
from botaclip.core.suitability import suitability


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("gui")
    desktop = Desktop(folder / "qgis")
    fake = FakePlugin(folder / "fake")
    shutil.rmtree(desktop.plugin / "requirements")
    shutil.copytree(fake.requirements, desktop.plugin / "requirements")
    with package_index(fake.wheels) as (url, asked):
        found = desktop.play("first_steps", variables={"BOTACLIP_INDEX": url, "BOTACLIP_REAL_PYTHON": sys.executable})
    return {**found, "asked": asked, "home": desktop.home, "folder": desktop.folder}


def test_the_first_run_says_what_comes_and_sets_up_from_the_index(played: dict[str, Any]) -> None:
    assert played["first"]["visible"] and played["first"]["page"] == 4 and not played["first"]["steps"]
    assert played["first"]["size"] == (
        f"About 120 MB to fetch and 400 MB on disk, in {played['folder'] / 'environments'}"
    )
    assert any(path.startswith("/simple/numpy") for path in played["asked"])
    assert any(path.endswith(".whl") for path in played["asked"])
    assert played["set_up"]["page"] == 0 and any(name.startswith("cp3") for name in played["set_up"]["folders"])


def test_the_sample_is_there_with_one_click(played: dict[str, Any]) -> None:
    sample = played["sample"]
    assert len(sample["layers"]) == 3 and "Aerial photograph (invented)" in sample["layers"]
    assert sample["bands"] == {"red": 1, "green": 2, "blue": 3, "nir": 4}
    found = sample["found"]
    assert (found["PLOT_FIELD"], found["SPECIES_FIELD"], found["COVER_FIELD"]) == ("plot_id", "species", "cover")
    summary = summary_of(SAMPLE / MODEL)
    assert summary is not None and sample["model"].startswith(
        f"{len(summary.species)} species from {summary.plots} plots; looks at 100 m around a place."
    )


def test_a_map_in_at_most_six_clicks_and_it_is_the_command_lines(played: dict[str, Any], tmp_path: Path) -> None:
    made = played["map"]
    assert made["clicks"] == ["botaclip_sample", "botaclip_step_3", "botaclip_run"]
    assert made["page"] == 3 and made["status"] == "Done: Suitability of species." and played["running"]
    model = Model.open(SAMPLE / MODEL)
    assert made["bands"] == made["species"] == len(model.species) and made["styled"] == "singlebandpseudocolor"
    parameters = {
        "raster": str(SAMPLE / IMAGE), "model": str(SAMPLE / MODEL), "species": None, "device": "cpu",
        "output": str(tmp_path / "map.tif"), "random_state": 1,
    }  # fmt: skip
    suitability(parameters, SILENT)
    with rasterio.open(tmp_path / "map.tif") as here, rasterio.open(made["source"]) as there:
        np.testing.assert_allclose(there.read(), here.read(), atol=1e-6)


def test_a_click_lists_the_species_and_the_list_is_saved(played: dict[str, Any]) -> None:
    click = played["click"]
    rows = list(csv.reader(io.StringIO(click["csv"])))
    names = [row[0] for row in rows[1:]]
    assert len(names) == click["rows"] and set(names) == set(Model.open(SAMPLE / MODEL).species)
    values = [float(row[1]) for row in rows[1:]]
    assert values == sorted(values, reverse=True) and 0 <= values[-1] < values[0] <= 1
    assert click["copied"].splitlines()[1].split("\t")[0] == names[0]


def test_presence_by_threshold_beside_the_map(played: dict[str, Any]) -> None:
    with rasterio.open(played["threshold"]["source"]) as cut, rasterio.open(played["map"]["source"]) as whole:
        presence, value = cut.read(1), whole.read(1)
        limit = float(whole.tags(1)["BOTACLIP_THRESHOLD"])
    known = np.isfinite(value)
    np.testing.assert_array_equal(presence[known] == 1, value[known] >= np.float32(limit))


def test_what_is_held_out_is_shown_before_training_and_the_model_is_used_after(played: dict[str, Any]) -> None:
    assert "244 of 244 plots can be used." in played["preview"]["words"]
    assert "3 folds: spatial blocks" in played["preview"]["words"]
    assert {"Plots: usable or not, and their fold", "Blocks: held out together"} <= set(played["preview"]["layers"])
    trained = played["trained"]
    assert trained["model"] == played["proposed"]["OUTPUT"] and trained["page"] == 2
    summary = summary_of(trained["model"])
    assert summary is not None and summary.alignment == "none" and summary.plots == 244
    assert all(one.presences >= 120 and one.auc is not None for one in summary.species)
    assert trained["species"] == f"{len(summary.species)} of {len(summary.species)} species"
    assert Path(trained["report"]).read_text(encoding="utf-8").startswith("<!DOCTYPE html>")


def test_removal_takes_all_of_it(played: dict[str, Any]) -> None:
    assert not played["removed"]["there"] and played["removed"]["words"] == "All of it was removed."


def test_every_step_left_a_picture(played: dict[str, Any]) -> None:
    names = {path.name for path in SCREENS.glob("*.png") if path.stat().st_size > 10_000}
    wanted = (
        "1_first_run", "3_set_up", "5_sample", "6_map", "7_click", "8_threshold", "9_preview", "10_trained",
        "11_removed",
    )  # fmt: skip
    assert {f"{name}.png" for name in wanted} <= names
