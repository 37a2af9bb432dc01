"""The two terms BotaCLIP minimises: sigmoid contrastive loss and geometry-preserving regulariser.

Both are divided by the batch size B, not by the number of pairs: learning rates and the weight of the regulariser
refer to that. Needs torch.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from botaclip.core.errors import OptionError


class SigmoidContrastiveLoss(nn.Module):
    """Every pair of the batch is its own yes-or-no question: whether this relevé belongs to this image.

    ``L = -(1/B) sum_ij log sigmoid(m_ij (t <x_i, y_j> + b))`` with ``m_ij`` 1 for a pair that belongs together and -1
    otherwise, ``t = exp(t')``, and ``t'``, ``b`` learnable (Zhai et al. 2023, doi:10.1109/ICCV51070.2023.01100). A
    sigmoid needs no large batch, unlike a softmax over the batch, so it suits a few hundred relevés.

    Parameters
    ----------
    temperature
        Start of ``t'``; the published ``log 10``.
    bias
        Start of ``b``; -10 starts near the share of true pairs in a large batch, -2.71 has been used for small ones.
    """

    def __init__(self, *, temperature: float = math.log(10.0), bias: float = -10.0) -> None:
        super().__init__()
        self.temperature = nn.Parameter(torch.tensor(float(temperature)))
        self.bias = nn.Parameter(torch.tensor(float(bias)))

    def logits(self, image: Tensor, releve: Tensor) -> Tensor:
        """Return ``t <x_i, y_j> + b`` (B, B) of L2-normalised rows."""
        x = functional.normalize(image, dim=1, eps=1e-8)
        y = functional.normalize(releve, dim=1, eps=1e-8)
        return self.temperature.exp() * x @ y.T + self.bias

    @staticmethod
    def labels(size: int, *, device: torch.device | None = None) -> Tensor:
        """Return ``m`` (B, B): 1 on the diagonal, -1 elsewhere."""
        return 2.0 * torch.eye(size, device=device) - 1.0

    def forward(self, image: Tensor, releve: Tensor, labels: Tensor | None = None) -> Tensor:
        """Return the loss of a batch.

        Parameters
        ----------
        image, releve
            Vectors (B, E) whose rows belong together; normalised here.
        labels
            ``m`` (B, B) with 1, -1, or 0 for "don't know"; the diagonal when None.
        """
        logits = self.logits(image, releve)
        if labels is None:
            labels = self.labels(len(image), device=logits.device)
        return -(functional.logsigmoid(labels * logits) * labels.abs()).sum() / len(image)


class GeometryRegulariser(nn.Module):
    """Keeps the pairwise cosines of the adapted image vectors near those of the frozen ones.

    ``R = (1/B) sum_{i != j} (<z_i, z_j> - <h_i, h_j>)^2`` of L2-normalised rows: the Gram matrix of the batch is
    anchored, so R is zero at an identity start, is blind to rotations, and needs no relevés. As a mean over B^2
    (``scale="mean"``) with weight 1 it does nothing beside a contrastive term divided by B.

    Parameters
    ----------
    scale
        ``sum`` or ``mean``.
    """

    def __init__(self, *, scale: str = "sum") -> None:
        super().__init__()
        if scale not in ("sum", "mean"):
            raise OptionError(f"the regulariser cannot be scaled by {scale!r}", remedy="use sum or mean")
        self.scale = scale

    def forward(self, adapted: Tensor, frozen: Tensor) -> Tensor:
        """Return R of adapted (B, E) and frozen, standardised (B, D) vectors of the same plots."""
        z = functional.normalize(adapted, dim=1, eps=1e-8)
        h = functional.normalize(frozen, dim=1, eps=1e-8)
        size = len(z)
        off_diagonal = ~torch.eye(size, dtype=torch.bool, device=z.device)
        squares = (z @ z.T - h @ h.T).square()[off_diagonal].sum()
        return squares / (size if self.scale == "sum" else size * size)
