"""Reads and writes Qt Linguist's XML (``.ts``) with the one context that the plugin has. Standard library only."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Iterable
from pathlib import Path
from xml.etree import ElementTree
from xml.sax.saxutils import escape, quoteattr

# botaclip_qgis/i18n.py looks texts up in it; a test compares the two.
CONTEXT = "BotaCLIP"


@dataclasses.dataclass(frozen=True)
class Message:
    """One text: what the source says, its translation (empty: none yet), the files it stands in, and a note."""

    source: str
    translation: str
    places: tuple[str, ...] = ()
    note: str = ""

    def translated(self, translation: str) -> Message:
        """Return the same with a translation."""
        return dataclasses.replace(self, translation=translation)


def read_ts(path: Path) -> list[Message]:
    """Return the messages of a file; what is marked unfinished, vanished or obsolete counts as not translated.

    Raises
    ------
    SystemExit
        The file is no ``.ts``, or has a context that nothing is looked up in.
    """
    try:
        top = ElementTree.parse(path).getroot()
    except ElementTree.ParseError as error:
        raise SystemExit(f"{path} is no XML: {error}") from None
    found = []
    for context in top.iter("context"):
        if context.findtext("name") != CONTEXT:
            raise SystemExit(f"{path} has the context {context.findtext('name')!r}, in which nothing is looked up")
        for message in context.iter("message"):
            translation = message.find("translation")
            finished = translation is not None and translation.get("type") is None
            said = (translation.text or "") if translation is not None and finished else ""
            places = tuple(str(one.get("filename")) for one in message.iter("location"))
            note = message.findtext("extracomment") or ""
            found.append(Message(message.findtext("source") or "", said, places, note))
    return found


def write_ts(path: Path, language: str, messages: Iterable[Message]) -> None:
    """Write the messages in the order given; those without a translation are marked unfinished.

    No line numbers are written, so that the file changes only where a text does.
    """
    lines = [
        '<?xml version="1.0" encoding="utf-8"?>', "<!DOCTYPE TS>",
        f'<TS version="2.1" language={quoteattr(language)} sourcelanguage="en">', "<context>",
        f"    <name>{escape(CONTEXT)}</name>",
    ]  # fmt: skip
    for message in messages:
        lines.append("    <message>")
        lines += [f"        <location filename={quoteattr(place)}/>" for place in message.places]
        lines.append(f"        <source>{escape(message.source)}</source>")
        if message.note:
            lines.append(f"        <extracomment>{escape(message.note)}</extracomment>")
        kind = "" if message.translation else ' type="unfinished"'
        lines.append(f"        <translation{kind}>{escape(message.translation)}</translation>")
        lines.append("    </message>")
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f"{path.name}.part")
    unfinished.write_text("\n".join([*lines, "</context>", "</TS>", ""]), encoding="utf-8")
    os.replace(unfinished, path)
