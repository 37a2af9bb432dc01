"""Models of earlier releases open and say what they said then; models of later ones say which version reads them.

``data/format-1.botaclip`` was trained by the first version (commit a258436) on the raster and plots made here, and
is never to be written anew: the numbers below are what that version said.
"""

from __future__ import annotations

import csv
import dataclasses
import hashlib
import json
from pathlib import Path

import numpy as np
import pytest
import rasterio
from affine import Affine
from tests import hostile_models as hostile
from tests.model_fixture import content, write_raster
from tests.window_encoders import exact_encoder, token_encoder

import botaclip
from botaclip.core import model_metadata
from botaclip.core.commands import COMMANDS
from botaclip.core.encoders import opening
from botaclip.core.encoders.joined import JoinedEncoder
from botaclip.core.errors import ModelFileError
from botaclip.core.model import Model
from botaclip.core.model_file import ModelFile
from botaclip.core.model_metadata import FORMATS
from botaclip.core.model_report import info, verify
from botaclip.core.options import parse_parameters
from botaclip.core.predict import predict
from botaclip.core.progress import Progress
from botaclip.core.rasters import open_raster

FIRST = Path(__file__).with_name("data") / "format-1.botaclip"
SHA256 = "a27d69ece843a6f4e9df74ed2eb72728b887be885129948182fcd403d68ade6f"
# Easting, northing, suitability of Carex nigra and Quercus robur as the first version predicted them.
POINTS = (
    (700_100.0, 6_599_900.0, 0.851663, 0.937665),
    (700_300.0, 6_599_700.0, 0.801042, 0.954588),
    (700_450.0, 6_599_500.0, 0.892611, 0.951705),
)


