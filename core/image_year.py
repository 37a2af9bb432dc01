"""The year that an image was taken in, for the tags of a map: as the user says, else as the files say of themselves.

Only metadata that are about the acquisition count. The time stamp of a TIFF does not: it is mostly that of the
program which wrote the file. What is not known is said to be unknown.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable

import numpy as np
import rasterio
from rasterio.errors import RasterioError

from botaclip.core.errors import OptionError
from botaclip.core.pairing_rules import is_date
from botaclip.core.plot_dates import iso_dates
from botaclip.core.rasters import RasterSource

UNKNOWN = "unknown"

# Lower case; by domain. IMAGERY is GDAL's own domain for satellite images, the others are names of data providers:
# Sentinel-2 and Sentinel-1 (product_start_time, sensing_time), Landsat (date_acquired), and plain words.
_TAGS: tuple[tuple[str | None, tuple[str, ...]], ...] = (
    ("IMAGERY", ("acquisitiondatetime",)),
    (None, (
        "acquisitiondatetime", "acquisition_datetime", "acquisition_date", "date_acquired", "sensing_time",
        "product_start_time", "datatake_1_datatake_sensing_start",
    )),
)  # fmt: skip
_MOST_TILES = 256  # looked at, spread over all
_EPOCH = "1970-01-01"  # what programs write that know no date
_EARLIEST, _LATEST = 1840, 2200  # the age of photography


def given_year(image_date: str | None) -> str | None:
    """Return the year of ``--image-date``; None where it is not given.

    Raises
    ------
    OptionError
        It is no date.
    """
    if not image_date:
        return None
    if not is_date(image_date):
        raise OptionError(
            f"--image-date cannot be {image_date!r}", remedy="write it as 2018, 2018-07 or 2018-07-15"
        )
    return image_date[:4]


def year_of(source: RasterSource) -> str:
    """Return the year that the files of a raster say they were taken in.

    Returns
    -------
    str
        ``2018``, or ``2018-2020`` where tiles differ; ``unknown`` where any of those looked at does not say it.
    """
    chosen = np.linspace(0, len(source.tiles) - 1, min(_MOST_TILES, len(source.tiles))).round().astype(int)
    return spanned(_year_in(source.tiles[index].path) for index in np.unique(chosen))


def spanned(years: Iterable[str]) -> str:
    """Return the first and last of years (or spans of them), joined; ``unknown`` where any of them is."""
    found = [part for year in years for part in year.split("-")]
    if not found or UNKNOWN in found:
        return UNKNOWN
    return min(found) if min(found) == max(found) else f"{min(found)}-{max(found)}"


def _year_in(path: str) -> str:
    with contextlib.suppress(RasterioError, UnicodeDecodeError), rasterio.open(path) as dataset:
        for domain, names in _TAGS:
            tags = {key.lower(): value for key, value in dataset.tags(ns=domain).items()}
            for name in names:
                if year := _year_of(tags.get(name, "")):
                    return year
    return UNKNOWN


def _year_of(text: str) -> str:
    """Return the year of a date as files write it; empty where it is none."""
    date = str(iso_dates(np.array([text.strip()]))[0])
    if not is_date(date) or date == _EPOCH or not _EARLIEST <= int(date[:4]) <= _LATEST:
        return ""
    return date[:4]
