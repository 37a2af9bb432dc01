"""What an ablation varies: one choice of the method at a time, and which choices an alignment makes at all."""

from __future__ import annotations

import dataclasses
import difflib
from collections.abc import Mapping, Sequence
from typing import Any

from scipy.spatial import KDTree

from botaclip.core.errors import OptionError
from botaclip.training.alignment import Alignment
from botaclip.training.protocol import ALIGNED
from botaclip.training.reading import lambdas_of, species_weights_of
from botaclip.training.recipe import Recipe
from botaclip.training.training_table import TrainingTable

# Values of each factor that is an option of the same name.
OPTIONS: Mapping[str, tuple[str, ...]] = {
    "lambda": ("0", "0.1", "1", "10"),
    "species-weight": ("0.3", "1", "3"),
    "regulariser": ("sum", "mean", "neighbours"),
    "temperature": ("1", "5", "10", "20"),
    "bias": ("-10", "-5", "-2.71"),
    "adapter": ("linear", "residual", "attention"),
    "transform": ("hellinger", "presence", "percent", "sqrt", "log1p", "ordinal"),
    "vegeta": ("pca", "ca", "masked", "habitat", "joint"),
    "loss": ("sigmoid", "infonce"),
    "targets": ("own", "floristic", "gram"),
    "positives": ("none", "near", "alike", "site"),
    "schedule": ("constant", "cosine"),
    "adapter-start": ("identity", "canonical"),
    "augmentation": ("none", "dihedral", "dihedral,crop,colour"),
}
WHITENING = (0, 16, 32, 64)
# Share of the training plots of each fold.
SIZES: Mapping[str, float] = {"quarter": 0.25, "half": 0.5, "all": 1.0}
FACTORS = (
    "lambda", "regulariser", "temperature", "bias", "adapter", "transform", "whitening", "augmentation", "size",
    "encoder", "vegeta", "loss", "targets", "positives", "schedule", "adapter-start", "species-weight",
)  # fmt: skip
# The column whose alignment is varied; auto is the paper's method.
METHOD = "botaclip"

_NUMBERS = ("temperature", "bias")
_LISTS = ("positives", "augmentation")
_CONTRASTIVE = ("contrastive", "botaclip", "joint")
_TRAINED = ("supervised", *_CONTRASTIVE)
_FAMILIES = {
    "species-weight": ("joint",), "lambda": ("botaclip", "joint"), "regulariser": ("botaclip", "joint"),
    **dict.fromkeys(("temperature", "bias", "loss", "targets", "positives"), _CONTRASTIVE),
    **dict.fromkeys(("transform", "vegeta"), (*_CONTRASTIVE, "canonical")),
    **dict.fromkeys(("adapter", "adapter-start", "schedule", "augmentation", "whitening"), _TRAINED),
}
# What the alignments without a factor have not got.
_LACKS = {
    "species-weight": "no species head beside a contrastive loss",
    "lambda": "no geometry-preserving term", "regulariser": "no geometry-preserving term",
    **dict.fromkeys(("temperature", "bias", "loss", "targets", "positives"), "no contrastive loss"),
    **dict.fromkeys(("transform", "vegeta"), "no encoder of species lists"),
    **dict.fromkeys(
        ("adapter", "adapter-start", "schedule", "augmentation", "whitening"), "no adapter that is trained"
    ),
}


@dataclasses.dataclass(frozen=True)
class Variant:
    """One way to do one thing.

    Parameters
    ----------
    factor, name
        What is varied, and its value in words.
    options
        Options of the command that are changed, by key.
    whitening
        Principal components that vectors become before the adapter; 0 for none.
    share
        Share of the training plots of each fold that are used.
    encoder
        Another frozen encoder than the one asked for; ``""`` for that one.
    is_default
        Whether nothing is changed: the value that everything else is run with.
    reason
        Why it cannot be run; ``""`` where it can.
    """

    factor: str
    name: str
    options: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    whitening: int = 0
    share: float = 1.0
    encoder: str = ""
    is_default: bool = False
    reason: str = ""

    @property
    def beside_raw(self) -> bool:
        """Whether the frozen vectors are another baseline here than for the unchanged alignment."""
        return not self.is_default and (self.share != 1.0 or bool(self.encoder))


def factors_of(words: str | None) -> tuple[str, ...]:
    """Return the factors that ``--factors`` names.

    Raises
    ------
    OptionError
        There is no such factor, or none is named.
    """
    asked = tuple(dict.fromkeys(word.strip().lower() for word in str(words or "").split(",") if word.strip()))
    for word in asked:
        if word not in FACTORS:
            near = difflib.get_close_matches(word, FACTORS, n=1, cutoff=0.5)
            raise OptionError(
                f"--factors cannot be {word!r}",
                remedy=f"perhaps {near[0]} was meant" if near else f"use some of {', '.join(FACTORS)}",
            )
    if not asked:
        raise OptionError("--factors names nothing to vary", remedy=f"use some of {', '.join(FACTORS)}")
    return asked


def alignment_of(parameters: Mapping[str, Any]) -> tuple[str, str]:
    """Return the alignment that is varied, and the name of its column.

    Raises
    ------
    OptionError
        Without an alignment there is nothing to vary.
    """
    asked = parameters.get("alignment") or "auto"
    name = METHOD if asked == "auto" else str(asked)
    for column, alignment in ALIGNED.items():
        if alignment == name:
            return name, column
    raise OptionError(
        f"--alignment {name} makes no choice that could be varied",
        remedy=f"use auto (which is {METHOD} here) or one of {', '.join(ALIGNED.values())}",
    )


