"""Work kept in a folder (``--checkpoint``), so that a job that was killed goes on where it stopped, to the same result.

Two kinds: the state of a fit that is under way (parameters, AdamW's moments, step), and what finished folds gave. Each
is one safetensors file whose header holds the JSON beside the arrays, so that the two cannot part; it is written aside
and renamed, so that it is whole or not there; and it carries a digest of everything it depends on, so that it is never
taken for the work of other data or settings. Files hold numbers and text, nothing that runs.
"""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import hashlib
import importlib.metadata
import json
import re
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

import botaclip
from botaclip.core.progress import SILENT, Progress
from botaclip.core.unfinished import unfinished

Array = NDArray[Any]

# A killed fit loses at most about so many seconds.
EVERY_S = 20.0
FORMAT = "1"
# What computes: another version of any of them may give other numbers.
PACKAGES = ("torch", "numpy", "scipy", "scikit-learn")


@dataclasses.dataclass(frozen=True)
class Kept:
    """What was kept under a name.

    Parameters
    ----------
    arrays
        By name.
    about
        What was given as JSON with them.
    """

    arrays: dict[str, Array]
    about: dict[str, Any]


def digest_of(*things: Any) -> str:
    """Return a SHA-256 (hex) of numbers, text, arrays, sparse tables, sequences, mappings and dataclasses.

    Equal contents give equal digests, whatever the process; arrays count with their type and shape.

    Raises
    ------
    TypeError
        Something is none of these, a function for example: what cannot be told apart must not be trusted.
    """
    state = hashlib.sha256()
    for thing in things:
        _feed(state, thing)
    return state.hexdigest()


def _feed(state: Any, thing: Any) -> None:
    if thing is None or isinstance(thing, (bool, int, float, str, bytes)):
        text = f"{type(thing).__name__}:{thing!r}"
        state.update(f"{len(text)}:{text};".encode())
    elif isinstance(thing, np.generic):
        _feed(state, thing.item())
    elif isinstance(thing, np.ndarray):
        if thing.dtype == object:
            _feed(state, thing.tolist())
            return
        state.update(f"array:{thing.dtype.str}:{thing.shape};".encode())
        state.update(np.ascontiguousarray(thing).tobytes())
    elif hasattr(thing, "tocsr"):
        rows = thing.tocsr().copy()
        rows.sum_duplicates()
        rows.eliminate_zeros()
        state.update(b"sparse;")
        # Index types differ with the size of what the rows were cut from.
        for part in (rows.shape, rows.indptr.astype(np.int64), rows.indices.astype(np.int64), rows.data):
            _feed(state, part)
    elif dataclasses.is_dataclass(thing) and not isinstance(thing, type):
        _feed(state, {field.name: getattr(thing, field.name) for field in dataclasses.fields(thing)})
    elif isinstance(thing, Mapping):
        state.update(f"mapping:{len(thing)};".encode())
        for key in sorted(thing, key=str):
            _feed(state, str(key))
            _feed(state, thing[key])
    elif isinstance(thing, (frozenset, set)):
        _feed(state, sorted(thing))
    elif isinstance(thing, (list, tuple)):
        state.update(f"sequence:{len(thing)};".encode())
        for each in thing:
            _feed(state, each)
    else:
        raise TypeError(f"{type(thing).__name__} cannot be digested")


@functools.cache
def software() -> str:
    """Return the versions of BotaCLIP and of what it computes with; work of others is not gone on with."""
    found = [f"botaclip {botaclip.__version__}"]
    for package in PACKAGES:
        try:
            found.append(f"{package} {importlib.metadata.version(package)}")
        except importlib.metadata.PackageNotFoundError:
            found.append(f"no {package}")
    return ", ".join(found)


