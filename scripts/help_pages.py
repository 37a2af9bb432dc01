"""Builds the help pages from ``docs/`` with Sphinx: ``make docs`` and, into the plugin, ``make package``."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
# What Sphinx leaves for its own next run; scanners take its digests for secrets.
_FOR_SPHINX = (".buildinfo", "objects.inv")


def can_build() -> bool:
    """Tell whether Sphinx is installed: not under Python 3.10, see docs/dependencies.md."""
    return all(importlib.util.find_spec(name) is not None for name in ("sphinx", "myst_parser", "furo"))


def build(docs: Path, output: Path) -> None:
    """Build the pages of ``docs`` anew into ``output``; a warning is an error.

    Raises
    ------
    SystemExit
        Sphinx warned of something; all of it is told.
    """
    with tempfile.TemporaryDirectory(prefix="botaclip-docs-") as trees:
        words = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", "-E", "-d", trees, str(docs), str(output)]
        done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise SystemExit(f"The help pages have faults:\n{done.stdout}{done.stderr}")
    for name in _FOR_SPHINX:
        (output / name).unlink(missing_ok=True)


def main() -> int:
    """Build into ``build/docs``."""
    if not can_build():
        print("Sphinx is not installed; make setup brings it, from Python 3.11 on.", file=sys.stderr)
        return 1
    build(ROOT / "docs", ROOT / "build" / "docs")
    print("build/docs/index.html")
    return 0


if __name__ == "__main__":
    sys.exit(main())
