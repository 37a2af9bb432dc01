"""The map click beyond one list: two places, the layer of clicks, places like this, the picture, marks, keys."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from tests.qgis_support import Qgis, make_qgis

from botaclip.core.places import Points


@pytest.fixture(scope="module")
def qgis() -> Iterator[Qgis]:
    yield from make_qgis()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("places")


@pytest.fixture(scope="module")
def places(qgis: Qgis, folder: Path) -> dict:
    return qgis.script("click_places", str(folder))


def test_a_click_asks_for_the_picture_and_waits_in_words(places: dict, folder: Path) -> None:
    assert places["waiting"] == ["Looking at the patch around this place…", False]
    asked = places["asked"]
    assert (asked["x"], asked["y"], asked["crs"]) == (700_000.0, 6_600_000.0, "EPSG:2154")
    assert asked["image_px"] == 160 and asked["model"] == str(folder / "m.botaclip")
    assert places["answered"] == ["1 of 2 species expected here.", True, True], "no picture where none came"


def test_the_patch_is_outlined_in_the_crs_of_the_canvas(places: dict) -> None:
    assert places["outline"] == [699_950.0, 6_599_950.0, 700_050.0, 6_600_050.0]
    x, y, width, height = places["outline_degrees"]
    here = Points(np.array([700_000.0]), np.array([6_600_000.0]), "EPSG:2154").to("EPSG:4326")
    assert places["marker_degrees"] == pytest.approx([here.x[0], here.y[0]], abs=1e-9)
    assert (x, y) == pytest.approx((here.x[0], here.y[0]), abs=1e-5)
    # 100 m at 46.5 degrees north.
    assert width == pytest.approx(100 / 111_320 / np.cos(np.radians(here.y[0])), rel=0.02)
    assert height == pytest.approx(100 / 111_132, rel=0.02)


def test_what_was_observed_nearby_is_marked(places: dict) -> None:
    one = places["one"]
    assert one["rows"] == [
        ["1", "Abies alba", "80 %", "● 7", "50 %"], ["2", "Betula", "40 %", "", "50 %"],
        ["3", "Carex", "30 %", "● 1", "10 %"],
    ]  # fmt: skip
    assert one["spoken"][0].endswith("; training plots nearby that hold it: 7 (p0, p1, p2, p3, p4, …)")
    assert one["spoken"][1].endswith("not expected (threshold 50 %)")
    assert one["legend"].endswith(
        "<b>●</b>&nbsp;observed on training plots within 15 km (the model rounds their places to 10 km)"
    )
    assert one["details"][-1] == "Training plots within 15 km: 7."
    assert one["tsv"].splitlines() == [
        "species\tprobability\tthreshold\texpected\tcalibrated\tplots_nearby",
        "Abies alba\t0.8000\t0.5000\tyes\tyes\t7", "Betula\t0.4000\t0.5000\tno\tyes\t0",
        "Carex\t0.3000\t0.1000\tyes\tyes\t1",
    ]  # fmt: skip
    assert places["nearby"] == [
        ["&nbsp;&nbsp; <b>●</b>&nbsp;observed on training plots within 1 km", "Training plots within 1 km: 7."],
        ["", "No training plot lies within 1 km of the place."],
    ]


def test_the_patch_is_shown_with_its_size(places: dict) -> None:
    picture = places["picture"]
    assert not picture["hidden"] and picture["caption"] == "100 m × 100 m"
    assert "100 m wide; nir, red, green shown as red, green and blue" in picture["spoken"]
    assert places["nodata"] == ["No data.", False, 0], "what was to be seen may tell why"
    assert places["tip_image"] == [4, 4]
    assert picture["spoken"] in picture["tip"] and picture["pixel"] == "#ff0000" and picture["clear"]


def test_two_places_stand_side_by_side(places: dict) -> None:
    here, kept = places["colours"]
    assert places["kept"]["status"] == "This place is kept as A. Click another one to compare it with."
    assert places["kept"]["rows"] == places["one"]["rows"] and places["kept"]["colours"] == [None, kept]
    two = places["two"]
    assert two["status"] == "Expected at A: 2, at B: 1, at both: 0."
    assert two["headings"] == ["Species", "A", "B: probability", "B − A", "●"]
    assert two["rows"] == [
        ["Betula", "40 %", "65 %", "+25", "● 2"], ["Abies alba", "80 %", "20 %", "−60", ""],
        ["Dactylis", "", "10 %", "", ""], ["Carex", "30 %", "", "", ""],
    ]  # fmt: skip
    assert two["hidden"] == [True, False, False, False, False, False, True]
    assert places["columns_by_width"] == [[True, False, False, True], [False, False, False, True], [False] * 4]
    assert places["passing"] == ["Added", True]
    assert two["spoken"].startswith(
        "Betula: probability 65 %, expected (threshold 50 %); at place A 40 %, difference +25"
    )
    assert two["colours"] == [here, kept] and two["markers"] == [700_500.0, 700_000.0]
    assert two["copied"].splitlines() == [
        "species\tprobability_a\tprobability_b\tdifference\tthreshold\texpected_a\texpected_b\tcalibrated\t"
        "plots_nearby_a\tplots_nearby_b",
        "Betula\t0.4000\t0.6500\t0.2500\t0.5000\tno\tyes\tyes\t0\t2",
        "Abies alba\t0.8000\t0.2000\t-0.6000\t0.5000\tyes\tno\tyes\t7\t0",
        "Dactylis\t\t0.1000\t\t0.5000\t\tno\tyes\t\t0", "Carex\t0.3000\t\t\t0.1000\tyes\t\tyes\t1\t",
    ]  # fmt: skip
    assert two["saved"].splitlines() == [line.replace("\t", ",") for line in two["copied"].splitlines()]


def test_a_kept_place_can_be_given_up(places: dict) -> None:
    here, kept = places["colours"]
    assert places["outside"] == [True, True, False], "also where there is no list"
    assert places["released"]["colours"] == [here, None] and places["released"]["rows"][0][1:3] == ["Betula", "65 %"]
    assert places["released"]["status"] == "1 of 3 species expected here."
    assert places["kept_and_released"] == [[here, None], True]


def test_what_does_not_compare_is_not_compared(places: dict) -> None:
    assert places["other_kind"] == [True, "Relative suitability"]
    assert places["other_image"], "two dates of one place do compare"
    assert places["other_model"] == [True, False, [None, None]]


def test_places_are_added_to_one_layer(places: dict, folder: Path) -> None:
    assert places["layer"] == {
        "name": "BotaCLIP clicks", "crs": "EPSG:2154", "provider": "memory",
        "status": "Added to the layer BotaCLIP clicks, which now holds 1.",
    }  # fmt: skip
    assert places["features"][0] == [
        1, 700_000.0, 6_600_000.0, "EPSG:2154", "2026-05-04 03:02:01", "n.botaclip", "other tiles", 2,
        "Abies alba, Carex", None, "Abies alba 0.800; Betula 0.400; Carex 0.300",
    ]  # fmt: skip
    second, third = places["features"][1:]
    # Of a list longer than the 255 letters that text fields have by default nothing is lost.
    assert second[7] == 100 and second[9] is False and second[8].endswith("Species number 099") and len(second[8]) > 255
    assert third[5] == "other.botaclip" and third[7] is None and third[8] == ""
    assert places["points"] == [[x, 6_600_000.0] for x in (700_000.0, 700_500.0, 700_600.0)]
    assert places["editing"] == [True, 3] and places["layers"] == 1
    assert places["anew"] == [1, "EPSG:4326", True]


def test_places_like_this(places: dict, folder: Path) -> None:
    assert places["menu"]["plots"] == ["P&&7"] and places["menu"]["button"] and not places["menu"]["species"]
    assert places["menu"]["named"] == "Like the selected &species: Abies alba, Carex"
    common = {"RASTER": str(folder / "other tiles"), "MODEL": str(folder / "n.botaclip")}
    assert places["wanted"] == [
        common | {"PLACE": "700000.0,6600000.0 [EPSG:2154]"}, common | {"PLOT": "P&7"},
        common | {"SPECIES_LIST": "Abies alba, Carex"},
    ]  # fmt: skip
    assert places["like_of_a_map"] is False
    begun = places["begun"]
    assert begun[0] == ["botaclip:similarity", common | {"PLOT": "P7", "OUTPUT": "TEMPORARY_OUTPUT"},
                        "Places like this"]  # fmt: skip
    assert begun[1].startswith("Places like this are being mapped")
    assert begun[2].startswith("Places like this were not mapped") and begun[3].startswith("Places like this are on")


def test_a_map_says_where_it_comes_from(places: dict) -> None:
    assert places["map"] == [
        "Read from the map s.tif: pixel of 100 m centred at 700000, 6600000 (EPSG:2154), 1 m from the click.",
        "The map was made with the model m.botaclip.",
        "Probability of the species occurring on a plot of 400 m² here, as far as the image tells.", True,
    ]  # fmt: skip
    assert places["no_model"].startswith("Choose a model, then click the map.")


def test_everything_is_reached_by_keyboard(places: dict) -> None:
    assert places["key_copied"] and places["focus"] == [True] * 9


def test_the_dock_fits_a_small_screen(places: dict) -> None:
    width, height = places["least"]
    assert 360 <= width <= 400 and height <= 700
    # Collapsed, the lines about the place take no room, whatever is shown in them later.
    assert places["collapsed"] == [True, False, False]


def test_nothing_is_left_behind(places: dict) -> None:
    added, items = places["left"]
    assert added == 0 and items <= 1, "the map itself"
