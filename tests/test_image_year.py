"""The year of an image: said, read from what is about its acquisition, or unknown."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import rasterio
from affine import Affine

from botaclip.core.errors import OptionError
from botaclip.core.image_year import given_year, spanned, year_of
from botaclip.core.rasters import open_raster


def write(path: Path, *, left: float = 0.0, imagery: dict[str, str] | None = None, **tags: str) -> Path:
    with rasterio.open(
        path, "w", driver="GTiff", width=8, height=8, count=1, dtype="uint8", crs="EPSG:2154",
        transform=Affine(1, 0, 700_000 + left, 0, -1, 6_600_000),
    ) as dataset:  # fmt: skip
        dataset.write(np.ones((1, 8, 8), np.uint8))
        dataset.set_band_description(1, "red")
        dataset.update_tags(**tags)
        if imagery:
            dataset.update_tags(ns="IMAGERY", **imagery)
    return path


@pytest.mark.parametrize(
    ("tags", "year"),
    [
        ({"PRODUCT_START_TIME": "2017-06-14T10:30:21.026Z"}, "2017"),
        ({"SENSING_TIME": "2019-08-13 10:10:26"}, "2019"),
        ({"DATE_ACQUIRED": "2021-07-15"}, "2021"),
        ({"date_acquired": "20210715"}, "2021"),
        ({"ACQUISITION_DATE": "2020"}, "2020"),
        ({"Acquisition_Date": "31/12/2015"}, "2015"),
        ({"DATATAKE_1_DATATAKE_SENSING_START": "2018-05-06T10:20:21.024Z"}, "2018"),
        ({"TIFFTAG_DATETIME": "2022:05:06 10:20:21"}, "unknown"),
        ({"PROCESSING_DATE": "2022-05-06", "YEAR": "2022"}, "unknown"),
        ({"ACQUISITION_DATE": "1970-01-01"}, "unknown"),  # nobody knew it
        ({"ACQUISITION_DATE": "0001-01-01"}, "unknown"),
        ({"ACQUISITION_DATE": "2021-13-45"}, "unknown"),
        ({"ACQUISITION_DATE": "last summer"}, "unknown"),
        ({"ACQUISITION_DATE": ""}, "unknown"),
        ({"ACQUISITION_DATE": "soon", "DATE_ACQUIRED": "2014-04-01"}, "2014"),
        ({}, "unknown"),
    ],
)
def test_what_files_say(tmp_path: Path, tags: dict[str, str], year: str) -> None:
    assert year_of(open_raster(write(tmp_path / "r.tif", **tags))) == year


def test_the_domain_of_satellite_images(tmp_path: Path) -> None:
    path = write(tmp_path / "r.tif", imagery={"ACQUISITIONDATETIME": "2016-07-01 10:00:00"}, DATE_ACQUIRED="2001-01-02")
    assert year_of(open_raster(path)) == "2016"


def test_tiles_of_several_years_and_of_unknown_ones(tmp_path: Path) -> None:
    for number, date in enumerate(("2018-06-01", "2020-06-01", "2019-06-01")):
        write(tmp_path / f"{number}.tif", left=8.0 * number, ACQUISITION_DATE=date)
    assert year_of(open_raster(tmp_path)) == "2018-2020"
    write(tmp_path / "3.tif", left=24.0)
    assert year_of(open_raster(tmp_path)) == "unknown"


def test_years_together() -> None:
    assert spanned(["2018", "2018"]) == "2018"
    assert spanned(["2019", "2017-2018"]) == "2017-2019"
    assert spanned(["2019", "unknown"]) == spanned([]) == "unknown"


@pytest.mark.parametrize(("text", "year"), [("2018", "2018"), ("2018-07", "2018"), ("2018-07-15", "2018"), (None, None),
                                            ("", None)])  # fmt: skip
def test_what_the_user_says(text: str | None, year: str | None) -> None:
    assert given_year(text) == year


@pytest.mark.parametrize("text", ["18", "15.7.2018", "2018-13", "summer 2018", "2018-02-30"])
def test_what_is_no_date_is_refused_as_in_training(text: str) -> None:
    with pytest.raises(OptionError, match=r"--image-date cannot be .*\. Write it as 2018, 2018-07 or 2018-07-15"):
        given_year(text)
