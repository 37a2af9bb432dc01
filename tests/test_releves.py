"""Relevés from long tables, with deliberate dirt."""

from __future__ import annotations

import csv
import inspect
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.conftest import shared
from tests.test_tables import write_points

from botaclip.core.commands import COMMANDS
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
    np.testing.assert_allclose(result.cover.toarray(), [[39.86, 2], [0, 13], [0, 0]], rtol=1e-6)
    assert result.cover.dtype == np.float32
    assert result.data_type == "presence-absence" and result.cover_scale.name == "braun-blanquet"
    said = " ".join(result.report)
    for words in ("Data type deduced: presence-absence", "braun-blanquet", "1 rows in parentheses",
                  "1 plots without coordinates were dropped: D", "1 relevé rows of 1 plots that the plots table does "
                  "not hold were dropped: E", "2 relevé rows without a plot or species name", "1 species stand in one "
                  "plot several times", "1 of 3 plots list no species"):
        assert words in said, words
    assert np.array_equal(result.presence.toarray(), result.cover.toarray() > 0)


def test_midpoints_differ_at_class_four(tmp_path: Path) -> None:
    rows = "plot_id,species,cover\nA,Poa,4\nB,Poa,r\n"
    assert table(tmp_path, rows, cover_scale="braun-blanquet").cover[:, [0]].toarray().ravel().tolist() == [68, 1, 0]
    midpoint = table(tmp_path, rows, cover_scale="braun-blanquet-midpoint")
    np.testing.assert_allclose(midpoint.cover[:, [0]].toarray().ravel(), [62.5, 0.1, 0])
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
    assert result.species.tolist() == ["Poa"] and result.cover[:, [0]].toarray().ravel().tolist() == [100, 0, 0]


def test_abundance_is_summed(tmp_path: Path) -> None:
    result = table(tmp_path, "plot_id,species,cover\nA,Poa,250\nA,Poa,50\nB,Poa,7\n", data_type="abundance")
    assert result.cover[:, [0]].toarray().ravel().tolist() == [300, 7, 0]


@settings(max_examples=25, deadline=None)
@given(order=st.permutations(range(6)))
def test_digests_and_cover_do_not_depend_on_the_order_of_rows(tmp_path_factory: Any, order: list[int]) -> None:
    rows = ["A,Poa,5", "A,Carex,12.5", "B,Carex,12.5", "B,Poa,5", "C,Poa,6", "C,Poa,7"]
    folder = tmp_path_factory.mktemp("releves")
    straight = table(folder, "plot_id,species,cover\n" + "\n".join(rows))
    mixed = table(folder, "plot_id,species,cover\n" + "\n".join(rows[index] for index in order))
    assert mixed.digests.tolist() == straight.digests.tolist()
    np.testing.assert_allclose(mixed.cover.toarray(), straight.cover.toarray(), rtol=1e-6)
    assert straight.digests[0] == straight.digests[1] != straight.digests[2]


def test_coordinates_in_the_releves_of_a_geopackage(tmp_path: Path) -> None:
    path = write_points(tmp_path / "r.gpkg", [700000.0, 700000.0, 700100.0], [6600000.0] * 3,
                        {"Plot_ID": ["A", "A", "B"], "species": ["Poa", "Carex", "Poa"]})
    result = read_releves(f"{path}|layername=plots")
    assert result.plot_ids.tolist() == ["A", "B"] and result.points.crs == "EPSG:2154"
    assert result.cover.toarray().tolist() == [[100, 100], [0, 100]]


