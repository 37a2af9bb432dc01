"""What a model says about its encoder (``metadata["encoder"]``): held against bounds, and put into words.

The first release describes dense encoders with one centre and spread; everything else came with format 3: encoders
that look through windows or at the patch itself, numbers per band, and several encoders joined.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from typing import Any

from botaclip.core.encoders.joined import part_name
from botaclip.core.encoders.record import PRECISIONS
from botaclip.core.encoders.spec import MOST_JOINED
from botaclip.core.model_archive import bad_file
from botaclip.core.model_json import Kinds, allow, finite, need

LICENCE_PART = "encoder.licence.txt"
KINDS = ("dense", "tokens", "exact")
JOINED = "joined"

_NEEDED: dict[str, Kinds] = {
    "id": str, "sha256": str, "stride_px": int, "margin_px": int, "dimension": int, "licence": str, "citation": str,
}  # fmt: skip
_MORE: dict[str, Kinds] = {
    "kind": str, "reach_px": int, "input_px": int, "window_tokens": int, "drop_tokens": int, "pooling": str,
    "stage": int, "precision": str, "checkpoint_sha256": str, "fidelity": dict, "verified": bool, "parts": list,
}  # fmt: skip
# Numbers that make sense; beyond them a window of pixels would not fit into memory.
_SIZES = {
    "stride_px": (1, 512), "margin_px": (0, 1024), "dimension": (1, 65_536), "reach_px": (0, 16_384),
    "input_px": (0, 4096), "window_tokens": (0, 1024), "drop_tokens": (0, 511), "stage": (1, 9),
}  # fmt: skip
_MOST_STRIDE_EXACT = 4096  # a cell of the lattice then, of which the encoder knows nothing
_MOST_VALUES = 2**28  # pixels times bands of a window: 1 GiB as the encoder sees it
_MOST_FIDELITY = 64
_DIGEST = re.compile(r"[0-9a-f]{64}")
_WORD = re.compile(r"[a-z0-9-]{0,20}")

_LOOKS = {
    "dense": "dense (every cell by itself, with the margin around it)",
    "tokens": "tokens (the inner patch tokens of fixed windows)",
    "exact": "exact (the patch itself)",
}


def part_names(count: int) -> tuple[str, ...]:
    """Return the names of the parts that hold the graphs of ``count`` encoders."""
    return tuple(map(part_name, range(count)))


def parts_of(about: Mapping[str, Any]) -> tuple[Mapping[str, Any], ...]:
    """Return what is said of each encoder that was joined; of the one itself where it is one."""
    return tuple(about["parts"]) if about.get("kind") == JOINED else (about,)


def is_plain(about: Mapping[str, Any]) -> bool:
    """Whether the first two formats can describe the encoder: dense, with one centre and spread."""
    numbers = (about.get(name) for name in ("centre", "spread"))
    return about.get("kind", "dense") == "dense" and not any(isinstance(value, (list, tuple)) for value in numbers)


def modes_of(about: Mapping[str, Any]) -> tuple[str, ...]:
    """Return how each encoder looks: ``dense``, ``tokens`` or ``exact``."""
    return tuple(str(part.get("kind", "dense")) for part in parts_of(about))


def mode_words(about: Mapping[str, Any]) -> str:
    """Return the mode in a word; of encoders that were joined and differ, those of all, as ``exact+dense``."""
    return _alike(modes_of(about))


def precision_words(about: Mapping[str, Any]) -> str:
    """Return the precision in a word; of encoders that were joined and differ, those of all, as ``fp32+int8``."""
    return _alike([str(part.get("precision") or "fp32") for part in parts_of(about)])


def encoder_lines(about: Mapping[str, Any]) -> list[str]:
    """Return a line on each encoder: how it looks, pooling and stage, precision, and whether it is unverified."""
    lines = []
    parts = parts_of(about)
    for part in parts:
        kind = str(part.get("kind", "dense"))
        facts = [_LOOKS.get(kind, kind)]
        if kind == "exact" and part.get("input_px"):
            facts.append(f"resized to {part['input_px']} x {part['input_px']} pixels")
        if kind == "tokens":
            facts.append(f"windows of {part.get('window_tokens')} tokens a side, {part.get('drop_tokens')} dropped "
                         "at each border")  # fmt: skip
        facts += [f"pooling {part['pooling']}"] if part.get("pooling") else []
        facts += [f"stage {part['stage']}"] if part.get("stage") else []
        facts.append(_precision(part))
        if part.get("verified") is False:
            facts.append("unverified (its loader was never held against the official implementation)")
        if len(parts) > 1:
            facts.insert(0, f"{part['id']} ({part['licence']}) on {', '.join(map(str, part['bands']))}")
        lines.append("; ".join(facts))
    return lines


def _precision(part: Mapping[str, Any]) -> str:
    precision = str(part.get("precision") or "fp32")
    cosine = (part.get("fidelity") or {}).get("cosine")
    if isinstance(cosine, Mapping):
        cosine = cosine.get("median", cosine.get("mean"))
    return f"precision {precision}" + (f", cosine {cosine:.4f} to fp32" if finite(cosine) else "")


def _alike(words: Sequence[str]) -> str:
    return words[0] if len(set(words)) == 1 else "+".join(words)


def check_encoder(metadata: Mapping[str, Any], where: str) -> None:
    """Hold what a model says about its encoder, its bands and its range of values against what makes sense.

    Raises
    ------
    ModelFileError
        Something is missing, of another type, out of bounds, or contradicts the rest.
    """
    about = metadata["encoder"]
    need(about, {"embedded": bool}, "encoder", where)
    roles = _roles(metadata["bands"], where)
    span = metadata["value_range"]
    if len(span) != 2 or not all(map(finite, span)) or not span[0] < span[1]:
        raise bad_file("its range of pixel values is not two numbers, the lower first", where)
    if about.get("kind") == JOINED:
        _check_joined(about, roles, where)
    else:
        _check_one(about, len(roles), where)
        if about.get("parts") is not None:
            raise bad_file("its encoder is one and names parts", where)


def _roles(bands: Sequence[Any], where: str) -> list[str]:
    roles = [band.get("role") if isinstance(band, dict) else None for band in bands]
    named = [role for role in roles if isinstance(role, str) and role]
    if not roles or len(roles) > 64 or len(named) < len(roles):
        raise bad_file("its bands have no roles", where)
    if len(set(named)) < len(named):
        raise bad_file("it names a band twice", where)
    return named


def _check_joined(about: Mapping[str, Any], roles: Sequence[str], where: str) -> None:
    need(about, _NEEDED, "encoder", where)
    allow(about, _MORE, "encoder", where)
    parts = about.get("parts") or []
    if not 2 <= len(parts) <= MOST_JOINED or not all(isinstance(part, dict) for part in parts):
        raise bad_file(f"its encoder is joined, but not of 2 to {MOST_JOINED} encoders", where)
    seen: dict[str, None] = {}
    for part, name in zip(parts, part_names(len(parts)), strict=True):
        bands = part.get("bands")
        if not isinstance(bands, list) or not bands or not all(isinstance(band, str) for band in bands):
            raise bad_file("an encoder that is joined does not say its bands", where)
        if part.get("part") != name or part.get("kind") not in KINDS or len(set(bands)) < len(bands):
            raise bad_file("the encoders that are joined are not described in order", where)
        _check_one(part, len(bands), where)
        seen.update(dict.fromkeys(bands))
    if tuple(seen) != tuple(roles):
        raise bad_file("the bands of the encoders that are joined are not those of the model", where)
    same = all(about[key] == parts[0][key] for key in ("stride_px", "margin_px"))
    if not same or about["dimension"] != sum(part["dimension"] for part in parts):
        raise bad_file("the encoders that are joined do not make up the one that it describes", where)
    if about["sha256"] != hashlib.sha256(" ".join(part["sha256"] for part in parts).encode()).hexdigest():
        raise bad_file("the digest of its encoder is not that of those that are joined", where)


def _check_one(about: Mapping[str, Any], bands: int, where: str) -> None:
    need(about, _NEEDED, "encoder", where)
    allow(about, _MORE, "encoder", where)
    kind = about.get("kind", "dense")
    if kind not in KINDS:
        raise bad_file(f"its encoder is of a kind that never was, {str(kind)[:40]!r}", where)
    for key, (least, most) in _SIZES.items():
        if key == "stride_px" and kind == "exact":
            most = _MOST_STRIDE_EXACT
        value = about.get(key)
        if value is not None and not least <= value <= most:
            raise bad_file(f"the {key} of its encoder cannot be {str(value)[:40]}", where)
    window, drop = about.get("window_tokens") or 0, about.get("drop_tokens") or 0
    if kind == "tokens" and not 0 <= 2 * drop < window:
        raise bad_file(f"nothing is left of its encoder's windows of {window} tokens", where)
    side = {"tokens": window * about["stride_px"], "exact": about.get("input_px") or 0}.get(
        kind, about["stride_px"] + 2 * about["margin_px"]
    )
    if side**2 * bands > _MOST_VALUES:
        raise bad_file(f"a window of its encoder would be {side} pixels a side of {bands} bands", where)
    for key in ("centre", "spread"):
        _check_scale(about.get(key, 1.0), key, bands, where)
    if not _WORD.fullmatch(about.get("pooling") or "") or (about.get("precision") or "fp32") not in PRECISIONS:
        raise bad_file("the pooling or precision of its encoder is none", where)
    if about.get("checkpoint_sha256") and not _DIGEST.fullmatch(about["checkpoint_sha256"]):
        raise bad_file("the digest of its encoder's checkpoint is none", where)
    _check_fidelity(about.get("fidelity") or {}, where)


def _check_scale(value: Any, key: str, bands: int, where: str) -> None:
    values = value if isinstance(value, list) else [value]
    if isinstance(value, list) and len(value) != bands:
        raise bad_file(f"the {key} of its encoder is for {len(value)} bands, of which it looks at {bands}", where)
    # A spread next to nothing would make numbers that no graph can hold.
    if not all(finite(number) and (key == "centre" or number > 1e-12) for number in values):
        raise bad_file(f"the {key} of its encoder is no proper number", where)


def _check_fidelity(fidelity: Mapping[str, Any], where: str) -> None:
    """Refuse more than a few measured numbers, which may lie one level deeper."""
    values: list[Any] = []
    for value in fidelity.values():
        values += list(value.values()) if isinstance(value, dict) else value if isinstance(value, list) else [value]
    good = (value is None or isinstance(value, (str, bool)) or finite(value) for value in values)
    if len(values) > _MOST_FIDELITY or not all(good):
        raise bad_file("what its encoder says of its precision is not a few numbers", where)
