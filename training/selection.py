"""Choosing alignment, its strength and the head's penalty by inner spatial validation.

Everything that is fitted is refitted in every inner fold: standardisers, VEGETA, adapter and head. The out-of-fold
logits that fall out serve thresholds and calibrators, so that these never see a score from inside the sample. Closed
forms go the same way; what is a number of steps for the others is a number of axes for them.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from botaclip.core.progress import SILENT, Progress
from botaclip.training.adapter import Adapter
from botaclip.training.alignment import Alignment, fit_adapters
from botaclip.training.closed_forms import CLOSED_FORMS
from botaclip.training.environment_block import EnvironmentBlock, joined
from botaclip.training.fit_state import FitState
from botaclip.training.heads import PENALTIES, clipped_prevalence, linear_path, logits_of_linear
from botaclip.training.ranking import ranking_error
from botaclip.training.retrieval import held_out_retrieval
from botaclip.training.standardiser import Standardiser
from botaclip.training.training_table import TrainingTable
from botaclip.training.views import standardised_views

Array = NDArray[np.floating]
Folds = Sequence[tuple[NDArray[np.integer], NDArray[np.integer]]]


# By what trials are chosen: squared error relative to the prevalence's, or the order of plots.
CRITERIA = ("error", "ranking")
# Alignments that bring relevés into the space of the images, so that an image can be asked for its relevé.
WITH_RELEVE_SIDE = ("contrastive", "botaclip", "joint")


@dataclasses.dataclass(frozen=True)
class Trial:
    """One alignment at one number of steps under one penalty, judged out of fold.

    Parameters
    ----------
    alignment, steps, penalty
        What was tried; zero steps is the frozen vector itself, or the adapter that the alignment starts from. For
        closed forms the number of axes.
    loss
        Squared error of the head over that of the training prevalence, mean over species and inner folds; below 1
        the image helps.
    logits
        Out-of-fold logits (N, S); NaN for plots that no inner fold held out.
    retrieval
        Mean reciprocal rank of each image's own relevé, and the reverse, in the gallery of all plots of an inner fold
        that were held out, mean over inner folds; NaN where the alignment is not to be stopped by it.
    ranking
        Share of pairs of plots in the wrong order, see :func:`botaclip.training.ranking.ranking_error`; None where
        trials are chosen by ``loss``.
    """

    alignment: Alignment
    steps: int
    penalty: float
    loss: float
    logits: Array
    retrieval: float = float("nan")
    ranking: float | None = None

    @property
    def criterion(self) -> float:
        """What it is chosen by, less is better: the ranking where that was asked for, else the loss."""
        return self.loss if self.ranking is None else self.ranking

    @property
    def frozen(self) -> bool:
        """Whether the frozen vectors are used as they are."""
        return self.steps == 0 and self.alignment.start is None

    @property
    def label(self) -> str:
        """The trial in words."""
        start = self.alignment.start
        if start is None:
            unit = "axes" if self.alignment.name in CLOSED_FORMS else "steps"
            return "none" if self.steps == 0 else f"{self.alignment.label}, {self.steps} {unit}"
        if self.steps == 0:
            return f"the adapter of {start.name} as it is"
        return f"{self.alignment.label}, {self.steps} steps on from {start.name}"


@dataclasses.dataclass
class _Sum:
    loss: float = 0.0
    weight: float = 0.0

    def add(self, loss: float, weight: float) -> None:
        self.loss += loss * weight
        self.weight += weight

    @property
    def mean(self) -> float:
        return self.loss / self.weight if self.weight else float("nan")


def fit_alignment(
    vectors: Array, releves: TrainingTable, alignment: Alignment, standardiser: Standardiser, *,
    views: Array | None = None, random_state: int = 1, device: str = "cpu", kept: FitState | None = None,
    progress: Progress = SILENT,
) -> list[Adapter]:
    """Fit an alignment from where it starts; one adapter for each of its checkpoints.

    Parameters
    ----------
    vectors
        Frozen vectors of the training plots (N, D) as ``standardiser`` leaves them.
    releves
        Their relevés, row by row.
    alignment
        What to fit.
    standardiser
        Of the training plots.
    views
        Standardised vectors of augmented views (N, K, D).
    random_state, device, kept, progress
        See :func:`botaclip.training.alignment.fit_adapters`.
    """
    return fit_adapters(
        vectors, releves, alignment, views=views,
        start=None if alignment.start is None else alignment.start.on(standardiser),
        random_state=random_state, device=device, kept=kept, progress=progress,
    )


def stopped_by_retrieval(alignment: Alignment) -> bool:
    """Whether the number of steps is chosen by retrieval: only where there is a relevé side to retrieve by."""
    return alignment.name in WITH_RELEVE_SIDE and alignment.recipe.stopping == "retrieval"


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
    choose_by: str = "error",
    random_state: int = 1,
    device: str = "cpu",
    kept: FitState | None = None,
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
    choose_by
        One of ``CRITERIA``: what :attr:`Trial.criterion` will be.
    kept
        Where the state of unfinished fits is kept; nowhere when None.

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
    ranks = {key: _Sum() for key in keys}
    orders = {key: [_Sum() for _ in penalties] for key in keys}

    for number, (train, held) in enumerate(folds):
        standardiser = Standardiser.fit(table.vectors[train], table.blocks)
        inside, outside = standardiser(table.vectors[train]), standardiser(table.vectors[held])
        views = None if table.views is None else table.views[train]
        views = standardised_views(standardiser, table.vectors[train], views)
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
                adapters = fit_alignment(
                    inside, part, alignment, standardiser, views=views, random_state=random_state, device=device,
                    kept=None if kept is None else kept.under(f"inner {number} {which} {alignment.label}"),
                    progress=progress,
                )
                spaces = {adapter.steps: (adapter(inside), adapter(outside)) for adapter in adapters}
                if alignment.name in WITH_RELEVE_SIDE:
                    # Of the last adapter only, unless it is by this that the number of steps is chosen.
                    chosen_so = stopped_by_retrieval(alignment)
                    for adapter in adapters if chosen_so else adapters[-1:]:
                        found = held_out_retrieval(adapter, (inside, part.cover), (outside, source.cover[held]))
                        if chosen_so:
                            ranks[alignment, adapter.steps].add(found.mean_reciprocal_rank, len(held))
                        told = f", {adapter.steps} steps: {found.words}"
                        progress.update(fraction, f"inner validation: {alignment.label}{told}")
            for steps, (z_train, z_held) in spaces.items():
                block = EnvironmentBlock.fit(near, width=z_train.shape[1])
                scores = linear_path(joined(z_train, block, near), presence, joined(z_held, block, far), penalties)
                error = relative_error(table.presence[held], scores, prevalence)
                key = (alignment, steps)
                wrong: Array = np.zeros(len(penalties))
                weight = 0.0
                if choose_by == "ranking":
                    wrong, weight = ranking_error(table.presence[held], scores)
                for p in range(len(penalties)):
                    if weight:
                        orders[key][p].add(float(wrong[p]), weight)
                    sums[key][p].add(float(error[p]), len(held))
                    logits[key][p, held] = logits_of_linear(scores[p], prevalence)
    return [
        Trial(
            key[0], key[1], penalty, sums[key][p].mean if sums[key][p].weight else 0.0, logits[key][p],
            ranks[key].mean, orders[key][p].mean if orders[key][p].weight else None,
        )
        for key in keys
        for p, penalty in enumerate(penalties)
    ]


def best(trials: Sequence[Trial], *names: str) -> Trial:
    """Return the trial that does best by its criterion among alignments of these names (all when none is given).

    An alignment that is stopped by retrieval takes part with the number of steps of best retrieval alone; its penalty,
    and whether it is chosen, are still matters of the criterion.
    """
    pool = [trial for trial in trials if not names or trial.alignment.name in names]
    highest: dict[Alignment, float] = {}
    for trial in pool:
        if np.isfinite(trial.retrieval):
            highest[trial.alignment] = max(trial.retrieval, highest.get(trial.alignment, -1.0))
    pool = [
        trial for trial in pool if not np.isfinite(trial.retrieval) or trial.retrieval == highest[trial.alignment]
    ]
    return min(pool, key=lambda trial: trial.criterion)
