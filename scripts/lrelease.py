"""Makes the translations that QGIS loads (``i18n/*.qm``) from their sources (``i18n/*.ts``), with Qt's ``lrelease``.

Standard library only: set-up and packaging both do it.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

# Brought along by Debian's own QGIS already; needed only where QGIS came another way.
PACKAGES = ("qttools5-dev-tools",)
# The tools themselves first: /usr/bin/lrelease may be a chooser that has no Qt to choose.
_CANDIDATES = ("/usr/lib/qt5/bin/lrelease", "/usr/lib/qt6/bin/lrelease", "lrelease", "lrelease-qt5", "lrelease-qt6")


def find_lrelease() -> Path | None:
    """Return an ``lrelease`` that runs: ``BOTACLIP_LRELEASE`` where set, None where there is none."""
    named = os.environ.get("BOTACLIP_LRELEASE")
    for candidate in [named] if named else _CANDIDATES:
        found = shutil.which(candidate)
        if found and subprocess.run([found, "-version"], capture_output=True, check=False).returncode == 0:
            return Path(found)
    return None


def stale(folder: Path) -> list[Path]:
    """Return the sources in ``folder`` whose translation is missing or older than they are."""
    return [
        source for source in sorted(folder.glob("*.ts"))
        if not (made := source.with_suffix(".qm")).is_file() or made.stat().st_mtime < source.stat().st_mtime
    ]  # fmt: skip


def release(source: Path, tool: Path) -> Path:
    """Make the ``.qm`` beside a ``.ts`` and return it.

    Raises
    ------
    SystemExit
        ``lrelease`` does not take the file; its own words are in the message.
    """
    made = source.with_suffix(".qm")
    unfinished = made.with_name(f"{made.name}.part")
    done = subprocess.run(
        [str(tool), "-silent", str(source), "-qm", str(unfinished)], capture_output=True, text=True, check=False
    )
    if done.returncode != 0 or not unfinished.is_file():
        raise SystemExit(f"{tool} could not make {made.name}: {(done.stderr or done.stdout).strip()}")
    os.replace(unfinished, made)
    return made
