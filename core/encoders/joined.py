"""Several encoders that look at the same places, their vectors one behind the other (``--encoder a+b``)."""

from __future__ import annotations

import dataclasses
import functools
import hashlib
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from botaclip.core.encoders.encoder import Encoder
from botaclip.core.encoders.spec import MOST_JOINED
from botaclip.core.errors import EncoderError


def part_name(number: int) -> str:
    """Return the name of a graph's part in a model file: ``encoder.onnx``, ``encoder.2.onnx``, ..."""
    return "encoder.onnx" if number == 0 else f"encoder.{number + 1}.onnx"


@dataclasses.dataclass(frozen=True, eq=False)
class JoinedEncoder:
    """Encoders whose vectors follow each other in one.

    The first one's lattice says where patches lie; each of the others looks from the node of its own lattice that is
    nearest (:class:`~botaclip.core.joined_source.JoinedSource`).

    Parameters
    ----------
    parts
        The encoders, in the order of their names; bands may differ.

    Raises
    ------
    EncoderError
        There are fewer than two or more than four, or they scale pixels differently.
    """

    parts: tuple[Encoder, ...]

    def __post_init__(self) -> None:
        """Check that the parts go together."""
        if not 2 <= len(self.parts) <= MOST_JOINED:
            raise EncoderError(f"{len(self.parts)} encoders cannot be joined", remedy=f"join 2 to {MOST_JOINED}")
        if any(isinstance(part, JoinedEncoder) for part in self.parts):
            raise EncoderError("joined encoders cannot be joined again")
        if len({tuple(part.value_range) for part in self.parts}) > 1:
            raise EncoderError(f"the encoders {self.id} do not scale pixel values alike")

    @property
    def kind(self) -> str:
        """``joined``."""
        return "joined"

    @property
    def id(self) -> str:
        """The names, joined by ``+``."""
        return "+".join(part.id for part in self.parts)

    @functools.cached_property
    def sha256(self) -> str:
        """Digest of the digests of the graphs, in order."""
        return hashlib.sha256(" ".join(part.sha256 for part in self.parts).encode()).hexdigest()

    @functools.cached_property
    def identity(self) -> str:
        """Digest of the identities, in order."""
        return hashlib.sha256(" ".join(part.identity for part in self.parts).encode()).hexdigest()

    @property
    def computed(self) -> str:
        """How vectors are computed where not on the CPU as the graphs say: of which parts, unless all are alike."""
        words = [part.computed for part in self.parts]
        if len(set(words)) == 1:
            return words[0]
        return ", ".join(f"{how} ({part.id})" for how, part in zip(words, self.parts, strict=True) if how)

    @property
    def bands(self) -> tuple[str, ...]:
        """All bands that any part looks at, by first mention."""
        return tuple(dict.fromkeys(band for part in self.parts for band in part.bands))

    @property
    def value_range(self) -> tuple[float, float]:
        """Pixel values that become 0 and 1."""
        return self.parts[0].value_range

    @property
    def blocks(self) -> tuple[int, ...]:
        """Lengths of the parts' vectors."""
        return tuple(part.dimension for part in self.parts)

    @property
    def dimension(self) -> int:
        """Length of the whole vector."""
        return sum(self.blocks)

    @property
    def stride_px(self) -> int:
        """Side of a cell of the first one."""
        return self.parts[0].stride_px

    @property
    def margin_px(self) -> int:
        """Margin of the first one."""
        return self.parts[0].margin_px

    @property
    def reach_px(self) -> int:
        """How far beyond the patch any part sees; its node may lie half a cell off."""
        first, *others = self.parts
        return max(first.reach_px, *(part.reach_px + (part.stride_px + 1) // 2 for part in others))

    @property
    def licence(self) -> str:
        """All licences."""
        return "; ".join(dict.fromkeys(part.licence for part in self.parts))

    @property
    def citation(self) -> str:
        """All citations."""
        return "; ".join(dict.fromkeys(part.citation for part in self.parts))

    @property
    def licence_text(self) -> str:
        """The texts of the licences that go wherever the graphs go, one behind the other."""
        return "\n\n".join(dict.fromkeys(part.licence_text for part in self.parts if part.licence_text))

    @property
    def onnx(self) -> bytes:
        """The first graph."""
        return self.parts[0].onnx

    @property
    def graphs(self) -> dict[str, bytes]:
        """All graphs, by the names of their parts in a model file."""
        return {part_name(number): part.onnx for number, part in enumerate(self.parts)}

    @property
    def batch(self) -> int:
        """Windows at once of the first one."""
        return self.parts[0].batch

    @property
    def tile_px(self) -> int:
        """Side of a tile on which the first one can be tried."""
        return self.parts[0].tile_px

    def with_stride(self, stride_px: int) -> JoinedEncoder:
        """Return the encoder on a lattice of this stride: what changes is the first one's."""
        return self.with_strides([stride_px, *(part.stride_px for part in self.parts[1:])])

    def with_strides(self, strides_px: Sequence[int]) -> JoinedEncoder:
        """Return the encoder with each part on the lattice of its own stride."""
        parts = tuple(part.with_stride(stride) for part, stride in zip(self.parts, strides_px, strict=True))
        return self if parts == self.parts else JoinedEncoder(parts)

    def with_threads(self, threads: int | None) -> JoinedEncoder:
        """Return the encoder on so many threads."""
        return JoinedEncoder(tuple(part.with_threads(threads) for part in self.parts))

    def encode(self, pixels: NDArray[np.float32], valid: NDArray[np.bool_]) -> NDArray[np.float32]:
        """Refuse: the parts look at different windows, each by itself.

        Raises
        ------
        EncoderError
            Always.
        """
        raise EncoderError(f"the encoders {self.id} look at windows of their own each", remedy="encode with the parts")

    def metadata(self) -> dict[str, Any]:
        """Return what a model file says about the encoder (without ``embedded``)."""
        names = ("id", "sha256", "kind", "licence", "citation", "stride_px", "margin_px", "dimension", "reach_px")
        parts = [
            {"reach_px": part.reach_px, **part.metadata(), "bands": list(part.bands), "part": part_name(number)}
            for number, part in enumerate(self.parts)
        ]
        return {**{name: getattr(self, name) for name in names}, "parts": parts}
