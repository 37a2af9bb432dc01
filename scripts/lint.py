"""Runs ruff and mypy over the checkout: ``make lint``.

mypy cannot take a checkout of any name as the package ``botaclip``, so it looks through a link of that name.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LINK = ROOT / "build" / "typing" / "botaclip"


def main() -> int:
    """Return 0 when both are content."""
    LINK.parent.mkdir(parents=True, exist_ok=True)
    if not LINK.is_symlink():
        LINK.symlink_to(os.path.relpath(ROOT, LINK.parent), target_is_directory=True)
    ruff = subprocess.run([sys.executable, "-m", "ruff", "check", "--no-cache", "."], cwd=ROOT, check=False)
    # Run beside the link and name the packages, so that every module has its true name.
    mypy = [sys.executable, "-m", "mypy", "--config-file", str(ROOT / "pyproject.toml")]
    mypy += ["--cache-dir", str(ROOT / ".mypy_cache")]
    packages = ["-m", "botaclip", "-p", "botaclip.core", "-p", "botaclip.training", "-p", "botaclip.botaclip_qgis"]
    package = subprocess.run([*mypy, *packages], cwd=LINK.parent, check=False)
    own = ["--explicit-package-bases", *(path.name for path in sorted((ROOT / "scripts").glob("*.py")))]
    # The scripts import the package, whose own errors have been told above.
    variables = {**os.environ, "MYPYPATH": str(LINK.parent)}
    scripts = subprocess.run(
        [*mypy, "--follow-imports", "silent", *own], cwd=ROOT / "scripts", env=variables, check=False
    )
    return max(abs(ruff.returncode), abs(package.returncode), abs(scripts.returncode))


if __name__ == "__main__":
    sys.exit(main())
