"""Species heads: the shared path equals single fits, penalties know no unit, logits are read to first order."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import Ridge

from botaclip.training.heads import (
    PENALTIES,
    clipped_prevalence,
    fit_forest,
    fit_linear,
    linear_path,
    logit,
    logits_of_linear,
)

from .small_tables import planted

SIZES = pytest.mark.parametrize(("plots", "dimension"), [(90, 12), (30, 60), (40, 40)], ids=["N>D", "N<D", "N=D"])


def split(plots: int, dimension: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    table = planted(plots + 25, dimension=dimension, species=6)
    return table.vectors[:plots], table.presence[:plots], table.vectors[plots:]


@SIZES
def test_path_equals_a_single_fit_at_every_penalty(plots: int, dimension: int) -> None:
    vectors, presence, held = split(plots, dimension)
    path = linear_path(vectors, presence, held)
    prevalence = clipped_prevalence(presence)
    for penalty, scores in zip(PENALTIES, path, strict=True):
        single = fit_linear(vectors, presence, penalty).logits(held)
        np.testing.assert_allclose(logits_of_linear(scores, prevalence), single, rtol=2e-3, atol=2e-3)
    assert np.abs(path[0] - path[-1]).max() > 0.05  # the penalties do differ


@SIZES
def test_path_agrees_with_scikit_learns_ridge(plots: int, dimension: int) -> None:
    vectors, presence, held = split(plots, dimension)
    power = np.square(vectors - vectors.mean(axis=0)).sum(axis=1).mean()
    for penalty, scores in zip((0.3, 10.0), linear_path(vectors, presence, held, (0.3, 10.0)), strict=True):
        ridge = Ridge(alpha=penalty * power, solver="svd").fit(vectors.astype(float), presence)
        np.testing.assert_allclose(scores, ridge.predict(held), atol=1e-5)


@SIZES
def test_penalty_has_no_unit(plots: int, dimension: int) -> None:
    vectors, presence, held = split(plots, dimension)
    plain = linear_path(vectors, presence, held)
    np.testing.assert_allclose(linear_path(10 * vectors, presence, 10 * held), plain, atol=1e-5)
    once, ten = (fit_linear(scale * vectors, presence, 1.0).logits(scale * held) for scale in (1, 10))
    np.testing.assert_allclose(once, ten, atol=2e-3)


def test_a_huge_penalty_leaves_the_prevalence() -> None:
    vectors, presence, held = split(60, 12)
    expected = np.broadcast_to(logit(clipped_prevalence(presence)), (len(held), 6))
    np.testing.assert_allclose(fit_linear(vectors, presence, 1e7).logits(held), expected, atol=1e-3)


def test_species_never_met_or_always_met_stay_finite() -> None:
    vectors, presence, held = split(60, 12)
    presence = presence.copy()
    presence[:, 0], presence[:, 1] = 0.0, 1.0
    logits = fit_linear(vectors, presence, 1.0).logits(held)
    np.testing.assert_allclose(logits[:, 0], np.log((0.5 / 60) / (1 - 0.5 / 60)) - 1.0, atol=0.02)
    assert np.isfinite(logits).all() and logits[:, 1].min() > 4.0


@given(p=st.floats(0.01, 0.99), a=st.floats(-2, 3), step=st.floats(1e-6, 2))
def test_logits_rise_with_the_score(p: float, a: float, step: float) -> None:
    low, high = logits_of_linear(np.array([a, a + step]), np.array(p))
    assert high > low


@settings(max_examples=50)
@given(p=st.floats(0.05, 0.95))
def test_logits_are_exact_to_first_order_at_the_prevalence(p: float) -> None:
    at = logits_of_linear(np.array([p, p + 1e-4]), np.array(p))
    true = logit(np.array([p, p + 1e-4]))
    assert at[0] == pytest.approx(true[0], abs=1e-12)
    # The second-order term of the logit bounds what is left.
    assert abs(at[1] - true[1]) <= 1e-8 * abs(1 - 2 * p) / (2 * (p * (1 - p)) ** 2) * 1.1 + 1e-9


def test_prevalence_is_kept_half_a_plot_from_certainty() -> None:
    presence = np.zeros((10, 3))
    presence[:, 1], presence[:4, 2] = 1.0, 1.0
    np.testing.assert_allclose(clipped_prevalence(presence), [0.05, 0.95, 0.4])


def test_forest_scores_are_logits_of_leaf_means_and_repeat_to_the_bit() -> None:
    table = planted(80, dimension=6, species=4)
    one, two = (fit_forest(table.vectors, table.presence, random_state=5, trees=20) for _ in range(2))
    logits = one.logits(table.vectors)
    np.testing.assert_array_equal(logits, two.logits(table.vectors))
    share = 1 / (1 + np.exp(-logits))
    np.testing.assert_allclose(share, one.forest.predict(table.vectors).clip(0.5 / 80, 1 - 0.5 / 80), atol=1e-12)
    other = fit_forest(table.vectors, table.presence, random_state=6, trees=20).logits(table.vectors)
    assert np.abs(other - logits).max() > 0.1


def test_forest_of_a_single_species_keeps_its_column() -> None:
    table = planted(60, dimension=6, species=1)
    logits = fit_forest(table.vectors, table.presence, random_state=1, trees=20).logits(table.vectors[:7])
    assert logits.shape == (7, 1)
    assert np.abs(logits).max() < np.log(2 * 60)
