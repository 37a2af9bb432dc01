"""Reading tables as people have them: text of any dialect, GeoPackage, Shapefile and other layers, spreadsheets.

Every value is read as text, blank where the table says nothing, because a plot named ``007`` or a cover of ``2m``
must not be guessed into a number before it is known what the column means.
"""

from __future__ import annotations

import dataclasses
import functools
import math
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from botaclip.core.errors import ReleveError
from botaclip.core.layer_table import DBASE, read_layer
from botaclip.core.table_dialect import (
    COMMA,
    POINT,
    Dialect,
    decimal_mark,
    decode,
    delimiter_of,
    listed,
    parse_number,
    separator_line,
)  # fmt: skip
from botaclip.core.table_records import read_records

DELIMITED = frozenset({".csv", ".tsv", ".txt", ".tab"})
_BLANKS = frozenset({"", "na", "n/a", "nan", "null", "none", "\\n", "<na>", "-9999", "#n/a"})
_DBASE_NAME = 10  # characters that a dBase column name keeps


@dataclasses.dataclass(frozen=True)
class Table:
    """A table with its text columns and, for a point layer, its geometry.

    Parameters
    ----------
    path
        What was read, as the user named it.
    columns
        Text of every column, in the file's order; ``""`` where nothing is said.
    rows
        Number of each row as a spreadsheet shows it (the header of a CSV is row 1).
    x, y
        Coordinates of the point geometry (NaN where a feature has none); None for a table without geometry.
    crs
        CRS of the geometry as WKT or authority code; None where the file does not say.
    dialect
        How it was written; None for a table made from another one.
    cells
        For a matrix turned into rows, the column that each row came from; else None.
    truncated
        Whether column names are cut to ten characters, as dBase does.
    notes
        What was left out of the file, for the report.
    """

    path: str
    columns: dict[str, NDArray[np.str_]]
    rows: NDArray[np.int64]
    x: NDArray[np.float64] | None = None
    y: NDArray[np.float64] | None = None
    crs: str | None = None
    dialect: Dialect | None = None
    cells: NDArray[np.str_] | None = None
    truncated: bool = False
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.rows)

    def place(self, index: int) -> str:
        """Return where a value stands, for a message: ``row 7``, in a matrix also the column."""
        row = f"row {int(self.rows[index])}"
        return row if self.cells is None else f"{row}, column {str(self.cells[index])!r}"

    def find(self, field: str) -> str | None:
        """Return the name of the column called ``field``, exactly or else whatever its case; None if there is none.

        In a Shapefile or dBase table the first ten characters of ``field`` are enough, because it keeps no more.

        Raises
        ------
        ReleveError
            Several columns differ from ``field`` by case only.
        """
        if field in self.columns:
            return field
        asked = field.strip().casefold()
        alike = [name for name in self.columns if name.strip().casefold() == asked]
        if not alike and self.truncated and len(asked) > _DBASE_NAME:
            asked = asked.replace(" ", "_")[:_DBASE_NAME]
            alike = [name for name in self.columns if name.casefold().replace(" ", "_") == asked]
        if len(alike) > 1:
            raise ReleveError(
                f"the columns {', '.join(alike)} differ by case only", where=self.path, remedy="rename one of them"
            )
        return alike[0] if alike else None

    def column(self, field: str, *, option: str) -> NDArray[np.str_]:
        """Return the column called ``field``.

        Parameters
        ----------
        field
            Name of the column; case is ignored where that is unambiguous.
        option
            The option that named it, for the message.

        Raises
        ------
        ReleveError
            There is no such column; the message lists those that exist.
        """
        name = self.find(field)
        if name is None:
            raise ReleveError(
                f"there is no column {field!r}; the columns are {listed(map(repr, self.columns), 40) or 'none'}",
                where=self.path, remedy=f"name the column with {option}",
            )
        return self.columns[name]

    def refuse_line_breaks(self, field: str) -> None:
        """Refuse a column of names in which one goes over several lines: rows have run into each other there.

        Raises
        ------
        ReleveError
            A value has a line break; it is named with its row.
        """
        texts = self.columns[field]
        broken = np.flatnonzero((np.char.find(texts, "\n") >= 0) | (np.char.find(texts, "\r") >= 0))
        if len(broken):
            value = str(texts[broken[0]])
            shown = value if len(value) <= 60 else value[:60] + "..."
            raise ReleveError(
                f"the value {shown!r} in column {field!r}, {self.place(int(broken[0]))}, goes over several lines",
                where=self.path, remedy="take out the line break, or a quote (\") that is not closed",
            )

    def decimal_of(self, texts: NDArray[np.str_]) -> str:
        """Return the decimal mark of a column's numbers: the stated one, else what the column tells, else the table.

        A lone ``1,234`` is a thousand in a table that writes decimal points, and 1.234 in any other.
        """
        table = self.dialect.decimal if self.dialect is not None else ""
        if self.dialect is not None and self.dialect.stated_decimal:
            return table
        mark, ambiguous = decimal_mark(texts.tolist())
        if ambiguous and mark == COMMA and table == POINT:
            return POINT
        return mark or (table if table in (POINT, COMMA) else "")

    def numbers(self, field: str, *, option: str) -> NDArray[np.float64]:
        """Return a column as float64, NaN where it is blank or ``?``; a decimal comma is understood.

        Raises
        ------
        ReleveError
            There is no such column, or a value is not a number (named with its row).
        """
        texts = self.column(field, option=option)
        values, where = np.unique(texts, return_inverse=True)
        decimal = self.decimal_of(values)
        blank = np.isin(values, ("", "?"))
        parsed = np.array(
            [math.nan if none else parse_number(str(text), decimal) for text, none in zip(values, blank, strict=True)],
            float,
        )
        wrong = np.isnan(parsed) & ~blank
        bad = np.flatnonzero(wrong[where]) if len(values) else np.empty(0, int)
        if bad.size:
            raise ReleveError(
                f"{str(texts[bad[0]])!r} in column {field!r}, {self.place(bad[0])}, is not a number"
                + (f" ({bad.size} such rows)" if bad.size > 1 else ""),
                where=self.path, remedy="correct the table or name another column",
            )
        return parsed[where]


