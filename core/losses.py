"""The terms that BotaCLIP minimises: contrastive losses, and what keeps the geometry that the encoder brought along.

All of them are divided by the batch size B, not by the number of pairs (``mean`` excepted): learning rates and the
weight of a regulariser refer to that. All normalise the rows that they are given. Needs torch.

Which pairs of a batch belong together is told by a table of labels (B, B), rows images and columns relevés; see
:mod:`botaclip.core.pair_labels`.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from botaclip.core.errors import OptionError

_EPS = 1e-8


def _unit(rows: Tensor) -> Tensor:
    return functional.normalize(rows, dim=1, eps=_EPS)


def _off_diagonal(size: int, device: torch.device) -> Tensor:
    return ~torch.eye(size, dtype=torch.bool, device=device)


def _scale(scale: str) -> str:
    if scale not in ("sum", "mean"):
        raise OptionError(f"the regulariser cannot be scaled by {scale!r}", remedy="use sum or mean")
    return scale


class SigmoidContrastiveLoss(nn.Module):
    """Every pair of the batch is its own yes-or-no question: whether this relevé belongs to this image.

    ``L = -(1/B) sum_ij log sigmoid(m_ij (t <x_i, y_j> + b))`` with ``m_ij`` 1 for a pair that belongs together and -1
    otherwise, ``t = exp(t')``, and ``t'``, ``b`` learnable (Zhai et al. 2023, doi:10.1109/ICCV51070.2023.01100). A
    sigmoid needs no large batch, unlike a softmax over the batch, so it suits a few hundred relevés.

    With soft targets ``p_ij`` in [0, 1] each pair is the binary cross entropy of its logit ``l``,
    ``-p log sigmoid(l) - (1 - p) log sigmoid(-l)``. For ``p = 1`` that is ``-log sigmoid(l)`` and for ``p = 0``
    ``-log sigmoid(-l)``, the two hard cases; and as ``log sigmoid(l) = l + log sigmoid(-l)`` it equals
    ``-log sigmoid(-l) - p l``, linear in ``p``.

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
        return self.temperature.exp() * _unit(image) @ _unit(releve).T + self.bias

    @staticmethod
    def labels(size: int, *, device: torch.device | None = None) -> Tensor:
        """Return ``m`` (B, B): 1 on the diagonal, -1 elsewhere."""
        return 2.0 * torch.eye(size, device=device) - 1.0

    def forward(
        self, image: Tensor, releve: Tensor, labels: Tensor | None = None, targets: Tensor | None = None
    ) -> Tensor:
        """Return the loss of a batch.

        Parameters
        ----------
        image, releve
            Vectors (B, E) whose rows belong together.
        labels
            ``m`` (B, B) with 1, -1, or 0 for "don't know"; the diagonal when None.
        targets
            Soft targets ``p`` (B, B) in [0, 1] instead of the signs of ``labels``; pairs whose label is 0 are left
            out all the same.
        """
        logits = self.logits(image, releve)
        if targets is not None:
            asked = torch.ones_like(logits) if labels is None else labels.abs()
            pairs = functional.logsigmoid(-logits) + targets.to(logits) * logits
            return -(pairs * asked).sum() / len(image)
        if labels is None:
            # Hard targets on the diagonal, in the form above: no table of labels has to be made and multiplied.
            return -(functional.logsigmoid(-logits).sum() + logits.diagonal().sum()) / len(image)
        return -(functional.logsigmoid(labels * logits) * labels.abs()).sum() / len(image)


class InfoNCE(nn.Module):
    """Which of the batch's relevés belongs to this image, and which image to this relevé: a softmax both ways.

    ``L = (L_rows + L_columns) / 2``, each the mean over the B images (relevés) of
    ``-log sum_(j positive) exp(t <x_i, y_j>) / sum_(j known) exp(t <x_i, y_j>)``: with one positive the usual cross
    entropy (van den Oord et al. 2018, arXiv:1807.03748; symmetric as by Radford et al. 2021, arXiv:2103.00020), with
    several the probability that any of them is taken (Miech et al. 2020, arXiv:1912.06430). With soft
    targets it is the cross entropy against each row's targets divided by their sum. Pairs marked "don't know" stand
    in neither sum.

    Parameters
    ----------
    temperature
        Start of ``t'``, ``t = exp(t')``; learnt.
    """

    def __init__(self, *, temperature: float = math.log(10.0)) -> None:
        super().__init__()
        self.temperature = nn.Parameter(torch.tensor(float(temperature)))

    def forward(
        self, image: Tensor, releve: Tensor, labels: Tensor | None = None, targets: Tensor | None = None
    ) -> Tensor:
        """Return the loss of a batch; parameters as for :class:`SigmoidContrastiveLoss`.

        A row's own pair is on the diagonal and must not be "don't know".
        """
        logits = self.temperature.exp() * _unit(image) @ _unit(releve).T
        if labels is None:
            labels = SigmoidContrastiveLoss.labels(len(image), device=logits.device)
        logits = logits.masked_fill(labels == 0, -math.inf)
        if targets is not None:
            return (_soft_entropy(logits, targets) + _soft_entropy(logits.T, targets.T)) / 2.0
        positive = logits.masked_fill(labels <= 0, -math.inf)
        both = [positive.logsumexp(dim=dim) - logits.logsumexp(dim=dim) for dim in (1, 0)]
        return -(both[0].mean() + both[1].mean()) / 2.0


def _soft_entropy(logits: Tensor, targets: Tensor) -> Tensor:
    """Return the mean cross entropy of rows against soft targets; pairs whose logit is -inf are left out."""
    known = torch.isfinite(logits)
    share = (targets.to(logits) * known).clamp_min(0.0)
    share = share / share.sum(dim=1, keepdim=True).clamp_min(_EPS)
    # What is not known has share 0; 0 times -inf would be no number.
    return -(share * logits.log_softmax(dim=1).masked_fill(~known, 0.0)).sum(dim=1).mean()


class GeometryRegulariser(nn.Module):
    """Keeps the pairwise cosines of the adapted image vectors near those of the frozen ones.

    ``R = (1/B) sum_{i != j} (<z_i, z_j> - <h_i, h_j>)^2`` of L2-normalised rows: the Gram matrix of the batch is
    anchored, so R is zero at an identity start, is blind to rotations, and needs no relevés. As a mean over B^2
    (``scale="mean"``) with weight 1 it does nothing beside a contrastive term divided by B.

    Parameters
    ----------
    scale
        ``sum`` or ``mean``.

    Raises
    ------
    OptionError
        The scale is neither.
    """

    def __init__(self, *, scale: str = "sum") -> None:
        super().__init__()
        self.scale = _scale(scale)

    def forward(self, adapted: Tensor, frozen: Tensor) -> Tensor:
        """Return R of adapted (B, E) and frozen, standardised (B, D) vectors of the same plots."""
        z, h = _unit(adapted), _unit(frozen)
        size = len(z)
        # The diagonal is 1 - 1 up to rounding: taking it off again is exact enough, and quicker than cutting it out.
        squares = (z @ z.T - h @ h.T).square()
        off_diagonal = squares.sum() - squares.diagonal().sum()
        return off_diagonal / (size if self.scale == "sum" else size * size)


class NeighbourRegulariser(nn.Module):
    """Keeps who is whose neighbour: near plots count most, far ones hardly.

    ``R = (1/B) sum_i KL(P_i || Q_i)`` with ``P_i`` and ``Q_i`` the softmax over ``j != i`` of ``<h_i, h_j> / tau`` and
    ``<z_i, z_j> / tau``: the frozen neighbourhood of each plot against the adapted one (as stochastic neighbour
    embedding has it, Hinton & Roweis 2002; between two networks, Passalis & Tefas 2018, arXiv:1803.10837). Zero and
    flat at an identity start, blind to rotations, needs no relevés.

    Parameters
    ----------
    temperature
        ``tau``; the smaller, the fewer neighbours count.

    Raises
    ------
    OptionError
        The temperature is not above 0.
    """

    def __init__(self, *, temperature: float = 0.1) -> None:
        super().__init__()
        if not temperature > 0:
            raise OptionError(f"a temperature of {temperature:g} is not possible", remedy="choose one above 0")
        self.temperature = float(temperature)

    def forward(self, adapted: Tensor, frozen: Tensor) -> Tensor:
        """Return R of adapted (B, E) and frozen, standardised (B, D) vectors of the same plots; 0 where B < 2."""
        size = len(adapted)
        if size < 2:
            return adapted.sum() * 0.0
        kept, made = self._neighbourhoods(frozen), self._neighbourhoods(adapted)
        return (kept.exp() * (kept - made)).sum() / size

    def _neighbourhoods(self, vectors: Tensor) -> Tensor:
        """Return log shares (B, B - 1): the diagonal is cut out, not masked, so that no infinity has a gradient."""
        unit = _unit(vectors)
        size = len(unit)
        cosines = (unit @ unit.T)[_off_diagonal(size, unit.device)].view(size, size - 1)
        return (cosines / self.temperature).log_softmax(dim=1)


class FloristicGramLoss(nn.Module):
    """Asks that two images be as alike as their relevés are.

    ``L = (1/B) sum_{i != j} a_ij (<z_i, z_j> - s_ij)^2`` with ``s_ij`` the floristic similarity of the two relevés and
    ``a_ij`` 0 for "don't know" and 1 otherwise: the form of the geometry regulariser with another target. Without a
    relevé tower; blind to rotations.

    Parameters
    ----------
    scale
        ``sum`` or ``mean``, as of :class:`GeometryRegulariser`.

    Raises
    ------
    OptionError
        The scale is neither.
    """

    def __init__(self, *, scale: str = "sum") -> None:
        super().__init__()
        self.scale = _scale(scale)

    def forward(self, image: Tensor, similarity: Tensor, labels: Tensor | None = None) -> Tensor:
        """Return the loss of image vectors (B, E) whose relevés have this similarity (B, B).

        ``labels`` (B, B) is 0 where a pair is not asked about; every pair is when None.
        """
        z = _unit(image)
        size = len(z)
        squares = (z @ z.T - similarity.to(z)).square()
        if labels is not None:
            squares = squares * (labels != 0)
        total = squares[_off_diagonal(size, z.device)].sum()
        return total / (size if self.scale == "sum" else size * size)
