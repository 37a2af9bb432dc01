"""Where encoders lie on this machine: checkpoints as they were fetched or given, and the graphs made of them.

``<store>/<id>/`` holds the checkpoint under its own name, ``encoder.json`` (written last: without it nothing is
installed), ``LICENCE.txt`` where the text is at hand, and ``graphs/<key>.onnx`` with a JSON beside each. Standard
library only: QGIS lists what is installed.
"""

from __future__ import annotations

import contextlib
import dataclasses
import difflib
import errno
import hashlib
import json
import os
import re
import shutil
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from botaclip.core.encoders.record import EncoderRecord
from botaclip.core.encoders.record_json import ID, is_file_name, record_from_json, record_to_json
from botaclip.core.encoders.registry import RECORDS
from botaclip.core.errors import EncoderError, OutputError
from botaclip.core.progress import SILENT, Progress
from botaclip.core.set_up_lock import remove_lock, set_up_lock
from botaclip.core.unfinished import unfinished

VARIABLE = "BOTACLIP_ENCODERS"
MARKER = "encoder.json"
LICENCE = "LICENCE.txt"
GRAPHS = "graphs"
SPARE_BYTES = 256 * 2**20  # of the disk, left alone
# What lies beside a checkpoint: the files above, unfinished downloads and what is known of them, locks.
_OWN_NAMES = (MARKER.lower(), LICENCE.lower(), GRAPHS.lower())
_OWN_ENDINGS = (".part", ".part.json", ".lock")
_FORMAT = 1
_MOST_JSON = 2**20
_PIECE = 2**20
_KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,119}")


@dataclasses.dataclass(frozen=True)
class Installed:
    """An encoder whose checkpoint lies in the store.

    Parameters
    ----------
    record
        What is known of it: the registry's record, or the user's own.
    folder, checkpoint
        Its folder, and the checkpoint in it.
    sha256, size_bytes
        Digest and size of the checkpoint when it came in.
    source
        Address or file that it came from.
    accepted
        Key of the licence that the user accepted; empty where none had to be.
    when
        Date and time (UTC, ISO 8601) of its coming in.
    """

    record: EncoderRecord
    folder: Path
    checkpoint: Path
    sha256: str
    size_bytes: int
    source: str = ""
    accepted: str = ""
    when: str = ""

    @property
    def pin(self) -> str:
        """How the checkpoint was told from others: ``sha256``, ``prefix`` (of the digest), or ``none``."""
        if self.record.sha256:
            return "sha256" if self.sha256 == self.record.sha256 else "none"
        return "prefix" if self.record.pinned and self.sha256.startswith(self.record.sha256_prefix) else "none"

    @property
    def licence_text(self) -> str:
        """Text of its licence; empty where it is not at hand."""
        try:
            return (self.folder / LICENCE).read_text(encoding="utf-8", errors="replace")
        except OSError:
            return ""


@dataclasses.dataclass(frozen=True)
class StoredGraph:
    """An ONNX graph made of a checkpoint.

    Parameters
    ----------
    key
        Its name, which tells all settings that it depends on.
    path
        The graph.
    sha256
        Digest of the graph.
    about
        What it is (mode, bands, normalisation, fidelity ...).
    """

    key: str
    path: Path
    sha256: str
    about: Mapping[str, Any]

    def read(self) -> bytes:
        """Return the graph.

        Raises
        ------
        EncoderError
            It is not what was written.
        """
        try:
            data = self.path.read_bytes()
        except OSError as error:
            raise EncoderError(f"the graph cannot be read ({error.strerror or error})", where=str(self.path)) from error
        if hashlib.sha256(data).hexdigest() != self.sha256:
            raise EncoderError(
                "the exported graph was altered or damaged", where=str(self.path),
                remedy="botaclip cache clear --part graphs; it is then made anew",
            )  # fmt: skip
        return data


def store_folder() -> Path:
    """Return where encoders lie: ``BOTACLIP_ENCODERS``, else ``botaclip/encoders`` in the local application data."""
    named = os.environ.get(VARIABLE, "").strip()
    if named:
        return Path(named).expanduser().absolute()
    home = Path.home()
    if os.name == "nt":
        data = Path(os.environ.get("LOCALAPPDATA") or home / "AppData" / "Local")
    elif sys.platform == "darwin":
        data = home / "Library" / "Application Support"
    else:
        given = os.environ.get("XDG_DATA_HOME", "")
        data = Path(given) if os.path.isabs(given) else home / ".local" / "share"
    return data / "botaclip" / "encoders"


