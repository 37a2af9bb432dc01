"""Who belongs together in a batch: each rule against its plain definition, Bray-Curtis against scipy's."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse
from scipy.spatial.distance import braycurtis, cdist

from botaclip.core import pair_labels
from botaclip.core.errors import OptionError
from botaclip.core.pair_labels import PairLabels, bray_curtis_similarity

RANDOM = np.random.default_rng(4)
COVER = RANDOM.gamma(0.5, 20.0, (30, 40)) * (RANDOM.random((30, 40)) < 0.2)
COVER[7] = 0.0
COVER[8] = 0.0
COVER[11] = COVER[10]
PLACES = RANDOM.uniform(0, 500, (30, 2)) + 6.5e6
SITES = [["a", "b", ""][i % 3] for i in range(30)]
ROWS = np.array([10, 3, 11, 7, 8, 29, 0, 3])


def test_similarity_is_one_less_scipys_dissimilarity() -> None:
    made = bray_curtis_similarity(COVER)
    for i in range(30):
        for j in range(30):
            both_empty = not (COVER[i].any() or COVER[j].any())
            expected = 1.0 if i == j else 0.0 if both_empty else 1.0 - braycurtis(COVER[i], COVER[j])
            assert made[i, j] == pytest.approx(expected, abs=1e-6)
    assert made[10, 11] == 1.0 and made[7, 8] == 0.0 and made[7, 7] == 1.0


@pytest.mark.parametrize("form", [sparse.csr_array, sparse.csc_array, sparse.csr_matrix])
def test_sparse_relevés_are_the_dense_ones(form: type) -> None:
    np.testing.assert_array_equal(bray_curtis_similarity(form(COVER)), bray_curtis_similarity(COVER))


def test_of_presences_it_is_sørensens_index() -> None:
    presence = (COVER > 0).astype(np.float32)
    common, richness = presence @ presence.T, presence.sum(axis=1)
    expected = 2 * common / np.maximum(richness[:, None] + richness, 1)
    np.fill_diagonal(expected, 1.0)
    np.testing.assert_allclose(bray_curtis_similarity(presence), expected, atol=1e-6)


def test_without_rules_only_the_own_pair_belongs_together() -> None:
    pairs = PairLabels()
    assert pairs.plain
    np.testing.assert_array_equal(pairs.labels(np.arange(5)), 2 * np.eye(5) - 1)
    assert pairs.targets(np.arange(5)) is None


def test_a_plot_that_stands_twice_in_a_batch_belongs_to_itself() -> None:
    labels = PairLabels().labels(ROWS)
    assert labels[1, 7] == labels[7, 1] == 1.0
    assert labels.sum() == 10 - 54


def test_plots_of_a_site_belong_together_where_it_is_known() -> None:
    labels = PairLabels(sites=SITES, positives=("site",)).labels(ROWS)
    for i, first in enumerate(ROWS):
        for j, second in enumerate(ROWS):
            together = first == second or (SITES[first] == SITES[second] != "")
            assert labels[i, j] == (1.0 if together else -1.0)


def test_near_plots_belong_together_and_those_in_the_ring_are_not_asked() -> None:
    far = cdist(PLACES, PLACES)[np.ix_(ROWS, ROWS)]
    near = np.sort(far[far > 0])[8]  # a distance that really is between two of them
    made = PairLabels(places=PLACES, positives=("near",), distance=near, ring=near + 60.0).labels(ROWS)
    expected = np.where(far <= near, 1.0, np.where(far < near + 60.0, 0.0, -1.0))
    np.testing.assert_array_equal(made, expected)
    assert set(np.unique(made)) == {-1.0, 0.0, 1.0}


def test_the_ring_alone_leaves_the_own_pair_alone() -> None:
    places = np.array([[0.0, 0.0], [10.0, 0.0], [0.0, 100.0], [0.0, 0.0]])
    made = PairLabels(places=places, ring=10.0).labels(np.arange(4))
    np.testing.assert_array_equal(made, [[1, -1, -1, 0], [-1, 1, -1, -1], [-1, -1, 1, -1], [0, -1, -1, 1]])


def test_places_may_be_geocentric() -> None:
    places = np.array([[0.0, 0.0, 0.0], [0.0, 0.0, 30.0], [0.0, 0.0, 300.0]])
    made = PairLabels(places=places, positives=("near",), distance=50.0).labels(np.arange(3))
    np.testing.assert_array_equal(made, [[1, 1, -1], [1, 1, -1], [-1, -1, 1]])


def test_relevés_nearly_alike_belong_together() -> None:
    pairs = PairLabels(cover=sparse.csr_array(COVER), positives=("alike",), similarity=0.3)
    expected = np.where(bray_curtis_similarity(COVER)[np.ix_(ROWS, ROWS)] >= 0.3, 1.0, -1.0)
    np.testing.assert_array_equal(pairs.labels(ROWS), expected)
    assert pairs.labels(ROWS)[0, 2] == 1.0  # 10 and 11 are the same list
    assert pairs.labels(ROWS)[3, 4] == -1.0  # nobody knows what two empty ones have in common


@pytest.mark.parametrize("kept", [True, False])
def test_soft_targets_are_similarities_of_the_batch_computed_at_once_or_by_batch(
    kept: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not kept:
        monkeypatch.setattr(pair_labels, "_MOST_KEPT", 0)
    pairs = PairLabels(cover=sparse.csr_array(COVER), targets="floristic")
    made = pairs.targets(ROWS)
    assert made is not None and not pairs.plain and made.dtype == np.float32
    np.testing.assert_allclose(made, bray_curtis_similarity(COVER)[np.ix_(ROWS, ROWS)], atol=1e-7)
    assert (np.diag(made) == 1.0).all() and made[1, 7] == 1.0
    np.testing.assert_array_equal(pairs.labels(ROWS)[1], np.where(ROWS == 3, 1.0, -1.0))


def test_what_belongs_together_is_wholly_alike_in_soft_targets() -> None:
    pairs = PairLabels(cover=COVER, sites=SITES, positives=("site",), targets="floristic")
    made = pairs.targets(ROWS)
    expected = np.where(pairs.labels(ROWS) > 0, 1.0, bray_curtis_similarity(COVER)[np.ix_(ROWS, ROWS)])
    np.testing.assert_allclose(made, expected, atol=1e-7)


def test_labels_follow_the_order_of_the_batch() -> None:
    pairs = PairLabels(
        places=PLACES, sites=SITES, cover=COVER, positives=("site", "near", "alike"), distance=40.0, ring=120.0,
        targets="gram",
    )
    rows, order = np.arange(12), RANDOM.permutation(12)
    np.testing.assert_array_equal(pairs.labels(rows[order]), pairs.labels(rows)[np.ix_(order, order)])
    np.testing.assert_array_equal(pairs.targets(rows[order]), pairs.targets(rows)[np.ix_(order, order)])
    np.testing.assert_array_equal(pairs.labels(rows), pairs.labels(rows).T)


@pytest.mark.parametrize(
    ("rules", "what"),
    [
        ({"positives": ("near",)}, "places"), ({"ring": 5.0}, "places"), ({"positives": ("site",)}, "sites"),
        ({"positives": ("alike",)}, "cover"), ({"targets": "floristic"}, "cover"),
        ({"positives": ("far",)}, "site, near, alike"), ({"targets": "hard"}, "own, floristic, gram"),
    ],
)  # fmt: skip
def test_a_rule_without_what_it_needs_is_a_worded_error(rules: dict, what: str) -> None:
    with pytest.raises(OptionError, match=what):
        PairLabels(**rules)
