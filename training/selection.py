"""Choosing alignment, its strength and the head's penalty by inner spatial validation.

Everything that is fitted is refitted in every inner fold: standardisers, VEGETA, adapter and head. The out-of-fold
logits that fall out serve thresholds and calibrators, so that these never see a score from inside the sample.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from botaclip.core.progress import SILENT, Progress
from botaclip.training.alignment import Alignment, fit_adapters
from botaclip.training.environment_block import EnvironmentBlock, joined
from botaclip.training.heads import PENALTIES, clipped_prevalence, linear_path, logits_of_linear
from botaclip.training.standardiser import Standardiser
from botaclip.training.training_table import TrainingTable

Array = NDArray[np.floating]
Folds = Sequence[tuple[NDArray[np.integer], NDArray[np.integer]]]


@dataclasses.dataclass(frozen=True)
class Trial:
    """One alignment at one number of steps under one penalty, judged out of fold.

    Parameters
    ----------
    alignment, steps, penalty
        What was tried; zero steps is the frozen vector itself, or the adapter that the alignment starts from.
    loss
        Squared error of the head over that of the training prevalence, mean over species and inner folds; below 1
        the image helps.
    logits
        Out-of-fold logits (N, S); NaN for plots that no inner fold held out.
    """

    alignment: Alignment
    steps: int
    penalty: float
    loss: float
    logits: Array

    @property
    def frozen(self) -> bool:
        """Whether the frozen vectors are used as they are."""
        return self.steps == 0 and self.alignment.start is None

    @property
    def label(self) -> str:
        """The trial in words."""
        start = self.alignment.start
        if start is None:
            return "none" if self.steps == 0 else f"{self.alignment.label}, {self.steps} steps"
        if self.steps == 0:
            return f"the adapter of {start.name} as it is"
        return f"{self.alignment.label}, {self.steps} steps on from {start.name}"


@dataclasses.dataclass
class _Sum:
    loss: float = 0.0
    weight: float = 0.0


def relative_error(presence: Array, scores: Array, prevalence: Array) -> Array:
    """Return squared error over that of the prevalence, mean over species; ``scores`` (P, M, S) gives (P,)."""
    reference = np.square(presence - prevalence).sum(axis=0)
    present = reference > 0
    error = np.square(presence - scores).sum(axis=1)
    return (error[:, present] / reference[present]).mean(axis=1)


def inner_validation(
    table: TrainingTable,
    folds: Folds,
    alignments: Sequence[Alignment],
    *,
    releves: TrainingTable | None = None,
    penalties: Sequence[float] = PENALTIES,
    random_state: int = 1,
    device: str = "cpu",
    progress: Progress = SILENT,
) -> list[Trial]:
    """Try every alignment at every checkpoint under every penalty.

    Parameters
    ----------
    table
        Training plots only (of the outer fold).
    folds
        Inner (train, held-out) index pairs into ``table``.
    alignments
        What to try; the unadapted vectors are always tried.
    releves
        Where the adapters take their relevés from; ``table`` itself when None. The ``shuffled`` column passes a
        permuted table here, while the head is fitted and judged on the true one.

    Returns
    -------
    list of Trial
        In a fixed order; the first ``len(penalties)`` are the frozen vectors.
    """
    source = table if releves is None else releves
    keys: list[tuple[Alignment, int]] = [(Alignment("none"), 0)]
    keys += [(alignment, steps) for alignment in alignments for steps in alignment.checkpoints]
    n, species = table.presence.shape
    logits = {key: np.full((len(penalties), n, species), np.nan, dtype=np.float32) for key in keys}
    sums = {key: [_Sum() for _ in penalties] for key in keys}

    for number, (train, held) in enumerate(folds):
        standardiser = Standardiser.fit(table.vectors[train], table.blocks)
        inside, outside = standardiser(table.vectors[train]), standardiser(table.vectors[held])
        near, far = (None if table.environment is None else table.environment[rows] for rows in (train, held))
        presence = table.presence[train]
        prevalence = clipped_prevalence(presence)
        part = source.take(train)
        for which, alignment in enumerate((Alignment("none"), *alignments)):
            fraction = (number + which / (1 + len(alignments))) / len(folds)
            progress.update(fraction, f"inner validation: {alignment.label}")
            if alignment.name == "none":
                spaces = {0: (inside, outside)}
            else:
                adapters = fit_adapters(
                    inside, part.cover, part.presence, alignment,
                    start=None if alignment.start is None else alignment.start.on(standardiser),
                    random_state=random_state, device=device, progress=progress,
                )
                spaces = {adapter.steps: (adapter(inside), adapter(outside)) for adapter in adapters}
            for steps, (z_train, z_held) in spaces.items():
                block = EnvironmentBlock.fit(near, width=z_train.shape[1])
                scores = linear_path(joined(z_train, block, near), presence, joined(z_held, block, far), penalties)
                error = relative_error(table.presence[held], scores, prevalence)
                key = (alignment, steps)
                for p in range(len(penalties)):
                    sums[key][p].loss += float(error[p]) * len(held)
                    sums[key][p].weight += len(held)
                    logits[key][p, held] = logits_of_linear(scores[p], prevalence)
    return [
        Trial(key[0], key[1], penalty, sums[key][p].loss / max(sums[key][p].weight, 1.0), logits[key][p])
        for key in keys
        for p, penalty in enumerate(penalties)
    ]


def best(trials: Sequence[Trial], *names: str) -> Trial:
    """Return the trial of least loss among alignments of these names (all when none is given)."""
    pool = [trial for trial in trials if not names or trial.alignment.name in names]
    return min(pool, key=lambda trial: trial.loss)
