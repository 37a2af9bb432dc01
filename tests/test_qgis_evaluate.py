"""``botaclip:evaluate`` through the real ``qgis_process``."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.qgis_support import Qgis, make_qgis

from .small_landscape import CRS, releves, write_image, write_releves


@pytest.fixture(scope="module")
def qgis() -> Iterator[Qgis]:
    yield from make_qgis()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("evaluate")
    write_image(folder / "image.tif")
    write_releves(folder / "releves.csv", releves(50))
    for name in ("soil", "fungi"):
        rows = [{"plot_id": f"p{i:03}", "target": name, "value": (i * 7) % 11} for i in range(50)]
        write_releves(folder / f"{name}.csv", rows)
    return folder


def run(qgis: Qgis, folder: Path, **inputs: object):  # type: ignore[no-untyped-def]
    given = {
        "RASTER": folder / "image.tif", "RELEVES": folder / "releves.csv", "CRS": CRS, "X_FIELD": "x", "Y_FIELD": "y",
        "FOLDS": 2, "EPOCHS": 1, "MIN_PRESENCES": 10, "DEVICE": "cpu", "PROTOCOL": "paper",
    }  # fmt: skip
    environment = {"BOTACLIP_PYTHON": sys.executable, "BOTACLIP_CACHE": str(folder / "cache")}
    return qgis.run("evaluate", environment=environment, **given | inputs)


def test_several_task_tables_are_evaluated(qgis: Qgis, folder: Path) -> None:
    ran = run(
        qgis, folder, TASK=f"{folder / 'soil.csv'};{folder / 'fungi.csv'}", TASK_KIND="abundance",
        METRICS=folder / "metrics.json", TABLE=folder / "table.csv",
    )  # fmt: skip
    assert ran.returncode == 0, ran.stdout + ran.stderr
    document = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))
    assert list(document["tasks"]) == ["plants, forest", "soil, forest", "fungi, forest"]
    assert document["protocol"] == "paper" and document["columns"][:2] == ["raw", "supervised"]
    assert (folder / "table.csv").read_text(encoding="utf-8").startswith("protocol,folds,task,model,")
    assert "botaclip - supervised: " in ran.stdout + ran.stderr


@pytest.mark.parametrize(
    ("inputs", "said"),
    [({"TASK": "nowhere.csv"}, "there is no table or layer"),
     ({"TASK_KIND": "counts"}, "--task-kind cannot be 'counts'")],
)  # fmt: skip
def test_bad_tasks_are_said(qgis: Qgis, folder: Path, inputs: dict[str, str], said: str) -> None:
    ran = run(qgis, folder, **inputs)
    assert ran.returncode == 1
    assert said in ran.stdout + ran.stderr and "Traceback" not in ran.stdout + ran.stderr
