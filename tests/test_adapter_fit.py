"""The loop of a fit: every field of the recipe changes it, views are drawn, and nothing depends on the process."""

from __future__ import annotations

import dataclasses
import itertools
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
import torch

from botaclip.core.errors import OptionError
from botaclip.core.losses import GeometryRegulariser, NeighbourRegulariser
from botaclip.training import adapter_fit
from botaclip.training.adapter import Adapter
from botaclip.training.adapter_fit import regulariser_of
from botaclip.training.alignment import START_AXES, Alignment, fit_adapter
from botaclip.training.recipe import Recipe
from botaclip.training.standardiser import Standardiser

from .small_tables import planted

PLOTS = 96
HABITATS = tuple(("meadow", "heath", "")[i % 3] for i in range(PLOTS))
SITES = tuple(f"site {i // 4}" for i in range(PLOTS))
TABLE = dataclasses.replace(planted(PLOTS, dimension=40, species=12), habitats=HABITATS, sites=SITES)
VECTORS = Standardiser.fit(TABLE.vectors)(TABLE.vectors)

# One other value of each field; fields that do nothing by themselves come with the one that calls for them.
FIELDS: dict[str, tuple[str, dict[str, Any], dict[str, Any]]] = {
    "vegeta": ("contrastive", {}, {"vegeta": "ca"}),
    "vegeta joint": ("contrastive", {}, {"vegeta": "joint"}),
    "vegeta_axes": ("contrastive", {}, {"vegeta_axes": 3}),
    "transform": ("contrastive", {}, {"transform": "presence"}),
    "adapter residual": ("supervised", {}, {"adapter": "residual"}),
    "adapter attention": ("supervised", {}, {"adapter": "attention"}),
    "releve_adapter": ("contrastive", {}, {"releve_adapter": "mlp"}),
    "loss": ("contrastive", {}, {"loss": "infonce"}),
    "positives site": ("contrastive", {}, {"positives": ("site",)}),
    "positives near": ("contrastive", {}, {"positives": ("near",), "positive_distance": 300.0}),
    "positives alike": ("contrastive", {}, {"positives": ("alike",), "positive_similarity": 0.6}),
    "positive_distance": ("contrastive", {"positives": ("near",)}, {"positive_distance": 500.0}),
    "positive_similarity": ("contrastive", {"positives": ("alike",)}, {"positive_similarity": 0.5}),
    "targets floristic": ("contrastive", {}, {"targets": "floristic"}),
    "targets gram": ("contrastive", {}, {"targets": "gram"}),
    "unknown_ring": ("contrastive", {}, {"unknown_ring": 300.0}),
    "temperature": ("contrastive", {}, {"temperature": 5.0}),
    "bias": ("contrastive", {}, {"bias": -2.71}),
    "regulariser mean": ("botaclip", {}, {"regulariser": "mean"}),
    "regulariser neighbours": ("botaclip", {}, {"regulariser": "neighbours"}),
    "batch": ("supervised", {}, {"batch": 30}),
    "learning_rate": ("supervised", {}, {"learning_rate": 1e-2}),
    "weight_decay": ("supervised", {}, {"weight_decay": 1.0}),
    "schedule": ("supervised", {}, {"schedule": "cosine"}),
    "adapter_start": ("botaclip", {}, {"adapter_start": "canonical"}),
    "adapter_start identity": ("joint", {}, {"adapter_start": "identity"}),
    "species_weight": ("joint", {}, {"species_weight": 0.1}),
}  # fmt: skip


@pytest.fixture(autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)


def fit(name: str, recipe: Recipe, steps: int = 6, **options: Any) -> Adapter:
    weight = 1.0 if name == "botaclip" else 0.0
    return fit_adapter(VECTORS, TABLE, Alignment(name, weight, recipe=recipe), steps, **options)


@pytest.mark.parametrize("field", FIELDS)
def test_every_field_changes_the_fit(field: str) -> None:
    name, base, change = FIELDS[field]
    one = fit(name, Recipe(**base))
    other = fit(name, dataclasses.replace(Recipe(**base), **change))
    assert np.isfinite(other(VECTORS)).all()
    assert np.abs(one(VECTORS) - other(VECTORS)).max() > 1e-4
    # And by choice, not by chance.
    np.testing.assert_array_equal(
        other(VECTORS), fit(name, dataclasses.replace(Recipe(**base), **change))(VECTORS)
    )


def test_every_field_is_tried() -> None:
    # Stopping is a matter of the selection, views are made before; both leave the fit alone.
    tried = {field.split()[0] for field in FIELDS} | {"stopping", "augmentation", "views"}
    assert tried == {field.name for field in dataclasses.fields(Recipe)}


