"""Downstream models on planted data: what they find, what they must not see, and the same bits twice."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit
from scipy.stats import spearmanr
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import Ridge
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import KFold
from sklearn.preprocessing import StandardScaler

from botaclip.core.errors import OptionError
from botaclip.training.downstream import NAMES, PENALTIES, Downstream
from botaclip.training.pseudo_absences import PseudoAbsences

KINDS = ("presence", "presence-only", "abundance")


def planted(n: int = 240, seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Return vectors (n, 6) and the linear predictors of three targets; the third depends on nothing."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, 6))
    return x, np.column_stack([2 * x[:, 0], 2 * x[:, 1] - x[:, 2], rng.normal(size=n)])


def presences(z: np.ndarray, seed: int = 2) -> np.ndarray:
    return (np.random.default_rng(seed).uniform(size=z.shape) < expit(2 * z)).astype(float)


@pytest.mark.parametrize("name", NAMES)
def test_planted_presence_is_found_and_noise_is_not(name: str) -> None:
    x, z = planted()
    y = presences(z)
    predictor = Downstream(name, trees=60).fit(x[:160], y[:160], "presence", 1)  # type: ignore[arg-type]
    p = predictor.predict(x[160:])
    assert p.shape == (80, 3) and ((p >= 0) & (p <= 1)).all()
    area = [roc_auc_score(y[160:, s], p[:, s]) for s in range(3)]
    assert min(area[:2]) > 0.85 and abs(area[2] - 0.5) < 0.15
    seen = [roc_auc_score(y[:160, s], predictor.out_of_sample[:, s]) for s in range(3)]
    # The plots' own presences must not shine through: noise stays noise on training plots too.
    assert min(seen[:2]) > 0.8 and abs(seen[2] - 0.5) < 0.15
    np.testing.assert_allclose(predictor.level, y[:160].mean(axis=0))
    cuts = predictor.thresholds()
    assert ((cuts > 0) & (cuts < 1)).all()


@pytest.mark.parametrize("name", NAMES)
def test_planted_abundance_is_found(name: str) -> None:
    x, z = planted()
    predictor = Downstream(name, trees=60).fit(x[:160], z[:160], "abundance", 1)  # type: ignore[arg-type]
    p = predictor.predict(x[160:])
    rho = [spearmanr(z[160:, s], p[:, s]).statistic for s in range(3)]
    assert min(rho[:2]) > 0.75 and abs(rho[2]) < 0.25
    np.testing.assert_allclose(predictor.median, np.median(z[:160], axis=0))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", NAMES)
def test_gaps_constants_and_nothing_at_all(name: str, kind: str) -> None:
    x, z = planted(90)
    y = presences(z) if kind != "abundance" else z.copy()
    if kind == "presence-only":
        y = np.where(y > 0, 1.0, np.nan)
    constant = np.full(90, 1.0 if kind == "presence" else 3.0)
    y = np.column_stack([y[:, 0], y[:, 1], constant, np.full(90, np.nan)])
    y[:30, 1] = np.nan
    model = Downstream(name, trees=20)  # type: ignore[arg-type]
    predictor = model.fit(x, y, kind, 1)
    p = predictor.predict(x)
    assert np.isfinite(p[:, :3]).all() and np.isnan(p[:, 3]).all()
    assert (p[:, 2] == (3.0 if kind == "abundance" else 1.0)).all()
    # What is not known does not count: other vectors at the unknown plots change nothing.
    if kind != "presence-only":
        moved = x.copy()
        moved[:30] += 50
        np.testing.assert_array_equal(model.fit(moved, y[:, [1]], kind, 1).predict(x), model.fit(
            x, y[:, [1]], kind, 1).predict(x))  # fmt: skip
        assert np.isnan(predictor.out_of_sample[:30, 1]).all()


@pytest.mark.parametrize("name", NAMES)
def test_same_bits_for_the_same_seed(name: str) -> None:
    x, z = planted(80)
    model = Downstream(name, trees=15)  # type: ignore[arg-type]
    one, two = (model.fit(x, presences(z), "presence", 7) for _ in range(2))
    np.testing.assert_array_equal(one.predict(x), two.predict(x))
    np.testing.assert_array_equal(one.out_of_sample, two.out_of_sample)
    if name == "forest":
        assert (model.fit(x, presences(z), "presence", 8).predict(x) != one.predict(x)).any()


@pytest.mark.parametrize("name", NAMES)
def test_training_plots_need_not_be_scored(name: str) -> None:
    x, z = planted(60)
    whole = Downstream(name, trees=10).fit(x, presences(z), "presence", 1)  # type: ignore[arg-type]
    quick = Downstream(name, trees=10, scores_training_plots=False).fit(x, presences(z), "presence", 1)  # type: ignore[arg-type]
    np.testing.assert_array_equal(quick.predict(x), whole.predict(x))
    assert np.isnan(quick.thresholds()).all() == (name != "linear")


@pytest.mark.parametrize("name", NAMES)
def test_weights_count(name: str) -> None:
    """Plots of weight 0 with the truth turned round are not believed."""
    x, z = planted(200)
    y = presences(z[:, :1])
    wrong = np.vstack([y[:100], 1 - y[100:]])
    weights = np.repeat([1.0, 1e-6], 100)
    believed = Downstream(name, trees=40).fit(x, wrong, "presence", 1)  # type: ignore[arg-type]
    weighted = Downstream(name, trees=40).fit(x, wrong, "presence", 1, weights)  # type: ignore[arg-type]
    test, z_test = planted(200, seed=5)
    truth = presences(z_test[:, :1])[:, 0]
    assert roc_auc_score(truth, weighted.predict(test)[:, 0]) > 0.8
    assert roc_auc_score(truth, believed.predict(test)[:, 0]) < 0.75


def test_forest_of_means_equals_a_forest_of_classes() -> None:
    x, z = planted(120)
    y = presences(z)[:, 0]
    ours = Downstream("forest", trees=30).fit(x, y[:, None], "presence", 3).predict(x)[:, 0]
    theirs = RandomForestClassifier(30, min_samples_leaf=5, max_features="sqrt", random_state=3).fit(x, y)
    assert np.corrcoef(ours, theirs.predict_proba(x)[:, 1])[0, 1] > 0.99


def test_targets_with_the_same_plots_share_a_forest_and_out_of_bag_is_scikit_learns() -> None:
    from sklearn.ensemble import RandomForestRegressor

    x, z = planted(120)
    predictor = Downstream("forest", trees=80).fit(x, z, "abundance", 3)
    assert len(predictor.models) == 1
    forest = RandomForestRegressor(80, min_samples_leaf=5, max_features="sqrt", random_state=3, oob_score=True)
    np.testing.assert_allclose(predictor.out_of_sample, forest.fit(x, z).oob_prediction_, rtol=1e-12)


def test_linear_abundance_is_ridge_on_standardised_vectors() -> None:
    """Fitted plainly: a model for each penalty and inner fold, the best penalty over all targets, fitted again."""
    x, z = planted(50)
    z = np.column_stack([z, 100 * z[:, 0] ** 2])

    def plain(penalty: float, train: np.ndarray, test: np.ndarray) -> np.ndarray:
        scaler = StandardScaler().fit(x[train])
        ridge = Ridge(alpha=penalty * 6)  # six standardised numbers have a mean squared norm of 6
        return ridge.fit(scaler.transform(x[train]), z[train]).predict(scaler.transform(x[test]))

    unseen = np.empty((len(PENALTIES), *z.shape))
    for train, test in KFold(3, shuffle=True, random_state=7).split(x):
        for number, penalty in enumerate(PENALTIES):
            unseen[number, test] = plain(penalty, train, test)
    best = int(np.argmin((np.square(unseen - z) / z.var(axis=0)).mean(axis=(1, 2))))
    predictor = Downstream("linear").fit(x, z, "abundance", 7)
    every = np.arange(50)
    np.testing.assert_allclose(predictor.out_of_sample, unseen[best], rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(predictor.predict(x), plain(PENALTIES[best], every, every), rtol=1e-9, atol=1e-9)


def test_inner_folds_keep_groups_together() -> None:
    """Copies of a plot in other folds would let a strong model look good on noise."""
    rng = np.random.default_rng(1)
    x = np.repeat(rng.normal(size=(40, 30)), 4, axis=0)
    y = np.repeat((rng.uniform(size=40) < 0.5).astype(float), 4)[:, None]
    groups = np.repeat(np.arange(40), 4)
    leaking = Downstream("linear").fit(x, y, "presence", 1).out_of_sample[:, 0]
    kept = Downstream("linear").fit(x, y, "presence", 1, groups=groups).out_of_sample[:, 0]
    assert roc_auc_score(y[:, 0], leaking) > 0.95
    assert roc_auc_score(y[:, 0], kept) < 0.75


def test_presence_only_draws_pseudo_absences_from_the_plots_it_is_given() -> None:
    x, z = planted(200)
    y = np.where(presences(z)[:, :2] > 0, 1.0, np.nan)
    rule = PseudoAbsences("target-group", ratio=1, fewest=5)
    predictor = Downstream("forest", trees=20, pseudo_absences=rule).fit(x, y, "presence-only", 1)
    np.testing.assert_array_equal(predictor.values, rule.fill(y, random_state=1))
    filled = np.where(np.isnan(y) & (np.arange(200) < 100)[:, None], 0.0, y)
    np.testing.assert_array_equal(Downstream("forest", trees=5).fit(x, filled, "presence-only", 1).values, filled)
    assert np.isfinite(predictor.thresholds()).all()


@pytest.mark.parametrize("name", NAMES)
def test_one_plot_and_no_plot(name: str) -> None:
    model = Downstream(name, trees=5)  # type: ignore[arg-type]
    assert model.fit(np.zeros((1, 2)), [[1.0]], "presence").predict(np.zeros((3, 2))).tolist() == [[1.0]] * 3
    assert np.isnan(model.fit(np.zeros((0, 2)), np.zeros((0, 1)), "presence").predict(np.zeros((3, 2)))).all()
    few = model.fit(np.arange(8.0).reshape(4, 2), [[0.0], [1], [0], [1]], "presence").predict(np.zeros((2, 2)))
    assert np.isfinite(few).all()


def test_refused() -> None:
    x, z = planted(20)
    with pytest.raises(OptionError, match="no downstream model 'svm'. Use one of forest"):
        Downstream("svm")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="20 vectors but values of shape"):
        Downstream().fit(x, z[:5], "presence")
    with pytest.raises(ValueError, match="1 vectors hold NaN"):
        Downstream().fit(np.where(np.arange(20)[:, None] == 3, np.nan, x), z, "abundance")
    with pytest.raises(ValueError, match="weights"):
        Downstream().fit(x, z, "abundance", 1, np.ones(3))
    with pytest.raises(ValueError, match="fitted to 6"):
        Downstream(trees=2).fit(x, z, "abundance").predict(x[:, :2])