@pytest.fixture(scope="module")
def raster(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The one band that the first model was trained on."""
    path = tmp_path_factory.mktemp("raster") / "r.tif"
    rows, cols = np.mgrid[0:300, 0:300]
    wood = 0.5 + 0.5 * np.sin(cols * 2 / 75) * np.cos(rows * 2 / 65)
    noise = np.random.RandomState(3).standard_normal((300, 300))
    image = np.clip(130 - 60 * wood + noise * (4 + 22 * wood), 1, 254).astype("uint8")
    with rasterio.open(
        path, "w", driver="GTiff", width=300, height=300, count=1, dtype="uint8", crs="EPSG:2154",
        transform=Affine(2, 0, 700_000, 0, -2, 6_600_000),
    ) as dataset:  # fmt: skip
        dataset.write(image, 1)
        dataset.set_band_description(1, "red")
    return path


def test_the_first_model_opens_and_says_what_it_said() -> None:
    assert hashlib.sha256(FIRST.read_bytes()).hexdigest() == SHA256, "the frozen file was changed"
    model = Model.open(FIRST)
    assert model.metadata["format_version"] == 1 and model.species == ("Carex nigra", "Quercus robur")
    np.testing.assert_allclose(model.thresholds, [0.8084748122341375, 0.8495648460629506], rtol=1e-12)
    pixels = (np.arange(58 * 58) * 7 % 251).reshape(1, 1, 58, 58).astype(np.float32)
    cells = model.encoder().encode(pixels, np.ones((1, 58, 58), bool))
    _, unit = model.adapt(cells[0].reshape(model.dimension, -1).T)
    np.testing.assert_allclose(unit[0, :4], [0.00130028, 0.01489841, 0.03011356, 0.04024563], atol=2e-6)
    np.testing.assert_allclose(
        model.components(unit, 4)[0], [0.35561809, -0.07375094, -0.1422563, 0.08718697], atol=5e-6
    )
    assert "2 species" in "\n".join(info({"model": str(FIRST)}, Progress())["print"])
    assert verify({"model": str(FIRST)}, Progress())["encoder_at_hand"] is True


def test_the_first_model_predicts_what_it_predicted(raster: Path, tmp_path: Path) -> None:
    points = tmp_path / "points.csv"
    points.write_text("x,y\n" + "".join(f"{x},{y}\n" for x, y, *_ in POINTS))
    parameters, unknown = parse_parameters(COMMANDS["predict"], {
        "raster": str(raster), "model": str(FIRST), "points": str(points), "crs": "EPSG:2154", "bands": "red=1",
        "output": str(tmp_path / "p.csv"), "device": "cpu",
    })  # fmt: skip
    assert not unknown
    predict(parameters, Progress())
    with (tmp_path / "p.csv").open(encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    found = [[float(row["Carex nigra"]), float(row["Quercus robur"])] for row in rows]
    np.testing.assert_allclose(found, [[one, two] for *_, one, two in POINTS], atol=2e-5)


def test_a_model_is_written_in_the_oldest_format_that_can_say_it(tmp_path: Path) -> None:
    metadata, parts = content(open_raster(write_raster(tmp_path / "r.tif", size=200)))
    plain = ModelFile.write(tmp_path / "plain.botaclip", metadata, parts)
    assert plain.metadata["format_version"] == 1
    layers = [{"name": "dem", "file": "dem.tif", "band": 1, "path": "/data/dem.tif"}]
    wide = ModelFile.write(tmp_path / "wide.botaclip", {**metadata, "environment": layers}, parts)
    assert wide.metadata["format_version"] == 2
    stored = json.loads(ModelFile.open(wide.path).parts["metadata.json"])
    assert (stored["format_version"], stored["environment"]) == (2, layers)
    lie = hostile.write(hostile.with_metadata(format_version=1), wide, tmp_path / "lie.botaclip")
    with pytest.raises(ModelFileError, match="says format 1 but has environment layers, which came with format 2"):
        ModelFile.open(lie)


@pytest.mark.parametrize("kind", ["exact", "tokens", "per band", "joined", "licence", "large"])
def test_what_the_first_formats_cannot_say_is_format_3(
    tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So an older version says that it is newer; it would compute nonsense, or call it damaged."""
    source = open_raster(write_raster(tmp_path / "r.tif", size=200))
    plain = opening.get("random-conv", bands=source.roles, value_range=(0.0, 255.0))
    encoders = {
        "exact": exact_encoder(), "tokens": token_encoder(), "joined": JoinedEncoder((plain, exact_encoder())),
        "per band": dataclasses.replace(plain, centre=(0.4, 0.4, 0.3)),
    }  # fmt: skip
    metadata, parts = content(source, encoder=encoders.get(kind))
    if kind == "licence":
        parts["encoder.licence.txt"] = b"Be kind.\n"
    if kind == "large":
        monkeypatch.setattr(model_metadata, "LARGEST_FIRST_GRAPH", 1000)
    made = ModelFile.write(tmp_path / "m.botaclip", metadata, parts)
    assert made.metadata["format_version"] == 3
    assert ModelFile.open(made.path) == made
    if kind in encoders:
        lie = hostile.write(hostile.with_metadata(format_version=2), made, tmp_path / "lie.botaclip")
        with pytest.raises(ModelFileError, match="format 2 but has an encoder of a kind, which came with format 3"):
            ModelFile.open(lie)


def test_what_cannot_be_shown_is_written_as_blanks(tmp_path: Path) -> None:
    """A file name with undecodable bytes must not cost an hour of training at the very end."""
    metadata, parts = content(open_raster(write_raster(tmp_path / "r.tif", size=200)))
    metadata["provenance"] = {"raster": "/data/\udce9t\x1b[31m\u00e9.tif"}
    metadata["species"][0]["name"] = "Carex\x07nigra"
    again = ModelFile.open(ModelFile.write(tmp_path / "m.botaclip", metadata, parts).path)
    assert again.metadata["provenance"] == {"raster": "/data/?t [31mé.tif"}
    assert again.metadata["species"][0]["name"] == "Carex nigra"


def test_a_newer_model_says_which_version_reads_it(tmp_path: Path) -> None:
    first = ModelFile.open(FIRST)
    newer = hostile.with_metadata(format_version=FORMATS[-1] + 1, versions={"botaclip": "1.4.2"})
    path = hostile.write(newer, first, tmp_path / "newer.botaclip")
    with pytest.raises(ModelFileError) as caught:
        ModelFile.open(path)
    assert caught.value.sentence == (
        f"{path}: it was made by a newer version of BotaCLIP (format 4; this version, {botaclip.__version__}, reads "
        "formats up to 3). "
        "Update the plugin to version 1.4.2 or newer."
    )


@pytest.mark.parametrize(
    ("maker", "remedy"),
    [(botaclip.__version__, "Update the plugin."), ("0.0.9", "Update the plugin."), ("0.0", "Update the plugin."),
     (f"{botaclip.__version__}.0", "Update the plugin."), ("999.0", "Update the plugin to version 999.0 or newer.")],
)  # fmt: skip
def test_no_update_to_an_older_version_is_asked_for(tmp_path: Path, maker: str, remedy: str) -> None:
    newer = hostile.with_metadata(format_version=99, versions={"botaclip": maker})
    path = hostile.write(newer, ModelFile.open(FIRST), tmp_path / "newer.botaclip")
    with pytest.raises(ModelFileError, match="format 99") as caught:
        ModelFile.open(path)
    assert caught.value.sentence.endswith(f"formats up to 3). {remedy}")
