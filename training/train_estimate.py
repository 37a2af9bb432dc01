"""How long a training will take, said before it begins."""

from __future__ import annotations

import os
import time

from botaclip.training.alignment import fit_adapter
from botaclip.training.evaluation import COLUMNS, Protocol
from botaclip.training.parallel import one_thread_each
from botaclip.training.standardiser import Standardiser
from botaclip.training.training_table import TrainingTable

_FEW, _MORE = 2, 12  # steps of the two trial fits, whose difference is what a step takes


def training_minutes(data: TrainingTable, protocol: Protocol, *, folds: int, inner_folds: int) -> float:
    """Return the minutes that cross-validation and refit will take, from a few measured steps.

    Every outer fold (blocked and random) and the refit try every alignment in every inner fold, and then fit the
    columns. Heads and forests cost little beside that.

    Parameters
    ----------
    data
        All plots.
    protocol
        What will be tried.
    folds, inner_folds
        Numbers of outer folds (of one kind) and of inner folds.
    """
    vectors = Standardiser.fit(data.vectors, data.blocks)(data.vectors)
    longest = max(protocol.alignments, key=lambda alignment: max(alignment.checkpoints))

    def fit(steps: int) -> None:
        fit_adapter(
            vectors, data.cover, data.presence, longest, steps, random_state=protocol.random_state,
            device=protocol.device,
        )  # fmt: skip

    def seconds(steps: int) -> float:
        began = time.perf_counter()
        fit(steps)
        return time.perf_counter() - began

    with one_thread_each():
        fit(1)  # what is loaded and made ready on first use is no part of a step
        few, more = (min(seconds(steps) for _ in range(2)) for steps in (_FEW, _MORE))
    step = max(more - few, 0.0) / (_MORE - _FEW)
    start = max(few - _FEW * step, 0.0)  # every fit begins with a ridge start, whatever its number of steps
    columns = len(COLUMNS) - 3 + inner_folds
    steps = sum(max(alignment.checkpoints) for alignment in protocol.alignments) * inner_folds
    steps += max(longest.checkpoints) * columns
    fits = len(protocol.alignments) * inner_folds + columns
    rounds = 2 * folds / max(1, min(folds, os.cpu_count() or 1)) + 1
    return (step * steps + start * fits) * rounds / 60.0
