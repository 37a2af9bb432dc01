"""Networks that learn to encode relevés: from the species themselves, or from habitats.

Needs torch. Both are two layers, transformed cover to hidden units to axes, with a head that is thrown away. A species
that no training relevé has weighs nothing, and is taken out before the transform, so that it cannot disturb a relevé in
which it is met later.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from botaclip.core.errors import OptionError
from botaclip.training.cover_transforms import Cover, transform
from botaclip.training.optimiser import seeded
from botaclip.training.vegeta import Layers, forward, met_species

Array = NDArray[np.floating]
Index = NDArray[np.integer]
Batch = NDArray[np.float32]

HIDDEN = 256
# Share of a relevé's species that are hidden from the network, drawn anew for each batch.
LEFT_OUT = 0.3
# Share of the training relevés on which is judged when to stop, and the most of them.
HELD_OUT, MOST_HELD_OUT = 0.15, 2_000
BATCH = 128
LEARNING_RATE, WEIGHT_DECAY = 3e-3, 1e-2
MOST_STEPS = 2_000
# Where there are too few relevés to hold any out.
MOST_STEPS_UNJUDGED = 100
# Steps between two looks at the held-out relevés (or a pass over all, whichever is more), and looks without gain.
LOOK_EVERY, PATIENCE = 25, 8


class _Network(nn.Module):
    """Transformed cover (B, V) to axes (B, A), and a head on them that is needed in training only."""

    def __init__(self, species: int, axes: int, outputs: int) -> None:
        super().__init__()
        self.first = nn.Linear(species, min(HIDDEN, max(axes, 2 * species)))
        self.second = nn.Linear(self.first.out_features, axes)
        self.head = nn.Linear(axes, outputs)

    def encode(self, values: Tensor) -> Tensor:
        made: Tensor = self.second(functional.gelu(self.first(values)))
        return made

    def forward(self, values: Tensor) -> Tensor:
        made: Tensor = self.head(functional.gelu(self.encode(values)))
        return made

    def layers(self) -> Layers:
        """Return the encoder's matrices ``(weight (I, O), bias (O,))``."""
        return tuple((_numpy(layer.weight).T.copy(), _numpy(layer.bias)) for layer in (self.first, self.second))


def fit_masked(
    cover: Cover, name: str, axes: int, *, habitats: Sequence[str] | None = None, random_state: int = 1
) -> Layers:
    """Return the layers of a network that learns which species a relevé lacks when some were left out.

    Before the transform species are taken out at random, each with chance :data:`LEFT_OUT`; the head says for every
    species not shown how likely it was in the relevé (cross-entropy).

    Parameters
    ----------
    cover
        Cover (N, V) in per cent of the training relevés.
    name
        Transform of the cover.
    axes
        Width A of the encoding.
    habitats
        Not looked at.
    random_state
        Seed of everything random.
    """
    met = np.flatnonzero(met_species(cover))
    if not len(met):
        return _nothing(cover)
    train, held = _held_out(np.arange(cover.shape[0]), random_state)
    network = _seeded(len(met), axes, len(met), random_state)
    begin_at_frequency(network.head, _frequency(cover, train, met))

    def loss(batch: Index, hide: np.random.Generator) -> Tensor:
        whole = _dense(cover, batch)[:, met]
        shown, values = _left_out(whole, name, hide)
        present = torch.as_tensor((whole > 0).astype(np.float32))
        asked = torch.as_tensor((~shown).astype(np.float32))
        each = functional.binary_cross_entropy_with_logits(network(values), present, reduction="none")
        return (each * asked).sum() / asked.sum().clamp(min=1.0)

    _train(network, loss, train, held, random_state)
    return _placed(network, cover, name, met)


def fit_habitat(
    cover: Cover, name: str, axes: int, *, habitats: Sequence[str] | None, random_state: int = 1
) -> Layers:
    """Return the layers of a network that learns the habitat of a relevé; species are left out as in training above.

    Parameters
    ----------
    cover, name, axes, random_state
        See :func:`fit_masked`.
    habitats
        Habitat of each relevé (N,), ``""`` where unknown: those teach nothing.

    Raises
    ------
    OptionError
        Fewer than two habitats are known.
    """
    known = np.array([index for index, habitat in enumerate(habitats or ()) if habitat], np.int64)
    kinds, kind_of = np.unique([str((habitats or ())[index]) for index in known], return_inverse=True)
    if len(kinds) < 2:
        raise OptionError(
            f"VEGETA cannot learn habitats: {len(kinds)} of them are known among these {cover.shape[0]} relevés",
            where="--vegeta habitat", remedy="name their column with --habitat-field, or use --vegeta pca",
        )
    label = np.zeros(cover.shape[0], np.int64)
    label[known] = kind_of
    met = np.flatnonzero(met_species(cover, habitats))
    if not len(met):
        return _nothing(cover)
    train, held = _held_out(known, random_state)
    network = _seeded(len(met), axes, len(kinds), random_state)

    def loss(batch: Index, hide: np.random.Generator) -> Tensor:
        _, values = _left_out(_dense(cover, batch)[:, met], name, hide)
        return functional.cross_entropy(network(values), torch.as_tensor(label[batch]))

    _train(network, loss, train, held, random_state)
    return _placed(network, cover, name, met)


