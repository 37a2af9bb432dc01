"""The comparison without an image: near relevés count more, and the prevalence steadies few of them."""

from __future__ import annotations

import numpy as np
from sklearn.metrics import roc_auc_score

from botaclip.training.heads import logit
from botaclip.training.location import LOCATION_MODELS, NearestReleves


def halves(n: int = 90) -> tuple[np.ndarray, np.ndarray]:
    """Return places in a 1 km square and a species of its eastern half beside one that is anywhere."""
    random = np.random.default_rng(2)
    places = random.uniform(0, 1_000, (n, 2))
    return places, np.column_stack([places[:, 0] > 500, random.random(n) < 0.5]).astype(np.float32)


def test_golden_weighted_share() -> None:
    places = np.array([[0.0, 0.0], [30.0, 0.0], [1_000.0, 0.0]])
    presence = np.array([[1.0], [0.0], [1.0]])
    made = NearestReleves(places, presence, 2).logits(np.array([[10.0, 0.0]]))
    # Distances 10 and 20 m, their median 15: weights 1/26 and 1/36; then shrunk by a third to the prevalence.
    share = (1 / 26) / (1 / 26 + 1 / 36)
    np.testing.assert_allclose(made, [[logit(np.array(share * 2 / 3 + (2 / 3) / 3))]], rtol=1e-9)


def test_more_neighbours_than_releves_takes_all() -> None:
    places, presence = halves(12)
    few, many = (NearestReleves(places, presence, k).logits(places[:3]) for k in (12, 400))
    np.testing.assert_array_equal(few, many)


def test_one_place_for_all_plots_stays_finite() -> None:
    made = NearestReleves(np.zeros((6, 2)), np.eye(6, 1), 5).logits(np.zeros((2, 2)))
    assert np.isfinite(made).all()


def test_every_model_finds_the_half_and_nothing_in_the_noise() -> None:
    places, presence = halves()
    train, test = np.arange(60), np.arange(60, 90)
    for model in LOCATION_MODELS:
        made = model.fit(places[train], presence[train], random_state=1).logits(places[test])
        assert roc_auc_score(presence[test, 0], made[:, 0]) > 0.9, model.name
        assert 0.2 < roc_auc_score(presence[test, 1], made[:, 1]) < 0.8, model.name


def test_models_are_three_neighbourhoods_and_a_forest() -> None:
    assert [model.neighbours for model in LOCATION_MODELS] == [5, 15, 40, 0]
