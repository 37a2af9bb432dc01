"""The profile of one raster file: all that its header says, read once, and the words for what cannot be read."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import re
import warnings
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import rasterio
from affine import Affine
from rasterio.enums import MaskFlags
from rasterio.env import set_gdal_config
from rasterio.errors import NotGeoreferencedWarning, RasterioError

from botaclip.core.band_names import Band
from botaclip.core.errors import RasterError, UnsupportedRaster
from botaclip.core.places import parse_crs

# First bytes and suffixes of formats that this environment's GDAL has: such a file that does not open is damaged.
_KNOWN_FORMATS = (
    b"II*\0", b"MM\0*", b"II+\0", b"MM\0+", b"\x89PNG", b"\xff\xd8\xff", b"\0\0\0\x0cjP", b"EHFA_HEADER_TAG", b"<VRT",
)  # fmt: skip
_KNOWN_SUFFIXES = {".tif", ".tiff", ".png", ".jpg", ".jpeg", ".jp2", ".vrt"}
_PLAIN_FORMATS = {"HFA", "ENVI", "EHdr", "ERS"}  # pixels one after the other, zeros beyond the end of the file
_SIDECARS = {".hdr", ".xml", ".prj", ".stx", ".ovr", ".rrd", ".msk"}
_UNKNOWN_FORMAT = ("not recognized as being in a supported file format", "not recognized as a supported", "codec")
_SATELLITE_TAGS = {
    "spacecraft_id", "spacecraft_name", "spacecraft", "sensor_id", "sensor", "satelliteid", "satellite", "platform",
    "mission", "mission_id", "landsat_product_id", "product_uri", "system:index",
}  # fmt: skip
_MICRO, _NANO = 1.0, 1e-3


@dataclasses.dataclass(frozen=True)
class Profile:
    """What the header of a raster file says.

    Attributes
    ----------
    path
        The file, or what GDAL opens (``NETCDF:...``).
    crs_wkt
        Its horizontal CRS.
    transform, width, height
        Where its pixels lie, and their number.
    dtypes, nodata, scales, offsets, bands
        One entry per band; ``nodata`` None where a band has none; a value is ``scale * stored + offset``.
    alpha
        Number of its alpha band, 0 without.
    masked
        Whether it has a mask of its own (inside or as ``.msk`` beside it), alpha aside.
    classes
        Whether its pixels are numbers of classes with a colour table.
    hints
        File name and tags that name the satellite.
    files
        Every file whose bytes decide on pixels: the file itself, masks beside it, the sources of a VRT (also of those
        that it names). Statistics and overviews, which QGIS writes when it shows a raster, are not among them.
    """

    path: str
    crs_wkt: str
    transform: Affine
    width: int
    height: int
    dtypes: tuple[str, ...]
    nodata: tuple[float | None, ...]
    scales: tuple[float, ...]
    offsets: tuple[float, ...]
    bands: tuple[Band, ...]
    alpha: int
    masked: bool
    classes: bool
    hints: str
    files: tuple[str, ...]

    @property
    def descriptions(self) -> tuple[str, ...]:
        """Band names as the file gives them, empty where it gives none."""
        return tuple(band.name for band in self.bands)


def profile_of(path: str) -> Profile:
    """Read the header of a raster file.

    Raises
    ------
    UnsupportedRaster
        This environment's GDAL has no driver for it.
    RasterError
        It cannot be opened, is cut short, or has no bands, CRS or place.
    """
    # A cut JPEG is a warning to GDAL, and grey where the data should be.
    set_gdal_config("GDAL_ERROR_ON_LIBJPEG_WARNING", True)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", NotGeoreferencedWarning)
            with rasterio.open(path) as dataset:
                return _read(path, dataset)
    except RasterioError as error:
        raise _cannot_open(path, error) from error
    except UnicodeDecodeError as error:
        raise RasterError("its header is not text that can be read", where=path) from error


def cannot_read(path: str, error: Exception) -> RasterError:
    """Return the error of a file that opened and whose pixels cannot be had."""
    return RasterError(
        f"it cannot be read ({_reason(error)[:120]})", where=path,
        remedy="the file may be damaged or on a drive that is gone",
    )  # fmt: skip


def _cannot_open(path: str, error: Exception) -> RasterError:
    reason = _reason(error)
    file = Path(path)
    if file.is_file() and os.path.getsize(path) == 0:
        return RasterError("it cannot be opened: the file is empty", where=path, remedy="copy or download it again")
    if file.exists() and any(word in reason for word in _UNKNOWN_FORMAT):
        start = b""
        if file.is_file():
            with open(path, "rb") as stream:
                start = stream.read(16)
        known = start.startswith(_KNOWN_FORMATS) or file.suffix.lower() in _KNOWN_SUFFIXES
        if "codec" in reason or not known:
            return UnsupportedRaster(
                f"it cannot be opened: GDAL {rasterio.__gdal_version__} of this environment does not know its format",
                where=path, remedy="export it as GeoTIFF, for example in QGIS (Export > Save As)",
            )  # fmt: skip
        return RasterError("it cannot be opened: the file is damaged", where=path, remedy="copy or download it again")
    # The directory of a TIFF often lies at its end, where a broken download breaks off.
    if file.is_file() and re.search(r"TIFF\w*Directory|Cannot read TIFF header", reason):
        return RasterError("the file is cut short or damaged", where=path, remedy="copy or download it again")
    # GDAL begins with the path, which the sentence does already.
    brief = reason.replace(f"'{path}'", "").removeprefix(f"{path}: ").strip()[:120]
    return RasterError(f"it cannot be opened ({brief})", where=path, remedy="check the path and that GDAL reads it")


def _reason(error: BaseException) -> str:
    """Return GDAL's own words; rasterio puts them into the cause."""
    while error.__cause__ is not None:
        error = error.__cause__
    return (str(error).splitlines() or [type(error).__name__])[0]


