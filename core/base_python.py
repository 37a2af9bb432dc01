"""The Python from which an environment is made: found and tried by running it, never imported. Standard library only.

Inside QGIS ``sys.executable`` may be QGIS itself (``qgis-bin.exe``, the application on macOS); running that would open
a second QGIS, so only programs called python are run.
"""

from __future__ import annotations

import dataclasses
import functools
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from botaclip.core.errors import EnvironmentMissing
from botaclip.core.lock_files import PYTHON_RANGE
from botaclip.core.worker_client import clean_environment

# In the order in which they are looked for on the system: what most packages have wheels for comes first.
MINOR_VERSIONS = (12, 13, 11, 10, 14)
PROBE_S = 30.0
# Windows opens a console window for every program that QGIS starts, unless told otherwise.
NO_WINDOW = getattr(subprocess, "CREATE_NO_WINDOW", 0)

_PROBE = """
import importlib.util as u, json, os, sys, sysconfig
base = getattr(sys, "_base_executable", None) or sys.executable
bundled = ""
try:
    import ensurepip
    bundled = os.path.join(os.path.dirname(ensurepip.__file__), "_bundled")
except ImportError:
    pass
print(json.dumps({
    "executable": base, "version": list(sys.version_info[:3]), "implementation": sys.implementation.name,
    "platform": sysconfig.get_platform(), "free_threaded": bool(sysconfig.get_config_var("Py_GIL_DISABLED")),
    "wheels": [f for f in (bundled, sysconfig.get_config_var("WHEEL_PKG_DIR")) if f],
    "venv": u.find_spec("venv") is not None, "pip": u.find_spec("pip") is not None,
}))
"""
_RANGE = "{}.{} to {}.{}".format(*PYTHON_RANGE[0], *PYTHON_RANGE[1])


@dataclasses.dataclass(frozen=True)
class BasePython:
    """A Python that can be run.

    Parameters
    ----------
    executable
        Its program, that of the installation where it was found inside a virtual environment.
    version
        Three numbers.
    platform
        Of :func:`sysconfig.get_platform`.
    implementation
        ``"cpython"`` or another.
    free_threaded
        Built without the global lock; its wheels are others.
    wheel_folders
        Where it keeps the wheel of pip for new environments.
    has_venv, has_pip
        Whether these modules are there.
    """

    executable: Path
    version: tuple[int, int, int]
    platform: str
    implementation: str = "cpython"
    free_threaded: bool = False
    wheel_folders: tuple[Path, ...] = ()
    has_venv: bool = True
    has_pip: bool = True

    @property
    def python_tag(self) -> str:
        """Tag of its wheels: ``cp311``."""
        return f"cp{self.version[0]}{self.version[1]}" + ("t" if self.free_threaded else "")

    @property
    def tag(self) -> str:
        """Python and platform, for a folder's name: ``cp311-linux_x86_64``."""
        return f"{self.python_tag}-{re.sub(r'[^A-Za-z0-9]', '_', self.platform)}"

    @property
    def unfit(self) -> str:
        """Why the locked packages cannot be installed with it; empty when they can."""
        number = ".".join(map(str, self.version))
        if self.implementation != "cpython":
            return f"it is {self.implementation}, not CPython"
        if not PYTHON_RANGE[0] <= self.version[:2] <= PYTHON_RANGE[1]:
            return f"it is Python {number}, and the locked packages are for {_RANGE}"
        if self.free_threaded:
            return f"it is the free-threaded build of Python {number}"
        return ""


def probe(executable: Path) -> BasePython | None:
    """Run ``executable`` and return what it is; None when it is no Python or does not run."""
    try:
        stamp = executable.stat().st_mtime_ns
    except OSError:
        return None
    return _probe(executable, stamp)


@functools.lru_cache(maxsize=64)
def _probe(executable: Path, _stamp: int) -> BasePython | None:
    try:
        answer = subprocess.run(
            [str(executable), "-I", "-c", _PROBE], env=clean_environment(), stdin=subprocess.DEVNULL,
            capture_output=True, timeout=PROBE_S, check=False, creationflags=NO_WINDOW,
        )  # fmt: skip
        found = json.loads(answer.stdout)
    except (OSError, subprocess.SubprocessError, ValueError):
        return None
    base = Path(found["executable"])
    base = base if base.is_file() else executable
    # python3 may be another version after an update of the system, python3.11 is none.
    numbered = base.resolve()
    major, minor, micro = found["version"]
    return BasePython(
        numbered if numbered.parent == base.parent else base, (major, minor, micro), found["platform"],
        found["implementation"], found["free_threaded"], tuple(map(Path, found["wheels"])), found["venv"], found["pip"],
    )  # fmt: skip


