"""An encoder's normalisation as graphs take it: centre and spread of each band, in 0..1 of the range of values."""

from __future__ import annotations

from collections.abc import Sequence

from botaclip.core.encoders.record import EncoderRecord
from botaclip.core.errors import EncoderError

Scale = tuple[float, ...]

# A file of the user's own that says nothing of it takes the values of its range as they are.
_PLAIN = "onnx"


def normalisation(record: EncoderRecord, roles: Sequence[str]) -> tuple[Scale, Scale]:
    """Return centre and spread of each band.

    A graph's input is ``(scaled - centre) / spread``, where ``scaled`` are the raster's values in 0..1 of its own
    value range. So an image whose values fill their range as those of the training did theirs looks the same to the
    encoder: with ``low, high`` the record's range, ``centre = (mean - low) / (high - low)`` and
    ``spread = std / (high - low)``.

    Parameters
    ----------
    record
        Holds mean and standard deviation by role, in units of its range of values. An ONNX file of the user's that
        has neither takes the values of its range as they are: mean 0, standard deviation 1.
    roles
        Bands, in the order wanted.

    Returns
    -------
    centre, spread
        One number a band (C,).

    Raises
    ------
    EncoderError
        Mean or standard deviation of a band is not known, or the record's numbers make no sense.
    """
    low, high = record.value_range
    if not low < high:
        raise EncoderError(f"its range of values is {low:g} to {high:g}", where=record.id, remedy="correct value_range")
    if record.architecture == _PLAIN and not record.mean and not record.std:
        mean, std = dict.fromkeys(roles, 0.0), dict.fromkeys(roles, 1.0)
    else:
        mean, std = dict(record.mean), dict(record.std)
    lacking = [role for role in roles if role not in mean or role not in std]
    if lacking:
        known = [role for role in mean if role in std]
        raise EncoderError(
            f"how {record.id} normalises {', '.join(lacking)} is not known", where=record.id,
            remedy=f"choose among {', '.join(known)} with --bands" if known else "give mean and std of each band",
        )  # fmt: skip
    wrong = next((role for role in roles if not std[role] > 0), None)
    if wrong is not None:
        raise EncoderError(f"the standard deviation of {wrong} is {std[wrong]:g}", where=record.id,
                           remedy="correct std")  # fmt: skip
    span = high - low
    return tuple((mean[role] - low) / span for role in roles), tuple(std[role] / span for role in roles)
