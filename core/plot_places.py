"""Where the plots of a table lie: their coordinate columns, their CRS, and whether the places look rounded."""

from __future__ import annotations

import collections
import dataclasses
import re

import numpy as np
from numpy.typing import NDArray
from pyproj import CRS
from pyproj.exceptions import CRSError

from botaclip.core.errors import ReleveError
from botaclip.core.places import Points
from botaclip.core.table_dialect import listed
from botaclip.core.tables import Table

# Pairs of coordinate columns looked for where none are named.
COORDINATE_FIELDS = (
    ("x", "y"), ("easting", "northing"), ("x_coord", "y_coord"), ("lon", "lat"), ("longitude", "latitude"),
    ("decimallongitude", "decimallatitude"),
)  # fmt: skip
# Columns that may name the CRS of a row's coordinates; only the first is ever taken unasked.
CRS_FIELDS = ("epsg", "epsg_code", "srid", "crs")
_EPSG = re.compile(r"(?:urn:ogc:def:crs:)?(?:epsg)?[:\s]*(\d{4,6})(?:[.,]0+)?", re.IGNORECASE)
_COARSE_M, _COARSE_DEGREES = 1000.0, 0.1
# A place on the coarse grid is reported where chance alone would put so many times fewer there.
_BEYOND_CHANCE = 5.0


@dataclasses.dataclass(frozen=True)
class Coordinates:
    """Coordinates as a table gives them, row by row.

    Parameters
    ----------
    x, y
        Values (n,), NaN where blank.
    crs
        CRS that the file states for its geometry; None for columns.
    degrees
        Whether the column names say degrees.
    geometry
        Whether they are the layer's geometry.
    """

    x: NDArray[np.float64]
    y: NDArray[np.float64]
    crs: str | None
    degrees: bool
    geometry: bool

    @property
    def missing(self) -> NDArray[np.bool_]:
        """Rows (n,) without a place; dBase writes an empty number as 0."""
        return np.isnan(self.x) | np.isnan(self.y) | ((self.x == 0) & (self.y == 0))


def coordinates(table: Table, x_field: str | None, y_field: str | None, report: list[str]) -> Coordinates:
    """Return the coordinates of a table's rows.

    Raises
    ------
    ReleveError
        Only one column is named, a column is missing or holds no numbers, or no coordinates are found.
    """
    if bool(x_field) != bool(y_field):
        raise ReleveError("only one of --x-field and --y-field is given", where=table.path, remedy="give both")
    if not x_field or not y_field:
        if table.x is not None and table.y is not None:
            return Coordinates(table.x, table.y, table.crs, False, True)
        pair = coordinate_pair(table)
        if pair is None:
            names = [repr(name) for name in table.columns]
            raise ReleveError(
                f"no coordinates were found; the columns are {listed(names, 40)}",
                where=table.path, remedy="name them with --x-field and --y-field, or give the plots with --plots",
            )
        x_field, y_field = pair
        report.append(f"Coordinates were read from the columns {x_field} and {y_field}.")
    x, y = table.numbers(x_field, option="--x-field"), table.numbers(y_field, option="--y-field")
    return Coordinates(x, y, None, "lon" in x_field.casefold(), False)


def coordinate_pair(table: Table) -> tuple[str, str] | None:
    """Return the well-known pair of coordinate columns that a table has, as it writes them; None without one."""
    for pair in COORDINATE_FIELDS:
        x, y = (table.find(name) for name in pair)
        if x and y:
            return x, y
    return None


def crs_column(
    table: Table, place: Coordinates, *, crs_field: str | None, crs: str | None, report: list[str]
) -> tuple[str, NDArray[np.str_]] | None:
    """Return name and values of the column that says each row's CRS; None where there is none or none is needed.

    A column ``epsg`` (or Darwin Core's ``geodeticDatum`` for degrees) is taken by itself where no CRS is stated.
    """
    if crs_field:
        codes = table.column(crs_field, option="--crs-field")
        if place.geometry and place.crs:
            report.append(f"The geometry has its own CRS; column {crs_field!r} was not needed.")
            return None
        return crs_field, codes
    if crs and not place.geometry:
        _warn_of_other_crs(table, place, crs, report)
    if crs or place.crs:
        return None
    found = table.find("geodeticDatum") if place.degrees else table.find("epsg")
    return (found, table.columns[found]) if found else None


def _warn_of_other_crs(table: Table, place: Coordinates, crs: str, report: list[str]) -> None:
    """Report a column that names other CRSs than the stated one."""
    stated = _epsg_of(crs)
    for name in ("geodeticDatum",) if place.degrees else CRS_FIELDS:
        field = table.find(name)
        if field is None or not stated:
            continue
        distinct, counts = np.unique(table.columns[field][~place.missing], return_counts=True)
        rows: collections.Counter[str] = collections.Counter()
        for text, count in zip(distinct.tolist(), counts.tolist(), strict=True):
            code = _epsg_of(crs_text(text)) if text else ""
            if code and code != stated:
                rows[code] += count
        if rows:
            others = listed([f"{code} in {count} row{'s' * (count > 1)}" for code, count in sorted(rows.items())])
            report.append(f"Column {field!r} names other CRSs ({others}); --crs {crs} was taken. Where the column is "
                          f"right, use --crs-field {field}.")


def _epsg_of(crs: str) -> str:
    """Return the code of a CRS, ``EPSG:32631``; ``""`` where it has none or is not known."""
    try:
        code = CRS.from_user_input(crs).to_epsg()
    except CRSError:
        return ""
    return f"EPSG:{code}" if code else ""


