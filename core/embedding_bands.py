"""The bands of an embedding: which numbers of a vector are mapped, and how they are stored in a byte."""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import NDArray

from botaclip.core.errors import OptionError
from botaclip.core.model import Model
from botaclip.core.progress import Progress

Floats = NDArray[np.float32]

# Maps meet more than the training plots did: their range is widened by so much of its width on both sides.
_WIDER = 0.25
_FIRST, _LAST = 1, 255  # stored values; 0 is nodata


@dataclasses.dataclass(frozen=True)
class EmbeddingBands:
    """The bands of an embedding.

    Parameters
    ----------
    names
        ``A00``... (``A000``... when there are more than 100).
    low, high
        Range (K,) of each band over the training plots, widened.
    share
        Share of variance of each principal component (K,); None for the full unit vectors.
    """

    names: tuple[str, ...]
    low: Floats
    high: Floats
    share: Floats | None

    @classmethod
    def of(cls, model: Model, dimensions: str, progress: Progress) -> EmbeddingBands:
        """Return the bands asked for.

        Raises
        ------
        OptionError
            ``dimensions`` is neither ``all`` nor a whole number from 1.
        """
        text = dimensions.strip().lower()
        if text == "all":
            plots, share = model.plot_vectors, None
        else:
            if not text.isdecimal() or int(text) < 1:
                raise OptionError(f"--dimensions cannot be {dimensions!r}", remedy="use a whole number from 1, or all")
            count = min(int(text), len(model.pca_share))
            if count < int(text):
                progress.info(f"The model has {count} principal components; all of them are mapped.")
            plots, share = model.components(model.plot_vectors, count), model.pca_share[:count]
        low, high = plots.min(axis=0), plots.max(axis=0)
        margin = np.maximum((high - low) * _WIDER, 1e-6)
        digits = 3 if plots.shape[1] > 100 else 2
        names = tuple(f"A{index:0{digits}d}" for index in range(plots.shape[1]))
        return cls(names, (low - margin).astype(np.float32), (high + margin).astype(np.float32), share)

    @property
    def plot_range(self) -> list[tuple[float, float]]:
        """Lowest and highest value of each band over the training plots, for display."""
        margin = (self.high - self.low) * _WIDER / (1 + 2 * _WIDER)
        return list(zip((self.low + margin).tolist(), (self.high - margin).tolist(), strict=True))

    @property
    def scale(self) -> NDArray[np.float64]:
        """Value of one step of a stored number (K,)."""
        return (self.high.astype(float) - self.low) / (_LAST - _FIRST)

    @property
    def offset(self) -> NDArray[np.float64]:
        """Value of a stored 0 (K,)."""
        return self.low - self.scale * _FIRST

    def values(self, model: Model, vectors: Floats) -> Floats:
        """Return the bands (N, K) of raw vectors (N, D+P); the environment has no part in them."""
        unit = model.adapt(vectors)[1]
        return unit if self.share is None else model.components(unit, len(self.names))

    def quantised(self, values: Floats) -> tuple[NDArray[np.uint8], int]:
        """Return stored numbers (N, K), 1 to 255, and how many values had to be clipped."""
        steps = np.rint((values - self.offset) / self.scale)
        clipped = int(((steps < _FIRST) | (steps > _LAST)).sum())
        return np.clip(steps, _FIRST, _LAST).astype(np.uint8), clipped
