"""Zero mean, unit variance, from the training plots alone; a dead feature makes no outliers."""

from __future__ import annotations

import numpy as np
import pytest

from botaclip.training.standardiser import Standardiser


def vectors(n: int = 80, dimension: int = 12) -> np.ndarray:
    random = np.random.default_rng(1)
    return (random.normal(7.0, 1.0, (n, dimension)) * np.arange(1, dimension + 1)).astype(np.float32)


def test_training_plots_get_mean_0_and_variance_1() -> None:
    raw = vectors()
    made = Standardiser.fit(raw)(raw)
    assert made.dtype == np.float32
    np.testing.assert_allclose(made.mean(axis=0), 0.0, atol=1e-5)
    np.testing.assert_allclose(made.std(axis=0), 1.0, atol=1e-5)


def test_new_plots_get_the_training_plots_statistics() -> None:
    raw, new = vectors(), vectors(5) * 3.0
    made = Standardiser.fit(raw)(new)
    np.testing.assert_allclose(made, (new - raw.mean(axis=0)) / raw.std(axis=0), rtol=1e-4)


def test_undoes_the_narrow_cone() -> None:
    raw = vectors(dimension=24) + 60.0

    def mean_cosine(x: np.ndarray) -> float:
        unit = x / np.linalg.norm(x, axis=1, keepdims=True)
        return float((unit @ unit.T)[~np.eye(len(x), dtype=bool)].mean())

    assert mean_cosine(raw) > 0.8
    assert abs(mean_cosine(Standardiser.fit(raw)(raw))) < 0.05


def test_a_feature_that_hardly_ever_fires_is_held_at_a_hundredth_of_the_median_scale() -> None:
    raw = vectors(dimension=3)
    raw[:, 0] = 0.0
    raw[5, 0] = 1e-3
    standardiser = Standardiser.fit(raw)
    assert standardiser.scale[0] == pytest.approx(0.01 * np.median(raw.std(axis=0)), rel=1e-5)
    assert np.abs(standardiser(raw)[:, 0]).max() < 0.1


@pytest.mark.parametrize("dead", [1, 6, 20])
def test_dead_features_do_not_drown_the_others(dead: int) -> None:
    """However many there are, the floor is that of the dimensions that vary, and these are standardised as alone."""
    raw = 0.01 * vectors(dimension=6)
    constants = np.full((len(raw), dead), 7.3, dtype=np.float32)
    standardiser = Standardiser.fit(np.hstack([raw, constants]))
    alone = Standardiser.fit(raw)
    np.testing.assert_array_equal(standardiser.scale[:6], alone.scale)
    np.testing.assert_allclose(standardiser.scale[6:], 0.01 * np.median(raw.std(axis=0)), rtol=1e-4)
    made = standardiser(np.hstack([raw, constants]))
    np.testing.assert_allclose(made[:, :6].std(axis=0), 1.0, rtol=1e-4)
    np.testing.assert_allclose(made[:, 6:], 0.0, atol=1e-3)


def test_vectors_without_any_variance_stay_finite() -> None:
    raw = np.full((10, 4), 2.0, dtype=np.float32)
    np.testing.assert_array_equal(Standardiser.fit(raw)(raw + 1.0), np.ones((10, 4), dtype=np.float32))


def test_every_encoder_gets_the_same_share_of_the_variance() -> None:
    raw = np.concatenate([vectors(dimension=24), 1e4 * vectors(dimension=6), 1e-3 * vectors(dimension=3)], axis=1)
    made = Standardiser.fit(raw, (24, 6, 3))(raw)
    totals = [part.var(axis=0).sum() for part in np.split(made, [24, 30], axis=1)]
    np.testing.assert_allclose(totals, 11.0, rtol=1e-4)
    np.testing.assert_allclose(made.mean(axis=0), 0.0, atol=1e-4)


def test_what_hardly_varies_is_judged_within_its_encoder() -> None:
    """Beside an encoder of large numbers one of small numbers is no dead feature."""
    raw = np.concatenate([1e6 * vectors(dimension=8), vectors(dimension=4)], axis=1)
    alone = Standardiser.fit(raw)(raw)
    assert alone[:, 8:].std() < 0.1
    made = Standardiser.fit(raw, (8, 4))(raw)
    np.testing.assert_allclose(made[:, 8:].std(axis=0), np.sqrt(6 / 4), rtol=1e-4)


def test_one_encoder_is_standardised_as_ever() -> None:
    raw = vectors()
    for blocks in ((), (12,)):
        made, plain = Standardiser.fit(raw, blocks), Standardiser.fit(raw)
        np.testing.assert_array_equal(made.mean, plain.mean)
        np.testing.assert_array_equal(made.scale, plain.scale)


def test_blocks_that_are_no_vector_are_refused() -> None:
    with pytest.raises(ValueError, match=r"blocks of \(8, 5\) are no vector of 12"):
        Standardiser.fit(vectors(), (8, 5))
