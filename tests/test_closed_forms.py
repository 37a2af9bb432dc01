"""Principal components and reduced-rank regression against independent computations, and what they may not see."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from scipy.linalg import sqrtm, subspace_angles
from sklearn.decomposition import PCA
from sklearn.linear_model import Ridge

from botaclip.training.alignment import Alignment
from botaclip.training.closed_forms import (
    CANONICAL_AXES,
    GAIN,
    RIDGE,
    WHITENED_AXES,
    canonical_directions,
    fit_closed_form,
    floristic_axes,
    loudened,
)
from botaclip.training.recipe import Recipe
from botaclip.training.standardiser import Standardiser
from botaclip.training.vegeta import fit_vegeta

from .small_tables import planted


def standardised(table):  # type: ignore[no-untyped-def]
    return Standardiser.fit(table.vectors)(table.vectors)


@pytest.mark.parametrize("plots, dimension", [(80, 20), (25, 60)])
def test_whitening_is_that_of_scikit_learn(plots: int, dimension: int) -> None:
    table = planted(plots, dimension=dimension)
    h = standardised(table)
    for adapter in fit_closed_form(h, table, Alignment("whitened", checkpoints=(1, 5, 12))):
        expected = PCA(adapter.steps, whiten=True, svd_solver="full").fit(h).transform(h)
        # Ours divides by n, theirs by n - 1.
        expected *= np.sqrt(plots / (plots - 1))
        made = adapter(h)
        assert made.shape == (plots, adapter.steps) == (plots, adapter.width)
        np.testing.assert_allclose(np.abs(made), np.abs(expected), atol=2e-4)
        np.testing.assert_allclose(made.T @ made / plots, np.eye(adapter.steps), atol=1e-4)
        np.testing.assert_allclose(made.mean(axis=0), 0, atol=1e-5)


@pytest.mark.parametrize("plots, dimension, most", [(30, 12, 12), (10, 40, 9)])
def test_there_are_no_more_axes_than_plots_and_dimensions_allow(plots: int, dimension: int, most: int) -> None:
    table = planted(plots, dimension=dimension)
    adapters = fit_closed_form(standardised(table), table, Alignment("whitened", checkpoints=(4, 64, 128)))
    assert [a.steps for a in adapters] == [4, 64, 128]
    assert [a.width for a in adapters] == [4, most, most]
    assert all(np.isfinite(a.weight).all() for a in adapters)


def test_no_axes_are_the_vectors_themselves() -> None:
    table = planted(30)
    h = standardised(table)
    for name in ("whitened", "canonical"):
        np.testing.assert_allclose(fit_closed_form(h, table, Alignment(name, checkpoints=(0,)))[0](h), h, atol=1e-6)


def test_whitening_reads_no_releve_and_canonical_does() -> None:
    table = planted(60)
    other = table.with_releves_of(np.random.default_rng(1).permutation(60))
    h = standardised(table)
    for name, same in (("whitened", True), ("canonical", False)):
        one, two = (fit_closed_form(h, releves, Alignment(name, checkpoints=(4,)))[0] for releves in (table, other))
        assert np.array_equal(one.weight, two.weight) is same


@pytest.mark.parametrize("plots, dimension", [(90, 15), (30, 50)])
def test_at_full_rank_the_directions_span_ridge_regression(plots: int, dimension: int) -> None:
    """All directions together predict what an ordinary ridge regression of every axis predicts."""
    random = np.random.default_rng(2)
    x, y = random.normal(size=(plots, dimension)), random.normal(size=(plots, 6))
    directions = canonical_directions(x, y)
    assert directions.shape == (dimension, 6)
    power = np.square(x - x.mean(axis=0)).sum(axis=1).mean()
    ridge = Ridge(alpha=RIDGE * power).fit(x, y)
    assert np.rad2deg(subspace_angles(directions, ridge.coef_.T)).max() < 1e-4


def test_reduced_rank_is_the_best_of_its_rank() -> None:
    """Against the definition: the singular value decomposition of the fitted values, the penalty's rows included."""
    random = np.random.default_rng(3)
    x = random.normal(size=(70, 9))
    y = x[:, :2] @ random.normal(size=(2, 5)) + 0.5 * random.normal(size=(70, 5))
    x, y = x - x.mean(axis=0), y - y.mean(axis=0)
    alpha = RIDGE * np.square(x).sum(axis=1).mean()
    tall = np.vstack([x, np.sqrt(alpha) * np.eye(9)])
    full = np.linalg.lstsq(tall, np.vstack([y, np.zeros((9, 5))]), rcond=None)[0]
    _, _, right = np.linalg.svd(tall @ full)
    for rank in (1, 2, 3):
        expected = full @ right[:rank].T
        made = canonical_directions(x, y)[:, :rank]
        assert np.rad2deg(subspace_angles(made, expected)).max() < 1e-5
        # Penalised error of the best map through these directions, against any other of the same rank.
        def error(through: np.ndarray) -> float:
            inner = np.linalg.lstsq(tall @ through, np.vstack([y, np.zeros((9, 5))]), rcond=None)[0]
            return float(np.square(np.vstack([y, np.zeros((9, 5))]) - tall @ through @ inner).sum())

        least = error(made)
        assert all(least < error(made + 0.3 * random.normal(size=made.shape)) for _ in range(20))


