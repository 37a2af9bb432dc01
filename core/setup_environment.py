"""The job ``setup``: makes, checks or removes the managed environment. Standard library only.

It runs in the process of the face that asks for it (the command line, QGIS), whose own Python is never touched.
"""

from __future__ import annotations

import collections
import os
import re
import shutil
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from botaclip.core import lock_files, torch_build
from botaclip.core.base_python import BasePython, base_python, probe
from botaclip.core.environment_removal import remove_tree, tree_size
from botaclip.core.errors import BotaclipError, Cancelled, EnvironmentMissing, OptionError, OutputError
from botaclip.core.last_error import forget_error
from botaclip.core.managed_environment import (
    CACHE,
    VARIABLE,
    ManagedEnvironment,
    Wanted,
    environments,
    is_current,
    parent_folder,
    remove_all,
)
from botaclip.core.package_installer import PackageSource, without_password
from botaclip.core.progress import Progress
from botaclip.core.set_up_lock import remove_lock, set_up_lock

# (to fetch, on disk) in MB, only to say beforehand what will come: measured on Linux x86-64 with Python 3.11, the CUDA
# build added up from the sizes of its wheels.
SIZES_MB = {"run": (120, 400), "train": (100, 500), "torch-cpu": (210, 855), "torch-cuda": (2900, 6000)}
LINES_SHOWN = 5


def setup(parameters: dict[str, Any], progress: Progress) -> dict[str, Any]:
    """Make the managed environment hold the packages asked for; or check it, or remove it.

    Parameters
    ----------
    parameters
        As the command ``setup`` of the option table.
    progress
        Says every package and can cancel.

    Returns
    -------
    dict
        ``print`` (lines), ``folder``, ``python``, and what was done: ``done`` is ``"made"``, ``"extended"``,
        ``"nothing"``, ``"checked"`` or ``"removed"``.

    Raises
    ------
    EnvironmentMissing
        It cannot be made, or (with ``check``) is not whole.
    OptionError
        Options that contradict each other, or a folder of wheels without wheels.
    OutputError
        The folder is not writable, in use, or the disk is full.
    Cancelled
        The user asked to stop; nothing unfinished is left.
    """
    if parameters.get("check") and parameters.get("remove"):
        raise OptionError("--check and --remove exclude each other")
    if parameters.get("check"):
        return check(progress)
    if parameters.get("remove"):
        return remove(progress)
    return make(parameters, progress)


def make(parameters: dict[str, Any], progress: Progress) -> dict[str, Any]:
    """Make or extend the environment; parameters, outputs and errors as :func:`setup`."""
    began = time.monotonic()
    lock_files.key()  # before any work: are the locks here at all?
    wheels = wheel_folder(parameters.get("wheels"))
    base = base_of(parameters.get("python"), wheels)
    environment = ManagedEnvironment.of(base)
    progress.info(f"Python {'.'.join(map(str, base.version))} of {base.executable}")
    said: collections.deque[str] = collections.deque(maxlen=400)
    with set_up_lock(parent_folder(), progress) as held:
        there = environment.sets()
        sets = tuple(one for one in lock_files.SETS if one in {*there, "run", parameters.get("packages") or "train"})
        named = parameters.get("torch") or "auto"
        choice, why = choose_torch(named, wheels, environment) if "train" in sets else (torch_build.TorchChoice(), "")
        wanted = Wanted(sets, choice.build if "train" in sets else "")
        problems = environment.problems() if there else []
        if there and set(sets) <= set(there) and wanted.torch in ("", environment.torch()) and not problems:
            lines = ["The environment is whole; nothing was done.", *description(environment)]
            return {**outputs(environment), "done": "nothing", "print": lines}
        for problem in problems:
            progress.warning(f"The environment is not whole ({problem}); it is made anew.")
        if why:
            progress.info(f"torch: {choice.build} ({why})")
        extends = bool(there) and not problems and environment.torch() in ("", wanted.torch)
        say_sizes([one for one in sets if one not in there or not extends], choice.build, wheels, progress)
        source = PackageSource(
            wheels, (parameters.get("index_url") or "").strip(), (parameters.get("proxy") or "").strip(),
            parent_folder() / CACHE,
        )  # fmt: skip
        try:
            environment.bring_about(
                base, wanted, source, choice=choice, automatic=named == "auto", held=[held], progress=progress,
                log=said.append,
            )  # fmt: skip
        except Cancelled:
            # Hundreds of megabytes on a slow line: the next set-up goes on with them.
            kept = parent_folder() / CACHE
            progress.info(f"What was fetched stays in {kept} for the next time; --remove takes it away.")
            raise
        except BotaclipError:
            worth = [line for line in said if line.strip() and not re.match(r"Ignoring|WARNING: Retrying", line)]
            for line in worth[-LINES_SHOWN:]:
                progress.info(f"  pip: {line}")
            raise
        remove_tree(parent_folder() / CACHE)
        progress.update(1.0, "done")
        lines = [f"The environment was {'extended' if extends else 'made'} in {time.monotonic() - began:.0f} s."]
        done = "extended" if extends else "made"
        return {**outputs(environment), "done": done, "print": lines + description(environment)}


