"""info and verify."""

from __future__ import annotations

import json
from pathlib import Path

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
