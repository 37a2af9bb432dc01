"""How the error of inner validation falls with the steps of training: a figure of the report."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.figure import Figure

from botaclip.training.report_figures import FOLDS, MARKERS, MUTED, dress, label_axes, svg_of

_STEPS = re.compile(r", (\d+) steps")
# Fewer checkpoints are no curve.
_FEWEST = 2


def learning_curves(
    candidates: Sequence[Mapping[str, Any]],
) -> tuple[dict[str, list[tuple[int, float]]], dict[str, float]]:
    """Return the error by steps of every alignment that was trained by steps, and of those that have none.

    Parameters
    ----------
    candidates
        ``alignment.candidates`` of ``metrics.json``: ``label`` (``supervised, 320 steps``), ``relative_error``.

    Returns
    -------
    curves, levels
        ``{alignment: [(steps, error), ...]}`` in the order of the steps; ``{label: error}``.
    """
    curves: dict[str, dict[int, float]] = {}
    levels: dict[str, float] = {}
    for candidate in candidates:
        label, error = candidate.get("label"), candidate.get("relative_error")
        if not isinstance(label, str) or not isinstance(error, (int, float)):
            continue
        found = _STEPS.search(label)
        if found is None:
            levels[label] = min(error, levels.get(label, float("inf")))
            continue
        name, steps = label[: found.start()] + label[found.end() :], int(found.group(1))
        curve = curves.setdefault(name, {})
        curve[steps] = min(error, curve.get(steps, float("inf")))
    return {name: sorted(curve.items()) for name, curve in curves.items() if len(curve) >= _FEWEST}, levels


def learning_curve_plot(candidates: Sequence[Mapping[str, Any]]) -> bytes | None:
    """Draw the curves, and the frozen vectors as a level; None where nothing was trained by steps."""
    curves, levels = learning_curves(candidates)
    if not curves:
        return None
    figure = Figure(figsize=(8.2, 3.6), layout="constrained")
    axes = figure.add_subplot()
    dress(axes)
    for number, (name, curve) in enumerate(curves.items()):
        steps, errors = zip(*curve, strict=True)
        axes.plot(steps, errors, color=FOLDS[number % len(FOLDS)], marker=MARKERS[number // len(FOLDS) % len(MARKERS)],
                  markersize=4, linewidth=1.4, label=name)  # fmt: skip
    frozen = next((error for label, error in levels.items() if label.startswith(("none", "raw", "frozen"))), None)
    if frozen is not None:
        axes.axhline(frozen, color=MUTED, linewidth=1, linestyle=(0, (4, 3)), label="frozen vectors")
    axes.set_xscale("log", base=2)
    ticks = sorted({steps for curve in curves.values() for steps, _ in curve})
    axes.set_xticks(ticks, [f"{steps:,}" for steps in ticks])
    axes.minorticks_off()
    label_axes(axes, "steps of training", "relative error, inner validation")
    figure.legend(loc="outside upper left", ncols=3, frameon=False, fontsize=9)
    return svg_of(figure)
