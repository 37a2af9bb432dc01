"""Encodings, delimiters and decimal marks as spreadsheets of all kinds leave them."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from botaclip.core.errors import ReleveError
from botaclip.core.table_dialect import decimal_mark, decode, delimiter_of, listed, parse_number
from botaclip.core.tables import read_table

WORDS = "Prés salés à Molinie; forêt de chênes; Größe der Fläche; Höhe; Rhône; Épilobe"


@pytest.mark.parametrize(
    ("codec", "words", "marked"),
    [
        ("utf-8", "UTF-8", False),
        ("utf-8-sig", "UTF-8", True),
        ("utf-16", "UTF-16", True),
        ("utf-16-le", "UTF-16", False),
        ("utf-16-be", "UTF-16", False),
        ("utf-32", "UTF-32", True),
        ("cp1252", "Windows-1252", False),
        ("cp850", "DOS code page 850", False),
        ("mac_roman", "Mac Roman", False),
    ],
)
def test_encodings_are_found(codec: str, words: str, marked: bool) -> None:
    assert decode(WORDS.encode(codec), where="t") == (WORDS, words, marked)


@pytest.mark.parametrize(
    "text", ["Mentha × piperita", "farmer’s wood", "cover 2–3 %", "FORÊT", "à la crête", "10 °C, 5 m²", "Épilobe"]
)
def test_single_signs_of_windows(text: str) -> None:
    assert decode(text.encode("cp1252"), where="t") == (text, "Windows-1252", False)


def test_a_stated_encoding_wins_or_is_refused() -> None:
    raw = "Molinia ž".encode("cp1250")
    assert decode(raw, where="t", encoding="CP1250") == ("Molinia ž", "CP1250 as stated", False)
    with pytest.raises(ReleveError, match=r"t: it is not written in utf-8 \(byte 8 does not fit\)"):
        decode(raw, where="t", encoding="utf-8")
    with pytest.raises(ReleveError, match="'klingon' is no known text encoding"):
        decode(raw, where="t", encoding="klingon")
    assert decode("\ufeffplot".encode(), where="t", encoding="utf-8")[0] == "plot"


def test_binary_files_are_refused() -> None:
    with pytest.raises(ReleveError, match="binary file"):
        decode(b"PK\x03\x04\x00\x00\x08\x00" + bytes(range(256)), where="t.csv")


@pytest.mark.parametrize(
    ("text", "delimiter"),
    [
        ("a,b\n1,2\n", ","),
        ("a;b\n1,5;2,5\n", ";"),
        ("Relevé, date;cover\nA, 3. May;1,5\n", ";"),
        ("a\tb c\n1\t2,5\n", "\t"),
        ("a|b\n1|2\n", "|"),
        ('"x;y",b\n"1;2",3\n', ","),
        ("alone\n1\n", ","),
    ],
)
def test_delimiters_are_those_that_cut_alike(text: str, delimiter: str) -> None:
    assert delimiter_of(text) == delimiter


@pytest.mark.parametrize(
    ("texts", "mark"),
    [
        (["1,5", "12"], ("comma", False)),
        (["1.5", "12"], ("point", False)),
        (["1,5", "1.5"], ("mixed", False)),
        (["1,234", "12"], ("comma", True)),
        (["45.123"], ("point", True)),
        (["1.234,5"], ("", True)),
        (["12", "r", "2a"], ("", True)),
        (["0,234"], ("comma", False)),
    ],
)
def test_decimal_marks(texts: list[str], mark: tuple[str, bool]) -> None:
    assert decimal_mark(texts) == mark


@pytest.mark.parametrize(
    ("text", "decimal", "number"),
    [
        ("1,234", "", 1.234), ("1,234", "point", 1234.0), ("1,234", "comma", 1.234), ("1.234", "comma", 1234.0),
        ("1.234", "", 1.234), ("12.5", "comma", 12.5), ("6.605.000", "", 6_605_000.0), ("6'605'000.5", "", 6_605_000.5),
        ("1,234,567", "", 1_234_567.0), ("45.1234", "comma", 45.1234), ("-3,5", "point", -3.5),
    ],
)  # fmt: skip
def test_numbers_that_can_be_read_in_two_ways(text: str, decimal: str, number: float) -> None:
    assert parse_number(text, decimal) == number


def test_what_is_no_number() -> None:
    assert all(math.isnan(parse_number(text)) for text in ("", "r", "2a", "inf", "1;2"))


@given(st.floats(-1e9, 1e9).map(lambda number: round(number, 3)))
def test_a_number_is_the_same_with_point_and_comma(number: float) -> None:
    text = f"{number:.2f}"
    assert parse_number(text, "point") == parse_number(text.replace(".", ","), "comma") == float(text)


def test_the_dialect_is_shown(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes("relevé;cover\nA;12,5\n".encode("cp1252"))
    assert str(read_table(path).dialect) == "semicolon-delimited, decimal comma, Windows-1252"
    path.write_bytes(b"\xef\xbb\xbfplot\tcover\nA\t12.5\n")
    assert str(read_table(path).dialect) == "tab-delimited, decimal point, UTF-8 with byte-order mark"
    path.write_bytes(b"sep=;\r\nplot;name, author\r\nA;Poa, L.\r\n")
    table = read_table(path)
    assert list(table.columns) == ["plot", "name, author"] and table.rows.tolist() == [3]
    assert str(table.dialect) == "semicolon-delimited, plain ASCII"


def test_thousands_in_a_table_of_decimal_points(tmp_path: Path) -> None:
    """The same text is 1.234 where commas are decimal marks and 1234 where points are."""
    path = tmp_path / "t.csv"
    path.write_text("x;cover\n1,234;0.5\n")
    assert read_table(path).numbers("x", option="-").tolist() == [1234.0]
    assert read_table(path, decimal="comma").numbers("x", option="-").tolist() == [1.234]
    path.write_text("x;cover\n1,234;0,5\n")
    assert read_table(path).numbers("x", option="-").tolist() == [1.234]
    path.write_text("lon;cover\n5.123;0,5\n5.456;1,5\n")
    assert read_table(path).numbers("lon", option="-").tolist() == [5.123, 5.456]


def test_quotes_of_a_tab_delimited_export_are_letters(tmp_path: Path) -> None:
    path = tmp_path / "t.tsv"
    path.write_text('plot\tremark\nA\t5" of snow\nB\tnone seen\n')
    assert read_table(path).columns["remark"].tolist() == ['5" of snow', "none seen"]


def test_listed() -> None:
    assert listed("abc") == "a, b, c" and listed("abcdefg") == "a, b, c, d, e and 2 more"
