"""A map that was cut short is known by its header and its last blocks, however it is laid out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from affine import Affine

from botaclip.core.finished_map import is_ours_unreadable, is_whole

LAYOUTS: dict[str, dict[str, Any]] = {
    "tiles, band by band": {"tiled": True, "blockxsize": 64, "blockysize": 64, "interleave": "band"},
    "pixel by pixel": {"tiled": True, "blockxsize": 64, "blockysize": 64, "interleave": "pixel", "compress": "deflate"},
    "strips": {}, "cog": {"driver": "COG", "compress": "deflate"},
}


def write(path: Path, **layout: Any) -> Path:
    values = np.random.default_rng(0).random((3, 700, 650)).astype(np.float32)
    with rasterio.open(path, "w", **{
        "driver": "GTiff", "width": 650, "height": 700, "count": 3, "dtype": "float32", "crs": "EPSG:2154",
        "transform": Affine(20, 0, 7e5, 0, -20, 66e5), **layout,
    }) as made:  # fmt: skip
        made.write(values)
    return path


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS)
@pytest.mark.parametrize("cut", [10, 50_000])
def test_one_that_is_cut_short_is_not_whole(tmp_path: Path, layout: dict[str, Any], cut: int) -> None:
    path = write(tmp_path / "m.tif", **layout)
    assert is_whole(path)
    path.write_bytes(path.read_bytes()[:-cut])
    assert not is_whole(path)


def test_one_whose_last_block_is_zeros_is_not_whole(tmp_path: Path) -> None:
    path = write(tmp_path / "m.tif", **LAYOUTS["pixel by pixel"])
    with rasterio.open(path) as dataset:
        at = int(dataset.get_tag_item("BLOCK_OFFSET_10_10", "TIFF", bidx=1))
    content = path.read_bytes()
    path.write_bytes(content[:at] + bytes(500) + content[at + 500 :])
    assert not is_whole(path)


def test_blocks_that_were_never_written_are_no_loss(tmp_path: Path) -> None:
    with rasterio.open(
        tmp_path / "m.tif", "w", driver="GTiff", width=300, height=300, count=1, dtype="uint8", tiled=True,
        blockxsize=64, blockysize=64, sparse_ok=True, transform=Affine(20, 0, 7e5, 0, -20, 66e5),
    ) as made:  # fmt: skip
        made.write(np.ones((64, 64), np.uint8), 1, window=rasterio.windows.Window(0, 0, 64, 64))
    assert is_whole(tmp_path / "m.tif")


def test_what_cannot_be_opened_is_ours_by_what_lies_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "m.tif"
    path.write_bytes(b"II*")
    assert not is_ours_unreadable(path, "style")
    path.with_suffix(".qml").write_text("another style")
    assert not is_ours_unreadable(path, "style") and not is_ours_unreadable(path, "")
    path.with_suffix(".qml").write_text("style")
    assert is_ours_unreadable(path, "style")
    path.with_suffix(".qml").unlink()
    path.with_suffix(".qmd").write_text('<keywords vocabulary="BotaCLIP">')
    assert is_ours_unreadable(path, "")
    path.unlink()
    write(path)
    assert not is_ours_unreadable(path, ""), "it can be opened"