@pytest.mark.parametrize("form", ["linear", "residual", "attention"])
@pytest.mark.parametrize("name", ["supervised", "contrastive", "botaclip", "joint"])
def test_every_form_begins_at_the_identity_or_at_the_closed_form(form: str, name: str) -> None:
    recipe = Recipe(adapter=form, adapter_start="identity")
    np.testing.assert_array_equal(fit(name, recipe, 0)(VECTORS), VECTORS)
    closed = fit_adapter(VECTORS, TABLE, Alignment("canonical"), START_AXES)
    other = fit(name, dataclasses.replace(recipe, adapter_start="canonical"), 0)
    np.testing.assert_allclose(other(VECTORS), closed(VECTORS), atol=1e-5)


@pytest.mark.parametrize(
    "recipe",
    [Recipe(adapter="residual"), Recipe(adapter="attention"), Recipe(releve_adapter="mlp"), Recipe(vegeta="joint")],
    ids=["residual", "attention", "mlp", "joint"],
)
def test_all_of_what_is_trained_moves(recipe: Recipe) -> None:
    begun, moved = fit("contrastive", recipe, 0), fit("contrastive", recipe, 4)
    for name, matrix in begun.weights.items():
        # Attention's key bias adds the same to every score of a softmax: it has no effect and no gradient.
        assert name == "key_bias" or np.abs(moved.weights[name] - matrix).max() > 1e-4, name
    assert begun.tower is not None and moved.tower is not None
    for (weight, bias), (weight_after, bias_after) in zip(begun.tower.layers, moved.tower.layers, strict=True):
        assert np.abs(weight - weight_after).max() > 1e-6 and np.abs(bias - bias_after).max() > 1e-6


def test_threads_side_by_side_fit_what_one_alone_does() -> None:
    recipes = [Recipe(adapter="attention"), Recipe(adapter="residual", releve_adapter="mlp")] * 4
    alone = [fit("contrastive", recipe) for recipe in recipes[:2]]
    torch.manual_seed(123)
    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(lambda recipe: fit("contrastive", recipe), recipes))
    for number, adapter in enumerate(made):
        for name, matrix in adapter.weights.items():
            np.testing.assert_array_equal(matrix, alone[number % 2].weights[name])


def test_continuing_starts_where_the_other_came_to() -> None:
    first = fit("supervised", Recipe(), 20)
    np.testing.assert_array_equal(fit("botaclip", Recipe(), 0, start=first)(VECTORS), first(VECTORS))
    on = fit("botaclip", Recipe(adapter="residual"), 5, start=first)
    assert 0 < np.abs(on(VECTORS) - first(VECTORS)).max() < np.abs(first(VECTORS) - VECTORS).max()
    with pytest.raises(OptionError, match="attention"):
        fit("botaclip", Recipe(), 1, start=fit("supervised", Recipe(adapter="attention"), 1))


@pytest.mark.parametrize("view", [0, 1, 2])
def test_a_drawn_view_stands_for_its_plot(view: int, monkeypatch: pytest.MonkeyPatch) -> None:
    # Views of the same length as the patch, which is all that a fit takes from the patch besides.
    views = np.stack([VECTORS[:, ::-1], -VECTORS], axis=1)
    rows = np.arange(PLOTS)
    monkeypatch.setattr(adapter_fit, "plot_batches", lambda *_, **__: itertools.repeat((rows, np.full(PLOTS, view))))
    seen = fit("supervised", Recipe(), 3, views=views)
    monkeypatch.undo()
    alone = fit_adapter(
        np.ascontiguousarray([VECTORS, views[:, 0], views[:, 1]][view]), TABLE, Alignment("supervised"), 3
    )
    np.testing.assert_allclose(seen.weight, alone.weight, atol=2e-4)


def test_regularisers_by_name() -> None:
    made = regulariser_of("mean")
    assert isinstance(made, GeometryRegulariser) and made.scale == "mean"
    assert isinstance(regulariser_of("neighbours"), NeighbourRegulariser)
    with pytest.raises(OptionError):
        regulariser_of("other")
    strong = Recipe(regulariser="neighbours")
    alignments = [Alignment("botaclip", weight, recipe=strong) for weight in (0.0, 30.0)]
    loose, tight = (fit_adapter(VECTORS, TABLE, alignment, 60)(VECTORS) for alignment in alignments)
    kept = [
        float(NeighbourRegulariser()(torch.as_tensor(z), torch.as_tensor(VECTORS))) for z in (loose, tight)
    ]
    assert kept[1] < 0.3 * kept[0]
