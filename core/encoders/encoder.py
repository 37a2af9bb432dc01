"""What the rest of the house knows about an encoder."""

from __future__ import annotations

from typing import Any, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

E = TypeVar("E", bound="Encoder")


class Encoder(Protocol):
    """What the rest of the house knows about an encoder.

    Its vectors depend on the pixels of a cell (``dense``, ``tokens``) or patch (``exact``) and of its surroundings
    up to ``reach_px``, and on nothing else, so they are the same in every window that is read.
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
    def identity(self) -> str:
        """Digest of everything that a vector depends on besides the pixels."""
        ...

    @property
    def computed(self) -> str:
        """How vectors are computed where not on the CPU as the graph says, as ``in bfloat16 on cuda``; else empty."""
        ...

    @property
    def bands(self) -> tuple[str, ...]:
        """Band roles it looks at, in order."""
        ...

    @property
    def dimension(self) -> int:
        """Length of a vector."""
        ...

    @property
    def blocks(self) -> tuple[int, ...]:
        """Lengths of the parts of a vector that come from different encoders, in order."""
        ...

    @property
    def stride_px(self) -> int:
        """Side of a cell in pixels."""
        ...

    @property
    def margin_px(self) -> int:
        """Pixels of surroundings that a cell of a dense encoder needs on each side."""
        ...

    @property
    def reach_px(self) -> int:
        """How far beyond its own cell (or patch) a vector sees, in pixels."""
        ...

    @property
    def kind(self) -> str:
        """``dense``: any window; ``tokens``: windows at fixed places; ``exact``: the patch itself; ``joined``."""
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
    def licence_text(self) -> str:
        """Text of a licence that goes wherever the weights go; empty where there is none."""
        ...

    @property
    def onnx(self) -> bytes:
        """The (first) graph, for the model file."""
        ...

    @property
    def graphs(self) -> dict[str, bytes]:
        """All graphs, by the names of their parts in a model file."""
        ...

    @property
    def value_range(self) -> tuple[float, float]:
        """Pixel values that become 0 and 1."""
        ...

    @property
    def batch(self) -> int:
        """How many windows are best handed over at once."""
        ...

    @property
    def tile_px(self) -> int:
        """Side of a tile on which the encoder can be tried."""
        ...

    def metadata(self) -> dict[str, Any]:
        """What a model file says about the encoder."""
        ...

    def with_stride(self: E, stride_px: int) -> E:
        """Return the encoder on a lattice of this stride."""
        ...

    def with_threads(self: E, threads: int | None) -> E:
        """Return the encoder on so many threads."""
        ...

    def encode(self, pixels: NDArray[np.float32], valid: NDArray[np.bool_]) -> NDArray[np.float32]:
        """Turn pixels (B, C, H, W) and their validity (B, H, W) into vectors: (B, D, h, w), ``exact`` (B, D)."""
        ...


class TokenEncoder(Encoder, Protocol):
    """An encoder whose tokens see a whole window, of which the inner ones are kept."""

    @property
    def window_tokens(self) -> int:
        """Side of the window in tokens."""
        ...

    @property
    def drop_tokens(self) -> int:
        """Rings of tokens at the window's border that are dropped."""
        ...

    @property
    def kept_tokens(self) -> int:
        """Side of what is kept, in tokens."""
        ...
