"""Pseudo-absences by hand: where they may lie, how many they are, and that a seed decides."""

from __future__ import annotations

import numpy as np
import pytest

from botaclip.core.errors import OptionError
from botaclip.training.pseudo_absences import STRATEGIES, PseudoAbsences, envelope_predictors

# Ten plots in a row, 100 m apart; the first two hold the target.
PLACES = np.column_stack([np.arange(10) * 100.0, np.zeros(10)])
PRESENT = np.arange(10) < 2


def test_random_takes_any_plot_without_the_target() -> None:
    rule = PseudoAbsences(fewest=1)
    np.testing.assert_array_equal(np.flatnonzero(rule.candidates(PRESENT)), range(2, 10))
    drawn = rule.draw(PRESENT, random_state=1)
    assert len(drawn) == 6 and len(set(drawn.tolist())) == 6 and not PRESENT[drawn].any()


@pytest.mark.parametrize(
    ("low", "high", "rows"), [(200, np.inf, range(3, 10)), (200, 400, (3, 4, 5)), (250, 300, (4,)), (900, 999, ())]
)
def test_disk_is_between_two_distances_from_the_nearest_presence(low: float, high: float, rows: range) -> None:
    rule = PseudoAbsences("disk", min_distance_m=low, max_distance_m=high)
    np.testing.assert_array_equal(rule.draw(PRESENT, places=PLACES, random_state=1), list(rows))


def test_sre_is_outside_the_envelope_in_at_least_one_predictor() -> None:
    predictors = np.array([[0, 0], [2, 2], [1, 1], [1, 3], [-1, 1], [2, 2], [2.1, 2], [0, 0], [5, 5], [1, 0]])
    rule = PseudoAbsences("sre", quantile=0.0)
    np.testing.assert_array_equal(rule.draw(PRESENT, predictors=predictors, random_state=1), [3, 4, 6, 8])
    # With a quarter cut off at each end the envelope is .5 to 1.5.
    tight = PseudoAbsences("sre", quantile=0.25)
    np.testing.assert_array_equal(tight.draw(PRESENT, predictors=predictors, random_state=1), [3, 4, 5, 6, 7, 8, 9])


def test_target_group_takes_plots_where_something_else_was_recorded() -> None:
    y = np.full((6, 2), np.nan)
    y[[0, 1], 0] = 1
    y[[1, 2, 3], 1] = 1
    filled = PseudoAbsences("target-group").fill(y, random_state=1)
    np.testing.assert_array_equal(filled[:, 0], [1, 1, 0, 0, np.nan, np.nan])
    np.testing.assert_array_equal(filled[:, 1], [0, 1, 1, 1, np.nan, np.nan])


def test_number_is_a_multiple_of_presences_within_bounds() -> None:
    present = np.arange(1_000) < 40

    def n(**settings: float) -> int:
        return len(PseudoAbsences(**settings).draw(present, random_state=1))  # type: ignore[arg-type]

    assert (n(ratio=3), n(ratio=0.1, fewest=25), n(ratio=9, most=100), n(ratio=99)) == (120, 25, 100, 960)


