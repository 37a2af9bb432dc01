"""The map click: never waits, shows the newest answer only, says in words why there is none."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import rasterio
from rasterio.transform import from_origin
from tests.qgis_support import Qgis, make_qgis

NOT_SAID = (
    "What was observed nearby is not known: the model does not say where its plots lie, or what they hold."
)


@pytest.fixture(scope="module")
def qgis() -> Iterator[Qgis]:
    yield from make_qgis()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("clicks")
    (folder / "tiles").mkdir()
    with rasterio.open(
        folder / "image.tif", "w", driver="GTiff", width=4, height=4, count=1, dtype="uint8", crs="EPSG:2154",
        transform=from_origin(0, 0, 1, 1),
    ) as image:  # fmt: skip
        image.write(np.ones((1, 4, 4), np.uint8))
    return folder


@pytest.fixture(scope="module")
def clicks(qgis: Qgis, folder: Path) -> dict:
    return qgis.script("clicks", str(folder))


def test_asking_never_waits(clicks: dict) -> None:
    assert clicks["asking_took"] < 0.1


def test_of_a_burst_of_clicks_only_the_newest_is_answered(clicks: dict) -> None:
    burst = clicks["burst"]
    assert burst["numbers"] == [1, 2, 3, 4, 5]
    assert [one["request"] for one in burst["answers"]] == [5]
    assert burst["answers"][0]["patch"]["x"] == 4.0
    assert burst["dropped"] == 4
    assert burst["waiting"] == [True] * 5 + [False]


def test_an_overtaken_answer_is_dropped(clicks: dict) -> None:
    assert clicks["overtaken"] == [11.0]
    assert clicks["forgotten"] == 0


def test_a_dead_worker_is_started_again(clicks: dict) -> None:
    assert clicks["revived"] == {"x": 20.0, "new": True, "failed": []}


def test_a_click_that_kills_the_worker_is_told_and_the_next_one_works(clicks: dict) -> None:
    assert clicks["dies"]["answers"] == 0
    assert len(clicks["dies"]["failed"]) == 1
    assert "it ended with exit code 7" in clicks["dies"]["failed"][0]
    assert clicks["after"] == 21.0


def test_closing_ends_thread_and_worker(clicks: dict) -> None:
    assert clicks["closing"]["seconds"] < 3.0
    assert clicks["closing"]["thread"] is False and clicks["closing"]["process"] is False


def test_the_dock_says_what_is_missing(clicks: dict) -> None:
    assert clicks["no_model"].startswith("Choose a model")
    assert clicks["no_raster"].startswith("Choose the image")
    assert clicks["ready"].startswith("Click the map")


def test_the_dock_lists_species_by_suitability(clicks: dict) -> None:
    assert clicks["rows"] == [["1", "Abies alba", "75 %", "50 %"], ["2", "Fagus sylvatica", "25 %", "40 %"]]
    assert clicks["shown"] == "1 of 2 species expected here."
    assert clicks["spoken"] == "Abies alba: probability 75 %, expected (threshold 50 %)"
    assert clicks["found"] == 0
    assert clicks["details"] == [
        "100 m patch centred at 21, 1 (EPSG:2154), 1 m from the click; model: m.",
        "Probability of the species occurring on a plot of 1 ha here, as far as the image tells.",
        NOT_SAID,
    ]
    assert clicks["legend"][0] is False and "at or above its threshold" in clicks["legend"][1]


def test_the_dock_says_where_the_model_may_not_be_believed(clicks: dict) -> None:
    hidden, text = clicks["trust"]["domain"]
    assert not hidden and text.startswith("Outside the area of applicability") and "(3.0 times the limit)" in text
    assert clicks["trust"]["details"][-2:] == [
        "To hold 90% of the species present the list takes 2, b among those not expected.", NOT_SAID,
    ]  # fmt: skip
    assert clicks["inside"] == [True, ""]


def test_training_plots_alike_are_links_to_their_places(clicks: dict) -> None:
    similar = clicks["similar"]
    assert not similar["hidden"] and similar["text"] == (
        'Training plots most like it: <a href="0">P&lt;b&gt;7</a> (0.91), plot 2 (0.50), <a href="2">P3</a> (0.40).'
    )
    assert similar["wanted"] == [[3.5, 46.25, "EPSG:4326"]], "a place that is none leads nowhere"


def test_the_list_is_saved_as_csv_or_that_it_was_not_is_said(clicks: dict) -> None:
    saved = clicks["saved"]
    assert saved["text"].splitlines() == [
        "species,probability,threshold,expected,calibrated", "a,0.9000,0.5000,yes,yes", "b,0.3000,0.6000,no,yes",
        "c,0.1000,0.2000,no,yes",
    ]  # fmt: skip
    assert saved["status"].startswith("The list was not saved: ") and "no folder" in saved["status"]
    assert saved["left"] == []


def test_the_list_is_copied_as_a_table(clicks: dict) -> None:
    assert clicks["copied"] == (
        "species\tprobability\tthreshold\texpected\tcalibrated\n"
        "Abies alba\t0.7500\t0.5000\tyes\tyes\nFagus sylvatica\t0.2500\t0.4000\tno\tyes\n"
    )


def test_what_is_not_known_is_marked(clicks: dict) -> None:
    unknown = clicks["no_threshold"]
    assert unknown["cell"] == "unknown" and unknown["copied"].splitlines()[1] == "a\t0.5000\t\t\tyes"
    assert unknown["status"] == "1 species, none with a threshold: ranked by suitability."
    assert "threshold unknown" in unknown["legend"] and "at or above" not in unknown["legend"]
    assert unknown["spoken"] == "a: probability 50 %, threshold unknown: whether it is to be expected is not said"
    rough = clicks["rough"]
    assert rough["cells"] == ["90 %", "≈ 50 %", "40 %"]
    assert rough["status"] == "1 of 2 species expected here. 1 more without a threshold."
    assert "not calibrated by itself: a rough number" in rough["legend"] and "at or above" in rough["legend"]
    assert "too few presences to calibrate it by" in rough["spoken"]
    assert rough["copied"].splitlines()[2] == "b\t0.5000\t0.6000\tno\tno"


def test_relative_suitability_is_never_called_a_probability(clicks: dict) -> None:
    assert clicks["relative"]["head"] == "Relative suitability"
    assert clicks["relative"]["cell"] == "0.75"
    assert "no probability" in clicks["relative"]["text"]


def test_why_there_is_no_answer_is_said(clicks: dict) -> None:
    assert clicks["outside"] == ["This place lies outside the raster.", 0, False, True]


def test_the_project_keeps_model_and_image(clicks: dict, folder: Path) -> None:
    assert clicks["stored"] == ["./m.botaclip", "./tiles"]
    assert clicks["taken_up"] == [str(folder / "m.botaclip"), str(folder / "tiles")]
    assert clicks["layer"] == [True, True]


def test_everything_in_the_dock_has_an_accessible_name(clicks: dict) -> None:
    assert clicks["unnamed"] == []


def test_the_tool_tells_the_place_with_its_crs(clicks: dict) -> None:
    assert clicks["clicked"] == [[5.0, 6.0, "EPSG:3857"]]