def base_python(named: str | None = None, *, wheel_tags: Iterable[str] = ()) -> BasePython:
    """Return the Python to make an environment from.

    Parameters
    ----------
    named
        What the user named: a program, or a folder that holds one; taken or refused, never passed over.
    wheel_tags
        Python tags (``cp311``) that the wheels at hand were built for; a Python that none of them fits is passed over.

    Raises
    ------
    EnvironmentMissing
        None was found, or the named one cannot be used.
    """
    if named and named.strip():
        return _named(Path(named.strip()).expanduser())
    tags = set(wheel_tags)
    passed_over = []
    for path in candidates():
        found = probe(path)
        if found is None:
            continue
        reason = found.unfit
        if not reason and tags and found.python_tag not in tags:
            reason = f"the folder holds no wheels for Python {found.version[0]}.{found.version[1]}"
        if not reason:
            return found
        passed_over.append(f"{path}: {reason}")
    raise EnvironmentMissing(
        "no Python was found that an environment can be made from"
        + (f" ({'; '.join(dict.fromkeys(passed_over))})" if passed_over else ""),
        remedy=f"install Python {_RANGE} and name it with --python",
    )


def _named(path: Path) -> BasePython:
    where = f"{path}, which --python names,"
    if path.is_dir():
        inside = [*_programs(path), *_programs(path / "bin"), *_programs(path / "Scripts")]
        path = next((program for program in inside if program.is_file()), path)
    elif not path.is_file() and not path.is_absolute() and len(path.parts) == 1:
        path = Path(shutil.which(str(path)) or path)
    if not path.is_file():
        raise EnvironmentMissing(f"{where} is no Python", remedy="name a python program or the folder that holds it")
    found = probe(path)
    if found is None:
        raise EnvironmentMissing(f"{where} cannot be run as a Python", remedy="name another one")
    if found.unfit:
        raise EnvironmentMissing(f"{where} cannot be used: {found.unfit}", remedy="name another one")
    return found


def candidates() -> Iterator[Path]:
    """Yield programs that may be a Python, each once: that of this process, those beside it, those of the system."""
    seen = set()
    for path in (*own_pythons(), *system_pythons()):
        # A link may be what selects the version (pyenv), so the path itself counts, not what it leads to.
        name = os.path.normcase(os.path.abspath(path))
        if name not in seen and path.is_file():
            seen.add(name)
            yield path


def own_pythons() -> Iterator[Path]:
    """Yield the Python that this process runs in, as a program of its own.

    Its prefix is asked first: where Python is embedded, as in QGIS, ``sys.executable`` is a guess.
    """
    here = Path(sys.executable) if sys.executable else None
    folders = [Path(prefix, part) for prefix in (sys.base_prefix, sys.exec_prefix) for part in ("", "bin")]
    if here is not None:
        folders += [here.parent, here.parent / "bin"]
    for folder in dict.fromkeys(folders[:2]):
        yield from _programs(folder)
    if here is not None and is_python(here):
        # pythonw has no standard output; the program beside it has.
        yield here.with_name(here.name.replace("pythonw", "python"))
    for folder in dict.fromkeys(folders[2:]):
        yield from _programs(folder)


def system_pythons() -> Iterator[Path]:
    """Yield the Pythons of the system, on the search path and where installers put them."""
    for name in (*(f"python3.{minor}" for minor in MINOR_VERSIONS), "python3", "python"):
        found = shutil.which(name)
        if found:
            yield Path(found)
    for minor in MINOR_VERSIONS:
        if os.name == "nt":
            for variable, below in (("LOCALAPPDATA", "Programs/Python"), ("ProgramFiles", ".")):
                if os.environ.get(variable):
                    yield Path(os.environ[variable]) / below / f"Python3{minor}" / "python.exe"
        elif sys.platform == "darwin":  # a program started from the Dock has a short search path
            yield Path(f"/Library/Frameworks/Python.framework/Versions/3.{minor}/bin/python3.{minor}")
            yield Path(f"/opt/homebrew/bin/python3.{minor}")
            yield Path(f"/usr/local/bin/python3.{minor}")


def is_python(path: Path) -> bool:
    """Return whether the program's name is that of a Python."""
    return re.fullmatch(r"python(w|[\d.]*)(\.exe)?", path.name.lower()) is not None


def _programs(folder: Path) -> list[Path]:
    if os.name == "nt":
        names = ["python3.exe", "python.exe"]
    else:
        names = [f"python{sys.version_info[0]}.{sys.version_info[1]}", "python3", "python"]
    return [folder / name for name in names]
