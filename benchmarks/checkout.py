"""Makes the checkout importable as ``botaclip`` for a benchmark that is run as a script."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def register() -> Path:
    """Register the checkout as package ``botaclip`` and return its root."""
    if "botaclip" not in sys.modules:
        spec = importlib.util.spec_from_file_location(
            "botaclip", ROOT / "__init__.py", submodule_search_locations=[str(ROOT)]
        )
        assert spec is not None and spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules["botaclip"] = module
        spec.loader.exec_module(module)
    return ROOT
