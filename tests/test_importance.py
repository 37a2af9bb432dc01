"""What predictions rest on: planted dependence is found, what nothing rests on costs nothing."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from sklearn.inspection import permutation_importance as sklearn_importance
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from botaclip.training.importance import (
    importance_document,
    parts_of,
    permutation_importance,
    shuffled_part,
)
from botaclip.training.presence_metrics import auc_columns
from botaclip.training.responses import TENTHS, responses
from botaclip.training.training_table import TrainingTable

from .small_tables import planted


def table(n: int = 600) -> TrainingTable:
    random = np.random.default_rng(0)
    made = planted(n, dimension=4, species=2, seed=1)
    environment = random.normal(size=(n, 2))
    presence = np.column_stack([
        made.vectors[:, 0] + 0.3 * random.normal(size=n) > 5.0,  # the image alone
        environment[:, 1] + 0.3 * random.normal(size=n) > 0.0,  # the second layer alone
    ]).astype(np.float32)
    return dataclasses.replace(made, presence=presence, environment=environment)


def score(some: TrainingTable) -> np.ndarray:
    assert some.environment is not None
    return np.column_stack([some.vectors[:, 0], some.environment[:, 1]])


def test_planted_dependence_is_found() -> None:
    data = table()
    assert parts_of(data, ["heat", "wet"]) == ["image", "environment", "environment: heat", "environment: wet"]
    falls = permutation_importance(score, data)
    assert falls.shape == (4, 2)
    whole = [roc_auc_score(data.presence[:, s], score(data)[:, s]) for s in range(2)]
    # Dealt out anew, a score is worth a half.
    assert falls[0, 0] == pytest.approx(whole[0] - 0.5, abs=0.03) and abs(falls[0, 1]) < 1e-12
    assert falls[1, 1] == pytest.approx(whole[1] - 0.5, abs=0.03) and abs(falls[1, 0]) < 1e-12
    assert np.abs(falls[2]).max() < 1e-12 and falls[3, 1] == falls[1, 1]


def test_against_scikit_learn() -> None:
    data = table()
    x, y = data.environment, data.presence[:, 1]
    model = LogisticRegression().fit(x, y)
    theirs = sklearn_importance(model, x, y, scoring="roc_auc", n_repeats=60, random_state=0).importances_mean
    ours = permutation_importance(
        lambda some: model.decision_function(some.environment)[:, None],
        dataclasses.replace(data, presence=data.presence[:, 1:], species=("a",)), repeats=60,
    )  # fmt: skip
    np.testing.assert_allclose(ours[2:, 0], theirs, atol=0.01)


def test_auc_and_shuffling() -> None:
    random = np.random.default_rng(1)
    presence = (random.random((50, 3)) < [0.3, 0.5, 0.0]).astype(float)
    scores = np.round(random.normal(size=(50, 3)), 1)
    found = auc_columns(presence, scores)
    np.testing.assert_allclose(found[:2], [roc_auc_score(presence[:, s], scores[:, s]) for s in range(2)])
    assert np.isnan(found[2])
    data = table(30)
    order = np.arange(30)[::-1]
    assert shuffled_part(data, 0, order).vectors[0].tolist() == data.vectors[29].tolist()
    one = shuffled_part(data, 3, order)
    assert one.environment[0].tolist() == [data.environment[0, 0], data.environment[29, 1]]
    assert one.vectors is data.vectors


def test_document_weighs_folds_and_leaves_out_what_is_not_known() -> None:
    falls = [np.array([[0.1, np.nan]]), np.array([[0.4, 0.2]])]
    said = importance_document(falls, [10, 30], ["image"], ["a", "b"])
    assert said["image"]["targets"] == {"a": pytest.approx((0.1 * 10 + 0.4 * 30) / 40), "b": pytest.approx(0.2)}
    assert said["image"]["median"] == pytest.approx((0.325 + 0.2) / 2)
    none = importance_document([np.full((1, 2), np.nan)], [5], ["image"], ["a", "b"])["image"]
    assert none == {"median": None, "targets": {"a": None, "b": None}}


def test_responses_are_means_of_tenths() -> None:
    axis = np.random.default_rng(2).permutation(200).astype(float)
    suitability, presence = np.column_stack([axis / 200, 1 - axis / 200]), np.zeros((200, 2))
    presence[axis >= 100, 0] = 1.0
    suitability[7] = np.nan  # held out by no fold
    (found,) = responses(axis[:, None], ["heat"], suitability, presence, ["a", "b"], most=1)
    assert found["name"] == "heat" and list(found["species"]) == ["a"] and sum(found["plots"]) == 199
    kept = np.delete(np.arange(200), 7)
    parts = np.array_split(kept[np.argsort(axis[kept])], TENTHS)
    np.testing.assert_allclose(found["values"], [axis[part].mean() for part in parts])
    np.testing.assert_allclose(found["species"]["a"]["predicted"], [axis[part].mean() / 200 for part in parts])
    np.testing.assert_allclose(found["species"]["a"]["observed"], [presence[part, 0].mean() for part in parts])
    # Too few plots, or an axis without any difference: nothing.
    assert responses(axis[:19, None], ["heat"], suitability[:19], presence[:19], ["a", "b"]) == []
    assert responses(np.zeros((200, 1)), ["flat"], suitability, presence, ["a", "b"]) == []
