"""A virtual relevé: a list of species as a user types it, placed in a model's space as if it had been surveyed.

What the model's encoder of relevés does not know has no column there: it is left out, and said, with the nearest names
that it does know.
"""

from __future__ import annotations

import dataclasses
import difflib
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from botaclip.core.cover_scales import PRESENCE_COVER, plain_code
from botaclip.core.encoders.onnx_session import open_session, run_session
from botaclip.core.errors import EncoderError, ModelFileError, ReleveError
from botaclip.core.table_dialect import listed, parse_number
from botaclip.core.taxon_parser import parse_name

if TYPE_CHECKING:
    from botaclip.core.model import Model

# Per cent of a species named without cover, in a model of covers.
UNSTATED_COVER = 10.0
# How many names are offered for one that is not known, and how like it they are.
_OFFERED, _ALIKE = 3, 0.6
# A comma between digits is a decimal comma.
_SEPARATOR = re.compile(r"[;\r\n]|(?<!\d),|,(?!\d)")
_NUMBER = r"\d+(?:[.,]\d+)?\s*%?"
_BEHIND = re.compile(rf"^(?P<name>.*[^\s:=(])[\s:=(]+(?P<cover>{_NUMBER}|r|i|\+|2[mabMAB])\)?$")
_BEFORE = re.compile(rf"^(?P<cover>{_NUMBER})\s+(?P<name>\D.*)$")
_NEGATIVE = re.compile(r"\s[-\u2212]\s?\d")
# A number between two names: a comma was forgotten.
_RUN_ON = re.compile(r"[^\W\d_]{3,}\s+\d+(?:[.,]\d+)?\s*%?\s+[^\W\d_]{3,}\s+[^\W\d_]{3,}")
_ALONE = re.compile(rf"^(?:{_NUMBER}|r|i|\+|2[mabMAB])$")


def _refuse_odd(part: str) -> None:
    """Refuse what can be read as one species in the wrong way only.

    Raises
    ------
    ReleveError
        A cover is negative, or two species stand without anything between them.
    """
    if _NEGATIVE.search(part):
        raise ReleveError(f"{part.strip()[:80]!r} has a negative cover", remedy="covers are 0 to 100 %")
    if _RUN_ON.search(part):
        raise ReleveError(
            f"{part.strip()[:80]!r} looks like several species",
            remedy="separate species by commas, semicolons or lines",
        )


@dataclasses.dataclass(frozen=True)
class VirtualReleve:
    """A list of species over a model's vocabulary.

    Parameters
    ----------
    cover
        Cover in per cent (1, V) float32, as the model's encoder of relevés takes it; zeros where nothing is known.
    known
        Cover of each species found, by its name in the model.
    unknown
        Nearest known names (at most three) of each name that was not found.
    report
        What was made of the list, one sentence each.
    """

    cover: NDArray[np.float32]
    known: dict[str, float]
    unknown: dict[str, tuple[str, ...]]
    report: tuple[str, ...]


def virtual_releve(
    text: str, vocabulary: Sequence[str], *, scale: Mapping[str, Any] | None = None, data_type: str = ""
) -> VirtualReleve:
    """Read a list such as ``Carex nigra 40, Molinia caerulea; Salix``.

    Species are separated by commas, semicolons or lines; a cover may stand behind a name or before it. Names are
    brought to the form that names of relevés have (authors taken away, ranks and hybrids written one way).

    Parameters
    ----------
    text
        The list.
    vocabulary
        Species (V,) that the encoder knows.
    scale
        ``cover_scale`` of the model: in a model of codes (Braun-Blanquet) a cover that is one of them is read as one,
        and any other as per cent; with a sign of per cent it is always that.
    data_type
        ``data_type`` of the model; ``abundance`` takes any numbers.

    Raises
    ------
    ReleveError
        The list is empty, a cover is above 100 %, or a code is of no scale that the model knows.
    """
    parts = _parts(text)
    if not parts:
        raise ReleveError("the list of species is empty", remedy="name at least one species, for example Carex nigra")
    columns = _Columns.of(vocabulary)
    presence = (scale or {}).get("name") == "presence"
    unstated = PRESENCE_COVER if presence else UNSTATED_COVER
    cover = np.zeros((1, len(vocabulary)), np.float32)
    unknown: dict[str, tuple[str, ...]] = {}
    told = guessed = 0
    for part in parts:
        # A name may end in a number itself.
        written = columns.as_written(part) is not None
        if not written:
            _refuse_odd(part)
        name, code = (part, "") if written else _split(part)
        column = columns.find(name)
        if column is None:
            unknown[name] = columns.near(name)
            continue
        percent = _percent(code, name, scale or {}, data_type) if code else unstated
        told, guessed = told + bool(code), guessed + (not code)
        if presence and percent > 0:
            percent = PRESENCE_COVER
        # The same species twice: layers that overlap at random, as in a relevé.
        before = float(cover[0, column])
        cover[0, column] = before + percent - (0.0 if data_type == "abundance" else before * percent / 100.0)
    known = {str(vocabulary[index]): float(cover[0, index]) for index in np.flatnonzero(cover[0]).tolist()}
    report = [f"{len(known)} of {len(known) + len(unknown)} species are known to the model."]
    if unknown:
        report.append(f"Ignored, because the model does not know them: {listed(map(_offer, unknown.items()))}.")
    if not known:
        report.append("No species is left: the list is placed where an empty relevé is.")
    elif presence and told:
        report.append("The model knows presences only: the covers in the list are not used.")
    elif guessed and not presence:
        report.append(f"{guessed} species without a cover count with {unstated:g} %.")
    return VirtualReleve(cover, known, unknown, tuple(report))


