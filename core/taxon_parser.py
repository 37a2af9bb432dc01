"""Reading a taxon name as it was written down: what is the name, what is author, doubt or remark.

Standard library only. Rules of the botanical code (ICN, Shenzhen 2018) as far as plant lists need them: genus, species,
ranks below it, hybrids; everything behind the last epithet is authorship or remark.
"""

from __future__ import annotations

import dataclasses
import functools
import re
import unicodedata

_LETTERS = "a-zà-öø-ÿœæ"
_GENUS = re.compile(rf"^[A-ZÀ-ÖØ-Þ][{_LETTERS}-]+$")
_EPITHET = re.compile(rf"^[{_LETTERS}][{_LETTERS}-]+(/[{_LETTERS}-]+)?$")
_SUBGENUS = re.compile(rf"^\([A-ZÀ-ÖØ-Þ][{_LETTERS}-]+\)$")
_CULTIVAR = re.compile(r"""(?:^|(?<=\s))['‘"“].*$|\s+cv\.?\s.*$""")
_RANKS = {
    "subsp": "subsp.", "ssp": "subsp.", "subspecies": "subsp.", "nothosubsp": "nothosubsp.", "nothossp": "nothosubsp.",
    "var": "var.", "variety": "var.", "varietas": "var.", "nothovar": "nothovar.", "subvar": "subvar.",
    "convar": "convar.", "f": "f.", "fo": "f.", "fa": "f.", "forma": "f.", "subf": "subf.",
}  # fmt: skip
_INFRAGENERIC = {
    "sect": "sect.", "section": "sect.", "sectio": "sect.", "subg": "subg.", "subgen": "subg.", "subgenus": "subg.",
    "ser": "ser.", "subsect": "subsect.",
}  # fmt: skip
_HYBRID = frozenset({"×", "x", "X", "✕", "✖"})
_DOUBT = frozenset({"cf", "cfr", "aff", "conf", "?", "(cf)", "(cf.)", "(aff.)", "(?)"})
# Lower-case words that belong to an authorship.
_PARTICLES = frozenset(
    "ex et in and de da di du del della den der des la le van von vom y e al bis non nec auct hort nom emend pro ined "
    "fil ter zu af".split()
)
# Words that say how wide a name is meant, or in which state the plant was; the name stands without them.
_REMARKS = frozenset(
    "agg aggr coll group complex gr sl ss s lat str sensu lato stricto juv juvenile seedling seedlings sapling "
    "saplings cultivar cv sterile veg dead".split()
)
_END_OF_NAME = frozenset({"sensu", "auct", "non", "nec"})
_NOBODY = re.compile(
    r"\b(?:unknown|unidentified|unident|unid|undetermined|undet|indet|indetermin\w*|ind[ée]termin\w*|unbekannt\w*|"
    r"unbestimmt\w*|inconnue?s?|non identifi[ée]\w*|onbekend\w*|desconocid\w*|no identificad\w*|sconosciut\w*|"
    r"incertae sedis|nicht bestimmt)\b",
    re.IGNORECASE,
)
_SPECIES_MISSING = re.compile(r"^(?:sp|spp|spec)(?:[._-]*(?:nov\.?|[a-z]|\d+))?[.:]*$|^species$", re.IGNORECASE)


@dataclasses.dataclass(frozen=True)
class ParsedName:
    """A taxon name taken apart.

    Parameters
    ----------
    name
        The name without authors, doubts and remarks, ranks and hybrids written one way; the text itself where it
        could not be read as a scientific name.
    level
        ``species`` (or below, or a hybrid, or an infrageneric group), ``genus`` (nothing but a genus or a higher
        taxon), ``unidentified`` (it says so itself), or ``unread`` (a code, a vernacular name).
    doubtful
        Whether it carries cf., aff. or a question mark.
    """

    name: str
    level: str
    doubtful: bool = False


@functools.lru_cache(maxsize=65_536)
def parse_name(verbatim: str) -> ParsedName:
    """Take a taxon name apart.

    ``Corylus cornuta Marshall var. californica (A. DC.) Sharp`` is *Corylus cornuta var. californica*; ``Mentha
    x piperita L.`` is *Mentha × piperita*; ``Carex cf. nigra`` is *Carex nigra*, with doubt; ``Carex sp.`` is
    unidentified. What cannot be read so is returned as it stands: a code or a vernacular name is never cut.
    """
    text = " ".join(unicodedata.normalize("NFC", verbatim).replace("\u00a0", " ").split())
    bare = _CULTIVAR.sub("", text).strip()
    text = bare or text
    doubtful = False
    text = re.sub(r"\b(cf|cfr|aff)\.(?=\w)", r"\1. ", text)
    text = re.sub(r"^×\s*(?=\w)|(?<=\s)×(?=\w)", "× ", text)
    tokens = []
    for token in text.split():
        if token.rstrip(".").lower() in _DOUBT or token in _DOUBT:
            doubtful = True
            continue
        if token.endswith("?") and len(token) > 1:
            doubtful, token = True, token.rstrip("?")
        tokens.append(token)
    if _NOBODY.search(text) or _without_species(tokens):
        return ParsedName(_unidentified(tokens, verbatim), "unidentified", doubtful)
    parsed = _scientific(tokens)
    if parsed is None:
        return ParsedName(verbatim, "unread", doubtful)
    name, level = parsed
    return ParsedName(name, level, doubtful)