class Store:
    """The encoders of this user.

    Parameters
    ----------
    folder
        Not given: :func:`store_folder`.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = store_folder() if folder is None else Path(folder)

    # --- What is there ---

    def records(self) -> dict[str, EncoderRecord]:
        """Return all records by id: the registry's, then the user's own."""
        return {**RECORDS, **{name: installed.record for name, installed in self._own()}}

    def record(self, name: str) -> EncoderRecord:
        """Return the record of that id.

        Raises
        ------
        EncoderError
            There is none, or the user's own is damaged.
        """
        records = self.records()
        if name in records:
            return records[name]
        if self.problem(name):
            raise EncoderError(self.problem(name))
        near = difflib.get_close_matches(name, records, n=1)
        remedy = f"perhaps you mean {near[0]}" if near else (
            "botaclip encoders list shows them all; import it where it is one of your own"
        )  # fmt: skip
        raise EncoderError(f"there is no encoder {name!r}", remedy=remedy)

    def installed(self, name: str) -> Installed | None:
        """Return what is installed under that id; None where nothing (or nothing whole) is, see :meth:`problem`."""
        try:
            return self._read(name)
        except EncoderError:
            return None

    def problem(self, name: str) -> str:
        """Return why what lies under that id does not count as installed; empty where all is well or nothing is."""
        try:
            self._read(name)
        except EncoderError as error:
            return error.sentence
        return ""

    def folder_of(self, name: str) -> Path:
        """Return the folder of an encoder, which may not be there yet.

        Raises
        ------
        EncoderError
            The text can be no id.
        """
        if not ID.fullmatch(name):
            raise EncoderError(
                f"an encoder cannot be called {name[:80]!r}",
                remedy="use small letters, digits, points and hyphens, at most 64, the first a letter or digit",
            )
        return self.folder / name

    def size_of(self, name: str) -> int:
        """Return the bytes that an encoder takes, graphs and unfinished downloads included."""
        return _size(self.folder_of(name))

    def _own(self) -> Iterator[tuple[str, Installed]]:
        if not self.folder.is_dir():
            return
        for path in sorted(self.folder.iterdir()):
            if path.name not in RECORDS and ID.fullmatch(path.name):
                installed = self.installed(path.name)
                if installed is not None:
                    yield path.name, installed

    def _read(self, name: str) -> Installed | None:
        folder = self.folder_of(name)
        marker = folder / MARKER
        if not marker.is_file():
            return None
        again = "download or import it again"
        about = _read_json(marker, again)
        try:
            record = RECORDS.get(name) or record_from_json(about["record"], where=str(marker))
            file, sha256, size = str(about["file"]), str(about["sha256"]), int(about["size_bytes"])
            said = {key: str(about.get(key, "")) for key in ("source", "accepted", "when")}
        except (KeyError, TypeError, ValueError) as error:
            raise EncoderError(f"it is damaged ({error})", where=str(marker), remedy=again) from None
        if record.id != name or not is_file_name(file) or not re.fullmatch("[0-9a-f]{64}", sha256):
            raise EncoderError("it does not describe what lies beside it", where=str(marker), remedy=again)
        checkpoint = folder / file
        if not checkpoint.is_file():
            raise EncoderError(f"the checkpoint of {name} is missing", where=str(checkpoint), remedy=again)
        found = checkpoint.stat().st_size
        if found != size:
            raise EncoderError(
                f"the checkpoint of {name} has {found} bytes instead of {size}", where=str(checkpoint), remedy=again
            )
        return Installed(record, folder, checkpoint, sha256, size, **said)

    # --- What comes in and goes ---

    @contextlib.contextmanager
    def lock(self, name: str, progress: Progress = SILENT) -> Iterator[None]:
        """Hold the lock of one encoder; a second process says so and waits.

        Raises
        ------
        OutputError
            The store cannot be written.
        Cancelled
            The user did not want to wait.
        """
        self.folder_of(name)
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise self._unwritable(error) from error
        if not os.access(self.folder, os.W_OK):
            raise self._unwritable(OSError(errno.EACCES, os.strerror(errno.EACCES)))
        lock = f"{name}.lock"
        with set_up_lock(self.folder, progress, name=lock, busy=f"Another process is at work on {name}"):
            try:
                yield
            finally:
                remove_lock(self.folder, lock)

    def check_space(self, nbytes: int) -> None:
        """Raise :class:`OutputError` where the store's disk has no room for so many bytes and some to spare."""
        check_space(self.folder, nbytes)

    def install(
        self,
        record: EncoderRecord,
        checkpoint: Path,
        *,
        sha256: str,
        source: str,
        accepted: str = "",
        licence_text: str = "",
        progress: Progress = SILENT,
    ) -> Installed:
        """Take a checkpoint in; the caller holds the lock and has decided that it may come in.

        Parameters
        ----------
        record
            Whose it is; kept, where it is the user's own.
        checkpoint
            The file; copied, unless it lies in the encoder's folder already.
        sha256
            Its digest, computed by the caller; a copy has to have it.
        source
            Address or file that it came from.
        accepted, licence_text
            Key of the licence that was accepted, and its text where at hand.

        Raises
        ------
        EncoderError
            The record would replace one of the registry, the file has a name of the store's own, or it changed while
            it was copied.
        OutputError
            The disk is full, or the store cannot be written.
        """
        if RECORDS.get(record.id, record) != record:
            raise EncoderError(f"{record.id} is an encoder of the registry", remedy="choose another name for yours")
        check_name(checkpoint.name)
        folder = self.folder_of(record.id)
        before = self.installed(record.id)
        target = folder / checkpoint.name
        try:
            folder.mkdir(parents=True, exist_ok=True)
            if not (target.exists() and target.samefile(checkpoint)):
                self._copy(checkpoint, target, sha256, progress)
            if before is None or before.sha256 != sha256:
                shutil.rmtree(folder / GRAPHS, ignore_errors=True)
            if licence_text:
                _write(folder / LICENCE, licence_text)
            about = {
                "format": _FORMAT, "record": record_to_json(record), "file": target.name, "sha256": sha256,
                "size_bytes": target.stat().st_size, "source": source, "accepted": accepted,
                "when": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            }  # fmt: skip
            _write(folder / MARKER, json.dumps(about, indent=1, ensure_ascii=False))
            if before is not None and before.checkpoint.name != target.name:
                before.checkpoint.unlink(missing_ok=True)
        except OSError as error:
            raise self._unwritable(error) from error
        installed = self._read(record.id)
        if installed is None:
            raise EncoderError(f"{record.id} was removed while it came in", remedy="try again")
        return installed

    def remove(self, name: str) -> int:
        """Remove an encoder, its graphs and its unfinished downloads; return the bytes that were freed.

        Raises
        ------
        EncoderError
            Nothing of it is there.
        OutputError
            It cannot be deleted.
        """
        folder = self.folder_of(name)
        if not folder.is_dir():
            raise EncoderError(f"{name} is not installed", remedy="botaclip encoders list shows what is")
        freed = _size(folder)
        try:
            (folder / MARKER).unlink(missing_ok=True)  # first: what is half removed is not installed
            shutil.rmtree(folder)
        except OSError as error:
            raise self._unwritable(error) from error
        return freed

    def verify(self, name: str, progress: Progress = SILENT) -> list[tuple[str, str, str]]:
        """Recompute the digests of an encoder's files.

        Returns
        -------
        list of tuple
            ``(file, expected, found)`` of the checkpoint and every graph; ``found`` is empty where a file is missing.

        Raises
        ------
        EncoderError
            It is not installed, or damaged.
        """
        installed = self._read(name)
        if installed is None:
            raise EncoderError(f"{name} is not installed", remedy=f"botaclip encoders show {name} says how to get it")
        graphs = self.graphs(name)
        total = installed.size_bytes + sum(graph.path.stat().st_size for graph in graphs)
        done, results = 0, []
        for path, expected in ((installed.checkpoint, installed.sha256), *((g.path, g.sha256) for g in graphs)):
            start, share = done / max(total, 1), path.stat().st_size / max(total, 1)
            found = digest(path, progress.stage(start, min(1.0, start + share)))
            results.append((path.relative_to(installed.folder).as_posix(), expected, found))
            done += path.stat().st_size
        return results

    def _copy(self, source: Path, target: Path, sha256: str, progress: Progress) -> None:
        size = source.stat().st_size
        self.check_space(size)
        hashed, done = hashlib.sha256(), 0
        with unfinished(target, overwrite=True) as part, source.open("rb") as read, part.open("wb") as write:
            while piece := read.read(_PIECE):
                write.write(piece)
                hashed.update(piece)
                done += len(piece)
                progress.update(done / max(size, 1), f"copying {target.name}")
            write.flush()
            os.fsync(write.fileno())
            if hashed.hexdigest() != sha256:
                raise EncoderError("the file changed while it was copied", where=str(source), remedy="try again")

    def _unwritable(self, error: OSError) -> OutputError:
        return OutputError(
            f"the folder of the encoders cannot be written ({error.strerror or error})", where=str(self.folder),
            remedy=f"free disk space, or name another folder in the variable {VARIABLE}",
        )  # fmt: skip

    # --- Graphs ---

    def graphs(self, name: str) -> tuple[StoredGraph, ...]:
        """Return the whole graphs of an encoder, by key."""
        found = (self.graph(name, path.stem) for path in sorted((self.folder_of(name) / GRAPHS).glob("*.json")))
        return tuple(graph for graph in found if graph is not None)

    def graph(self, name: str, key: str) -> StoredGraph | None:
        """Return one graph; None where it is not there, or its JSON is damaged."""
        path = self._graph_path(name, key)
        try:
            about = _read_json(path.with_suffix(".json"), "")
            graph = StoredGraph(key, path, str(about["sha256"]), dict(about["about"]))
        except (EncoderError, KeyError, TypeError, ValueError):
            return None
        return graph if path.is_file() and path.stat().st_size == about.get("size_bytes") else None

    def put_graph(self, name: str, key: str, onnx: bytes, about: Mapping[str, Any]) -> StoredGraph:
        """Keep a graph; its JSON is written last.

        Raises
        ------
        OutputError
            The disk is full, or the store cannot be written.
        """
        path = self._graph_path(name, key)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self.check_space(len(onnx))
            path.with_suffix(".json").unlink(missing_ok=True)
            with unfinished(path, overwrite=True) as part:
                part.write_bytes(onnx)
            sha256 = hashlib.sha256(onnx).hexdigest()
            whole = {"format": _FORMAT, "sha256": sha256, "size_bytes": len(onnx), "about": dict(about)}
            _write(path.with_suffix(".json"), json.dumps(whole, indent=1, ensure_ascii=False))
        except OSError as error:
            raise self._unwritable(error) from error
        return StoredGraph(key, path, sha256, dict(about))

    def clear_graphs(self, name: str) -> int:
        """Remove the graphs of an encoder; return the bytes that were freed."""
        folder = self.folder_of(name) / GRAPHS
        freed = _size(folder)
        shutil.rmtree(folder, ignore_errors=True)
        return freed - _size(folder)

    def _graph_path(self, name: str, key: str) -> Path:
        if not _KEY.fullmatch(key):
            raise EncoderError(f"a graph cannot be called {key[:80]!r}")
        return self.folder_of(name) / GRAPHS / f"{key}.onnx"


