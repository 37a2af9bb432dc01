"""The area of applicability as a figure: its share is that of the raster's pixels."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import rasterio
from rasterio.transform import from_origin

from botaclip.core.aoa import BANDS
from botaclip.core.errors import RasterError
from botaclip.training.aoa_figure import LONGEST_PX, aoa_figure


def write(path: Path, bands: np.ndarray, names: tuple[str, ...] = BANDS) -> Path:
    with rasterio.open(
        path, "w", driver="GTiff", width=bands.shape[2], height=bands.shape[1], count=len(bands), dtype="float32",
        nodata=np.nan, crs="EPSG:2154", transform=from_origin(0, 0, 1, 1),
    ) as made:  # fmt: skip
        made.write(bands.astype(np.float32))
        made.descriptions = names
        made.update_tags(BOTACLIP_AOA_THRESHOLD="0.8", BOTACLIP_MODEL_SHA256="abc", BOTACLIP_MODEL="m")
    return path


def raster(side: int) -> np.ndarray:
    index = np.tile(np.linspace(0, 1, side), (side, 1))
    index[: side // 10] = np.nan
    inside = np.where(np.isnan(index), np.nan, index <= 0.75)
    return np.stack([index, inside, np.ones_like(index)])


def test_the_share_inside_is_that_of_the_pixels_with_a_value(tmp_path: Path) -> None:
    caption, image = aoa_figure(write(tmp_path / "a.tif", raster(100)))
    assert image.startswith(b"\x89PNG") and "75% of the mapped area" in caption and "above 0.8" in caption


def test_a_large_raster_is_read_thinned_out(tmp_path: Path) -> None:
    caption, image = aoa_figure(write(tmp_path / "b.tif", raster(3 * LONGEST_PX)))
    assert "75% of the mapped area" in caption and len(image) < 500_000


def test_what_is_no_such_map_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RasterError, match="no area of applicability"):
        aoa_figure(write(tmp_path / "c.tif", raster(20), ("a", "b", "c")))
    assert aoa_figure(write(tmp_path / "e.tif", raster(20)), "abc")[1]
    with pytest.raises(RasterError, match=r"made with another model \(m\) than these scores"):
        aoa_figure(tmp_path / "e.tif", "abd")
    with pytest.raises(RasterError, match="no pixel of it has a value"):
        aoa_figure(write(tmp_path / "d.tif", np.full((3, 9, 9), np.nan)))
    with pytest.raises(RasterError, match="cannot be read"):
        aoa_figure(tmp_path / "none.tif")
