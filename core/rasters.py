"""Rasters: one file or a folder of tiles, opened once, described in full, its bands known by role."""

from __future__ import annotations

import dataclasses
import hashlib
import math
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyproj
import rasterio
from affine import Affine
from rasterio.enums import ColorInterp, MaskFlags
from rasterio.errors import RasterioError, RasterioIOError

from botaclip.core.errors import RasterError
from botaclip.core.places import parse_crs, transformer

ROLES = ("red", "green", "blue", "nir")
WAVELENGTHS_UM = {"red": 0.665, "green": 0.56, "blue": 0.49, "nir": 0.842}

_SUFFIXES = {".tif", ".tiff", ".jp2", ".img", ".png", ".jpg", ".jpeg"}
_NAMES = {
    "red": {"red", "r", "rouge", "rot", "rojo", "b4", "b04", "sr b4"},
    "green": {"green", "g", "vert", "gruen", "grün", "verde", "b3", "b03", "sr b3"},
    "blue": {"blue", "b", "bleu", "blau", "azul", "b2", "b02", "sr b2"},
    "nir": {"nir", "n", "infrared", "near infrared", "near ir", "pir", "ir", "nir1", "b8", "b08", "sr b5"},
}
_HINT = "name the bands with --bands, for example red=1,green=2,blue=3,nir=4"


@dataclasses.dataclass(frozen=True)
class Tile:
    """One file of a raster: where its pixels lie, which of them count.

    ``nodata`` holds one value per chosen band (None where the band has none); ``masked`` says that the file has
    an alpha band or a mask.
    """

    path: str
    transform: Affine
    width: int
    height: int
    nodata: tuple[float | None, ...]
    masked: bool

    @property
    def corners(self) -> tuple[np.ndarray, np.ndarray]:
        """Coordinates ``x (4,), y (4,)`` of the outer corners, clockwise from the first pixel's."""
        pixels = [(0, 0), (self.width, 0), (self.width, self.height), (0, self.height)]
        x, y = zip(*(self.transform * pixel for pixel in pixels), strict=True)
        return np.array(x), np.array(y)


@dataclasses.dataclass(frozen=True)
class RasterSource:
    """A raster as the rest of the house sees it.

    Attributes
    ----------
    name
        The path it was opened by.
    tiles
        Its files, sorted by path; where they overlap the first one with a valid pixel counts.
    crs_wkt
        The one CRS of all tiles.
    dtype
        NumPy name of the pixel type.
    nodata
        The first chosen band's nodata value in the first tile, None where it has none.
    pixel_size_m
        Ground size of a pixel at the raster's centre, the root of its area.
    roles, band_indexes
        Chosen bands in the order red, green, blue, nir, and their numbers in the file, from 1.
    identity
        SHA-256 over paths, sizes, modification times and the choice of bands.
    bounds
        ``(xmin, ymin, xmax, ymax)`` in ``crs_wkt``.
    descriptions
        All band names as the file gives them.
    """

    name: str
    tiles: tuple[Tile, ...]
    crs_wkt: str
    dtype: str
    nodata: float | None
    pixel_size_m: float
    roles: tuple[str, ...]
    band_indexes: tuple[int, ...]
    identity: str
    bounds: tuple[float, float, float, float]
    descriptions: tuple[str, ...]

    @property
    def centre(self) -> tuple[float, float]:
        """The middle of the bounds, in ``crs_wkt``: x, y."""
        left, bottom, right, top = self.bounds
        return (left + right) / 2, (bottom + top) / 2

    def value_range(self, *, sample_px: int = 256, most_tiles: int = 64) -> tuple[float, float]:
        """Return the values that become 0 and 1 before an encoder sees them.

        The whole range for uint8. For wider types, where sensors fill only part of the range, the 2nd to 98th
        percentile of the valid pixels, taken over all bands together from decimated reads, widened by a quarter
        at both ends, not below 0, rounded to two digits. A model stores it and uses it for every later raster.

        Raises
        ------
        RasterError
            No valid pixel is found.
        """
        if self.dtype == "uint8":
            return 0.0, 255.0
        chosen = np.linspace(0, len(self.tiles) - 1, min(most_tiles, len(self.tiles))).round().astype(int)
        values = [_sample(self.tiles[i], self.band_indexes, sample_px) for i in np.unique(chosen)]
        pooled = np.concatenate(values)
        if pooled.size == 0:
            raise RasterError("no valid pixel is found", where=self.name)
        low, high = np.percentile(pooled, (2, 98))
        spread = max(high - low, abs(high) * 1e-3, 1e-6)
        low = low - spread / 4
        if np.dtype(self.dtype).kind == "u" or pooled.min() >= 0:
            low = max(0.0, low)
        return _round(low, 2), _round(high + spread / 4, 2)

    def describe(self) -> str:
        """Return one sentence on what was found."""
        bands = ", ".join(f"{role} = band {i}" for role, i in zip(self.roles, self.band_indexes, strict=True))
        unused = [
            f"band {i}{f' ({text})' if text else ''}"
            for i, text in enumerate(self.descriptions, start=1)
            if i not in self.band_indexes
        ]
        bands += f"; not used: {', '.join(unused)}" if unused else ""
        files = "1 file" if len(self.tiles) == 1 else f"{len(self.tiles)} tiles"
        return f"{files}, {self.dtype}, {self.pixel_size_m:.3g} m per pixel, {bands}"