def check_name(name: str, remedy: str = "rename the file") -> None:
    """Raise where a checkpoint's name is none, or one that the store itself gives (on disks that take A for a too).

    Raises
    ------
    EncoderError
        It is.
    """
    low = name.lower()
    if not is_file_name(name) or low in _OWN_NAMES or low.endswith(_OWN_ENDINGS):
        raise EncoderError(f"a checkpoint cannot be called {name[:80]!r}", remedy=remedy)


def check_space(folder: Path, nbytes: int) -> None:
    """Raise where a folder's disk has no room for so many bytes and some to spare.

    Raises
    ------
    OutputError
        It has not.
    """
    place = folder
    while not place.exists() and place != place.parent:
        place = place.parent
    free = shutil.disk_usage(place).free
    if free < nbytes + SPARE_BYTES:
        raise OutputError(
            f"{in_mb(nbytes + SPARE_BYTES)} are needed and {in_mb(free)} are free", where=str(folder),
            remedy=f"free disk space, or name a folder on another disk in the variable {VARIABLE}",
        )  # fmt: skip


def check_unaltered(installed: Installed, sha256: str) -> None:
    """Raise where the digest of a checkpoint, found just now, is not the one that it came in with.

    Raises
    ------
    EncoderError
        It is not.
    """
    if sha256 != installed.sha256:
        raise EncoderError(
            f"the checkpoint of {installed.record.id} was altered or damaged", where=str(installed.checkpoint),
            remedy="import it again",
        )  # fmt: skip


