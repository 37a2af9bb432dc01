"""A click on a ready suitability map: the values stand in its bands, so no model is needed."""

from __future__ import annotations

import collections
import dataclasses
import math
import re
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from pyproj.exceptions import ProjError
from rasterio.errors import RasterioError
from rasterio.windows import Window

from botaclip.core.aoa import BANDS as DOMAIN
from botaclip.core.errors import BotaclipError, RasterError
from botaclip.core.places import Points, parse_crs
from botaclip.core.rasters import pixel_vectors_m

_MAPS = (".tif", ".tiff", ".vrt")
_KEPT = 2
_TOP = "BOTACLIP_SPECIES_"  # tags that give the names of a map of the highest species, by number
_PLOT_M2 = re.compile(r"refers to a plot of ([0-9.eE+]+) m2")

OUTSIDE = "This place lies outside the map."
NODATA = "The map has no value at this place."


@dataclasses.dataclass(frozen=True)
class _Map:
    """One file of a map, with all that its tags say."""

    path: str
    transform: Any
    crs: str
    shape: tuple[int, int]
    nodata: float | None
    tags: dict[str, str]
    bands: tuple[tuple[str, dict[str, str]], ...]

    def pixel_of(self, place: Points) -> tuple[int, int] | None:
        """Return row and column of the pixel that holds a place, None outside."""
        here = place.to(self.crs)
        if not here.finite[0]:
            return None
        col, row = ~self.transform * (float(here.x[0]), float(here.y[0]))
        inside = 0 <= row < self.shape[0] and 0 <= col < self.shape[1]
        return (int(row), int(col)) if inside else None


_open: collections.OrderedDict[Any, tuple[_Map, ...]] = collections.OrderedDict()


def maps_of(raster: str, stamp: Any) -> tuple[_Map, ...]:
    """Return the files of a suitability map; none where the raster is no such map.

    What else lies in a folder is passed over.

    Parameters
    ----------
    raster
        A file, or a folder of maps as ``suitability`` writes it.
    stamp
        What tells whether the files are still the same; their headers are read once.

    Raises
    ------
    RasterError
        There are such maps, and what each says of itself makes no sense.
    """
    key = (raster, stamp)
    if key not in _open:
        _open[key] = _read_headers(Path(raster))
        while len(_open) > _KEPT:
            _open.popitem(last=False)
    _open.move_to_end(key)
    return _open[key]


def click_map(maps: tuple[_Map, ...], place: Points) -> dict[str, Any]:
    """Return what a suitability map says at a place, in the words of :func:`botaclip.core.click.click`.

    ``source`` is ``map``; ``patch`` is the map's pixel. What a map does not say is None or empty: similar training
    plots, what was observed nearby, the share of the lists.

    Raises
    ------
    RasterError
        The map cannot be read.
    """
    status, message = "outside", OUTSIDE
    for one in maps:
        pixel = one.pixel_of(place)
        if pixel is None:
            continue
        row, col = pixel
        values = _values(one, row, col)
        patch = _patch(one, place, row, col)
        species = _species(one, values)
        if species:
            return _answer("ok", "", one, patch, species, _domain(one, values))
        if status == "outside":
            status, message, found = "nodata", NODATA, (one, patch)
    if status == "nodata":
        return _answer(status, message, *found, [], None)
    return _answer(status, message, maps[0], None, [], None)


def _answer(
    status: str, message: str, one: _Map, patch: dict[str, Any] | None, species: list[dict[str, Any]],
    domain: dict[str, Any] | None,
) -> dict[str, Any]:
    area = _plot(one.tags, [tags for _, tags in one.bands])
    return {
        "source": "map", "status": status, "message": message, "species": species,
        "relative": one.tags.get("BOTACLIP_KIND", "").startswith("relative"), "domain": domain, "list_share": None,
        "similar": [], "observed": None, "patch": patch, "image": None, "plot": area[0] if area else "",
        "plot_m2": float(area[1]) if area else None, "map": Path(one.path).name,
        "model": one.tags.get("BOTACLIP_MODEL", ""),
    }  # fmt: skip


def _read_headers(path: Path) -> tuple[_Map, ...]:
    if path.is_dir():
        files = sorted(file for file in path.iterdir() if file.suffix.lower() in _MAPS[:2])
    else:
        files = [path] if path.suffix.lower() in _MAPS else []
    found, failed = [], None
    for file in files:
        try:
            one = _header(str(file))
        except RasterioError:
            continue
        except BotaclipError as error:
            failed = failed or error
            continue
        if one is not None:
            found.append(one)
    if failed is not None and not found:
        raise failed
    return tuple(found)


