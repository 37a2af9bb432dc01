"""What the scanners of the QGIS plugin repository say about a package: bandit, flake8 and detect-secrets.

They run over the content of the ZIP, as the repository runs them, and honour ``.bandit``, ``.flake8`` and
``.secrets.baseline`` at its root. Nothing of it needs the network. The sets that block an upload are those of the
repository's ``validator.py`` and its security scan (QGIS-Plugins-Website).
"""

from __future__ import annotations

import configparser
import dataclasses
import json
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

# Tests of bandit that the repository calls critical; the rest are warnings.
BLOCKING_BANDIT = frozenset(
    "B102 B103 B105 B106 B107 B202 B301 B302 B307 B323 B501 B502 B503 B506 B602 B604 B605 B609 B615 B701".split()
)
BLOCKING_FLAKE8 = ("E9", "F821", "F823", "F831")
BASELINE = ".secrets.baseline"
_FLAKE8 = re.compile(r"^(?P<file>.+?):(?P<line>\d+):\d+: (?P<code>[A-Z]+\d+) (?P<text>.*)$")


@dataclasses.dataclass(frozen=True, order=True)
class Finding:
    """One thing that a scanner met."""

    scanner: str
    file: str
    line: int
    code: str
    text: str
    blocking: bool

    def __str__(self) -> str:
        return f"{self.scanner} {self.code} in {self.file}, line {self.line}: {self.text}"


def scan(plugin: Path) -> list[Finding]:
    """Return everything that the three scanners find in the folder ``plugin``, which stays as it is."""
    with tempfile.TemporaryDirectory(prefix="botaclip-scan-") as folder:
        copy = Path(folder) / plugin.name
        shutil.copytree(plugin, copy)
        return sorted([*bandit(copy), *flake8(copy), *secrets(copy)])


def bandit(plugin: Path) -> list[Finding]:
    """Return what bandit finds; the tests that ``.bandit`` skips are left out, unless they block."""
    ini = configparser.ConfigParser()
    ini.read(plugin / ".bandit", encoding="utf-8")
    skipped = {code.strip() for code in ini.get("bandit", "skips", fallback="").split(",")} - BLOCKING_BANDIT
    # A file that names nothing takes the place of .bandit, which bandit would find by itself.
    nothing = plugin.parent / "nothing.ini"
    nothing.write_text("[bandit]\n", encoding="utf-8")
    words = ["bandit", "-q", "-r", ".", "-f", "json", "--ini", str(nothing)]
    answer = json.loads(_run([*words, *(["-s", ",".join(sorted(skipped))] if skipped - {""} else [])], plugin, (0, 1)))
    if answer["errors"]:
        raise SystemExit(f"bandit could not read everything: {answer['errors']}")
    return [
        Finding(
            "bandit", _relative(one["filename"]), one["line_number"], one["test_id"], one["issue_text"],
            one["test_id"] in BLOCKING_BANDIT,
        )
        for one in answer["results"]
    ]  # fmt: skip


def flake8(plugin: Path) -> list[Finding]:
    """Return what flake8 finds; ``.flake8`` may leave out anything but what blocks."""
    ini = configparser.ConfigParser()
    ini.read(plugin / ".flake8", encoding="utf-8")
    left_out = re.split(r"[,\s]+", " ".join(ini.get("flake8", key, fallback="") for key in ("ignore", "extend-ignore")))
    if any(code and (code.startswith(BLOCKING_FLAKE8) or "F8".startswith(code)) for code in left_out):
        raise SystemExit(".flake8 leaves out what the repository blocks")
    found = []
    for line in _run(["flake8", "."], plugin, (0, 1)).splitlines():
        match = _FLAKE8.match(line)
        if match is None:
            raise SystemExit(f"flake8 said something unforeseen: {line}")
        code = match["code"]
        found.append(Finding("flake8", _relative(match["file"]), int(match["line"]), code, match["text"],
                             code.startswith(BLOCKING_FLAKE8)))  # fmt: skip
    return found


def secrets(plugin: Path) -> list[Finding]:
    """Return what detect-secrets finds beyond what the baseline says to be none."""
    if not (plugin / BASELINE).is_file():
        raise SystemExit(f"{plugin / BASELINE} is missing")
    # Without --no-verify it would ask the servers whether a key that it found is a working one.
    _run(["detect_secrets", "scan", "--all-files", "--no-verify", "--baseline", BASELINE, "."], plugin, (0,))
    results = json.loads((plugin / BASELINE).read_text(encoding="utf-8"))["results"]
    return [
        Finding("detect-secrets", name, one["line_number"], one["type"], "looks like a secret", True)
        for name, found in results.items()
        for one in found
        if one.get("is_secret") is not False
    ]


def _relative(name: str) -> str:
    return Path(name).as_posix().removeprefix("./")


def _run(words: list[str], folder: Path, fine: tuple[int, ...]) -> str:
    # -I: a file of the package must not stand for a module that the scanner imports.
    done = subprocess.run(
        [sys.executable, "-I", "-m", *words], cwd=folder, capture_output=True, text=True, check=False, encoding="utf-8"
    )
    if done.returncode not in fine:
        raise SystemExit(f"{' '.join(words)} failed:\n{done.stdout}{done.stderr}")
    return done.stdout


def main() -> int:
    """Scan the folders named on the command line and print what is found."""
    found = [finding for name in sys.argv[1:] for finding in scan(Path(name).resolve())]
    for finding in found:
        print(("BLOCKING  " if finding.blocking else "warning   ") + str(finding))
    return int(any(finding.blocking for finding in found))


if __name__ == "__main__":
    sys.exit(main())
