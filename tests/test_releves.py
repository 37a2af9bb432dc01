"""Relevés from long tables, with deliberate dirt."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.conftest import shared
from tests.test_tables import write_points

from botaclip.core.errors import ReleveError
from botaclip.core.releves import ReleveTable, choose_species, read_releves

PLOTS = "plot_id,x,y\nA,700000,6600000\nB,700100,6600000\nC,700200,6600000\nD,,\n"
RELEVES = """plot_id;species;cover
B;Poa annua;2
A;Poa annua;+
A;Carex nigra;3
A;Carex nigra;1
D;Poa annua;1
E;Poa annua;1
B;;1
;Poa annua;1
B;Salix alba;(+)
"""


def table(folder: Path, releves: str = RELEVES, plots: str | None = PLOTS, **options: Any) -> ReleveTable:
    (folder / "releves.csv").write_text(releves)
    if plots is not None:
        (folder / "plots.csv").write_text(plots)
        options["plots"] = folder / "plots.csv"
    return read_releves(folder / "releves.csv", **({"crs": "EPSG:2154"} | options))


def test_a_dirty_table(tmp_path: Path) -> None:
    result = table(tmp_path)
    assert result.plot_ids.tolist() == ["A", "B", "C"]
    assert result.species.tolist() == ["Carex nigra", "Poa annua"]
    # two layers of Carex, 38 % and 3 %, that overlap at random: 1 - 0.62 * 0.97
    np.testing.assert_allclose(result.cover, [[39.86, 2], [0, 13], [0, 0]], rtol=1e-6)
    assert result.cover.dtype == np.float32
    assert result.data_type == "presence-absence" and result.cover_scale.name == "braun-blanquet"
    said = " ".join(result.report)
    for words in ("Data type deduced: presence-absence", "braun-blanquet", "1 rows in parentheses",
                  "1 plots without coordinates were dropped: D", "1 relevé rows of 1 plots that the plots table does "
                  "not hold were dropped: E", "2 relevé rows without a plot or species name", "1 species stand in one "
                  "plot several times", "1 of 3 plots list no species"):
        assert words in said, words
    assert np.array_equal(result.presence, result.cover > 0)


def test_midpoints_differ_at_class_four(tmp_path: Path) -> None:
    rows = "plot_id,species,cover\nA,Poa,4\nB,Poa,r\n"
    assert table(tmp_path, rows, cover_scale="braun-blanquet").cover[:, 0].tolist() == [68, 1, 0]
    midpoint = table(tmp_path, rows, cover_scale="braun-blanquet-midpoint")
    np.testing.assert_allclose(midpoint.cover[:, 0], [62.5, 0.1, 0])
    assert midpoint.cover_scale.to_json()["values"]["4"] == 62.5


@pytest.mark.parametrize(
    ("rows", "options", "kind", "plots"),
    [
        ("A,Poa\nA,Carex\nB,Poa\n", {}, "presence-absence", 3),
        ("A,Poa\nB,Carex\n", {}, "presence-only", 2),
        ("A,Poa\nB,Carex\n", {"data_type": "presence-absence"}, "presence-absence", 3),
        ("A,Poa\nA,Carex\n", {"data_type": "abundance"}, "abundance", 3),
    ],
)
def test_data_type(tmp_path: Path, rows: str, options: dict[str, Any], kind: str, plots: int) -> None:
    result = table(tmp_path, "plot_id,species\n" + rows, **options)
    assert result.data_type == kind and len(result) == plots
    assert any("Data type deduced" in line for line in result.report) == ("data_type" not in options)


def test_listed_absences_make_presence_absence(tmp_path: Path) -> None:
    result = table(tmp_path, "plot_id,species,cover\nA,Poa,1\nB,Poa,0\nC,Stipa,0\n")
    assert result.data_type == "presence-absence"
    assert result.species.tolist() == ["Poa"] and result.cover[:, 0].tolist() == [100, 0, 0]


def test_abundance_is_summed(tmp_path: Path) -> None:
    result = table(tmp_path, "plot_id,species,cover\nA,Poa,250\nA,Poa,50\nB,Poa,7\n", data_type="abundance")
    assert result.cover[:, 0].tolist() == [300, 7, 0]


@settings(max_examples=25, deadline=None)
@given(order=st.permutations(range(6)))
def test_digests_and_cover_do_not_depend_on_the_order_of_rows(tmp_path_factory: Any, order: list[int]) -> None:
    rows = ["A,Poa,5", "A,Carex,12.5", "B,Carex,12.5", "B,Poa,5", "C,Poa,6", "C,Poa,7"]
    folder = tmp_path_factory.mktemp("releves")
    straight = table(folder, "plot_id,species,cover\n" + "\n".join(rows))
    mixed = table(folder, "plot_id,species,cover\n" + "\n".join(rows[index] for index in order))
    assert mixed.digests.tolist() == straight.digests.tolist()
    np.testing.assert_allclose(mixed.cover, straight.cover, rtol=1e-6)
    assert straight.digests[0] == straight.digests[1] != straight.digests[2]


def test_coordinates_in_the_releves_of_a_geopackage(tmp_path: Path) -> None:
    path = write_points(tmp_path / "r.gpkg", [700000.0, 700000.0, 700100.0], [6600000.0] * 3,
                        {"Plot_ID": ["A", "A", "B"], "species": ["Poa", "Carex", "Poa"]})
    result = read_releves(f"{path}|layername=plots")
    assert result.plot_ids.tolist() == ["A", "B"] and result.points.crs == "EPSG:2154"
    assert result.cover.tolist() == [[100, 100], [0, 100]]


def test_targets_follow_the_plots_taken(tmp_path: Path) -> None:
    rows = "plot_id,species\nA,Poa\nB,Poa\nA,Carex\nB,Stipa\nC,Stipa\nC,Salix\n"
    result = table(tmp_path, rows, min_presences=2, species="poa, stipa,Salix")
    assert result.species[result.targets].tolist() == ["Poa", "Stipa"]
    assert result.omitted == {"Carex": "not asked for", "Salix": "1 presences, fewer than 2"}
    part = result.take(np.array([1, 2]))
    assert part.plot_ids.tolist() == ["B", "C"] and part.points.x.tolist() == [700100, 700200]
    assert part.omitted["Stipa"] == "present in every plot" and not part.targets.size


def test_nothing_meets(tmp_path: Path) -> None:
    with pytest.raises(ReleveError, match="no relevé row belongs to a plot"):
        table(tmp_path, "plot_id,species\nX,Poa\n")


def test_choose_species() -> None:
    known = ["Acer circinatum, Pursh", "Poa annua", "poa"]
    assert choose_species(None, known, where="m") == [0, 1, 2]
    assert choose_species("Poa annua, acer circinatum, Pursh,", known, where="m") == [1, 0]
    assert choose_species(["poa", "POA ANNUA", "poa"], known, where="m") == [2, 1]
    with pytest.raises(ReleveError, match="'Poa anua' .* Did you mean Poa annua"):
        choose_species("Poa anua", known, where="m")


def test_real_releves() -> None:
    """Counts of the tables' own README."""
    folder = shared("data/mongon_releves")
    result = read_releves(folder / "releves.csv", plots=folder / "plots.csv", cover_field="percent_cover",
                          groups="block")
    assert result.cover.shape == (70, 65) and result.points.crs == "EPSG:32717"
    assert result.cover[0].max() == 0.5 and result.cover_scale.name == "percent"
