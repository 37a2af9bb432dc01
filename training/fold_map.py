"""The map of folds: which plot was tested with which, the blocks, and who had to stay out of one fold's training."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.collections import PolyCollection
from matplotlib.figure import Figure
from numpy.typing import ArrayLike, NDArray

from botaclip.training.report_figures import FOLDS, INK, MARKERS, MUTED, dress, label_axes, svg_of

MOST_PANELS = 6
# More folds than this (single plots left out) are not told apart by colours.
MOST_FOLDS = 50


def fold_map_of(metrics: Mapping[str, Any]) -> bytes | None:
    """Draw the folds of a ``metrics.json``; None where it holds no places (``--plot-locations none``).

    Coarse places are drawn as coarse as they are, without blocks, whose corners would tell more.
    """
    plots = [
        plot for plot in metrics.get("plots") or ()
        if None not in (plot.get("x"), plot.get("y"), plot.get("fold"))
    ]  # fmt: skip
    if not plots:
        return None
    splits = metrics.get("splits") or {}
    out = set(splits.get("map_left_out") or ())
    return fold_map(
        [plot["x"] for plot in plots], [plot["y"] for plot in plots], [plot["fold"] for plot in plots],
        [str(plot.get("site") or "") for plot in plots], outlines=splits.get("outlines") or None,
        left_out=[str(plot.get("id")) in out for plot in plots] if out else None, left_out_of=splits.get("map_fold", 0),
    )  # fmt: skip


def fold_map(
    x: Sequence[float], y: Sequence[float], fold: Sequence[int], site: Sequence[str] | None = None, *,
    outlines: ArrayLike | None = None, left_out: Sequence[bool] | None = None, left_out_of: int = 0,
) -> bytes:
    """Draw the plots coloured by the fold in which they were tested; sites far apart get a panel each.

    Parameters
    ----------
    x, y, fold
        Metres (N,), and number of the fold, -1 for none.
    site
        Site of each plot (N,); the panels are those of the most plots.
    outlines
        (K, C, 2) corners of blocks in metres.
    left_out
        (N,) whether a plot was left out of the training of the fold ``left_out_of`` because of the buffer; it gets a
        ring.
    left_out_of
        Number of that fold.

    Returns
    -------
    bytes
        SVG.
    """
    east, north, number = np.asarray(x, dtype=float), np.asarray(y, dtype=float), np.asarray(fold, dtype=int)
    sites = np.asarray(site if site is not None else [""] * len(east))
    blocks = np.empty((0, 4, 2)) if outlines is None else np.asarray(outlines, dtype=float)
    ringed = np.zeros(len(east), dtype=bool) if left_out is None else np.asarray(left_out, dtype=bool)
    names, counts = np.unique(sites, return_counts=True)
    shown = names[np.argsort(-counts, kind="stable")][:MOST_PANELS]
    across = min(3, len(shown))
    down = -(-len(shown) // across)
    figure = Figure(figsize=(6.2, 5.4) if len(shown) == 1 else (2.9 * across + 0.9, 2.9 * down), layout="constrained")
    panels = figure.subplots(down, across, squeeze=False).ravel()
    for panel in panels[len(shown) :]:
        panel.set_visible(False)
    for panel, name in zip(panels, shown, strict=False):
        here = sites == name
        _draw(panel, east[here], north[here], number[here], ringed[here], left_out_of, blocks)
        if len(shown) > 1:
            panel.set_title(f"{name} ({int(here.sum())} plots)", fontsize=9, color=INK, parse_math=False)
    lines = {words: line for panel in panels for line, words in zip(*panel.get_legend_handles_labels(), strict=True)}
    in_order = sorted(lines, key=lambda words: (not words.startswith("fold"), len(words), words))
    figure.legend(
        [lines[words] for words in in_order], in_order, loc="outside right upper", frameon=False, fontsize=9,
        markerscale=1.4,
    )  # fmt: skip
    return svg_of(figure)


def _draw(
    axes: Any, east: NDArray[np.float64], north: NDArray[np.float64], number: NDArray[np.int_],
    ringed: NDArray[np.bool_], left_out_of: int, blocks: NDArray[np.float64],
) -> None:
    """Draw one panel, in metres or kilometres from its south-western plot."""
    dress(axes)
    extent = float(max(np.ptp(east), np.ptp(north), 1.0))
    unit, name = (1_000, "km") if extent > 3_000 else (1, "m")
    size = float(np.clip(12_000 / max(len(east), 1), 6, 30))
    corner = np.array([east.min(), north.min()])
    if len(blocks):
        low, high = blocks.min(axis=1), blocks.max(axis=1)
        # Only blocks of this panel: those that reach into the rectangle of its plots.
        near = ((high >= corner) & (low <= [east.max(), north.max()])).all(axis=1)
        axes.add_collection(
            PolyCollection(list((blocks[near] - corner) / unit), facecolors="none", edgecolors=MUTED, linewidths=0.6)
        )
    many = number.max(initial=-1) >= MOST_FOLDS
    for value in (np.array([0]) if many else np.unique(number)).tolist():
        inside = number >= 0 if many else number == value
        colour = "#c9d0ce" if value < 0 else FOLDS[value % len(FOLDS)]
        words = "fold of its own" if many else "never tested" if value < 0 else f"fold {value + 1}"
        axes.scatter(
            (east[inside] - corner[0]) / unit, (north[inside] - corner[1]) / unit, s=size, color=colour,
            marker=MARKERS[max(value, 0) // len(FOLDS) % len(MARKERS)], linewidths=0,
            label=words, rasterized=len(east) > 5_000,
        )  # fmt: skip
    if ringed.any():
        axes.scatter(
            (east[ringed] - corner[0]) / unit, (north[ringed] - corner[1]) / unit, s=2.4 * size, facecolors="none",
            edgecolors=INK, linewidths=0.7, label=f"too near for fold {left_out_of + 1}",
        )  # fmt: skip
    if extent < 10:  # a single plot needs no tenths of a millimetre
        axes.set(xlim=(-10, 10), ylim=(-10, 10))
    axes.set_aspect("equal", adjustable="box" if extent < 10 else "datalim")
    label_axes(axes, f"east [{name}]", f"north [{name}]")