def open_raster(raster: str | Path, *, bands: str | None = None) -> RasterSource:
    """Describe a raster file, or all tiles of a folder, without reading pixels.

    Parameters
    ----------
    raster
        A file that GDAL reads, or a folder of such files (VRTs in a folder count only where there is no other).
    bands
        ``red=1,green=2,...``; None reads the roles from band names and colour interpretation.

    Raises
    ------
    RasterError
        It cannot be opened, has no CRS, unknown bands or complex pixels, or tiles differ in CRS, bands or type.
    """
    return source_of(tile_paths(raster), name=str(raster), bands=bands)


def tile_paths(raster: str | Path) -> list[str]:
    """Return the files of a raster: itself, or those of a folder, sorted."""
    folder = Path(raster)
    return _tile_paths(folder) if folder.is_dir() else [str(raster)]


def source_of(paths: Sequence[str], *, name: str, bands: str | None = None) -> RasterSource:
    """Describe the tiles at ``paths`` as one raster; see :func:`open_raster`."""
    profiles = [_profile(path) for path in paths]
    first = profiles[0]
    for profile in profiles[1:]:
        for key, noun in (("crs", "CRS"), ("count", "number of bands"), ("dtype", "pixel type")):
            if profile[key] != first[key]:
                raise RasterError(
                    f"its {noun} is {_brief(profile[key])}, but {_brief(first[key])} in {Path(first['path']).name}",
                    where=profile["path"], remedy="all tiles of a folder must agree; move the odd one out",
                )  # fmt: skip
    if np.dtype(first["dtype"]).kind not in "uif":
        raise RasterError(f"its pixels are {first['dtype']}", where=first["path"], remedy="convert to uint8 or uint16")
    choice = _user_bands(bands, first) if bands else _found_bands(first)
    roles = tuple(role for role in ROLES if role in choice)
    indexes = tuple(choice[role] for role in roles)
    tiles = tuple(
        Tile(
            path=p["path"], transform=p["transform"], width=p["width"], height=p["height"], masked=_masked(p, indexes),
            nodata=tuple(p["nodata"][i - 1] for i in indexes),
        )
        for p in profiles
    )  # fmt: skip
    corners = [tile.corners for tile in tiles]
    x, y = np.concatenate([c[0] for c in corners]), np.concatenate([c[1] for c in corners])
    bounds = (float(x.min()), float(y.min()), float(x.max()), float(y.max()))
    crs_wkt = first["crs"].to_wkt()
    centre_x, centre_y = (bounds[0] + bounds[2]) / 2, (bounds[1] + bounds[3]) / 2
    column, row = pixel_vectors_m(tiles[0].transform, crs_wkt, centre_x=centre_x, centre_y=centre_y)
    return RasterSource(
        name=name, tiles=tiles, crs_wkt=crs_wkt, dtype=first["dtype"], nodata=tiles[0].nodata[0],
        pixel_size_m=float(np.sqrt(abs(column[0] * row[1] - column[1] * row[0]))), roles=roles, band_indexes=indexes,
        identity=_identity(paths, roles, indexes), bounds=bounds, descriptions=first["descriptions"],
    )  # fmt: skip


