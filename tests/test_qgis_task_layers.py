"""What a run in the background has made is loaded, under its own names."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import rasterio
from rasterio.transform import from_origin
from tests.qgis_support import Qgis, make_qgis


@pytest.fixture(scope="module")
def qgis() -> Iterator[Qgis]:
    yield from make_qgis()


def test_a_task_loads_what_it_made(qgis: Qgis, tmp_path: Path) -> None:
    with rasterio.open(
        tmp_path / "image.tif", "w", driver="GTiff", width=4, height=4, count=1, dtype="uint8", crs="EPSG:2154",
        transform=from_origin(0, 0, 1, 1),
    ) as image:  # fmt: skip
        image.write(np.ones((1, 4, 4), np.uint8))
    ran = qgis.script("task_layers", str(tmp_path))
    assert ran["fine"] == [True], ran["log"]
    assert ran["loads"] == [
        [f"OUTPUT_EPSG_{code}.tif", f"Species suitability (m), EPSG:{code}", "Species suitability"]
        for code in (32617, 32618)
    ]
