"""Outputs appear under their name only when complete. Standard library only.

A job writes ``<name>.<pid>.part`` beside the output and renames it at the end. Every unfinished file is
announced, so that the parent process can remove it when it has to kill the worker; files of a worker that no
longer runs are removed by the next run that writes the same output.
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

from botaclip.core.errors import OutputError

_PART = re.compile(r"\.(\d+)\.part$")

# Set by the worker: called with ("part" | "done", path) so that the parent knows what to remove after a kill.
announce: Callable[[str, str], None] | None = None


def part_path(output: Path) -> Path:
    """Return the name under which ``output`` is written until it is complete."""
    return output.with_name(f"{output.name}.{os.getpid()}.part")


def discard(part: Path) -> bool:
    """Remove an unfinished file or folder and what its driver lays beside it; return whether it was there."""
    found = False
    # GDAL and SQLite write <part>.aux.xml, <part>-journal and the like.
    for path in (part, *part.parent.glob(f"{_escape(part.name)}[.-]*")):
        with contextlib.suppress(OSError):
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink()
            found = True
    return found


def _alive(pid: int) -> bool:
    if os.name == "nt":
        import ctypes

        kernel = ctypes.windll.kernel32  # type: ignore[attr-defined]
        handle = kernel.OpenProcess(0x1000, False, pid)
        if handle:
            kernel.CloseHandle(handle)
        return bool(handle)
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def remove_stale(output: Path) -> list[Path]:
    """Remove the unfinished files of ``output`` whose writer no longer runs; return what was removed."""
    removed = []
    if output.parent.is_dir():
        for path in output.parent.glob(f"{_escape(output.name)}.*.part"):
            match = _PART.search(path.name)
            if match and int(match.group(1)) != os.getpid() and not _alive(int(match.group(1))):
                if discard(path):
                    removed.append(path)
    return removed


def _escape(name: str) -> str:
    return re.sub(r"([*?\[\]])", r"[\1]", name)


def check_writable(output: Path, *, overwrite: bool) -> None:
    """Raise :class:`OutputError` when ``output`` may not be written; called before any long work.

    Raises
    ------
    OutputError
        The file exists and ``overwrite`` is False, or its folder is missing, no folder or not writable.
    """
    output = Path(output)
    if output.is_dir():
        raise OutputError("a folder of this name exists", where=str(output), remedy="choose another output name")
    if output.exists() and not overwrite:
        raise OutputError("the file exists already", where=str(output), remedy="choose another name or use --overwrite")
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(
            f"the output folder cannot be made ({error.strerror})",
            where=str(output.parent),
            remedy="choose a folder you may write to",
        ) from error
    if not os.access(output.parent, os.W_OK):
        raise OutputError(
            "the output folder is not writable", where=str(output.parent), remedy="choose a folder you may write to"
        )


def _concerns(error: OSError, part: Path) -> bool:
    if error.errno in (errno.ENOSPC, errno.EFBIG, errno.EROFS, getattr(errno, "EDQUOT", errno.ENOSPC)):
        return True
    if isinstance(error.filename, (str, bytes, os.PathLike)):
        return Path(os.fsdecode(error.filename)) == part
    # GDAL's errors carry no number: name the output only where the disk really is full.
    return error.errno is None and shutil.disk_usage(part.parent).free < 2**20


def _not_written(error: OSError, output: Path) -> OutputError:
    return OutputError(
        f"it cannot be written ({error.strerror or error})",
        where=str(output),
        remedy="free disk space or choose another folder",
    )


@contextlib.contextmanager
def unfinished(output: Path, *, overwrite: bool = False) -> Iterator[Path]:
    """Yield the path to write to; rename it to ``output`` on success, remove it on any failure.

    Raises
    ------
    OutputError
        As :func:`check_writable`, or when the disk is full or the file cannot be written.
    """
    output = Path(output)
    check_writable(output, overwrite=overwrite)
    remove_stale(output)
    part = part_path(output)
    if announce is not None:
        announce("part", str(part))
    try:
        try:
            yield part
        except OSError as error:
            # Reading may fail inside the block as well; only a failure to write is the output's.
            if not _concerns(error, part):
                raise
            raise _not_written(error, output) from error
        try:
            os.replace(part, output)
        except OSError as error:
            raise _not_written(error, output) from error
    finally:
        discard(part)
        if announce is not None:
            announce("done", str(part))
