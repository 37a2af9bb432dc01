"""What follows from the scores, in plain sentences: the same in the log, the report and what the demo prints."""

from __future__ import annotations

import collections
from collections.abc import Mapping
from typing import Any

from botaclip.training.comparison import FEWEST_BLOCKS, FEWEST_PLOTS, FEWEST_TARGETS
from botaclip.training.protocol import ALIGNED
from botaclip.training.report_words import (
    column_name,
    difference_between,
    gain_is_due_to_plants,
    headline_metric,
    number,
    presence_only,
)

FROZEN = "the frozen vectors"
_TIMES = {1: "once", 2: "twice"}


def findings(metrics: Mapping[str, Any]) -> list[str]:
    """Return the sentences that hold, none where nothing has to be said.

    Parameters
    ----------
    metrics
        The document that goes into ``metrics.json``.
    """
    said = [procedure(metrics), no_better_than_prevalence(metrics)]
    if gain_is_due_to_plants(metrics) is False:
        said.append(
            f"What is gained is not shown to be due to the plants ({column_name('shuffled')} does as well)."
        )
    said += not_concluded(metrics)
    return [sentence for sentence in said if sentence]


def procedure(metrics: Mapping[str, Any]) -> str:
    """Return what each fold chose by itself with ``auto``, and which row scores what; ``""`` where it was asked for.

    With ``auto`` the row ``adapted`` scores the choosing: a fold may choose otherwise than the model file, which is
    chosen on all plots.
    """
    alignment = metrics.get("alignment") or {}
    choices = [str((fold.get("choices") or {}).get("adapted") or "") for fold in metrics.get("folds") or []]
    if alignment.get("asked") != "auto" or not alignment.get("picked") or not choices or not all(choices):
        return ""
    counts = collections.Counter(_kind(choice.rpartition(", penalty")[0] or choice) for choice in choices)
    picked = str(alignment["picked"])
    file, kind = FROZEN if picked == "none" else picked, _kind(picked)
    if len(counts) == 1 and kind in counts:
        return f"In {_folds(len(choices))} auto chose {kind}, as for the model file; the row 'adapted' scores that."
    chosen = ", ".join(f"{name} {_times(count)}" for name, count in counts.most_common())
    row = ({FROZEN: "raw"} | {name: column for column, name in ALIGNED.items()}).get(kind)
    scored = f", which the row '{row}' scores" if row in (metrics.get("summary") or {}) else ""
    as_they_are = " as they are" if kind == FROZEN else ""
    return (
        f"In {_folds(len(choices))} auto chose: {chosen}; the row 'adapted' scores this procedure. "
        f"The model file: {file}{as_they_are}{scored}."
    )


def _kind(label: str) -> str:
    """Return the alignment of a trial's label without its strength: ``supervised, 40 steps`` is ``supervised``."""
    if label == "none":
        return FROZEN
    return label if label.startswith("the adapter of") else label.partition(",")[0]


def _times(count: int) -> str:
    return _TIMES.get(count, f"{count} times")


def _folds(count: int) -> str:
    return f"the {count} folds" if count > 1 else "the one fold"


def not_concluded(metrics: Mapping[str, Any]) -> list[str]:
    """Return what cannot be concluded from so few plots, species or blocks; none where there are enough."""
    said = []
    plots = (metrics.get("data") or {}).get("n_plots")
    if isinstance(plots, int) and plots < FEWEST_PLOTS:
        said.append(
            f"{plots} plots are few: differences of a few hundredths between rows are within what another choice of "
            "folds would change."
        )
    metric = headline_metric(metrics)
    difference = (((metrics.get("summary") or {}).get("adapted") or {}).get(metric or "") or {}).get(
        "difference_to_raw"
    ) or {}
    n, blocks = difference.get("n"), difference.get("over_blocks") or {}
    if n is not None and 0 < n < FEWEST_TARGETS:
        said.append(
            f"With {n} species no test can find a difference between rows at the 5 % level, whatever the scores; "
            f"{FEWEST_TARGETS} are the fewest."
        )
    if blocks:
        low, high, count = blocks.get("low"), blocks.get("high"), blocks.get("n") or 0
        if low is not None and high is not None and low <= 0 <= high and (low, high) != (0, 0):
            said.append(
                "Drawn anew by spatial blocks, these plots do not show whether adapting helps: the interval of its "
                f"difference to raw, {number(low, 3, signed=True)} to {number(high, 3, signed=True)}, holds zero."
            )
        if count < FEWEST_BLOCKS:
            said.append(f"The plots lie in {count} blocks: intervals over so few are too narrow.")
    return said


def no_better_than_prevalence(metrics: Mapping[str, Any]) -> str:
    """Return that the squared error of the model is not below that of the bare prevalence; ``""`` where it is.

    Asked twice: of the model file in inner validation, and of ``adapted`` on held-out plots, paired by species.
    """
    alignment = metrics.get("alignment") or {}
    errors = [
        candidate.get("relative_error") for candidate in alignment.get("candidates") or []
        if candidate.get("label") == alignment.get("picked")
    ]  # fmt: skip
    why = []
    held_out = difference_between(metrics, "brier", "adapted", "prevalence")
    if held_out and held_out["median"] >= 0:
        why.append(f"median difference {number(held_out['median'], 4, signed=True)} over species on held-out plots")
    if errors and errors[0] is not None and errors[0] >= 1:
        why.append(f"relative error {errors[0]:.4f} in inner validation")
    if not why:
        return ""
    score = "squared error" if presence_only(metrics) else "Brier score"
    return f"By {score} the model is no better than the prevalence alone ({'; '.join(why)})."
