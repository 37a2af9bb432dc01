"""Sites: the column where there is one, else steps of at most 20 km from plot to plot."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.cluster.hierarchy import fcluster, linkage

from botaclip.training.sites import UNNAMED, far_apart, single_linkage, sites_of


def test_a_column_is_taken_as_it_is() -> None:
    assert sites_of(np.zeros((3, 2)), ["HARV", " OSBS ", ""]) == ("HARV", "OSBS", UNNAMED)


def test_a_chain_of_steps_is_one_site_and_a_gap_makes_two() -> None:
    east = np.array([0.0, 19_999.0, 39_998.0, 60_000.0, 80_000.0])
    assert sites_of(np.column_stack([east, np.zeros(5)])) == ("site 1", "site 1", "site 1", "site 2", "site 2")


def test_numbered_in_the_order_of_first_plots() -> None:
    east = np.array([500_000.0, 0.0, 500_001.0, 250_000.0])
    assert single_linkage(np.column_stack([east, east]), 10.0).tolist() == [0, 1, 0, 2]
    assert single_linkage(np.zeros((1, 3)), 10.0).tolist() == [0]


@pytest.mark.parametrize("axes", [2, 3])
@pytest.mark.parametrize("seed", range(6))
def test_clusters_are_those_of_scipy(axes: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    centres = random.uniform(0, 60, (12, axes))
    places = centres[random.integers(0, 12, 150)] + random.normal(0, 3, (150, axes))
    for distance in (1.5, 3.0, 5.0):
        made = single_linkage(places, distance)
        expected = fcluster(linkage(places, "single"), distance, criterion="distance")
        # The same partition, whatever the numbers.
        assert len(set(zip(made.tolist(), expected.tolist(), strict=True))) == len(set(made)) == len(set(expected))
        assert len(set(made)) < 150
        assert distance > 1.5 or len(set(made)) > 1


def test_twenty_thousand_plots_take_no_square_of_distances() -> None:
    random = np.random.default_rng(1)
    places = random.uniform(0, 1e6, (20_000, 2))
    places[:10] = 3e6 + np.arange(10)[:, None]
    assert single_linkage(places, 20_000.0).tolist() == [0] * 10 + [1] * 19_990


def test_sites_of_the_user_may_adjoin() -> None:
    places = np.array([[0.0, 0.0], [15_000.0, 0.0], [60_000.0, 0.0], [61_000.0, 0.0]])
    assert not far_apart(places, ["a", "b", "c", "c"])
    assert far_apart(places, ["a", "a", "c", "c"]) and far_apart(places, sites_of(places))
    assert not far_apart(places, ["a"] * 4), "one site is apart from none"
