"""Sets of species by hand and against scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import f1_score

from botaclip.training import metrics

Y = np.array([[1, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 0]])
P = np.array([[0.9, 0.2, 0.8, 0.1], [0.1, 0.2, 0.3, 0.4], [0.4, 0.3, 0.2, 0.1]])


def test_fixed_and_adaptive_sets_by_hand() -> None:
    # Two each: {0, 2} has one of two (.5), {3, 2} the only one (2/3), and the empty plot none.
    assert metrics.f1_samples(Y, P, 2) == pytest.approx((0.5 + 2 / 3 + 0) / 3)
    # One, two and none: 2/3, 2/3, and nothing is asked of the last.
    assert metrics.f1_samples(Y, P, [1, 2, 0]) == pytest.approx(2 / 3)
    # All four, although 25 are asked for.
    assert metrics.f1_samples(Y, P) == pytest.approx((4 / 6 + 2 / 5 + 0) / 3)


def test_equals_scikit_learn_on_sets() -> None:
    rng = np.random.default_rng(1)
    y, p = rng.uniform(size=(40, 12)) < 0.4, rng.uniform(size=(40, 12))
    y[:, 0] = True
    sets = np.argsort(np.argsort(-p, axis=1), axis=1) < 5
    assert metrics.f1_samples(y, p, 5) == pytest.approx(f1_score(y, sets, average="samples"))


def test_ties_take_the_first_and_bad_shapes_raise() -> None:
    assert metrics.f1_samples([[1, 0, 0]], [[0.5, 0.5, 0.5]], 1) == 1.0
    assert metrics.f1_samples([[0, 0, 1]], [[0.5, 0.5, 0.5]], 1) == 0.0
    assert np.isnan([metrics.f1_samples(np.empty((0, 3)), np.empty((0, 3))), metrics.f1_samples(Y, P * np.nan)]).all()
    with pytest.raises(ValueError, match="but scores of shape"):
        metrics.f1_samples(Y, P[:2])
    with pytest.raises(ValueError, match="3 plots but 2 set sizes"):
        metrics.f1_samples(Y, P, [1, 2])