def test_names_layers_and_originals(tmp_path: Path) -> None:
    rows = (
        "plot_id;species;layer;cover\nA;Carex nigra (L.) Reichard;H;40\nA;Carex cf. nigra;H;40\nA;Salix alba;T;70\n"
        "A;Salix alba;S;60\nB;Carex sp.;H;10\nB;Salix alba;H;10\nB;Salix alba;H;10\nC;Carex nigra;H;1\n"
    )
    covers = {}
    for rule in ("independent", "sum", "max"):
        result = table(tmp_path, rows, layers=rule)
        covers[rule] = result.cover.toarray().tolist()
        assert result.species.tolist() == ["Carex nigra", "Salix alba"]
    np.testing.assert_allclose(covers["independent"], [[64, 88], [0, 19], [1, 0]], rtol=1e-6)
    assert covers["sum"] == [[80, 100], [0, 20], [1, 0]] and covers["max"] == [[40, 70], [0, 10], [1, 0]]
    said = " ".join(result.report)
    for words in ("Layers were read from column 'layer': H, S, T.",
                  "3 species stand in one plot several times (layers H, S, T): their rows were taken at their largest.",
                  "1 rows repeat plot, species and layer of another row",
                  "1 species are written in several ways, for example 'Carex nigra' ('Carex cf. nigra', "
                  "'Carex nigra', 'Carex nigra (L.) Reichard'); where they meet, 1 times, their rows were combined",
                  "1 names of no species", "releves.csv: semicolon-delimited, plain ASCII."):
        assert words in said, words
    part = result.take(np.array([1]))
    assert {taxon.verbatim: (taxon.name, taxon.status) for taxon in part.taxa} == {
        "Carex cf. nigra": ("Carex nigra", "normalised"), "Carex nigra": ("Carex nigra", "exact"),
        "Carex nigra (L.) Reichard": ("Carex nigra", "normalised"), "Carex sp.": ("Carex sp.", "left out"),
        "Salix alba": ("Salix alba", "exact"),
    }  # fmt: skip
    rows_read = part.originals
    assert rows_read is not None and len(rows_read) == 8
    assert [part[3] for part in (rows_read.plot, rows_read.verbatim, rows_read.layer, rows_read.cover)] == [
        "A", "Salix alba", "S", "60",
    ]  # fmt: skip
    assert rows_read.rows.tolist() == list(range(2, 10))


def test_species_asked_for_as_written(tmp_path: Path) -> None:
    rows = "plot_id;species;cover\nA;Carex nigra (L.) Reichard;40\nA;Poa annua L., s.l.;30\nB;Carex sp.;5\n"
    asked = ["Carex nigra (L.) Reichard", "carex nigra", "Carex nigra Mill.", "Poa annua L., s.l., Carex nigra"]
    got = [table(tmp_path, rows, species=names).requested for names in asked]
    assert got == [("Carex nigra",)] * 3 + [("Poa annua", "Carex nigra")]
    with pytest.raises(ReleveError, match="'Carex sp.' was asked for but left out, as it names no species"):
        table(tmp_path, rows, species="Carex sp.")
    assert table(tmp_path, rows, species="Carex sp.", unidentified="keep").requested == ("Carex sp.",)


def test_accepted_names(tmp_path: Path) -> None:
    (tmp_path / "taxa.csv").write_text("name;accepted\n17;Poa annua L.\nAira x;Poa annua\n")
    rows = "plot_id;species;cover\nA;17;40\nA;Aira x;50\nB;23;5\n"
    result = table(tmp_path, rows, taxa=tmp_path / "taxa.csv")
    assert result.species.tolist() == ["23", "Poa annua"]
    np.testing.assert_allclose(result.cover[:2].toarray(), [[0, 70], [5, 0]], rtol=1e-6)
    assert any("1 names are not in" in line and line.endswith("kept as they are: 23.") for line in result.report)


def test_codes_survive_as_they_are(tmp_path: Path) -> None:
    codes = ["007", "Cist_pani", "ABIALB", "sp1", "Poa.annua"]
    rows = "plot_id;species;cover\n" + "".join(f"A;{code};{10 * index + 10}\n" for index, code in enumerate(codes))
    assert table(tmp_path, rows).species.tolist() == sorted(codes)


def test_nothing_but_names_of_no_species(tmp_path: Path) -> None:
    with pytest.raises(ReleveError, match="no relevé row names a species: all names are left out.*--unidentified keep"):
        table(tmp_path, "plot_id;species;cover\nA;Carex sp.;40\nB;indet.;50\n")


