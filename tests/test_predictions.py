"""The layer of plots: everything in its row, predictions of models that never saw it, places as told."""

from __future__ import annotations

import csv
import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.sparse import csr_array

from botaclip.core.cover_scales import SCALES
from botaclip.core.errors import OutputError
from botaclip.core.lattice import Lattice
from botaclip.core.pairing import Pairs
from botaclip.core.places import Points, parse_crs
from botaclip.core.progress import Progress
from botaclip.core.releves import ReleveTable
from botaclip.core.vector_io import read_points
from botaclip.training import predictions
from botaclip.training.evaluation import CrossValidation
from botaclip.training.predictions import check_predictions, write_predictions
from botaclip.training.training_table import TrainingTable

SPECIES = ("Carex nigra", "Poa annua", "carex nigra")
USED = np.array([0, 2, 3])


def made(data_type: str = "presence-absence") -> tuple[ReleveTable, Pairs, TrainingTable, CrossValidation]:
    """Five plots, of which three were used and two of these tested."""
    cover = csr_array(np.array([[5, 0, 1], [0, 0, 0], [0, 3, 0], [9, 9, 0], [0, 1, 0]], np.float32))
    points = Points(np.array([500_010.0, 500_020, 500_030, 500_040, 500_050]), np.full(5, 5e6 + 7), "EPSG:32632")
    table = ReleveTable(
        plot_ids=np.array(list("abcde")), points=points, dates=np.array(["2018", "", "2017-05", "", ""]),
        groups=np.array(["g1", "g1", "g2", "g2", ""]), species=np.array(SPECIES), cover=cover, data_type=data_type,
        cover_scale=SCALES["percent"], report=(), digests=np.array(list("abcde")),
        habitats=np.array(["bog", "", "wood", "bog", ""]),
    )
    lattice = Lattice(parse_crs("EPSG:32632").to_wkt(), 0.0, 0.0, 1.0, 1.0, 10)
    pairs = Pairs(
        plots=USED, rows=USED, cols=USED, offset_m=np.zeros(3), vectors=np.zeros((3, 2), np.float32),
        seen=np.ones(3, np.float32), points=points[USED], lattice=lattice, patch=lattice.patch(100.0),
        encoder=None, dropped=[{"plot": "b", "reason": "outside"}, {"plot": "e", "reason": "blurred"}],
        scene=np.zeros(3, np.int64), lattices=(lattice,),
        flagged=[{"plot": "d", "reason": "large"}, {"plot": "d", "reason": "old"}],
    )  # type: ignore[arg-type]
    data = TrainingTable(
        ids=("a", "c", "d"), places=np.zeros((3, 2)), vectors=pairs.vectors, cover=cover[USED],
        presence=(cover[USED].toarray() > 0).astype(np.float32), species=SPECIES, sites=("north", "north", "south"),
    )
    held = np.array([[0.9, 0.2, 0.51239], [0.1, 0.7, 0.5], [np.nan] * 3])
    blocked = CrossValidation(
        folds=(), fold=np.array([1, 0, -1]), suitability={"raw": held * 0, "adapted": held}, positive={}, baseline={},
        choices=(),
    )
    return table, pairs, data, blocked


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def test_every_plot_has_its_row(tmp_path: Path) -> None:
    write_predictions(tmp_path / "p.csv", *made(), locations="exact")
    rows = rows_of(tmp_path / "p.csv")
    assert [row["plot"] for row in rows] == list("abcde")
    assert [row["dropped"] for row in rows] == ["", "outside", "", "", "blurred"]
    assert [row["flagged"] for row in rows] == ["", "", "", "large; old", ""]
    assert [row["site"] for row in rows] == ["north", "", "north", "south", ""]
    assert [row["habitat"] for row in rows] == ["bog", "", "wood", "bog", ""]
    assert [row["group"] for row in rows] == ["g1", "g1", "g2", "g2", ""]
    assert [row["date"] for row in rows] == ["2018", "", "2017-05", "", ""]
    assert [row["fold"] for row in rows] == ["2.0", "", "1.0", "", ""]
    assert [row["Carex nigra found"] for row in rows] == ["1.0", "", "0.0", "1.0", ""]
    assert [row["Carex nigra suitability"] for row in rows] == ["0.9", "", "0.1", "", ""]
    assert rows[0]["crs"] == "EPSG:32632" and float(rows[4]["x"]) == 500_050.0


def test_an_unlisted_species_is_not_called_absent_where_absences_are_not_known(tmp_path: Path) -> None:
    write_predictions(tmp_path / "p.csv", *made("presence-only"), locations="exact")
    assert [row["Poa annua found"] for row in rows_of(tmp_path / "p.csv")] == ["", "", "1.0", "1.0", ""]


def test_a_geopackage_holds_the_same_whatever_the_case_of_names(tmp_path: Path) -> None:
    write_predictions(tmp_path / "p.gpkg", *made(), locations="exact")
    points, columns = read_points(tmp_path / "p.gpkg")
    assert parse_crs(points.crs).to_epsg() == 32632 and points.x.tolist()[0] == 500_010.0
    assert columns["plot"].tolist() == list("abcde")
    np.testing.assert_array_equal(columns["Carex nigra suitability"], [0.9, np.nan, 0.1, np.nan, np.nan])
    np.testing.assert_array_equal(columns["carex nigra (2) suitability"], [0.5124, np.nan, 0.5, np.nan, np.nan])


def test_places_are_as_exact_as_told(tmp_path: Path) -> None:
    write_predictions(tmp_path / "p.csv", *made(), locations="coarse:1000")
    assert {(row["x"], row["y"]) for row in rows_of(tmp_path / "p.csv")} == {("500500.0", "5000500.0")}
    write_predictions(tmp_path / "none.csv", *made(), locations="none")
    rows = rows_of(tmp_path / "none.csv")
    assert not {"x", "y", "crs", "site", "group"} & set(rows[0])
    assert [row["Poa annua suitability"] for row in rows] == ["0.2", "", "0.7", "", ""]
    with pytest.raises(OutputError, match="tells their places, but --plot-locations is none. Write a .csv"):
        check_predictions(tmp_path / "p.gpkg", "none")
    with pytest.raises(OutputError, match="plots are not written as '.shp'. End the name in .gpkg or .csv"):
        check_predictions(tmp_path / "p.shp", "exact")


def test_what_has_no_room_in_a_geopackage_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(predictions, "MOST_COLUMNS", 14)
    said: list[Any] = []
    table, pairs, data, blocked = made()
    progress = Progress(log=lambda level, text: said.append((level, text)))
    write_predictions(tmp_path / "p.gpkg", table, pairs, data, blocked, locations="exact", progress=progress)
    found = [name for name in read_points(tmp_path / "p.gpkg")[1] if name.endswith(" found")]
    assert found == ["Carex nigra found", "Poa annua found"]
    assert said == [("warning", "A GeoPackage has room for 2 of the 3 species: p.gpkg holds those with the most "
                     "presences; a .csv holds all.")]  # fmt: skip
    few = dataclasses.replace(data, presence=data.presence[:, [2, 1, 0]])
    write_predictions(tmp_path / "q.csv", table, pairs, few, blocked, locations="exact")
    assert len([name for name in rows_of(tmp_path / "q.csv")[0] if name.endswith(" found")]) == 3
