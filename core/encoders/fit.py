"""What an encoder suffers from on a raster: bands that are missing or not used, resampled pixels, stretched values.

An encoder was trained on certain bands, pixels of a certain size and values of a certain range. It makes vectors of
anything; whether they mean what they did in its training is said here, before any long work.
"""

from __future__ import annotations

from collections.abc import Sequence

from botaclip.core.band_names import role_title, wavelength_um
from botaclip.core.encoders.record import EncoderRecord
from botaclip.core.errors import EncoderError
from botaclip.core.progress import Progress

# Pixels beyond the training's sizes by more than this factor are warned about.
FAR = 2.0
BLURRED = 4.0  # so many times enlarged, pixels are said to be blurred
_SAME_PIXEL = 0.01  # sizes that differ by a smaller share are one
_SAME_VALUES = 0.01  # likewise ends of ranges, as a share of the range
_BUILTIN = "builtin"
_EIGHT_BIT = ((0.0, 255.0), (0.0, 1.0))


def select_roles(record: EncoderRecord, roles: Sequence[str], *, where: str) -> tuple[str, ...]:
    """Return the bands that an encoder looks at, in its order.

    Parameters
    ----------
    record
        The encoder. One of any bands takes all that have a wavelength, in the raster's order; a built-in one all.
    roles
        Bands of the raster.
    where
        The raster, for errors.

    Raises
    ------
    EncoderError
        The raster lacks a band of the encoder.
    """
    if record.bands:
        missing = [role for role in record.bands if role not in roles]
        if missing:
            raise EncoderError(
                f"{record.id} looks at {', '.join(record.bands)}; the raster has only {', '.join(roles)}: "
                f"{', '.join(missing)} missing",
                where=where,
                remedy="say which band it is with --bands, for example "
                f"{','.join(f'{role}={number}' for number, role in enumerate(record.bands, start=1))}, or choose "
                "another encoder",
            )  # fmt: skip
        return tuple(record.bands)
    builtin = record.architecture == _BUILTIN
    chosen = tuple(role for role in roles if builtin or wavelength_um(role) is not None)
    if not chosen:
        raise EncoderError(
            f"{record.id} knows bands by their wavelength; the raster has only {', '.join(roles)}", where=where,
            remedy="name bands with --bands, for example red=1, or um1.38=1 for a band at 1.38 micrometres",
        )  # fmt: skip
    return chosen


def unused_note(record: EncoderRecord, roles: Sequence[str], chosen: Sequence[str]) -> str:
    """Return which bands of the raster an encoder does not look at, in a sentence; empty where it takes all."""
    unused = [role_title(role) for role in roles if role not in chosen]
    if not unused:
        return ""
    return (
        f"{record.id} looks at {', '.join(map(role_title, chosen))}; {', '.join(unused)} "
        f"{'is' if len(unused) == 1 else 'are'} not used."
    )


def resampling_note(record: EncoderRecord, *, pixel_m: float, seen_m: float, mode: str = "exact") -> str:
    """Return how pixels become those that the encoder sees, in half a sentence; empty where they stay as they are."""
    if abs(seen_m / pixel_m - 1) <= _SAME_PIXEL:
        return ""
    if mode == "exact":
        return (
            f"{mode}: a patch of {seen_m * record.input_px:.4g} m is resized to {record.input_px} pixels of "
            f"{seen_m:.3g} m, the raster has {pixel_m:.3g} m"
        )
    return f"{mode}: pixels are resampled to {seen_m:.3g} m, the raster has {pixel_m:.3g} m"


def fit_warnings(
    record: EncoderRecord, *, pixel_m: float, seen_m: float, value_range: tuple[float, float], dtype: str,
    mode: str = "exact",
) -> list[str]:
    """Return what makes the vectors doubtful, each in a sentence; nothing where all is as in the training.

    Parameters
    ----------
    record
        The encoder.
    pixel_m
        Ground size of the raster's pixels.
    seen_m
        Ground size of the pixels that the encoder sees: in mode ``exact`` the patch over the encoder's input size,
        otherwise those of the lattice.
    value_range
        Values of the raster that become 0 and 1.
    dtype
        The raster's pixel type as NumPy names it.
    mode
        ``dense``, ``tokens`` or ``exact``.
    """
    if record.architecture == _BUILTIN:
        return []
    return [
        f"{text}."
        for text in (
            _pixel_warning(record, pixel_m=pixel_m, seen_m=seen_m, mode=mode),
            _value_warning(record, value_range, dtype),
        )
        if text
    ]


def say_fit(
    record: EncoderRecord, progress: Progress, *, roles: Sequence[str], chosen: Sequence[str], pixel_m: float,
    seen_m: float, value_range: tuple[float, float], dtype: str, mode: str = "exact",
) -> None:
    """Say all of it: unused bands and resampling as information, what is doubtful as warnings.

    Parameters are those of :func:`unused_note` and :func:`fit_warnings`.
    """
    note = unused_note(record, roles, chosen)
    if note:
        progress.info(note)
    warnings = fit_warnings(
        record, pixel_m=pixel_m, seen_m=seen_m, value_range=value_range, dtype=dtype, mode=mode
    )
    resampled = resampling_note(record, pixel_m=pixel_m, seen_m=seen_m, mode=mode)
    if resampled and not any(resampled in text for text in warnings):
        progress.info(f"{record.id}, {resampled}.")
    for text in warnings:
        progress.warning(text)


def _pixel_warning(record: EncoderRecord, *, pixel_m: float, seen_m: float, mode: str) -> str:
    """Compare what is seen with the training: small pixels by their size, coarse ones by what there is to be seen."""
    finest, coarsest = record.gsd_m
    detail = max(pixel_m, seen_m)  # resizing makes no detail that the raster does not have
    here = resampling_note(record, pixel_m=pixel_m, seen_m=seen_m, mode=mode)
    here = here or f"{mode}: it sees the raster's pixels of {pixel_m:.3g} m"
    trained = f"{finest:g} m" if finest == coarsest else f"{finest:g} to {coarsest:g} m"
    start = f"{record.id} was trained on pixels of {trained}; {here}"
    if detail > FAR * coarsest:
        return f"{start}, {detail / coarsest:.3g} times coarser than it knows: its vectors may mean little"
    if seen_m < finest / FAR:
        return f"{start}, {finest / seen_m:.3g} times finer than it knows: its vectors may mean little"
    if pixel_m > BLURRED * seen_m:
        return f"{start}: enlarged {pixel_m / seen_m:.3g} times, what it sees is blurred"
    return ""


def _value_warning(record: EncoderRecord, value_range: tuple[float, float], dtype: str) -> str:
    """Compare the raster's range of values with the training's."""
    low, high = value_range
    first, last = record.value_range
    if dtype == "uint8" and (first, last) in _EIGHT_BIT:
        return ""  # 0..255 as they are, or scaled to 0..1 as every library does
    tolerance = _SAME_VALUES * (last - first)
    if abs(low - first) <= tolerance and abs(high - last) <= tolerance:
        return ""
    images = "8-bit images" if (first, last) in _EIGHT_BIT else f"values of {first:g} to {last:g}"
    return (
        f"{record.id} was trained on {images}; this raster's values of {low:g} to {high:g} ({dtype}) are stretched "
        f"linearly to {first:g} to {last:g}, so that colours differ from those of its training"
    )
