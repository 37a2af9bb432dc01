"""Which Python runs the worker. Standard library only: QGIS asks this too."""

from __future__ import annotations

import importlib.util
import os
import sys
from pathlib import Path

from botaclip.core.errors import EnvironmentMissing

ROOT = Path(__file__).resolve().parents[1]
VARIABLE = "BOTACLIP_PYTHON"
# Enough to tell an environment made for the worker from any other.
NEEDED = ("numpy", "rasterio", "onnxruntime")
REMEDY = (
    f"In a checkout, run make setup; otherwise make an environment from the lock files and name its Python in the "
    f"plugin's settings or in the variable {VARIABLE}"
)


def find_interpreter(setting: str | os.PathLike[str] | None = None, *, root: Path = ROOT) -> Path:
    """Return the Python that is to run the worker.

    In this order: ``setting``, the variable ``BOTACLIP_PYTHON``, the ``.venv`` beside a development checkout, the
    running Python itself where it has the packages (an installed package; never QGIS's own). What the user named
    is taken or refused, never passed over.

    Parameters
    ----------
    setting
        The user's setting: an executable, or the folder of an environment; empty when not set.
    root
        The folder that holds ``core``.

    Raises
    ------
    EnvironmentMissing
        None was found, or the one that was named cannot be run.
    """
    for named, source in ((setting, "the setting of the worker's Python"), (os.environ.get(VARIABLE), VARIABLE)):
        if named and str(named).strip():
            return _executable(Path(str(named).strip()).expanduser(), source)
    environment = root / ".venv"
    if environment.is_dir():
        return _executable(environment, "the environment beside the checkout")
    if "qgis" not in sys.modules and sys.executable and all(map(_present, NEEDED)):
        return Path(sys.executable)
    raise EnvironmentMissing("no Python environment for the worker was found", remedy=REMEDY)


def _present(package: str) -> bool:
    try:
        return importlib.util.find_spec(package) is not None
    except (ImportError, ValueError):
        return False


def _executable(named: Path, source: str) -> Path:
    """Return the interpreter at ``named``, a file or an environment's folder; links are kept, a venv needs them."""
    path = named
    if named.is_dir():
        path = named / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    if not path.is_file():
        raise EnvironmentMissing(f"there is no Python at {path}, which {source} names", remedy=REMEDY)
    if not os.access(path, os.X_OK):
        raise EnvironmentMissing(f"{path}, which {source} names, may not be run", remedy=REMEDY)
    return Path(os.path.abspath(path))
