"""The figures of the training report, as SVG drawn without a display."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib
import numpy as np
from matplotlib.figure import Figure

INK, MUTED, GRID = "#1f2a2e", "#66757a", "#e3e8e6"
ADAPTED, RAW = "#1b6e53", "#b0793a"
# Okabe & Ito's palette, distinguishable with any colour vision; folds beyond it repeat with another marker.
FOLDS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#F0E442", "#444444")
MARKERS = ("o", "s", "^", "D", "v", "P", "X")
MOST_SPECIES = 80


def _figure(width: float, height: float) -> tuple[Figure, Any]:
    figure = Figure(figsize=(width, height), layout="constrained")
    axes = figure.add_subplot()
    dress(axes)
    return figure, axes


def dress(axes: Any) -> None:
    """Give axes the look of the report."""
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(MUTED)
    axes.tick_params(colors=INK, labelsize=9, length=3)
    axes.grid(color=GRID, linewidth=0.8)
    axes.set_axisbelow(True)


def svg_of(figure: Figure) -> bytes:
    """Return a figure as SVG, the same bytes for the same figure."""
    buffer = io.BytesIO()
    # Letters become paths, so the file looks alike everywhere; a fixed salt and no date make it reproducible.
    with matplotlib.rc_context({"svg.hashsalt": "botaclip", "svg.fonttype": "path"}):
        figure.savefig(buffer, format="svg", bbox_inches="tight", metadata={"Date": None, "Creator": None})
    return buffer.getvalue()


def label_axes(axes: Any, x: str, y: str) -> None:
    """Name both axes."""
    axes.set_xlabel(x, fontsize=10, color=INK)
    axes.set_ylabel(y, fontsize=10, color=INK)


def species_plot(species: Sequence[str], raw: Sequence[float], adapted: Sequence[float], *, metric: str) -> bytes:
    """Draw one line a species from raw to adapted, best first.

    Parameters
    ----------
    species
        Names, S of them.
    raw, adapted
        Scores (S,).
    metric
        Name of the score for the axis.
    """
    order = np.argsort(-np.nan_to_num(np.asarray(adapted, dtype=float), nan=-np.inf), kind="stable")
    if order.size > MOST_SPECIES:  # evenly through the ranking, both ends included
        order = order[np.linspace(0, order.size - 1, MOST_SPECIES).round().astype(int)]
    names = [species[i] if len(species[i]) <= 40 else f"{species[i][:38]}…" for i in order]
    a, b = np.asarray(raw, dtype=float)[order], np.asarray(adapted, dtype=float)[order]
    rows = np.arange(order.size)
    figure, axes = _figure(8.2, 1.3 + 0.205 * order.size)
    better = b >= a
    colours = np.where(better, "#9cc9b6", "#e0bf9a")
    axes.hlines(rows, np.minimum(a, b), np.maximum(a, b), colors=colours, linewidth=2.4)
    axes.plot(a, rows, "o", color="white", markeredgecolor=RAW, markersize=5, label="frozen image features (raw)")
    axes.plot(b, rows, "o", color=ADAPTED, markersize=5.5, label="adapted")
    axes.axvline(0, color=MUTED, linewidth=1)
    axes.set_yticks(rows, names)
    for text in axes.get_yticklabels():
        text.set_parse_math(False)  # a name is a name, even with dollar signs in it
        text.set_fontsize(8)
    axes.set_ylim(order.size - 0.4, -0.6)
    axes.grid(axis="y", visible=False)
    label_axes(axes, metric, "")
    figure.legend(loc="outside upper left", ncols=2, frameon=False, fontsize=9)
    return svg_of(figure)


def columns_plot(
    labels: Sequence[str], blocked: Sequence[float], random: Sequence[float], *, metric: str
) -> bytes:
    """Draw the median of every column on blocked and on random folds."""
    rows = np.arange(len(labels))
    figure, axes = _figure(8.2, 1.3 + 0.38 * len(labels))
    a, b = np.asarray(blocked, dtype=float), np.asarray(random, dtype=float)
    axes.hlines(rows, np.fmin(a, b), np.fmax(a, b), color="#cfd8d5", linewidth=2.4)
    axes.plot(b, rows, "o", color="white", markeredgecolor=MUTED, markersize=7, label="random folds (flattering)")
    axes.plot(a, rows, "o", color=ADAPTED, markersize=7.5, label="held-out areas (counts)")
    axes.axvline(0, color=MUTED, linewidth=1)
    axes.set_yticks(rows, labels)
    axes.set_ylim(len(labels) - 0.4, -0.6)
    axes.grid(axis="y", visible=False)
    label_axes(axes, metric, "")
    figure.legend(loc="outside upper left", ncols=2, frameon=False, fontsize=9)
    return svg_of(figure)


def reliability_plot(bins: Sequence[Mapping[str, float]]) -> bytes:
    """Draw observed against predicted, with intervals where the bins have them."""
    predicted = np.array([row["predicted"] for row in bins], dtype=float)
    observed = np.array([row["observed"] for row in bins], dtype=float)
    number = np.array([row.get("n") or 1 for row in bins], dtype=float)
    figure, axes = _figure(4.8, 4.8)
    axes.plot([0, 1], [0, 1], color=MUTED, linewidth=1, linestyle=(0, (4, 3)))
    if all(row.get("low") is not None and row.get("high") is not None for row in bins):
        low, high = ([row[end] for row in bins] for end in ("low", "high"))
        axes.vlines(predicted, low, high, color="#9cc9b6", linewidth=2)
    axes.plot(predicted, observed, color=ADAPTED, linewidth=1.4)
    axes.scatter(predicted, observed, s=20 + 80 * number / number.max(), color=ADAPTED, zorder=3)
    top = min(1.0, 1.12 * max(predicted.max(), observed.max()))
    axes.set(xlim=(0, top), ylim=(0, top), aspect="equal")
    label_axes(axes, "predicted suitability", "share of plots with the species")
    return svg_of(figure)
