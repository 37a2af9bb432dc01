"""Records as JSON: what a user adds, and what the store remembers. Standard library only.

Strict on purpose: a record says how pixels are normalised and what is loaded, so a slip in it must not pass.
"""

from __future__ import annotations

import dataclasses
import math
import re
from collections.abc import Callable, Mapping
from typing import Any, NoReturn

from botaclip.core.encoders.record import MODES, POOLINGS, EncoderRecord
from botaclip.core.errors import EncoderError

ID = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
_ROLE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_. -]{0,39}")
_HEX = re.compile(r"[0-9a-f]{0,64}")
_ADDRESS = re.compile(r"https?://[^\s]{1,2000}")
_MOST_TEXT = 2000
_MOST_ITEMS = 512
_MOST_PX = 65_536
_REQUIRED = ("id", "architecture")


def record_to_json(record: EncoderRecord) -> dict[str, Any]:
    """Return a record as JSON can hold it; :func:`record_from_json` makes the same record of it."""
    about: dict[str, Any] = {}
    for field in dataclasses.fields(record):
        value = getattr(record, field.name)
        if isinstance(value, Mapping):
            value = {str(key): item for key, item in value.items()}
        about[field.name] = list(value) if isinstance(value, tuple) else value
    return about


def record_from_json(about: Any, *, where: str = "record") -> EncoderRecord:
    """Return the record that a JSON object describes; what it does not say is at its default.

    Parameters
    ----------
    about
        The parsed JSON.
    where
        The file it is from, for errors.

    Raises
    ------
    EncoderError
        It is no object, has a key that no record has, lacks ``id`` or ``architecture``, or a value is of another type
        or out of bounds.
    """
    reader = _Reader(where)
    if not isinstance(about, Mapping):
        reader.wrong("it is no JSON object", "write an object with at least id and architecture")
    known = {field.name for field in dataclasses.fields(EncoderRecord)}
    for key in about:
        if key not in known:
            reader.wrong(f"there is no key {str(key)[:60]!r} in a record", f"use {', '.join(sorted(known))}")
    lacking = [key for key in _REQUIRED if not about.get(key)]
    if lacking:
        reader.wrong(f"it does not say its {' and '.join(lacking)}", "add it")
    values = {key: _READERS[key](reader, key, value) for key, value in about.items()}
    values.setdefault("title", values["id"])
    record = EncoderRecord(**values)
    _check(reader, record)
    return record


class _Reader:
    """Reads single values; every error names the file and the key."""

    def __init__(self, where: str) -> None:
        self.where = where

    def wrong(self, found: str, remedy: str = "") -> NoReturn:
        raise EncoderError(found, where=self.where, remedy=remedy)

    def text(self, key: str, value: Any) -> str:
        if not isinstance(value, str) or len(value) > _MOST_TEXT or any(ord(letter) < 32 for letter in value):
            self.wrong(f"{key} is no text of at most {_MOST_TEXT} characters in one line")
        return value.strip()

    def name(self, key: str, value: Any) -> str:
        text = self.text(key, value)
        if not ID.fullmatch(text):
            self.wrong(
                f"{key} cannot be {text[:80]!r}",
                "use small letters, digits, points and hyphens, at most 64, the first a letter or digit",
            )
        return text

    def file(self, key: str, value: Any) -> str:
        text = self.text(key, value)
        if text and not is_file_name(text):
            self.wrong(f"{key} cannot be {text[:80]!r}", "give a file name without folders")
        return text

    def address(self, key: str, value: Any) -> str:
        text = self.text(key, value)
        if text and not _ADDRESS.fullmatch(text):
            self.wrong(f"{key} cannot be {text[:80]!r}", "give an address that begins with https://")
        return text

    def digest(self, key: str, value: Any) -> str:
        text = self.text(key, value).lower()
        if not _HEX.fullmatch(text) or (key == "sha256" and len(text) not in (0, 64)):
            self.wrong(f"{key} cannot be {text[:80]!r}", "give the digits 0-9 and a-f, 64 of them for a whole SHA-256")
        return text

    def number(self, key: str, value: Any) -> float:
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
            self.wrong(f"{key} cannot be {str(value)[:40]!r}", "give a number")
        return float(value)

    def whole(self, key: str, value: Any, low: int = 0, high: int = _MOST_PX) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            self.wrong(f"{key} cannot be {str(value)[:40]!r}", f"give a whole number from {low} to {high}")
        return value

    def pixels(self, key: str, value: Any) -> int:
        return self.whole(key, value, 1)

    def nbytes(self, key: str, value: Any) -> int:
        return self.whole(key, value, 0, 2**50)

    def flag(self, key: str, value: Any) -> bool:
        if not isinstance(value, bool):
            self.wrong(f"{key} cannot be {str(value)[:40]!r}", "write true or false")
        return value

    def items(self, key: str, value: Any) -> list[Any]:
        if not isinstance(value, list) or len(value) > _MOST_ITEMS:
            self.wrong(f"{key} is no list of at most {_MOST_ITEMS} values")
        return value

    def mapping(self, key: str, value: Any) -> dict[str, Any]:
        if not isinstance(value, Mapping) or len(value) > _MOST_ITEMS:
            self.wrong(f"{key} is no object of at most {_MOST_ITEMS} values")
        return {self.text(key, name): item for name, item in value.items()}

    def range(self, key: str, value: Any) -> tuple[float, float]:
        numbers = [self.number(key, item) for item in self.items(key, value)]
        if len(numbers) != 2 or numbers[0] > numbers[1]:
            self.wrong(f"{key} cannot be {numbers}", "give the lowest and the highest")
        return numbers[0], numbers[1]

    def roles(self, key: str, value: Any) -> tuple[str, ...]:
        names = tuple(self.text(key, item) for item in self.items(key, value))
        if len(set(names)) < len(names) or not all(_ROLE.fullmatch(name) for name in names):
            self.wrong(f"{key} cannot be {', '.join(names)[:80]}", "name each band once, for example red, green, blue")
        return names

    def stages(self, key: str, value: Any) -> tuple[int, ...]:
        return tuple(self.whole(key, item, 1, 9) for item in self.items(key, value))

    def by_role(self, key: str, value: Any) -> dict[str, float]:
        return {name: self.number(key, item) for name, item in self.mapping(key, value).items()}

    def fields(self, key: str, value: Any) -> dict[int, int]:
        found = {}
        for name, item in self.mapping(key, value).items():
            if not re.fullmatch(r"[1-9]", name):
                self.wrong(f"{key} has no stage {name[:20]!r}", "name stages 1 to 9")
            found[int(name)] = self.whole(key, item, 1)
        return found

    def refused(self, key: str, value: Any) -> dict[str, str]:
        return {self.digest(key, name): self.text(key, item) for name, item in self.mapping(key, value).items()}

    def variant(self, key: str, value: Any) -> dict[str, Any]:
        found = self.mapping(key, value)
        for item in found.values():
            for one in item if isinstance(item, list) else [item]:
                if isinstance(one, str):
                    self.text(key, one)
                elif not isinstance(one, bool):
                    self.number(key, one)
        return found


