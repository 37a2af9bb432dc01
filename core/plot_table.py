"""The plots of a relevé table: their names, places, dates, groups and what else is known of them."""

from __future__ import annotations

import dataclasses
import math
import re

import numpy as np
from numpy.typing import NDArray

from botaclip.core.errors import ReleveError
from botaclip.core.places import Points
from botaclip.core.plot_dates import iso_dates
from botaclip.core.plot_places import coordinates, crs_column, placed, rounded_places
from botaclip.core.table_dialect import listed, parse_number
from botaclip.core.tables import Table

# Rows of one plot may differ by rounding, not by more: metres, and degrees (about 10 cm).
_SAME_PLACE_M, _SAME_PLACE_DEGREES = 0.05, 1e-6
# Columns that state the uncertainty of a place in metres: Darwin Core, EVA, sPlotOpen, GeoNature.
UNCERTAINTY_FIELDS = (
    "coordinateUncertaintyInMeters", "Location uncertainty (m)", "Location_uncertainty", "precision_geographique",
)  # fmt: skip
# Columns that say that a place was blurred: Darwin Core by any text, GeoNature by yes.
BLURRED_FIELDS = ("dataGeneralizations", "informationWithheld")
BLURRED_FLAGS = ("floutage_dee",)
_YES = frozenset({"oui", "o", "yes", "y", "true", "t", "1"})
_METRES = {"m": 1.0, "meter": 1.0, "metre": 1.0, "meters": 1.0, "metres": 1.0, "km": 1000.0, "cm": 0.01}
_SQUARE_METRES = {"m2": 1.0, "m²": 1.0, "sqm": 1.0, "qm": 1.0, "ha": 10_000.0, "a": 100.0, "km2": 1e6, "km²": 1e6}


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
    habitats, sites
        Habitats and sites (N,), ``""`` where unknown; None when no column was asked for.
    uncertainty_m, area_m2
        Uncertainty of the place and area (N,), NaN where unknown; None where no column gives them.
    blurred
        Why a place is known to be blurred (N,), ``""`` where nothing says so; None without such a column.
    """

    ids: NDArray[np.str_]
    points: Points
    dates: NDArray[np.str_]
    groups: NDArray[np.str_] | None
    unplaced: NDArray[np.str_]
    report: list[str]
    habitats: NDArray[np.str_] | None = None
    sites: NDArray[np.str_] | None = None
    uncertainty_m: NDArray[np.float64] | None = None
    area_m2: NDArray[np.float64] | None = None
    blurred: NDArray[np.str_] | None = None


@dataclasses.dataclass(frozen=True)
class _Rows:
    """Rows (r,) of a table that have a place, each with the index of its plot; the plots' names and first rows."""

    table: Table
    rows: NDArray[np.int64]
    plot_of: NDArray[np.int64]
    ids: NDArray[np.str_]
    first: NDArray[np.int64]

    def first_said(self, said: NDArray[np.bool_]) -> NDArray[np.int64]:
        """Return for each plot (N,) the first of its rows for which ``said`` (r,) holds; its first row without any."""
        plots, at = np.unique(self.plot_of[said], return_index=True)
        result = self.first.copy()
        result[plots] = self.rows[said][at]
        return result

    def text(self, field: str | None, option: str, what: str) -> NDArray[np.str_] | None:
        """Return what each plot's rows say in a column; rows may be silent, but not contradict each other."""
        if not field:
            return None
        texts = self.table.column(field, option=option)
        said = texts[self.rows] != ""
        source = self.first_said(said)
        result = texts[source]
        self.refuse(said & (texts[self.rows] != result[self.plot_of]), source, what, texts)
        return result

    def refuse(
        self, wrong: NDArray[np.bool_], source: NDArray[np.int64], what: str, texts: NDArray[np.str_] | None = None
    ) -> None:
        """Raise the error on the first row (of r) that contradicts its plot's ``source`` row."""
        if not wrong.any():
            return
        other = np.flatnonzero(wrong)[0]
        plot, row = self.plot_of[other], self.rows[other]
        base = source[plot]
        quoted = "" if texts is None else f", {str(texts[base])!r} and {str(texts[row])!r}"
        others = len(np.unique(self.plot_of[wrong])) - 1
        numbers = f"rows {self.table.rows[base]} and {self.table.rows[row]}"
        raise ReleveError(
            f"plot {str(self.ids[plot])!r} {what} ({numbers}{quoted})"
            + (f"; so do {others} other plots" if others else ""),
            where=self.table.path, remedy="give each place and survey a plot name of its own",
        )


