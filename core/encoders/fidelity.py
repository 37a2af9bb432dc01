"""How near a graph in another precision is to the one it was made of."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from botaclip.core.encoders.onnx_session import open_session, run_session
from botaclip.core.errors import EncoderError

Floats = NDArray[np.float32]
Numbers = NDArray[np.float64]


@dataclasses.dataclass(frozen=True)
class Fidelity:
    """Agreement of two graphs on the same tiles.

    Parameters
    ----------
    tiles
        How many tiles it was measured on.
    cosine_median, cosine_min
        Of the cosine between each vector and its counterpart (one of a patch, or one of each cell of a window). It is
        near 1 wherever vectors have much in common, whatever is told by them.
    relative_error
        Root mean square of the difference, over that of the reference's vectors about their mean: how large the error
        is beside what tells one place from another.
    """

    tiles: int
    cosine_median: float
    cosine_min: float
    relative_error: float

    @property
    def words(self) -> str:
        """The measure as a sentence."""
        return (
            f"on {self.tiles} tile{'s' if self.tiles != 1 else ''}: cosine to full precision {self.cosine_median:.5f} "
            f"(median), {self.cosine_min:.5f} (lowest); error {100 * self.relative_error:.2g} % of the vectors' spread"
        )

    def to_json(self) -> dict[str, Any]:
        """Return what a graph's description and a model file keep; an error beyond all measure is null."""
        error = self.relative_error if math.isfinite(self.relative_error) else None
        cosines = {"median": self.cosine_median, "min": self.cosine_min}
        return {"tiles": self.tiles, "cosine": cosines, "relative_error": error}

    @classmethod
    def from_json(cls, measured: Mapping[str, Any]) -> Fidelity:
        """Return what :meth:`to_json` wrote.

        Raises
        ------
        EncoderError
            A number is missing or is none.
        """
        try:
            cosines, error = measured["cosine"], measured["relative_error"]
            error = math.inf if error is None else float(error)
            return cls(int(measured["tiles"]), float(cosines["median"]), float(cosines["min"]), error)
        except (KeyError, TypeError, ValueError) as error:
            raise EncoderError(f"what was measured of a graph's precision cannot be read ({error})") from error


def fidelity(reference: bytes, other: bytes, tiles: Iterable[Floats]) -> Fidelity:
    """Run two graphs on the same tiles, one at a time, and compare.

    Parameters
    ----------
    reference, other
        Graphs with the input ``pixels``.
    tiles
        Normalised inputs (C, H, W) or (B, C, H, W) as both take them.

    Raises
    ------
    EncoderError
        There is no tile, or the graphs make vectors of different shapes.
    """
    sessions = [open_session(graph) for graph in (reference, other)]
    pairs: list[tuple[Floats, Floats]] = []
    for tile in tiles:
        batch = np.ascontiguousarray(tile if tile.ndim == 4 else tile[None], dtype=np.float32)
        for one in batch:
            first, second = (run_session(session, {"pixels": one[None]})[0] for session in sessions)
            if first.shape != second.shape:
                raise EncoderError(f"the graphs cannot be compared: they make {first.shape} and {second.shape}")
            pairs.append((_vectors(first), _vectors(second)))
    if not pairs:
        raise EncoderError("no tile was given to compare on", remedy="name a raster with --calibration")
    return compare(*(np.concatenate(vectors) for vectors in zip(*pairs, strict=True)), tiles=len(pairs))


def compare(expected: NDArray[Any], found: NDArray[Any], *, tiles: int) -> Fidelity:
    """Return the agreement of vectors (N, D) with their counterparts; two zero vectors agree."""
    expected, found = (vectors.astype(np.float64) for vectors in (expected, found))
    cosines = cosine(expected, found)
    difference = float(np.sqrt(np.mean((found - expected) ** 2)))
    # A single vector has no spread: its own size takes the place.
    about = expected - expected.mean(axis=0) if len(expected) > 1 else expected
    spread = float(np.sqrt(np.mean(about**2)))
    error = 0.0 if difference == 0 else difference / spread if spread > 0 else float("inf")
    return Fidelity(tiles, float(np.median(cosines)), float(cosines.min()), error)


def cosine(expected: NDArray[Any], found: NDArray[Any]) -> Numbers:
    """Return the cosine of each row of (N, D) with its counterpart, (N,)."""
    expected, found = (vectors.astype(np.float64) for vectors in (expected, found))
    lengths = np.linalg.norm(expected, axis=1) * np.linalg.norm(found, axis=1)
    both_zero = ~expected.any(axis=1) & ~found.any(axis=1)
    products = (expected * found).sum(axis=1)
    result: Numbers = np.where(both_zero, 1.0, products / np.where(lengths > 0, lengths, 1.0))
    return result


def _vectors(made: Floats) -> Floats:
    """(B, D) or (B, D, h, w) as (N, D)."""
    return np.moveaxis(made, 1, -1).reshape(-1, made.shape[1])
