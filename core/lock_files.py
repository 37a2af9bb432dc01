"""The lock files in ``requirements/``: exact versions and SHA-256 of every package of the environment.

Standard library only: QGIS, the command line and the scripts of a checkout read them.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from botaclip.core.errors import EnvironmentMissing

REQUIREMENTS = Path(__file__).resolve().parents[1] / "requirements"
# The locks that make up the environments of users; dev.lock.txt is for a checkout.
SETS = ("run", "train")
TORCH_BUILDS = ("cpu", "cuda")
# What the locks were resolved for, see scripts/locks.py.
PYTHON_RANGE = ((3, 10), (3, 14))

_PIN = re.compile(r"^([A-Za-z0-9._-]+)==(\S+)", re.MULTILINE)


def lock_file(name: str, requirements: Path = REQUIREMENTS) -> Path:
    """Return the lock of that name: ``run``, ``train``, ``torch-cpu``..."""
    return requirements / f"{name}.lock.txt"


def digests(names: Iterable[str], requirements: Path = REQUIREMENTS) -> dict[str, str]:
    """Return file name -> SHA-256 of the locks of these names.

    Raises
    ------
    EnvironmentMissing
        This installation came without its locks.
    """
    try:
        return {
            lock.name: hashlib.sha256(lock.read_bytes()).hexdigest()
            for lock in (lock_file(name, requirements) for name in names)
        }
    except OSError as error:
        raise EnvironmentMissing(
            "the lock files, from which an environment is made, did not come with this installation",
            where=str(error.filename or requirements),
            remedy="install the plugin from its ZIP file, or install the packages yourself and name their Python in "
            "the plugin's settings or in the variable BOTACLIP_PYTHON",
        ) from None


def key(requirements: Path = REQUIREMENTS) -> str:
    """Return 12 hexadecimal digits that change with any of the users' locks: they name an environment's folder.

    All sets and both builds of torch count, so that ``train`` extends a ``run`` environment in its own folder.

    Raises
    ------
    EnvironmentMissing
        As :func:`digests`.
    """
    names = [*SETS, *(f"torch-{build}" for build in TORCH_BUILDS)]
    text = "".join(f"{digest}  {name}\n" for name, digest in sorted(digests(names, requirements).items()))
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def pins(lock: str) -> list[tuple[str, str]]:
    """Return (name, version) of every requirement in the text of a lock, whatever machine it is for."""
    return [(normal_name(name), version) for name, version in _PIN.findall(lock)]


def normal_name(name: str) -> str:
    """Return a package's name as indexes write it: lower case, single hyphens."""
    return re.sub(r"[-_.]+", "-", name).lower()


def locked_names(locks: Sequence[Path]) -> set[str]:
    """Return the names of all packages in the locks."""
    return {name for lock in locks for name, _ in pins(lock.read_text(encoding="utf-8"))}


def read_digests(path: Path) -> dict[str, str]:
    """Return wheel name -> SHA-256 from a file in ``sha256sum``'s format."""
    found = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        digest, _, name = line.partition("  ")
        if name:
            found[name.strip()] = digest
    return found
