"""Embedding rasters."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from tests.model_fixture import WIDTH, write_model, write_raster

from botaclip.core.applied_imagery import AppliedImagery
from botaclip.core.commands import COMMANDS
from botaclip.core.embed import embed
from botaclip.core.embedding_bands import EmbeddingBands
from botaclip.core.errors import Cancelled, ModelFileError, OptionError, OutputError
from botaclip.core.estimate import estimate
from botaclip.core.model import Model
from botaclip.core.model_file import ModelFile
from botaclip.core.options import parse_parameters
from botaclip.core.progress import SILENT, Progress
from botaclip.core.suitability import suitability


@pytest.fixture(scope="module")
def raster(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_raster(tmp_path_factory.mktemp("raster") / "r.tif")


@pytest.fixture(scope="module")
def model(raster: Path, tmp_path_factory: pytest.TempPathFactory) -> ModelFile:
    return write_model(tmp_path_factory.mktemp("model") / "m.botaclip", raster)


def run(raster: Path, model: ModelFile, output: Path, progress: Progress = SILENT, **changes: Any) -> dict[str, Any]:
    asked = {"raster": str(raster), "model": str(model.path), "output": str(output), "device": "cpu", "stride": 40.0,
             "overwrite": False, "extent": None, "mask": None, "dimensions": "64", "quantise": "none"}
    return embed(asked | changes, progress)


def read(path: Path) -> np.ndarray:
    with rasterio.open(path) as dataset:
        return dataset.read()


def test_components_and_unit_vectors(raster: Path, model: ModelFile, tmp_path: Path) -> None:
    said: list[str] = []
    outputs = run(raster, model, tmp_path / "pca.tif", Progress(log=lambda _, text: said.append(text)))
    assert outputs["bands"] == WIDTH and f"The model has {WIDTH} principal components; all of them are mapped." in said
    assert outputs["variance_share"] == pytest.approx(1)
    run(raster, model, tmp_path / "all.tif", dimensions="all")
    components, unit = read(tmp_path / "pca.tif"), read(tmp_path / "all.tif")
    seen = np.isfinite(unit[0])
    assert 0.5 < seen.mean() < 1 and np.array_equal(np.isfinite(components[0]), seen)
    np.testing.assert_allclose(np.linalg.norm(unit[:, seen], axis=0), 1, atol=1e-5)
    opened = Model(model)
    expected = (unit[:, seen].T - opened.pca_mean) @ opened.pca_components.T
    np.testing.assert_allclose(components[:, seen].T, expected, atol=1e-5)
    with rasterio.open(tmp_path / "pca.tif") as dataset:
        assert dataset.descriptions[:2] == ("A00", "A01") and dataset.res == (40.0, 40.0)
        assert float(dataset.tags()["BOTACLIP_VARIANCE_SHARE"]) == pytest.approx(1)
        assert float(dataset.tags(1)["BOTACLIP_VARIANCE_SHARE"]) == pytest.approx(float(opened.pca_share[0]), abs=1e-6)
    assert 'type="multibandcolor"' in (tmp_path / "pca.qml").read_text()


def test_bytes_are_within_half_a_step(raster: Path, model: ModelFile, tmp_path: Path) -> None:
    run(raster, model, tmp_path / "f.tif", dimensions="5")
    outputs = run(raster, model, tmp_path / "q.tif", dimensions="5", quantise="uint8")
    truth = read(tmp_path / "f.tif")
    with rasterio.open(tmp_path / "q.tif") as dataset:
        stored, scales, offsets = dataset.read(), np.array(dataset.scales), np.array(dataset.offsets)
        assert dataset.nodata == 0 and dataset.dtypes[0] == "uint8"
    seen = np.isfinite(truth[0])
    assert (stored[:, ~seen] == 0).all() and (stored[:, seen] >= 1).all()
    values = stored * scales[:, None, None] + offsets[:, None, None]
    inside = (stored > 1) & (stored < 255)
    step = np.broadcast_to(scales[:, None, None], stored.shape)
    assert (np.abs(values - truth)[inside] <= step[inside] * 0.501).all() and inside.sum() > 100
    low, high = offsets + scales, offsets + 255 * scales
    beyond = ((truth < low[:, None, None] - step / 2) | (truth > high[:, None, None] + step / 2))[:, seen].sum()
    assert outputs["clipped"] == beyond


_QGIS = """
import json, sys
from qgis.core import QgsApplication, QgsPointXY, QgsRaster, QgsRasterLayer
application = QgsApplication([], False)
application.initQgis()
layer = QgsRasterLayer(sys.argv[1], "map")
found = [layer.dataProvider().identify(QgsPointXY(x, y), QgsRaster.IdentifyFormatValue).results()
         for x, y in json.loads(sys.argv[2])]
