"""How the adapter of a model was trained, as its file says it: what applied, and nothing that did not."""

from __future__ import annotations

from typing import Any

from botaclip.training.adapter_fit import LEARNING_RATE
from botaclip.training.alignment import START_AXES, Alignment
from botaclip.training.closed_forms import CLOSED_FORMS
from botaclip.training.selection import WITH_RELEVE_SIDE, stopped_by_retrieval


def recipe_of(alignment: Alignment, steps: int) -> dict[str, Any] | None:
    """Return the settings that an adapter was trained with, for ``metadata.alignment.recipe``.

    Parameters
    ----------
    alignment
        What was trained.
    steps
        Optimiser steps taken.

    Returns
    -------
    dict
        Settings by the names of the options, resolved: where the adapter began (``parent`` for that of the model it
        continues from), the learning rate that ``auto`` came to. A setting that had no effect is left out: the bias
        of a loss without one, distances without positives that need them, the regulariser without a weight. None
        where no step was taken.
    """
    if not steps or alignment.name in CLOSED_FORMS:
        return None
    recipe = alignment.recipe
    begins = alignment.begins if alignment.start is None else "parent"
    said: dict[str, Any] = {
        "adapter": recipe.adapter, "adapter_start": begins,
        "steps": steps, "batch": recipe.batch,
        "learning_rate": recipe.learning_rate or LEARNING_RATE[alignment.name], "weight_decay": recipe.weight_decay,
        "schedule": recipe.schedule, "stopping": "retrieval" if stopped_by_retrieval(alignment) else "head",
        "vegeta": recipe.vegeta, "vegeta_axes": recipe.vegeta_axes, "transform": recipe.transform,
        "augmentation": list(recipe.augmentation),
    }  # fmt: skip
    said |= {"start_axes": START_AXES} if begins == "canonical" else {}
    # The learning rate of a schedule depends on the number of steps that it was laid out for.
    said |= {"schedule_steps": alignment.last} if recipe.schedule != "constant" else {}
    said |= {"views": recipe.views} if recipe.augmentation else {}
    said |= {"whitening": alignment.whitening} if alignment.whitening else {}
    said |= {"lambda": alignment.weight, "regulariser": recipe.regulariser} if alignment.weight else {}
    said |= {"species_weight": recipe.species_weight} if alignment.name == "joint" else {}
    return said | (_contrast(alignment) if alignment.name in WITH_RELEVE_SIDE else {})


def _contrast(alignment: Alignment) -> dict[str, Any]:
    """Return the settings of the contrastive term."""
    recipe = alignment.recipe
    said: dict[str, Any] = {"targets": recipe.targets, "unknown_ring": recipe.unknown_ring}
    if recipe.targets == "gram":  # images among themselves: no relevé tower, no temperature
        return said
    said |= {
        "loss": recipe.loss, "temperature": recipe.temperature, "releve_adapter": recipe.releve_adapter,
        "positives": list(recipe.positives),
    }  # fmt: skip
    said |= {"bias": recipe.bias} if recipe.loss == "sigmoid" else {}
    said |= {"positive_distance": recipe.positive_distance} if "near" in recipe.positives else {}
    return said | ({"positive_similarity": recipe.positive_similarity} if "alike" in recipe.positives else {})