def check(progress: Progress) -> dict[str, Any]:
    """Say what is there; raise :class:`EnvironmentMissing` where none of these locks is there, or one is not whole."""
    progress.info(f"Environments lie in {parent_folder()}" + (f" ({VARIABLE})" if os.environ.get(VARIABLE) else ""))
    everything = environments()
    current = [one for one in everything if is_current(one)]
    lines: list[str] = []
    broken: list[str] = []
    for index, environment in enumerate(current):
        progress.update(index / len(current), f"checking {environment.folder.name}")
        problems = environment.problems()
        if problems:
            broken.append(f"{environment.folder}: {'; '.join(problems[:LINES_SHOWN])}" + _more(problems))
            lines += [f"Not whole: {environment.folder}", *(f"  {problem}" for problem in problems)]
        else:
            lines += ["Whole:", *description(environment, versions=True)]
    for environment in everything:
        if environment not in current:
            size = f"{tree_size(environment.folder) / 1e6:.0f} MB"
            lines.append(f"Of other versions: {environment.folder} ({size}); botaclip setup --remove removes it.")
    if broken or not current:
        for line in lines:
            progress.info(line)
        if broken:
            raise EnvironmentMissing(
                f"the environment is not whole: {'. '.join(broken)}", remedy="botaclip setup makes it anew"
            )
        raise EnvironmentMissing(
            f"there is no environment for these locks in {parent_folder()}", remedy="botaclip setup makes it"
        )
    return {**outputs(current[0]), "done": "checked", "print": lines}


def remove(progress: Progress) -> dict[str, Any]:
    """Remove all environments and what was fetched for them."""
    parent = parent_folder()
    if not parent.is_dir():
        return {"done": "removed", "print": [f"There is no environment in {parent}; nothing was removed."]}
    with set_up_lock(parent, progress):
        folders, freed = remove_all(progress)
        forget_error()
        if os.name != "nt":
            remove_lock(parent)
    if os.name == "nt":
        remove_lock(parent)
    _remove_empty(parent)
    lines = [f"Removed {folder}" for folder in folders] or [f"There was no environment in {parent}."]
    lines.append(f"{freed / 1e6:.0f} MB were freed.")
    return {"done": "removed", "freed_mb": round(freed / 1e6, 1), "print": lines}


def _remove_empty(parent: Path) -> None:
    for folder in (parent, *([] if os.environ.get(VARIABLE) else [parent.parent])):
        try:
            folder.rmdir()
        except OSError:  # something else lies there
            return


def wheel_folder(named: str | None) -> Path | None:
    """Return the folder of wheels, None where none was named.

    Raises
    ------
    OptionError
        It is no folder, or holds no wheels.
    """
    if not named or not named.strip():
        return None
    folder = Path(os.path.abspath(os.path.expanduser(named.strip())))
    if not folder.is_dir():
        raise OptionError(f"--wheels {folder} is no folder", remedy="name a folder that holds *.whl files")
    if not any(folder.glob("*.whl")):
        raise OptionError(f"--wheels {folder} holds no wheels (*.whl)", remedy="name the folder that holds them itself")
    return folder


def wheel_tags(wheels: Path | None) -> set[str]:
    """Return the Python tags that the folder's wheels of numpy were built for; empty where it has none."""
    if wheels is None:
        return set()
    found = (re.match(r"numpy-[^-]+-(cp\d+t?)-", wheel.name) for wheel in wheels.glob("numpy-*.whl"))
    return {match[1] for match in found if match}


