"""Rows of one species in a plot become one cover."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from botaclip.core.species_layers import combine_layers, describe_layers, repeated_rows


@pytest.mark.parametrize(
    ("rule", "abundance", "values"),
    [
        ("independent", False, [64.0, 80.0]),  # 1 - 0.6 * 0.6; 80 alone
        ("sum", False, [80.0, 80.0]),
        ("max", False, [40.0, 80.0]),
        ("independent", True, [80.0, 80.0]),
        ("max", True, [40.0, 80.0]),
    ],
)
def test_rules(rule: str, abundance: bool, values: list[float]) -> None:
    cover, rows = combine_layers(
        np.array([0, 0, 1]), np.array([1, 1, 0]), np.array([40.0, 40.0, 80.0]), (2, 2), rule=rule, abundance=abundance
    )
    np.testing.assert_allclose(cover.toarray(), [[0, values[0]], [values[1], 0]], rtol=1e-6)
    assert sorted(rows.tolist()) == [1, 2] and cover.dtype == np.float32


def test_a_sum_is_capped_and_a_count_is_not() -> None:
    rows = (np.zeros(2, int), np.zeros(2, int), np.array([70.0, 60.0]), (1, 1))
    assert combine_layers(*rows, rule="sum")[0].toarray().tolist() == [[100.0]]
    assert combine_layers(*rows, rule="sum", abundance=True)[0].toarray().tolist() == [[130.0]]


@given(st.lists(st.floats(0.1, 100), min_size=1, max_size=5))
def test_independent_layers_lie_between_the_largest_and_the_sum(values: list[float]) -> None:
    zeros = np.zeros(len(values), int)
    covers = {
        rule: float(combine_layers(zeros, zeros, np.array(values), (1, 1), rule=rule)[0].toarray()[0, 0])
        for rule in ("independent", "sum", "max")
    }
    assert covers["max"] <= covers["independent"] * (1 + 1e-6)
    assert covers["independent"] <= covers["sum"] * (1 + 1e-6) <= 100.01


def test_words() -> None:
    many, layers = np.array([1, 2, 3]), np.array(["H", "T1"])
    assert describe_layers(many, layers, "max", False) == (
        "2 species stand in one plot several times (layers H, T1): their rows were taken at their largest."
    )
    assert describe_layers(many, np.array([""]), "sum", False).endswith("times: their rows were summed, at most 100 %.")
    assert describe_layers(many, np.array([""]), "independent", True).endswith("their rows were summed.")
    assert describe_layers(np.array([1]), layers, "sum", False) == ""


def test_repeated_rows_are_those_of_one_layer() -> None:
    plots, names = np.array([0, 0, 0, 1]), np.array([5, 5, 5, 5])
    assert repeated_rows(plots, names, np.array([0, 1, 1, 1])) == 1
    assert repeated_rows(plots, names, np.zeros(4, int)) == 2
