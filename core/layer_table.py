"""Attribute tables and point layers of everything OGR reads: GeoPackage, Shapefile, dBase, spreadsheets."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime
import math
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyogrio.errors
import pyogrio.raw
from numpy.typing import NDArray

from botaclip.core.errors import ReleveError
from botaclip.core.table_dialect import Dialect, codec_of

SPREADSHEETS = {".xlsx": "XLSX", ".xlsm": "XLSX", ".ods": "ODS", ".xls": "XLS"}
DBASE = frozenset({".shp", ".dbf"})
_UNSAID = "ISO-8859-1"  # what OGR takes for a dBase table that does not say its encoding


@dataclasses.dataclass(frozen=True)
class Layer:
    """What a layer or sheet holds.

    Parameters
    ----------
    columns
        Text of every column, not yet cleaned.
    rows
        Number of each row: the feature counted from 1, in a spreadsheet the row it shows.
    x, y
        Coordinates of the points (NaN where a feature has none); None without geometry.
    crs
        CRS of the geometry; None where the file does not say.
    dialect
        What kind of file it is.
    """

    columns: dict[str, list[str]]
    rows: NDArray[np.int64]
    x: NDArray[np.float64] | None
    y: NDArray[np.float64] | None
    crs: str | None
    dialect: Dialect


def read_layer(path: Path, layer: str | None, name: str, *, encoding: str | None = None) -> Layer:
    """Read the attribute table of a layer or sheet, and its points.

    Parameters
    ----------
    path
        File or folder.
    layer
        Layer or sheet; None where there is only one.
    name
        What the user calls it, for messages.
    encoding
        Encoding of the texts of a dBase table; None takes what the file says.

    Raises
    ------
    ReleveError
        It is no table, is empty, holds several layers and none is named, or has a geometry other than points.
    """
    kind = SPREADSHEETS.get(path.suffix.lower(), "")
    if kind and kind not in pyogrio.list_drivers():
        raise ReleveError(
            f"spreadsheets of the kind {path.suffix} cannot be read here", where=name, remedy="save the table as CSV"
        )
    options: dict[str, Any] = {"HEADERS": "FORCE"} if kind else {}
    if encoding and path.suffix.lower() in DBASE:
        options["encoding"] = encoding
    with _quiet():
        try:
            layers = [str(row[0]) for row in pyogrio.list_layers(path)]
            if not layers:
                raise ReleveError("the table is empty", where=name, remedy="check that the right file was chosen")
            if layer is None and len(layers) > 1:
                raise ReleveError(
                    f"it holds the {'sheets' if kind else 'layers'} {', '.join(layers)}", where=name,
                    remedy=f"name one, for example {path.name}|layername={layers[0]}",
                )
            meta, _, geometry, fields = pyogrio.raw.read(path, layer=layer, force_2d=True, **options)
        except pyogrio.errors.DataSourceError as error:  # OGR's words speak of drivers
            what = f"an {kind} spreadsheet" if kind else "a table or layer"
            raise ReleveError(
                f"it cannot be read as a table: it is damaged, or not {what} as its name says", where=name,
                remedy="open it in the program that wrote it and save it again, or save the table as CSV",
            ) from error
        except (pyogrio.errors.DataLayerError, ValueError, LookupError) as error:
            raise ReleveError(f"it cannot be read as a table or layer ({error})", where=name) from error
    columns = {
        str(title).strip(): [_text(value) for value in values]
        for title, values in zip(meta["fields"], fields, strict=True)
    }
    count = len(next(iter(columns.values()))) if columns else 0 if geometry is None else len(geometry)
    if not count:
        raise ReleveError("the layer is empty", where=name, remedy="check that the right layer was chosen")
    # A spreadsheet shows the header as row 1; a layer has no row for it.
    rows = np.arange(1, count + 1) + bool(kind)
    words = f"{encoding} as stated" if "encoding" in options else ""
    if not words and path.suffix.lower() in DBASE and str(meta.get("encoding")).upper() == _UNSAID:
        columns, words = _decoded(columns)
    dialect = Dialect(kind=_kind(path, kind), encoding=words)
    if geometry is None or all(shape is None for shape in geometry):
        return Layer(columns, rows, None, None, None, dialect)
    x, y = point_coordinates(geometry, rows, name)
    return Layer(columns, rows, x, y, meta.get("crs") or None, dialect)


def _decoded(columns: dict[str, list[str]]) -> tuple[dict[str, list[str]], str]:
    """Return the texts of a dBase table that does not say its encoding, in the one that makes words of them."""
    try:
        codec, words = codec_of("\n".join(text for values in columns.values() for text in values).encode("latin-1"))
    except UnicodeEncodeError:
        return columns, ""

    def again(text: str) -> str:
        return text if text.isascii() else text.encode("latin-1").decode(codec, errors="replace")

    return {again(title): [again(text) for text in values] for title, values in columns.items()}, words


def _kind(path: Path, spreadsheet: str) -> str:
    return {".shp": "Shapefile", ".dbf": "dBase table", ".gpkg": "GeoPackage"}.get(
        path.suffix.lower(), f"{spreadsheet} spreadsheet" if spreadsheet else "layer read by OGR"
    )


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep OGR's remarks (a column dropped from a sheet, a missing spatial index) out of what the user reads."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        warnings.simplefilter("ignore", UserWarning)
        yield


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


def point_coordinates(
    geometry: NDArray[np.object_], rows: NDArray[np.int64], name: str
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the coordinates of WKB points (and multipoints of one point), NaN for a missing or empty geometry.

    Raises
    ------
    ReleveError
        A feature is not a single point.
    """
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
