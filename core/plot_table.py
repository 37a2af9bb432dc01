"""The plots of a relevé table: their names, places, dates and groups."""

from __future__ import annotations

import dataclasses
import datetime
import re

import numpy as np
from numpy.typing import NDArray
from pyproj import CRS
from pyproj.exceptions import CRSError

from botaclip.core.errors import ReleveError
from botaclip.core.places import Points
from botaclip.core.tables import Table

# Pairs of coordinate columns looked for where none are named.
COORDINATE_FIELDS = (
    ("x", "y"), ("easting", "northing"), ("x_coord", "y_coord"), ("lon", "lat"), ("longitude", "latitude"),
    ("decimallongitude", "decimallatitude"),
)
# Rows of one plot may differ by rounding, not by more: metres, and degrees (about 10 cm).
_SAME_PLACE_M, _SAME_PLACE_DEGREES = 0.05, 1e-6
_NAMED = 5  # how many names a message lists


@dataclasses.dataclass(frozen=True)
class PlotTable:
    """Plots with a place, in the order of their first row.

    Parameters
    ----------
    ids
        Names (N,), unique.
    points
        Centres (N).
    dates
        ISO dates (N,), ``""`` where unknown.
    groups
        Groups (N,), or None when no column was asked for.
    unplaced
        Names of the plots left out because they have no coordinates.
    report
        What was deduced, dropped and merged.
    """

    ids: NDArray[np.str_]
    points: Points
    dates: NDArray[np.str_]
    groups: NDArray[np.str_] | None
    unplaced: NDArray[np.str_]
    report: list[str]


def read_plots(
    table: Table, *, plot_field: str, crs: str | None, x_field: str | None, y_field: str | None,
    date_field: str | None, groups: str | None,
) -> PlotTable:
    """Return the plots of a table; a plot may take several rows as long as they agree on its place.

    Raises
    ------
    ReleveError
        A column is missing, a plot lies in two places, no plot has a place, or the CRS is unknown or implausible.
    """
    report: list[str] = []
    names = table.column(plot_field, option="--plot-field")
    x, y, file_crs, degrees = _coordinates(table, x_field, y_field, report)
    missing = np.isnan(x) | np.isnan(y) | ((x == 0) & (y == 0))  # dBase writes an empty number as 0
    usable = (names != "") & ~missing
    ids, first_of, plot_of = np.unique(names[usable], return_index=True, return_inverse=True)
    rows = np.flatnonzero(usable)
    if not len(ids):
        raise ReleveError("no plot has coordinates", where=table.path, remedy="fill in the coordinates")
    first = rows[first_of]
    tolerance = _SAME_PLACE_DEGREES if degrees or np.abs(x[rows]).max() <= 180 else _SAME_PLACE_M
    apart = np.hypot(x[rows] - x[first][plot_of], y[rows] - y[first][plot_of]) > tolerance
    if apart.any():
        plots = np.unique(names[rows[apart]])
        other = rows[apart][0]
        raise ReleveError(
            f"plot {str(names[other])!r} lies in two places (rows {table.rows[first[plot_of[apart][0]]]} and "
            f"{table.rows[other]})" + (f"; so do {len(plots) - 1} other plots" if len(plots) > 1 else ""),
            where=table.path, remedy="give each place a plot name of its own",
        )
    order = np.argsort(first)
    first = first[order]
    unplaced = np.setdiff1d(names[names != ""], ids)
    if len(unplaced):
        report.append(f"{len(unplaced)} plots without coordinates were dropped: {some(unplaced)}.")
    return PlotTable(
        ids=ids[order], points=_points(table, x[first], y[first], crs or file_crs, first, degrees, report),
        dates=_dates(table, date_field, first, report),
        groups=table.column(groups, option="--groups")[first] if groups else None,
        unplaced=unplaced, report=report,
    )


def some(names: NDArray[np.str_]) -> str:
    """Return the first few of some names, for a message."""
    return ", ".join(map(str, names[:_NAMED])) + (" ..." if len(names) > _NAMED else "")


def _coordinates(
    table: Table, x_field: str | None, y_field: str | None, report: list[str]
) -> tuple[NDArray[np.float64], NDArray[np.float64], str | None, bool]:
    """Return x, y, the CRS that the file states for them, and whether the column names say degrees."""
    if bool(x_field) != bool(y_field):
        raise ReleveError("only one of --x-field and --y-field is given", where=table.path, remedy="give both")
    if not x_field or not y_field:
        if table.x is not None and table.y is not None:
            return table.x, table.y, table.crs, False
        pair = next((pair for pair in COORDINATE_FIELDS if all(table.find(name) for name in pair)), None)
        if pair is None:
            raise ReleveError(
                f"no coordinates were found; the columns are {', '.join(map(repr, table.columns))}",
                where=table.path, remedy="name them with --x-field and --y-field, or give the plots with --plots",
            )
        x_field, y_field = pair
        report.append(f"Coordinates were read from the columns {x_field} and {y_field}.")
    x, y = table.numbers(x_field, option="--x-field"), table.numbers(y_field, option="--y-field")
    return x, y, None, "lon" in x_field.casefold()


