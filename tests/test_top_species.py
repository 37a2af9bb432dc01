"""The species of highest suitability as a map: the same as all bands sorted."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import rasterio
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from botaclip.core.commands import SUITABILITY
from botaclip.core.options import parse_parameters
from botaclip.core.progress import SILENT
from botaclip.core.suitability import highest, suitability

from .model_fixture import SPECIES, write_model, write_raster


@given(
    arrays(np.float32, st.tuples(st.integers(1, 6), st.integers(1, 9)), elements=st.sampled_from([0, 0.25, 0.5, 1])),
    st.integers(1, 9),
)
def test_highest_is_a_stable_sort(values: np.ndarray, count: int) -> None:
    count = min(count, values.shape[1])
    order = np.argsort(-values, axis=1, kind="stable")[:, :count]
    columns, found = highest(values, count)
    np.testing.assert_array_equal(columns, order)
    np.testing.assert_array_equal(found, np.take_along_axis(values, order, axis=1))


def test_map(tmp_path: Path) -> None:
    raster = write_raster(tmp_path / "r.tif")
    write_model(tmp_path / "m.botaclip", raster)
    asked = {"raster": str(raster), "model": str(tmp_path / "m.botaclip"), "device": "cpu"}
    for name, more in (("all", {}), ("two", {"top": 2}), ("some", {"top": 9, "species": f"{SPECIES[2]},{SPECIES[0]}"})):
        suitability(parse_parameters(SUITABILITY, asked | more | {"output": str(tmp_path / f"{name}.tif")})[0], SILENT)
    with rasterio.open(tmp_path / "all.tif") as one, rasterio.open(tmp_path / "two.tif") as two:
        every, made = one.read(), two.read()
        assert two.descriptions == ("species 1", "species 2", "suitability 1", "suitability 2")
        assert [two.tags()[f"BOTACLIP_SPECIES_{i + 1}"] for i in range(3)] == list(SPECIES)
    seen = np.isfinite(every[0])
    assert np.isnan(made[:, ~seen]).all() and seen.any()
    ranked = np.sort(every[:, seen], axis=0)[::-1]
    np.testing.assert_array_equal(made[2:, seen], ranked[:2])
    numbered = np.take_along_axis(every[:, seen], made[:2, seen].astype(int) - 1, axis=0)
    np.testing.assert_array_equal(numbered, ranked[:2])
    with rasterio.open(tmp_path / "some.tif") as dataset:
        # No more than were asked for, in whatever order they were named.
        assert dataset.count == 4
        numbers = dataset.read([1, 2])[:, seen]
    assert set(np.unique(numbers)) <= {1.0, 3.0}


@pytest.mark.parametrize(("rows", "species", "count", "levels"), [
    (40, 3587, 10, 0), (40, 3587, 10, 7), (40, 300, 10, 20), (9, 130, 10, 3), (7, 12, 10, 0), (30, 2000, 1, 3),
    (1, 500, 5, 1),
])  # fmt: skip
def test_the_highest_of_many_are_those_of_a_whole_sort(rows: int, species: int, count: int, levels: int) -> None:
    values = np.random.default_rng(species).random((rows, species), dtype=np.float32)
    if levels:  # many are equal: the first column goes before
        values = (np.round(values * levels) / levels).astype(np.float32)
    columns, found = highest(values, count)
    order = np.argsort(-values, axis=1, kind="stable")[:, :count]
    np.testing.assert_array_equal(columns, order)
    np.testing.assert_array_equal(found, np.take_along_axis(values, order, axis=1))