def in_mb(nbytes: int) -> str:
    """Return a size in words, in MB or GB of 10^6 and 10^9 bytes."""
    if nbytes >= 10**9:
        return f"{nbytes / 1e9:.2f} GB"
    return f"{nbytes / 1e6:.0f} MB" if nbytes >= 10**6 else f"{nbytes / 1e3:.0f} kB"


def digest(path: Path, progress: Progress = SILENT) -> str:
    """Return the SHA-256 of a file.

    Raises
    ------
    EncoderError
        It cannot be read.
    """
    hashed, done = hashlib.sha256(), 0
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            while piece := file.read(_PIECE):
                hashed.update(piece)
                done += len(piece)
                progress.update(done / max(size, 1), f"checking {path.name}")
    except OSError as error:
        raise EncoderError(f"the file cannot be read ({error.strerror or error})", where=str(path)) from error
    return hashed.hexdigest()


def _size(folder: Path) -> int:
    total = 0
    for place, _, files in os.walk(folder):
        for name in files:
            with contextlib.suppress(OSError):
                total += os.lstat(os.path.join(place, name)).st_size
    return total


def _write(path: Path, text: str) -> None:
    with unfinished(path, overwrite=True) as part:
        part.write_text(text, encoding="utf-8")


def _read_json(path: Path, remedy: str) -> dict[str, Any]:
    try:
        if path.stat().st_size > _MOST_JSON:
            raise ValueError("too large")
        about = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(about, dict) or about.get("format") != _FORMAT:
            raise ValueError("not of the format that is read here")
    except (OSError, ValueError, RecursionError) as error:
        raise EncoderError(f"it is damaged ({str(error)[:120]})", where=str(path), remedy=remedy) from None
    return about
