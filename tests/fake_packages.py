"""A copy of the plugin whose locks name tiny packages, and their wheels: set-up in seconds, without a network."""

from __future__ import annotations

import base64
import hashlib
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from botaclip.core.python_environment import IMPORTS

from .conftest import ROOT

TORCH = "2.13.0"
# Import name -> name of the package, where they differ.
PACKAGES = {"sklearn": "scikit-learn"}


def fake_wheel(
    folder: Path, name: str, version: str, needs: tuple[str, ...] = (), *, module: str = "", code: str = "",
    files: int = 0,
) -> Path:  # fmt: skip
    """Write a wheel with nothing in it but its metadata and, if named, one small module."""
    stem = f"{name.replace('-', '_')}-{version}"
    info = f"{stem}.dist-info"
    needed = "".join(f"Requires-Dist: {other}\n" for other in needs)
    content = {
        **({f"{module}/__init__.py": code or f"__version__ = {version!r}\n"} if module else {}),
        **{f"{module or name}/data/{index}.txt": "x" for index in range(files)},
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{needed}",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }

    def digest(text: str) -> str:
        return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()

    record = "".join(f"{path},sha256={digest(text)},{len(text)}\n" for path, text in content.items())
    wheel = folder / f"{stem}-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as target:
        for path, text in {**content, f"{info}/RECORD": record + f"{info}/RECORD,,\n"}.items():
            target.writestr(path, text)
    return wheel


def lock_text(wheels: list[Path]) -> str:
    """Return a lock that pins these wheels by their hashes."""
    lines = []
    for wheel in wheels:
        name, version = wheel.name.split("-")[:2]
        sha256 = hashlib.sha256(wheel.read_bytes()).hexdigest()
        lines.append(f"{name.replace('_', '-')}=={version} \\\n    --hash=sha256:{sha256}\n")
    return "".join(lines)


class FakePlugin:
    """The plugin's ``core`` beside locks of tiny packages, their wheels, and a folder for environments.

    Parameters
    ----------
    folder
        Where all of it is made.
    """

    def __init__(self, folder: Path) -> None:
        self._place(folder)
        self.requirements.mkdir(parents=True)
        self.wheels.mkdir()
        shutil.copy(ROOT / "__init__.py", self.root)
        (self.root / "core").mkdir()
        for path in (ROOT / "core").glob("*.py"):
            shutil.copy(path, self.root / "core")
        shutil.copytree(
            ROOT / "core" / "encoders", self.root / "core" / "encoders", ignore=shutil.ignore_patterns("__pycache__")
        )
        for name, imports in IMPORTS.items():
            made = [
                fake_wheel(self.wheels, PACKAGES.get(one, one), "1.0", module=one) for one in imports if one != "torch"
            ]
            self.lock(name).write_text(lock_text(made), encoding="utf-8")
        rest = fake_wheel(self.wheels, "filelock", "3.0", module="filelock")
        cpu = fake_wheel(self.wheels, "torch", f"{TORCH}+cpu", module="torch")
        cuda = fake_wheel(self.wheels, "torch", TORCH, module="torch")
        nvidia = fake_wheel(self.wheels, "nvidia-cublas", "1.0", module="nvidia")
        self.lock("torch-cpu").write_text(lock_text([rest, cpu]), encoding="utf-8")
        self.lock("torch-cuda").write_text(lock_text([rest, cuda, nvidia]), encoding="utf-8")
        (self.requirements / "torch.in").write_text(f"torch=={TORCH}\n", encoding="utf-8")
        self.torch_digests.write_text(f"{hashlib.sha256(cpu.read_bytes()).hexdigest()}  {cpu.name}\n", encoding="utf-8")

    def _place(self, folder: Path) -> None:
        self.folder = folder
        self.root = folder / "botaclip"
        self.wheels = folder / "wheels"
        self.parent = folder / "environments"
        self.requirements = self.root / "requirements"
        self.torch_digests = self.requirements / "torch-cpu.sha256"
        self.said = ""
        misleading = ("PYTHON", "BOTACLIP", "PIP_")
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith(misleading)},
            "BOTACLIP_ENVIRONMENTS": str(self.parent),
        }

    def copy(self, folder: Path) -> FakePlugin:
        """Return a copy, its environments included: they find their packages wherever they lie."""
        shutil.copytree(self.folder, folder, symlinks=True)
        other = object.__new__(FakePlugin)
        other._place(folder)
        return other

    def lock(self, name: str) -> Path:
        return self.requirements / f"{name}.lock.txt"

    def start(self, *words: Any, python: str = sys.executable, **variables: str) -> subprocess.Popen[str]:
        """Start the command line."""
        command = [python, "-I", str(self.root / "core" / "cli_boot.py"), *map(str, words)]
        return subprocess.Popen(
            command, env={**self.environment, **variables}, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )

    def call(self, *words: Any, python: str = sys.executable, **variables: str) -> tuple[int, str, str]:
        """Run the command line to its end; return exit code, stdout, stderr."""
        process = self.start(*words, python=python, **variables)
        out, err = process.communicate(timeout=120)
        return process.returncode, out, err

    def set_up(self, packages: str = "run", *words: Any, **variables: str) -> tuple[int, str, str]:
        """Run ``setup`` from the folder of wheels."""
        return self.call("setup", "--packages", packages, "--wheels", self.wheels, *words, **variables)

    def interpreter(self, needs: str = "run", variables: Mapping[str, str] = {}) -> str:  # noqa: B006
        """Return what the plugin would run the worker with, or its error."""
        code = (
            "import importlib.util, sys\n"
            "spec = importlib.util.spec_from_file_location('boot', sys.argv[1])\n"
            "spec.loader.exec_module(importlib.util.module_from_spec(spec))\n"
            "from botaclip.core import interpreter, errors\n"
            "interpreter.candidates = lambda: iter(())\n"
            "interpreter._present = lambda name: False\n"
            "try: print(interpreter.find_interpreter(needs=sys.argv[2]))\n"
            "except errors.EnvironmentMissing as error: print(error.sentence)\n"
        )
        boot = str(self.root / "core" / "worker_boot.py")
        return subprocess.run(
            [sys.executable, "-I", "-c", code, boot, needs], env={**self.environment, **variables},
            capture_output=True, text=True, check=True,
        ).stdout.strip()  # fmt: skip

    @property
    def folders(self) -> list[Path]:
        """What lies in the folder of the environments, but for the lock and the error kept last."""
        if not self.parent.is_dir():
            return []
        return sorted(path for path in self.parent.iterdir() if path.name not in ("set-up.lock", "last-error.json"))
