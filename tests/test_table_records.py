"""Quotes that are not closed, and titles above the header."""

from __future__ import annotations

from pathlib import Path

import pytest

from botaclip.core.errors import ReleveError
from botaclip.core.releves import read_releves
from botaclip.core.tables import Table, read_table

GOOD = "A0,Poa annua,5\n"


def read(folder: Path, text: str) -> Table:
    (folder / "t.csv").write_text(text)
    return read_table(folder / "t.csv")


@pytest.mark.parametrize("mark", [",", ";"])
@pytest.mark.parametrize(
    "rows",
    [
        'A1,"Carex nigra,20.5\nA2,Nardus stricta,3.5\n',  # to the end of the file
        'A1,"Carex nigra,20.5\nA2,"Nardus stricta",3.5\n',  # to the next quote
        'A1,"Carex nigra,20.5\nA2,Nardus stricta",3.5\n',  # as many values as the header
        'A1,"Carex nigra,20.5\nA2,Nardus stricta,3.5\nA3,"Salix alba",1\nA4,Poa annua,2\n',
        'A1,"Carex nigra,20.5\n',  # the last row
        'A1,"Carex nigra,20.5',
        '"A1,Carex nigra,20.5\nA2,Nardus stricta,3.5\nA3,Salix alba,1\n',
    ],
)
def test_a_quote_that_is_not_closed(tmp_path: Path, rows: str, mark: str) -> None:
    with pytest.raises(ReleveError, match=r'a quote \("\) that opens in row 3 is not closed there'):
        read(tmp_path, ("plot_id,species,cover\n" + GOOD + rows).replace(",", mark))


def test_an_open_quote_in_the_header_and_below_a_line_that_states_the_delimiter(tmp_path: Path) -> None:
    with pytest.raises(ReleveError, match="opens in row 1 is"):
        read(tmp_path, 'plot_id,"species,cover\n' + GOOD * 3)
    with pytest.raises(ReleveError, match="opens in row 3 is"):
        read(tmp_path, 'sep=,\nplot_id,species,cover\nA1,"Carex nigra,20.5\n' + GOOD)


def test_lines_swallowed_by_a_pair_of_quotes(tmp_path: Path) -> None:
    """The values are as many as the header has, but every line is a record by itself."""
    head = "plot_id,species,cover,remark\n"
    with pytest.raises(ReleveError, match="opens in row 2 is"):
        read(tmp_path, head + 'A1,Carex nigra,20.5,"wet\nA2,Nardus stricta,3.5,dry"\nA3,Salix alba,1,\n')


def test_remarks_of_several_lines(tmp_path: Path) -> None:
    table = read(
        tmp_path,
        "plot_id,remark,species,cover,more\n"
        '1,"wet,\nmown ""early"", cut","Poa, annua",5,"seen,\nby two, in May, at\nnoon"\n'
        "2,dry,Carex nigra,7,\n",
    )
    assert {name: values.tolist() for name, values in table.columns.items()} == {
        "plot_id": ["1", "2"], "remark": ['wet,\nmown "early", cut', "dry"], "species": ["Poa, annua", "Carex nigra"],
        "cover": ["5", "7"], "more": ["seen,\nby two, in May, at\nnoon", ""],
    }  # fmt: skip
    assert table.rows.tolist() == [2, 6]


def test_quotes_that_are_no_quotes(tmp_path: Path) -> None:
    table = read(tmp_path, 'plot_id,species,pot\nA,"Carex" nigra,5"\nB,Poa annua,6"\n')
    assert table.columns["species"].tolist() == ["Carex nigra", "Poa annua"]
    assert table.columns["pot"].tolist() == ['5"', '6"']


def test_a_plot_or_species_name_of_two_lines(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text('plot_id,species,x,y\nA,"Carex\nnigra",700001,6600000\nB,Poa,700100,6600000\n')
    with pytest.raises(ReleveError, match=r"the value 'Carex\\nnigra' in column 'species', row 2, goes over several"):
        read_releves(tmp_path / "t.csv", crs="EPSG:2154")
    (tmp_path / "t.csv").write_text("plot_id,species\nA,Poa annua\n")
    (tmp_path / "p.csv").write_text('plot_id,x,y\n"A\nB",700001,6600000\nC,700100,6600000\n')
    with pytest.raises(ReleveError, match=r"column 'plot_id', row 2, goes over several lines"):
        read_releves(tmp_path / "t.csv", plots=tmp_path / "p.csv", crs="EPSG:2154")


@pytest.mark.parametrize(
    "title", ["Vercors 2021,,\n", "Vercors 2021\n", '"Vercors 2021, Drôme"\n', "Vercors 2021\n\n", "\n\nVercors 2021\n"]
)
@pytest.mark.parametrize("mark", [",", ";", "\t"])
def test_a_title_above_the_header_is_left_out(tmp_path: Path, title: str, mark: str) -> None:
    text = title + "plot_id,species,cover\nA,Poa annua,5\nB,Carex nigra,7\n".replace(",", mark)
    table = read(tmp_path, text.replace(",,", mark * 2))
    assert list(table.columns) == ["plot_id", "species", "cover"]
    assert table.columns["cover"].tolist() == ["5", "7"]
    assert table.rows.tolist() == [title.count("\n") + 2, title.count("\n") + 3]
    assert len(table.notes) == 1 and "is a title above the header and was left out" in table.notes[0]


def test_the_title_is_in_the_report(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("Vercors\nplot_id,species,x,y\nA,Poa annua,700001,6600000\n")
    report = read_releves(tmp_path / "t.csv", crs="EPSG:2154").report
    assert "t.csv: row 1 ('Vercors') is a title above the header and was left out." in report


def test_what_may_be_a_title(tmp_path: Path) -> None:
    """No number tells the header from the relevés."""
    with pytest.raises(ReleveError, match=r"row 1 \('Vercors'\) has one value .* looks like a title. Delete it"):
        read(tmp_path, "Vercors,,\nplot,species,cover\nA,Poa annua,r\nB,Carex nigra,+\n")
    assert list(read(tmp_path, "species\nPoa annua\nCarex nigra\n").columns) == ["species"]
    with pytest.raises(ReleveError, match="row 4 has 2 values, the header 1"):
        read(tmp_path, "species\nPoa annua\nSalix alba\nCarex nigra, L.\nAbies alba\nAcer campestre\nAjuga reptans\n")


def test_spreadsheets_that_are_none(tmp_path: Path) -> None:
    for name in ("t.xlsx", "t.ods", "t.gpkg"):
        (tmp_path / name).write_bytes(b"PK\x03\x04 cut off")
        with pytest.raises(ReleveError, match="it is damaged, or not") as caught:
            read_table(tmp_path / name)
        assert "DRIVER" not in str(caught.value) and "prefix" not in str(caught.value)
