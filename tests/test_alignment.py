"""Fitting the adapters: identity at the start, repeatable, and each term does what it is there for."""

from __future__ import annotations

import dataclasses
import re

import numpy as np
import pytest
import torch
from scipy.sparse import csr_array
from scipy.special import expit

from botaclip.core.errors import Cancelled, PairingError
from botaclip.core.losses import GeometryRegulariser
from botaclip.core.progress import Progress
from botaclip.training.alignment import (
    BATCH,
    CHECKPOINTS,
    JOINT_CHECKPOINTS,
    NAMES,
    START_AXES,
    SUPERVISED_CHECKPOINTS,
    Adapter,
    Alignment,
    candidates,
    fit_adapter,
    fit_adapters,
    ladder,
)
from botaclip.training.closed_forms import CANONICAL_AXES, WHITENED_AXES
from botaclip.training.metrics import neighbour_overlap
from botaclip.training.recipe import Recipe
from botaclip.training.standardiser import Standardiser

from .small_tables import planted

TRAINED = ("supervised", "contrastive", "botaclip", "joint")
TABLE = planted(100, dimension=16, species=8)
VECTORS = Standardiser.fit(TABLE.vectors)(TABLE.vectors)


@pytest.fixture(autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)


def fit(alignment: Alignment, steps: int, *, random_state: int = 1) -> Adapter:
    return fit_adapter(VECTORS, TABLE, alignment, steps, random_state=random_state)


