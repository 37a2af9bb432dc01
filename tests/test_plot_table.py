"""The plots of a table: places, dates, groups."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from botaclip.core.errors import ReleveError
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
    ],
)
def test_dates(tmp_path: Path, texts: list[str], dates: list[str]) -> None:
    rows = "".join(f"p{index};7e5;66e5;{text}\n" for index, text in enumerate(texts))
    table = plots(tmp_path, "plot_id;x;y;date\n" + rows, date_field="date")
    assert table.dates.tolist() == dates
    assert any("dates were not understood" in line for line in table.report) == ("" in dates)
