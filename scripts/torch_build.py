"""Chooses and installs the build of torch. Standard library only.

``BOTACLIP_TORCH``: ``cpu`` (default) or ``cuda``. ``BOTACLIP_TORCH_SOURCE``: the folder or index that holds the CPU
wheels; not given, pip looks where its own configuration points. On Linux the CPU build is asked for by its own
version (``2.13.0+cpu``): with the plain version pip would fall back to PyPI's CUDA build and its 20 packages.
"""

from __future__ import annotations

import dataclasses
import hashlib
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from locks import read_digests
from qgis_system import SetupError

BUILDS = ("cpu", "cuda")


@dataclasses.dataclass(frozen=True)
class TorchChoice:
    """Which build of torch, and where its wheel comes from (empty: pip's configuration)."""

    build: str = "cpu"
    source: str = ""

    @classmethod
    def from_environment(cls) -> TorchChoice:
        """Read the two settings."""
        build = os.environ.get("BOTACLIP_TORCH", "").strip().lower() or "cpu"
        if build not in BUILDS:
            raise SetupError(f"BOTACLIP_TORCH is {build!r}; use one of {', '.join(BUILDS)}.")
        return cls(build, os.environ.get("BOTACLIP_TORCH_SOURCE", "").strip())

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


def torch_version(requirements: Path) -> str:
    """Return the version that ``torch.in`` pins."""
    match = re.search(r"^torch==(\S+)$", (requirements / "torch.in").read_text(encoding="utf-8"), re.MULTILINE)
    assert match is not None
    return match.group(1)


def without_torch(lock: str) -> str:
    """Return the text of a lock without torch itself; its dependencies stay."""
    return re.sub(r"^torch==[^\n]*\\\n(?:    [^\n]*\n)+", "", lock, flags=re.MULTILINE)


def check_digest(wheel: Path, digests: dict[str, str]) -> dict[str, Any]:
    """Return what is recorded about the wheel: its name, SHA-256, and whether that is a listed one.

    Raises
    ------
    SetupError
        A wheel of this name is listed with another digest.
    """
    sha256 = hashlib.sha256(wheel.read_bytes()).hexdigest()
    expected = digests.get(wheel.name)
    if expected is not None and expected != sha256:
        raise SetupError(
            f"{wheel.name} has the SHA-256 {sha256}, but requirements/torch-cpu.sha256 lists {expected}: "
            "it is damaged or not what it says; nothing of it was installed."
        )
    return {"wheel": wheel.name, "sha256": sha256, "listed": expected is not None}


def install_cpu_torch(
    python: Path, choice: TorchChoice, *, version: str, digests: dict[str, str], log: Path, index: tuple[str, ...] = ()
) -> dict[str, Any]:
    """Fetch the CPU wheel, check its digest, install it without dependencies; return what is recorded of it.

    ``index`` holds further arguments for pip; tests point it to a loopback index.
    """
    requirement = choice.requirement(version)
    with tempfile.TemporaryDirectory(prefix="botaclip-torch-") as folder, log.open("a", encoding="utf-8") as output:

        def pip(*arguments: str) -> int:
            return subprocess.run(
                [str(python), "-m", "pip", *arguments], stdin=subprocess.DEVNULL, stdout=output,
                stderr=subprocess.STDOUT, check=False,
            ).returncode

        fetch = ["--no-deps", "--only-binary", ":all:", "--dest", folder, *choice.source_arguments(), *index]
        wheels = list(Path(folder).glob("*.whl")) if pip("download", requirement, *fetch) == 0 else []
        if not wheels:
            raise SetupError(
                f"No wheel of {requirement} for this Python was found in "
                f"{choice.source or 'the places of your pip configuration'} (details in {log}). Set "
                "BOTACLIP_TORCH_SOURCE to a folder that holds it or to PyTorch's index of CPU wheels (pytorch.org, Get "
                "Started, shows its address), or BOTACLIP_TORCH=cuda for the CUDA build."
            )
        record = check_digest(wheels[0], digests)
        if pip("install", "--no-deps", "--no-index", str(wheels[0])) != 0:
            raise SetupError(f"{wheels[0].name} could not be installed; see {log}.")
    return {"build": "cpu", **record}


def known_digests(requirements: Path) -> dict[str, str]:
    """Return the digests of the CPU wheels that are known."""
    return read_digests(requirements / "torch-cpu.sha256")
