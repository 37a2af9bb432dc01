"""Columns without an image are as strong in the tasks as in the species heads, and see no plot that is tested."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from scipy.stats import spearmanr
from sklearn.linear_model import Ridge

from botaclip.training.downstream import Downstream
from botaclip.training.environment_only import ENVIRONMENT_MODELS, EnvironmentModel
from botaclip.training.location import LOCATION_MODELS, LocationModel, NearestReleves
from botaclip.training.metrics import auc_columns
from botaclip.training.paper_protocol import evaluate_as_paper, out_of_fold_vectors
from botaclip.training.protocol import Protocol
from botaclip.training.splits import SpatialBlocks, inner_folds
from botaclip.training.strict_protocol import evaluate_strictly
from botaclip.training.task import Task
from botaclip.training.training_table import TrainingTable
from botaclip.training.without_image import OWN_MODELS, OwnModels

from .small_tables import planted, thirds
from .test_location import smooth_world

QUICK = (LocationModel("15 nearest", 15), LocationModel("smooth", reach=0.6, nugget=0.5),
         LocationModel("forest", turned=True))  # fmt: skip
FOREST, LINEAR = Downstream("forest", trees=60), Downstream("linear")


def smooth_table(plots: int = 300) -> TrainingTable:
    """Return plots whose species follow waves of the place, and whose images show nothing."""
    places, presence = smooth_world(plots)
    table = planted(plots, signal=0.0, species=3)
    cover = np.hstack([presence * 20.0, 1.0 - presence[:, :1]])
    return dataclasses.replace(table, places=places, presence=presence, cover=cover)


def of_blocks(table: TrainingTable) -> tuple[list[tuple[np.ndarray, np.ndarray]], Protocol]:
    outer = SpatialBlocks(4, 600.0, 0.0, random_state=1)
    folds = list(outer.split(table.places))
    return folds, Protocol(
        "none", (), "linear", lambda inside: inner_folds(outer, inside.places, n_splits=2), random_state=1
    )


def mean_auc(table: TrainingTable, predicted: np.ndarray, folds: list[tuple[np.ndarray, np.ndarray]]) -> float:
    return float(np.mean([auc_columns(table.presence[test], predicted[test]) for _, test in folds]))


def test_in_the_tasks_a_place_tells_as_much_as_in_the_species_heads() -> None:
    table = smooth_table()
    folds, protocol = of_blocks(table)
    made = evaluate_strictly(
        table, folds, protocol, [Task.plants(table)], [FOREST, LINEAR], columns=("location_only", "prevalence")
    )
    head = mean_auc(table, made.plants.suitability["location_only"], folds)
    assert head > 0.75
    for task in made.tasks:
        assert mean_auc(table, task.predicted["location_only"][0], folds) > head - 0.02, task.name
    # The plain downstream model on coordinates, which this column was before, is far from it.
    plain = np.full(table.presence.shape, np.nan)
    for train, test in folds:
        plain[test] = LINEAR.fit(table.places[train], table.presence[train], "presence").predict(table.places[test])
    assert mean_auc(table, plain, folds) < head - 0.15


def test_the_protocol_of_the_paper_chooses_inside_every_training_part() -> None:
    table = smooth_table(200)
    folds, protocol = of_blocks(table)
    embedded = out_of_fold_vectors(table, folds, protocol, columns=("location_only", "prevalence"))
    (made,) = evaluate_as_paper(table, embedded, [Task.plants(table)], [LINEAR], folds=3)
    fold = made.fold[0]
    parts = [(np.flatnonzero(fold != k), np.flatnonzero(fold == k)) for k in range(3)]
    found = mean_auc(table, made.predicted["location_only"][0], parts)
    kriged = np.full(table.presence.shape, np.nan)
    for train, test in parts:
        kriged[test] = QUICK[1].fit(table.places[train], table.presence[train], random_state=1).logits(
            table.places[test]
        )
    assert found > mean_auc(table, kriged, parts) - 0.02 and found > 0.8


@pytest.mark.parametrize("kind", ["presence", "abundance", "presence-only"])
def test_the_best_of_the_own_models_and_the_downstream_one_is_taken(kind: str) -> None:
    table = smooth_table(160)
    train, test = np.arange(110), np.arange(110, 160)
    waves = np.sin(table.places[:, [0]] / 900.0) * [3.0, 4_000.0] + [5.0, 9_000.0]
    values = waves if kind == "abundance" else table.presence[:, :2].astype(float)
    folds = thirds(table.take(train))

    def predicted(models: tuple[LocationModel, ...]) -> np.ndarray:
        return OwnModels(models, folds).predict(
            LINEAR, values[train], table.places[train], table.places[test], kind, 1
        )

    both, alone, none = predicted(QUICK[:2]), predicted(QUICK[1:2]), predicted(())
    # A wave is no plane: the smooth surface is better than neighbours, and both than a linear model.
    np.testing.assert_array_equal(both, alone)
    plain = LINEAR.fit(table.places[train], values[train], "abundance" if kind == "abundance" else "presence")
    np.testing.assert_array_equal(none, plain.predict(table.places[test]))
    error = [np.square(values[test] - made).mean(axis=0) for made in (both, none)]
    assert (error[0] < error[1]).all()


def test_where_the_downstream_model_is_best_it_is_taken() -> None:
    table = smooth_table(90)
    values = (table.places @ [[0.01], [-0.02]]) + 3.0
    own = OwnModels((LocationModel("100 nearest", 100),), thirds(table))
    made = own.predict(LINEAR, values, table.places, table.places, "abundance", 1)
    plain = dataclasses.replace(LINEAR, scores_training_plots=False).fit(table.places, values, "abundance")
    np.testing.assert_array_equal(made, plain.predict(table.places))


@pytest.mark.parametrize("model", LOCATION_MODELS, ids=lambda model: model.name)
def test_abundances_are_found_by_the_regression_form_of_every_location_model(model: LocationModel) -> None:
    places = np.random.default_rng(0).uniform(0, 6_000, (240, 2))
    values = np.column_stack([np.sin(places[:, 0] / 900.0), np.cos(places[:, 1] / 1_100.0)]) * [1.0, 500.0]
    centred = (values - values.mean(axis=0)) / values.std(axis=0)
    made = model.fit_values(places[:200], centred[:200], random_state=1)(places[200:])
    assert made.shape == (40, 2)
    weak = ("100 nearest relevés", "smooth surface, reach 0.2, nugget 4")
    assert min(spearmanr(made[:, s], values[200:, s])[0] for s in range(2)) > (0.5 if model.name in weak else 0.8)


def test_golden_mean_of_neighbours() -> None:
    places = np.array([[0.0, 0.0], [30.0, 0.0], [1_000.0, 0.0]])
    values = np.array([[12.0], [0.0], [30.0]])
    made = NearestReleves(places, values, 2).values(np.array([[10.0, 0.0]]))
    mean = 12.0 * (1 / 26) / (1 / 26 + 1 / 36)
    np.testing.assert_allclose(made, [[mean * 2 / 3 + 14.0 / 3]], rtol=1e-9)


@pytest.mark.parametrize("model", [EnvironmentModel("a", 0.3), EnvironmentModel("b", 0.3, True), EnvironmentModel("c")])
def test_abundances_are_found_by_the_regression_form_of_every_environment_model(model: EnvironmentModel) -> None:
    layers = np.random.default_rng(0).normal(size=(200, 2)) * [1.0, 300.0] + [5.0, 900.0]
    unit = (layers - layers.mean(axis=0)) / layers.std(axis=0)
    abundance = unit[:, [0]] + 0.3 * unit[:, [1]]
    made = model.fit_values(layers[:150], abundance[:150], random_state=1)(layers[150:])
    assert spearmanr(made[:, 0], abundance[150:, 0])[0] > 0.85
    if model.penalty:
        columns = np.hstack([unit, np.square(unit)]) if model.squares else unit
        x = (columns[:150] - columns[:150].mean(axis=0)) / columns[:150].std(axis=0)
        if not model.squares:
            ridge = Ridge(alpha=0.3 * np.square(x).sum(axis=1).mean()).fit(x, abundance[:150])
            held = (columns[150:] - columns[:150].mean(axis=0)) / columns[:150].std(axis=0)
            np.testing.assert_allclose(made[:, 0], np.ravel(ridge.predict(held)), atol=1e-5)


def test_gaps_constants_and_unknown_targets() -> None:
    table = smooth_table(80)
    values = table.presence.astype(float)
    values = np.column_stack([values[:, 0], values[:, 1], np.ones(80), np.full(80, np.nan)])
    values[::4, 1] = np.nan
    made = OwnModels(QUICK[:2], thirds(table)).predict(LINEAR, values, table.places, table.places[:7], "presence", 1)
    assert np.isfinite(made[:, :2]).all() and (made[:, 2] == 1.0).all() and np.isnan(made[:, 3]).all()
    # What is known of one target does not move another.
    alone = OwnModels(QUICK[1:2], ()).predict(LINEAR, values[:, :1], table.places, table.places[:7], "presence", 1)
    whole = OwnModels(QUICK[1:2], ()).predict(LINEAR, values, table.places, table.places[:7], "presence", 1)
    np.testing.assert_array_equal(alone[:, 0], whole[:, 0])


def test_abundances_stay_within_what_was_seen() -> None:
    places = np.column_stack([np.linspace(0, 1_000, 30), np.zeros(30)])
    values = np.linspace(0.0, 9.0, 30)[:, None] ** 3
    made = OwnModels(QUICK[1:2], thirds(planted(30))).predict(
        LINEAR, values, places, np.array([[-3_000.0, 0.0], [1_100.0, 0.0], [9e6, 0.0]]), "abundance", 1
    )
    assert made.min() >= 0.0 and made.max() <= values.max()


def test_nothing_of_a_tested_plot_is_looked_at() -> None:
    table = smooth_table(120)
    folds, protocol = of_blocks(table)
    train, test = folds[0]
    poisoned = table.presence.astype(float)
    poisoned[test] = np.nan
    protocol = dataclasses.replace(protocol, inner_folds=lambda inside: thirds(inside))
    one, two = (
        evaluate_strictly(
            table, folds[:1], protocol, [Task("t", "presence", table.species, values)], [LINEAR],
            columns=("location_only",),
        ).tasks[0].predicted["location_only"][0, test]
        for values in (table.presence.astype(float), poisoned)
    )
    np.testing.assert_array_equal(one, two)


def test_the_columns_are_those_without_an_image() -> None:
    assert dict(OWN_MODELS) == {"location_only": LOCATION_MODELS, "environment_only": ENVIRONMENT_MODELS}
    assert OwnModels.of("raw", ()) is None and OwnModels.of("prevalence", ()) is None
    assert OwnModels.of("location_only", ()) is not None
