"""Rasters: one file or a folder of tiles, opened once, described in full, its bands known by role."""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import math
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pyproj
from affine import Affine

from botaclip.core.band_names import ROLES, ROLES_IN_WORDS, WAVELENGTHS_UM, AmbiguousBands, in_order, role_of, roles_of
from botaclip.core.errors import RasterError
from botaclip.core.places import parse_crs, same_crs, transformer
from botaclip.core.raster_folder import tile_paths
from botaclip.core.raster_pixels import Tile, sample, valid_pixels
from botaclip.core.raster_profiles import Profile, profile_of

__all__ = [
    "ROLES", "WAVELENGTHS_UM", "RasterSource", "Tile", "check_agreement", "choice_of", "open_raster", "pixel_vectors_m",
    "source_of", "source_of_profiles", "tile_paths", "valid_pixels", "values_range",
]  # fmt: skip

_HINT = "name the bands with --bands, for example red=1,green=2,blue=3,nir=4"
_OTHER_KIND = "a band of another kind, such as NDVI, can be given the role red: --bands red=1"


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
        Chosen bands in the order red, green, blue, nir (:func:`botaclip.core.band_names.in_order`), and their
        numbers in the file, from 1; :meth:`take` gives another order.
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

    def take(self, roles: Sequence[str]) -> RasterSource:
        """Return the raster with some of its bands only, in the order given; the same where that is all of them.

        What says which pixels count stays as it is.

        Raises
        ------
        RasterError
            It has no band of one of the roles, or one is named twice.
        """
        wanted = tuple(roles)
        if wanted == self.roles:
            return self
        missing = [role for role in wanted if role not in self.roles]
        if missing or not wanted or len(set(wanted)) < len(wanted):
            raise RasterError(
                f"its bands {', '.join(self.roles)} cannot be reduced to {', '.join(wanted) or 'none'}",
                where=self.name, remedy="name the bands with --bands",
            )  # fmt: skip
        places = [self.roles.index(role) for role in wanted]
        tiles = tuple(
            dataclasses.replace(tile, nodata=tuple(tile.nodata[place] for place in places)) for tile in self.tiles
        )
        return dataclasses.replace(
            self, tiles=tiles, nodata=tiles[0].nodata[0], roles=wanted,
            band_indexes=tuple(self.band_indexes[place] for place in places),
            identity=hashlib.sha256(f"{self.identity} {' '.join(wanted)}".encode()).hexdigest(),
        )  # fmt: skip

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
        return values_range([self], name=self.name, sample_px=sample_px, most_tiles=most_tiles)

    def describe(self) -> str:
        """Return one sentence on what was found."""
        bands = ", ".join(f"{role} = band {i}" for role, i in zip(self.roles, self.band_indexes, strict=True))
        unused = [
            f"band {i}{f' ({text})' if text else ''}"
            for i, text in enumerate(self.descriptions, start=1)
            if i not in self.band_indexes and i != self.tiles[0].mask_band
        ]
        bands += f"; not used: {', '.join(unused)}" if unused else ""
        if mask := self.tiles[0].mask_band:
            bands += f"; band {mask} is the transparency (were it infrared: --bands red=1,green=2,blue=3,nir={mask})"
        files = "1 file" if len(self.tiles) == 1 else f"{len(self.tiles)} tiles"
        return f"{files}, {self.dtype}, {self.pixel_size_m:.3g} m per pixel, {bands}"


def open_raster(raster: str | Path, *, bands: str | None = None) -> RasterSource:
    """Describe a raster file, or all tiles of a folder, without reading pixels.

    Parameters
    ----------
    raster
        A file that GDAL reads, or a folder of such files (VRTs in a folder count only where there is no other).
    bands
        ``red=1,green=2,...``, also roles that are never guessed (``swir1=5``, ``um1.38=9``); None reads red, green,
        blue and near infrared from names, wavelengths and colours (:func:`botaclip.core.band_names.roles_of`).

    Raises
    ------
    UnsupportedRaster
        This environment's GDAL does not know its format.
    RasterError
        It cannot be opened, has no CRS, unknown bands or complex pixels, or tiles differ in CRS, bands or type.
    """
    return source_of(tile_paths(raster), name=str(raster), bands=bands)


def source_of(paths: Sequence[str], *, name: str, bands: str | None = None) -> RasterSource:
    """Describe the tiles at ``paths`` as one raster; see :func:`open_raster`."""
    profiles = [profile_of(path) for path in paths]
    choice = check_agreement(profiles, bands)
    first = profiles[0]
    for profile in profiles[1:]:
        if profile.crs_wkt != first.crs_wkt and not same_crs(profile.crs_wkt, first.crs_wkt):
            names = [parse_crs(p.crs_wkt).name for p in (profile, first)]
            raise RasterError(
                f"its CRS is {names[0]}, but {names[1]} in {Path(first.path).name}", where=profile.path,
                remedy="all tiles of a folder must agree; move the odd one out",
            )  # fmt: skip
    return source_of_profiles(profiles, name=name, choice=choice)


