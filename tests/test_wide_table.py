"""Matrices of plots and species, either way round."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from tests.conftest import shared

from botaclip.core.errors import CoverScaleError, ReleveError
from botaclip.core.releves import ReleveTable, read_releves
from botaclip.core.tables import read_table
from botaclip.core.wide_table import Fields, layout_of, read_matrix, species_columns

FIELDS = Fields("plot_id", "species")
WIDE = (
    "plot_id;x;y;Altitude (m);habitat;Poa annua;Carex nigra L.;Salix alba;richness\n"
    "A;700001;6600000;50;wet;r;.;2a;2\n"
    "B;700101;6600000;60;dry;0;-;;0\n"
    "C;700201;6600000;70;wet;3;+;;2\n"
)
TRANSPOSED = "species;layer;A;B;C\nPoa annua;H;r;0;3\nCarex nigra L.;H;.;-;+\nSalix alba;T;2a;;\n"
PLOTS = "plot_id,x,y\nA,700001,6600000\nB,700101,6600000\nC,700201,6600000\nD,700301,6600000\n"


def read(folder: Path, text: str, plots: str | None = None, **options: object) -> ReleveTable:
    (folder / "releves.csv").write_text(text)
    if plots:
        (folder / "plots.csv").write_text(plots)
        options["plots"] = folder / "plots.csv"
    return read_releves(folder / "releves.csv", crs="EPSG:2154", **options)  # type: ignore[arg-type]


@pytest.mark.parametrize("layout", ["auto", "stated"])
def test_both_ways_round(tmp_path: Path, layout: str) -> None:
    wide = read(tmp_path, WIDE, layout="auto" if layout == "auto" else "wide")
    turned = read(tmp_path, TRANSPOSED, PLOTS, layout="auto" if layout == "auto" else "transposed")
    for table in (wide, turned):
        assert table.plot_ids.tolist() == ["A", "B", "C"]
        assert table.species.tolist() == ["Carex nigra", "Poa annua", "Salix alba"]
        assert table.cover.toarray().tolist() == [[0, 1, 8], [0, 0, 0], [2, 38, 0]]
        assert table.data_type == "presence-absence" and table.cover_scale.name == "braun-blanquet"
        assert any("Layout deduced" in line for line in table.report) == (layout == "auto")
    assert "3 columns were read as species (Poa annua, Carex nigra L., Salix alba); not as species: plot_id, x, y, " \
           "Altitude (m), habitat, richness." in wide.report  # fmt: skip
    assert "1 plots are not in the matrix and were left out: D." in turned.report
    assert turned.originals is not None and turned.originals.layer.tolist() == ["H", "T", "H", "H"]


def test_an_unknown_code_is_named_with_row_and_column(tmp_path: Path) -> None:
    with pytest.raises(CoverScaleError, match=r"'zz' \(row 3, column 'Poa annua'\)"):
        read(tmp_path, WIDE.replace(";dry;0;", ";dry;zz;"), cover_scale="braun-blanquet")
    with pytest.raises(CoverScaleError, match=r"'zz' \(row 2, column 'B'\)"):
        read(tmp_path, TRANSPOSED.replace("H;r;0;3", "H;r;zz;3"), PLOTS, cover_scale="braun-blanquet")


def test_rows_that_describe_plots(tmp_path: Path) -> None:
    """Phytosociological tables carry the heads of the relevés as rows."""
    text = "name;A;B\nx;700001;700101\ny;6600000;6600000\nAltitude;500;510\nPoa annua;r;2\nCarex nigra;;1\n"
    table = read(tmp_path, text, layout="transposed", species_field="name")
    assert table.points.x.tolist() == [700001, 700101]
    assert table.species.tolist() == ["Carex nigra", "Poa annua"]
    assert table.cover.toarray().tolist() == [[0, 1], [3, 13]]
    assert any("rows that describe plots: x, y, Altitude" in line for line in table.report)


@pytest.mark.parametrize(
    ("text", "layout"),
    [
        ("plot_id,species,cover\nA,Poa annua,2\n", "long"),
        ("plot_id,Poa annua,Salix alba\nA,1,0\n", "wide"),
        ("species,P1,P2\nPoa annua,1,0\n", "transposed"),
        ("plot_id,species,Poa annua,Salix alba,Carex nigra\nA,2,1,1,0\nB,1,0,0,1\n", "wide"),
        ("plot_id,habitat\nA,wet\n", "long"),
        ("Releve,x,y,Poa annua,Salix alba\nA,1,2,1,0\n", "wide"),
        ("a,b\nc,d\n", "long"),
        ("plot_id,taxon,percent_cover,trace\nA,Poa annua,2,0\nA,Salix alba,2,0\nA,Abies alba,2,1\n", "long"),
        ("releve,species,cover,is_species\nA,Poa annua,2,1\nB,Poa annua,2,1\nC,Poa annua,2,1\n", "long"),
        ("plot_id,taxon,percent_cover\nA,Poa annua,2\n", "long"),
    ],
)
def test_layouts(tmp_path: Path, text: str, layout: str) -> None:
    (tmp_path / "t.csv").write_text(text)
    assert layout_of(read_table(tmp_path / "t.csv"), FIELDS, None)[0] == layout


def test_layout_by_the_names_of_the_plots(tmp_path: Path) -> None:
    """R writes row names under an empty header."""
    ids = np.array(["A", "B"])
    (tmp_path / "t.csv").write_text(",Poa annua,Salix alba\nA,1,0\nB,0,1\n")
    table = read_table(tmp_path / "t.csv")
    assert layout_of(table, FIELDS, ids)[0] == "wide"
    matrix = read_matrix(table, "wide", FIELDS, plot_ids=ids)
    assert matrix.releves.columns["plot_id"].tolist() == ["A", "B"] and matrix.surveyed.tolist() == ["A", "B"]
    (tmp_path / "t.csv").write_text(",A,B\nPoa annua,1,0\nSalix alba,1,1\n")
    table = read_table(tmp_path / "t.csv")
    assert layout_of(table, FIELDS, ids)[0] == "transposed"
    matrix = read_matrix(table, "transposed", FIELDS, plot_ids=ids)
    assert matrix.releves.columns["species"].tolist() == ["Poa annua", "Salix alba", "Salix alba"]
    assert "the first one, 'column 1', was taken for the species' names" in matrix.report[0]


def test_named_columns_are_no_species(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("plot_id,AAA1,AAA2,moisture\nA,1,2,3\n")
    table = read_table(tmp_path / "t.csv")
    assert species_columns(table, FIELDS) == ["AAA1", "AAA2", "moisture"]
    assert species_columns(table, Fields("plot_id", "species", others=("moisture",))) == ["AAA1", "AAA2"]


def test_counts_above_100(tmp_path: Path) -> None:
    text = "plot_id,x,y,Poa annua,Salix alba\nA,1001,2,250,0\nB,1002,3,130,300\nC,1003,3,0,7\n"
    table = read(tmp_path, text, data_type="abundance", layout="wide")
    assert table.cover.toarray().tolist() == [[250, 0], [130, 300], [0, 7]]


def test_no_species_or_plots(tmp_path: Path) -> None:
    with pytest.raises(ReleveError, match="no column holds covers of a species"):
        read(tmp_path, "plot_id,x,y\nA,1,2\n", layout="wide")
    with pytest.raises(ReleveError, match="no species occurs in any plot: all cells are empty or 0"):
        read(tmp_path, "plot_id,Poa annua,Salix alba\nA,0,\nB,.,-\n", PLOTS)
    with pytest.raises(ReleveError, match="no column holds covers of a plot"):
        read(tmp_path, "species,family\nPoa annua,Poaceae\n", PLOTS, layout="transposed")


@pytest.mark.parametrize(("name", "field"), [("ecospat_w_alps", "presence"), ("mongon_releves", "percent_cover")])
def test_long_wide_and_transposed_are_equal(tmp_path: Path, name: str, field: str) -> None:
    """Real relevés, spread out both ways; metadata in the wide one are not species."""
    folder = shared(f"data/{name}")
    with (folder / "releves.csv").open(encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    with (folder / "plots.csv").open(encoding="utf-8") as stream:
        plots = list(csv.DictReader(stream))
    found = {(row["plot_id"], row["species"]): row[field] for row in rows}
    species = sorted({row["species"] for row in rows})
    with (tmp_path / "wide.csv").open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow([*plots[0], *species])
        for plot in plots:
            writer.writerow([*plot.values(), *(found.get((plot["plot_id"], one), "0") for one in species)])
    with (tmp_path / "transposed.csv").open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream, delimiter=";")
        writer.writerow(["species", *(plot["plot_id"] for plot in plots)])
        for one in species:
            writer.writerow([one, *(found.get((plot["plot_id"], one), "").replace(".", ",") for plot in plots)])
    options = {"groups": "block", "cover_field": field}
    long = read_releves(folder / "releves.csv", plots=folder / "plots.csv", **options)
    wide = read_releves(tmp_path / "wide.csv", **options)
    turned = read_releves(tmp_path / "transposed.csv", plots=folder / "plots.csv", **options)
    assert long.species.size == len(species) == len({taxon.verbatim for taxon in wide.taxa})
    for table in (wide, turned):
        assert table.plot_ids.tolist() == long.plot_ids.tolist() and table.species.tolist() == long.species.tolist()
        np.testing.assert_array_equal(table.cover.toarray(), long.cover.toarray())
        assert table.digests.tolist() == long.digests.tolist()
        np.testing.assert_array_equal(table.points.x, long.points.x)
        assert table.groups is not None and long.groups is not None
        assert table.groups.tolist() == long.groups.tolist() and table.data_type == long.data_type
