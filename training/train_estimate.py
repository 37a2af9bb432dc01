"""How long a training will take, said before it begins."""

from __future__ import annotations

import dataclasses
import os
import time
from collections.abc import Callable

import numpy as np

from botaclip.training.alignment import Alignment, fit_adapter, fit_adapters
from botaclip.training.closed_forms import CLOSED_FORMS
from botaclip.training.heads import linear_path
from botaclip.training.parallel import one_thread_each
from botaclip.training.protocol import Protocol
from botaclip.training.recipe import Recipe
from botaclip.training.standardiser import Standardiser
from botaclip.training.training_table import TrainingTable
from botaclip.training.vegeta import fit_vegeta

_FEW, _MORE = 2, 12  # steps of the two trial fits, whose difference is what a step takes
_WITH_TOWER = ("contrastive", "botaclip", "joint")


def training_minutes(data: TrainingTable, protocol: Protocol, *, folds: int, inner_folds: int) -> float:
    """Return the minutes that cross-validation and refit will take, from a few measured steps.

    Every blocked outer fold and the refit try every alignment in every inner fold (random folds what was picked, which
    is taken for a third), with heads at every checkpoint, and then fit one adapter for each column, and for
    ``shuffled`` another inner validation of one alignment. Each kind of alignment is timed by itself, and so are the
    heads of the inner validation and the encoder of relevés, which the alignments of a fold share. Forests and what
    sees no image cost little beside that.

    Parameters
    ----------
    data
        All plots.
    protocol
        What will be tried.
    folds, inner_folds
        Numbers of outer folds (of one kind) and of inner folds.
    """
    rounds = 4 / 3 * folds / max(1, min(folds, os.cpu_count() or 1)) + 1
    return fold_seconds(data, protocol, inner_folds=inner_folds) * rounds / 60.0


def fold_seconds(data: TrainingTable, protocol: Protocol, *, inner_folds: int, shuffled: bool = True) -> float:
    """Return the seconds that the columns of one outer fold will take, ``shuffled`` among them or not."""
    with one_thread_each():
        vectors = Standardiser.fit(data.vectors, data.blocks)(data.vectors)
        half = np.arange(len(data)) % 2 == 0
        head = _seconds(lambda: linear_path(vectors[half], data.presence[half], vectors[~half]))
        recipes = {_as_slow(a) for a in protocol.alignments if a.name in _WITH_TOWER}
        encoder = sum(
            _seconds(
                lambda recipe=recipe: fit_vegeta(  # type: ignore[misc]
                    data.cover, recipe, extra=data.extra, habitats=data.habitats, random_state=protocol.random_state
                )
            )
            for recipe in recipes
        )
        fits: dict[Alignment, float] = {}
        timed: dict[object, tuple[float, float]] = {}
        for alignment in protocol.alignments:
            kind = (alignment.name, _as_slow(alignment))
            if kind not in timed:
                timed[kind] = _start_and_step(vectors, data, alignment, protocol)
            start, step = timed[kind]
            fits[alignment] = start + step * max(alignment.checkpoints)
    inner = sum(seconds + head * len(alignment.checkpoints) for alignment, seconds in fits.items()) + head + encoder
    longest = max(fits.values(), default=0.0)
    columns = sum(max(fits[a] for a in fits if a.name == name) for name in {a.name for a in fits}) + encoder
    permuted = inner_folds * (longest + head + encoder) + longest + encoder if shuffled else 0.0
    # A search tries its settings as inner validation does, and the best of them once more; each trained alignment's.
    for name in {a.name for a in fits if a.name not in CLOSED_FORMS}:
        slowest = max(seconds for a, seconds in fits.items() if a.name == name)
        columns += (protocol.search + (protocol.search > 0)) * inner_folds * (slowest + 2 * head + encoder)
    return inner_folds * inner + columns + permuted


def _as_slow(alignment: Alignment) -> Recipe:
    """Return the recipe without what only weighs: joint alignments of other weights take the same time."""
    return dataclasses.replace(alignment.recipe, species_weight=1.0)


def _seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def _start_and_step(
    vectors: np.ndarray, data: TrainingTable, alignment: Alignment, protocol: Protocol
) -> tuple[float, float]:
    """Return the seconds that a fit takes to begin (a ridge start, or all of a closed form) and for each step."""
    seed, device = protocol.random_state, protocol.device
    if alignment.name in CLOSED_FORMS:
        return _seconds(lambda: fit_adapters(vectors, data, alignment, random_state=seed, device=device)), 0.0

    def fit(steps: int) -> float:
        return _seconds(lambda: fit_adapter(vectors, data, alignment, steps, random_state=seed, device=device))

    fit(1)  # what is loaded and made ready on first use is no part of a step
    few, more = (min(fit(steps) for _ in range(2)) for steps in (_FEW, _MORE))
    step = max(more - few, 0.0) / (_MORE - _FEW)
    return max(few - _FEW * step, 0.0), step
