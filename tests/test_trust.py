"""What is promised of lists and of richness: against simulated plots whose truth is known."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binom

from botaclip.training.conformal import ConformalLists
from botaclip.training.headline import promises
from botaclip.training.trust import community, held_out_lists, trust


def world(n: int = 1500, species: int = 30, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return probabilities, presences that are drawn from them, and folds."""
    random = np.random.default_rng(seed)
    place = random.normal(size=(n, 1))
    p = 1 / (1 + np.exp(-(random.normal(-1.5, 1.0, species) + 1.5 * place * random.normal(size=species))))
    return p, (random.random(p.shape) < p).astype(float), random.integers(0, 5, n)


def test_lists_hold_their_share_in_folds_that_did_not_enter() -> None:
    p, presence, fold = world()
    found = trust(p, presence, fold, baseline=np.tile(presence.mean(axis=0), (len(p), 1)))
    assert found.lists is not None and found.listed_from is not None
    said = found.lists["coverage"]["all"]
    # Within the binomial interval of the stated share.
    low, high = binom.ppf([0.001, 0.999], said["presences"], 0.9) / said["presences"]
    assert low <= said["share"] <= high and said["presences"] == presence.sum()
    assert said["share"] == pytest.approx(said["held"] / said["presences"])
    # By prevalence alone the same share takes longer lists.
    assert found.lists["coverage_of_prevalence"]["all"]["length"] > 1.15 * said["length"]
    np.testing.assert_array_equal(found.listed_from, ConformalLists().fit(p, presence).thresholds_)


def test_a_fold_does_not_enter_into_its_own_lists() -> None:
    p, presence, _ = world(400, 4)
    fold = np.repeat([0, 1], 200)
    p[fold == 1] += 10.0  # scores of another scale: lists learnt on fold 0 hold all of fold 1, and the reverse nothing
    listed = {number: ConformalLists().fit(p[fold != number], presence[fold != number]).predict(p[fold == number])
              for number in (0, 1)}  # fmt: skip
    assert listed[1].all() and not listed[0].any()
    assert held_out_lists(p, presence, fold, 0.9)["all"].held == presence[fold == 1].sum()


def test_richness_of_independent_presences_has_a_normal_interval() -> None:
    p, presence, fold = world(4000)
    found = trust(p, presence, fold).richness
    assert found is not None
    # A sum of 30 independent presences: 90 % lie within 1.645 standard deviations.
    assert found["low"] == pytest.approx(-1.645, abs=0.12) and found["high"] == pytest.approx(1.645, abs=0.12)
    low, high = binom.ppf([0.001, 0.999], found["plots"], 0.9) / found["plots"]
    assert low <= found["coverage"] <= high and found["held"] == round(found["coverage"] * found["plots"])
    assert found["mean"] == pytest.approx(presence.sum(axis=1).mean())
    assert found["correlation"] == pytest.approx(np.corrcoef(p.sum(axis=1), presence.sum(axis=1))[0, 1])


def test_presences_that_come_together_widen_the_interval() -> None:
    p, _, fold = world(3000)
    together = (np.random.default_rng(1).random((len(p), 1)) < p).astype(float)  # one draw for all species of a plot
    found = trust(p, together, fold).richness
    assert found is not None and found["high"] - found["low"] > 6.0
    assert found["coverage"] == pytest.approx(0.9, abs=0.03)


def test_what_cannot_be_promised_is_not() -> None:
    p, presence, fold = world(60, 3)
    relative = trust(p, presence, fold, relative=True)
    assert relative.richness is None and relative.lists is not None and set(relative.metadata()) == {"lists"}
    assert trust(np.full_like(p, np.nan), presence, fold).metadata() == {}
    assert trust(p, presence, np.full(60, -1)).metadata() == {}
    assert trust(p, np.zeros_like(presence), fold).metadata() == {}
    # Plots that no fold held out do not count.
    fold[:20] = -1
    assert trust(p, presence, fold).lists["coverage"]["all"]["presences"] == presence[20:].sum()


def test_community_is_hellinger() -> None:
    mean, variance = community(np.array([[1.0, 0.0], [0.0, 1.0]]))
    assert mean.tolist() == [0.5, 0.5] and variance == pytest.approx(0.5)


def test_the_headline_says_what_was_held() -> None:
    p, presence, fold = world(400)
    found = trust(p, presence, fold, baseline=np.tile(presence.mean(axis=0), (len(p), 1)))
    lists, richness = promises(found.metadata())
    said = found.lists["coverage"]["all"]
    assert f"held {said['share']:.1%}" in lists and f"with {said['length']:.1f} species a list" in lists
    assert f"({found.lists['coverage_of_prevalence']['all']['length']:.1f} by prevalence alone)" in lists
    assert f"held {found.richness['coverage']:.1%}" in richness
    assert promises({}) == []
