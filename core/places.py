"""Places: coordinates that never travel without their CRS."""

from __future__ import annotations

import dataclasses
import functools
from typing import Any

import numpy as np
import pyproj
import pyproj.exceptions
from numpy.typing import NDArray

from botaclip.core.errors import RasterError

FloatArray = NDArray[np.float64]


@functools.lru_cache(maxsize=128)
def parse_crs(crs: str) -> pyproj.CRS:
    """Return the CRS that ``crs`` (WKT, ``EPSG:code``, PROJ text) names.

    Raises
    ------
    RasterError
        PROJ does not know it.
    """
    try:
        return pyproj.CRS.from_user_input(crs)
    except pyproj.exceptions.CRSError as error:
        raise RasterError(
            f"{str(crs)[:60]!r} is not a coordinate reference system", remedy="write it as EPSG:code, like EPSG:25832"
        ) from error


@functools.lru_cache(maxsize=128)
def transformer(source: str, target: str) -> pyproj.Transformer:
    """Return the cached transformer between two CRS, easting or longitude first."""
    return pyproj.Transformer.from_crs(parse_crs(source), parse_crs(target), always_xy=True)


def crs_name(crs: str) -> str:
    """Return the CRS as a person would say it: ``EPSG:32632 (WGS 84 / UTM zone 32N)``."""
    parsed = parse_crs(crs)
    authority = parsed.to_authority(min_confidence=100)
    return f"{':'.join(authority)} ({parsed.name})" if authority else parsed.name


def same_crs(one: str, other: str) -> bool:
    """Whether two CRS place the same numbers at the same spot; axis order aside."""
    return one == other or parse_crs(one).equals(parse_crs(other), ignore_axis_order=True)


@dataclasses.dataclass(frozen=True, eq=False)
class Points:
    """Places in one CRS.

    Parameters
    ----------
    x, y
        Easting or longitude and northing or latitude, float64 (N,), in units of ``crs``.
    crs
        WKT or ``EPSG:code``.

    Raises
    ------
    ValueError
        ``x`` and ``y`` differ in length.
    """

    x: FloatArray
    y: FloatArray
    crs: str

    def __post_init__(self) -> None:
        x = np.atleast_1d(np.asarray(self.x, dtype=np.float64))
        y = np.atleast_1d(np.asarray(self.y, dtype=np.float64))
        if x.shape != y.shape or x.ndim != 1:
            raise ValueError(f"x {x.shape} and y {y.shape} are not two lists of equal length")
        object.__setattr__(self, "x", x)
        object.__setattr__(self, "y", y)

    def __len__(self) -> int:
        """Return the number of places."""
        return len(self.x)

    def __getitem__(self, index: Any) -> Points:
        """Return the places that a mask, slice or index array picks."""
        return Points(x=self.x[index], y=self.y[index], crs=self.crs)

    def to(self, crs: str) -> Points:
        """Return the same places in another CRS; NaN where a place has no image in it."""
        if same_crs(self.crs, crs):
            return Points(x=self.x, y=self.y, crs=crs)
        x, y = transformer(self.crs, crs).transform(self.x, self.y)
        lost = ~(np.isfinite(x) & np.isfinite(y))
        return Points(x=np.where(lost, np.nan, x), y=np.where(lost, np.nan, y), crs=crs)

    @property
    def finite(self) -> NDArray[np.bool_]:
        """Which places exist at all."""
        return np.isfinite(self.x) & np.isfinite(self.y)


