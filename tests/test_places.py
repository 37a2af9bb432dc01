from __future__ import annotations

import numpy as np
import pytest

from botaclip.core.errors import RasterError
from botaclip.core.places import Points, crs_name, parse_crs, same_crs


def test_longitude_comes_first_whatever_the_crs_says() -> None:
    # Zermatt; the reference from swisstopo's REFRAME formulas (approximate solution, 1 m).
    there = Points(x=np.array([7.7491]), y=np.array([46.0207]), crs="EPSG:4326").to("EPSG:2056")
    assert there.x[0] == pytest.approx(2_624_079, abs=60)
    assert there.y[0] == pytest.approx(1_096_640, abs=200)


def test_there_and_back_is_the_same_place() -> None:
    places = Points(x=np.array([7.1, 9.9]), y=np.array([46.0, 48.2]), crs="EPSG:4326")
    back = places.to("EPSG:32632").to("EPSG:4326")
    np.testing.assert_allclose([back.x, back.y], [places.x, places.y], atol=1e-9)


def test_a_place_without_image_is_nan_and_the_others_stay() -> None:
    there = Points(x=np.array([9.0, 9.0]), y=np.array([46.0, 95.0]), crs="EPSG:4326").to("EPSG:3857")
    assert there.finite.tolist() == [True, False]
    assert np.isnan(there.x[1])


def test_a_mask_picks_places() -> None:
    places = Points(x=np.array([1.0, 2.0, 3.0]), y=np.array([4.0, 5.0, 6.0]), crs="EPSG:32632")
    picked = places[np.array([True, False, True])]
    assert picked.x.tolist() == [1.0, 3.0]
    assert picked.y.tolist() == [4.0, 6.0]
    assert len(picked) == 2


def test_lists_of_different_length_are_refused() -> None:
    with pytest.raises(ValueError, match="equal length"):
        Points(x=np.zeros(2), y=np.zeros(3), crs="EPSG:4326")


def test_an_unknown_crs_is_worded() -> None:
    with pytest.raises(RasterError, match="'EPSG:0' is not a coordinate reference system"):
        parse_crs("EPSG:0")


def test_names_of_crs() -> None:
    assert crs_name("EPSG:32632") == "EPSG:32632 (WGS 84 / UTM zone 32N)"
    assert same_crs("EPSG:32632", parse_crs("EPSG:32632").to_wkt())
    assert not same_crs("EPSG:32632", "EPSG:25832")