def check_agreement(profiles: Sequence[Profile], bands: str | None) -> dict[str, int]:
    """Return the chosen bands, role to number, in which all files of a job agree.

    Raises
    ------
    RasterError
        A file has another pixel type or other bands than the first, naming both; or :func:`choice_of` raises.
    """
    first = profiles[0]
    choice = choice_of(first, bands)
    dtype = _dtype(first, choice)
    known = {(first.bands, _layout_hint(first)): choice}
    for profile in profiles[1:]:
        # Thousands of tiles say the same in the same words: weigh each wording once.
        key = (profile.bands, _layout_hint(profile))
        if key not in known or bands:
            known[key] = choice_of(profile, bands)
        found = [(_roles_text(known[key]), _roles_text(choice), "its bands are")]
        found.append((_dtype(profile, known[key]), dtype, "its pixel type is"))
        for here, there, words in found:
            if here != there:
                raise RasterError(
                    f"{words} {here}, but {there} in {Path(first.path).name}", where=profile.path,
                    remedy="all files of a folder must agree; move the odd one out or name the bands with --bands",
                )  # fmt: skip
    return choice


def choice_of(profile: Profile, bands: str | None) -> dict[str, int]:
    """Return role to band number (from 1): as the user says, or else as the file itself says.

    Raises
    ------
    RasterError
        Nothing says which band is which, or the user names bands that do not exist.
    """
    if bands:
        return _user_bands(bands, profile)
    found = ", ".join(name or f"band {i}" for i, name in enumerate(profile.descriptions, start=1))
    if profile.classes:
        raise RasterError(
            "its pixels are numbers of colours in a table", where=profile.path,
            remedy="convert it to red, green and blue (QGIS: Raster > Conversion > PCT to RGB)",
        )  # fmt: skip
    try:
        choice = roles_of(profile.bands, profile.hints)
    except AmbiguousBands as error:
        raise RasterError(f"its bands are called {found}, {error}", where=profile.path, remedy=_HINT) from error
    if not choice:
        raise RasterError(f"nothing says which of its bands ({found}) is which", where=profile.path,
                          remedy=_OTHER_KIND if len(profile.bands) == 1 else f"{_HINT}; {_OTHER_KIND}")  # fmt: skip
    return choice


def source_of_profiles(profiles: Sequence[Profile], *, name: str, choice: Mapping[str, int]) -> RasterSource:
    """Describe tiles in one CRS, whose headers are read, as one raster with bands ``choice`` (role to number)."""
    first = profiles[0]
    roles = in_order(choice)
    indexes = tuple(choice[role] for role in roles)
    tiles = tuple(
        Tile(
            path=p.path, transform=p.transform, width=p.width, height=p.height, mask_band=_mask_band(p, indexes),
            nodata=tuple(p.nodata[i - 1] for i in indexes),
        )
        for p in profiles
    )  # fmt: skip
    corners = [tile.corners for tile in tiles]
    x, y = np.concatenate([c[0] for c in corners]), np.concatenate([c[1] for c in corners])
    bounds = (float(x.min()), float(y.min()), float(x.max()), float(y.max()))
    centre_x, centre_y = (bounds[0] + bounds[2]) / 2, (bounds[1] + bounds[3]) / 2
    column, row = pixel_vectors_m(first.transform, first.crs_wkt, centre_x=centre_x, centre_y=centre_y)
    return RasterSource(
        name=name, tiles=tiles, crs_wkt=first.crs_wkt, dtype=_dtype(first, choice), nodata=tiles[0].nodata[0],
        pixel_size_m=float(np.sqrt(abs(column[0] * row[1] - column[1] * row[0]))), roles=roles, band_indexes=indexes,
        identity=_identity(profiles, roles, indexes), bounds=bounds,
        descriptions=first.descriptions,
    )  # fmt: skip


