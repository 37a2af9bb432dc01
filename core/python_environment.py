"""A private Python environment: a folder with a Python, packages from locks, and a marker written last.

Standard library only. The managed environment of users (:mod:`botaclip.core.managed_environment`) and the ``.venv`` of
a checkout (``scripts/environment.py``) are both made by this.
"""

from __future__ import annotations

import csv
import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from botaclip.core.base_python import NO_WINDOW, BasePython
from botaclip.core.errors import BotaclipError, EnvironmentMissing, OutputError
from botaclip.core.lock_files import normal_name
from botaclip.core.package_installer import PackageInstaller, PackageSource
from botaclip.core.worker_client import clean_environment

# By import name, what the sets bring: enough to tell whether a Python can run the worker.
IMPORTS: Mapping[str, tuple[str, ...]] = {
    "run": ("numpy", "rasterio", "pyproj", "pyogrio", "onnxruntime", "safetensors"),
    "train": (
        "scipy", "sklearn", "skl2onnx", "onnx", "onnxscript", "pandas", "matplotlib", "threadpoolctl", "torch",
        "torchvision", "timm",
    ),
}  # fmt: skip
# Only looked for: beside a CPU build of torch, PyPI's torchvision, and so timm, loads only after what
# botaclip.core.encoders.timm_library does.
FOUND_ONLY = ("torchvision", "timm")
IMPORT_S = 300.0
_LOADED = "all packages were loaded"


def needed_imports(needs: str) -> tuple[str, ...]:
    """Return what has to be importable for commands that need the set ``needs``."""
    return IMPORTS["run"] + (IMPORTS["train"] if needs == "train" else ())


