from __future__ import annotations

import csv
import struct
from pathlib import Path

import numpy as np
import pyogrio.raw
import pytest

from botaclip.core.errors import OptionError, OutputError
from botaclip.core.places import Points
from botaclip.core.vector_io import read_points, read_polygons, write_points

POINTS = Points(x=np.array([600_000.25, np.nan, 600_002.0]), y=np.array([5.0, np.nan, -7.5]), crs="EPSG:32632")
COLUMNS = {
    "name": ["Carex nigra", "", 'say "ä",'], "share": np.array([0.25, np.nan, 1.0], dtype="float32"), "n": [1, 2, 3],
    "reason": [None, "outside", None],
}  # fmt: skip


def polygon(*rings: list[tuple[float, float]]) -> bytes:
    parts = [struct.pack("<BII", 1, 3, len(rings))]
    for ring in rings:
        parts += [struct.pack("<I", len(ring)), *(struct.pack("<2d", *point) for point in ring)]
    return b"".join(parts)


def square(x: float, y: float, side: float) -> list[tuple[float, float]]:
    return [(x, y), (x + side, y), (x + side, y + side), (x, y + side), (x, y)]


def write_layer(
    path: Path, shapes: list[bytes | None], kind: str, *, crs: str | None = "EPSG:32632", layer: str = "a"
) -> Path:
    pyogrio.raw.write(path, np.array(shapes, dtype=object), [np.arange(len(shapes))], ["id"], layer=layer,
                      driver="GPKG", geometry_type=kind, crs=crs, append=path.exists())  # fmt: skip
    return path


def test_a_geopackage_comes_back(tmp_path: Path) -> None:
    write_points(tmp_path / "p.gpkg", POINTS, COLUMNS)
    points, columns = read_points(tmp_path / "p.gpkg")
    np.testing.assert_array_equal(points.x, POINTS.x)
    np.testing.assert_array_equal(points.y, POINTS.y)
    assert points.crs == "EPSG:32632"
    assert columns["name"].tolist() == COLUMNS["name"]
    np.testing.assert_array_equal(columns["share"], COLUMNS["share"])
    assert columns["n"].tolist() == [1, 2, 3]
    assert columns["reason"].tolist() == [None, "outside", None]
    assert [path.name for path in tmp_path.iterdir()] == ["p.gpkg"]


def test_a_csv_comes_back(tmp_path: Path) -> None:
    write_points(tmp_path / "p.csv", POINTS, COLUMNS)
    with (tmp_path / "p.csv").open(newline="", encoding="utf-8") as stream:
        rows = list(csv.reader(stream))
    assert rows[0] == ["x", "y", "crs", "name", "share", "n", "reason"]
    assert rows[1] == ["600000.25", "5.0", "EPSG:32632", "Carex nigra", "0.25", "1", ""]
    points, columns = read_points(tmp_path / "p.csv", crs="EPSG:32632")
    np.testing.assert_array_equal(points.x, POINTS.x)
    assert columns["name"].tolist() == COLUMNS["name"]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_csv_as_people_write_it(tmp_path: Path, delimiter: str) -> None:
    comma = "." if delimiter == "," else ","
    lines = [["Y", " X "], [f"46{comma}5", f"7{comma}25"], ["", ""], ["47", "8"]]
    text = "\r\n".join(delimiter.join(line) for line in lines)
    (tmp_path / "p.csv").write_bytes(b"\xef\xbb\xbf" + text.encode())
    points, _ = read_points(tmp_path / "p.csv", crs="EPSG:4326")
    assert points.x.tolist() == [7.25, 8.0]
    assert points.y.tolist() == [46.5, 47.0]


