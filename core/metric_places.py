"""Places in metres: a plane where one holds all of them, and geocentric coordinates where none does."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from botaclip.core.places import Points, parse_crs, same_crs, transformer

Metres = NDArray[np.float64]

_GEOCENTRIC = "EPSG:4978"
# Squares that may be turned against each other by any angle: their diagonals have to stay apart, not their sides.
_TURNED = math.sqrt(2.0)
_PLAIN_WIDENING = 1.5
_EARTH_RADIUS_M = 6_371_000.0


def geocentric(points: Points) -> Metres:
    """Return x, y, z (N, 3) in metres from the Earth's centre, on the ellipsoid of WGS 84.

    Differences of these are straight lines through the ground: within 20 km they are the distance to 0.1 m.
    """
    degrees = points.to("EPSG:4326")
    x, y, z = transformer("EPSG:4979", _GEOCENTRIC).transform(degrees.x, degrees.y, np.zeros(len(degrees)))
    return np.column_stack([x, y, z])


def equal_area_plane(points: Points) -> str:
    """Return the Lambert azimuthal equal-area CRS around places, its centre rounded to a tenth of a degree."""
    middle = geocentric(points[points.finite]).mean(axis=0)
    length = float(np.linalg.norm(middle))
    # Places all round the Earth have no middle; any will do.
    latitude = math.degrees(math.asin(middle[2] / length)) if length > 1.0 else 0.0
    longitude = math.degrees(math.atan2(middle[1], middle[0])) if length > 1.0 else 0.0
    return parse_crs(
        f"+proj=laea +lat_0={round(latitude, 1)} +lon_0={round(longitude, 1)} +datum=WGS84 +units=m +type=crs"
    ).to_wkt()


def common_plane(points: Points, crs: Sequence[str]) -> tuple[Metres, str]:
    """Return places in metres (N, 2) and the CRS they are in.

    Parameters
    ----------
    points
        The places.
    crs
        The projected CRSs of the lattices that they are looked at on. Where all are one it is the plane, otherwise
        the plane is Lambert's azimuthal equal-area one around the places.
    """
    plane = crs[0] if all(same_crs(other, crs[0]) for other in crs) else equal_area_plane(points)
    placed = points.to(plane)
    unit_m = float(parse_crs(plane).axis_info[0].unit_conversion_factor)
    return np.column_stack([placed.x, placed.y]) * unit_m, plane


def widening(places: NDArray[np.floating]) -> float:
    """Return how much wider a buffer has to be in an equal-area plane than on one lattice, 1.5 or more.

    North is another way in every place of such a plane, so squares may touch by their corners (a factor of the
    root of 2), and distances shrink towards its rim, by cos(c / 2) at c radians from its centre. 1.5 covers both up to
    4,300 km.

    Parameters
    ----------
    places
        Metres from the plane's centre (N, 2).
    """
    farthest = float(np.hypot(places[:, 0], places[:, 1]).max(initial=0.0))
    # In this projection the distance from the centre is 2 R sin(c / 2).
    shrunk = math.sqrt(max(1e-6, 1.0 - min(1.0, farthest / (2.0 * _EARTH_RADIUS_M)) ** 2))
    return max(_PLAIN_WIDENING, _TURNED / shrunk)
