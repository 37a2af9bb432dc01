"""The Boyce index against values recomputed from ecospat's data, and its traps."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from botaclip.core.errors import OptionError
from botaclip.training.boyce import boyce_curve, boyce_index

from .conftest import shared

RULES = {"ecospat": "shipped", "pr106": "pr106", "all_windows": "all_windows"}


def golden() -> list[tuple[pd.Series, np.ndarray, np.ndarray]]:
    table = pd.read_csv(shared("reference/boyce_golden.csv"))
    plots = pd.read_csv(shared("reference/boyce_golden_input.csv"))
    rows = []
    for _, row in table.iterrows():
        background = plots[row["column"]].to_numpy()
        present = plots[row["column"].split("_", 1)[1]].to_numpy() == 1
        rows.append((row, background[present], background))
    return rows


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("remove_duplicates", [True, False])
def test_golden_values_of_ecospat(rule: str, remove_duplicates: bool) -> None:
    column = RULES[rule] + ("" if remove_duplicates else "_dups_kept")
    rows = golden()
    assert len(rows) == 24
    for row, presence, background in rows:
        assert presence.size == row["n_pres"]
        index = boyce_index(presence, background, rule, remove_duplicates)
        assert index == pytest.approx(row[column], abs=5e-4), row["column"]


def test_windows_that_survive_are_counted() -> None:
    for row, presence, background in golden():
        curve = boyce_curve(presence, background, rule="ecospat")
        assert abs(curve.ratio.size - row["n_windows_kept"]) <= 1


def test_ecospats_rule_depends_on_the_unit_and_ours_does_not() -> None:
    row, presence, background = golden()[0]
    assert boyce_index(presence * 1000, background * 1000, "ecospat") == pytest.approx(row["x1000_shipped"], abs=5e-4)
    assert abs(boyce_index(presence, background, "ecospat") - row["x1000_shipped"]) > 0.04
    assert boyce_index(presence * 1000, background * 1000) == pytest.approx(boyce_index(presence, background), abs=1e-9)


def test_presences_on_the_best_are_near_one_and_on_the_worst_near_minus_one() -> None:
    background = np.linspace(0, 1, 2_001)
    best = np.sort(np.random.default_rng(1).beta(4, 1, 500))
    assert boyce_index(best, background) > 0.95
    assert boyce_index(1 - best, background) < -0.95


@pytest.mark.parametrize(
    ("presence", "background"), [([], [0.1, 0.9]), ([0.5], []), ([0.5], [0.5, 0.5]), ([np.nan], [0.1, 0.2])]
)
def test_undefined_is_nan(presence: list[float], background: list[float]) -> None:
    assert np.isnan(boyce_index(presence, background))


@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e4])
def test_one_prediction_for_all_plots_is_undefined_however_it_was_rounded(scale: float) -> None:
    constant = scale * (0.3 + np.linspace(-1, 1, 50) * 1e-15)
    assert np.isnan(boyce_index(constant[:5], constant))
    # The same suitabilities in another unit are still suitabilities.
    steep = scale * np.linspace(0.1, 0.9, 500)
    assert boyce_index(steep[steep > 0.6 * scale], steep) > 0.8


def test_unknown_rule_is_refused() -> None:
    with pytest.raises(OptionError, match="no Boyce rule 'flexsdm'"):
        boyce_index([0.5], [0.1, 0.9], "flexsdm")  # type: ignore[arg-type]
