"""Classes of places: those of the training plots, the same on every raster, told by their indicator species."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio

from botaclip.core.commands import CLUSTERS
from botaclip.core.errors import OptionError, PairingError
from botaclip.core.model import Model
from botaclip.core.options import parse_parameters
from botaclip.core.progress import SILENT
from botaclip.training.clusters import Clusters, clusters, legend
from botaclip.training.indicator_species import Indicator

from .model_fixture import write_model, write_raster


def test_planted_classes_are_found() -> None:
    random = np.random.default_rng(0)
    centres = np.eye(6)[:3] * 5
    sizes = (50, 20, 30)
    truth = np.repeat([0, 1, 2], sizes)
    unit = (centres[truth] + random.normal(0, 0.1, (100, 6))).astype(np.float32)
    found = Clusters.fit(unit, 3)
    # The class of most plots comes first.
    assert found.plots.tolist() == [50, 30, 20]
    made = found.of(unit)
    assert made.dtype == np.uint8 and (made == np.array([1, 3, 2])[truth]).all()
    for number, of in ((1, 0), (2, 2), (3, 1)):
        np.testing.assert_allclose(found.centres[number - 1], unit[truth == of].mean(axis=0), rtol=1e-4, atol=1e-5)
    # Another order of plots, another start: the same classes.
    again = Clusters.fit(unit[random.permutation(100)], 3, random_state=9)
    np.testing.assert_array_equal(again.of(unit), made)


def test_what_is_not_known_has_no_class_and_rows_stand_for_themselves() -> None:
    unit = np.random.default_rng(1).normal(size=(60, 5)).astype(np.float32)
    found = Clusters.fit(unit, 4)
    many = np.random.default_rng(2).normal(size=(9_000, 5)).astype(np.float32)
    many[[0, 5_000]] = np.nan
    made = found.of(many)
    assert made[0] == made[5_000] == 0 and (np.delete(made, [0, 5_000]) > 0).all()
    distance = np.linalg.norm(many[:, None] - found.centres, axis=2)
    known = np.isfinite(distance).all(axis=1)
    np.testing.assert_array_equal(made[known], distance[known].argmin(axis=1) + 1)


def test_more_classes_than_plots_are_refused() -> None:
    unit = np.ones((20, 3), np.float32)
    unit[:3] = np.eye(3)
    with pytest.raises(OptionError, match="5 classes cannot be told among 4 different training plots"):
        Clusters.fit(unit, 5)


def test_a_legend_names_the_best_species() -> None:
    values = {"a": 0.9, "b": 0.8, "c": 0.5, "d": 0.4}
    found = [Indicator("2", name, 1, 1, value, 0, 0) for name, value in values.items()]
    assert legend(2, found) == "class 2: a, b, c" and legend(1, found) == "class 1"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("clusters")
    write_model(folder / "m.botaclip", write_raster(folder / "r.tif"))
    return folder


def run(folder: Path, **given: Any) -> dict[str, Any]:
    asked = {"raster": str(folder / "r.tif"), "model": str(folder / "m.botaclip"), "device": "cpu", "clusters": 3}
    return clusters(parse_parameters(CLUSTERS, asked | given)[0], SILENT)


def test_map_and_table(folder: Path) -> None:
    said = run(folder, output=str(folder / "plain.tif"))
    assert sum(said["plots"]) == 30 and "indicators" not in said
    with rasterio.open(folder / "plain.tif") as dataset:
        assert (dataset.count, dataset.dtypes[0], dataset.nodata) == (1, "uint8", 0)
        made = dataset.read(1)
        rows, cols = np.nonzero(made)
        chosen = np.random.default_rng(0).choice(len(rows), 60, replace=False)
        rows, cols = rows[chosen], cols[chosen]
        xs, ys = dataset.xy(rows, cols)
        of = made[rows, cols]
    assert len(np.unique(made[made > 0])) >= 2
    # A species for each class, on its plots and nowhere else; one that is everywhere.
    lines = ["plot_id,x,y,species,cover"]
    for plot, (x, y, number) in enumerate(zip(xs, ys, of, strict=True)):
        lines += [f"p{plot},{x},{y},Species alpha{'abc'[number - 1]},20", f"p{plot},{x},{y},Poa annua,10"]
    (folder / "releves.csv").write_text("\n".join(lines) + "\n")
    given = {
        "releves": str(folder / "releves.csv"), "crs": "EPSG:2154", "x_field": "x", "y_field": "y",
        "cover_scale": "percent", "names": "verbatim", "indicators": str(folder / "table.csv"),
    }  # fmt: skip
    said = run(folder, output=str(folder / "told.tif"), **given)
    with (folder / "table.csv").open(newline="") as file:
        table = {row["species"]: row for row in csv.DictReader(file)}
    for number in np.unique(of):
        row = table[f"Species alpha{'abc'[number - 1]}"]
        assert (row["class"], row["indval"], row["specificity"], row["fidelity"]) == (str(number), *["1.0000"] * 3)
        assert float(row["p"]) < 0.05
    assert float(table["Poa annua"]["phi"]) == 0.0 and float(table["Poa annua"]["p"]) == 1.0
    assert f"{of[0]}: Species alpha" in (folder / "told.qml").read_text()
    with rasterio.open(folder / "told.tif") as dataset:
        np.testing.assert_array_equal(dataset.read(1), made)
    assert said["indicators"] == str(folder / "table.csv")


def test_releves_and_table_go_together(folder: Path) -> None:
    with pytest.raises(OptionError, match="--indicators needs --releves"):
        run(folder, output=str(folder / "none.tif"), indicators=str(folder / "none.csv"))
    with pytest.raises(OptionError, match="--releves needs --indicators"):
        run(folder, output=str(folder / "none.tif"), releves=str(folder / "releves.csv"))
    rows = ("plot_id,x,y,species,cover", "p,600000,6500000,Poa annua,3", "q,600100,6500000,Poa annua,3")
    (folder / "far.csv").write_text("\n".join(rows) + "\n")
    with pytest.raises(PairingError, match="fewer than two classes"):
        run(folder, output=str(folder / "none.tif"), indicators=str(folder / "none.csv"), x_field="x", y_field="y",
            releves=str(folder / "far.csv"), crs="EPSG:2154", cover_scale="percent")  # fmt: skip
    assert not list(folder.glob("none*"))


def test_model_space(folder: Path) -> None:
    model = Model.open(folder / "m.botaclip")
    found = Clusters.fit(model.plot_vectors, 3)
    assert np.bincount(found.of(model.plot_vectors))[1:].tolist() == found.plots.tolist()
