"""Indicator values and phi, worked out by hand and against other formulas."""

from __future__ import annotations

import numpy as np
import pytest

from botaclip.core.errors import PairingError
from botaclip.training.indicator_species import indicator_species, phi, specificity_and_fidelity

# Classes a (2 plots) and b (4 plots).
GROUPS = np.array(["a", "a", "b", "b", "b", "b"])
COVER = np.array([[10, 0, 1], [20, 0, 1], [0, 4, 1], [5, 0, 1], [0, 8, 1], [0, 0, 1]], float)


def test_by_hand() -> None:
    a, b = specificity_and_fidelity(COVER, GROUPS)
    # First species: means 15 and 1.25. Second: 0 and 3. Third: everywhere alike.
    np.testing.assert_allclose(a, [[15 / 16.25, 0, 0.5], [1.25 / 16.25, 1, 0.5]])
    np.testing.assert_allclose(b, [[1, 0, 1], [0.25, 0.5, 1]])
    found = indicator_species(COVER, GROUPS, ["x", "y", "z"])
    assert [(one.group, one.species) for one in found] == [("a", "x"), ("a", "z"), ("b", "y")]
    assert found[0].indval == pytest.approx(np.sqrt(15 / 16.25)) and found[2].indval == pytest.approx(np.sqrt(0.5))
    # What is everywhere alike is told by no class better than by a random one.
    assert found[1].p == 1.0


def test_phi_is_the_correlation_where_classes_are_of_one_size() -> None:
    random = np.random.default_rng(0)
    groups = np.repeat(np.arange(3), 20)
    presence = (random.uniform(size=(60, 5)) < 0.4).astype(float)
    found = phi(presence, groups)
    for group in range(3):
        for species in range(5):
            expected = np.corrcoef(presence[:, species], groups == group)[0, 1]
            assert found[group, species] == pytest.approx(expected)
    # Ten times the plots of one class change nothing: classes are weighted alike.
    rows = np.concatenate([np.arange(60), np.tile(np.arange(20), 9)])
    np.testing.assert_allclose(phi(presence[rows], groups[rows]), found)
    assert (phi(np.ones((4, 1)), [0, 0, 1, 1]) == 0).all()


def test_p_tells_indicators_from_chance() -> None:
    random = np.random.default_rng(3)
    groups = np.arange(80) % 4
    noise = (random.uniform(size=(80, 30)) < 0.3).astype(float)
    telling = (random.uniform(size=(80, 1)) < np.where(groups == 2, 0.9, 0.1)[:, None]).astype(float)
    found = {one.species: one for one in indicator_species(
        np.hstack([noise, telling]), groups, [*map(str, range(30)), "telling"], most=50
    )}  # fmt: skip
    assert found["telling"].group == "2" and found["telling"].p == 1 / 200
    of_noise = np.array([found[str(i)].p for i in range(30)])
    assert 0.2 < of_noise.mean() < 0.8 and (of_noise < 0.05).mean() < 0.2


def test_what_cannot_be_told_is_said() -> None:
    with pytest.raises(PairingError, match="two classes"):
        indicator_species(COVER, np.zeros(6), ["x", "y", "z"])
    with pytest.raises(PairingError, match="do not fit"):
        indicator_species(COVER, GROUPS, ["x"])
