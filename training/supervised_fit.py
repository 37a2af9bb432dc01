"""Supervised adaptation: a species head on the adapted vectors, thrown away afterwards (after the paper's BotaSP).

Needs torch.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from botaclip.training.heads import clipped_prevalence

Array = NDArray[np.floating]

# Of the species head that is trained along, in the unit of heads.PENALTIES.
HEAD_PENALTY = 0.3


class SupervisedObjective(nn.Module):
    """Squared error of a linear species head that moves with the adapter.

    The head is the linear one of :mod:`botaclip.training.heads`: squared error of presence scaled to unit variance,
    so that rare species count as much as common ones, and a ridge penalty, so that it does not run ahead of the
    adapter and learn the plots by heart (in trials better than cross-entropy with or without dropout).

    Parameters
    ----------
    presence
        Presence of the modelled species (N, S).
    begun
        Vectors of the plots as the adapter starts (N, E): the unit of the penalty.
    device
        Torch device.
    """

    def __init__(self, presence: Array, begun: Array, device: str) -> None:
        super().__init__()
        prevalence = clipped_prevalence(presence)
        target = (presence - prevalence) / np.sqrt(prevalence * (1.0 - prevalence))
        h = torch.as_tensor(begun, dtype=torch.float32, device=device)
        self.target = torch.as_tensor(target, dtype=torch.float32, device=device)
        self.penalty = HEAD_PENALTY * float(h.square().sum(dim=1).mean()) / len(h)
        self.head = nn.Linear(h.shape[1], presence.shape[1])
        nn.init.zeros_(self.head.weight)
        nn.init.zeros_(self.head.bias)
        self.to(device)

    def parts(self) -> list[tuple[nn.Module, float]]:
        """Return what is trained, each with its speed relative to the image adapter's."""
        return [(self.head, 1.0)]

    def loss(self, z: Tensor, rows: Tensor) -> Tensor:
        """Return the loss of adapted vectors (B, E) of the plots ``rows`` (B,)."""
        # Summed over species, divided by the batch size: the scale of the contrastive loss and the regulariser.
        error = (self.head(z) - self.target[rows]).square().sum() / len(rows)
        return 0.5 * (error + self.penalty * self.head.weight.square().sum())

    def releve_side(self) -> None:
        """Return nothing: no relevé tower is trained."""
        return None