class FitState:
    """A folder of kept work that depends on ``key``.

    Parameters
    ----------
    folder
        Where it lies; made when first written to.
    key
        Digest (:func:`digest_of`) of the data and settings that all of it depends on. Files of another key are left
        out of account, which is said once, and are replaced as the work goes on.
    every_s
        Seconds between two states of a fit under way.
    progress
        Told of what is not used, and why.
    """

    def __init__(
        self, folder: str | Path, key: str, *, every_s: float = EVERY_S, progress: Progress = SILENT
    ) -> None:
        self.folder = Path(folder)
        self.key = key
        self.every_s = every_s
        self._progress = progress
        self._last = time.monotonic()
        self._told: set[str] = set()

    def under(self, name: str) -> FitState:
        """Return the place of work that is part of ``name`` (a fold's fits); it goes once ``name`` is kept."""
        part = FitState(self.folder / _file_name(name), self.key, every_s=self.every_s, progress=self._progress)
        part._told = self._told
        return part

    def due(self) -> bool:
        """Whether it is time to keep the state of a fit; resets the clock when it is."""
        now = time.monotonic()
        if now - self._last < self.every_s:
            return False
        self._last = now
        return True

    def finished(self, name: str, *, depends: str = "") -> Kept | None:
        """Return what was kept under ``name``, or None: nothing, a damaged file, or work of other data or settings.

        Work of another version of this software, or of what it computes with, is not used either: half of a result
        by one and half by another could not be had again.

        Parameters
        ----------
        name
            As given to :meth:`keep`.
        depends
            Digest of what this piece depends on besides the key.
        """
        path = self._path(name)
        try:
            with safe_open(path, framework="numpy") as file:
                header = file.metadata() or {}
                arrays = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
            about = json.loads(header.get("about", "{}"))
        except FileNotFoundError:
            return None
        except (SafetensorError, OSError, ValueError) as error:
            self._tell("damaged", f"{path.name} in {path.parent} is damaged ({_first_line(error)}); it is made again.")
            return None
        if header.get("software") != software():
            self._tell(
                "version",
                f"What lies in {path.parent} was made with {header.get('software') or 'another version'}, and this is "
                f"{software()}; it is not used, and the work begins anew.",
            )
            return None
        if (header.get("format"), header.get("key")) != (FORMAT, self.key) or header.get("depends") != depends:
            self._tell(
                "other",
                f"What lies in {path.parent} was made from other data or with other settings; it is not used, and the "
                "work begins anew.",
            )
            return None
        if header.get("sha256") != digest_of(arrays, about):
            self._tell("damaged", f"{path.name} in {path.parent} is damaged; it is made again.")
            return None
        return Kept(arrays, about)

    def keep(
        self, name: str, arrays: Mapping[str, Array], about: Mapping[str, Any] | None = None, *, depends: str = ""
    ) -> None:
        """Keep arrays and JSON under ``name``; what was kept :meth:`under` it is no longer needed and goes.

        Raises
        ------
        OutputError
            The folder cannot be written to.
        """
        about = json.loads(json.dumps(dict(about or {})))
        whole = {key: np.array(value, order="C", copy=True) for key, value in arrays.items()}
        header = {
            "format": FORMAT, "software": software(), "key": self.key, "depends": depends,
            "about": json.dumps(about), "sha256": digest_of(whole, about),
        }  # fmt: skip
        path = self._path(name)
        with unfinished(path, overwrite=True) as part:
            part.write_bytes(save(whole, metadata=header))
        _clear(self.folder / _file_name(name))

    def _path(self, name: str) -> Path:
        return self.folder / f"{_file_name(name)}.safetensors"

    def _tell(self, what: str, sentence: str) -> None:
        if what not in self._told:
            self._told.add(what)
            self._progress.warning(sentence)


def _clear(folder: Path) -> None:
    """Remove what is kept in a folder, and the folders that are empty then; nothing that is not ours."""
    inside = sorted(folder.rglob("*"), reverse=True) if folder.is_dir() else []
    for path in [*inside, folder]:
        with contextlib.suppress(OSError):
            if path.is_dir() and not path.is_symlink():
                path.rmdir()
            elif path.suffix == ".safetensors":
                path.unlink()


def _file_name(name: str) -> str:
    """Return ``name`` as a file's name anywhere; different names never share a file."""
    plain = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:60]
    return plain if plain and plain == name else f"{plain or 'work'}-{hashlib.sha256(name.encode()).hexdigest()[:12]}"


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0] if str(error) else type(error).__name__
