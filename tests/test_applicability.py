"""The area of applicability against CAST's formulas worked out by hand, and what must hold of any."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from botaclip.core.applicability import Applicability
from botaclip.core.errors import ModelFileError, PairingError
from botaclip.training.applicability import AreaOfApplicability, leading_axes, mean_distance

TOY = np.array([[0.0], [1.0], [3.0], [7.0]])


def test_the_toy_by_hand() -> None:
    # Distances to the others: 1 3 7, 1 2 6, 3 2 4, 7 6 4; means 11/3, 3, 3, 17/3; their mean 23/6.
    area = AreaOfApplicability(scale=False).fit(TOY)
    assert area.mean_distance_ == pytest.approx(23 / 6)
    np.testing.assert_allclose(area.dissimilarity_, np.array([1, 1, 2, 4]) / (23 / 6))
    # Quartiles (R's type 7) 1 and 2.5: 2.5 + 1.5 x 1.5 = 4.75, above the largest, which is taken.
    assert area.threshold_ == pytest.approx(4 / (23 / 6))
    new = np.array([[9.0], [12.0], [2.0], [3.0], [np.nan]])
    np.testing.assert_allclose(area.dissimilarity(new)[:4], np.array([2, 5, 1, 0]) / (23 / 6), atol=1e-12)
    assert np.isnan(area.dissimilarity(new)[4])
    assert area.predict(new).tolist() == [True, False, True, True, False]
    # Nearer than 4: of 9 only 7, of 12 none, of 2 all but 7, of 3 all but 7, which is at exactly 4.
    assert area.density(new)[:4].tolist() == [1, 0, 3, 3]


def test_a_point_of_the_same_fold_does_not_count() -> None:
    area = AreaOfApplicability(scale=False).fit(TOY, folds=["a", "a", "b", "b"])
    np.testing.assert_allclose(area.dissimilarity_, np.array([3, 2, 2, 6]) / (23 / 6))
    # Quartiles 2 and 3.75: 3.75 + 2.625 = 6.375, above 6.
    assert area.threshold_ == pytest.approx(6 / (23 / 6))


def test_the_threshold_is_the_fence_where_one_plot_lies_far_out() -> None:
    x = np.concatenate([np.arange(20.0), [300.0]])[:, None]
    area = AreaOfApplicability(scale=False).fit(x)
    # All but the last have a neighbour at 1, so that both quartiles are 1 and the fence is 1.
    assert area.threshold_ == pytest.approx(1 / area.mean_distance_)


def test_scale_and_weights() -> None:
    random = np.random.default_rng(0)
    x = random.normal(size=(40, 3)) * [1.0, 100.0, 0.01]
    plain = AreaOfApplicability().fit(x)
    same = AreaOfApplicability().fit(x * [5.0, 0.1, 3.0] + 7.0)
    np.testing.assert_allclose(plain.dissimilarity_, same.dissimilarity_)
    # Weights multiply scaled predictors; one of 0 takes a predictor out.
    weighted = AreaOfApplicability([2.0, 1.0, 0.0]).fit(x)
    by_hand = AreaOfApplicability(scale=False).fit((x / x.std(axis=0, ddof=1))[:, :2] * [2.0, 1.0])
    np.testing.assert_allclose(weighted.dissimilarity_, by_hand.dissimilarity_)
    # What never varied in training tells nothing.
    constant = AreaOfApplicability().fit(np.column_stack([x, np.ones(40)]))
    np.testing.assert_allclose(
        constant.dissimilarity(np.column_stack([x, np.full(40, 9.0)])), plain.dissimilarity(x), atol=1e-9
    )


@given(st.integers(2, 30), st.integers(1, 6), st.integers(0, 1_000))
@settings(max_examples=40, deadline=None)
def test_zero_on_training_points_and_growing_away_from_them(n: int, k: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    x = random.normal(size=(n, k)) + 1e3  # far from the origin, where differences of squares would not vanish
    area = AreaOfApplicability().fit(x)
    assert (area.dissimilarity(x) == 0).all()
    # From the outermost point outwards: the nearest one stays the nearest.
    outermost = area._points(x)[:, 0].argmax()
    steps = np.arange(0.0, 5.0)[:, None] * np.eye(k)[0] * x.std(axis=0, ddof=1)
    assert (np.diff(area.dissimilarity(x[outermost] + steps)) > 0).all()


def test_windows_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    random = np.random.default_rng(1)
    applied = Applicability(random.normal(size=(50, 4)), 2.0, 0.4)
    x = random.normal(size=(333, 4))
    whole = applied.dissimilarity(x), applied.density(x)
    monkeypatch.setattr("botaclip.core.applicability._PAIRS", 700)
    np.testing.assert_array_equal(applied.dissimilarity(x), whole[0])
    np.testing.assert_array_equal(applied.density(x), whole[1])
    brute = np.linalg.norm(x[:, None] - applied.points, axis=2) / 2.0
    np.testing.assert_allclose(whole[0], brute.min(axis=1))
    np.testing.assert_array_equal(whole[1], (brute < 0.4).sum(axis=1))


def test_leading_axes() -> None:
    assert leading_axes([0.9, 0.05, 0.03, 0.02]) == 2
    assert leading_axes([1.0]) == 1
    assert leading_axes(np.full(100, 0.01)) == 30


def test_the_mean_of_many_is_estimated() -> None:
    x = np.random.default_rng(0).normal(size=(6_000, 2))
    # Two independent normal points of the plane are sqrt(pi) apart on average.
    assert mean_distance(x) == pytest.approx(np.sqrt(np.pi), rel=0.02)


@pytest.mark.parametrize(
    ("predictors", "folds", "weights", "message"),
    [
        (TOY[:1], None, None, "2 plots or more, found 1"), (TOY * np.nan, None, None, "no number"),
        (TOY, [1, 1, 1, 1], None, "two folds or more"), (TOY, [1, 2], None, "as many fold numbers"),
        (TOY, None, [1.0, 2.0], "1 weights"), (TOY, None, [-1.0], "none below 0"),
        (np.ones((4, 1)), None, None, "the same predictors"),
    ],
)  # fmt: skip
def test_what_cannot_be_fitted_is_said(
    predictors: np.ndarray, folds: list[int] | None, weights: list[float] | None, message: str
) -> None:
    with pytest.raises(PairingError, match=message):
        AreaOfApplicability(weights).fit(predictors, folds)


def test_damaged_numbers_are_refused() -> None:
    with pytest.raises(ModelFileError, match="damaged"):
        Applicability(TOY, 0.0, 1.0)
    with pytest.raises(ModelFileError, match="damaged"):
        Applicability(np.full((2, 1), np.inf), 1.0, 1.0)