def _among(allowed: tuple[str, ...]) -> Callable[[_Reader, str, Any], tuple[str, ...]]:
    def read(reader: _Reader, key: str, value: Any) -> tuple[str, ...]:
        names = tuple(reader.text(key, item) for item in reader.items(key, value))
        if not names or len(set(names)) < len(names) or not set(names) <= set(allowed):
            reader.wrong(f"{key} cannot be {', '.join(names)[:80]!r}", f"choose among {', '.join(allowed)}")
        return names

    return read


_READERS: Mapping[str, Callable[[_Reader, str, Any], Any]] = {
    "id": _Reader.name, "title": _Reader.text, "architecture": _Reader.name, "variant": _Reader.variant,
    "file": _Reader.file, "url": _Reader.address, "revision": _Reader.text, "sha256": _Reader.digest,
    "sha256_prefix": _Reader.digest, "refused": _Reader.refused, "size_bytes": _Reader.nbytes,
    "licence": _Reader.text, "bands": _Reader.roles, "value_range": _Reader.range, "mean": _Reader.by_role,
    "std": _Reader.by_role, "input_px": _Reader.pixels, "token_px": _Reader.pixels, "window_px": _Reader.pixels,
    "drop_tokens": _Reader.whole, "gsd_m": _Reader.range, "dimension": _Reader.whole, "modes": _among(MODES),
    "poolings": _among(POOLINGS), "stages": _Reader.stages, "fields": _Reader.fields, "citation": _Reader.text,
    "verified": _Reader.flag, "notes": _Reader.text,
}  # fmt: skip


def _check(reader: _Reader, record: EncoderRecord) -> None:
    """Refuse what each value alone does not show."""
    if record.value_range[0] >= record.value_range[1]:
        reader.wrong("value_range is empty", "give the lowest and the highest value")
    if record.gsd_m[0] <= 0:
        reader.wrong("gsd_m is not positive", "give pixel sizes in metres")
    for role in record.bands:
        if (record.mean or record.std) and not (role in record.mean and role in record.std):
            reader.wrong(f"mean or std lacks the band {role}", "give both for every band")
    if any(value <= 0 for value in record.std.values()):
        reader.wrong("std is not positive", "give standard deviations above 0")
    if any(len(prefix) < 8 for prefix in record.refused):
        reader.wrong("refused names less than 8 digits of a digest", "give at least 8")
    if record.sha256 and not record.sha256.startswith(record.sha256_prefix):
        reader.wrong("sha256 does not begin with sha256_prefix", "leave one of them out")
    if "tokens" in record.modes and record.architecture != "builtin":
        if record.window_px % record.token_px or record.window_px // record.token_px <= 2 * record.drop_tokens:
            reader.wrong(
                f"a window of {record.window_px} px has no tokens of {record.token_px} px left when "
                f"{record.drop_tokens} rings are dropped", "make the window a larger multiple of token_px",
            )  # fmt: skip
    if "dense" in record.modes and record.stages and not record.fields:
        reader.wrong("mode dense needs fields", "give the receptive field of each stage that is small enough")


def is_file_name(text: str) -> bool:
    """Tell whether a text can be the name of a file in a folder of ours: no folders, no hidden or odd names."""
    return bool(re.fullmatch(r"[^\x00-\x1f/\\:*?\"<>| .][^\x00-\x1f/\\:*?\"<>|]{0,199}(?<![ .])", text))