def read_table(source: str | Path, *, encoding: str | None = None, decimal: str = "auto") -> Table:
    """Read a text table, or a layer or sheet of anything OGR reads (``path|layername=name`` as QGIS writes it).

    Parameters
    ----------
    source
        CSV, TSV, GeoPackage, Shapefile, dBase table, spreadsheet, ...
    encoding
        Text encoding; None detects it.
    decimal
        ``point``, ``comma``, or ``auto``, which looks at the numbers.

    Raises
    ------
    ReleveError
        The file is missing, no table, empty, ragged, not written in the stated encoding, or holds several layers and
        none is named.
    """
    text = str(source)
    path_text, *clauses = text.split("|")
    layer = None
    for clause in clauses:
        key, _, value = clause.partition("=")
        if key.strip().lower() != "layername":
            raise ReleveError(
                f"'|{clause}' is not understood", where=text,
                remedy="save the selection as a file of its own, or name a layer with '|layername='",
            )
        layer = value
    path = Path(path_text)
    if not path.exists():
        raise ReleveError("there is no such file", where=str(path), remedy="check the path")
    if path.is_file() and path.suffix.lower() in DELIMITED:
        return _read_delimited(path, encoding, decimal)
    read = read_layer(path, layer, text, encoding=encoding)
    columns = {title: _clean(values) for title, values in read.columns.items()}
    dialect = read.dialect.with_decimal(decimal, _sample(read.columns.values()))
    return Table(
        text, columns, read.rows, read.x, read.y, read.crs, dialect, truncated=path.suffix.lower() in DBASE
    )


def _clean(values: Sequence[str]) -> NDArray[np.str_]:
    """Return stripped texts, blank where they say that nothing is known."""

    @functools.cache
    def clean(value: str) -> str:
        stripped = value.strip()
        return "" if stripped.lower() in _BLANKS else stripped

    return np.array([clean(value) for value in values], dtype=np.str_)


def _sample(columns: Iterable[Sequence[str]], most: int = 2000) -> Iterator[str]:
    """Yield texts of every column, enough to see how numbers are written."""
    for values in columns:
        yield from (value.strip() for value in values[:most])


def _read_delimited(path: Path, encoding: str | None, decimal: str) -> Table:
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise ReleveError(f"it cannot be read ({error.strerror})", where=str(path)) from error
    text, words, marked = decode(raw, where=str(path), encoding=encoding)
    if "\0" in text[:4096]:
        raise ReleveError("this is a binary file, not a text table", where=str(path), remedy="save the table as CSV")
    stated, skipped = separator_line(text)
    delimiter = stated or delimiter_of(text)
    found = read_records(text[skipped:], delimiter, str(path), above=bool(skipped))
    header = found.header
    if not header or not found.values:
        raise ReleveError(
            "the table is empty" + (", it has only a header" if header else ""), where=str(path),
            remedy="check that the right file was chosen",
        )
    doubled = sorted({name for name in header if name and header.count(name) > 1})
    if doubled:
        raise ReleveError(
            f"column {doubled[0]!r} stands in the header twice", where=str(path), remedy="rename one of them"
        )
    values = list(zip(*found.values, strict=True))
    columns = {
        name or f"column {index + 1}": _clean(column)
        for index, (name, column) in enumerate(zip(header, values, strict=True))
    }
    dialect = Dialect(words, delimiter if len(header) > 1 else "", marked=marked)
    rows = np.array(found.rows, np.int64)
    dialect = dialect.with_decimal(decimal, _sample(values))
    return Table(str(path), columns, rows, dialect=dialect, notes=tuple(found.notes))
