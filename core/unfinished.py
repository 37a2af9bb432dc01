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
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from botaclip.core.errors import OutputError

_PART = re.compile(r"\.(\d+)\.part$")
_NUMBER = re.compile(r"^\[Errno \d+\] ")
_TRIES = 5

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
        for _ in range(_TRIES):
            # A thread that is still writing may lay a file into a folder that is being emptied.
            with contextlib.suppress(OSError):
                if path.is_dir() and not path.is_symlink():
                    shutil.rmtree(path)
                else:
                    path.unlink()
                found = True
            if not path.is_dir():
                break
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
    # One that has ended and that nobody has asked about yet (the parent was killed with it) keeps its number.
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in ("Z", "X")
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
    _check_parent(output)


def check_folder_writable(output: Path, *, overwrite: bool, ours: Callable[[Path], bool]) -> None:
    """Raise :class:`OutputError` when the folder ``output`` may not be written as a whole.

    Raises
    ------
    OutputError
        It exists and ``overwrite`` is False or ``ours`` says that something else lies in it, or the folder above it is
        missing, no folder or not writable.
    """
    if output.is_dir():
        if not overwrite and any(output.iterdir()):
            raise OutputError(
                "the folder exists already", where=str(output), remedy="choose another name or use --overwrite"
            )
        if not ours(output):
            raise OutputError(
                "a folder of this name holds other files", where=str(output), remedy="choose another output name"
            )
    elif output.exists():
        raise OutputError("a file of this name exists", where=str(output), remedy="choose another output name")
    _check_parent(output)


def _check_parent(output: Path) -> None:
    """Say beforehand when the output's folder is not writable or cannot be made; make nothing yet."""
    folder = output.parent
    while not os.path.lexists(folder) and folder != folder.parent:
        folder = folder.parent
    if not folder.is_dir():
        raise _no_folder(output.parent, f"{folder.name or folder} is no folder")
    try:
        # Tried, not asked for: permissions say little on Windows, on network shares and to an administrator.
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        if error.errno == errno.ENOSPC:
            return  # an output that is replaced may still fit
        raise OutputError(
            f"the output folder is not writable ({error.strerror or error})", where=str(folder),
            remedy="choose a folder you may write to",
        ) from None


def _no_folder(folder: Path, reason: str) -> OutputError:
    return OutputError(
        f"the output folder cannot be made ({reason})", where=str(folder), remedy="choose a folder you may write to"
    )


@contextlib.contextmanager
def _parent_of(output: Path) -> Iterator[None]:
    """Make the output's folder; take away what was made where the block fails."""
    made = [folder for folder in (output.parent, *output.parent.parents) if not folder.exists()]
    try:
        try:
            output.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise _no_folder(output.parent, error.strerror or str(error)) from error
        yield
    except BaseException:
        for folder in made:
            with contextlib.suppress(OSError):  # something else lies in it by now
                folder.rmdir()
        raise


def _concerns(error: OSError, part: Path) -> bool:
    if error.errno in (errno.ENOSPC, errno.EFBIG, errno.EROFS, getattr(errno, "EDQUOT", errno.ENOSPC)):
        return True
    if isinstance(error.filename, (str, bytes, os.PathLike)):
        return Path(os.fsdecode(error.filename)) == part
    # GDAL's errors carry no number: name the output only where the disk really is full.
    return error.errno is None and shutil.disk_usage(part.parent).free < 2**20


def _not_written(error: OSError, output: Path) -> OutputError:
    return OutputError(
        f"it cannot be written ({error.strerror or _NUMBER.sub('', str(error))})",
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
    with _parent_of(output):
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


@contextlib.contextmanager
def unfinished_together(outputs: Sequence[Path], *, overwrite: bool = False) -> Iterator[list[Path]]:
    """Yield the paths to write to; rename all of them on success, none on any failure.

    Parameters
    ----------
    outputs
        The files.
    overwrite
        As for :func:`unfinished`.

    Raises
    ------
    OutputError
        As :func:`unfinished`, or two outputs are one file.
    """
    check_all_writable(outputs, overwrite=overwrite)
    parts = [part_path(output) for output in outputs]
    olds = [part_path(output.with_name(f"{output.name}.old")) for output in outputs]
    with contextlib.ExitStack() as stack:
        for output in outputs:
            stack.enter_context(_parent_of(output))
            remove_stale(output)
        for path in (*parts, *olds):
            if announce is not None:
                announce("part", str(path))
        try:
            try:
                yield parts
            except OSError as error:
                for output, part in zip(outputs, parts, strict=True):
                    if _concerns(error, part):
                        raise _not_written(error, output) from error
                raise
            _rename_all(outputs, parts, olds)
        finally:
            for path in (*parts, *olds):
                discard(path)
                if announce is not None:
                    announce("done", str(path))


def check_all_writable(outputs: Sequence[Path], *, overwrite: bool) -> None:
    """Do as :func:`check_writable` for several outputs of one job, which must not be one file.

    Raises
    ------
    OutputError
        As :func:`check_writable`, or two outputs are one file.
    """
    for number, output in enumerate(outputs):
        if any(output.resolve() == other.resolve() for other in outputs[:number]):
            raise OutputError("two outputs have this name", where=str(output), remedy="give each a name of its own")
        check_writable(output, overwrite=overwrite)


def _rename_all(outputs: Sequence[Path], parts: Sequence[Path], olds: Sequence[Path]) -> None:
    """Give every part its name; where one cannot get it, put back what was there before."""
    done: list[tuple[Path, Path]] = []
    for output, part, old in zip(outputs, parts, olds, strict=True):
        try:
            if output.exists():
                os.replace(output, old)
            done.append((output, old))
            os.replace(part, output)
        except OSError as error:
            for written, before in done:
                with contextlib.suppress(OSError):
                    written.unlink(missing_ok=True)
                    if before.exists():
                        os.replace(before, written)
            raise _not_written(error, output) from error


@contextlib.contextmanager
def unfinished_folder(output: Path, *, overwrite: bool = False, ours: Callable[[Path], bool]) -> Iterator[Path]:
    """Yield an empty folder to write into; give it the name ``output`` on success, remove it on any failure.

    Parameters
    ----------
    output, overwrite
        As for :func:`unfinished`.
    ours
        Says of a folder that stands in the way whether it holds only what an earlier run wrote (or nothing).

    Raises
    ------
    OutputError
        As :func:`check_folder_writable`, or when the disk is full or the folder cannot be written.
    """
    output = Path(output)
    check_folder_writable(output, overwrite=overwrite, ours=ours)
    with _parent_of(output):
        remove_stale(output)
        part = part_path(output)
        old = part_path(output.with_name(f"{output.name}.old"))
        for path in (part, old):
            if announce is not None:
                announce("part", str(path))
        try:
            try:
                part.mkdir()
                yield part
            except OSError as error:
                if not _concerns(error, part):
                    raise
                raise _not_written(error, output) from error
            _replace_folder(part, output, old)
        finally:
            for path in (part, old):
                discard(path)
                if announce is not None:
                    announce("done", str(path))


def _replace_folder(part: Path, output: Path, old: Path) -> None:
    try:
        if output.is_dir():
            os.replace(output, old)
        try:
            os.replace(part, output)
        except OSError:
            if old.is_dir():
                os.replace(old, output)
            raise
    except OSError as error:
        raise _not_written(error, output) from error
