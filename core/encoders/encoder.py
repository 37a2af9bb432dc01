"""What the rest of the house knows about an encoder."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray


class Encoder(Protocol):
    """What the rest of the house knows about an encoder.

    A cell's vector depends on its own ``stride_px`` square and ``margin_px`` pixels around it and on nothing
    else, so it is the same in every window.
    """

    @property
    def id(self) -> str:
        """Name in options and model files."""
        ...

    @property
    def sha256(self) -> str:
        """Digest of the weights."""
        ...

    @property
    def bands(self) -> tuple[str, ...]:
        """Band roles it looks at, in order."""
        ...

    @property
    def dimension(self) -> int:
        """Length of a cell's vector."""
        ...

    @property
    def stride_px(self) -> int:
        """Side of a cell in pixels."""
        ...

    @property
    def margin_px(self) -> int:
        """Pixels of surroundings that a cell needs on each side."""
        ...

    @property
    def kind(self) -> str:
        """``dense``: any window; other kinds look at one patch at a time."""
        ...

    @property
    def licence(self) -> str:
        """Licence of the weights."""
        ...

    @property
    def citation(self) -> str:
        """Whom to cite."""
        ...

    @property
    def onnx(self) -> bytes:
        """The graph, for the model file."""
        ...

    @property
    def value_range(self) -> tuple[float, float]:
        """Pixel values that become 0 and 1."""
        ...

    def metadata(self) -> dict[str, Any]:
        """What a model file says about the encoder."""
        ...

    def encode(self, pixels: NDArray[np.float32], valid: NDArray[np.bool_]) -> NDArray[np.float32]:
        """Turn pixels (B, C, H, W) and their validity (B, H, W) into vectors (B, D, h, w)."""
        ...
