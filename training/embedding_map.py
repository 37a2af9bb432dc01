"""Where the plots lie in a model's space: its first two principal components, for the report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from botaclip.training.report_figures import FOLDS, INK, MARKERS, MUTED, dress, label_axes, svg_of

Array = NDArray[np.floating]

# Habitats beyond the most frequent ones share a mark.
MOST_HABITATS = 12


def embedding_map(arrays: Mapping[str, Array], habitats: Sequence[str] | None = None) -> dict[str, Any]:
    """Return what ``metrics.json`` says of it.

    Parameters
    ----------
    arrays
        ``pca.mean``, ``pca.components``, ``pca.share`` and ``plots.vectors`` of a model file.
    habitats
        Of the plots (N,), ``""`` where unknown; None where no column names them.

    Returns
    -------
    dict
        ``x`` and ``y``, one number a plot in the order of ``plots``; ``share``: of variance, of both; ``habitats``.
    """
    axes = arrays["pca.components"][:2].astype(np.float64)
    scores = (arrays["plots.vectors"].astype(np.float64) - arrays["pca.mean"]) @ axes.T
    if scores.shape[1] < 2:
        scores = np.column_stack([scores, np.zeros(len(scores))])
    found: dict[str, Any] = {
        "x": np.round(scores[:, 0], 4).tolist(), "y": np.round(scores[:, 1], 4).tolist(),
        "share": [float(value) for value in arrays["pca.share"][:2]],
    }  # fmt: skip
    if habitats is not None and any(habitats):
        found["habitats"] = [str(name) for name in habitats]
    return found


def embedding_figure(found: Mapping[str, Any]) -> bytes:
    """Draw the plots, by habitat where it is known."""
    from matplotlib.figure import Figure

    x, y = np.asarray(found["x"], dtype=float), np.asarray(found["y"], dtype=float)
    figure = Figure(figsize=(7.4, 5.2), layout="constrained")
    axes = figure.add_subplot()
    dress(axes)
    habitats = found.get("habitats")
    if habitats is None:
        axes.scatter(x, y, s=14, color=FOLDS[0], alpha=0.7, linewidths=0)
    else:
        names = np.array([name or "(not known)" for name in habitats])
        kinds, counts = np.unique(names, return_counts=True)
        shown = [str(kinds[i]) for i in np.argsort(-counts, kind="stable")[:MOST_HABITATS]]
        rest = ~np.isin(names, shown)
        if rest.any():
            axes.scatter(x[rest], y[rest], s=10, color=MUTED, alpha=0.5, linewidths=0, label="others")
        for number, name in enumerate(shown):
            here = names == name
            label = name if len(name) <= 40 else f"{name[:38]}…"
            axes.scatter(
                x[here], y[here], s=20, color=FOLDS[number % len(FOLDS)], linewidths=0, alpha=0.85,
                marker=MARKERS[number // len(FOLDS) % len(MARKERS)], label=label.replace("$", r"\$"),
            )  # fmt: skip
        axes.legend(loc="center left", bbox_to_anchor=(1.01, 0.5), frameon=False, fontsize=8, labelcolor=INK)
    shares = [f" ({value:.0%} of the variance)" for value in found.get("share") or ()] + ["", ""]
    label_axes(axes, f"first component{shares[0]}", f"second component{shares[1]}")
    return svg_of(figure)
