"""What ``metadata.json`` of a model must say, and in which format it is written.

Format 1 is the first one. Format 2 differs in one thing: the adapter takes environment values beside the image's
vector. Format 3 brings encoders that are not dense with one centre and spread, several of them in one model, large
ones, and the text of a licence. A model is written in the oldest format that holds it: so the first release reads what
it can, and of the rest says that it is newer, instead of failing on the width of its vectors.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

import botaclip
from botaclip.core.encoder_metadata import LICENCE_PART, check_encoder, is_plain, modes_of
from botaclip.core.errors import BotaclipError, ModelFileError
from botaclip.core.lattice import Lattice
from botaclip.core.model_archive import bad_file
from botaclip.core.model_json import Kinds, allow, finite, need, positive

FORMATS = (1, 2, 3)
NEWEST_FORMAT = FORMATS[-1]
LARGEST_FIRST_GRAPH = 64 * 2**20  # bytes of an encoder that formats 1 and 2 may hold

# metadata key -> type that its value must have
_KEYS: dict[str, Kinds] = {
    "format_version": int, "created": str, "versions": dict, "encoder": dict, "bands": list, "value_range": list,
    "lattice": dict, "patch": dict, "alignment": dict, "data_type": str, "cover_scale": (dict, str), "species": list,
    "training": dict, "plot_locations": str,
}  # fmt: skip
_NUMBER = (int, float)
_OPTIONAL: dict[str, Kinds] = {
    "environment": list, "scores": dict, "licence": str, "cite": str, "releve_area_m2": _NUMBER, "vegeta": dict,
    "head": str, "provenance": dict, "applicability": dict, "lists": dict, "richness": dict, "card": str,
}  # fmt: skip
_APPLICABILITY: dict[str, Kinds] = {"axes": int, "mean_distance": _NUMBER, "threshold": _NUMBER}
_RICHNESS: dict[str, Kinds] = dict.fromkeys(("share", "low", "high"), _NUMBER)
_SPECIES: dict[str, Kinds] = {"listed_from": _NUMBER, "presences": int, "prevalence": _NUMBER, "threshold": _NUMBER}
_TRAINING: dict[str, Kinds] = {"extent_wgs84": list, "crs": str, "dates": list, "plots": int}
_ENVIRONMENT: dict[str, Kinds] = {"file": str, "band": int, "path": str}
# Of the recipe of an adapter: numbers that have to be positive, or may be 0, and words.
_POSITIVE = ("steps", "batch", "learning_rate", "temperature", "vegeta_axes", "views", "start_axes", "schedule_steps")
_NOT_NEGATIVE = (
    "weight_decay", "lambda", "species_weight", "unknown_ring", "positive_distance", "positive_similarity", "whitening",
)
_RECIPE: dict[str, Kinds] = {
    **dict.fromkeys((*_POSITIVE, *_NOT_NEGATIVE, "bias"), _NUMBER),
    **dict.fromkeys(
        ("adapter", "adapter_start", "releve_adapter", "vegeta", "transform", "loss", "targets", "regulariser",
         "schedule", "stopping"), str,
    ),
    "augmentation": list, "positives": list,
}  # fmt: skip
_MOST_SETTINGS, _MOST_WORDS, _MOST_NUMBER = 64, 32, 1e9
_MOST_CELLS, _MOST_SPECIES, _MOST_LETTERS = 100_000, 100_000, 500
_MOST_PATCH_VALUES = 2**30  # pixels times bands: 4 GiB
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_CRS = re.compile(r"[A-Z0-9_]+\[|EPSG:\d+$")


def format_of(metadata: Mapping[str, Any], parts: Mapping[str, Any] | None = None) -> int:
    """Return the format that a model with this metadata, and these parts where they are known, is written in."""
    graph = (parts or {}).get("encoder.onnx", b"")
    late = LICENCE_PART in (parts or {}) or len(graph) > LARGEST_FIRST_GRAPH
    if late or not is_plain(metadata["encoder"]):
        return 3
    return 2 if metadata.get("environment") else 1


def has_control_characters(text: str) -> bool:
    """Whether a text would steer a terminal; ends of lines and tabulators do not."""
    return _CONTROL.search(text) is not None


def writable(value: Any) -> Any:
    """Return metadata with a blank for every character that :func:`check_metadata` refuses, as file names have them."""
    if isinstance(value, str):
        return _CONTROL.sub(" ", value).encode(errors="replace").decode()
    if isinstance(value, Mapping):
        return {writable(key): writable(inner) for key, inner in value.items()}
    return [writable(inner) for inner in value] if isinstance(value, (list, tuple)) else value


def refuse_newer(metadata: Mapping[str, Any], where: str) -> None:
    """Say which version reads a model of a newer format.

    Raises
    ------
    ModelFileError
        Its format is newer than :data:`NEWEST_FORMAT`.
    """
    number = metadata.get("format_version")
    if not isinstance(number, int) or number <= NEWEST_FORMAT:
        return
    versions = metadata.get("versions")
    maker = versions.get("botaclip") if isinstance(versions, dict) else None
    # A maker that is not above this version wrote something else there than its own: it helps nobody.
    known = (
        isinstance(maker, str) and re.fullmatch(r"\d{1,4}(\.\d{1,4}){1,3}", maker)
        and _numbers(maker) > _numbers(botaclip.__version__)
    )  # fmt: skip
    raise ModelFileError(
        f"it was made by a newer version of BotaCLIP (format {number}; this version, {botaclip.__version__}, reads "
        f"formats up to {NEWEST_FORMAT})",
        where=where, remedy=f"update the plugin to version {maker} or newer" if known else "update the plugin",
    )  # fmt: skip


def check_metadata(metadata: Mapping[str, Any], where: str) -> None:
    """Hold metadata against what every reader relies on.

    Raises
    ------
    ModelFileError
        A key is missing, has another type, or a value that makes no sense.
    """
    need(metadata, _KEYS, "metadata", where)
    allow(metadata, _OPTIONAL, "metadata", where)
    number = metadata["format_version"]
    if number not in FORMATS:
        raise bad_file(f"its format is {number}, which never was", where)
    if number < format_of(metadata):
        what = "environment layers" if is_plain(metadata["encoder"]) else "an encoder of a kind"
        raise bad_file(f"it says format {number} but has {what}, which came with format {format_of(metadata)}", where)
    _check_text(metadata, where)
    check_encoder(metadata, where)
    _check_ground(metadata, where)
    _check_species(metadata["species"], where)
    _check_recipe(metadata["alignment"].get("recipe"), where)
    _check_applicability(metadata.get("applicability"), where)
    _check_richness(metadata.get("richness"), where)
    allow(metadata["training"], _TRAINING, "training", where)
    extent = metadata["training"].get("extent_wgs84")
    if extent and (len(extent) != 4 or not all(map(finite, extent))):
        raise bad_file("the extent of its training is not four numbers", where)
    for layer in metadata.get("environment") or []:
        if not isinstance(layer, dict) or not isinstance(layer.get("name"), str):
            raise bad_file("its environment layers have no names", where)
        allow(layer, _ENVIRONMENT, "environment layer", where)


def check_plots(table: Mapping[str, Any], where: str) -> None:
    """Hold ``plots.json`` against what every reader relies on: of a plot's place, all is there or nothing.

    Raises
    ------
    ModelFileError
        It is no list of plots, or one has a place that is none.
    """
    plots, crs = table.get("plots", []), table.get("crs")
    if not isinstance(plots, list) or not all(isinstance(plot, dict) for plot in plots):
        raise bad_file("plots.json is no list of plots", where)
    if crs is not None and not isinstance(crs, str):
        raise bad_file("plots.json names no proper CRS", where)
    for number, plot in enumerate(plots, start=1):
        if ("x" in plot or "y" in plot) and not (finite(plot.get("x")) and finite(plot.get("y"))):
            raise bad_file(f"plot {number} of plots.json has no proper place", where)


def _check_applicability(about: Any, where: str) -> None:
    """The area of applicability, where a model has one; how it was made is for people."""
    if about is None:
        return
    need(about, _APPLICABILITY, "area of applicability", where)
    if not all(positive(about[key]) for key in _APPLICABILITY):
        raise bad_file("its area of applicability has no proper numbers", where)


def _check_richness(about: Any, where: str) -> None:
    """How far plots are from their expected number of species; what else is said of it is for people."""
    if about is None:
        return
    need(about, _RICHNESS, "richness", where)
    if not all(map(finite, (about[key] for key in _RICHNESS))) or not 0 < about["share"] < 1:
        raise bad_file("its interval of richness has no proper numbers", where)
    if about["low"] > about["high"] or not finite(about.get("highest", 0)):
        raise bad_file("its interval of richness has no proper numbers", where)


def _check_text(value: Any, where: str) -> None:
    """Refuse characters that steer a terminal: names of species and licences are printed."""
    level = [value]
    while level:
        for entry in level:
            if isinstance(entry, str) and _CONTROL.search(entry):
                raise bad_file("its metadata hold control characters", where)
        level = [
            inner
            for entry in level if isinstance(entry, (dict, list))
            for inner in ([*entry.keys(), *entry.values()] if isinstance(entry, dict) else entry)
        ]  # fmt: skip


def _check_ground(metadata: Mapping[str, Any], where: str) -> None:
    """Patch and lattice: how much ground one value is about."""
    patch = metadata["patch"]
    cells = patch.get("cells")
    if not positive(patch.get("size_m")) or not isinstance(cells, int) or not 1 <= cells <= _MOST_CELLS:
        raise bad_file("its patch has no proper size", where)
    area = metadata.get("releve_area_m2")
    if area is not None and not positive(area):
        raise bad_file("the area of its relevés is no proper number", where)
    if not _CRS.match(str(metadata["lattice"].get("crs_wkt"))):
        raise bad_file("the CRS of its lattice is not WKT", where)
    try:
        lattice = Lattice.from_json(metadata["lattice"])
    except (BotaclipError, OverflowError) as error:
        found = error.found if isinstance(error, BotaclipError) else "the stored lattice has no proper numbers"
        raise bad_file(found, where) from error
    places = (lattice.origin_x, lattice.origin_y)
    if not all(map(math.isfinite, places)) or lattice.stride_px != metadata["encoder"]["stride_px"]:
        raise bad_file("its lattice is not one for its encoder", where)
    side = patch["size_m"] / lattice.pixel_m
    if "exact" in modes_of(metadata["encoder"]) and side**2 * len(metadata["bands"]) > _MOST_PATCH_VALUES:
        raise bad_file(f"a patch of {side:.0f} pixels a side cannot be looked at as a whole", where)


def _check_species(species: list[Any], where: str) -> None:
    names = [kind.get("name") if isinstance(kind, dict) else None for kind in species]
    if not names or len(names) > _MOST_SPECIES or not all(isinstance(name, str) and name for name in names):
        raise bad_file("its species have no proper names", where)
    if len(set(names)) < len(names) or any(len(str(name)) > _MOST_LETTERS for name in names):
        raise bad_file("its species have no proper names", where)
    for kind in species:
        for key, wanted in _SPECIES.items():
            value = kind.get(key)
            # A species may have no threshold, and be on no list.
            if value is None and (key in ("threshold", "listed_from") or key not in kind):
                continue
            if not isinstance(value, wanted) or not finite(value):
                raise bad_file(f"the {key} of {kind['name']} is no number", where)


def _check_recipe(recipe: Any, where: str) -> None:
    """Refuse settings of a training that nobody could have given; those of a later version are let be."""
    if recipe is None:
        return
    if not isinstance(recipe, dict) or len(recipe) > _MOST_SETTINGS:
        raise bad_file("the recipe of its adapter is no list of settings", where)
    allow(recipe, _RECIPE, "recipe", where)
    for key, value in recipe.items():
        texts = [key, *(value if isinstance(value, list) else [value])]
        if len(texts) > 1 + _MOST_WORDS or any(
            len(text) > _MOST_LETTERS if isinstance(text, str)
            else text is not None and not (isinstance(text, (int, float)) and abs(text) <= _MOST_NUMBER)
            for text in texts
        ):  # fmt: skip
            raise bad_file(f"the setting {key[:80]!r} of its adapter's recipe makes no sense", where)
        if key in _RECIPE and isinstance(value, list) and not all(isinstance(word, str) for word in value):
            raise bad_file(f"the setting {key!r} of its adapter's recipe is no list of words", where)
        number = isinstance(value, (int, float))
        if number and ((key in _POSITIVE and value <= 0) or (key in _NOT_NEGATIVE and value < 0)):
            raise bad_file(f"the setting {key!r} of its adapter's recipe is {value:g}", where)


def _numbers(version: str) -> tuple[int, ...]:
    """Return the numbers that a version begins with, zeros at the end aside: 1.0 is 1.0.0."""
    numbers = [int(number) for number in re.split(r"[^\d.]", version)[0].split(".") if number]
    while numbers and not numbers[-1]:
        numbers.pop()
    return tuple(numbers)
