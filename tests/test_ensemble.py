"""Several models in one map: mean and spread, and only of models that look at the image alike."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio

from botaclip.core.commands import SUITABILITY
from botaclip.core.errors import ModelFileError, OptionError
from botaclip.core.model_file import ModelFile
from botaclip.core.options import parse_parameters
from botaclip.core.progress import SILENT
from botaclip.core.rasters import open_raster
from botaclip.core.suitability import suitability

from .model_fixture import SPECIES, content, head_graph, write_model, write_raster


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("ensemble")
    raster = write_raster(folder / "r.tif")
    write_model(folder / "a.botaclip", raster)
    for name, seed in (("b", 1), ("c", 2)):
        metadata, parts = content(open_raster(raster))
        parts["head.onnx"] = head_graph(np.random.default_rng(seed))
        # In another order.
        metadata["species"] = [metadata["species"][i] for i in (2, 0, 1)]
        ModelFile.write(folder / f"{name}.botaclip", metadata, parts)
    return folder


def run(folder: Path, name: str, **given: Any) -> np.ndarray:
    output = folder / f"{name}.tif"
    asked = {"raster": str(folder / "r.tif"), "model": str(folder / "a.botaclip"), "output": str(output)}
    suitability(parse_parameters(SUITABILITY, asked | given)[0], SILENT)
    with rasterio.open(output) as dataset:
        assert all(dataset.descriptions)
        return dataset.read()


def test_mean_and_spread(folder: Path) -> None:
    parts = [run(folder, f"only_{name}", model=str(folder / f"{name}.botaclip")) for name in "abc"]
    parts[1:] = [part[[1, 2, 0]] for part in parts[1:]]
    others = f"{folder / 'b.botaclip'};{folder / 'c.botaclip'}"
    made = run(folder, "all", ensemble=others)
    seen = np.isfinite(made[0])
    np.testing.assert_allclose(made[:3, seen], np.mean(parts, axis=0)[:, seen], rtol=1e-6)
    np.testing.assert_allclose(made[3:, seen], np.std(parts, axis=0)[:, seen], rtol=1e-4, atol=1e-7)
    with rasterio.open(folder / "all.tif") as dataset:
        assert dataset.descriptions == (*SPECIES, *(f"{name}, standard deviation" for name in SPECIES))
        assert dataset.tags()["BOTACLIP_KIND"] == "suitability, mean of 3 models"
        assert len(dataset.tags()["BOTACLIP_ENSEMBLE"].split(", ")) == 3
    # The same model again: no spread at all.
    again = run(folder, "same", ensemble=str(folder / "a.botaclip"), species=SPECIES[1])
    np.testing.assert_array_equal(again[0, seen], parts[0][1, seen])
    assert (again[1, seen] == 0).all()


def test_models_that_look_otherwise_are_refused(folder: Path) -> None:
    raster = write_raster(folder / "other.tif", pixel=4.0)
    write_model(folder / "other.botaclip", raster)
    write_model(folder / "relative.botaclip", folder / "r.tif", data_type="presence-only")
    for name, words in (("other", "looks at the image otherwise than a.botaclip"), ("relative", "of another kind")):
        with pytest.raises(ModelFileError, match=words):
            run(folder, "none", ensemble=str(folder / f"{name}.botaclip"))
    with pytest.raises(OptionError, match="cannot be joined"):
        run(folder, "none", ensemble=str(folder / "b.botaclip"), top=1)
    assert not list(folder.glob("none*"))
