"""Tables as people have them."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pyogrio.raw
import pytest

from botaclip.core.errors import ReleveError
from botaclip.core.table_dialect import parse_number
from botaclip.core.tables import read_table


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


FIELDS = {
    "plot_identifier": ["007", "b"], "scientific_name": ["Carex nigra", "Poa annua"], "percent_cover": [1.5, 20.0],
}  # fmt: skip


def write_fields(path: Path, driver: str, fields: dict[str, list], **options: object) -> Path:
    """Write a table without geometry."""
    values = [np.array(value, dtype=object if isinstance(value[0], str) else None) for value in fields.values()]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # dBase cuts the names, as meant
        pyogrio.raw.write(path, None, values, list(fields), driver=driver, **options)
    return path


@pytest.mark.parametrize(
    ("name", "driver", "first_row"),
    [("t.xlsx", "XLSX", 2), ("t.ods", "ODS", 2), ("t.dbf", "ESRI Shapefile", 1), ("t.gpkg", "GPKG", 1)],
)
def test_spreadsheets_and_dbase_read_as_csv_does(tmp_path: Path, name: str, driver: str, first_row: int) -> None:
    table = read_table(write_fields(tmp_path / name, driver, FIELDS))
    for field, values in FIELDS.items():
        expected = [f"{value:g}" if isinstance(value, float) else value for value in values]
        assert table.column(field, option="-").tolist() == expected
    assert table.rows.tolist() == [first_row, first_row + 1] and table.x is None


@pytest.mark.parametrize(("name", "driver"), [("t.xlsx", "XLSX"), ("t.ods", "ODS")])
def test_a_sheet_of_words_has_its_first_row_as_header(tmp_path: Path, name: str, driver: str) -> None:
    table = read_table(write_fields(tmp_path / name, driver, {"plot_id": ["a"], "species": ["Poa annua"]}))
    assert {field: values.tolist() for field, values in table.columns.items()} == {
        "plot_id": ["a"], "species": ["Poa annua"],
    }  # fmt: skip


def test_names_cut_by_a_shapefile_are_found(tmp_path: Path) -> None:
    shapes = np.array([b"\x01\x01\x00\x00\x00" + np.array([7e5, 6.6e6], "<f8").tobytes()] * 2, dtype=object)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pyogrio.raw.write(
            tmp_path / "t.shp", shapes, [np.array(values, object) for values in FIELDS.values()], list(FIELDS),
            driver="ESRI Shapefile", geometry_type="Point", crs="EPSG:2154",
        )  # fmt: skip
    table = read_table(tmp_path / "t.shp")
    assert list(table.columns) == ["plot_ident", "scientific", "percent_co"]
    assert table.find("Scientific_Name") == "scientific" and table.crs == "EPSG:2154"
    assert table.find("scientists") is None and table.find("plot_id") is None
    (tmp_path / "t.csv").write_text("scientific\nPoa\n")
    assert read_table(tmp_path / "t.csv").find("scientific_name") is None


@pytest.mark.parametrize(
    ("codec", "words"), [("cp850", "DOS code page 850"), ("cp1252", "Windows-1252"), ("utf-8", "UTF-8")]
)
def test_dbase_that_does_not_say_its_encoding(tmp_path: Path, codec: str, words: str) -> None:
    names = ["Rhône près", "Größe Höhe"]
    path = write_fields(tmp_path / "t.dbf", "ESRI Shapefile", {"name": names}, encoding="ISO-8859-1")
    raw = path.read_bytes()
    for name in names:
        raw = raw.replace(name.encode("latin-1").ljust(len(name.encode(codec))), name.encode(codec))
    path.write_bytes(raw[:29] + b"\0" + raw[30:])  # no code page in the header either
    path.with_suffix(".cpg").unlink()
    table = read_table(path)
    assert table.columns["name"].tolist() == names and str(table.dialect) == f"dBase table, {words}"


def test_sheets_and_files_that_cannot_be_read(tmp_path: Path) -> None:
    path = tmp_path / "t.gpkg"
    write_fields(path, "GPKG", FIELDS, layer="one")
    write_fields(path, "GPKG", FIELDS, layer="two", append=True)
    with pytest.raises(ReleveError, match=r"it holds the layers one, two. Name one, for example t.gpkg\|layername=one"):
        read_table(path)
    broken = tmp_path / "t.xlsx"
    broken.write_bytes(b"PK\x03\x04 cut off")
    with pytest.raises(ReleveError, match="cannot be read as a table"):
        read_table(broken)
    shape = write_points(tmp_path / "p.gpkg", [1.0], [2.0], {"a": ["b"]})
    assert len(read_table(shape)) == 1
    (tmp_path / "empty.csv").write_text("plot_id;species\n;\n")
    with pytest.raises(ReleveError, match="the table is empty, it has only a header"):
        read_table(tmp_path / "empty.csv")
