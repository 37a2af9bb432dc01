"""Chooses and installs the build of torch. Standard library only.

On PyPI the Linux wheels of torch are CUDA builds, those for macOS and Windows are CPU builds. So on Linux the CPU
build is asked for by its own version (``2.13.0+cpu``): with the plain version pip would take the CUDA build and its 20
packages. The CPU build lives elsewhere, and its wheel may have been built by whoever offers it; so its SHA-256 is
compared with those in ``requirements/torch-cpu.sha256`` where the file is listed, and said and recorded where not.

In a checkout, ``BOTACLIP_TORCH`` names the build (``cpu``, the default, or ``cuda``); everywhere
``BOTACLIP_TORCH_SOURCE`` names the folder or index with the CPU wheels. Without it pip looks where its own
configuration points.
"""

from __future__ import annotations

import dataclasses
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from botaclip.core.base_python import NO_WINDOW
from botaclip.core.errors import EnvironmentMissing, OptionError
from botaclip.core.lock_files import REQUIREMENTS, TORCH_BUILDS, read_digests
from botaclip.core.package_installer import NoWheel, PackageInstaller
from botaclip.core.progress import SILENT, Progress

SOURCE_VARIABLE = "BOTACLIP_TORCH_SOURCE"
# The locked CUDA build is for CUDA 13, which older drivers do not run.
OLDEST_DRIVER = 580


@dataclasses.dataclass(frozen=True)
class TorchChoice:
    """Which build of torch, and where its wheel comes from (empty: where the other packages come from)."""

    build: str = "cpu"
    source: str = ""

    @classmethod
    def from_environment(cls) -> TorchChoice:
        """Read the two variables.

        Raises
        ------
        OptionError
            There is no such build.
        """
        build = os.environ.get("BOTACLIP_TORCH", "").strip().lower() or "cpu"
        if build not in TORCH_BUILDS:
            raise OptionError(f"BOTACLIP_TORCH is {build!r}; use one of {', '.join(TORCH_BUILDS)}")
        return cls(build, os.environ.get(SOURCE_VARIABLE, "").strip())

    def requirement(self, version: str, platform: str = sys.platform) -> str:
        """Return what to ask pip for."""
        local = "+cpu" if self.build == "cpu" and platform.startswith("linux") else ""
        return f"torch=={version}{local}"

    def source_arguments(self) -> list[str]:
        """Return pip's arguments for the source."""
        if not self.source:
            return []
        if "://" in self.source:
            return ["--index-url", self.source]
        return ["--no-index", "--find-links", str(Path(self.source).expanduser().resolve())]


def torch_version(requirements: Path = REQUIREMENTS) -> str:
    """Return the version that ``torch.in`` pins."""
    match = re.search(r"^torch==(\S+)$", (requirements / "torch.in").read_text(encoding="utf-8"), re.MULTILINE)
    if match is None:
        raise EnvironmentMissing("torch is not pinned", where=str(requirements / "torch.in"))
    return match.group(1)


def known_digests(requirements: Path = REQUIREMENTS) -> dict[str, str]:
    """Return the SHA-256 of the CPU wheels that are known, by file name."""
    return read_digests(requirements / "torch-cpu.sha256")


def without_torch(lock: str) -> str:
    """Return the text of a lock without torch itself; its dependencies stay."""
    return re.sub(r"^torch==[^\n]*\\\n(?:    [^\n]*\n)+", "", lock, flags=re.MULTILINE)


def check_digest(wheel: Path, digests: dict[str, str]) -> dict[str, Any]:
    """Return what is recorded about the wheel: its name, SHA-256, and whether that is a listed one.

    Raises
    ------
    EnvironmentMissing
        A wheel of this name is listed with another digest.
    """
    digest = hashlib.sha256()
    with wheel.open("rb") as file:
        for block in iter(lambda: file.read(2**20), b""):
            digest.update(block)
    sha256, expected = digest.hexdigest(), digests.get(wheel.name)
    if expected is not None and expected != sha256:
        raise EnvironmentMissing(
            f"{wheel.name} has the SHA-256 {sha256}, but requirements/torch-cpu.sha256 lists {expected}: "
            "it is damaged or not what it says; nothing of it was installed"
        )
    return {"wheel": wheel.name, "sha256": sha256, "listed": expected is not None}


def fetch_cpu_torch(
    installer: PackageInstaller, choice: TorchChoice, folder: Path, *, version: str, progress: Progress = SILENT
) -> Path:
    """Fetch the CPU wheel into ``folder`` and return it.

    Raises
    ------
    NoWheel
        There is none for this Python where it was looked for; the sentence says how to name another place.
    EnvironmentMissing, OutputError, Cancelled
        As :meth:`PackageInstaller.install_lock`.
    """
    requirement = choice.requirement(version)
    try:
        return installer.fetch(requirement, folder, choice.source_arguments(), progress)
    except NoWheel:
        raise NoWheel(
            f"no wheel of {requirement} for this Python was found in {choice.source or installer.source.words}",
            remedy=f"put it into the folder of wheels, or set {SOURCE_VARIABLE} to a folder that holds it or to "
            "PyTorch's index of CPU wheels (pytorch.org, Get Started, shows its address), or take the CUDA build",
        ) from None


def install_cpu_torch(
    installer: PackageInstaller, wheel: Path, digests: dict[str, str], progress: Progress = SILENT
) -> dict[str, Any]:
    """Check the wheel's digest, install it without dependencies; return what is recorded of it, and say so.

    Raises
    ------
    EnvironmentMissing
        Its digest is not the listed one; nothing of it was installed.
    """
    record = check_digest(wheel, digests)
    known = "a listed digest" if record["listed"] else "NOT a listed digest; recorded"
    progress.info(f"  {record['wheel']}\n    sha256 {record['sha256']} ({known})")
    installer.install_wheel(wheel, progress)
    return {"build": "cpu", **record}


def lock_without_torch(lock: Path) -> Path:
    """Write the lock without torch into a temporary file and return it.

    A file with hashes is all or nothing to pip, and the CPU wheel may be one whose hash no lock knows.
    """
    descriptor, name = tempfile.mkstemp(prefix="botaclip-", suffix=".lock.txt")
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(without_torch(lock.read_text(encoding="utf-8")))
    return Path(name)


def driver_version() -> int | None:
    """Return the main version of the NVIDIA driver; None where no NVIDIA card answers."""
    program = shutil.which("nvidia-smi")
    if program is None:
        return None
    try:
        answer = subprocess.run(
            [program, "--query-gpu=driver_version", "--format=csv,noheader"], stdin=subprocess.DEVNULL,
            capture_output=True, text=True, timeout=20, check=True, creationflags=NO_WINDOW,
        ).stdout  # fmt: skip
        return int(answer.split(".")[0])
    except (OSError, subprocess.SubprocessError, ValueError):
        return None


def automatic_build(wheels: Path | None, platform: str = sys.platform) -> tuple[str, str]:
    """Return the build of torch that fits this machine, and why.

    CUDA where a driver runs it; with a folder of wheels only where that holds it. The locked CUDA build is for Linux.
    """
    if not platform.startswith("linux"):
        return "cpu", ""
    driver = driver_version()
    if driver is None:
        return "cpu", ""
    if driver < OLDEST_DRIVER:
        return "cpu", f"the NVIDIA driver {driver} is older than {OLDEST_DRIVER}, which the CUDA build needs"
    if wheels is not None and not any(wheels.glob("nvidia_*.whl")):
        return "cpu", "the folder holds no wheels of the CUDA build"
    return "cuda", f"an NVIDIA driver ({driver}) was found"
