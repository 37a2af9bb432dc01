"""Loads the modules of ``scripts/``, which are programs and no package."""

from __future__ import annotations

import importlib
import sys
from types import ModuleType

from .conftest import ROOT


def script(name: str) -> ModuleType:
    """Return ``scripts/<name>.py`` as a module."""
    folder = str(ROOT / "scripts")
    if folder not in sys.path:
        sys.path.insert(0, folder)
    return importlib.import_module(name)
