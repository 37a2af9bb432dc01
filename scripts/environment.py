"""The private Python environment ``.venv`` of a checkout and its marker. Standard library only.

The marker says from which locks, with which Python and which torch the environment was made. Where it still fits,
nothing is done; where it does not, the locks are installed again. How packages are installed is the package's own
code, the same that makes the environments of users; here the set ``dev`` comes with them, and pip too.
"""

from __future__ import annotations

import os
import shutil
import sys
import sysconfig
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import checkout  # noqa: F401 - the package is importable from here on
from botaclip.core import lock_files, torch_build
from botaclip.core.base_python import probe
from botaclip.core.errors import BotaclipError
from botaclip.core.lock_files import PYTHON_RANGE
from botaclip.core.package_installer import PackageInstaller, PackageSource
from botaclip.core.progress import Progress
from botaclip.core.python_environment import PythonEnvironment, strays
from botaclip.core.torch_build import TorchChoice
from qgis_system import SetupError

MARKER = "botaclip-environment.json"
SETS = (*lock_files.SETS, "dev")


class Environment(PythonEnvironment):
    """The virtual environment of a checkout.

    Parameters
    ----------
    root
        The checkout.
    torch
        Which torch belongs into it.
    """

    def __init__(self, root: Path, torch: TorchChoice) -> None:
        super().__init__(root / ".venv", MARKER)
        self.root = root
        self.torch = torch
        self.requirements = root / "requirements"

    def locks(self) -> list[Path]:
        """Return the locks it is made from, in order of installation."""
        return [lock_files.lock_file(name, self.requirements) for name in (*SETS, f"torch-{self.torch.build}")]

    def wanted(self) -> dict[str, Any]:
        """Return what the marker must say for the environment to be used as it is."""
        names = [lock.name.removesuffix(".lock.txt") for lock in self.locks()]
        return {
            "locks": lock_files.digests(names, self.requirements),
            "python": f"{sys.implementation.cache_tag}-{sysconfig.get_platform()}",
            "folder": str(self.folder),
        }

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
        progress = Progress(log=lambda level, message: say(message) if "sha256" in message else None)
        try:
            if recorded.get("python") != wanted["python"] or recorded.get("folder") != wanted["folder"]:
                # Made by another Python, elsewhere, or left unfinished: begin anew.
                shutil.rmtree(self.folder, ignore_errors=True)
            base = probe(Path(sys.executable))
            if base is None:
                raise SetupError(f"{sys.executable} cannot be run.")
            if not self.python.exists():
                say("  making .venv")
                self.create(base, with_pip=True)
            with log.open("a", encoding="utf-8") as output:
                installer = self.installer(base, PackageSource(), log=lambda line: _write(output, line))
                for lock in self.locks()[: len(SETS)]:
                    say(f"  {lock.name}")
                    installer.install_lock(lock)
                say(f"  {self.locks()[-1].name}")
                torch = self._install_torch(installer, progress)
                self._remove_strays(installer, say)
                installer.check()
        except BotaclipError as error:
            raise SetupError(f"{error.sentence} All that pip said is in {log}.") from None
        self._write_launcher()
        self.write_marker({**wanted, "torch": torch})
        return torch

    def _install_torch(self, installer: PackageInstaller, progress: Progress) -> dict[str, Any]:
        lock = self.locks()[-1]
        if self.torch.build == "cuda":
            installer.install_lock(lock)
            return {"build": "cuda"}
        rest = torch_build.lock_without_torch(lock)
        try:
            installer.install_lock(rest)
        finally:
            rest.unlink()
        with tempfile.TemporaryDirectory(prefix="botaclip-torch-") as folder:
            version = torch_build.torch_version(self.requirements)
            wheel = torch_build.fetch_cpu_torch(installer, self.torch, Path(folder), version=version)
            digests = torch_build.known_digests(self.requirements)
            torch = torch_build.install_cpu_torch(installer, wheel, digests, progress)
        return {**torch, "source": self.torch.source or "pip's configuration"}

    def _remove_strays(self, installer: PackageInstaller, say: Callable[[str], None]) -> None:
        """Remove what no lock names: left by older locks, by the other build of torch, or by hand."""
        names = strays(self.packages(), lock_files.locked_names(self.locks()))
        if names:
            say(f"  removing {len(names)} packages that are in no lock: {', '.join(names)}")
            installer.uninstall(names)

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


def check_python() -> None:
    """Raise :class:`SetupError` where this Python cannot make the environment."""
    low, high = PYTHON_RANGE
    if not low <= sys.version_info[:2] <= high:
        raise SetupError(
            f"Python {sys.version.split()[0]} is outside {low[0]}.{low[1]} to {high[0]}.{high[1]}; name another one: "
            "make PYTHON=python3.12."
        )


def _write(output: Any, line: str) -> None:
    output.write(f"{line}\n")
    output.flush()
