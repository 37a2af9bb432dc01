"""Follows ``docs/tutorial.md`` literally: ``.venv/bin/python scripts/tutorial.py``. Standard library only.

Every block marked ``bash`` is executed as it stands, one after the other, in an empty folder; ``botaclip`` is the
checkout's, ``qgis_process`` has a throw-away profile in which the plugin is installed. A block marked ``text expected``
behind it is what the page promises of its output: each of its lines must come, in that order. ``…`` in it stands for
anything, and a number is met exactly unless its tolerance stands with it: ``0.31 ± 0.02``. The first difference ends
the run with exit code 1.
"""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import math
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from qgis_system import qgis_environment, qgis_process_path

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "tutorial.md"
SECONDS = 900
# A fence of a code block: its marks, its words, its content.
_BLOCK = re.compile(r"^(?P<fence>```+)(?P<words>[^\n`]*)\n(?P<text>.*?)^(?P=fence)[ \t]*$", re.MULTILINE | re.DOTALL)
_NUMBER = r"[-+−]?\d+(?:\.\d+)?"
_TOLERANCE = re.compile(rf"(?P<number>{_NUMBER}) ?± ?(?P<within>\d+(?:\.\d+)?)")
QGIS = "qgis_process"


class TutorialDiffers(Exception):
    """One sentence on what the page promises and the program does not do."""


@dataclasses.dataclass(frozen=True)
class Step:
    """A block of commands and what the page promises of it."""

    line: int
    commands: str
    expected: str = ""

    @property
    def needs_qgis(self) -> bool:
        """Whether QGIS is called in it."""
        return re.search(rf"^\s*{QGIS}\b", self.commands, re.MULTILINE) is not None


def steps(page: str) -> list[Step]:
    """Return the steps of a page in their order.

    Raises
    ------
    TutorialDiffers
        Something is expected before any command, or twice of one.
    """
    found: list[Step] = []
    for block in _BLOCK.finditer(page):
        words = block["words"].split()
        line = page.count("\n", 0, block.start()) + 1
        if words[:1] == ["bash"]:
            found.append(Step(line, block["text"]))
        elif words == ["text", "expected"]:
            if not found or found[-1].expected:
                raise TutorialDiffers(f"Line {line} expects something, and no command stands before it.")
            found[-1] = dataclasses.replace(found[-1], expected=block["text"])
    return found


def meets(expected: str, said: str) -> bool:
    """Tell whether one line of output is what a line of the page promises; spaces count as one."""
    bounds: list[tuple[float, float]] = []
    pattern = ""
    position = 0
    expected = _squeezed(expected)
    for match in _TOLERANCE.finditer(expected):
        bounds.append((_value(match["number"]), float(match["within"])))
        pattern += _literal(expected[position : match.start()]) + f"({_NUMBER})"
        position = match.end()
    found = re.fullmatch(pattern + _literal(expected[position:]), _squeezed(said))
    if found is None:
        return False
    # What is written as 0.31 ± 0.02 includes 0.33.
    return all(
        math.isclose(_value(text), number, rel_tol=0, abs_tol=within + 1e-9)
        for text, (number, within) in zip(found.groups(), bounds, strict=True)
    )


def difference(expected: str, said: str) -> str | None:
    """Return the first promised line that does not come, in the order of the page; None when all do."""
    lines = iter(said.splitlines())
    for promised in filter(str.strip, expected.splitlines()):
        if not any(meets(promised, line) for line in lines):
            return promised
    return None


def _literal(text: str) -> str:
    return ".*?".join(re.escape(part) for part in text.split("…"))


def _squeezed(text: str) -> str:
    return " ".join(text.split())


def _value(text: str) -> float:
    return float(text.replace("−", "-"))


