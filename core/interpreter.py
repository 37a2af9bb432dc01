"""Which Python runs the worker. Standard library only: QGIS asks this too."""

from __future__ import annotations

import functools
import importlib.util
import os
import sys
from pathlib import Path
from typing import NamedTuple

from botaclip.core import managed_environment
from botaclip.core.base_python import candidates
from botaclip.core.errors import EnvironmentMissing
from botaclip.core.lock_files import PYTHON_RANGE
from botaclip.core.python_environment import failing_import, needed_imports, python_of

ROOT = Path(__file__).resolve().parents[1]
VARIABLE = "BOTACLIP_PYTHON"
REMEDY = (
    "run botaclip setup, or in QGIS the algorithm Set up the environment (in a checkout, make setup), or name a Python "
    f"that has the packages in the plugin's settings or in the variable {VARIABLE}"
)
# A Python that only might have the packages is not waited for longer than this.
TRIAL_S = 60.0


class Located(NamedTuple):
    """The Python that is to run the worker, and in words by which way it was found."""

    python: Path
    how: str


def find_interpreter(
    setting: str | os.PathLike[str] | None = None, *, needs: str = "run", root: Path = ROOT
) -> Path:
    """Return the Python that is to run the worker; see :func:`locate_interpreter`.

    Raises
    ------
    EnvironmentMissing
        None was found, or the one that was named cannot be run.
    """
    return locate_interpreter(setting, needs=needs, root=root).python


def locate_interpreter(
    setting: str | os.PathLike[str] | None = None, *, needs: str = "run", root: Path = ROOT
) -> Located:
    """Return the Python that is to run the worker, and how it was found.

    In this order: ``setting``, the variable ``BOTACLIP_PYTHON``, the ``.venv`` beside a development checkout, the
    managed environment of these locks, and then, where it has all packages: the running Python (inside QGIS the
    Python that QGIS came with, tried by running it on its own, never imported), and a Python of the system. What the
    user named is taken or refused, never passed over.

    Parameters
    ----------
    setting
        The user's setting: an executable, or the folder of an environment; empty when not set.
    needs
        The set of packages that the command needs, ``"run"`` or ``"train"``.
    root
        The folder that holds ``core``.

    Raises
    ------
    EnvironmentMissing
        None was found, or the one that was named cannot be run.
    """
    for named, source in ((setting, "the setting of the worker's Python"), (os.environ.get(VARIABLE), VARIABLE)):
        if named and str(named).strip():
            how = source if source != VARIABLE else f"the variable {VARIABLE}"
            return Located(_executable(Path(str(named).strip()).expanduser(), source), how)
    environment = root / ".venv"
    if environment.is_dir():
        beside = "the environment beside the checkout"
        return Located(_executable(environment, beside), beside)
    managed = managed_environment.serving(needs)
    if managed is not None:
        return Located(managed.python, "the managed environment")
    names = needed_imports(needs)
    if "qgis" not in sys.modules and sys.executable and all(map(_present, names)):
        return Located(Path(sys.executable), "the running Python, which has the packages")
    for path in candidates():
        if _can_import(path, path.stat().st_mtime_ns, names):
            return Located(Path(os.path.abspath(path)), "a Python of this system that has the packages")
    smaller = managed_environment.serving("run")
    if smaller is not None:
        raise EnvironmentMissing(
            "the environment has the packages for maps, points and clicks, but not those for training",
            where=str(smaller.folder),
            remedy="run botaclip setup --packages train, or in QGIS the algorithm Set up the environment",
        )
    raise EnvironmentMissing("no Python environment for the worker was found", remedy=REMEDY)


def _present(package: str) -> bool:
    try:
        return importlib.util.find_spec(package) is not None
    except (ImportError, ValueError):
        return False


@functools.lru_cache(maxsize=64)
def _can_import(python: Path, _stamp: int, names: tuple[str, ...]) -> bool:
    return failing_import(python, names, seconds=TRIAL_S, oldest=PYTHON_RANGE[0]) is None


def _executable(named: Path, source: str) -> Path:
    """Return the interpreter at ``named``, a file or an environment's folder; links are kept, a venv needs them."""
    path = python_of(named) if named.is_dir() else named
    if not path.is_file():
        raise EnvironmentMissing(f"there is no Python at {path}, which {source} names", remedy=REMEDY)
    if not os.access(path, os.X_OK):
        raise EnvironmentMissing(f"{path}, which {source} names, may not be run", remedy=REMEDY)
    return Path(os.path.abspath(path))