def test_the_seed_decides_and_targets_do_not_depend_on_each_other() -> None:
    y = np.where(np.random.default_rng(1).uniform(size=(300, 3)) < 0.1, 1.0, np.nan)
    rule = PseudoAbsences(ratio=1, fewest=1)
    one, same, other = (rule.fill(y, random_state=seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, same)
    assert not np.array_equal(one, other, equal_nan=True)
    np.testing.assert_array_equal(rule.fill(y[:, 1:], random_state=1), one[:, 1:])
    assert ((one == 0).sum(axis=0) == (y == 1).sum(axis=0)).all() and (one[y == 1] == 1).all()


@pytest.mark.parametrize("strategy", [name for name in STRATEGIES if name != "random"])
def test_what_a_strategy_needs_is_asked_for(strategy: str) -> None:
    with pytest.raises(OptionError, match=f"pseudo-absences by {strategy} need"):
        PseudoAbsences(strategy).draw(PRESENT, random_state=1)  # type: ignore[arg-type]


def test_no_presence_and_no_candidates_are_no_crash() -> None:
    nobody = np.zeros(10, bool)
    assert len(PseudoAbsences("disk", fewest=4).draw(nobody, places=PLACES, random_state=1)) == 0
    assert np.isnan(PseudoAbsences().fill(np.full((10, 1), np.nan), random_state=1)).all()
    assert len(PseudoAbsences().draw(np.ones(10, bool), random_state=1)) == 0


@pytest.mark.parametrize(
    "settings",
    [{"strategy": "bioclim"}, {"ratio": 0}, {"fewest": 9, "most": 8}, {"min_distance_m": 5, "max_distance_m": 5},
     {"quantile": 0.5}],
)  # fmt: skip
def test_settings_that_cannot_be(settings: dict[str, object]) -> None:
    with pytest.raises(OptionError):
        PseudoAbsences(**settings)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="10 plots but 3 of the plots' places"):
        PseudoAbsences("disk").draw(PRESENT, places=PLACES[:3], random_state=1)


def test_bounds_and_quantile_where_nothing_else_is_said() -> None:
    assert len(PseudoAbsences().draw(np.arange(100) < 2, random_state=1)) == 30
    assert len(PseudoAbsences().draw(np.arange(20_000) < 4_000, random_state=1)) == 10_000
    # 41 presences at 0 to 40: a fortieth off at each end leaves 1 to 39.
    values = np.concatenate([np.arange(41.0), [0.9, 1.1, 38.9, 39.1]])[:, None]
    outside = PseudoAbsences("sre").candidates(np.arange(45) < 41, predictors=values)
    np.testing.assert_array_equal(np.flatnonzero(outside), [41, 44])


def test_the_envelope_lies_in_a_few_axes() -> None:
    """Of 256 numbers one is always outside; in four axes a fifth of the plots is, for a target that has no envelope."""
    rng = np.random.default_rng(1)
    vectors, present = rng.normal(size=(600, 256)), np.arange(600) < 300
    rule = PseudoAbsences("sre")
    assert rule.candidates(present, predictors=vectors)[300:].mean() == 1.0
    axes = envelope_predictors(vectors)
    assert axes.shape == (600, 4) and rule.candidates(present, predictors=axes)[300:].mean() < 0.3
    np.testing.assert_allclose(axes.T @ axes / 600, np.eye(4), atol=1e-9)
    # Layers are taken as they are; what does not vary is no axis.
    layers = rng.normal(size=(600, 9))
    np.testing.assert_array_equal(envelope_predictors(vectors, layers), layers)
    line = np.column_stack([np.arange(5.0), 7 - 2 * np.arange(5.0), np.ones(5)])
    one = envelope_predictors(line)
    assert one.shape == (5, 1)
    np.testing.assert_allclose(np.abs(one[:, 0]), np.abs(np.arange(-2, 3)) / np.sqrt(2))


def test_strategies_draw_differently() -> None:
    """By hand: 12 plots in a row, the target at the first two; other targets at the even ones."""
    places = np.column_stack([np.arange(12) * 100.0, np.zeros(12)])
    present = np.arange(12) < 2
    given = {"places": places, "predictors": np.array([0.0, 5, 1, 2, 3, 4, 5, 6, 7, 8, -1, 2])[:, None],
             "recorded": np.arange(12) % 2 == 0}  # fmt: skip
    drawn = {
        rule.strategy: rule.draw(present, random_state=1, **given).tolist()
        for rule in (PseudoAbsences(), PseudoAbsences("disk", min_distance_m=250, max_distance_m=500),
                     PseudoAbsences("sre", quantile=0.0), PseudoAbsences("target-group"))
    }  # fmt: skip
    assert drawn == {
        "random": list(range(2, 12)), "disk": [4, 5, 6], "sre": [7, 8, 9, 10], "target-group": [2, 4, 6, 8, 10],
    }  # fmt: skip
