"""Points and polygons from and to files, by pyogrio and the csv module alone."""

from __future__ import annotations

import csv
import dataclasses
import shutil
import struct
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyogrio
import pyogrio.errors
import pyogrio.raw
from numpy.typing import NDArray

from botaclip.core.errors import OptionError, OutputError, RasterError
from botaclip.core.places import Points, parse_crs
from botaclip.core.plot_places import crs_text
from botaclip.core.unfinished import unfinished

Ring = NDArray[np.float64]
Columns = dict[str, NDArray[Any]]

_CSV = {".csv", ".tsv", ".txt"}
_POINT, _POLYGON, _MULTIPOINT, _MULTIPOLYGON, _COLLECTION = 1, 3, 4, 6, 7


@dataclasses.dataclass(frozen=True, eq=False)
class Polygons:
    """Polygons in one CRS: each a list of rings (M, 2), the first the outline, the others holes."""

    polygons: tuple[tuple[Ring, ...], ...]
    crs: str


def read_points(
    path: str | Path, *, crs: str | None = None, x_field: str = "x", y_field: str = "y", crs_field: str | None = None
) -> tuple[Points, Columns]:
    """Read a point layer, or a CSV with columns of coordinates.

    Parameters
    ----------
    path
        A CSV (comma, semicolon or tab) or anything that GDAL reads; ``file.gpkg|layername=x`` picks a layer.
    crs
        CRS of the coordinates where the file does not say it.
    x_field, y_field
        Columns of a CSV or of a table without geometry.
    crs_field
        Column of such a table with the CRS of each row (``32631`` or ``EPSG:32631``); rows where it is empty are in
        ``crs``.

    Returns
    -------
    points, columns
        In the order of the file; all its columns by name. Points of several CRSs are in degrees (EPSG:4326).

    Raises
    ------
    OptionError
        It cannot be read, has no such columns, other geometry than points, or no CRS, or a CRS that is none.
    """
    file, layer = _layer(path)
    if file.suffix.lower() in _CSV:
        columns = _read_csv(file)
        geometry: Sequence[bytes | None] | None = None
        found_crs = None
    else:
        meta, geometry, columns = _read_layer(file, layer)
        found_crs = meta["crs"]
    if geometry is not None:
        x, y = _point_coordinates(geometry, file)
    else:
        x, y = (_number_column(columns, name, file) for name in (x_field, y_field))
        if crs_field:
            return _of_several(x, y, _column(columns, crs_field, file), crs, f"{file}, column {crs_field}"), columns
    spoken = found_crs or crs
    if not spoken:
        raise OptionError("nothing says the CRS of the points", where=str(file), remedy="give it with --crs EPSG:code")
    parse_crs(spoken)
    return Points(x=x, y=y, crs=spoken), columns


def read_polygons(path: str | Path) -> Polygons:
    """Read all polygons of a layer.

    Raises
    ------
    OptionError
        It cannot be read, has no CRS, or holds no polygon.
    """
    features, crs, _ = _polygon_layer(path)
    return Polygons(polygons=tuple(polygon for parts in features for polygon in parts), crs=crs)


def read_areas(path: str | Path, name_field: str | None = None) -> tuple[list[str], list[Polygons | None]]:
    """Read the polygons of a layer feature by feature.

    Parameters
    ----------
    path
        See :func:`read_polygons`.
    name_field
        Column with the name of each; not given: they are numbered from 1.

    Returns
    -------
    names, areas
        In the order of the file; None for a feature without a polygon.

    Raises
    ------
    OptionError
        As :func:`read_polygons`, or the layer has no such column.
    """
    features, crs, columns = _polygon_layer(path)
    areas = [Polygons(tuple(parts), crs) if parts else None for parts in features]
    if name_field:
        return [str(value) for value in _column(columns, name_field, _layer(path)[0])], areas
    return [str(number) for number in range(1, len(areas) + 1)], areas


def _polygon_layer(path: str | Path) -> tuple[list[list[tuple[Ring, ...]]], str, Columns]:
    """Return the polygons of each feature, their CRS and the columns; see :func:`read_polygons` for what is refused."""
    file, layer = _layer(path)
    meta, geometry, columns = _read_layer(file, layer)
    if not meta["crs"]:
        raise OptionError("the polygon layer has no CRS", where=str(file), remedy="assign one in QGIS")
    features: list[list[tuple[Ring, ...]]] = []
    for blob in geometry if geometry is not None else ():
        parts: list[tuple[Ring, ...]] = []
        if blob is not None:
            try:
                _collect(blob, 0, parts, [])
            except (struct.error, ValueError) as error:
                raise OptionError(f"a geometry cannot be read ({error})", where=str(file),
                                  remedy="convert curves to polygons in QGIS") from error  # fmt: skip
        features.append(parts)
    if not any(features):
        raise OptionError("the layer holds no polygon", where=str(file), remedy="choose a polygon layer")
    return features, meta["crs"], columns