def _without_species(tokens: list[str]) -> bool:
    """Whether the name says sp., spp. or species instead of an epithet; a bare ``sp1`` is a code."""
    if len(tokens) == 1:
        return tokens[0].lower() in ("sp", "sp.", "spp", "spp.", "spec.")
    if not tokens or len(tokens[0].rstrip(".")) < 2 or not tokens[0][0].isalpha():
        return False
    first = 2 if tokens[0] in _HYBRID else 1
    later = tokens[first : first + 2]
    return tokens[0].lower() not in ("sp", "sp.", "species") and any(_SPECIES_MISSING.match(token) for token in later)


def _unidentified(tokens: list[str], verbatim: str) -> str:
    """Return ``Genus sp.`` where nothing more is said, so that sp. and spp. are one; else the text."""
    said = [token.rstrip(".").lower() for token in tokens[1:]]
    if len(tokens) == 2 and _GENUS.match(tokens[0]) and said[0] in ("sp", "spp", "spec", "species", "indet"):
        return f"{tokens[0]} sp."
    return verbatim


def _scientific(tokens: list[str]) -> tuple[str, str] | None:
    """Return name and level of a name in its parts, None where it is no scientific name."""
    parts: list[str] = []
    rest = list(tokens)
    if len(rest) > 1 and rest[0] in _HYBRID and _GENUS.match(rest[1]):
        parts.append("×")
        rest.pop(0)
    if not rest or not _GENUS.match(rest[0].rstrip(",")):
        return None
    genus = rest.pop(0).rstrip(",")
    parts.append(genus)
    if len(rest) > 1 and _SUBGENUS.match(rest[0]) and _EPITHET.match(rest[1]):
        rest.pop(0)
    if len(rest) > 1 and (rank := _INFRAGENERIC.get(rest[0].rstrip(".").lower())) and _GENUS.match(rest[1]):
        return " ".join([*parts, rank, rest[1]]), "species"
    if len(rest) > 1 and rest[0] in _HYBRID and _EPITHET.match(rest[1]):
        parts.append("×")
        rest.pop(0)
    if not rest or not _is_epithet(rest[0].rstrip(",")):
        return (" ".join(parts), "genus") if all(map(_is_authorship, rest)) else None
    if rest[0].endswith(",") and len(rest) > 1 and rest[1][0].islower():
        return None  # "Lady fern, common"
    parts.append(rest.pop(0).rstrip(","))
    below = _below_species(genus, rest)
    return None if below is None else (" ".join([*parts, *below]), "species")


def _below_species(genus: str, rest: list[str]) -> list[str] | None:
    """Return what of the text behind the species' epithet belongs to the name; None where it is no name at all."""
    parts: list[str] = []
    authors = False
    at = 0
    while at < len(rest):
        token, following = rest[at], rest[at + 1 : at + 3]
        word = token.rstrip(".,").lower()
        if token in _HYBRID and following:
            parent = _second_parent(genus, following)
            if parent is not None:
                parts += ["×", *parent[0]]
                at += 1 + parent[1]
                continue
        elif (rank := _RANKS.get(word)) and following and (token.endswith(".") or word not in ("f", "fo", "fa")):
            hybrid = following[0] in _HYBRID and len(following) > 1
            epithet = following[1 if hybrid else 0].rstrip(",")
            if _is_epithet(epithet):
                parts += [rank, "×", epithet] if hybrid else [rank, epithet]
                authors = False
                at += 3 if hybrid else 2
                continue
        elif word in _END_OF_NAME:
            break
        elif word in _REMARKS or word in _PARTICLES:
            authors = authors or word in _PARTICLES
        elif _EPITHET.match(token) and not authors:
            if parts:
                return None  # four plain words: "White flowered little orchid"
            parts.append(token)
        else:
            authors = True
        at += 1
    return parts


def _second_parent(genus: str, tokens: list[str]) -> tuple[list[str], int] | None:
    """Return the second parent of a hybrid formula and how many words it took; its genus is not said twice."""
    first = tokens[0]
    if _is_epithet(first):
        return [first], 1
    if len(tokens) > 1 and _is_epithet(tokens[1]):
        if first == genus or re.fullmatch(rf"{genus[0]}[a-z]{{0,2}}\.", first):
            return [tokens[1]], 2
        if _GENUS.match(first):
            return [first, tokens[1]], 2
    return None


def _is_epithet(token: str) -> bool:
    return bool(_EPITHET.match(token)) and token not in _PARTICLES and token not in _REMARKS


def _is_authorship(token: str) -> bool:
    """Whether a word behind a genus can only be its author (``Carex L.``) or a remark (``Carex agg.``)."""
    word = token.rstrip(".,").lower()
    if word in _PARTICLES or word in _REMARKS or word == "f":
        return True
    # A lower-case word with a point is an epithet cut short ("Carpinus bet."), which says more than a genus.
    return token[0] in "(&" or (token.endswith(".") and token[0].isupper())