def _read(path: str, dataset: rasterio.DatasetReader) -> Profile:
    if dataset.count == 0:
        names = ", ".join(name for name in dataset.subdatasets[:4])
        raise RasterError(
            f"it holds no bands but subdatasets ({names or 'none'})", where=path, remedy="choose one subdataset"
        )
    if dataset.transform.is_identity and dataset.gcps[0]:
        raise RasterError("it is placed by control points only", where=path, remedy="warp it with gdalwarp")
    crs_wkt = dataset.crs.to_wkt() if dataset.crs else _beside(path)
    if not crs_wkt:
        raise RasterError("it has no CRS", where=path, remedy="assign one in QGIS (Assign projection)")
    if dataset.transform.is_identity or dataset.transform.determinant == 0:
        raise RasterError("it has no georeference", where=path, remedy="add a world file or georeference it")
    _check_length(path, dataset)
    colours = [colour.name for colour in dataset.colorinterp]
    flags = dataset.mask_flag_enums[0]
    tags = {key.lower(): value for key, value in dataset.tags().items()}
    satellite = [value for key, value in tags.items() if key in _SATELLITE_TAGS]
    satellite += [value for key, value in dataset.tags(ns="IMAGERY").items() if key.lower() == "satelliteid"]
    return Profile(
        path=path, crs_wkt=_horizontal(crs_wkt), transform=dataset.transform, width=dataset.width,
        height=dataset.height, dtypes=tuple(dataset.dtypes), nodata=tuple(dataset.nodatavals),
        scales=tuple(dataset.scales), offsets=tuple(dataset.offsets),
        bands=tuple(
            Band(name or "", colour, _wavelength_um({**dataset.tags(i), **dataset.tags(i, ns="IMAGERY")}))
            for i, (name, colour) in enumerate(zip(dataset.descriptions, colours, strict=True), start=1)
        ),
        alpha=colours.index("alpha") + 1 if "alpha" in colours else 0,
        masked=MaskFlags.per_dataset in flags and MaskFlags.alpha not in flags,
        classes=colours[0] == "palette", hints=" ".join([Path(path).name, *satellite]),
        files=tuple(sorted(_files(dataset, set()))),
    )  # fmt: skip


