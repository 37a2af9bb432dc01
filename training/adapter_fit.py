"""Fitting an adapter step by step: the loop that every trained alignment goes through.

Needs torch. The image side is one adapter; what it is trained for is an *objective*: a module with parameters of its
own, whose loss reads adapted vectors of a batch of plots. Another modality (location, ground
photographs) would be one more objective.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from botaclip.core.adapters import ImageAdapter
from botaclip.core.errors import OptionError
from botaclip.core.losses import GeometryRegulariser, NeighbourRegulariser
from botaclip.core.progress import Progress
from botaclip.training.adapter import Adapter
from botaclip.training.contrastive_fit import ContrastiveObjective, GramObjective
from botaclip.training.fit_state import FitState, digest_of
from botaclip.training.joint_fit import JointObjective
from botaclip.training.optimiser import Optimiser, mixed_precision, seeded
from botaclip.training.plot_batches import plot_batches
from botaclip.training.retrieval import held_out_retrieval
from botaclip.training.supervised_fit import SupervisedObjective

if TYPE_CHECKING:
    from botaclip.training.alignment import Alignment
    from botaclip.training.training_table import TrainingTable
    from botaclip.training.vegeta import ReleveTower

Array = NDArray[np.floating]
Gallery = tuple[Array, Any]

# Chosen on landscape seeds 101 to 104, which no benchmark uses; docs/results.md tells of the trials.
LEARNING_RATE = {"supervised": 3e-3, "contrastive": 1e-3, "botaclip": 1e-3, "joint": 1e-3}


class Objective(Protocol):
    """What an image adapter is trained for; a torch module."""

    def parts(self) -> list[tuple[nn.Module, float]]:
        """Return what is trained, each with its speed relative to the image adapter's."""
        ...

    def loss(self, z: Tensor, rows: Tensor) -> Tensor:
        """Return the loss of adapted vectors (B, E) of the plots ``rows`` (B,)."""
        ...

    def releve_side(self) -> ReleveTower | None:
        """Return the relevé side as it stands; None where there is none."""
        ...


@dataclasses.dataclass(frozen=True)
class FitInputs:
    """Everything that the result of a fit depends on.

    Parameters
    ----------
    vectors, views
        Standardised vectors (N, D) of the training plots, and of K views of each (N, K, D) or None.
    releves
        Their relevés, row by row.
    alignment
        What to minimise.
    start
        The image adapter to begin with; the identity when None.
    random_state, device
        Seed, and torch device.
    """

    vectors: Array
    views: Array | None
    releves: TrainingTable
    alignment: Alignment
    start: Adapter | None
    random_state: int
    device: str

    @property
    def digest(self) -> str:
        """SHA-256 of all of it."""
        releves, recipe = self.releves, self.alignment.recipe
        return digest_of(
            self.vectors, self.views, self.alignment.name, self.alignment.weight, self.alignment.checkpoints,
            self.alignment.last, recipe, None if self.start is None else (self.start.form, dict(self.start.weights)),
            releves.cover, releves.presence, releves.places, releves.sites, releves.habitats, releves.extra,
            self.random_state, self.device, torch.__version__,
        )  # fmt: skip


def fit_by_steps(
    inputs: FitInputs, *, gallery: Gallery | None, kept: FitState | None, progress: Progress
) -> list[Adapter]:
    """Train one run and return its adapters; see :func:`botaclip.training.alignment.fit_adapters`."""
    fit = _Fit(inputs)
    digest = "" if kept is None else inputs.digest
    name = f"fit {digest[:16]}"
    if kept is not None:
        fit.resume(kept, name, digest)
    told = len(fit.adapters)
    for rows, view in plot_batches(
        len(inputs.vectors), inputs.alignment.recipe.batch, views=fit.view_count, random_state=inputs.random_state,
        after=fit.steps,
    ):  # fmt: skip
        if fit.steps >= max(inputs.alignment.checkpoints):
            break
        progress.check()
        fit.step(rows, view)
        if gallery is not None and len(fit.adapters) > told:
            told = len(fit.adapters)
            _say(fit.adapters[-1], inputs, gallery, progress)
        if kept is not None and kept.due():
            fit.keep(kept, name, digest)
    if kept is not None:
        fit.keep(kept, name, digest)
    return fit.adapters


def _say(adapter: Adapter, inputs: FitInputs, gallery: Gallery, progress: Progress) -> None:
    found = held_out_retrieval(adapter, (inputs.vectors, inputs.releves.cover), gallery)
    progress.info(f"{inputs.alignment.label}, {adapter.steps} steps: {found.words} on {found.plots} held-out plots")


