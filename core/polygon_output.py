"""Writes polygons as a GeoPackage."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyogrio
from numpy.typing import NDArray

from botaclip.core.errors import OutputError
from botaclip.core.unfinished import unfinished

Ring = NDArray[np.floating]
_POLYGON = 3


def write_polygons(
    path: str | Path, rings: Sequence[Ring], crs: str, columns: Mapping[str, Sequence[Any] | NDArray[Any]], *,
    overwrite: bool = False,
) -> None:
    """Write polygons without holes.

    Parameters
    ----------
    path
        ``*.gpkg``.
    rings
        (C, 2) corners of each in the CRS; the first need not be repeated.
    crs
        As text or WKT.
    columns
        A value for each polygon.

    Raises
    ------
    OutputError
        The name ends otherwise, the file exists, or it cannot be written.
    """
    path = Path(path)
    check_polygons_name(path)
    with unfinished(path, overwrite=overwrite) as part:
        write_polygons_aside(part, path, rings, crs, columns)


def check_polygons_name(path: Path) -> None:
    """Refuse a name that says of another format than GeoPackage.

    Raises
    ------
    OutputError
        It does not end in ``.gpkg``.
    """
    if path.suffix.lower() != ".gpkg":
        raise OutputError(f"polygons are not written as {path.suffix or 'a file without suffix'!r}", where=str(path),
                          remedy="end the name in .gpkg")  # fmt: skip


def write_polygons_aside(
    part: Path, output: Path, rings: Sequence[Ring], crs: str, columns: Mapping[str, Sequence[Any] | NDArray[Any]]
) -> None:
    """Write the unfinished file ``part`` of what :func:`write_polygons` writes as ``output``."""
    geometry = np.empty(len(rings), dtype=object)
    for number, ring in enumerate(rings):
        closed = np.vstack([ring, ring[:1]]).astype("<f8")
        geometry[number] = struct.pack("<BIII", 1, _POLYGON, 1, len(closed)) + closed.tobytes()
    try:
        pyogrio.raw.write(
            part, geometry, [np.asarray(values) for values in columns.values()], list(columns), layer=output.stem,
            driver="GPKG", geometry_type="Polygon", crs=crs, SPATIAL_INDEX="YES",
            dataset_options={"VERSION": "1.3"},  # QGIS 3.40 on Debian 12 warns of newer ones
        )  # fmt: skip
    except (pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError, pyogrio.errors.FeatureError) as error:
        raise OutputError(
            f"it cannot be written ({str(error).partition(':')[0]})", where=str(output),
            remedy="free disk space or choose another folder",
        ) from error  # fmt: skip
