"""``botaclip train --environment`` and ``--init``, from files to files."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from affine import Affine

from botaclip.core.commands import TRAIN
from botaclip.core.errors import ModelFileError, OptionError
from botaclip.core.model import Model
from botaclip.core.options import parse_parameters
from botaclip.core.progress import Progress
from botaclip.training import evaluation
from botaclip.training.train import train

from .small_landscape import CRS, releves, write_image, write_releves


def run(folder: Path, name: str, **asked: Any) -> tuple[Model, dict[str, Any], list[str]]:
    """Train; returns the model, the metrics and what was said."""
    said: list[str] = []
    output, metrics = folder / f"{name}.botaclip", folder / f"{name}.json"
    given = {
        "raster": str(folder / "image.tif"), "releves": str(folder / "all.csv"), "crs": CRS, "x_field": "x",
        "y_field": "y", "folds": 2, "epochs": 2, "device": "cpu", "min_presences": 5, "output": str(output),
        "metrics": str(metrics), "buffer": 0.0, "alignment": "supervised",
    }  # fmt: skip
    parameters, unknown = parse_parameters(TRAIN, given | asked)
    assert not unknown
    train(parameters, Progress(None, lambda level, line: said.append(line)))
    return Model.open(output), json.loads(metrics.read_text(encoding="utf-8")), said


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("continued")
    write_image(folder / "image.tif")
    rows = releves()
    middle = float(np.median([row["x"] for row in rows]))
    write_releves(folder / "all.csv", rows)
    write_releves(folder / "west.csv", [row for row in rows if row["x"] < middle - 150])
    with rasterio.open(folder / "image.tif") as image:
        left, bottom, right, top = image.bounds
        crs = image.crs
    with rasterio.open(
        folder / "terrain.tif", "w", driver="GTiff", width=80, height=80, count=2, dtype="float32", crs=crs,
        transform=Affine((right - left) / 76, 0, left - 20, 0, (bottom - top) / 76, top + 20),
    ) as dataset:  # fmt: skip
        down, across = np.mgrid[0:80, 0:80]
        dataset.write((500 + 3 * across + 2 * down).astype("float32"), 1)
        dataset.write((0.3 + 0.001 * np.sin(across / 5)).astype("float32"), 2)
        dataset.set_band_description(1, "height")
        dataset.set_band_description(2, "wetness")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BOTACLIP_CACHE", str(folder / "cache"))
        patch.setattr(evaluation, "LOCATION_MODELS", evaluation.LOCATION_MODELS[:1])
        patch.setattr(evaluation, "ENVIRONMENT_MODELS", evaluation.ENVIRONMENT_MODELS[:2])
        yield folder


@pytest.fixture(scope="module")
def west(folder: Path) -> tuple[Model, dict[str, Any], list[str]]:
    return run(folder, "west", releves=str(folder / "west.csv"), environment=str(folder / "terrain.tif"))


def test_environment_joins_the_model_and_has_a_column(west: tuple[Model, dict[str, Any], list[str]]) -> None:
    model, metrics, said = west
    assert [layer["name"] for layer in model.environment] == ["terrain:height", "terrain:wetness"]
    assert model.dimension == model.image_dimension + 2 and model.width == model.unit_width + 2
    columns = tuple(metrics["summary"])
    assert columns.index("environment_only") == columns.index("location_only") - 1
    assert all("environment_only" in fold["choices"] for fold in metrics["folds"])
    assert any("terrain:height" in line for line in said)


def test_what_another_model_has_seen_is_not_scored(
    folder: Path, west: tuple[Model, dict[str, Any], list[str]]
) -> None:
    model, metrics, said = run(folder, "whole", init=str(folder / "west.botaclip"))
    seen = {row["id"] for row in west[0].file.plots()["plots"]}
    folds = {plot["id"]: plot["fold"] for plot in metrics["plots"]}
    assert seen <= set(folds) and all(folds[name] == -1 for name in seen)
    scored = [name for name, fold in folds.items() if fold >= 0]
    assert len(scored) >= 20 and sum(fold["n_test"] for fold in metrics["folds"]) == len(scored)
    assert model.metadata["provenance"]["parent"]["sha256"] == west[0].file.sha256
    assert model.environment == () and model.metadata["alignment"]["continued"]
    assert "west.botaclip" in metrics["alignment"]["reason"]
    assert any(line.startswith("Training continues from west.botaclip.") for line in said)


@pytest.mark.parametrize(
    "asked, error, found",
    [
        ({"alignment": "none"}, OptionError, "--init continues from the adapter"),
        ({"patch_size": 60.0}, ModelFileError, "because the patch differs"),
        ({"bands": "red=1,green=2,blue=3"}, ModelFileError, "because the bands differ: red, green, blue, nir there"),
    ],
)
@pytest.mark.usefixtures("west")
def test_what_cannot_be_continued_leaves_nothing_behind(
    folder: Path, asked: dict[str, Any], error: type[Exception], found: str
) -> None:
    with pytest.raises(error, match=found):
        run(folder, "refused", init=str(folder / "west.botaclip"), **asked)
    assert not list(folder.glob("refused*"))
