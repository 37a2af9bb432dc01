"""Scores of spaces of vectors against hand-computed values, and at chance where there is nothing."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy.sparse import csr_array
from scipy.spatial.distance import pdist, squareform
from sklearn.neighbors import KNeighborsClassifier

from botaclip.training import metrics


def test_davies_bouldin_by_hand_and_small_classes_left_out() -> None:
    angle = np.deg2rad([0, 20, 90, 110, 200])
    vectors = 3 * np.column_stack([np.cos(angle), np.sin(angle)])  # length does not matter
    labels = ["a", "a", "b", "b", "rare"]
    # Each class: spread sin(10 deg), centroids cos(10 deg) from the origin, 90 deg apart.
    spread, apart = np.sin(np.deg2rad(10)), np.cos(np.deg2rad(10)) * np.sqrt(2)
    assert metrics.davies_bouldin(vectors, labels, minimum_members=2) == pytest.approx(2 * spread / apart)
    assert np.isnan(metrics.davies_bouldin(vectors, labels))


def test_retrieval_by_hand() -> None:
    similarity = np.array([[0.9, 0.1, 0.2], [0.8, 0.5, 0.1], [0.7, 0.6, 0.5]])
    assert metrics.retrieval_recall(similarity, 1) == pytest.approx(1 / 3)
    assert metrics.retrieval_recall(similarity, 2) == pytest.approx(2 / 3)
    assert metrics.median_rank(similarity) == 2.0
    assert metrics.retrieval_chance(similarity, 1) == pytest.approx(1 / 3)
    assert metrics.median_rank_chance(similarity) == 2.0
    positives = np.array([[0, 1, 1], [0, 0, 0], [1, 0, 0]], dtype=bool)  # the second query has none
    assert metrics.retrieval_recall(similarity, 1, positives) == 0.5
    assert metrics.retrieval_chance(similarity, 1, positives) == pytest.approx((2 / 3 + 1 / 3) / 2)


def test_retrieval_of_a_constant_or_random_similarity_is_no_better_than_chance() -> None:
    assert metrics.retrieval_recall(np.ones((50, 50)), 5) == pytest.approx(5 / 50)
    assert metrics.retrieval_recall(np.ones((9, 9)), 5) == pytest.approx(5 / 9)
    assert metrics.median_rank(np.ones((50, 50))) == 25.5
    similarity = np.random.default_rng(1).normal(size=(400, 400))
    positives = np.random.default_rng(2).uniform(size=(400, 400)) < 0.01
    assert metrics.retrieval_recall(similarity, 20) == pytest.approx(0.05, abs=0.03)
    chance = metrics.retrieval_chance(similarity, 20, positives)
    assert metrics.retrieval_recall(similarity, 20, positives) == pytest.approx(chance, abs=0.06)
    rank = metrics.median_rank_chance(similarity, positives)
    assert metrics.median_rank(similarity, positives) == pytest.approx(rank, rel=0.4)


def test_neighbour_overlap_is_one_for_a_rotation_and_chance_for_noise() -> None:
    rng = np.random.default_rng(1)
    frozen = rng.normal(size=(200, 8))
    rotation = np.linalg.qr(rng.normal(size=(8, 8)))[0]
    assert metrics.neighbour_overlap(frozen, 3 * frozen @ rotation, 10) == 1.0
    assert metrics.neighbour_overlap(frozen, rng.normal(size=(200, 8)), 10) == pytest.approx(10 / 199, abs=0.02)
    assert np.isnan(metrics.neighbour_overlap(frozen[:5], frozen[:5], 5))


def test_neighbour_overlap_by_hand() -> None:
    before = np.array([[1, 0], [0.9, 0.1], [0, 1], [0.1, 0.9]])
    after = before[[0, 2, 1, 3]]  # two plots have changed places: all lose their only neighbour
    assert metrics.neighbour_overlap(before, after, 1) == 0.0
    assert metrics.neighbour_overlap(before, before[:, ::-1], 1) == 1.0


def test_habitat_purity_by_hand_and_never_of_itself() -> None:
    angle = np.deg2rad([0, 10, 21, 90, 100, 45])
    vectors = np.column_stack([np.cos(angle), np.sin(angle)])
    # Nearest: 1, 0, 1, 4, 3, and 2 for the plot in the middle. The last is labelled "b", the unlabelled do not count.
    labels = ["a", "a", "b", "b", "b", "b"]
    assert metrics.habitat_purity(vectors, labels, 1) == pytest.approx(5 / 6)
    assert metrics.habitat_purity(vectors, ["a", "a", "", "b", "b", ""], 1) == 1.0
    # Pairs of one habitat: 2 * 1 and 4 * 3 of 6 * 5.
    assert metrics.habitat_purity_chance(labels) == pytest.approx(14 / 30)
    assert np.isnan([metrics.habitat_purity(vectors, labels, 6), metrics.habitat_purity(vectors, ["a"] * 6, 1),
                     metrics.habitat_purity_chance(["a", "a"]), metrics.habitat_purity_chance([])]).all()  # fmt: skip
    with pytest.raises(ValueError, match="6 vectors but 5 labels"):
        metrics.habitat_purity(vectors, labels[:5])
    with pytest.raises(ValueError, match="6 vectors but 5 labels"):
        metrics.davies_bouldin(vectors, labels[:5])


def test_habitat_purity_of_noise_is_at_chance_and_equals_scikit_learns_neighbours() -> None:
    rng = np.random.default_rng(1)
    vectors, labels = rng.normal(size=(300, 5)), rng.choice(["a", "b", "c"], 300, p=[0.6, 0.3, 0.1])
    chance = metrics.habitat_purity_chance(labels)
    assert metrics.habitat_purity(vectors, labels, 5) == pytest.approx(chance, abs=0.05)
    plain = []
    for i in range(300):
        others = np.arange(300) != i
        nearest = KNeighborsClassifier(5, metric="cosine").fit(vectors[others], labels[others])
        probability = nearest.predict_proba(vectors[[i]])[0]
        plain.append(probability[list(nearest.classes_).index(labels[i])])
    assert metrics.habitat_purity(vectors, labels, 5) == pytest.approx(np.mean(plain))


def test_overlap_chance_is_what_noise_gives() -> None:
    rng = np.random.default_rng(1)
    noise = [metrics.neighbour_overlap(rng.normal(size=(60, 9)), rng.normal(size=(60, 9)), 6) for _ in range(30)]
    assert np.mean(noise) == pytest.approx(metrics.neighbour_overlap_chance(60, 6), abs=0.01)
    assert np.isnan(metrics.neighbour_overlap_chance(6, 6))
    with pytest.raises(ValueError, match="3 vectors against 2"):
        metrics.neighbour_overlap(np.eye(3), np.eye(2))


def test_missing_similarities_rank_last() -> None:
    similarity = np.array([[np.nan, 0.1], [0.2, 0.3]])
    assert metrics.retrieval_recall(similarity, 1) == 0.5
    with pytest.raises(ValueError, match="positives of"):
        metrics.retrieval_recall(similarity, 1, np.eye(3))
    assert np.isnan([metrics.median_rank(np.empty((0, 0))), metrics.retrieval_chance(np.empty((0, 0)), 1)]).all()


COVER = np.array([
    [50, 10, 0, 0], [40, 20, 0, 1], [0, 5, 60, 0], [0, 0, 70, 10], [20, 20, 20, 20], [0, 0, 5, 80], [35, 0, 0, 5],
    [1, 0, 30, 30],
])  # fmt: skip
VECTORS = np.array([
    [1, 0.2, 0], [0.9, 0.3, 0.1], [0.1, 1, 0.2], [0, 0.8, 0.5], [0.5, 0.5, 0.5], [-0.2, 0.3, 1], [0.2, 0.1, -0.9],
    [0.1, 0.4, 0.9],
])  # fmt: skip


@pytest.mark.parametrize(
    ("method", "r", "p"), [("pearson", 0.5458107775446358, 0.00198), ("spearman", 0.5897016507341615, 0.0013)]
)
def test_mantel_equals_scikit_bio(method: str, r: float, p: float) -> None:
    """Golden: scikit-bio 0.7.4, ``mantel(..., permutations=99999, alternative="greater", seed=1)``."""
    found = metrics.floristic_mantel(csr_array(COVER), VECTORS, method=method, permutations=4_999)  # type: ignore[arg-type]
    assert found.r == pytest.approx(r, abs=1e-12) and found.plots == 8
    assert found.p == pytest.approx(p, abs=0.0015)
    dense = metrics.floristic_mantel(COVER, VECTORS, method=method, permutations=0)  # type: ignore[arg-type]
    assert dense.r == found.r and np.isnan(dense.p)


def test_mantel_p_is_the_share_of_all_permutations() -> None:
    rng = np.random.default_rng(2)
    a, b = (squareform(pdist(rng.normal(size=(5, 2)))) for _ in range(2))
    upper = np.triu_indices(5, 1)
    every = [np.corrcoef(a[upper], b[np.ix_(order, order)][upper])[0, 1] for order in itertools.permutations(range(5))]
    found = metrics.mantel(a, b, permutations=4_999)
    assert found.r == pytest.approx(every[0])
    assert found.p == pytest.approx(np.mean(np.array(every) >= every[0] - 1e-12), abs=0.02)


def test_mantel_within_blocks_does_not_take_blocks_for_a_relation() -> None:
    rng = np.random.default_rng(3)
    blocks = np.repeat([0, 1], 15)
    # Both sides differ between blocks and are noise within.
    a, b = (squareform(pdist(rng.normal(size=(30, 3)) + 6 * blocks[:, None])) for _ in range(2))
    assert metrics.mantel(a, b, permutations=199).p == pytest.approx(1 / 200)
    within = metrics.mantel(a, b, permutations=199, blocks=blocks)
    assert within.p > 0.05 and within.r > 0.8
    # Nothing can change places: every permutation gives the same.
    assert metrics.mantel(a, b, permutations=19, blocks=np.arange(30)).p == 1.0


def test_mantel_of_nothing_and_a_sample_of_many() -> None:
    assert np.isnan(metrics.mantel(np.zeros((4, 4)), np.zeros((4, 4))).r)
    empty = np.vstack([COVER, np.zeros((2, 4))])
    vectors = np.vstack([VECTORS, np.ones((2, 3))])
    assert metrics.floristic_mantel(empty, vectors, permutations=9).r == pytest.approx(0.5458107775446358)
    assert metrics.floristic_mantel(COVER, VECTORS, at_most=5, permutations=9).plots == 5
    assert np.isnan(metrics.floristic_mantel(np.zeros((4, 2)), np.ones((4, 2))).r)
    with pytest.raises(ValueError, match="distances of shapes"):
        metrics.mantel(np.zeros((4, 4)), np.zeros((3, 3)))
    with pytest.raises(ValueError, match="8 relevés but 7 vectors"):
        metrics.floristic_mantel(COVER, VECTORS[:7])
