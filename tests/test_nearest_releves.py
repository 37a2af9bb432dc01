"""Relevés that look alike: found by hand, what they share counted, in the report."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from scipy.sparse import csr_array

from botaclip.training import nearest_releves
from botaclip.training.nearest_releves import nearest_document, nearest_plots, sorensen
from botaclip.training.report_drivers import nearest
from botaclip.training.training_table import TrainingTable


def test_the_nearest_is_that_of_the_largest_cosine() -> None:
    inside = np.array([[1.0, 0.0], [0.0, 2.0], [3.0, 3.0]])
    found = nearest_plots(inside, np.array([[0.1, 5.0], [2.0, 1.9]]), np.array([4, 7, 9]))
    assert found[:, 0].tolist() == [7, 9]
    assert found[:, 1] == pytest.approx([5 / np.hypot(0.1, 5), 3.9 / (np.sqrt(2) * np.hypot(2, 1.9))])


def test_sorensen_by_hand() -> None:
    some = csr_array(np.array([[1.0, 0, 1, 0], [0, 0, 0, 0]]))
    others = csr_array(np.array([[1.0, 0, 1, 0], [1, 1, 0, 0], [0, 1, 0, 1], [0, 0, 0, 0]]))
    found = sorensen(some, others)
    assert found[0].tolist() == [1.0, 0.5, 0.0, 0.0]
    assert found[1, :3].tolist() == [0.0, 0.0, 0.0] and np.isnan(found[1, 3])


def test_pieces_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(4)
    inside, outside, train = rng.normal(size=(30, 6)), rng.normal(size=(20, 6)), rng.permutation(50)[:30]
    whole = nearest_plots(inside, outside, train)
    data = dataclasses.replace(table(), ids=tuple(map(str, range(50))), cover=csr_array(rng.random((50, 9)) < 0.3))
    near = np.full((50, 2), np.nan)
    test = np.setdiff1d(np.arange(50), train)
    near[test] = whole
    document = nearest_document(data, near, [(train, test)])
    monkeypatch.setattr(nearest_releves, "_ROWS", 3)
    np.testing.assert_allclose(nearest_plots(inside, outside, train), whole)
    assert nearest_document(data, near, [(train, test)]) == document


def table() -> TrainingTable:
    cover = np.array([[1, 1, 0, 0], [1, 1, 0, 0], [0, 0, 1, 1], [0, 0, 1, 0], [0, 0, 0, 0]], dtype=np.float32)
    return TrainingTable(
        ids=tuple("abcde"), places=np.zeros((5, 2)), vectors=np.eye(5, dtype=np.float32), cover=cover,
        presence=cover, species=tuple("wxyz"),
    )  # fmt: skip


def test_the_document_holds_pairs_mean_and_what_any_training_plot_shares() -> None:
    every = np.arange(5)
    folds = [(np.array([1, 2, 3, 4]), np.array([0])), (np.array([0, 1, 2, 4]), np.array([3])), (every[:4], every[4:])]
    nearest_of = np.full((5, 2), np.nan)
    nearest_of[0], nearest_of[3], nearest_of[4] = (1, 0.9), (2, 0.5), (0, 0.1)
    found = nearest_document(table(), nearest_of, folds)
    assert found is not None
    assert [(p["plot"], p["nearest"], p["cosine"]) for p in found["pairs"]] == [
        ("a", "b", 0.9), ("d", "c", 0.5), ("e", "a", 0.1)
    ]  # fmt: skip
    assert [p["shared"] for p in found["pairs"]] == pytest.approx([1.0, 2 / 3, 0.0])
    assert found["shared"] == pytest.approx((1 + 2 / 3 + 0) / 3)
    assert found["chance"] == pytest.approx((1 / 4 + (2 / 3) / 4 + 0.0) / 3)
    page = nearest({"nearest_releves": found})
    assert page is not None and "share 56 % of their species" in page and "shares 14 %" in page
    assert nearest({}) is None and nearest_document(table(), np.full((5, 2), np.nan), folds) is None
