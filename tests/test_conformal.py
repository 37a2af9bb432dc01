"""Lists that keep their promise: by hand, and on draws of data that are and are not exchangeable."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest

from botaclip.core.errors import OptionError, PairingError
from botaclip.training.conformal import ConformalLists, Coverage


def test_by_hand() -> None:
    # Nine presences of one class: floor(.2 x 10) = 2 lowest are left off, so that the third score is the threshold.
    scores = np.array([[0.9], [0.8], [0.7], [0.6], [0.5], [0.4], [0.3], [0.2], [0.1], [0.95]])
    presence = np.array([[1.0]] * 9 + [[0.0]])
    lists = ConformalLists(0.8, bounds=()).fit(scores, presence)
    assert lists.thresholds_.tolist() == [0.3]
    assert lists.predict([[0.3], [0.29], [np.nan]]).ravel().tolist() == [True, False, False]
    # Too few presences for nine in ten and a half: the species is always on the list.
    assert ConformalLists(0.95, bounds=()).fit(scores, presence).thresholds_.tolist() == [-np.inf]


def test_classes_of_prevalence_have_thresholds_of_their_own() -> None:
    random = np.random.default_rng(0)
    presence = (random.uniform(size=(400, 3)) < [0.05, 0.2, 0.6]).astype(float)
    scores = 0.3 * presence + random.uniform(size=presence.shape) * [0.2, 0.5, 0.9]
    lists = ConformalLists().fit(scores, presence)
    assert lists.classes_.tolist() == [0, 1, 2]
    for species in range(3):
        own = np.sort(scores[presence[:, species] > 0, species])
        assert lists.thresholds_[species] == own[int(np.floor(0.1 * (len(own) + 1)))]
    assert list(lists.coverage(scores, presence)) == [
        "all", "prevalence 0 % to 10 %", "prevalence 10 % to 30 %", "prevalence 30 % to 100 %"
    ]


@given(st.floats(0.5, 0.95), st.integers(0, 10_000))
@settings(max_examples=30, deadline=None)
def test_new_presences_are_held_as_promised_however_bad_the_scores(share: float, seed: int) -> None:
    random = np.random.default_rng(seed)
    presence = (random.uniform(size=(900, 5)) < 0.4).astype(float)
    # Scores of no use, and of some: the promise is the same.
    scores = random.uniform(size=presence.shape) + random.choice([0.0, 0.5]) * presence
    lists = ConformalLists(share).fit(scores[:600], presence[:600])
    found = lists.coverage(scores[600:], presence[600:])["all"]
    # Both the threshold and the count vary: two standard errors of each, and a little.
    spread = np.sqrt(share * (1 - share) * (1 / found.presences + 1 / (presence[:600] > 0).sum()))
    assert abs(found.share - share) < 4 * spread + 0.002


def test_a_better_model_has_a_shorter_list() -> None:
    random = np.random.default_rng(1)
    presence = (random.uniform(size=(600, 20)) < 0.2).astype(float)
    noise = random.normal(size=presence.shape)
    lengths = []
    for skill in (0.0, 1.0, 3.0):
        scores = skill * presence + noise
        lists = ConformalLists().fit(scores[:400], presence[:400])
        lengths.append(lists.coverage(scores[400:], presence[400:])["all"].length)
    assert lengths[0] > 17 and lengths[0] > lengths[1] > lengths[2] and lengths[2] < 7


def test_coverage_and_its_interval() -> None:
    listed = np.array([[True, True], [False, True]])
    presence = np.array([[1.0, 0.0], [1.0, np.nan]])
    found = Coverage.of(listed, presence)
    assert (found.held, found.presences, found.share, found.length) == (1, 2, 0.5, 1.5)
    interval = binomtest(1, 2).proportion_ci()
    assert (found.low, found.high) == pytest.approx((interval.low, interval.high))
    assert np.isnan(Coverage.of(np.zeros((2, 1), bool), np.zeros((2, 1))).share)


@pytest.mark.parametrize(
    ("share", "scores", "presence", "error", "message"),
    [(1.0, [[0.1]], [[1.0]], OptionError, "share of 1"), (0.9, [[0.1]], [[0.0]], PairingError, "no presence"),
     (0.9, [[0.1, 0.2]], [[1.0]], PairingError, "do not fit")],
)  # fmt: skip
def test_what_cannot_be_promised_is_said(
    share: float, scores: list[list[float]], presence: list[list[float]], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        ConformalLists(share).fit(scores, presence)
