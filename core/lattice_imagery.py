"""Imagery with a lattice laid over each of its scenes: vectors of any scene, opened when its turn comes."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from contextlib import contextmanager

from botaclip.core.cells import CellSource
from botaclip.core.encoders import catalogue
from botaclip.core.encoders.encoder import Encoder
from botaclip.core.environment_rasters import Environment, EnvironmentReader
from botaclip.core.imagery import Imagery
from botaclip.core.lattice import Lattice
from botaclip.core.lattice_reader import LatticeReader
from botaclip.core.rasters import RasterSource


@dataclasses.dataclass(frozen=True)
class LatticeImagery:
    """All scenes of a job, seen through one encoder.

    Parameters
    ----------
    imagery
        The scenes.
    encoder
        What turns pixels into vectors.
    lattice
        The reference, laid for the scene of the coarsest pixels; a model stores it.
    lattices
        The lattice of each scene: the reference itself where it fits, see :meth:`Lattice.for_source`.
    environment
        Rasters whose values join the vectors; None without.
    """

    imagery: Imagery
    encoder: Encoder
    lattice: Lattice
    lattices: tuple[Lattice, ...]
    environment: Environment | None = None

    @classmethod
    def lay(
        cls, imagery: Imagery, *, encoder: str, patch_m: float, environment: Environment | None = None,
        value_range: tuple[float, float] | None = None,
    ) -> LatticeImagery:
        """Lay the lattices for an encoder and a patch of ``patch_m`` metres.

        ``value_range`` are the pixel values that become 0 and 1; None: those of the imagery itself.

        Raises
        ------
        EncoderError
            No encoder has this name.
        RasterError
            The patch is too small for the pixels, no valid pixel is found, or an environment raster lies elsewhere.
        """
        if environment is not None:
            environment.check_meets(imagery.scenes)
        found = catalogue.get(
            encoder, bands=imagery.roles, value_range=imagery.value_range() if value_range is None else value_range
        )
        reference = Lattice.of(imagery.coarsest, found.stride_px, found.margin_px, patch_m)
        lattices = tuple(reference.for_source(scene) for scene in imagery.scenes)
        return cls(imagery, found, reference, lattices, environment)

    @property
    def scenes(self) -> tuple[RasterSource, ...]:
        """The scenes, in the order of ``lattices``."""
        return self.imagery.scenes

    @property
    def layers(self) -> int:
        """Number of environment layers."""
        return 0 if self.environment is None else len(self.environment)

    @property
    def dimension(self) -> int:
        """Length of a vector: the image's, then the environment's."""
        return self.encoder.dimension + self.layers

    @property
    def identity(self) -> str:
        """What the pixels and environment values come from; changes when a file does."""
        if self.environment is None:
            return self.imagery.identity
        return f"{self.imagery.identity} {self.environment.identity}"

    @contextmanager
    def cells(self, scene: int) -> Iterator[CellSource]:
        """Open one scene on its lattice."""
        lattice = self.lattices[scene]
        with LatticeReader(self.scenes[scene], lattice) as reader:
            if self.environment is None:
                yield CellSource(reader, self.encoder)
                return
            with EnvironmentReader(self.environment, lattice) as layers:
                yield CellSource(reader, self.encoder, layers)
