"""Cover as botanists write it, turned into per cent.

Values of the Turboveg convention: Turboveg 2 ``tvscale.dbf``, scales 01 and 02 (Hennekens & Schaminée 2001,
doi:10.2307/3237010). Class mid-points: van der Maarel 1979, doi:10.1007/BF00052021, on the class limits of
Braun-Blanquet 1964 and Reichelt & Wilmanns 1973. They differ most at class 4 (68 against 62.5 %), so which one was
used is written into the model.
"""

from __future__ import annotations

import dataclasses
import math
import re
from typing import Any

import numpy as np
from numpy.typing import NDArray

from botaclip.core.errors import CoverScaleError
from botaclip.core.tables import Table, parse_number

TURBOVEG = {
    "r": 1.0, "i": 1.0, "+": 2.0, "1": 3.0, "2": 13.0, "2m": 4.0, "2a": 8.0, "2b": 18.0, "3": 38.0, "4": 68.0,
    "5": 88.0,
}
MIDPOINT = {
    "r": 0.1, "i": 0.1, "+": 0.5, "1": 2.5, "2": 15.0, "2m": 2.5, "2a": 8.75, "2b": 18.75, "3": 37.5, "4": 62.5,
    "5": 87.5,
}
_PRESENT = frozenset({"1", "x", "+", "p", "y", "yes", "true", "t", "present", "presence", "oui", "ja"})
_ABSENT = frozenset({"0", "n", "no", "false", "f", "absent", "absence", "non", "nein", "-", "."})
_SOCIABILITY = re.compile(r"^(r|i|\+|[1-5]|2[mab])[.,/ ][+1-5]$")
_OUTSIDE = re.compile(r"^\(.*\)$")

# What a presence is worth where nothing but presence is known: the whole, so that cover / 100 is the indicator.
PRESENCE_COVER = 100.0


@dataclasses.dataclass(frozen=True)
class CoverScale:
    """How the codes of a table become numbers.

    Parameters
    ----------
    name
        ``percent``, ``presence``, ``braun-blanquet``, ``braun-blanquet-midpoint`` or ``abundance``.
    source
        Where its values come from.
    values
        Per cent of each code; empty where numbers are taken as they stand.
    deduced
        Whether it was deduced from the codes rather than stated.
    """

    name: str
    source: str
    values: dict[str, float] = dataclasses.field(default_factory=dict)
    deduced: bool = False

    def __str__(self) -> str:
        """Return the name and the source."""
        return f"{self.name} ({self.source})"

    def to_json(self) -> dict[str, Any]:
        """Return it as it is written into the model."""
        return dataclasses.asdict(self)


SCALES = {
    "percent": CoverScale("percent", "per cent as given"),
    "presence": CoverScale("presence", "presence as given; cover 100 stands for present"),
    "braun-blanquet": CoverScale("braun-blanquet", "Turboveg 2 tvscale.dbf, scales 01 and 02", TURBOVEG),
    "braun-blanquet-midpoint": CoverScale(
        "braun-blanquet-midpoint", "class mid-points (van der Maarel 1979)", MIDPOINT
    ),
    "abundance": CoverScale("abundance", "abundance as given"),
}


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


def _plain(code: str) -> str:
    text = code.strip().lower().replace("\u00a0", "").rstrip("%").strip()
    return "+" if text in ("+", "＋") else text


