"""Imagery with a lattice laid over each of its scenes: vectors of any scene, opened when its turn comes."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from contextlib import contextmanager

from botaclip.core.encoders import opening
from botaclip.core.encoders.encoder import Encoder
from botaclip.core.environment_rasters import Environment, EnvironmentReader
from botaclip.core.errors import EncoderError
from botaclip.core.imagery import Imagery
from botaclip.core.lattice import Lattice
from botaclip.core.lattice_reader import LatticeReader
from botaclip.core.pixel_window import with_roles
from botaclip.core.rasters import RasterSource
from botaclip.core.vector_source import VectorSource, lattice_for, on_lattice, vector_source


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
        cls, imagery: Imagery, *, encoder: str | Encoder, patch_m: float, environment: Environment | None = None,
        value_range: tuple[float, float] | None = None,
    ) -> LatticeImagery:
        """Lay the lattices for an encoder and a patch of ``patch_m`` metres.

        Parameters
        ----------
        imagery
            The scenes. Bands that the encoder does not look at are left out.
        encoder
            An opened encoder, or the name of one that :mod:`~botaclip.core.encoders.opening` opens.
        patch_m
            Side of a patch.
        environment
            Rasters whose values join the vectors.
        value_range
            Pixel values that become 0 and 1 where the encoder is opened here; None: those of the imagery itself.

        Raises
        ------
        EncoderError
            No encoder has this name, or it looks at a band that the imagery has not.
        RasterError
            The patch is too small for the pixels, no valid pixel is found, or an environment raster lies elsewhere.
        """
        if environment is not None:
            environment.check_meets(imagery.scenes)
        if isinstance(encoder, str):
            encoder = opening.get(
                encoder, bands=imagery.roles,
                value_range=imagery.value_range() if value_range is None else value_range,
            )  # fmt: skip
        imagery = _with_bands_of(encoder, imagery)
        reference = lattice_for(encoder, imagery.coarsest, patch_m)
        lattices = tuple(reference.for_source(scene) for scene in imagery.scenes)
        return cls(imagery, on_lattice(encoder, reference, patch_m), reference, lattices, environment)

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
    def cells(self, scene: int) -> Iterator[VectorSource]:
        """Open one scene on its lattice."""
        lattice = self.lattices[scene]
        with LatticeReader(self.scenes[scene], lattice) as reader:
            if self.environment is None:
                yield vector_source(reader, self.encoder)
                return
            with EnvironmentReader(self.environment, lattice) as layers:
                yield vector_source(reader, self.encoder, layers)


def _with_bands_of(encoder: Encoder, imagery: Imagery) -> Imagery:
    """Return the imagery with the bands that an encoder looks at, in its order."""
    if tuple(encoder.bands) == imagery.roles:
        return imagery
    missing = [role for role in encoder.bands if role not in imagery.roles]
    if missing:
        raise EncoderError(
            f"{encoder.id} looks at {', '.join(encoder.bands)}, the raster has {', '.join(imagery.roles)}: "
            f"{', '.join(missing)} missing",
            where=imagery.name, remedy="name the bands with --bands, or choose another encoder",
        )  # fmt: skip
    scenes = tuple(with_roles(scene, tuple(encoder.bands)) for scene in imagery.scenes)
    return dataclasses.replace(imagery, scenes=scenes)