def variants_of(
    factors: Sequence[str], alignment: str, data: TrainingTable, parameters: Mapping[str, Any]
) -> list[Variant]:
    """Return every variant of every factor, the unchanged one of each first.

    Parameters
    ----------
    factors
        See :func:`factors_of`.
    alignment
        What is varied.
    data
        The plots: what is not known of them cannot be varied.
    parameters
        Options of ``ablate``: what the unchanged alignment is.
    """
    made: list[Variant] = []
    for factor in factors:
        if factor == "size":
            some = [Variant(factor, name, share=share, is_default=share == 1.0) for name, share in SIZES.items()]
        elif factor == "whitening":
            some = [
                Variant(factor, f"{axes} components" if axes else "none", whitening=axes, is_default=not axes)
                for axes in WHITENING
            ]
        elif factor == "encoder":
            own = str(parameters["encoder"])
            words = [word.strip() for word in str(parameters.get("encoders") or "").split(",") if word.strip()]
            some = [
                Variant(factor, word, encoder="" if word == own else word, is_default=word == own)
                for word in dict.fromkeys([own, *words])
            ]
        else:
            some = _option_variants(factor, alignment, parameters)
        some.sort(key=lambda variant: not variant.is_default)
        made += [dataclasses.replace(each, reason=_reason(each, alignment, data, parameters)) for each in some]
    return made


def _option_variants(factor: str, alignment: str, parameters: Mapping[str, Any]) -> list[Variant]:
    own, key = _value(factor, parameters), factor.replace("-", "_")
    if own == "auto":
        own = Alignment(alignment).begins
    found = [
        Variant(factor, value.replace(",", "+"), {key: _typed(factor, value)},
                is_default=_value(factor, {key: value}) == own)
        for value in OPTIONS[factor]
    ]  # fmt: skip
    if not any(each.is_default for each in found):
        found.append(Variant(factor, _words(own), is_default=True))
    return found


def _typed(factor: str, value: str) -> Any:
    return float(value) if factor in _NUMBERS else value


def _value(factor: str, parameters: Mapping[str, Any]) -> Any:
    """Return the value of a factor, so that equal ones are equal however they are written."""
    if factor == "lambda":
        return lambdas_of(dict(parameters))
    if factor == "species-weight":
        return species_weights_of(dict(parameters))
    key = factor.replace("-", "_")
    if parameters.get(key) is None:
        return getattr(Recipe(), key)
    if factor in _LISTS:
        return tuple(sorted(getattr(Recipe.of({factor: parameters[factor]}), factor)))
    return float(parameters[factor]) if factor in _NUMBERS else str(parameters[key])


def _words(value: Any) -> str:
    if isinstance(value, tuple):
        joint = " or " if all(isinstance(each, float) for each in value) else "+"
        return joint.join(_words(each) for each in value)
    return f"{value:g}" if isinstance(value, float) else str(value)


def _reason(variant: Variant, alignment: str, data: TrainingTable, parameters: Mapping[str, Any]) -> str:
    """Return why a variant cannot be run or would change nothing; ``""`` where it can be run."""
    factor = variant.factor
    if alignment not in _FAMILIES.get(factor, (alignment,)):
        return f"{alignment} has {_LACKS[factor]}"
    if variant.is_default:
        return ""
    own = Recipe.of(parameters)
    if factor == "regulariser" and not any(lambdas_of(dict(parameters))):
        return "with --lambda 0 there is no geometry-preserving term"
    if alignment != "canonical" and own.targets == "gram" and factor in (
        "temperature", "bias", "loss", "transform", "vegeta"
    ):  # fmt: skip
        return "with --targets gram there is neither a contrastive loss nor an encoder of species lists"
    if factor == "bias" and own.loss == "infonce":
        return "InfoNCE has no bias"
    return {
        "whitening": _no_whitening, "vegeta": _no_vegeta, "positives": _no_positives,
    }.get(factor, lambda *_: "")(variant, alignment, data, own)  # fmt: skip


def _no_whitening(variant: Variant, alignment: str, data: TrainingTable, own: Recipe) -> str:
    if own.adapter != "linear":
        return f"principal components before a {own.adapter} adapter cannot be joined into one map"
    dimension = data.vectors.shape[1]
    return f"the vectors have {dimension} dimensions only" if variant.whitening >= dimension else ""


def _no_vegeta(variant: Variant, alignment: str, data: TrainingTable, own: Recipe) -> str:
    if alignment == "canonical" and variant.name not in ("pca", "ca"):
        return "a closed form reads ordinations only"
    if variant.name == "habitat":
        known = {name for name in data.habitats or () if name}
        if len(known) < 2:
            return "no habitats are known (--habitat-field)" if not known else "only one habitat is known"
    return ""


def _no_positives(variant: Variant, alignment: str, data: TrainingTable, own: Recipe) -> str:
    if variant.name == "site" and len(set(data.sites or ())) < 2:
        return "all plots lie on one site"
    if variant.name == "near":
        tree = KDTree(data.location)
        if tree.count_neighbors(tree, own.positive_distance) <= len(data):  # each is its own neighbour
            return f"no two plots lie within {own.positive_distance:g} m of each other"
    return ""
