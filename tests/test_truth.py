"""Maps against a known truth on another grid, in another CRS, with holes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import rasterio
from rasterio.transform import from_origin

from botaclip.core.errors import RasterError
from botaclip.core.places import Points
from botaclip.training.truth import score_maps, truth_at, truth_correlation, truth_correlation_at, truth_rasters

NAMES = ("Carex alba", "Poa alpina", "Salix herbacea")


def write(path: Path, bands: np.ndarray, *, pixel: float, names: tuple[str, ...]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with rasterio.open(
        path, "w", driver="GTiff", count=len(bands), height=bands.shape[1], width=bands.shape[2], dtype=bands.dtype,
        crs="EPSG:32632", transform=from_origin(500_000, 5_100_000, pixel, pixel), nodata=np.nan, tiled=True,
        blockxsize=64, blockysize=64,
    ) as dataset:  # fmt: skip
        dataset.write(bands)
        dataset.descriptions = names
    return path


@pytest.fixture
def landscape(tmp_path: Path) -> Path:
    """Make a truth on 20 m cells and a map of it on 10 m cells, bands in another order."""
    truth = np.random.default_rng(1).uniform(size=(3, 90, 150)).astype("float32")
    truth[:, :5] = np.nan
    write(tmp_path / "truth_plants.tif", truth, pixel=20, names=NAMES)
    fine = truth.repeat(2, axis=1).repeat(2, axis=2)
    mapped = np.stack([1 - fine[1], 0.5 * fine[0] + 0.2, np.full_like(fine[0], 0.3)])
    mapped[:, :, :7] = np.nan
    write(tmp_path / "suitability.tif", mapped, pixel=10, names=(NAMES[1], NAMES[0], "Unknown species"))
    return tmp_path


def test_bands_are_matched_by_name(landscape: Path) -> None:
    r = truth_correlation(landscape / "suitability.tif", landscape / "truth_plants.tif")
    assert r == {NAMES[1]: pytest.approx(-1), NAMES[0]: pytest.approx(1)}


def test_a_sample_comes_close_and_is_repeatable(landscape: Path) -> None:
    noisy = landscape / "suitability_noisy.tif"
    with rasterio.open(landscape / "suitability.tif") as source:
        bands = source.read() + np.random.default_rng(2).normal(0, 0.15, source.shape).astype("float32")
        write(noisy, bands, pixel=10, names=source.descriptions)
    everything = truth_correlation(noisy, landscape / "truth_plants.tif", sample=10**9)
    part = truth_correlation(noisy, landscape / "truth_plants.tif", sample=5_000)
    assert 0.6 < everything[NAMES[0]] < 0.8
    assert part[NAMES[0]] == pytest.approx(everything[NAMES[0]], abs=0.03)
    assert part == truth_correlation(noisy, landscape / "truth_plants.tif", sample=5_000)
    assert part != truth_correlation(noisy, landscape / "truth_plants.tif", sample=5_000, random_state=2)


def test_truth_at_places_in_another_crs(landscape: Path) -> None:
    tiles = landscape / "tiles"
    tiles.mkdir()
    # The middle of truth cell (row 10, column 20), one cell without truth, one place far away, one nowhere.
    places = Points(
        x=[500_410, 500_410, 400_000, np.nan], y=[5_099_790, 5_099_990, 5_000_000, 0], crs="EPSG:32632"
    ).to("EPSG:4326")
    truth = truth_at(tiles, places, ["Salix herbacea", "Betula nana"])
    assert truth is not None
    with rasterio.open(landscape / "truth_plants.tif") as source:
        assert truth[0, 0] == source.read(3)[10, 20]
    assert np.isnan(truth[1:]).all() and np.isnan(truth[:, 1]).all()


def test_without_truth_there_is_none(landscape: Path, tmp_path: Path) -> None:
    places = Points(x=[500_410], y=[5_099_790], crs="EPSG:32632")
    assert truth_at(landscape / "tiles", places, ["Betula nana"]) is None
    assert truth_rasters(tmp_path / "no" / "such" / "image.tif") == []
    with pytest.raises(RasterError, match="no species in common with suitability.tif"):
        truth_correlation(landscape / "truth_plants.tif", write(
            tmp_path / "other" / "suitability.tif", np.zeros((1, 4, 4), "float32"), pixel=10, names=("x",)
        ))  # fmt: skip


def test_all_maps_of_a_folder_are_scored(landscape: Path) -> None:
    scores = score_maps(landscape)
    assert set(scores) == {"suitability.tif"}
    assert scores["suitability.tif"][NAMES[0]] == pytest.approx(1)


def test_columns_equal_numpy_and_edge_cases_are_said() -> None:
    rng = np.random.default_rng(1)
    mapped, true = rng.normal(size=(50, 5)), rng.normal(size=(50, 5))
    mapped[:10, 0] = np.nan
    mapped[:, 2], true[:, 3] = 0.1, 0.7
    mapped[2:, 4] = np.nan
    r = truth_correlation_at(mapped, true)
    assert r[0] == pytest.approx(np.corrcoef(mapped[10:, 0], true[10:, 0])[0, 1])
    assert r[1] == pytest.approx(np.corrcoef(mapped[:, 1], true[:, 1])[0, 1])
    assert r[2] == 0.0  # a map that says nothing
    assert np.isnan(r[3:]).all()  # a truth that is constant; too few places