def begin_at_frequency(head: nn.Linear, frequency: Array) -> None:
    """Let a head say the frequency of each species before it has learnt anything."""
    likely = np.clip(frequency, 1e-4, 1.0 - 1e-4)
    with torch.no_grad():
        head.bias.copy_(torch.as_tensor(np.log(likely / (1.0 - likely)), dtype=torch.float32))


def _seeded(species: int, axes: int, outputs: int, random_state: int) -> _Network:
    """Return a network that depends on the seed alone, and leave torch's own generator as it was."""
    with seeded(random_state):
        return _Network(species, axes, outputs)


def _held_out(rows: Index, random_state: int) -> tuple[Index, Index]:
    """Return (training, held-out) rows; with very few relevés both are all of them."""
    held = min(round(HELD_OUT * len(rows)), MOST_HELD_OUT)
    if not held:
        return rows, rows
    order = np.random.default_rng(random_state).permutation(rows)
    return np.sort(order[held:]), np.sort(order[:held])


def _train(
    network: _Network, loss: Callable[[Index, np.random.Generator], Tensor], train: Index, held: Index,
    random_state: int,
) -> None:
    """Train until the held-out relevés gain no more, and go back to where they were best."""
    random = np.random.default_rng(random_state)
    parameters = list(network.parameters())
    optimiser = torch.optim.AdamW([
        {"params": [p for p in parameters if p.ndim > 1], "weight_decay": WEIGHT_DECAY},
        {"params": [p for p in parameters if p.ndim <= 1], "weight_decay": 0.0},
    ], lr=LEARNING_RATE)
    batches = max(1, round(len(train) / BATCH))
    look_every = max(LOOK_EVERY, batches)
    most = MOST_STEPS_UNJUDGED if held is train else MOST_STEPS

    def judge() -> float:
        # The same species are left out at every look, so that two looks differ by the network alone.
        hide = np.random.default_rng(random_state)
        parts = np.array_split(held, max(1, round(len(held) / BATCH)))
        with torch.no_grad():
            return float(sum(float(loss(part, hide)) * len(part) for part in parts) / len(held))

    best, state, waited, steps = judge(), copy.deepcopy(network.state_dict()), 0, 0
    while steps < most and waited < PATIENCE:
        for batch in np.array_split(random.permutation(train), batches):
            value = loss(batch, random)
            optimiser.zero_grad(set_to_none=True)
            value.backward()
            optimiser.step()
            steps += 1
            if steps % look_every:
                continue
            now = judge()
            if now < best:
                best, state, waited = now, copy.deepcopy(network.state_dict()), 0
            else:
                waited += 1
            if waited >= PATIENCE or steps >= most:
                break
    network.load_state_dict(state)


def _left_out(whole: Batch, name: str, hide: np.random.Generator) -> tuple[NDArray[np.bool_], Tensor]:
    """Return which species were shown (B, V), and what the network reads of them (B, V)."""
    shown = (whole > 0) & (hide.random(whole.shape, dtype=np.float32) >= LEFT_OUT)
    return shown, torch.as_tensor(transform(np.where(shown, whole, np.float32(0.0)), name))


def _placed(network: _Network, cover: Cover, name: str, met: Index) -> Layers:
    """Return the layers over all species, their axes centred and scaled together to at most unit variance."""
    (first, first_bias), (second, second_bias) = network.layers()
    wide = np.zeros((cover.shape[1], first.shape[1]), np.float32)
    wide[met] = first
    layers: Layers = ((wide, first_bias), (second, second_bias))
    of_met = np.zeros(cover.shape[1], dtype=bool)
    of_met[met] = True
    made = forward(cover, name, layers, of_met).astype(np.float64)
    scale = max(float(made.std(axis=0).max()), 1e-6)
    centred = (second_bias - made.mean(axis=0)) / scale
    return ((wide, first_bias), ((second / scale).astype(np.float32), centred.astype(np.float32)))


def _nothing(cover: Cover) -> Layers:
    """Return the layer of a table without any species: one axis of zeros."""
    return ((np.zeros((cover.shape[1], 1), np.float32), np.zeros(1, np.float32)),)


def _frequency(cover: Cover, rows: Index, met: Index) -> Array:
    return np.asarray((cover[rows] > 0).sum(axis=0)).ravel()[met] / len(rows)


def _dense(cover: Cover, rows: Index) -> Batch:
    part: Any = cover[rows]
    return np.asarray(part.toarray() if hasattr(part, "toarray") else part, dtype=np.float32)


def _numpy(tensor: Tensor) -> NDArray[np.float32]:
    return np.array(tensor.detach().cpu().numpy(), dtype=np.float32)
