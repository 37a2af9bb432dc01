"""Fitting the adapters: identity at the start, repeatable, and each term does what it is there for."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch
from scipy.special import expit

from botaclip.core.errors import Cancelled
from botaclip.core.losses import GeometryRegulariser
from botaclip.core.progress import Progress
from botaclip.training.alignment import (
    BATCH,
    CHECKPOINTS,
    SUPERVISED_CHECKPOINTS,
    Adapter,
    Alignment,
    candidates,
    fit_adapter,
    fit_adapters,
)
from botaclip.training.metrics import neighbour_overlap
from botaclip.training.standardiser import Standardiser
from botaclip.training.vegeta import hellinger

from .small_tables import planted

NAMES = ("supervised", "contrastive", "botaclip")
TABLE = planted(100, dimension=16, species=8)
VECTORS = Standardiser.fit(TABLE.vectors)(TABLE.vectors)


@pytest.fixture(autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)


def fit(alignment: Alignment, steps: int, *, random_state: int = 1) -> Adapter:
    return fit_adapter(VECTORS, TABLE.cover, TABLE.presence, alignment, steps, random_state=random_state)


def unit(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def geometry(adapter: Adapter, scale: str = "sum") -> float:
    adapted, frozen = torch.as_tensor(adapter(VECTORS)), torch.as_tensor(VECTORS)
    return float(GeometryRegulariser(scale=scale)(adapted, frozen))


def releve_side(adapter: Adapter) -> np.ndarray:
    assert adapter.tower is not None
    (weight, bias), = adapter.tower.layers
    return (hellinger(TABLE.cover) - adapter.tower.centre) @ weight + bias


@pytest.mark.parametrize("name", NAMES)
def test_step_0_is_the_identity_and_breaks_no_geometry(name: str) -> None:
    adapter = fit(Alignment(name, 1.0), 0)
    np.testing.assert_array_equal(adapter(VECTORS), VECTORS)
    assert geometry(adapter) == 0.0
    assert geometry(fit(Alignment(name, 0.0), 40)) > 1e-3


@pytest.mark.parametrize("name", NAMES)
def test_a_longer_run_passes_through_the_same_adapters(name: str) -> None:
    alignment = Alignment(name, 0.1 if name == "botaclip" else 0.0, checkpoints=(3, 10, 25))
    run = fit_adapters(VECTORS, TABLE.cover, TABLE.presence, alignment)
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
        fit_adapter(vectors, table.cover, table.presence, Alignment("contrastive"), 6, random_state=seed)
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
        geometry(fit(Alignment("botaclip", weight, scale), 120))
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
    other = fit_adapter(VECTORS, TABLE.cover[order], TABLE.presence[order], Alignment("contrastive"), 40)
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
        fit_adapter(VECTORS, TABLE.cover, TABLE.presence, Alignment("supervised"), 10_000, progress=progress)
    assert steps == 6


def test_candidates_hold_every_alignment() -> None:
    assert {alignment.name for alignment in candidates(400)} == set(NAMES)
    for alignment in candidates(400):
        expected = SUPERVISED_CHECKPOINTS if alignment.name == "supervised" else CHECKPOINTS
        assert alignment.checkpoints == expected
    assert {alignment.weight for alignment in candidates(400) if alignment.name == "botaclip"} == {0.1, 1.0}


@pytest.mark.parametrize(
    ("plots", "epochs", "checkpoints"),
    # 1,000 plots are four batches a pass; 300 are one.
    [
        (1_000, 5, (20,)), (1_000, 10, (20, 40)), (300, 20, (20,)), (300, 7, (7,)), (300, 0, (0,)),
        (300, 500, CHECKPOINTS),
    ],
)
def test_epochs_bound_the_passes_over_the_plots(plots: int, epochs: int, checkpoints: tuple[int, ...]) -> None:
    supervised, *others = candidates(plots, epochs=epochs)
    assert all(alignment.checkpoints == checkpoints for alignment in others)
    most = epochs * max(1, round(plots / BATCH))
    assert max(supervised.checkpoints) <= most
    assert supervised.checkpoints == (tuple(s for s in SUPERVISED_CHECKPOINTS if s <= most) or (most,))


def test_labels_tell_candidates_apart() -> None:
    labels = [alignment.label for alignment in candidates(100)]
    assert labels == ["supervised", "contrastive", "botaclip, lambda 0.1", "botaclip, lambda 1"]
    assert dataclasses.replace(candidates(100)[0], weight=0.5).label == "supervised, lambda 0.5"
