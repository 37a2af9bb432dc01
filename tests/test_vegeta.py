"""VEGETA: Hellinger transform as in vegan, orthogonal axes, empty relevés, matrices that equal the model."""

from __future__ import annotations

import numpy as np
from sklearn.linear_model import Ridge

from botaclip.training.vegeta import Vegeta, fit_releve_tower, hellinger

from .small_tables import planted


def test_hellinger_is_vegans_decostand() -> None:
    # decostand(x, "hellinger") = sqrt(x / rowSums(x)); first plots of vegan's dune-like counts by hand.
    cover = np.array([[1.0, 0.0, 3.0], [4.0, 4.0, 8.0], [0.0, 9.0, 0.0]])
    golden = [[0.5, 0.0, 0.8660254], [0.5, 0.5, 0.70710678], [0.0, 1.0, 0.0]]
    np.testing.assert_allclose(hellinger(cover), golden, atol=1e-7)


def test_empty_releve_becomes_zeros_and_others_unit_length() -> None:
    cover = planted(30).cover
    made = hellinger(cover)
    empty = cover.sum(axis=1) == 0
    assert empty.any()
    np.testing.assert_array_equal(made[empty], 0.0)
    np.testing.assert_allclose(np.linalg.norm(made[~empty], axis=1), 1.0, atol=1e-6)


def test_cover_in_any_unit_is_the_same() -> None:
    cover = planted(30).cover
    np.testing.assert_allclose(hellinger(cover * 0.01), hellinger(cover), atol=1e-6)


def test_axes_are_orthogonal_and_the_first_has_unit_variance() -> None:
    cover = planted(90).cover
    vegeta = Vegeta.fit(cover, axes=6)
    gram = vegeta.axes.T @ vegeta.axes
    np.testing.assert_allclose(gram, gram[0, 0] * np.eye(6), atol=1e-4 * gram[0, 0])
    scores = vegeta(cover)
    covariance = np.cov(scores.T)
    np.testing.assert_allclose(covariance - np.diag(np.diag(covariance)), 0.0, atol=1e-4)
    np.testing.assert_allclose(covariance[0, 0], 1.0, atol=1e-4)
    assert (np.diff(np.diag(covariance)) <= 1e-6).all()


def test_axes_are_no_more_than_plots_or_species_carry() -> None:
    cover = planted(90, species=8).cover  # 8 and 2 rare ones
    assert Vegeta.fit(cover, axes=64).axes.shape == (10, 10)
    assert Vegeta.fit(cover[:5], axes=64).axes.shape == (10, 4)


def test_a_species_that_no_training_releve_has_is_ignored() -> None:
    cover = planted(60).cover
    wider = np.hstack([cover, np.zeros((60, 1), np.float32)])
    narrow, wide = Vegeta.fit(cover, axes=5), Vegeta.fit(wider, axes=5)
    np.testing.assert_allclose(wide.axes[-1], 0.0, atol=1e-6)
    # Axes may be mirrored between two fits; distances between plots may not change.
    for one, two in ((narrow(cover), wide(wider)),):
        np.testing.assert_allclose(one @ one.T, two @ two.T, atol=1e-4)


def test_releve_tower_equals_the_ridge_it_is_made_from() -> None:
    table = planted(90)
    unit = table.vectors / np.linalg.norm(table.vectors, axis=1, keepdims=True)
    tower = fit_releve_tower(table.cover, unit, axes=6, penalty=2.0)
    (weight, bias), = tower.layers
    made = (hellinger(table.cover) - tower.centre) @ weight + bias
    axes = Vegeta.fit(table.cover, axes=6)(table.cover)
    np.testing.assert_allclose(made, Ridge(alpha=2.0).fit(axes, unit).predict(axes), atol=1e-5)
