"""What a layer shows is what the worker reads: filter, selection, joins and edits are honoured."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import rasterio
from rasterio.transform import from_origin
from tests.qgis_support import Qgis, make_qgis

RELEVES = "plot_id,species,cover\np0,Abies alba,3\np1,Fagus sylvatica,+\np2,Abies alba,r\np2,Sorbus aria,1\n"


@pytest.fixture(scope="module")
def qgis() -> Iterator[Qgis]:
    yield from make_qgis()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("layers é")
    (folder / "tiles").mkdir()
    (folder / "releves.csv").write_text(RELEVES, encoding="utf-8")
    (folder / "points.txt").write_text("name;east;north\na;700000.5;6599999.5\nb;700001.5;6599998.5\n")
    profile = {
        "driver": "GTiff", "width": 4, "height": 4, "count": 1, "dtype": "uint8", "crs": "EPSG:2154",
        "transform": from_origin(700000, 6600000, 1, 1),
    }  # fmt: skip
    for path in (folder / "image.tif", folder / "tiles" / "a.tif"):
        with rasterio.open(path, "w", **profile) as image:
            image.write(np.arange(16, dtype=np.uint8).reshape(1, 4, 4))
    (folder / "image.vrt").write_text(
        '<VRTDataset rasterXSize="4" rasterYSize="4"><SRS>EPSG:2154</SRS>'
        "<GeoTransform>700000, 1, 0, 6600000, 0, -1</GeoTransform>"
        '<VRTRasterBand dataType="Byte" band="1"><SimpleSource>'
        '<SourceFilename relativeToVRT="1">image.tif</SourceFilename><SourceBand>1</SourceBand>'
        "</SimpleSource></VRTRasterBand></VRTDataset>"
    )
    return folder


@pytest.fixture(scope="module")
def handed(qgis: Qgis, folder: Path) -> dict:
    return qgis.script("layers", str(folder))


def releves(answer: dict, column: str = "species") -> list[str]:
    return [row[column] for row in answer["tables"]["releves"]["rows"]]


def copied(answer: dict, key: str = "releves") -> bool:
    return answer["plain"][key].endswith(".gpkg") and "were written to" in answer["log"]


def test_a_plain_table_is_read_where_it_lies(handed: dict, folder: Path) -> None:
    for name in ("path", "plain", "selection not wanted"):
        assert handed[name]["plain"]["releves"] == str(folder / "releves.csv")
    assert handed["plain"]["plain"]["raster"] == str(folder / "tiles"), "a folder of tiles"
    assert handed["plain"]["plain"]["plot_field"] == "plot_id", "the table's default"
    assert handed["plain"]["plain"]["crs"] is None


def test_texts_and_shapefiles_are_handed_over_as_they_are(handed: dict, folder: Path) -> None:
    assert handed["text"]["plain"]["releves"] == str(folder / "releves.txt"), "QGIS itself takes it for no table"
    plain = handed["shapefile"]["plain"]
    assert plain["plots"] == str(folder / "plots.shp") and plain["crs"] == "EPSG:2154"


def test_a_geopackage_layer_keeps_its_name_and_gives_its_crs(handed: dict, folder: Path) -> None:
    plain = handed["gpkg"]["plain"]
    assert plain["plots"] == f"{folder / 'plots.gpkg'}|layername=the plots"
    assert plain["crs"] == "EPSG:2154"


def test_a_crs_that_was_given_is_kept(handed: dict) -> None:
    assert handed["crs given"]["plain"]["crs"] == "EPSG:4326"
    assert handed["columns given"]["plain"]["crs"] is None, "the layer's CRS says nothing about other columns"


def test_a_filter_is_honoured(handed: dict) -> None:
    assert copied(handed["filter"])
    assert releves(handed["filter"]) == ["Abies alba", "Abies alba"]
    assert "4 rows" not in handed["filter"]["log"] and "2 rows of relevés" in handed["filter"]["log"]
    assert "because it has a filter" in handed["filter"]["log"]


def test_a_selection_is_honoured_when_wanted(handed: dict) -> None:
    assert copied(handed["selection"])
    assert releves(handed["selection"]) == ["Abies alba", "Sorbus aria"]


def test_a_filter_expression_is_honoured(handed: dict) -> None:
    assert releves(handed["expression"], "cover") == ["r"]


def test_joins_are_honoured(handed: dict) -> None:
    assert copied(handed["join"])
    assert releves(handed["join"], "plots_fid_old") == ["7", "7", "7", "7"]
    assert releves(handed["join"], "plots_fid") == ["1", "2", "3", "3"], "a joined key repeats"


def test_computed_columns_are_honoured(handed: dict) -> None:
    assert releves(handed["computed"], "loud")[1] == "FAGUS SYLVATICA"


def test_unsaved_edits_are_honoured(handed: dict) -> None:
    assert copied(handed["edits"], "plots")
    assert handed["edits"]["tables"]["plots"]["rows"][0]["plot_id"] == "changed"
    assert handed["edits"]["tables"]["plots"]["crs"] == "EPSG:2154"


def test_a_delimited_text_layer_keeps_places_and_crs(handed: dict) -> None:
    table = handed["delimited"]["tables"]["points"]
    assert table["crs"] == "EPSG:2154" == handed["delimited"]["plain"]["crs"]
    assert [row["place"] for row in table["rows"]] == ["Point (700001 6600000)", "Point (700002 6599999)"]
    assert [row["name"] for row in table["rows"]] == ["a", "b"]


def test_an_invalid_mask_reaches_the_worker(handed: dict) -> None:
    assert len(handed["raster layer"]["tables"]["mask"]["rows"]) == 1


def test_rasters_are_handed_over_as_files(handed: dict, folder: Path) -> None:
    assert handed["raster layer"]["plain"]["raster"] == str(folder / "image.tif")
    assert handed["vrt"]["plain"]["raster"] == str(folder / "image.vrt")
    assert handed["property"]["plain"]["raster"] == str(folder / "image.tif")


def test_an_extent_keeps_every_digit_and_its_crs(handed: dict) -> None:
    numbers = "700000.0,700002.5,6599998.0,6600000.0"
    assert handed["extent"]["plain"]["extent"] == f"{numbers} [EPSG:2154]"
    assert handed["extent without code"]["plain"]["extent"] == numbers
    assert handed["no extent"]["error"].startswith("EXTENT: '1,1,2,2' is no extent")


def test_what_the_file_does_not_know_is_said(handed: dict) -> None:
    assert "nodata values set in QGIS are not in the file" in handed["own nodata"]["warnings"][0]
    assert handed["raster layer"]["warnings"] == []


def test_a_whole_web_map_is_refused_in_words(handed: dict) -> None:
    said = handed["web"]["error"]
    assert said.startswith("the web: ")
    assert "pixels of it would have to be exported, more than 500 million. Give a smaller EXTENT" in said


def test_values_are_typed(handed: dict) -> None:
    plain = handed["choice"]["plain"]
    assert (plain["quantise"], plain["stride"], plain["dimensions"]) == ("uint8", 12.5, "all")
    assert (plain["random_state"], plain["overwrite"]) == (3, False)
    assert handed["vrt"]["plain"]["overwrite"] is True, "Processing replaces its destinations"
    assert handed["vrt"]["plain"]["stride"] is None
