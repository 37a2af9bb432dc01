"""The sections of the training report that are about scores."""

from __future__ import annotations

from collections.abc import Mapping

from botaclip.training import report_figures as draw
from botaclip.training.learning_curve import learning_curve_plot
from botaclip.training.report_html import (
    Cell,
    Metrics,
    escaped,
    figure_of,
    floats,
    median_of,
    metrics_of,
    middle,
    ordered,
    p_words,
    plain,
    table_of,
    value_of,
)  # fmt: skip
from botaclip.training.report_words import (
    COLUMNS,
    INTERVALS_WITHIN,
    METRICS,
    NOT_INDEPENDENT,
    PROTOCOLS,
    column_name,
    headline_metric,
    metric_name,
    number,
    presence_only,
    site_recognition,
)  # fmt: skip
from botaclip.training.statistics import holm


def pooled(metrics: Metrics) -> str | None:
    """Give every column, pooled over all held-out areas."""
    summary, metric = metrics.get("summary") or {}, headline_metric(metrics)
    if not summary or metric is None:
        return None
    protocol = PROTOCOLS.get(str(metrics.get("protocol") or ""), "")
    parts = [
        f"<p>{escaped(protocol)}</p>" if protocol else "",
        f"<p>{escaped(metric_name(metric))}: {escaped(METRICS.get(metric, ('', ''))[1])}. Every row went through the "
        "same steps, in the same held-out areas, with its species models tuned as hard.</p>",
        column_table(summary, metric),
        '<p class="note">Median over species of the score over all held-out areas together; fold mean: of the mean '
        "over areas. Difference to raw: median of the paired differences over species with its 95 % bootstrap "
        "interval; it may differ from the difference of the medians. p: two-sided Wilcoxon signed-rank test, adjusted "
        f"for the number of rows (Holm). n: species. {escaped(NOT_INDEPENDENT)} Over blocks: the same difference when "
        "whole spatial blocks of plots are drawn anew, which says how other plots might have turned out.</p>",
    ]
    others = [other for other in metrics_of(summary) if other != metric]
    if others:
        names = ordered(summary)
        rows = [
            [Cell(f"{metric_name(other)}", METRICS.get(other, ("", ""))[1])]
            + [number(median_of(summary, column, other), 3) for column in names]
            for other in [metric, *others]
        ]
        parts.append(f"<h3>All scores</h3>{table_of(['median', *map(column_name, names)], rows)}")
        tables = "".join(f"<h3>{escaped(metric_name(other))}</h3>{column_table(summary, other)}" for other in others)
        parts.append(f"<details><summary>The same table for every score</summary>{tables}</details>")
    return "".join(parts)


def column_table(summary: Metrics, metric: str) -> str:
    """Return the table of one score over columns."""
    names = [column for column in ordered(summary) if summary[column].get(metric)]
    differences = [summary[column][metric].get("difference_to_raw") or {} for column in names]
    pvalues = [value_of(d.get("p")) if column != "raw" else None for column, d in zip(names, differences, strict=True)]
    adjusted = holm([float("nan") if p is None else p for p in pvalues])
    with_folds = any("fold_mean" in summary[column][metric] for column in names)
    with_blocks = any(_over_blocks(difference) for difference in differences)
    rows = []
    for column, difference, p in zip(names, differences, adjusted, strict=True):
        entry = summary[column][metric]
        low, high = difference.get("low"), difference.get("high")
        shown = column != "raw" and difference.get("median") is not None
        rows.append([
            Cell(column_name(column), COLUMNS.get(column, ("", ""))[1]),
            number(entry.get("median"), 3),
            *([number(entry.get("fold_mean"), 3)] if with_folds else []),
            _with_interval(difference["median"], low, high) if shown else "",
            *([_over_blocks(difference) if shown else ""] if with_blocks else []),
            p_words(float(p)) if shown else "",
            str(entry.get("n_targets", "–")),
        ])  # fmt: skip
    head = ["column", "median", *(["fold mean"] if with_folds else []), "difference to raw [95 % interval]",
            *(["over blocks"] if with_blocks else []), "p", "n"]  # fmt: skip
    return table_of(head, rows, main=names.index("adapted") if "adapted" in names else None)


