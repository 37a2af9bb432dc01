"""What happens to a user does not happen to QGIS: layers, projects, workers and Pythons that go away while it works."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

import psutil
import pytest
from tests.gui_support import Desktop


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    desktop = Desktop(tmp_path_factory.mktemp("gui") / "l'été à la montagne")
    found = desktop.play("keeps_working", variables={"BOTACLIP_REAL_PYTHON": sys.executable})
    return {**found, "documents": desktop.home / "Documents", "profile": desktop.folder}


def test_layers_may_be_deleted_while_a_task_runs(played: dict[str, Any]) -> None:
    assert played["layers_deleted"] == {"running": True, "missing": "Choose the image first."}


def test_a_killed_worker_is_one_sentence_and_leaves_nothing(played: dict[str, Any]) -> None:
    killed = played["killed"]
    assert "the worker died: it was killed (SIGKILL)" in killed["status"] and "\n" not in killed["status"]
    assert killed["left"] == [] and killed["workers"] == []


def test_the_project_may_be_closed_and_the_run_cancelled(played: dict[str, Any]) -> None:
    assert played["project_closed"]["running"]
    assert played["cancelled"] == {"status": "Cancelled: Training a model.", "left": [], "workers": []}


def test_what_cannot_be_prepared_ends_in_a_sentence(played: dict[str, Any]) -> None:
    assert played["unprepared"]["again"] and "/nope/dem.tif" in played["unprepared"]["status"]


def test_a_project_that_goes_takes_its_choices_along(played: dict[str, Any]) -> None:
    assert played["second_sample"] == {"releves": True, "plots": True}
    assert played["new_project"] == {"way": "bundled", "entries": []}


def test_a_python_that_is_gone_is_one_sentence_and_the_next_run_works(played: dict[str, Any]) -> None:
    assert "/no such/python" in played["no_python"] and "Set up the environment" in played["no_python"]
    assert played["next"] == {"status": "Done: Suitability of species.", "layers": 4}


def test_a_map_whose_project_was_closed_is_loaded_nowhere_and_its_place_is_told(played: dict[str, Any]) -> None:
    gone = played["project_gone"]
    assert gone["layers"] == 0 and gone["said"].startswith("The project was closed meanwhile; the result lies in ")


def test_ending_qgis_ends_the_worker_and_leaves_nothing(played: dict[str, Any]) -> None:
    deadline = time.monotonic() + 20
    while psutil.pid_exists(played["worker"]) and time.monotonic() < deadline:
        if psutil.Process(played["worker"]).status() == psutil.STATUS_ZOMBIE:
            break
        time.sleep(0.2)
    boot = str(played["profile"])
    running = [
        one.pid for one in psutil.process_iter(["cmdline"])
        if any(boot in word and word.endswith("worker_boot.py") for word in one.info["cmdline"] or ())
    ]  # fmt: skip
    assert running == []
    left = [path for path in Path(played["documents"]).rglob("*") if ".part" in path.name or path.suffix == ".botaclip"]
    assert [path.parent.name for path in left] == ["BotaCLIP sample"], "the sample's own model only"
