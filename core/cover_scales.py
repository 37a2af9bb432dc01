"""Cover as botanists write it, turned into per cent; which scale it is, is deduced from the codes or stated."""

from __future__ import annotations

import collections
import dataclasses
import math
import re
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from botaclip.core.cover_tables import LONDO, MIDPOINT, ORDINAL, SCALES, TURBOVEG, CoverScale
from botaclip.core.errors import CoverScaleError
from botaclip.core.table_dialect import listed, parse_number
from botaclip.core.tables import Table

__all__ = ["LONDO", "MIDPOINT", "ORDINAL", "SCALES", "TURBOVEG", "CoverScale", "Covers", "deduce", "read_covers"]

ABSENT = frozenset({"0", "n", "no", "false", "f", "absent", "absence", "non", "nein", "-", "."})
_NOTHING = frozenset({"0", "-", "."})  # what says "not there" in a scale of codes
_PRESENT = frozenset({"1", "x", "+", "p", "y", "yes", "true", "t", "present", "presence", "oui", "ja"})
_SOCIABILITY = re.compile(r"^(r|i|\+|[1-5]|2[mab])[.,/· ][+1-5]$")
_SOCIABLE_NUMBER = re.compile(r"^[1-5]([.,][1-5])?$")  # 2.3 may be 2 with sociability 3, or 2.3 per cent
_OUTSIDE = re.compile(r"^\(.*\)$")
_SAYS_PERCENT = re.compile(r"%|percent|pourcent|prozent|pct|proz", re.IGNORECASE)
_SAYS_FRACTION = re.compile(r"fraction|proportion|\bfrac\b|relative_cover", re.IGNORECASE)
_DASHES = str.maketrans({"−": "-", "–": "-", "—": "-", "＋": "+", "\u00a0": " "})

# What a presence is worth where nothing but presence is known: the whole, so that cover / 100 is the indicator.
PRESENCE_COVER = 100.0


@dataclasses.dataclass(frozen=True)
class Covers:
    """Numbers of a cover column.

    Parameters
    ----------
    values
        Cover (n,) in per cent, or abundance as given; 0 where the row says that the species is absent.
    scale
        The scale that was used.
    outside
        True (n,) where the code says that the species grows just outside the plot, ``(+)``.
    graded
        Whether the values say more than presence.
    report
        What was deduced or filled in.
    """

    values: NDArray[np.float64]
    scale: CoverScale
    outside: NDArray[np.bool_]
    graded: bool
    report: list[str]


def plain_code(code: str) -> str:
    """Return a code without what does not matter: case, spaces around and in it, a per cent sign, the kind of dash."""
    text = code.translate(_DASHES).strip().lower().rstrip("%").strip()
    return re.sub(r"^([rpam\d.]+) ([mab+-])$", r"\1\2", text)  # "2 a", "1 +"


def deduce(codes: set[str], *, field: str, where: str, decimal: str = "") -> str:
    """Return the name of the scale that a set of plain codes belongs to; ``""`` where they fit none.

    Raises
    ------
    CoverScaleError
        The codes fit several scales and nothing tells which.
    """
    if codes <= _PRESENT | ABSENT and not {"+", "1"} <= codes:
        return "presence"
    inside = {code for code in codes if not _OUTSIDE.match(code)} - _NOTHING
    numbers = [parse_number(code, decimal) for code in inside]
    pointed = {code.replace(",", ".") for code in inside}
    londo_only = {code for code in pointed & set(LONDO) if not math.isfinite(parse_number(code))}
    if all(math.isfinite(number) for number in numbers):
        return _deduce_numbers(inside, sorted(set(numbers)), field, where)
    if all(code in TURBOVEG or _SOCIABILITY.match(code) for code in inside):
        return "braun-blanquet"
    if pointed <= set(LONDO) and londo_only:
        return "londo"
    return ""