def pixel_vectors_m(
    transform: Affine, crs_wkt: str, *, centre_x: float, centre_y: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return the ground vectors (east, north) in metres of one column step and one row step at a place.

    Measured on the CRS's ellipsoid, so that degrees, feet and the stretch of Web Mercator are all accounted for.

    Raises
    ------
    RasterError
        The place does not exist on the ellipsoid.
    """
    crs = parse_crs(crs_wkt)
    geodetic = crs.geodetic_crs
    geod = crs.get_geod()
    if geodetic is None or geod is None:
        raise RasterError(f"its CRS ({crs.name}) is not tied to the Earth", remedy="assign the right CRS in QGIS")
    to_degrees = transformer(crs_wkt, geodetic.to_wkt())
    vectors = []
    for step_x, step_y in ((transform.a, transform.d), (transform.b, transform.e)):
        x = np.array([centre_x - step_x / 2, centre_x + step_x / 2])
        y = np.array([centre_y - step_y / 2, centre_y + step_y / 2])
        lon, lat = to_degrees.transform(x, y) if not crs.is_geographic else (x, y)
        if not (np.isfinite(lon).all() and np.isfinite(lat).all() and abs(lat).max() <= 90):
            raise RasterError("its centre lies nowhere on the Earth", remedy="check the CRS of the raster")
        azimuth, _, length = geod.inv(lon[0], lat[0], lon[1], lat[1])
        vectors.append(length * np.array([math.sin(math.radians(azimuth)), math.cos(math.radians(azimuth))]))
    return vectors[0], vectors[1]


def _tile_paths(folder: Path) -> list[str]:
    files = sorted(path for path in folder.iterdir() if path.is_file() and not path.name.startswith("."))
    tiles = [str(path) for path in files if path.suffix.lower() in _SUFFIXES]
    tiles = tiles or [str(path) for path in files if path.suffix.lower() == ".vrt"]
    if not tiles:
        raise RasterError("no raster file lies in this folder", where=str(folder), remedy="choose a folder of tiles")
    return tiles


def _profile(path: str) -> dict[str, Any]:
    try:
        with rasterio.open(path) as dataset:
            if dataset.crs is None:
                raise RasterError("it has no CRS", where=path, remedy="assign one in QGIS (Assign projection)")
            if dataset.count == 0:
                raise RasterError("it holds no bands but subdatasets", where=path, remedy="choose one subdataset")
            if dataset.transform.is_identity and not dataset.gcps[0]:
                raise RasterError("it has no georeference", where=path, remedy="add a world file or georeference it")
            if dataset.transform.is_identity or dataset.transform.determinant == 0:
                raise RasterError("it is placed by control points only", where=path, remedy="warp it with gdalwarp")
            return {
                "path": path, "crs": dataset.crs, "count": dataset.count, "transform": dataset.transform,
                "dtype": dataset.dtypes[0], "width": dataset.width, "height": dataset.height,
                "nodata": dataset.nodatavals, "mask_flags": dataset.mask_flag_enums,
                "descriptions": tuple(text or "" for text in dataset.descriptions),
                "colours": tuple(dataset.colorinterp),
            }  # fmt: skip
    except RasterioIOError as error:
        raise RasterError(
            f"it cannot be opened ({str(error).splitlines()[0][:120]})", where=path,
            remedy="check the path and that GDAL reads it",
        ) from error  # fmt: skip


def _user_bands(text: str, profile: dict[str, Any]) -> dict[str, int]:
    choice: dict[str, int] = {}
    for word in filter(None, (part.strip() for part in text.split(","))):
        match = re.fullmatch(r"([a-zA-Z]+)\s*=\s*(\d+)", word)
        role = match.group(1).lower() if match else ""
        if not match or role not in ROLES or role in choice:
            raise RasterError(f"{word!r} is not red, green, blue or nir = band number", where="--bands", remedy=_HINT)
        choice[role] = int(match.group(2))
        if not 1 <= choice[role] <= profile["count"]:
            raise RasterError(f"there is no band {choice[role]}", where=profile["path"],
                              remedy=f"it has bands 1 to {profile['count']}; {_HINT}")  # fmt: skip
    if len(set(choice.values())) < len(choice) or not choice:
        raise RasterError(f"{text!r} does not name different bands", where="--bands", remedy=_HINT)
    return choice


def _found_bands(profile: dict[str, Any]) -> dict[str, int]:
    """Roles by band name; what names leave open by colour interpretation."""
    choice: dict[str, int] = {}
    for index, text in enumerate(profile["descriptions"], start=1):
        name = " ".join(re.split(r"[\s_\-.:]+", text.strip().lower()))
        words = set() if "edge" in name else {word for word in name.split() if len(word) > 2}
        for known, names in _NAMES.items():
            if name in names or words & names:
                choice.setdefault(known, index)
    for index, colour in enumerate(profile["colours"], start=1):
        if colour.name in ROLES and index not in choice.values():
            choice.setdefault(colour.name, index)
    if not choice:
        found = ", ".join(text or f"band {i}" for i, text in enumerate(profile["descriptions"], start=1))
        raise RasterError(f"nothing says which of its bands ({found}) is which", where=profile["path"], remedy=_HINT)
    return choice


def _masked(profile: dict[str, Any], indexes: Sequence[int]) -> bool:
    """Whether alpha or a mask counts; not when the user says that the "alpha" band is a band (4-band NAIP)."""
    if ColorInterp.alpha in [profile["colours"][i - 1] for i in indexes]:
        return False
    return any(MaskFlags.per_dataset in profile["mask_flags"][i - 1] for i in indexes)


def _sample(tile: Tile, indexes: Sequence[int], size: int) -> np.ndarray:
    """Valid pixels of all bands in one decimated read, float64 (M,)."""
    shape = (min(size, tile.height), min(size, tile.width))
    try:
        with rasterio.open(tile.path) as dataset:
            pixels = dataset.read(list(indexes), out_shape=(len(indexes), *shape)).astype(np.float64)
            valid = valid_pixels(pixels, tile.nodata)
            if tile.masked:
                valid &= dataset.dataset_mask(out_shape=shape) > 0
    except RasterioError as error:
        raise RasterError(f"it cannot be read ({error})", where=tile.path) from error
    return pixels[:, valid].ravel()


def valid_pixels(pixels: np.ndarray, nodata: Iterable[float | None]) -> np.ndarray:
    """Return which pixels of ``(bands, h, w)`` hold data, bool (h, w).

    GDAL's rule: a pixel is nodata when all its (chosen) bands are. A band that is NaN or infinite makes it nodata
    in any case.
    """
    empty = np.ones(pixels.shape[1:], dtype=bool)
    for band, value in zip(pixels, nodata, strict=True):
        if value is None:
            empty[:] = False
            break
        empty &= np.isnan(band) if math.isnan(value) else band == value
    if pixels.dtype.kind == "f":
        empty |= ~np.isfinite(pixels).all(axis=0)
    return ~empty


def _identity(paths: Sequence[str], roles: Sequence[str], indexes: Sequence[int]) -> str:
    digest = hashlib.sha256(repr((tuple(roles), tuple(indexes))).encode())
    for path in paths:
        file = Path(path)
        stamp = (file.stat().st_size, file.stat().st_mtime_ns) if file.exists() else ()
        digest.update(repr((str(file.resolve()) if stamp else path, stamp)).encode())
    return digest.hexdigest()


def _brief(value: Any) -> str:
    if isinstance(value, rasterio.crs.CRS):
        return pyproj.CRS.from_wkt(value.to_wkt()).name
    return str(value)


def _round(value: float, digits: int) -> float:
    return float(f"{value:.{digits}g}")