def base_of(named: str | None, wheels: Path | None) -> BasePython:
    """Return the Python to make the environment from: the named one, that of an environment that is there, or a found.

    Raises
    ------
    EnvironmentMissing
        There is none, or the named one cannot be used.
    """
    tags = wheel_tags(wheels)
    if not (named and named.strip()):
        for environment in filter(is_current, environments()):
            recorded = environment.recorded().get("python")
            known = probe(Path(str(recorded.get("base")))) if isinstance(recorded, dict) else None
            fits = known is not None and not known.unfit and environment.folder.name.startswith(f"{known.tag}-")
            if known is not None and fits and (not tags or known.python_tag in tags):
                return known
    return base_python(named, wheel_tags=tags)


def choose_torch(
    named: str, wheels: Path | None, environment: ManagedEnvironment
) -> tuple[torch_build.TorchChoice, str]:
    """Return the build of torch to have and why; auto keeps the one that is there.

    Raises
    ------
    OptionError
        The CUDA build was named where the locks have none.
    """
    source = "" if wheels is not None else os.environ.get(torch_build.SOURCE_VARIABLE, "").strip()
    if named == "cuda" and not sys.platform.startswith("linux"):
        raise OptionError("the locked CUDA build of torch is for Linux", remedy="take --torch cpu or auto")
    if named in lock_files.TORCH_BUILDS:
        return torch_build.TorchChoice(named, source), ""
    there = environment.torch()
    if there in lock_files.TORCH_BUILDS:
        return torch_build.TorchChoice(there, source), ""
    build, why = torch_build.automatic_build(wheels)
    return torch_build.TorchChoice(build, source), why


def say_sizes(sets: Sequence[str], torch: str, wheels: Path | None, progress: Progress) -> None:
    """Say how much will be fetched and how much it takes on disk.

    Raises
    ------
    OutputError
        There is not so much room.
    """
    names = [*sets, *([f"torch-{torch}"] if "train" in sets else [])]
    fetch, disk = (sum(SIZES_MB[name][index] for name in names) for index in (0, 1))
    progress.info(
        f"Installing {', '.join(names)}: about {fetch} MB "
        + (f"from {wheels}" if wheels is not None else "to fetch")
        + f", {disk} MB on disk, into {parent_folder()}"
    )
    # What is fetched lies there beside what is installed until all is done.
    needed = disk + (0 if wheels is not None else fetch)
    free = shutil.disk_usage(parent_folder()).free / 1e6
    if free < needed:
        raise OutputError(
            f"there are {free:.0f} MB free, and {needed} MB are needed", where=str(parent_folder()),
            remedy=f"free disk space, or name a folder on another disk in the variable {VARIABLE}",
        )  # fmt: skip


def description(environment: ManagedEnvironment, *, versions: bool = False) -> list[str]:
    """Return the lines that say what an environment is."""
    recorded = environment.recorded()
    python, torch = recorded.get("python", {}), recorded.get("torch") or {}
    lines = [
        f"  folder: {environment.folder} ({tree_size(environment.folder) / 1e6:.0f} MB)",
        f"  Python: {python.get('version')} at {environment.python}, from {python.get('base')}",
        f"  sets: {', '.join(environment.sets())}"
        + ("" if "train" in environment.sets() else " (no training; botaclip setup adds it)"),
    ]
    if torch:
        listed = "" if "listed" not in torch else f", {'a listed' if torch['listed'] else 'NOT a listed'} digest"
        lines.append(f"  torch: {torch.get('build')}" + (f", {torch['wheel']}{listed}" if "wheel" in torch else ""))
    if versions:
        packages = recorded.get("packages", {})
        lines.append(f"  packages: {', '.join(f'{name} {version}' for name, version in packages.items())}")
    return [without_password(line) for line in lines]


def outputs(environment: ManagedEnvironment) -> dict[str, Any]:
    """Return what every face gets to know of an environment."""
    return {"folder": str(environment.folder), "python": str(environment.python), "sets": list(environment.sets())}


def _more(problems: Sequence[str]) -> str:
    return f"; and {len(problems) - LINES_SHOWN} more" if len(problems) > LINES_SHOWN else ""
