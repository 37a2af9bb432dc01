"""Species lists of areas: the same as counting the map's pixels by hand; one sentence for what cannot be listed."""

from __future__ import annotations

import csv
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pyogrio
import pytest
import rasterio
from rasterio.transform import from_origin

from botaclip.core import area_lists
from botaclip.core.area_lists import lists
from botaclip.core.commands import LISTS
from botaclip.core.errors import OptionError, OutputError, RasterError
from botaclip.core.options import parse_parameters
from botaclip.core.progress import SILENT

SPECIES = ("Carex nigra", "Poa annua", "Salix herbacea")
LIMITS = (0.25, 0.5, 2.0)  # the last is on no list
WEST, NORTH, CELL = 500_000.0, 4_100_000.0, 10.0


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("lists")
    rng = np.random.default_rng(3)
    values = rng.random((3, 30, 40), dtype=np.float32)
    values[0, 10:20] /= 8  # nowhere on the list in the middle
    values[:, 0, 0] = np.nan
    with rasterio.open(
        folder / "map.tif", "w", driver="GTiff", width=40, height=30, count=3, dtype="float32", crs="EPSG:32631",
        transform=from_origin(WEST, NORTH, CELL, CELL), nodata=np.nan,
    ) as made:  # fmt: skip
        made.write(values)
        for band, (name, limit) in enumerate(zip(SPECIES, LIMITS, strict=True), start=1):
            made.update_tags(band, BOTACLIP_SPECIES=name, BOTACLIP_LISTED_FROM=repr(limit), BOTACLIP_THRESHOLD="0.9")
    np.save(folder / "values.npy", values)
    write_areas(folder / "areas.gpkg", [box(0, 0, 10, 10), box(3, 12, 20, 18), box(90, 90, 95, 95)])
    return folder


Corners = list[tuple[float, float]]


def box(left: int, top: int, right: int, bottom: int) -> Corners:
    """A rectangle of whole pixels."""
    x, y = [WEST + CELL * column for column in (left, right)], [NORTH - CELL * row for row in (top, bottom)]
    return [(x[0], y[0]), (x[1], y[0]), (x[1], y[1]), (x[0], y[1]), (x[0], y[0])]


def wkb(shape: Corners) -> bytes:
    return struct.pack("<BIII", 1, 3, 1, len(shape)) + b"".join(struct.pack("<dd", *at) for at in shape)


def write_areas(path: Path, shapes: list[Corners | None], crs: str = "EPSG:32631") -> Path:
    pyogrio.raw.write(
        path, geometry=np.array([None if shape is None else wkb(shape) for shape in shapes], dtype=object),
        field_data=[np.array([f"stand {i}" for i in range(len(shapes))], dtype=object)], fields=["stand"], crs=crs,
        geometry_type="Polygon", driver="GPKG",
    )  # fmt: skip
    return path


def run(folder: Path, **given: Any) -> dict[str, Any]:
    asked = {"raster": str(folder / "map.tif"), "areas": str(folder / "areas.gpkg"), "area_field": "stand",
             "output": str(folder / "lists.csv"), "overwrite": True, "share": 0.0} | given  # fmt: skip
    return lists(parse_parameters(LISTS, asked)[0], SILENT)


def rows(path: Path) -> list[dict[str, str]]:
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def by_hand(values: np.ndarray, band: int, limit: float) -> dict[str, str]:
    here = values[band][np.isfinite(values[band])].astype(float)
    return {
        "species": SPECIES[band], "pixels": str(len(here)), "pixels_on_list": str((here >= limit).sum()),
        "share_on_list": f"{(here >= limit).mean():.4f}", "mean_suitability": f"{here.mean():.4f}",
        "highest_suitability": f"{here.max():.4f}",
    }  # fmt: skip


@pytest.mark.parametrize("tile", [512, 7], ids=["one window", "many windows"])
def test_lists_are_what_counting_pixels_gives(folder: Path, monkeypatch: pytest.MonkeyPatch, tile: int) -> None:
    monkeypatch.setattr(area_lists, "_TILE", tile)
    said = run(folder)
    assert (said["areas"], said["empty"]) == (2, ["stand 2"])
    values = np.load(folder / "values.npy")
    first, second = values[:, 0:10, 0:10], values[:, 12:18, 3:20]
    expected = [{"area": "stand 0", **by_hand(first, band, LIMITS[band])} for band in (0, 1)]
    expected += [{"area": "stand 1", **by_hand(second, 1, 0.5)}]
    assert rows(folder / "lists.csv") == expected
    assert expected[0]["pixels"] == "99", "the pixel without a value is not counted"
    assert said["print"] == ["2 areas, 1.5 species on a list on average."]


