from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from rasterio.errors import RasterioIOError

from botaclip.core.errors import OutputError
from botaclip.core.lattice import Lattice, PatchSpec
from botaclip.core.places import parse_crs
from botaclip.core.raster_output import RasterOutput, map_blocks

LATTICE = Lattice(parse_crs("EPSG:2263").to_wkt(), 984_000.0, 210_000.0, 1200 / 3937, 0.5 * 1200 / 3937, 10)
PATCH = PatchSpec(size_m=15.0, cells=9)
HEIGHT, WIDTH = 300, 520


def output(path: Path, **changes: Any) -> RasterOutput:
    options: dict[str, Any] = {
        "row": 4, "col": -6, "height": HEIGHT, "width": WIDTH, "step": 2, "count": 3, "descriptions": ["a", "b", "ç"],
        "tags": {"MODEL": "m"}, "band_tags": [{"THRESHOLD": str(i)} for i in range(3)],
    }  # fmt: skip
    return RasterOutput(path, lattice=LATTICE, patch=PATCH, **{**options, **changes})


def values(count: int = 3, dtype: str = "float32") -> np.ndarray:
    return (np.random.default_rng(0).random((count, HEIGHT, WIDTH)) * 200).astype(dtype)


def fill(out: RasterOutput, content: np.ndarray, most: int = 100) -> None:
    for block in out.blocks(most):
        rows, cols = slice(block.row, block.row + block.height), slice(block.col, block.col + block.width)
        out.write(block.row, block.col, content[:, rows, cols])


def test_what_is_written_is_read_in_its_place(tmp_path: Path) -> None:
    content = values()
    content[0, 7, 9] = np.nan
    with output(tmp_path / "map.tif") as out:
        assert not (tmp_path / "map.tif").exists()
        fill(out, content)
    with rasterio.open(tmp_path / "map.tif") as dataset:
        np.testing.assert_array_equal(dataset.read(), content)
        node = LATTICE.node_xy(4 + 2 * 33, -6 + 2 * 71, PATCH)
        assert dataset.xy(33, 71) == pytest.approx((node.x[0], node.y[0]), abs=1e-6)
        assert dataset.descriptions == ("a", "b", "ç")
        assert dataset.tags()["MODEL"] == "m"
        assert dataset.tags(2)["THRESHOLD"] == "1"
        assert math.isnan(dataset.nodata)
        assert dataset.profile["compress"] == "zstd"
        assert dataset.profile["blockxsize"] == dataset.profile["blockysize"] == 256
        assert dataset.tags(ns="IMAGE_STRUCTURE")["PREDICTOR"] == "3"
        assert dataset.crs.to_epsg() == 2263
    assert [path.name for path in tmp_path.iterdir()] == ["map.tif"]


def test_the_same_values_make_the_same_bytes(tmp_path: Path) -> None:
    for name, most in (("a.tif", 256), ("b.tif", 77)):
        with output(tmp_path / name) as out:
            fill(out, values(), most)
    assert (tmp_path / "a.tif").read_bytes() == (tmp_path / "b.tif").read_bytes()


def test_what_is_not_written_is_nodata(tmp_path: Path) -> None:
    with output(tmp_path / "map.tif") as out:
        out.write(10, 250, np.ones((3, 5, 12), dtype="float32"))
    with rasterio.open(tmp_path / "map.tif") as dataset:
        read = dataset.read()
    assert (read[:, 10:15, 250:262] == 1).all()
    assert np.isnan(read).sum() == read.size - 3 * 5 * 12


def test_small_integers_carry_their_scale(tmp_path: Path) -> None:
    content = values(4, "uint8")
    with output(tmp_path / "map.tif", count=4, dtype="uint8", nodata=0, scale=0.01, offset=-1.28, descriptions="abcd",
                band_tags=()) as out:  # fmt: skip
        fill(out, content)
    with rasterio.open(tmp_path / "map.tif") as dataset:
        np.testing.assert_array_equal(dataset.read(), content)
        assert dataset.scales == (0.01,) * 4
        assert dataset.offsets == (-1.28,) * 4
        assert dataset.nodata == 0
        assert rasterio.enums.ColorInterp.alpha not in dataset.colorinterp
        assert dataset.tags(ns="IMAGE_STRUCTURE")["PREDICTOR"] == "2"


def test_the_style_lies_beside_and_old_statistics_go(tmp_path: Path) -> None:
    (tmp_path / "map.tif").write_bytes(b"old")
    (tmp_path / "map.tif.aux.xml").write_text("old statistics")
    with output(tmp_path / "map.tif", style="<qgis/>", overwrite=True) as out:
        fill(out, values())
    assert sorted(path.name for path in tmp_path.iterdir()) == ["map.qml", "map.tif"]
    assert (tmp_path / "map.qml").read_text() == "<qgis/>"


def test_a_broken_run_leaves_nothing_and_keeps_the_old(tmp_path: Path) -> None:
    (tmp_path / "map.tif").write_bytes(b"old")
    with pytest.raises(ZeroDivisionError), output(tmp_path / "map.tif", style="<qgis/>", overwrite=True) as out:
        out.write(0, 0, values()[:, :50, :50])
        raise ZeroDivisionError
    assert [path.name for path in tmp_path.iterdir()] == ["map.tif"]
    assert (tmp_path / "map.tif").read_bytes() == b"old"


