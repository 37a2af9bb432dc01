"""What ``metadata.json`` of a model must say, and in which format it is written.

Format 1 is the first one. Format 2 differs in one thing: the adapter takes environment values beside the image's
vector. A model without environment is written as format 1, so that the first release reads it; one with environment
as format 2, so that the first release says that it is newer, instead of failing on the width of its vectors.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

import botaclip
from botaclip.core.errors import BotaclipError, ModelFileError
from botaclip.core.lattice import Lattice
from botaclip.core.model_archive import bad_file

FORMATS = (1, 2)
NEWEST_FORMAT = FORMATS[-1]

_Kinds = type | tuple[type, ...]
# metadata key -> type that its value must have
_KEYS: dict[str, _Kinds] = {
    "format_version": int, "created": str, "versions": dict, "encoder": dict, "bands": list, "value_range": list,
    "lattice": dict, "patch": dict, "alignment": dict, "data_type": str, "cover_scale": (dict, str), "species": list,
    "training": dict, "plot_locations": str,
}  # fmt: skip
_NUMBER = (int, float)
_OPTIONAL: dict[str, _Kinds] = {
    "environment": list, "scores": dict, "licence": str, "cite": str, "releve_area_m2": _NUMBER, "vegeta": dict,
    "head": str, "provenance": dict,
}  # fmt: skip
_ENCODER: dict[str, _Kinds] = {
    "id": str, "sha256": str, "embedded": bool, "stride_px": int, "margin_px": int, "dimension": int,
    "licence": str, "citation": str,
}  # fmt: skip
_SPECIES: dict[str, _Kinds] = {"presences": int, "prevalence": _NUMBER, "threshold": _NUMBER}
_TRAINING: dict[str, _Kinds] = {"extent_wgs84": list, "crs": str, "dates": list, "plots": int}
_ENVIRONMENT: dict[str, _Kinds] = {"file": str, "band": int, "path": str}
# Numbers that make sense; beyond them a window of pixels would not fit into memory.
_SIZES = {"stride_px": (1, 512), "margin_px": (0, 1024), "dimension": (1, 65_536)}
_MOST_CELLS, _MOST_BANDS, _MOST_SPECIES, _MOST_LETTERS = 100_000, 64, 100_000, 500
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_CRS = re.compile(r"[A-Z0-9_]+\[|EPSG:\d+$")


def format_of(metadata: Mapping[str, Any]) -> int:
    """Return the format that a model with this metadata is written in."""
    return 2 if metadata.get("environment") else 1


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
    _need(metadata, _KEYS, "metadata", where)
    _allow(metadata, _OPTIONAL, "metadata", where)
    number = metadata["format_version"]
    if number not in FORMATS:
        raise bad_file(f"its format is {number}, which never was", where)
    if number < format_of(metadata):
        raise bad_file(f"it says format {number} but has environment layers, which came with format 2", where)
    _check_text(metadata, where)
    _check_encoder(metadata, where)
    _check_ground(metadata, where)
    _check_species(metadata["species"], where)
    _allow(metadata["training"], _TRAINING, "training", where)
    extent = metadata["training"].get("extent_wgs84")
    if extent and (len(extent) != 4 or not all(map(_finite, extent))):
        raise bad_file("the extent of its training is not four numbers", where)
    for layer in metadata.get("environment") or []:
        if not isinstance(layer, dict) or not isinstance(layer.get("name"), str):
            raise bad_file("its environment layers have no names", where)
        _allow(layer, _ENVIRONMENT, "environment layer", where)


def _need(table: Mapping[str, Any], keys: Mapping[str, _Kinds], name: str, where: str) -> None:
    for key in keys:
        if key not in table:
            raise bad_file(f"its {name} has no {key!r}", where)
    _allow(table, keys, name, where, empty=False)


def _allow(
    table: Mapping[str, Any], keys: Mapping[str, _Kinds], name: str, where: str, *, empty: bool = True
) -> None:
    for key, kind in keys.items():
        value = table.get(key)
        if value is None and (empty or key not in table):
            continue
        if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
            raise bad_file(f"its {name} has no proper {key!r}", where)


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


def _check_encoder(metadata: Mapping[str, Any], where: str) -> None:
    encoder = metadata["encoder"]
    _need(encoder, _ENCODER, "encoder", where)
    for key, (least, most) in _SIZES.items():
        if not least <= encoder[key] <= most:
            raise bad_file(f"the {key} of its encoder cannot be {encoder[key]}", where)
    for key in ("centre", "spread"):
        if not _finite(encoder.get(key, 1.0)) or (key == "spread" and encoder.get(key, 1.0) <= 0):
            raise bad_file(f"the {key} of its encoder is no proper number", where)
    bands = metadata["bands"]
    roles = [band.get("role") if isinstance(band, dict) else None for band in bands]
    if not roles or len(roles) > _MOST_BANDS or not all(isinstance(role, str) and role for role in roles):
        raise bad_file("its bands have no roles", where)
    if len(set(roles)) < len(roles):
        raise bad_file("it names a band twice", where)
    span = metadata["value_range"]
    if len(span) != 2 or not all(map(_finite, span)) or not span[0] < span[1]:
        raise bad_file("its range of pixel values is not two numbers, the lower first", where)


def _check_ground(metadata: Mapping[str, Any], where: str) -> None:
    """Patch and lattice: how much ground one value is about."""
    patch = metadata["patch"]
    cells = patch.get("cells")
    if not _positive(patch.get("size_m")) or not isinstance(cells, int) or not 1 <= cells <= _MOST_CELLS:
        raise bad_file("its patch has no proper size", where)
    area = metadata.get("releve_area_m2")
    if area is not None and not _positive(area):
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


def _check_species(species: list[Any], where: str) -> None:
    names = [kind.get("name") if isinstance(kind, dict) else None for kind in species]
    if not names or len(names) > _MOST_SPECIES or not all(isinstance(name, str) and name for name in names):
        raise bad_file("its species have no proper names", where)
    if len(set(names)) < len(names) or any(len(str(name)) > _MOST_LETTERS for name in names):
        raise bad_file("its species have no proper names", where)
    for kind in species:
        for key, wanted in _SPECIES.items():
            value = kind.get(key)
            if value is None and (key == "threshold" or key not in kind):  # a species may have no threshold
                continue
            if not isinstance(value, wanted) or not _finite(value):
                raise bad_file(f"the {key} of {kind['name']} is no number", where)


def _numbers(version: str) -> tuple[int, ...]:
    """Return the numbers that a version begins with, zeros at the end aside: 1.0 is 1.0.0."""
    numbers = [int(number) for number in re.split(r"[^\d.]", version)[0].split(".") if number]
    while numbers and not numbers[-1]:
        numbers.pop()
    return tuple(numbers)


def _finite(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) < 1e300


def _positive(value: Any) -> bool:
    return _finite(value) and value > 0