def test_the_other_rule_and_numbers_for_names(folder: Path) -> None:
    run(folder, rule="expected", area_field=None, output=str(folder / "expected.csv"))
    found = rows(folder / "expected.csv")
    assert {row["area"] for row in found} == {"1", "2"}
    assert all(float(row["highest_suitability"]) >= 0.9 for row in found)
    assert {row["species"] for row in found if row["area"] == "1"} == set(SPECIES)


def test_a_share_of_the_area_may_be_asked_for_and_a_tiny_area_is_the_pixel_that_it_touches(folder: Path) -> None:
    values = np.load(folder / "values.npy")[1, 0:10, 0:10]
    share = float((values[np.isfinite(values)] >= 0.5).mean())
    for least, listed in ((share - 0.01, True), (share + 0.01, False)):
        run(folder, share=least, output=str(folder / "share.csv"))
        assert (("stand 0", "Poa annua") in {(r["area"], r["species"]) for r in rows(folder / "share.csv")}) == listed
    x, y = WEST + 52.0, NORTH - 141.0  # pixel (14, 5), far from its centre
    pond = [(x, y), (x + 1, y), (x + 1, y - 1), (x, y - 1), (x, y)]
    said = run(folder, areas=str(write_areas(folder / "pond.gpkg", [pond])), output=str(folder / "pond.csv"))
    assert said["areas"] == 1 and {row["pixels"] for row in rows(folder / "pond.csv")} <= {"1"}


def test_areas_in_another_crs_are_moved(folder: Path) -> None:
    from pyproj import Transformer

    move = Transformer.from_crs(32631, 4326, always_xy=True)
    shape = [move.transform(*at) for at in box(3, 12, 20, 18)]
    areas = write_areas(folder / "degrees.gpkg", [shape, None], "EPSG:4326")
    said = run(folder, areas=str(areas), output=str(folder / "degrees.csv"))
    assert said["empty"] == ["stand 1"]
    (row,) = rows(folder / "degrees.csv")
    values = np.load(folder / "values.npy")[:, 12:18, 3:20]
    assert row == {"area": "stand 0", **by_hand(values, 1, 0.5)}


def test_what_cannot_be_listed_is_one_sentence_and_nothing_is_written(folder: Path, tmp_path: Path) -> None:
    output = str(tmp_path / "none.csv")
    with pytest.raises(OptionError, match="no pixel of the map lies in any of the areas"):
        run(folder, areas=str(write_areas(tmp_path / "far.gpkg", [box(90, 90, 95, 95)])), output=output)
    with pytest.raises(OptionError, match="there is no column 'name'"):
        run(folder, area_field="name", output=output)
    with rasterio.open(tmp_path / "plain.tif", "w", driver="GTiff", width=2, height=2, count=1, dtype="float32",
                       crs="EPSG:32631", transform=from_origin(WEST, NORTH, CELL, CELL)) as plain:  # fmt: skip
        plain.write(np.zeros((1, 2, 2), np.float32))
    with pytest.raises(RasterError, match="no band of it is a species"):
        run(folder, raster=str(tmp_path / "plain.tif"), output=output)
    for tags, words in (({"BOTACLIP_KIND": "presence by threshold"}, "a map of presence by threshold"),
                        ({"BOTACLIP_SPECIES_1": "Poa"}, r"highest species of each place only \(--top\)")):
        with rasterio.open(folder / "map.tif") as source:
            profile, pixels, told = source.profile, source.read(), source.tags(1)
        with rasterio.open(tmp_path / "other.tif", "w", **profile) as other:
            other.write(pixels)
            other.update_tags(**tags)
            other.update_tags(1, **told)
        with pytest.raises(RasterError, match=words):
            run(folder, raster=str(tmp_path / "other.tif"), output=output)
    with pytest.raises(OutputError, match="the table is written as CSV"):
        run(folder, output=str(tmp_path / "none.xlsx"))
    with pytest.raises(RasterError, match="it is a folder"):
        run(folder, raster=str(tmp_path), output=output)
    with pytest.raises(OutputError, match="exists already"):
        run(folder, overwrite=False)
    assert not Path(output).exists()