def deduce(codes: set[str], *, field: str, where: str) -> str:
    """Return the name of the scale that a set of plain codes belongs to.

    Raises
    ------
    CoverScaleError
        The codes fit none, or fit per cent as well as Braun-Blanquet (only whole numbers 1 to 5).
    """
    if codes <= _PRESENT | _ABSENT and not {"+", "1"} <= codes:
        return "presence"
    inside = {code for code in codes if not _OUTSIDE.match(code)}
    numbers = [parse_number(code) for code in inside]
    if all(math.isfinite(number) for number in numbers):
        says_percent = re.search(r"%|percent|pct|proz", field.lower()) is not None
        if not says_percent and all(number in (0, 1, 2, 3, 4, 5) for number in numbers):
            shown = ", ".join(f"{number:g}" for number in sorted(set(numbers)))
            raise CoverScaleError(
                f"the covers are {shown}: this may be per cent or Braun-Blanquet classes", where=where,
                remedy="say which with --cover-scale percent, braun-blanquet or presence",
            )
        return "percent"
    if all(code in TURBOVEG or code == "0" or _SOCIABILITY.match(code) for code in inside):
        return "braun-blanquet"
    return ""


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
        A code does not belong to the scale; the message names the first ones with their rows.
    """
    count = len(table)
    if field is None:
        everything = np.full(count, PRESENCE_COVER)
        return Covers(everything, SCALES["presence"], np.zeros(count, bool), False, [])
    column = table.column(field, option="--cover-field")
    raw, where = np.unique(column, return_inverse=True)
    plain = [_plain(str(code)) for code in raw]
    where_text = f"{table.path}, column {field!r}"
    report = []
    if data_type == "abundance" and scale == "auto":
        chosen = SCALES["abundance"]
    elif scale == "auto":
        name = deduce({code for code in plain if code}, field=field, where=where_text)
        if not name:
            _refuse(table, column, where, plain, "any cover scale", where_text, _fits_nothing)
        chosen = dataclasses.replace(SCALES[name], deduced=True)
        report.append(f"Cover scale deduced from the codes: {name} ({chosen.source}).")
    else:
        chosen = SCALES[scale]
    values = np.array([_value(code, chosen) for code in plain], float)
    unknown = np.array([bool(code) and math.isnan(value) and not _OUTSIDE.match(code)
                        for code, value in zip(plain, values, strict=True)], bool)
    if unknown.any():
        marked = {plain[index] for index in np.flatnonzero(unknown)}
        _refuse(table, column, where, plain, f"the cover scale {chosen.name}", where_text, marked.__contains__)
    outside = np.array([bool(_OUTSIDE.match(code)) for code in plain], bool)[where]
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
    if any(_SOCIABILITY.match(code) for code in plain) and chosen.values:
        report.append("Sociability behind the cover code was left out.")
    positive = result[result > 0]
    if chosen.name == "percent" and positive.size and positive.max() <= 1 and np.unique(positive).size > 1:
        report.append("No cover is above 1 %: should these be fractions, multiply them by 100.")
    return Covers(result, chosen, outside, chosen.name != "presence", report)


def _value(code: str, scale: CoverScale) -> float:
    """Return the number of one plain code, NaN where the scale does not know it."""
    if scale.values:
        match = _SOCIABILITY.match(code)
        return 0.0 if code == "0" else scale.values.get(match.group(1) if match else code, math.nan)
    number = parse_number(code)
    if scale.name == "presence":
        if code in _ABSENT or number == 0:
            return 0.0
        return PRESENCE_COVER if code in _PRESENT or number > 0 else math.nan
    top = 100.0 if scale.name == "percent" else math.inf
    return number if 0 <= number <= top else math.nan


def _fits_nothing(code: str) -> bool:
    return bool(code) and code not in TURBOVEG and math.isnan(parse_number(code)) and not _OUTSIDE.match(code)


def _refuse(
    table: Table, column: NDArray[np.str_], where: NDArray[np.intp], plain: list[str], what: str, place: str, wrong: Any
) -> None:
    """Raise the error that names the first codes that do not fit, each with its row."""
    fits_not = np.array([bool(wrong(code)) for code in plain], bool)
    if not fits_not.any():  # every code fits some scale, but no scale fits them all
        fits_not = np.array([bool(code) for code in plain], bool)
    rows = np.flatnonzero(fits_not[where])
    firsts: dict[str, int] = {}
    for row in rows:
        firsts.setdefault(str(column[row]), int(table.rows[row]))
        if len(firsts) == 5:
            break
    shown = ", ".join(f"{code!r} (row {row})" for code, row in firsts.items())
    raise CoverScaleError(
        f"{len(rows)} covers do not belong to {what}: {shown}", where=place,
        remedy="correct them, or state the scale with --cover-scale",
    )