def test_the_leading_direction_is_the_planted_one() -> None:
    random = np.random.default_rng(4)
    direction = random.normal(size=30)
    direction /= np.linalg.norm(direction)
    gradient = random.normal(size=400)
    x = 2.0 * gradient[:, None] * direction + random.normal(size=(400, 30))
    y = np.column_stack([gradient + 0.2 * random.normal(size=400), random.normal(size=(400, 3)) * 0.3])
    first = canonical_directions(x, y)[:, 0]
    assert abs(first @ direction) / np.linalg.norm(first) > 0.92
    assert abs(np.corrcoef(x @ first, gradient)[0, 1]) > 0.85


@pytest.mark.parametrize("plots, dimension", [(60, 10), (20, 40)])
def test_the_square_map_is_the_concatenation(plots: int, dimension: int) -> None:
    table = planted(plots, dimension=dimension)
    h = standardised(table).astype(np.float64)
    directions = canonical_directions(h, floristic_axes(table, Alignment("canonical")))[:, :4]
    weight, bias = loudened(h, directions, 4)
    assert weight.shape == (dimension, dimension) and not bias.any()
    np.testing.assert_allclose(weight, weight.T, atol=1e-12)
    louder = h @ directions
    louder *= GAIN * np.sqrt(h.var(axis=0).sum() / louder.var(axis=0).sum())
    both = np.hstack([h, louder])
    np.testing.assert_allclose((h @ weight) @ (h @ weight).T, both @ both.T, rtol=1e-9, atol=1e-8)
    b = directions * np.sqrt(h.var(axis=0).sum() / (h @ directions).var(axis=0).sum())
    np.testing.assert_allclose(weight, np.real(sqrtm(np.eye(dimension) + GAIN**2 * b @ b.T)), atol=1e-8)


def test_nothing_to_learn_from_is_the_identity() -> None:
    table = planted(30)
    h = standardised(table)
    bare = dataclasses.replace(table, cover=np.zeros_like(table.cover))
    same = np.ones_like(h)
    for vectors, releves in ((h, bare), (same - same, table)):
        adapter = fit_closed_form(vectors, releves, Alignment("canonical", checkpoints=(8,)))[0]
        np.testing.assert_array_equal(adapter.weight, np.eye(h.shape[1], dtype=np.float32))
    flat = fit_closed_form(same - same, table, Alignment("whitened", checkpoints=(8,)))[0]
    assert flat.width == 1 and not flat(h).any()


def test_same_input_same_bits_and_scale_of_the_flora_does_not_matter() -> None:
    table = planted(50)
    h = standardised(table)
    one, two = (fit_closed_form(h, table, Alignment("canonical", checkpoints=(4, 8))) for _ in range(2))
    assert all(np.array_equal(a.weight, b.weight) for a, b in zip(one, two, strict=True))
    axes = floristic_axes(table, Alignment("canonical"))
    np.testing.assert_allclose(
        loudened(h, canonical_directions(h, axes), 4)[0], loudened(h, canonical_directions(h, 1_000 * axes), 4)[0],
        atol=1e-6,
    )


