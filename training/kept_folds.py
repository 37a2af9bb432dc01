"""What a finished fold leaves behind, and how it is kept so that a cross-validation that was stopped can go on."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from botaclip.training.fit_state import FitState, Kept, digest_of
from botaclip.training.protocol import Protocol
from botaclip.training.training_table import TrainingTable

Array = NDArray[np.floating]
Index = NDArray[np.integer]


@dataclasses.dataclass(frozen=True)
class Predicted:
    """What one column says of the held-out plots of one fold.

    Parameters
    ----------
    suitability, positive
        Calibrated suitability and presence at the training threshold (M, S).
    baseline
        Suitability where nothing speaks for or against a species (S,).
    choice
        What the column settled on, in words.
    importance
        Fall in AUC by part and species (P, S), of ``adapted`` alone; see :mod:`botaclip.training.importance`.
    nearest
        Training plot most alike, and its cosine (M, 2), of ``adapted`` alone; see
        :mod:`botaclip.training.nearest_releves`.
    """

    suitability: Array
    positive: NDArray[np.bool_]
    baseline: Array
    choice: str
    importance: Array | None = None
    nearest: Array | None = None


def digest_of_fold(
    table: TrainingTable, train: Index, test: Index, protocol: Protocol, columns: Sequence[str]
) -> str:
    """Return a digest of everything that the predictions of one fold depend on."""
    inside = table.take(train)
    return digest_of(
        inside, table.take(test), list(protocol.validation_folds(inside)), protocol.asked, protocol.alignments,
        protocol.head, protocol.random_state, protocol.device, protocol.search, protocol.choose_by, list(columns),
    )  # fmt: skip


def kept_fold(kept: FitState, name: str, digest: str, columns: Sequence[str]) -> dict[str, Predicted] | None:
    """Return the predictions of a finished fold by column; None where it was not kept, or of other work."""
    found = kept.finished(name, depends=digest)
    return None if found is None else _of(found, columns)


def _of(found: Kept, columns: Sequence[str]) -> dict[str, Predicted]:
    return {
        column: Predicted(
            found.arrays[f"{column}.suitability"], found.arrays[f"{column}.positive"].astype(bool),
            found.arrays[f"{column}.baseline"], str(found.about["choices"][column]),
            found.arrays.get(f"{column}.importance"), found.arrays.get(f"{column}.nearest"),
        )
        for column in columns
    }  # fmt: skip


def keep_fold(kept: FitState, name: str, digest: str, predicted: Mapping[str, Predicted]) -> None:
    """Keep the predictions of a finished fold; its unfinished fits go.

    Raises
    ------
    OutputError
        The folder cannot be written to.
    """
    arrays = {
        f"{column}.{part}": getattr(each, part)
        for column, each in predicted.items()
        for part in ("suitability", "positive", "baseline", "importance", "nearest")
        if getattr(each, part) is not None
    }
    kept.keep(name, arrays, {"choices": {column: each.choice for column, each in predicted.items()}}, depends=digest)
