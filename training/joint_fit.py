"""The joint objective: contrastive and supervised at once. Needs torch.

A relevé as a whole says what an image should look like, and each species says it for itself; in trials either helped
at times. With the geometry-preserving term beside it, it is the sum of all that is tried.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from torch import Tensor, nn

from botaclip.training.contrastive_fit import ContrastiveObjective, GramObjective
from botaclip.training.supervised_fit import SupervisedObjective

if TYPE_CHECKING:
    from botaclip.training.vegeta import ReleveTower


class JointObjective(nn.Module):
    """``contrastive + weight * species head``, both per plot of the batch.

    Parameters
    ----------
    contrastive, supervised
        The two objectives, of the same plots.
    weight
        Weight of the species head's loss.
    """

    def __init__(
        self, contrastive: ContrastiveObjective | GramObjective, supervised: SupervisedObjective, weight: float
    ) -> None:
        super().__init__()
        self.contrastive, self.supervised, self.weight = contrastive, supervised, weight

    def parts(self) -> list[tuple[nn.Module, float]]:
        """Return what is trained, each with its speed relative to the image adapter's."""
        return [*self.contrastive.parts(), *self.supervised.parts()]

    def loss(self, z: Tensor, rows: Tensor) -> Tensor:
        """Return the loss of adapted vectors (B, E) of the plots ``rows`` (B,)."""
        return self.contrastive.loss(z, rows) + self.weight * self.supervised.loss(z, rows)

    def releve_side(self) -> ReleveTower | None:
        """Return the contrastive objective's relevé side."""
        return self.contrastive.releve_side()
