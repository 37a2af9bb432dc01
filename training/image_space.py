"""What is fitted between a frozen vector and a head: standardisers and adapter."""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import NDArray

from botaclip.core.progress import SILENT, Progress
from botaclip.training.adapter import Adapter
from botaclip.training.environment_block import EnvironmentBlock, joined
from botaclip.training.fit_state import FitState
from botaclip.training.protocol import Protocol
from botaclip.training.selection import Trial, fit_alignment
from botaclip.training.standardiser import Standardiser
from botaclip.training.training_table import TrainingTable
from botaclip.training.views import standardised_views

Array = NDArray[np.floating]


@dataclasses.dataclass(frozen=True)
class ImageSpace:
    """Standardisers and adapter as fitted on one training table; remembers whose images and relevés it has seen.

    ``turned`` (E, D) has orthonormal rows where vectors of fewer dimensions are turned back into the frozen frame.
    """

    standardiser: Standardiser
    adapter: Adapter | None
    seen: frozenset[str]
    environment: EnvironmentBlock | None = None
    turned: Array | None = None

    @classmethod
    def fit(
        cls, table: TrainingTable, releves: TrainingTable, trial: Trial, protocol: Protocol,
        progress: Progress = SILENT, kept: FitState | None = None,
    ) -> ImageSpace:
        """Fit what ``trial`` names: images of ``table``, relevés (row by row) of ``releves``."""
        standardiser = Standardiser.fit(table.vectors, table.blocks)
        seen, start = frozenset(table.ids) | frozenset(releves.ids), trial.alignment.start
        adapter: Adapter | None = None
        if not trial.frozen:
            seen |= frozenset() if start is None else start.seen
            adapter = fit_alignment(
                standardiser(table.vectors), releves, trial.alignment.at(trial.steps), standardiser,
                views=standardised_views(standardiser, table.vectors, table.views),
                random_state=protocol.random_state, device=protocol.device, kept=kept, progress=progress,
            )[0]
        width = table.vectors.shape[1] if adapter is None else adapter.width
        return cls(standardiser, adapter, seen, EnvironmentBlock.fit(table.environment, width=width))

    def __call__(self, source: Array | TrainingTable) -> Array:
        """Return adapted vectors (N, E) of raw ones (N, D), or of a table what models read: :meth:`inputs`."""
        if isinstance(source, TrainingTable):
            return self.inputs(source)
        standardised = self.standardiser(source)
        adapted = standardised if self.adapter is None else self.adapter(standardised)
        return adapted if self.turned is None else adapted @ self.turned

    def in_frozen_frame(self) -> ImageSpace:
        """Return the same space with every vector as wide as the frozen one, at the same distances.

        Principal components of several folds differ in number, sign and order: where vectors of several spaces are
        read together, which component a number belongs to would tell the fold, and so the place. Turned back, every
        number belongs to the same dimension of the encoder in every fold.
        """
        if self.adapter is None or self.adapter.form != "linear" or self.adapter.width >= len(self.standardiser.mean):
            return self
        # The rows of the nearest map with orthonormal rows (for whitened vectors: the components themselves).
        left, _, right = np.linalg.svd(self.adapter.weight.astype(np.float64).T, full_matrices=False)
        return dataclasses.replace(self, turned=(left @ right).astype(np.float32))

    def inputs(self, table: TrainingTable) -> Array:
        """Return what the head reads (N, E+P): adapted vectors, behind them the environment."""
        return joined(self(table.vectors), self.environment, table.environment)
