"""Makes the checkout importable as ``botaclip``, whatever its folder is called. Standard library only.

Importing this file is enough; scripts do so before they import anything of the package.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def register() -> None:
    """Register the checkout as package ``botaclip``."""
    spec = importlib.util.spec_from_file_location("_botaclip_boot", ROOT / "core" / "worker_boot.py")
    if spec is None or spec.loader is None:
        raise ImportError(f"{ROOT} is no checkout")
    spec.loader.exec_module(importlib.util.module_from_spec(spec))


register()