def write_points(
    path: str | Path, points: Points, columns: Mapping[str, Sequence[Any] | NDArray[Any]], *, overwrite: bool = False
) -> None:
    """Write points with columns as a GeoPackage, or as CSV (columns x, y and crs first) by the file's suffix.

    Raises
    ------
    OutputError
        The suffix is neither, the file exists, or it cannot be written.
    """
    path = Path(path)
    check_points_name(path)
    with unfinished(path, overwrite=overwrite) as part:
        write_points_aside(part, path, points, columns)


def check_points_name(path: Path) -> None:
    """Refuse a name that says of no format in which points are written.

    Raises
    ------
    OutputError
        It ends neither in ``.gpkg`` nor in ``.csv``.
    """
    if path.suffix.lower() not in (".gpkg", ".csv"):
        raise OutputError(f"points are not written as {path.suffix.lower() or 'a file without suffix'!r}",
                          where=str(path), remedy="end the name in .gpkg or .csv")  # fmt: skip


def write_points_aside(
    part: Path, output: Path, points: Points, columns: Mapping[str, Sequence[Any] | NDArray[Any]]
) -> None:
    """Write the unfinished file ``part`` of what :func:`write_points` writes as ``output``."""
    if output.suffix.lower() == ".csv":
        _write_csv(part, points, columns)
    else:
        _write_gpkg(part, output, points, columns)


def _layer(path: str | Path) -> tuple[Path, str | None]:
    """Split QGIS's ``file|layername=x``."""
    text, *options = str(path).split("|")
    named = [option.partition("=")[2] for option in options if option.lower().startswith("layername=")]
    return Path(text), named[0] if named else None


def _read_layer(file: Path, layer: str | None) -> tuple[dict[str, Any], Sequence[bytes | None] | None, Columns]:
    try:
        meta, _, geometry, fields = pyogrio.raw.read(file, layer=layer, force_2d=True)
    except (pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError, ValueError) as error:
        raise OptionError(f"it cannot be read ({str(error).splitlines()[0][:120]})", where=str(file),
                          remedy="check the path, and that it is a vector layer") from error  # fmt: skip
    return meta, geometry, dict(zip(meta["fields"].tolist(), fields, strict=True))


def _read_csv(file: Path) -> Columns:
    try:
        with file.open(newline="", encoding="utf-8-sig") as stream:
            header = stream.readline()
            stream.seek(0)
            delimiter = max(",;\t", key=header.count)
            rows = [row for row in csv.reader(stream, delimiter=delimiter) if any(cell.strip() for cell in row)]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise OptionError(f"it cannot be read ({error})", where=str(file), remedy="save it as UTF-8 CSV") from error
    if len(rows) < 2:
        raise OptionError("it holds no rows", where=str(file), remedy="give a CSV with a header and a row per point")
    names = [name.strip() for name in rows[0]]
    for number, row in enumerate(rows[1:], start=2):
        if len(row) != len(names):
            raise OptionError(
                f"it has {len(row)} cells where the header has {len(names)}", where=f"{file}, row {number}",
                remedy="check quotes and separators",
            )  # fmt: skip
    return {name: np.array([row[i] for row in rows[1:]], dtype=object) for i, name in enumerate(names)}


def _of_several(x: Ring, y: Ring, written: NDArray[Any], crs: str | None, where: str) -> Points:
    """Return points of which each row says its own CRS: in that CRS where all say the same, else in degrees."""
    texts = np.array([crs_text(str(cell)) if cell is not None and str(cell).strip() else crs or "" for cell in written])
    names = list(dict.fromkeys(texts.tolist()))
    if "" in names:
        raise OptionError(f"row {int(np.flatnonzero(texts == '')[0]) + 1} gives no CRS", where=where,
                          remedy="fill it in, or give the CRS of such rows with --crs")  # fmt: skip
    for name in names:
        try:
            parse_crs(name)
        except RasterError as error:
            raise OptionError(error.found, where=where, remedy=error.remedy) from error
    if len(names) == 1:
        return Points(x=x, y=y, crs=names[0])
    longitude, latitude = np.full(len(x), np.nan), np.full(len(x), np.nan)
    for name in names:
        rows = texts == name
        moved = Points(x=x[rows], y=y[rows], crs=name).to("EPSG:4326")
        longitude[rows], latitude[rows] = moved.x, moved.y
    return Points(x=longitude, y=latitude, crs="EPSG:4326")


def _column(columns: Columns, name: str, file: Path) -> NDArray[Any]:
    found = {key.lower(): key for key in columns}.get(name.lower())
    if found is None:
        raise OptionError(f"there is no column {name!r}", where=str(file),
                          remedy=f"its columns are {', '.join(columns)}")  # fmt: skip
    return columns[found]


