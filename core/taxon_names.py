"""Which names of a relevé table are one taxon, and which name no species at all.

The name as written is always kept; what was done to each is one of five words, so that nothing vanishes unseen.
"""

from __future__ import annotations

import collections
import dataclasses
from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from botaclip.core.errors import ReleveError
from botaclip.core.table_dialect import listed
from botaclip.core.tables import Table
from botaclip.core.taxon_parser import ParsedName, parse_name

EXACT, NORMALISED, SYNONYM, UNMATCHED, LEFT_OUT = "exact", "normalised", "synonym", "unmatched", "left out"
# From so large a share of names with an epithet on, a single capitalised word is a genus and not a code.
_MOSTLY_SPECIES = 0.5
# Endings of families and orders, in plants and animals.
_HIGHER = ("aceae", "idae", "oideae", "ales", "opsida", "phyta")


@dataclasses.dataclass(frozen=True)
class TaxonName:
    """One name of the relevés.

    Parameters
    ----------
    verbatim
        As it was written.
    name
        The name it counts under; for one left out, what it was read as.
    status
        ``exact`` (as written), ``normalised`` (authors, cf., spelling of ranks and hybrids taken away), ``synonym``
        (replaced by its accepted name), ``unmatched`` (not in the table of accepted names, or no scientific name;
        kept), ``left out`` (names no species).
    """

    verbatim: str
    name: str
    status: str


@dataclasses.dataclass(frozen=True)
class AcceptedNames:
    """A table of accepted names.

    Parameters
    ----------
    path
        The table, for messages.
    accepted
        Accepted name of every name, by its key.
    """

    path: str
    accepted: Mapping[str, str]

    @classmethod
    def of(cls, table: Table, *, normalise: bool) -> AcceptedNames:
        """Return the accepted names of a table with the columns ``name`` and ``accepted``.

        Raises
        ------
        ReleveError
            A column is missing, or one name has two accepted names, or names replace each other in a circle.
        """
        names = table.column("name", option="the header 'name' (and 'accepted')")
        targets = table.column("accepted", option="the header 'accepted' (and 'name')")
        direct: dict[str, str] = {}
        rows: dict[str, int] = {}
        for index, (name, target) in enumerate(zip(names.tolist(), targets.tolist(), strict=True)):
            if not name:
                continue
            # A name without an accepted one is accepted itself.
            written = target or name
            accepted = parse_name(written).name if normalise else written
            for key in {_key(name), _key(parse_name(name).name)} if normalise else {_key(name)}:
                if key in direct and _key(direct[key]) != _key(accepted) and key == _key(name):
                    raise ReleveError(
                        f"{name!r} has two accepted names, {direct[key]!r} (row {rows[key]}) and {accepted!r} "
                        f"({table.place(index)})", where=table.path, remedy="keep one of them",
                    )
                if key not in direct or key == _key(name):
                    direct[key], rows[key] = accepted, int(table.rows[index])
        return cls(table.path, {key: _last(key, direct, table.path) for key in direct})

    def find(self, verbatim: str, name: str) -> str | None:
        """Return the accepted name of a name as written or normalised; None where the table has neither."""
        return self.accepted.get(_key(verbatim)) or self.accepted.get(_key(name))


def _key(name: str) -> str:
    return " ".join(name.casefold().split())


def _last(key: str, direct: Mapping[str, str], path: str) -> str:
    """Follow a chain of synonyms to its end."""
    name, met = direct[key], {key}
    while (following := _key(name)) in direct and _key(direct[following]) != following:
        if following in met:
            raise ReleveError(
                f"{name!r} is replaced by other names in a circle", where=path, remedy="let one of them be accepted"
            )
        met.add(following)
        name = direct[following]
    return name


def read_names(
    verbatim: Sequence[str], *, names: str = "normalise", unidentified: str = "leave-out",
    accepted: AcceptedNames | None = None,
) -> tuple[TaxonName, ...]:
    """Return what every name of a table counts as.

    A name that says so itself ("Carex sp.", "indet.", "unknown plant") names no species; nor does a genus or a
    family alone, unless most names of the table are codes or vernacular names, where one word may be a species.
    Names that only differ by case are one. A name in the table of accepted names is never left out.

    Parameters
    ----------
    verbatim
        Names as written, each once.
    names
        ``normalise`` or ``verbatim``.
    unidentified
        ``leave-out`` or ``keep``.
    accepted
        Table of accepted names; None without one.
    """
    parsed = [parse_name(name) for name in verbatim]
    as_written = names == "verbatim"
    mostly = sum(one.level == "species" for one in parsed) >= _MOSTLY_SPECIES * max(len(parsed), 1)
    case = None if as_written else _case(parsed)
    result = []
    for text, one in zip(verbatim, parsed, strict=True):
        name = text if as_written else one.name if case is None else case(one.name)
        found = None if accepted is None else accepted.find(text, one.name)
        if found is not None:
            same = _key(found) == _key(name)
            status = EXACT if found == text else NORMALISED if same else SYNONYM
            result.append(TaxonName(text, found, status))
        elif unidentified == "leave-out" and _names_no_species(text, one, mostly):
            result.append(TaxonName(text, name, LEFT_OUT))
        elif accepted is not None or (one.level == "unread" and not as_written and name == text):
            result.append(TaxonName(text, name, UNMATCHED))
        else:
            result.append(TaxonName(text, name, EXACT if name == text else NORMALISED))
    return tuple(result)


