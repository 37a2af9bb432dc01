"""Regenerates the hash-pinned locks in ``requirements/`` with uv: ``make locks``. Standard library only.

One resolution serves Linux, macOS and Windows and Python 3.10 to 3.14: where versions differ, the lock holds several
lines with markers. Each set is resolved with the sets before it as constraints, so all of them fit into one
environment. No lock names an index: where packages come from is the reader's own pip configuration.

The CPU build of torch is a case of its own. On PyPI the Linux wheels are CUDA builds, those for macOS and Windows are
CPU builds; the CPU build for Linux (``+cpu``) lives elsewhere. ``torch-cpu.sha256`` lists the digests that are known,
in ``sha256sum``'s format; the wheels for macOS and Windows are taken from the resolution, those for Linux are kept
from the list and added from the folder ``BOTACLIP_TORCH_SOURCE``. ``torch-cpu.lock.txt`` is made from it.

``--keep`` leaves every version that is locked as it is, and adds only what the ``.in`` files newly name.
"""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import unquote

import checkout  # noqa: F401 - the package is importable from here on
from botaclip.core.lock_files import read_digests

ROOT = Path(__file__).resolve().parents[1]
REQUIREMENTS = ROOT / "requirements"
# In the order of resolution: each set is constrained by those before it.
SETS = ("run", "train", "dev", "torch-cuda")
OLDEST_PYTHON = "3.10"

HEADER = "# Made by `make locks` from requirements/{source}; do not edit.\n"
_TORCH_WHEEL = re.compile(r'/(?P<file>torch-[^/"]+\.whl)".*sha256 = "(?P<sha256>[0-9a-f]{64})"')
_TORCH_REQUIREMENT = re.compile(r"^torch==[^\n]*\\\n(?:    [^\n]*\n)+", re.MULTILINE)


def uv_compile(source: Path, output: Path, *, constraints: list[Path], options: tuple[str, ...] = ()) -> None:
    """Resolve ``source`` for all platforms into ``output``; versions that stand there already are kept if they fit."""
    command = ["uv", "pip", "compile", "--quiet", "--universal", "--python-version", OLDEST_PYTHON]
    # Wheels only: nobody's machine has to compile anything, and no package runs code while it is installed.
    command += ["--only-binary", ":all:", "--no-emit-index-url", "--no-emit-find-links", "--no-header"]
    for constraint in constraints:
        command += ["--constraints", str(constraint)]
    path = os.pathsep.join([str(Path(sys.prefix) / "bin"), str(ROOT / ".venv" / "bin"), os.environ.get("PATH", "")])
    subprocess.run([*command, *options, str(source), "-o", str(output)], check=True, env={**os.environ, "PATH": path})


def torch_requirement(version: str, digests: dict[str, str]) -> str:
    """Return torch's lines of the CPU lock: the ``+cpu`` build on Linux, PyPI's own build elsewhere."""
    linux = sorted(digest for name, digest in digests.items() if "+cpu" in name)
    other = sorted(digest for name, digest in digests.items() if "+cpu" not in name)

    def entry(requirement: str, hashes: list[str]) -> str:
        return " \\\n    ".join([requirement, *(f"--hash=sha256:{digest}" for digest in hashes)]) + "\n"

    return entry(f"torch=={version}+cpu ; sys_platform == 'linux'", linux) + entry(
        f"torch=={version} ; sys_platform != 'linux'", other
    )


def compile_torch_cpu(constraints: list[Path]) -> None:
    """Write ``torch-cpu.lock.txt`` and bring ``torch-cpu.sha256`` up to date."""
    source, list_file, lock = (REQUIREMENTS / name for name in ("torch.in", "torch-cpu.sha256", "torch-cpu.lock.txt"))
    match = re.search(r"^torch==(\S+)$", source.read_text(encoding="utf-8"), re.MULTILINE)
    assert match is not None, f"{source} must pin torch"
    version = match.group(1)
    without_cuda = ("--excludes", str(REQUIREMENTS / "torch-cuda-only.in"))
    with tempfile.TemporaryDirectory() as folder:
        # Only this format says which file a hash belongs to, and so which wheels are for Linux.
        wheels = Path(folder) / "pylock.toml"
        uv_compile(source, wheels, constraints=constraints, options=(*without_cuda, "--format", "pylock.toml"))
        text = wheels.read_text(encoding="utf-8")
        found = {unquote(match["file"]): match["sha256"] for match in _TORCH_WHEEL.finditer(text)}
    digests = {name: digest for name, digest in found.items() if "linux" not in name}
    digests |= {name: d for name, d in read_digests(list_file).items() if f"-{version}+cpu-" in name}
    folder_of_wheels = os.environ.get("BOTACLIP_TORCH_SOURCE", "")
    if folder_of_wheels and "://" not in folder_of_wheels:
        for wheel in Path(folder_of_wheels).glob(f"torch-{version}+cpu-*.whl"):
            digests[wheel.name] = hashlib.sha256(wheel.read_bytes()).hexdigest()
    list_file.write_text("".join(f"{digests[name]}  {name}\n" for name in sorted(digests)), encoding="utf-8")
    # All its versions come from the CUDA lock; its own line of torch is no version that the index has.
    uv_compile(source, lock, constraints=constraints, options=(*without_cuda, "--generate-hashes", "--upgrade"))
    text, count = _TORCH_REQUIREMENT.subn(torch_requirement(version, digests), lock.read_text(encoding="utf-8"))
    assert count == 1, f"torch stands {count} times in {lock}"
    lock.write_text(HEADER.format(source="torch.in and torch-cpu.sha256") + text, encoding="utf-8")


def main(arguments: Sequence[str]) -> int:
    """Write all locks."""
    keep = "--keep" in arguments
    done: list[Path] = []
    for name in SETS:
        source = REQUIREMENTS / ("torch.in" if name == "torch-cuda" else f"{name}.in")
        lock = REQUIREMENTS / f"{name}.lock.txt"
        options = ("--generate-hashes", *([] if keep else ["--upgrade"]))
        uv_compile(source, lock, constraints=done, options=options)
        lock.write_text(HEADER.format(source=source.name) + lock.read_text(encoding="utf-8"), encoding="utf-8")
        print(f"{lock.relative_to(ROOT)}: {len(re.findall('^[a-z].*==', lock.read_text(encoding='utf-8'), re.M))} pins")
        done.append(lock)
    # The shared dependencies of both builds get the same versions.
    compile_torch_cpu(done)
    print("requirements/torch-cpu.lock.txt and requirements/torch-cpu.sha256")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
