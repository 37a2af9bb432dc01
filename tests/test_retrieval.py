"""Ranks in a whole gallery: by hand, with ties, and at chance where there is nothing to find."""

from __future__ import annotations

import numpy as np
import pytest

from botaclip.training import retrieval as module
from botaclip.training.alignment import Alignment, fit_adapter
from botaclip.training.metrics import retrieval_chance, retrieval_recall
from botaclip.training.retrieval import Retrieval, held_out_retrieval, retrieval
from botaclip.training.standardiser import Standardiser

from .small_tables import planted


def test_ranks_by_hand() -> None:
    images = np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])
    releves = np.array([[2.0, 0.1], [3.0, 0.2], [0.5, 0.5]])  # the second points to the first image
    found = retrieval(images, releves)
    np.testing.assert_array_equal(found.of_releves, [1, 2, 1])
    np.testing.assert_array_equal(found.of_images, [1, 3, 1])
    assert found.mean_reciprocal_rank == pytest.approx((1 + 1 / 2 + 1 + 1 + 1 / 3 + 1) / 6)
    assert found.recall(1) == pytest.approx(4 / 6) and found.recall(2) == pytest.approx(5 / 6)
    assert found.chance(1) == pytest.approx(1 / 3) and found.chance(5) == 1.0
    assert found.reciprocal_rank_chance == pytest.approx((1 + 1 / 2 + 1 / 3) / 3)
    scores = found.scores()
    assert scores["image_to_releve_recall_at_1"] == pytest.approx(2 / 3)
    assert scores["releve_to_image_mean_reciprocal_rank"] == pytest.approx((1 + 1 / 3 + 1) / 3)
    assert scores["recall_at_1_chance"] == pytest.approx(1 / 3) and scores["plots"] == 3


def test_bands_of_rows_are_the_whole_matrix(monkeypatch: pytest.MonkeyPatch) -> None:
    random = np.random.default_rng(0)
    images, releves = random.normal(size=(70, 6)), random.normal(size=(70, 6))
    whole = retrieval(images, releves)
    monkeypatch.setattr(module, "_ROWS", 16)
    banded = retrieval(images, releves)
    np.testing.assert_array_equal(whole.of_releves, banded.of_releves)
    np.testing.assert_array_equal(whole.of_images, banded.of_images)
    unit = [v / np.linalg.norm(v, axis=1, keepdims=True) for v in (images, releves)]
    cosine = unit[0] @ unit[1].T
    for k in (1, 5, 10):
        assert float((whole.of_releves <= k).mean()) == retrieval_recall(cosine, k)
        assert float((whole.of_images <= k).mean()) == retrieval_recall(cosine.T, k)
        assert whole.chance(k) == pytest.approx(retrieval_chance(cosine, k))


def test_releves_that_are_all_the_same_earn_the_mean_rank() -> None:
    images = np.random.default_rng(0).normal(size=(21, 4))
    found = retrieval(images, np.ones((21, 4)))
    np.testing.assert_array_equal(found.of_releves, np.full(21, 11.0))
    # Images are ranked for each of the same relevés: five of them are among the first five.
    assert found.recall(5) == pytest.approx((5 / 21 + 5 / 21) / 2)


@pytest.mark.parametrize("plots", [1, 3, 9, 10, 40])
def test_vectors_that_are_all_the_same_earn_chance_in_a_gallery_of_any_size(plots: int) -> None:
    same = np.ones((plots, 4))
    found = retrieval(same, same)
    assert found.mean_reciprocal_rank == pytest.approx(found.reciprocal_rank_chance, rel=1e-9)
    scores = found.scores()
    for k in (1, 5, 10):
        assert found.recall(k) == pytest.approx(found.chance(k), rel=1e-12)
        assert scores[f"image_to_releve_recall_at_{k}"] == pytest.approx(scores[f"recall_at_{k}_chance"], rel=1e-12)
        assert retrieval_recall(np.ones((plots, plots)), k) == pytest.approx(found.chance(k), rel=1e-12)
        assert retrieval_chance(np.ones((plots, plots)), k) == pytest.approx(found.chance(k), rel=1e-12)


