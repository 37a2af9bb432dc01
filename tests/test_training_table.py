"""One row per plot: whatever is taken or permuted, rows stay together as they should."""

from __future__ import annotations

import dataclasses

import numpy as np

from .small_tables import planted


def test_take_keeps_rows_together_in_the_order_asked() -> None:
    table = dataclasses.replace(
        planted(20, species=3), groups=tuple("ab" * 10), truth=np.arange(60.0).reshape(20, 3)
    )
    index = np.array([7, 0, 19])
    some = table.take(index)
    assert (len(some), some.ids, some.groups) == (3, ("p007", "p000", "p019"), ("b", "a", "b"))
    for name in ("places", "vectors", "cover", "presence", "truth"):
        np.testing.assert_array_equal(getattr(some, name), getattr(table, name)[index])
    assert some.species == table.species


def test_releves_of_another_order_leave_places_and_images() -> None:
    table = planted(20, species=3)
    order = np.random.default_rng(0).permutation(20)
    other = table.with_releves_of(order)
    np.testing.assert_array_equal(other.cover, table.cover[order])
    np.testing.assert_array_equal(other.presence, table.presence[order])
    for name in ("ids", "places", "vectors"):
        assert getattr(other, name) is getattr(table, name)
    # A permutation: every relevé is still there once, so prevalences are as they were.
    np.testing.assert_array_equal(other.presence.mean(axis=0), table.presence.mean(axis=0))
