"""Reading tables as people have them: CSV of any dialect, GeoPackage and other vector layers.

Every value is read as text, blank where the table says nothing, because a plot named ``007`` or a cover of ``2m``
must not be guessed into a number before it is known what the column means.
"""

from __future__ import annotations

import csv
import dataclasses
import datetime
import io
import math
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyogrio.errors
import pyogrio.raw
from numpy.typing import NDArray

from botaclip.core.errors import ReleveError

DELIMITED = frozenset({".csv", ".tsv", ".txt", ".tab"})
_BLANKS = frozenset({"", "na", "n/a", "nan", "null", "none", "\\n", "<na>", "-9999", "#n/a"})
_BOMS = ((b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"), (b"\xef\xbb\xbf", "utf-8-sig"))


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
    """

    path: str
    columns: dict[str, NDArray[np.str_]]
    rows: NDArray[np.int64]
    x: NDArray[np.float64] | None = None
    y: NDArray[np.float64] | None = None
    crs: str | None = None

    def __len__(self) -> int:
        return len(self.rows)

    def find(self, field: str) -> str | None:
        """Return the name of the column called ``field``, exactly or else whatever its case; None if there is none.

        Raises
        ------
        ReleveError
            Several columns differ from ``field`` by case only.
        """
        if field in self.columns:
            return field
        alike = [name for name in self.columns if name.strip().casefold() == field.strip().casefold()]
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
                f"there is no column {field!r}; the columns are {', '.join(map(repr, self.columns)) or 'none'}",
                where=self.path, remedy=f"name the column with {option}",
            )
        return self.columns[name]

    def numbers(self, field: str, *, option: str) -> NDArray[np.float64]:
        """Return a column as float64, NaN where it is blank; a decimal comma is understood.

        Raises
        ------
        ReleveError
            There is no such column, or a value is not a number (named with its row).
        """
        texts = self.column(field, option=option)
        values, where = np.unique(texts, return_inverse=True)
        parsed = np.array([math.nan if not text else _number(text) for text in values], float)
        wrong = np.array([bool(text) and math.isnan(number) for text, number in zip(values, parsed, strict=True)], bool)
        bad = np.flatnonzero(wrong[where]) if len(values) else np.empty(0, int)
        if bad.size:
            raise ReleveError(
                f"{str(texts[bad[0]])!r} in column {field!r}, row {self.rows[bad[0]]}, is not a number"
                + (f" ({bad.size} such rows)" if bad.size > 1 else ""),
                where=self.path, remedy="correct the table or name another column",
            )
        return parsed[where]


def parse_number(text: str) -> float:
    """Return the number written in ``text`` with a decimal point or comma; NaN where it is none."""
    return _number(text.strip())


def _number(text: str) -> float:
    compact = re.sub(r"[\s'’_]", "", text)
    if "," in compact:
        if compact.rfind(",") > compact.rfind("."):  # 1.234,5 and 12,5
            compact = compact.replace(".", "").replace(",", ".")
        else:  # 1,234.5
            compact = compact.replace(",", "")
    try:
        number = float(compact)
    except ValueError:
        return math.nan
    return number if math.isfinite(number) else math.nan


def read_table(source: str | Path) -> Table:
    """Read a CSV or TSV file, or a layer of anything OGR reads (``path|layername=name`` as QGIS writes it).

    Raises
    ------
    ReleveError
        The file is missing, no table, empty, ragged, or holds several layers and none is named.
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
        return _read_delimited(path)
    return _read_layer(path, layer, text)


def _clean(values: Sequence[str]) -> NDArray[np.str_]:
    stripped = [value.strip() for value in values]
    return np.array(["" if value.lower() in _BLANKS else value for value in stripped], dtype=np.str_)


def _decode(path: Path) -> str:
    raw = path.read_bytes()
    for mark, encoding in _BOMS:
        if raw.startswith(mark):
            return raw.decode(encoding, errors="replace")
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("cp1252", errors="replace")  # what spreadsheets on Windows still write


def _read_delimited(path: Path) -> Table:
    try:
        text = _decode(path)
    except OSError as error:
        raise ReleveError(f"it cannot be read ({error.strerror})", where=str(path)) from error
    if "\0" in text[:4096]:
        raise ReleveError("this is a binary file, not a text table", where=str(path), remedy="save the table as CSV")
    first = next((line for line in text.splitlines() if line.strip()), "")
    bare = re.sub(r'"[^"]*"', "", first)
    delimiter = max("\t;,|", key=bare.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, skipinitialspace=True)
    header: list[str] = []
    numbers: list[int] = []
    records: list[list[str]] = []
    try:
        for record in reader:
            if not any(record):
                continue
            if not header:
                header = [name.strip() for name in record]
                continue
            if len(record) > len(header) and any(value.strip() for value in record[len(header) :]):
                raise ReleveError(
                    f"row {reader.line_num} has {len(record)} values, the header {len(header)}", where=str(path),
                    remedy="put quotes around values that hold the delimiter, or use a semicolon as delimiter",
                )
            numbers.append(reader.line_num)
            if len(record) != len(header):
                record = (record + [""] * len(header))[: len(header)]
            records.append(record)
    except csv.Error as error:
        raise ReleveError(f"row {reader.line_num} cannot be read ({error})", where=str(path)) from error
    if not header or not records:
        raise ReleveError("the table is empty", where=str(path), remedy="check that the right file was chosen")
    doubled = sorted({name for name in header if name and header.count(name) > 1})
    if doubled:
        raise ReleveError(
            f"column {doubled[0]!r} stands in the header twice", where=str(path), remedy="rename one of them"
        )
    columns = {
        name or f"column {index + 1}": _clean(values)
        for index, (name, values) in enumerate(zip(header, zip(*records, strict=True), strict=True))
    }
    return Table(str(path), columns, np.array(numbers, np.int64))


def _read_layer(path: Path, layer: str | None, name: str) -> Table:
    try:
        layers = [str(row[0]) for row in pyogrio.list_layers(path)]
        if layer is None and len(layers) > 1:
            raise ReleveError(
                f"it holds the layers {', '.join(layers)}", where=name,
                remedy=f"name one, for example {path.name}|layername={layers[0]}",
            )
        meta, _, geometry, fields = pyogrio.raw.read(path, layer=layer, force_2d=True)
    except (pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError, ValueError) as error:
        raise ReleveError(f"it cannot be read as a table or layer ({error})", where=name) from error
    columns = {
        str(title): _clean([_text(value) for value in values])
        for title, values in zip(meta["fields"], fields, strict=True)
    }
    count = len(next(iter(columns.values()))) if columns else 0 if geometry is None else len(geometry)
    if not count:
        raise ReleveError("the layer is empty", where=name, remedy="check that the right layer was chosen")
    rows = np.arange(1, count + 1)
    if geometry is None or all(shape is None for shape in geometry):
        return Table(name, columns, rows)
    x, y = _point_coordinates(geometry, rows, name)
    return Table(name, columns, rows, x, y, meta.get("crs") or None)


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, np.datetime64):
        return "" if np.isnat(value) else str(value.astype("datetime64[D]"))
    if isinstance(value, (datetime.date, datetime.datetime)):
        return value.isoformat()
    if isinstance(value, (float, np.floating)):
        number = float(value)
        if not math.isfinite(number):
            return ""
        # A plot numbered 5 in one table and 5.0 in another is the same plot; .7g keeps a float32 as it was written.
        if number.is_integer() and abs(number) < 1e15:
            return f"{number:.0f}"
        return f"{number:.7g}" if isinstance(value, np.float32) else repr(number)
    return str(value)


def _point_coordinates(
    geometry: NDArray[np.object_], rows: NDArray[np.int64], name: str
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the coordinates of WKB points (and multipoints of one point), NaN for a missing or empty geometry."""
    coordinates = np.full((len(geometry), 2), np.nan)
    for index, shape in enumerate(geometry):
        if not shape:
            continue
        order = "<" if shape[0] == 1 else ">"
        kind, offset = int(np.frombuffer(shape, f"{order}u4", 1, 1)[0]), 5
        if kind == 4:
            count = int(np.frombuffer(shape, f"{order}u4", 1, 5)[0])
            if count == 0:
                continue
            kind, offset = (1, 14) if count == 1 else (4, 5)
        if kind != 1:
            raise ReleveError(
                f"feature {rows[index]} is not a single point", where=name,
                remedy="use a point layer, for example the centroids of the plots",
            )
        coordinates[index] = np.frombuffer(shape, f"{order}f8", 2, offset)
    return coordinates[:, 0], coordinates[:, 1]