def _number_column(columns: Columns, name: str, file: Path) -> NDArray[np.float64]:
    column = _column(columns, name, file)
    numbers = np.empty(len(column))
    for i, cell in enumerate(column):
        try:
            numbers[i] = float(str(cell).replace(",", ".")) if str(cell).strip() else np.nan
        except ValueError as error:
            raise OptionError(f"{cell!r} in column {name!r} is no number", where=f"{file}, row {i + 2}",
                              remedy="write coordinates as plain numbers") from error  # fmt: skip
    return numbers


def _point_coordinates(geometry: Sequence[bytes | None], file: Path) -> tuple[Ring, Ring]:
    x, y = np.full(len(geometry), np.nan), np.full(len(geometry), np.nan)
    for i, blob in enumerate(geometry):
        if blob is None:
            continue
        found: list[tuple[float, float]] = []
        try:
            _collect(blob, 0, [], found)
        except (struct.error, ValueError) as error:
            raise OptionError(f"feature {i + 1} cannot be read ({error})", where=str(file),
                              remedy="choose a point layer") from error  # fmt: skip
        if len(found) != 1:
            raise OptionError(f"feature {i + 1} is not one point", where=str(file), remedy="choose a layer of points")
        x[i], y[i] = found[0]
    return x, y


def _collect(
    blob: bytes, at: int, polygons: list[tuple[Ring, ...]], points: list[tuple[float, float]]
) -> int:
    """Read one well-known-binary geometry at an offset into the lists; return where it ends.

    OGC Simple Features 1.2.1, section 8.2; two dimensions, which is how pyogrio was asked to hand it over.
    """
    order = "<" if blob[at] == 1 else ">"
    (kind,) = struct.unpack_from(f"{order}I", blob, at + 1)
    at += 5
    if kind == _POINT:
        points.append(struct.unpack_from(f"{order}2d", blob, at))
        return at + 16
    (count,) = struct.unpack_from(f"{order}I", blob, at)
    at += 4
    if kind == _POLYGON:
        rings = []
        for _ in range(count):
            (length,) = struct.unpack_from(f"{order}I", blob, at)
            rings.append(np.frombuffer(blob, f"{order}f8", 2 * length, at + 4).reshape(-1, 2).astype(np.float64))
            at += 4 + 16 * length
        if rings:
            polygons.append(tuple(rings))
        return at
    if kind in (_MULTIPOINT, _MULTIPOLYGON, _COLLECTION):
        for _ in range(count):
            at = _collect(blob, at, polygons, points)
        return at
    raise ValueError(f"geometry type {kind} is neither point nor polygon")


def _write_csv(part: Path, points: Points, columns: Mapping[str, Sequence[Any] | NDArray[Any]]) -> None:
    spoken = parse_crs(points.crs).to_authority(min_confidence=100)
    crs = ":".join(spoken) if spoken else points.crs
    finite = points.finite
    with part.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(["x", "y", "crs", *columns])
        for i in range(len(points)):
            place = (_cell(float(points.x[i])), _cell(float(points.y[i]))) if finite[i] else ("", "")
            writer.writerow([*place, crs, *(_cell(values[i]) for values in columns.values())])


def _cell(value: Any) -> Any:
    if isinstance(value, float | np.floating):
        return "" if np.isnan(value) else f"{float(value):.6g}" if isinstance(value, np.float32) else repr(float(value))
    return "" if value is None else value


def _write_gpkg(part: Path, output: Path, points: Points, columns: Mapping[str, Sequence[Any] | NDArray[Any]]) -> None:
    geometry = np.empty(len(points), dtype=object)
    for i in np.flatnonzero(points.finite):
        geometry[i] = struct.pack("<BI2d", 1, _POINT, points.x[i], points.y[i])
    fields = [_plain_column(values) for values in columns.values()]
    try:
        pyogrio.raw.write(
            part, geometry, fields, list(columns), layer=output.stem, driver="GPKG", geometry_type="Point",
            crs=points.crs, SPATIAL_INDEX="YES",
            dataset_options={"VERSION": "1.3"},  # QGIS 3.40 on Debian 12 warns of newer ones
        )  # fmt: skip
    except (pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError, pyogrio.errors.FeatureError) as error:
        full = shutil.disk_usage(part.parent).free < 2**20  # the error itself carries no number
        reason = "the disk is full" if full else str(error).partition(":")[0]
        raise OutputError(
            f"it cannot be written ({reason})", where=str(output), remedy="free disk space or choose another folder"
        ) from error


def _plain_column(values: Sequence[Any] | NDArray[Any]) -> NDArray[Any]:
    array = np.asarray(values)
    if array.dtype.kind in "biuf":
        return array
    return np.array([None if v is None else str(v) for v in values], dtype=object)
