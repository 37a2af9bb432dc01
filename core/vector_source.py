"""What makes vectors of a raster, whatever the kind of encoder: the one lattice function for all of them."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from concurrent.futures import Executor
from typing import Protocol

from numpy.typing import ArrayLike

from botaclip.core.cells import CellSource, Check, Shares, Vectors, nothing
from botaclip.core.encoders.encoder import Encoder
from botaclip.core.encoders.joined import JoinedEncoder
from botaclip.core.environment_rasters import EnvironmentReader
from botaclip.core.errors import EncoderError
from botaclip.core.joined_source import JoinedSource, Part
from botaclip.core.lattice import Lattice, PatchSpec, window_stride
from botaclip.core.patch_rows import Grid
from botaclip.core.patch_source import PatchSource
from botaclip.core.pixel_window import PixelReader, PixelView
from botaclip.core.progress import SILENT, Progress
from botaclip.core.rasters import RasterSource
from botaclip.core.token_source import TokenSource, token_encoder


class VectorSource(Protocol):
    """Vectors of patches of one raster on one lattice: the same numbers by all roads.

    :meth:`patches` for plots and clicks, :meth:`patch_grid` for what a map is in plain words, :meth:`patch_rows` for
    the same in bounded memory.
    """

    @property
    def reader(self) -> PixelReader:
        """The raster on the lattice on which nodes are counted."""
        ...

    @property
    def encoder(self) -> Encoder:
        """What turns pixels into vectors."""
        ...

    @property
    def environment(self) -> EnvironmentReader | None:
        """Rasters whose values join the vectors."""
        ...

    @property
    def dimension(self) -> int:
        """Length of a vector: the encoder's, then the environment's."""
        ...

    @property
    def tried_nodes(self) -> int:
        """Side of what an estimate tries, in nodes."""
        ...

    def patches(
        self, rows: ArrayLike, cols: ArrayLike, patch: PatchSpec, *, progress: Progress = SILENT
    ) -> tuple[Vectors, Shares]:
        """Return the vectors (N, D) of the patches centred on nodes, NaN where not seen, and shares seen (N,)."""
        ...

    def patch_grid(
        self, row: int, col: int, height: int, width: int, step: int, patch: PatchSpec
    ) -> tuple[Vectors, Shares]:
        """Return the vectors (D, h, w) of the patches on every ``step``-th node, NaN where not seen, and shares."""
        ...

    def patch_rows(
        self, grid: Grid, *, ahead: Executor | None = None, check: Check = nothing
    ) -> Iterator[tuple[int, Vectors]]:
        """Yield ``first, vectors (D, n, w)``: the next ``n`` rows of nodes from the one numbered ``first``."""
        ...

    def block_nodes(self, step_px: int, patch: PatchSpec) -> tuple[int, int]:
        """Return how many nodes high and wide a block of a map may be, ``step_px`` pixels from node to node."""
        ...

    def cost(self, height: int, width: int, step_px: int, patch: PatchSpec) -> float:
        """Return what a block of so many nodes costs, in cells or patches to compute."""
        ...


def vector_source(
    reader: PixelReader, encoder: Encoder, environment: EnvironmentReader | None = None
) -> VectorSource:
    """Return what makes vectors of a raster with an encoder.

    Parameters
    ----------
    reader
        The raster on the encoder's lattice (a joined one's first part's), with its bands.
    encoder
        Of any kind.
    environment
        Environment rasters on the same lattice.

    Raises
    ------
    EncoderError
        Encoder, lattice and raster do not fit each other, or the kind is not known.
    """
    if not isinstance(encoder, JoinedEncoder):
        return _one(reader, encoder, environment)
    parts = []
    for number, part in enumerate(encoder.parts):
        own = dataclasses.replace(reader.lattice, stride_px=part.stride_px) if number else reader.lattice
        missing = [role for role in part.bands if role not in reader.source.roles]
        if missing:
            raise EncoderError(
                f"{part.id} looks at {', '.join(part.bands)}, the raster has {', '.join(reader.source.roles)}",
                where=reader.source.name, remedy="name the same bands with --bands",
            )  # fmt: skip
        view = PixelView(reader, own, part.bands)
        parts.append(_one(view, part, None if number else environment))
    return JoinedSource(reader, encoder, parts)


def _one(reader: PixelReader, encoder: Encoder, environment: EnvironmentReader | None) -> Part:
    match encoder.kind:
        case "dense":
            return CellSource(reader, encoder, environment)
        case "tokens":
            return TokenSource(reader, token_encoder(encoder), environment)
        case "exact":
            return PatchSource(reader, encoder, environment)
    raise EncoderError(f"{encoder.id} is of a kind that is not known here, {encoder.kind!r}",
                       remedy="update the plugin")  # fmt: skip


def lattice_for(encoder: Encoder, source: RasterSource, patch_m: float, *, finer: int = 1) -> Lattice:
    """Lay the lattice that an encoder asks for, by its kind; a joined one's is its first part's.

    Parameters
    ----------
    encoder
        Of any kind.
    source
        The raster.
    patch_m
        Side of a patch in metres.
    finer
        The raster is made finer by at least this factor.

    Raises
    ------
    RasterError
        The patch is too small for the pixels.
    """
    if isinstance(encoder, JoinedEncoder):
        finer = max(lattice_for(part, source, patch_m, finer=finer).factor for part in encoder.parts)
        return lattice_for(encoder.parts[0], source, patch_m, finer=finer)
    if encoder.kind == "exact":
        return Lattice.for_window(source, patch_m, finer=finer)
    margin_px = encoder.margin_px if encoder.kind == "dense" else 0
    return Lattice.of(source, encoder.stride_px, margin_px, patch_m, finer=finer)


def on_lattice(encoder: Encoder, lattice: Lattice, patch_m: float) -> Encoder:
    """Return the encoder with the strides it has on a lattice: those of ``exact`` ones are chosen for the patch."""
    if not isinstance(encoder, JoinedEncoder):
        return encoder.with_stride(lattice.stride_px)
    chosen = window_stride(patch_m / lattice.pixel_m)
    others = [chosen if part.kind == "exact" else part.stride_px for part in encoder.parts[1:]]
    return encoder.with_strides([lattice.stride_px, *others])
