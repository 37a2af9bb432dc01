"""The joint objective is the sum of its two parts, each at its own speed."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from botaclip.training.alignment import Alignment, fit_adapter
from botaclip.training.contrastive_fit import RELEVE_SPEED, ContrastiveObjective, GramObjective
from botaclip.training.joint_fit import JointObjective
from botaclip.training.recipe import Recipe
from botaclip.training.standardiser import Standardiser
from botaclip.training.supervised_fit import SupervisedObjective

from .small_tables import planted

TABLE = planted(60, dimension=12, species=6)
VECTORS = Standardiser.fit(TABLE.vectors)(TABLE.vectors)
Z, ROWS = torch.as_tensor(VECTORS), torch.arange(60)


def parts() -> tuple[ContrastiveObjective, SupervisedObjective]:
    torch.set_num_threads(1)
    contrastive = ContrastiveObjective(TABLE, VECTORS, Recipe(), device="cpu", random_state=1)
    supervised = SupervisedObjective(TABLE.presence, VECTORS, "cpu")
    torch.nn.init.normal_(supervised.head.weight, generator=torch.Generator().manual_seed(0))
    return contrastive, supervised


@pytest.mark.parametrize("weight", [0.0, 0.5, 3.0])
def test_the_loss_is_the_sum(weight: float) -> None:
    contrastive, supervised = parts()
    joint = JointObjective(contrastive, supervised, weight)
    expected = contrastive.loss(Z, ROWS) + weight * supervised.loss(Z, ROWS)
    assert float(joint.loss(Z, ROWS).detach()) == pytest.approx(float(expected.detach()), rel=1e-6)


def test_both_sides_get_their_gradient_and_their_speed() -> None:
    contrastive, supervised = parts()
    joint = JointObjective(contrastive, supervised, 1.0)
    z = Z.clone().requires_grad_()
    joint.loss(z, ROWS).backward()
    assert all(p.grad is not None and p.grad.abs().max() > 0 for p in joint.parameters())
    gradients = []
    for objective in parts():
        own = Z.clone().requires_grad_()
        objective.loss(own, ROWS).backward()
        gradients.append(own.grad)
    torch.testing.assert_close(z.grad, gradients[0] + gradients[1])
    speeds = {id(module): speed for module, speed in joint.parts()}
    assert speeds[id(supervised.head)] == 1.0 and speeds[id(contrastive.adapter)] == RELEVE_SPEED
    trained = [p for module, _ in joint.parts() for p in module.parameters()]
    assert {id(p) for p in trained} == {id(p) for p in joint.parameters()} and len(trained) == len({*map(id, trained)})


def test_a_weight_of_0_is_the_contrastive_fit() -> None:
    def fit(name: str, weight: float) -> np.ndarray:
        alignment = Alignment(name, 0.1, recipe=Recipe(species_weight=weight, adapter_start="identity"))
        return fit_adapter(VECTORS, TABLE, alignment, 10).weight

    np.testing.assert_allclose(fit("joint", 0.0), fit("botaclip", 1.0), atol=1e-6)
    assert np.abs(fit("joint", 1.0) - fit("botaclip", 1.0)).max() > 1e-3


def test_it_has_the_contrastive_releve_side() -> None:
    contrastive, supervised = parts()
    tower = JointObjective(contrastive, supervised, 1.0).releve_side()
    assert tower is not None
    np.testing.assert_array_equal(tower(TABLE.cover), contrastive.releve_side()(TABLE.cover))
    assert JointObjective(GramObjective(TABLE, Recipe(targets="gram")), supervised, 1.0).releve_side() is None