def read_plots(
    table: Table, *, plot_field: str, crs: str | None = None, x_field: str | None = None, y_field: str | None = None,
    date_field: str | None = None, groups: str | None = None, crs_field: str | None = None,
    habitat_field: str | None = None, site_field: str | None = None, uncertainty_field: str | None = None,
    area_field: str | None = None,
) -> PlotTable:
    """Return the plots of a table; a plot may take several rows as long as they agree.

    Rows of one plot may leave a value blank, but two places, years, groups, sites or habitats of one plot are an
    error: two surveys would become one. Days of one year are taken as one survey; the first is kept.

    Raises
    ------
    ReleveError
        A column is missing, a plot's rows disagree, no plot has a place, the CRS is unknown or implausible, or an
        uncertainty or area is no number or negative.
    """
    report: list[str] = []
    names = table.column(plot_field, option="--plot-field")
    table.refuse_line_breaks(str(table.find(plot_field)))
    place = coordinates(table, x_field, y_field, report)
    codes = crs_column(table, place, crs_field=crs_field, crs=crs, report=report)
    grouped = _grouped(table, names, (names != "") & ~place.missing)
    _one_place(grouped, place.x, place.y, place.degrees)
    if codes is not None:
        grouped.refuse(codes[1][grouped.rows] != codes[1][grouped.first][grouped.plot_of], grouped.first,
                       "has two CRSs", codes[1])
    unplaced = np.setdiff1d(names[names != ""], grouped.ids)
    if len(unplaced):
        report.append(f"{len(unplaced)} plots without coordinates were dropped: {listed(unplaced)}.")
    points = placed(table, place, grouped.first, crs=crs, codes=codes, report=report)
    rounded = rounded_places(grouped.ids, place.x[grouped.first], place.y[grouped.first])
    if rounded:
        report.append(rounded)
    return PlotTable(
        ids=grouped.ids, points=points, dates=_dates(grouped, date_field, report),
        groups=grouped.text(groups, "--groups", "belongs to two groups"),
        unplaced=unplaced, report=report,
        habitats=grouped.text(habitat_field, "--habitat-field", "has two habitats"),
        sites=grouped.text(site_field, "--site-field", "lies on two sites"),
        uncertainty_m=_uncertainty(grouped, uncertainty_field, report),
        area_m2=_area(grouped, area_field, report),
        blurred=_blurred(grouped, report),
    )


def some(names: NDArray[np.str_]) -> str:
    """Return the first few of some names, for a message."""
    return listed(names)


def _grouped(table: Table, names: NDArray[np.str_], usable: NDArray[np.bool_]) -> _Rows:
    """Return the usable rows by plot, the plots in the order of their first row."""
    rows = np.flatnonzero(usable)
    if not len(rows):
        raise ReleveError("no plot has coordinates", where=table.path, remedy="fill in the coordinates")
    ids, first_of, plot_of = np.unique(names[rows], return_index=True, return_inverse=True)
    order = np.argsort(first_of)
    rank = np.empty(len(order), np.int64)
    rank[order] = np.arange(len(order))
    return _Rows(table, rows, rank[plot_of], ids[order], rows[first_of[order]])


def _one_place(grouped: _Rows, x: NDArray[np.float64], y: NDArray[np.float64], degrees: bool) -> None:
    rows, own = grouped.rows, grouped.first[grouped.plot_of]
    tolerance = _SAME_PLACE_DEGREES if degrees or np.abs(x[rows]).max() <= 180 else _SAME_PLACE_M
    apart = np.hypot(x[rows] - x[own], y[rows] - y[own]) > tolerance
    grouped.refuse(apart, grouped.first, "lies in two places")


def _dates(grouped: _Rows, field: str | None, report: list[str]) -> NDArray[np.str_]:
    if not field:
        return np.full(len(grouped.ids), "", dtype=np.str_)
    texts = grouped.table.column(field, option="--date-field")[grouped.rows]
    dates = iso_dates(texts)
    unread = (dates == "") & (texts != "")
    if unread.any():
        plots = len(np.unique(grouped.plot_of[unread]))
        report.append(f"{plots} dates were not understood and left out: {some(np.unique(texts[unread]))}.")
    every = np.full(len(grouped.table), "", dtype=dates.dtype)
    every[grouped.rows] = dates
    source = grouped.first_said(dates != "")
    own = every[source]
    years, own_years = dates.astype("U4"), own.astype("U4")
    grouped.refuse((dates != "") & (years != own_years[grouped.plot_of]), source, "was surveyed in two years", every)
    several = np.unique(grouped.plot_of[(dates != "") & (dates != own[grouped.plot_of])])
    if len(several):
        report.append(f"{len(several)} plots have several days of one year; the first row's was taken: "
                      f"{some(grouped.ids[several])}.")
    return own


