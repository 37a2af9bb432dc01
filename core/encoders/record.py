"""What is known of an encoder: one frozen record each, the same for those we ship and those a user adds.

Standard library only: QGIS lists the records too.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

MODES = ("dense", "exact", "tokens")
PRECISIONS = ("fp32", "fp16", "int8")
POOLINGS = ("cls", "mean", "cls-mean")


@dataclasses.dataclass(frozen=True)
class Licence:
    """Terms that weights come under.

    Parameters
    ----------
    id
        Short name, an SPDX identifier where there is one.
    title
        Its full name.
    url
        Where its text is.
    summary
        What it asks of a user, in our words; not a substitute for the text.
    accept
        Whether it has to be accepted before the weights are fetched or used.
    text_file
        Name of the file with its text beside the checkpoint, which is fetched with it; empty where none is known.
    """

    id: str
    title: str
    url: str
    summary: str
    accept: bool = False
    text_file: str = ""


@dataclasses.dataclass(frozen=True)
class EncoderRecord:
    """A frozen encoder as data; adding one of a known architecture is one of these and no code.

    Parameters
    ----------
    id, title
        Name in options and model files; name for people.
    architecture
        Which loader builds it: a key of :data:`botaclip.core.encoders.architecture.ARCHITECTURES`, or ``builtin``.
    variant
        What the loader has to know besides the weights (width, depth, name in timm, ...).
    file
        Name of the checkpoint as its publisher calls it; empty for ``builtin``.
    url
        Address of ``file`` (with the revision in it where it has one); empty: not known, the user gives it.
    revision
        Pinned commit of the repository that ``url`` leads to; empty: unpinned.
    sha256, sha256_prefix
        Digest of ``file`` where it is known, or the first digits of it where only those are; empty: unpinned.
    refused
        Digest prefixes of files that load without error and give wrong features, and why.
    size_bytes
        About how large ``file`` is; 0: not known.
    licence
        Key of :data:`botaclip.core.encoders.registry.LICENCES`, or the licence in words for a user's own record.
    bands
        Roles it looks at, in its order; empty: any bands, by wavelength.
    value_range
        Pixel values of its training, lowest and highest.
    mean, std
        Normalisation by role, in units of ``value_range``.
    input_px
        Side of its input: what a patch is resized to in mode ``exact``.
    token_px
        Side of the square of input pixels that a token (or cell of its deepest map) stands for.
    window_px, drop_tokens
        Mode ``tokens``: side of the window, and how many rings of tokens at its border are dropped.
    gsd_m
        Ground sample distances of its training, finest and coarsest.
    dimension
        Length of its vector with the default pooling and stage.
    modes
        Modes it can be used in, the default first.
    poolings
        How it can make one vector of a patch, the default first.
    stages
        Stages whose map can be taken, the default (deepest) first; empty where there is no choice.
    fields
        Receptive field in pixels by stage, where it is small enough for mode ``dense``.
    citation
        Whom to cite.
    verified
        Whether its loader was held against the official implementation.
    notes
        Anything else a user should know, in a sentence.
    """

    id: str
    title: str
    architecture: str
    variant: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    file: str = ""
    url: str = ""
    revision: str = ""
    sha256: str = ""
    sha256_prefix: str = ""
    refused: Mapping[str, str] = dataclasses.field(default_factory=dict)
    size_bytes: int = 0
    licence: str = ""
    bands: tuple[str, ...] = ()
    value_range: tuple[float, float] = (0.0, 255.0)
    mean: Mapping[str, float] = dataclasses.field(default_factory=dict)
    std: Mapping[str, float] = dataclasses.field(default_factory=dict)
    input_px: int = 224
    token_px: int = 16
    window_px: int = 224
    drop_tokens: int = 2
    gsd_m: tuple[float, float] = (0.1, 30.0)
    dimension: int = 0
    modes: tuple[str, ...] = ("exact", "tokens")
    poolings: tuple[str, ...] = ("mean",)
    stages: tuple[int, ...] = ()
    fields: Mapping[int, int] = dataclasses.field(default_factory=dict)
    citation: str = ""
    verified: bool = True
    notes: str = ""

    @property
    def pinned(self) -> bool:
        """Whether what is fetched can be told from other files: by its digest, or by the first eight digits of it.

        Eight digits tell the right file from a damaged or mistaken one, not from one made to deceive. The revision
        counts for nothing here: it is a part of the address, which a user may replace.
        """
        return bool(self.sha256 or (self.sha256_prefix and len(self.sha256_prefix) >= 8))
