"""Makes the checkout importable as ``botaclip`` whatever its folder is called, and finds the shared data."""

from __future__ import annotations

import importlib.util
import os
import sys
from pathlib import Path

import pytest

# Read by linear algebra and torch when they are imported, so before anything else. Two workers of two threads each on
# two cores wait for one another: a file took three times as long.
os.environ.setdefault("OMP_NUM_THREADS", "1")

ROOT = Path(__file__).resolve().parents[1]


def register() -> None:
    """Register the checkout as package ``botaclip``, in place of any installed copy."""
    spec = importlib.util.spec_from_file_location(
        "botaclip", ROOT / "__init__.py", submodule_search_locations=[str(ROOT)]
    )
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["botaclip"] = module
    spec.loader.exec_module(module)


if "botaclip" not in sys.modules:
    register()


def shared(relative: str) -> Path:
    """Return a path in the shared data; skip where the folder is absent, fail where it was promised.

    ``BOTACLIP_SHARED`` names the folder (default ``../shared`` beside the checkout). When the variable is set, a
    missing file is a failure, not a skip.
    """
    promised = os.environ.get("BOTACLIP_SHARED")
    folder = Path(promised) if promised else ROOT.parent / "shared"
    path = folder / relative
    if not path.exists():
        if promised:
            pytest.fail(f"{path} is missing although BOTACLIP_SHARED is set")
        pytest.skip(f"{path} is not on this machine")
    return path
