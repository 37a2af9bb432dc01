"""The training report: one HTML file that opens anywhere, offline, and says plainly what the model is good for.

Everything in it comes from ``metrics.json``. What is missing there is left out and said to be; whatever the user
named is escaped, and a content policy forbids scripts and the network altogether.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from botaclip.core.unfinished import unfinished
from botaclip.training import report_data, report_drivers, report_scores, report_trust
from botaclip.training.findings import no_better_than_prevalence, procedure
from botaclip.training.report_html import POLICY, STYLE, Metrics, escaped, figure_of, list_of
from botaclip.training.report_words import headline, pooled_over_sites, verdicts

__all__ = ["report_page", "write_report"]


def write_report(
    metrics: Metrics, output: Path, *, figures: Mapping[str, bytes] | None = None, overwrite: bool = False
) -> None:
    """Write the report of a training run.

    Parameters
    ----------
    metrics
        The document that goes into ``metrics.json``; sections whose keys are missing are left out and listed.
    output
        HTML file.
    figures
        Further figures by caption, PNG or SVG.
    overwrite
        Whether an existing file may be replaced.

    Raises
    ------
    OutputError
        The file exists or cannot be written.
    ValueError
        A figure is neither PNG nor SVG.
    """
    page = report_page(metrics, figures=figures)
    with unfinished(Path(output), overwrite=overwrite) as part:
        part.write_text(page, encoding="utf-8")


def report_page(metrics: Metrics, *, figures: Mapping[str, bytes] | None = None) -> str:
    """Return the report as HTML."""
    body, absent = [_summary(metrics)], []
    for title, section, reason in SECTIONS:
        content = section(metrics)
        if content:
            body.append(f"<section><h2>{escaped(title)}</h2>{content}</section>")
        else:
            absent.append(f"{title}: {reason}")
    for caption, image in (figures or {}).items():
        title = caption.partition(":")[0].partition("(")[0].strip()
        body.append(f"<section><h2>{escaped(title)}</h2>{figure_of(image, caption)}</section>")
    if absent:
        body.append(f"<section><h2>Left out of this report</h2>{list_of(absent)}</section>")
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>BotaCLIP training report</title><style>{STYLE}</style></head>\n<body><main>\n"
        + "\n".join(body)
        + "\n</main></body></html>\n"
    )


def _summary(metrics: Metrics) -> str:
    data = metrics.get("data") or {}
    plots, species = data.get("n_plots"), data.get("n_species") or len(metrics.get("targets") or {})
    facts = [f"{plots:,} plots" if isinstance(plots, int) else "", f"{species} species" if species else ""]
    facts.append(Path(str(data["raster"])).name if data.get("raster") else "")
    marks = {1: ("yes", "✓"), -1: ("no", "✗"), 0: ("open", "?")}
    items = "".join(
        f'<li><span class="mark {marks[v.sign][0]}">{marks[v.sign][1]}</span>'
        f"<strong>{escaped(v.question)}</strong> {escaped(v.answer)}</li>"
        for v in verdicts(metrics)
    )
    said = pooled_over_sites(metrics)
    site_words = f"<p>{escaped(said)}</p>" if said else ""
    # Whether the gain is due to the plants is among the verdicts.
    also = (procedure(metrics), no_better_than_prevalence(metrics))
    found = "".join(f"<p>{escaped(sentence)}</p>" for sentence in also if sentence)
    over = "over species, all sites together" if said else "over species"
    note = f"Differences are medians {over}, paired, with 95 % intervals." if items else ""
    return (
        f'<h1>BotaCLIP training report</h1><p class="sub">{escaped(" · ".join(fact for fact in facts if fact))}</p>'
        f'<div class="headline"><p>{escaped(headline(metrics))}</p>{site_words}{found}<ul>{items}</ul>'
        f'{f"""<p class="note">{note}</p>""" if note else ""}</div>'
    )


SECTIONS: tuple[tuple[str, Callable[[Metrics], str | None], str], ...] = (
    ("Data", report_data.data, "nothing about the data was recorded"),
    ("How well it does, and against what", report_scores.pooled, "no scores were given"),
    ("Within sites", report_scores.within_sites, "it needs plots on two sites or more, and species common on one"),
    ("Species by species", report_scores.by_species, "no scores by species were given"),
    ("Held-out areas and random folds", report_scores.folds_compared, "random folds were not scored"),
    ("Can the numbers be taken at their word?", report_scores.calibration,
     "calibration needs relevés that tell absences, and enough of them"),
    ("What the model promises", report_trust.promised,
     "it was trained before models made lists, or there are too few plots"),
    ("What was tested where", report_data.folds, "no folds were given"),
    ("What it rests on", report_drivers.drivers, "not recorded"),
    ("What looks alike to the model", report_data.embedding, "not recorded"),
    ("Relevés that look alike", report_drivers.nearest, "not recorded"),
    ("Choice of alignment", report_scores.alignment, "the choice was not recorded"),
    ("Plots that were left out", report_data.dropped, "not recorded"),
    ("Plots that were kept although they are doubtful", report_data.flagged, "not recorded"),
    ("Species and scores that are not given", report_data.omitted, "not recorded"),
    ("What this does not show", report_data.what_is_not_shown, ""),
    ("Model card", report_data.card, "none was given (train --card)"),
    ("ODMAP protocol", report_trust.protocol, ""),
    ("How to cite, and what computed this", report_data.colophon, ""),
)  # fmt: skip