def _over_blocks(difference: Metrics) -> str:
    """Return the interval over spatial blocks; ``""`` where there is none."""
    found = difference.get("over_blocks") or {}
    low, high = found.get("low"), found.get("high")
    return "" if low is None or high is None else f"{number(low, 3, signed=True)} to {number(high, 3, signed=True)}"


def _with_interval(median: object, low: object, high: object) -> str:
    """Return a difference with its interval, alone where there is none."""
    said = number(median, 3, signed=True)
    if low is None or high is None:
        return said
    return f"{said} [{number(low, 3, signed=True)} to {number(high, 3, signed=True)}]"


def within_sites(metrics: Metrics) -> str | None:
    """Say how the columns do where they cannot gain by telling sites apart."""
    summary, targets = metrics.get("summary_within_site") or {}, metrics.get("targets_within_site") or {}
    metric = headline_metric(metrics, "summary_within_site")
    if not summary or metric is None:
        reason = (metrics.get("omitted") or {}).get("summary_within_site")
        return f"<p>Left out: {escaped(str(reason))}.</p>" if reason else None
    pairs = [
        (species, site, columns)
        for species, by_site in targets.items() for site, columns in (by_site or {}).items()
    ]  # fmt: skip
    columns = [column for column in ("raw", "adapted", "location_only", "environment_only") if column in summary]
    sites = list(dict.fromkeys(site for _, site, _ in pairs))
    rows = []
    for site in sites:
        here = [columns_of for _, where, columns_of in pairs if where == site]
        scores = [[value_of((c.get(column) or {}).get(metric)) for c in here] for column in columns]
        rows.append([site, str(len(here)), *(number(middle(values), 3) for values in scores)])
    every = [
        [species, site, *(number(value_of((c.get(column) or {}).get(metric)), 3) for column in columns)]
        for species, site, c in pairs
    ]
    names = [column_name(column) for column in columns]
    return (
        f"<p>{escaped(site_recognition(metrics))} Scored is every species on every site that has enough of its "
        "presences, and an absence, from the same predictions as above.</p>"
        + column_table(summary, metric)
        + f'<p class="note">n: pairs of a species and a site; {escaped(_intervals(metrics))}</p>'
        + table_of([f"median {metric_name(metric)}", "species", *names], rows)
        + "<details><summary>Every pair of a species and a site</summary>"
        + table_of(["species", "site", *names], every, text={0, 1})
        + "</details>"
    )


def _intervals(metrics: Metrics) -> str:
    """Say what the intervals within sites are over, or why there are none."""
    reason = (metrics.get("omitted") or {}).get(INTERVALS_WITHIN)
    return f"intervals are left out: {reason}." if reason else f"intervals are over these pairs. {NOT_INDEPENDENT}"


def folds_compared(metrics: Metrics) -> str | None:
    """Compare held-out areas with random folds."""
    summary, random = metrics.get("summary") or {}, metrics.get("summary_random_folds") or {}
    metric = headline_metric(metrics)
    names = [c for c in ordered(summary) if metric and median_of(random, c, metric) is not None]
    if not names or metric is None:
        return None
    a, b = ([median_of(source, c, metric) for c in names] for source in (summary, random))
    figure = draw.columns_plot(
        [column_name(c) for c in names], floats(a), floats(b), metric=f"median {metric_name(metric)}"
    )
    rows = [
        [column_name(c), number(x, 3), number(y, 3), "–" if x is None or y is None else number(y - x, 3, signed=True)]
        for c, x, y in zip(names, a, b, strict=True)
    ]
    return (
        "<p>With random folds, test plots have training plots next to them and any model looks better. The "
        "held-out areas are what counts for a map; the gap shows how much nearness alone would have pretended.</p>"
        + figure_of(figure, "Median score of every column on held-out areas and on random folds")
        + table_of(["column", "held-out areas", "random folds", "gap"], rows)
    )


