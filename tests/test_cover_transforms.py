"""Transforms of cover: numbers from the literature, the same for sparse tables, nothing from nothing."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.sparse import csr_array

from botaclip.core.cover_tables import MIDPOINT, ORDINAL, TURBOVEG
from botaclip.core.errors import OptionError
from botaclip.training.cover_transforms import TRANSFORMS, hellinger, transform

from .small_tables import planted

EVERY = (*TRANSFORMS, "hellinger/profile", "percent/profile")
TABLES = arrays(
    np.float32, st.tuples(st.integers(1, 6), st.integers(1, 7)),
    elements=st.one_of(st.just(0.0), st.floats(0.125, 100.0, width=32)),
)


@pytest.mark.parametrize(
    "name, golden",
    [
        ("presence", [1, 0, 1, 1]),
        ("percent", [0.5, 0, 16, 87.5]),
        ("sqrt", [0.70710678, 0, 4, 9.35414347]),
        ("log1p", [0.40546511, 0, 2.83321334, 4.48300255]),
        ("ordinal", [1, 0, 6, 9]),
        ("hellinger", [0.06933752, 0, 0.39223227, 0.91724923]),  # sqrt(c / 104)
        ("percent/profile", [0.00480769, 0, 0.15384615, 0.84134615]),
    ],
)
def test_values(name: str, golden: list[float]) -> None:
    np.testing.assert_allclose(transform(np.array([[0.5, 0, 16, 87.5]]), name), [golden], rtol=1e-6)


def test_hellinger_is_vegans_decostand() -> None:
    # decostand(x, "hellinger") = sqrt(x / rowSums(x)), by hand.
    cover = np.array([[1.0, 0.0, 3.0], [4.0, 4.0, 8.0], [0.0, 9.0, 0.0]])
    golden = [[0.5, 0.0, 0.8660254], [0.5, 0.5, 0.70710678], [0.0, 1.0, 0.0]]
    np.testing.assert_allclose(hellinger(cover), golden, atol=1e-7)


def test_ordinal_gives_the_codes_back_that_turboveg_made_per_cent_of() -> None:
    codes = list(ORDINAL)
    assert transform(np.array([[ORDINAL[code] for code in codes]]), "ordinal")[0].tolist() == [int(c) for c in codes]
    # Van der Maarel's own classes of Braun-Blanquet's codes.
    classes = {"r": 1, "+": 2, "1": 3, "2m": 4, "2a": 5, "2b": 6, "3": 7, "4": 8, "5": 9}
    found = transform(np.array([[TURBOVEG[code] for code in classes]]), "ordinal")[0]
    assert found.tolist() == list(classes.values())


def test_ordinal_of_class_mid_points() -> None:
    # Mid-points do not tell 1 from 2m, nor r from +: both are below the limit of what Turboveg calls +.
    classes = {"r": 1, "+": 1, "1": 3, "2m": 3, "2a": 5, "2b": 6, "3": 7, "4": 8, "5": 9}
    found = transform(np.array([[MIDPOINT[code] for code in classes]]), "ordinal")[0]
    assert found.tolist() == list(classes.values())


def test_ordinal_is_near_van_der_maarels_formula() -> None:
    # OTV = 1.415 ln(C) + 2 (van der Maarel 2007): at 1 % it says 2 and Turboveg 1, elsewhere they are nearer.
    cover = np.linspace(0.5, 100, 200)[None]
    formula = np.clip(1.415 * np.log(cover) + 2, 1, 9)
    apart = np.abs(transform(cover, "ordinal") - formula)
    assert apart.max() <= 1.0 and apart.mean() < 0.4


@given(TABLES, st.sampled_from(EVERY))
def test_sparse_and_dense_are_the_same(cover: np.ndarray, name: str) -> None:
    dense, sparse = transform(cover, name), transform(csr_array(cover), name)
    assert isinstance(dense, np.ndarray) and isinstance(sparse, csr_array)
    assert dense.dtype == sparse.dtype == np.float32
    np.testing.assert_allclose(sparse.toarray(), dense, rtol=1e-6)
    np.testing.assert_array_equal(dense > 0, cover > 0)  # a species is neither made nor lost
    assert sparse.nnz == np.count_nonzero(cover)


@given(TABLES, st.sampled_from(EVERY))
def test_a_releve_is_transformed_by_itself(cover: np.ndarray, name: str) -> None:
    whole = transform(cover, name)
    for row in range(len(cover)):
        np.testing.assert_array_equal(transform(cover[[row]], name)[0], whole[row])


@pytest.mark.parametrize("name", EVERY)
def test_an_empty_releve_stays_zero(name: str) -> None:
    np.testing.assert_array_equal(transform(np.zeros((2, 3), np.float32), name), 0.0)
    assert transform(csr_array((2, 3), dtype=np.float32), name).nnz == 0
    assert transform(csr_array((0, 3), dtype=np.float32), name).shape == (0, 3)


def test_the_table_is_left_as_it_is() -> None:
    cover = csr_array(planted(10).cover)
    before = cover.toarray()
    for name in EVERY:
        transform(cover, name)
    np.testing.assert_array_equal(cover.toarray(), before)


def test_hellinger_has_unit_length_and_profiles_unit_sum() -> None:
    cover = planted(30).cover
    listed = cover.sum(axis=1) > 0
    assert not listed.all()
    np.testing.assert_allclose(np.linalg.norm(hellinger(cover)[listed], axis=1), 1.0, atol=1e-6)
    np.testing.assert_allclose(transform(cover, "sqrt/profile")[listed].sum(axis=1), 1.0, atol=1e-6)
    np.testing.assert_allclose(hellinger(cover * 0.01), hellinger(cover), atol=1e-6)  # cover in any unit


def test_an_unknown_transform_is_refused() -> None:
    with pytest.raises(OptionError, match="no transform 'cube'"):
        transform(np.ones((1, 1)), "cube")


@pytest.mark.parametrize("unit", [1e-6, 1e-3, 1.0])
@pytest.mark.parametrize("sparse", [False, True])
def test_shares_do_not_depend_on_the_unit_even_of_a_sparse_relevé(unit: float, sparse: bool) -> None:
    """What guards against empty relevés must not touch those with traces only."""
    cover = np.array([[0.02, 0.06, 0.0], [0.0, 0.0, 0.0], [5.0, 0.0, 15.0]])
    for name, golden in (("hellinger", np.sqrt([0.25, 0.75])), ("percent/profile", np.array([0.25, 0.75]))):
        made = transform(csr_array(unit * cover) if sparse else unit * cover, name)
        made = made.toarray() if sparse else made
        np.testing.assert_allclose(made[0, :2], golden, rtol=1e-5)
        np.testing.assert_allclose(made[2, [0, 2]], golden, rtol=1e-5)
        assert not made[1].any()
