"""info and verify."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.model_fixture import write_model, write_raster

from botaclip.core.errors import ModelFileError, OutputError
from botaclip.core.model_file import ModelFile
from botaclip.core.model_report import info, verify
from botaclip.core.progress import SILENT

SCORES = {"blocked": {"raw": {"tss_at_train_threshold": {"median": 0.31}}, "adapted": {"auc": {"median": 0.8}}}}


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> ModelFile:
    folder = tmp_path_factory.mktemp("model")
    return write_model(folder / "m.botaclip", write_raster(folder / "r.tif", size=200), scores=SCORES)


def test_info_in_words(model: ModelFile) -> None:
    outputs = info({"model": str(model.path), "output": None}, SILENT)
    text = "\n".join(outputs["print"])
    for words in (model.sha256, "red, green, blue", "100 m, 5 x 5 cells", "random-conv (in the file, CC0-1.0",
                  "30 plots, presence-absence, cover braun-blanquet (Turboveg 2)", "raw              0.310",
                  "Poa annua                                    12   0.400   0.400"):
        assert words in text, words
    json.dumps(outputs)


def test_info_as_json(model: ModelFile, tmp_path: Path) -> None:
    path = tmp_path / "about.json"
    assert info({"model": str(model.path), "output": str(path)}, SILENT)["output"] == str(path)
    about = json.loads(path.read_text(encoding="utf-8"))
    assert about["sha256"] == model.sha256 and about["species"][1]["name"] == "Poa annua" and about["plots"] == 30
    with pytest.raises(OutputError, match="exists already"):
        info({"model": str(model.path), "output": str(path)}, SILENT)


def test_verify(model: ModelFile, tmp_path: Path) -> None:
    outputs = verify({"model": str(model.path)}, SILENT)
    assert outputs["encoder_at_hand"] and outputs["sha256"] == model.sha256
    data = bytearray(model.path.read_bytes())
    data[data.index(b"random-conv\x00" if b"random-conv\x00" in data else b"pixels") + 2] ^= 1
    (tmp_path / "altered.botaclip").write_bytes(data)
    with pytest.raises(ModelFileError):
        verify({"model": str(tmp_path / "altered.botaclip")}, SILENT)


def lines(folder: Path, **changes: Any) -> list[str]:
    raster = folder / "r.tif"
    if not raster.exists():
        write_raster(raster, size=200)
    return info({"model": str(write_model(folder / "m.botaclip", raster, **changes).path)}, SILENT)["print"]


@pytest.mark.parametrize(
    "alignment, words",
    [
        ({"chosen": "supervised", "lambda": 0.0, "steps": 40}, "supervised, 40 steps"),
        ({"chosen": "supervised", "lambda": None, "steps": 40}, "supervised, 40 steps"),
        ({"chosen": "botaclip", "lambda": 0.1, "steps": 20}, "botaclip, lambda 0.1, 20 steps"),
        ({"chosen": "whitened", "lambda": None, "steps": 0, "axes": 16}, "whitened, 16 axes"),
        ({"chosen": "none", "lambda": None, "steps": 0}, "none, the frozen vectors as they are"),
        ({"chosen": "parent", "lambda": None, "steps": 0},
         "none of its own, the adapter of the model it continues from as it is"),
        ({}, "not stated"),
    ],
)  # fmt: skip
def test_alignment_in_words(tmp_path: Path, alignment: dict[str, Any], words: str) -> None:
    assert f"alignment  {words}" in lines(tmp_path, alignment=alignment)


def test_environment_parent_dates_and_sites(tmp_path: Path) -> None:
    layers = [
        {"name": "climate:rain", "file": "climate.tif", "band": 2, "path": "/data/climate.tif"},
        {"name": "elevation", "file": "dem.tif", "band": 1, "path": "/data/dem.tif"},
    ]
    training = {"plots": 30, "dates": ["2019-05-01", "2021-07-30"], "sites": ["HARV", "OSBS"], "site_count": 2}
    parent = {"name": "first.botaclip", "sha256": "ab" * 32, "created": "2025-01-01T00:00:00+00:00"}
    text = lines(tmp_path, environment=layers, training=training, provenance={"parent": parent})
    for line in (
        "needs      climate:rain (climate.tif, band 2), with the image",
        "needs      elevation (dem.tif, band 1), with the image",
        f"continues  first.botaclip (made 2025-01-01T00:00:00+00:00, SHA-256 {'ab' * 32})",
        "dates      2019-05-01 to 2021-07-30",
        "sites      2: HARV, OSBS",
    ):
        assert line in text, line


def test_what_a_model_does_not_say_is_not_made_up(tmp_path: Path) -> None:
    text = lines(tmp_path, training={"plots": 30, "dates": ["2019-05-01", "2019-05-01"], "sites": [], "site_count": 3})
    assert "dates      2019-05-01" in text and "sites      3" in text
    assert not [line for line in text if line.startswith(("continues", "needs"))]
    assert not [line for line in lines(tmp_path) if line.startswith("sites")]