def _files(dataset: rasterio.DatasetReader, met: set[str]) -> set[str]:
    """Return the files of a dataset, those of the VRTs that it names included."""
    for file in dataset.files:
        if file in met or file.lower().endswith((".aux.xml", ".ovr")):
            continue
        met.add(file)
        if file.lower().endswith(".vrt") and file != dataset.name:
            with contextlib.suppress(RasterioError), rasterio.open(file) as source:
                _files(source, met)
    return met


def _check_length(path: str, dataset: rasterio.DatasetReader) -> None:
    """Refuse a file without its end: a TIFF would fail after an hour of work, a PNG be read as what memory held."""
    if not os.path.isfile(path):
        return
    cut = RasterError("the file is cut short", where=path, remedy="copy or download it again")
    if dataset.driver == "PNG" and not _ends_with(path, b"IEND"):
        raise cut
    if dataset.driver in _PLAIN_FORMATS and dataset.compression is None:
        pixels = dataset.width * dataset.height * sum(np.dtype(dtype).itemsize for dtype in dataset.dtypes)
        files = [file for file in dataset.files if Path(file).suffix not in _SIDECARS and os.path.isfile(file)]
        if sum(os.path.getsize(file) for file in files) < pixels:
            raise cut
    if dataset.driver != "GTiff":
        return
    height, width = dataset.block_shapes[0]
    row, col = (dataset.height - 1) // height, (dataset.width - 1) // width
    last = dataset.count if dataset.interleaving is not None and dataset.interleaving.name == "band" else 1
    offset, size = (
        dataset.get_tag_item(f"BLOCK_{what}_{col}_{row}", "TIFF", bidx=last) for what in ("OFFSET", "SIZE")
    )
    if offset and size and int(offset) + int(size) > os.path.getsize(path):
        raise cut


def _ends_with(path: str, mark: bytes) -> bool:
    with open(path, "rb") as stream:
        stream.seek(max(0, os.path.getsize(path) - 4096))
        return mark in stream.read()


def _beside(path: str) -> str:
    """Return the CRS in the ``.prj`` file of the same name, which GDAL reads for few formats; empty without."""
    file = Path(path).with_suffix(".prj")
    if not file.is_file():
        return ""
    try:
        return parse_crs(file.read_text(encoding="utf-8", errors="replace").strip()).to_wkt()
    except RasterError as error:
        raise RasterError("it holds no coordinate reference system", where=str(file), remedy="remove it") from error


def _horizontal(wkt: str) -> str:
    """Return the horizontal part of a CRS that has heights as well; pixels have none."""
    crs = parse_crs(wkt)
    return crs.sub_crs_list[0].to_wkt() if crs.is_compound else wkt


def _wavelength_um(tags: Mapping[str, str]) -> float | None:
    """Read a band's centre, in micrometres, from its metadata (ENVI, Sentinel-2, GDAL's IMAGERY domain)."""
    lower = {key.lower(): value for key, value in tags.items()}
    unit = lower.get("wavelength_unit", lower.get("wavelength_units", "")).lower()
    for key, value in lower.items():
        if not re.fullmatch(r"(cent(er|re|ral)_?)?wavelength(_(um|nm|micrometers|nanometers))?", key):
            continue
        match = re.match(r"\s*(\d+\.?\d*(?:e[-+]?\d+)?)", value, re.IGNORECASE)
        if match is None:
            continue
        number = float(match.group(1))
        said = f"{key} {unit} {value}".lower()
        if re.search(r"nm\b|nano", said):
            return number * _NANO
        if re.search(r"_um\b|\bum\b|µm|micro", said):
            return number * _MICRO
        return number * (_NANO if number > 100 else _MICRO)
    return None
