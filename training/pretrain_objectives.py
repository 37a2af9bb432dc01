"""What the bundled encoder is pre-trained for: two views of a place alike, and descriptors told. Needs torch."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

# Of Bardes et al.'s three terms, as they weigh them.
_INVARIANCE, _VARIANCE, _COVARIANCE = 25.0, 25.0, 1.0
_TEMPERATURE = 0.2


def vicreg(first: Tensor, second: Tensor) -> Tensor:
    """Return VICReg of two views (B, P): alike, each number of standard deviation 1, numbers uncorrelated.

    Bardes, Ponce & LeCun 2022, arXiv:2105.04906: ``25 mean (z - z')^2 + 25 (v(z) + v(z')) / 2 + (c(z) + c(z'))`` with
    ``v`` the mean of ``max(0, 1 - sqrt(var + 1e-4))`` over the numbers and ``c`` the sum of squared off-diagonal
    covariances divided by P.
    """
    invariance = functional.mse_loss(first, second)
    variance = covariance = first.new_zeros(())
    for z in (first, second):
        centred = z - z.mean(dim=0)
        variance = variance + functional.relu(1.0 - (centred.var(dim=0) + 1e-4).sqrt()).mean() / 2.0
        product = centred.T @ centred / (len(z) - 1)
        covariance = covariance + (product.square().sum() - product.diagonal().square().sum()) / z.shape[1]
    return _INVARIANCE * invariance + _VARIANCE * variance + _COVARIANCE * covariance


def simclr(first: Tensor, second: Tensor) -> Tensor:
    """Return the normalised temperature-scaled cross entropy of two views (B, P), temperature 0.2.

    Chen et al. 2020, arXiv:2002.05709: each of the 2 B views has its partner to find among the other 2 B - 1.
    """
    z = functional.normalize(torch.cat([first, second]), dim=1)
    logits = z @ z.T / _TEMPERATURE
    logits = logits.masked_fill(torch.eye(len(z), dtype=torch.bool, device=z.device), -torch.inf)
    partner = torch.arange(len(z), device=z.device).roll(len(first))
    return functional.cross_entropy(logits, partner)


def told(predicted: Tensor, wanted: Tensor) -> Tensor:
    """Return the mean squared error of numbers (B, K), leaving out those wanted that are not known (NaN)."""
    known = torch.isfinite(wanted)
    error = torch.where(known, predicted - torch.nan_to_num(wanted), predicted.new_zeros(()))
    return error.square().sum() / known.sum().clamp_min(1)
