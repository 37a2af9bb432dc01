"""How exactly a model says where its plots lie."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse import csr_array

from botaclip.core.cover_scales import SCALES
from botaclip.core.errors import OptionError
from botaclip.core.places import Points
from botaclip.core.plot_locations import coarsened, extra_records, parse_plot_locations, plot_records
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
