"""Places in metres: one plane where there is one CRS, an equal-area plane and geocentric metres otherwise."""

from __future__ import annotations

import numpy as np
import pyproj
import pytest

from botaclip.core.metric_places import common_plane, equal_area_plane, geocentric, widening
from botaclip.core.places import Points

# Harvard Forest, San Joaquin, Abby Road, Ordway-Swisher: NEON sites in four zones.
FOUR = Points(np.array([-72.2, -119.7, -122.3, -82.0]), np.array([42.5, 37.1, 45.8, 29.7]), "EPSG:4326")
GEOD = pyproj.Geod(ellps="WGS84")


def test_one_crs_is_its_own_plane_in_metres() -> None:
    feet = Points(np.array([1_000.0, 4_000.0]), np.array([0.0, 0.0]), "EPSG:2263")
    places, plane = common_plane(feet, ["EPSG:2263", "EPSG:2263"])
    assert plane == "EPSG:2263"
    assert places[1, 0] - places[0, 0] == pytest.approx(3_000 * 0.3048006, abs=1e-3)


def test_several_crs_meet_in_a_plane_that_keeps_neighbours_to_two_percent() -> None:
    places, plane = common_plane(FOUR, ["EPSG:32618", "EPSG:32611"])
    assert pyproj.CRS(plane).to_dict()["proj"] == "laea"
    for i in range(4):
        here = FOUR[np.array([i])]
        for azimuth in (0, 45, 90, 250):
            lon, lat, _ = GEOD.fwd(here.x[0], here.y[0], azimuth, 5_000.0)
            there = Points(np.array([lon]), np.array([lat]), "EPSG:4326").to(plane)
            step = np.hypot(there.x[0] - places[i, 0], there.y[0] - places[i, 1])
            assert step == pytest.approx(5_000.0, rel=0.02)


def test_geocentric_metres_are_the_distance_on_the_ground() -> None:
    lon, lat, _ = GEOD.fwd(9.0, 47.0, 60.0, 12_345.0)
    xyz = geocentric(Points(np.array([9.0, lon]), np.array([47.0, lat]), "EPSG:4326"))
    assert np.linalg.norm(xyz[1] - xyz[0]) == pytest.approx(12_345.0, abs=0.1)
    assert np.linalg.norm(xyz, axis=1) == pytest.approx([6_366_800.0] * 2, abs=1_000.0)


def test_a_turned_square_never_reaches_over_the_widened_buffer() -> None:
    """Corners of squares in their own zones, as far apart as the buffer asks, do not touch in the plane."""
    places, _ = common_plane(FOUR, ["EPSG:32618", "EPSG:32611"])
    assert widening(places) == 1.5
    assert widening(np.array([[0.0, 4.2e6]])) == 1.5
    # Half way round the Earth lengths shrink to cos 45 degrees.
    assert widening(np.array([[2 * 6_371_000.0 * np.sin(np.pi / 4), 0.0]])) == pytest.approx(2.0)
    assert widening(np.zeros((0, 2))) == 1.5


def test_places_round_the_earth_still_have_a_plane() -> None:
    around = Points(np.array([0.0, 90.0, 180.0, -90.0]), np.zeros(4), "EPSG:4326")
    assert pyproj.CRS(equal_area_plane(around)).is_projected
