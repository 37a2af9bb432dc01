"""Every plot once a pass, in an order of the seed's, that goes on where it stopped."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from botaclip.training.plot_batches import batch_count, plot_batches


def drawn(count: int, **options: int) -> list[tuple[np.ndarray, np.ndarray]]:
    return list(itertools.islice(plot_batches(50, 16, **options), count))


@pytest.mark.parametrize(("plots", "count"), [(1, 1), (100, 1), (256, 1), (400, 2), (1_000, 4), (16_000, 62)])
def test_number_of_batches(plots: int, count: int) -> None:
    assert batch_count(plots, 256) == count


def test_every_plot_once_a_pass_and_no_two_passes_alike() -> None:
    passes = [drawn(9)[i : i + 3] for i in (0, 3, 6)]
    orders = [np.concatenate([rows for rows, _ in batches]) for batches in passes]
    assert all(sorted(order) == list(range(50)) for order in orders)
    assert {len(rows) for batches in passes for rows, _ in batches} == {16, 17}
    assert not (orders[0] == orders[1]).all()


def test_the_seed_decides() -> None:
    first, same, other = (drawn(4, random_state=seed) for seed in (1, 1, 2))
    assert all((a == b).all() for (a, _), (b, _) in zip(first, same, strict=True))
    assert not (first[0][0] == other[0][0]).all()


def test_views_leave_the_order_alone_and_are_all_drawn() -> None:
    plain, viewed = drawn(60), drawn(60, views=3)
    assert all((a == b).all() for (a, _), (b, _) in zip(plain, viewed, strict=True))
    assert all((view == 0).all() for _, view in plain)
    share = np.bincount(np.concatenate([view for _, view in viewed]), minlength=4) / 1000
    np.testing.assert_allclose(share, 0.25, atol=0.06)


@pytest.mark.parametrize("after", [0, 1, 3, 7])
def test_it_goes_on_where_it_stopped(after: int) -> None:
    for (rows, view), (again, viewed) in zip(drawn(12, views=2)[after:], drawn(12 - after, views=2, after=after),
                                             strict=True):  # fmt: skip
        np.testing.assert_array_equal(rows, again)
        np.testing.assert_array_equal(view, viewed)
