"""JSON out of a model file, read as what a stranger wrote: no bombs, no doubtful numbers, no two values of one key."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

from botaclip.core.errors import ModelFileError
from botaclip.core.model_archive import bad_file

# A plot table of a hundred thousand relevés has under a million values; each takes some sixty bytes when read.
_MOST_VALUES = 5_000_000
_MOST_DEPTH = 40
_MOST_DIGITS = 40

Kinds = type | tuple[type, ...]


def read_json(blob: bytes, name: str, where: str) -> dict[str, Any]:
    """Return the JSON object of a part.

    Parameters
    ----------
    blob
        The part.
    name, where
        Of the part and of the file, for errors.

    Raises
    ------
    ModelFileError
        It is no JSON object, too large or too deep, names a key twice, or holds numbers or characters that are none.
    """
    try:
        if sum(map(blob.count, (b",", b"[", b"{"))) > _MOST_VALUES:
            raise ValueError(f"more than {_MOST_VALUES} values")
        value = json.loads(
            blob.decode("utf-8"), object_pairs_hook=_object, parse_constant=_no_number, parse_int=_whole,
            parse_float=_finite,
        )  # fmt: skip
        _check_values(value)
    except (ValueError, RecursionError) as error:
        reason = "nested too deeply" if isinstance(error, RecursionError) else error
        raise _unreadable(name, str(reason), where) from error
    if not isinstance(value, dict):
        raise bad_file(f"{name} is no JSON object", where)
    return value


def _unreadable(name: str, reason: str, where: str) -> ModelFileError:
    return bad_file(f"{name} is not readable ({reason[:160]})", where)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) < len(pairs):
        keys = [key for key, _ in pairs]
        raise ValueError(f"{next(key for key in keys if keys.count(key) > 1)[:80]!r} stands there twice")
    return made


def _no_number(text: str) -> float:
    raise ValueError(f"{text} is no number")


def _whole(text: str) -> int:
    if len(text) > _MOST_DIGITS:
        raise ValueError(f"a number of {len(text)} digits")
    return int(text)


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"{text[:40]} is no number that a computer can hold")
    return value


def _check_values(value: Any) -> None:
    """Refuse depth beyond what models have, and text that no terminal or file could take."""
    level = [value]
    for _ in range(_MOST_DEPTH):
        texts = [entry for entry in level if isinstance(entry, str)]
        texts += [key for entry in level if isinstance(entry, dict) for key in entry]
        "".join(texts).encode()  # half of a character pair raises
        level = [
            inner
            for entry in level if isinstance(entry, (dict, list))
            for inner in (entry.values() if isinstance(entry, dict) else entry)
        ]  # fmt: skip
        if not level:
            return
    raise ValueError("nested too deeply")


def need(table: Mapping[str, Any], keys: Mapping[str, Kinds], name: str, where: str) -> None:
    """Refuse a table without these keys, or with another type of value in one.

    Raises
    ------
    ModelFileError
        A key is missing or has another type.
    """
    for key in keys:
        if key not in table:
            raise bad_file(f"its {name} has no {key!r}", where)
    allow(table, keys, name, where, empty=False)


def allow(
    table: Mapping[str, Any], keys: Mapping[str, Kinds], name: str, where: str, *, empty: bool = True
) -> None:
    """Refuse a table with another type of value in one of these keys; None stands for a missing one where ``empty``.

    Raises
    ------
    ModelFileError
        A key has another type.
    """
    for key, kind in keys.items():
        value = table.get(key)
        if value is None and (empty or key not in table):
            continue
        if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
            raise bad_file(f"its {name} has no proper {key!r}", where)


def finite(value: Any) -> bool:
    """Whether a value is a number that can be computed with."""
    return isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) < 1e300


def positive(value: Any) -> bool:
    """Whether a value is such a number above 0."""
    return finite(value) and value > 0