def test_ties_by_hand() -> None:
    # The first relevé twice: its image finds it first or second, and so does the second's.
    x = np.array([[1.0, 0.0, 0.0], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])
    found = retrieval(x, x)
    np.testing.assert_array_equal(found.of_releves, [1.5, 1.5, 1.0])
    np.testing.assert_array_equal(found.releves_level, [1, 1, 0])
    assert found.recall(1) == pytest.approx((0.5 + 0.5 + 1.0) / 3) and found.recall(2) == 1.0
    assert found.mean_reciprocal_rank == pytest.approx((0.75 + 0.75 + 1.0) / 3)
    similarity = x @ x.T
    assert retrieval_recall(similarity, 1) == pytest.approx(found.recall(1))
    # Two of four level candidates are positives, one candidate is ahead: of two places one is left for them.
    similarity, positives = np.array([[9.0, 5.0, 5.0, 5.0, 5.0]]), np.array([[0, 1, 1, 0, 0]])
    assert retrieval_recall(similarity, 1, positives) == 0.0
    assert retrieval_recall(similarity, 2, positives) == pytest.approx(1 / 2)
    assert retrieval_recall(similarity, 3, positives) == pytest.approx(1 - 1 / 6)
    assert retrieval_recall(similarity, 4, positives) == 1.0 == retrieval_recall(similarity, 9, positives)


@pytest.mark.parametrize(("apart", "rank"), [(1e-8, 1.5), (1e-5, 1.0)])
def test_what_differs_by_rounding_only_is_level(apart: float, rank: float) -> None:
    """Cosines 1e-8 apart are ties, those 1e-5 apart are not."""
    other = np.array([1.0 - apart, np.sqrt(1.0 - (1.0 - apart) ** 2)])
    x = np.array([[1.0, 0.0], other])
    np.testing.assert_allclose(retrieval(x, x).of_releves, [rank, rank])


def test_noise_is_at_chance() -> None:
    random = np.random.default_rng(1)
    found = retrieval(random.normal(size=(2_000, 8)), random.normal(size=(2_000, 8)))
    assert found.recall(10) == pytest.approx(found.chance(10), abs=0.004)
    assert found.mean_reciprocal_rank == pytest.approx(found.reciprocal_rank_chance, rel=0.3)


def test_words() -> None:
    found = Retrieval(np.array([1.0, 9.0] * 50), np.array([2.0, 30.0] * 50))
    assert found.words == "R@5 .50 (chance .05)"
    assert retrieval(np.eye(3), np.eye(3)).words == "R@5 1.00 (chance 1.00)"


@pytest.mark.parametrize("name", [None, "supervised", "contrastive"])
def test_held_out_plots_find_their_releves_and_shuffled_ones_do_not(name: str | None) -> None:
    table = planted(240, dimension=16, species=24, rank=4)
    inside, held = np.arange(160), np.arange(160, 240)
    standardiser = Standardiser.fit(table.vectors[inside])
    near, far = standardiser(table.vectors[inside]), standardiser(table.vectors[held])

    def found(order: np.ndarray) -> Retrieval:
        part = table.with_releves_of(order).take(inside)
        adapter = name and fit_adapter(near, part, Alignment(name), 40)
        return held_out_retrieval(adapter or None, (near, part.cover), (far, table.cover[held]))

    true, shuffled = found(np.arange(240)), found(np.random.default_rng(0).permutation(240))
    assert true.recall(5) > 3 * true.chance(5)
    assert shuffled.recall(5) < 2 * shuffled.chance(5)
    assert true.mean_reciprocal_rank > 2 * true.reciprocal_rank_chance
