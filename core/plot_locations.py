"""The plot table of a model file, and how exactly it says where the plots lie.

Places of rare plants may be sensitive, and so may be private land: the author of a model chooses.
"""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from botaclip.core.encoders.encoder import Encoder
from botaclip.core.errors import OptionError
from botaclip.core.lattice import Lattice
from botaclip.core.places import Points, parse_crs
from botaclip.core.releves import ReleveTable

METRES_PER_DEGREE = 111_320.0


def parse_plot_locations(text: str) -> float | None:
    """Return the rounding of plot places in metres (0 for exact), None for no places at all.

    Raises
    ------
    OptionError
        ``text`` is none of ``exact``, ``coarse:M``, ``none``.
    """
    word, _, metres = text.strip().lower().partition(":")
    if not metres and word in ("exact", "none"):
        return 0.0 if word == "exact" else None
    try:
        size = float(metres)
    except ValueError:
        size = math.nan
    if word != "coarse" or not (math.isfinite(size) and size > 0):
        raise OptionError(f"--plot-locations cannot be {text!r}", remedy="use exact, none, or coarse:1000 for 1000 m")
    return size


def plot_records(table: ReleveTable, locations: str) -> dict[str, Any]:
    """Return ``plots.json``: name, date, digest and place of every plot, in the order of the table.

    Parameters
    ----------
    table
        The plots of the model, in the order of ``plots.vectors``.
    locations
        ``exact``, ``coarse:M`` (the centre of the square of M metres that a plot lies in) or ``none``.

    Raises
    ------
    OptionError
        ``locations`` is none of these.
    """
    return _placed(table, locations, [
        {"id": str(name), "date": str(date), "digest": str(digest)}
        for name, date, digest in zip(table.plot_ids, table.dates, table.digests, strict=True)
    ])


def extra_records(table: ReleveTable, locations: str) -> dict[str, Any]:
    """Return what ``plots.json`` says of relevés without imagery: digest and place, as :func:`plot_records` does.

    Their names and dates serve nothing: they are there so that nothing is scored on them.
    """
    return _placed(table, locations, [{"digest": str(digest)} for digest in table.digests])


def _placed(table: ReleveTable, locations: str, rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the rows with the places of their relevés, as exactly as ``locations`` allows."""
    metres = parse_plot_locations(locations)
    if metres is None:
        return {"locations": locations, "plots": rows}
    places = coarsened(table.points, metres) if metres else table.points
    for row, x, y in zip(rows, places.x.tolist(), places.y.tolist(), strict=True):
        row |= {"x": x, "y": y}
    return {"locations": locations, "crs": table.points.crs, "plots": rows}


def lattice_without_place(lattice: Lattice, encoder: Encoder, locations: str) -> Lattice:
    """Return the same lattice with another origin where plots are not to be placed exactly.

    A lattice begins at the corner of its raster; of a crop around a plot that corner is the plot's place. It is moved
    by whole windows of the encoder, so that every cell and every window lies where it lay: to the corner of the square
    of M metres that the origin lies in, or, where no places are told, next to the origin of the CRS.

    Parameters
    ----------
    lattice
        As laid for the training.
    encoder
        Of the model; windows of tokens lie at fixed places of the lattice.
    locations
        See :func:`parse_plot_locations`.
    """
    metres = parse_plot_locations(locations)
    if metres == 0:
        return lattice
    parts = getattr(encoder, "parts", [encoder])
    period = math.lcm(lattice.factor, lattice.stride_px, *(_window_px(part) for part in parts))
    step = period * lattice.pixel
    square = 0.0 if metres is None else metres / lattice.unit_m

    def moved(origin: float) -> float:
        corner = math.floor(origin / square) * square if square else 0.0
        return origin - round((origin - corner) / step) * step

    return dataclasses.replace(lattice, origin_x=moved(lattice.origin_x), origin_y=moved(lattice.origin_y))


def _window_px(encoder: Encoder) -> int:
    """Return after how many pixels the windows of an encoder repeat."""
    tokens, drop = getattr(encoder, "window_tokens", 0), getattr(encoder, "drop_tokens", 0)
    kept = tokens - 2 * drop if encoder.kind == "tokens" else 1
    return max(1, encoder.stride_px) * max(1, kept)


def coarsened(points: Points, metres: float) -> Points:
    """Return the centres of the squares of ``metres`` that the places lie in."""
    crs = parse_crs(points.crs)
    if crs.is_geographic:
        # One width for all, so that the squares are at least so wide everywhere.
        height = metres / METRES_PER_DEGREE
        width = height / max(0.01, math.cos(math.radians(float(np.abs(points.y).max()))))
    else:
        width = height = metres / float(crs.axis_info[0].unit_conversion_factor)

    def centre(values: NDArray[np.float64], size: float) -> NDArray[np.float64]:
        return np.round((np.floor(values / size) + 0.5) * size, 8)

    return Points(x=centre(points.x, width), y=centre(points.y, height), crs=points.crs)
