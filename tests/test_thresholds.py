"""Threshold rules against values by hand and the plain search."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from botaclip.core.errors import OptionError
from botaclip.training import metrics
from botaclip.training.thresholds import RULES, omission_rate, or_10p, or_mtp, threshold, threshold_columns

Y = np.array([0, 0, 0, 1, 0, 0, 1, 0, 1, 1])
P = np.array([0.02, 0.05, 0.1, 0.2, 0.3, 0.35, 0.5, 0.6, 0.8, 0.9])


@pytest.mark.parametrize(
    ("rule", "value"),
    [
        # Sensitivity 3/4 and specificity 5/6 at .5.
        ("max_tss", 0.5),
        # At .35 it is 3/4 and 4/6, as near as at .5: the lower of the two.
        ("equal_sens_spec", 0.35),
        ("mtp", 0.2),
        # Below ten presences ENMeval rounds .9 n down: 3 of 4 presences reach it.
        ("p10", 0.5),
        ("prevalence", 0.4),
        # 2*3/(4+4) = .75 at .5.
        ("max_f1", 0.5),
        ("max_sorensen", 0.5),
        ("max_jaccard", 0.5),
        # All four presences are needed for at least 90 % of them.
        ("sensitivity_0.9", 0.2),
        ("mpa90", 0.2),
    ],
)
def test_rules_by_hand(rule: str, value: float) -> None:
    assert threshold(Y, P, rule) == pytest.approx(value)


def test_ten_percent_of_many_presences_are_omitted() -> None:
    p = np.arange(1, 31) / 100
    chosen = threshold(np.ones(30), p, "p10")
    assert chosen == pytest.approx(0.04) and (p < chosen).sum() == 3
    assert threshold([1], [0.7], "p10") == 0.7


def test_sensitivity_of_nine_tenths_by_hand() -> None:
    p = np.arange(1, 11) / 10
    assert threshold(np.ones(10), p, "sensitivity_0.9") == 0.2  # nine of ten reach it
    assert threshold(np.ones(11), np.arange(1, 12) / 10, "mpa90") == 0.2  # ten of eleven; nine are too few


def test_presences_become_as_frequent_as_expected_where_their_densities_cross() -> None:
    # Background even on 0-1, presences of density 2p among it: they cross at one half.
    even = np.linspace(0, 1, 4_001)
    presence = np.sqrt((np.arange(4_000) + 0.5) / 4_000)
    y = np.repeat([0, 1], [4_001, 4_000])
    # All scores are the background, so it is the mean of both densities; they cross where 2p = (1 + 2p) / 2.
    assert threshold(y, np.concatenate([even, presence]), "boyce") == pytest.approx(0.5, abs=0.01)
    assert np.isnan(threshold([1, 1, 0], [0.1, 0.2, 0.9], "boyce"))
    assert np.isnan(threshold([1, 0], [0.5, 0.5], "boyce"))


def test_omission_rates_by_hand() -> None:
    train_p = np.arange(1, 11) / 10  # ten presences: mtp .1, p10 .2
    test_y, test_p = [1, 1, 1, 1, 0], [0.05, 0.15, 0.2, 0.9, 0.01]
    assert or_mtp(np.ones(10), train_p, test_y, test_p) == 0.25
    assert or_10p(np.ones(10), train_p, test_y, test_p) == 0.5
    assert omission_rate(test_y, test_p, 0.95) == 1.0
    assert np.isnan(or_mtp(np.zeros(10), train_p, test_y, test_p)) and np.isnan(or_10p([1], [0.5], [0], [0.5]))


def test_other_lengths_raise() -> None:
    with pytest.raises(ValueError, match="2 observations but 1 scores"):
        threshold([0, 1], [0.5])


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.integers(0, 12)), min_size=2, max_size=40))
def test_rules_reach_the_best_that_a_plain_search_finds(plots: list[tuple[bool, int]]) -> None:
    y, p = np.array([plot[0] for plot in plots]), np.array([plot[1] / 12 for plot in plots])
    if y.all() or not y.any():
        return
    every = np.unique(p)
    assert metrics.f1(y, p, threshold(y, p, "max_f1")) == pytest.approx(max(metrics.f1(y, p, t) for t in every))

    def gap(t: float) -> float:
        return abs(metrics.sensitivity(y, p, t) - metrics.specificity(y, p, t))

    def jaccard(t: float) -> float:
        predicted = p >= t
        return float((predicted & y).sum() / (predicted | y).sum())

    assert jaccard(threshold(y, p, "max_jaccard")) == pytest.approx(max(jaccard(t) for t in every))
    reaching = [t for t in every if metrics.sensitivity(y, p, t) >= 0.9 - 1e-12]
    assert threshold(y, p, "sensitivity_0.9") == max(reaching)
    assert gap(threshold(y, p, "equal_sens_spec")) == pytest.approx(min(gap(t) for t in every))
    assert metrics.sensitivity(y, p, threshold(y, p, "mtp")) == 1.0


@pytest.mark.parametrize("rule", RULES)
def test_columns_equal_the_plain_function(rule: str) -> None:
    rng = np.random.default_rng(1)
    p = np.round(rng.uniform(size=(60, 5)), 1)
    y = rng.uniform(size=(60, 5)) < p
    y[:, 4] = False
    plain = [threshold(y[:, s], p[:, s], rule) for s in range(5)]
    np.testing.assert_array_equal(threshold_columns(y, p, rule), plain)
    assert np.isnan(plain[4]) and (rule == "boyce" or np.isfinite(plain[:4]).all())


def test_without_absences_only_presence_rules_are_defined() -> None:
    y, p = np.ones(4), np.array([0.2, 0.3, 0.4, 0.5])
    assert np.isnan([threshold(y, p, "max_tss"), threshold(y, p, "equal_sens_spec")]).all()
    assert threshold(y, p, "mtp") == 0.2
    assert np.isnan(threshold(Y, np.where(P > 0.8, np.nan, P), "mtp"))


def test_unknown_rule_is_refused() -> None:
    with pytest.raises(OptionError, match="no threshold rule 'kappa'. Use one of max_tss"):
        threshold(Y, P, "kappa")  # type: ignore[arg-type]
