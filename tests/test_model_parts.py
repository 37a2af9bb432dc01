"""The refit: what the file says of the plots is no more exact than its author allowed."""

from __future__ import annotations

import numpy as np
import pytest

from botaclip.core.places import Points
from botaclip.core.plot_locations import coarsened
from botaclip.training.model_parts import training_extent

from .small_landscape import CRS, plot_places

EAST, NORTHING = plot_places(40)
POINTS = Points(x=EAST, y=NORTHING, crs=CRS)
DEGREES = POINTS.to("EPSG:4326")
EXACT = [DEGREES.x.min(), DEGREES.y.min(), DEGREES.x.max(), DEGREES.y.max()]


def holds(extent: list[float]) -> bool:
    west, south, east, north = extent
    return west <= EXACT[0] and south <= EXACT[1] and east >= EXACT[2] and north >= EXACT[3]


def test_exact_places_give_the_exact_extent() -> None:
    np.testing.assert_allclose(training_extent(POINTS, "exact"), EXACT, rtol=0, atol=1e-12)


@pytest.mark.parametrize("metres", [50, 300, 5_000])
def test_a_coarse_extent_holds_the_plots_and_is_made_of_coarse_places_alone(metres: int) -> None:
    extent = training_extent(POINTS, f"coarse:{metres}")
    assert holds(extent)
    # Not wider than two squares on a side, in degrees of latitude.
    assert extent[3] - EXACT[3] < 2 * metres / 110_000
    # Whatever plots lie in the same squares give the same numbers: the outermost places cannot be read off.
    moved = coarsened(POINTS, metres)
    assert training_extent(moved, f"coarse:{metres}") == extent
    assert np.abs(np.array(extent) - EXACT).min() > 0


def test_without_places_the_extent_is_of_tenths_of_a_degree() -> None:
    extent = training_extent(POINTS, "none")
    assert extent == [3.0, 46.4, 3.1, 46.5]
    assert holds(extent)


def test_south_and_west_of_zero_are_widened_outwards() -> None:
    points = Points(x=np.array([-70.123, -70.05]), y=np.array([-33.456, -33.401]), crs="EPSG:4326")
    assert training_extent(points, "none") == [-70.2, -33.5, -70.0, -33.4]