def releve_of_model(model: Model, text: str) -> VirtualReleve:
    """Read a list of species with the vocabulary of a model; see :func:`virtual_releve`.

    Raises
    ------
    ModelFileError
        The model has no encoder of relevés, or does not say which species it reads.
    ReleveError
        The list cannot be read.
    """
    about = model.metadata.get("vegeta") or {}
    species = about.get("species")
    if "vegeta.onnx" not in model.file.parts or not isinstance(species, list) or not species:
        raise ModelFileError(
            "it has no encoder of species lists", where=str(model.file.path),
            remedy="train a model with this version of BotaCLIP",
        )
    scale = model.metadata["cover_scale"]
    return virtual_releve(
        text, [str(name) for name in species], scale=scale if isinstance(scale, dict) else {"name": scale},
        data_type=str(model.metadata["data_type"]),
    )


def releve_vectors(model: Model, cover: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return unit vectors (N, E) in the model's space of relevés, cover in per cent (N, V) over its vocabulary.

    Their dot products with the unit vectors of image patches are cosines.

    Raises
    ------
    ModelFileError
        The model's encoder of relevés does not take them.
    """
    where = f"{model.file.path}, vegeta.onnx"
    try:
        session = open_session(model.file.parts["vegeta.onnx"])
        (taken,) = session.get_inputs()
        if taken.shape[1] != cover.shape[1]:
            raise EncoderError(
                f"the graph takes {taken.shape[1]} species, the model names {cover.shape[1]}",
                remedy="do not use this model",
            )
        return run_session(session, {taken.name: np.ascontiguousarray(cover, np.float32)})[0]
    except EncoderError as error:
        raise ModelFileError(error.found, where=where, remedy=error.remedy) from error


@dataclasses.dataclass(frozen=True)
class _Columns:
    """Column of each species of a vocabulary, by the ways of writing it."""

    vocabulary: tuple[str, ...]
    column: dict[str, int]

    @classmethod
    def of(cls, vocabulary: Sequence[str]) -> _Columns:
        names = [str(name) for name in vocabulary]
        column: dict[str, int] = {}
        # The surer way of writing goes before: as it stands, then whatever its case, then without authors.
        for forms in (
            (parse_name(name).name.casefold() for name in names), (name.casefold() for name in names), names
        ):
            column |= {form: index for index, form in enumerate(forms) if form}
        return cls(tuple(names), column)

    def as_written(self, name: str) -> int | None:
        return self.column.get(name, self.column.get(name.casefold()))

    def find(self, name: str) -> int | None:
        if (found := self.as_written(name)) is not None:
            return found
        # A parser takes "carex Nigra" for a genus and an author: capitals are put right first.
        for form in (parse_name(name).name, parse_name(name.capitalize()).name):
            if form and form.casefold() in self.column:
                return self.column[form.casefold()]
        return None

    def near(self, name: str) -> tuple[str, ...]:
        """Return known names like one that is not: of a genus alone its species, else those written alike."""
        words = name.casefold().split()
        if len(words) == 1:
            of_genus = [known for known in self.vocabulary if known.casefold().split()[0] == words[0]]
            if of_genus:
                return tuple(of_genus[:_OFFERED])
        lower = {known.casefold(): known for known in self.vocabulary}
        return tuple(lower[found] for found in difflib.get_close_matches(name.casefold(), lower, _OFFERED, _ALIKE))


def _parts(text: str) -> list[str]:
    """Return the entries of a list; a cover that stands between separators belongs to the name before it."""
    parts: list[str] = []
    for part in (" ".join(piece.split()) for piece in _SEPARATOR.split(text)):
        if part and parts and _ALONE.match(part) and not (_BEHIND.match(parts[-1]) or _BEFORE.match(parts[-1])):
            parts[-1] = f"{parts[-1]} {part}"
        elif part:
            parts.append(part)
    return parts


def _split(part: str) -> tuple[str, str]:
    """Return name and cover of an entry; ``""`` without a cover."""
    found = _BEHIND.match(part) or _BEFORE.match(part)
    return (found["name"].strip(" :=("), found["cover"]) if found else (part, "")


def _percent(code: str, name: str, scale: Mapping[str, Any], data_type: str) -> float:
    plain = plain_code(code)
    values = scale.get("values") or {}
    if "%" not in code and plain in values:
        return float(values[plain])
    number = parse_number(plain)
    if not np.isfinite(number):
        raise ReleveError(
            f"the cover {code!r} of {name!r} is no number, and no code of the model's cover scale",
            remedy="write covers in per cent, for example Carex nigra 40",
        )
    if number > 100 and data_type != "abundance":
        raise ReleveError(f"the cover of {name!r} is {number:g} %, above 100 %", remedy="correct the cover")
    return number


def _offer(entry: tuple[str, tuple[str, ...]]) -> str:
    name, near = entry
    return f"{name!r} (nearest: {', '.join(near)})" if near else repr(name)
