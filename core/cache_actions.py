"""``botaclip cache``: what is kept so that work is not done twice, and its removal. Standard library only."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from botaclip.core.cache_folder import cache_folder
from botaclip.core.encoders.store import GRAPHS, store_folder
from botaclip.core.errors import OutputError
from botaclip.core.progress import Progress

# Only names that we write are ever deleted: the folder may be one that the user named.
_VECTORS = (".safetensors", ".part")
_WINDOWS = (".window", ".part")
_GRAPHS = (".onnx", ".json", ".part")


@dataclasses.dataclass(frozen=True)
class _Part:
    title: str
    folder: Callable[[], Path]
    files: Callable[[], Iterator[Path]]


def _vectors() -> Iterator[Path]:
    yield from _files(cache_folder(), _VECTORS, deep=False)


def _windows() -> Iterator[Path]:
    yield from _files(cache_folder() / "windows", _WINDOWS)


def _graphs() -> Iterator[Path]:
    with contextlib.suppress(OSError):
        for folder in sorted(store_folder().iterdir()):
            yield from _files(folder / GRAPHS, _GRAPHS, deep=False)


_PARTS = {
    "vectors": _Part("image vectors of plots", cache_folder, _vectors),
    "windows": _Part("finished windows of interrupted maps", lambda: cache_folder() / "windows", _windows),
    "graphs": _Part("exported graphs of encoders", store_folder, _graphs),
}


def cache(parameters: dict[str, Any], progress: Progress) -> dict[str, Any]:
    """Show or clear what is kept.

    Parameters
    ----------
    parameters
        ``action`` (``show`` or ``clear``), ``part`` (``all`` or one of the parts), ``json``.
    progress
        Told which part is at hand.

    Returns
    -------
    dict
        ``parts``: by name the folder, the number of files and their bytes (for ``clear``: those that were removed);
        ``print``: the same in lines, or as JSON.

    Raises
    ------
    OutputError
        Something cannot be deleted.
    """
    clear = parameters["action"] == "clear"
    asked = str(parameters.get("part") or "all")
    names = list(_PARTS) if asked == "all" else [asked]
    found: dict[str, dict[str, Any]] = {}
    for i, name in enumerate(names):
        progress.update(i / len(names), _PARTS[name].title)
        found[name] = _clear(_PARTS[name], progress) if clear else _measure(_PARTS[name], progress)
    progress.update(1.0)
    outputs: dict[str, Any] = {"parts": found}
    lines = [_line(name, about, clear) for name, about in found.items()]
    outputs["print"] = json.dumps(found, indent=2) if parameters.get("json") else lines
    return outputs


def _line(name: str, about: dict[str, Any], clear: bool) -> str:
    count, size = about["files"], f"{about['bytes'] / 1e6:.1f} MB"
    files = f"{count} file{'' if count == 1 else 's'}"
    if clear:
        return f"{name}: {files} removed, {size} freed" if count else f"{name}: nothing was kept"
    return f"{name}: {_PARTS[name].title}, {files}, {size}, in {about['folder']}"


def _measure(part: _Part, progress: Progress) -> dict[str, Any]:
    count = size = 0
    for path in part.files():
        progress.check()
        with contextlib.suppress(OSError):
            size += path.stat().st_size
            count += 1
    return {"folder": str(part.folder()), "files": count, "bytes": size}


def _clear(part: _Part, progress: Progress) -> dict[str, Any]:
    count = size = 0
    folders = set()
    for path in list(part.files()):
        progress.check()
        try:
            taken = path.stat().st_size
            path.unlink()
        except FileNotFoundError:  # whoever else clears, or a map that was just completed
            continue
        except OSError as error:
            raise OutputError(
                f"it cannot be deleted ({error.strerror or error})", where=str(path),
                remedy="close the program that uses it, or delete it by hand",
            ) from error  # fmt: skip
        count, size = count + 1, size + taken
        folders.add(path.parent)
    for folder in sorted(folders, reverse=True):
        if folder not in (cache_folder(), store_folder()) and not any(folder.iterdir()):
            shutil.rmtree(folder, ignore_errors=True)
    return {"folder": str(part.folder()), "files": count, "bytes": size}


def _files(folder: Path, suffixes: tuple[str, ...], *, deep: bool = True) -> Iterator[Path]:
    with contextlib.suppress(OSError):
        for path in sorted(folder.rglob("*") if deep else folder.glob("*")):
            if path.suffix in suffixes and path.is_file() and not path.is_symlink():
                yield path
