"""What a training looks at: the imagery on its lattices, through the encoder that was asked for."""

from __future__ import annotations

import dataclasses
from typing import Any

from botaclip.core.encoders.encoder import Encoder
from botaclip.core.encoders.fit import say_fit
from botaclip.core.encoders.gpu import on_gpu
from botaclip.core.encoders.joined import JoinedEncoder
from botaclip.core.encoders.opening import open_encoder
from botaclip.core.encoders.spec import EncoderSpec
from botaclip.core.encoders.store import Store
from botaclip.core.encoders.tiles import ImageryTiles
from botaclip.core.environment_rasters import Environment
from botaclip.core.imagery import Imagery, open_imagery
from botaclip.core.lattice_imagery import LatticeImagery
from botaclip.core.progress import Progress
from botaclip.training.continuation import Parent
from botaclip.training.model_parts import embedded_parts


def training_imagery(parameters: dict[str, Any], progress: Progress, parent: Parent | None = None) -> LatticeImagery:
    """Open all scenes on their lattices, with the encoder that looks at them and the rasters beside them.

    Parameters
    ----------
    parameters
        Those of ``botaclip train``.
    progress
        Told what was found, and what the encoder suffers from on it.
    parent
        The model that is continued from: its range of values is kept to.

    Raises
    ------
    RasterError
        A raster cannot be opened.
    EncoderError
        The encoder is not at hand, or does not fit the raster.
    OptionError
        The encoder is to be in the model file and is too large for it.
    """
    imagery = open_imagery(parameters["raster"], bands=parameters["bands"])
    progress.info(imagery.describe())
    environment = None
    if parameters["environment"]:
        environment = Environment.open(parameters["environment"])
        progress.info(environment.describe())
    if parent is not None:
        parent.check_values(imagery.value_range())
    values = imagery.value_range() if parent is None else parent.value_range
    specs, patch_m = EncoderSpec.of(parameters), parameters["patch_size"]
    encoder = open_encoder(
        specs, roles=imagery.roles, value_range=values, where=imagery.name, tiles=ImageryTiles(imagery, values),
        progress=progress,
    )  # fmt: skip
    embedded_parts(encoder, parameters["embed_encoder"])  # what cannot be is said before any long work
    laid = LatticeImagery.lay(imagery, encoder=encoder, patch_m=patch_m, environment=environment)
    _say_fit(laid, imagery, patch_m, progress)
    faster = on_gpu(laid.encoder, parameters["device"], progress)
    if faster is not None:
        laid = dataclasses.replace(laid, encoder=faster)
    if parent is not None:
        parent.check(laid.encoder, laid.lattice, laid.lattice.patch(parameters["patch_size"]))
    progress.info(laid.lattice.describe())
    return laid


def _say_fit(laid: LatticeImagery, imagery: Imagery, patch_m: float, progress: Progress) -> None:
    """Say of every encoder which bands it does not use, how pixels are resampled, and what makes it doubtful."""
    parts: tuple[Encoder, ...] = (laid.encoder,)
    if isinstance(laid.encoder, JoinedEncoder):
        parts = laid.encoder.parts
    patch, source = laid.lattice.patch(patch_m), imagery.coarsest
    for part in parts:
        record = Store().record(part.id)
        seen_m = laid.lattice.pixel_m
        if part.kind == "exact":
            seen_m = patch.cells * laid.lattice.cell_m / record.input_px
        say_fit(
            record, progress, roles=imagery.roles, chosen=part.bands, pixel_m=source.pixel_size_m, seen_m=seen_m,
            value_range=part.value_range, dtype=source.dtype, mode=part.kind,
        )  # fmt: skip
        if not record.verified:
            progress.warning(
                f"{record.id} is unverified: its loader was never held against the official implementation."
            )
