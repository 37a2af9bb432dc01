"""How an encoder is really used: what ``auto`` and the defaults of its record come to. Standard library only."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Sequence
from typing import Any

from botaclip.core.encoders.record import MODES, PRECISIONS, EncoderRecord
from botaclip.core.encoders.spec import EncoderSpec
from botaclip.core.errors import EncoderError

# Raised when the same settings give another graph than before; graphs made earlier are then made anew.
EXPORT_VERSION = 2


@dataclasses.dataclass(frozen=True)
class Settings:
    """One way to use an encoder.

    Parameters
    ----------
    mode, precision
        See :class:`~botaclip.core.encoders.spec.EncoderSpec`.
    pooling
        Of mode ``exact``; empty elsewhere.
    stage
        Of an encoder that has stages; None elsewhere.
    bands
        Roles that the graph takes, in order.
    """

    mode: str
    precision: str
    pooling: str
    stage: int | None
    bands: tuple[str, ...]

    @classmethod
    def of(cls, spec: EncoderSpec, record: EncoderRecord, bands: Sequence[str]) -> Settings:
        """Return what a spec comes to for an encoder and the bands that it will look at.

        Raises
        ------
        EncoderError
            The encoder has no such mode, pooling or stage.
        """
        stage = _stage(spec, record)
        mode = record.modes[0] if spec.mode == "auto" else spec.mode
        if mode not in MODES or mode not in record.modes:
            raise EncoderError(
                f"{record.id} has no mode {mode}", remedy=f"use --mode {' or '.join(record.modes)}"
            )
        if mode == "dense" and record.stages and stage not in record.fields:
            fitting = " or ".join(str(stage) for stage in sorted(record.fields))
            raise EncoderError(
                f"a cell of stage {stage} of {record.id} sees too far around it for mode dense",
                remedy=f"use --stage {fitting}, or --mode {record.modes[0]}",
            )
        if spec.precision not in PRECISIONS:
            raise EncoderError(f"there is no precision {spec.precision}", remedy=f"use one of {', '.join(PRECISIONS)}")
        return cls(mode, spec.precision, _pooling(spec, record, mode), stage, tuple(bands))

    def key(self, checkpoint_sha256: str, record: EncoderRecord) -> str:
        """Return the name of the graph that these settings make of a checkpoint."""
        about: list[Any] = [
            EXPORT_VERSION, checkpoint_sha256, record.architecture, dict(record.variant), record.input_px,
            record.window_px, record.drop_tokens, record.value_range,
            [[record.mean.get(band), record.std.get(band)] for band in self.bands], dataclasses.astuple(self),
        ]  # fmt: skip
        digest = hashlib.sha256(json.dumps(about, sort_keys=True, default=list).encode()).hexdigest()
        return f"{self.mode}-{self.precision}-{digest[:16]}"


def _pooling(spec: EncoderSpec, record: EncoderRecord, mode: str) -> str:
    if mode != "exact":
        if spec.pooling not in ("auto", "mean"):
            raise EncoderError(
                f"in mode {mode} a plot's vector is the mean of its cells; there is no pooling {spec.pooling}",
                remedy="leave --pooling out, or use --mode exact",
            )
        return ""
    pooling = record.poolings[0] if spec.pooling == "auto" else spec.pooling
    if pooling not in record.poolings:
        raise EncoderError(
            f"{record.id} has no pooling {pooling}", remedy=f"use --pooling {' or '.join(record.poolings)}"
        )
    return pooling


def _stage(spec: EncoderSpec, record: EncoderRecord) -> int | None:
    if not record.stages:
        if spec.stage is not None:
            raise EncoderError(f"{record.id} has no stages to choose from", remedy="leave --stage out")
        return None
    stage = record.stages[0] if spec.stage is None else spec.stage
    if spec.stage is None and spec.mode == "dense" and record.fields:
        stage = max(record.fields)  # the deepest that such a map can be made of
    if stage not in record.stages:
        raise EncoderError(
            f"{record.id} has no stage {stage}", remedy=f"use one of {', '.join(map(str, sorted(record.stages)))}"
        )
    return stage
