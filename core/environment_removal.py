"""Renames and removes the folders of environments: all of one or nothing, and never what a link leads to.

Standard library only.
"""

from __future__ import annotations

import os
import shutil
import stat
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from botaclip.core.errors import OutputError

# A virus scanner may hold a file for a moment.
RENAME_S = 10.0
POLL_S = 0.25
IN_USE = "close QGIS and other programs that use it, then try again"


def tree_size(folder: Path) -> int:
    """Return the bytes of all files in ``folder``, links not followed."""
    total = 0
    for parent, _, files in os.walk(folder):
        for name in files:
            try:
                total += os.lstat(os.path.join(parent, name)).st_size
            except OSError:
                continue
    return total


def rename(folder: Path, target: Path) -> None:
    """Rename a folder; on Windows, try again for a while where a program holds a file in it.

    Raises
    ------
    OutputError
        It is in use or may not be changed.
    """
    deadline = time.monotonic() + RENAME_S
    while True:
        try:
            os.rename(folder, target)
            return
        except OSError as error:
            if os.name != "nt" or time.monotonic() > deadline:
                words = f"the environment is in use or may not be changed ({error.strerror or error})"
                raise OutputError(words, where=str(folder), remedy=IN_USE) from None
            time.sleep(POLL_S)


def remove_tree(folder: Path) -> None:
    """Remove a folder and all in it, if it is there; a link is removed itself, never what it leads to.

    Raises
    ------
    OutputError
        Something in it is in use or may not be removed.
    """

    def again(function: Callable[..., Any], path: str, _error: Any) -> None:
        # Windows removes no read-only file, and nothing is removed from a read-only folder.
        for one in (os.path.dirname(path), path):
            if not os.path.islink(one):
                os.chmod(one, stat.S_IRWXU)
        function(path)

    try:
        if folder.is_symlink():
            folder.unlink()
        elif folder.is_dir():
            # The argument was renamed, and the old name is to go.
            handler: dict[str, Any] = {"onexc" if sys.version_info >= (3, 12) else "onerror": again}
            shutil.rmtree(folder, **handler)
    except OSError as error:
        where = str(error.filename or folder)
        raise OutputError(f"it cannot be removed ({error.strerror or error})", where=where, remedy=IN_USE) from None


def remove_environment(folder: Path) -> int:
    """Remove an environment's folder and return the bytes freed.

    It is renamed first: that fails as a whole where the environment is in use, and a folder of another name is never
    taken for an environment, should the removal be broken off.

    Raises
    ------
    OutputError
        It is in use; then it is still whole.
    """
    if folder.is_symlink():
        folder.unlink()
        return 0
    size = tree_size(folder)
    if folder.suffix != ".aside":
        aside = folder.with_name(f"{folder.name}.aside")
        remove_tree(aside)
        rename(folder, aside)
        folder = aside
    remove_tree(folder)
    return size