def by_species(metrics: Metrics) -> str | None:
    """Give the scores of every species."""
    targets, metric = metrics.get("targets") or {}, headline_metric(metrics)
    if not targets or metric is None:
        return None
    names = list(targets)
    columns = [c for c in ordered(metrics.get("summary") or {}) if any(c in t for t in targets.values())]
    score = {c: [value_of((targets[name].get(c) or {}).get(metric)) for name in names] for c in columns}
    parts = []
    if "raw" in score and "adapted" in score:
        better = sum(a is not None and b is not None and a > b
                     for a, b in zip(score["adapted"], score["raw"], strict=True))  # fmt: skip
        shown = min(len(names), draw.MOST_SPECIES)
        some = f" {shown} of {len(names)} are drawn, evenly through the ranking." if shown < len(names) else ""
        parts.append(f"<p>Adapting is better for {better} of {len(names)} species.{some}</p>")
        image = draw.species_plot(
            names, floats(score["raw"]), floats(score["adapted"]), metric=metric_name(metric)
        )
        parts.append(figure_of(image, f"{metric_name(metric)} of each species, raw and adapted, in held-out areas"))
    presences = (metrics.get("data") or {}).get("presences") or {}
    order = sorted(range(len(names)), key=lambda i: -(value_of(score.get("adapted", [None] * len(names))[i]) or -9.0))
    rows = [
        [names[i], str(presences.get(names[i], "–")), *(number(score[c][i], 3) for c in columns)] for i in order
    ]
    table = table_of(["species", "presences", *map(column_name, columns)], rows)
    title = f"{escaped(metric_name(metric))} of every species as a table"
    parts.append(f"<details><summary>{title}</summary>{table}</details>")
    return "".join(parts)


def calibration(metrics: Metrics) -> str | None:
    """Compare predicted with observed shares."""
    bins = [
        row for row in (metrics.get("calibration") or {}).get("bins") or []
        if None not in (value_of(row.get("predicted")), value_of(row.get("observed")))
    ]  # fmt: skip
    if not bins or presence_only(metrics):
        return None
    total = sum(row.get("n") or 0 for row in bins)
    gap = sum((row.get("n") or 0) * abs(row["observed"] - row["predicted"]) for row in bins) / total if total else None
    said = f" On average they are {number(gap)} apart." if gap is not None else ""
    return (
        "<p>Of the plots to which the model gives 30 %, about 30 % should hold the species: points on the dashed line "
        f"are calibrated, below it the model promises too much.{escaped(said)}</p>"
        + figure_of(draw.reliability_plot(bins), "Predicted suitability against what was found, all species pooled")
    )


def alignment(metrics: Metrics) -> str | None:
    """Say what was chosen, and from what."""
    alignment = metrics.get("alignment") or {}
    if not alignment.get("picked") and not alignment.get("reason"):
        return None
    reason = alignment.get("reason") or f"{alignment.get('asked')} was asked for, {alignment['picked']} was used."
    candidates = [c for c in alignment.get("candidates") or [] if isinstance(c, Mapping)]
    parts = [f"<p>{escaped(str(reason))}</p>"]
    if candidates:
        keys = list(dict.fromkeys(key for c in candidates for key in c))
        rows = [[plain(c.get(key)) for key in keys] for c in candidates]
        chosen = next((i for i, c in enumerate(candidates) if alignment.get("picked") in c.values()), None)
        curve = learning_curve_plot(candidates)
        if curve is not None:
            parts.append(figure_of(curve, "Error of inner validation by steps of training; lower is better, 1 is the "
                                   "prevalence alone."))  # fmt: skip
        table = table_of([key.replace("_", " ") for key in keys], rows, main=chosen)
        parts.append(f"{table}<p class='note'>Lower error is better; found inside the training plots alone.</p>")
    return "".join(parts)
