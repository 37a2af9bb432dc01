"""Scores of abundances against hand-computed values and SciPy."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import spearmanr

from botaclip.training import metrics


def test_values_by_hand_with_ties() -> None:
    # Ranks 1, 2.5, 2.5, 4 against 1, 2, 3, 4: covariance 4.5 over the root of 4.5 * 5.
    assert metrics.spearman([0, 1, 1, 9], [1, 2, 3, 4]) == pytest.approx(4.5 / np.sqrt(4.5 * 5))
    assert metrics.spearman([1, 2, 3, 4], [1, 2, 4, 3]) == pytest.approx(0.8)
    assert metrics.mae([0, 2, 7], [1, 2, 3]) == pytest.approx(5 / 3)
    rng = np.random.default_rng(1)
    y, p = rng.poisson(2, 60), rng.normal(size=60)
    assert metrics.spearman(y, p) == pytest.approx(spearmanr(y, p).statistic, abs=1e-15)


def test_constant_abundance_has_no_rank_correlation() -> None:
    assert np.isnan([metrics.spearman([1, 1, 1], [1, 2, 3]), metrics.spearman([1, 2], [1, 2])]).all()
    assert np.isnan(metrics.mae([], []))


def test_missing_values_are_nan_and_other_lengths_raise() -> None:
    assert np.isnan([metrics.spearman([1, 2, np.nan], [1, 2, 3]), metrics.mae([1, 2], [np.nan, 2])]).all()
    for score in (metrics.spearman, metrics.mae):
        with pytest.raises(ValueError, match="3 observations but 2 scores"):
            score([1, 2, 3], [1, 2])
