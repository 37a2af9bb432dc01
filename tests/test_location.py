"""What is predicted from the place alone: nothing that a reader could call weak, on a plane and on the globe."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import Matern
from sklearn.metrics import roc_auc_score

from botaclip.training import location
from botaclip.training.heads import clipped_prevalence, logit
from botaclip.training.location import LOCATION_MODELS, NearestReleves, SmoothSurface, length_scale, oblique
from botaclip.training.metrics import auc_columns

MODELS = {model.name: model for model in LOCATION_MODELS}


def smooth_world(plots: int, *, seed: int = 1, width: int = 2) -> tuple[np.ndarray, np.ndarray]:
    """Return places on 6 km and the presence of three species that follow waves of 2 to 3 km."""
    random = np.random.default_rng(seed)
    places = random.uniform(0, 6_000, (plots, width))
    waves = np.sin(places[:, [0]] / [500, 700, 400] + [0, 1, 2]) + np.cos(places[:, [1]] / [600, 450, 800])
    return places, (waves + 0.4 * random.normal(size=waves.shape) > 0).astype(np.float32)


def test_kriging_is_that_of_scikit_learn() -> None:
    places, presence = smooth_world(150)
    new = smooth_world(40, seed=2)[0]
    surface = SmoothSurface.fit(places, presence, reach=0.5, nugget=0.5, random_state=1)
    p = clipped_prevalence(presence)
    gp = GaussianProcessRegressor(Matern(surface.length_m, nu=1.5), alpha=0.5, optimizer=None).fit(places, presence - p)
    np.testing.assert_allclose(surface.logits(new), logit(np.clip(gp.predict(new) + p, 0.01, 0.99)), rtol=1e-6)


def test_landmarks_come_near_the_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    places, presence = smooth_world(600)
    new = smooth_world(100, seed=2)[0]
    whole = SmoothSurface.fit(places, presence, reach=0.8, nugget=0.5, random_state=1)
    monkeypatch.setattr(location, "MOST_EXACT", 100)
    monkeypatch.setattr(location, "LANDMARKS", 200)
    part = SmoothSurface.fit(places, presence, reach=0.8, nugget=0.5, random_state=1)
    assert part.landmarks is not None and whole.landmarks is None
    assert np.abs(part.logits(new) - whole.logits(new)).mean() < 0.15
    again = SmoothSurface.fit(places, presence, reach=0.8, nugget=0.5, random_state=1)
    np.testing.assert_array_equal(part.logits(new), again.logits(new))


@pytest.mark.parametrize("width", [2, 3])
@pytest.mark.parametrize("name", list(MODELS))
def test_every_model_finds_what_lies_near(name: str, width: int) -> None:
    places, presence = smooth_world(500, width=width)
    new, expected = smooth_world(200, seed=2, width=width)
    if width == 3:  # a sheet, as the globe is
        places[:, 2], new[:, 2] = 0.0, 0.0
    logits = MODELS[name].fit(places, presence, random_state=1).logits(new)
    assert logits.shape == (200, 3) and np.isfinite(logits).all()
    weak = ("100 nearest relevés", "smooth surface, reach 0.2, nugget 0.5", "smooth surface, reach 0.2, nugget 4")
    assert auc_columns(expected, logits).min() > (0.6 if name in weak else 0.75)


def test_the_surface_beats_the_neighbours_where_the_world_is_smooth() -> None:
    places, presence = smooth_world(250)
    new, expected = smooth_world(400, seed=3)
    surface = max(
        np.median(auc_columns(expected, MODELS[name].fit(places, presence, random_state=1).logits(new)))
        for name in MODELS if name.startswith("smooth")
    )  # fmt: skip
    neighbours = NearestReleves(places, presence, 15).logits(new)
    assert surface > np.median(auc_columns(expected, neighbours)) + 0.01


def test_lengths_run_from_spacing_to_extent() -> None:
    places = np.stack(np.meshgrid(np.arange(10) * 100.0, np.arange(10) * 100.0), axis=-1).reshape(-1, 2)
    assert length_scale(places, 0.0) == pytest.approx(100.0)
    assert length_scale(places, 1.0) == pytest.approx(900 * np.sqrt(2) / 2)
    assert length_scale(places, 0.5) == pytest.approx(np.sqrt(100.0 * 900 * np.sqrt(2) / 2))
    # Plots at one place, twice: no spacing of nothing.
    assert length_scale(np.zeros((4, 2)), 0.5) == 1.0


def test_far_from_every_plot_a_surface_says_the_prevalence() -> None:
    places, presence = smooth_world(80)
    surface = SmoothSurface.fit(places, presence, reach=0.2, nugget=0.5, random_state=1)
    far = surface.logits(np.array([[9e6, 9e6]]))
    np.testing.assert_allclose(far[0], logit(clipped_prevalence(presence)), atol=1e-9)
    assert surface.label.startswith("smooth surface, ") and surface.label.endswith(" m, nugget 0.5")


def test_places_are_turned_on_a_plane_only() -> None:
    places = np.array([[3.0, 4.0], [0.0, 2.0]])
    turned = oblique(places)
    assert turned.shape == (2, 6)
    np.testing.assert_allclose(turned[:, 0], places[:, 0])
    np.testing.assert_allclose(turned[:, 3], places[:, 1], atol=1e-12)
    np.testing.assert_allclose(turned[0, 2], 3 * np.cos(np.pi / 3) + 4 * np.sin(np.pi / 3))
    globe = np.ones((2, 3))
    assert oblique(globe) is globe


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


def test_models_are_neighbourhoods_forests_and_surfaces_of_several_lengths() -> None:
    assert [model.neighbours for model in LOCATION_MODELS if model.neighbours] == [5, 15, 40, 100]
    assert len([model for model in LOCATION_MODELS if model.reach]) == 10
    assert [model.turned for model in LOCATION_MODELS if not model.neighbours and not model.reach] == [False, True]
