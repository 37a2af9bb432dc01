"""Few plots, rare species, folds that hold one class only: no crash, no NaN, nothing certain."""

from __future__ import annotations

import dataclasses
import warnings
from pathlib import Path

import numpy as np
import pytest

from botaclip.core.model import Model
from botaclip.core.model_file import ModelFile
from botaclip.core.progress import SILENT
from botaclip.training import evaluation
from botaclip.training.alignment import Alignment, fit_adapter
from botaclip.training.calibration import Calibrators
from botaclip.training.evaluation import Protocol, cross_validate, fit_image_column
from botaclip.training.model_parts import model_parts
from botaclip.training.protocol import ENVIRONMENT_ONLY
from botaclip.training.standardiser import Standardiser
from botaclip.training.training_table import TrainingTable
from botaclip.training.vegeta import Vegeta

from .small_tables import planted, thirds
from .trained_models import pairs, plots, protocol, releves

PRESENCES = (5, 5, 6, 24, 43)


def awkward(table: TrainingTable) -> TrainingTable:
    """Return 48 plots in four clusters; two species with five presences, one of them all in one cluster."""
    presence = np.zeros((48, 5), np.float32)
    random = np.random.default_rng(1)
    presence[:5, 0] = 1.0
    for species, count in enumerate(PRESENCES[1:], start=1):
        presence[random.permutation(48)[:count], species] = 1.0
    cover = np.zeros((48, table.cover.shape[1]), np.float32)
    cover[:, :5] = presence * 37.5
    places = np.repeat([[0, 0], [9_000, 0], [0, 9_000], [9_000, 9_000]], 12, axis=0) + random.uniform(0, 400, (48, 2))
    return dataclasses.replace(table, presence=presence, cover=cover, places=places)


def clusters(table: TrainingTable) -> list[tuple[np.ndarray, np.ndarray]]:
    """Hold out one cluster after the other: the first species is in the training plots or in the test, never both."""
    names = np.unique(np.round(table.places / 9_000), axis=0, return_inverse=True)[1].ravel()
    return [(np.flatnonzero(names != name), np.flatnonzero(names == name)) for name in np.unique(names)]


SMALL = awkward(planted(48, dimension=12, species=5))
LAYERED = dataclasses.replace(
    SMALL,
    # The second layer is the same wherever there are plots; the third is constant within each cluster.
    environment=np.column_stack(
        [np.random.default_rng(2).normal(800, 200, 48), np.full(48, 7.0), np.repeat([1.0, 2.0, 3.0, 4.0], 12)]
    ).astype(np.float32),
)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    fit_forest = evaluation.fit_forest
    monkeypatch.setattr(evaluation, "fit_forest", lambda *given, **rest: fit_forest(*given, **rest, trees=15))
    monkeypatch.setattr(evaluation, "LOCATION_MODELS", evaluation.LOCATION_MODELS[:2])
    monkeypatch.setattr(evaluation, "ENVIRONMENT_MODELS", evaluation.ENVIRONMENT_MODELS[:-1:6])


@pytest.mark.parametrize("head", ["linear", "forest"])
@pytest.mark.parametrize("asked", ["auto", "none"])
@pytest.mark.parametrize("inner", [thirds, clusters])
def test_every_plot_gets_a_number(asked: str, head: str, inner: object) -> None:
    how = Protocol(asked, protocol().alignments, head, inner)  # type: ignore[arg-type]
    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        cv = cross_validate(LAYERED, clusters(LAYERED), how)
    assert ENVIRONMENT_ONLY in cv.suitability and (cv.fold >= 0).all()
    for column, suitability in cv.suitability.items():
        assert ((suitability > 0) & (suitability < 1)).all(), column
        assert np.isfinite(cv.baseline[column]).all(), column
    # A species that the fold's training plots lack is not expected anywhere with any certainty.
    first = cv.suitability["raw"][:12, 0]
    assert first.max() < 0.2


@pytest.mark.parametrize("kind", ["always", "never", "separated", "turned"])
def test_calibrators_of_degenerate_scores_stay_sane(kind: str) -> None:
    random = np.random.default_rng(3)
    logits = random.normal(size=(48, 3)) * 8
    presence = {
        "always": np.ones((48, 3)), "never": np.zeros((48, 3)), "separated": logits > 0, "turned": logits < 0,
    }[kind]  # fmt: skip
    calibrators = Calibrators.fit(presence, logits)
    made = calibrators(np.linspace(-30, 30, 61)[:, None].repeat(3, axis=1))
    assert np.isfinite(made).all() and (np.diff(made, axis=0) >= 0).all()
    assert 0.001 < made[30].min() and made[30].max() < 0.999
    assert (calibrators.slope > 0).all()


def test_calibrators_without_any_score_leave_things_as_they_are() -> None:
    calibrators = Calibrators.fit(np.ones((4, 2)), np.full((4, 2), np.nan))
    np.testing.assert_allclose(calibrators.slope, 1.0, atol=1e-6)
    np.testing.assert_allclose(calibrators.intercept, 0.0, atol=1e-6)


@pytest.mark.parametrize("head", ["linear", "forest"])
def test_the_model_of_so_few_plots_is_whole(head: str, tmp_path: Path) -> None:
    table = awkward(plots(48))
    how = dataclasses.replace(protocol("auto", head=head), inner_folds=clusters)
    parameters = {"plot_locations": "exact", "raster": "image.tif", "releves": "releves.csv", "random_state": 1}

    class Imagery:
        identity = "0"

    parts = model_parts(
        table, releves(table), pairs(table), Imagery(), how, parameters, {}, progress=SILENT,  # type: ignore[arg-type]
    )  # fmt: skip
    model = Model(ModelFile.write(tmp_path / "m.botaclip", parts.metadata, parts.parts))
    made = model.suitability(model.adapt(plots(30, seed=9).vectors)[0])
    assert ((made > 0) & (made < 1)).all() and np.isfinite(model.thresholds).all()
    fitted = fit_image_column("adapted", table, table, parts.choice, how, clusters(table), SILENT)
    np.testing.assert_allclose(made, fitted.calibrate(fitted.predict_logits(plots(30, seed=9))), atol=1e-5)


@pytest.mark.parametrize("count", [1, 2, 3])
@pytest.mark.parametrize("same", [False, True])
@pytest.mark.parametrize("name", ["supervised", "contrastive", "botaclip"])
def test_an_adapter_is_fitted_to_a_handful_of_plots(name: str, count: int, same: bool) -> None:
    """What the buffer leaves of an inner fold; one relevé, or the same one again and again, has no axis to go along."""
    table = planted(5, dimension=8, species=3).take(np.arange(count))
    cover = np.repeat(table.cover[:1], count, axis=0) if same else table.cover
    vectors = Standardiser.fit(table.vectors)(table.vectors)
    adapter = fit_adapter(vectors, cover, table.presence, Alignment(name, 1.0 if name == "botaclip" else 0.0), 4)
    assert np.isfinite(adapter(vectors)).all()
    assert adapter.tower is None or all(np.isfinite(part).all() for layer in adapter.tower.layers for part in layer)
    vegeta = Vegeta.fit(cover, axes=4)
    assert np.isfinite(vegeta(cover)).all() and np.abs(vegeta(table.cover + 1)).max() < 100
    if same or count == 1:
        np.testing.assert_array_equal(vegeta(table.cover + 1), 0.0)
