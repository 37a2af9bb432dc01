"""One set-up at a time, over all profiles and processes of a user. Standard library only."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from botaclip.core.progress import SILENT, Progress
from botaclip.core.python_environment import unwritable

NAME = "set-up.lock"
POLL_S = 0.25


@contextlib.contextmanager
def set_up_lock(
    folder: Path, progress: Progress = SILENT, *, name: str = NAME, busy: str = "Another set-up is at work"
) -> Iterator[int]:
    """Hold the lock in ``folder``; a second set-up says so (``busy``) and waits for the first to end.

    The system gives the lock free when all who hold it have ended, however they end. Yields the descriptor that holds
    it; a child process that inherits it holds the lock as well.

    Raises
    ------
    OutputError
        The folder cannot be written.
    Cancelled
        The user did not want to wait.
    """
    path = folder / name
    said = False
    while True:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            file = path.open("a+", encoding="utf-8")
        except OSError as error:
            raise unwritable(folder, error) from None
        with file:
            while not _locked(file):
                if not said:
                    file.seek(0)
                    holder = file.read(20).strip() or "unknown"
                    progress.info(f"{busy} (process {holder}); waiting for it to end.")
                    said = True
                progress.check()
                time.sleep(POLL_S)
            # Whoever removed everything in the meantime removed this file too; others then lock a new one.
            if not _is(file, path):
                continue
            file.truncate(0)
            file.write(str(os.getpid()))
            file.flush()
            yield file.fileno()
            return


def remove_lock(folder: Path, name: str = NAME) -> None:
    """Remove the lock's file; called by who holds it."""
    with contextlib.suppress(OSError):  # Windows removes no open file; an empty one stays
        (folder / name).unlink()


def _is(file: IO[str], path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except OSError:
        return False


def _locked(file: IO[str]) -> bool:
    try:
        if os.name == "nt":
            import msvcrt

            file.seek(64)  # behind the number, which others read
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined]
        else:
            import fcntl

            fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
