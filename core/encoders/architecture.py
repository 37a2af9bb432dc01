"""The network architectures that checkpoints can be loaded into. No torch here: a loader is imported when used."""

from __future__ import annotations

import dataclasses
import importlib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from botaclip.core.encoders.record import EncoderRecord
from botaclip.core.errors import EncoderError, EnvironmentMissing

if TYPE_CHECKING:
    from botaclip.core.encoders.frozen import FrozenEncoder


@dataclasses.dataclass(frozen=True)
class Architecture:
    """A kind of network and the module that builds it.

    Parameters
    ----------
    name
        What ``EncoderRecord.architecture`` says.
    title
        Its name for people.
    loader
        Dotted name of the module whose ``build(record, state, *, bands, wavelengths, stage)`` makes it.
    needs
        Packages that the loader imports, beyond those that run a model.
    variant
        Keys of ``EncoderRecord.variant`` that the loader cannot do without.
    """

    name: str
    title: str
    loader: str
    needs: tuple[str, ...] = ("torch",)
    variant: tuple[str, ...] = ()


_HERE = "botaclip.core.encoders"
_VIT = ("width", "depth", "heads")
_TIMM = ("torch", "torchvision", "timm")

ARCHITECTURES: Mapping[str, Architecture] = {
    architecture.name: architecture
    for architecture in (
        Architecture("dofa", "DOFA", f"{_HERE}.dofa", variant=_VIT),
        Architecture("dofa-v2", "DOFA v2", f"{_HERE}.dofa_v2", variant=_VIT),
        Architecture("dinov3", "DINOv3", f"{_HERE}.dinov3", _TIMM),
        Architecture("flair", "FLAIR-INC ResNet34", f"{_HERE}.flair", _TIMM),
        Architecture("mit", "FLAIR-INC MiT-B5", f"{_HERE}.mit"),
        Architecture("flair-hub", "FLAIR-HUB", f"{_HERE}.flair_hub", _TIMM),
        Architecture("timm", "a backbone of timm", f"{_HERE}.timm_backbone", _TIMM, ("timm",)),
    )
}


def build(
    record: EncoderRecord,
    state: Mapping[str, Any],
    *,
    bands: Sequence[str],
    wavelengths: Sequence[float] | None = None,
    stage: int | None = None,
) -> FrozenEncoder:
    """Return the encoder that a record describes, with a checkpoint's weights in it.

    Parameters
    ----------
    record
        Says which architecture, and in ``variant`` how large.
    state
        The checkpoint's tensors by key (:attr:`botaclip.core.encoders.checkpoint.Checkpoint.state`).
    bands
        Roles of the input's channels, in order.
    wavelengths
        Centre wavelength of each in micrometres; only encoders that take any band ask for them.
    stage
        Stage of a convolutional encoder; None: the record's default.

    Raises
    ------
    EncoderError
        There is no such architecture, the record lacks what its loader needs, the stage or the bands are not the
        encoder's, or the checkpoint does not fit.
    EnvironmentMissing
        A package that the loader needs is not installed.
    """
    architecture = ARCHITECTURES.get(record.architecture)
    if architecture is None:
        known = ", ".join(sorted(ARCHITECTURES))
        raise EncoderError(
            f"there is no architecture {record.architecture!r}", where=record.id, remedy=f"choose one of {known}"
        )
    lacking = [key for key in architecture.variant if key not in record.variant]
    if lacking:
        raise EncoderError(
            f"the record does not say its {', '.join(lacking)}", where=record.id,
            remedy=f"{architecture.title} needs {', '.join(architecture.variant)} in 'variant'",
        )  # fmt: skip
    if stage is not None and stage not in record.stages:
        offered = f"choose one of {', '.join(map(str, record.stages))}" if record.stages else "leave --stage out"
        raise EncoderError(f"{record.id} has no stage {stage}", remedy=offered)
    try:
        loader = importlib.import_module(architecture.loader)
    except ModuleNotFoundError as error:
        if error.name is None or error.name.split(".")[0] not in architecture.needs:
            raise
        raise EnvironmentMissing(
            f"{architecture.title} cannot be built without the package {error.name}",
            remedy="run botaclip setup",
        ) from error
    encoder: FrozenEncoder = loader.build(
        record, state, bands=tuple(bands), wavelengths=None if wavelengths is None else tuple(wavelengths), stage=stage
    )
    return encoder
