"""The managed environments of users: where they lie, which one fits, and how one is made, checked and removed.

Standard library only: it runs in QGIS's Python. One folder per Python and locks, in the local (not roaming)
application data, so that all profiles of QGIS share it and an update of the plugin does not lose it. Its marker
``botaclip.json`` is written last: a folder without one is never taken for an environment.
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import botaclip
from botaclip.core import lock_files, torch_build
from botaclip.core.base_python import BasePython
from botaclip.core.environment_removal import remove_environment, remove_tree, rename
from botaclip.core.errors import EnvironmentMissing
from botaclip.core.lock_files import REQUIREMENTS, lock_file
from botaclip.core.package_installer import NoWheel, PackageInstaller, PackageSource
from botaclip.core.progress import SILENT, Progress
from botaclip.core.python_environment import PythonEnvironment, failing_import, needed_imports

VARIABLE = "BOTACLIP_ENVIRONMENTS"
MARKER = "botaclip.json"
CACHE = "fetched"
_FOLDER = re.compile(r"(?P<python>cp\d+t?-[A-Za-z0-9_]+)-(?P<key>[0-9a-f]{12})(?P<aside>\.aside)?")


def parent_folder() -> Path:
    """Return the folder that holds the environments: ``BOTACLIP_ENVIRONMENTS``, else in the local application data."""
    named = os.environ.get(VARIABLE, "").strip()
    if named:
        return Path(os.path.abspath(os.path.expanduser(named)))
    home = Path.home()
    if os.name == "nt":
        data = Path(os.environ.get("LOCALAPPDATA") or home / "AppData" / "Local")
    elif sys.platform == "darwin":
        data = home / "Library" / "Application Support"
    else:
        # The specification of the variable says that a relative path is to be ignored.
        given = os.environ.get("XDG_DATA_HOME", "")
        data = Path(given) if os.path.isabs(given) else home / ".local" / "share"
    return data / "botaclip" / "environments"


@dataclasses.dataclass(frozen=True)
class Wanted:
    """What an environment is to hold.

    Parameters
    ----------
    sets
        ``("run",)`` or ``("run", "train")``.
    torch
        Build of torch, used with ``train`` only; empty takes whichever is there.
    """

    sets: tuple[str, ...]
    torch: str = ""


class ManagedEnvironment(PythonEnvironment):
    """One environment of users.

    Parameters
    ----------
    folder
        Its folder, ``<Python tag>-<key of the locks>``.
    requirements
        The folder of the locks.
    """

    def __init__(self, folder: Path, requirements: Path = REQUIREMENTS) -> None:
        super().__init__(folder, MARKER)
        self.requirements = requirements

    @classmethod
    def of(cls, base: BasePython, requirements: Path = REQUIREMENTS) -> ManagedEnvironment:
        """Return the environment of ``base`` for these locks, whether it is there or not."""
        return cls(parent_folder() / f"{base.tag}-{lock_files.key(requirements)}", requirements)

    @property
    def aside(self) -> Path:
        """Where an environment that is there waits while another is built in its place."""
        return self.folder.with_name(f"{self.folder.name}.aside")

    def sets(self) -> tuple[str, ...]:
        """Return the sets it holds according to its marker, none where these locks did not make it."""
        recorded = self.recorded()
        sets, torch = recorded.get("sets"), recorded.get("torch") or {}
        if recorded.get("format") != 1 or not isinstance(sets, list) or not isinstance(torch, dict):
            return ()
        names = [*sets, *([f"torch-{torch.get('build')}"] if "train" in sets else [])]
        try:
            if recorded.get("locks") != lock_files.digests(map(str, names), self.requirements):
                return ()
        except EnvironmentMissing:
            return ()
        return tuple(map(str, sets))

    def torch(self) -> str:
        """Return the build of torch according to the marker, empty where there is none."""
        torch = self.recorded().get("torch")
        return str(torch.get("build", "")) if isinstance(torch, dict) else ""

    def serves(self, needs: str) -> bool:
        """Return whether the marker says that commands of this need can run; nothing is started."""
        return needs in self.sets() and self.python.is_file()

    def problems(self) -> list[str]:
        """Return all that keeps it from being whole, one sentence part each; it is also started."""
        sets = self.sets()
        if not sets:
            made = "its marker says other locks" if self.recorded() else "its set-up was not finished"
            return [made]
        bad = self.damage(self.recorded().get("packages"))
        if not bad:
            failing = failing_import(self.python, [name for one in sets for name in needed_imports(one)])
            bad += [f"its packages do not load: {failing}"] if failing else []
        return bad

    def bring_about(
        self, base: BasePython, wanted: Wanted, source: PackageSource, *, choice: torch_build.TorchChoice,
        automatic: bool = False, held: Sequence[int] = (), progress: Progress = SILENT,
        log: Callable[[str], None] | None = None,
    ) -> None:  # fmt: skip
        """Make the environment hold what is wanted: extend it where it is whole, else build it anew.

        Parameters
        ----------
        base
            The Python to make it from.
        wanted
            The sets.
        source
            Where packages come from.
        choice
            Build of torch and where its CPU wheel comes from.
        automatic
            Whether the CUDA build may be taken where there is no CPU build.
        held
            Descriptors that must stay open as long as pip works.
        progress, log
            For the user; for pip's own lines.

        Raises
        ------
        EnvironmentMissing, OutputError, Cancelled
            It could not be made. What was there before is there still; of the new one nothing is left.
        """
        before = self.sets()
        same_torch = "train" not in before or not wanted.torch or self.torch() == wanted.torch
        extended = bool(before) and same_torch and not self.problems()
        if not extended:
            self._make_room()
        try:
            if not extended:
                progress.info(f"Making the environment {self.folder}")
                self.create(base)
            installer = self.installer(base, source, log=log, held=held)
            torch = self._install(installer, wanted, choice, automatic, before if extended else (), progress)
            self._finish(base, wanted, torch, installer, progress)
        except BaseException:
            if extended:
                self.keep_only(self.recorded().get("packages") or {})
            else:
                self._restore()
            raise
        remove_tree(self.aside)

    def _make_room(self) -> None:
        """Put the present folder aside where it is whole by its marker, remove it where not."""
        if not self.folder.is_symlink() and not self.folder.exists():
            return
        if self.recorded():
            remove_tree(self.aside)
            rename(self.folder, self.aside)
        else:
            remove_tree(self.folder)

    def _restore(self) -> None:
        remove_tree(self.folder)
        if self.aside.is_dir() and not self.folder.exists():
            rename(self.aside, self.folder)

    def _install(
        self, installer: PackageInstaller, wanted: Wanted, choice: torch_build.TorchChoice, automatic: bool,
        there: Sequence[str], progress: Progress,
    ) -> dict[str, Any]:  # fmt: skip
        """Install what is not there yet; return what is recorded of torch."""
        sets = [name for name in wanted.sets if name not in there]
        if "train" not in sets:
            for index, name in enumerate(sets):
                stage = progress.stage(index / len(sets), 0.9)
                self._install_lock(installer, lock_file(name, self.requirements), stage)
            recorded = self.recorded().get("torch")
            return recorded if isinstance(recorded, dict) else {}
        fetched = self.folder / "torch"
        fetched.mkdir(exist_ok=True)
        try:
            wheel = None
            if choice.build == "cpu":
                # The one package that may not be had comes first, before half a gigabyte of others.
                wheel, choice = self._fetch_torch(installer, choice, automatic, fetched, progress.stage(0.0, 0.3))
            for index, name in enumerate(sets):
                start = 0.3 + 0.3 * index / len(sets)
                stage = progress.stage(start, start + 0.3 / len(sets))
                self._install_lock(installer, lock_file(name, self.requirements), stage)
            return self._install_torch(installer, choice, wheel, progress.stage(0.6, 0.9))
        finally:
            remove_tree(fetched)

    def _fetch_torch(
        self, installer: PackageInstaller, choice: torch_build.TorchChoice, automatic: bool, folder: Path,
        progress: Progress,
    ) -> tuple[Path | None, torch_build.TorchChoice]:  # fmt: skip
        version = torch_build.torch_version(self.requirements)
        progress.update(0.0, "looking for the CPU build of torch")
        try:
            return torch_build.fetch_cpu_torch(installer, choice, folder, version=version, progress=progress), choice
        except NoWheel as error:
            # A folder of wheels, a named source or a named build are taken or refused.
            if not automatic or choice.source or installer.source.wheels is not None:
                raise
            progress.warning(
                f"{error.sentence} Taking the CUDA build instead: it also computes on the CPU, but is about 2.9 GB to "
                "fetch and 6 GB on disk."
            )
            return None, torch_build.TorchChoice("cuda")

    def _install_torch(
        self, installer: PackageInstaller, choice: torch_build.TorchChoice, wheel: Path | None, progress: Progress
    ) -> dict[str, Any]:
        lock = lock_file(f"torch-{choice.build}", self.requirements)
        if wheel is None:
            self._install_lock(installer, lock, progress)
            return {"build": choice.build}
        rest = torch_build.lock_without_torch(lock)
        try:
            self._install_lock(installer, rest, progress.stage(0.0, 0.3), name=lock.name)
        finally:
            rest.unlink()
        digests = torch_build.known_digests(self.requirements)
        torch = torch_build.install_cpu_torch(installer, wheel, digests, progress.stage(0.3, 1.0))
        if not torch["listed"]:
            progress.warning(f"{torch['wheel']} has a SHA-256 that is not listed; it was taken as offered.")
        return {**torch, "source": choice.source or installer.source.words}

    def _install_lock(self, installer: PackageInstaller, lock: Path, progress: Progress, *, name: str = "") -> None:
        progress.info(f"Installing {name or lock.name} from {installer.source.words}")
        installer.install_lock(lock, progress, count=len(lock_files.pins(lock.read_text(encoding="utf-8"))))

    def _finish(
        self, base: BasePython, wanted: Wanted, torch: Mapping[str, Any], installer: PackageInstaller,
        progress: Progress,
    ) -> None:  # fmt: skip
        """Try what was installed, then write the marker."""
        progress.update(0.9, "trying the packages")
        bad = self.damage()
        failing = None if bad else failing_import(self.python, needed_imports(wanted.sets[-1]))
        if bad or failing:
            raise EnvironmentMissing(
                f"the packages were installed, but {failing or bad[0]}", where=str(self.folder),
                remedy="name another Python with --python, or report this",
            )  # fmt: skip
        progress.check()
        names = [*wanted.sets, *([f"torch-{torch['build']}"] if "train" in wanted.sets else [])]
        content = {
            "format": 1, "botaclip": botaclip.__version__, "sets": list(wanted.sets),
            "locks": lock_files.digests(names, self.requirements), "torch": dict(torch),
            "python": {"version": ".".join(map(str, base.version)), "tag": base.tag, "base": str(base.executable)},
            "source": installer.source.words, "packages": self.packages(),
        }  # fmt: skip
        self.write_marker(content)


def environments(requirements: Path = REQUIREMENTS) -> list[ManagedEnvironment]:
    """Return all folders of environments that are there, those of these locks first; links are left out."""
    try:
        key = lock_files.key(requirements)
    except EnvironmentMissing:
        key = ""
    found = []
    with contextlib.suppress(OSError):
        for path in parent_folder().iterdir():
            match = _FOLDER.fullmatch(path.name)
            if match and not path.is_symlink() and path.is_dir():
                found.append((match["key"] != key or bool(match["aside"]), path.name, path))
    return [ManagedEnvironment(path, requirements) for _, _, path in sorted(found)]


def is_current(environment: ManagedEnvironment) -> bool:
    """Return whether the folder is one of these locks."""
    try:
        return environment.folder.name.endswith(f"-{lock_files.key(environment.requirements)}")
    except EnvironmentMissing:
        return False


def serving(needs: str) -> ManagedEnvironment | None:
    """Return the environment of these locks that serves a need; the one with more sets where several do."""
    serve = [one for one in environments() if is_current(one) and one.serves(needs)]
    return max(serve, key=lambda one: len(one.sets()), default=None)


def remove_all(progress: Progress = SILENT) -> tuple[list[Path], int]:
    """Remove every environment, whatever locks made it, and what was fetched; return the folders and the bytes freed.

    Only folders named as ours, directly in the parent folder, are touched.

    Raises
    ------
    OutputError
        One is in use; it is still whole.
    """
    fetched = parent_folder() / CACHE
    folders = [one.folder for one in environments()] + ([fetched] if fetched.is_dir() else [])
    freed = 0
    for index, folder in enumerate(folders):
        progress.update(index / len(folders), f"removing {folder.name}")
        freed += remove_environment(folder)
    return folders, freed
