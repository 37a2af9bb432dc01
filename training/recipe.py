"""How an adapter is trained: every choice of the method that the paper leaves open, in one record.

The defaults are ours, chosen by evidence (``docs/results.md``); each is an option of the same name.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from botaclip.core.errors import OptionError

POSITIVES = ("site", "near", "alike")
AUGMENTATIONS = ("dihedral", "crop", "colour")


@dataclasses.dataclass(frozen=True)
class Recipe:
    """All settings of a fit but the alignment's name, lambda and number of steps.

    Parameters
    ----------
    vegeta, vegeta_axes, transform
        Encoder of species lists, its width, and what is done to cover first.
    adapter, releve_adapter
        Form of the image adapter (``linear``, ``residual``, ``attention``) and of the relevé's (``linear``, ``mlp``).
    adapter_start
        Where the image adapter begins: ``identity``, ``canonical`` (the closed form of 16 axes), or ``auto``:
        canonical for ``joint``, the identity, which is the paper's, for all others.
    loss, positives, positive_distance, positive_similarity, targets, unknown_ring, temperature, bias
        The contrastive term: which pairs belong together, and its start; metres and similarities 0 to 1.
    regulariser
        ``sum``, ``mean`` or ``neighbours``.
    batch, learning_rate, weight_decay, schedule
        Of the optimiser; a learning rate of None is the alignment's own.
    stopping
        ``head`` or ``retrieval``.
    augmentation, views
        Kinds of views of a patch, and how many.
    species_weight
        Weight of the species head's loss beside the contrastive one in ``joint``.
    """

    vegeta: str = "pca"
    vegeta_axes: int = 64
    transform: str = "hellinger"
    adapter: str = "linear"
    releve_adapter: str = "linear"
    adapter_start: str = "auto"
    loss: str = "sigmoid"
    positives: tuple[str, ...] = ()
    positive_distance: float = 100.0
    positive_similarity: float = 0.8
    targets: str = "own"
    unknown_ring: float = 0.0
    temperature: float = 10.0
    bias: float = -10.0
    regulariser: str = "sum"
    batch: int = 256
    learning_rate: float | None = None
    weight_decay: float = 0.01
    schedule: str = "constant"
    stopping: str = "head"
    augmentation: tuple[str, ...] = ()
    views: int = 4
    species_weight: float = 1.0

    @classmethod
    def of(cls, parameters: Mapping[str, Any]) -> Recipe:
        """Return the recipe that the options of ``train``, ``evaluate`` or ``ablate`` ask for.

        Raises
        ------
        OptionError
            A word of a list option is unknown.
        """
        given = {
            field.name: parameters[field.name]
            for field in dataclasses.fields(cls)
            # Several weights of the species head are tried: candidates() gives each its recipe.
            if parameters.get(field.name) is not None and field.name != "species_weight"
        }
        given["positives"] = _words(parameters, "positives", POSITIVES)
        given["augmentation"] = _words(parameters, "augmentation", AUGMENTATIONS)
        return cls(**given)


def _words(parameters: Mapping[str, Any], key: str, known: tuple[str, ...]) -> tuple[str, ...]:
    words = [word.strip().lower() for word in str(parameters.get(key) or "").split(",")]
    asked = tuple(dict.fromkeys(word for word in words if word not in ("", "none")))
    for word in asked:
        if word not in known:
            raise OptionError(
                f"--{key} cannot be {word!r}", remedy=f"use some of {', '.join(known)}, separated by commas"
            )
    return asked
