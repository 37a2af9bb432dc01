"""The last error that QGIS told its user, kept for a report until the next one: a small file. Standard library only."""

from __future__ import annotations

import contextlib
import json
import os
import time
from pathlib import Path

import botaclip
from botaclip.core.cache_folder import cache_folder
from botaclip.core.managed_environment import parent_folder
from botaclip.core.private_text import ROOT, without_paths

FILE = "last-error.json"
_LONGEST = 12_000  # letters of a trace, its end


def error_file() -> Path:
    """Return where the last error is kept: beside the environments, whose removal removes it."""
    return parent_folder() / FILE


def remember_error(sentence: str, trace: str = "") -> bool:
    """Keep an error for the next report, in place of the one before; return whether it could be written.

    Parameters
    ----------
    sentence
        What the user was told. Paths and passwords are struck out before anything is written.
    trace
        The worker's last messages, of which the end is kept.
    """
    keep = (ROOT, parent_folder(), cache_folder())
    content = {
        "time": time.strftime("%Y-%m-%d %H:%M:%S"), "version": botaclip.__version__,
        "sentence": without_paths(sentence, keep), "trace": without_paths(trace[-5 * _LONGEST :], keep)[-_LONGEST:],
    }  # fmt: skip
    path = error_file()
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part.write_text(json.dumps(content, indent=2), encoding="utf-8")
        os.replace(part, path)
    except OSError:
        with contextlib.suppress(OSError):
            part.unlink()
        return False
    return True


def last_error() -> dict[str, str]:
    """Return ``time``, ``version``, ``sentence`` and ``trace`` of the error kept last; empty where there is none."""
    try:
        found = json.loads(error_file().read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    if not isinstance(found, dict):
        return {}
    return {name: str(found.get(name, ""))[:_LONGEST] for name in ("time", "version", "sentence", "trace")}


def forget_error() -> None:
    """Remove the error that is kept."""
    with contextlib.suppress(OSError):
        error_file().unlink()
