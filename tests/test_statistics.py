"""Paired comparison against SciPy, R's published example and values by hand."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from botaclip.training.metrics import auc
from botaclip.training.statistics import holm, paired_difference, permutation_interval, rank_biserial

# Hollander & Wolfe (1973), p. 29, depression scores; R's help of wilcox.test gives V = 40, p = 0.03906 (two-sided).
FIRST = [1.83, 0.50, 1.62, 2.48, 1.68, 1.88, 1.55, 3.06, 1.30]
SECOND = [0.878, 0.647, 0.598, 2.05, 1.06, 1.29, 1.06, 3.14, 1.29]


def test_published_example() -> None:
    found = paired_difference(FIRST, SECOND)
    assert found["n"] == 9
    assert found["p"] == pytest.approx(0.0390625)
    # V = 40 of 45 ranks are favourable, 5 are not.
    assert found["rank_biserial"] == pytest.approx((40 - 5) / 45)
    assert found["median"] == pytest.approx(0.49)


def test_interval_is_scipys_percentile_bootstrap() -> None:
    difference = np.random.default_rng(3).normal(0.1, 1.0, 60)
    found = paired_difference(difference, np.zeros(60), n_boot=20_000)
    reference = stats.bootstrap(
        (difference,), np.median, n_resamples=20_000, method="percentile", rng=np.random.default_rng(0)
    ).confidence_interval
    assert (found["low"], found["high"]) == (
        pytest.approx(reference.low, abs=0.02), pytest.approx(reference.high, abs=0.02),
    )  # fmt: skip


@pytest.mark.parametrize("n_groups", [5, 6, 37])
def test_drawing_counts_equals_drawing_groups(n_groups: int) -> None:
    """The fast bootstrap against the plain one, on the same draws."""
    from botaclip.training.statistics import _bootstrap_medians

    rng = np.random.default_rng(1)
    labels = rng.permutation(np.arange(40) % n_groups)
    difference = np.round(rng.normal(size=40), 1)
    drawn = np.random.default_rng(7).multinomial(n_groups, np.full(n_groups, 1 / n_groups), size=50)
    plain = [
        np.median(np.concatenate([np.tile(difference[labels == g], c) for g, c in enumerate(row)])) for row in drawn
    ]
    np.testing.assert_allclose(_bootstrap_medians(difference, labels, 50, 7), plain)


def test_groups_widen_the_interval_when_their_members_agree() -> None:
    site = np.repeat(np.random.default_rng(1).normal(0, 1, 10), 20)
    difference = site + np.random.default_rng(2).normal(0, 0.05, 200)
    alone = paired_difference(difference, np.zeros(200))
    whole = paired_difference(difference, np.zeros(200), groups=np.repeat(np.arange(10), 20))
    assert whole["high"] - whole["low"] > 1.5 * (alone["high"] - alone["low"])
    assert whole["median"] == alone["median"]


def test_missing_pairs_zeros_and_nothing_at_all() -> None:
    found = paired_difference([0.5, np.nan, 0.3, 0.4], [0.2, 0.1, np.nan, 0.4])
    assert found["n"] == 2 and found["median"] == pytest.approx(0.15)
    same = paired_difference([0.2, 0.3], [0.2, 0.3])
    assert (same["p"], same["rank_biserial"], same["low"], same["high"]) == (1.0, 0.0, 0.0, 0.0)
    empty = paired_difference([np.nan], [1.0])
    assert empty["n"] == 0 and np.isnan(empty["median"]) and np.isnan(empty["p"])


def test_the_seed_decides() -> None:
    a = np.random.default_rng(1).normal(size=30)
    assert paired_difference(a, -a, random_state=4) == paired_difference(a, -a, random_state=4)
    few = [paired_difference(a, -a, n_boot=20, random_state=seed)["low"] for seed in range(5)]
    assert len(set(few)) > 1


def test_every_target_better_is_a_rank_biserial_of_one() -> None:
    assert rank_biserial([0.1, 0.2, 0.05]) == 1.0
    # Ranks 1, 2.5, 2.5 with ties: (2.5 + 2.5 - 1) / 6.
    assert rank_biserial([-0.1, 0.2, 0.2]) == pytest.approx(4 / 6)


def test_holm_by_hand() -> None:
    # R: p.adjust(c(.01, .04, .03, .005), "holm") is .03 .06 .06 .02
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    adjusted = holm([0.9, np.nan, 0.02])
    assert adjusted[[0, 2]] == pytest.approx([0.9, 0.04]) and np.isnan(adjusted[1])
    assert holm([0.6, 0.7]) == pytest.approx([1.0, 1.0])


def test_permutations_bracket_chance_and_exclude_a_signal() -> None:
    rng = np.random.default_rng(1)
    y = rng.uniform(size=200) < 0.4
    p = rng.normal(size=200)
    low, high = permutation_interval(lambda permuted: auc(permuted, p), y, n=200)
    assert low < 0.5 < high and 0.1 < high - low < 0.25
    assert not low <= auc(y, p + y) <= high


def test_permuting_within_folds_keeps_each_folds_prevalence() -> None:
    folds = np.repeat([0, 1], 50)
    y = folds == 1  # all of the signal is between folds: nothing changes within them
    assert permutation_interval(lambda permuted: auc(permuted, folds), y, n=20, within=folds) == (1.0, 1.0)
    assert permutation_interval(lambda permuted: auc(permuted, folds), y, n=50)[1] < 0.7
