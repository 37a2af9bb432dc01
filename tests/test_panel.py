"""The panel's four steps hand to the algorithms what was chosen, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from tests.qgis_support import Qgis, make_qgis
from tests.small_rasters import write_raster

from botaclip.core.progress import SILENT
from botaclip.core.sample import sample

NAMES = ("Carex alba", "Carex brizoides", "Ex brevis")


@pytest.fixture(scope="module")
def qgis() -> Iterator[Qgis]:
    yield from make_qgis()


@pytest.fixture(scope="module")
def parts(qgis: Qgis, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("panel")
    sample({"output": str(folder / "sample"), "overwrite": False}, SILENT)
    write_raster(
        folder / "map.tif", np.random.default_rng(1).random((3, 8, 8)).astype("float32"), colours=None,
        descriptions=NAMES,
    )  # fmt: skip
    return {**qgis.script("panel_parts", str(folder)), "folder": folder}


def test_a_form_gives_what_was_given(parts: dict[str, Any]) -> None:
    assert parts["defaults"] == {
        "PATCH_SIZE": 100.0, "MIN_PRESENCES": 20, "ALIGNMENT": "auto", "PLOT_FIELD": "plot_id",
    } or parts["defaults"] == {"PATCH_SIZE": 100.0, "MIN_PRESENCES": 20, "ALIGNMENT": "auto"}  # fmt: skip
    assert {k: v for k, v in parts["given"].items() if k != "PLOT_FIELD"} == {
        "PATCH_SIZE": 50.0, "MIN_PRESENCES": 7, "ALIGNMENT": "none", "SPECIES": "a,b", "CRS": "EPSG:2154",
    }  # fmt: skip
    assert parts["taken_away"] is False


def test_relevés_and_plots_are_found_by_their_columns(parts: dict[str, Any]) -> None:
    guessed = parts["guessed"]
    assert (guessed["releves"], guessed["plots"], guessed["missing"]) == ("species lists", "plots", "")
    assert guessed["values"] == {
        "PLOT_FIELD": "plot_id", "SPECIES_FIELD": "species", "COVER_FIELD": "cover", "DATE_FIELD": "date",
        "CRS": "EPSG:32632",
    }  # fmt: skip


def test_bands_are_said_where_they_are_not_those_found(parts: dict[str, Any]) -> None:
    said = "Two bands have the role nir."
    assert parts["doubled"] == [["nir"], said, said]
    assert parts["bands"] == "nir=1,green=2,blue=3,red=4" and parts["bands_as_found"] == ""


def test_a_project_keeps_what_was_chosen(parts: dict[str, Any]) -> None:
    assert parts["kept"] == {"bands": "nir=1,green=2,blue=3,red=4", "habitat": "date"}


def test_species_are_chosen_among_those_found(parts: dict[str, Any]) -> None:
    assert parts["species"] == [43, ""]
    assert parts["unticked"] and all("nardosa" in name.lower() for name in parts["unticked"])


def test_the_runs_are_the_maps_in_order(parts: dict[str, Any]) -> None:
    folder = parts["folder"]
    extent = {"RASTER": "r", "MODEL": "m", "EXTENT": "1.0,3.0,2.0,4.0 [EPSG:32632]", "DEVICE": "auto"}
    runs = parts["runs"]
    assert [[name, after] for name, _, after in runs] == [
        ["botaclip:suitability", False], ["botaclip:threshold", True], ["botaclip:aoa", False],
    ]  # fmt: skip
    # A file that is there is not replaced unasked.
    assert runs[0][1] == {
        **extent, "SPECIES": "Karstia ficta,Nardosa alpicola", "OUTPUT": str(folder / "suitability_2.tif")
    } or set(runs[0][1].pop("SPECIES").split(",")) == {"Karstia ficta", "Nardosa alpicola"}  # fmt: skip
    assert runs[0][1]["OUTPUT"] == str(folder / "suitability_2.tif")
    assert runs[1][1] == {"OUTPUT": str(folder / "presence.tif")}
    assert runs[2][1] == {**extent, "OUTPUT": str(folder / "applicability.tif")}
    assert parts["without_suitability"] == ["botaclip:aoa"]
    assert parts["nothing"] == "Choose a map to make." and parts["no_species"] == "Choose a species to map."
    assert parts["no_model"] == ["This is no model file, or a damaged one.", True]


def test_results_show_a_species_and_the_locator_finds_it(parts: dict[str, Any]) -> None:
    assert parts["of_other_maps"] == {}
    assert parts["results"] == ["Species suitability (m)", 3, {name: n for n, name in enumerate(NAMES, start=1)}]
    assert parts["located"] == [
        ["Carex brizoides", "Species suitability (m)"], ["Ex brevis", "Species suitability (m)"],
    ]  # fmt: skip
    assert parts["shown"] == [[2], "Species suitability (m): Carex brizoides"]


def test_options_hold_for_all_projects(parts: dict[str, Any]) -> None:
    assert parts["settings"] == ["/some/python", "cpu"] and parts["device"] == "cpu"


def test_everything_has_a_name_and_is_reached_by_keyboard(parts: dict[str, Any]) -> None:
    assert parts["nameless"] == [] and parts["unreachable"] == []


