"""Tables as people have them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyogrio.raw
import pytest

from botaclip.core.errors import ReleveError
from botaclip.core.tables import parse_number, read_table


def write_points(path: Path, x: list[float], y: list[float], fields: dict[str, list], layer: str = "plots",
                 crs: str | None = "EPSG:2154") -> Path:
    """Write a point layer; a NaN coordinate makes a feature without geometry."""
    shapes = np.array(
        [None if np.isnan(a) else b"\x01\x01\x00\x00\x00" + np.array([a, b], "<f8").tobytes()
         for a, b in zip(x, y, strict=True)], dtype=object,
    )
    pyogrio.raw.write(
        path, shapes, [np.array(values) for values in fields.values()], list(fields), layer=layer,
        geometry_type="Point", crs=crs, driver="GPKG", append=path.exists(),
    )
    return path


@pytest.mark.parametrize(
    "content",
    [
        b"plot_id,cover\n1,\"12,5\"\n2,\n",
        b"\xef\xbb\xbfplot_id;cover\r\n1;12,5\r\n\r\n2;NA\r\n",
        "plot_id\tcover\n1\t12.5\n2\t\\N\n".encode("utf-16"),
        b"plot_id , cover\n 1 , 12.5\n2, nan",
    ],
)
def test_every_dialect_reads_alike(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(content)
    table = read_table(path)
    assert list(table.columns) == ["plot_id", "cover"]
    assert table.columns["plot_id"].tolist() == ["1", "2"]
    numbers = table.numbers("COVER", option="--cover-field")
    assert numbers[0] == 12.5 and np.isnan(numbers[1])


def test_latin_letters_of_windows(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes("species\nCarex × höstiana\n".encode("cp1252"))
    assert read_table(path).columns["species"][0] == "Carex × höstiana"


@pytest.mark.parametrize(
    ("text", "number"),
    [("12,5", 12.5), ("1.234,5", 1234.5), ("1,234.5", 1234.5), ("1 234,5", 1234.5), ("-3", -3.0), ("6.5e5", 6.5e5)],
)
def test_decimal_commas(text: str, number: float) -> None:
    assert parse_number(text) == number


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "empty"),
        ("plot_id,cover\n", "empty"),
        ("plot_id,cover\n1,12,5\n", "row 2 has 3 values, the header 2"),
        ("plot_id,plot_id\n1,2\n", "twice"),
    ],
)
def test_broken_tables_are_named(tmp_path: Path, content: str, words: str) -> None:
    path = tmp_path / "t.csv"
    path.write_text(content)
    with pytest.raises(ReleveError, match=words):
        read_table(path)


def test_rows_are_counted_as_a_spreadsheet_does(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("plot_id,x\na,1\n\nb,east\n")
    with pytest.raises(ReleveError, match="'east' in column 'x', row 4, is not a number"):
        read_table(path).numbers("x", option="--x-field")


def test_missing_and_ambiguous_columns(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("Plot,Cover,cover %\na,1,2\n")
    table = read_table(path)
    assert table.column("plot", option="--plot-field")[0] == "a"
    with pytest.raises(ReleveError, match="the columns are 'Plot', 'Cover', 'cover %'. .*--species-field"):
        table.column("species", option="--species-field")
    path.write_text("Plot,PLOT\na,1\n")
    with pytest.raises(ReleveError, match="differ by case"):
        read_table(path).column("plot", option="--plot-field")


def test_geopackage_with_two_layers(tmp_path: Path) -> None:
    path = write_points(tmp_path / "t.gpkg", [700000.0, np.nan], [6600000.0, 0], {"plot_id": [5.0, 6.5]})
    write_points(path, [1.0], [2.0], {"name": ["other"]}, layer="other")
    with pytest.raises(ReleveError, match="layers plots, other"):
        read_table(path)
    table = read_table(f"{path}|layername=plots")
    assert table.columns["plot_id"].tolist() == ["5", "6.5"]
    assert table.x is not None and table.x[0] == 700000.0 and np.isnan(table.x[1])
    assert table.crs == "EPSG:2154"
    with pytest.raises(ReleveError, match="subset"):
        read_table(f"{path}|layername=plots|subset=x>1")


def test_not_a_table(tmp_path: Path) -> None:
    path = tmp_path / "t.gpkg"
    path.write_bytes(b"nothing")
    with pytest.raises(ReleveError, match="cannot be read as a table"):
        read_table(path)
    with pytest.raises(ReleveError, match="no such file"):
        read_table(tmp_path / "gone.csv")
