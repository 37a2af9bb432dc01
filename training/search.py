"""Searching for better settings of one alignment, inside a training fold (``--search``; off by default).

The search sees a training table and its inner folds, no more: called inside every outer fold, it makes a nested spatial
cross-validation, and what it settles on is judged on plots it has never seen. The sampler is the tree-structured Parzen
estimator of Optuna (Akiba et al. 2019, doi:10.1145/3292500.3330701; Bergstra et al. 2011).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from botaclip.core.errors import OptionError
from botaclip.core.progress import SILENT, Progress
from botaclip.training.adapter_fit import LEARNING_RATE
from botaclip.training.alignment import Alignment
from botaclip.training.fit_state import FitState, digest_of
from botaclip.training.selection import Trial, best, inner_validation
from botaclip.training.training_table import TrainingTable

if TYPE_CHECKING:
    import optuna

    from botaclip.training.protocol import Protocol

Folds = Sequence[tuple[NDArray[np.integer], NDArray[np.integer]]]

# Bounds of what is tried; wider where the setting to begin with lies outside.
LEARNING_RATES = (1e-4, 1e-2)
WEIGHT_DECAYS = (1e-4, 1.0)
TEMPERATURES = (2.0, 50.0)
BIASES = (-12.0, 0.0)
LAMBDAS = (0.01, 10.0)
SPECIES_WEIGHTS = (0.03, 3.0)
VEGETA_AXES = (4, 256)
# Times the numbers of steps that are tried anyway.
STEPS = (0.5, 1.0, 2.0)


def best_trained(trials: Sequence[Trial], asked: str = "auto") -> tuple[Alignment, ...]:
    """Return where searches begin: of each trained alignment that was tried, the one of least loss.

    Only the one asked for where that is not ``auto``; none where it is a closed form or the frozen vectors, which have
    nothing to search for.
    """
    names = dict.fromkeys(t.alignment.name for t in trials if t.alignment.name in LEARNING_RATE)
    return tuple(best(trials, name).alignment for name in names if asked in ("auto", name))


def searched(
    table: TrainingTable, folds: Folds, trials: Sequence[Trial], protocol: Protocol, progress: Progress = SILENT,
    kept: FitState | None = None, *, compared: bool = False,
) -> list[Trial]:
    """Return the trials that a search adds to those of the inner validation: those of the settings that it found.

    Every trained alignment is searched for as long as any other: a column that was tuned beside one that was not would
    be no comparison.

    Parameters
    ----------
    table
        Training plots only (of the outer fold).
    folds
        Inner (train, held-out) index pairs into ``table``.
    trials
        Of the inner validation on the same folds; the best of each trained alignment among them is where its search
        begins.
    protocol
        ``protocol.search`` says how many settings of each are tried; none are for 0, and nothing is returned.
    progress
        Gets all of it.
    kept
        Where finished trials and the state of unfinished fits are kept; nowhere when None.
    compared
        Whether the alignments will be compared with each other: then all are searched, not only the one asked for.
    """
    begun = best_trained(trials, "auto" if compared else protocol.asked) if protocol.search else ()
    seed, device = protocol.random_state, protocol.device
    found = []
    for number, alignment in enumerate(begun):
        found.append(search(
            table, folds, alignment, protocol.search, choose_by=protocol.choose_by, random_state=seed, device=device,
            progress=progress.stage(number / len(begun), (number + 1) / len(begun)),
            kept=None if kept is None else kept.under(f"search {alignment.name}"),
        ))  # fmt: skip
    if not found:
        return []
    again = inner_validation(
        table, folds, tuple(found), choose_by=protocol.choose_by, random_state=seed, device=device,
        progress=progress.stage(1.0, 1.0),
        kept=None if kept is None else kept.under("searched"),
    )
    return [trial for trial in again if trial.alignment.name != "none"]


def search(
    table: TrainingTable, folds: Folds, alignment: Alignment, trials: int, *, choose_by: str = "error",
    random_state: int = 1, device: str = "cpu", progress: Progress = SILENT, kept: FitState | None = None,
) -> Alignment:
    """Return the settings of least inner validation loss among ``trials`` tried, those given being the first.

    Learning rate, weight decay and numbers of steps; of a contrastive alignment also temperature, bias of the loss and
    VEGETA's axes; of one with a geometry-preserving term lambda; of ``joint`` the weight of the species head.

    Parameters
    ----------
    table
        Training plots only (of the outer fold).
    folds
        Inner (train, held-out) index pairs into ``table``.
    alignment
        What to begin with.
    trials
        How many settings are tried; each costs one inner validation of the alignment.
    choose_by
        By what settings are compared; see :data:`botaclip.training.selection.CRITERIA`.
    random_state, device
        Seed of the search and of the fits, and torch device.
    progress
        Told of every trial, and checked for cancelling.
    kept
        Where finished trials are kept. The sampler draws the same settings after the same losses, so that a search
        that was stopped goes on where it was, to the same result.

    Raises
    ------
    OptionError
        The alignment is not a trained one, or there are no trials.
    """
    if alignment.name not in LEARNING_RATE:
        raise OptionError(
            f"there is nothing to search for in the alignment {alignment.name!r}",
            remedy=f"search for {', '.join(LEARNING_RATE)}, or leave out --search",
        )
    if trials < 1:
        raise OptionError(f"a search of {trials} trials finds nothing", remedy="give --search at least 1")
    import optuna  # only here: it is slow to load and rarely wanted

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    sampler = optuna.samplers.TPESampler(seed=random_state, n_startup_trials=max(1, min(10, trials // 2)))
    study = optuna.create_study(direction="minimize", sampler=sampler)
    study.enqueue_trial(_settings(alignment))
    found: list[tuple[float, Alignment]] = []
    ground = "" if kept is None else digest_of(table, list(folds), choose_by, random_state, device, optuna.__version__)

    def loss(trial: optuna.Trial) -> float:
        made = _suggested(alignment, trial)
        progress.update(trial.number / trials, f"search: trial {trial.number + 1} of {trials}")
        name, depends = f"trial {trial.number + 1}", "" if kept is None else digest_of(ground, made)
        done = None if kept is None else kept.finished(name, depends=depends)
        if done is not None:
            found.append((float(done.arrays["loss"]), made))
            return found[-1][0]
        judged = inner_validation(
            table, folds, (made,), choose_by=choose_by, random_state=random_state, device=device,
            progress=progress.stage(trial.number / trials, (trial.number + 1) / trials),
            kept=None if kept is None else kept.under(name),
        )  # fmt: skip
        found.append((best(judged, made.name).criterion, made))
        if kept is not None:
            kept.keep(name, {"loss": np.array(found[-1][0], dtype=np.float64)}, depends=depends)
        return found[-1][0]

    study.optimize(loss, n_trials=trials)
    return min(found, key=lambda each: each[0])[1]


def _settings(alignment: Alignment) -> dict[str, float]:
    """Return the settings of an alignment by their name in the search."""
    recipe = alignment.recipe
    made = {
        "learning_rate": recipe.learning_rate or LEARNING_RATE[alignment.name],
        "weight_decay": recipe.weight_decay,
        "steps": 1.0,
    }
    if alignment.name != "supervised" and recipe.targets != "gram":
        made |= {"temperature": recipe.temperature, "vegeta_axes": recipe.vegeta_axes}
        if recipe.loss == "sigmoid":
            made["bias"] = recipe.bias
    if alignment.weight:
        made["lambda"] = alignment.weight
    if alignment.name == "joint":
        made["species_weight"] = recipe.species_weight
    return made


def _suggested(alignment: Alignment, trial: optuna.Trial) -> Alignment:
    """Return the alignment as the trial has it."""
    now = _settings(alignment)

    def real(name: str, bounds: tuple[float, float], *, log: bool = True) -> float:
        low, high = min(bounds[0], now[name]), max(bounds[1], now[name])
        # Nothing that is 0 has a logarithm: a weight of 0 stays as it is.
        return trial.suggest_float(name, low, high, log=log) if low > 0 or not log else now[name]

    changed: dict[str, float | int] = {
        "learning_rate": real("learning_rate", LEARNING_RATES),
        "weight_decay": real("weight_decay", WEIGHT_DECAYS),
    }
    if "temperature" in now:
        changed["temperature"] = real("temperature", TEMPERATURES)
        low, high = (int(f(now["vegeta_axes"], bound)) for f, bound in zip((min, max), VEGETA_AXES, strict=True))
        changed["vegeta_axes"] = trial.suggest_int("vegeta_axes", low, high, log=True)
    if "bias" in now:
        changed["bias"] = real("bias", BIASES, log=False)
    if "species_weight" in now:
        changed["species_weight"] = real("species_weight", SPECIES_WEIGHTS)
    factor = trial.suggest_categorical("steps", STEPS)
    steps = sorted({int(np.ceil(count * factor)) for count in alignment.checkpoints})
    return Alignment(
        alignment.name,
        real("lambda", LAMBDAS) if "lambda" in now else alignment.weight,
        tuple(steps),
        dataclasses.replace(alignment.recipe, **changed),  # type: ignore[arg-type]
        alignment.start,
    )