def _names_no_species(verbatim: str, parsed: ParsedName, mostly: bool) -> bool:
    if parsed.level == "unidentified":
        return True
    if parsed.level != "genus":
        return False
    return mostly or parsed.name != verbatim or parsed.name.endswith(_HIGHER)


def _case(parsed: Sequence[ParsedName]) -> Callable[[str], str]:
    """Return what names that differ by case only become: the form with a capital genus and small epithets."""
    forms = collections.defaultdict(set)
    for one in parsed:
        forms[one.name.casefold()].add(one.name)
    best = {
        key: min(alike, key=lambda name: (not name[:1].isupper(), sum(map(str.isupper, name)), name))
        for key, alike in forms.items()
    }
    return lambda name: best[name.casefold()]


def describe_names(taxa: Sequence[TaxonName], rows: Mapping[str, int], accepted: AcceptedNames | None) -> list[str]:
    """Return what was done to the names, for the report.

    Parameters
    ----------
    taxa
        The names.
    rows
        Number of rows of each name as written.
    accepted
        The table of accepted names that was used.
    """
    by_status = {
        status: [taxon.verbatim for taxon in taxa if taxon.status == status]
        for status in (EXACT, NORMALISED, SYNONYM, UNMATCHED, LEFT_OUT)
    }
    said = [
        "Names: " + ", ".join(f"{len(names)} {status}" for status, names in by_status.items() if names) + "."
    ]
    if by_status[NORMALISED]:
        shown = [f"{taxon.verbatim!r} as {taxon.name!r}" for taxon in taxa if taxon.status == NORMALISED][:3]
        said.append(f"{len(by_status[NORMALISED])} names were normalised, for example {'; '.join(shown)}.")
    doubtful = [t.verbatim for t in taxa if t.status in (NORMALISED, SYNONYM) and parse_name(t.verbatim).doubtful]
    if doubtful:
        said.append(f"{len(doubtful)} names with cf., aff. or ? count as the species they name: {listed(doubtful)}.")
    if by_status[SYNONYM]:
        shown = [f"{taxon.verbatim!r} by {taxon.name!r}" for taxon in taxa if taxon.status == SYNONYM][:3]
        said.append(f"{len(by_status[SYNONYM])} synonyms were replaced, for example {'; '.join(shown)}.")
    if by_status[UNMATCHED]:
        why = f"not in {accepted.path}" if accepted else "not written as scientific names (codes, vernacular names)"
        names = by_status[UNMATCHED]
        said.append(f"{len(names)} names are {why} and were kept as they are: {listed(names)}.")
    if by_status[LEFT_OUT]:
        names = by_status[LEFT_OUT]
        count = sum(rows.get(name, 0) for name in names)
        said.append(
            f"{len(names)} names of no species (sp., unknown, a genus or family only) were left out with their {count} "
            f"rows: {listed(names, 20)}. --unidentified keep keeps them."
        )
    return said


def merged_names(taxa: Sequence[TaxonName]) -> dict[str, list[str]]:
    """Return the names that several names as written became, with those."""
    groups = collections.defaultdict(list)
    for taxon in taxa:
        if taxon.status != LEFT_OUT:
            groups[taxon.name].append(taxon.verbatim)
    return {name: written for name, written in groups.items() if len(written) > 1}


def indexes_of(taxa: Sequence[TaxonName]) -> tuple[NDArray[np.str_], NDArray[np.int64]]:
    """Return the names that are kept (S,), sorted, and for every name as written its index there, -1 if left out."""
    kept = np.unique(np.array([taxon.name for taxon in taxa if taxon.status != LEFT_OUT], dtype=np.str_))
    place = {str(name): index for index, name in enumerate(kept)}
    of = [-1 if taxon.status == LEFT_OUT else place[taxon.name] for taxon in taxa]
    return kept, np.array(of, np.int64)
