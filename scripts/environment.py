"""The private Python environment ``.venv`` and its marker. Standard library only.

The marker says from which locks, with which Python and which torch the environment was made. Where it still fits,
nothing is done; where it does not, the locks are installed again.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from qgis_system import SetupError
from torch_build import TorchChoice, install_cpu_torch, known_digests, torch_version, without_torch

MARKER = "botaclip-environment.json"
SETS = ("run", "train", "dev")
PYTHON_RANGE = ((3, 10), (3, 14))


class Environment:
    """The virtual environment of a checkout.

    Parameters
    ----------
    root
        The checkout.
    torch
        Which torch belongs into it.
    """

    def __init__(self, root: Path, torch: TorchChoice) -> None:
        self.root = root
        self.torch = torch
        self.folder = root / ".venv"
        self.requirements = root / "requirements"
        self.marker = self.folder / MARKER

    @property
    def scripts(self) -> Path:
        """The folder of the environment's programs."""
        return self.folder / ("Scripts" if os.name == "nt" else "bin")

    @property
    def python(self) -> Path:
        """The environment's Python."""
        return self.scripts / ("python.exe" if os.name == "nt" else "python")

    def locks(self) -> list[Path]:
        """Return the locks it is made from, in order of installation."""
        return [self.requirements / f"{name}.lock.txt" for name in (*SETS, f"torch-{self.torch.build}")]

    def wanted(self) -> dict[str, Any]:
        """Return what the marker must say for the environment to be used as it is."""
        return {
            "locks": {lock.name: hashlib.sha256(lock.read_bytes()).hexdigest() for lock in self.locks()},
            "python": f"{sys.implementation.cache_tag}-{sysconfig.get_platform()}",
            "folder": str(self.folder),
        }

    def recorded(self) -> dict[str, Any]:
        """Return the marker's content, empty when there is none."""
        try:
            marker = json.loads(self.marker.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return marker if isinstance(marker, dict) else {}

    def ready(self) -> bool:
        """Return whether nothing has to be done."""
        recorded = self.recorded()
        return self.python.exists() and all(recorded.get(key) == value for key, value in self.wanted().items())

    def make(self, log: Path, say: Callable[[str], None]) -> dict[str, Any]:
        """Build or bring up to date; return what is recorded of torch.

        Raises
        ------
        SetupError
            A package cannot be had or has another hash than the lock says.
        """
        wanted = self.wanted()
        recorded = self.recorded()
        self.marker.unlink(missing_ok=True)
        if recorded.get("python") != wanted["python"] or recorded.get("folder") != wanted["folder"]:
            # Made by another Python, elsewhere, or left unfinished: begin anew.
            shutil.rmtree(self.folder, ignore_errors=True)
        if not self.python.exists():
            say("  making .venv")
            _run([sys.executable, "-m", "venv", str(self.folder)], log, "the virtual environment could not be made")
        for lock in self.locks()[: len(SETS)]:
            say(f"  {lock.name}")
            self._install(lock, log)
        say(f"  {self.locks()[-1].name}")
        torch = self._install_torch(self.locks()[-1], log, say)
        self._remove_strays(log, say)
        _run([str(self.python), "-m", "pip", "check"], log, "the packages do not fit together")
        self._write_launcher()
        self.marker.write_text(json.dumps({**wanted, "torch": torch}, indent=2) + "\n", encoding="utf-8")
        return torch

    def _install(self, lock: Path, log: Path) -> None:
        # --no-deps: the lock is complete; pip check at the end would tell if it were not.
        pip = [str(self.python), "-m", "pip", "install", "--require-hashes", "--no-deps", "--only-binary", ":all:"]
        _run([*pip, "-r", str(lock)], log, f"not every package of requirements/{lock.name} could be installed")

    def _install_torch(self, lock: Path, log: Path, say: Callable[[str], None]) -> dict[str, Any]:
        if self.torch.build == "cuda":
            self._install(lock, log)
            return {"build": "cuda"}
        with tempfile.TemporaryDirectory(prefix="botaclip-lock-") as folder:
            # A file with hashes is all or nothing to pip, and the CPU wheel may be one whose hash no lock knows.
            rest = Path(folder) / lock.name
            rest.write_text(without_torch(lock.read_text(encoding="utf-8")), encoding="utf-8")
            self._install(rest, log)
        torch = install_cpu_torch(
            self.python, self.torch, version=torch_version(self.requirements),
            digests=known_digests(self.requirements), log=log,
        )
        known = "a listed digest" if torch["listed"] else "NOT a listed digest; recorded"
        say(f"  {torch['wheel']}\n    sha256 {torch['sha256']} ({known})")
        return {**torch, "source": self.torch.source or "pip's configuration"}

    def _remove_strays(self, log: Path, say: Callable[[str], None]) -> None:
        """Remove what no lock names: left by older locks, by the other build of torch, or by hand."""
        listing = subprocess.run(
            [str(self.python), "-m", "pip", "list", "--format", "json"], capture_output=True, text=True, check=True
        )
        installed = {_normal(package["name"]) for package in json.loads(listing.stdout)}
        strays = sorted(installed - locked_names(self.locks()) - {"pip", "setuptools"})
        if strays:
            say(f"  removing {len(strays)} packages that are in no lock: {', '.join(strays)}")
            _run([str(self.python), "-m", "pip", "uninstall", "-y", *strays], log, "packages could not be removed")

    def _write_launcher(self) -> None:
        """Write the ``botaclip`` command: this checkout, whatever its folder is called."""
        boot = self.root / "core" / "cli_boot.py"
        if os.name == "nt":
            path, text = self.scripts / "botaclip.cmd", f'@"{self.python}" -I "{boot}" %*\n'
        else:
            python, start = (str(p).replace("'", "'\\''") for p in (self.python, boot))
            path, text = self.scripts / "botaclip", f"#!/bin/sh\nexec '{python}' -I '{start}' \"$@\"\n"
        path.write_text(text, encoding="utf-8")
        path.chmod(0o755)


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def locked_names(locks: list[Path]) -> set[str]:
    """Return the names of all packages in the locks."""
    pins = (re.findall(r"^([A-Za-z0-9._-]+)==", lock.read_text(encoding="utf-8"), re.MULTILINE) for lock in locks)
    return {_normal(name) for names in pins for name in names}


def check_python() -> None:
    """Raise :class:`SetupError` where this Python cannot make the environment."""
    low, high = PYTHON_RANGE
    if not low <= sys.version_info[:2] <= high:
        raise SetupError(
            f"Python {sys.version.split()[0]} is outside {low[0]}.{low[1]} to {high[0]}.{high[1]}; name another one: "
            "make PYTHON=python3.12."
        )


def _run(command: list[str], log: Path, failure: str) -> None:
    with log.open("a", encoding="utf-8") as output:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, check=False
        ).returncode
    if done != 0:
        tail = "\n".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-8:])
        raise SetupError(f"{failure[0].upper()}{failure[1:]} (all of it in {log}):\n{tail}")