print("FOUND" + json.dumps([layer.renderer().type(), layer.bandName(1), found]))
"""


def test_qgis_reads_bytes_as_values_and_takes_the_style(raster: Path, model: ModelFile, tmp_path: Path) -> None:
    python = "/usr/bin/python3"
    if not Path(python).exists() or subprocess.run([python, "-c", "import qgis.core"], capture_output=True).returncode:
        pytest.skip("no QGIS on this machine")
    run(raster, model, tmp_path / "q.tif", dimensions="3", quantise="uint8")
    with rasterio.open(tmp_path / "q.tif") as dataset:
        stored = dataset.read()
        row, col = np.argwhere(stored[0] > 0)[40]
        expected = stored[:, row, col] * np.array(dataset.scales) + np.array(dataset.offsets)
        places = json.dumps([dataset.xy(row, col), dataset.xy(0, 0)])
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "QT_QPA_PLATFORM": "offscreen"}
    done = subprocess.run(
        [python, "-c", _QGIS, str(tmp_path / "q.tif"), places], capture_output=True, text=True, env=environment,
        timeout=120,
    )
    renderer, name, (value, nodata) = json.loads(done.stdout.split("FOUND")[1].splitlines()[0])
    assert renderer == "multibandcolor" and name == "Band 1: A00"
    np.testing.assert_allclose([value[str(band)] for band in (1, 2, 3)], expected, atol=1e-6)
    assert nodata == {"1": None, "2": None, "3": None}


def test_range_and_clipping() -> None:
    bands = EmbeddingBands(("A00",), np.array([-1.0], np.float32), np.array([1.0], np.float32), None)
    stored, clipped = bands.quantised(np.array([[-1.0], [1.0], [0.0], [-1.1], [9.0]], np.float32))
    assert stored[:, 0].tolist() == [1, 255, 128, 1, 255] and clipped == 2
    np.testing.assert_allclose(stored[:3, 0] * bands.scale + bands.offset, [-1, 1, 0], atol=1e-7)
    # -1..1 is a range of 4/3 widened by a quarter of itself on both sides
    np.testing.assert_allclose(bands.plot_range, [(-2 / 3, 2 / 3)], atol=1e-6)


def test_an_extent_is_a_crop_of_the_whole(raster: Path, model: ModelFile, tmp_path: Path) -> None:
    run(raster, model, tmp_path / "whole.tif", dimensions="3")
    run(raster, model, tmp_path / "part.tif", dimensions="3", extent="700300,700620,6599300,6599700")
    with rasterio.open(tmp_path / "whole.tif") as whole, rasterio.open(tmp_path / "part.tif") as part:
        row, col = whole.index(*part.xy(0, 0))
        crop = whole.read()[:, row : row + part.height, col : col + part.width]
        np.testing.assert_allclose(part.read(), crop, atol=1e-5)
        assert part.width < whole.width and part.height < whole.height


@pytest.mark.parametrize("text", ["0", "-3", "some", "1.5"])
def test_dimensions_that_are_none(model: ModelFile, text: str) -> None:
    with pytest.raises(OptionError, match="--dimensions"):
        EmbeddingBands.of(Model(model), text, SILENT)


def test_nothing_is_left_of_a_cancelled_or_refused_run(raster: Path, model: ModelFile, tmp_path: Path) -> None:
    calls = iter(range(1000))
    progress = Progress(cancelled=lambda: next(calls) > 0)  # once the file has been begun
    with pytest.raises(Cancelled):
        run(raster, model, tmp_path / "e.tif", progress, stride=20.0)
    two = write_raster(tmp_path / "two.tif", size=100, bands=2)
    with pytest.raises(ModelFileError, match="made for the bands"):
        run(two, model, tmp_path / "e.tif")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["two.tif"]
    (tmp_path / "e.tif").write_text("mine")
    with pytest.raises(OutputError, match="exists already"):
        run(raster, model, tmp_path / "e.tif")
    assert (tmp_path / "e.tif").read_text() == "mine"


@pytest.mark.parametrize("command", [embed, suitability])
def test_a_long_run_says_once_how_long_and_large_it_will_be(
    command: Any, raster: Path, model: ModelFile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    progress = Progress(log=lambda level, message: said.append(message))
    parameters, _ = parse_parameters(
        COMMANDS[command.__name__],
        {"raster": str(raster), "model": str(model.path), "output": str(tmp_path / "m.tif"), "device": "cpu",
         "overwrite": True},
    )  # fmt: skip
    command(parameters, progress)
    assert not [line for line in said if "of disk" in line], "a short one need not"
    monkeypatch.setattr("botaclip.core.estimate._SHORT", 0)
    command(parameters, progress)
    (line,) = [line for line in said if "of disk" in line]
    assert "pixels from" in line and "about" in line


def test_estimate_counts(raster: Path, model: ModelFile) -> None:
    asked = {"raster": str(raster), "model": str(model.path), "device": "cpu", "stride": 40.0}
    applied = AppliedImagery.open(model.path, raster, device="cpu")
    area = applied.areas(stride_m=40.0, extent=None, mask=None)[0]
    applied.close()
    pixels = area.height * area.width
    embedding = asked | {"dimensions": "5", "quantise": "uint8"}
    found = estimate({"command": "embed", "parameters": embedding}, SILENT)
    assert found["pixels"] == pixels and found["disk_bytes"] == pixels * 5 and found["seconds"] > 0
    found = estimate({"command": "suitability", "parameters": asked | {"species": "Poa annua"}}, SILENT)
    assert found["disk_bytes"] == pixels * 4
    assert found["cells"] == ((area.height - 1) * 2 + 5) * ((area.width - 1) * 2 + 5)
    assert f"{pixels} pixels" in found["message"]
    with pytest.raises(OptionError, match="'train' cannot be estimated"):
        estimate({"command": "train", "parameters": asked}, SILENT)
