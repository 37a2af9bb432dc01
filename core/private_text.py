"""Strikes out of a text what is nobody else's: paths, passwords, the name of the user. Standard library only."""

from __future__ import annotations

import contextlib
import getpass
import os
import re
from collections.abc import Sequence
from pathlib import Path

from botaclip.core.passwords import without_password

ROOT = Path(__file__).resolve().parents[1]
# A path from its first separator to its last, and the name behind that. What stands between two separators may hold
# spaces, brackets and apostrophes, and a name may up to its suffix: too much is struck out rather than too little.
_PATH = re.compile(
    r"(?<![\w~<>/\\.:])(?:[A-Za-z]:[\\/]|\\\\|/|~[\\/])"
    r"(?:[^/\\\n\r:\"<>|*?]{0,255}[\\/])*"
    r"(?:(?:[^\s/\\:\"'<>|*?;,()\[\]]|'(?=\w))+(?:[ ][^\n\r/\\:\"<>|*?]{0,80}?\.\w{1,8}\b)?)?"
)
# Of an account or a mail address, who it is of.
_ACCOUNT = re.compile(r"[^\s@*]{1,200}@(?=[\w.-])")


def folder_words(path: Path) -> str:
    """Return one of the folders of a report: the home as ~, and no name of a user elsewhere."""
    text = str(path)
    with contextlib.suppress(RuntimeError, OSError):
        home = str(Path.home())
        if len(home) > 1 and (text == home or text.startswith(home + os.sep)):
            text = "~" + text[len(home) :]
    user = _user()
    if user:
        text = re.sub(rf"(?<=[/\\]){re.escape(user)}(?=[/\\]|$)", "<user>", text)
    return f"`{text}`"


def _user() -> str:
    """Return the user's name; empty where it is not known or is root's."""
    try:
        name = getpass.getuser()
    except (OSError, KeyError, ImportError):
        return ""
    return "" if name == "root" else name


def without_paths(text: str, keep: Sequence[Path]) -> str:
    """Return a text without passwords and without paths.

    Parameters
    ----------
    text
        What somebody else wrote: a sentence, a trace.
    keep
        Folders that may be named: a path in one of them stays, with ``~`` for the home.
    """
    marks: dict[str, str] = {}
    text = _ACCOUNT.sub("***@", without_password(text))
    for folder in sorted(map(str, keep), key=len, reverse=True):
        if len(folder) > 1 and folder in text:
            mark = f"\x00{len(marks)}\x00"
            marks[mark] = "<plugin>" if folder == str(ROOT) else folder_words(Path(folder)).strip("`")
            text = text.replace(folder, mark)
    # What follows a folder that is named is ours: packages, files of the plugin.
    kept: list[str] = []

    def keep_rest(match: re.Match[str]) -> str:
        kept.append(match[0])
        return f"\x01{len(kept) - 1}\x01"

    text = re.sub(r"\x00\d+\x00(?:[\\/][\w.+-]+)*", keep_rest, text)
    text = _PATH.sub("<path>", text)
    text = re.sub(r"\x01(\d+)\x01", lambda match: kept[int(match[1])], text)
    for mark, words in marks.items():
        text = text.replace(mark, words)
    return "".join(letter for letter in text if letter == "\n" or letter >= " ")
