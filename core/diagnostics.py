"""``botaclip diagnostics``, what goes into a bug report: versions, devices, folders, the last error; nothing private.

Standard library only: it runs in QGIS's Python, and just when the environment is broken. What the environment holds is
asked from its own Python, in a process with a time limit. Every part that cannot be told says so and keeps none of the
others back.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import platform
import shutil
import subprocess
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import botaclip
from botaclip.core import lock_files
from botaclip.core.base_python import NO_WINDOW
from botaclip.core.cache_folder import cache_folder
from botaclip.core.encoders.store import store_folder
from botaclip.core.environment_removal import tree_size
from botaclip.core.errors import BotaclipError
from botaclip.core.interpreter import ROOT, locate_interpreter
from botaclip.core.last_error import last_error
from botaclip.core.managed_environment import VARIABLE, environments, is_current, parent_folder
from botaclip.core.passwords import proxy_words, without_password
from botaclip.core.private_text import folder_words, without_paths
from botaclip.core.progress import Progress
from botaclip.core.torch_build import driver_version
from botaclip.core.unfinished import check_writable, unfinished
from botaclip.core.worker_client import clean_environment, kill_tree

ASKED_S = 45.0
# A launcher sets these for libraries of its own; the worker is started without them.
LAUNCHER = ("PROJ_LIB", "PROJ_DATA", "GDAL_DATA", "GDAL_DRIVER_PATH", "PYTHONPATH", "PYTHONHOME", "LD_LIBRARY_PATH",
            "DYLD_LIBRARY_PATH", "QT_PLUGIN_PATH")  # fmt: skip
OUR_VARIABLES = ("BOTACLIP_PYTHON", VARIABLE, "BOTACLIP_CACHE", "BOTACLIP_ENCODERS", "OMP_NUM_THREADS",
                 "CUDA_VISIBLE_DEVICES")  # fmt: skip
_MARK = "botaclip-versions:"
_ASK = """
import importlib, importlib.metadata, json, platform, sys
def told(get):
    try: return str(get())
    except BaseException as error: return "not to be had (%s)" % (str(error) or type(error).__name__).splitlines()[0]
