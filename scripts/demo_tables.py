"""What the demo prints of ``metrics.json``: tables of scores, pooled and within sites, and what is left out and why.

Standard library only. ``docs/metrics.md`` says what stands in the file.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

COLUMNS = (
    "adapted", "botaclip", "supervised", "raw", "shuffled", "environment_only", "location_only", "prevalence",
)  # fmt: skip
METRICS = (
    ("tss_at_train_threshold", "TSS"),
    ("auc", "AUC"),
    ("auc_background", "AUC (background)"),
    ("auprc", "AUPRC"),
    ("brier", "Brier"),
    ("truth_correlation", "truth r"),
)
INTERVALS = "Intervals are over {}."
NOT_INDEPENDENT = "Species of the same plots are not independent of each other: the intervals are too narrow."
# Why a species is left out. They are not told one by one: real tables have hundreds.
_COUNTED = re.compile(r"\d+ presences?, fewer than (\d+)")
_OF_SPECIES = ("not asked for", "present in every plot", "no score:")


def table(summary: Mapping[str, Any]) -> str:
    """Return the headline: the median over species of every column, and its paired difference to ``raw``."""
    known = [(key, title) for key, title in METRICS if any(key in summary.get(column, {}) for column in COLUMNS)]
    if not known:
        return "no score could be computed"
    first = known[0]
    rows = [["", *(title for _, title in known), f"{first[1]} against raw (95 % interval)"]]
    for column in [*COLUMNS, *(name for name in summary if name not in COLUMNS)]:
        if column not in summary:
            continue
        scores = summary[column]
        cells = [number((scores.get(key) or {}).get("median")) for key, _ in known]
        difference = (scores.get(first[0]) or {}).get("difference_to_raw") or {}
        against = ""
        if column != "raw" and difference.get("median") is not None:
            against = number(difference["median"], sign=True)
            low, high = number(difference.get("low"), sign=True), number(difference.get("high"), sign=True)
            if "-" not in (low, high):
                against += f" ({low} to {high})"
        rows.append([column, *cells, against])
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = ("  ".join(map(str.ljust, row, widths)).rstrip() for row in rows)
    return "\n".join(lines)


def number(value: float | None, *, sign: bool = False) -> str:
    """Return a score with three digits; a dash where there is none."""
    if value is None or not math.isfinite(value):
        return "-"
    return f"{value:+.3f}" if sign else f"{value:.3f}"


def scores(metrics: Mapping[str, Any]) -> str:
    """Return all tables: pooled, and within sites where there are several sites."""
    targets = metrics.get("targets") or {}
    data = metrics.get("data") or {}
    head = f"Median over {len(targets)} species, spatial folds"
    if data.get("n_plots"):
        head += f", {data['n_plots']} plots"
    parts = [f"{head}:\n\n{table(metrics['summary'])}\n\n{INTERVALS.format('species')} {NOT_INDEPENDENT}"]
    within = metrics.get("summary_within_site")
    if within:
        pairs = metrics.get("targets_within_site") or {}
        sites = list(dict.fromkeys(site for by_site in pairs.values() for site in by_site))
        count = sum(len(by_site) for by_site in pairs.values())
        parts.append(
            f"Within sites, from the same held-out predictions, median over {count} pairs of a species and a site "
            f"({', '.join(sites)}):\n\n{table(within)}\n\n{_intervals(metrics)}\n"
            f"The pooled scores above {'mostly' if data.get('sites_far_apart') else 'may only'} say how well sites are "
            "told apart; these say what is told within one."
        )
    return "\n\n".join(parts)


def _intervals(metrics: Mapping[str, Any]) -> str:
    reason = (metrics.get("omitted") or {}).get("intervals within sites")
    return f"Intervals are left out: {reason}." if reason else INTERVALS.format("these pairs")


def findings(metrics: Mapping[str, Any]) -> str:
    """Return what follows from the scores, a line each."""
    return "\n".join(str(said) for said in metrics.get("findings") or [])


def left_out(metrics: Mapping[str, Any]) -> str:
    """Return everything that is not given, by name and reason; species and plots are counted by reason."""
    scores_and_parts: dict[str, str] = {}
    species: dict[str, list[str]] = {}
    for name, reason in (metrics.get("omitted") or {}).items():
        if is_species(str(reason)):
            species.setdefault(_without_count(str(reason)), []).append(str(name))
        else:
            scores_and_parts[str(name)] = str(reason)
    lines = [f"  {name}: {reason}" for name, reason in scores_and_parts.items()]
    for reason, names in sorted(species.items(), key=lambda item: -len(item[1])):
        lines.append(f"  {_some(names, 'species')}: {reason}")
    plots: dict[str, list[str]] = {}
    for one in metrics.get("dropped") or []:
        plots.setdefault(str(one["reason"]), []).append(str(one["plot"]))
    for reason, names in sorted(plots.items(), key=lambda item: -len(item[1])):
        lines.append(f"  {_some(names, 'plots' if len(names) > 1 else 'plot')}: {reason}")
    return "Left out, and why:\n" + "\n".join(lines) if lines else ""


def is_species(reason: str) -> bool:
    """Whether a reason is one that species are left out for; scores and columns have others."""
    return bool(_COUNTED.match(reason)) or reason.startswith(_OF_SPECIES)


def _without_count(reason: str) -> str:
    """Return a reason without its own count: ``3 presences, fewer than 5`` is told once for all counts."""
    counted = _COUNTED.match(reason)
    return f"fewer than {counted[1]} presences" if counted else reason


def _some(names: list[str], what: str) -> str:
    shown = ", ".join(names[:3])
    return f"{len(names)} {what} ({shown}{', …' if len(names) > 3 else ''})"
