"""What the bundled encoder is pre-trained for, held against values computed by hand and by other formulas."""

from __future__ import annotations

import numpy as np
import torch

from botaclip.training.pretrain_objectives import simclr, told, vicreg


def test_vicreg_by_hand() -> None:
    first = torch.tensor([[1.0, 0.0], [-1.0, 0.0], [0.0, 1.0], [0.0, -1.0]])
    second = first + torch.tensor([0.5, 0.0])
    # Invariance: mean of (.25, 0) over 8 numbers. Variances 2/3 of both; no covariance; a shift changes neither.
    variance = 1.0 - np.sqrt(2 / 3 + 1e-4)
    np.testing.assert_allclose(vicreg(first, second).item(), 25 * 0.125 + 25 * variance, rtol=1e-5)


def test_vicreg_punishes_what_says_the_same_twice() -> None:
    z = torch.randn(200, 1, generator=torch.Generator().manual_seed(0)) * 2
    twice, alone = torch.cat([z, z], dim=1), torch.cat([z, z[torch.randperm(200)]], dim=1)
    # Two equal numbers of variance v: off-diagonal covariance v twice, squared, over 2 numbers, for both views.
    v = float(z.var())
    np.testing.assert_allclose(vicreg(twice, twice).item(), 2 * v**2, rtol=1e-4)
    assert vicreg(alone, alone) < vicreg(twice, twice)


def test_simclr_is_the_cross_entropy_written_out() -> None:
    first, second = (torch.randn(5, 3, generator=torch.Generator().manual_seed(s)) for s in (1, 2))
    rows = torch.cat([first, second]).numpy()
    unit = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    similar = np.exp(unit @ unit.T / 0.2)
    losses = [
        -np.log(similar[i, (i + 5) % 10] / (similar[i].sum() - similar[i, i])) for i in range(10)
    ]  # fmt: skip
    np.testing.assert_allclose(simclr(first, second).item(), np.mean(losses), rtol=1e-5)


def test_what_is_not_known_is_not_asked() -> None:
    predicted = torch.tensor([[1.0, 5.0], [2.0, 7.0]], requires_grad=True)
    wanted = torch.tensor([[0.0, torch.nan], [2.0, 4.0]])
    loss = told(predicted, wanted)
    np.testing.assert_allclose(loss.item(), (1 + 0 + 9) / 3, rtol=1e-6)
    loss.backward()
    assert predicted.grad is not None and predicted.grad[0, 1] == 0.0 and torch.isfinite(predicted.grad).all()
    assert told(predicted, torch.full((2, 2), torch.nan)).item() == 0.0
