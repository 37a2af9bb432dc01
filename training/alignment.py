"""Fitting the light adapters: contrastive, contrastive with the geometry kept, or supervised by the species.

All of them start at the identity, or at the adapter of another model (``--init``), and move few steps; how many is
chosen by inner validation, none included. Needs torch. Written so that another modality (location, ground photographs)
is one more tower beside the relevés.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.linear_model import Ridge
from torch import Tensor, nn

from botaclip.core.adapters import ImageAdapter, ReleveAdapter
from botaclip.core.losses import GeometryRegulariser, SigmoidContrastiveLoss
from botaclip.core.progress import SILENT, Progress
from botaclip.training.heads import clipped_prevalence
from botaclip.training.standardiser import Standardiser
from botaclip.training.vegeta import ReleveTower, Vegeta

Array = NDArray[np.floating]

BATCH = 256
WEIGHT_DECAY = 1e-2
VEGETA_AXES = 64
# Of the species head that supervised adaptation trains along, in the unit of heads.PENALTIES.
HEAD_PENALTY = 0.3
CHECKPOINTS: tuple[int, ...] = (20, 40, 80)
# A supervised adapter goes on gaining where a contrastive one has begun to learn the plots by heart.
SUPERVISED_CHECKPOINTS: tuple[int, ...] = (40, 80, 160, 320)
# Chosen on landscape seeds 101 to 104, which no benchmark uses; docs/results.md tells of the trials.
LEARNING_RATE = {"supervised": 3e-3, "contrastive": 1e-3, "botaclip": 1e-3}
# The relevé side starts where it should be and overfits when it runs as fast as the image side.
RELEVE_SPEED = 0.1


@dataclasses.dataclass(frozen=True)
class Start:
    """Where adapters begin instead of the identity: the image adapter of another model.

    Parameters
    ----------
    name
        Name of that model, for people.
    weight, bias
        Adapted vector = *raw* frozen vector ``@ weight + bias``, that model's standardiser included; (D, E), (E,).
    seen
        Plots of the present table that it may have been trained on; nothing that begins here is scored on them.
    """

    name: str
    weight: Array
    bias: Array
    seen: frozenset[str] = frozenset()

    def on(self, standardiser: Standardiser) -> Adapter:
        """Return the same map as an adapter of vectors as ``standardiser`` leaves them."""
        weight = self.weight.astype(np.float64)
        bias = self.bias + standardiser.mean @ weight
        return Adapter(0, (standardiser.scale[:, None] * weight).astype(np.float32), bias.astype(np.float32))


@dataclasses.dataclass(frozen=True)
class Alignment:
    """One way to adapt the image vectors, and how far.

    Parameters
    ----------
    name
        ``none``, ``supervised``, ``contrastive`` or ``botaclip``.
    weight
        Weight (lambda) of the geometry-preserving regulariser.
    regulariser
        ``sum`` or ``mean``, see :class:`GeometryRegulariser`.
    checkpoints
        Numbers of steps after which the adapter is kept and judged.
    start
        Where it begins; None for the identity.
    """

    name: str
    weight: float = 0.0
    regulariser: str = "sum"
    checkpoints: tuple[int, ...] = CHECKPOINTS
    start: Start | None = dataclasses.field(default=None, compare=False, repr=False)

    @property
    def label(self) -> str:
        """Name and weight in words."""
        return f"{self.name}, lambda {self.weight:g}" if self.weight else self.name


@dataclasses.dataclass(frozen=True)
class Adapter:
    """A fitted image adapter as plain matrices.

    Parameters
    ----------
    steps
        Optimiser steps taken.
    weight, bias
        Adapted vector = ``vector @ weight + bias``; (D, E) and (E,).
    tower
        The relevé side in the same space; None for supervised adaptation.
    """

    steps: int
    weight: Array
    bias: Array
    tower: ReleveTower | None = None

    def __call__(self, vectors: Array) -> Array:
        """Return adapted vectors (N, E) of standardised ones (N, D)."""
        return vectors @ self.weight + self.bias


def candidates(
    n_plots: int, *, regulariser: str = "sum", epochs: int | None = None, start: Start | None = None
) -> tuple[Alignment, ...]:
    """Return what a training tries, always all alignments, within ``epochs`` passes over the plots (0: no step).

    With a ``start`` each of them begins there, and is also judged as it is there, before any step.
    """
    checkpoints, supervised = CHECKPOINTS, SUPERVISED_CHECKPOINTS
    if epochs is not None:
        most = epochs * _batch_count(n_plots)
        checkpoints = tuple(steps for steps in checkpoints if steps <= most) or (most,)
        supervised = tuple(steps for steps in supervised if steps <= most) or (most,)
    if start is not None:
        checkpoints, supervised = (tuple(sorted({0, *steps})) for steps in (checkpoints, supervised))
    return (
        Alignment("supervised", 0.0, regulariser, supervised, start),
        Alignment("contrastive", 0.0, regulariser, checkpoints, start),
        Alignment("botaclip", 0.1, regulariser, checkpoints, start),
        Alignment("botaclip", 1.0, regulariser, checkpoints, start),
    )


def fit_adapter(
    vectors: Array, cover: Array, presence: Array, alignment: Alignment, steps: int, *,
    start: Adapter | None = None, random_state: int = 1, device: str = "cpu", progress: Progress = SILENT,
) -> Adapter:
    """Fit one adapter for ``steps`` steps; see :func:`fit_adapters`."""
    only = dataclasses.replace(alignment, checkpoints=(steps,))
    return fit_adapters(
        vectors, cover, presence, only, start=start, random_state=random_state, device=device, progress=progress
    )[0]


def fit_adapters(
    vectors: Array, cover: Array, presence: Array, alignment: Alignment, *,
    start: Adapter | None = None, random_state: int = 1, device: str = "cpu", progress: Progress = SILENT,
) -> list[Adapter]:
    """Train one run and keep its adapter at every checkpoint.

    Parameters
    ----------
    vectors
        Standardised frozen vectors of the training plots (N, D).
    cover
        Cover in percent of every species (N, V); read by the contrastive alignments.
    presence
        Presence of the modelled species (N, S); read by the supervised one.
    alignment
        What to minimise.
    start
        The image adapter to begin with (``alignment.start.on(standardiser)``); the identity when None.
    random_state
        Seed of the batches.
    device
        Torch device.
    progress
        Checked for cancelling at every step.

    Returns
    -------
    list of Adapter
        One per checkpoint, in order; a longer run passes through the same adapters as a shorter one.
    """
    h = torch.as_tensor(vectors, dtype=torch.float32, device=device)
    image = ImageAdapter(h.shape[1], None if start is None else len(start.bias)).to(device)
    begun = vectors
    if start is not None:
        image.start_linear(torch.as_tensor(start.weight.T), torch.as_tensor(start.bias))
        begun = start(vectors)
    objective = (
        _Supervised(presence, torch.as_tensor(begun, dtype=torch.float32, device=device), device)
        if alignment.name == "supervised"
        else _Contrastive(cover, begun, device)
    )
    regulariser = GeometryRegulariser(scale=alignment.regulariser)
    optimiser = torch.optim.AdamW(_groups(image, objective, LEARNING_RATE[alignment.name]))
    kept = [_freeze(0, image, objective)] if 0 in alignment.checkpoints else []
    if max(alignment.checkpoints) == 0:
        return kept
    for step, batch in enumerate(_batches(len(h), random_state), start=1):
        progress.check()
        rows = torch.as_tensor(batch, device=device)
        z = image(h[rows])
        loss = objective.loss(z, rows)
        if alignment.weight:
            loss = loss + alignment.weight * regulariser(z, h[rows])
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        optimiser.step()
        if step in alignment.checkpoints:
            kept.append(_freeze(step, image, objective))
        if step >= max(alignment.checkpoints):
            return kept
    return kept


def _batches(n: int, random_state: int) -> Iterator[NDArray[np.integer]]:
    """Yield batches for ever, every plot once a pass; two passes never share their order."""
    rng = np.random.default_rng(random_state)
    while True:
        yield from np.array_split(rng.permutation(n), _batch_count(n))


def _batch_count(n: int) -> int:
    return max(1, round(n / BATCH))


def _groups(image: nn.Module, objective: _Contrastive | _Supervised, rate: float) -> list[dict[str, object]]:
    """No decay on biases, temperature and other vectors and scalars: it would pull them to a meaning they lack."""
    groups: list[dict[str, object]] = []
    for module, lr in ((image, rate), (objective, rate * objective.speed)):
        parameters = list(module.parameters())
        groups += [
            {"params": [p for p in parameters if p.ndim > 1], "lr": lr, "weight_decay": WEIGHT_DECAY},
            {"params": [p for p in parameters if p.ndim <= 1], "lr": lr, "weight_decay": 0.0},
        ]
    return groups


class _Contrastive(nn.Module):
    """Relevé tower and sigmoid loss."""

    speed = RELEVE_SPEED

    def __init__(self, cover: Array, vectors: Array, device: str) -> None:
        super().__init__()
        self.vegeta = Vegeta.fit(cover, axes=VEGETA_AXES)
        axes = self.vegeta(cover)
        self.adapter = ReleveAdapter(axes.shape[1], vectors.shape[1])
        # Started where the relevés already point to their images, so that the few steps go into the image side.
        start = Ridge(alpha=1.0).fit(axes, vectors)
        self.adapter.start_linear(
            torch.as_tensor(start.coef_, dtype=torch.float32), torch.as_tensor(start.intercept_, dtype=torch.float32)
        )
        self.contrast = SigmoidContrastiveLoss()
        self.axes = torch.as_tensor(axes, dtype=torch.float32, device=device)
        self.to(device)

    def loss(self, z: Tensor, rows: Tensor) -> Tensor:
        value: Tensor = self.contrast(z, self.adapter(self.axes[rows]))
        return value

    def tower(self) -> ReleveTower:
        layers: Sequence[nn.Linear] = [layer for layer in self.adapter.layers if isinstance(layer, nn.Linear)]
        matrices = [(_numpy(layer.weight).T, _numpy(layer.bias)) for layer in layers]
        first = (self.vegeta.axes @ matrices[0][0], matrices[0][1])
        return ReleveTower(self.vegeta.centre, (first, *matrices[1:]))


class _Supervised(nn.Module):
    """A species head on the adapted vectors, thrown away afterwards (after the paper's BotaSP).

    The head is the linear one of :mod:`botaclip.training.heads`: squared error of presence scaled to unit variance,
    so that rare species count as much as common ones, and a ridge penalty, so that it does not run ahead of the
    adapter and learn the plots by heart (in trials better than cross-entropy with or without dropout).
    """

    speed = 1.0

    def __init__(self, presence: Array, h: Tensor, device: str) -> None:
        super().__init__()
        prevalence = clipped_prevalence(presence)
        target = (presence - prevalence) / np.sqrt(prevalence * (1.0 - prevalence))
        self.target = torch.as_tensor(target, dtype=torch.float32, device=device)
        self.penalty = HEAD_PENALTY * float(h.square().sum(dim=1).mean()) / len(h)
        self.head = nn.Linear(h.shape[1], presence.shape[1])
        nn.init.zeros_(self.head.weight)
        nn.init.zeros_(self.head.bias)
        self.to(device)

    def loss(self, z: Tensor, rows: Tensor) -> Tensor:
        # Summed over species, divided by the batch size: the scale of the contrastive loss and the regulariser.
        error = (self.head(z) - self.target[rows]).square().sum() / len(rows)
        return 0.5 * (error + self.penalty * self.head.weight.square().sum())

    def tower(self) -> None:
        return None


def _numpy(tensor: Tensor) -> Array:
    return tensor.detach().cpu().numpy().astype(np.float32).copy()


def _freeze(step: int, image: ImageAdapter, objective: _Contrastive | _Supervised) -> Adapter:
    return Adapter(step, _numpy(image.linear.weight).T, _numpy(image.linear.bias), objective.tower())
