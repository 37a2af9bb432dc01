"""Plots and patches meet; those that do not are named with the reason."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from tests.model_fixture import PATCH_M, write_raster

from botaclip.core import encoders
from botaclip.core.cells import CellSource
from botaclip.core.cover_scales import SCALES
from botaclip.core.errors import PairingError
from botaclip.core.lattice import Lattice
from botaclip.core.lattice_reader import LatticeReader
from botaclip.core.pairing import DUPLICATE, OUTSIDE, UNSEEN, Pairs, inside, pair
from botaclip.core.places import Points
from botaclip.core.progress import Progress
from botaclip.core.rasters import RasterSource, open_raster
from botaclip.core.releves import ReleveTable


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> RasterSource:
    return open_raster(write_raster(tmp_path_factory.mktemp("raster") / "r.tif"))


@pytest.fixture()
def cells(source: RasterSource, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[CellSource]:
    monkeypatch.setenv("BOTACLIP_CACHE", str(tmp_path / "cache"))
    encoder = encoders.get("random-conv", bands=source.roles, value_range=(0, 255))
    with LatticeReader(source, Lattice.of(source, encoder.stride_px, encoder.margin_px, PATCH_M)) as reader:
        yield CellSource(reader, encoder)


def releves(x: list[float], y: list[float], digests: list[str]) -> ReleveTable:
    count = len(x)
    return ReleveTable(
        plot_ids=np.array([f"p{i}" for i in range(count)]), points=Points(np.array(x), np.array(y), "EPSG:2154"),
        dates=np.full(count, ""), groups=None, species=np.array(["Poa"]), cover=np.ones((count, 1), np.float32),
        data_type="presence-absence", cover_scale=SCALES["percent"], report=(), digests=np.array(digests),
    )


# Raster: 800 m from (700000, 6600000) down; nodata in its upper left 200 m.
X = [700_400.0, 700_401.0, 700_402.0, 700_050.0, 690_000.0, 700_799.0]
Y = [6_599_600.0, 6_599_600.0, 6_599_600.0, 6_599_950.0, 6_599_600.0, 6_599_600.0]


def paired(cells: CellSource, table: ReleveTable, progress: Progress | None = None) -> Pairs:
    lattice = cells.reader.lattice
    return pair(table, cells.reader.source, cells, lattice, lattice.patch(PATCH_M), progress or Progress())


def test_dropped_with_reasons(cells: CellSource) -> None:
    said: list[str] = []
    table = releves(X, Y, ["a", "a", "b", "c", "d", "e"])
    pairs = paired(cells, table, Progress(log=lambda _, text: said.append(text)))
    assert pairs.plots.tolist() == [0, 2]
    assert {drop["plot"]: drop["reason"] for drop in pairs.dropped} == {
        "p1": DUPLICATE, "p3": UNSEEN, "p4": OUTSIDE, "p5": UNSEEN,
    }
    assert pairs.dropped_counts == {DUPLICATE: 1, UNSEEN: 2, OUTSIDE: 1}
    assert f"2 of 6 plots were left out: {UNSEEN}." in said
    vectors, _ = cells.patches(pairs.rows, pairs.cols, pairs.patch)
    np.testing.assert_array_equal(pairs.vectors, vectors)
    node = pairs.lattice.node_xy(pairs.rows, pairs.cols, pairs.patch)
    np.testing.assert_allclose(np.hypot(node.x - pairs.points.x, node.y - pairs.points.y), pairs.offset_m, atol=1e-6)
    assert pairs.field_m == pytest.approx((10 + 8) * 2.0)


def test_cache_gives_the_same_and_notices_a_change(cells: CellSource, tmp_path: Path) -> None:
    table = releves(X[:1], Y[:1], ["a"])
    said: list[str] = []
    first = paired(cells, table)
    files = list((tmp_path / "cache").glob("*.safetensors"))
    assert len(files) == 1
    again = paired(cells, table, Progress(log=lambda _, text: said.append(text)))
    np.testing.assert_array_equal(first.vectors, again.vectors)
    assert any("from the cache" in text for text in said)
    files[0].write_bytes(b"damaged")
    np.testing.assert_array_equal(first.vectors, paired(cells, table).vectors)
    paired(cells, releves([X[0] + 100], Y[:1], ["a"]))
    assert len(list((tmp_path / "cache").glob("*.safetensors"))) == 2


def test_nothing_meets(cells: CellSource) -> None:
    with pytest.raises(PairingError, match="none of the 1 plots meets the image .1 outside the raster"):
        paired(cells, releves([600_000.0], [6_000_000.0], ["a"]))


def test_inside_asks_in_the_rasters_crs(source: RasterSource) -> None:
    points = Points(np.array([700_400.0, 700_801.0]), np.array([6_599_600.0] * 2), "EPSG:2154")
    assert inside(source, points.to("EPSG:4326")).tolist() == [True, False]
