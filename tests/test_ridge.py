"""One decomposition for all targets and penalties gives scikit-learn's ridge regressions."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import Ridge
from sklearn.preprocessing import StandardScaler

from botaclip.training.ridge import RidgePath


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize(("n", "width"), [(60, 9), (40, 90), (30, 30)])
def test_path_is_scikit_learns_ridge(n: int, width: int, weighted: bool) -> None:
    rng = np.random.default_rng(n)
    # Numbers that go together, of very different size, and one that never changes.
    x = rng.normal(size=(n, width)) @ rng.normal(size=(width, width)) * np.geomspace(1e-3, 1e3, width) + 7.0
    x[:, 1] = 0.0
    y, new = rng.normal(size=(n, 5)) * [1, 10, 100, 1, 1], x[::2] + 0.5
    weights = rng.uniform(0.1, 3.0, n) if weighted else None
    path = RidgePath.of(x, y, weights)
    scaler = StandardScaler().fit(x, sample_weight=weights)
    points = scaler.transform(x)
    unit = np.square(points).sum(axis=1).mean()
    for penalty in (0.1, 1.0, 100.0):
        for s in range(5):
            plain = Ridge(alpha=penalty * unit, solver="cholesky").fit(points, y[:, s], weights)
            np.testing.assert_allclose(
                path(penalty).predict(new)[:, s], plain.predict(scaler.transform(new)), rtol=1e-8, atol=1e-8
            )
    assert not np.allclose(path(0.1).predict(new), path(100.0).predict(new), rtol=1e-2)


def test_vectors_that_never_change_predict_the_mean() -> None:
    y = np.arange(12.0).reshape(6, 2)
    np.testing.assert_allclose(RidgePath.of(np.ones((6, 3)), y)(1.0).predict(np.zeros((2, 3))), [[5, 6], [5, 6]])
