"""Calibrators: the vectorised fit against a plain minimiser, planted distortions, and no look at held-out plots."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.special import expit

from botaclip.core.errors import PairingError
from botaclip.training.calibration import (
    Calibrators,
    IsotonicCalibrator,
    calibrator_for,
    fit_platt_columns,
)
from botaclip.training.metrics import auc, expected_calibration_error


def overconfident(n: int = 800, s: int = 4, seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Return presences and logits that are twice as far out as they should be, and 1 too high."""
    rng = np.random.default_rng(seed)
    z = rng.normal(-1, 1.2, (n, s))
    return rng.uniform(size=z.shape) < expit(z), 2 * z + 1


def plain(y: np.ndarray, z: np.ndarray, shrinkage: float) -> np.ndarray:
    """Minimise the penalised log loss with SciPy, the slope bounded below."""
    n = y.sum()
    t = np.where(y, (n + 1) / (n + 2), 1 / (y.size - n + 2))

    def loss(ab: np.ndarray) -> float:
        f = ab[0] * z + ab[1]
        return np.sum(np.logaddexp(0, f) - t * f) + shrinkage / 2 * ((ab[0] - 1) ** 2 + ab[1] ** 2)

    return minimize(loss, [1.0, 0.0], bounds=[(0.01, None), (None, None)], method="L-BFGS-B", tol=1e-12).x


@pytest.mark.parametrize("shrinkage", [0.0, 1.0, 4.0, 50.0])
def test_all_columns_at_once_equal_a_plain_minimiser(shrinkage: float) -> None:
    y, z = overconfident(200)
    z[:, 1] *= -1  # a model that is wrong everywhere: its slope stops at the bound
    y[:, 3] = False
    y[5, 3] = True
    slope, intercept = fit_platt_columns(y, z, shrinkage=shrinkage)
    for s in range(4):
        assert (slope[s], intercept[s]) == pytest.approx(tuple(plain(y[:, s], z[:, s], shrinkage)), abs=2e-3)
    assert slope[1] == 0.01


def test_a_planted_distortion_is_undone() -> None:
    y, z = overconfident(6_000)
    slope, intercept = fit_platt_columns(y, z)
    assert slope == pytest.approx(np.full(4, 0.5), abs=0.05)
    assert intercept == pytest.approx(np.full(4, -0.5), abs=0.12)


def test_few_presences_leave_the_scores_as_they_are() -> None:
    y, z = overconfident(8)
    slope, intercept = fit_platt_columns(y, z, shrinkage=400.0)
    assert slope == pytest.approx(np.ones(4), abs=0.03) and intercept == pytest.approx(np.zeros(4), abs=0.03)
    slope, intercept = fit_platt_columns(np.zeros((5, 1)), np.full((5, 1), np.nan))
    assert (slope[0], intercept[0]) == (1.0, 0.0)


def test_separating_and_extreme_scores_stay_finite() -> None:
    y = np.array([[0], [0], [1], [1]])
    slope, intercept = fit_platt_columns(y, np.array([[-np.inf], [-50.0], [60.0], [np.inf]]))
    assert 0 < slope[0] <= 1.0 and np.isfinite(intercept[0])
    assert np.isfinite(fit_platt_columns(y, np.ones((4, 1)), shrinkage=0.0)).all()


def test_plots_without_a_score_do_not_count() -> None:
    y, z = overconfident(300)
    extra_y, extra_z = np.vstack([y, ~y[:50]]), np.vstack([z, np.full((50, 4), np.nan)])
    np.testing.assert_allclose(fit_platt_columns(extra_y, extra_z), fit_platt_columns(y, z), atol=1e-8)


def test_cross_fitting_helps_and_keeps_the_ranking_within_a_fold() -> None:
    y, z = overconfident()
    folds = np.arange(800) % 4
    fitted = Calibrators.fit(y, z)
    honest = fitted.cross_fitted(y, z, folds)
    before = expected_calibration_error(y, expit(z))
    assert before > 0.1
    assert expected_calibration_error(y, honest) < before / 3
    assert expected_calibration_error(y, fitted(z)) < before / 3
    inside = folds == 2
    assert auc(y[inside, 0], honest[inside, 0]) == auc(y[inside, 0], z[inside, 0])


@pytest.mark.parametrize("folds", [np.arange(200) % 4, None])
def test_a_plot_never_calibrates_itself(folds: np.ndarray | None) -> None:
    y, z = overconfident(200)
    held = (np.arange(200) % 5 if folds is None else folds) == 1
    turned = np.where(held[:, None], ~y, y)
    before = Calibrators.fit(y, z).cross_fitted(y, z, folds)
    after = Calibrators.fit(turned, z).cross_fitted(turned, z, folds)
    np.testing.assert_array_equal(before[held], after[held])
    assert np.abs(before[~held] - after[~held]).max() > 0.01


def test_rare_species_share_the_pooled_calibrator() -> None:
    y, z = overconfident(400)
    y[:, 2:] = False
    y[:19, 2], y[:20, 3] = True, True
    fitted = Calibrators.fit(y, z)
    assert fitted.kinds == ("platt", "platt", "pooled", "platt")
    slope, intercept = fit_platt_columns(y.reshape(-1, 1), z.reshape(-1, 1))
    assert (fitted.slope[2], fitted.intercept[2]) == (slope[0], intercept[0])
    assert fitted.slope[3] != slope[0]
    # A presence without an out-of-fold score does not count.
    z[0, 3] = np.nan
    assert Calibrators.fit(y, z).kinds[3] == "pooled"


def test_identity_changes_nothing_and_one_fold_is_refused() -> None:
    y, z = overconfident(100)
    identity = Calibrators.identity(4)
    np.testing.assert_array_equal(identity(z), expit(z))
    assert identity.kinds == ("none",) * 4
    with pytest.raises(PairingError, match="two folds or more, there are 1"):
        identity.cross_fitted(y, z, np.zeros(100))


@pytest.mark.parametrize(
    ("n", "isotonic", "name"),
    [(19, True, "pooled"), (20, True, "platt"), (99, True, "platt"), (100, True, "isotonic"), (500, False, "platt")],
)
def test_presences_decide_the_calibrator(n: int, isotonic: bool, name: str) -> None:
    assert calibrator_for(n, isotonic=isotonic) == name


def test_isotonic_is_monotone_and_refuses_few_presences() -> None:
    y, z = overconfident(2_000, 1)
    fitted = IsotonicCalibrator().fit(z[:, 0], y[:, 0])
    grid = fitted.calibrate(np.linspace(-20, 20, 100))
    assert (np.diff(grid) >= 0).all() and 0 <= grid[0] and grid[-1] <= 1
    assert expected_calibration_error(y, fitted.calibrate(z)) < 0.02
    with pytest.raises(PairingError, match="needs 100 presences, there are 3"):
        IsotonicCalibrator().fit([0.1, 0.2, 0.3], [1, 1, 1])