def unit(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def geometry(adapter: Adapter, scale: str = "sum") -> float:
    adapted, frozen = torch.as_tensor(adapter(VECTORS)), torch.as_tensor(VECTORS)
    return float(GeometryRegulariser(scale=scale)(adapted, frozen))


def releve_side(adapter: Adapter) -> np.ndarray:
    assert adapter.tower is not None
    return adapter.tower(TABLE.cover)


@pytest.mark.parametrize("name", TRAINED)
def test_step_0_is_the_identity_and_breaks_no_geometry(name: str) -> None:
    adapter = fit(Alignment(name, 1.0, recipe=Recipe(adapter_start="identity")), 0)
    np.testing.assert_array_equal(adapter(VECTORS), VECTORS)
    assert geometry(adapter) == 0.0
    assert geometry(fit(Alignment(name, 0.0), 40)) > 1e-3


def test_joint_adaptation_begins_at_the_closed_form_and_the_others_do_where_asked() -> None:
    closed = fit_adapters(VECTORS, TABLE, Alignment("canonical", checkpoints=(START_AXES,)))[0]
    assert np.abs(closed(VECTORS) - VECTORS).max() > 0.1
    asked = {"joint": "auto", "supervised": "canonical", "contrastive": "canonical", "botaclip": "canonical"}
    for name, start in asked.items():
        alignment = Alignment(name, 1.0, recipe=Recipe(adapter_start=start))
        assert alignment.begins == "canonical"
        np.testing.assert_array_equal(fit(alignment, 0).weight, closed.weight)
        assert np.abs(fit(alignment, 5).weight - closed.weight).max() > 1e-4
    assert [Alignment(name).begins for name in TRAINED] == ["identity"] * 3 + ["canonical"]


@pytest.mark.parametrize("name", TRAINED)
def test_a_longer_run_passes_through_the_same_adapters(name: str) -> None:
    alignment = Alignment(name, 0.1 if name in ("botaclip", "joint") else 0.0, checkpoints=(3, 10, 25))
    run = fit_adapters(VECTORS, TABLE, alignment)
    assert [adapter.steps for adapter in run] == [3, 10, 25]
    for adapter in run:
        short = fit(alignment, adapter.steps)
        np.testing.assert_array_equal(adapter.weight, short.weight)
        np.testing.assert_array_equal(adapter.bias, short.bias)
    assert np.abs(run[0].weight - run[1].weight).max() > 1e-4


def test_same_seed_same_adapter_other_seed_other_batches() -> None:
    table = planted(2 * BATCH, dimension=8, species=6)  # two batches a pass: below that, all plots are one batch
    vectors = Standardiser.fit(table.vectors)(table.vectors)
    one, same, other = (
        fit_adapter(vectors, table, Alignment("contrastive"), 6, random_state=seed)
        for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(one.weight, same.weight)
    assert np.abs(one.weight - other.weight).max() > 1e-6


def test_the_regulariser_keeps_the_frozen_neighbours() -> None:
    overlap = {
        weight: neighbour_overlap(VECTORS, fit(Alignment("botaclip", weight), 200)(VECTORS))
        for weight in (0.0, 1.0)
    }
    assert overlap[1.0] > overlap[0.0] + 0.02


def test_as_a_mean_over_all_pairs_it_does_next_to_nothing() -> None:
    without, by_sum, by_mean = (
        geometry(fit(Alignment("botaclip", weight, recipe=Recipe(regulariser=scale)), 120))
        for weight, scale in ((0.0, "sum"), (1.0, "sum"), (1.0, "mean"))
    )
    assert by_sum < 0.6 * without
    # Divided by B = 100 once more: a fraction of what the sum holds back.
    assert without - by_mean < 0.2 * (without - by_sum)


def test_supervised_lowers_the_loss_of_a_head_on_its_vectors() -> None:
    def training_loss(adapter: Adapter) -> float:
        z = adapter(VECTORS).astype(float)
        design = np.column_stack([z, np.ones(len(z))])
        # The head itself is thrown away; a few Newton steps of a lightly penalised logistic head stand in for it.
        total = 0.0
        for y in TABLE.presence.T:
            weights = np.zeros(design.shape[1])
            for _ in range(8):
                p = expit(design @ weights)
                hessian = design.T @ (design * (p * (1 - p))[:, None]) + 20 * np.eye(len(weights))
                weights -= np.linalg.solve(hessian, design.T @ (p - y) + 20 * weights)
            p = expit(design @ weights)
            total -= float(np.mean(y * np.log(p) + (1 - y) * np.log(1 - p)))
        return total / TABLE.presence.shape[1]

    losses = [training_loss(fit(Alignment("supervised"), steps)) for steps in (0, 40, 120)]
    assert losses[2] < losses[1] < losses[0] - 0.01


def test_contrastive_points_each_releve_at_its_own_image() -> None:
    before, after = fit(Alignment("contrastive"), 0), fit(Alignment("contrastive"), 200)

    def gap(adapter: Adapter) -> float:
        cosine = unit(adapter(VECTORS)) @ unit(releve_side(adapter)).T
        own = np.diag(cosine).mean()
        return float(own - cosine[~np.eye(len(cosine), dtype=bool)].mean())

    assert gap(after) > 0.3
    assert gap(after) > gap(before) + 0.02


def test_shuffled_releves_give_another_adapter() -> None:
    order = np.random.default_rng(0).permutation(len(TABLE))
    other = fit_adapter(VECTORS, TABLE.with_releves_of(order), Alignment("contrastive"), 40)
    assert np.abs(other.weight - fit(Alignment("contrastive"), 40).weight).max() > 1e-3


def test_only_the_contrastive_alignments_train_a_releve_tower() -> None:
    assert fit(Alignment("supervised"), 1).tower is None
    assert fit(Alignment("botaclip", 1.0), 1).tower is not None


def test_cancelling_stops_between_two_steps() -> None:
    steps = 0

    def cancelled() -> bool:
        nonlocal steps
        steps += 1
        return steps > 5

    progress = Progress(None, None, cancelled)
    with pytest.raises(Cancelled):
        fit_adapter(VECTORS, TABLE, Alignment("supervised"), 10_000, progress=progress)
    assert steps == 6


def test_a_longer_run_passes_through_the_same_adapters_under_a_schedule_too() -> None:
    alignment = Alignment("botaclip", 0.1, checkpoints=(3, 10, 25), recipe=Recipe(schedule="cosine"))
    for adapter in fit_adapters(VECTORS, TABLE, alignment):
        np.testing.assert_array_equal(adapter.weight, fit(alignment, adapter.steps).weight)
    # Laid out for ten steps, the tenth is another place.
    other = fit_adapters(VECTORS, TABLE, dataclasses.replace(alignment, checkpoints=(3, 10), last=10))[-1]
    assert np.abs(other.weight - fit(alignment, 10).weight).max() > 1e-4


def test_an_alignment_refitted_at_one_checkpoint_keeps_its_horizon() -> None:
    alignment = Alignment("supervised", checkpoints=(20, 80))
    assert alignment.last == 80 and alignment.at(20).last == 80 and alignment.at(20).checkpoints == (20,)
    assert dataclasses.replace(alignment, checkpoints=(20,)).last == 80
    assert Alignment("supervised", checkpoints=(0,)).last == 0


def test_cover_and_presence_may_be_given_by_themselves() -> None:
    one = fit_adapter(VECTORS, TABLE.cover, TABLE.presence, Alignment("joint", 0.1), 5)
    np.testing.assert_array_equal(one.weight, fit(Alignment("joint", 0.1), 5).weight)


def test_closed_forms_are_fitted_by_the_same_call() -> None:
    made = fit_adapters(VECTORS, TABLE, Alignment("whitened", checkpoints=(2, 5)))
    assert [(adapter.steps, adapter.width) for adapter in made] == [(2, 2), (5, 5)]
    np.testing.assert_allclose(np.cov(made[1](VECTORS).T, bias=True), np.eye(5), atol=1e-4)
    assert fit(Alignment("canonical"), 4)(VECTORS).shape == VECTORS.shape


def test_sparse_cover_is_dense_cover() -> None:
    sparse = dataclasses.replace(TABLE, cover=csr_array(TABLE.cover))
    for recipe in (Recipe(), Recipe(vegeta="joint"), Recipe(targets="floristic")):
        alignment = Alignment("contrastive", recipe=recipe)
        np.testing.assert_allclose(
            fit_adapter(VECTORS, sparse, alignment, 8).weight, fit_adapter(VECTORS, TABLE, alignment, 8).weight,
            atol=1e-4,
        )


def test_held_out_retrieval_is_told_at_every_checkpoint_and_changes_nothing() -> None:
    said: list[str] = []
    progress = Progress(log=lambda level, message: said.append(message))
    held = planted(40, dimension=16, species=8, seed=0)
    gallery = (Standardiser.fit(TABLE.vectors)(held.vectors), held.cover)
    alignment = Alignment("contrastive", checkpoints=(5, 20))
    made = fit_adapters(VECTORS, TABLE, alignment, gallery=gallery, progress=progress)
    assert len(said) == 2
    assert re.fullmatch(r"contrastive, 5 steps: R@5 [.\d]+ \(chance .12\) on 40 held-out plots", said[0]), said
    np.testing.assert_array_equal(made[1].weight, fit(alignment, 20).weight)


def test_views_are_seen_and_copies_of_the_patch_change_nothing() -> None:
    alignment = Alignment("botaclip", 0.1)
    plain = fit(alignment, 12)
    copies = np.repeat(VECTORS[:, None], 3, axis=1)
    same = fit_adapter(VECTORS, TABLE, alignment, 12, views=copies)
    np.testing.assert_array_equal(plain.weight, same.weight)
    other = fit_adapter(VECTORS, TABLE, alignment, 12, views=copies[:, :, ::-1])
    assert np.abs(plain.weight - other.weight).max() > 1e-3


# --- What is tried ---------------------------------------------------------------------------------------------------


def test_weights_of_the_species_head_are_tried_crosswise_and_chosen_among() -> None:
    def joint(**given: object) -> list[tuple[float, float]]:
        made = candidates(400, **given)  # type: ignore[arg-type]
        return [(a.weight, a.recipe.species_weight) for a in made if a.name == "joint"]

    assert joint() == [(0.1, 1.0), (0.1, 0.3), (0.1, 3.0)]
    assert joint(lambdas=(0.1, 1.0)) == [(0.1, 1.0), (1.0, 1.0), (1.0, 0.3), (1.0, 3.0)]
    assert joint(lambdas=(0.5,), species_weights=(2.0,)) == [(0.5, 2.0)]
    assert joint(lambdas=(0.0, 0.2), species_weights=(0.1, 4.0)) == [(0.0, 0.1), (0.2, 0.1), (0.2, 4.0)]
    assert joint(recipe=Recipe(species_weight=0.7)) == [(0.1, 0.7)]
    # Different alignments: inner validation can tell their trials apart and take any.
    assert len({a for a in candidates(400) if a.name == "joint"}) == 3


def test_candidates_hold_every_alignment() -> None:
    tried = candidates(400, dimension=512)
    assert {alignment.name for alignment in tried} == set(NAMES) - {"none"}
    expected = {
        "supervised": SUPERVISED_CHECKPOINTS, "joint": JOINT_CHECKPOINTS, "whitened": WHITENED_AXES,
        "canonical": CANONICAL_AXES,
    }  # fmt: skip
    for alignment in tried:
        assert alignment.checkpoints == expected.get(alignment.name, CHECKPOINTS)
    for name in ("botaclip", "joint"):
        assert {alignment.weight for alignment in tried if alignment.name == name} == {0.1}
    assert {a.weight for a in candidates(400, lambdas=(0.5,)) if a.name in ("botaclip", "joint")} == {0.5}
    recipe = Recipe(adapter="residual")
    assert {a.recipe for a in candidates(400, recipe=recipe) if a.name != "joint"} == {recipe}


@pytest.mark.parametrize(
    ("plots", "dimension", "whitened", "canonical"),
    [(400, 512, (8, 16, 32, 64, 128), (4, 8, 16, 32)), (100, 512, (8, 16, 32), (4, 8, 16, 32)),
     (400, 24, (8, 16), (4, 8, 16)), (20, 512, (8,), (4, 8)), (400, 3, (2,), (2,))],
)  # fmt: skip
def test_axes_stay_below_plots_and_dimensions(
    plots: int, dimension: int, whitened: tuple[int, ...], canonical: tuple[int, ...]
) -> None:
    found = {a.name: a.checkpoints for a in candidates(plots, dimension=dimension)}
    assert (found["whitened"], found["canonical"]) == (whitened, canonical)


@pytest.mark.parametrize(
    ("plots", "contrastive", "joint", "supervised"),
    [(20, CHECKPOINTS, JOINT_CHECKPOINTS, SUPERVISED_CHECKPOINTS),
     (1_000, CHECKPOINTS, JOINT_CHECKPOINTS, SUPERVISED_CHECKPOINTS),
     (4_000, (160, 320, 640, 1_280, 2_560), (40, 160, 320, 640), (80, 160, 320, 640, 1_280)),
     (100_000, (160, 320, 640, 1_280, 2_560), (40, 160, 320, 640), (160, 320, 640, 1_280, 2_560))],
)  # fmt: skip
def test_more_plots_carry_more_steps(
    plots: int, contrastive: tuple[int, ...], joint: tuple[int, ...], supervised: tuple[int, ...]
) -> None:
    assert ladder(CHECKPOINTS, plots) == contrastive
    assert ladder(SUPERVISED_CHECKPOINTS, plots) == supervised
    assert {a.name: a.checkpoints for a in candidates(plots)}["joint"] == joint


def test_a_joint_adapter_takes_as_many_steps_as_others_unless_it_begins_at_the_closed_form() -> None:
    from_identity = candidates(400, recipe=Recipe(adapter_start="identity"))
    assert {a.checkpoints for a in from_identity if a.name == "joint"} == {CHECKPOINTS}


@pytest.mark.parametrize(
    ("plots", "epochs", "checkpoints"),
    # 1,000 plots are four batches a pass; 300 are one.
    [
        (1_000, 5, (20,)), (1_000, 10, (40,)), (300, 200, (40, 160)), (300, 7, (7,)), (300, 0, (0,)),
        (300, 640, CHECKPOINTS),
    ],
)
def test_epochs_bound_the_passes_over_the_plots(plots: int, epochs: int, checkpoints: tuple[int, ...]) -> None:
    _, _, supervised, *others = candidates(plots, epochs=epochs)
    for alignment in others:
        whole = JOINT_CHECKPOINTS if alignment.name == "joint" else CHECKPOINTS
        assert alignment.checkpoints == (whole if checkpoints == CHECKPOINTS else checkpoints)
    most = epochs * max(1, round(plots / BATCH))
    assert max(supervised.checkpoints) <= most
    assert supervised.checkpoints == (tuple(s for s in SUPERVISED_CHECKPOINTS if s <= most) or (most,))


def test_labels_tell_candidates_apart() -> None:
    labels = [alignment.label for alignment in candidates(100)]
    assert labels == [
        "whitened", "canonical", "supervised", "contrastive", "botaclip, lambda 0.1",
        "joint, lambda 0.1", "joint, lambda 0.1, species weight 0.3", "joint, lambda 0.1, species weight 3",
    ]  # fmt: skip
    assert dataclasses.replace(candidates(100)[2], weight=0.5).label == "supervised, lambda 0.5"


@pytest.mark.parametrize("name", ["whitened", "canonical", "supervised", "contrastive"])
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("part", ["vectors", "cover", "presence", "views"])
def test_what_is_no_finite_number_is_one_sentence_before_any_fit(name: str, value: float, part: str) -> None:
    table = planted(40)
    wrong = np.array(table.vectors if part in ("vectors", "views") else getattr(table, part))
    wrong[7, 1] = value
    vectors = wrong if part == "vectors" else table.vectors
    views = wrong[:, None] if part == "views" else None
    if part in ("cover", "presence"):
        table = dataclasses.replace(table, **{part: csr_array(wrong) if part == "cover" else wrong})
    with pytest.raises(PairingError, match="of 1 of 40 plots hold what is no finite number, 'p007' among them"):
        fit_adapters(vectors, table, Alignment(name, checkpoints=(1,)), views=views)


def test_vectors_of_other_plots_than_the_releves_are_refused() -> None:
    table = planted(40)
    with pytest.raises(PairingError, match="image vectors of 39 plots for 40 plots"):
        fit_adapters(table.vectors[:39], table, Alignment("supervised", checkpoints=(1,)))