def failing_import(
    python: Path, names: Sequence[str], *, seconds: float = IMPORT_S, oldest: tuple[int, ...] = ()
) -> str | None:
    """Return why ``python``, run on its own, cannot import one of ``names``; None when it can import all.

    It is to be of version ``oldest`` at least. Those of ``FOUND_ONLY`` have to be there; they are not loaded.
    """
    code = (
        f"import importlib.util, sys\nif sys.version_info < {tuple(oldest)!r}: sys.exit('it is too old')\n"
        "for name in sys.argv[1:]:\n"
        f"    if name not in {FOUND_ONLY!r}: importlib.import_module(name)\n"
        "    elif importlib.util.find_spec(name) is None: sys.exit(f'No module named {name!r}')\n"
        f"print({_LOADED!r})"
    )
    try:
        answer = subprocess.run(
            [str(python), "-I", "-c", code, *names], env=clean_environment(), stdin=subprocess.DEVNULL,
            capture_output=True, text=True, errors="replace", timeout=seconds, check=False, creationflags=NO_WINDOW,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return f"the packages were not loaded within {seconds:.0f} s"
    except OSError as error:
        return f"it cannot be run ({error.strerror})"
    if answer.returncode == 0:
        # A program that is no Python may end well, too.
        return None if answer.stdout.rstrip().endswith(_LOADED) else "what should be its Python is none"
    lines = answer.stderr.strip().splitlines()
    return lines[-1] if lines else f"it ended with exit code {answer.returncode}"


def python_of(folder: Path) -> Path:
    """Return the Python of the environment in ``folder``."""
    return folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


class PythonEnvironment:
    """An environment's folder.

    Parameters
    ----------
    folder
        The folder, which need not exist.
    marker_name
        Name of its marker.
    """

    def __init__(self, folder: Path, marker_name: str) -> None:
        self.folder = folder
        self.marker = folder / marker_name

    @property
    def scripts(self) -> Path:
        """The folder of the environment's programs."""
        return self.python.parent

    @property
    def python(self) -> Path:
        """The environment's Python."""
        return python_of(self.folder)

    @property
    def site_packages(self) -> Path | None:
        """The folder of its packages; None where there is none yet."""
        found = [*self.folder.glob("lib/python3.*/site-packages"), *self.folder.glob("Lib/site-packages")]
        return found[0] if found else None

    def recorded(self) -> dict[str, Any]:
        """Return the marker's content, empty when there is none."""
        try:
            marker = json.loads(self.marker.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return marker if isinstance(marker, dict) else {}

    def write_marker(self, content: Mapping[str, Any]) -> None:
        """Write the marker; it appears whole or not at all."""
        part = self.marker.with_name(f"{self.marker.name}.part")
        part.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
        os.replace(part, self.marker)

    def create(self, base: BasePython, *, with_pip: bool = False) -> None:
        """Make the folder with a Python and nothing else (with pip on request), by ``venv`` or by hand.

        Raises
        ------
        EnvironmentMissing
            The base Python cannot make one.
        OutputError
            The folder cannot be written.
        """
        try:
            self.folder.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise unwritable(self.folder.parent, error) from None
        said = "it has no module venv"
        if base.has_venv:
            options = [] if with_pip else ["--without-pip"]
            made = self._run([str(base.executable), "-I", "-m", "venv", *options, str(self.folder)])
            if made is None and failing_import(self.python, ["sysconfig", "ssl"]) is None:
                return
            said = made or "the environment that it made does not run"
        if not with_pip:
            try:
                self._create_by_hand(base)
            except OSError as error:
                raise unwritable(self.folder, error) from None
            if failing_import(self.python, ["sysconfig", "ssl"]) is None:
                return
        raise EnvironmentMissing(
            f"{base.executable} cannot make an environment: {said}",
            remedy="install its venv module (on Debian and Ubuntu the package python3-venv), or name another Python "
            "with --python",
        )

    def _create_by_hand(self, base: BasePython) -> None:
        """Do what ``venv`` does, for the Pythons of QGIS that come without it or without its launchers."""
        shutil.rmtree(self.folder, ignore_errors=True)
        self.scripts.mkdir(parents=True)
        home = base.executable.parent
        (self.folder / "pyvenv.cfg").write_text(
            f"home = {home}\ninclude-system-site-packages = false\nversion = {'.'.join(map(str, base.version))}\n",
            encoding="utf-8",
        )
        if os.name == "nt":
            (self.folder / "Lib" / "site-packages").mkdir(parents=True)
            for file in (base.executable, *home.glob("python3*.dll"), *home.glob("vcruntime*.dll")):
                shutil.copy2(file, self.scripts / ("python.exe" if file == base.executable else file.name))
        else:
            major, minor = base.version[:2]
            (self.folder / "lib" / f"python{major}.{minor}" / "site-packages").mkdir(parents=True)
            self.python.symlink_to(base.executable)

    def _run(self, command: Sequence[str]) -> str | None:
        """Run a short command; return its last words when it fails."""
        try:
            answer = subprocess.run(
                command, env=clean_environment(), stdin=subprocess.DEVNULL, capture_output=True, text=True,
                errors="replace", timeout=IMPORT_S, check=False, creationflags=NO_WINDOW,
            )  # fmt: skip
        except (OSError, subprocess.SubprocessError) as error:
            return str(error)
        if answer.returncode == 0:
            return None
        lines = (answer.stderr.strip() or answer.stdout.strip()).splitlines()
        return lines[-1] if lines else f"exit code {answer.returncode}"

    def installer(
        self, base: BasePython, source: PackageSource, *, log: Callable[[str], None] | None = None,
        held: Sequence[int] = (),
    ) -> PackageInstaller:  # fmt: skip
        """Return a pip that works on this environment: its own, a wheel of pip run as it is, or that of ``base``.

        Raises
        ------
        EnvironmentMissing
            There is no pip anywhere.
        """
        own = [str(self.python), "-I"]
        folders = [*base.wheel_folders, *([source.wheels] if source.wheels is not None else [])]
        wheels = [wheel for folder in folders for wheel in sorted(folder.glob("pip-*.whl"), reverse=True)]
        command = None
        if self._has_pip():
            command = [*own, "-m", "pip"]
        elif wheels:
            command = [*own, str(wheels[0] / "pip")]
        elif base.has_pip:
            command = [str(base.executable), "-I", "-m", "pip", "--python", str(self.python)]
            command = command if self._run([*command, "--version"]) is None else None  # an old pip has no --python
        if command is not None:
            return PackageInstaller(command, source, log=log, held=held, installed=lambda: len(self._dist_infos()))
        raise EnvironmentMissing(
            f"no pip was found to install packages with {base.executable}",
            remedy="install it (on Debian and Ubuntu the package python3-venv), put a wheel of pip (pip-*.whl) into "
            "the folder of wheels, or name another Python with --python",
        )

    def _has_pip(self) -> bool:
        return self.site_packages is not None and any(self.site_packages.glob("pip-*.dist-info"))

    def packages(self) -> dict[str, str]:
        """Return name -> version of all that is installed."""
        found = {}
        for info in self._dist_infos():
            name, _, version = info.name.removesuffix(".dist-info").rpartition("-")
            found[normal_name(name)] = version
        return dict(sorted(found.items()))

    def _dist_infos(self) -> list[Path]:
        return sorted(self.site_packages.glob("*.dist-info")) if self.site_packages is not None else []

    def keep_only(self, names: Iterable[str]) -> None:
        """Remove every file of packages other than these, also of half installed ones that have no record yet."""
        folder, kept = self.site_packages, set(names)
        if folder is None:
            return
        needed = {"__pycache__"}
        for info in self._dist_infos():
            if normal_name(info.name.removesuffix(".dist-info").rpartition("-")[0]) in kept:
                needed |= {info.name, *(Path(row[0]).parts[0] for row in self._record(info))}
        for path in folder.iterdir():
            if path.name not in needed:
                if path.is_dir() and not path.is_symlink():
                    shutil.rmtree(path, ignore_errors=True)
                else:
                    path.unlink()

    def damage(self, expected: Mapping[str, str] | None = None) -> list[str]:
        """Return what is missing or altered, one sentence part each; every installed file is looked at, none is read.

        Parameters
        ----------
        expected
            Name -> version of what has to be there.
        """
        if not self.python.is_file():
            return [f"its Python {self.python} is gone"]
        found = self.packages()
        bad = []
        for name, version in (expected or {}).items():
            if name not in found:
                bad.append(f"{name} {version} is missing")
            elif found[name] != version:
                bad.append(f"{name} is {found[name]} instead of {version}")
        for info in self._dist_infos():
            lost = self._lost_files(info)
            if lost:
                name = info.name.removesuffix(".dist-info")
                bad.append(f"{name} lacks {lost[0]}" + (f" and {len(lost) - 1} more files" if lost[1:] else ""))
        return bad

    @staticmethod
    def _record(info: Path) -> list[list[str]]:
        """Return the rows of a package's record: path, digest, size; none where it cannot be read."""
        try:
            with (info / "RECORD").open(encoding="utf-8", newline="") as file:
                return [row for row in csv.reader(file) if row]
        except (OSError, csv.Error, UnicodeError):
            return []

    def _lost_files(self, info: Path) -> list[str]:
        """Return the files of a package that are not there or have another size than its record says."""
        rows = self._record(info)
        if not rows:
            return ["its RECORD"]
        lost = []
        for row in rows:
            try:
                size = (info.parent / row[0]).stat().st_size
            except OSError:
                # Python writes these itself and may do without.
                if not row[0].endswith(".pyc"):
                    lost.append(row[0])
                continue
            if len(row) > 2 and row[2].isdigit() and int(row[2]) != size:
                lost.append(row[0])
        return lost


def unwritable(folder: Path, error: OSError) -> BotaclipError:
    """Return in words that ``folder`` cannot be written."""
    return OutputError(
        f"the folder of the environments cannot be written ({error.strerror or error})", where=str(folder),
        remedy="name another one in the variable BOTACLIP_ENVIRONMENTS",
    )  # fmt: skip


def strays(installed: Iterable[str], locked: Iterable[str]) -> list[str]:
    """Return the installed packages that no lock names: left by older locks, by another build of torch, or by hand."""
    return sorted(set(installed) - set(locked) - {"pip", "setuptools"})
