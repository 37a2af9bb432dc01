"""The ranking that alignments may be chosen by: against scikit-learn, and what it does not care for."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from botaclip.training.alignment import Alignment
from botaclip.training.heads import linear_path
from botaclip.training.metrics_document import reason_of_choice
from botaclip.training.ranking import ranking_error
from botaclip.training.selection import best, inner_validation
from botaclip.training.standardiser import Standardiser

from .small_tables import planted, thirds


def test_against_scikit_learn() -> None:
    random = np.random.default_rng(0)
    presence = (random.random((80, 6)) < [0.02, 0.1, 0.3, 0.5, 0.9, 0.2]).astype(float)
    presence[:, 0] = 0.0  # nowhere: nothing to rank
    scores = np.round(random.normal(size=(3, 80, 6)) + presence, 1)  # ties
    error, weight = ranking_error(presence, scores)
    weights = np.array([12 * n * (80 - n) / 81 for n in presence.sum(axis=0)])[1:]
    expected = [
        1 - np.average([roc_auc_score(presence[:, s], way[:, s]) for s in range(1, 6)], weights=weights)
        for way in scores
    ]
    np.testing.assert_allclose(error, expected, rtol=1e-12)
    assert weight == pytest.approx(weights.sum())


def test_scales_do_not_matter_and_chance_is_a_half() -> None:
    random = np.random.default_rng(1)
    presence = (random.random((400, 50)) < 0.3).astype(float)
    scores = random.normal(size=(1, 400, 50))
    error = ranking_error(presence, scores)[0]
    np.testing.assert_allclose(ranking_error(presence, np.exp(7 * scores) + 3)[0], error, rtol=1e-12)
    assert error[0] == pytest.approx(0.5, abs=0.02)
    np.testing.assert_allclose(ranking_error(presence, -scores)[0], 1 - error, rtol=1e-12)
    none, weight = ranking_error(np.ones((5, 2)), np.zeros((2, 5, 2)))
    assert np.isnan(none).all() and weight == 0.0


def test_trials_are_judged_by_it_where_asked() -> None:
    table = planted(90, dimension=12, species=4, signal=2.0)
    folds = thirds(table)
    alignments = (Alignment("canonical", checkpoints=(2,)),)
    plain, ranked = (inner_validation(table, folds, alignments, choose_by=by) for by in ("error", "ranking"))
    assert all(trial.ranking is None and trial.criterion == trial.loss for trial in plain)
    assert [trial.loss for trial in ranked] == [trial.loss for trial in plain]
    # The first penalty of the frozen vectors, by hand.
    sums = np.zeros(2)
    for train, held in folds:
        standardiser = Standardiser.fit(table.vectors[train], table.blocks)
        scores = linear_path(
            standardiser(table.vectors[train]), table.presence[train], standardiser(table.vectors[held])
        )
        error, weight = ranking_error(table.presence[held], scores)
        sums += np.array([error[0] * weight, weight])
    assert ranked[0].ranking == pytest.approx(sums[0] / sums[1], rel=1e-6)
    assert best(ranked).ranking == min(trial.ranking for trial in ranked)


def test_best_goes_by_the_criterion() -> None:
    table = planted(60, dimension=8, species=3)
    one, *_ = inner_validation(table, thirds(table), ())
    worse = dataclasses.replace(one, loss=0.9, ranking=0.2, penalty=7.0)
    better = dataclasses.replace(one, loss=0.5, ranking=0.4)
    assert best([better, worse]).penalty == 7.0
    said = reason_of_choice("auto", worse, [better, worse])
    assert "0.2000 of the pairs of plots were in the wrong order" in said and "; 0.2000 for the frozen" in said
