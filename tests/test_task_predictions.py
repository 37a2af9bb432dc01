"""What a downstream model is given of a presence-only task: pseudo-absences by the strategy that is asked for."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from botaclip.core.errors import OptionError
from botaclip.training.downstream import Downstream
from botaclip.training.evaluate import downstream_models
from botaclip.training.pseudo_absences import PseudoAbsences, Strategy
from botaclip.training.task import Task
from botaclip.training.task_predictions import fit_and_predict

from .small_tables import planted

TABLE = planted(120, dimension=64, signal=0.0)
TRAIN = np.arange(100)


def fitted(rule: PseudoAbsences, monkeypatch: pytest.MonkeyPatch, environment: np.ndarray | None = None) -> np.ndarray:
    """Return the values that the model is fitted to (100,): 1, 0 at pseudo-absences, NaN."""
    seen = []
    real = Downstream.fit
    monkeypatch.setattr(
        Downstream, "fit",
        lambda self, x, y, *rest, **more: seen.append(np.array(y)) or real(self, x, y, *rest, **more),
    )
    east = np.argsort(np.argsort(TABLE.places[:, 0]))
    task = Task("t", "presence-only", ("a", "b"), np.column_stack([
        np.where(east < 30, 1.0, np.nan), np.where(TABLE.presence[:, 0] > 0, 1.0, np.nan)
    ]))  # fmt: skip
    table = dataclasses.replace(TABLE, environment=environment)
    model = Downstream(trees=3, pseudo_absences=rule)
    fit_and_predict(model, task, table, TRAIN, TABLE.vectors[TRAIN], TABLE.vectors[100:], 20, random_state=1)
    return seen[0][:, 0]


@pytest.mark.parametrize("rule", [PseudoAbsences("disk", min_distance_m=90_000.0), PseudoAbsences("sre", quantile=0.0)])
def test_where_a_rule_leaves_no_absence_no_other_takes_its_place(
    rule: PseudoAbsences, monkeypatch: pytest.MonkeyPatch
) -> None:
    # One layer, in which the presences of the first target enclose all other plots.
    east = np.argsort(np.argsort(TABLE.places[:, 0]))
    layer = np.where(east < 30, np.where(east % 2 == 0, -9.0, 9.0), 0.0)[:, None]
    values = fitted(rule, monkeypatch, layer)
    assert set(values[np.isfinite(values)]) == {1.0}


def test_strategies_reach_the_model_and_differ(monkeypatch: pytest.MonkeyPatch) -> None:
    given: dict[str, np.ndarray] = {}
    for strategy in ("random", "disk", "sre", "target-group"):
        settings = {"min_distance_m": 300.0, "max_distance_m": 900.0} if strategy == "disk" else {}
        rule = PseudoAbsences(strategy, ratio=10.0, **settings)  # type: ignore[arg-type]
        given[strategy] = fitted(rule, monkeypatch) == 0
    present = fitted(PseudoAbsences(), monkeypatch) == 1
    assert np.array_equal(given["random"], ~present)
    x, places = TABLE.places[TRAIN], TABLE.places[TRAIN][present]
    nearest = np.linalg.norm(x[:, None] - places[None], axis=2).min(axis=1)
    assert np.array_equal(given["disk"], ~present & (nearest >= 300) & (nearest <= 900))
    assert np.array_equal(given["target-group"], ~present & (TABLE.presence[TRAIN, 0] > 0))
    # In four axes some lie inside the envelope of 25 presences and some outside; in 64 numbers all would lie outside.
    assert 0.1 < given["sre"].sum() / (~present).sum() < 0.75
    sets: list[Strategy] = list(given)  # type: ignore[arg-type]
    assert len({given[name].tobytes() for name in sets}) == 4


def test_sre_reads_the_environment_where_there_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    layer = TABLE.places[:, :1]
    values = fitted(PseudoAbsences("sre", ratio=10.0, quantile=0.0), monkeypatch, layer)
    highest = layer[TRAIN][values == 1].max()
    assert np.array_equal(values == 0, layer[TRAIN, 0] > highest)


def test_options_of_pseudo_absences() -> None:
    def rule(**asked: object) -> PseudoAbsences:
        return downstream_models({"pseudo_absences": "disk", "buffer": None, **asked}, 120.0)[0].pseudo_absences

    assert rule() == PseudoAbsences("disk", min_distance_m=120.0)
    assert rule(buffer=50.0).min_distance_m == 50.0
    full = rule(pseudo_distance_min=10.0, pseudo_distance_max=400.0, pseudo_ratio=1.0)
    assert full == PseudoAbsences("disk", ratio=1.0, min_distance_m=10.0, max_distance_m=400.0)
    assert rule(pseudo_absences="random") == PseudoAbsences()
    with pytest.raises(OptionError, match="between 500 m and 400 m cannot be"):
        rule(pseudo_distance_min=500.0, pseudo_distance_max=400.0)
    with pytest.raises(OptionError, match="mean nothing to --pseudo-absences random"):
        rule(pseudo_absences="random", pseudo_distance_max=400.0)
