"""Options that cannot be, and options without effect: said before the first patch is looked at, not an hour later."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from botaclip.core.device import check_training_device
from botaclip.core.errors import OptionError, ReleveError
from botaclip.core.progress import SILENT, Progress
from botaclip.core.training_options import ALIGNMENT
from botaclip.training.closed_forms import CLOSED_FORMS, ORDINATIONS
from botaclip.training.reading import lambdas_of, species_weights_of
from botaclip.training.recipe import Recipe

# Options of adapters that are trained, of contrastive losses and of encoders of species lists.
_TRAINED = (
    "lambda", "species-weight", "regulariser", "adapter", "adapter-start", "batch", "learning-rate", "weight-decay",
    "schedule", "stopping", "augmentation", "epochs", "search",
)  # fmt: skip
_CONTRASTIVE = (
    "loss", "positives", "targets", "unknown-ring", "temperature", "bias", "releve-adapter",
)  # fmt: skip
_VEGETA = ("vegeta", "vegeta-axes", "transform", "extra-releves")
_DEFAULTS = {option.name: option.default for option in ALIGNMENT}


def check_options(parameters: Mapping[str, Any], progress: Progress = SILENT) -> None:
    """Refuse options that cannot be; say in one warning which have no effect.

    Parameters
    ----------
    parameters
        Options of ``train``, ``evaluate`` or ``ablate``.
    progress
        Told of options without effect.

    Raises
    ------
    OptionError
        A number or a word of a list cannot be read, or ``--vegeta habitat`` has no ``--habitat-field``.
    ReleveError
        There is no file of ``--extra-releves``.
    DeviceError
        Training cannot use the device.
    """
    check_training_device(str(parameters.get("device") or "auto"))
    recipe = Recipe.of(parameters)
    lambdas_of(dict(parameters))
    species_weights_of(dict(parameters))
    if recipe.vegeta == "habitat" and not parameters.get("habitat_field"):
        raise OptionError(
            "an encoder of species lists cannot learn habitats that are not named", where="--vegeta habitat",
            remedy="name their column with --habitat-field, or use --vegeta pca",
        )
    extra = str(parameters.get("extra_releves") or "")
    if extra and not Path(extra.split("|")[0]).exists():
        raise ReleveError("there is no such file", where=extra, remedy="check the path of --extra-releves")
    idle = idle_options(parameters)
    if idle:
        progress.warning("Without effect: " + "; ".join(idle) + ".")


def idle_options(parameters: Mapping[str, Any]) -> list[str]:
    """Return which options that were changed do nothing for what is trained, each with the reason."""
    asked, recipe = str(parameters.get("alignment") or "auto"), Recipe.of(parameters)
    found: list[str] = []

    def idle(names: tuple[str, ...], reason: str) -> None:
        some = [name for name in names if _changed(parameters, name)]
        if some:
            found.append(f"{', '.join(f'--{name}' for name in some)} {reason}")

    columns = "in the adapted vectors (only in the columns that they are compared with)"
    if asked in ("none", *CLOSED_FORMS):
        idle((*_TRAINED, *_CONTRASTIVE), f"{columns}: --alignment {asked} trains no adapter")
        if asked != "canonical":
            idle(_VEGETA, f"{columns}: --alignment {asked} reads no relevé; they make the relevé side of the model")
    elif asked == "supervised":
        idle((*_CONTRASTIVE, "lambda", "regulariser", "stopping"), f"{columns}: supervised has no contrastive term")
    elif asked == "contrastive":
        idle(("lambda", "regulariser"), f"{columns}: contrastive has no geometry-preserving term")
    if asked not in ("auto", "joint", "none", *CLOSED_FORMS):
        idle(("species-weight",), f"{columns}: it is of joint alone")
    if recipe.vegeta not in ORDINATIONS and asked in ("auto", "canonical"):
        found.append(f"--vegeta {recipe.vegeta} in the alignment canonical, a closed form, which reads pca instead")
    if recipe.targets == "gram":
        idle(
            ("loss", "temperature", "bias", "releve-adapter"),
            "with --targets gram, which has neither a contrastive loss nor a relevé side that is trained",
        )
    elif recipe.loss == "infonce":
        idle(("bias",), "with --loss infonce, which has no bias")
    if "near" not in recipe.positives:
        idle(("positive-distance",), "without --positives near")
    if "alike" not in recipe.positives:
        idle(("positive-similarity",), "without --positives alike")
    if not recipe.augmentation:
        idle(("views",), "without --augmentation")
    return found


def _changed(parameters: Mapping[str, Any], name: str) -> bool:
    value = parameters.get(name.replace("-", "_"))
    return value not in (None, "", _DEFAULTS[name])
