"""How long a training will take, said before it begins."""

from __future__ import annotations

import os
import time

from botaclip.training.alignment import fit_adapter
from botaclip.training.evaluation import COLUMNS, Protocol
from botaclip.training.parallel import one_thread_each
from botaclip.training.standardiser import Standardiser
from botaclip.training.training_table import TrainingTable

_TRIED_STEPS = 5


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
    vectors = Standardiser.fit(data.vectors)(data.vectors)
    longest = max(protocol.alignments, key=lambda alignment: max(alignment.checkpoints))

    def fit(steps: int) -> None:
        fit_adapter(
            vectors, data.cover, data.presence, longest, steps, random_state=protocol.random_state,
            device=protocol.device,
        )  # fmt: skip

    with one_thread_each():
        fit(1)  # what is loaded and made ready on first use is no part of a step
        began = time.perf_counter()
        fit(_TRIED_STEPS)
        step = (time.perf_counter() - began) / _TRIED_STEPS
    tried = sum(max(alignment.checkpoints) for alignment in protocol.alignments) * inner_folds
    fitted = max(longest.checkpoints) * (len(COLUMNS) - 3 + inner_folds)
    rounds = 2 * folds / max(1, min(folds, os.cpu_count() or 1)) + 1
    return step * (tried + fitted) * rounds / 60.0
