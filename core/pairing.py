"""Pairing every relevé with the patch of image around it."""

from __future__ import annotations

import collections
import dataclasses

import numpy as np
from numpy.typing import NDArray

from botaclip.core.cells import SEEN_PATCH, CellSource
from botaclip.core.encoders import Encoder
from botaclip.core.errors import PairingError
from botaclip.core.lattice import Lattice, PatchSpec
from botaclip.core.places import Points
from botaclip.core.progress import SILENT, Progress
from botaclip.core.rasters import RasterSource
from botaclip.core.releves import ReleveTable
from botaclip.core.vector_cache import cache_path, load_vectors, save_vectors

OUTSIDE = "outside the raster"
UNSEEN = f"less than {SEEN_PATCH:.0%} of the patch has image data"
DUPLICATE = "the same relevé at the same place as another plot"


@dataclasses.dataclass(frozen=True)
class Pairs:
    """Plots that have both a relevé and an image patch.

    Parameters
    ----------
    plots
        Their indexes in the relevé table (M,).
    rows, cols
        Node of each patch (M,).
    offset_m
        Distance from the plot to the centre of its patch (M,).
    vectors
        Raw frozen vector of each patch (M, D) float32, not standardised.
    seen
        Share of valid pixels in each patch (M,).
    points
        The plots' own places (M) in the lattice's CRS.
    lattice, patch
        Where the patches lie and how large they are.
    encoder
        What made the vectors.
    dropped
        ``{"plot", "reason"}`` of every plot that was left out.
    """

    plots: NDArray[np.int64]
    rows: NDArray[np.int64]
    cols: NDArray[np.int64]
    offset_m: NDArray[np.float64]
    vectors: NDArray[np.float32]
    seen: NDArray[np.float32]
    points: Points
    lattice: Lattice
    patch: PatchSpec
    encoder: Encoder
    dropped: list[dict[str, str]]

    def __len__(self) -> int:
        return len(self.plots)

    @property
    def field_m(self) -> float:
        """Width of the encoder's receptive field in metres."""
        return (self.encoder.stride_px + 2 * self.encoder.margin_px) * self.lattice.pixel_m

    @property
    def dropped_counts(self) -> dict[str, int]:
        """Number of plots left out, by reason."""
        return dict(collections.Counter(drop["reason"] for drop in self.dropped))


def inside(source: RasterSource, points: Points) -> NDArray[np.bool_]:
    """Return whether each place lies in a tile of the raster (N,)."""
    placed = points.to(source.crs_wkt)
    result = np.zeros(len(points), bool)
    for tile in source.tiles:
        inverse = ~tile.transform
        col = inverse.a * placed.x + inverse.b * placed.y + inverse.c
        row = inverse.d * placed.x + inverse.e * placed.y + inverse.f
        result |= (col >= 0) & (col < tile.width) & (row >= 0) & (row < tile.height)
    return result


def pair(
    table: ReleveTable, source: RasterSource, cells: CellSource, lattice: Lattice, patch: PatchSpec,
    progress: Progress = SILENT,
) -> Pairs:
    """Give every plot the frozen vector of the patch around it.

    Parameters
    ----------
    table
        The relevés.
    source, cells
        The raster, and what turns it into vectors.
    lattice, patch
        Where patches lie and how large they are.

    Raises
    ------
    PairingError
        No plot meets the image; the message says why.
    """
    rows, cols, offset_m = lattice.node_of(table.points, patch)
    reasons = np.full(len(table), "", dtype=object)
    reasons[~inside(source, table.points)] = OUTSIDE
    met = set()
    for index in np.flatnonzero(reasons == ""):
        place = (int(rows[index]), int(cols[index]), str(table.digests[index]))
        if place in met:
            reasons[index] = DUPLICATE
        met.add(place)

    candidates = np.flatnonzero(reasons == "")
    vectors, seen = _vectors(source, cells, lattice, patch, rows[candidates], cols[candidates], progress)
    enough = np.isfinite(vectors).all(axis=1)
    reasons[candidates[~enough]] = UNSEEN
    kept = candidates[enough]
    dropped = [
        {"plot": str(table.plot_ids[index]), "reason": str(reasons[index])} for index in np.flatnonzero(reasons != "")
    ]
    pairs = Pairs(
        plots=kept, rows=rows[kept], cols=cols[kept], offset_m=offset_m[kept], vectors=vectors[enough],
        seen=seen[enough], points=table.points[kept].to(lattice.crs_wkt), lattice=lattice, patch=patch,
        encoder=cells.encoder, dropped=dropped,
    )
    for reason, count in pairs.dropped_counts.items():
        progress.info(f"{count} of {len(table)} plots were left out: {reason}.")
    if not len(pairs):
        raise PairingError(
            f"none of the {len(table)} plots meets the image ("
            + ", ".join(f"{count} {reason}" for reason, count in pairs.dropped_counts.items()) + ")",
            where=source.name, remedy="check the CRS of the plots and that they lie inside the raster",
        )
    return pairs


def _vectors(
    source: RasterSource, cells: CellSource, lattice: Lattice, patch: PatchSpec, rows: NDArray[np.int64],
    cols: NDArray[np.int64], progress: Progress,
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return the vectors (N, D) and shares of valid pixels (N,) at nodes, from the cache where they are kept."""
    if not len(rows):
        return np.zeros((0, cells.encoder.dimension), np.float32), np.zeros(0, np.float32)
    path = cache_path(encoder=cells.encoder.sha256, raster=source.identity, lattice=lattice, patch=patch,
                      rows=rows, cols=cols)
    kept = load_vectors(path)
    if kept is not None and kept[0].shape == (len(rows), cells.encoder.dimension):
        progress.info(f"Image vectors of {len(rows)} plots were taken from the cache ({path.parent}).")
        return kept
    vectors, seen = cells.patches(rows, cols, patch, progress=progress)
    save_vectors(path, vectors, seen)
    return vectors, seen
