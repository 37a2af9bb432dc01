"""Runs the command line from a checkout or a plugin folder: ``python -I core/cli_boot.py embed ...``.

Installed, the same is called ``botaclip``. Standard library only.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path


def _register() -> None:
    # worker_boot registers the folder as package ``botaclip``; it cannot be imported by name before it did.
    spec = importlib.util.spec_from_file_location("_botaclip_boot", Path(__file__).with_name("worker_boot.py"))
    assert spec is not None and spec.loader is not None
    spec.loader.exec_module(importlib.util.module_from_spec(spec))


if __name__ == "__main__":
    _register()
    from botaclip.core.cli import main

    raise SystemExit(main())
