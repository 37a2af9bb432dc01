"""The plots of a table: places, dates, groups."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from botaclip.core.errors import ReleveError
from botaclip.core.plot_places import crs_text, rounded_places
from botaclip.core.plot_table import PlotTable, read_plots
from botaclip.core.tables import read_table


def plots(folder: Path, text: str, **options: Any) -> PlotTable:
    path = folder / "plots.csv"
    path.write_text(text)
    given = dict(plot_field="plot_id", crs="EPSG:2154", x_field=None, y_field=None, date_field=None, groups=None)
    return read_plots(read_table(path), **(given | options))


def test_order_of_first_row_and_dropped_plots(tmp_path: Path) -> None:
    table = plots(tmp_path, "plot_id,x,y,site\nb,700001,6600001,S\na,700002,6600002,S\nc,,,T\nd,0,0,T\n", groups="site")
    assert table.ids.tolist() == ["b", "a"]
    assert table.points.x.tolist() == [700001, 700002]
    assert table.groups is not None and table.groups.tolist() == ["S", "S"]
    assert table.unplaced.tolist() == ["c", "d"]
    assert "2 plots without coordinates were dropped: c, d." in table.report


def test_a_plot_in_two_places(tmp_path: Path) -> None:
    same = plots(tmp_path, "plot_id,x,y\na,700002,6600002\na,700002.01,6600002\n")
    assert len(same.ids) == 1
    with pytest.raises(ReleveError, match=r"plot 'a' lies in two places \(rows 2 and 4\)"):
        plots(tmp_path, "plot_id,x,y\na,700002,6600002\nb,700002,6600002\na,700003,6600002\n")


@pytest.mark.parametrize(
    ("text", "options", "words"),
    [
        ("plot_id,x,y\na,700000,6600000\n", {"crs": None}, "--crs EPSG:2154"),
        ("plot_id,lon,lat\na,5,45\n", {"crs": None}, "--crs EPSG:4326"),
        ("plot_id,lon,lat\na,5,45\n", {}, "look like degrees, but the CRS is RGF93"),
        ("plot_id,x,y\na,700000,6600000\n", {"crs": "EPSG:4326"}, "are not degrees"),
        ("plot_id,x,y\na,700000,6600000\n", {"crs": "EPSG:1"}, "no known CRS"),
        ("plot_id,east,north\na,1,2\n", {}, "'plot_id', 'east', 'north'"),
        ("plot_id,x,y\na,1,2\n", {"x_field": "x"}, "only one of"),
        ("plot_id,x,y\na,,\n", {}, "no plot has coordinates"),
    ],
)
def test_what_cannot_be_placed(tmp_path: Path, text: str, options: dict[str, Any], words: str) -> None:
    with pytest.raises(ReleveError, match=words):
        plots(tmp_path, text, **options)


def test_epsg_column_of_two_zones(tmp_path: Path) -> None:
    """500000 m east is the central meridian: 3 and 9 degrees."""
    table = plots(tmp_path, "plot_id,easting,northing,epsg\na,500000,5000000,32631\nb,500000,5000000,32632\n", crs=None)
    assert table.points.crs == "EPSG:4326"
    np.testing.assert_allclose(table.points.x, [3, 9], atol=1e-9)
    assert any("EPSG:32631, EPSG:32632" in line for line in table.report)


@pytest.mark.parametrize(
    ("texts", "dates"),
    [
        (["2017", "2017-05", "2017/5/3", "20170503"], ["2017", "2017-05", "2017-05-03", "2017-05-03"]),
        (["3.5.2017", "2017-05-03T12:00:00"], ["2017-05-03", "2017-05-03"]),
        (["3/5/2017", "13/5/2017"], ["2017-05-03", "2017-05-13"]),
        (["3/5/2017", "3/13/2017"], ["2017-03-05", "2017-03-13"]),
        (["3/5/2017", "31.31.2017", "May"], ["", "", ""]),
        (["2017.0", "2017-05-01/2017-06-30", "20170503.0"], ["2017", "2017-05-01", "2017-05-03"]),
    ],
)
def test_dates(tmp_path: Path, texts: list[str], dates: list[str]) -> None:
    rows = "".join(f"p{index};7e5;66e5;{text}\n" for index, text in enumerate(texts))
    table = plots(tmp_path, "plot_id;x;y;date\n" + rows, date_field="date")
    assert table.dates.tolist() == dates
    assert any("dates were not understood" in line for line in table.report) == ("" in dates)


ROW = "plot_id,x,y,epsg,site,habitat,date,unc,area\n"


def test_what_is_known_of_plots(tmp_path: Path) -> None:
    text = ROW + (
        "a,700001.5,6600001,2154,S,wet,2017-05-03,10,400\n"
        "b,700002.5,6600002,2154,T,,2018,,0\n"
        "a,700001.5,6600001,2154,,wet,2017-06-01,25 m,0.05 ha\n"
    )
    table = plots(tmp_path, text, crs_field="epsg", crs=None, site_field="site", habitat_field="habitat",
                  date_field="date", uncertainty_field="unc", area_field="area")
    assert table.sites is not None and table.sites.tolist() == ["S", "T"]
    assert table.habitats is not None and table.habitats.tolist() == ["wet", ""]
    assert table.dates.tolist() == ["2017-05-03", "2018"]
    np.testing.assert_equal(table.uncertainty_m, [25.0, np.nan])
    np.testing.assert_equal(table.area_m2, [500.0, np.nan])
    assert table.blurred is None
    said = " ".join(table.report)
    for words in ("CRS was read from column 'epsg': EPSG:2154", "1 plots have several days of one year; the first "
                  "row's was taken: a", "1 plots have several values of 'unc'; the largest was taken: a",
                  "1 plots have several values of 'area'"):
        assert words in said, words


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ("a,7e5,66e5,2154,S,wet,2017,1,1\na,7e5,66e5,2154,S,wet,2018,1,1\n",
         r"plot 'a' was surveyed in two years \(rows 2 and 3, '2017' and '2018'\)"),
        ("a,7e5,66e5,2154,S,wet,2017,1,1\na,7e5,66e5,2154,T,wet,2017,1,1\n", "plot 'a' lies on two sites"),
        ("a,7e5,66e5,2154,S,wet,2017,1,1\na,7e5,66e5,2154,S,dry,2017,1,1\n", "plot 'a' has two habitats"),
        ("a,7e5,66e5,2154,S,wet,2017,1,1\na,7e5,66e5,2155,S,wet,2017,1,1\n", "plot 'a' has two CRSs"),
        ("a,7e5,66e5,2154,S,wet,2017,-3,1\n", "'-3' in column 'unc', row 2, is negative"),
        ("a,7e5,66e5,2154,S,wet,2017,near,1\n", "'near' in column 'unc', row 2, is not a number of m"),
        ("a,7e5,66e5,2154,S,wet,2017,1,3 acres\n", "'3 acres' in column 'area', row 2, is not a number of m2"),
        ("b,7e5,66e5,2154,,,2017,,\na,7e5,66e5,99999,S,wet,2017,1,1\n",
         "'99999' in column 'epsg', row 3, is no known CRS"),
        ("b,7e5,66e5,2154,,,2017,,\na,7e5,66e5,,S,wet,2017,1,1\n", "column 'epsg' gives no CRS in row 3"),
    ],
)
def test_plots_that_disagree_or_say_the_impossible(tmp_path: Path, rows: str, words: str) -> None:
    with pytest.raises(ReleveError, match=words):
        plots(tmp_path, ROW + rows, crs_field="epsg", crs=None, site_field="site", habitat_field="habitat",
              date_field="date", uncertainty_field="unc", area_field="area")


def test_units_of_a_column(tmp_path: Path) -> None:
    table = plots(tmp_path, "plot_id,x,y,size_ha,error (km)\na,7e5,66e5,0.04,0.2\n", area_field="size_ha",
                  uncertainty_field="error (km)")
    assert table.area_m2 is not None and table.area_m2.tolist() == [400.0]
    assert table.uncertainty_m is not None and table.uncertainty_m.tolist() == [200.0]
    assert "Column 'size_ha' was taken to be in ha." in table.report


def test_darwin_core_says_uncertainty_and_blur(tmp_path: Path) -> None:
    text = (
        "plot_id\tdecimalLongitude\tdecimalLatitude\tgeodeticDatum\tcoordinateUncertaintyInMeters\t"
        "dataGeneralizations\tinformationWithheld\n"
        "a\t5.12345\t45.54321\tWGS84\t1000\tplaced on a 1 km grid\t\n"
        "b\t5.22345\t45.64321\tWGS84\t\t\t\n"
    )
    table = plots(tmp_path, text, crs=None)
    assert table.points.crs == "EPSG:4326"
    np.testing.assert_equal(table.uncertainty_m, [1000.0, np.nan])
    assert table.blurred is not None and table.blurred.tolist() == ["placed on a 1 km grid", ""]
    said = " ".join(table.report)
    assert "in metres, was read from column 'coordinateUncertaintyInMeters'" in said
    assert "1 plots are said to have a blurred place: a." in said


@pytest.mark.parametrize(
    ("code", "crs"),
    [("32618", "EPSG:32618"), ("32618.0", "EPSG:32618"), ("epsg 32618", "EPSG:32618"), ("EPSG:32618", "EPSG:32618"),
     ("urn:ogc:def:crs:EPSG::32618", "EPSG:32618"), ("WGS84", "WGS84")],
)  # fmt: skip
def test_crs_as_written(code: str, crs: str) -> None:
    assert crs_text(code) == crs


def test_several_crs_and_a_stated_one_for_the_rest(tmp_path: Path) -> None:
    """500000 m east is the central meridian: 3, 9 and 15 degrees."""
    text = "plot_id,x,y,zone\na,500000,5000001,32631\nb,500000,5000001,EPSG:32632.0\nc,500000,5000001,\n"
    table = plots(tmp_path, text, crs="EPSG:32633", crs_field="zone")
    np.testing.assert_allclose(table.points.x, [3, 9, 15], atol=1e-9)


def test_longitude_and_latitude_swapped(tmp_path: Path) -> None:
    with pytest.raises(ReleveError, match="not degrees.* look swapped"):
        plots(tmp_path, "plot_id,x,y\na,45,-120\n", crs="EPSG:4326")


def sentence(x: list[float], y: list[float]) -> str:
    return rounded_places(np.array([f"p{index}" for index in range(len(x))]), np.array(x), np.array(y))


def test_places_that_look_rounded() -> None:
    assert sentence([1000.0, 5000, 7000], [2000.0, 2000, 9000]).startswith("All 3 plots lie on whole multiples of 1000")
    assert sentence([1000.0, 5123.4, 7001.2], [2000.0, 2017.3, 9321.9]).endswith("(blurred?): p0.")
    assert sentence([5.1, 5.12345, 5.77712], [45.2, 45.34521, 45.12321]).startswith(
        "1 of 3 plots lie on whole multiples of 0.1 degrees"
    )
    assert not sentence([1500.0, 5123.4, 7001.2], [2000.0, 2017.3, 9321.9])
    # Of 400 places in whole hundreds of metres, chance puts four on the kilometre.
    hundreds = np.random.default_rng(0).integers(0, 200, (2, 400)) * 100.0
    assert np.any((hundreds % 1000 == 0).all(axis=0)) and not sentence(list(hundreds[0]), list(hundreds[1]))
