"""What the report says of what a model's predictions rest on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from botaclip.training.report_figures import FOLDS, dress, label_axes, svg_of
from botaclip.training.report_html import Metrics, escaped, figure_of, table_of
from botaclip.training.report_words import number

_MOST_AXES = 6
# Pairs of relevés shown from either end.
_PAIRS = 5


def drivers(metrics: Metrics) -> str | None:
    """Return permutation importance and responses; None where neither was recorded."""
    parts = [part for part in (_importance(metrics), _responses(metrics)) if part]
    return "".join(parts) or None


def _importance(metrics: Metrics) -> str:
    found: Mapping[str, Any] = metrics.get("importance") or {}
    if not found:
        return ""
    rows = [[part, number(about.get("median"), 3, signed=True)] for part, about in found.items()]
    return (
        "<p>How far the AUC of held-out plots falls when one thing is dealt out anew among them (median over "
        "species): what "
        "falls far, the predictions rest on. Things that tell the same share it.</p>"
        + table_of(["shuffled", "fall in AUC"], rows)
    )


def _responses(metrics: Metrics) -> str:
    found = [each for each in metrics.get("responses") or [] if each.get("species")][:_MOST_AXES]
    if not found:
        return ""
    figures = "".join(
        figure_of(response_figure(each), f"Held-out suitability (lines) and share of plots (points) along "
        f"{each['name']}")
        for each in found
    )
    return (
        f"<p>{escaped('Plots in tenths along an axis; models that never saw them.')} Where points lie off their "
        "line, the "
        f"model errs there.</p>{figures}"
    )


def nearest(metrics: Metrics) -> str | None:
    """Show what held-out plots share with the training plot that looks most like them; None where not recorded."""
    found: Mapping[str, Any] = metrics.get("nearest_releves") or {}
    pairs = sorted(found.get("pairs") or [], key=lambda pair: -float(pair["cosine"]))
    if not pairs:
        return None
    rows = [
        [str(pair["plot"]), str(pair["nearest"]), number(pair["cosine"], 2), f"{100 * float(pair['shared']):.0f} %"]
        for pair in (*pairs[:_PAIRS], *pairs[_PAIRS:][-_PAIRS:])
    ]
    shared, chance = (f"{100 * float(found[key]):.0f} %" for key in ("shared", "chance"))
    words = (
        "Of each held-out plot the training plot was sought that looks most like it to the model of its fold. On "
        f"average they share {shared} of their species (Sørensen); with any training plot a held-out one shares "
        f"{chance}."
    )
    note = f"The {min(_PAIRS, len(pairs))} pairs most alike and the {max(0, min(_PAIRS, len(pairs) - _PAIRS))} least."
    table = table_of(["held-out plot", "most alike", "cosine", "shared"], rows, text={0, 1})
    return f"<p>{escaped(words)}</p>{table}<p class='note'>{escaped(note)}</p>"


def response_figure(response: Mapping[str, Any]) -> bytes:
    """Draw one axis: predicted as lines, observed as points, a colour a species."""
    figure = Figure(figsize=(7.4, 3.4), layout="constrained")
    axes = figure.add_subplot()
    dress(axes)
    x = np.asarray(response["values"], dtype=float)
    for index, (name, curve) in enumerate(response["species"].items()):
        colour, label = FOLDS[index % len(FOLDS)], name if len(name) <= 34 else f"{name[:32]}…"
        axes.plot(x, curve["predicted"], color=colour, linewidth=1.6, label=label.replace("$", r"\$"))
        axes.plot(x, curve["observed"], "o", color=colour, markersize=4)
    axes.set_ylim(bottom=0)
    axes.legend(loc="center left", bbox_to_anchor=(1.01, 0.5), frameon=False, fontsize=8)
    label_axes(axes, str(response["name"]).replace("$", r"\$"), "suitability")
    return svg_of(figure)