def test_what_is_known_of_plots_follows_those_taken(tmp_path: Path) -> None:
    plots = "plot_id,x,y,site,biotope,year,err,area\nA,700001,6600001,S,wet,2017,5,400\nB,700101,6600001,T,,,,\n"
    result = table(tmp_path, "plot_id,species\nA,Poa\nA,Carex\nB,Poa\n", plots, site_field="site",
                   habitat_field="biotope", date_field="year", uncertainty_field="err", area_field="area")
    part = result.take(np.array([1, 0]))
    assert part.sites is not None and part.sites.tolist() == ["T", "S"]
    assert part.habitats is not None and part.habitats.tolist() == ["", "wet"]
    assert part.dates.tolist() == ["", "2017"] and part.blurred is None
    np.testing.assert_equal(part.uncertainty_m, [np.nan, 5])
    np.testing.assert_equal(part.area_m2, [np.nan, 400])


def test_every_option_of_the_train_command_is_understood() -> None:
    """The job passes all options of the relevés by name."""
    options = [option.key for option in COMMANDS["train"].options]
    first, last = options.index("releves"), options.index("data_type")
    known = set(inspect.signature(read_releves).parameters)
    missing = set(options[first : last + 1]) - known - {"image_date", "date_tolerance"}
    assert not missing and {"groups", "min_presences", "species"} <= known


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


def test_no_species_anywhere(tmp_path: Path) -> None:
    with pytest.raises(ReleveError, match="no species occurs in any plot: all covers are 0. Check the cover column"):
        table(tmp_path, "plot_id,species,cover\nA,Poa,0\nB,Poa,0\n")


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
    assert result.cover[[0]].max() == 0.5 and result.cover_scale.name == "percent"


def test_real_releves_of_four_zones() -> None:
    """Names with authors, plots in four UTM zones, dates as years: counts of the tables' own README."""
    folder = shared("data/neon_releves_rgb")
    result = read_releves(
        folder / "releves.csv", plots=folder / "plots.csv", species_field="scientific_name", min_presences=5,
        cover_field="percent_cover", crs_field="epsg", date_field="releve_year", groups="block", site_field="site",
    )  # fmt: skip
    assert result.cover.shape == (93, 535) and result.points.crs == "EPSG:4326"
    presences = result.presence.sum(axis=0)
    assert (presences >= 10).sum() == 44 and (presences >= 5).sum() == len(result.targets) == 140
    assert result.originals is not None and len(result.originals) == 2278
    assert result.sites is not None and dict(zip(*np.unique(result.sites, return_counts=True), strict=True)) == {
        "ABBY": 1, "HARV": 27, "OSBS": 25, "SJER": 27, "TEAK": 13,
    }  # fmt: skip
    with (folder / "plots.csv").open(encoding="utf-8") as stream:
        degrees = {row["plot_id"]: (float(row["lon"]), float(row["lat"])) for row in csv.DictReader(stream)}
    given = np.array([degrees[plot] for plot in result.plot_ids])
    np.testing.assert_allclose(np.column_stack([result.points.x, result.points.y]), given, atol=5e-6)


def test_a_county_of_releves_is_read_quickly(tmp_path: Path) -> None:
    """A tenth of 600,000 rows in 30,000 plots: well within a minute for the whole."""
    random = np.random.default_rng(0)
    lines = ["plot_id;species;cover;x;y"]
    for plot in range(3000):
        east, north = 700_000 + 7.31 * plot, 6_500_000 + 3.37 * plot
        for name in random.choice(800, 20, replace=False):
            lines.append(f"P{plot:05};Genus{chr(97 + name % 26)} epithet{chr(97 + name // 26 % 26)}"
                         f"{chr(97 + name // 676)}us L.;{'r+1234'[name % 6]};{east:.2f};{north:.2f}")
    (tmp_path / "releves.csv").write_text("\n".join(lines))
    started = time.perf_counter()
    result = read_releves(tmp_path / "releves.csv", crs="EPSG:2154")
    assert result.cover.shape == (3000, 800) and result.cover.nnz == 60_000
    assert time.perf_counter() - started < 20
