"""The records of a delimited text: its header, its rows, and what stands above them.

A quote that is opened and never closed takes the rows that follow into one value. As that loses data without a sign,
every record of several lines is looked at twice.
"""

from __future__ import annotations

import csv
import dataclasses
import io
import math
from collections.abc import Iterator, Sequence
from typing import Any

from botaclip.core.errors import ReleveError
from botaclip.core.table_dialect import parse_number

_LONGEST_VALUE = 2**24  # a polygon written into a value is no reason to refuse the table
_MOST_TITLES = 5  # rows above the header
_LOOKED_AT = 20  # rows below a title that tell what it is
_SEVERAL = 0.8  # from so large a share of them with several values on, it is one


@dataclasses.dataclass(frozen=True)
class Records:
    """What a delimited text holds.

    Parameters
    ----------
    header
        Names of the columns.
    values
        Records, each as long as the header.
    rows
        Number of the line in which each record begins, counted from 1.
    notes
        What was left out above the header, one sentence each.
    """

    header: list[str]
    values: list[list[str]]
    rows: list[int]
    notes: list[str]


@dataclasses.dataclass(frozen=True)
class _Record:
    """One record: its values, the number of its first line, and its lines."""

    values: list[str]
    row: int
    lines: Sequence[str]

    @property
    def said(self) -> list[str]:
        """Values that are not blank."""
        return [value.strip() for value in self.values if value.strip()]


def read_records(text: str, delimiter: str, where: str, *, above: int = 0) -> Records:
    """Return the header and records of a text; blank lines are passed over.

    Parameters
    ----------
    text
        The table.
    delimiter
        What parts its values.
    where
        Its file, for messages.
    above
        Lines of the file that stand above ``text``.

    Raises
    ------
    ReleveError
        A quote is not closed, a record is longer than the header, or a title stands above a header that cannot be
        told from the rows.
    """
    # Quotes of a tab-delimited export (Turboveg 3) are letters like others: an odd number of them closes nothing.
    quoted = delimiter != "\t" or text.count('"') % 2 == 0
    found = [one for one in _parsed(text, delimiter, quoted, where, above) if any(one.values)]
    titles = _titles(found, where)
    notes = [f"row {one.row} ({one.said[0]!r}) is a title above the header and was left out" for one in found[:titles]]
    if not found:
        return Records([], [], [], notes)
    header = [name.strip() for name in found[titles].values]
    width = max((index + 1 for index, name in enumerate(header) if name), default=0)
    for one in found[titles:]:
        if len(one.lines) > 1 or one is found[-1]:
            _refuse_open_quote(one, width, delimiter, quoted, where)
    rows: list[int] = []
    records: list[list[str]] = []
    for one in found[titles + 1 :]:
        record = one.values
        if len(record) > len(header) and any(value.strip() for value in record[len(header) :]):
            raise ReleveError(
                f"row {one.row} has {len(record)} values, the header {len(header)}", where=where,
                remedy="put quotes around values that hold the delimiter, or use a semicolon as delimiter",
            )
        rows.append(one.row)
        records.append((record + [""] * len(header))[: len(header)])
    while header and not header[-1] and not any(record[-1].strip() for record in records):
        header.pop()  # a delimiter at the end of every line
        for record in records:
            record.pop()
    return Records(header, records, rows, notes)


def _parsed(text: str, delimiter: str, quoted: bool, where: str, above: int) -> Iterator[_Record]:
    lines = list(io.StringIO(text, newline=""))
    reader = _reader(lines, delimiter, quoted)
    start = 0
    limit = csv.field_size_limit(_LONGEST_VALUE)
    try:
        for values in reader:
            yield _Record(values, above + start + 1, lines[start : reader.line_num])
            start = reader.line_num
    except csv.Error as error:
        if reader.line_num > start + 1:
            raise _open_quote(above + start + 1, where) from error
        raise ReleveError(f"row {above + start + 1} cannot be read ({error})", where=where) from error
    finally:
        csv.field_size_limit(limit)


def _reader(lines: Sequence[str], delimiter: str, quoted: bool, *, strict: bool = False) -> Any:  # its type has no name
    return csv.reader(
        lines, delimiter=delimiter, skipinitialspace=True, strict=strict,
        quoting=csv.QUOTE_MINIMAL if quoted else csv.QUOTE_NONE,
    )  # fmt: skip


def _open_quote(row: int, where: str) -> ReleveError:
    return ReleveError(
        f"a quote (\") that opens in row {row} is not closed there and takes in what follows", where=where,
        remedy="close the quote or take it out",
    )  # fmt: skip


def _refuse_open_quote(record: _Record, width: int, delimiter: str, quoted: bool, where: str) -> None:
    """Raise the error for a record whose quote is not closed where it should be.

    The end of the file inside a quote, a quote that closes in the middle of a value and missing values tell it; so
    do lines that are whole records by themselves. A remark of several lines passes.
    """
    if not quoted:
        return
    if len(list(_reader([*record.lines, "\n", "end"], delimiter, quoted))) == 1:
        raise _open_quote(record.row, where)
    if len(record.lines) == 1:
        return
    try:
        list(_reader(record.lines, delimiter, quoted, strict=True))
    except csv.Error as error:
        raise _open_quote(record.row, where) from error
    if len(record.values) < width or _lines_are_records(record.lines, width, delimiter):
        raise _open_quote(record.row, where)


def _lines_are_records(lines: Sequence[str], width: int, delimiter: str) -> bool:
    """Whether every line has all values, with numbers in the columns of the first line's numbers."""
    split = [line.split(delimiter) for line in lines if line.strip()]
    if width < 2 or len(split) < 2 or any(len(values) < width for values in split):
        return False
    numbers = [{i for i, value in enumerate(values) if not math.isnan(_number(value))} for values in split]
    if numbers[0]:
        return all(numbers[0] & others for others in numbers[1:])
    return all(len(values) == width for values in split)


def _number(value: str) -> float:
    return parse_number(value.strip().strip('"'))


def _titles(found: Sequence[_Record], where: str) -> int:
    """Return how many rows above the header hold nothing but a title.

    Raises
    ------
    ReleveError
        There seems to be a title, but the row below it may as well be a relevé as a header.
    """
    count = next((index for index, one in enumerate(found[: _MOST_TITLES + 1]) if len(one.said) > 1), 0)
    below = found[count + 1 : count + 1 + _LOOKED_AT]
    if not count or not below or sum(len(one.said) > 1 for one in below) < _SEVERAL * len(below):
        return 0
    names = found[count].values
    numbers = {i for one in below for i, value in enumerate(one.values) if not math.isnan(_number(value))}
    worded = all(math.isnan(_number(name)) for name in names)
    if worded and numbers and len(set(found[count].said)) == len(found[count].said):
        return count
    raise ReleveError(
        f"row {found[0].row} ({found[0].said[0]!r}) has one value where the rows below have several: it looks like a "
        "title", where=where, remedy="delete it, so that the header is the first row",
    )