class _Fit:
    """A run at some step."""

    def __init__(self, inputs: FitInputs) -> None:
        alignment, recipe, device, start = inputs.alignment, inputs.alignment.recipe, inputs.device, inputs.start
        self.alignment, self.device, self.steps = alignment, device, 0
        if start is not None and start.form != "linear":
            raise OptionError(f"training cannot start at a {start.form} adapter", remedy="start at a linear one")
        with seeded(inputs.random_state):
            self.image = ImageAdapter(
                inputs.vectors.shape[1], None if start is None else start.width, form=recipe.adapter
            )
        if start is not None:
            self.image.start_linear(torch.as_tensor(start.weight.T), torch.as_tensor(start.bias))
        self.image.to(device)
        begun = inputs.vectors if start is None else start(inputs.vectors)
        self.objective = objective_of(inputs, begun)
        # A patch and its views in one table: view k of plot i is row k N + i.
        seen = inputs.vectors
        if inputs.views is not None:
            seen = np.concatenate([seen, *np.moveaxis(inputs.views, 1, 0)])
        self.view_count = 0 if inputs.views is None else inputs.views.shape[1]
        self.plots = len(inputs.vectors)
        self.h = torch.as_tensor(seen, dtype=torch.float32, device=device)
        self.regulariser = regulariser_of(recipe.regulariser)
        rate = recipe.learning_rate or LEARNING_RATE[alignment.name]
        self.optimiser = Optimiser(
            [(self.image, rate), *((part, rate * speed) for part, speed in self.objective.parts())],
            decay=recipe.weight_decay, schedule=recipe.schedule, horizon=alignment.last, device=device,
        )
        self.adapters: list[Adapter] = []
        self._states: list[dict[str, Array]] = []
        self._at_checkpoint()

    @property
    def _module(self) -> nn.Module:
        assert isinstance(self.objective, nn.Module)
        return self.objective

    def step(self, rows: NDArray[np.integer], view: NDArray[np.integer]) -> None:
        """Take one step on a batch."""
        which = torch.as_tensor(rows, device=self.device)
        h = self.h[torch.as_tensor(view * self.plots + rows, device=self.device)]
        with mixed_precision(self.device):
            z = self.image(h)
        z = z.float()
        loss = self.objective.loss(z, which)
        if self.alignment.weight:
            loss = loss + self.alignment.weight * self.regulariser(z, h)
        self.steps += 1
        self.optimiser.step(loss, self.steps)
        self._at_checkpoint()

    def _at_checkpoint(self) -> None:
        if self.steps in self.alignment.checkpoints:
            self.adapters.append(Adapter.of_module(self.image, self.steps, self.objective.releve_side()))
            self._states.append(self._parameters())

    def _parameters(self) -> dict[str, Array]:
        """Return everything that is trained, by name."""
        return {
            f"{side}.{name}": np.array(value.detach().cpu().numpy())
            for side, module in (("image", self.image), ("objective", self._module))
            for name, value in module.state_dict().items()
        }

    def _take_over(self, arrays: dict[str, Array]) -> None:
        for side, module in (("image", self.image), ("objective", self._module)):
            module.load_state_dict({k: torch.as_tensor(v) for k, v in _under(arrays, f"{side}.").items()})

    def keep(self, kept: FitState, name: str, digest: str) -> None:
        """Keep all that is needed to go on from here."""
        arrays = {f"now.{key}": value for key, value in self._parameters().items()}
        arrays |= {f"moment.{key}": value.cpu().numpy() for key, value in self.optimiser.moments().items()}
        for number, state in enumerate(self._states):
            arrays |= {f"{number}.{key}": value for key, value in state.items()}
        kept.keep(name, arrays, {"step": self.steps, "checkpoints": len(self._states)}, depends=digest)

    def resume(self, kept: FitState, name: str, digest: str) -> None:
        """Go on from what was kept, if it was."""
        found = kept.finished(name, depends=digest)
        if found is None:
            return
        self.adapters, self._states = [], []
        for number in range(int(found.about["checkpoints"])):
            self._take_over(_under(found.arrays, f"{number}."))
            self.steps = 0
            self.adapters.append(Adapter.of_module(self.image, 0, self.objective.releve_side()))
            self._states.append(self._parameters())
        passed = sorted(steps for steps in self.alignment.checkpoints if steps <= int(found.about["step"]))
        self.adapters = [
            dataclasses.replace(adapter, steps=steps) for adapter, steps in zip(self.adapters, passed, strict=True)
        ]
        self._take_over(_under(found.arrays, "now."))
        self.optimiser.remember({k: torch.as_tensor(v) for k, v in _under(found.arrays, "moment.").items()})
        self.steps = int(found.about["step"])


def _under(arrays: dict[str, Array], prefix: str) -> dict[str, Array]:
    return {key.removeprefix(prefix): value for key, value in arrays.items() if key.startswith(prefix)}


def objective_of(inputs: FitInputs, begun: Array) -> Objective:
    """Return what the alignment trains for; ``begun`` (N, E) are the plots' vectors as the adapter starts."""
    alignment, releves, device = inputs.alignment, inputs.releves, inputs.device
    if alignment.name == "supervised":
        return SupervisedObjective(releves.presence, begun, device)
    contrastive = (
        GramObjective(releves, alignment.recipe)
        if alignment.recipe.targets == "gram"
        else ContrastiveObjective(releves, begun, alignment.recipe, device=device, random_state=inputs.random_state)
    )
    if alignment.name != "joint":
        return contrastive
    return JointObjective(
        contrastive, SupervisedObjective(releves.presence, begun, device), alignment.recipe.species_weight
    )


def regulariser_of(name: str) -> nn.Module:
    """Return the geometry-preserving term of this name."""
    return NeighbourRegulariser() if name == "neighbours" else GeometryRegulariser(scale=name)
