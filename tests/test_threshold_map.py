"""Suitability cut by named rules: what a click says is expected, and nothing half written."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio

from botaclip.core.commands import SUITABILITY, THRESHOLD
from botaclip.core.errors import OptionError, OutputError, RasterError
from botaclip.core.model_file import ModelFile
from botaclip.core.options import parse_parameters
from botaclip.core.progress import SILENT
from botaclip.core.suitability import suitability
from botaclip.core.threshold_map import NODATA, threshold

from .model_fixture import SPECIES, write_model, write_raster


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("threshold")
    raster = write_raster(folder / "r.tif")
    write_model(folder / "m.botaclip", raster)
    asked = {"raster": str(raster), "model": str(folder / "m.botaclip"), "output": str(folder / "s.tif")}
    suitability(parse_parameters(SUITABILITY, asked)[0], SILENT)
    return folder


def run(folder: Path, **given: Any) -> dict[str, Any]:
    return threshold(parse_parameters(THRESHOLD, {"raster": str(folder / "s.tif")} | given)[0], SILENT)


def test_expected_is_at_or_above_the_models_threshold(folder: Path) -> None:
    said = run(folder, output=str(folder / "t.tif"))
    # Those of the fixture.
    assert said["thresholds"] == {name: pytest.approx(0.3 + 0.1 * i) for i, name in enumerate(SPECIES)}
    with rasterio.open(folder / "s.tif") as source, rasterio.open(folder / "t.tif") as made:
        values, cut = source.read(), made.read()
        assert (made.dtypes[0], made.nodata) == ("uint8", NODATA)
        assert (made.crs, made.transform) == (source.crs, source.transform)
        assert made.descriptions == SPECIES and made.tags()["BOTACLIP_KIND"] == "presence by threshold"
        assert made.tags(2)["BOTACLIP_CUT_AT"] == "0.4"
    for band, limit in enumerate((0.3, 0.4, 0.5)):
        expected = np.where(np.isnan(values[band]), NODATA, values[band] >= np.float32(limit))
        np.testing.assert_array_equal(cut[band], expected)
    assert set(np.unique(cut)) == {0, 1, NODATA}
    text = (folder / "t.qml").read_text()
    assert 'value="0"' in text and 'value="1"' in text and 'value="2"' not in text


def test_one_value_for_all(folder: Path) -> None:
    run(folder, output=str(folder / "half.tif"), rule="value", value=0.5)
    with rasterio.open(folder / "s.tif") as source, rasterio.open(folder / "half.tif") as made:
        values, cut = source.read(), made.read()
    np.testing.assert_array_equal(cut == 1, values >= 0.5)


def test_what_cannot_be_cut_is_one_sentence(folder: Path) -> None:
    output = str(folder / "none.tif")
    with pytest.raises(OptionError, match="needs --value"):
        run(folder, output=output, rule="value")
    with pytest.raises(OptionError, match="goes with --rule value"):
        run(folder, output=output, value=0.5)
    with pytest.raises(OptionError, match="3 species have no threshold by this rule, Carex nigra among them"):
        run(folder, output=output, rule="list")
    with pytest.raises(RasterError, match="no band of it is a species"):
        run(folder, output=output, raster=str(folder / "r.tif"))
    with pytest.raises(RasterError, match="cannot be read"):
        run(folder, output=output, raster=str(folder / "m.botaclip"))
    with pytest.raises(OutputError, match="name that ends with .tif"):
        run(folder, output=str(folder / "none.png"))
    assert not list(folder.glob("none*"))


def test_a_threshold_has_all_its_digits(folder: Path) -> None:
    """A suitability between the threshold and its first six digits is on the side that a click puts it."""
    with rasterio.open(folder / "s.tif") as source:
        met = [float(value) for value in source.read(1)[np.isfinite(source.read(1))]]
    # Just above a suitability of the map, which six digits put below it.
    at = next(value + 1e-9 for value in met if float(f"{value + 1e-9:.6g}") <= value)
    old = ModelFile.open(folder / "m.botaclip")
    kinds = [old.metadata["species"][0] | {"threshold": at}, *old.metadata["species"][1:]]
    write_model(folder / "fine.botaclip", folder / "r.tif", species=kinds)
    files = {"raster": "r.tif", "model": "fine.botaclip", "output": "fine.tif"}
    asked = {key: str(folder / name) for key, name in files.items()}
    suitability(parse_parameters(SUITABILITY, asked)[0], SILENT)
    run(folder, raster=str(folder / "fine.tif"), output=str(folder / "cut.tif"))
    with rasterio.open(folder / "fine.tif") as source, rasterio.open(folder / "cut.tif") as made:
        values, cut = source.read(1).astype(np.float64), made.read(1)
    np.testing.assert_array_equal(cut == 1, values >= at)
    assert ((values >= float(f"{at:.6g}")) != (values >= at)).any()