def _deduce_numbers(inside: set[str], numbers: list[float], field: str, where: str) -> str:
    """Return the scale of codes that are all numbers: per cent, unless they may as well be something else."""
    if _SAYS_PERCENT.search(field):
        return "percent"
    if _SAYS_FRACTION.search(field) and (not numbers or numbers[-1] <= 1):
        return "fraction"
    if "ordinal" in field.casefold() and inside <= set(ORDINAL):
        return "ordinal"
    whole = all(number.is_integer() for number in numbers)
    most = max(numbers, default=0.0)
    may_be = []
    if whole and most <= 5:
        may_be = ["per cent or Braun-Blanquet classes", "percent, braun-blanquet, ordinal, londo or presence"]
    elif whole and most <= 9:
        may_be = ["per cent or classes of the ordinal scale", "percent, ordinal, londo or presence"]
    elif most <= 1:
        may_be = ["per cent or fractions", "percent or fraction"]
    elif all(_SOCIABLE_NUMBER.match(code) for code in inside):
        may_be = ["per cent or Braun-Blanquet classes with sociability", "percent or braun-blanquet"]
    elif {code.replace(",", ".") for code in inside} <= set(LONDO):
        may_be = ["per cent or Londo's scale", "percent or londo"]
    if not may_be:
        return "percent"
    shown = ", ".join(f"{number:g}" for number in numbers[:10]) + (" ..." if len(numbers) > 10 else "")
    raise CoverScaleError(
        f"the covers are {shown}: this may be {may_be[0]}", where=where,
        remedy=f"say which with --cover-scale {may_be[1]}",
    )


def read_covers(table: Table, field: str | None, *, scale: str, data_type: str) -> Covers:
    """Turn a cover column into numbers.

    Parameters
    ----------
    table
        The relevés.
    field
        Its cover column; None for presence data.
    scale
        ``auto`` or one of :data:`SCALES`.
    data_type
        ``abundance`` takes any numbers from 0 as they stand.

    Raises
    ------
    CoverScaleError
        A code does not belong to the scale (the message names the first ones with their rows), or the codes fit
        several scales and none is stated.
    """
    count = len(table)
    if field is None:
        everything = np.full(count, PRESENCE_COVER)
        return Covers(everything, SCALES["presence"], np.zeros(count, bool), False, [])
    column = table.column(field, option="--cover-field")
    raw, where = np.unique(column, return_inverse=True)
    plain = [plain_code(str(code)) for code in raw]
    decimal = table.decimal_of(raw)
    where_text = f"{table.path}, column {field!r}" if table.cells is None else table.path
    refuse = _Refusal(table, column, where, plain, where_text)
    report = []
    if data_type == "abundance" and scale == "auto":
        chosen = SCALES["abundance"]
    elif scale == "auto":
        signed = any(str(code).rstrip().endswith("%") for code in raw)
        says = "%" if signed else field
        name = deduce({code for code in plain if code}, field=says, where=where_text, decimal=decimal)
        if not name:
            refuse("any cover scale", _fits_nothing)
        chosen = dataclasses.replace(SCALES[name], deduced=True)
        report.append(f"Cover scale deduced from the codes: {name} ({chosen.source}).")
    else:
        chosen = SCALES[scale]
    values = np.array([_value(code, chosen, decimal) for code in plain], float)
    outside_codes = np.array([bool(_OUTSIDE.match(code)) for code in plain], bool)
    unknown = np.isnan(values) & ~outside_codes & np.array([bool(code) for code in plain], bool)
    if unknown.any():
        marked = {plain[index] for index in np.flatnonzero(unknown)}
        refuse(f"the cover scale {chosen.name}", marked.__contains__)
    outside = outside_codes[where]
    blank = np.array([not code for code in plain], bool)[where]
    result = values[where]
    result[outside] = 0.0
    if blank.any():
        known = values[np.isfinite(values) & (values > 0)]
        least = float(known.min()) if known.size else PRESENCE_COVER
        result[blank] = least
        report.append(f"{int(blank.sum())} rows give no cover; as the species is listed, the least value of the "
                      f"table ({least:g}) was taken.")
    if outside.any():
        report.append(f"{int(outside.sum())} rows in parentheses, just outside the plot, were left out.")
    report += _remarks(chosen, plain, where, result)
    return Covers(result, chosen, outside, chosen.name != "presence", report)


