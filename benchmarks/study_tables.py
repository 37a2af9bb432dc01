"""From the results of a study to Markdown: every column, paired differences, intervals, tests and effect sizes.

A study's units (one landscape of one size, one reading of a data set) hold
``unit["tasks"][task]["targets"][target][column][metric]``. Targets of one unit are not independent, so intervals are
over units (Student's t on the median paired difference of each) where there are several, and by bootstrap over spatial
blocks where the unit brings them (``unit["tasks"][task]["intervals"]["a - b"][metric]``). Wilcoxon's p and the
matched-pairs rank-biserial are over targets, as the paper prints them, and say so.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

from checkout import register

register()

import numpy as np  # noqa: E402
from numpy.typing import NDArray  # noqa: E402
from scipy import stats  # noqa: E402

from botaclip.training.statistics import holm, paired_difference  # noqa: E402

Unit = Mapping[str, Any]
Floats = NDArray[np.float64]

COMPARISONS = (
    ("botaclip", "supervised"), ("botaclip", "shuffled"), ("contrastive", "supervised"), ("joint", "supervised"),
    ("adapted", "raw"), ("adapted", "raw_whitened"), ("adapted", "shuffled"), ("adapted", "canonical"),
    ("adapted", "location_only"),
)  # fmt: skip
WORDS = {
    "tss_at_train_threshold": "TSS", "tss_at_train_threshold_fold_mean": "fold-mean TSS", "auc": "AUC",
    "auc_fold_mean": "fold-mean AUC", "brier": "Brier", "truth_correlation": "truth r", "spearman": "Spearman",
    "spearman_fold_mean": "fold-mean Spearman", "boyce": "Boyce", "mae": "MAE", "truth_spearman": "truth Spearman",
    "tss_max": "largest TSS", "auprc": "AUPRC", "sensitivity": "sensitivity", "f1": "F1", "boyce_index": "Boyce",
}  # fmt: skip
# Which metrics a table shows, and which of them have paired differences, by kind of task.
SHOWN = {
    "presence": ("tss_at_train_threshold", "auc", "truth_correlation", "boyce", "brier"),
    "presence-only": ("tss_at_train_threshold", "auc", "truth_correlation", "boyce"),
    "abundance": ("spearman", "mae", "truth_spearman"),
}
LEADING = {
    "presence": ("tss_at_train_threshold", "auc", "truth_correlation"),
    "presence-only": ("boyce", "auc", "truth_correlation"),
    "abundance": ("spearman", "truth_spearman"),
}
# What a file of results has to keep.
KEPT = frozenset(metric for shown in (*SHOWN.values(), *LEADING.values()) for metric in shown)
FEWEST_PAIRS = 10


@dataclasses.dataclass(frozen=True)
class Difference:
    """Column ``a`` minus column ``b``.

    Parameters
    ----------
    mean
        Mean over units of the median paired difference over targets (of the mean, where the task says so).
    low, high
        Its 95 % interval; NaN where there is none.
    better
        In how many of ``units`` it is above zero.
    units
        Number of units.
    p
        Wilcoxon signed-rank over the targets of all units; NaN below 10 pairs.
    rank_biserial
        Favourable less unfavourable share of ranks over the same pairs.
    n
        Number of pairs.
    """

    mean: float
    low: float
    high: float
    better: int
    units: int
    p: float
    rank_biserial: float
    n: int

    @property
    def words(self) -> str:
        """The difference with its interval."""
        if not np.isfinite(self.mean):
            return "–"
        if not np.isfinite(self.low):
            return f"{self.mean:+.4f}"
        return f"{self.mean:+.4f} [{self.low:+.4f}, {self.high:+.4f}]"


def values(unit: Unit, task: str, column: str, metric: str) -> Floats:
    """Return one metric of one column over the targets of a unit; NaN where it has none."""
    targets = unit["tasks"][task]["targets"].values()
    found = (columns.get(column, {}).get(metric) for columns in targets)
    return np.array([np.nan if value is None else value for value in found], dtype=float)


def median(numbers: Floats) -> float:
    """Return the median of what is known; NaN of nothing."""
    known = numbers[np.isfinite(numbers)]
    return float(np.median(known)) if known.size else float("nan")


def mean(numbers: Floats) -> float:
    """Return the mean of what is known; NaN of nothing."""
    known = numbers[np.isfinite(numbers)]
    return float(known.mean()) if known.size else float("nan")


def interval(numbers: Floats, level: float = 0.95) -> tuple[float, float]:
    """Return Student's interval of the mean; NaN for fewer than three numbers, which say nothing of their spread."""
    known = numbers[np.isfinite(numbers)]
    if known.size < 3:
        return float("nan"), float("nan")
    half = float(stats.t.ppf((1 + level) / 2, known.size - 1) * known.std(ddof=1) / np.sqrt(known.size))
    return float(known.mean()) - half, float(known.mean()) + half


def difference(units: Sequence[Unit], task: str, metric: str, a: str, b: str) -> Difference:
    """Compare two columns of a task, paired by target."""
    pairs = [values(unit, task, a, metric) - values(unit, task, b, metric) for unit in units]
    centre = mean if units[0]["tasks"][task].get("statistic") == "mean" else median
    each = np.array([centre(pair) for pair in pairs])
    known = each[np.isfinite(each)]
    low, high = interval(each)
    kept = units[0]["tasks"][task].get("intervals", {}).get(f"{a} - {b}", {}).get(metric) if len(units) == 1 else None
    if kept:
        low, high = (float("nan") if end is None else float(end) for end in kept)
    pooled = np.concatenate(pairs)
    paired = paired_difference(pooled, np.zeros_like(pooled), n_boot=1)
    n = int(paired["n"])
    return Difference(
        mean=float(known.mean()) if known.size else float("nan"), low=low, high=high, better=int((known > 0).sum()),
        units=int(known.size), p=paired["p"] if n >= FEWEST_PAIRS else float("nan"),
        rank_biserial=paired["rank_biserial"], n=n,
    )


