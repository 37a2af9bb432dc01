"""The species head that is trained along and thrown away."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from botaclip.training.supervised_fit import HEAD_PENALTY, SupervisedObjective

from .small_tables import planted

TABLE = planted(50, dimension=6, species=5)


def test_the_loss_before_any_step_is_half_the_number_of_species() -> None:
    # A head of zeros leaves presence scaled to unit variance: 1 for each species on average, over all plots.
    objective = SupervisedObjective(TABLE.presence, TABLE.vectors, "cpu")
    rows = torch.arange(50)
    assert float(objective.loss(torch.as_tensor(TABLE.vectors), rows).detach()) == pytest.approx(5 / 2, rel=1e-5)
    assert objective.releve_side() is None


def test_the_loss_by_hand() -> None:
    objective = SupervisedObjective(TABLE.presence, TABLE.vectors, "cpu")
    random = np.random.default_rng(0)
    weight, bias = random.normal(size=(5, 6)).astype(np.float32), random.normal(size=5).astype(np.float32)
    with torch.no_grad():
        objective.head.weight.copy_(torch.as_tensor(weight))
        objective.head.bias.copy_(torch.as_tensor(bias))
    rows = np.array([4, 0, 9])
    p = TABLE.presence.mean(axis=0)
    target = (TABLE.presence[rows] - p) / np.sqrt(p * (1 - p))
    error = np.square(TABLE.vectors[rows] @ weight.T + bias - target).sum() / 3
    penalty = HEAD_PENALTY * np.square(TABLE.vectors).sum(axis=1).mean() / 50 * np.square(weight).sum()
    made = float(objective.loss(torch.as_tensor(TABLE.vectors[rows]), torch.as_tensor(rows)).detach())
    assert made == pytest.approx(0.5 * (error + penalty), rel=1e-4)


def test_a_species_in_every_plot_is_no_division_by_zero() -> None:
    presence = TABLE.presence.copy()
    presence[:, 0], presence[:, 1] = 1.0, 0.0
    objective = SupervisedObjective(presence, TABLE.vectors, "cpu")
    assert np.isfinite(float(objective.loss(torch.as_tensor(TABLE.vectors), torch.arange(50)).detach()))


def test_gradients_reach_the_vectors_and_the_head_once_it_has_moved() -> None:
    objective = SupervisedObjective(TABLE.presence, TABLE.vectors, "cpu")
    torch.nn.init.normal_(objective.head.weight)
    z = torch.as_tensor(TABLE.vectors).requires_grad_()
    objective.loss(z, torch.arange(50)).backward()
    assert z.grad is not None and z.grad.abs().max() > 0
    ((head, speed),) = objective.parts()
    assert speed == 1.0 and all(p.grad is not None and p.grad.abs().max() > 0 for p in head.parameters())