module = importlib.import_module
found = {"Python": told(platform.python_version)}
for name in ("numpy", "onnxruntime", "rasterio", "pyproj"): found[name] = told(lambda: module(name).__version__)
found["GDAL"] = told(lambda: module("rasterio").__gdal_version__)
found["PROJ"] = told(lambda: module("pyproj").proj_version_str)
found["torch"] = told(lambda: importlib.metadata.version("torch"))
found["onnxruntime providers"] = told(lambda: ", ".join(module("onnxruntime").get_available_providers()))
print("MARK" + json.dumps(found))
""".replace("MARK", _MARK)


def diagnostics(
    extra: Mapping[str, str] = {}, *, setting: str | os.PathLike[str] | None = None, seconds: float = ASKED_S  # noqa: B006
) -> str:
    """Return the report as Markdown, to be copied whole.

    Parameters
    ----------
    extra
        What only the face knows, by name: versions of QGIS and Qt.
    setting
        The face's setting of the worker's Python, see :func:`~botaclip.core.interpreter.find_interpreter`.
    seconds
        How long the worker's Python may take to tell its versions.
    """
    sections: tuple[tuple[str, Callable[[], Iterator[tuple[str, str]]]], ...] = (
        ("BotaCLIP", lambda: _plugin(extra)), ("Worker's Python", lambda: _worker(setting, seconds)),
        ("Environments", _environments), ("Machine", _machine), ("Folders", _folders),
        ("Variables and proxies", _variables), ("Last error", _last_error_lines),
    )  # fmt: skip
    lines = ["# BotaCLIP diagnostics", ""]
    for title, section in sections:
        lines += [f"## {title}", ""]
        try:
            lines += [f"- {name}: {value}" if name else value for name, value in section()]
        except Exception as error:  # a report with a hole is better than none
            lines.append(f"- not to be had ({type(error).__name__}: {_shown(str(error))[:200]})")
        lines.append("")
    return without_password("\n".join(lines).rstrip() + "\n")


def report(
    parameters: dict[str, Any], progress: Progress, *, extra: Mapping[str, str] = {},  # noqa: B006
    setting: str | os.PathLike[str] | None = None,
) -> dict[str, Any]:  # fmt: skip
    """Run ``botaclip diagnostics``: print the report, or write it.

    Returns
    -------
    dict
        ``report`` (Markdown), ``print``, and ``output`` where it was written.

    Raises
    ------
    OutputError
        The file exists or cannot be written.
    """
    output = parameters.get("output")
    if output:
        check_writable(Path(output), overwrite=bool(parameters.get("overwrite")))
    progress.update(0.0, "asking the worker's Python for its versions")
    text = diagnostics(extra, setting=setting)
    if output:
        with unfinished(Path(output), overwrite=bool(parameters.get("overwrite"))) as part:
            part.write_text(text, encoding="utf-8")
    progress.update(1.0, "done")
    said = f"The report was written into {output}" if output else text.rstrip()
    return {"report": text, "output": output, "print": said}


# --- The sections ----------------------------------------------------------------------------------------------------


def _plugin(extra: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    commit = commit_of(ROOT)
    yield "version", botaclip.__version__ + (f", commit {commit}" if commit else "")
    for name, value in extra.items():
        yield name, _shown(value)
    yield "system", _system()
    yield "this Python", f"{platform.python_version()} ({platform.python_implementation()}, {platform.machine()})"


def _worker(setting: str | os.PathLike[str] | None, seconds: float) -> Iterator[tuple[str, str]]:
    for needs in ("train", "run"):
        try:
            located = locate_interpreter(setting, needs=needs)
            break
        except BotaclipError as error:
            failure = error
    else:
        yield "not found", _shown(failure.sentence)
        return
    yield "path", folder_words(located.python)
    yield "found as", located.how + ("" if needs == "train" else "; without the packages for training")
    answer = versions_of(located.python, seconds=seconds)
    if isinstance(answer, str):
        yield "problem", _shown(answer)
        return
    yield from answer.items()


def _environments() -> Iterator[tuple[str, str]]:
    try:
        key = lock_files.key()
    except BotaclipError as error:
        key = f"none ({_shown(error.found)})"
    yield "key of the locks", key
    everything = environments()
    if not everything:
        yield "environments", "none"
    for one in everything:
        torch = f", torch {one.torch()}" if one.torch() else ""
        words = f"{', '.join(one.sets()) or 'no finished set'}{torch}, {tree_size(one.folder) / 1e6:.0f} MB"
        if is_current(one):
            # Its files are looked at; whether it runs is told above, within a time limit.
            problems = one.damage(one.recorded().get("packages")) if one.sets() else ["its set-up was not finished"]
            whole = "whole" if not problems else "NOT whole: " + _shown("; ".join(problems[:3]))
            yield f"`{one.folder.name}`", f"{words}, {whole}"
        else:
            yield f"`{one.folder.name}`", f"{words}, of other versions"


def _machine() -> Iterator[tuple[str, str]]:
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    yield "cores", f"{os.cpu_count()}, of which this process may use {cores}"
    memory = memory_bytes()
    yield "memory", "not known" if memory is None else f"{memory / 2**30:.1f} GiB"
    driver = driver_version()
    yield "NVIDIA driver", "none found" if driver is None else str(driver)


def _folders() -> Iterator[tuple[str, str]]:
    cache, encoders = cache_folder(), store_folder()
    for name, folder in (("plugin", ROOT), ("environments", parent_folder()), ("cache", cache), ("encoders", encoders)):
        yield name, f"{folder_words(folder)} ({_room(folder)})"
    yield "size of the cache", f"{tree_size(cache) / 1e6:.1f} MB"
    with contextlib.suppress(OSError):
        names = sorted(path.name for path in encoders.iterdir() if path.is_dir())
        yield "encoders in the store", ", ".join(names) or "none"


def _variables() -> Iterator[tuple[str, str]]:
    for name in (*LAUNCHER, *OUR_VARIABLES):
        if os.environ.get(name):
            yield name, "set" + (" (not handed on to the worker)" if name not in clean_environment() else "")
    unset = [name for name in LAUNCHER if not os.environ.get(name)]
    if unset:
        yield "not set", ", ".join(unset)
    proxies = sorted(urllib.request.getproxies().items())
    yield "proxies", ", ".join(f"{name} {proxy_words(address)}" for name, address in proxies) or "none"


def _last_error_lines() -> Iterator[tuple[str, str]]:
    found = last_error()
    if not found:
        yield "none", "kept on this machine"
        return
    yield "when", f"{found['time']}, BotaCLIP {found['version']}"
    yield "sentence", _shown(found["sentence"])
    if found["trace"].strip():
        yield "", "\n```\n" + _shown(found["trace"]).strip().replace("```", "'''") + "\n```"


# --- What they are made of -------------------------------------------------------------------------------------------


def versions_of(python: Path, *, seconds: float = ASKED_S) -> dict[str, str] | str:
    """Return the versions that a worker's Python has, by name; why there are none, in words, where it does not say."""
    own_group: dict[str, Any] = {"creationflags": NO_WINDOW} if os.name == "nt" else {"start_new_session": True}
    try:
        process = subprocess.Popen(
            [str(python), "-I", "-c", _ASK], env=clean_environment(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL, **own_group,
        )  # fmt: skip
    except OSError as error:
        return f"it cannot be run ({error.strerror or error})"
    try:
        said = process.communicate(timeout=seconds)[0].decode("utf-8", "replace")
    except subprocess.TimeoutExpired:
        kill_tree(process)
        return f"it did not answer within {seconds:.0f} s"
    for line in reversed(said.splitlines()):
        if line.startswith(_MARK):
            with contextlib.suppress(ValueError):
                found = json.loads(line[len(_MARK) :])
                return {str(name): _shown(str(value)) for name, value in found.items()}
    if process.returncode:
        return f"it ended with exit code {process.returncode}"
    return "what it answers is not what a Python would"


def commit_of(root: Path) -> str:
    """Return the commit that a checkout is of; empty for an installed plugin."""
    try:
        git = root / ".git"
        if git.is_file():  # a worktree
            git = (root / git.read_text(encoding="utf-8").partition("gitdir:")[2].strip()).resolve()
        head = (git / "HEAD").read_text(encoding="utf-8").strip()
        if not head.startswith("ref:"):
            return head[:12]
        name = head[4:].strip()
        common = git / "commondir"
        shared = (git / common.read_text(encoding="utf-8").strip()).resolve() if common.is_file() else git
        loose = shared / name
        if loose.is_file():
            return loose.read_text(encoding="utf-8").strip()[:12]
        packed = (shared / "packed-refs").read_text(encoding="utf-8").splitlines()
        return next((line.split()[0][:12] for line in packed if line.endswith(f" {name}")), "")
    except (OSError, ValueError):
        return ""


def memory_bytes() -> int | None:
    """Return the bytes of this machine's memory; None where it does not tell."""
    with contextlib.suppress(AttributeError, ValueError, OSError):
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")

    class Status(ctypes.Structure):
        _fields_ = [("length", ctypes.c_ulong), ("load", ctypes.c_ulong)] + [
            (name, ctypes.c_ulonglong)
            for name in ("total", "free", "total_page", "free_page", "total_virtual", "free_virtual", "extended")
        ]

    with contextlib.suppress(AttributeError, OSError):
        status = Status(length=ctypes.sizeof(Status))
        if ctypes.windll.kernel32.GlobalMemoryStatusEx(ctypes.byref(status)):  # type: ignore[attr-defined]
            return int(status.total)
    return None


def _system() -> str:
    """Return the name of the system, with its edition where Linux says it."""
    name = f"{platform.system()} {platform.release()}"
    with contextlib.suppress(OSError, ValueError):
        lines = Path("/etc/os-release").read_text(encoding="utf-8").splitlines()
        pretty = next((line.partition("=")[2].strip('"') for line in lines if line.startswith("PRETTY_NAME=")), "")
        name += f" ({pretty})" if pretty else ""
    return name


def _room(folder: Path) -> str:
    """Return the free room where a folder is or would be, and whether it can be written."""
    there = next((each for each in (folder, *folder.parents) if each.exists()), None)
    try:
        if there is None or not there.is_dir():
            raise NotADirectoryError(20, "it lies below a file")
        free = f"{shutil.disk_usage(there).free / 1e9:.1f} GB free"
    except OSError as error:
        return f"cannot be used: {error.strerror}"
    words = "there" if there == folder else "not there yet"
    return f"{words}, {free}" + ("" if os.access(there, os.W_OK) else ", not writable")


def _shown(text: str) -> str:
    """Return a text as a report may show it: the folders that it names anyway are its only paths."""
    return without_paths(text, (ROOT, parent_folder(), cache_folder(), store_folder()))
