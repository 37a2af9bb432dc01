"""The card of a model: what it is good for and where it must not be trusted, in its makers' words.

Standard library only, because QGIS imports it too.
"""

from __future__ import annotations

import contextlib
import json
import zipfile
import zlib
from pathlib import Path
from typing import Any

from botaclip.core.errors import OptionError

LONGEST = 20_000
_MOST_METADATA = 50_000_000
# What broken archives and broken JSON raise; that a model is broken others say in words.
_BROKEN = (
    OSError, zipfile.BadZipFile, zlib.error, EOFError, KeyError, ValueError, TypeError, AttributeError, RuntimeError,
)  # fmt: skip
_MOST_READ = 10 * LONGEST


def read_card(path: str | Path | None) -> str:
    """Return the text of a card; empty where none is named.

    Raises
    ------
    OptionError
        It cannot be read, is no text, is empty, or longer than a card can be.
    """
    if not path:
        return ""
    try:
        if not Path(path).is_file():
            found = "it is no file" if Path(path).exists() else "there is no such file"
            raise OptionError(f"the model card cannot be read ({found})", where=str(path), remedy="name a text file")
        with open(path, encoding="utf-8-sig") as file:
            text = file.read(_MOST_READ).strip()
    except (OSError, UnicodeDecodeError) as error:
        what = "it is no text in UTF-8" if isinstance(error, UnicodeDecodeError) else f"{error.strerror}"
        raise OptionError(
            f"the model card cannot be read ({what})", where=str(path), remedy="name a text file"
        ) from None
    if not text or len(text) > LONGEST:
        found = "is empty" if not text else f"has more than {LONGEST:,} letters"
        raise OptionError(
            f"the model card {found}", where=str(path), remedy="write a page that says what the model is good for"
        )
    return text


def card_of(model: str | Path) -> str:
    """Return the card in a model file; empty where it has none or is no model file, which others say."""
    card = metadata_of(model).get("card")
    return card[:LONGEST] if isinstance(card, str) else ""


def metadata_of(model: str | Path) -> dict[str, Any]:
    """Return the metadata in a model file as they stand there, unchecked; empty where it is no model file.

    For showing only: what runs a model checks all of it (:mod:`botaclip.core.model_file`).
    """
    with contextlib.suppress(*_BROKEN):
        with zipfile.ZipFile(str(model)) as archive:
            if archive.getinfo("metadata.json").file_size <= _MOST_METADATA:
                found = json.loads(archive.read("metadata.json"))
                return found if isinstance(found, dict) else {}
    return {}
