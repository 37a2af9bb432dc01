"""The result of a training in a few lines of text, for the command line and the log."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from botaclip.training.findings import findings
from botaclip.training.report_words import INTERVALS_WITHIN, NOT_INDEPENDENT, PROTOCOLS, site_recognition
from botaclip.training.truth_maps import MAPS


def headline(metrics: Mapping[str, Any]) -> list[str]:
    """Return the tables of columns, pooled and within sites, and what follows from them, as lines of text."""
    splits = metrics.get("splits") or {}
    # What is not spatial is marked wherever it is shown.
    lines = []
    if splits.get("spatial") is False:
        lines.append(f"Scores on {splits['words']}: too good for places without plots.")
    lines += _table(metrics["summary"], over="species", with_folds=True)
    if splits.get("spatial"):
        lines.append(f"Tested on {splits['words']}.")
    if protocol := PROTOCOLS.get(str(metrics.get("protocol") or "")):
        lines.append(protocol)
    lines.append(NOT_INDEPENDENT)
    within = metrics.get("summary_within_site") or {}
    if within:
        pairs = sum(len(by_site) for by_site in metrics["targets_within_site"].values())
        sites = list(dict.fromkeys(site for by_site in metrics["targets_within_site"].values() for site in by_site))
        lines += ["", f"Within sites, {pairs} pairs of a species and a site ({', '.join(sites)}):"]
        lines += _table(within, over="pairs", with_folds=False)
        if reason := metrics.get("omitted", {}).get(INTERVALS_WITHIN):
            lines.append(f"Intervals within sites are left out: {reason}.")
        lines.append(site_recognition(metrics))
    elif reason := metrics.get("omitted", {}).get("summary_within_site"):
        lines.append(f"Scores within sites are left out: {reason}.")
    if maps := metrics.get("maps"):
        raw, adapted = (_number(maps[name]["median_truth_correlation"]) for name in MAPS)
        difference = maps["difference"]
        lines.append(
            f"Maps against the truth at {maps['places']} places clear of the plots: median r raw {raw}, "
            f"adapted {adapted}, difference {difference['median']:+.3f} "
            f"[{difference['low']:+.3f}, {difference['high']:+.3f}]."
        )
    else:
        left_out = metrics.get("omitted", {})
        if "truth_correlation" in left_out:
            lines.append(f"Correlation with the truth and maps are left out: {left_out['truth_correlation']}.")
    lines += promises(metrics)
    lines += findings(metrics)
    lines.append(metrics["alignment"]["reason"])
    return lines


def promises(metrics: Mapping[str, Any]) -> list[str]:
    """Return what lists of species and intervals of richness held on folds that did not enter into them."""
    lines = []
    lists = metrics.get("lists") or {}
    whole = (lists.get("coverage") or {}).get("all") or {}
    if whole.get("share") is not None:
        beside = ((lists.get("coverage_of_prevalence") or {}).get("all") or {}).get("length")
        also = "" if beside is None else f" ({beside:.1f} by prevalence alone)"
        lines.append(
            f"Lists that are to hold {lists['share']:.0%} of the species present held {whole['share']:.1%} "
            f"[{whole['low']:.1%}, {whole['high']:.1%}] on held-out folds, with {whole['length']:.1f} species a "
            f"list{also}."
        )
    richness = metrics.get("richness") or {}
    if richness.get("coverage") is not None:
        lines.append(
            f"Intervals of richness that are to hold {richness['share']:.0%} of plots held "
            f"{richness['coverage']:.1%}; the "
            f"expected number of species is off by {richness['mean_error']:.1f} on average."
        )
    return lines


def _table(summary: Mapping[str, Any], *, over: str, with_folds: bool) -> list[str]:
    folds = f"{'fold mean':>11}" if with_folds else ""
    blocks = any(
        _blocks(entry.get("difference_to_raw")) for scores in summary.values() for entry in scores.values()
    )
    lines = [
        f"{'column':<17}{'TSS':>8}{folds}{'AUC':>8}   difference of TSS to raw [95 % interval over {over}]"
        f"{' [over blocks]' if blocks else ''}"
    ]
    for column, scores in summary.items():
        tss = scores.get("tss_at_train_threshold", {})
        auc = scores.get("auc", scores.get("auc_background", {}))
        difference = tss.get("difference_to_raw")
        words = ""
        if difference and difference["median"] is not None:
            words = f"{difference['median']:+.3f}"
            if None not in (difference["low"], difference["high"]):
                words += f" [{difference['low']:+.3f}, {difference['high']:+.3f}]"
            words += _blocks(difference)
        folds = f"{_number(tss.get('fold_mean')):>11}" if with_folds else ""
        lines.append(f"{column:<17}{_number(tss.get('median')):>8}{folds}{_number(auc.get('median')):>8}   {words}")
    return lines


def _blocks(difference: Mapping[str, Any] | None) -> str:
    """Return the interval over blocks in words; ``""`` where there is none."""
    found = (difference or {}).get("over_blocks") or {}
    low, high = found.get("low"), found.get("high")
    return "" if low is None or high is None else f" [{low:+.3f}, {high:+.3f}]"


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"
