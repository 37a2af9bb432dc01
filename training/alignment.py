"""Ways to adapt image vectors to relevés, and how far: what is tried, and the one call that fits it.

Trained adapters start at the identity, or at the adapter of another model (``--init``), and move few steps; how many
is chosen by inner validation, none included. Needs torch.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from botaclip.core.errors import OptionError
from botaclip.core.progress import SILENT, Progress
from botaclip.training.adapter import Adapter as Adapter
from botaclip.training.adapter_fit import FitInputs, fit_by_steps
from botaclip.training.closed_forms import CANONICAL_AXES, CLOSED_FORMS, WHITENED_AXES, fit_closed_form
from botaclip.training.fit_state import FitState
from botaclip.training.plot_batches import batch_count
from botaclip.training.recipe import Recipe
from botaclip.training.standardiser import Standardiser
from botaclip.training.training_table import TrainingTable, check_finite

Array = NDArray[np.floating]

NAMES = ("none", "whitened", "canonical", "supervised", "contrastive", "botaclip", "joint")
BATCH = Recipe().batch
# Trials on tuning seeds (docs/results.md): contrastive adaptation hardly moves before several hundred steps, and is
# past its best after 1,280 where plots are few.
CHECKPOINTS: tuple[int, ...] = (40, 160, 320, 640)
# Its canonical start is already where contrastive steps lead: it needs few, and few more with more plots.
JOINT_CHECKPOINTS: tuple[int, ...] = (40, 160)
JOINT_MOST = 640
SUPERVISED_CHECKPOINTS: tuple[int, ...] = (40, 80, 160, 320)
# Up to so many plots the ladders above serve; beyond, each doubling of the plots adds a rung of twice the steps.
FEW_PLOTS = 1_000
# What this costs on two cores is what bounds it: at 4,000 plots contrastive adaptation was still gaining.
MOST_STEPS = 2_560
# Of the closed form that a canonical start is; on landscape seeds 101 and 102 8 to 32 do alike.
START_AXES = 16
# The paper's is 1; on tuning seeds a tenth of it gained .006 where 1 gained .002 (docs/results.md).
LAMBDAS: tuple[float, ...] = (0.1,)
SPECIES_WEIGHTS: tuple[float, ...] = (0.3, 1.0, 3.0)


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
        scaled = standardiser.scale[:, None] * weight
        return Adapter.linear(0, scaled.astype(np.float32), bias.astype(np.float32))


@dataclasses.dataclass(frozen=True)
class Alignment:
    """One way to adapt the image vectors, and how far.

    Parameters
    ----------
    name
        One of ``NAMES``.
    weight
        Weight (lambda) of the geometry-preserving term.
    checkpoints
        Numbers of steps after which the adapter is kept and judged; numbers of axes for ``whitened`` and
        ``canonical``.
    recipe
        Everything else.
    start
        Where it begins; None for the identity.
    last
        Number of steps that the learning rate's schedule is laid out for. It stays as it is when the alignment is
        refitted to one of its checkpoints alone, so that the path there is the same.
    whitening
        Number of principal components, each of unit variance, that vectors become before the adapter; 0 for none.
    """

    name: str
    weight: float = 0.0
    checkpoints: tuple[int, ...] = CHECKPOINTS
    recipe: Recipe = Recipe()
    start: Start | None = dataclasses.field(default=None, compare=False, repr=False)
    last: int = 0
    whitening: int = 0

    def __post_init__(self) -> None:
        object.__setattr__(self, "last", max(self.last, *self.checkpoints, 0))

    @property
    def regulariser(self) -> str:
        """Kind of the geometry-preserving term."""
        return self.recipe.regulariser

    @property
    def begins(self) -> str:
        """Where its adapter begins unless at that of another model: ``identity`` or ``canonical``."""
        if self.recipe.adapter_start != "auto":
            return self.recipe.adapter_start
        return "canonical" if self.name == "joint" else "identity"

    @property
    def label(self) -> str:
        """Name and weights in words."""
        label = f"{self.name}, lambda {self.weight:g}" if self.weight else self.name
        weight = self.recipe.species_weight
        return f"{label}, species weight {weight:g}" if self.name == "joint" and weight != 1.0 else label

    def at(self, steps: int) -> Alignment:
        """Return the same alignment, to be fitted to one number of steps alone."""
        return dataclasses.replace(self, checkpoints=(steps,))


def ladder(first: Sequence[int], n_plots: int, most: int = MOST_STEPS) -> tuple[int, ...]:
    """Return the numbers of steps that are tried with so many plots.

    ``first`` up to 1,000 plots, where it has been tried out. Beyond that the last rung doubles with the number of
    plots, to ``most`` steps; the first rungs go, so that there are never more than five.
    """
    added = max(0, math.floor(math.log2(max(n_plots, 1) / FEW_PLOTS) + 1e-9))
    more = (first[-1] * 2**rung for rung in range(1, added + 1))
    return (*first, *(steps for steps in more if steps <= most))[-max(len(first), 5) :]


def candidates(
    n_plots: int, *, recipe: Recipe | None = None, lambdas: Sequence[float] = LAMBDAS, epochs: int | None = None,
    start: Start | None = None, dimension: int | None = None, regulariser: str | None = None,
    species_weights: Sequence[float] | None = None,
) -> tuple[Alignment, ...]:
    """Return what a training tries, always all alignments.

    Parameters
    ----------
    n_plots
        Number of plots: more of them carry more steps.
    recipe
        Of all of them.
    lambdas
        Weights of the geometry-preserving term, for ``botaclip`` and ``joint``.
    epochs
        Most passes over the plots (0: no step); as many as the ladder has when None.
    start
        Where trained ones begin; they are then also judged as they are there, before any step.
    dimension
        Width D of a vector, which bounds numbers of axes; not bounded by it when None.
    regulariser
        Kind of that term, over the recipe's.
    species_weights
        Weights of the species head in ``joint``. Every lambda is tried with the one nearest to 1, and every one with
        the lambda nearest to 1: two lambdas and three weights are four candidates, not six. When None, the
        recipe's own where that is not 1, else 0.3, 1 and 3.
    """
    recipe = recipe or Recipe()
    if regulariser is not None:
        recipe = dataclasses.replace(recipe, regulariser=regulariser)
    from_canonical = start is None and recipe.adapter_start != "identity"
    joint_ladder = (JOINT_CHECKPOINTS, n_plots, JOINT_MOST) if from_canonical else (CHECKPOINTS, n_plots)
    ladders = [ladder(CHECKPOINTS, n_plots), ladder(*joint_ladder), ladder(SUPERVISED_CHECKPOINTS, n_plots)]
    if epochs is not None:
        most = epochs * batch_count(n_plots, recipe.batch)
        ladders = [tuple(steps for steps in rungs if steps <= most) or (most,) for rungs in ladders]
    if start is not None:
        ladders = [tuple(sorted({0, *rungs})) for rungs in ladders]
    checkpoints, joint, supervised = ladders
    closed = (
        Alignment(name, 0.0, _axes(axes, n_plots, dimension), recipe)
        for name, axes in (("whitened", WHITENED_AXES), ("canonical", CANONICAL_AXES))
    )
    trained = [Alignment("supervised", 0.0, supervised, recipe, start)]
    trained += [Alignment("contrastive", 0.0, checkpoints, recipe, start)]
    trained += [Alignment("botaclip", weight, checkpoints, recipe, start) for weight in lambdas]
    if species_weights is None:
        species_weights = SPECIES_WEIGHTS if recipe.species_weight == 1.0 else (recipe.species_weight,)
    for weight, of_species in _crosswise(lambdas, species_weights):
        own = dataclasses.replace(recipe, species_weight=of_species)
        trained.append(Alignment("joint", weight, joint, own, start))
    return (*closed, *trained)


def _crosswise(lambdas: Sequence[float], species_weights: Sequence[float]) -> list[tuple[float, float]]:
    """Return (lambda, species weight) pairs along the two lines through those nearest to 1."""
    usual, middle = (min(some, key=lambda weight: abs(weight - 1.0)) for some in (lambdas, species_weights))
    return [(weight, middle) for weight in lambdas] + [(usual, each) for each in species_weights if each != middle]


def _axes(axes: Sequence[int], n_plots: int, dimension: int | None) -> tuple[int, ...]:
    """Return the numbers of axes that inner folds can bear: fewer than half the plots, and than dimensions."""
    most = min(n_plots // 2, dimension or n_plots)
    return tuple(count for count in axes if count < most) or (max(1, min(axes[0], most - 1)),)


def fit_adapter(
    vectors: Array, releves: Any, *given: Any, start: Adapter | None = None, random_state: int = 1,
    device: str = "cpu", progress: Progress = SILENT, views: Array | None = None, kept: FitState | None = None,
) -> Adapter:
    """Fit one adapter: ``fit_adapter(vectors, releves, alignment, steps)``; see :func:`fit_adapters`."""
    *table, alignment, steps = given
    return fit_adapters(
        vectors, releves, *table, alignment.at(steps), views=views, start=start, random_state=random_state,
        device=device, kept=kept, progress=progress,
    )[0]


def fit_adapters(
    vectors: Array, releves: Any, *given: Any, views: Array | None = None, start: Adapter | None = None,
    random_state: int = 1, device: str = "cpu", kept: FitState | None = None,
    gallery: tuple[Array, Any] | None = None, progress: Progress = SILENT,
) -> list[Adapter]:
    """Fit one run, ``fit_adapters(vectors, releves, alignment)``, and keep its adapter at every checkpoint.

    Parameters
    ----------
    vectors
        Standardised frozen vectors of the training plots (N, D).
    releves
        The training plots, row by row, with cover (what contrastive alignments and ``canonical`` read) and presence
        (what ``supervised`` and ``joint`` read). Cover and presence may be given one after the other instead.
    alignment
        What to minimise.
    views
        Standardised vectors (N, K, D) of augmented views; each step sees one of the K + 1 views of each of its plots.
    start
        The image adapter to begin with (``alignment.start.on(standardiser)``); the identity when None.
    random_state
        Seed of batches, views and of layers that begin at random.
    device
        Torch device.
    kept
        Where the state of the fit is kept and looked for, so that a killed fit goes on to the same result.
    gallery
        Standardised vectors and cover of held-out plots: at every checkpoint ``progress`` is told how well their
        images find their relevés among them. Nothing of it enters the fit.
    progress
        Checked for cancelling at every step.

    Returns
    -------
    list of Adapter
        One per checkpoint, in order; a longer run passes through the same adapters as a shorter one.

    Raises
    ------
    PairingError
        A vector, a cover or a presence is no finite number, or there are not as many rows of one as of the others.
    """
    *presence, alignment = given
    table = releves if isinstance(releves, TrainingTable) else _table_of(vectors, releves, *presence)
    check_finite(vectors, len(table), what="image vectors", names=table.ids)
    check_finite(table.cover, len(table), what="covers", names=table.ids)
    check_finite(table.presence, len(table), what="presences", names=table.ids)
    if views is not None:
        check_finite(views, len(table), what="vectors of views", names=table.ids)
    if alignment.name in CLOSED_FORMS:
        return fit_closed_form(vectors, table, alignment)
    if alignment.whitening:
        return _fit_whitened(
            vectors, table, alignment, views, start, random_state=random_state, device=device, kept=kept,
            gallery=gallery, progress=progress,
        )
    if start is None and alignment.begins == "canonical":
        start = fit_closed_form(vectors, table, Alignment("canonical", 0.0, (START_AXES,), alignment.recipe))[0]
    return fit_by_steps(
        FitInputs(vectors, views, table, alignment, start, random_state, device),
        gallery=gallery, kept=kept, progress=progress,
    )


def _fit_whitened(
    vectors: Array, table: TrainingTable, alignment: Alignment, views: Array | None, start: Adapter | None, *,
    gallery: tuple[Array, Any] | None, **given: Any,
) -> list[Adapter]:
    """Fit on whitened principal components, and return adapters of the vectors as they were.

    The components are those of these very plots: nothing of what is held out enters.
    """
    if start is not None or alignment.recipe.adapter != "linear":
        raise OptionError(
            f"principal components before {'another model' if start else f'a {alignment.recipe.adapter} adapter'} "
            "cannot be joined into one map",
            remedy="use --adapter linear, and begin at no other model",
        )
    first = fit_closed_form(vectors, table, Alignment("whitened", checkpoints=(alignment.whitening,)))[0]
    plain = dataclasses.replace(alignment, whitening=0)
    shown = None if gallery is None else (first(gallery[0]), gallery[1])
    made = fit_adapters(
        first(vectors), table, plain, views=None if views is None else first(views), gallery=shown, **given
    )
    return [
        Adapter.linear(each.steps, first.weight @ each.weight, first.bias @ each.weight + each.bias, each.tower)
        for each in made
    ]


def _table_of(vectors: Array, cover: Any, presence: Array) -> TrainingTable:
    """Return a table of which nothing is known but its relevés."""
    n = len(vectors)
    species = tuple(str(number) for number in range(presence.shape[1]))
    return TrainingTable(("",) * n, np.zeros((n, 2)), vectors, cover, presence, species)