def _uncertainty(grouped: _Rows, field: str | None, report: list[str]) -> NDArray[np.float64] | None:
    if not field:
        field = next((name for name in UNCERTAINTY_FIELDS if grouped.table.find(name)), None)
        if field is None or not (grouped.table.column(field, option="--uncertainty-field") != "").any():
            return None
        report.append(f"The uncertainty of the places, in metres, was read from column {field!r}.")
    return _largest(grouped, field, "--uncertainty-field", "m", _METRES, report)


def _area(grouped: _Rows, field: str | None, report: list[str]) -> NDArray[np.float64] | None:
    if not field:
        return None
    area = _largest(grouped, field, "--area-field", "m2", _SQUARE_METRES, report)
    area[area == 0] = math.nan  # dBase writes an empty number as 0
    return area


def _largest(
    grouped: _Rows, field: str, option: str, unit: str, units: dict[str, float], report: list[str]
) -> NDArray[np.float64]:
    """Return the largest value that each plot's rows give in a column, in ``unit``; NaN where they give none."""
    values = quantities(grouped.table, field, option=option, unit=unit, units=units, report=report)[grouped.rows]
    result = np.full(len(grouped.ids), np.nan)
    np.fmax.at(result, grouped.plot_of, values)
    differ = np.unique(grouped.plot_of[~np.isnan(values) & (values != result[grouped.plot_of])])
    if len(differ):
        report.append(f"{len(differ)} plots have several values of {field!r}; the largest was taken: "
                      f"{some(grouped.ids[differ])}.")
    return result


def quantities(
    table: Table, field: str, *, option: str, unit: str, units: dict[str, float], report: list[str]
) -> NDArray[np.float64]:
    """Return a column (n,) of lengths or areas in ``unit``, NaN where blank.

    A unit behind a number (``0.04 ha``) or behind the column's name (``area_ha``) is understood.

    Raises
    ------
    ReleveError
        There is no such column, or a value is no number, has another unit or is negative (named with its row).
    """
    texts = table.column(field, option=option)
    distinct, where = np.unique(texts, return_inverse=True)
    decimal = table.decimal_of(distinct)
    named = re.search(r"[\s_(\[]([a-z]+[2²]?)[)\]]?$", field.strip().casefold())
    factor = units.get(named[1], 1.0) if named and named[1] != "a" else 1.0
    if factor != 1.0 and named:
        report.append(f"Column {field!r} was taken to be in {named[1]}.")
    parsed = np.full(len(distinct), np.nan)
    for index, text in enumerate(distinct.tolist()):
        if text in ("", "?"):
            continue
        match = re.fullmatch(r"(.*?\d[.,]?)\s*([^\d\s.,]+[2²]?)?", text.strip())
        scale = units.get(match[2].casefold(), math.nan) if match and match[2] else factor
        parsed[index] = scale * parse_number(match[1], decimal) if match else math.nan
        if not parsed[index] >= 0:
            row = np.flatnonzero(where == index)[0]
            what = "is negative" if parsed[index] < 0 else f"is not a number of {unit}"
            raise ReleveError(
                f"{text!r} in column {field!r}, {table.place(row)}, {what}", where=table.path,
                remedy=f"correct the table or name another column with {option}",
            )
    return parsed[where]


def _blurred(grouped: _Rows, report: list[str]) -> NDArray[np.str_] | None:
    """Return why each place is known to be blurred, from the columns that well-known exports have for it."""
    table = grouped.table
    reasons: list[NDArray[np.str_]] = []
    for name in (*BLURRED_FIELDS, *BLURRED_FLAGS):
        field = table.find(name)
        if field is None:
            continue
        texts = table.columns[field]
        if name in BLURRED_FLAGS:
            flagged = np.isin(np.char.lower(texts), sorted(_YES))
            texts = np.where(flagged, field, "")
        said = texts[grouped.rows] != ""
        reasons.append(np.where(np.isin(np.arange(len(grouped.ids)), grouped.plot_of[said]),
                                texts[grouped.first_said(said)], ""))
    if not reasons:
        return None
    result = reasons[0]
    for more in reasons[1:]:
        result = np.where(result != "", result, more)
    blurred = result != ""
    if blurred.any():
        report.append(f"{int(blurred.sum())} plots are said to have a blurred place: {some(grouped.ids[blurred])}.")
    return result