def _remarks(scale: CoverScale, plain: list[str], where: NDArray[np.intp], values: NDArray[np.float64]) -> list[str]:
    """Return what the reader should know about codes that were read in one of several ways."""
    said = []
    if scale.name.startswith("braun-blanquet"):
        if any(_SOCIABILITY.match(code) for code in plain):
            said.append("Sociability behind the cover code was left out.")
        kinds = [match[1] if (match := _SOCIABILITY.match(code)) else code for code in plain]
        if "2" in kinds and {"2m", "2a", "2b"} & set(kinds):
            rows = int(np.isin(where, [index for index, kind in enumerate(kinds) if kind == "2"]).sum())
            said.append(f"{rows} rows say 2 beside 2m, 2a and 2b: the whole class, {scale.values['2']:g} %, was taken.")
    positive = values[values > 0]
    if scale.name == "percent" and positive.size and positive.max() <= 1 and np.unique(positive).size > 1:
        said.append("No cover is above 1 %: should these be fractions, state --cover-scale fraction.")
    return said


def _value(code: str, scale: CoverScale, decimal: str) -> float:
    """Return the number of one plain code, NaN where the scale does not know it."""
    if scale.values:
        if code in _NOTHING:
            return 0.0
        if scale.name.startswith("braun-blanquet") and (match := _SOCIABILITY.match(code)) is not None:
            code = match[1]
        elif scale.name == "londo":
            code = code.replace(",", ".")
        if code not in scale.values and (number := parse_number(code)).is_integer():
            code = f"{number:.0f}"  # a spreadsheet may write 3 as 3.0
        return scale.values.get(code, math.nan)
    number = parse_number(code, decimal)
    if scale.name == "presence":
        if code in ABSENT or number == 0:
            return 0.0
        return PRESENCE_COVER if code in _PRESENT or number > 0 else math.nan
    if code in _NOTHING:
        return 0.0
    if scale.name == "fraction":
        return 100 * number if 0 <= number <= 1 else math.nan
    top = 100.0 if scale.name == "percent" else math.inf
    return number if 0 <= number <= top else math.nan


def _fits_nothing(code: str) -> bool:
    known = code in TURBOVEG or code in LONDO or bool(_OUTSIDE.match(code)) or code in _NOTHING
    return bool(code) and not known and math.isnan(parse_number(code))


def is_cover(code: str) -> bool:
    """Whether a text can be the cover of a species in some scale, or say that it is absent."""
    plain = plain_code(code)
    if plain in TURBOVEG or plain in LONDO or plain in ABSENT | _PRESENT or _OUTSIDE.match(plain):
        return True
    number = parse_number(plain)
    return 0 <= number <= 100 or bool(_SOCIABILITY.match(plain))


@dataclasses.dataclass(frozen=True)
class _Refusal:
    """Raises the error that names the first codes that do not fit, each with its row."""

    table: Table
    column: NDArray[np.str_]
    where: NDArray[np.intp]
    plain: list[str]
    place: str

    def __call__(self, what: str, wrong: Callable[[str], bool]) -> None:
        fits_not = np.array([bool(wrong(code)) for code in self.plain], bool)
        if not fits_not.any():  # every code fits some scale, but no scale fits them all: the rarer ones are suspect
            fits_not = _fewer(self.plain, self.where)
        rows = np.flatnonzero(fits_not[self.where])
        firsts: dict[str, str] = {}
        for row in rows:
            firsts.setdefault(str(self.column[row]), self.table.place(int(row)))
        shown = listed(f"{code!r} ({place})" for code, place in firsts.items())
        raise CoverScaleError(
            f"{len(rows)} covers do not belong to {what}: {shown}", where=self.place,
            remedy="correct them, or state the scale with --cover-scale",
        )


def _fewer(plain: list[str], where: NDArray[np.intp]) -> NDArray[np.bool_]:
    """Return which codes belong to the smaller party where some are numbers and some are letters and signs."""
    rows = np.bincount(where, minlength=len(plain))
    lettered = np.array([bool(code) and math.isnan(parse_number(code)) for code in plain], bool)
    blank = np.array([not code for code in plain], bool)
    parties = collections.Counter({True: int(rows[lettered].sum()), False: int(rows[~lettered & ~blank].sum())})
    return lettered if parties[True] <= parties[False] else ~lettered & ~blank
