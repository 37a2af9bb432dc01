"""The range is found where a simulated field has one, and none where there is none."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse

from botaclip.training.variogram import Advice, advise_block_size, floristic_variables, variogram

gstools = pytest.importorskip("gstools", reason="gstools is not installed")

EXTENT = 10_000.0


def field(xy: np.ndarray, range_m: float, seed: int, *, nugget: float = 0.2) -> np.ndarray:
    """Return an exponential field of practical range ``range_m`` and variance 1, with noise on top."""
    model = gstools.Exponential(dim=2, var=1.0, len_scale=range_m / 2.9957)
    noise = np.random.default_rng(seed + 1_000).normal(0, nugget**0.5, len(xy))
    return gstools.SRF(model, seed=seed)(xy.T) + noise


def plots(n: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).uniform(0, EXTENT, (n, 2))


@pytest.mark.parametrize("true_m", [800.0, 2_000.0])
def test_a_known_range_is_recovered_within_a_factor_of_two(true_m: float) -> None:
    """The median over eight fields; single ones scatter, as a variogram of one landscape does."""
    found = []
    for seed in range(8):
        xy = plots(700, seed)
        found.append(variogram(xy, field(xy, true_m, seed)).range_m)
    ranges = np.array([value for value in found if value is not None])
    assert len(ranges) >= 6
    assert true_m / 2 <= np.median(ranges) <= true_m * 2
    assert (ranges > true_m / 4).all() and (ranges < true_m * 3).all()


def test_a_longer_range_asks_for_larger_blocks() -> None:
    xy = plots(700, 3)
    short, long = (advise_block_size(xy, np.column_stack([field(xy, m, s) for s in range(3)])) for m in (600, 2_400))
    assert short.block_m is not None and long.block_m is not None
    assert long.block_m > 1.5 * short.block_m
    assert short.range_m <= short.block_m < 1.1 * short.range_m
    assert f"blocks of {short.block_m:,.0f} m or more are advised" in short.words


def test_white_noise_gives_no_range() -> None:
    found = [variogram(plots(300, seed), np.random.default_rng(seed).normal(size=300)) for seed in range(20)]
    assert sum(each.range_m is not None for each in found) <= 1
    xy, noise = plots(300, 50), np.random.default_rng(50).normal(size=(300, 2))
    advice = advise_block_size(xy, noise, names=["axis", "richness"])
    assert advice.range_m is None and advice.block_m is None
    assert "axis, richness: neighbours are no more alike than other plots" in advice.words


def test_a_trend_over_the_whole_extent_gives_no_range() -> None:
    xy = plots(400, 1)
    advice = advise_block_size(xy, xy[:, 0] + 200 * np.random.default_rng(1).normal(size=400))
    assert advice.range_m is None and "a trend rather than patches" in advice.words


def test_too_few_plots_are_said() -> None:
    xy = plots(29, 1)
    advice = advise_block_size(xy, field(xy, 3_000, 1))
    assert advice == Advice(
        None, None,
        "29 plots are too few to find over which distance they resemble each other; 30 are needed.",
    )
    unknown = np.full(40, np.nan)
    unknown[:10] = 1.0
    assert variogram(plots(40, 2), unknown).words == "10 plots are too few, 30 are needed"


@pytest.mark.parametrize(
    ("xy", "values", "words"),
    [
        (plots(50, 1), np.ones(50), "all values are equal"),
        (np.zeros((50, 2)), np.arange(50.0), "all plots lie at one place"),
    ],
)
def test_what_has_no_variogram_is_said(xy: np.ndarray, values: np.ndarray, words: str) -> None:
    assert variogram(xy, values).words == words


def test_sites_far_apart_do_not_make_a_range() -> None:
    """Two sites 300 km apart that differ, noise within: pooled there is structure, within sites there is none."""
    random = np.random.default_rng(4)
    site = np.arange(200) % 2
    xy = random.uniform(0, 2_000, (200, 2)) + site[:, None] * 3e5
    values = 5.0 * site + random.normal(size=200)
    assert variogram(xy, values, sites=[f"s{k}" for k in site]).words == "neighbours are no more alike than other plots"
    patches = field(xy - site[:, None] * 3e5, 500.0, 2, nugget=0.05) + 5.0 * site
    found = variogram(np.repeat(xy, 1, axis=0), patches, sites=[f"s{k}" for k in site])
    assert found.lags_m.max() < 1_000


def test_the_same_seed_gives_the_same_range() -> None:
    xy = plots(1_700, 6)  # more than are taken
    values = field(xy, 1_500, 6)
    one, again = (variogram(xy, values, random_state=3) for _ in range(2))
    assert one.range_m == again.range_m and one.pairs.sum() == again.pairs.sum()
    # The unit of the variable does not matter.
    assert variogram(xy, 40 * values - 7, random_state=3).range_m == pytest.approx(one.range_m, rel=1e-3)


def test_floristic_variables_of_sparse_and_dense_tables_agree() -> None:
    random = np.random.default_rng(2)
    cover = np.where(random.uniform(size=(60, 30)) < 0.3, random.uniform(1, 80, (60, 30)), 0.0)
    dense, names = floristic_variables(cover, cover[:, :4] > 0)
    sparsely, _ = floristic_variables(sparse.csr_array(cover), cover[:, :4] > 0)
    assert names == ["floristic axis 1", "floristic axis 2", "floristic axis 3", "richness"]
    assert np.allclose(dense, sparsely)
    assert (dense[:, 3] == (cover > 0).sum(axis=1)).all()
    hellinger = np.sqrt(cover / cover.sum(axis=1, keepdims=True))
    values = np.linalg.svd(hellinger - hellinger.mean(axis=0), compute_uv=False)[:3]
    assert np.sqrt(np.square(dense[:, :3]).sum(axis=0)) == pytest.approx(values)