def columns_of(units: Sequence[Unit], task: str) -> list[str]:
    """Return the columns that any target of a task has, in the order of the first that has most."""
    found = [list(columns) for unit in units for columns in unit["tasks"][task]["targets"].values()]
    longest = max(found, key=len, default=[])
    return longest + sorted({column for columns in found for column in columns} - set(longest))


def _metrics(units: Sequence[Unit], task: str, wanted: Sequence[str]) -> list[str]:
    columns = columns_of(units, task)
    return [
        metric for metric in wanted
        if any(np.isfinite(values(unit, task, column, metric)).any() for unit in units for column in columns)
    ]  # fmt: skip


def score_table(units: Sequence[Unit], task: str, *, reference: str = "raw") -> list[str]:
    """Return the lines of a table: a row for every column, its scores and its paired differences to ``reference``."""
    kind = units[0]["tasks"][task]["kind"]
    shown, leading = _metrics(units, task, SHOWN[kind]), _metrics(units, task, LEADING[kind])
    if not shown:
        return ["Nothing could be scored.", ""]
    head = ["column", *(WORDS[m] for m in shown)]
    for metric in leading:
        head += [f"{WORDS[metric]} less `{reference}`", "p", "r"]
    lines = [f"| {' | '.join(head)} |", "|" + "---|" * len(head)]
    for column in columns_of(units, task):
        cells = [f"`{column}`"]
        for metric in shown:
            each = np.array([median(values(unit, task, column, metric)) for unit in units])
            known = each[np.isfinite(each)]
            cells.append(f"{known.mean():.3f}" if known.size else "–")
        for metric in leading:
            if column == reference:
                cells += ["", "", ""]
                continue
            found = difference(units, task, metric, column, reference)
            cells += [_with_units(found), _p(found.p), _r(found)]
        lines.append(f"| {' | '.join(cells)} |")
    n = [sum(1 for _ in unit["tasks"][task]["targets"]) for unit in units]
    return [*lines, "", f"n: {_span(n)} targets in {len(units)} {'unit' if len(units) == 1 else 'units'}.", ""]


def comparison_table(
    units: Sequence[Unit], tasks: Sequence[str], *, comparisons: Sequence[tuple[str, str]] = COMPARISONS
) -> list[str]:
    """Return the lines of a table of differences between columns, all tasks; p is adjusted over tasks (Holm)."""
    lines = [
        "| comparison | task | metric | difference | better in | p | p (Holm over tasks) | rank-biserial | n |",
        "|" + "---|" * 9,
    ]
    for a, b in comparisons:
        rows = []
        for task in tasks:
            here = [unit for unit in units if task in unit["tasks"]]
            columns = columns_of(here, task) if here else []
            if a not in columns or b not in columns:
                continue
            leading = _metrics(here, task, LEADING[here[0]["tasks"][task]["kind"]])[:1]
            rows += [(task, metric, difference(here, task, metric, a, b)) for metric in leading]
        adjusted = holm([found.p for _, _, found in rows])
        for (task, metric, found), p in zip(rows, adjusted, strict=True):
            better = f"{found.better}/{found.units}"
            cells = [f"`{a}` - `{b}`", task, WORDS[metric], found.words, better, _p(found.p), _p(float(p))]
            lines.append(f"| {' | '.join(cells)} | {_r(found)} | {found.n} |")
    return [*lines, ""]


def picked(units: Sequence[Unit]) -> str:
    """Return in words what the column ``adapted`` settled on, counted over all folds."""
    names = [str(choice).split(",")[0] for unit in units for choice in unit.get("picked", ())]
    counts = {name: names.count(name) for name in sorted(set(names))}
    return "What `auto` picked over all folds: " + ", ".join(f"{k} {v}" for k, v in counts.items()) + "."


def cost_table(rows: Mapping[str, Sequence[Unit]]) -> list[str]:
    """Return the lines of a table of seconds and memory, a row for every group of units."""
    lines = ["| | units | data, s | fitting, s | CPU, s | peak memory, MiB |", "|---|---|---|---|---|---|"]
    for name, units in rows.items():
        cells = [str(len(units))]
        for key in ("data_seconds", "seconds", "cpu_seconds", "peak_mib"):
            numbers = [unit[key] for unit in units if unit.get(key) is not None]
            cells.append(f"{np.mean(numbers):.0f}" if numbers else "–")
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return [*lines, ""]


def _with_units(found: Difference) -> str:
    return found.words if found.units < 2 else f"{found.words} {found.better}/{found.units}"


def _p(p: float) -> str:
    return "–" if not np.isfinite(p) else ("< 0.001" if p < 0.001 else f"{p:.3f}")


def _r(found: Difference) -> str:
    return f"{found.rank_biserial:+.2f}" if np.isfinite(found.rank_biserial) else "–"


def _span(numbers: Sequence[int]) -> str:
    return str(min(numbers)) if min(numbers) == max(numbers) else f"{min(numbers)} to {max(numbers)}"
