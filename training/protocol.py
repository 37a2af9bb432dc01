"""What a cross-validation tries and how, and which columns it compares."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Collection, Sequence

import numpy as np
from numpy.typing import NDArray

from botaclip.training.alignment import Alignment
from botaclip.training.continuation import without_seen
from botaclip.training.training_table import TrainingTable

Index = NDArray[np.integer]
Folds = Sequence[tuple[Index, Index]]
InnerFolds = Callable[[TrainingTable], Folds]

# Which alignment each image column is fixed to; of several of that name (weights, axes) inner validation takes one.
ALIGNED = {
    "raw_whitened": "whitened", "supervised": "supervised", "contrastive": "contrastive", "botaclip": "botaclip",
    "canonical": "canonical", "joint": "joint",
}  # fmt: skip
IMAGE_COLUMNS = ("raw", *ALIGNED, "adapted", "shuffled")
COLUMNS = (*IMAGE_COLUMNS, "location_only", "prevalence")
# Only where there are environment rasters.
ENVIRONMENT_ONLY = "environment_only"
# Nothing is scored on what any part of it has seen: adapter, standardiser, head, threshold and calibrator are fitted
# inside the outer training fold.
STRICT = "strict"


@dataclasses.dataclass(frozen=True)
class Protocol:
    """What a cross-validation tries and how.

    Parameters
    ----------
    asked
        ``auto`` or the alignment that the column ``adapted`` has to be.
    alignments
        Candidates; a column whose alignment is not among them is left out.
    head
        ``linear`` or ``forest``.
    inner_folds
        Returns spatial (train, held-out) pairs of a training table.
    random_state
        Seed of everything random.
    device
        Torch device of the adapters.
    search
        Trials of a search for better settings in every training fold; see :mod:`botaclip.training.search`.
    choose_by
        By what inner validation chooses; see :data:`botaclip.training.selection.CRITERIA`.

    Attributes
    ----------
    seen
        Plots that the model which the alignments start from may have been trained on: never held out.
    """

    asked: str
    alignments: tuple[Alignment, ...]
    head: str
    inner_folds: InnerFolds
    random_state: int = 1
    device: str = "cpu"
    search: int = 0
    choose_by: str = "error"

    @property
    def seen(self) -> frozenset[str]:  # noqa: D102
        return frozenset().union(*(each.start.seen for each in self.alignments if each.start is not None))

    def validation_folds(self, table: TrainingTable) -> Folds:
        """Return inner folds of a training table, in which nothing is held out that has been seen before.

        Raises
        ------
        PairingError
            Nothing is left to be held out.
        """
        folds = self.inner_folds(table)
        return without_seen(folds, among(self.seen, table)) if self.seen else folds


def among(seen: Collection[str], table: TrainingTable) -> NDArray[np.bool_]:
    """Return which plots (N,) are among those seen."""
    return np.array([name in seen for name in table.ids], dtype=bool)


def columns_of(
    table: TrainingTable, asked: str, alignments: Sequence[Alignment] | None = None
) -> tuple[tuple[str, ...], dict[str, str]]:
    """Return the columns of a comparison, and why any of the usual ones is left out, by name.

    Parameters
    ----------
    table
        The plots; with environment values there is the column ``environment_only``.
    asked
        ``auto`` or the alignment asked for. Without an adapter there is no relevé for ``shuffled`` to shuffle, nor
        where principal components are asked for.
    alignments
        What is tried; columns of other alignments are left out. All of them when None.
    """
    columns, omitted = list(COLUMNS), {}
    if table.environment is not None:
        columns.insert(columns.index("location_only"), ENVIRONMENT_ONLY)
    if asked == "none":
        omitted["shuffled"] = "no adapter is trained with --alignment none, so that shuffled relevés change nothing"
    elif asked == "whitened":
        omitted["shuffled"] = "principal components read no relevé, so that shuffled ones change nothing"
    if alignments is not None:
        tried = {alignment.name for alignment in alignments}
        omitted |= {column: "it was not tried" for column, name in ALIGNED.items() if name not in tried}
    return tuple(column for column in columns if column not in omitted), omitted
