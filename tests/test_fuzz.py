"""Hostile and broken input stays harmless: 1,250 mutated files, each taken or refused in one sentence of ours."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from .conftest import ROOT
from .model_fixture import write_model, write_raster
from .test_aoa import AREA

COUNT = 250
# So many mutations at least have to be taken, and to be refused; hardly any byte of a model may change.
FEWEST = 5
FEWEST_MODELS = 1


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("fuzz")
    raster = write_raster(folder / "r.tif", size=200)
    write_model(folder / "m.botaclip", raster, applicability=AREA, card="# Card")
    lines = ["plot;species;cover;x;y;date"]
    for plot in range(12):
        for species in ("Poa annua L.", "Carex nigra", "Salix herbacea", "Rosa sp."):
            place = f"{700_000 + 10 * plot};{6_600_000 - plot}"
            lines.append(f"P{plot};{species};{(plot * 7) % 60 + 1},5;{place};2019-06-0{plot % 9 + 1}")
    (folder / "releves.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (folder / "data" / "rgb").mkdir(parents=True)
    (folder / "data" / "releves.csv").write_text("plot;species\n", encoding="utf-8")
    known = {"raster": "rgb", "releves": "releves.csv", "cover-scale": "percent", "patch-size": 20, "min-presences": 5,
             "groups": "block", "environment": ["rgb"], "names": "verbatim"}  # fmt: skip
    (folder / "data" / "botaclip.json").write_text(json.dumps(known), encoding="utf-8")
    return folder


@pytest.mark.parametrize("kind", ["raster", "table", "data", "model", "metadata"])
def test_mutated_files_are_taken_or_refused_in_one_sentence(kind: str, folder: Path) -> None:
    ran = subprocess.run(
        [sys.executable, str(ROOT / "tests" / "fuzz_readers.py"), kind, str(COUNT), str(folder)],
        capture_output=True, text=True, timeout=500,
    )  # fmt: skip
    assert ran.returncode == 0, f"a reader took the process down: {ran.stderr[-2000:]}"
    found = json.loads(ran.stdout)
    assert found["strange"] == [] and found["slow"] == []
    assert found["taken"] + found["refused"] == COUNT
    fewest = FEWEST_MODELS if kind == "model" else FEWEST
    assert min(found["refused"], found["taken"]) >= fewest, "the good file has to be good, and the mutator to do harm"
    assert found["longest"] < 2_000, "a sentence is one sentence"