def test_an_existing_file_is_not_replaced_unasked(tmp_path: Path) -> None:
    (tmp_path / "map.tif").write_bytes(b"old")
    with pytest.raises(OutputError, match="exists already"), output(tmp_path / "map.tif", style="<qgis/>"):
        pass
    assert (tmp_path / "map.tif").read_bytes() == b"old"
    assert not (tmp_path / "map.qml").exists()


def test_a_write_that_fails_is_worded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(OutputError, match=r"map\.tif: it cannot be written \(disk full\)"):
        with output(tmp_path / "map.tif") as out:
            monkeypatch.setattr(out, "_dataset", Full(out._dataset))
            fill(out, values())
    assert list(tmp_path.iterdir()) == []


class Full:
    def __init__(self, dataset: rasterio.io.DatasetWriter) -> None:
        self.close = dataset.close

    def write(self, *_: Any, **__: Any) -> None:
        raise RasterioIOError("disk full")


def test_without_zstd_it_is_deflate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened = rasterio.open

    def old_gdal(*words: Any, **options: Any) -> Any:
        if options.get("compress") == "ZSTD":
            raise RasterioIOError("missing codec")
        return opened(*words, **options)

    monkeypatch.setattr(rasterio, "open", old_gdal)
    with output(tmp_path / "map.tif") as out:
        fill(out, values())
    with opened(tmp_path / "map.tif") as dataset:
        assert dataset.profile["compress"] == "deflate"
        np.testing.assert_array_equal(dataset.read(), values())


def test_a_tile_is_written_once(tmp_path: Path) -> None:
    with output(tmp_path / "map.tif") as out:
        out.write(0, 0, values()[:, :10, :10])
        out.write(0, 300, values()[:, :10, :10])
        with pytest.raises(ValueError, match="has been written already"):
            out.write(20, 20, values()[:, :10, :10])
        with pytest.raises(ValueError, match="outside the map"):
            out.write(295, 0, values()[:, :10, :10])


@pytest.mark.parametrize("most", [1000, 256, 100, 8])
def test_blocks_cover_each_pixel_once(most: int) -> None:
    times = np.zeros((HEIGHT, WIDTH), dtype=int)
    for block in map_blocks(HEIGHT, WIDTH, most):
        assert max(block.height, block.width) <= most
        assert block.row // 256 == (block.row + block.height - 1) // 256
        times[block.row : block.row + block.height, block.col : block.col + block.width] += 1
    assert (times == 1).all()


@pytest.mark.parametrize("dtype", ["float32", "uint8"])
def test_a_cloud_optimized_geotiff_holds_the_same_with_overviews(tmp_path: Path, dtype: str) -> None:
    side = 1100
    content = (np.random.default_rng(0).random((3, side, side)) * 200 + 1).astype(dtype)
    content[:, :300, :200] = np.nan if dtype == "float32" else 0
    shape = {"height": side, "width": side, "dtype": dtype, "nodata": math.nan if dtype == "float32" else 0}
    for name, cog in (("plain.tif", False), ("cog.tif", True)):
        with output(tmp_path / name, cog=cog, style="<qgis/>", scale=0.5, **shape) as out:
            fill(out, content, 256)
    with rasterio.open(tmp_path / "plain.tif") as plain, rasterio.open(tmp_path / "cog.tif") as cog_file:
        assert cog_file.tags(ns="IMAGE_STRUCTURE")["LAYOUT"] == "COG"
        assert "LAYOUT" not in plain.tags(ns="IMAGE_STRUCTURE")
        assert cog_file.overviews(1) == [2, 4, 8] and cog_file.profile["blockxsize"] == 256
        np.testing.assert_array_equal(cog_file.read(), content)
        for what in ("crs", "transform", "descriptions", "scales", "offsets", "dtypes", "colorinterp"):
            assert getattr(cog_file, what) == getattr(plain, what), what
        assert cog_file.tags() == plain.tags() and cog_file.tags(3) == plain.tags(3)
        np.testing.assert_equal(cog_file.nodata, plain.nodata)
        # An overview is a mean of what is there; nodata does not dim it.
        small = cog_file.read(1, out_shape=(side // 2, side // 2), masked=True)
        assert small.mask[:149, :99].all() and not small.mask[151:, 101:].any()
        there = content[0][content[0] > 0]  # also what is not NaN
        assert float(small.mean()) == pytest.approx(float(there.mean()), rel=0.02)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["cog.qml", "cog.tif", "plain.qml", "plain.tif"]


def test_nothing_is_left_of_a_cog_that_cannot_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(source: str, target: str, **_: Any) -> None:
        Path(target).write_bytes(b"half")
        Path(f"{target}.ovr.tmp").write_bytes(b"half")
        raise RasterioIOError("No space left on device")

    monkeypatch.setattr(rasterio.shutil, "copy", full)
    with pytest.raises(OutputError, match="No space left"), output(tmp_path / "map.tif", cog=True) as out:
        fill(out, values())
    assert list(tmp_path.iterdir()) == []


def test_blocks_may_be_wider_than_high() -> None:
    blocks = list(map_blocks(HEIGHT, WIDTH, 64, 200))
    assert {block.height for block in blocks} == {64, 44} and {block.width for block in blocks} == {128, 8}
    assert sum(block.height * block.width for block in blocks) == HEIGHT * WIDTH
