"""The notice that goes with weights whose licence asks for it, wherever they go. Standard library only."""

from __future__ import annotations

from botaclip.core.encoders.licences import licence_of
from botaclip.core.encoders.record import EncoderRecord
from botaclip.core.encoders.store import Installed

_NOT_AT_HAND = "The text was not at hand when this file was made: add a copy of it before you pass the file on."


def notice(record: EncoderRecord, installed: Installed | None) -> str:
    """Return what a model file that holds an encoder says of its licence; empty where nothing had to be accepted.

    The licence's own text follows where it is at hand; where it is not, the notice says where to get it, because
    whoever passes the file on has to add it.
    """
    licence = licence_of(record)
    if not licence.accept:
        return ""
    text = installed.licence_text.strip() if installed is not None else ""
    lines = [
        f"This file holds {record.title} or something made of it. It comes under the {licence.title}.",
        f"Its text: {licence.url}",
        f"In short, in our words, which do not stand for it: {licence.summary}",
        f"Cite: {record.citation}",
    ]
    if text:
        return "\n".join([*lines, "", "The text of the licence:", "", text, ""])
    return "\n".join([*lines, _NOT_AT_HAND, ""])


def what_is_there(said: str) -> str:
    """Return what a notice holds of the licence: its ``text``, or, where a text was not at hand, the ``notice`` only.

    Parameters
    ----------
    said
        A notice, or those of several encoders one behind the other.
    """
    return "notice" if _NOT_AT_HAND in said else "text"
