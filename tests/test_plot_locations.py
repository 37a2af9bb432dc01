"""How exactly a model says where its plots lie."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
from scipy.sparse import csr_array

from botaclip.core.cover_scales import SCALES
from botaclip.core.errors import OptionError
from botaclip.core.lattice import Lattice, PatchSpec
from botaclip.core.places import Points
from botaclip.core.plot_locations import (
    coarsened,
    extra_records,
    lattice_without_place,
    parse_plot_locations,
    plot_records,
)
from botaclip.core.releves import ReleveTable


def table() -> ReleveTable:
    return ReleveTable(
        plot_ids=np.array(["a", "b"]),
        points=Points(np.array([700_123.4, 700_999.0]), np.array([6_600_001.0] * 2), "EPSG:2154"),
        dates=np.array(["2017", ""]), groups=None, species=np.array(["Poa"]),
        cover=csr_array(np.ones((2, 1), np.float32)), data_type="presence-absence", cover_scale=SCALES["percent"],
        report=(), digests=np.array(["x", "y"]),
    )


def test_exact_coarse_and_none() -> None:
    exact = plot_records(table(), "exact")
    assert exact["plots"][0] == {"id": "a", "date": "2017", "digest": "x", "x": 700_123.4, "y": 6_600_001.0}
    coarse = plot_records(table(), "coarse:1000")
    assert [plot["x"] for plot in coarse["plots"]] == [700_500, 700_500]
    assert [plot["y"] for plot in coarse["plots"]] == [6_600_500, 6_600_500]
    nothing = plot_records(table(), "none")
    assert all(set(plot) == {"id", "date", "digest"} for plot in nothing["plots"]) and "crs" not in nothing


def test_extra_releves_are_told_as_exactly_as_plots_are_without_names_and_dates() -> None:
    for locations, known in (("exact", 700_123.4), ("coarse:1000", 700_500.0), ("none", None)):
        told = extra_records(table(), locations)
        assert told["locations"] == locations and [row["digest"] for row in told["plots"]] == ["x", "y"]
        assert told["plots"][0].get("x") == known and ("crs" in told) is (known is not None)
        assert set(told["plots"][0]) <= {"digest", "x", "y"}


def test_degrees_are_at_least_as_coarse() -> None:
    """At 60 degrees north a degree of longitude is half as long."""
    points = Points(np.array([10.0049, 10.0051]), np.array([60.0, 59.0]), "EPSG:4326")
    made = coarsened(points, 1113.2)
    assert made.x.tolist() == [10.01, 10.01]
    np.testing.assert_allclose(made.y, [60.005, 59.005])


@pytest.mark.parametrize("text", ["coarse", "coarse:0", "coarse:x", "coarse:-5", "exact:5", "all", ""])
def test_other_words(text: str) -> None:
    with pytest.raises(OptionError, match="--plot-locations"):
        parse_plot_locations(text)


@pytest.mark.parametrize("locations", ["coarse:1000", "coarse:50", "none"])
@pytest.mark.parametrize("cells", [5, 8])
def test_a_lattice_without_its_place_is_the_same_lattice(locations: str, cells: int) -> None:
    lattice = Lattice("EPSG:32631", 552_503.1, 5_068_683.1, 1.0, 0.1, 10, 3)
    encoder = SimpleNamespace(kind="dense", stride_px=10, window_tokens=0, drop_tokens=0)
    moved = lattice_without_place(lattice, cast(Any, encoder), locations)
    square = {"coarse:1000": 1000.0, "coarse:50": 50.0, "none": 0.0}[locations]
    for was, now in ((lattice.origin_x, moved.origin_x), (lattice.origin_y, moved.origin_y)):
        corner = was // square * square if square else 0.0
        # 30 pixels, the least that both cells and the raster's own pixels divide: 3 m.
        steps = (was - now) / 3.0
        assert abs(now - corner) <= 1.5 + 1e-6 and steps == pytest.approx(round(steps), abs=1e-6)
    patch = PatchSpec(5.0, cells)
    rows, cols = np.array([0, 7, 400]), np.array([3, 0, 9])
    right = round((lattice.origin_x - moved.origin_x) / lattice.cell)
    down = round((moved.origin_y - lattice.origin_y) / lattice.cell)
    was, now = lattice.node_xy(rows, cols, patch), moved.node_xy(rows + down, cols + right, patch)
    np.testing.assert_allclose([was.x, was.y], [now.x, now.y], atol=1e-6)


def test_windows_of_tokens_stay_where_they_were() -> None:
    lattice = Lattice("EPSG:32631", 552_503.1, 5_068_683.1, 1.0, 0.2, 16)
    tokens = SimpleNamespace(kind="tokens", stride_px=16, window_tokens=21, drop_tokens=2)
    dense = SimpleNamespace(kind="dense", stride_px=10, window_tokens=0, drop_tokens=0)
    joined = SimpleNamespace(parts=[tokens, dense])
    for encoder, period in ((tokens, 16 * 17), (joined, 5 * 16 * 17)):
        moved = lattice_without_place(lattice, cast(Any, encoder), "coarse:10000")
        shift = (lattice.origin_x - moved.origin_x) / (0.2 * period)
        assert shift == pytest.approx(round(shift), abs=1e-6) and round(shift) != 0
    assert lattice_without_place(lattice, cast(Any, tokens), "exact") is lattice