def variables(folder: Path) -> dict[str, str]:
    """Return the environment of the commands: ``botaclip`` on the path, and a QGIS of their own below ``folder``."""
    programs, plugins = folder / "programs", folder / "plugins"
    programs.mkdir(parents=True)
    plugins.mkdir()
    (plugins / "botaclip").symlink_to(ROOT, target_is_directory=True)
    shim = programs / "botaclip"
    words = [sys.executable, "-I", str(ROOT / "core" / "cli_boot.py")]
    shim.write_text(f'#!/bin/sh\nexec {shlex.join(words)} "$@"\n', encoding="utf-8")
    shim.chmod(0o755)
    found = qgis_environment(folder / "profile")
    return {
        **found,
        "PATH": os.pathsep.join([str(programs), found.get("PATH", "")]),
        "BOTACLIP_PYTHON": os.environ.get("BOTACLIP_PYTHON") or sys.executable,
        "BOTACLIP_CACHE": str(folder / "cache"),
        "QGIS_PLUGINPATH": str(plugins),
        "XDG_RUNTIME_DIR": str(folder),
    }


def execute(step: Step, folder: Path, environment: dict[str, str]) -> str:
    """Run a step's commands in ``folder`` and return all that they said.

    Raises
    ------
    TutorialDiffers
        A command failed, or the block took too long.
    """
    ran = subprocess.Popen(
        ["bash", "-eu", "-c", step.commands], cwd=folder, env=environment, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True,
    )  # fmt: skip
    try:
        said = ran.communicate(timeout=SECONDS)[0].decode(errors="replace")
    except BaseException as error:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(ran.pid, signal.SIGKILL)
        ran.wait()
        if isinstance(error, subprocess.TimeoutExpired):
            raise TutorialDiffers(f"The commands of line {step.line} took more than {SECONDS} s.") from None
        raise
    if ran.returncode != 0:
        raise TutorialDiffers(
            f"The commands of line {step.line} ended with exit code {ran.returncode}:\n{step.commands}{said}"
        )
    return said


def follow(page: str, folder: Path, *, with_qgis: bool = True) -> int:
    """Follow a page in the empty ``folder``; return how many steps were taken.

    Raises
    ------
    TutorialDiffers
        The first difference between the page and what happens.
    """
    taken = 0
    with tempfile.TemporaryDirectory(prefix="botaclip-tutorial-") as scratch:
        environment = variables(Path(scratch))
        for step in steps(page):
            print(f"\n== line {step.line}\n{step.commands.rstrip()}", flush=True)
            if step.needs_qgis and not with_qgis:
                print("   left out: there is no QGIS here, or it was not asked for")
                continue
            began = time.monotonic()
            said = execute(step, folder, environment)
            print("\n".join(f"   | {line}" for line in said.splitlines()))
            missing = difference(step.expected, said)
            if missing is not None:
                raise TutorialDiffers(
                    f"The commands of line {step.line} should have said, in this order:\n{step.expected}"
                    f"What did not come: {missing.strip()}"
                )
            promised = sum(1 for line in step.expected.splitlines() if line.strip())
            print(f"   {time.monotonic() - began:.1f} s; {promised} expected lines met", flush=True)
            taken += 1
    return taken


def main(arguments: Sequence[str] | None = None) -> int:
    """Return 0 when everything came as the page says."""
    parser = argparse.ArgumentParser(description="Follows docs/tutorial.md literally.")
    parser.add_argument("--page", type=Path, default=PAGE)
    parser.add_argument("--folder", type=Path, help="empty folder to work in, kept; default: a temporary one")
    parser.add_argument("--without-qgis", action="store_true", help="leave out the blocks that call qgis_process")
    options = parser.parse_args(arguments)
    with_qgis = not options.without_qgis and qgis_process_path() is not None
    folder = options.folder or Path(tempfile.mkdtemp(prefix="botaclip-tutorial-"))
    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.iterdir()):
        parser.error(f"{folder} is not empty")
    try:
        taken = follow(options.page.read_text(encoding="utf-8"), folder.resolve(), with_qgis=with_qgis)
    except TutorialDiffers as differs:
        print(f"\nThe tutorial and the program differ. {differs}", file=sys.stderr, flush=True)
        return 1
    finally:
        if options.folder is None:
            shutil.rmtree(folder, ignore_errors=True)
    print(f"\nThe tutorial was followed: {taken} blocks of commands, all with the results it states.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