def _points(
    table: Table, x: NDArray[np.float64], y: NDArray[np.float64], crs: str | None, first: NDArray[np.int64],
    degrees: bool, report: list[str],
) -> Points:
    if crs is not None:
        return _checked(table, x, y, crs)
    code_field = None if degrees else table.find("epsg")
    if code_field is None:
        raise ReleveError(
            "the CRS of the coordinates is not known", where=table.path,
            remedy=f"state it, for example --crs {'EPSG:4326' if degrees else 'EPSG:2154'}",
        )
    codes = table.columns[code_field][first]
    distinct = np.unique(codes)
    report.append(f"The CRS was read from column {code_field!r}: {', '.join(f'EPSG:{code}' for code in distinct)}.")
    if len(distinct) == 1:
        return _checked(table, x, y, f"EPSG:{distinct[0]}")
    longitude, latitude = np.empty(len(x)), np.empty(len(x))
    for code in distinct:  # plots of several zones meet in degrees
        here = codes == code
        points = _checked(table, x[here], y[here], f"EPSG:{code}").to("EPSG:4326")
        longitude[here], latitude[here] = points.x, points.y
    return Points(longitude, latitude, "EPSG:4326")


def _checked(table: Table, x: NDArray[np.float64], y: NDArray[np.float64], crs: str) -> Points:
    """Return points in ``crs`` unless their values cannot be of it."""
    try:
        system = CRS.from_user_input(crs)
    except CRSError as error:
        raise ReleveError(f"{crs!r} is no known CRS", where=table.path, remedy="write it as EPSG:2154") from error
    in_degrees = bool((np.abs(x) <= 180).all() and (np.abs(y) <= 90).all())
    if system.is_geographic and not in_degrees:
        raise ReleveError(
            f"coordinates such as {x[0]:g}, {y[0]:g} are not degrees, but the CRS is {system.name}", where=table.path,
            remedy="state the CRS of the coordinates with --crs",
        )
    # A local metric system may hold a few small numbers, but not a whole table of them off the origin.
    if not system.is_geographic and in_degrees:
        raise ReleveError(
            f"coordinates such as {x[0]:g}, {y[0]:g} look like degrees, but the CRS is {system.name}",
            where=table.path, remedy="state the CRS of the coordinates with --crs, for degrees EPSG:4326",
        )
    return Points(x, y, crs)


def _dates(table: Table, field: str | None, first: NDArray[np.int64], report: list[str]) -> NDArray[np.str_]:
    if not field:
        return np.full(len(first), "", dtype=np.str_)
    texts = table.column(field, option="--date-field")[first]
    order = _slash_order(texts)
    dates = np.array([_iso(str(text), order) for text in texts], dtype=np.str_)
    unread = (dates == "") & (texts != "")
    if unread.any():
        report.append(f"{int(unread.sum())} dates were not understood and left out: {some(np.unique(texts[unread]))}.")
    return dates


_YMD = re.compile(r"^(\d{4})[-/.](\d{1,2})(?:[-/.](\d{1,2}))?(?:[T ].*)?$")
_COMPACT = re.compile(r"^(\d{4})(\d{2})?(\d{2})?$")
_DMY = re.compile(r"^(\d{1,2})([./-])(\d{1,2})[./-](\d{4})$")


def _slash_order(texts: NDArray[np.str_]) -> str:
    """Return ``dmy`` or ``mdy`` for dates like 3/5/2019 where some date of the column decides it, else ``""``."""
    found = [match for text in texts if (match := _DMY.match(str(text)))]
    day_first = any(match[2] == "." or int(match[1]) > 12 for match in found)
    month_first = any(int(match[3]) > 12 for match in found)
    return "" if day_first == month_first else "dmy" if day_first else "mdy"


def _iso(text: str, order: str) -> str:
    if (match := _YMD.match(text) or _COMPACT.match(text)) is not None:
        year, month, day = match[1], match[2], match[3]
    elif (match := _DMY.match(text)) is not None and order:
        year = match[4]
        day, month = (match[1], match[3]) if order == "dmy" else (match[3], match[1])
    else:
        return ""
    try:
        date = datetime.date(int(year), int(month or 1), int(day or 1))
    except ValueError:
        return ""
    return date.isoformat()[: 4 if not month else 7 if not day else 10]
