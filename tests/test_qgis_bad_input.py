"""Bad input through the real ``qgis_process``: exit code 1, one sentence, nothing left behind."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests import hostile_models as hostile
from tests.model_fixture import write_model, write_raster
from tests.qgis_support import Qgis, make_qgis
from tests.small_rasters import texture
from tests.small_rasters import write_raster as plain_raster
from tests.warm_cli import listing

from botaclip.core.model_file import ModelFile

PYTHON = {"BOTACLIP_PYTHON": sys.executable}


@pytest.fixture(scope="module")
def qgis() -> Iterator[Qgis]:
    yield from make_qgis()


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> ModelFile:
    place = tmp_path_factory.mktemp("in")
    return write_model(place / "m.botaclip", write_raster(place / "r.tif", size=200))


def refused(qgis: Qgis, folder: Path, algorithm: str, says: tuple[str, ...], **inputs: object) -> None:
    before = listing(folder)
    ran = qgis.run(algorithm, environment=PYTHON, **inputs)
    said = ran.stdout + ran.stderr
    assert ran.returncode == 1, said
    assert "Traceback" not in said
    # QGIS says it as the algorithm's error and once more at its end.
    assert any(all(words in line for words in says) for line in said.splitlines()), said
    # QGIS notes the statistics of an image that it loads beside the image, as it always does.
    assert {name: digest for name, digest in listing(folder).items() if not name.endswith(".aux.xml")} == before


def test_model_that_was_altered(qgis: Qgis, good: ModelFile, tmp_path: Path) -> None:
    model = hostile.write(hostile.altered, good, tmp_path / "altered.botaclip")
    says = ("head.onnx was altered or damaged", str(model), "Get the model file again")
    refused(qgis, tmp_path, "suitability", says, RASTER=good.path.with_name("r.tif"), MODEL=model,
            OUTPUT=tmp_path / "s.tif", DEVICE="cpu")  # fmt: skip


def test_raster_without_crs(qgis: Qgis, good: ModelFile, tmp_path: Path) -> None:
    raster = plain_raster(tmp_path / "bare.tif", texture(), crs=None)
    says = ("it has no CRS", str(raster), "Assign one in QGIS")
    refused(qgis, tmp_path, "embed", says, RASTER=raster, MODEL=good.path, OUTPUT=tmp_path / "e.tif", DEVICE="cpu")


def test_empty_table(qgis: Qgis, good: ModelFile, tmp_path: Path) -> None:
    (tmp_path / "releves.csv").write_text("plot_id,species,cover,x,y\n")
    says = ("the table is empty", "releves.csv")
    refused(qgis, tmp_path, "train", says, RASTER=good.path.with_name("r.tif"), RELEVES=tmp_path / "releves.csv",
            CRS="EPSG:2154", X_FIELD="x", Y_FIELD="y", OUTPUT=tmp_path / "m.botaclip")  # fmt: skip