def values_range(
    sources: Sequence[RasterSource], *, name: str, sample_px: int = 256, most_tiles: int = 64
) -> tuple[float, float]:
    """Return the range of the values of several rasters together; see :meth:`RasterSource.value_range`."""
    if sources[0].dtype == "uint8":
        return 0.0, 255.0
    tiles = [(tile, source.band_indexes) for source in sources for tile in source.tiles]
    chosen = np.linspace(0, len(tiles) - 1, min(most_tiles, len(tiles))).round().astype(int)
    pooled = np.concatenate([sample(tiles[i][0], tiles[i][1], sample_px) for i in np.unique(chosen)])
    if pooled.size == 0:
        raise RasterError("no valid pixel is found", where=name)
    low, high = np.percentile(pooled, (2, 98))
    spread = max(high - low, abs(high) * 1e-3, 1e-6)
    low = low - spread / 4
    if np.dtype(sources[0].dtype).kind == "u" or pooled.min() >= 0:
        low = max(0.0, low)
    return _round(low, 2), _round(high + spread / 4, 2)


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
    geod, to_degrees = _ellipsoid(crs_wkt)
    vectors = []
    for step_x, step_y in ((transform.a, transform.d), (transform.b, transform.e)):
        x = np.array([centre_x - step_x / 2, centre_x + step_x / 2])
        y = np.array([centre_y - step_y / 2, centre_y + step_y / 2])
        lon, lat = to_degrees.transform(x, y) if to_degrees is not None else (x, y)
        if not (np.isfinite(lon).all() and np.isfinite(lat).all() and abs(lat).max() <= 90):
            raise RasterError("its centre lies nowhere on the Earth", remedy="check the CRS of the raster")
        azimuth, _, length = geod.inv(lon[0], lat[0], lon[1], lat[1])
        vectors.append(length * np.array([math.sin(math.radians(azimuth)), math.cos(math.radians(azimuth))]))
    return vectors[0], vectors[1]


@functools.lru_cache(maxsize=128)
def _ellipsoid(crs_wkt: str) -> tuple[pyproj.Geod, pyproj.Transformer | None]:
    """Return the ellipsoid of a CRS and the way to degrees on it, None where it counts in degrees."""
    crs = parse_crs(crs_wkt)
    geodetic, geod = crs.geodetic_crs, crs.get_geod()
    if geodetic is None or geod is None:
        raise RasterError(f"its CRS ({crs.name}) is not tied to the Earth", remedy="assign the right CRS in QGIS")
    return geod, None if crs.is_geographic else transformer(crs_wkt, geodetic.to_wkt())


def _user_bands(text: str, profile: Profile) -> dict[str, int]:
    choice: dict[str, int] = {}
    for word in filter(None, (part.strip() for part in text.split(","))):
        match = re.fullmatch(r"([a-zA-Z0-9.]+)\s*=\s*(\d{1,9})", word)
        role = role_of(match.group(1)) if match else None
        if match is None or role is None:
            raise RasterError(
                f"{word[:60]!r} is no role = band number; roles are {ROLES_IN_WORDS}", where="--bands", remedy=_HINT
            )
        if role in choice:
            raise RasterError(f"{role} is named twice", where="--bands", remedy=_HINT)
        choice[role] = int(match.group(2))
        if not 1 <= choice[role] <= len(profile.bands):
            raise RasterError(f"there is no band {choice[role]}", where=profile.path,
                              remedy=f"it has bands 1 to {len(profile.bands)}; {_HINT}")  # fmt: skip
    if len(set(choice.values())) < len(choice) or not choice:
        raise RasterError(f"{text!r} does not name different bands", where="--bands", remedy=_HINT)
    return choice


def _dtype(profile: Profile, choice: Mapping[str, int]) -> str:
    """Return the one real pixel type of the chosen bands."""
    dtypes = sorted({profile.dtypes[i - 1] for i in choice.values()})
    if len(dtypes) > 1:
        raise RasterError(
            f"its bands are of different types ({', '.join(dtypes)})", where=profile.path,
            remedy="convert all of them to one type (QGIS: Raster > Conversion > Translate)",
        )  # fmt: skip
    if dtypes[0].startswith("complex") or np.dtype(dtypes[0]).kind not in "uif":
        raise RasterError(f"its pixels are {dtypes[0]}", where=profile.path, remedy="convert to uint8 or uint16")
    return dtypes[0]


def _layout_hint(profile: Profile) -> str:
    """Return the part of the hints that does not number the tile."""
    return re.sub(r"\d{3,}", "#", profile.hints)


def _roles_text(choice: Mapping[str, int]) -> str:
    return ", ".join(f"{role} = band {choice[role]}" for role in in_order(choice))


def _mask_band(profile: Profile, indexes: Sequence[int]) -> int | None:
    """What says which pixels count; an alpha band does not when the user says that it is a band (4-band NAIP)."""
    if profile.masked:
        return 0
    return profile.alpha if profile.alpha and profile.alpha not in indexes else None


def _identity(profiles: Sequence[Profile], roles: Sequence[str], indexes: Sequence[int]) -> str:
    """Return a digest of all that decides on pixels: files with size and time, what their headers say, the bands."""
    digest = hashlib.sha256(repr((tuple(roles), tuple(indexes))).encode())
    for profile in profiles:
        digest.update(repr((profile.nodata, profile.alpha, profile.masked, tuple(profile.transform))).encode())
        for path in {profile.path: None, **dict.fromkeys(profile.files)}:
            file = Path(path)
            stamp = (file.stat().st_size, file.stat().st_mtime_ns) if file.exists() else ()
            digest.update(repr((str(file.resolve()) if stamp else path, stamp)).encode())
    return digest.hexdigest()


def _round(value: float, digits: int) -> float:
    return float(f"{value:.{digits}g}")