def test_other_alignments_have_no_closed_form() -> None:
    table = planted(30)
    with pytest.raises(ValueError, match="botaclip has no closed form"):
        fit_closed_form(standardised(table), table, Alignment("botaclip"))


def test_golden_settings() -> None:
    """What the trials on the landscape settled on; another value is another method."""
    assert (RIDGE, GAIN) == (0.1, 1.0)
    assert CANONICAL_AXES == (4, 8, 16, 32) and WHITENED_AXES == (8, 16, 32, 64, 128)


def test_golden_map_of_two_dimensions() -> None:
    """By hand: one axis, two orthogonal features of variance 1; the flora follows the first."""
    x = np.array([[1.0, 1.0], [1.0, -1.0], [-1.0, 1.0], [-1.0, -1.0]])
    y = x[:, :1]
    # Coefficient X'y / (X'X + alpha) with X'X = 4 and alpha = 0.1 times the mean squared norm 2.
    np.testing.assert_allclose(canonical_directions(x, y), [[4 / 4.2], [0.0]], atol=1e-12)
    weight, bias = loudened(x, canonical_directions(x, y), 1)
    # The direction is made to vary as the whole does (variance 2): sqrt(1 + 2) along it, 1 across.
    np.testing.assert_allclose(weight, [[np.sqrt(3.0), 0.0], [0.0, 1.0]], atol=1e-12)
    assert not bias.any()


@pytest.mark.parametrize("plots, dimension", [(40, 6), (8, 30)])
@pytest.mark.parametrize(("small", "axes"), [(3e-3, 3), (1e-5, 2)])
def test_a_component_is_kept_down_to_a_thousandth_of_the_first(
    plots: int, dimension: int, small: float, axes: int
) -> None:
    """Standard deviations 1, 0.5 and ``small``: a variance of 9e-6 of the first is image, one of 1e-10 is rounding."""
    random = np.random.default_rng(0)
    left = np.linalg.qr(random.normal(size=(plots, 4)) - 0.0)[0]
    left = np.linalg.qr(left[:, :3] - left[:, :3].mean(axis=0))[0]
    right = np.linalg.qr(random.normal(size=(dimension, 3)))[0]
    x = left * [1.0, 0.5, small] @ right.T * 10.0
    made = fit_closed_form(x, planted(plots), Alignment("whitened", checkpoints=(5,)))[0]
    assert made.width == axes


def test_signs_are_those_of_the_largest_entries() -> None:
    for plots, dimension in ((60, 10), (12, 30)):
        table = planted(plots, dimension=dimension)
        h = standardised(table)
        whitened = fit_closed_form(h, table, Alignment("whitened", checkpoints=(6,)))[0].weight
        directions = canonical_directions(h, floristic_axes(table, Alignment("canonical")))
        for columns in (whitened, directions):
            largest = np.abs(columns).argmax(axis=0)
            assert (columns[largest, np.arange(columns.shape[1])] > 0).all()
        # However the images are turned over, the components say the same of the plots, up to their own sign.
        flipped = fit_closed_form(-h, table, Alignment("whitened", checkpoints=(6,)))[0].weight
        np.testing.assert_allclose(flipped, whitened, atol=1e-3)


def test_relevés_without_imagery_move_the_floristic_axes() -> None:
    table = planted(40)
    random = np.random.default_rng(5)
    more = (random.random((200, table.cover.shape[1])) < 0.3) * 50.0
    more[:, 0] = 80.0 * (random.random(200) < 0.5)
    with_more = dataclasses.replace(table, extra=more.astype(np.float32))
    # With as many axes as species they would be the same, turned.
    asked = Alignment("canonical", checkpoints=(2,), recipe=Recipe(vegeta_axes=2))
    h = standardised(table)
    expected = fit_vegeta(table.cover, asked.recipe, extra=with_more.extra)(table.cover)
    np.testing.assert_allclose(floristic_axes(with_more, asked), expected, rtol=1e-6)
    plain, moved = (fit_closed_form(h, some, asked)[0].weight for some in (table, with_more))
    assert np.abs(plain - moved).max() > 1e-3
