"""Vectors of patches rendered on the fly are those of the ordinary pairing with the written raster."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from botaclip.core.commands import TRAIN
from botaclip.core.demo_landscape import write_demo_landscape
from botaclip.core.options import parse_parameters
from botaclip.core.progress import SILENT
from botaclip.training.reading import read_training

from .conftest import ROOT

SEED, PLOTS, SIDE_M = 7, 24, 1_000.0


def benchmark(name: str) -> ModuleType:
    """Return ``benchmarks/<name>.py`` as a module."""
    folder = str(ROOT / "benchmarks")
    if folder in sys.path:
        sys.path.remove(folder)
    sys.path.insert(0, folder)
    # Scripts have a module `checkout` too: neither may be taken for the other.
    others = sys.modules.pop("checkout", None)
    try:
        return importlib.import_module(name)
    finally:
        sys.modules.pop("checkout", None)
        if others is not None:
            sys.modules["checkout"] = others


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> tuple[object, object, Path]:
    """Return the training table of written files, the plots rendered on the fly, and the cache of the latter."""
    folder, cache = tmp_path_factory.mktemp("landscape"), tmp_path_factory.mktemp("cache")
    write_demo_landscape(folder, seed=SEED, plots=PLOTS, size_m=SIDE_M)
    parameters, _ = parse_parameters(
        TRAIN,
        {
            "raster": folder / "tiles", "releves": folder / "releves.csv", "plots": folder / "plots.csv",
            "crs": "EPSG:32632", "x_field": "x", "y_field": "y", "min_presences": 3,
            "output": folder / "model.botaclip",
        },
    )
    written = read_training(parameters, SILENT)
    rendered = benchmark("landscape_plots").landscape_plots(SEED, PLOTS, cache, side_m=SIDE_M)
    return written, rendered, cache


def test_vectors_are_those_of_the_ordinary_pairing(both):
    """To 1e-5; and nothing else about the plots differs either."""
    reading, rendered, _ = both
    written = reading.data
    made = rendered.training_table(min_presences=3)
    assert written.ids == made.ids and len(made) == PLOTS
    assert np.abs(written.vectors - made.vectors).max() <= 1e-5
    assert made.vectors.std(axis=0).min() > 0
    np.testing.assert_array_equal(np.asarray(written.places), made.places)
    assert written.species == made.species and len(made.species) > 5
    np.testing.assert_array_equal(written.presence, made.presence)
    np.testing.assert_allclose(written.truth, made.truth, atol=1e-7)
    assert reading.pairs.field_m == rendered.field_m
    assert reading.touching_m == rendered.touching_m


def test_cover_is_that_of_the_table(both):
    """Braun-Blanquet codes become the same per cents."""
    reading, rendered, _ = both
    written = reading.data
    cover = written.cover.toarray() if hasattr(written.cover, "toarray") else written.cover
    np.testing.assert_array_equal(np.asarray(cover), rendered.cover)


def test_kept_plots_come_back_unchanged(both, monkeypatch):
    """The second time nothing is rendered."""
    _, rendered, cache = both
    module = benchmark("landscape_plots")
    monkeypatch.setattr(module, "Landscape", None)
    again = module.landscape_plots(SEED, PLOTS, cache, side_m=SIDE_M)
    for field in ("vectors", "cover", "butterflies", "soil", "truth", "soil_truth", "environment", "places"):
        np.testing.assert_array_equal(getattr(again, field), getattr(rendered, field))
    assert (again.ids, again.plants, again.soil_names) == (rendered.ids, rendered.plants, rendered.soil_names)


def test_a_damaged_file_is_made_anew(both, tmp_path):
    """A cut-off file is not believed."""
    _, rendered, cache = both
    module = benchmark("landscape_plots")
    (kept,) = cache.glob("*.safetensors")
    (tmp_path / kept.name).write_bytes(kept.read_bytes()[:1000])
    again = module.landscape_plots(SEED, PLOTS, tmp_path, side_m=SIDE_M)
    np.testing.assert_array_equal(again.vectors, rendered.vectors)


def test_the_truth_is_the_survey_s(both):
    """Presence follows the true probability: the mean truth of presences exceeds that of absences."""
    _, rendered, _ = both
    held = rendered.butterflies > 0
    assert rendered.butterfly_truth[held].mean() > rendered.butterfly_truth[~held].mean() + 0.1
    assert np.corrcoef(np.log1p(rendered.soil).ravel(), np.log(rendered.soil_truth).ravel())[0, 1] > 0.6
    assert rendered.soil.shape[1] == 51 and rendered.butterflies.shape[1] == 12


def test_density_stays_as_surveys_grow():
    """Four times the plots lie on four times the land."""
    module = benchmark("landscape_plots")
    density = [plots / side**2 for plots, side in module.SIDES_M.items()]
    assert max(density) == pytest.approx(min(density))
    assert [module.survey_size(plots) for plots in (400, 1000, 4000, 16_000)] == [1000, 1000, 4000, 16_000]
