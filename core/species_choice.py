"""Finding the species that a user asks for among those there are."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence

from botaclip.core.errors import BotaclipError, ReleveError
from botaclip.core.taxon_parser import parse_name


def choose_species(
    requested: str | Sequence[str] | None, known: Sequence[str], *, where: str,
    error: type[BotaclipError] = ReleveError, written: Mapping[str, str] | None = None,
) -> list[int]:
    """Return the indexes in ``known`` of the requested species, in the order asked; of all when nothing is asked.

    A text is split at commas; a name that itself holds a comma is found too. Case does not matter, nor do authors.

    Parameters
    ----------
    requested
        Names asked for.
    known
        Names there are.
    where, error
        Where they are from and what to raise, for the message.
    written
        Known name of each name as it was written in the table; those are understood too.

    Raises
    ------
    BotaclipError
        (of the class ``error``) A name is unknown; the message offers the nearest ones.
    """
    if not requested:
        return list(range(len(known)))
    exact = {name: index for index, name in enumerate(known)}
    other = {text: exact[name] for text, name in (written or {}).items() if name in exact}
    by_name = {name.casefold(): index for name, index in (other | exact).items()} | other | exact
    parts = [part.strip() for part in requested.split(",")] if isinstance(requested, str) else list(requested)
    chosen: list[int] = []
    while parts:
        for length in range(len(parts), 0, -1):
            name = ", ".join(parts[:length])
            index = by_name.get(name, by_name.get(name.casefold()))
            if index is None and length == 1:  # of several names parsing would take the later ones for authors
                index = by_name.get(parse_name(name).name)
            if index is not None or (length == 1 and not name):
                break
        else:
            near = difflib.get_close_matches(parts[0], known, n=3, cutoff=0.6)
            raise error(
                f"species {parts[0]!r} is not among its {len(known)} species", where=where,
                remedy=f"did you mean {' or '.join(near)}" if near else f"it has, for example, {', '.join(known[:3])}",
            )
        parts = parts[length:]
        if index is not None:
            chosen.append(index)
    return list(dict.fromkeys(chosen))
