"""How an encoder is asked for: ``--encoder a+b --mode --precision --pooling --stage`` as one value.

Standard library only.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from botaclip.core.errors import OptionError

MOST_JOINED = 4


@dataclasses.dataclass(frozen=True)
class EncoderSpec:
    """One encoder and how it is to be used.

    Parameters
    ----------
    name
        Id of a record, of a user's own record, or of a built-in encoder.
    mode
        ``dense``, ``exact``, ``tokens``, or ``auto``: the record's default.
    precision
        ``fp32``, ``fp16`` or ``int8``.
    pooling
        ``cls``, ``mean``, ``cls-mean``, or ``auto``: the record's default.
    stage
        Stage of a convolutional encoder; None: the record's default, the deepest.
    """

    name: str
    mode: str = "auto"
    precision: str = "fp32"
    pooling: str = "auto"
    stage: int | None = None

    @classmethod
    def parse(cls, text: str, **settings: Any) -> tuple[EncoderSpec, ...]:
        """Return one spec for each name of ``a+b``, all with the same settings.

        Raises
        ------
        OptionError
            A name is empty or stands twice, or there are more than four.
        """
        names = [name.strip() for name in text.split("+")]
        if not all(names):
            raise OptionError(f"--encoder cannot be {text!r}", remedy="join encoders as a+b")
        if len(set(names)) < len(names):
            raise OptionError(f"--encoder {text!r} names an encoder twice", remedy="name each once")
        if len(names) > MOST_JOINED:
            raise OptionError(f"--encoder joins {len(names)} encoders", remedy=f"join at most {MOST_JOINED}")
        return tuple(cls(name, **settings) for name in names)

    @classmethod
    def of(cls, parameters: Mapping[str, Any]) -> tuple[EncoderSpec, ...]:
        """Return the specs that a job's parameters ask for."""
        keys = ("mode", "precision", "pooling", "stage")
        settings = {key: parameters[key] for key in keys if parameters.get(key) is not None}
        return cls.parse(str(parameters["encoder"]), **settings)