def _header(path: str) -> _Map | None:
    """Return what a file says of itself; None where it is no suitability map of ours."""
    with rasterio.open(path) as dataset:
        tags = dataset.tags()
        kind = tags.get("BOTACLIP_KIND", "suitability")
        names = [dataset.tags(band) for band in dataset.indexes]
        told = any("BOTACLIP_SPECIES" in band for band in names) or any(tag.startswith(_TOP) for tag in tags)
        numbers = all(np.issubdtype(np.dtype(dtype), np.floating) for dtype in dataset.dtypes)
        if "suitability" not in kind or not told or not numbers or dataset.crs is None:
            return None
        crs = dataset.crs.to_wkt()
        _check(path, dataset.transform, crs)
        if (area := _plot(tags, names)) is not None and not _is_area(area[1]):
            raise RasterError("the tag BOTACLIP_PLOT names no proper area", where=path, remedy="make the map again")
        bands = tuple((str(name or ""), band) for name, band in zip(dataset.descriptions, names, strict=True))
        return _Map(path, dataset.transform, crs, dataset.shape, dataset.nodata, tags, bands)


def _check(path: str, transform: Any, crs: str) -> None:
    """Refuse what no place can be looked up in."""
    try:
        parse_crs(crs)
        Points(np.array([0.0]), np.array([0.0]), "EPSG:4326").to(crs)
    except (RasterError, ProjError) as error:
        raise RasterError("no place can be found in its CRS", where=path, remedy="make the map again") from error
    if not all(map(math.isfinite, transform[:6])) or transform.is_degenerate:
        raise RasterError("its pixels have no place on the ground: its geotransform is degenerate", where=path,
                          remedy="make the map again")  # fmt: skip


def _plot(tags: dict[str, str], bands: list[dict[str, str]]) -> re.Match[str] | None:
    """Return what a map says of the plot that a value refers to, a band before the file."""
    return _PLOT_M2.search(next((band["BOTACLIP_PLOT"] for band in bands if "BOTACLIP_PLOT" in band),
                                tags.get("BOTACLIP_PLOT", "")))  # fmt: skip


def _is_area(text: str) -> bool:
    try:
        return 0 < float(text) < math.inf
    except ValueError:
        return False


def _values(one: _Map, row: int, col: int) -> np.ndarray:
    """Return the values (bands,) of a pixel, NaN where there is none."""
    try:
        with rasterio.open(one.path) as dataset:
            values = dataset.read(window=Window(col, row, 1, 1))[:, 0, 0].astype(np.float64)
    except RasterioError as error:
        raise RasterError(f"it cannot be read ({error})", where=one.path) from error
    if one.nodata is not None and not np.isnan(one.nodata):
        values[values == one.nodata] = np.nan
    return np.asarray(values)


def _species(one: _Map, values: np.ndarray) -> list[dict[str, Any]]:
    """Return the species of a pixel, the most suitable first; of a map of the highest ones those it names."""
    species = []
    count = len(values) // 2
    top = any(tag.startswith(_TOP) for tag in one.tags)
    for place, ((_, tags), value) in enumerate(zip(one.bands, values, strict=True)):
        name = tags.get("BOTACLIP_SPECIES")
        if top and count <= place < 2 * count and np.isfinite(values[place - count]):
            number = int(values[place - count])
            name = one.tags.get(f"{_TOP}{number}", f"species {number}")
        if name is None or not np.isfinite(value):
            continue
        threshold, listed = _number(tags, "BOTACLIP_THRESHOLD"), _number(tags, "BOTACLIP_LISTED_FROM")
        species.append({
            "name": name, "suitability": float(value), "threshold": threshold,
            "above": None if threshold is None else bool(value >= threshold),
            "calibration": tags.get("BOTACLIP_CALIBRATION"),
            # In single precision, as the model compares it.
            "listed": None if listed is None else bool(np.float32(value) >= np.float32(listed)),
            "speaking": None, "observed": None,
        })  # fmt: skip
    return sorted(species, key=lambda each: -each["suitability"])


def _domain(one: _Map, values: np.ndarray) -> dict[str, Any] | None:
    """Return the area of applicability where the map has its bands."""
    names = [name for name, _ in one.bands]
    threshold = _number(one.tags, "BOTACLIP_AOA_THRESHOLD")
    if threshold is None or not set(DOMAIN) <= set(names):
        return None
    index, inside, density = (float(values[names.index(name)]) for name in DOMAIN)
    if not np.isfinite([index, inside, density]).all():
        return None
    return {"dissimilarity": index, "threshold": threshold, "inside": inside > 0, "density": int(density)}


def _patch(one: _Map, place: Points, row: int, col: int) -> dict[str, Any]:
    here = place.to(one.crs)
    x, y = one.transform * (col + 0.5, row + 0.5)
    across, down = pixel_vectors_m(one.transform, one.crs, centre_x=x, centre_y=y)
    far_col, far_row = ~one.transform * (float(here.x[0]), float(here.y[0]))
    gap = (far_col - col - 0.5) * np.asarray(across) + (far_row - row - 0.5) * np.asarray(down)
    return {
        "x": float(x), "y": float(y), "crs": one.crs, "size_m": float(np.hypot(*across)),
        "offset_m": float(np.hypot(*gap)), "side": float(abs(one.transform.a)),
    }  # fmt: skip


def _number(tags: dict[str, str], name: str) -> float | None:
    try:
        value = float(tags[name])
    except (KeyError, ValueError):
        return None
    return None if np.isnan(value) else value  # a species on no list is on it from infinity on
