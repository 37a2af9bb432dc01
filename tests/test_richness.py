"""Richness and diversity of expected lists: by hand, against scikit-bio's formulas written out, and on a map."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from scipy.stats import entropy

from botaclip.core.commands import RICHNESS
from botaclip.core.errors import ModelFileError
from botaclip.core.model import Model
from botaclip.core.options import parse_parameters
from botaclip.core.progress import SILENT
from botaclip.core.richness import BANDS, diversity, richness
from botaclip.training.trust import community

from .model_fixture import SPECIES, write_model, write_raster

ABOUT = {"share": 0.9, "low": -1.5, "high": 2.0, "highest": 3.0}


def test_by_hand() -> None:
    p = np.array([[0.5, 0.5, 0.0, 1.0], [0.1, 0.2, 0.3, 0.4]], np.float32)
    mean, variance = community(p)
    found = diversity(p, mean.astype(np.float32), variance, -1.0, 2.0)
    np.testing.assert_allclose(found[:, 0], [2.0, 1.0], rtol=1e-6)
    spread = np.sqrt([0.5, 0.09 + 0.16 + 0.21 + 0.24])
    np.testing.assert_allclose(found[:, 1], [2.0 - spread[0], 1.0 - spread[1]], rtol=1e-5)
    # No more species than there are.
    np.testing.assert_allclose(found[:, 2], [2 + 2 * spread[0], 1 + 2 * spread[1]], rtol=1e-5)
    assert diversity(p, mean.astype(np.float32), variance, -9.0, 9.0)[:, 1:3].tolist() == [[0.0, 4.0], [0.0, 4.0]]
    np.testing.assert_allclose(found[:, 3], [entropy(row) for row in p], rtol=1e-5)
    # LCBD over the very plots that the mean is of: its mean is 1 by definition.
    assert found[:, 4].mean() == pytest.approx(1.0, rel=1e-5)


def test_lcbd_is_that_of_legendre_and_de_caceres() -> None:
    p = np.random.default_rng(0).random((30, 7))
    mean, variance = community(p)
    x = np.sqrt(p / p.sum(axis=1, keepdims=True))  # Hellinger
    squares = np.square(x - x.mean(axis=0))
    lcbd = squares.sum(axis=1) / squares.sum()  # sums to 1 over the plots
    found = diversity(p.astype(np.float32), mean.astype(np.float32), variance, -1, 1)[:, 4]
    np.testing.assert_allclose(found, lcbd * len(p), rtol=1e-4)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("richness")
    raster = write_raster(folder / "r.tif")
    mean, variance = np.array([0.5, 0.4, 0.6], np.float32), np.array([0.2], np.float32)
    arrays = {"community.mean": mean, "community.variance": variance}
    write_model(folder / "m.botaclip", raster, arrays=arrays, richness=ABOUT)
    write_model(folder / "old.botaclip", raster)
    write_model(folder / "relative.botaclip", raster, data_type="presence-only")
    return folder


def run(folder: Path, **given: Any) -> dict[str, Any]:
    asked = {"raster": str(folder / "r.tif"), "model": str(folder / "m.botaclip"), "device": "cpu"} | given
    return richness(parse_parameters(RICHNESS, asked)[0], SILENT)


def test_a_map(folder: Path) -> None:
    said = run(folder, output=str(folder / "richness.tif"))
    assert said["species"] == len(SPECIES)
    from botaclip.core.commands import SUITABILITY
    from botaclip.core.suitability import suitability

    asked = {"raster": str(folder / "r.tif"), "model": str(folder / "m.botaclip"), "output": str(folder / "s.tif")}
    suitability(parse_parameters(SUITABILITY, asked)[0], SILENT)
    with rasterio.open(folder / "richness.tif") as dataset, rasterio.open(folder / "s.tif") as species:
        assert dataset.descriptions == BANDS
        made, p = dataset.read(), species.read()
    np.testing.assert_allclose(made[0], p.sum(axis=0), rtol=1e-5)
    seen = np.isfinite(made[0])
    assert (made[1][seen] <= made[0][seen]).all() and (made[0][seen] <= made[2][seen]).all()
    np.testing.assert_allclose(made[3][seen], entropy(p[:, seen]), rtol=1e-4)


@pytest.mark.parametrize(("name", "words"), [("old", "before models could count"), ("relative", "is relative")])
def test_a_model_that_cannot_count_says_why(folder: Path, name: str, words: str) -> None:
    with pytest.raises(ModelFileError, match=words):
        run(folder, model=str(folder / f"{name}.botaclip"), output=str(folder / "none.tif"))
    assert not list(folder.glob("none*"))


@pytest.mark.parametrize("change", [{"low": 3.0}, {"share": 0.0}, {"high": "2"}, {"low": float("nan")}, {"low": None}])
def test_damaged_numbers_are_refused(folder: Path, tmp_path: Path, change: dict[str, Any]) -> None:
    with pytest.raises((ModelFileError, ValueError)):
        write_model(tmp_path / "bad.botaclip", folder / "r.tif", richness=ABOUT | change)


def test_a_community_of_other_species_is_refused(folder: Path, tmp_path: Path) -> None:
    arrays = {"community.mean": np.ones(5, np.float32), "community.variance": np.ones(1, np.float32)}
    write_model(tmp_path / "bad.botaclip", folder / "r.tif", arrays=arrays, richness=ABOUT)
    with pytest.raises(ModelFileError, match="mean community"):
        _ = Model.open(tmp_path / "bad.botaclip").community
