"""One encoder's ONNX graph and what has to be known to use it. Standard library only."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from botaclip.core.errors import EncoderError

Scale = tuple[float, ...]


@dataclasses.dataclass(frozen=True)
class GraphAbout:
    """What a graph is; lies beside it as JSON.

    Parameters
    ----------
    mode
        ``dense``: ``pixels (B, C, h s + 2 m, w s + 2 m)`` -> ``cells (B, D, h, w)``; ``tokens``: ``pixels`` of side W
        -> ``cells (B, D, W / s, W / s)``; ``exact``: ``pixels (B, C, P, P)`` -> ``vectors (B, D)``.
    bands
        Roles of the input's channels, in order.
    centre, spread
        One number or one per band: the input is ``(scaled - centre) / spread``, ``scaled`` being the raster's values in
        0..1 of its value range.
    dimension
        D.
    stride_px, margin_px
        s, side of a cell, and m, the surroundings it needs (dense); for ``exact`` the stride is 0: the lattice chooses.
    input_px
        ``exact``: side that a patch is resized to inside the graph; ``tokens``: W; ``dense``: 0.
    window_tokens, drop_tokens
        ``tokens``: tokens along a window's side, and how many rings of them are not kept.
    pooling
        ``exact``: how tokens became one vector.
    stage
        Stage of a convolutional encoder.
    precision
        ``fp32``, ``fp16`` or ``int8``.
    checkpoint_sha256
        Digest of the file that the weights come from.
    fidelity
        What :class:`~botaclip.core.encoders.fidelity.Fidelity` measured against fp32, as JSON; empty for fp32.
    """

    mode: str
    bands: tuple[str, ...]
    dimension: int
    centre: Scale = (0.0,)
    spread: Scale = (1.0,)
    stride_px: int = 0
    margin_px: int = 0
    input_px: int = 0
    window_tokens: int = 0
    drop_tokens: int = 0
    pooling: str = ""
    stage: int | None = None
    precision: str = "fp32"
    checkpoint_sha256: str = ""
    fidelity: Mapping[str, Any] = dataclasses.field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Return it as what JSON can hold."""
        values = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        lists = {name: list(value) for name, value in values.items() if isinstance(value, tuple)}
        return {**values, **lists, "fidelity": dict(self.fidelity)}

    @classmethod
    def from_json(cls, about: Mapping[str, Any]) -> GraphAbout:
        """Return what :meth:`to_json` wrote; keys of a newer version are passed over.

        Raises
        ------
        EncoderError
            Something is missing or of another kind.
        """
        known = {field.name for field in dataclasses.fields(cls)}
        values = {name: value for name, value in about.items() if name in known}
        try:
            values["bands"] = tuple(str(role) for role in about["bands"])
            for name in ("centre", "spread"):
                value = values.get(name, getattr(cls, name))
                numbers = value if isinstance(value, (list, tuple)) else [value]
                values[name] = tuple(float(number) for number in numbers)
            for name in ("dimension", "stride_px", "margin_px", "input_px", "window_tokens", "drop_tokens"):
                if name in values:
                    values[name] = int(values[name])
            return cls(**values)
        except (KeyError, TypeError, ValueError) as error:
            raise EncoderError(
                f"the description of a graph cannot be used ({error})", remedy="export the graph again"
            ) from error


@dataclasses.dataclass(frozen=True)
class Graph:
    """A serialised ONNX graph and what it is."""

    onnx: bytes = dataclasses.field(repr=False)
    about: GraphAbout
