"""Calibration against hand-computed values, a planted distortion, and a likelihood maximised by SciPy."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.special import expit, logit, xlogy

from botaclip.training import metrics


def test_calibration_error_by_hand() -> None:
    y, p = [0, 1, 1, 1], [0.1, 0.1, 0.9, 0.9]
    assert metrics.expected_calibration_error(y, p, bins=2) == pytest.approx(0.5 * 0.4 + 0.5 * 0.1)
    table = metrics.reliability_bins(y, p, bins=2, strategy="uniform")
    assert [(row["predicted"], row["observed"], row["n"]) for row in table] == [(0.1, 0.5, 2), (0.9, 1.0, 2)]
    # Wilson's interval of 1 in 2.
    assert (table[0]["low"], table[0]["high"]) == (pytest.approx(0.0945, abs=1e-3), pytest.approx(0.9055, abs=1e-3))
    assert metrics.reliability_bins([], []) == [] and np.isnan(metrics.expected_calibration_error([], []))


def test_quantile_bins_hold_equal_numbers() -> None:
    rng = np.random.default_rng(1)
    p = rng.beta(1, 9, 1_000)
    table = metrics.reliability_bins(rng.uniform(size=1_000) < p, p, bins=10)
    assert [row["n"] for row in table] == [100] * 10


def test_calibration_slope_finds_a_planted_distortion() -> None:
    rng = np.random.default_rng(1)
    z = rng.normal(0, 1.5, 20_000)
    y = rng.uniform(size=z.size) < expit(z)
    assert metrics.calibration_slope(y, expit(z)) == (pytest.approx(1, abs=0.05), pytest.approx(0, abs=0.05))
    assert metrics.calibration_slope(y, expit(2 * z + 1)) == (
        pytest.approx(0.5, abs=0.03), pytest.approx(-0.5, abs=0.05),
    )  # fmt: skip
    assert np.isnan(metrics.calibration_slope([0, 0, 1, 1], [0.1, 0.2, 0.8, 0.9])).all()


def test_calibration_error_equals_a_plain_loop_over_fifteen_bins() -> None:
    rng = np.random.default_rng(4)
    p = rng.uniform(size=500)
    y = rng.uniform(size=500) < p**2
    number = np.minimum((p * 15).astype(int), 14)
    gaps = [abs(y[number == b].mean() - p[number == b].mean()) * (number == b).mean() for b in np.unique(number)]
    assert metrics.expected_calibration_error(y, p) == pytest.approx(sum(gaps), abs=1e-12)


def test_slope_and_intercept_maximise_the_likelihood() -> None:
    rng = np.random.default_rng(5)
    p = rng.uniform(0.02, 0.98, 150)
    y = rng.uniform(size=150) < expit(0.6 * logit(p) + 0.4)

    def loss(at: np.ndarray) -> float:
        q = expit(at[0] * logit(p) + at[1])
        return -float((xlogy(y, q) + xlogy(1 - y, 1 - q)).sum())

    assert metrics.calibration_slope(y, p) == pytest.approx(tuple(minimize(loss, [1, 0], tol=1e-10).x), abs=1e-4)


def test_unknown_observations_and_other_lengths() -> None:
    y, p = [0, 1, np.nan, 1, 0], [0.2, 0.4, 0.5, 0.9, 0.6]
    assert np.isnan(metrics.calibration_slope(y, p)).all()
    assert sum(row["n"] for row in metrics.reliability_bins(y, p)) == 4
    for score in (metrics.calibration_slope, metrics.expected_calibration_error, metrics.reliability_bins):
        with pytest.raises(ValueError, match="5 observations but 4 scores"):
            score(y, p[:4])  # type: ignore[operator]
