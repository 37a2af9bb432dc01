"""The paper's table: is ``botaclip`` better than ``supervised``, and is any column better than ``raw``.

Per task and column the median over targets of the headline metric; differences are paired by target, because medians
of two columns can differ while hardly any target does. As the paper prints them: Wilcoxon signed-rank p, two-sided
and adjusted over tasks (Holm 1979), and the matched-pairs rank-biserial correlation (Kerby 2014,
doi:10.2466/11.IT.3.1). What the paper lacks: an interval by bootstrap over spatial blocks of plots, because targets
that share plots are no independent witnesses. n stands beside everything.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from botaclip.training.statistics import holm, paired_difference

Floats = NDArray[np.float64]
Index = NDArray[np.integer]
# Rows of plots in, the score of every target out.
Score = Callable[[Index], Floats]

# First what the paper compares, then what could explain it away.
PAPER_COLUMNS = ("raw", "supervised", "contrastive", "botaclip")
METHOD, RIVAL, BASELINE = "botaclip", "supervised", "raw"
# Fewer draws leave the ends of an interval to chance; more cost time for the third digit.
DRAWS = 500
# Below these, what is printed is a description of these plots, not evidence about others.
FEWEST_TARGETS, FEWEST_BLOCKS, FEWEST_PLOTS = 6, 10, 200
LEVEL = 0.05
# As in the test: differences in the last bits are ties.
_DIGITS = 12


@dataclasses.dataclass(frozen=True)
class TaskComparison:
    """Scores of one task under every column, and of the same plots drawn anew by blocks.

    Parameters
    ----------
    name
        Name of the task, with its downstream model.
    metric
        The headline metric; more is better.
    targets
        Names (T,).
    values
        Score of each target (T,) by column, NaN where it has none.
    draws
        The same (B, T) by column for plots drawn anew, the same draws in every column; empty without.
    n_plots, n_blocks
        How many plots were scored, and how many blocks were drawn from.
    """

    name: str
    metric: str
    targets: tuple[str, ...]
    values: Mapping[str, Floats]
    draws: Mapping[str, Floats]
    n_plots: int
    n_blocks: int


def bootstrap(
    scores: Mapping[str, Score], blocks: NDArray[np.integer], *, draws: int = DRAWS, random_state: int = 1
) -> dict[str, Floats]:
    """Score plots that are drawn anew by whole blocks, with replacement.

    Parameters
    ----------
    scores
        By column, what returns the scores (T,) of rows of plots.
    blocks
        Number of the block of each plot (N,), negative for plots that are not scored.
    draws
        Number of draws B.
    random_state
        Seed.

    Returns
    -------
    draws
        (B, T) by column; empty with fewer than two blocks, from which nothing can be drawn.
    """
    rows = [np.flatnonzero(blocks == name) for name in np.unique(blocks[blocks >= 0])]
    if len(rows) < 2:
        return {}
    rng = np.random.default_rng(random_state)
    drawn = [np.concatenate([rows[i] for i in rng.integers(len(rows), size=len(rows))]) for _ in range(draws)]
    return {column: np.array([score(some) for some in drawn]) for column, score in scores.items()}


def compare(tasks: Sequence[TaskComparison], protocol: str = "strict") -> dict[str, Any]:
    """Return the table of every task, as it stands in ``metrics.json``; ``protocol`` is said in each.

    Returns
    -------
    comparison
        ``comparison[task]`` has ``protocol``, ``metric``, ``n_targets``, ``n_plots``, ``n_blocks``; ``columns[column]``
        with ``median``, ``n`` and ``difference_to_raw``; ``botaclip_to_supervised``, with ``p_holm`` beside;
        and ``cautions``, sentences on what cannot be concluded. A difference has ``median``, ``low``, ``high`` (95 %,
        over blocks), ``p``, ``rank_biserial``, ``n`` and ``n_nonzero``, of which the test alone learns something.
    """
    found = {task.name: {"protocol": protocol} | _compared(task) for task in tasks}
    tested = [name for name, entry in found.items() if "botaclip_to_supervised" in entry]
    adjusted = holm([found[name]["botaclip_to_supervised"]["p"] for name in tested])
    for name, p in zip(tested, adjusted, strict=True):
        found[name]["botaclip_to_supervised"]["p_holm"] = float(p)
    for entry in found.values():
        entry["cautions"] = _cautions(entry)
    return found


def _compared(task: TaskComparison) -> dict[str, Any]:
    columns: dict[str, Any] = {}
    for column in ordered(task.values):
        values = task.values[column]
        known = np.isfinite(values)
        columns[column] = {
            "median": float(np.median(values[known])) if known.any() else float("nan"), "n": int(known.sum()),
        }  # fmt: skip
        if column != BASELINE and BASELINE in task.values:
            columns[column]["difference_to_raw"] = difference(task, column, BASELINE)
    entry: dict[str, Any] = {
        "metric": task.metric, "n_targets": len(task.targets), "n_plots": task.n_plots, "n_blocks": task.n_blocks,
        "columns": columns,
    }  # fmt: skip
    if METHOD in task.values and RIVAL in task.values:
        entry["botaclip_to_supervised"] = difference(task, METHOD, RIVAL)
    return entry


def difference(task: TaskComparison, first: str, second: str) -> dict[str, float]:
    """Return how much better column ``first`` is than ``second`` over the targets that both have a score for."""
    found = paired_difference(task.values[first], task.values[second], n_boot=2)
    gap = np.round(np.asarray(task.values[first]) - np.asarray(task.values[second]), _DIGITS)
    found |= {"low": float("nan"), "high": float("nan"), "n_nonzero": int((np.isfinite(gap) & (gap != 0)).sum())}
    if first in task.draws and second in task.draws and found["n"]:
        gaps = task.draws[first] - task.draws[second]
        gaps = gaps[np.isfinite(gaps).any(axis=1)]
        if len(gaps):
            low, high = np.quantile(np.nanmedian(gaps, axis=1), [0.025, 0.975])
            found |= {"low": float(low), "high": float(high)}
    return found


def ordered(columns: Mapping[str, Any]) -> list[str]:
    """Return the columns as the table shows them: those of the paper first."""
    return [name for name in PAPER_COLUMNS if name in columns] + [name for name in columns if name not in PAPER_COLUMNS]


def _cautions(entry: Mapping[str, Any]) -> list[str]:
    """Return what these numbers cannot tell, in sentences."""
    said = []
    pair = entry.get("botaclip_to_supervised")
    if pair is not None:
        n, moved = pair["n"], pair["n_nonzero"]
        if moved < FEWEST_TARGETS:
            ties = "" if moved == n else f" with a difference, of {n}"
            said.append(
                f"{_count(moved, 'target')}{ties}: no test of botaclip against supervised can find a difference at the "
                f"5 % level with fewer than {FEWEST_TARGETS}, whatever the scores."
            )
        if n and pair["low"] <= 0.0 <= pair["high"]:
            said.append(
                "The interval over blocks of botaclip less supervised holds zero: which of the two is better cannot "
                "be told from these plots."
            )
        elif n and pair["p"] < LEVEL <= pair.get("p_holm", pair["p"]):
            said.append("The p value is below 0.05 only before it is adjusted for the number of tasks.")
    if entry["n_blocks"] < FEWEST_BLOCKS:
        said.append(
            f"The plots lie in {_count(entry['n_blocks'], 'block')}: intervals over so few are too narrow, and nothing "
            "can be said of other regions."
        )
    if entry["n_plots"] < FEWEST_PLOTS:
        said.append(
            f"{_count(entry['n_plots'], 'plot')} were scored: differences of a few hundredths are within what another "
            "choice of folds would change."
        )
    return said


def _count(n: int, noun: str) -> str:
    return f"{n} {noun}" if n == 1 else f"{n} {noun}s"


def comparison_lines(comparison: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Return the tables as lines of text."""
    lines: list[str] = []
    for name, entry in comparison.items():
        lines += [
            "",
            f"{name}: {METRIC_WORDS.get(entry['metric'], entry['metric'])}, protocol {entry['protocol']}, "
            f"{_count(entry['n_targets'], 'target')}, {_count(entry['n_plots'], 'plot')} in "
            f"{_count(entry['n_blocks'], 'block')}",
            f"{'column':<17}{'median':>8}{'n':>5}   difference to raw [95 % interval over blocks]",
        ]
        for column, scores in entry["columns"].items():
            words = _difference_words(scores.get("difference_to_raw"))
            lines.append(f"{column:<17}{_number(scores['median']):>8}{scores['n']:>5}   {words}".rstrip())
        pair = entry.get("botaclip_to_supervised")
        if pair is not None:
            lines.append(
                f"botaclip - supervised: {_difference_words(pair)}, p = {_p(pair['p'])} (Wilcoxon), "
                f"{_p(pair['p_holm'])} (Holm over tasks), rank-biserial {_number(pair['rank_biserial'], '+.2f')}, "
                f"n = {pair['n']}"
            )
        lines += entry["cautions"]
    return lines


METRIC_WORDS = {
    "tss_at_train_threshold": "TSS at the training threshold",
    "tss_max_biomod2": "largest TSS over thresholds (biomod2's rule; optimistic)",
    "tss_max": "largest TSS over thresholds (exact; optimistic)",
    "auc": "AUC",
    "auc_background": "AUC against unlisted plots",
    "boyce": "continuous Boyce index",
    "spearman": "Spearman's rho",
}


def _difference_words(found: Mapping[str, Any] | None) -> str:
    if found is None or not _known(found["median"]):
        return ""
    words = f"{found['median']:+.3f}"
    if _known(found["low"]) and _known(found["high"]):
        words += f" [{found['low']:+.3f}, {found['high']:+.3f}]"
    return words


def _p(value: float | None) -> str:
    if not _known(value):
        return "-"
    assert value is not None
    return "< 0.0001" if value < 0.0001 else f"{value:.4f}"


def _known(value: float | None) -> bool:
    return value is not None and bool(np.isfinite(value))


def _number(value: float | None, form: str = ".3f") -> str:
    return format(value, form) if _known(value) else "-"