def test_what_cannot_be_read_is_worded(tmp_path: Path) -> None:
    table = tmp_path / "p.csv"
    table.write_text("x,y\n1,2\n")
    with pytest.raises(OptionError, match=r"nothing says the CRS.*--crs"):
        read_points(table)
    table.write_text("lon,lat\n1,2\n")
    with pytest.raises(OptionError, match=r"no column 'x'.*Its columns are lon, lat"):
        read_points(table, crs="EPSG:4326")
    table.write_text("x,y\n1,2\n1,two\n")
    with pytest.raises(OptionError, match=r"row 3: 'two' in column 'y' is no number"):
        read_points(table, crs="EPSG:4326")
    table.write_text("x,y\n1,2,3\n")
    with pytest.raises(OptionError, match="row 2: it has 3 cells where the header has 2"):
        read_points(table, crs="EPSG:4326")
    table.write_text("x,y\n")
    with pytest.raises(OptionError, match="holds no rows"):
        read_points(table, crs="EPSG:4326")
    with pytest.raises(OptionError, match="cannot be read"):
        read_points(tmp_path / "nowhere.gpkg")
    with pytest.raises(OptionError, match="no polygon"):
        write_points(tmp_path / "q.gpkg", POINTS, {})
        read_polygons(tmp_path / "q.gpkg")
    with pytest.raises(OptionError, match="feature 1 is not one point"):
        read_points(write_layer(tmp_path / "z.gpkg", [polygon(square(0, 0, 1))], "Polygon"))
    with pytest.raises(OutputError, match=r"end the name in .gpkg or .csv|End the name"):
        write_points(tmp_path / "p.xlsx", POINTS, {})
    with pytest.raises(OutputError, match="exists already"):
        write_points(table, POINTS, {})


def test_polygons_with_holes_parts_and_empty_rows(tmp_path: Path) -> None:
    holed = polygon(square(0, 0, 10), square(2, 2, 3))
    multi = struct.pack("<BII", 1, 6, 2) + holed + polygon(square(50, 50, 1))
    path = write_layer(tmp_path / "m.gpkg", [multi, None], "MultiPolygon")
    write_layer(path, [polygon(square(7, 7, 7))], "Polygon", layer="other")
    found = read_polygons(f"{path}|layername=a")
    assert found.crs == "EPSG:32632"
    assert [len(rings) for rings in found.polygons] == [2, 1]
    assert found.polygons[0][1].tolist() == [list(point) for point in square(2, 2, 3)]
    assert read_polygons(f"{path}|layername=other").polygons[0][0][0].tolist() == [7.0, 7.0]


def test_a_polygon_layer_without_crs_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.geojson.shp"
    pyogrio.raw.write(path, np.array([polygon(square(0, 0, 1))], dtype=object), [np.arange(1)], ["id"],
                      driver="ESRI Shapefile", geometry_type="Polygon", crs=None)  # fmt: skip
    with pytest.raises(OptionError, match="has no CRS"):
        read_polygons(path)


def test_rows_that_say_their_own_crs(tmp_path: Path) -> None:
    file = tmp_path / "p.csv"
    file.write_text("east,north,zone\n500000,5200000,32632\n400000,5100000,EPSG:32631\n,,32631.0\n9.5,47,\n")
    named = {"x_field": "east", "y_field": "north", "crs_field": "Zone"}
    points, columns = read_points(file, crs="EPSG:4326", **named)
    assert points.crs == "EPSG:4326" and list(columns) == ["east", "north", "zone"]
    # The central meridian of zone 32 is 9 degrees east.
    assert points.x[0] == pytest.approx(9.0, abs=1e-9) and points.y[0] == pytest.approx(46.9536, abs=1e-3)
    assert points.x[1] == pytest.approx(1.704, abs=1e-2) and np.isnan(points.x[2]) and points.x[3] == 9.5
    with pytest.raises(OptionError, match="row 4 gives no CRS"):
        read_points(file, **named)
    file.write_text("east,north,zone\n1,2,32632\n3,4,32632\n")
    points, _ = read_points(file, **named)  # one CRS is kept
    assert points.crs == "EPSG:32632" and points.x.tolist() == [1, 3]
    file.write_text("east,north,zone\n1,2,nonsense\n")
    with pytest.raises(OptionError, match="column Zone: 'nonsense' is not a coordinate reference system"):
        read_points(file, **named)