def placed(
    table: Table, place: Coordinates, first: NDArray[np.int64], *, crs: str | None,
    codes: tuple[str, NDArray[np.str_]] | None, report: list[str],
) -> Points:
    """Return the points of the plots whose first rows are ``first``; those of several CRSs meet in degrees.

    Raises
    ------
    ReleveError
        The CRS is not known, or the coordinates cannot be of it.
    """
    x, y = place.x[first], place.y[first]
    if codes is None:
        known = crs or place.crs
        if known is None:
            raise ReleveError(
                "the CRS of the coordinates is not known", where=table.path,
                remedy=f"state it, for example --crs {'EPSG:4326' if place.degrees else 'EPSG:2154'}",
            )
        return _checked(table, x, y, known)
    field, texts = codes
    distinct, which = np.unique(texts[first], return_inverse=True)
    systems = [crs_text(str(text)) if text else crs for text in distinct]
    for index, system in enumerate(systems):
        row = first[np.flatnonzero(which == index)[0]]
        if system is None:
            raise ReleveError(
                f"column {field!r} gives no CRS in {table.place(row)}", where=table.path,
                remedy="fill it in, or state the CRS of such rows with --crs",
            )
        try:
            code = CRS.from_user_input(system).to_epsg()
            systems[index] = f"EPSG:{code}" if code else system
        except CRSError as error:
            raise ReleveError(
                f"{str(distinct[index])!r} in column {field!r}, {table.place(row)}, is no known CRS", where=table.path,
                remedy="write it as 32631 or EPSG:32631",
            ) from error
    known_systems = [str(system) for system in systems]
    report.append(f"The CRS was read from column {field!r}: {', '.join(dict.fromkeys(known_systems))}.")
    if len(set(known_systems)) == 1:
        return _checked(table, x, y, known_systems[0])
    longitude, latitude = np.empty(len(x)), np.empty(len(x))
    for index, system in enumerate(known_systems):
        here = which == index
        points = _checked(table, x[here], y[here], system).to("EPSG:4326")
        longitude[here], latitude[here] = points.x, points.y
    return Points(longitude, latitude, "EPSG:4326")


def crs_text(text: str) -> str:
    """Return a CRS as pyproj reads it: ``32618``, ``32618.0`` and ``epsg 32618`` are ``EPSG:32618``."""
    match = _EPSG.fullmatch(text.strip())
    return f"EPSG:{match[1]}" if match else text.strip()


def _checked(table: Table, x: NDArray[np.float64], y: NDArray[np.float64], crs: str) -> Points:
    """Return points in ``crs`` unless their values cannot be of it."""
    try:
        system = CRS.from_user_input(crs)
    except CRSError as error:
        raise ReleveError(f"{crs!r} is no known CRS", where=table.path, remedy="write it as EPSG:2154") from error
    in_degrees = bool((np.abs(x) <= 180).all() and (np.abs(y) <= 90).all())
    if system.is_geographic and not in_degrees:
        swapped = bool((np.abs(x) <= 90).all() and (np.abs(y) <= 180).all())
        raise ReleveError(
            f"coordinates such as {x[0]:g}, {y[0]:g} are not degrees, but the CRS is {system.name}", where=table.path,
            remedy="x is the longitude and y the latitude: --x-field and --y-field look swapped" if swapped
            else "state the CRS of the coordinates with --crs",
        )
    # A local metric system may hold a few small numbers, but not a whole table of them off the origin.
    if not system.is_geographic and in_degrees:
        raise ReleveError(
            f"coordinates such as {x[0]:g}, {y[0]:g} look like degrees, but the CRS is {system.name}",
            where=table.path, remedy="state the CRS of the coordinates with --crs, for degrees EPSG:4326",
        )
    return Points(x, y, crs)


def rounded_places(ids: NDArray[np.str_], x: NDArray[np.float64], y: NDArray[np.float64]) -> str:
    """Return a sentence on plots whose coordinates look rounded to a coarse grid; ``""`` where none do.

    Whole multiples of 1000 m or of 0.1 degree in both directions. Where all plots lie so, it may as well be a grid
    design; single ones are only named where the others are written so finely that chance does not put them there.
    """
    degrees = bool((np.abs(x) <= 180).all() and (np.abs(y) <= 90).all())
    grid, unit = (_COARSE_DEGREES, "degrees") if degrees else (_COARSE_M, "m")
    coarse = _on_grid(x, grid) & _on_grid(y, grid)
    count = int(coarse.sum())
    if not count or len(x) < 3:
        return ""
    if coarse.all():
        return (f"All {len(x)} plots lie on whole multiples of {grid:g} {unit}: their places look rounded (blurred?), "
                "and a patch may not show its plot.")
    finest = next(
        (step for step in (grid / 10**power for power in range(1, 9))
         if np.mean(_on_grid(x[~coarse], step) & _on_grid(y[~coarse], step)) >= 0.9),
        grid / 1e8,
    )  # fmt: skip
    if count <= _BEYOND_CHANCE * len(x) * (finest / grid) ** 2:
        return ""
    return (f"{count} of {len(x)} plots lie on whole multiples of {grid:g} {unit} while the others are given more "
            f"finely: their places look rounded (blurred?): {listed(ids[coarse])}.")


def _on_grid(values: NDArray[np.float64], step: float) -> NDArray[np.bool_]:
    shares = values / step
    return np.abs(shares - np.round(shares)) < 1e-6 * np.maximum(1.0, np.abs(shares) * 1e-4)
