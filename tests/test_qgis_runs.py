"""A run in QGIS: cancelled within two seconds without a trace, told in words, logged as a command line."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.qgis_support import Qgis, make_qgis


@pytest.fixture(scope="module")
def qgis() -> Iterator[Qgis]:
    yield from make_qgis()


@pytest.fixture(scope="module")
def runs(qgis: Qgis, tmp_path_factory: pytest.TempPathFactory) -> dict:
    folder = tmp_path_factory.mktemp("runs")
    return {**qgis.script("runs", str(folder)), "folder": str(folder)}


@pytest.mark.parametrize("kind", ["heedful", "deaf"])
def test_a_cancelled_run_is_back_within_two_seconds_and_leaves_nothing(kind: str, runs: dict) -> None:
    run = runs[kind]
    assert run["ok"] is False
    assert 0 < run["seconds_to_cancel"] < 2.0
    assert run["worker_alive"] is False
    assert run["left"] == []
    assert "Cancelled" in run["log"]


def test_the_window_stays_alive_while_a_job_runs(runs: dict) -> None:
    assert runs["verify"]["slowest_gui"] < 0.25


def test_the_log_has_the_command_line_and_what_the_job_says(runs: dict) -> None:
    log, folder = runs["heedful"]["log"], runs["folder"]
    assert (
        f"botaclip embed --raster {folder}/image.tiff --model {folder}/heedful.botaclip "
        f"--output {folder}/heedful.tif --overwrite" in log
    )
    assert "begins" in log and "mind the gap" in log


def test_progress_texts_follow_the_stages(runs: dict) -> None:
    run = runs["verify"]
    assert run["ok"] is True
    assert [text.split(",")[0] for text in run["texts"]] == ["one", "two"]
    assert run["bars"] == sorted(run["bars"]) and run["bars"][-1] == 100


def test_an_algorithm_returns_what_the_command_line_prints(runs: dict) -> None:
    assert runs["verify"]["results"] == {"SUMMARY": "whole and unaltered"}


def test_unknown_parameters_are_warned_of(runs: dict) -> None:
    assert "botaclip:verify has no parameter MODLE; it is ignored." in runs["verify"]["log"]


def test_a_job_that_fails_says_so_in_words(runs: dict) -> None:
    assert runs["broken"]["ok"] is False
    assert "there is no command 'info'" in runs["broken"]["log"]


def test_maps_of_several_crss_are_loaded_as_a_group_of_styled_layers(runs: dict) -> None:
    run, folder = runs["zones_m"], Path(runs["folder"]) / "zones_m"
    assert run["ok"] is True
    paths = [str(folder / f"zones_m_EPSG_{code}.tif") for code in (32617, 32618)]
    assert run["results"] == {"OUTPUT": str(folder), "RASTERS": paths, "SUMMARY": "two maps"}
    assert run["groups"] == {
        "Species suitability": [
            [f"Species suitability (m), EPSG:{code}", f"EPSG:{code}", "singlebandpseudocolor"]
            for code in (32617, 32618)
        ]
    }  # fmt: skip
    assert run["loaded"] == 2


def test_predictions_at_the_plots_are_loaded_as_a_layer(runs: dict) -> None:
    run, folder = runs["predictions"], Path(runs["folder"])
    assert run["ok"] is True, run["log"]
    assert run["results"]["PREDICTIONS"] == str(folder / "plots.csv")
    assert run["layers"] == ["Predictions (oaks)"]


def test_a_map_that_is_not_there_is_an_error(runs: dict) -> None:
    assert runs["zones_lost"]["ok"] is False
    assert "zones_lost_EPSG_32617.tif was not written." in runs["zones_lost"]["log"]


def test_qgis_process_ends_with_one_and_a_sentence(qgis: Qgis, tmp_path: Path) -> None:
    ran = qgis.run("embed", RASTER=tmp_path / "no.tif", MODEL="m.botaclip", OUTPUT=tmp_path / "o.tif", BANDZ="x")
    said = ran.stdout + ran.stderr
    assert ran.returncode == 1
    assert f"RASTER: there is no raster layer, file or folder '{tmp_path / 'no.tif'}'. Choose a GeoTIFF" in said
    assert "botaclip:embed has no parameter BANDZ; it is ignored." in said
    assert "Traceback" not in said
    assert list(tmp_path.iterdir()) == []


def test_qgis_process_refuses_a_choice_that_there_is_not(qgis: Qgis, tmp_path: Path) -> None:
    ran = qgis.run("devices", DEVICE="abacus")
    assert ran.returncode == 1
    assert "DEVICE" in ran.stdout + ran.stderr
