"""Species lists of areas (polygons), cut out of a suitability map without computing anything again."""

from __future__ import annotations

import collections
import csv
import dataclasses
import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from numpy.typing import NDArray
from rasterio.errors import RasterioError
from rasterio.features import geometry_mask
from rasterio.windows import Window
from rasterio.windows import transform as window_transform

from botaclip.core.area import moved
from botaclip.core.errors import OptionError, OutputError, RasterError
from botaclip.core.progress import Progress
from botaclip.core.threshold_map import limits_of
from botaclip.core.unfinished import check_writable, unfinished
from botaclip.core.vector_io import Polygons, read_areas

COLUMNS = ("area", "species", "pixels", "pixels_on_list", "share_on_list", "mean_suitability", "highest_suitability")
_TILE = 512


@dataclasses.dataclass(frozen=True)
class SpeciesOfArea:
    """What a map says of one species in one area.

    Parameters
    ----------
    species
        Its name.
    pixels
        Pixels with a value whose centres lie in the area.
    reached
        Those where the species reaches its threshold.
    mean, highest
        Suitability.
    """

    species: str
    pixels: int
    reached: int
    mean: float
    highest: float


def lists(parameters: dict[str, Any], progress: Progress) -> dict[str, Any]:
    """Run ``botaclip lists``; see the option table for the parameters.

    Returns
    -------
    dict
        ``output``, ``areas``, ``empty`` (areas without a pixel) and ``print``.

    Raises
    ------
    RasterError
        The map cannot be read, has no CRS, or is no suitability map.
    OptionError
        The areas cannot be read, or the map does not hold the thresholds of the rule.
    """
    output = Path(parameters["output"])
    if output.suffix.lower() != ".csv":
        raise OutputError("the table is written as CSV", where=str(output), remedy="end the name in .csv")
    check_writable(output, overwrite=parameters["overwrite"])
    if Path(parameters["raster"]).is_dir():
        raise RasterError("it is a folder", where=str(parameters["raster"]),
                          remedy="give one of the maps in it, or their virtual raster (.vrt)")  # fmt: skip
    names, areas = read_areas(parameters["areas"], parameters.get("area_field"))
    twice = sorted(name for name, count in collections.Counter(names).items() if count > 1)
    if twice:
        progress.warning(f"{len(twice)} names stand for several areas ({_some(twice)}): their rows are not told apart.")
    share = float(parameters.get("share") or 0.0)
    rows: list[tuple[Any, ...]] = []
    empty, lengths = [], []
    try:
        with rasterio.open(parameters["raster"]) as source:
            if source.crs is None:
                raise RasterError("the map has no CRS", where=str(source.name), remedy="assign one in QGIS")
            limits = limits_of(source, parameters["rule"], None)
            bands = {source.tags(band).get("BOTACLIP_SPECIES"): band for band in range(1, source.count + 1)}
            wanted = {name: (bands[name], limit) for name, limit in limits.items()}
            for number, (name, area) in enumerate(zip(names, areas, strict=True)):
                progress.update(number / len(names), f"area {name}")
                found = [] if area is None else species_of(source, area, wanted, progress)
                if not any(each.pixels for each in found):
                    empty.append(name)
                    continue
                listed = [each for each in found if each.reached and each.reached >= share * each.pixels]
                listed.sort(key=lambda each: (-each.reached, -each.mean, each.species))
                lengths.append(len(listed))
                rows += [_row(name, each) for each in listed]
    except RasterioError as error:
        raise RasterError(f"it cannot be read ({error})", where=str(parameters["raster"])) from error
    if not lengths:
        raise OptionError("no pixel of the map lies in any of the areas", where=str(parameters["areas"]),
                          remedy="check that they lie on the map")  # fmt: skip
    with unfinished(output, overwrite=parameters["overwrite"]) as part:
        with open(part, "w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows([COLUMNS, *rows])
    if empty:
        progress.info(f"{len(empty)} of {len(names)} areas hold no pixel of the map with a value: {_some(empty)}.")
    words = f"{len(lengths)} areas, {np.mean(lengths):.1f} species on a list on average."
    return {"output": str(output), "areas": len(lengths), "empty": empty, "print": [words]}


def species_of(
    source: Any, area: Polygons, wanted: Mapping[str, tuple[int, float]], progress: Progress
) -> list[SpeciesOfArea]:
    """Return what a map says of every species in an area, read by windows of one band.

    Parameters
    ----------
    source
        The open map.
    area
        The polygons, in any CRS.
    wanted
        Band and threshold of each species.
    progress
        Checked for cancelling at every window.
    """
    try:
        shapes = [
            {"type": "Polygon", "coordinates": [ring.tolist() for ring in rings]}
            for rings in moved(area, source.crs.to_wkt(), where="--areas")
        ]
    except OptionError:
        return []
    sums: dict[str, list[Any]] = {name: [0, 0, 0.0, -math.inf] for name in wanted}
    # Of an area that holds no centre of a pixel those that it touches.
    for touched in (False, True):
        for window in _windows(source, shapes):
            inside = geometry_mask(
                shapes, (int(window.height), int(window.width)), window_transform(window, source.transform),
                invert=True, all_touched=touched,
            )  # fmt: skip
            if not inside.any():
                continue
            for name, (band, limit) in wanted.items():
                progress.check()
                _add(sums[name], _known(source, band, window, inside), limit)
        if any(count for count, *_ in sums.values()):
            break
    return [
        SpeciesOfArea(name, int(count), int(reached), total / count if count else math.nan, float(highest))
        for name, (count, reached, total, highest) in sums.items()
    ]


def _add(sums: list[Any], values: NDArray[np.float64], limit: float) -> None:
    """Add the values of a window to what is known of a species: pixels, those at the limit, sum, highest."""
    sums[0] += len(values)
    sums[1] += int((values >= limit).sum())
    sums[2] += float(values.sum())
    sums[3] = max(sums[3], float(values.max(initial=-math.inf)))


def _windows(source: Any, shapes: Sequence[Mapping[str, Any]]) -> Iterator[Window]:
    """Yield windows over the bounds of shapes, as far as they lie on the map."""
    corners = np.concatenate([np.asarray(shape["coordinates"][0]) for shape in shapes])
    (west, south), (east, north) = corners.min(axis=0), corners.max(axis=0)
    pixels = np.array([~source.transform * at for at in ((west, north), (east, south), (west, south), (east, north))])
    left, top = np.maximum(np.floor(pixels.min(axis=0)).astype(int), 0)
    right, bottom = np.minimum(np.ceil(pixels.max(axis=0)).astype(int), (source.width, source.height))
    for row in range(int(top), int(bottom), _TILE):
        for column in range(int(left), int(right), _TILE):
            yield Window(column, row, min(_TILE, int(right) - column), min(_TILE, int(bottom) - row))


def _known(source: Any, band: int, window: Window, inside: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return the values of a band in an area that are no nodata, in double precision as at a click."""
    values = source.read(band, window=window).astype(np.float64)[inside]
    known = np.isfinite(values)
    if source.nodata is not None and not math.isnan(source.nodata):
        known &= values != source.nodata
    return np.asarray(values[known])


def _row(area: str, found: SpeciesOfArea) -> tuple[Any, ...]:
    return (
        area, found.species, found.pixels, found.reached, f"{found.reached / found.pixels:.4f}", f"{found.mean:.4f}",
        f"{found.highest:.4f}",
    )  # fmt: skip


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:10]) + (f" and {len(names) - 10} more" if len(names) > 10 else "")
