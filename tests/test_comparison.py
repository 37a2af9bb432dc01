"""The paper's table, against numbers that were computed elsewhere."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from scipy.stats import wilcoxon

from botaclip.training.comparison import TaskComparison, _cautions, bootstrap, compare, comparison_lines, ordered

# Hamilton depression scores of nine patients before and after: the example of R's wilcox.test (Hollander & Wolfe 1973,
# p. 29), which prints V = 40 and p = 0.01953 one-sided.
BEFORE = np.array([1.83, 0.50, 1.62, 2.48, 1.68, 1.88, 1.55, 3.06, 1.30])
AFTER = np.array([0.878, 0.647, 0.598, 2.05, 1.06, 1.29, 1.06, 3.14, 1.29])


def task(name: str, botaclip: np.ndarray, supervised: np.ndarray, raw: np.ndarray | None = None, **rest: object):
    raw = supervised if raw is None else raw
    values = {"raw": raw, "location_only": raw * 0, "botaclip": botaclip, "supervised": supervised}
    given = {"draws": {}, "n_plots": 500, "n_blocks": 20} | rest
    return TaskComparison(name, "tss_at_train_threshold", tuple(f"t{i}" for i in range(len(raw))), values, **given)


def pair(*tasks: TaskComparison, which: int = 0) -> dict:
    return compare(tasks)[tasks[which].name]["botaclip_to_supervised"]


def test_it_is_rs_wilcoxon() -> None:
    found = pair(task("plants", BEFORE, AFTER))
    assert found["p"] == pytest.approx(2 * 0.01953125)  # R: 0.01953 one-sided, exact
    assert found["rank_biserial"] == pytest.approx((40 - 5) / 45)  # V = 40 of 45
    assert found["n"] == 9
    assert found["median"] == pytest.approx(0.49)


def test_a_small_sample_is_exact() -> None:
    """Counted by hand: of all 2^8 signs of the ranks, the share whose smaller rank sum is at most 3."""
    gaps = np.array([1, 2, -3, 4, 5, 6, 7, 8]) / 100
    sums = [sum(r for r, plus in zip(range(1, 9), signs, strict=True) if plus)
            for signs in itertools.product((0, 1), repeat=8)]  # fmt: skip
    expected = sum(min(total, 36 - total) <= 3 for total in sums) / 2**8
    assert expected == 10 / 256
    found = pair(task("plants", 0.3 + gaps, np.full(8, 0.3)))
    assert found["p"] == pytest.approx(expected)
    assert found["rank_biserial"] == pytest.approx((33 - 3) / 36)


def test_the_published_soil_test_is_that_of_51_groups() -> None:
    """p = 0.0358 with r = 0.34 (arXiv 2511.21194 v2) is what T+ = 887 of 1,326 gives, by the normal approximation."""
    ranks, positive, left = np.arange(1, 52), np.zeros(51, bool), 887
    for rank in ranks[::-1]:
        if rank <= left:
            positive[rank - 1], left = True, left - rank
    assert left == 0
    gaps = np.where(positive, ranks, -ranks) / 1000
    found = pair(task("soil", 0.48 + gaps, np.full(51, 0.48)))
    assert round(found["p"], 4) == 0.0357 or round(found["p"], 4) == 0.0358
    assert round(found["rank_biserial"], 2) == 0.34
    z = (887 - 51 * 52 / 4) / math.sqrt(51 * 52 * 103 / 24)
    assert found["p"] == pytest.approx(math.erfc(z / math.sqrt(2)))
    assert found["p"] == pytest.approx(wilcoxon(gaps, method="asymptotic", correction=False).pvalue)


def test_p_values_are_adjusted_over_tasks() -> None:
    """Holm by hand: sorted 10/256 x 3, 0.0390625 x 2 -> not below the one before, 0.25 x 1."""
    eight = np.array([1, 2, -3, 4, 5, 6, 7, 8]) / 100
    few = np.array([0.01, 0.02, 0.03])  # p = 2 / 8
    tasks = [task("plants", 0.3 + eight, np.full(8, 0.3)), task("butterflies", BEFORE, AFTER),
             task("soil", 0.3 + few, np.full(3, 0.3))]  # fmt: skip
    adjusted = [pair(*tasks, which=i)["p_holm"] for i in range(3)]
    assert adjusted == pytest.approx([3 * 10 / 256, 3 * 10 / 256, 0.25])


def test_medians_and_differences_to_raw_are_paired_by_target() -> None:
    """The medians are the same, every target but one is better; a target without a score in one column is no pair."""
    raw = np.array([0.1, 0.2, 0.3, 0.4, 0.5])
    botaclip = np.array([0.25, 0.3, 0.31, np.nan, 0.1])
    entry = compare([task("plants", botaclip, raw, raw)])["plants"]
    assert entry["columns"]["botaclip"]["median"] == pytest.approx(0.275)
    assert entry["columns"]["botaclip"]["n"] == 4
    assert entry["columns"]["raw"]["median"] == pytest.approx(0.3)
    difference = entry["columns"]["botaclip"]["difference_to_raw"]
    assert difference["n"] == 4 and difference["median"] == pytest.approx(0.055)
    assert "difference_to_raw" not in entry["columns"]["raw"]


def test_blocks_are_drawn_whole() -> None:
    """With two blocks, a draw is one of them twice or both: its mean is one of three numbers."""
    blocks = np.array([0, 0, 0, 1, 1, -1])
    y = np.array([1.0, 1.0, 1.0, 3.0, 3.0, 100.0])
    found = bootstrap({"raw": lambda rows: y[rows][None].mean(axis=1)}, blocks, draws=400)["raw"]
    assert found.shape == (400, 1)
    values, counts = np.unique(found.round(6), return_counts=True)
    assert values.tolist() == [1.0, 1.8, 3.0]
    assert counts / 400 == pytest.approx([0.25, 0.5, 0.25], abs=0.08)
    assert bootstrap({"raw": lambda rows: y[rows]}, np.zeros(6, int)) == {}


def test_the_interval_is_that_of_the_draws() -> None:
    draws = {"botaclip": np.linspace(0, 1, 101)[:, None] + np.zeros(3), "supervised": np.full((101, 3), 0.5)}
    found = pair(task("plants", BEFORE[:3], AFTER[:3], draws=draws))
    assert found["low"] == pytest.approx(-0.475) and found["high"] == pytest.approx(0.475)


def test_it_says_what_cannot_be_concluded() -> None:
    few = task("plants", BEFORE[:4], AFTER[:4], n_plots=48, n_blocks=4)
    text = " ".join(compare([few])["plants"]["cautions"])
    assert "4 targets: no test of botaclip against supervised can find a difference" in text
    assert "4 blocks" in text and "48 plots" in text
    wide = {"botaclip": np.array([[0.1], [0.9]]), "supervised": np.array([[0.5], [0.5]])}
    text = " ".join(compare([task("plants", BEFORE, AFTER, draws=wide)])["plants"]["cautions"])
    assert "holds zero" in text
    sure = {"botaclip": np.array([[0.8], [0.9]]), "supervised": np.array([[0.5], [0.5]])}
    assert compare([task("plants", BEFORE, AFTER, draws=sure)])["plants"]["cautions"] == []


def test_the_papers_columns_come_first() -> None:
    columns = dict.fromkeys(["prevalence", "joint", "botaclip", "raw", "contrastive", "supervised"])
    assert ordered(columns) == ["raw", "supervised", "contrastive", "botaclip", "prevalence", "joint"]


def test_the_table_in_words() -> None:
    draws = {name: np.array([[v], [v + 0.1]]) for name, v in (("raw", 0.0), ("botaclip", 0.5), ("supervised", 0.2))}
    lines = comparison_lines(compare([task("plants", BEFORE, AFTER, draws=draws)]))
    assert "plants: TSS at the training threshold, protocol strict, 9 targets, 500 plots in 20 blocks" in lines
    assert any(line.startswith("botaclip            1.680    9   +0.490 [+0.500, +0.500]") for line in lines)
    last = next(line for line in lines if line.startswith("botaclip - supervised"))
    assert last == (
        "botaclip - supervised: +0.490 [+0.300, +0.300], p = 0.0391 (Wilcoxon), 0.0391 (Holm over tasks), "
        "rank-biserial +0.78, n = 9"
    )
    assert [line.split()[0] for line in lines[3:7]] == ["raw", "supervised", "botaclip", "location_only"]


def test_the_test_learns_from_targets_that_differ() -> None:
    """Nine targets of which five tie: four differences are too few, whatever n says."""
    raw = np.full(9, 0.3)
    entry = compare([task("plants", raw + np.array([1, 2, 3, 4, 0, 0, 0, 0, 1e-14]) / 10, raw)])["plants"]
    assert entry["botaclip_to_supervised"]["n"] == 9 and entry["botaclip_to_supervised"]["n_nonzero"] == 4
    assert entry["cautions"][0].startswith("4 targets with a difference, of 9: no test of botaclip")
    six = compare([task("plants", raw + np.array([1, 2, 3, 4, 5, 6, 0, 0, 0]) / 10, raw)])["plants"]
    assert not any("no test" in line for line in six["cautions"])


@pytest.mark.parametrize(("plots", "said"), [(199, True), (200, False)])
def test_fewer_than_200_plots_are_few(plots: int, said: bool) -> None:
    cautions = compare([task("plants", BEFORE, AFTER, n_plots=plots)])["plants"]["cautions"]
    assert any(f"{plots} plots were scored" in line for line in cautions) is said


@pytest.mark.parametrize(
    ("p", "adjusted", "said"),
    [(0.049, 0.051, True), (0.049, 0.05, True), (0.051, 0.2, False), (0.05, 0.2, False), (0.01, 0.049, False)],
)
def test_a_p_value_that_the_adjustment_takes_away_is_told(p: float, adjusted: float, said: bool) -> None:
    pair = {"n": 9, "n_nonzero": 9, "low": 0.1, "high": 0.2, "p": p, "p_holm": adjusted}
    cautions = _cautions({"botaclip_to_supervised": pair, "n_blocks": 20, "n_plots": 500})
    assert any("only before it is adjusted" in line for line in cautions) is said


def test_five_hundred_draws_where_nothing_else_is_said() -> None:
    assert bootstrap({"raw": lambda rows: np.zeros(1)}, np.arange(3))["raw"].shape == (500, 1)


@pytest.mark.parametrize("protocol", ["strict", "paper"])
def test_the_protocol_stands_in_every_table(protocol: str) -> None:
    found = compare([task("plants", BEFORE, AFTER), task("soil", BEFORE, AFTER)], protocol)
    assert [entry["protocol"] for entry in found.values()] == [protocol, protocol]
    assert sum(f", protocol {protocol}, 9 targets" in line for line in comparison_lines(found)) == 2
